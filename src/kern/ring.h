/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The consumer's end of a BPF ring buffer (kernel: Documentation/bpf/ringbuf.rst). Records are
 * handed out where the kernel wrote them: nothing is copied, nothing allocated.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct rs_ring;
struct rs_wake; /* bpf/abi/control.h */

/*
 * Called for each record with its bytes, valid until it returns. Not 0: stop here, and
 * rs_ring_consume() returns the value; the record counts as consumed, unless it is RS_RING_LEAVE:
 * then it comes again with the next call.
 */
#define RS_RING_LEAVE 0x1eaf
typedef int rs_ring_fn(void *arg, const void *record, size_t size);

/* @map_fd is borrowed. @wake may be NULL: the producers decide alone when to wake us. */
int rs_ring_open(int map_fd, size_t bytes, struct rs_wake *wake, struct rs_ring **ret_ring,
		 struct rs_error *err);
void rs_ring_close(struct rs_ring **ring);

/*
 * Hands out what is there, at most @max records (0: no limit). *ret_count is how many were consumed.
 * Returns 0 or what @fn returned.
 */
int rs_ring_consume(struct rs_ring *ring, rs_ring_fn *fn, void *arg, size_t max, size_t *ret_count);

/* Bytes that wait to be consumed, and the size of the buffer. */
size_t rs_ring_pending(const struct rs_ring *ring);
/* Bytes that were read since the start. */
uint64_t rs_ring_consumed(const struct rs_ring *ring);
size_t rs_ring_size(const struct rs_ring *ring);

/* Becomes readable (EPOLLIN) on a wake-up: the map's own descriptor. */
int rs_ring_fd(const struct rs_ring *ring);

/*
 * Batching. Armed, the next record wakes us at once; disarmed, only a buffer that fills past the
 * threshold does, so that a busy consumer which looks on a timer is not woken per event.
 * rs_ring_arm() returns true when records are waiting already: consume them before blocking.
 */
bool rs_ring_arm(struct rs_ring *ring);
void rs_ring_disarm(struct rs_ring *ring);
