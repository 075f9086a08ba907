/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Time that threads do not run. */
#pragma once

#include <linux/types.h>

#include "bpf/abi/sample.h"

/* Why: rs_sample_key.reason. */
enum rs_offcpu_reason {
	RS_OFFCPU_SLEEP,     /* waits, and a signal ends it */
	RS_OFFCPU_DISK,      /* uninterruptible */
	RS_OFFCPU_IDLE,      /* a kernel thread that has nothing to do */
	RS_OFFCPU_STOPPED,   /* by a signal or a debugger */
	RS_OFFCPU_PREEMPTED, /* could run, and another was chosen */
	RS_OFFCPU_RUNQ,      /* was woken, and waited for a CPU */
	RS_OFFCPU_REASON_COUNT,
};

struct rs_offcpu_config {
	__u64 min, max;  /* ns of one wait that counts; max 0: no limit */
	__u32 reasons;   /* bits by enum rs_offcpu_reason */
	__u32 wakers;    /* who woke it, with stacks */
	__u32 until_now; /* a wait ends when the thread runs, not when it is woken */
	__u32 pad;
};

/* Value of rs_offcpu_waits: a thread that does not run; by its tid. */
struct rs_offcpu_wait {
	__u64 since; /* CLOCK_MONOTONIC ns */
	__u64 woken; /* 0: not yet, or nobody asked */
	struct rs_sample_key key;
};
