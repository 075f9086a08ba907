/* SPDX-License-Identifier: Apache-2.0 */
/* Rows by key, bounded, and the first ones of them. */
#include <errno.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/vec.h"
#include "cmd/report.h"

#define KEYS_MAX ((size_t)16 << 20) /* bytes of all keys; no more rows then */

/* A key is, for each part, two bytes of length and the bytes. */
struct rs_report_tally {
	struct rs_hashmap *rows;
	struct rs_str key;
	size_t bytes;                /* of all keys */
	struct rs_report_row others; /* of keys that had no room */
	RS_VEC(struct rs_report_row *) sorted;
};

static void drop_row(void *value, void *data)
{
	struct rs_report_row *row = value;

	(void)data;
	free(row->label);
	free(row->image);
	free(row);
}

int rs_report_tally_new(struct rs_report_tally **ret_tally)
{
	struct rs_hashmap_opts opts = { .max = RS_REPORT_ROWS_MAX, .drop = drop_row };
	_cleanup_(rs_report_tally_free) struct rs_report_tally *tally = calloc(1, sizeof(*tally));
	int r;

	if (!tally)
		return -ENOMEM;
	r = rs_hashmap_new_str(&opts, &tally->rows);
	if (r < 0)
		return r;
	*ret_tally = TAKE_PTR(tally);
	return 0;
}

void rs_report_tally_free(struct rs_report_tally **tally)
{
	if (!*tally)
		return;
	rs_hashmap_free(&(*tally)->rows);
	rs_str_done(&(*tally)->key);
	free((*tally)->others.label);
	free((*tally)->others.image);
	rs_vec_done(&(*tally)->sorted);
	free(*tally);
	*tally = NULL;
}

void rs_report_key(struct rs_report_tally *tally)
{
	rs_str_reset(&tally->key);
}

void rs_report_key_part(struct rs_report_tally *tally, const void *data, size_t n)
{
	uint16_t len = (uint16_t)MIN(n, (size_t)RS_REPORT_TEXT_MAX);

	rs_str_append(&tally->key, &len, sizeof(len));
	rs_str_append(&tally->key, data, len);
}

void rs_report_row_part(const struct rs_report_row *row, unsigned i, const char **ret_data,
			size_t *ret_len)
{
	const char *p = row->key, *end = p + row->key_len;
	uint16_t len = 0;

	*ret_data = "";
	*ret_len = 0;
	for (; p && p < end; p += sizeof(len) + len) {
		memcpy(&len, p, sizeof(len));
		if (i--)
			continue;
		*ret_data = p + sizeof(len);
		*ret_len = len;
		return;
	}
}

struct rs_report_row *rs_report_row(struct rs_report_tally *tally, uint64_t time)
{
	struct rs_report_row *row;

	if (tally->key.error)
		return NULL;
	row = rs_hashmap_find_str(tally->rows, tally->key.data, tally->key.len);
	if (row)
		return row;
	if (rs_hashmap_len(tally->rows) >= RS_REPORT_ROWS_MAX || tally->bytes >= KEYS_MAX) {
		if (!tally->others.first)
			tally->others.first = time;
		return &tally->others;
	}
	row = calloc(1, sizeof(*row));
	if (!row || rs_hashmap_put_str(tally->rows, tally->key.data, tally->key.len, row) < 0) {
		free(row);
		return NULL;
	}
	row->first = time;
	tally->bytes += tally->key.len;
	return row;
}

/* --- ranking --- */

static int compare_keys(const struct rs_report_row *a, const struct rs_report_row *b)
{
	int order = memcmp(a->key, b->key, MIN(a->key_len, b->key_len));

	return order ? order : (a->key_len > b->key_len) - (a->key_len < b->key_len);
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_count(const void *a, const void *b)
{
	const struct rs_report_row *x = *(struct rs_report_row *const *)a;
	const struct rs_report_row *y = *(struct rs_report_row *const *)b;
	int order = compare_u64(y->count, x->count);

	return order ? order : compare_keys(x, y);
}

static int by_cpu(const void *a, const void *b)
{
	const struct rs_report_row *x = *(struct rs_report_row *const *)a;
	const struct rs_report_row *y = *(struct rs_report_row *const *)b;
	int order = compare_u64(y->cpu, x->cpu);

	return order ? order : compare_keys(x, y);
}

static int by_first(const void *a, const void *b)
{
	const struct rs_report_row *x = *(struct rs_report_row *const *)a;
	const struct rs_report_row *y = *(struct rs_report_row *const *)b;
	int order = compare_u64(x->first, y->first);

	return order ? order : compare_keys(x, y);
}

static void add_up(struct rs_report_row *sum, const struct rs_report_row *row)
{
	sum->count += row->count;
	sum->failed += row->failed;
	sum->execs += row->execs;
	sum->ended += row->ended;
	sum->cpu += row->cpu;
	sum->life += row->life;
	sum->sent += row->sent;
	sum->received += row->received;
	if (!sum->first || (row->first && row->first < sum->first))
		sum->first = row->first;
}

int rs_report_rank(struct rs_report_tally *tally, enum rs_report_order order, size_t top,
		   struct rs_report_ranked *ret_ranked)
{
	static int (*const orders[])(const void *, const void *) = {
		[RS_REPORT_BY_COUNT] = by_count,
		[RS_REPORT_BY_CPU] = by_cpu,
		[RS_REPORT_BY_FIRST] = by_first,
	};
	struct rs_report_ranked ranked = { .full = tally->others.first != 0 };
	struct rs_hashmap_entry entry;
	size_t pos = 0;

	rs_vec_reset(&tally->sorted);
	while (rs_hashmap_next(tally->rows, &pos, &entry)) {
		struct rs_report_row *row = entry.value;

		row->key = entry.str;
		row->key_len = entry.str_len;
		if (rs_vec_push(&tally->sorted, row) < 0)
			return -ENOMEM;
	}
	if (tally->sorted.len)
		qsort(tally->sorted.items, tally->sorted.len, sizeof(*tally->sorted.items),
		      orders[order]);
	ranked.rows = tally->sorted.items;
	ranked.n = MIN(top, tally->sorted.len);
	for (size_t i = ranked.n; i < tally->sorted.len; i++)
		add_up(&ranked.others, ranked.rows[i]);
	add_up(&ranked.others, &tally->others);
	ranked.n_others = tally->sorted.len - ranked.n;
	*ret_ranked = ranked;
	return 0;
}
