/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Making records: hold a lane, fill the header, append fields, hand it over. Short records without
 * fields are built in the ring buffer itself (RS_RESERVE), those with fields in the lane's scratch
 * and copied once, so that the ring buffer carries only the bytes used.
 *
 * Every event that passes the filters is counted as generated before anything can fail.
 */
#pragma once

#include "bpf/lib/cgroup.h"
#include "bpf/lib/wake.h"

struct rs_held {
	struct rs_lane *lane;
	__u32 slot; /* 0 .. RS_LANES - 1 */
	__u32 cpu;
};

/* A kind as an index whose bound the verifier sees. */
static __always_inline __u32 rs_kind_index(__u32 kind)
{
	asm volatile("" : "+r"(kind));
	return kind & (RS_KIND_MAX - 1);
}

static __always_inline struct rs_lane *rs_lane(__u32 cpu, __u32 slot)
{
	__u32 key = cpu * RS_LANE_SLOTS + slot;

	return bpf_map_lookup_elem(&rs_lanes, &key);
}

/*
 * Takes a free lane of this CPU. Everybody who may compete for it runs on this CPU, one at a time,
 * so that adding one and looking whether it became one decides: two cannot both see one. Plain
 * atomic additions are all that 5.10 has. May fail without need when two interleave; there are
 * more lanes.
 */
static __always_inline bool rs_hold(struct rs_held *held, __u32 kind)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct rs_lane *lane;

	for (__u32 slot = 0; slot < RS_LANES; slot++) {
		lane = rs_lane(cpu, slot);
		if (!lane) { /* a CPU that came later than we counted */
			cpu = 0;
			break;
		}
		__sync_fetch_and_add(&lane->busy, 1);
		if (*(volatile __u64 *)&lane->busy == 1) {
			held->lane = lane;
			/* read, not known: or the verifier looks at all that follows once a lane */
			held->slot = *(volatile __u64 *)&lane->slot;
			held->cpu = cpu;
			return true;
		}
		__sync_fetch_and_add(&lane->busy, -1);
	}
	lane = rs_lane(cpu, RS_LANE_SHARED);
	if (lane) {
		kind = rs_kind_index(kind);
		__sync_fetch_and_add(&lane->generated[kind], 1);
		__sync_fetch_and_add(&lane->lost[RS_LOSS_LANE][kind], 1);
	}
	return false;
}

static __always_inline void rs_release(struct rs_held *held)
{
	__sync_fetch_and_add(&held->lane->busy, -1);
}

/* Wake the consumer, or leave it to its timer: see struct rs_wake. */
static __always_inline __u64 rs_wake_flags(void)
{
	return rs_wake_for(&rs_ring, &rs_wake);
}

static __always_inline void rs_count_lost(struct rs_held *held, __u32 kind)
{
	held->lane->lost[RS_LOSS_RING][rs_kind_index(kind)]++;
}

static __always_inline void rs_count_generated(struct rs_held *held, __u32 kind)
{
	held->lane->seq++;
	held->lane->generated[rs_kind_index(kind)]++;
}

/*
 * What nobody asked for has no place in the sequence that people see: its own tells the agent of losses.
 * To be called once the event was counted; rs_head_flags() then fills the header.
 */
static __always_inline void rs_leave_sequence(struct rs_held *held, int flags)
{
	if (flags & RS_HDR_IDENTITY) {
		held->lane->seq--;
		held->lane->identity++;
	}
}

static __always_inline void rs_head_flags(struct rs_hdr *hdr, struct rs_held *held, int flags)
{
	hdr->flags = flags;
	if (flags & RS_HDR_IDENTITY)
		hdr->seq = held->lane->identity;
}

/* Who: identity of @task's process, as far as the helpers do not give it. */
static __always_inline void rs_head_task(struct rs_hdr *hdr, struct task_struct *task)
{
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);

	hdr->ppid = BPF_CORE_READ(parent, tgid);
	hdr->start = BPF_CORE_READ(task, group_leader, start_boottime);
	hdr->pstart = BPF_CORE_READ(parent, group_leader, start_boottime);
}

/* What and when. */
static __always_inline void rs_head_event(struct rs_hdr *hdr, struct rs_held *held, __u32 kind,
					  __u32 hook, __u32 size)
{
	hdr->kind = kind;
	hdr->hook = hook;
	hdr->flags = 0;
	hdr->size = size;
	hdr->seq = held->lane->seq;
	hdr->time = bpf_ktime_get_boot_ns();
	hdr->cpu = held->cpu;
	hdr->lane = held->slot;
	hdr->pad = 0;
}

