/* SPDX-License-Identifier: Apache-2.0 */
#include "store/slices.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"

#define SECOND 1000000000ull
#define START  (1782907200ull * SECOND)

static char dir[64], path[96];

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/rs-slices-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/profiles.db", dir);
	return 0;
}

static int tear_down(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char name[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		unlink(name);
	}
	return rmdir(dir);
}

struct seen {
	char text[512];
};

static int on_slice(void *data, uint64_t time, uint64_t duration, const void *bytes, size_t n)
{
	struct seen *seen = data;

	(void)duration;
	snprintf(seen->text + strlen(seen->text), sizeof(seen->text) - strlen(seen->text),
		 "%llu:%.*s ", (unsigned long long)((time - START) / SECOND), (int)n,
		 (const char *)bytes);
	return 0;
}

static void expect(uint64_t since, uint64_t until, const char *text)
{
	struct rs_slices *slices = NULL;
	struct seen seen = { "" };

	assert_int_equal(rs_slices_open(path, &slices, NULL), 0);
	assert_int_equal(rs_slices_read(slices, since, until, on_slice, &seen, NULL), 0);
	assert_string_equal(seen.text, text);
	rs_slices_close(&slices);
}

static void add(struct rs_slices *slices, unsigned at, const char *text)
{
	assert_int_equal(
		rs_slices_add(slices, START + at * SECOND, 10 * SECOND, text, strlen(text), NULL),
		0);
}

static void test_by_time(void **state)
{
	struct rs_slices *slices = NULL;
	struct stat st;

	(void)state;
	assert_int_equal(rs_slices_open(path, &slices, NULL), -ENOENT);
	assert_int_equal(rs_slices_create(path, 0, 0, &slices, NULL), 0);
	add(slices, 0, "a");
	add(slices, 10, "b");
	add(slices, 20, "c");
	expect(0, UINT64_MAX, "0:a 10:b 20:c ");
	expect(START + 5 * SECOND, START + 10 * SECOND, "0:a ");
	expect(START + 10 * SECOND, START + 11 * SECOND, "10:b ");
	expect(START + 30 * SECOND, UINT64_MAX, "");
	rs_slices_close(&slices);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(rs_slices_create(path, 0, 0, &slices, NULL), 0);
	add(slices, 30, "d");
	expect(START + 20 * SECOND, UINT64_MAX, "20:c 30:d ");
	rs_slices_close(&slices);
}

static void test_dropped(void **state)
{
	struct rs_slices *slices = NULL;
	struct rs_error err = RS_ERROR_INIT;

	(void)state;
	assert_int_equal(rs_slices_create(path, 25 * SECOND, 8, &slices, NULL), 0);
	add(slices, 0, "aa");
	add(slices, 10, "bb");
	add(slices, 40, "cccc"); /* these two ended more than 25 s before its end */
	expect(0, UINT64_MAX, "40:cccc ");
	add(slices, 50, "dd");
	add(slices, 51, "eee"); /* 9 bytes: the oldest goes */
	expect(0, UINT64_MAX, "50:dd 51:eee ");
	assert_int_equal(rs_slices_add(slices, START, 1, "123456789", 9, &err), -E2BIG);
	rs_slices_close(&slices);
	assert_int_equal(rs_slices_create(path, 1000 * SECOND, 8, &slices, NULL), 0);
	add(slices, 60, "ffff"); /* what was there before counts */
	expect(0, UINT64_MAX, "51:eee 60:ffff ");
	rs_slices_close(&slices);
}

static void test_hostile(void **state)
{
	static const char junk[8192] = "SQLite format 3\0junk";
	struct rs_slices *slices = NULL;
	struct rs_error err = RS_ERROR_INIT;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	assert_int_equal(write(fd, junk, sizeof(junk)), sizeof(junk));
	close(fd);
	assert_int_equal(rs_slices_open(path, &slices, &err), -EBADMSG);
	assert_int_equal(rs_slices_create(path, 0, 0, &slices, &err), -EBADMSG);
	assert_null(slices);
	assert_non_null(strstr(err.msg, path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_by_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_dropped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hostile, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
