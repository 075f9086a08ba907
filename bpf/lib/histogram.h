/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Histograms in pages (bpf/abi/latency.h says why). Included by one file of an object. */
#pragma once

#include "bpf/abi/latency.h"
#include "bpf/lib/kernel.h"

/* All room is taken before: pages are added where the kernel cannot be asked for memory. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096); /* set before load */
	__type(key, struct rs_latency_key);
	__type(value, struct rs_latency_page);
} rs_latency_pages SEC(".maps");

static const struct rs_latency_page rs_empty_page;

/* Two CPUs may come at once. Before 5.12 there is no exchange: who was overwritten by less looks again. */
static __always_inline void rs_page_max(struct rs_latency_page *page, __u64 ns)
{
	for (int i = 0; i < 4; i++) {
		__u64 old = *(volatile __u64 *)&page->max;

		if (ns <= old)
			return;
#ifdef RS_OLD
		*(volatile __u64 *)&page->max = ns;
#else
		if (__sync_val_compare_and_swap(&page->max, old, ns) == old)
			return;
#endif
	}
}

/* Adds one value to the histogram of the key, whose octave and shard are filled in here. False: no room. */
static __always_inline bool rs_histogram_add(struct rs_latency_key *key, __u32 shards, __u64 ns)
{
	__u64 value = ns < RS_HISTOGRAM_MOST ? ns : RS_HISTOGRAM_MOST;
	struct rs_latency_page *page;
	__u32 bucket;

	key->octave = rs_octave_of(value);
	key->shard = bpf_get_smp_processor_id() & shards;
	page = bpf_map_lookup_elem(&rs_latency_pages, key);
	if (!page) {
		bpf_map_update_elem(&rs_latency_pages, key, &rs_empty_page, BPF_NOEXIST);
		page = bpf_map_lookup_elem(&rs_latency_pages, key);
		if (!page)
			return false;
	}
	bucket = rs_octave_bucket(value, key->octave);
	asm volatile("" : "+r"(bucket));
	__sync_fetch_and_add(&page->counts[bucket & (RS_OCTAVE_BUCKETS - 1)], 1);
	__sync_fetch_and_add(&page->sum, ns);
	rs_page_max(page, ns);
	return true;
}
