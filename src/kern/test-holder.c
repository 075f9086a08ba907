/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
/* keep order: cmocka needs those above */
#include <cmocka.h>

#define DEADLINE_MS 30000

/* Has everybody closed the other end, in time? */
static int ends_within(int fd, int ms)
{
	struct pollfd pipe_end = { .fd = fd };

	return poll(&pipe_end, 1, ms) == 1 && (pipe_end.revents & POLLHUP);
}

static void test_hold(void **state)
{
	int held[2], other[2], fds[2], alive;

	(void)state;
	assert_int_equal(pipe2(held, O_CLOEXEC), 0);
	assert_int_equal(pipe2(other, 0), 0);
	fds[0] = held[1];
	fds[1] = -1;
	alive = rs_holder_start(fds, 2);
	assert_true(alive >= 0);

	/* what it was not given it does not have: a reader sees the end although the holder lives */
	close(other[1]);
	assert_true(ends_within(other[0], DEADLINE_MS));
	close(held[1]);
	assert_false(ends_within(held[0], 0));

	close(alive);
	assert_true(ends_within(held[0], DEADLINE_MS));
	assert_true(waitpid(-1, NULL, 0) > 0);
	close(held[0]);
	close(other[0]);
}

/* The child of ours, by /proc: there is one. */
static pid_t find_child(void)
{
	FILE *file = fopen("/proc/thread-self/children", "re");
	int pid = -1;

	if (file && fscanf(file, "%d", &pid) != 1)
		pid = -1;
	if (file)
		fclose(file);
	return pid;
}

static void test_signals(void **state)
{
	int held[2], alive, status;
	pid_t child;

	(void)state;
	assert_int_equal(pipe2(held, O_CLOEXEC), 0);
	alive = rs_holder_start(&held[1], 1);
	assert_true(alive >= 0);
	close(held[1]);
	child = find_child();
	if (child > 0) {
		assert_int_equal(kill(child, SIGINT), 0);
		assert_int_equal(kill(child, SIGTERM), 0);
		assert_int_equal(kill(child, SIGHUP), 0);
	}
	assert_false(ends_within(held[0], 0));
	close(alive);
	assert_true(ends_within(held[0], DEADLINE_MS));
	assert_true(waitpid(-1, &status, 0) > 0);
	assert_true(WIFEXITED(status));
	close(held[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_signals),
	};

	return cmocka_run_group_tests_name("holder", tests, NULL, NULL);
}
