/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "base/term.h"

#define E "\xe2\x80\xa6"

static void check(const char *in, size_t width, enum rs_term_align align, const char *want)
{
	_cleanup_(rs_str_done) struct rs_str s = { 0 };
	size_t columns = rs_term_append_fit(&s, in, strlen(in), width, align);

	assert_string_equal(rs_str_cstr(&s), want);
	assert_int_equal(columns, rs_term_columns(want, strlen(want)));
	assert_true(columns <= width);
}

static void check_path(const char *in, size_t width, const char *want)
{
	_cleanup_(rs_str_done) struct rs_str s = { 0 };

	assert_true(rs_term_append_fit_path(&s, in, strlen(in), width, RS_TERM_NOPAD) <= width);
	assert_string_equal(rs_str_cstr(&s), want);
}

static void test_fit(void **state)
{
	(void)state;
	check("abc", 5, RS_TERM_LEFT, "abc  ");
	check("abc", 5, RS_TERM_RIGHT, "  abc");
	check("abc", 5, RS_TERM_NOPAD, "abc");
	check("abc", 3, RS_TERM_LEFT, "abc");
	check("abcd", 3, RS_TERM_LEFT, "ab" E);
	check("abcd", 1, RS_TERM_LEFT, E);
	check("abcd", 0, RS_TERM_LEFT, "");
	check("", 2, RS_TERM_LEFT, "  ");
	/* wide characters take two columns, and are not halved */
	check("\xe4\xb8\xad\xe4\xb8\xad", 4, RS_TERM_LEFT, "\xe4\xb8\xad\xe4\xb8\xad");
	check("\xe4\xb8\xad\xe4\xb8\xad", 3, RS_TERM_LEFT, "\xe4\xb8\xad" E);
	check("\xe4\xb8\xad\xe4\xb8\xad", 2, RS_TERM_LEFT, E " ");
	/* combining characters stay with their base */
	check("e\xcc\x81x", 2, RS_TERM_LEFT, "e\xcc\x81x");
	check("e\xcc\x81xy", 2, RS_TERM_LEFT, "e\xcc\x81" E);
	/* escapes are whole or not at all */
	check("a\nb", 6, RS_TERM_LEFT, "a\\x0ab");
	check("a\nb", 5, RS_TERM_LEFT, "a" E "   ");
	check("\xff", 4, RS_TERM_LEFT, "\\xff");
	check("\xff", 3, RS_TERM_LEFT, E "  ");
}

static void test_fit_path(void **state)
{
	(void)state;
	check_path("/usr/lib/libc.so.6", 18, "/usr/lib/libc.so.6");
	check_path("/usr/lib/x86_64-linux-gnu/libc.so.6", 18, "/usr/" E "nu/libc.so.6");
	check_path("/usr/lib/libc.so.6", 1, E);
	check_path("/usr/lib/libc.so.6", 2, E "6");
	check_path("\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad", 6,
		   E "\xe4\xb8\xad\xe4\xb8\xad");
}

static void test_all_widths(void **state)
{
	static const char text[] = "/a\xcc\x81\xe4\xb8\xad/\x1b[0m/\xff\xfe/\xf0\x9f\x98\x80/end";

	(void)state;
	for (size_t width = 0; width < 50; width++) {
		for (int align = RS_TERM_LEFT; align <= RS_TERM_NOPAD; align++) {
			_cleanup_(rs_str_done) struct rs_str s = { 0 };
			size_t got = rs_term_append_fit(&s, text, sizeof(text) - 1, width,
							(enum rs_term_align)align);

			assert_true(align == RS_TERM_NOPAD ? got <= width : got == width);
			assert_int_equal(rs_term_columns(s.data, s.len), got);
			rs_str_reset(&s);
			got = rs_term_append_fit_path(&s, text, sizeof(text) - 1, width,
						      (enum rs_term_align)align);
			assert_true(align == RS_TERM_NOPAD ? got <= width : got == width);
			assert_int_equal(rs_term_columns(s.data, s.len), got);
		}
	}
}

static void test_color(void **state)
{
	enum rs_term_color_mode mode;

	(void)state;
	assert_int_equal(rs_term_color_parse("always", &mode), 0);
	assert_int_equal(mode, RS_TERM_COLOR_ALWAYS);
	assert_int_equal(rs_term_color_parse("never", &mode), 0);
	assert_int_equal(rs_term_color_parse("auto", &mode), 0);
	assert_int_equal(rs_term_color_parse("yes", &mode), -EINVAL);
	assert_string_equal(rs_term_style(false, RS_TERM_RED), "");
	assert_string_equal(rs_term_style(true, RS_TERM_RED), "\033[31m");
	assert_string_equal(rs_term_style(true, RS_TERM_STYLE_COUNT), "");
}

static void test_terminal(void **state)
{
	_cleanup_(rs_cleanup_close) int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	_cleanup_(rs_cleanup_close) int slave = -1;
	struct winsize size = { .ws_col = 132, .ws_row = 50 };

	(void)state;
	setenv("COLUMNS", "100", 1);
	assert_int_equal(rs_term_width(-1), 100);
	setenv("COLUMNS", "5", 1);
	assert_int_equal(rs_term_width(-1), RS_TERM_WIDTH_MIN);
	setenv("COLUMNS", "99999999999999999999", 1);
	assert_int_equal(rs_term_width(-1), RS_TERM_WIDTH_DEFAULT);
	unsetenv("COLUMNS");
	assert_int_equal(rs_term_width(-1), RS_TERM_WIDTH_DEFAULT);
	assert_false(rs_term_use_color(-1, RS_TERM_COLOR_AUTO));
	assert_true(rs_term_use_color(-1, RS_TERM_COLOR_ALWAYS));
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		skip();
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		skip();
	assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
	assert_int_equal(rs_term_width(slave), 132);
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	assert_true(rs_term_use_color(slave, RS_TERM_COLOR_AUTO));
	assert_false(rs_term_use_color(slave, RS_TERM_COLOR_NEVER));
	setenv("NO_COLOR", "", 1);
	assert_true(rs_term_use_color(slave, RS_TERM_COLOR_AUTO));
	setenv("NO_COLOR", "1", 1);
	assert_false(rs_term_use_color(slave, RS_TERM_COLOR_AUTO));
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	assert_false(rs_term_use_color(slave, RS_TERM_COLOR_AUTO));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fit),        cmocka_unit_test(test_fit_path),
		cmocka_unit_test(test_all_widths), cmocka_unit_test(test_color),
		cmocka_unit_test(test_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
