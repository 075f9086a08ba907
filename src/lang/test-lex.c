/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: literals that are easily read wrong, and what is said of those that are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lang/lex.h"

static struct rs_arena arena;

static struct rs_token first(const char *text)
{
	struct rs_lexer lexer;

	rs_lex_init(&lexer, &arena, text, (uint32_t)strlen(text), 0);
	return rs_lex_next(&lexer);
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t value;
		bool is_unsigned;
		uint32_t len; /* 0: all of it */
	} rows[] = {
		{ "0", 0, false, 0 },
		{ "0x0", 0, false, 0 },
		{ "0xFf_f", 0xfff, false, 0 },
		{ "0o17", 15, false, 0 },
		{ "0b11", 3, false, 0 },
		{ "0644", 0644, false, 0 },
		{ "1_000_000", 1000000, false, 0 },
		{ "1e3", 1000, false, 0 },
		{ "2E0", 2, false, 0 },
		{ "18446744073709551615", UINT64_MAX, true, 0 },
		{ "9223372036854775807", INT64_MAX, false, 0 },
		{ "9223372036854775808", (uint64_t)1 << 63, true, 0 },
		{ "0x8000000000000000", (uint64_t)1 << 63, true, 0 },
		{ "7u", 7, true, 0 },
		{ "7llU", 7, true, 0 },
		{ "7L", 7, false, 0 },
		{ "1d", 86400000000000, false, 0 },
		{ "1h", 3600000000000, false, 0 },
		{ "1m", 60000000000, false, 0 },
		{ "3s", 3000000000, false, 0 },
		{ "1_5ms", 15000000, false, 0 },
		{ "9us", 9000, false, 0 },
		{ "8ns", 8, false, 0 },
		{ "0x1d", 0x1d, false, 0 },
		{ "1..2", 1, false, 1 },
		{ "0.1", 0, false, 1 },
		{ "5+5", 5, false, 1 },
		{ "'a'", 'a', false, 0 },
		{ "'\\x41'", 'A', false, 0 },
		{ "'\\0'", 0, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rs_token token = first(rows[i].text);

		if (token.kind != RS_TOKEN_INT || token.number != rows[i].value ||
		    token.is_unsigned != rows[i].is_unsigned)
			fail_msg("%s: kind %d value %llu unsigned %d", rows[i].text, token.kind,
				 (unsigned long long)token.number, token.is_unsigned);
		assert_int_equal(token.raw_len, rows[i].len ? rows[i].len : strlen(rows[i].text));
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "18446744073709551616", "64 bits" },
		{ "0x10000000000000000", "64 bits" },
		{ "2e19", "64 bits" },
		{ "1e999999999999999999999", "64 bits" },
		{ "213504d", "64 bits" },
		{ "08", "octal" },
		{ "0x", "digits are missing" },
		{ "0o9", "digits are missing" },
		{ "0xg", "digits are missing" },
		{ "1x", "unit of time" },
		{ "1e", "unit of time" },
		{ "1uu", "unit of time" },
		{ "1lll", "unit of time" },
		{ "1S", "unit of time" },
		{ "\"abc", "no end" },
		{ "\"abc\\", "no end" },
		{ "\"abc\n\"", "no end" },
		{ "\"\\z\"", "escape" },
		{ "\"\\x\"", "escape" },
		{ "''", "one byte" },
		{ "'ab'", "one byte" },
		{ "'a", "no end" },
		{ "/* a", "no end" },
		{ "$0", "begin with $1" },
		{ "$99999999999999999999", "10000" },
		{ "`", "no meaning" },
		{ "$", "no meaning" },
		{ "\xc3\xa9", "no meaning" },
		{ "\x01", "no meaning" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rs_token token = first(rows[i].text);

		if (token.kind != RS_TOKEN_BAD || !strstr(token.text, rows[i].says))
			fail_msg("%s: kind %d, %s", rows[i].text, token.kind,
				 token.kind == RS_TOKEN_BAD ? token.text : "");
		assert_true(token.raw_len > 0 && token.raw_len <= strlen(rows[i].text));
	}
}

static void test_strings(void **state)
{
	struct rs_token token = first("\"a\\tb\\n\\\"\\\\\\x41\\x4\\101\\0z\\e\" rest");

	(void)state;
	assert_int_equal(token.kind, RS_TOKEN_STRING);
	assert_int_equal(token.text_len, 12);
	assert_memory_equal(token.text,
			    "a\tb\n\"\\A\x04"
			    "A\0z\033",
			    13);
	assert_int_equal(first("\"\"").text_len, 0);
}

/* The kinds of all tokens, as a text: punctuation as it is, others as a letter. */
static void check_kinds(const char *text, const char *expected)
{
	_cleanup_(rs_str_done) struct rs_str out = { 0 };
	static const char letters[] = "EBISNVMP";
	struct rs_lexer lexer;

	rs_lex_init(&lexer, &arena, text, (uint32_t)strlen(text), 0);
	for (;;) {
		struct rs_token token = rs_lex_next(&lexer);

		if (token.kind == RS_TOKEN_END)
			break;
		rs_str_append_cstr(&out, out.len ? " " : "");
		if (token.kind < RS_TOKEN_FIRST_PUNCT)
			rs_str_append_char(&out, letters[token.kind]);
		else
			rs_str_append_cstr(&out, rs_token_texts[token.kind]);
		assert_memory_equal(token.raw, text + token.span.at, token.span.len);
	}
	assert_string_equal(rs_str_cstr(&out), expected);
}

static void test_kinds(void **state)
{
	(void)state;
	check_kinds("a->b.c<<=d", "N -> N . N <<= N");
	check_kinds("x+++y", "N ++ + N");
	check_kinds("@a @ @1 $b $1 $# $", "M M M V P P B");
	check_kinds("a // b\nc /* d */ e/**/f", "N N N N");
	check_kinds("a/b /c/", "N / N / N /");
	check_kinds("1...3 1..3", "I ... I I .. I");
	check_kinds("a\\\nb \\\r\n c", "N N N");
	check_kinds("a##b #c", "N ## N # N");
	check_kinds("", "");
}

static void test_lines(void **state)
{
	struct rs_lexer lexer;
	const char *text = "a b\n c /*\n*/ d \\\n e";
	static const bool starts[] = { true, false, true, false, false };

	(void)state;
	rs_lex_init(&lexer, &arena, text, (uint32_t)strlen(text), 0);
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		struct rs_token token = rs_lex_next(&lexer);

		assert_int_equal(token.line_start, starts[i]);
		assert_int_equal(token.space_before, i > 0);
	}
	assert_int_equal(rs_lex_next(&lexer).kind, RS_TOKEN_END);
	assert_int_equal(rs_lex_next(&lexer).kind, RS_TOKEN_END);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_bad),
		cmocka_unit_test(test_strings), cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_lines),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	rs_arena_done(&arena);
	return r;
}
