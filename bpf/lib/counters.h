/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Counters for each CPU, by what or why: losses, mostly. User space adds them up (rs_tool_sum()).
 *
 *	RS_COUNTERS(RS_STACK_FAIL_COUNT) rs_stack_fails SEC(".maps");
 *	rs_counters_add(&rs_stack_fails, RS_STACK_FAIL_BUSY, 1);
 */
#pragma once

#include "bpf/lib/kernel.h"

#define RS_COUNTERS(n)                                                                             \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);                                           \
		__uint(max_entries, n);                                                            \
		__type(key, __u32);                                                                \
		__type(value, __u64);                                                              \
	}

/* Programs may interrupt each other on a CPU, and be preempted. */
static __always_inline void rs_counters_add(void *counters, __u32 what, __u64 n)
{
	__u64 *count = bpf_map_lookup_elem(counters, &what);

	if (count)
		__sync_fetch_and_add(count, n);
}
