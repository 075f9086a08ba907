/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/json.h"

static int parse(struct rs_arena *arena, const char *text, struct rs_json_value **ret_root,
		 struct rs_error *err)
{
	/* A copy on the heap without the NUL, so that reading past the end is caught. */
	_cleanup_(rs_cleanup_free) char *copy = NULL;
	size_t n = strlen(text);

	copy = malloc(n ? n : 1);
	memcpy(copy, text, n);
	return rs_json_parse(arena, copy, n, ret_root, err);
}

static void test_tree(void **state)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = { 0 };
	struct rs_json_value *v = NULL;

	(void)state;
	assert_int_equal(parse(&arena,
			       " {\"process\": {\"pid\": 12, \"args\": [\"a\", \"b\\u0000c\"]},"
			       "\t\"event.kind\": {\"x.y\": true},\r\n\"n\": null, \"neg\": -5,"
			       "\"f\": 1.5e1, \"big\": 18446744073709551616, \"off\": false} ",
			       &v, NULL),
			 0);
	assert_int_equal(v->len, 6 + 1);
	assert_int_equal(rs_json_get_u64(v, "process.pid", 0), 12);
	assert_int_equal(rs_json_get_i64(v, "process.pid", 0), 12);
	assert_string_equal(rs_json_get_str(v, "process.args.0", ""), "a");
	assert_int_equal(rs_json_get(v, "process.args.1")->len, 3);
	assert_memory_equal(rs_json_get(v, "process.args.1")->str, "b\0c", 4);
	assert_null(rs_json_get(v, "process.args.2"));
	assert_null(rs_json_get(v, "process.args.x"));
	assert_null(rs_json_get(v, "process.args."));
	assert_null(rs_json_get(v, "process.args.99999999999999999999"));
	assert_null(rs_json_get(v, "process.pid.x"));
	assert_null(rs_json_get(v, "process.none"));
	assert_true(rs_json_get_bool(v, "event.kind.x.y", false));
	assert_true(rs_json_get(v, "") == v);
	assert_null(rs_json_get(NULL, "a"));
	assert_null(rs_json_member(NULL, "a"));
	assert_int_equal(rs_json_member(v, "n")->type, RS_JSON_NULL);
	assert_int_equal(rs_json_get_i64(v, "neg", 0), -5);
	assert_int_equal(rs_json_get_u64(v, "neg", 7), 7);
	assert_true(rs_json_get_double(v, "f", 0) == 15.0);
	assert_int_equal(rs_json_get_u64(v, "f", 7), 7);
	assert_int_equal(rs_json_get_u64(v, "big", 7), 7);
	assert_true(rs_json_get_double(v, "big", 0) == 18446744073709551616.0);
	assert_true(rs_json_get_bool(v, "neg", true));
	assert_string_equal(rs_json_get_str(v, "neg", "fb"), "fb");
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		enum rs_json_number kind;
	} cases[] = {
		{ "0", RS_JSON_U64 },
		{ "-0", RS_JSON_U64 },
		{ "18446744073709551615", RS_JSON_U64 },
		{ "18446744073709551616", RS_JSON_DOUBLE },
		{ "-9223372036854775808", RS_JSON_I64 },
		{ "-9223372036854775809", RS_JSON_DOUBLE },
		{ "1.0", RS_JSON_DOUBLE },
		{ "1E+2", RS_JSON_DOUBLE },
		{ "1e-400", RS_JSON_DOUBLE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(rs_arena_done) struct rs_arena arena = { 0 };
		struct rs_json_value *v = NULL;

		assert_int_equal(parse(&arena, cases[i].text, &v, NULL), 0);
		assert_int_equal(v->type, RS_JSON_NUMBER);
		assert_int_equal(v->number, cases[i].kind);
	}
}

static void test_strings(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "\"\"", "" },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
		{ "\"\\u00fc\\u20AC\"", "\xc3\xbc\xe2\x82\xac" },
		{ "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80" },
		{ "\"\xc3\xbc\x7f\"", "\xc3\xbc\x7f" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(rs_arena_done) struct rs_arena arena = { 0 };
		struct rs_json_value *v = NULL;

		assert_int_equal(parse(&arena, cases[i].text, &v, NULL), 0);
		assert_string_equal(v->str, cases[i].want);
		assert_int_equal(v->len, strlen(cases[i].want));
	}
}

