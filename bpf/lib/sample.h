/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counting stacks in the kernel. Included by one file of an object, beside bpf/lib/target.h. */
#pragma once

#include "bpf/abi/sample.h"
#include "bpf/lib/cgroups.h"
#include "bpf/lib/counters.h"
#include "bpf/lib/stack.h"

const volatile struct rs_sample_config rs_sample_config;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set before load */
	__uint(map_flags, RS_NO_PREALLOC);
	__type(key, struct rs_sample_key);
	__type(value, struct rs_sample);
} rs_samples SEC(".maps");

/* Processes that were seen lately. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u32);
	__type(value, __u32);
} rs_sample_pids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RS_SAMPLE_NOTES_BYTES);
} rs_sample_notes SEC(".maps");

RS_COUNTERS(RS_SAMPLE_COUNT_COUNT) rs_sample_counts SEC(".maps");

static __always_inline void rs_sample_count(__u32 what)
{
	rs_counters_add(&rs_sample_counts, what, 1);
}

/* Who it is, but for stacks and reason; @key is all zeros. */
static __always_inline void rs_sample_who(struct task_struct *task, __u32 tgid,
					  struct rs_sample_key *key)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct cgroup *cgroup = rs_cgroup_in(task, rs_sample_config.cgroup_v1);

	key->tgid = tgid;
	key->cgroup = BPF_CORE_READ(cgroup, kn, id);
	bpf_probe_read_kernel_str(key->process, sizeof(key->process), &leader->comm);
	if (rs_sample_config.flags & RS_SAMPLE_THREADS) {
		key->tid = BPF_CORE_READ(task, pid);
		bpf_probe_read_kernel_str(key->thread, sizeof(key->thread), &task->comm);
	}
}

/* Which stacks are wanted, for rs_stacks_take(). */
static __always_inline __u32 rs_sample_stacks(void)
{
	return (rs_sample_config.flags & RS_SAMPLE_KERNEL ? RS_STACKS_KERNEL : 0) |
	       (rs_sample_config.flags & RS_SAMPLE_USER ? RS_STACKS_USER : 0);
}

/* A process that was not seen lately may not live long: user space is woken at once. Others are looked at now and
 * then. */
static __always_inline void rs_sample_tell(__u32 tgid, __u64 user)
{
	struct rs_sample_note note = { .tgid = tgid, .user = user };
	bool known = bpf_map_lookup_elem(&rs_sample_pids, &tgid) != 0;
	__u32 one = 1;

	if (!known)
		bpf_map_update_elem(&rs_sample_pids, &tgid, &one, BPF_ANY);
	if (bpf_ringbuf_output(&rs_sample_notes, &note, sizeof(note),
			       known ? BPF_RB_NO_WAKEUP : BPF_RB_FORCE_WAKEUP))
		rs_sample_count(RS_SAMPLE_LOST_NOTES);
}

static __always_inline void rs_sample_add(struct rs_sample_key *key, __u64 sum)
{
	struct rs_sample *sample = bpf_map_lookup_elem(&rs_samples, key);
	struct rs_sample first = { .count = 1, .sum = sum };

	rs_sample_count(RS_SAMPLE_TAKEN);
	if (!sample) {
		if (!bpf_map_update_elem(&rs_samples, key, &first, BPF_NOEXIST)) {
			if (key->stack.user > RS_STACK_LOST)
				rs_sample_tell(key->tgid, key->stack.user);
			return;
		}
		/* Another CPU was faster, or there is no room. */
		sample = bpf_map_lookup_elem(&rs_samples, key);
	}
	if (!sample) {
		rs_sample_count(RS_SAMPLE_LOST_FULL);
		return;
	}
	__sync_fetch_and_add(&sample->count, 1);
	__sync_fetch_and_add(&sample->sum, sum);
}
