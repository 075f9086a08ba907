/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Part of latency.bpf.c: block I/O, in the queue and in the device. */
#pragma once

#include "bpf/lib/latency.h"

/* The first who is seen with it: at the end there is an interrupt. */
static __always_inline bool block_first_seen(__u64 what, __u64 began, struct rs_wait_io *io)
{
	struct rs_latency_start start = {};

	if (!rs_target_current())
		return false;
	latency_start_current(&start);
	start.began = began;
	start.io = *io;
	if (bpf_map_update_elem(&rs_latency_starts, &what, &start, BPF_ANY)) {
		latency_lost(RS_LATENCY_LOST_STARTS);
		return false;
	}
	latency_tally(RS_LATENCY_BEGUN);
	return true;
}

static __always_inline bool request_first_seen(struct request *rq)
{
	__u64 began = BPF_CORE_READ(rq, start_time_ns), now = bpf_ktime_get_ns();
	struct rs_wait_io io = {};

	rs_request_describe(rq, &io);
	return block_first_seen((__u64)rq, began && began < now ? began : now, &io);
}

/*
 * Or of one that was at the same place before, and whose end was not seen? There are paths on which the kernel ends requests
 * without its tracepoint. One into which an older one is merged takes the time of that. 0: times are not kept.
 */
static __always_inline bool block_is_of(struct request *rq, const struct rs_latency_start *start,
					bool unsure)
{
	__u64 began = BPF_CORE_READ(rq, start_time_ns);

	return began ? began <= start->began : unsure;
}

SEC("raw_tp/block_rq_insert") int rs_block_insert(struct rs_raw *ctx)
{
	struct request *rq = rs_arg_at(ctx, rs_latency.arg_rq);
	__u64 key = (__u64)rq;
	struct rs_latency_start *start = bpf_map_lookup_elem(&rs_latency_starts, &key);

	/* Put in again by the kernel, for a flush comes first or the device was busy: it stays whose it was. */
	if (start && block_is_of(rq, start, false))
		return 0;
	request_first_seen(rq);
	return 0;
}

SEC("raw_tp/block_rq_issue") int rs_block_issue(struct rs_raw *ctx)
{
	struct request *rq = rs_arg_at(ctx, rs_latency.arg_rq);
	__u64 key = (__u64)rq;
	struct rs_latency_start *start = bpf_map_lookup_elem(&rs_latency_starts, &key);

	if (start && !block_is_of(rq, start, true)) {
		bpf_map_delete_elem(&rs_latency_starts, &key);
		start = NULL;
	}
	if (!start && request_first_seen(rq))
		start = bpf_map_lookup_elem(&rs_latency_starts, &key);
	if (start)
		start->issued = bpf_ktime_get_ns();
	return 0;
}

/* It becomes part of another and is seen no more. */
SEC("raw_tp/block_rq_merge") int rs_block_merge(struct rs_raw *ctx)
{
	__u64 key = (__u64)rs_arg_at(ctx, rs_latency.arg_rq);

	latency_end(&key);
	return 0;
}

static __always_inline void block_add(struct rs_latency_start *start, __u32 phase, __u64 ns)
{
	struct rs_latency_key key = { .what = (start->io.op & RS_BLOCK_OP_MASK) | phase };

	if (rs_latency.by & RS_LATENCY_BY_DEVICE)
		key.dev = start->io.dev;
	latency_key_who(&key, start->pid, start->tid, start->comm, start->cgroup);
	latency_add(&key, ns);
}

static __always_inline void block_tell(struct rs_latency_start *start, __u32 phase, __u64 now)
{
	struct rs_latency_outlier *o;

	if (!latency_is_slow(now - start->began))
		return;
	o = latency_outlier(RS_LATENCY_BLOCK, (start->io.op & RS_BLOCK_OP_MASK) | phase, now,
			    now - start->began);
	if (!o)
		return;
	latency_outlier_who(o, start);
	o->dev = start->io.dev;
	o->device_ns = start->issued ? now - start->issued : 0;
	bpf_ringbuf_submit(o, 0);
}

SEC("raw_tp/block_rq_complete") int rs_block_complete(struct rs_raw *ctx)
{
	struct request *rq = (void *)ctx->args[0];
	__u64 key = (__u64)rq, now;
	struct rs_latency_start *start = bpf_map_lookup_elem(&rs_latency_starts, &key);

	/* Some come back in pieces: the last one counts. */
	if (!start || (__u32)ctx->args[2] < BPF_CORE_READ(rq, __data_len))
		return 0;
	now = bpf_ktime_get_ns();
	if (start->issued >= start->began) {
		block_add(start, RS_BLOCK_QUEUED, start->issued - start->began);
		block_add(start, RS_BLOCK_SERVED, now - start->issued);
	}
	block_tell(start, RS_BLOCK_SERVED, now);
	latency_end(&key);
	return 0;
}

/* Devices that make no requests of their own: device mapper, md. */
SEC("raw_tp/block_bio_queue") int rs_block_bio(struct rs_raw *ctx)
{
	struct bio *bio = rs_arg_at(ctx, rs_latency.arg_bio);
	struct rs_wait_io io = {};
	__u64 key = (__u64)bio;

	if (rs_disk_has_queue(rs_bio_disk(bio)))
		return 0;
	rs_bio_describe(bio, &io);
	/* Somebody else's: what was at that place before is over. */
	if (!block_first_seen(key, bpf_ktime_get_ns(), &io))
		bpf_map_delete_elem(&rs_latency_starts, &key);
	return 0;
}

SEC("raw_tp/block_bio_complete") int rs_block_bio_done(struct rs_raw *ctx)
{
	__u64 key = (__u64)rs_arg_at(ctx, rs_latency.arg_done), now;
	struct rs_latency_start *start = bpf_map_lookup_elem(&rs_latency_starts, &key);

	if (!start)
		return 0;
	now = bpf_ktime_get_ns();
	block_add(start, RS_BLOCK_WHOLE, now - start->began);
	block_tell(start, RS_BLOCK_WHOLE, now);
	latency_end(&key);
	return 0;
}
