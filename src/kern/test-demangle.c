/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kern/demangle.h"

static void becomes(const char *mangled, const char *want)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);

	assert_int_equal(rs_demangle(mangled, &out), 1);
	assert_string_equal(rs_str_cstr(&out), want);
}

static void stays(const char *mangled)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);

	assert_int_equal(rs_demangle(mangled, &out), 0);
	assert_int_equal(out.len, 0);
}

static void test_cplusplus(void **state)
{
	(void)state;
	becomes("_ZN3foo3barEi", "foo::bar(int)");
	becomes("_Z3addIiET_S0_S0_", "int add<int>(int, int)");
}

static void test_rust(void **state)
{
	(void)state;
	becomes("_RNvC6_123foo3bar", "123foo::bar");
	becomes("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE", "core::fmt::Write::write_fmt");
}

static void test_plain(void **state)
{
	(void)state;
	stays("");
	stays("main");
	stays("_Zwhat");
	stays("_start");
}

static void test_hostile(void **state)
{
	char name[8192];

	(void)state;
	memset(name, 'P', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	memcpy(name, "_Z1f", 4);
	stays(name);
	name[3000] = '\0';
	stays(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cplusplus),
		cmocka_unit_test(test_rust),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