static void test_refused(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"{",
		"}",
		"[",
		"[1",
		"[1,",
		"[1,]",
		"[,1]",
		"[1 2]",
		"{\"a\"}",
		"{\"a\":}",
		"{a:1}",
		"{\"a\":1,}",
		"{,}",
		"nul",
		"nulll",
		"True",
		"01",
		"-",
		"+1",
		"1.",
		".5",
		"1e",
		"1e+",
		"0x1",
		"1 1",
		"NaN",
		"\"",
		"\"a",
		"\"\\\"",
		"\"\\",
		"\"\\x\"",
		"\"\\u12",
		"\"\\u12g4\"",
		"\"\n\"",
		"\"\x80\"",
		"\"\xc3",
		"\"\\ud800\"",
		"\"\\udc00\"",
		"\"\\ud800\\u0041\"",
		"\"\\ud800x",
		"1e999",
		"{\"a\":1,\"a\":2}",
		"{\"a\\u0000\":1}",
		"[1]x",
		("\xef\xbb\xbf"
		 "1"),
		"//c\n1",
		"'a'",
		"{\"a\" 1}",
		"{\"a\":1 \"b\":2}",
		"]",
		"tru",
		"f",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_(rs_arena_done) struct rs_arena arena = { 0 };
		struct rs_json_value *v = NULL;
		struct rs_error err = RS_ERROR_INIT;

		if (parse(&arena, texts[i], &v, &err) != -EINVAL)
			fail_msg("accepted: %s", texts[i]);
		assert_null(v);
		assert_true(err.msg[0]);
	}
}

static void test_message(void **state)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = { 0 };
	struct rs_json_value *v = NULL;
	struct rs_error err = RS_ERROR_INIT;

	(void)state;
	assert_int_equal(parse(&arena, "{\n  \"a\": 1,\n  b\n}", &v, &err), -EINVAL);
	assert_string_equal(err.msg, "line 3, column 3: a name in quotes was expected");
}

static void test_limits(void **state)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = { 0 };
	_cleanup_(rs_arena_done) struct rs_arena small = RS_ARENA_INIT(1000);
	_cleanup_(rs_str_done) struct rs_str s = { 0 };
	struct rs_json_value *v = NULL;

	(void)state;
	for (int depth = RS_JSON_DEPTH_MAX; depth <= RS_JSON_DEPTH_MAX + 1; depth++) {
		rs_str_reset(&s);
		rs_str_append_fill(&s, '[', (size_t)depth);
		rs_str_append_fill(&s, ']', (size_t)depth);
		assert_int_equal(rs_json_parse(&arena, s.data, s.len, &v, NULL),
				 depth > RS_JSON_DEPTH_MAX ? -E2BIG : 0);
	}
	rs_str_reset(&s);
	rs_str_append_fill(&s, '[', 100000);
	assert_int_equal(rs_json_parse(&arena, s.data, s.len, &v, NULL), -E2BIG);
	assert_int_equal(rs_json_parse(&arena, "1", RS_JSON_SIZE_MAX + 1, &v, NULL), -E2BIG);
	assert_int_equal(parse(&small, "[1,2,3,4,5,6,7,8,9,10,11,12,13]", &v, NULL), -ENOMEM);
	/* Many names, all different, then one twice. */
	rs_str_reset(&s);
	rs_str_append_char(&s, '{');
	for (int i = 0; i < 5000; i++)
		rs_str_appendf(&s, "\"k%d\":%d,", i, i);
	rs_str_append_cstr(&s, "\"last\":0}");
	assert_int_equal(rs_json_parse(&arena, s.data, s.len, &v, NULL), 0);
	assert_int_equal(rs_json_get_u64(v, "k4999", 0), 4999);
	rs_str_truncate(&s, s.len - 8);
	rs_str_append_cstr(&s, "k17\":0}");
	assert_int_equal(rs_json_parse(&arena, s.data, s.len, &v, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),    cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_strings), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_message), cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
