/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "profile/unwind-runs.h"

static uint32_t take(struct rs_unwind_runs *runs, uint32_t n)
{
	uint32_t first = 0;

	assert_int_equal(rs_unwind_runs_take(runs, n, &first), 0);
	return first;
}

static void test_holes(void **state)
{
	struct rs_unwind_runs runs = { .size = 100 };
	uint32_t first;

	(void)state;
	assert_int_equal(take(&runs, 10), 0);
	assert_int_equal(take(&runs, 20), 10);
	assert_int_equal(take(&runs, 30), 30);
	rs_unwind_runs_give(&runs, 10);
	assert_int_equal(take(&runs, 21), 60); /* the hole is too small */
	assert_int_equal(take(&runs, 5), 10);
	assert_int_equal(take(&runs, 15), 15);
	assert_int_equal(take(&runs, 19), 81);
	assert_int_equal(rs_unwind_runs_take(&runs, 1, &first), -ENOSPC);
	rs_unwind_runs_give(&runs, 11); /* nothing begins there */
	assert_int_equal(rs_unwind_runs_take(&runs, 1, &first), -ENOSPC);
	rs_unwind_runs_give(&runs, 81);
	assert_int_equal(rs_unwind_runs_take(&runs, 20, &first), -ENOSPC);
	assert_int_equal(take(&runs, 19), 81);
	rs_unwind_runs_done(&runs);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_holes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
