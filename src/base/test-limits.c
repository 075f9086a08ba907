/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/command.h"

static struct rlimit limit(void)
{
	struct rlimit files = { 0 };

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	return files;
}

/* What a command says whose last word is the limit that it has. */
static int run(const char *text)
{
	struct rs_command *command = NULL;
	int code;

	assert_int_equal(rs_command_start(text, &command, NULL), 0);
	assert_int_equal(rs_command_release(command, NULL), 0);
	assert_int_equal(
		waitid(P_PIDFD, (id_t)rs_command_fd(command), &(siginfo_t){ 0 }, WEXITED | WNOWAIT),
		0);
	code = rs_command_code(command);
	rs_command_free(&command);
	return code;
}

static void test_files(void **state)
{
	struct rlimit before = limit(), low = { 200, before.rlim_max };

	(void)state;
	rs_limits_restore_files(); /* nothing was raised: nothing happens */
	assert_int_equal(limit().rlim_cur, before.rlim_cur);
	if (before.rlim_max != RLIM_INFINITY && before.rlim_max <= low.rlim_cur)
		skip();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	rs_limits_raise_files();
	rs_limits_raise_files(); /* the second time does not forget what was given */
	assert_int_equal(limit().rlim_cur, before.rlim_max);
	assert_int_equal(run("test $(ulimit -n) = 200"), 0);
	assert_int_equal(limit().rlim_cur, before.rlim_max);
	rs_limits_restore_files();
	assert_int_equal(limit().rlim_cur, 200);
	assert_int_equal(limit().rlim_max, before.rlim_max);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
