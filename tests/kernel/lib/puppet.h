/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A process that does what it is told, an order a byte, and says when it has done it. */

#include <stdbool.h>
#include <sys/types.h>

struct puppet {
	pid_t pid;
	int orders, answers;
};

/* Runs in the new process, for each order. */
typedef void puppet_fn(char order, void *data);

void puppet_start(struct puppet *puppet, puppet_fn *fn, void *data);
void puppet_tell(const struct puppet *puppet, char order);
bool puppet_wait(const struct puppet *puppet);
bool puppet_do(const struct puppet *puppet, char order); /* both */
void puppet_end(struct puppet *puppet);

/* The pid as an argument; static memory. */
const char *puppet_pid(const struct puppet *puppet);
