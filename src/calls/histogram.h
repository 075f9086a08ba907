/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Log-linear histograms of nanoseconds (bpf/abi/latency.h): no bucket is wider than a 64th of its values, so that nothing
 * that is read from one is off by more than 1.6 %. Numbers only.
 */

#include <stdbool.h>
#include <stdint.h>

#include "bpf/abi/latency.h"

/* Zero is an empty one. */
struct rs_histogram {
	uint64_t *pages[RS_OCTAVES]; /* RS_OCTAVE_BUCKETS counts each; NULL: all are 0 */
	uint64_t count, sum;
	uint64_t max; /* exact where all values were added by themselves */
};

void rs_histogram_done(struct rs_histogram *h);
/* Empties it; memory is kept for the next use. */
void rs_histogram_reset(struct rs_histogram *h);

/* All add; 0 or -ENOMEM, and nothing is added then. */
int rs_histogram_add(struct rs_histogram *h, uint64_t value, uint64_t count);
/* Counts of one octave; @sum and @max of their values. -EINVAL: there is no such octave. */
int rs_histogram_add_page(struct rs_histogram *h, unsigned octave,
			  const uint64_t counts[RS_OCTAVE_BUCKETS], uint64_t sum, uint64_t max);
int rs_histogram_merge(struct rs_histogram *h, const struct rs_histogram *from);

/* The value that @percent of all (0 to 100) are not above: the bucket is that of the value with this rank, and within the bucket
 * values are taken to be spread evenly. 0 where there is none. */
uint64_t rs_histogram_percentile(const struct rs_histogram *h, double percent);

struct rs_histogram_bucket {
	uint64_t low, high; /* low <= value < high */
	uint64_t count;
};
/* Walks the buckets that have something in them, upwards: start with *pos = 0; false at the end. */
bool rs_histogram_next(const struct rs_histogram *h, unsigned *pos,
		       struct rs_histogram_bucket *ret_bucket);

/* The bounds of a bucket. */
void rs_histogram_bounds(unsigned octave, unsigned bucket, uint64_t *ret_low, uint64_t *ret_high);
