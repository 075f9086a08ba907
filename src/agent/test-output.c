/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "agent/output.h"
#include "base/fd.h"
#include "base/test-scratch.h"

static void add(struct rs_output *output, const char *text, enum rs_kind kind)
{
	rs_str_append_cstr(rs_output_buffer(output), text);
	assert_int_equal(rs_output_commit(output, kind), 0);
}

static void test_file(void **state)
{
	_cleanup_(rs_output_close) struct rs_output *output = NULL;
	_cleanup_(rs_str_done) struct rs_str text = { 0 };
	uint64_t unwritten[RS_KIND_MAX] = { 0 };
	struct stat st;

	(void)state;
	rs_fd_replace_file("f", "what was there\n", 15, 0640, NULL);
	assert_int_equal(rs_output_open("f", &output, NULL), 0);
	assert_false(rs_output_is_terminal(output));
	add(output, "one\n", RS_KIND_EXEC);
	assert_int_equal(rs_output_flush(output, NULL), RS_OUTPUT_DONE);
	add(output, "two\n", RS_KIND_EXEC);
	assert_int_equal(rs_output_flush(output, NULL), RS_OUTPUT_DONE);
	assert_int_equal(rs_output_written(output), 8);
	rs_output_unwritten(output, unwritten);
	assert_int_equal(unwritten[RS_KIND_EXEC], 0);
	assert_int_equal(rs_fd_read_file("f", 100, &text, NULL), 0);
	assert_true(rs_str_equal(&text, "what was there\none\ntwo\n"));
	rs_output_close(&output);
	assert_int_equal(rs_output_open("new", &output, NULL), 0);
	assert_int_equal(stat("new", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_second_writer(void **state)
{
	_cleanup_(rs_output_close) struct rs_output *output = NULL;
	struct rs_output *second = NULL;
	struct rs_error err = RS_ERROR_INIT;

	(void)state;
	assert_int_equal(rs_output_open("f", &output, NULL), 0);
	add(output, "one\n", RS_KIND_EXEC);
	assert_int_equal(rs_output_flush(output, NULL), RS_OUTPUT_DONE);
	assert_int_equal(rs_output_open("f", &second, &err), -EBUSY);
	assert_string_equal(err.msg, "another agent writes to \"f\"");
	assert_null(second);
	rs_output_close(&output);
	assert_int_equal(rs_output_open("f", &output, NULL), 0);
	/* Devices are everybody's. */
	assert_int_equal(rs_output_open("/dev/null", &second, NULL), 0);
	rs_output_close(&second);
}

/* logrotate's copytruncate: what follows begins at the start, without a hole. */
static void test_truncated(void **state)
{
	_cleanup_(rs_output_close) struct rs_output *output = NULL;
	_cleanup_(rs_str_done) struct rs_str text = { 0 };

	(void)state;
	assert_int_equal(rs_output_open("f", &output, NULL), 0);
	add(output, "one\n", RS_KIND_EXEC);
	assert_int_equal(rs_output_flush(output, NULL), RS_OUTPUT_DONE);
	assert_int_equal(truncate("f", 0), 0);
	add(output, "two\n", RS_KIND_EXEC);
	assert_int_equal(rs_output_flush(output, NULL), RS_OUTPUT_DONE);
	assert_int_equal(rs_fd_read_file("f", 100, &text, NULL), 0);
	assert_true(rs_str_equal(&text, "two\n"));
}

/* A write that stops within a line and cannot go on leaves whole lines. */
static void test_partial_line(void **state)
{
	_cleanup_(rs_output_close) struct rs_output *output = NULL;
	_cleanup_(rs_str_done) struct rs_str text = { 0 };
	uint64_t unwritten[RS_KIND_MAX] = { 0 };
	struct rlimit old, limit;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	rs_fd_replace_file("f", "old\n", 4, 0600, NULL);
	assert_int_equal(rs_output_open("f", &output, NULL), 0);
	add(output, "first\n", RS_KIND_EXEC);
	add(output, "second\n", RS_KIND_EXIT);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = 13;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(rs_output_flush(output, NULL), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	rs_output_unwritten(output, unwritten);
	assert_int_equal(unwritten[RS_KIND_EXEC], 0);
	assert_int_equal(unwritten[RS_KIND_EXIT], 1);
	assert_int_equal(rs_output_written(output), 6);
	assert_int_equal(rs_fd_read_file("f", 100, &text, NULL), 0);
	assert_true(rs_str_equal(&text, "old\nfirst\n"));
}

static void test_full_disk(void **state)
{
	_cleanup_(rs_output_close) struct rs_output *output = NULL;
	uint64_t unwritten[RS_KIND_MAX] = { 0 };
	struct rs_error err = RS_ERROR_INIT;

	(void)state;
	assert_int_equal(rs_output_open("/dev/full", &output, NULL), 0);
	add(output, "one\n", RS_KIND_EXEC);
	add(output, "two\n", RS_KIND_EXIT);
	assert_int_equal(rs_output_flush(output, &err), -ENOSPC);
	assert_string_equal(err.msg, "writing to \"/dev/full\": No space left on device");
	assert_int_equal(rs_output_flush(output, NULL), -ENOSPC); /* for good */
	rs_output_unwritten(output, unwritten);
	assert_int_equal(unwritten[RS_KIND_EXEC], 1);
	assert_int_equal(unwritten[RS_KIND_EXIT], 1);
}

/* Fills the pipe without anybody reading: nothing blocks, and what is left is known exactly. */
static void test_slow_pipe(void **state)
{
	_cleanup_(rs_output_close) struct rs_output *output = NULL;
	_cleanup_(rs_cleanup_close) int reader = -1;
	_cleanup_(rs_str_done) struct rs_str got = { 0 };
	uint64_t unwritten[RS_KIND_MAX] = { 0 };
	char line[101];
	char buf[65536];
	size_t whole, n = 3000;

	(void)state;
	assert_int_equal(mkfifo("pipe", 0600), 0);
	reader = open("pipe", O_RDONLY | O_NONBLOCK);
	assert_int_equal(rs_output_open("pipe", &output, NULL), 0);
	memset(line, 'x', 99);
	line[99] = '\n';
	line[100] = '\0';
	for (size_t i = 0; i < n; i++)
		add(output, line, RS_KIND_OPEN);
	assert_true(rs_output_is_full(output));
	assert_int_equal(rs_output_flush(output, NULL), RS_OUTPUT_BLOCKED);
	rs_output_unwritten(output, unwritten);
	whole = rs_output_written(output) / 100;
	assert_true(whole > 0 && whole < n);
	assert_int_equal(unwritten[RS_KIND_OPEN], n - whole);
	for (int r = RS_OUTPUT_BLOCKED; r == RS_OUTPUT_BLOCKED;) {
		ssize_t k = read(reader, buf, sizeof(buf));

		assert_true(k > 0);
		rs_str_append(&got, buf, (size_t)k);
		r = rs_output_flush(output, NULL);
		assert_true(r >= 0);
	}
	for (ssize_t k; (k = read(reader, buf, sizeof(buf))) > 0;)
		rs_str_append(&got, buf, (size_t)k);
	assert_int_equal(got.len, n * 100);
}

static void test_reader_gone(void **state)
{
	_cleanup_(rs_output_close) struct rs_output *output = NULL;
	_cleanup_(rs_cleanup_close) int reader = -1;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(mkfifo("pipe", 0600), 0);
	reader = open("pipe", O_RDONLY | O_NONBLOCK);
	assert_int_equal(rs_output_open("pipe", &output, NULL), 0);
	rs_cleanup_close(&reader);
	add(output, "one\n", RS_KIND_EXEC);
	assert_int_equal(rs_output_flush(output, NULL), -EPIPE);
}

static void test_refused(void **state)
{
	struct rs_output *output = NULL;
	struct rs_error err = RS_ERROR_INIT;

	(void)state;
	assert_int_equal(rs_output_open("no/such", &output, &err), -ENOENT);
	assert_string_equal(err.msg, "opening \"no/such\": No such file or directory");
	assert_int_equal(rs_output_open(".", &output, &err), -EISDIR);
	assert_null(output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_file),        scratch_test(test_second_writer),
		scratch_test(test_truncated),   scratch_test(test_partial_line),
		scratch_test(test_full_disk),   scratch_test(test_slow_pipe),
		scratch_test(test_reader_gone), scratch_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
