/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Part of latency.bpf.c: page faults, from their exception to when the kernel counts them as done, which it does for
 * perf's software events PAGE_FAULTS_MIN and PAGE_FAULTS_MAJ behind the work (mm_account_fault(), kernel commit bce617edecad,
 * 5.9). So no function needs to be hooked.
 */
#pragma once

#include "bpf/lib/latency.h"

struct fault_entry {
	__u64 began;
	__u64 address;
};

/* Programs of perf events need maps whose room is taken before (until 6.1). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set before load */
	__type(key, __u32);     /* thread */
	__type(value, struct fault_entry);
} rs_latency_faults SEC(".maps");

static __always_inline int fault_begin(__u64 address)
{
	struct fault_entry fresh = { .address = address }, *entry;
	__u32 tid = bpf_get_current_pid_tgid();

	if (!rs_target_current())
		return 0;
	fresh.began = bpf_ktime_get_ns();
	entry = bpf_map_lookup_elem(&rs_latency_faults, &tid);
	if (entry)
		*entry = fresh;
	else if (!latency_is_ending((void *)bpf_get_current_task()) &&
		 bpf_map_update_elem(&rs_latency_faults, &tid, &fresh, BPF_ANY))
		latency_lost(RS_LATENCY_LOST_STARTS);
	return 0;
}

SEC("raw_tp/page_fault_user") int rs_fault_user(struct rs_raw *ctx)
{
	return fault_begin(ctx->args[0]);
}

/* The kernel touches the process's memory. */
SEC("raw_tp/page_fault_kernel") int rs_fault_kernel(struct rs_raw *ctx)
{
	return fault_begin(ctx->args[0]);
}

static __always_inline int fault_end(void *ctx, __u32 what)
{
	struct rs_latency_key key = { .what = what };
	__u32 tid = bpf_get_current_pid_tgid();
	struct fault_entry *entry = bpf_map_lookup_elem(&rs_latency_faults, &tid);
	struct rs_latency_start start = {};
	struct rs_latency_outlier *o;
	struct rs_stack_pair pair;
	__u64 now, ns;

	if (!entry || !entry->began)
		return 0;
	now = bpf_ktime_get_ns();
	ns = now - entry->began;
	entry->began = 0;
	latency_key_current(&key);
	latency_add(&key, ns);
	if (!latency_is_slow(ns))
		return 0;
	o = latency_outlier(RS_LATENCY_FAULT, what, now, ns);
	if (!o)
		return 0;
	latency_start_current(&start);
	latency_outlier_who(o, &start);
	o->address = entry->address;
	rs_stacks_take(ctx, RS_STACKS_USER, 0, &pair);
	o->user = pair.user;
	bpf_ringbuf_submit(o, 0);
	return 0;
}

SEC("perf_event") int rs_fault_minor(void *ctx)
{
	return fault_end(ctx, RS_FAULT_MINOR);
}

SEC("perf_event") int rs_fault_major(void *ctx)
{
	return fault_end(ctx, RS_FAULT_MAJOR);
}

SEC("raw_tp/sched_process_exit") int rs_fault_exit(struct rs_raw *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&rs_latency_faults, &tid);
	return 0;
}
