/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "kube/split.h"

static int on_piece(void *data, const char *key, const char *json, size_t n, struct rs_error *err)
{
	struct rs_str *out = data;

	(void)err;
	rs_str_appendf(out, "%s=", key);
	rs_str_append(out, json, n);
	return rs_str_append_char(out, ';');
}

/* Feeds the text step bytes at a time; the pieces go to out. */
static int split_by(enum rs_split_mode mode, const char *text, size_t step, struct rs_str *out)
{
	struct rs_error err = RS_ERROR_INIT;
	struct rs_split split;
	size_t n = strlen(text);
	int r = 0;

	rs_split_init(&split, mode, 64, on_piece, out);
	for (size_t at = 0; at < n && !r; at += step)
		r = rs_split_feed(&split, text + at, MIN(step, n - at), &err);
	if (!r)
		r = rs_split_end(&split, &err);
	rs_split_done(&split);
	if (r < 0)
		assert_true(err.code == r && err.msg[0]);
	return r;
}

static void expect(enum rs_split_mode mode, const char *text, const char *pieces)
{
	for (size_t step = 1; step <= strlen(text); step++) {
		_cleanup_(rs_str_done) struct rs_str out = { 0 };

		assert_int_equal(split_by(mode, text, step, &out), 0);
		assert_string_equal(rs_str_cstr(&out), pieces);
	}
}

static void refuse(enum rs_split_mode mode, const char *text, int code)
{
	for (size_t step = 1; step <= strlen(text) + 1; step++) {
		_cleanup_(rs_str_done) struct rs_str out = { 0 };

		assert_int_equal(split_by(mode, text, step, &out), code);
	}
}

static void test_list(void **state)
{
	(void)state;
	expect(RS_SPLIT_LIST, "{\"items\":[]}", "");
	expect(RS_SPLIT_LIST, " { \"items\" : [ ] , \"a\" : 1 } \n", "a=1;");
	expect(RS_SPLIT_LIST, "{\"items\":[{},{\"a\":[{}]} , 5,\"x\",null]}",
	       "items={};items={\"a\":[{}]};items=5;items=\"x\";items=null;");
	expect(RS_SPLIT_LIST, "{\"kind\":\"L\",\"metadata\":{\"a\":1},\"items\":[1]}",
	       "kind=\"L\";metadata={\"a\":1};items=1;");
	expect(RS_SPLIT_LIST, "{\"items\":null}", "items=null;");
	expect(RS_SPLIT_LIST, "{\"items\":[{\"a\":\"]}\\\"}\",\"b\":\"\\\\\"},true]}",
	       "items={\"a\":\"]}\\\"}\",\"b\":\"\\\\\"};items=true;");
	/* A name that is too long, or has escapes, is not one of ours. */
	expect(RS_SPLIT_LIST,
	       "{\"a123456789a123456789a123456789a1234\":1,\"i\\\"\":2,\"items\":[]}",
	       "=1;i\\\"=2;");
	expect(RS_SPLIT_LIST, "{\"x\":{\"items\":[7]},\"items\":[8]}",
	       "x={\"items\":[7]};items=8;");
}

static void test_stream(void **state)
{
	(void)state;
	expect(RS_SPLIT_STREAM, " ", "");
	expect(RS_SPLIT_STREAM, "{\"a\":1}\n{\"b\":\"{\"}\n\n{}{}",
	       "={\"a\":1};={\"b\":\"{\"};={};={};");
}

static void test_broken(void **state)
{
	static const char *const lists[] = {
		"",
		"x",
		"[]",
		"{",
		"{\"items\"",
		"{\"items\"}",
		"{\"items\":}",
		"{\"items\":[",
		"{\"items\":[}",
		"{\"items\":[,1]}",
		"{\"items\":[1,]}x",
		"{\"items\":[1}",
		"{\"items\":[1]",
		"{\"items\":[1]}x",
		"{\"items\":[1]},",
		"{}",
		"{\"items\":5}",
		"{\"items\":{}}",
		"{\"items\":[],\"items\":[]}",
		"{\"items\":[],}",
		"{,}",
		"{1:2}",
		"{\"a\":\"x",
		"{\"items\":[\"a\" 1]}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		refuse(RS_SPLIT_LIST, lists[i], -EBADMSG);
	refuse(RS_SPLIT_STREAM, "{\"a\":1", -EBADMSG);
	refuse(RS_SPLIT_STREAM, "{}5", -EBADMSG);
	refuse(RS_SPLIT_STREAM, "[]", -EBADMSG);
	refuse(RS_SPLIT_STREAM, "}", -EBADMSG);
}

static void test_large(void **state)
{
	(void)state;
	refuse(RS_SPLIT_LIST,
	       "{\"items\":[\"01234567890123456789012345678901234567890123456789012345678901234\"]}",
	       -EFBIG);
	/* White space between pieces costs nothing. */
	expect(RS_SPLIT_LIST,
	       "{\"items\":[                                                                 1]}",
	       "items=1;");
}

static int stop_at_piece(void *data, const char *key, const char *json, size_t n,
			 struct rs_error *err)
{
	(void)data;
	(void)key;
	(void)json;
	(void)n;
	(void)err;
	return -EPIPE;
}

static void test_stop(void **state)
{
	struct rs_split split;

	(void)state;
	rs_split_init(&split, RS_SPLIT_LIST, 64, stop_at_piece, NULL);
	assert_int_equal(rs_split_feed(&split, "{\"items\":[1,2]}", 15, NULL), -EPIPE);
	rs_split_done(&split);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),   cmocka_unit_test(test_stream),
		cmocka_unit_test(test_broken), cmocka_unit_test(test_large),
		cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
