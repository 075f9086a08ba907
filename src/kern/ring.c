/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The buffer is mapped as the kernel documents it: one page with the consumer's position, writable;
 * one page with the producer's, read-only; then the data, mapped twice in a row, so that a record
 * that wraps is contiguous. Each record has a header of eight bytes, whose first word is the length
 * with two flags in its top bits.
 */
#include "kern/ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/util.h"
#include "bpf/abi/control.h"

struct rs_ring {
	size_t size; /* bytes of data, a power of two */
	size_t page;
	int fd;                  /* borrowed */
	struct rs_wake *wake;    /* borrowed, may be NULL */
	unsigned long *consumer; /* mapped: our position */
	unsigned long *producer; /* mapped: the kernel's, followed by the data */
	const uint8_t *data;
};

static size_t mapped_bytes(const struct rs_ring *ring)
{
	return ring->page + 2 * ring->size;
}

int rs_ring_open(int map_fd, size_t bytes, struct rs_wake *wake, struct rs_ring **ret_ring,
		 struct rs_error *err)
{
	_cleanup_(rs_ring_close) struct rs_ring *ring = calloc(1, sizeof(*ring));
	void *map;

	if (!ring)
		return rs_error_set(err, -ENOMEM, "out of memory");
	ring->size = bytes;
	ring->page = sysconf(_SC_PAGESIZE);
	ring->fd = map_fd;
	ring->wake = wake;
	map = mmap(NULL, ring->page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (map == MAP_FAILED)
		return rs_error_set_errno(err, -errno, "mapping the ring buffer's position");
	ring->consumer = map;
	map = mmap(NULL, mapped_bytes(ring), PROT_READ, MAP_SHARED, map_fd, ring->page);
	if (map == MAP_FAILED)
		return rs_error_set_errno(err, -errno, "mapping the ring buffer's data");
	ring->producer = map;
	ring->data = (const uint8_t *)map + ring->page;
	*ret_ring = TAKE_PTR(ring);
	return 0;
}

void rs_ring_close(struct rs_ring **ring)
{
	struct rs_ring *r = TAKE_PTR(*ring);

	if (!r)
		return;
	if (r->consumer)
		munmap(r->consumer, r->page);
	if (r->producer)
		munmap(r->producer, mapped_bytes(r));
	free(r);
}

int rs_ring_consume(struct rs_ring *ring, rs_ring_fn *fn, void *arg, size_t max, size_t *ret_count)
{
	unsigned long at = *ring->consumer;
	unsigned long end = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
	size_t count = 0;
	int r = 0;

	while (at < end && !r && (!max || count < max)) {
		const uint32_t *header = (const void *)(ring->data + (at & (ring->size - 1)));
		uint32_t len = __atomic_load_n(header, __ATOMIC_ACQUIRE);
		size_t size = len & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

		if (len & BPF_RINGBUF_BUSY_BIT)
			break; /* reserved, still being written */
		if (!(len & BPF_RINGBUF_DISCARD_BIT)) {
			r = fn(arg, (const uint8_t *)header + BPF_RINGBUF_HDR_SZ, size);
			if (r == RS_RING_LEAVE)
				break;
			count++;
		}
		at += (size + BPF_RINGBUF_HDR_SZ + 7) & ~7ul;
		__atomic_store_n(ring->consumer, at, __ATOMIC_RELEASE);
	}
	*ret_count = count;
	return r;
}

size_t rs_ring_pending(const struct rs_ring *ring)
{
	return __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE) - *ring->consumer;
}

uint64_t rs_ring_consumed(const struct rs_ring *ring)
{
	return *ring->consumer;
}

size_t rs_ring_size(const struct rs_ring *ring)
{
	return ring->size;
}

int rs_ring_fd(const struct rs_ring *ring)
{
	return ring->fd;
}

bool rs_ring_arm(struct rs_ring *ring)
{
	if (ring->wake)
		__atomic_store_n(&ring->wake->armed, 1, __ATOMIC_SEQ_CST);
	return rs_ring_pending(ring) > 0;
}

void rs_ring_disarm(struct rs_ring *ring)
{
	if (ring->wake)
		__atomic_store_n(&ring->wake->armed, 0, __ATOMIC_SEQ_CST);
}
