/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A command that we start in order to watch it (-c CMD). It is made first and held back, so that
 * its pid can be put into the filter; released, it runs with the signals, the rights and the
 * terminal that we were started with.
 */

#include <sys/types.h>

#include "base/error.h"

struct rs_account;
struct rs_command;

/*
 * Makes the process. Plain words are executed as they are (found by PATH); text with anything that
 * a shell would interpret goes to /bin/sh -c. -EINVAL for an empty command, -errno.
 */
int rs_command_start(const char *text, struct rs_command **ret_command, struct rs_error *err);

/* The same, run by another user: NULL is ours. What that user may not do is told by rs_command_release(). */
int rs_command_start_as(const char *text, const struct rs_account *account,
			struct rs_command **ret_command, struct rs_error *err);

/* Kills it where it was not released, reaps it where it has ended, lets it go where it runs. */
void rs_command_free(struct rs_command **command);

/* Lets it run. -errno; -ENOENT and the like when it could not be executed. */
int rs_command_release(struct rs_command *command, struct rs_error *err);

pid_t rs_command_pid(const struct rs_command *command);

/* Readable (EPOLLIN) once it has ended. */
int rs_command_fd(const struct rs_command *command);

/* Passes a signal on, as long as it lives. */
void rs_command_signal(const struct rs_command *command, int signal);

/* Its exit code as a shell tells it, 128 + signal when killed; -1 while it runs. */
int rs_command_code(struct rs_command *command);
