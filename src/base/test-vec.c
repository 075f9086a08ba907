/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/vec.h"

static void test_vec(void **state)
{
	RS_VEC(int) v = { 0 };
	int sum = 0;

	(void)state;
	assert_null(rs_vec_last(&v));
	for (int i = 0; i < 100; i++)
		assert_int_equal(rs_vec_push(&v, i), 0);
	assert_int_equal(*rs_vec_last(&v), 99);
	assert_int_equal(rs_vec_pop(&v), 99);
	rs_vec_remove(&v, 0);
	rs_vec_remove(&v, v.len - 1);
	assert_int_equal(v.len, 97);
	assert_int_equal(v.items[0], 1);
	rs_vec_foreach(&v, it) sum += *it;
	assert_int_equal(sum, 97 * 98 / 2);
	rs_vec_reset(&v);
	assert_int_equal(v.len, 0);
	assert_null(rs_vec_grow(v.items, &v.cap, SIZE_MAX / 2, sizeof(int)));
	rs_vec_done(&v);
	rs_vec_foreach(&v, it) fail();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