/* Who: the current task. */
static __always_inline void rs_head_self(struct rs_hdr *hdr)
{
	__u64 ids = bpf_get_current_pid_tgid();
	__u64 owner = bpf_get_current_uid_gid();

	hdr->pid = ids >> 32;
	hdr->tid = ids;
	hdr->uid = owner;
	hdr->gid = owner >> 32;
	hdr->cgroup = rs_cgroup_id();
	bpf_get_current_comm(hdr->comm, sizeof(hdr->comm));
	rs_head_task(hdr, (void *)bpf_get_current_task());
}

/* The whole header for something that the current task does. */
static __always_inline void rs_head(struct rs_hdr *hdr, struct rs_held *held, __u32 kind,
				    __u32 hook, __u32 size, int nr, long ret)
{
	rs_head_event(hdr, held, kind, hook, size);
	rs_head_self(hdr);
	hdr->nr = nr;
	hdr->ret = ret;
}

/*
 * Reserves a record of fixed size in the ring buffer and counts it; NULL when it is lost.
 * Ends with rs_submit().
 */
#define RS_RESERVE(held, kind, type)                                                               \
	({                                                                                         \
		rs_count_generated(held, kind);                                                    \
		(held)->lane->bytes += sizeof(type);                                               \
		type *rec_ = bpf_ringbuf_reserve(&rs_ring, sizeof(type), 0);                       \
		if (!rec_)                                                                         \
			rs_count_lost(held, kind);                                                 \
		rec_;                                                                              \
	})

static __always_inline void rs_submit(void *record)
{
	bpf_ringbuf_submit(record, rs_wake_flags());
}

/* The scratch of the lane; `used` starts after the fixed struct. */
static __always_inline struct rs_scratch *rs_scratch_of(__u32 slot, __u32 fixed)
{
	struct rs_scratch *s = bpf_map_lookup_elem(&rs_scratch, &slot);

	if (s) {
		s->slot = slot;
		s->kernel = 0;
		s->used = fixed;
	}
	return s;
}

/* Where the next field's bytes go; NULL when there is no room. */
static __always_inline __u8 *rs_field_room(struct rs_scratch *s, __u32 *off)
{
	__u32 used = s->used;

	if (used > RS_RECORD_HALF - 8) {
		rs_failed(RS_FAIL_FIELD_FULL);
		return NULL;
	}
	asm volatile("" : "+r"(used));
	used &= RS_RECORD_HALF - 1;
	*off = used;
	return &s->record[used];
}

/* Closes the field begun at @at, of @len bytes. */
static __always_inline void rs_field_end(struct rs_scratch *s, __u8 *at, __u32 off, __u32 tag,
					 __u32 flags, __u32 len)
{
	struct rs_record_field *field = (void *)at;

	field->tag = tag;
	field->flags = flags;
	field->len = len;
	s->used = (off + sizeof(*field) + len + 3) & ~3u;
}

/*
 * Functions of their own (core.bpf.c): verified once, however often they are called. What they work
 * on comes through the scratch of lane @slot. They return 0.
 */
int rs_put_walk(__u32 slot, __u32 tag);
int rs_put_str(__u32 slot, __u32 tag);

/* Appends the path that rs_walk() left in the scratch. */
static __always_inline void rs_field_walk(struct rs_scratch *s, __u32 tag)
{
	rs_put_walk(s->slot, tag);
}

/* Appends a string of the process's memory; what cannot be read is an empty field with a flag. */
static __always_inline void rs_field_user_str(struct rs_scratch *s, __u32 tag, const void *str)
{
	s->str = (__u64)str;
	rs_put_str(s->slot, tag);
}

/* The same from kernel memory, which nobody changes meanwhile. */
static __always_inline void rs_field_kernel_str(struct rs_scratch *s, __u32 tag, const void *str,
						__u32 flags)
{
	__u32 off;
	__u8 *at = rs_field_room(s, &off);
	long n;

	if (!at)
		return;
	n = bpf_probe_read_kernel_str(at + sizeof(struct rs_record_field), RS_PATH_MAX, str);
	if (n > 0)
		rs_field_end(s, at, off, tag, flags, (n - 1) & (RS_PATH_MAX - 1));
}

static __always_inline void rs_output_flags(struct rs_held *held, struct rs_scratch *s, __u64 flags)
{
	struct rs_hdr *hdr = (void *)s->record;
	__u32 size = s->used;

	if (size > sizeof(s->record))
		size = sizeof(s->record);
	hdr->size = size;
	held->lane->bytes += size;
	if (bpf_ringbuf_output(&rs_ring, s->record, size, flags))
		rs_count_lost(held, hdr->kind);
}

/* Hands over the record in the scratch, whose header is filled but for the size. */
static __always_inline void rs_output(struct rs_held *held, struct rs_scratch *s)
{
	rs_output_flags(held, s, rs_wake_flags());
}

/* The same for what the consumer is to see at once, busy or not. */
static __always_inline void rs_output_now(struct rs_held *held, struct rs_scratch *s)
{
	rs_wake.armed = 0;
	rs_output_flags(held, s, BPF_RB_FORCE_WAKEUP);
}
