/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of histograms, as the kernel has them, into rows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "calls/latency-internal.h"

void rs_latency_row_free(struct rs_latency_row **row)
{
	struct rs_latency_row *r = TAKE_PTR(*row);

	if (!r)
		return;
	rs_histogram_done(&r->now);
	rs_histogram_done(&r->all);
	for (size_t i = 0; i < ARRAY_SIZE(r->names); i++)
		free(r->names[i]);
	free(r);
}

static struct rs_latency_row *add_row(struct rs_latency *latency, const struct rs_latency_key *key)
{
	struct rs_latency_row *row = calloc(1, sizeof(*row));

	if (!row)
		return NULL;
	row->key = *key;
	if (rs_latency_name_row(latency, row) < 0 || rs_vec_push(&latency->rows, row) < 0 ||
	    rs_hashmap_put_str(latency->index, (const char *)key, sizeof(*key), row) < 0) {
		if (latency->rows.len && *rs_vec_last(&latency->rows) == row)
			latency->rows.len--;
		rs_latency_row_free(&row);
	}
	return row;
}

static struct rs_latency_row *row_of(struct rs_latency *latency, const struct rs_latency_key *page)
{
	struct rs_latency_key key = *page;
	struct rs_latency_row *row;

	key.octave = key.shard = 0;
	row = rs_hashmap_find_str(latency->index, (const char *)&key, sizeof(key));
	return row ? row : add_row(latency, &key);
}

/* The page as it was read before; a new one is all zeros. */
static struct rs_latency_page *seen_of(struct rs_latency *latency, const struct rs_latency_key *key)
{
	const char *bytes = (const char *)key;
	struct rs_latency_page *seen = rs_hashmap_find_str(latency->pages, bytes, sizeof(*key));

	if (seen)
		return seen;
	seen = calloc(1, sizeof(*seen));
	if (seen && rs_hashmap_put_str(latency->pages, bytes, sizeof(*key), seen) < 0) {
		free(seen);
		return NULL;
	}
	return seen;
}

/* The greatest of an interval: known where it is the greatest ever; else its bucket is. */
static uint64_t max_of(const struct rs_latency_page *page, const struct rs_latency_page *seen,
		       unsigned octave, const uint64_t *counts)
{
	uint64_t low, high;

	if (page->max > seen->max)
		return page->max;
	for (unsigned i = RS_OCTAVE_BUCKETS; i-- > 0;)
		if (counts[i]) {
			rs_histogram_bounds(octave, i, &low, &high);
			return MIN(high - 1, page->max);
		}
	return 0;
}

static int take_page(struct rs_latency *latency, const struct rs_latency_key *key,
		     const struct rs_latency_page *page)
{
	struct rs_latency_page *seen = seen_of(latency, key);
	struct rs_latency_row *row;
	uint64_t counts[RS_OCTAVE_BUCKETS], sum, max;
	int r;

	if (!seen)
		return -ENOMEM;
	if (!memcmp(seen, page, sizeof(*page)))
		return 0;
	row = row_of(latency, key);
	if (!row)
		return -ENOMEM;
	/* Counts, sum and maximum are read while they change, not all at one moment. */
	for (unsigned i = 0; i < RS_OCTAVE_BUCKETS; i++)
		counts[i] = page->counts[i] - seen->counts[i];
	sum = page->sum - seen->sum;
	max = max_of(page, seen, key->octave, counts);
	r = rs_histogram_add_page(&row->now, key->octave, counts, sum, max);
	if (!r)
		r = rs_histogram_add_page(&row->all, key->octave, counts, sum, page->max);
	if (!r)
		r = rs_histogram_add_page(&latency->whole, key->octave, counts, sum, max);
	*seen = *page;
	return r;
}

/* Before 5.6, and where a bucket of the map is larger than what we offer, one by one. */
static int read_singly(struct rs_latency *latency, int map)
{
	struct rs_latency_key key, next;
	struct rs_latency_page page;
	bool first = true;
	int r = 0;

	while (!r && !bpf_map_get_next_key(map, first ? NULL : &key, &next)) {
		key = next;
		first = false;
		if (!bpf_map_lookup_elem(map, &key, &page))
			r = take_page(latency, &key, &page);
	}
	return r;
}

static int read_pages(struct rs_latency *latency)
{
	int map = bpf_map__fd(latency->tool->maps.rs_latency_pages), r;
	uint32_t n = (uint32_t)latency->options.max_pages, at = 0;

	r = bpf_map_lookup_batch(map, NULL, &at, latency->batch_keys, latency->batch_pages, &n,
				 NULL);
	if (r && r != -ENOENT)
		return read_singly(latency, map);
	for (r = 0; n-- && !r;)
		r = take_page(latency, &latency->batch_keys[n], &latency->batch_pages[n]);
	return r;
}

/* A process that executes something else has another name from then on. */
static int name_again(struct rs_latency *latency)
{
	int r = 0;

	if (!(latency->options.by & (RS_LATENCY_BY_PROCESS | RS_LATENCY_BY_THREAD)))
		return 0;
	for (size_t i = 0; i < latency->rows.len && !r; i++)
		if (latency->rows.items[i]->now.count)
			r = rs_latency_name_id(latency, latency->rows.items[i]);
	return r;
}

int rs_latency_read(struct rs_latency *latency, struct rs_error *err)
{
	int r;

	rs_histogram_reset(&latency->whole);
	rs_vec_foreach(&latency->rows, row) rs_histogram_reset(&(*row)->now);
	r = read_pages(latency);
	if (!r)
		r = name_again(latency);
	return r < 0 ? rs_error_set_errno(err, r, "reading the histograms") : 0;
}

struct rs_latency_row **rs_latency_rows(struct rs_latency *latency, size_t *ret_n)
{
	*ret_n = latency->rows.len;
	return latency->rows.items;
}

const struct rs_histogram *rs_latency_whole(const struct rs_latency *latency)
{
	return &latency->whole;
}
