/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Part of latency.bpf.c: how long threads that could run wait for a CPU. */
#pragma once

#include "bpf/lib/latency.h"

struct runq_entry {
	__u64 since; /* 0: it does not wait */
	__u32 kind;  /* RS_RUNQ_* */
	__u32 pad;
};

/* Entries stay until the thread ends. Room is taken before, for this runs where no memory can be asked for. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set before load */
	__type(key, __u32);     /* thread */
	__type(value, struct runq_entry);
} rs_latency_runq SEC(".maps");

static __always_inline void runq_begin(struct task_struct *task, __u32 kind)
{
	__u32 tid = BPF_CORE_READ(task, pid);
	struct runq_entry fresh = { .since = bpf_ktime_get_ns(), .kind = kind }, *entry;

	if (!rs_target_is(task, BPF_CORE_READ(task, tgid)))
		return;
	entry = bpf_map_lookup_elem(&rs_latency_runq, &tid);
	if (entry) {
		entry->kind = fresh.kind;
		entry->since = fresh.since;
	} else if (!latency_is_ending(task) &&
		   bpf_map_update_elem(&rs_latency_runq, &tid, &fresh, BPF_ANY)) {
		latency_lost(RS_LATENCY_LOST_STARTS);
	}
}

SEC("raw_tp/sched_wakeup") int rs_runq_wakeup(struct rs_raw *ctx)
{
	runq_begin((void *)ctx->args[0], RS_RUNQ_WOKEN);
	return 0;
}

SEC("raw_tp/sched_wakeup_new") int rs_runq_new(struct rs_raw *ctx)
{
	runq_begin((void *)ctx->args[0], RS_RUNQ_WOKEN);
	return 0;
}

static __always_inline void runq_tell(struct task_struct *task, struct task_struct *rival,
				      __u32 kind, __u64 now, __u64 ns)
{
	struct rs_latency_outlier *o;

	if (!latency_is_slow(ns))
		return;
	o = latency_outlier(RS_LATENCY_RUNQ, kind, now, ns);
	if (!o)
		return;
	o->pid = BPF_CORE_READ(task, tgid);
	o->tid = BPF_CORE_READ(task, pid);
	bpf_probe_read_kernel_str(o->comm, sizeof(o->comm), &task->comm);
	o->cgroup = rs_target_cgroup_of(task);
	o->rival_pid = BPF_CORE_READ(rival, tgid);
	bpf_probe_read_kernel_str(o->rival_comm, sizeof(o->rival_comm), &rival->comm);
	bpf_ringbuf_submit(o, 0);
}

static __always_inline void runq_end(struct task_struct *task, struct task_struct *rival,
				     struct runq_entry *entry)
{
	struct rs_latency_key key = { .what = entry->kind };
	__u64 now = bpf_ktime_get_ns(), ns = now - entry->since;
	char comm[16] = {};

	entry->since = 0;
	bpf_probe_read_kernel_str(comm, sizeof(comm), &task->comm);
	latency_key_who(&key, BPF_CORE_READ(task, tgid), BPF_CORE_READ(task, pid), comm,
			rs_target_cgroup_of(task));
	latency_add(&key, ns);
	runq_tell(task, rival, key.what, now, ns);
}

SEC("raw_tp/sched_switch") int rs_runq_switch(struct rs_raw *ctx)
{
	struct task_struct *prev = (void *)ctx->args[1], *next = (void *)ctx->args[2];
	__u32 tid = BPF_CORE_READ(next, pid);
	struct runq_entry *entry;

	if ((ctx->args[0] & 1) || !(rs_task_state(prev) & RS_TASK_STATES))
		runq_begin(prev, RS_RUNQ_PREEMPTED);
	entry = bpf_map_lookup_elem(&rs_latency_runq, &tid);
	if (entry && entry->since)
		runq_end(next, prev, entry);
	return 0;
}

SEC("raw_tp/sched_process_exit") int rs_runq_exit(struct rs_raw *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&rs_latency_runq, &tid);
	return 0;
}
