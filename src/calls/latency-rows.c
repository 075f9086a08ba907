/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of histograms, as the kernel has them, into rows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "calls/latency-internal.h"

#define IDLE 0x8000 /* of an octave: the page has not changed */

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

/* --- rows --- */

static struct rs_latency_row *others_of(struct rs_latency *latency)
{
	struct rs_latency_row *row = latency->others;

	if (row)
		return row;
	row = calloc(1, sizeof(*row));
	for (size_t bit = 0; row && bit < ARRAY_SIZE(row->names); bit++)
		if ((latency->options.by & 1u << bit) && !(row->names[bit] = strdup("(others)"))) {
			rs_latency_row_free(&row);
			return NULL;
		}
	if (row && rs_vec_push(&latency->rows, row) < 0)
		rs_latency_row_free(&row);
	latency->others = row;
	return row;
}

/* Rows in which nothing has come in this interval go into one. */
static void give_up_rows(struct rs_latency *latency)
{
	struct rs_latency_row *others = others_of(latency);
	size_t kept = 0;

	for (size_t i = 0; i < latency->rows.len; i++) {
		struct rs_latency_row *row = latency->rows.items[i];

		if (!others || row == others || row->now.count ||
		    rs_histogram_merge(&others->all, &row->all) < 0) {
			latency->rows.items[kept++] = row;
			continue;
		}
		rs_hashmap_remove_str(latency->index, (const char *)&row->key, sizeof(row->key));
		rs_latency_row_free(&row);
	}
	latency->rows.len = kept;
}

/* NULL: no memory, or no room for one more. */
static struct rs_latency_row *add_row(struct rs_latency *latency, const struct rs_latency_key *key)
{
	struct rs_latency_row *row;

	if (latency->rows.len >= RS_LATENCY_ROWS)
		give_up_rows(latency);
	if (latency->rows.len >= RS_LATENCY_ROWS)
		return NULL;
	row = calloc(1, sizeof(*row));
	if (!row)
		return NULL;
	row->key = *key;
	if (rs_latency_name_row(latency, row) < 0 || rs_vec_push(&latency->rows, row) < 0) {
		rs_latency_row_free(&row);
		return NULL;
	}
	if (rs_hashmap_put_str(latency->index, (const char *)key, sizeof(*key), row) < 0) {
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
	if (row)
		return row;
	return add_row(latency, &key);
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
	/* Counts, sum and maximum are read while they change, not all at one moment. */
	for (unsigned i = 0; i < RS_OCTAVE_BUCKETS; i++)
		counts[i] = page->counts[i] - seen->counts[i];
	sum = page->sum - seen->sum;
	max = max_of(page, seen, key->octave, counts);
	r = row ? rs_histogram_add_page(&row->now, key->octave, counts, sum, max) : 0;
	if (row && !r)
		r = rs_histogram_add_page(&row->all, key->octave, counts, sum, page->max);
	if (!r)
		r = rs_histogram_add_page(&latency->whole, key->octave, counts, sum, max);
	for (unsigned i = 0; i < RS_OCTAVE_BUCKETS && !row; i++)
		latency->lost_rows += counts[i];
	*seen = *page;
	return r;
}

/* --- pages --- */

/*
 * A page that has not changed in the interval leaves the kernel's map; its row keeps what was in it. Since 5.14 what comes
 * until then is seen, and only what another CPU adds in the very nanoseconds of the deletion is not.
 */
static void give_up_page(struct rs_latency *latency, int map, const struct rs_latency_key *key)
{
	struct rs_latency_page last;

	if (bpf_map_lookup_and_delete_elem(map, key, &last)) {
		if (bpf_map_lookup_elem(map, key, &last) || bpf_map_delete_elem(map, key))
			return;
	}
	take_page(latency, key, &last);
	free(rs_hashmap_remove_str(latency->pages, (const char *)key, sizeof(*key)));
}

/* The map would be full soon: keys of processes, files and peers that are gone make room. */
static void give_up_pages(struct rs_latency *latency, int map, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (latency->batch_keys[i].octave & IDLE) {
			latency->batch_keys[i].octave &= ~IDLE;
			give_up_page(latency, map, &latency->batch_keys[i]);
		}
}

static bool is_idle(struct rs_latency *latency, const struct rs_latency_key *key,
		    const struct rs_latency_page *page)
{
	const struct rs_latency_page *seen = rs_hashmap_find_str(latency->pages, (const char *)key,
								 sizeof(*key));

	return seen && !memcmp(seen, page, sizeof(*page));
}

/* Where a bucket of the map is larger than what we offer. */
static uint32_t fetch_singly(struct rs_latency *latency, int map)
{
	uint32_t n = 0, max = (uint32_t)latency->options.max_pages;
	struct rs_latency_key *before = NULL;

	while (n < max && !bpf_map_get_next_key(map, before, &latency->batch_keys[n])) {
		if (!bpf_map_lookup_elem(map, &latency->batch_keys[n], &latency->batch_pages[n]))
			n++;
		else if (before)
			break; /* it went away, and with it our place */
		before = &latency->batch_keys[n ? n - 1 : 0];
	}
	return n;
}

static int read_pages(struct rs_latency *latency)
{
	int map = bpf_map__fd(latency->tool->maps.rs_latency_pages), r;
	uint32_t n = (uint32_t)latency->options.max_pages, at = 0;

	r = bpf_map_lookup_batch(map, NULL, &at, latency->batch_keys, latency->batch_pages, &n,
				 NULL);
	if (r && r != -ENOENT)
		n = fetch_singly(latency, map);
	r = 0;
	for (uint32_t i = 0; i < n && !r; i++) {
		struct rs_latency_key *key = &latency->batch_keys[i];
		bool idle = is_idle(latency, key, &latency->batch_pages[i]);

		r = take_page(latency, key, &latency->batch_pages[i]);
		if (idle)
			key->octave |= IDLE;
	}
	if (!r && n > latency->options.max_pages / 4 * 3)
		give_up_pages(latency, map, n);
	return r;
}

/* A process that executes something else has another name from then on. */
static int name_again(struct rs_latency *latency)
{
	int r = 0;

	if (!(latency->options.by & (RS_LATENCY_BY_PROCESS | RS_LATENCY_BY_THREAD)))
		return 0;
	for (size_t i = 0; i < latency->rows.len && !r; i++)
		if (latency->rows.items[i]->now.count && latency->rows.items[i] != latency->others)
			r = rs_latency_name_id(latency, latency->rows.items[i]);
	return r;
}

/* Rows that were idle need no memory for it. */
static void forget_interval(struct rs_latency_row *row)
{
	if (row->now.count)
		rs_histogram_reset(&row->now);
	else
		rs_histogram_done(&row->now);
}

int rs_latency_read(struct rs_latency *latency, struct rs_error *err)
{
	int r;

	rs_histogram_reset(&latency->whole);
	rs_vec_foreach(&latency->rows, row) forget_interval(*row);
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
