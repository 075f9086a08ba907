/* SPDX-License-Identifier: Apache-2.0 */
/* On this program itself, and on broken copies of it. */
#include "kern/elf.h"

#include "base/test-scratch.h"
/* keep order: cmocka needs what is above */
#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/vec.h"

#define SELF "/proc/self/exe"

__attribute__((noinline, used)) static int testing_function(int x)
{
	return x * 3 + 1;
}

__attribute__((used)) static int testing_object = 5;

static struct rs_elf *open_self(void)
{
	struct rs_error err = RS_ERROR_INIT;
	struct rs_elf *elf = NULL;

	assert_int_equal(rs_elf_open(SELF, "", &elf, &err), 0);
	return elf;
}

static void test_find(void **state)
{
	struct rs_elf *elf = open_self();
	struct rs_elf_symbol symbol, again;

	(void)state;
	assert_true(rs_elf_find(elf, "testing_function", true, &symbol));
	assert_string_equal(symbol.name, "testing_function");
	assert_true(symbol.function);
	assert_true(symbol.size > 0);
	assert_true(rs_elf_function_at(elf, symbol.address + symbol.size - 1, &again));
	assert_string_equal(again.name, "testing_function");

	assert_false(rs_elf_find(elf, "testing_object", true, &symbol));
	assert_true(rs_elf_find(elf, "testing_object", false, &symbol));
	assert_false(symbol.function);
	assert_false(rs_elf_find(elf, "testing_functio", true, &symbol));
	assert_false(rs_elf_find(elf, "", true, &symbol));
	rs_elf_close(&elf);
}

/* Where the file says the code is, it is. */
static void test_offset(void **state)
{
	struct rs_elf *elf = open_self();
	struct rs_elf_symbol symbol;
	uint64_t offset, address;
	uint8_t bytes[8];
	FILE *file = fopen(SELF, "re");

	(void)state;
	assert_true(rs_elf_find(elf, "testing_function", true, &symbol));
	assert_true(rs_elf_offset(elf, symbol.address, &offset));
	assert_true(rs_elf_offset_is_code(elf, offset));
	assert_true(rs_elf_address(elf, offset, &address));
	assert_true(address == symbol.address);
	assert_non_null(file);
	assert_int_equal(fseek(file, (long)offset, SEEK_SET), 0);
	assert_int_equal(fread(bytes, 1, sizeof(bytes), file), sizeof(bytes));
	assert_memory_equal(bytes, (const void *)(uintptr_t)testing_function, sizeof(bytes));
	fclose(file);

	assert_true(rs_elf_find(elf, "testing_object", false, &symbol));
	assert_true(rs_elf_offset(elf, symbol.address, &offset));
	assert_false(rs_elf_offset_is_code(elf, offset));
	assert_false(rs_elf_offset(elf, UINT64_MAX, &offset));
	assert_false(rs_elf_address(elf, UINT64_MAX, &address));
	rs_elf_close(&elf);
}

struct list {
	uint64_t last;
	size_t n;
	bool found;
};

static int check_order(const struct rs_elf_symbol *symbol, void *data)
{
	struct list *list = data;

	assert_true(symbol->address >= list->last);
	list->last = symbol->address;
	list->n++;
	list->found |= !strcmp(symbol->name, "testing_function");
	return 0;
}

static void test_list(void **state)
{
	struct rs_elf *elf = open_self();
	struct list list = { 0 };

	(void)state;
	assert_int_equal(rs_elf_functions(elf, check_order, &list), 0);
	assert_true(list.found);
	assert_true(list.n > 10);
	rs_elf_close(&elf);
}

/* The C library has versions: of some functions several. */
static void test_versions(void **state)
{
	struct rs_elf_symbol plain, versioned;
	struct rs_elf *elf = NULL;

	(void)state;
	if (rs_elf_open("/lib/x86_64-linux-gnu/libc.so.6", "", &elf, NULL) < 0)
		skip();
	assert_true(rs_elf_find(elf, "malloc", true, &plain));
	assert_true(rs_elf_find(elf, "malloc@GLIBC_2.2.5", true, &versioned));
	assert_true(plain.address == versioned.address);
	assert_true(rs_elf_find(elf, "malloc@@GLIBC_2.2.5", true, &versioned));
	assert_false(rs_elf_find(elf, "malloc@GLIBC_9.9", true, &versioned));
	/* the default one is the newer one */
	assert_true(rs_elf_find(elf, "memcpy", true, &plain));
	assert_true(rs_elf_find(elf, "memcpy@GLIBC_2.14", true, &versioned));
	assert_true(plain.address == versioned.address);
	assert_true(rs_elf_find(elf, "memcpy@GLIBC_2.2.5", true, &versioned));
	assert_true(plain.address != versioned.address);
	rs_elf_close(&elf);
}

static void test_not_elf(void **state)
{
	struct rs_error err = RS_ERROR_INIT;
	struct rs_elf *elf = NULL;

	(void)state;
	assert_int_equal(rs_elf_open("/etc/passwd", "", &elf, &err), -ENOEXEC);
	assert_int_equal(rs_elf_open("/", "", &elf, &err), -ENOEXEC);
	assert_int_equal(rs_elf_open("/dev/null", "", &elf, &err), -ENOEXEC);
	assert_int_equal(rs_elf_open("nothing", "", &elf, &err), -ENOENT);
	assert_null(elf);
	assert_false(rs_elf_is("/etc/passwd"));
	assert_false(rs_elf_is("/dev/zero"));
	assert_true(rs_elf_is(SELF));
}

