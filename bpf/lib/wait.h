/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What threads do while something that we measure lasts: how long they are blocked, by what, and who wakes them. A thread has
 * an entry from its first call on; entries of threads that are in none cost one lookup at each change of threads. Included by
 * one file of an object, behind bpf/lib/stack.h.
 */
#pragma once

#include "bpf/abi/latency.h"
#include "bpf/lib/disk.h"
#include "bpf/lib/stack.h"

struct task_struct___wait {
	unsigned int __state; /* 5.14 */
	unsigned in_iowait : 1;
} __core;

struct task_struct___old_state {
	volatile long state;
} __core;

#define RS_TASK_UNINTERRUPTIBLE 2
#define RS_TASK_STATES          0xff

/* The wait that lasts and the longest one before take turns in `waits`. */
struct rs_wait {
	__u64 began; /* of what is measured; 0: nothing is */
	__u64 off;   /* left the CPU; 0: it runs */
	__u64 woken; /* 0: not yet */
	__u64 sums[RS_WAIT_COUNT];
	__u32 switches;
	__u32 longest; /* index of `waits`, whose ns may be 0 */
	__u32 n_io;
	__u32 flags;          /* RS_LATENCY_LOCKS */
	struct rs_wait_io io; /* the first that it issued */
	struct rs_wait_one waits[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set before load */
	__uint(map_flags, RS_NO_PREALLOC);
	__type(key, __u32); /* thread */
	__type(value, struct rs_wait);
} rs_waits SEC(".maps");

/* What ended last on each CPU, and during which thread: it wakes those who wait for it right then. */
struct rs_wait_done {
	struct rs_wait_io io;
	__u64 at;
	__u64 thread;
};
#define RS_WAIT_DONE_NS 10000000ull

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rs_wait_done);
} rs_wait_done SEC(".maps");

/* A wait this long, of what is told of from @rs_wait_slow on, may matter: its stacks are worth their price. */
const volatile __u64 rs_wait_slow;
const volatile __u32 rs_wait_arg_bio, rs_wait_arg_done;

static const struct rs_wait rs_no_wait;

/* The entry of the thread that runs; NULL: no room. */
static __always_inline struct rs_wait *rs_wait_of_current(void)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct rs_wait *wait = bpf_map_lookup_elem(&rs_waits, &tid);

	if (wait)
		return wait;
	bpf_map_update_elem(&rs_waits, &tid, &rs_no_wait, BPF_NOEXIST);
	return bpf_map_lookup_elem(&rs_waits, &tid);
}

static __always_inline void rs_wait_begin(struct rs_wait *wait, __u64 now, __u32 flags)
{
	__builtin_memset(wait->sums, 0, sizeof(wait->sums));
	wait->off = wait->woken = 0;
	wait->switches = wait->longest = wait->n_io = 0;
	wait->flags = flags;
	wait->io.dev = 0;
	wait->waits[0].ns = 0;
	wait->began = now;
}

static __always_inline long rs_task_state(struct task_struct *task)
{
	struct task_struct___old_state *old = (void *)task;
	struct task_struct___wait *new = (void *)task;

	if (bpf_core_field_exists(old->state))
		return BPF_CORE_READ(old, state);
	return BPF_CORE_READ(new, __state);
}

static __always_inline __u32 rs_wait_how(struct task_struct *task, bool preempted)
{
	struct task_struct___wait *new = (void *)task;
	long state = rs_task_state(task) & RS_TASK_STATES;

	if (preempted || !state)
		return RS_WAIT_PREEMPTED;
	if (BPF_CORE_READ_BITFIELD_PROBED(new, in_iowait))
		return RS_WAIT_IO;
	return state & RS_TASK_UNINTERRUPTIBLE ? RS_WAIT_HARD : RS_WAIT_SOFT;
}

/* The one that lasts. */
static __always_inline struct rs_wait_one *rs_wait_now(struct rs_wait *wait)
{
	__u32 i = wait->longest ^ 1;

	asm volatile("" : "+r"(i));
	return &wait->waits[i & 1];
}

static __always_inline __u32 rs_wait_stack(void *ctx, __u64 *ips)
{
	long bytes = bpf_get_stack(ctx, ips, RS_WAIT_DEPTH * sizeof(*ips), 0);

	return bytes > 0 ? (__u32)bytes / sizeof(*ips) : 0;
}

static __always_inline void rs_wait_leave(void *ctx, struct rs_wait *wait, struct task_struct *task,
					  bool preempted)
{
	struct rs_wait_one *one = rs_wait_now(wait);

	wait->off = bpf_ktime_get_ns();
	wait->switches++;
	one->how = rs_wait_how(task, preempted);
	one->waker_pid = one->waker_tid = 0;
	one->waker_user = 0;
	one->n_ips = one->n_waker_ips = 0;
	one->io.dev = 0;
	wait->woken = one->how == RS_WAIT_PREEMPTED ? wait->off : 0;
	if (!wait->woken)
		one->n_ips = rs_wait_stack(ctx, one->ips);
}

static __always_inline void rs_wait_add(struct rs_wait *wait, __u32 how, __u64 ns)
{
	asm volatile("" : "+r"(how));
	if (how < RS_WAIT_COUNT)
		wait->sums[how] += ns;
}

