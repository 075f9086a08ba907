/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/arena.h"

static void test_arena(void **state)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(1 << 20);
	char *big;

	(void)state;
	for (size_t i = 0; i < 2000; i++) {
		unsigned char *p = rs_arena_alloc(&arena, i % 97);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t j = 0; j < i % 97; j++)
			assert_int_equal(p[j], 0);
		memset(p, 0xff, i % 97);
	}
	big = rs_arena_alloc(&arena, 100000);
	assert_non_null(big);
	memset(big, 1, 100000);
	assert_string_equal(rs_arena_strdup(&arena, "abc"), "abc");
	assert_string_equal(rs_arena_strndup(&arena, "abcdef", 2), "ab");
	assert_string_equal(rs_arena_strndup(&arena, NULL, 0), "");
	assert_string_equal(rs_arena_printf(&arena, "%d-%s", 5, "x"), "5-x");
	assert_null(rs_arena_alloc(&arena, 1 << 20));
	assert_null(rs_arena_alloc(&arena, SIZE_MAX));
	assert_null(rs_arena_alloc_array(&arena, SIZE_MAX / 2, 3));
	rs_arena_done(&arena);
	assert_int_equal(arena.used, 0);
	assert_non_null(rs_arena_new(&arena, struct rs_arena));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
