/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From sums that only grow to what was counted in an interval. */

#include "calls/counts.h"

struct rs_rates;

struct rs_rates_row {
	uint64_t who;
	uint32_t nr;
	struct rs_count now;   /* in the interval; max is not known of it: 0 */
	struct rs_count total; /* since the start */
};

/* @max rows, and those of RS_RATES_OTHERS; what comes after them is left out and counted. */
int rs_rates_new(size_t max, struct rs_rates **ret_rates, struct rs_error *err);
void rs_rates_free(struct rs_rates **rates);

/* A new interval begins: all rows have nothing in it. */
void rs_rates_begin(struct rs_rates *rates);
/* A sum, as it stands. Smaller than before: it began anew. 0, -ENOMEM, or -ENOSPC. */
int rs_rates_feed(struct rs_rates *rates, const struct rs_counts_row *row);

/* Stands for all whose rows were given up. */
#define RS_RATES_OTHERS UINT64_MAX

/*
 * Where less than a quarter of the room is left, rows in which nothing came in this interval go into those of
 * RS_RATES_OTHERS, one for each call, so that there is room for new ones. @take has the row forgotten where the sums come
 * from, and yields the last of them; false: it is not there. @gone: nothing is left of somebody; may be NULL. 0 or -ENOMEM.
 */
struct rs_rates_source {
	bool (*take)(void *data, uint64_t who, uint32_t nr, struct rs_count *ret_count);
	void (*gone)(void *data, uint64_t who);
	void *data;
};
int rs_rates_make_room(struct rs_rates *rates, const struct rs_rates_source *source);

/* The next row by *pos, 0 at first; false at the end. */
bool rs_rates_next(const struct rs_rates *rates, size_t *pos, struct rs_rates_row *ret_row);
/* Sums that there was no room for. */
uint64_t rs_rates_refused(const struct rs_rates *rates);
