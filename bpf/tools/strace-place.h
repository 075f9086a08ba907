/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The maps of strace.bpf.c, the place of a thread, and the room in it. */
#pragma once

#include "bpf/abi/strace.h"
#include "bpf/lib/counters.h"
#include "bpf/lib/kernel.h"

const volatile struct rs_strace_config rs_strace_config;

/* Thread group of a command that is held back until we watch: shown from its execve on. 0: none. */
__u32 rs_strace_held;

struct rs_wake rs_strace_wake;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20); /* set before load */
} rs_strace_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
#ifdef RS_OLD
	__uint(max_entries, RS_STRACE_THREADS_OLD);
#else
	__uint(max_entries, RS_STRACE_THREADS);
#endif
	__uint(map_flags, RS_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct rs_strace_thread);
} rs_strace_threads SEC(".maps");

/* What a new place is made of. All zeroes; too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rs_strace_thread);
} rs_strace_blank SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RS_CALLS_MAX);
	__type(key, __u32);
	__type(value, struct rs_strace_row);
} rs_strace_rows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RS_STRACE_PATHS_MAX);
	__type(key, struct rs_strace_path);
	__type(value, __u32);
} rs_strace_paths SEC(".maps");

RS_COUNTERS(RS_STRACE_LOST_COUNT) rs_strace_lost SEC(".maps");

static __always_inline void lost(__u32 why)
{
	rs_counters_add(&rs_strace_lost, why, 1);
}

static __always_inline struct rs_strace_thread *place_of(__u32 tid)
{
	return bpf_map_lookup_elem(&rs_strace_threads, &tid);
}

static __always_inline struct rs_strace_thread *my_place(void)
{
	return place_of(bpf_get_current_pid_tgid());
}

static __always_inline struct rs_strace_thread *make_place(void)
{
	__u32 tid = bpf_get_current_pid_tgid(), zero = 0;
	struct rs_strace_thread *t = place_of(tid), *blank;

	if (t)
		return t;
	blank = bpf_map_lookup_elem(&rs_strace_blank, &zero);
	if (!blank || bpf_map_update_elem(&rs_strace_threads, &tid, blank, BPF_ANY))
		return NULL;
	return place_of(tid);
}

static __always_inline struct rs_strace_row *row_of(__u32 nr)
{
	return bpf_map_lookup_elem(&rs_strace_rows, &nr);
}

/* Where the next part goes: @off of t->parts; false where there is no room. */
static __always_inline bool part_room(struct rs_strace_thread *t, __u32 *ret_off)
{
	__u32 used = t->used;

	if (used > RS_STRACE_HALF - 64) {
		t->call.flags |= RS_STRACE_FULL;
		return false;
	}
	asm volatile("" : "+r"(used));
	*ret_off = used & (RS_STRACE_HALF - 1);
	return true;
}

static __always_inline void part_end(struct rs_strace_thread *t, __u32 off, __u32 len)
{
	t->used = (off + sizeof(struct rs_strace_part) + len + 7) & ~7u;
}

static __always_inline void part_head(struct rs_strace_thread *t, __u32 off, __u32 arg, __u32 kind,
				      __u32 flags, __u32 len)
{
	struct rs_strace_part *part = (void *)&t->parts[off & (RS_STRACE_HALF - 1)];

	part->arg = arg;
	part->kind = kind;
	part->flags = flags;
	part->len = len;
}

static __always_inline __u64 arg_of(const struct rs_strace_thread *t, __u32 i)
{
	asm volatile("" : "+r"(i));
	return i < 6 ? t->call.args[i] : 0;
}
