/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* For tests: a process with this program's code that does nothing, until it is told to end. */

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"

struct testing_child {
	pid_t pid; /* -1: there is none */
	int end;   /* it ends when this is closed */
};

static inline void testing_child_start(struct testing_child *ret)
{
	int fds[2] = { -1, -1 };
	char c;

	ret->pid = pipe(fds) == 0 ? fork() : -1;
	if (ret->pid == 0) {
		close(fds[1]);
		_exit(read(fds[0], &c, 1) != 0);
	}
	close(fds[0]);
	ret->end = fds[1];
}

/* Whether it was there, and ended well. */
static inline bool testing_child_end(struct testing_child *child)
{
	int status;

	close(child->end);
	return child->pid > 0 && waitpid(child->pid, &status, 0) == child->pid && !status;
}
