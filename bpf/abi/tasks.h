/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What runs, as one program of ours finds it in the kernel's list of tasks: see src/kern/tasks.h. */
#pragma once

#include "bpf/abi/event.h"

/* rs_task.flags */
enum {
	RS_TASK_KTHREAD = 1 << 0, /* a kernel thread */
};

/* A process; its numbers and times are those of struct rs_hdr. A row of the map rs_tasks. */
struct rs_task {
	__u64 start;
	__u64 pstart;
	__u64 cgroup;
	__u32 pid;
	__u32 ppid; /* 0: of the first two */
	__u32 uid;
	__u32 flags;   /* RS_TASK_* */
	char comm[16]; /* of the process's first thread */
};

/* Where the walk is. The agent clears it before. */
struct rs_tasks_walk {
	__u64 at; /* tasks, for the program only */
	__u64 first;
	__u32 found; /* rows that there are, whether or not the map had room for them */
	__u32 end;   /* enum rs_tasks_end */
};

enum rs_tasks_end {
	RS_TASKS_GOES_ON,
	RS_TASKS_COMPLETE, /* it has come round */
	RS_TASKS_ASTRAY,   /* it led nowhere */
};

#define RS_TASKS_MAX 65536 /* rows, at most */

static_assert(sizeof(struct rs_task) == 56, "struct rs_task");
static_assert(sizeof(struct rs_tasks_walk) == 24, "struct rs_tasks_walk");
