/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "base/command.h"
#include "base/fd.h"
#include "base/test-scratch.h"

static void wait_for(struct rs_command *command)
{
	struct pollfd pfd = { .fd = rs_command_fd(command), .events = POLLIN };

	assert_int_equal(poll(&pfd, 1, 30000), 1);
}

static int run(const char *text)
{
	_cleanup_(rs_command_free) struct rs_command *command = NULL;

	assert_int_equal(rs_command_start(text, &command, NULL), 0);
	assert_true(rs_command_pid(command) > 0);
	assert_int_equal(rs_command_release(command, NULL), 0);
	wait_for(command);
	return rs_command_code(command);
}

static void test_codes(void **state)
{
	(void)state;
	assert_int_equal(run("true"), 0);
	assert_int_equal(run("false"), 1);
	assert_int_equal(run("exit 7;"), 7);
	assert_int_equal(run("sh -c 'exit 3'"), 3);
	assert_int_equal(run("kill -TERM $$"), 128 + 15);
	assert_int_equal(run("  test  1  -eq  1 "), 0);
	assert_int_equal(run("test 'a  b' = \"a  b\""), 0);
	assert_int_equal(run("test a\\ b '-ef' c"), 1);
	assert_int_equal(run("A=3 sh -c 'exit $A'"), 3);
	assert_int_equal(run("test {} != }"), 0);
	assert_int_equal(run("test 3 -eq \"$((1 + 2))\""), 0);
}

static void test_held_back(void **state)
{
	struct rs_command *command = NULL;

	(void)state;
	assert_int_equal(rs_command_start("touch made", &command, NULL), 0);
	assert_int_equal(rs_command_code(command), -1);
	rs_command_free(&command); /* waits for it to end */
	assert_int_equal(access("made", F_OK), -1);
	assert_int_equal(run("touch made"), 0);
	assert_int_equal(access("made", F_OK), 0);
}

static void test_refused(void **state)
{
	_cleanup_(rs_command_free) struct rs_command *command = NULL;
	struct rs_error err = RS_ERROR_INIT;

	(void)state;
	assert_int_equal(rs_command_start(" ", &command, &err), -EINVAL);
	assert_int_equal(rs_command_start("./no-such-program x", &command, &err), 0);
	assert_int_equal(rs_command_release(command, &err), -ENOENT);
	assert_string_equal(err.msg, "running \"./no-such-program x\": No such file or directory");
	wait_for(command);
	assert_int_equal(rs_command_code(command), 127);
}

static void test_signal(void **state)
{
	_cleanup_(rs_command_free) struct rs_command *command = NULL;

	(void)state;
	assert_int_equal(rs_command_start("cat /dev/zero | cat >/dev/null", &command, NULL), 0);
	rs_command_free(&command);
	assert_int_equal(rs_command_start("tail -f /dev/null", &command, NULL), 0);
	assert_int_equal(rs_command_release(command, NULL), 0);
	assert_int_equal(rs_command_code(command), -1);
	rs_command_signal(command, 15);
	wait_for(command);
	assert_int_equal(rs_command_code(command), 143);
	rs_command_signal(command, 15); /* nobody is there any more */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_codes),
		scratch_test(test_held_back),
		scratch_test(test_refused),
		scratch_test(test_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
