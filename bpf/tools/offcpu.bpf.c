/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Time that threads do not run: the stacks are taken when a thread is switched out, the time is counted when it is
 * switched in again.
 */
#include "bpf/abi/offcpu.h"
#include "bpf/lib/sample.h"
#include "bpf/lib/target.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile struct rs_offcpu_config rs_offcpu_config;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set before load */
	__uint(map_flags, RS_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct rs_offcpu_wait);
} rs_offcpu_waits SEC(".maps");

/* include/linux/sched.h: the same numbers from 5.10 to 7.2. */
#define TASK_INTERRUPTIBLE   0x0001
#define TASK_UNINTERRUPTIBLE 0x0002
#define TASK_STOPPED_TRACED  0x000c
#define TASK_PARKED          0x0040
#define TASK_DEAD            0x0080
#define TASK_NOLOAD          0x0400

/* `state` until 5.14 (kernel commit 2f064a59a11f). */
struct task_struct___state {
	long state;
} __core;

struct task_struct___now {
	unsigned int __state;
} __core;

static __always_inline __u32 state_of(struct task_struct *task)
{
	struct task_struct___now *now = (void *)task;
	struct task_struct___state *before = (void *)task;
	__u32 state = 0;

	if (bpf_core_field_exists(now->__state))
		bpf_core_read(&state, sizeof(state), &now->__state);
	else
		bpf_core_read(&state, sizeof(state), &before->state);
	return state;
}

/* Negative: it will not come back. One that was woken meanwhile has a state of its own: it slept. */
static __always_inline int reason_of(struct task_struct *prev, bool preempted)
{
	__u32 state = state_of(prev);

	if (state & TASK_DEAD)
		return -1;
	if (preempted || !state)
		return RS_OFFCPU_PREEMPTED;
	if (state & (TASK_PARKED | TASK_NOLOAD))
		return RS_OFFCPU_IDLE;
	if (state & TASK_UNINTERRUPTIBLE)
		return RS_OFFCPU_DISK;
	if (state & TASK_STOPPED_TRACED)
		return RS_OFFCPU_STOPPED;
	return RS_OFFCPU_SLEEP;
}

static __always_inline bool is_wanted(int reason)
{
	return rs_offcpu_config.reasons & (1u << (reason & 31));
}

static __always_inline void leave(void *ctx, struct task_struct *task, bool preempted, __u64 now)
{
	__u32 tgid = BPF_CORE_READ(task, tgid), tid = BPF_CORE_READ(task, pid);
	struct rs_offcpu_wait wait = {};
	int reason;

	if (!rs_target_is(task, tgid))
		return;
	reason = reason_of(task, preempted);
	/* Of what waits for a CPU only after it was woken, the wait before is not wanted. */
	if (reason < 0 || (!is_wanted(reason) && !is_wanted(RS_OFFCPU_RUNQ)) ||
	    (reason == RS_OFFCPU_PREEMPTED && !is_wanted(reason)))
		return;
	wait.since = now;
	wait.key.reason = reason;
	rs_sample_who(task, tgid, &wait.key);
	rs_stacks_take(ctx, rs_sample_stacks(), 0, &wait.key.stack);
	if (bpf_map_update_elem(&rs_offcpu_waits, &tid, &wait, BPF_ANY))
		rs_sample_count(RS_SAMPLE_LOST_WAITS);
}

static __always_inline void add(struct rs_sample_key *key, __u64 ns)
{
	if (!is_wanted(key->reason) || ns < rs_offcpu_config.min ||
	    (rs_offcpu_config.max && ns > rs_offcpu_config.max))
		return;
	rs_sample_add(key, ns);
}

static __always_inline void come_back(struct task_struct *task, __u64 now)
{
	__u32 tid = BPF_CORE_READ(task, pid);
	struct rs_offcpu_wait *wait = tid ? bpf_map_lookup_elem(&rs_offcpu_waits, &tid) : 0;
	__u64 woken;

	if (!wait)
		return;
	woken = wait->woken;
	add(&wait->key, (woken && !rs_offcpu_config.until_now ? woken : now) - wait->since);
	if (woken && !rs_offcpu_config.until_now) {
		wait->key.reason = RS_OFFCPU_RUNQ;
		add(&wait->key, now - woken);
	}
	bpf_map_delete_elem(&rs_offcpu_waits, &tid);
}

SEC("raw_tp/sched_switch") int rs_offcpu_switch(struct rs_raw *ctx)
{
	struct task_struct *prev = (void *)ctx->args[1], *next = (void *)ctx->args[2];
	__u64 now = bpf_ktime_get_ns();

	come_back(next, now);
	leave(ctx, prev, ctx->args[0] & 0xff, now);
	return 0;
}

/* Runs where the waker does. Left out where nobody asks. */
SEC("raw_tp/sched_waking") int rs_offcpu_waking(struct rs_raw *ctx)
{
	struct task_struct *task = (void *)ctx->args[0], *waker;
	__u32 tid = BPF_CORE_READ(task, pid);
	struct rs_offcpu_wait *wait = bpf_map_lookup_elem(&rs_offcpu_waits, &tid);
	struct rs_stack_pair stack = {};

	if (!wait || wait->woken || wait->key.reason == RS_OFFCPU_PREEMPTED)
		return 0;
	if (rs_offcpu_config.wakers) {
		waker = (void *)bpf_get_current_task();
		waker = BPF_CORE_READ(waker, group_leader);
		rs_stacks_take(ctx, rs_sample_stacks(), 0, &stack);
		wait->key.waker = stack;
		wait->key.waker_tgid = bpf_get_current_pid_tgid() >> 32;
		bpf_probe_read_kernel_str(wait->key.waker_process, sizeof(wait->key.waker_process),
					  &waker->comm);
	}
	wait->woken = bpf_ktime_get_ns();
	return 0;
}

/* A thread that ends does not come back; where its last switch was missed, its number may come back as another's. */
SEC("raw_tp/sched_process_exit") int rs_offcpu_exit(struct rs_raw *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	__u32 tid = BPF_CORE_READ(task, pid);

	bpf_map_delete_elem(&rs_offcpu_waits, &tid);
	return 0;
}
