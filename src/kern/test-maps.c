/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/maps.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* keep order: cmocka needs those above */
#include <cmocka.h>

static void lines(void **state)
{
	static const struct {
		const char *line;
		struct rs_mapping map;
	} rows[] = {
		{ "55d0c5a00000-55d0c5a22000 r-xp 00002000 08:01 1311     /usr/bin/cat",
		  { 0x55d0c5a00000, 0x55d0c5a22000, 0x2000, 8ull << 32 | 1, 1311, true, false,
		    "/usr/bin/cat" } },
		{ "7f00-8f00 rw-s 00000000 00:05 77                       /memfd:x (deleted)",
		  { 0x7f00, 0x8f00, 0, 5, 77, false, true, "/memfd:x" } },
		{ "1000-2000 r-xp 00000000 103:0a 18446744073709551 /a  b (deleted) (deleted)",
		  { 0x1000, 0x2000, 0, 0x103ull << 32 | 10, 18446744073709551, true, true,
		    "/a  b (deleted)" } },
		{ "7ffd000-7ffe000 r-xp 00000000 00:00 0                  [vdso]",
		  { 0x7ffd000, 0x7ffe000, 0, 0, 0, true, false, "[vdso]" } },
		{ "7f0000-7f1000 ---p 00000000 00:00 0 ",
		  { 0x7f0000, 0x7f1000, 0, 0, 0, false, false, "" } },
		{ "7f0000-7f1000 rwxp 00000000 00:00 0",
		  { 0x7f0000, 0x7f1000, 0, 0, 0, true, false, "" } },
		{ "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]",
		  { 0xffffffffff600000, 0xffffffffff601000, 0, 0, 0, true, false, "[vsyscall]" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct rs_mapping *want = &rows[i].map;
		char line[256];
		struct rs_mapping map;

		snprintf(line, sizeof(line), "%s", rows[i].line);
		assert_true(rs_maps_parse(line, &map));
		assert_int_equal(map.start, want->start);
		assert_int_equal(map.end, want->end);
		assert_int_equal(map.offset, want->offset);
		assert_int_equal(map.dev, want->dev);
		assert_int_equal(map.inode, want->inode);
		assert_int_equal(map.executable, want->executable);
		assert_int_equal(map.deleted, want->deleted);
		assert_string_equal(map.path, want->path);
	}
}

static void no_lines(void **state)
{
	static const char *const rows[] = {
		"",
		"x",
		"1000",
		"1000-2000",
		"1000-2000 r-xp 00000000 08:01",
		"2000-1000 r-xp 00000000 08:01 1 /a",
		"1000-1000 r-xp 00000000 08:01 1 /a",
		"1000-2000 r-x 00000000 08:01 1 /a",
		"1000-2000 r-xpq 00000000 08:01 1 /a",
		"1000-2000 r-xp 00000000 0801 1 /a",
		"11111111111111111-2000 r-xp 00000000 08:01 1 /a",
		"1000-2000 r-xp 00000000 08:01 x /a",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char line[256];
		struct rs_mapping map;

		snprintf(line, sizeof(line), "%s", rows[i]);
		assert_false(rs_maps_parse(line, &map));
	}
}

struct looking {
	uint64_t address;
	bool found;
	size_t n, stop;
};

static int look(void *data, const struct rs_mapping *map)
{
	struct looking *l = data;

	if (map->start <= l->address && l->address < map->end)
		l->found = map->executable && *map->path == '/' && map->inode;
	return ++l->n == l->stop ? 5 : 0;
}

static void ours(void **state)
{
	struct looking l = { .address = (uint64_t)(uintptr_t)ours };
	size_t all;

	(void)state;
	assert_int_equal(rs_maps_walk("/proc/self/maps", RS_MAPS_BYTES, look, &l), 0);
	assert_true(l.found);
	assert_true(l.n > 3);
	all = l.n;
	l = (struct looking){ .stop = 2 };
	assert_int_equal(rs_maps_walk("/proc/self/maps", RS_MAPS_BYTES, look, &l), 5);
	assert_int_equal(l.n, 2);
	l = (struct looking){ 0 };
	assert_int_equal(rs_maps_walk("/proc/self/maps", 200, look, &l), -EFBIG);
	assert_true(l.n > 0 && l.n < all);
	assert_int_equal(rs_maps_walk("/proc/self/there-is-none", RS_MAPS_BYTES, look, &l),
			 -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(no_lines),
		cmocka_unit_test(ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