/* ---- what is broken ---- */

static int ignore(const struct rs_elf_symbol *symbol, void *data)
{
	*(size_t *)data += strlen(symbol->name);
	return 0;
}

/* Whatever comes out: nothing outside of the file is touched. */
static void use(const char *path)
{
	uint8_t id[RS_ELF_BUILD_ID_MAX];
	struct rs_elf_symbol symbol;
	struct rs_elf *elf = NULL;
	size_t total = 0, size;
	uint64_t number;

	if (rs_elf_open(path, "", &elf, NULL) < 0)
		return;
	rs_elf_find(elf, "testing_function@X", true, &symbol);
	rs_elf_functions(elf, ignore, &total);
	rs_elf_function_at(elf, 0x2000, &symbol);
	rs_elf_offset(elf, 0x2000, &number);
	rs_elf_address(elf, 0x2000, &number);
	rs_elf_build_id(elf, id);
	rs_elf_section(elf, ".gnu_debuglink", &size, NULL);
	rs_elf_close(&elf);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* A small library is enough: its header, tables and names are hit often. */
static void read_victim(struct rs_str *text)
{
	static const char *const paths[] = { "/lib/x86_64-linux-gnu/libdl.so.2",
					     "/lib/x86_64-linux-gnu/libutil.so.1",
					     "/lib/x86_64-linux-gnu/libanl.so.1" };

	for (unsigned i = 0; i < ARRAY_SIZE(paths); i++) {
		rs_str_reset(text);
		if (rs_fd_read_file(paths[i], 1 << 20, text, NULL) == 0)
			return;
	}
	skip();
}

static void test_cut(void **state)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(1 << 21);

	(void)state;
	read_victim(&text);
	for (size_t n = 0; n < text.len; n += 1 + text.len / 97) {
		assert_int_equal(rs_fd_replace_file("cut", text.data, n, 0600, NULL), 0);
		use("cut");
	}
}

/* Many names at once are found as each alone is. */
static void find_as_alone(struct rs_elf *elf, bool functions)
{
	static const char *const names[] = {
		"malloc",
		"testing_object",
		"testing_functio",
		"",
		"memcpy@GLIBC_2.2.5",
		"memcpy",
		"testing_function",
		"free",
		"malloc",
		"memcpy@GLIBC_2",
		"malloc@GLIBC_2.2.5",
		"@",
		"posix_memalign",
	};
	struct rs_elf_symbol found[ARRAY_SIZE(names)], alone;

	assert_int_equal(rs_elf_find_all(elf, names, ARRAY_SIZE(names), functions, found), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		bool is = rs_elf_find(elf, names[i], functions, &alone);

		assert_int_equal(found[i].name != NULL, is);
		if (!is)
			continue;
		assert_string_equal(found[i].name, alone.name);
		assert_true(found[i].address == alone.address);
		assert_int_equal(found[i].function, alone.function);
	}
	assert_int_equal(rs_elf_find_all(elf, NULL, 0, functions, NULL), 0);
}

static void test_find_all(void **state)
{
	static const char *const names[] = { "testing_function" };
	struct rs_elf *elf = open_self();
	struct rs_elf_symbol found;

	(void)state;
	assert_int_equal(rs_elf_find_all(elf, names, 1, true, &found), 0);
	assert_string_equal(found.name, "testing_function");
	find_as_alone(elf, true);
	find_as_alone(elf, false);
	rs_elf_close(&elf);
	if (rs_elf_open("/lib/x86_64-linux-gnu/libc.so.6", "", &elf, NULL) < 0)
		skip();
	find_as_alone(elf, true);
	find_as_alone(elf, false);
	rs_elf_close(&elf);
}

static void test_damaged(void **state)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(1 << 21);
	uint32_t seed = 1;

	(void)state;
	read_victim(&text);
	for (unsigned round = 0; round < 300; round++) {
		_cleanup_(rs_str_done) struct rs_str copy = RS_STR_INIT(1 << 21);

		rs_str_append(&copy, text.data, text.len);
		for (unsigned i = 0; i < 64; i++) {
			/* half of them in the header and the section headers, which decide most */
			size_t at = next_random(&seed) % text.len;

			if (i % 4 == 0)
				at = 24 + next_random(&seed) % 512;
			else if (i % 2)
				at = text.len - 1 - next_random(&seed) % MIN(text.len - 1, 2048);
			copy.data[at] = (char)next_random(&seed);
		}
		assert_int_equal(rs_fd_replace_file("damaged", copy.data, copy.len, 0600, NULL), 0);
		use("damaged");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),     cmocka_unit_test(test_offset),
		cmocka_unit_test(test_list),     cmocka_unit_test(test_versions),
		cmocka_unit_test(test_find_all), scratch_test(test_not_elf),
		scratch_test(test_cut),          scratch_test(test_damaged),
	};

	testing_function(testing_object);
	return cmocka_run_group_tests_name("elf", tests, NULL, NULL);
}
