/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"

/* Swaps standard error for a pipe while a test writes to it. */
struct capture {
	int saved;
	int pipe[2];
};

static void capture_start(struct capture *c)
{
	assert_int_equal(pipe2(c->pipe, O_CLOEXEC), 0);
	c->saved = dup(STDERR_FILENO);
	dup2(c->pipe[1], STDERR_FILENO);
}

static void capture_end(struct capture *c, char *buf, size_t size)
{
	ssize_t n;

	dup2(c->saved, STDERR_FILENO);
	close(c->saved);
	close(c->pipe[1]);
	n = read(c->pipe[0], buf, size - 1);
	buf[n > 0 ? n : 0] = '\0';
	close(c->pipe[0]);
}

static void test_chain(void **state)
{
	struct rs_error err = RS_ERROR_INIT;

	(void)state;
	assert_int_equal(rs_error_set(&err, -EINVAL, "unknown key \"%s\"", "comand"), -EINVAL);
	rs_error_hint(&err, "did you mean \"%s\"?", "command");
	assert_int_equal(rs_error_wrap(&err, "line %d", 12), -EINVAL);
	assert_int_equal(rs_error_wrap(&err, "opening \"%s\"", "/etc/x"), -EINVAL);
	assert_string_equal(err.msg, "opening \"/etc/x\": line 12: unknown key \"comand\"");
	assert_string_equal(err.hint, "did you mean \"command\"?");
	assert_int_equal(rs_error_set_errno(&err, -ENOENT, "opening \"a\""), -ENOENT);
	assert_string_equal(err.msg, "opening \"a\": No such file or directory");
	assert_string_equal(err.hint, "");
	rs_error_reset(&err);
	assert_int_equal(err.code, 0);
}

static void test_null(void **state)
{
	(void)state;
	assert_int_equal(rs_error_set(NULL, -EPERM, "x"), -EPERM);
	assert_int_equal(rs_error_set_errno(NULL, -EPERM, "x"), -EPERM);
	assert_true(rs_error_wrap(NULL, "x") < 0);
	rs_error_hint(NULL, "x");
	rs_error_reset(NULL);
}

static void test_cut(void **state)
{
	struct rs_error err = RS_ERROR_INIT;
	char big[3000];

	(void)state;
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	rs_error_set(&err, -EINVAL, "%s", big);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	assert_string_equal(err.msg + sizeof(err.msg) - 4, "...");
	rs_error_wrap(&err, "doing");
	assert_int_equal(strncmp(err.msg, "doing: xx", 9), 0);
	assert_string_equal(err.msg + sizeof(err.msg) - 4, "...");
	rs_error_wrap(&err, "%s", big);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	/* A cut never leaves half a character. */
	memset(big, 0xbc, sizeof(big) - 1);
	for (size_t i = 0; i < sizeof(big) - 1; i += 2)
		big[i] = (char)0xc3;
	for (size_t shift = 0; shift < 2; shift++) {
		rs_error_set(&err, -EINVAL, "%s%s", shift ? "a" : "", big);
		assert_int_equal((strlen(err.msg) - 3 - shift) % 2, 0);
		assert_string_equal(err.msg + strlen(err.msg) - 3, "...");
	}
	for (size_t n = sizeof(err.msg) - 8; n < sizeof(err.msg) + 8; n++) {
		rs_error_set(&err, -EINVAL, "%.*s", (int)n, big);
		rs_error_wrap(&err, "a");
		assert_true(strlen(err.msg) < sizeof(err.msg));
	}
}

static void test_print(void **state)
{
	struct rs_error err = RS_ERROR_INIT;
	struct capture c;
	char text[8192];

	(void)state;
	rs_error_set(&err, -EINVAL, "bad\033name");
	capture_start(&c);
	rs_error_print(&err, NULL);
	rs_error_hint(&err, "try %d", 2);
	rs_error_print(&err, "loading %s", "it");
	rs_error_print(NULL, "context only");
	capture_end(&c, text, sizeof(text));
	assert_string_equal(text, "ringside: bad\\x1bname\n"
				  "ringside: loading it: bad\\x1bname\n  hint: try 2\n"
				  "ringside: context only\n");
	/* The longest there can be, every byte escaped. */
	memset(err.msg, 1, sizeof(err.msg) - 1);
	memset(err.hint, 1, sizeof(err.hint) - 1);
	err.msg[sizeof(err.msg) - 1] = err.hint[sizeof(err.hint) - 1] = '\0';
	capture_start(&c);
	rs_error_print(&err, "%s", err.msg);
	capture_end(&c, text, sizeof(text));
	assert_int_equal(strlen(text),
			 10 + 4 * 511 - 4 * 3 + 3 + 2 + 4 * 1023 + 1 + 8 + 4 * 255 + 1);
}

static int evaluated;

static int count_evaluation(void)
{
	return ++evaluated;
}

static void test_log(void **state)
{
	struct rs_log_rate rate = { 0 };
	struct capture c;
	char text[4096];

	(void)state;
	capture_start(&c);
	errno = 77;
	rs_log_error("e%d", 1);
	rs_log_warn("w\n");
	rs_log_info("i%d", count_evaluation());
	rs_log_set_level(RS_LOG_DEBUG);
	rs_log_info("i");
	rs_log_debug("d");
	rs_log_set_level(RS_LOG_WARN);
	for (int i = 0; i < 5; i++)
		rs_log_write_rated(&rate, UINT32_MAX, RS_LOG_WARN, "flood");
	rate.next_ns = 0;
	rs_log_write_rated(&rate, UINT32_MAX, RS_LOG_WARN, "flood");
	for (int i = 0; i < 3; i++)
		rs_log_warn_rated("macro");
	assert_int_equal(errno, 77);
	capture_end(&c, text, sizeof(text));
	assert_int_equal(evaluated, 0);
	assert_string_equal(text, "ringside: e1\n"
				  "ringside: warning: w\\x0a\n"
				  "ringside: i\n"
				  "ringside: debug: d\n"
				  "ringside: warning: flood\n"
				  "ringside: warning: flood (and 4 more like this)\n"
				  "ringside: warning: macro\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chain), cmocka_unit_test(test_null),
		cmocka_unit_test(test_cut),   cmocka_unit_test(test_print),
		cmocka_unit_test(test_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
