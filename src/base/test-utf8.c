/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/utf8.h"

static void test_decode(void **state)
{
	static const struct {
		const char *bytes;
		unsigned len;
		uint32_t cp;
	} cases[] = {
		{ "a", 1, 'a' },
		{ "\xc2\x80", 2, 0x80 },
		{ "\xdf\xbf", 2, 0x7ff },
		{ "\xe0\xa0\x80", 3, 0x800 },
		{ "\xef\xbf\xbf", 3, 0xffff },
		{ "\xf0\x90\x80\x80", 4, 0x10000 },
		{ "\xf4\x8f\xbf\xbf", 4, 0x10ffff },
		/* invalid: lone continuation, overlong, surrogate, too large, cut */
		{ "\x80", 0, 0 },
		{ "\xc0\xaf", 0, 0 },
		{ "\xc1\xbf", 0, 0 },
		{ "\xe0\x9f\xbf", 0, 0 },
		{ "\xf0\x8f\xbf\xbf", 0, 0 },
		{ "\xed\xa0\x80", 0, 0 },
		{ "\xf4\x90\x80\x80", 0, 0 },
		{ "\xf8\x88\x80\x80\x80", 0, 0 },
		{ "\xff", 0, 0 },
		{ "\xe2\x82", 0, 0 },
		{ "\xe2\x28\xa1", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t cp = 0;
		char back[4];

		assert_int_equal(rs_utf8_decode(cases[i].bytes, strlen(cases[i].bytes), &cp),
				 cases[i].len);
		assert_int_equal(cp, cases[i].cp);
		if (!cases[i].len)
			continue;
		assert_int_equal(rs_utf8_encode(cp, back), cases[i].len);
		assert_memory_equal(back, cases[i].bytes, cases[i].len);
		assert_int_equal(rs_utf8_decode(cases[i].bytes, cases[i].len - 1, &cp), 0);
	}
}

static void test_round_trip(void **state)
{
	(void)state;
	for (uint32_t cp = 0; cp < 0x110400; cp += cp < 0x3000 ? 1 : 61) {
		char buf[4];
		uint32_t back;
		unsigned len = rs_utf8_encode(cp, buf);

		if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff)) {
			assert_int_equal(len, 0);
			continue;
		}
		assert_int_equal(rs_utf8_decode(buf, len, &back), len);
		assert_int_equal(back, cp);
	}
}

static void test_classes(void **state)
{
	(void)state;
	assert_true(rs_utf8_is_valid("", 0));
	assert_true(rs_utf8_is_valid("\xc3\xbc\0x", 4));
	assert_false(rs_utf8_is_valid("a\xc3", 2));
	assert_true(rs_utf8_is_unsafe(0));
	assert_true(rs_utf8_is_unsafe(0x1b));
	assert_true(rs_utf8_is_unsafe(0x7f));
	assert_true(rs_utf8_is_unsafe(0x9b));
	assert_true(rs_utf8_is_unsafe(0x202e));
	assert_true(rs_utf8_is_unsafe(0x2066));
	assert_false(rs_utf8_is_unsafe(' '));
	assert_false(rs_utf8_is_unsafe(0xa0));
	assert_false(rs_utf8_is_unsafe(0x2026));
	assert_int_equal(rs_utf8_columns('a'), 1);
	assert_int_equal(rs_utf8_columns(0xfc), 1);
	assert_int_equal(rs_utf8_columns(0x301), 0);
	assert_int_equal(rs_utf8_columns(0x200d), 0);
	assert_int_equal(rs_utf8_columns(0x4e2d), 2);
	assert_int_equal(rs_utf8_columns(0x1f600), 2);
	assert_int_equal(rs_utf8_columns(0x0a), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
