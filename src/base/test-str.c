/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/str.h"

static void test_append(void **state)
{
	_cleanup_(rs_str_done) struct rs_str s = RS_STR_INIT(0);

	(void)state;
	assert_string_equal(rs_str_cstr(&s), "");
	assert_true(rs_str_equal(&s, ""));
	assert_int_equal(rs_str_append_cstr(&s, "ab"), 0);
	assert_int_equal(rs_str_append_char(&s, 'c'), 0);
	assert_int_equal(rs_str_append(&s, NULL, 0), 0);
	assert_int_equal(rs_str_appendf(&s, "-%d-%s", 7, "x"), 0);
	assert_int_equal(rs_str_append_fill(&s, '.', 3), 0);
	assert_int_equal(rs_str_append_fill(&s, '.', 0), 0);
	assert_true(rs_str_equal(&s, "abc-7-x..."));
	assert_false(rs_str_equal(&s, "abc-7-x.."));
	rs_str_truncate(&s, 3);
	rs_str_truncate(&s, 100);
	assert_string_equal(rs_str_cstr(&s), "abc");
}

static void test_long_format(void **state)
{
	_cleanup_(rs_str_done) struct rs_str s = { 0 };

	(void)state;
	for (int i = 1; i < 600; i += 7) {
		rs_str_reset(&s);
		assert_int_equal(rs_str_appendf(&s, "%*d", i, 5), 0);
		assert_int_equal(s.len, i);
		assert_int_equal(s.data[i - 1], '5');
	}
}

static void test_cap(void **state)
{
	_cleanup_(rs_str_done) struct rs_str s = RS_STR_INIT(10);

	(void)state;
	assert_int_equal(rs_str_append_cstr(&s, "12345"), 0);
	assert_int_equal(rs_str_append_cstr(&s, "123456"), -ENOBUFS);
	assert_int_equal(s.len, 5);
	/* Sticky: what would fit is refused too. */
	assert_int_equal(rs_str_append_char(&s, 'x'), -ENOBUFS);
	assert_int_equal(rs_str_append_u64(&s, 1), -ENOBUFS);
	assert_int_equal(rs_str_appendf(&s, "%d", 1), -ENOBUFS);
	assert_null(rs_str_take(&s));
	rs_str_reset(&s);
	assert_int_equal(rs_str_append_cstr(&s, "1234567890"), 0);
	assert_string_equal(rs_str_cstr(&s), "1234567890");
	assert_int_equal(rs_str_append_char(&s, 'x'), -ENOBUFS);
	rs_str_reset(&s);
	assert_int_equal(rs_str_appendf(&s, "%d", 1234567890), 0);
	rs_str_reset(&s);
	assert_int_equal(rs_str_append_fill(&s, 'x', SIZE_MAX), -ENOBUFS);
	rs_str_reset(&s);
	assert_int_equal(rs_str_append_u64(&s, 1234567890), 0);
}

static void test_numbers(void **state)
{
	_cleanup_(rs_str_done) struct rs_str s = { 0 };
	static const struct {
		uint64_t v;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ 9, "9" },
		{ 10, "10" },
		{ 99, "99" },
		{ 100, "100" },
		{ 12345, "12345" },
		{ UINT64_MAX, "18446744073709551615" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		rs_str_reset(&s);
		rs_str_append_u64(&s, cases[i].v);
		assert_string_equal(rs_str_cstr(&s), cases[i].text);
	}
	for (uint64_t v = 1, next; v; v = next) {
		for (int d = -1; d <= 1; d++) {
			char want[24], got[20];
			int n = snprintf(want, sizeof(want), "%llu",
					 (unsigned long long)(v + (uint64_t)(int64_t)d));

			assert_int_equal(rs_str_format_u64(got, v + (uint64_t)(int64_t)d), n);
			assert_memory_equal(got, want, (size_t)n);
		}
		if (__builtin_mul_overflow(v, 10, &next))
			next = 0;
	}
	rs_str_reset(&s);
	rs_str_append_i64(&s, INT64_MIN);
	rs_str_append_i64(&s, -1);
	rs_str_append_i64(&s, 5);
	assert_string_equal(rs_str_cstr(&s), "-9223372036854775808-15");
	rs_str_reset(&s);
	rs_str_append_hex(&s, 0);
	rs_str_append_hex(&s, UINT64_MAX);
	rs_str_append_hex(&s, 0x1f);
	assert_string_equal(rs_str_cstr(&s), "0ffffffffffffffff1f");
}

static void check_escape(const char *in, size_t n, const char *want)
{
	_cleanup_(rs_str_done) struct rs_str s = { 0 };
	char buf[128];

	assert_int_equal(rs_str_append_escaped(&s, in, n), 0);
	assert_string_equal(rs_str_cstr(&s), want);
	assert_int_equal(rs_str_escape(buf, sizeof(buf), in, n), strlen(want));
	assert_string_equal(buf, want);
	/* Every smaller buffer holds a start of the same text, never half an escape. */
	for (size_t size = 1; size < strlen(want) + 1; size++) {
		size_t len = rs_str_escape(buf, size, in, n);

		assert_true(len < size);
		assert_memory_equal(buf, want, len);
		assert_int_equal(buf[len], 0);
		assert_true(len == 0 || buf[len - 1] != '\\' || strchr(in, '\\'));
	}
}

static void test_escape(void **state)
{
	(void)state;
	check_escape(NULL, 0, "");
	check_escape("plain /path", 11, "plain /path");
	check_escape("a\nb\0\x7f", 5, "a\\x0ab\\x00\\x7f");
	check_escape("\033[31m", 5, "\\x1b[31m");
	check_escape("gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f");
	check_escape("\xc3", 1, "\\xc3");
	check_escape("\xff\xc3\xbcx\xe2\x82", 6, "\\xff\xc3\xbcx\\xe2\\x82");
	/* C1 control and bidirectional override, encoded properly */
	check_escape("\xc2\x9b", 2, "\\xc2\\x9b");
	check_escape("\xe2\x80\xae", 3, "\\xe2\\x80\\xae");
	check_escape("back\\slash", 10, "back\\slash");
}

static void test_take(void **state)
{
	struct rs_str s = { 0 };
	_cleanup_(rs_cleanup_free) char *a = rs_str_take(&s), *b = NULL;

	(void)state;
	assert_string_equal(a, "");
	rs_str_append_cstr(&s, "hello");
	b = rs_str_take(&s);
	assert_string_equal(b, "hello");
	assert_null(s.data);
	assert_int_equal(s.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append), cmocka_unit_test(test_long_format),
		cmocka_unit_test(test_cap),    cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_escape), cmocka_unit_test(test_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
