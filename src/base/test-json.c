/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>

#include "base/json.h"

static void test_structure(void **state)
{
	_cleanup_(rs_str_done) struct rs_str s = { 0 };
	struct rs_json w;

	(void)state;
	rs_json_init(&w, &s);
	rs_json_begin_object(&w);
	rs_json_key_lit(&w, "a");
	rs_json_u64(&w, UINT64_MAX);
	rs_json_key(&w, "b\"", 2);
	rs_json_begin_array(&w);
	rs_json_i64(&w, INT64_MIN);
	rs_json_i64(&w, 0);
	rs_json_begin_object(&w);
	rs_json_end_object(&w);
	rs_json_begin_array(&w);
	rs_json_end_array(&w);
	rs_json_bool(&w, true);
	rs_json_bool(&w, false);
	rs_json_null(&w);
	rs_json_end_array(&w);
	rs_json_key_lit(&w, "c");
	rs_json_begin_object(&w);
	rs_json_key_lit(&w, "d");
	rs_json_cstr(&w, NULL);
	rs_json_key_lit(&w, "e");
	rs_json_cstr(&w, "x");
	rs_json_end_object(&w);
	rs_json_key_lit(&w, "f");
	rs_json_hex(&w, 0x1f);
	rs_json_key_lit(&w, "g");
	rs_json_hex_bytes(&w, "\x00\xff\x10", 3);
	rs_json_key_lit(&w, "h");
	rs_json_raw(&w, "[1]", 3);
	rs_json_key_lit(&w, "t");
	rs_json_time(&w, 1767225599000005000ull);
	rs_json_end_object(&w);
	rs_json_restart(&w);
	rs_str_append_char(&s, '\n');
	rs_json_begin_array(&w);
	rs_json_end_array(&w);
	assert_int_equal(s.error, 0);
	assert_string_equal(rs_str_cstr(&s),
			    "{\"a\":18446744073709551615,\"b\\\"\":[-9223372036854775808,0,{},"
			    "[],true,false,null],\"c\":{\"d\":null,\"e\":\"x\"},\"f\":\"0x1f\","
			    "\"g\":\"00ff10\",\"h\":[1],\"t\":\"2025-12-31T23:59:59.000005000Z\"}"
			    "\n[]");
}

static void check_string(const char *in, size_t n, const char *want, bool replaced)
{
	_cleanup_(rs_str_done) struct rs_str s = { 0 };
	struct rs_json w;

	rs_json_init(&w, &s);
	assert_int_equal(rs_json_string(&w, in, n), replaced);
	assert_string_equal(rs_str_cstr(&s), want);
}

static void test_strings(void **state)
{
	(void)state;
	check_string(NULL, 0, "\"\"", false);
	check_string("/usr/bin/true", 13, "\"/usr/bin/true\"", false);
	check_string("a\"b\\c", 5, "\"a\\\"b\\\\c\"", false);
	check_string("\b\f\n\r\t\0\x1f\x7f", 8, "\"\\b\\f\\n\\r\\t\\u0000\\u001f\\u007f\"", false);
	check_string("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80", 11,
		     "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80\"", false);
	check_string("\xff", 1, "\"\xef\xbf\xbd\"", true);
	check_string("a\xe2\x82z", 4, "\"a\xef\xbf\xbd\xef\xbf\xbdz\"", true);
	check_string("\xc0\xaf", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"", true);
	/* legal, but not to be shown: kept, as escapes */
	check_string("\xc2\x9b\xe2\x80\xae", 5, "\"\\u009b\\u202e\"", false);
}

/* Every byte at every place of a word: what is special is found, and only that. */
static void test_word_at_a_time(void **state)
{
	char text[24];

	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		for (size_t at = 0; at < sizeof(text); at++) {
			_cleanup_(rs_str_done) struct rs_str s = { 0 };
			_cleanup_(rs_arena_done) struct rs_arena arena = { 0 };
			struct rs_json_value *v = NULL;
			struct rs_json w;

			memset(text, 'x', sizeof(text));
			text[at] = (char)c;
			rs_json_init(&w, &s);
			assert_int_equal(rs_json_string(&w, text, sizeof(text)), c >= 0x80);
			assert_int_equal(rs_json_parse(&arena, s.data, s.len, &v, NULL), 0);
			if (c < 0x80)
				assert_memory_equal(v->str, text, sizeof(text));
			assert_int_equal(v->len, sizeof(text) + (c < 0x80 ? 0 : 2));
		}
	}
}

static void test_doubles(void **state)
{
	static const double values[] = { 0,     -0.0,   1,    0.1,     1.0 / 3,
					 1e300, 5e-324, 1e21, -2.5e-7, 123456789012345678.0 };
	_cleanup_(rs_str_done) struct rs_str s = { 0 };
	struct rs_json w;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		_cleanup_(rs_arena_done) struct rs_arena arena = { 0 };
		struct rs_json_value *v = NULL;

		rs_str_reset(&s);
		rs_json_init(&w, &s);
		rs_json_double(&w, values[i]);
		assert_int_equal(rs_json_parse(&arena, s.data, s.len, &v, NULL), 0);
		assert_memory_equal(&v->real, &values[i], sizeof(double));
	}
	rs_str_reset(&s);
	rs_json_init(&w, &s);
	rs_json_begin_array(&w);
	rs_json_double(&w, INFINITY);
	rs_json_double(&w, NAN);
	rs_json_double(&w, 0.1);
	rs_json_end_array(&w);
	assert_string_equal(rs_str_cstr(&s), "[null,null,0.1]");
}

/* With any cap the writer stays within it, and says when it did not fit. */
static void test_cap(void **state)
{
	(void)state;
	for (size_t max = 1; max < 80; max++) {
		_cleanup_(rs_str_done) struct rs_str s = RS_STR_INIT(max);
		struct rs_json w;

		rs_json_init(&w, &s);
		rs_json_begin_object(&w);
		rs_json_key_lit(&w, "key");
		rs_json_string(&w, "va\nlue\xff", 7);
		rs_json_key(&w, "other", 5);
		rs_json_u64(&w, 17);
		rs_json_key_lit(&w, "time");
		rs_json_time(&w, 0);
		rs_json_end_object(&w);
		assert_true(s.len <= max);
		if (max < 66)
			assert_int_equal(s.error, -ENOBUFS);
		else if (max > 70)
			assert_int_equal(s.error, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_structure),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_word_at_a_time),
		cmocka_unit_test(test_doubles),
		cmocka_unit_test(test_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
