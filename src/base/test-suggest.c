/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <string.h>

#include "base/suggest.h"

static void test_distance(void **state)
{
	char long_word[80];

	(void)state;
	assert_int_equal(rs_suggest_distance("", ""), 0);
	assert_int_equal(rs_suggest_distance("", "abc"), 3);
	assert_int_equal(rs_suggest_distance("abc", ""), 3);
	assert_int_equal(rs_suggest_distance("kitten", "sitting"), 3);
	assert_int_equal(rs_suggest_distance("comand", "command"), 1);
	assert_int_equal(rs_suggest_distance("commadn", "command"), 1);
	assert_int_equal(rs_suggest_distance("ca", "abc"), 3);
	assert_int_equal(rs_suggest_distance("PID", "pid"), 0);
	memset(long_word, 'a', sizeof(long_word) - 1);
	long_word[sizeof(long_word) - 1] = '\0';
	assert_int_equal(rs_suggest_distance(long_word, "a"), UINT_MAX);
	long_word[64] = '\0';
	assert_int_equal(rs_suggest_distance(long_word, "a"), 63);
}

static void test_nearest(void **state)
{
	static const char *const names[] = { "command", "comm", "duration", "pid", "uid", "o" };

	(void)state;
	assert_string_equal(rs_suggest_nearest("comand", names, ARRAY_SIZE(names)), "command");
	assert_string_equal(rs_suggest_nearest("dur", names, ARRAY_SIZE(names)), "duration");
	assert_string_equal(rs_suggest_nearest("pdi", names, ARRAY_SIZE(names)), "pid");
	assert_null(rs_suggest_nearest("xyzzy", names, ARRAY_SIZE(names)));
	assert_null(rs_suggest_nearest("x", names, ARRAY_SIZE(names)));
	assert_null(rs_suggest_nearest("", names, ARRAY_SIZE(names)));
	assert_null(rs_suggest_nearest("comm", names, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
