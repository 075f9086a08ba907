/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stacks counted in the kernel: what profile, offcpu and stacks have in common. */
#pragma once

#include <linux/types.h>

#include "bpf/abi/stack.h"

/* Key of rs_samples: what is the same is counted together. What was not asked for is 0. */
struct rs_sample_key {
	__u32 tgid;
	__u32 tid;    /* 0: the threads of a process are one */
	__u64 cgroup; /* id */
	struct rs_stack_pair stack;
	struct rs_stack_pair waker;
	__u32 reason; /* the tool's own */
	__u32 waker_tgid;
	char process[16]; /* name of the thread group's leader */
	char thread[16];
	char waker_process[16];
};

struct rs_sample {
	__u64 count;
	__u64 sum; /* ns, bytes ... */
};

/* Sent through rs_sample_notes when a process is seen with a user stack that it was not seen with before, so that its
 * addresses get names while it lives. */
struct rs_sample_note {
	__u32 tgid;
	__u32 pad;
	__u64 user;
};

/* Indices of rs_sample_counts (per CPU). */
enum rs_sample_count {
	RS_SAMPLE_TAKEN,
	RS_SAMPLE_LOST_FULL,  /* no room in rs_samples */
	RS_SAMPLE_LOST_WAITS, /* offcpu: no room for one more thread that waits */
	RS_SAMPLE_LOST_NOTES, /* processes whose addresses may get no names */
	RS_SAMPLE_LOST_READS, /* stacks: the argument could not be read */
	RS_SAMPLE_COUNT_COUNT,
};

enum {
	RS_SAMPLE_KERNEL = 1 << 0, /* kernel stacks */
	RS_SAMPLE_USER = 1 << 1,   /* user stacks */
	RS_SAMPLE_THREADS = 1 << 2 /* threads apart */
};

struct rs_sample_config {
	__u32 flags;     /* RS_SAMPLE_* */
	__u32 cgroup_v1; /* as rs_config.cgroup_v1 */
};

#define RS_SAMPLE_NOTES_BYTES (256 << 10)
