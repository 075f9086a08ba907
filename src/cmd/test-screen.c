/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/screen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char shown[4096];

static const char *show(const char *text, unsigned height)
{
	_cleanup_(rs_str_done) struct rs_str page = RS_STR_INIT(0);
	int fd = memfd_create("screen", MFD_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	rs_str_append_cstr(&page, text);
	assert_int_equal(rs_screen_show(fd, &page, height), 0);
	n = pread(fd, shown, sizeof(shown) - 1, 0);
	assert_true(n >= 0);
	shown[n] = '\0';
	close(fd);
	return shown;
}

/* Nothing is erased behind a line: as wide as the terminal, it would lose its last column. */
static void test_lines_are_erased_first(void **state)
{
	(void)state;
	assert_string_equal(show("one\ntwo\n", 5), "\033[H\033[0m\033[Kone\r\n\033[0m\033[Ktwo"
						   "\033[0m\r\n\033[J");
	assert_string_equal(show("one\ntwo", 2), "\033[H\033[0m\033[Kone\r\n\033[0m\033[Ktwo"
						 "\033[0m");
}

static void test_what_does_not_fit_is_left_out(void **state)
{
	(void)state;
	assert_null(strstr(show("one\ntwo\nthree\n", 2), "three"));
	assert_non_null(strstr(shown, "two"));
	assert_string_equal(show("", 5), "\033[H\033[J");
	assert_string_equal(show("one\n", 0), "\033[H\033[J");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_are_erased_first),
		cmocka_unit_test(test_what_does_not_fit_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
