/* SPDX-License-Identifier: Apache-2.0 */
/* The list of mistakes: what is kept, and how it looks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "lang/diag.h"

static struct rs_arena arena;
static struct rs_diags diags;

static void start(const char *text)
{
	rs_diags_init(&diags, &arena, "x.bt", text, strlen(text));
}

static struct rs_span at(uint32_t place, uint32_t len)
{
	return (struct rs_span){ .at = place, .len = len };
}

static void assert_shown(const char *expected)
{
	_cleanup_(rs_str_done) struct rs_str out = { 0 };

	assert_int_equal(rs_diags_show(&diags, false, &out), 0);
	assert_string_equal(rs_str_cstr(&out), expected);
}

static void test_show(void **state)
{
	(void)state;
	start("one\n\ttwo three\nfour");
	rs_diag_error(&diags, at(9, 5), "no %s", "three");
	rs_diag_hint(&diags, "try %d", 3);
	rs_diag_warning(&diags, at(19, 0), "nothing here");
	rs_diag_error(&diags, at(5, 100), "beyond the line");
	assert_shown("x.bt:2:6: error: no three\n    two three\n        ^~~~~\n  hint: try 3\n"
		     "x.bt:3:5: warning: nothing here\n    four\n        ^\n"
		     "x.bt:2:2: error: beyond the line\n    two three\n    ^~~~~~~~~\n");
	assert_int_equal(diags.n_errors, 2);
	assert_int_equal(diags.n_warnings, 1);
}

static void test_repeated(void **state)
{
	(void)state;
	start("one");
	rs_diag_error(&diags, at(0, 1), "a");
	rs_diag_hint(&diags, "kept");
	rs_diag_error(&diags, at(0, 1), "a");
	rs_diag_hint(&diags, "dropped with it");
	rs_diag_error(&diags, at(0, 2), "a");
	assert_int_equal(diags.n, 2);
	assert_int_equal(diags.n_errors, 2);
	assert_string_equal(diags.items[0].hint, "kept");
	assert_null(diags.items[1].hint);
}

static void test_many(void **state)
{
	_cleanup_(rs_str_done) struct rs_str out = { 0 };

	(void)state;
	start("one");
	for (unsigned i = 0; i < RS_DIAGS_MAX + 5; i++) {
		rs_diag_error(&diags, at(0, 1), "number %u", i);
		rs_diag_hint(&diags, "hint %u", i);
	}
	assert_int_equal(diags.n, RS_DIAGS_MAX);
	assert_int_equal(diags.n_errors, RS_DIAGS_MAX + 5);
	rs_diags_show(&diags, false, &out);
	assert_non_null(strstr(rs_str_cstr(&out), "... and 5 more\n"));
	assert_string_equal(diags.items[RS_DIAGS_MAX - 1].hint, "hint 63");
}

/* Only what is around the place is shown of a long line, and no character is cut. */
static void test_long_line(void **state)
{
	_cleanup_(rs_str_done) struct rs_str text = { 0 }, out = { 0 };

	(void)state;
	for (unsigned i = 0; i < 500; i++)
		rs_str_append_cstr(&text, "é");
	start(rs_str_cstr(&text));
	rs_diag_error(&diags, at(501, 4), "here");
	rs_diags_show(&diags, false, &out);
	assert_true(out.len < 500);
	assert_null(strstr(rs_str_cstr(&out), "\\x"));
	assert_non_null(strstr(rs_str_cstr(&out), "    ...é"));
	assert_non_null(strstr(rs_str_cstr(&out), "é...\n"));
}

static void test_hostile(void **state)
{
	(void)state;
	start("a\033b");
	rs_diag_error(&diags, at(2, 1), "bell \007");
	assert_shown("x.bt:1:3: error: bell \\x07\n    a\\x1bb\n         ^\n");
}

static void test_sources(void **state)
{
	struct rs_span span = { .at = 4, .len = 1, .source = 1 };

	(void)state;
	start("script");
	assert_int_equal(rs_diags_add_source(&diags, "a.h", "int x;", 6), 1);
	rs_diag_error(&diags, span, "in the header");
	span.source = 9;
	rs_diag_error(&diags, span, "nowhere");
	assert_shown("a.h:1:5: error: in the header\n    int x;\n        ^\n"
		     "?:1:1: error: nowhere\n    \n    ^\n");
	while (diags.n_sources < RS_SOURCES_MAX)
		rs_diags_add_source(&diags, "b", "", 0);
	assert_int_equal(rs_diags_add_source(&diags, "c", "", 0), -ENOSPC);
}

static void test_expansions(void **state)
{
	struct rs_span span = at(0, 1), outer = at(2, 1);

	(void)state;
	start("a b c");
	outer.expansion = rs_diags_add_expansion(&diags, "outer", at(4, 1));
	span.expansion = rs_diags_add_expansion(&diags, "inner", outer);
	rs_diag_error(&diags, span, "wrong");
	assert_shown("x.bt:1:1: error: wrong\n    a b c\n    ^\n"
		     "  in the macro \"inner\", used at x.bt:1:3\n"
		     "  in the macro \"outer\", used at x.bt:1:5\n");
	assert_int_equal(rs_span_join(at(1, 2), at(4, 1)).len, 4);
	assert_int_equal(rs_span_join(span, at(4, 1)).len, 1);
	assert_int_equal(rs_span_join(at(4, 1), at(1, 2)).at, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_show),       cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_many),       cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_hostile),    cmocka_unit_test(test_sources),
		cmocka_unit_test(test_expansions),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	rs_arena_done(&arena);
	return r;
}
