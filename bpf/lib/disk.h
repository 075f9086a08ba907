/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Requests and bios of the block layer, whose structs have changed often. */
#pragma once

#include "bpf/abi/latency.h"
#include "bpf/lib/kernel.h"

struct request_queue;

struct gendisk {
	int major, first_minor;
	struct request_queue *queue;
} __core;

struct request_queue {
	void *mq_ops;
	struct gendisk *disk; /* 5.15 */
} __core;

struct block_device {
	__u32 bd_dev;
	struct gendisk *bd_disk;
} __core;

struct bvec_iter {
	__u64 bi_sector;
	unsigned int bi_size;
} __core;

struct bio {
	struct block_device *bi_bdev; /* 5.12 */
	unsigned int bi_opf;
	struct bvec_iter bi_iter;
} __core;

struct bio___old {
	struct gendisk *bi_disk;
} __core;

struct request {
	struct request_queue *q;
	unsigned int cmd_flags;
	unsigned int __data_len;
	__u64 __sector;
	__u64 start_time_ns;
} __core;

struct request___old {
	struct gendisk *rq_disk; /* until 5.16 */
} __core;

#define RS_REQ_OP_MASK 0xff

/* What a tracepoint is about, its first or its second argument. A context can be read at constant places only, so the
 * compiler must not make one load of two. */
static __always_inline void *rs_arg_at(struct rs_raw *ctx, __u32 second)
{
	__u64 arg;

	if (second) {
		arg = ctx->args[1];
		asm volatile("" : "+r"(arg));
		return (void *)arg;
	}
	return (void *)ctx->args[0];
}

static __always_inline __u32 rs_disk_dev(struct gendisk *disk)
{
	return BPF_CORE_READ(disk, major) << 20 | BPF_CORE_READ(disk, first_minor);
}

/* The whole disk, of partitions too. */
static __always_inline struct gendisk *rs_bio_disk(struct bio *bio)
{
	struct bio___old *old = (void *)bio;

	if (bpf_core_field_exists(old->bi_disk))
		return BPF_CORE_READ(old, bi_disk);
	return BPF_CORE_READ(bio, bi_bdev, bd_disk);
}

static __always_inline struct gendisk *rs_request_disk(struct request *rq)
{
	struct request___old *old = (void *)rq;
	struct request_queue *queue;

	if (bpf_core_field_exists(old->rq_disk))
		return BPF_CORE_READ(old, rq_disk);
	queue = BPF_CORE_READ(rq, q);
	return BPF_CORE_READ(queue, disk);
}

/* Is it taken to pieces by requests, which are seen themselves? */
static __always_inline bool rs_disk_has_queue(struct gendisk *disk)
{
	return BPF_CORE_READ(disk, queue, mq_ops) != NULL;
}

static __always_inline void rs_bio_describe(struct bio *bio, struct rs_wait_io *io)
{
	io->sector = BPF_CORE_READ(bio, bi_iter.bi_sector);
	io->bytes = BPF_CORE_READ(bio, bi_iter.bi_size);
	io->op = BPF_CORE_READ(bio, bi_opf) & RS_REQ_OP_MASK;
	io->dev = rs_disk_dev(rs_bio_disk(bio));
}

static __always_inline void rs_request_describe(struct request *rq, struct rs_wait_io *io)
{
	io->sector = BPF_CORE_READ(rq, __sector);
	io->bytes = BPF_CORE_READ(rq, __data_len);
	io->op = BPF_CORE_READ(rq, cmd_flags) & RS_REQ_OP_MASK;
	io->dev = rs_disk_dev(rs_request_disk(rq));
}
