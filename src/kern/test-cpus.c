/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kern/cpus.h"

static void lists(void **state)
{
	int cpus[8] = { 0 };

	(void)state;
	assert_int_equal(rs_cpus_parse("0\n", cpus, 8), 1);
	assert_int_equal(rs_cpus_parse("0-3,8\n", cpus, 8), 5);
	assert_int_equal(cpus[3], 3);
	assert_int_equal(cpus[4], 8);
	assert_int_equal(rs_cpus_parse("2,5-6", cpus, 2), 3);
	assert_int_equal(cpus[1], 5);
	assert_int_equal(rs_cpus_parse("", cpus, 8), 0);
	assert_int_equal(rs_cpus_parse("x", cpus, 8), 0);
	assert_int_equal(rs_cpus_parse("0-", cpus, 8), 0);
	assert_int_equal(rs_cpus_parse("1;2", cpus, 8), 0);
	assert_int_equal(rs_cpus_parse("0-99999999999", cpus, 8), 0);
}

static void here(void **state)
{
	int cpus[RS_CPUS_MAX];
	unsigned n = rs_cpus_online(cpus, RS_CPUS_MAX);

	(void)state;
	assert_true(n >= 1);
	assert_true((unsigned)cpus[n - 1] < rs_cpus_possible());
	assert_int_equal(rs_cpus_online(cpus, 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists),
		cmocka_unit_test(here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
