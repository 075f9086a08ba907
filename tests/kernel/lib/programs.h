/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* BPF programs in the kernel: which a process holds, and whether they are still there. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROGRAMS_MAX 256

struct programs {
	size_t count;
	uint32_t ids[PROGRAMS_MAX];
};

/* Those that a process has descriptors of. */
void programs_of(pid_t pid, struct programs *ret_programs);

/* How many of them the kernel still has. */
size_t programs_left(const struct programs *programs);

/* Calls fn for each program of which the kernel left out runs, because it was at work on that CPU
 * already (a tracepoint's program may be preempted in newer kernels). Linux 5.12. */
void programs_missed(const struct programs *programs,
		     void (*fn)(const char *name, uint64_t missed));

/* How many runs of a process's programs the kernel has left out so far. */
uint64_t programs_all_missed(pid_t pid);
