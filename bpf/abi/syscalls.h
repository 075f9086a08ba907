/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* System calls, counted in the kernel: what bpf/tools/syscalls.bpf.c keeps. */
#pragma once

#include <linux/types.h>

#include "bpf/abi/capture.h"

/* Whose counts are kept apart. */
enum rs_counts_by {
	RS_COUNTS_ALL,     /* nobody's: rs_counts_all, by number */
	RS_COUNTS_PROCESS, /* rs_counts, by thread group */
	RS_COUNTS_THREAD,
	RS_COUNTS_GROUP, /* by id of the control group */
};

/* Numbers that stand for others. */
#define RS_COUNTS_COMPAT                                                                           \
	(RS_CALLS_MAX - 2) /* calls of 32 bits, whose numbers mean something else */
#define RS_COUNTS_UNKNOWN (RS_CALLS_MAX - 1) /* numbers that we have no room for */

/* Set before load. */
struct rs_counts_config {
	__u32 by;     /* enum rs_counts_by */
	__u32 some;   /* 0: all calls, whatever is in `wanted` */
	__u32 execve; /* its number */
	__u32 sigreturn;
	__u32 forks[4]; /* calls that end twice, in a child too; RS_CALLS_MAX: none */
	__u32 untimed; /* not 0: no times; then there is nothing to do at a call's entry, and that program is left out */
	__u64 wanted[RS_CALLS_MAX / 64]; /* by number */
};

struct rs_count_key {
	__u64 who; /* thread group, thread, or id of the control group */
	__u64 nr;
};

/* One per CPU. */
struct rs_count {
	__u64 calls;  /* that have ended */
	__u64 errors; /* of these, those that failed */
	__u64 ns;     /* from entry to end, all of them together */
	__u64 max;    /* the longest */
};

/* Who a key means: as it was when it made a call for the first time. */
struct rs_count_name {
	char comm[16];
	__u32 pid; /* thread group */
	__u32 tid;
	__u64 cgroup;
};

/* Calls that were not counted, and why: indices of rs_counts_lost. */
enum rs_counts_loss {
	RS_COUNTS_LOST_ROWS,    /* no room for one more of who and which call */
	RS_COUNTS_LOST_THREADS, /* no room to remember when the call began */
	RS_COUNTS_LOST_COMPAT, /* of 32 bits, where only some calls are asked for: their numbers are others */
	RS_COUNTS_LOST_NAMES, /* no room for who it was: the number stands for the name */
	RS_COUNTS_LOST_COUNT,
};

#define RS_COUNTS_ROWS    65536
#define RS_COUNTS_NAMES   16384
#define RS_COUNTS_THREADS 16384