static __always_inline void rs_wait_return(struct rs_wait *wait)
{
	struct rs_wait_one *one = rs_wait_now(wait);
	__u32 longest = wait->longest & 1;
	__u64 now = bpf_ktime_get_ns(), woken = wait->woken ? wait->woken : now;

	asm volatile("" : "+r"(longest));
	if (one->how == RS_WAIT_PREEMPTED) {
		rs_wait_add(wait, RS_WAIT_PREEMPTED, now - wait->off);
		woken = now;
	} else {
		rs_wait_add(wait, one->how, woken - wait->off);
		rs_wait_add(wait, RS_WAIT_WOKEN, now - woken);
	}
	one->ns = woken - wait->off;
	if (one->ns > wait->waits[longest].ns)
		wait->longest = longest ^ 1;
	wait->off = 0;
}

SEC("raw_tp/sched_switch") int rs_wait_switch(struct rs_raw *ctx)
{
	struct task_struct *prev = (void *)ctx->args[1], *next = (void *)ctx->args[2];
	__u32 tid = bpf_get_current_pid_tgid();
	struct rs_wait *wait = bpf_map_lookup_elem(&rs_waits, &tid);

	if (wait && wait->began)
		rs_wait_leave(ctx, wait, prev, ctx->args[0] & 1);
	tid = BPF_CORE_READ(next, pid);
	wait = bpf_map_lookup_elem(&rs_waits, &tid);
	if (wait && wait->began && wait->off)
		rs_wait_return(wait);
	return 0;
}

/* What has just ended here, if it can be that. */
static __always_inline void rs_wait_blame(struct rs_wait_one *one, __u64 now)
{
	__u32 zero = 0;
	struct rs_wait_done *done = bpf_map_lookup_elem(&rs_wait_done, &zero);

	if (one->how == RS_WAIT_SOFT || !done || now - done->at > RS_WAIT_DONE_NS ||
	    done->thread != bpf_get_current_pid_tgid())
		return;
	one->io = done->io;
}

static __always_inline void rs_wait_waker(void *ctx, struct rs_wait *wait, __u64 now)
{
	struct rs_wait_one *one = rs_wait_now(wait);
	__u64 ids = bpf_get_current_pid_tgid();
	struct rs_stack_pair pair;

	one->waker_pid = ids >> 32;
	one->waker_tid = ids;
	bpf_get_current_comm(one->waker_comm, sizeof(one->waker_comm));
	rs_wait_blame(one, now);
	if (now - wait->off < rs_wait_slow / 16)
		return;
	one->n_waker_ips = rs_wait_stack(ctx, one->waker_ips);
	if (!(wait->flags & RS_LATENCY_LOCKS) || !one->waker_pid)
		return;
	rs_stacks_take(ctx, RS_STACKS_USER, 0, &pair);
	one->waker_user = pair.user;
}

SEC("raw_tp/sched_waking") int rs_wait_waking(struct rs_raw *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	__u32 tid = BPF_CORE_READ(task, pid);
	struct rs_wait *wait = bpf_map_lookup_elem(&rs_waits, &tid);
	__u64 now;

	if (!wait || !wait->began || !wait->off || wait->woken)
		return 0;
	now = bpf_ktime_get_ns();
	rs_wait_waker(ctx, wait, now);
	wait->woken = now;
	return 0;
}

/* A thread hands a block I/O to the kernel. */
SEC("raw_tp/block_bio_queue") int rs_wait_bio(struct rs_raw *ctx)
{
	struct bio *bio = rs_arg_at(ctx, rs_wait_arg_bio);
	__u32 tid = bpf_get_current_pid_tgid();
	struct rs_wait *wait = bpf_map_lookup_elem(&rs_waits, &tid);

	if (!wait || !wait->began)
		return 0;
	/* What a device mapper makes of it is sent by the same thread: the first is what was asked for. */
	if (!wait->n_io++)
		rs_bio_describe(bio, &wait->io);
	return 0;
}

static __always_inline struct rs_wait_done *rs_wait_ended(void)
{
	__u32 zero = 0;
	struct rs_wait_done *done = bpf_map_lookup_elem(&rs_wait_done, &zero);

	if (done) {
		done->at = bpf_ktime_get_ns();
		done->thread = bpf_get_current_pid_tgid();
	}
	return done;
}

SEC("raw_tp/block_rq_complete") int rs_wait_request_done(struct rs_raw *ctx)
{
	struct request *rq = (void *)ctx->args[0];
	struct rs_wait_done *done = rs_wait_ended();
	__u64 began;

	if (!done)
		return 0;
	rs_request_describe(rq, &done->io);
	began = BPF_CORE_READ(rq, start_time_ns);
	done->io.ns = began && began < done->at ? done->at - began : 0;
	return 0;
}

/* Of devices without requests: the bio that a thread gave to a device mapper, for one. */
SEC("raw_tp/block_bio_complete") int rs_wait_bio_done(struct rs_raw *ctx)
{
	struct bio *bio = rs_arg_at(ctx, rs_wait_arg_done);
	struct rs_wait_done *done;

	if (rs_disk_has_queue(rs_bio_disk(bio)))
		return 0;
	done = rs_wait_ended();
	if (!done)
		return 0;
	rs_bio_describe(bio, &done->io);
	done->io.ns = 0;
	return 0;
}
