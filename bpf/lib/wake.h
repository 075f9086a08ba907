/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Waking the consumer of a ring buffer, or not: see struct rs_wake. */
#pragma once

#include "bpf/lib/kernel.h"

/* Wake the consumer, or leave it to its timer. */
static __always_inline __u64 rs_wake_for(void *ring, struct rs_wake *wake)
{
	if (*(volatile __u32 *)&wake->armed) {
		wake->armed = 0;
		return BPF_RB_FORCE_WAKEUP;
	}
	if (bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) >= wake->threshold)
		return BPF_RB_FORCE_WAKEUP;
	return BPF_RB_NO_WAKEUP;
}
