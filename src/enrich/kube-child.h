/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Starts a program that is to have nothing of ours: no rights, no descriptors but a socket as its standard
 * input and output, no environment but what is given. Safe in a process with threads. */

#include <sys/types.h>

#include "base/error.h"

/* @argv, @envp: end with NULL. *ret_fd: our end of the socket, non-blocking. The program dies with the
 * calling thread. That it cannot be executed shows as exit code 127. */
int rs_kube_child_start(char *const *argv, char *const *envp, pid_t *ret_pid, int *ret_fd,
			struct rs_error *err);

/* Ends it by force, if it has not ended, and says how it ended into buf. */
void rs_kube_child_end(pid_t pid, char *buf, size_t size);
