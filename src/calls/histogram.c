/* SPDX-License-Identifier: Apache-2.0 */
#include "calls/histogram.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

void rs_histogram_done(struct rs_histogram *h)
{
	for (unsigned i = 0; i < RS_OCTAVES; i++)
		free(h->pages[i]);
	*h = (struct rs_histogram){ .count = 0 };
}

void rs_histogram_reset(struct rs_histogram *h)
{
	for (unsigned i = 0; i < RS_OCTAVES; i++)
		if (h->pages[i])
			memset(h->pages[i], 0, RS_OCTAVE_BUCKETS * sizeof(*h->pages[i]));
	h->count = h->sum = h->max = 0;
}

static uint64_t *page_of(struct rs_histogram *h, unsigned octave)
{
	if (!h->pages[octave])
		h->pages[octave] = calloc(RS_OCTAVE_BUCKETS, sizeof(*h->pages[octave]));
	return h->pages[octave];
}

int rs_histogram_add(struct rs_histogram *h, uint64_t value, uint64_t count)
{
	uint64_t clamped = MIN(value, RS_HISTOGRAM_MOST);
	unsigned octave = rs_octave_of(clamped);
	uint64_t *page = page_of(h, octave);

	if (!page)
		return -ENOMEM;
	page[rs_octave_bucket(clamped, octave)] += count;
	h->count += count;
	h->sum += value * count;
	if (count)
		h->max = MAX(h->max, value);
	return 0;
}

int rs_histogram_add_page(struct rs_histogram *h, unsigned octave,
			  const uint64_t counts[RS_OCTAVE_BUCKETS], uint64_t sum, uint64_t max)
{
	uint64_t *page;

	if (octave >= RS_OCTAVES)
		return -EINVAL;
	page = page_of(h, octave);
	if (!page)
		return -ENOMEM;
	for (unsigned i = 0; i < RS_OCTAVE_BUCKETS; i++) {
		page[i] += counts[i];
		h->count += counts[i];
	}
	h->sum += sum;
	h->max = MAX(h->max, max);
	return 0;
}

int rs_histogram_merge(struct rs_histogram *h, const struct rs_histogram *from)
{
	static const uint64_t none[RS_OCTAVE_BUCKETS];

	for (unsigned i = 0; i < RS_OCTAVES; i++)
		if (from->pages[i] && !page_of(h, i))
			return -ENOMEM;
	for (unsigned i = 0; i < RS_OCTAVES; i++)
		if (from->pages[i])
			rs_histogram_add_page(h, i, from->pages[i], 0, 0);
	return rs_histogram_add_page(h, 0, none, from->sum, from->max);
}

void rs_histogram_bounds(unsigned octave, unsigned bucket, uint64_t *ret_low, uint64_t *ret_high)
{
	uint64_t width = octave ? 1ull << (octave - 1) : 1;
	uint64_t first = octave ? RS_OCTAVE_BUCKETS * width : 0;

	*ret_low = first + bucket * width;
	*ret_high = *ret_low + width;
}

bool rs_histogram_next(const struct rs_histogram *h, unsigned *pos,
		       struct rs_histogram_bucket *ret_bucket)
{
	for (; *pos < RS_OCTAVES * RS_OCTAVE_BUCKETS; ++*pos) {
		unsigned octave = *pos / RS_OCTAVE_BUCKETS, bucket = *pos % RS_OCTAVE_BUCKETS;
		const uint64_t *page = h->pages[octave];

		if (!page) {
			*pos += RS_OCTAVE_BUCKETS - 1 - bucket;
			continue;
		}
		if (!page[bucket])
			continue;
		rs_histogram_bounds(octave, bucket, &ret_bucket->low, &ret_bucket->high);
		ret_bucket->count = page[bucket];
		++*pos;
		return true;
	}
	return false;
}

/* The number, from 1 on, of the value that is meant. */
static uint64_t rank_of(uint64_t count, double percent)
{
	double rank = ceil((double)count * percent / 100);

	if (!(rank > 1))
		return 1;
	return rank < (double)count ? (uint64_t)rank : count;
}

uint64_t rs_histogram_percentile(const struct rs_histogram *h, double percent)
{
	uint64_t rank = rank_of(h->count, percent), before = 0;
	struct rs_histogram_bucket b;
	unsigned pos = 0;

	if (!h->count)
		return 0;
	if (rank == h->count && h->max)
		return h->max;
	while (rs_histogram_next(h, &pos, &b)) {
		if (before + b.count >= rank) {
			double part = ((double)(rank - before) - 0.5) / (double)b.count;
			uint64_t value = b.low + (uint64_t)((double)(b.high - b.low) * part);

			return h->max ? MIN(value, h->max) : value;
		}
		before += b.count;
	}
	return h->max;
}
