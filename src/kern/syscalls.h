/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls that the sensors watch, as data. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bpf/abi/syscall.h"

struct rs_syscall {
	const char *name;      /* as the kernel's tracepoints spell it: sys_exit_NAME */
	int nr;                /* on this architecture */
	enum rs_sensor sensor; /* whose program serves it */
	uint64_t kinds;        /* bit per enum rs_kind that it can make */
	struct rs_shape shape;
	const char *tracepoint; /* where sys_exit_NAME is spelt otherwise, else NULL */
};

/* Rows for calls that this architecture does not have are not there. */
extern const struct rs_syscall rs_syscalls[];
extern const size_t rs_n_syscalls;
