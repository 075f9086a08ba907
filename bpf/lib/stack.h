/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stacks, kept once each in rs_stacks under a hash of what they are. Included by one file of an object.
 *
 * The kernel's part is the kernel's own work. User code is walked with tables (unwind.h) where src/profile/stacks.c has
 * put any into the maps, and else by frame pointers.
 */
#pragma once

#include "bpf/lib/counters.h"
#include "bpf/lib/stack-slots.h"

#if defined(__TARGET_ARCH_x86)
#include "bpf/lib/unwind.h"
#else
/* Distributions keep frame pointers there. */
static __always_inline bool rs_unwind_user(struct rs_stack_scratch *s)
{
	return false;
}

static __always_inline bool rs_unwind_on(void)
{
	return false;
}
#endif

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384); /* set before load */
	__uint(map_flags, RS_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct rs_stack);
} rs_stacks SEC(".maps");

/* enum rs_stack_fail -> times. */
RS_COUNTERS(RS_STACK_FAIL_COUNT) rs_stack_fails SEC(".maps");

static __always_inline void rs_stack_failed(__u32 what)
{
	rs_counters_add(&rs_stack_fails, what, 1);
}

/* A slot of this CPU that nobody holds; NULL: all are held. To be given back with rs_stack_release(). */
static __always_inline struct rs_stack_scratch *rs_stack_hold(void)
{
	for (__u32 i = 0; i < RS_STACK_SLOTS; i++) {
		__u32 slot = i;
		struct rs_stack_scratch *s = bpf_map_lookup_elem(&rs_stack_slots, &slot);

		if (!s || !rs_take(&s->busy))
			continue;
		s->slot = i;
		return s;
	}
	rs_stack_failed(RS_STACK_FAIL_BUSY);
	return 0;
}

static __always_inline void rs_stack_release(struct rs_stack_scratch *s)
{
	s->busy = 0;
}

static __always_inline __u64 rs_stack_hash(const struct rs_stack *stack)
{
	__u64 h = 0x9e3779b97f4a7c15ull ^ stack->n ^ (__u64)stack->flags << 32;

	for (__u32 i = 0; i < RS_STACK_DEPTH && i < stack->n; i++) {
		h = (h ^ stack->ips[i]) * 0xff51afd7ed558ccdull;
		h ^= h >> 32;
	}
	return h > RS_STACK_LOST ? h : ~h;
}

/* Puts the stack into the map; its key, RS_STACK_LOST where there is no room. */
static __always_inline __u64 rs_stack_keep(const struct rs_stack *stack)
{
	__u64 key = rs_stack_hash(stack);

	if (bpf_map_lookup_elem(&rs_stacks, &key))
		return key;
	if (bpf_map_update_elem(&rs_stacks, &key, stack, BPF_NOEXIST) &&
	    !bpf_map_lookup_elem(&rs_stacks, &key)) {
		rs_stack_failed(RS_STACK_FAIL_FULL);
		return RS_STACK_LOST;
	}
	return key;
}

/* What the kernel finds. Its key; 0: there is none. */
static __always_inline __u64 rs_stack_get(void *ctx, struct rs_stack *stack, __u64 flags,
					  __u32 stack_flags)
{
	long bytes = bpf_get_stack(ctx, stack->ips, sizeof(stack->ips), flags);

	if (bytes <= 0) {
		if (bytes &&
		    bytes != -14) /* EFAULT: a kernel thread has no user stack; 0: user code ran */
			rs_stack_failed(RS_STACK_FAIL_READ);
		return 0;
	}
	stack->n = (__u32)bytes / sizeof(__u64);
	stack->flags = stack->n == RS_STACK_DEPTH ? RS_STACK_CUT : stack_flags;
	return rs_stack_keep(stack);
}

/* One that ends has no memory any more, and so no user stack. */
static __always_inline __u64 rs_stack_user(void *ctx, struct rs_stack_scratch *s)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 key;

	if (BPF_CORE_READ(task, flags) & (PF_KTHREAD | PF_IO_WORKER) || !BPF_CORE_READ(task, mm))
		return 0;
	if (rs_unwind_user(s))
		key = s->stack.n ? rs_stack_keep(&s->stack) : 0;
	else
		key = rs_stack_get(ctx, &s->stack, BPF_F_USER_STACK,
				   rs_unwind_on() ? RS_STACK_BROKEN : 0);
	if (key && (s->stack.flags & RS_STACK_BROKEN))
		rs_stack_failed(RS_STACK_FAIL_BROKEN);
	return key;
}

enum {
	RS_STACKS_KERNEL = 1 << 0,
	RS_STACKS_USER = 1 << 1,
};

/* Takes the stacks (@which) of the task that runs. @skip: frames of the kernel's that are left out. */
static __always_inline void rs_stacks_take(void *ctx, __u32 which, __u32 skip,
					   struct rs_stack_pair *ret)
{
	struct rs_stack_scratch *s = rs_stack_hold();

	ret->kernel = which & RS_STACKS_KERNEL ? RS_STACK_LOST : 0;
	ret->user = which & RS_STACKS_USER ? RS_STACK_LOST : 0;
	if (!s)
		return;
	if (which & RS_STACKS_KERNEL)
		ret->kernel = rs_stack_get(ctx, &s->stack, skip & BPF_F_SKIP_FIELD_MASK, 0);
	if (which & RS_STACKS_USER)
		ret->user = rs_stack_user(ctx, s);
	rs_stack_release(s);
}
