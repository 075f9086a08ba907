/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "agent/place.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/test-scratch.h"

static void test_take(void **state)
{
	_cleanup_(rs_cleanup_close) int first = -1;
	_cleanup_(rs_cleanup_close) int second = -1;
	struct rs_place_holder holder = { 0 };
	struct rs_error err = RS_ERROR_INIT;
	struct stat st;
	char pid[32];

	(void)state;
	assert_int_equal(rs_place_take(".", &first, NULL, &err), 0);
	assert_int_equal(stat("run/ringside", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat("run/ringside/agent.lock", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(rs_place_take(".", &second, &holder, &err), -EBUSY);
	assert_int_equal(holder.pid, getpid());
	assert_true(holder.since <= rs_clock_real());
	assert_true(holder.since + 60000000000ull > rs_clock_real());
	snprintf(pid, sizeof(pid), "pid %d, since ", getpid());
	assert_non_null(strstr(err.msg, pid));
	rs_cleanup_close(&first);
	assert_int_equal(rs_place_take(".", &second, NULL, &err), 0);
}

/* A holder that dies leaves the place. */
static void test_death(void **state)
{
	_cleanup_(rs_cleanup_close) int fd = -1;
	pid_t pid = fork();
	int status;

	(void)state;
	if (!pid)
		_exit(rs_place_take(".", &fd, NULL, NULL) ? 1 : 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(rs_place_take(".", &fd, NULL, NULL), 0);
}

static void test_odd_file(void **state)
{
	_cleanup_(rs_cleanup_close) int fd = -1;
	struct rs_error err = RS_ERROR_INIT;

	(void)state;
	assert_int_equal(rs_fd_mkdir_p("run/ringside", 0700, NULL), 0);
	assert_int_equal(symlink("/etc/passwd", "run/ringside/agent.lock"), 0);
	assert_int_equal(rs_place_take(".", &fd, NULL, &err), -ELOOP);
	unlink("run/ringside/agent.lock");
	rs_fd_replace_file("run/ringside/agent.lock", "\xff rubbish", 9, 0600, NULL);
	assert_int_equal(rs_place_take(".", &fd, NULL, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_take),
		scratch_test(test_death),
		scratch_test(test_odd_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
