/* SPDX-License-Identifier: Apache-2.0 */
#include "calls/rates.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hashmap.h"
#include "base/util.h"

struct rs_rates {
	struct rs_hashmap *rows; /* struct row by struct rs_count_key, owned */
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
	const struct rs_hashmap_opts opts = { .max = max, .drop = drop_row };
	_cleanup_(rs_rates_free) struct rs_rates *rates = calloc(1, sizeof(*rates));
	int r = rates ? rs_hashmap_new_str(&opts, &rates->rows) : -ENOMEM;

	if (r < 0)
		return rs_error_set_errno(err, r, "counting calls");
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

static int find_row(struct rs_rates *rates, const struct rs_counts_row *from, struct row **ret_row)
{
	const struct rs_count_key key = { .who = from->who, .nr = from->nr };
	struct row *row = rs_hashmap_find_str(rates->rows, (const char *)&key, sizeof(key));
	int r;

	if (!row) {
		row = calloc(1, sizeof(*row));
		r = row ? rs_hashmap_put_str(rates->rows, (const char *)&key, sizeof(key), row)
			: -ENOMEM;
		if (r < 0) {
			free(row);
			return r;
		}
		row->row.who = from->who;
		row->row.nr = from->nr;
	}
	*ret_row = row;
	return 0;
}

int rs_rates_feed(struct rs_rates *rates, const struct rs_counts_row *from)
{
	const struct rs_count *sum = &from->count;
	struct rs_count *now, *total;
	struct row *row;
	int r = find_row(rates, from, &row);

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
