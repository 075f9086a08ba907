/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/ksyms.h"

#include "base/test-scratch.h"
/* keep order: cmocka needs what is above */
#include <errno.h>
#include <string.h>

#include "base/fd.h"

static const char plain[] = "ffffffff81000000 T _text\n"
			    "ffffffff81000000 T startup\n"
			    "ffffffff81000100 t __pfx_helper\n"
			    "ffffffff81000110 t helper\n"
			    "ffffffff81000200 D counter\n"
			    "ffffffffc0000010 t init\t[second]\n"
			    "ffffffffc0000000 t init\t[first]\n";

static struct rs_ksyms *load(const char *text, size_t n)
{
	struct rs_ksyms *ksyms = NULL;

	assert_int_equal(rs_fd_replace_file("kallsyms", text, n, 0600, NULL), 0);
	assert_int_equal(rs_ksyms_read("kallsyms", &ksyms, NULL), 0);
	return ksyms;
}

static void test_find(void **state)
{
	struct rs_ksyms *ksyms = load(plain, strlen(plain));
	struct rs_ksym ksym;
	uint64_t address;

	(void)state;
	assert_true(rs_ksyms_have_addresses(ksyms));
	assert_int_equal(rs_ksyms_len(ksyms), 6);
	assert_false(rs_ksyms_find(ksyms, 0x1000, &ksym));
	assert_true(rs_ksyms_find(ksyms, 0xffffffff81000150, &ksym));
	assert_string_equal(ksym.name, "helper");
	assert_string_equal(ksym.module, "");
	assert_true(rs_ksym_is_text(&ksym));
	/* modules come in any order */
	assert_true(rs_ksyms_find(ksyms, 0xffffffffc000000f, &ksym));
	assert_string_equal(ksym.module, "first");
	assert_true(rs_ksyms_find(ksyms, UINT64_MAX, &ksym));
	assert_string_equal(ksym.module, "second");

	assert_true(rs_ksyms_address(ksyms, "counter", &address));
	assert_true(address == 0xffffffff81000200);
	assert_false(rs_ksyms_address(ksyms, "counte", &address));
	assert_true(rs_ksyms_get(ksyms, "second", "init", &ksym));
	assert_true(ksym.address == 0xffffffffc0000010);
	assert_false(rs_ksyms_get(ksyms, "", "init", &ksym));
	rs_ksyms_free(&ksyms);
}

/* kernel.kptr_restrict */
static void test_hidden(void **state)
{
	static const char text[] = "0000000000000000 T one\n0000000000000000 t two\t[module]\n";
	struct rs_ksyms *ksyms = load(text, strlen(text));
	struct rs_ksym ksym;
	uint64_t address;

	(void)state;
	assert_false(rs_ksyms_have_addresses(ksyms));
	assert_false(rs_ksyms_find(ksyms, 0, &ksym));
	assert_false(rs_ksyms_find(ksyms, UINT64_MAX, &ksym));
	assert_false(rs_ksyms_address(ksyms, "one", &address));
	assert_true(rs_ksyms_get(ksyms, NULL, "two", &ksym));
	assert_string_equal(ksym.module, "module");
	rs_ksyms_free(&ksyms);
}

/* Lines that are none are left out, and cost nothing else. */
static void test_odd(void **state)
{
	static const char text[] = "\n"
				   "ffffffff81000000\n"
				   "ffffffff81000000 T\n"
				   "ffffffff81000000 T \n"
				   "xyz T name\n"
				   "fffffffffffffffff T too_long\n"
				   "ffffffff81000000 T good\n"
				   "ffffffff81000001 T bad\0name\n"
				   "ffffffff81000002 T open\t[\n"
				   "ffffffff81000003 T no_end";
	struct rs_ksyms *ksyms = load(text, sizeof(text) - 1);
	struct rs_ksym ksym;

	(void)state;
	assert_int_equal(rs_ksyms_len(ksyms), 2);
	assert_true(rs_ksyms_get(ksyms, NULL, "good", &ksym));
	assert_true(rs_ksyms_get(ksyms, "", "open", &ksym));
	rs_ksyms_free(&ksyms);
}

/* A line longer than what is read at once. */
static void test_long(void **state)
{
	struct rs_str text = RS_STR_INIT(1 << 20);
	struct rs_ksyms *ksyms;

	(void)state;
	rs_str_append_cstr(&text, "ffffffff81000000 T ");
	rs_str_append_fill(&text, 'x', 200000);
	rs_str_append_cstr(&text, "\nffffffff81000001 T last\n");
	ksyms = load(text.data, text.len);
	assert_true(rs_ksyms_len(ksyms) <= 2);
	rs_ksyms_free(&ksyms);
	rs_str_done(&text);
}

static void test_missing(void **state)
{
	struct rs_error err = RS_ERROR_INIT;
	struct rs_ksyms *ksyms = NULL;

	(void)state;
	assert_int_equal(rs_ksyms_read("nothing", &ksyms, &err), -ENOENT);
	assert_null(ksyms);
	assert_non_null(strstr(err.msg, "nothing"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_find), scratch_test(test_hidden),  scratch_test(test_odd),
		scratch_test(test_long), scratch_test(test_missing),
	};

	return cmocka_run_group_tests_name("ksyms", tests, NULL, NULL);
}
