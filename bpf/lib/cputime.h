/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * CPU time to the microsecond. The scheduler adds up what a task has run when it is switched out and
 * at each tick; a process that lives for less than a tick would have cost nothing. What is missing
 * is the time since exec_start, which is told by the scheduler's clock, and programs cannot read
 * that one. But it runs at the speed of the monotonic clock, so per CPU we keep how far it is behind:
 * each look at a running task gives the distance plus the time since its exec_start, and the
 * smallest is the closest. The agent looks right after a switch, on each CPU, when it starts. As
 * the clocks drift apart and stolen time holds the scheduler's back, the distance may grow slowly.
 */
#pragma once

#include "bpf/lib/kernel.h"

struct rs_distance {
	__u64 distance; /* ns; 0: not known yet */
	__u64 at;       /* ns, CLOCK_MONOTONIC */
};

struct rs_distance_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rs_distance);
};

#ifdef RS_DEFINE
struct rs_distance_map rs_distance SEC(".maps");
#else
extern struct rs_distance_map rs_distance SEC(".maps");
#endif

#define RS_TICK_NS     10000000ull /* no task runs longer without being looked at: HZ is 100 or more */
#define RS_DRIFT_SHIFT 14          /* 61 ppm: more than clocks drift */

/* ns that the current task @task has run and the scheduler has not added up yet. */
static __always_inline __u64 rs_unaccounted(struct task_struct *task)
{
	__u64 now = bpf_ktime_get_ns(), seen = now - BPF_CORE_READ(task, se.exec_start), known;
	__u32 zero = 0;
	struct rs_distance *d = bpf_map_lookup_elem(&rs_distance, &zero);

	if (!d)
		return 0;
	known = d->distance + ((now - d->at) >> RS_DRIFT_SHIFT);
	/* as signed numbers: on a machine that has slept, the distance is negative */
	if (!d->at || (__s64)(seen - known) < 0)
		known = seen;
	d->distance = known;
	d->at = now;
	return seen - known < RS_TICK_NS ? seen - known : RS_TICK_NS;
}
