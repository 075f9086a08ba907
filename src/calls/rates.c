/* SPDX-License-Identifier: Apache-2.0 */
#include "calls/rates.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/util.h"

struct rs_rates {
	struct rs_hashmap *rows; /* struct row by struct rs_count_key, owned */
	size_t max, n_others;    /* @max without those of RS_RATES_OTHERS */
	uint64_t refused;
};

struct row {
	struct rs_rates_row row;
	struct rs_count last; /* the sum as it came */
};

static void drop_row(void *value, void *data)
{
	(void)data;
	free(value);
}

int rs_rates_new(size_t max, struct rs_rates **ret_rates, struct rs_error *err)
{
	const struct rs_hashmap_opts opts = { .max = max + RS_CALLS_MAX, .drop = drop_row };
	_cleanup_(rs_rates_free) struct rs_rates *rates = calloc(1, sizeof(*rates));
	int r = rates ? rs_hashmap_new_str(&opts, &rates->rows) : -ENOMEM;

	if (r < 0)
		return rs_error_set_errno(err, r, "counting calls");
	rates->max = max;
	*ret_rates = TAKE_PTR(rates);
	return 0;
}

void rs_rates_free(struct rs_rates **rates)
{
	struct rs_rates *r = TAKE_PTR(*rates);

	if (!r)
		return;
	rs_hashmap_free(&r->rows);
	free(r);
}

void rs_rates_begin(struct rs_rates *rates)
{
	struct rs_hashmap_entry entry;
	size_t pos = 0;

	while (rs_hashmap_next(rates->rows, &pos, &entry))
		((struct row *)entry.value)->row.now = (struct rs_count){ 0 };
}

static size_t length(const struct rs_rates *rates)
{
	return rs_hashmap_len(rates->rows) - rates->n_others;
}

static int find_row(struct rs_rates *rates, uint64_t who, uint32_t nr, struct row **ret_row)
{
	const struct rs_count_key key = { .who = who, .nr = nr };
	struct row *row = rs_hashmap_find_str(rates->rows, (const char *)&key, sizeof(key));
	int r;

	if (!row && who != RS_RATES_OTHERS && length(rates) >= rates->max)
		return -ENOSPC;
	if (!row) {
		row = calloc(1, sizeof(*row));
		r = row ? rs_hashmap_put_str(rates->rows, (const char *)&key, sizeof(key), row)
			: -ENOMEM;
		if (r < 0) {
			free(row);
			return r;
		}
		rates->n_others += who == RS_RATES_OTHERS;
		row->row.who = who;
		row->row.nr = nr;
	}
	*ret_row = row;
	return 0;
}

int rs_rates_feed(struct rs_rates *rates, const struct rs_counts_row *from)
{
	const struct rs_count *sum = &from->count;
	struct rs_count *now, *total;
	struct row *row;
	int r = find_row(rates, from->who, from->nr, &row);

	if (r < 0) {
		rates->refused++;
		return r;
	}
	if (sum->calls < row->last.calls)
		row->last = (struct rs_count){ 0 };
	now = &row->row.now;
	total = &row->row.total;
	now->calls = sum->calls - row->last.calls;
	/* the three are written one after the other, while we read */
	now->errors = sum->errors > row->last.errors ? sum->errors - row->last.errors : 0;
	now->ns = sum->ns > row->last.ns ? sum->ns - row->last.ns : 0;
	total->calls += now->calls;
	total->errors += now->errors;
	total->ns += now->ns;
	total->max = MAX(total->max, sum->max);
	row->last = *sum;
	return 0;
}

/* --- room --- */

static int add_to_others(struct rs_rates *rates, const struct rs_rates_row *from)
{
	struct rs_count *total;
	struct row *others;
	int r = find_row(rates, RS_RATES_OTHERS, from->nr, &others);

	if (r < 0)
		return r;
	total = &others->row.total;
	total->calls += from->total.calls;
	total->errors += from->total.errors;
	total->ns += from->total.ns;
	total->max = MAX(total->max, from->total.max);
	return 0;
}

/* What came since the interval's sums were read is of this interval, too, and so is the row. */
static int give_up(struct rs_rates *rates, const struct rs_rates_source *source,
		   const struct rs_count_key *key)
{
	struct rs_counts_row last = { .who = key->who, .nr = (uint32_t)key->nr };
	struct row *row;
	int r = 0;

	if (source->take(source->data, last.who, last.nr, &last.count))
		r = rs_rates_feed(rates, &last);
	row = rs_hashmap_find_str(rates->rows, (const char *)key, sizeof(*key));
	if (r < 0 || !row)
		return r;
	row->last = (struct rs_count){ 0 }; /* it would begin anew */
	if (row->row.now.calls)
		return 0;
	r = add_to_others(rates, &row->row);
	if (!r)
		free(rs_hashmap_remove_str(rates->rows, (const char *)key, sizeof(*key)));
	return r;
}

static int by_who(const void *a, const void *b)
{
	const struct rs_count_key *x = a, *y = b;

	return x->who < y->who ? -1 : x->who > y->who;
}

/* Keys of all rows, those of one who side by side. */
static struct rs_count_key *list_keys(const struct rs_rates *rates, size_t *ret_n)
{
	struct rs_count_key *keys = calloc(rs_hashmap_len(rates->rows), sizeof(*keys));
	struct rs_hashmap_entry entry;
	size_t pos = 0, n = 0;

	while (keys && rs_hashmap_next(rates->rows, &pos, &entry))
		memcpy(&keys[n++], entry.str, sizeof(*keys));
	if (keys)
		qsort(keys, n, sizeof(*keys), by_who);
	*ret_n = n;
	return keys;
}

static bool is_idle(const struct rs_rates *rates, const struct rs_count_key *key)
{
	const struct row *row = rs_hashmap_find_str(rates->rows, (const char *)key, sizeof(*key));

	return row && !row->row.now.calls;
}

int rs_rates_make_room(struct rs_rates *rates, const struct rs_rates_source *source)
{
	_cleanup_(rs_cleanup_free) struct rs_count_key *keys = NULL;
	size_t n = 0, first = 0;
	bool idle = true;
	int r = 0;

	if (length(rates) <= rates->max / 4 * 3)
		return 0;
	keys = list_keys(rates, &n);
	if (!keys)
		return -ENOMEM;
	for (size_t i = 0; i < n && !r && keys[i].who != RS_RATES_OTHERS; i++) {
		idle &= is_idle(rates, &keys[i]);
		if (i + 1 < n && keys[i + 1].who == keys[i].who)
			continue;
		/* Somebody who still calls keeps all rows, and the name. */
		for (; idle && first <= i && !r; first++) {
			r = give_up(rates, source, &keys[first]);
			idle = !rs_hashmap_find_str(rates->rows, (const char *)&keys[first],
						    sizeof(keys[first]));
		}
		if (idle && !r && source->gone)
			source->gone(source->data, keys[i].who);
		first = i + 1;
		idle = true;
	}
	return r;
}

bool rs_rates_next(const struct rs_rates *rates, size_t *pos, struct rs_rates_row *ret_row)
{
	struct rs_hashmap_entry entry;

	if (!rs_hashmap_next(rates->rows, pos, &entry))
		return false;
	*ret_row = ((struct row *)entry.value)->row;
	return true;
}

uint64_t rs_rates_refused(const struct rs_rates *rates)
{
	return rates->refused;
}
