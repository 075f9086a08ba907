/* SPDX-License-Identifier: Apache-2.0 */
#include "calls/summary.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"

static int by_number(uint64_t a, uint64_t b)
{
	return a < b ? 1 : a > b ? -1 : 0;
}

static uint64_t average(const struct rs_count *count)
{
	/* The analyzer loses the fields of a sum. NOLINTNEXTLINE(clang-analyzer-core.*) */
	return count->calls ? count->ns / count->calls : 0;
}

static int compare(const void *pa, const void *pb, void *data)
{
	const struct rs_summary_row *a = pa, *b = pb;
	int r = 0;

	switch (*(enum rs_summary_sort *)data) {
	case RS_SUMMARY_TIME:
		r = by_number(a->count.ns, b->count.ns);
		break;
	case RS_SUMMARY_CALLS:
		r = by_number(a->count.calls, b->count.calls);
		break;
	case RS_SUMMARY_ERRORS:
		r = by_number(a->count.errors, b->count.errors);
		break;
	case RS_SUMMARY_MAX:
		r = by_number(a->count.max, b->count.max);
		break;
	case RS_SUMMARY_AVERAGE:
		r = by_number(average(&a->count), average(&b->count));
		break;
	case RS_SUMMARY_NAME:
	case RS_SUMMARY_NOTHING:
		break;
	}
	return r ? r : strcmp(a->name, b->name);
}

/* --- the table --- */

#define CELL 64

static const struct {
	const char *title;
	uint8_t width; /* at least */
	bool text;     /* to the left */
} columns[] = {
	[RS_SUMMARY_COLUMN_SHARE] = { "% time", 6, false },
	[RS_SUMMARY_COLUMN_SECONDS] = { "seconds", 11, false },
	[RS_SUMMARY_COLUMN_LONGEST] = { "longest", 11, false },
	[RS_SUMMARY_COLUMN_AVERAGE] = { "usecs/call", 11, false },
	[RS_SUMMARY_COLUMN_CALLS] = { "calls", 9, false },
	[RS_SUMMARY_COLUMN_ERRORS] = { "errors", 9, false },
	[RS_SUMMARY_COLUMN_NAME] = { "syscall", 16, true },
};
static_assert(ARRAY_SIZE(columns) == RS_SUMMARY_COLUMNS, "a row for each column");

static const uint8_t usual[] = { RS_SUMMARY_COLUMN_SHARE,   RS_SUMMARY_COLUMN_SECONDS,
				 RS_SUMMARY_COLUMN_AVERAGE, RS_SUMMARY_COLUMN_CALLS,
				 RS_SUMMARY_COLUMN_ERRORS,  RS_SUMMARY_COLUMN_NAME };

struct table {
	const uint8_t *columns;
	size_t n;
	size_t widths[RS_SUMMARY_COLUMNS + 1]; /* by place */
	uint64_t all;                          /* ns of all rows */
	struct rs_str *out;
};

static const char *format_cell(const struct table *t, enum rs_summary_column column,
			       const struct rs_summary_row *row, char buf[static CELL])
{
	const struct rs_count *c = &row->count;

	buf[0] = '\0';
	switch (column) {
	case RS_SUMMARY_COLUMN_SHARE:
		snprintf(buf, CELL, "%.2f", t->all ? 100.0 * (double)c->ns / (double)t->all : 0.0);
		break;
	case RS_SUMMARY_COLUMN_SECONDS:
		snprintf(buf, CELL, "%.6f", (double)c->ns / 1e9);
		break;
	case RS_SUMMARY_COLUMN_LONGEST:
		snprintf(buf, CELL, "%.6f", (double)c->max / 1e9);
		break;
	case RS_SUMMARY_COLUMN_AVERAGE:
		snprintf(buf, CELL, "%llu", (unsigned long long)(average(c) / RS_NSEC_PER_USEC));
		break;
	case RS_SUMMARY_COLUMN_CALLS:
		snprintf(buf, CELL, "%llu", (unsigned long long)c->calls);
		break;
	case RS_SUMMARY_COLUMN_ERRORS:
		if (c->errors)
			snprintf(buf, CELL, "%llu", (unsigned long long)c->errors);
		break;
	case RS_SUMMARY_COLUMN_NAME:
	case RS_SUMMARY_COLUMNS:
		return row->name;
	}
	return buf;
}

static void append_cell(const struct table *t, size_t place, const char *text)
{
	size_t n = strlen(text), width = t->widths[place];
	size_t fill = n < width ? width - n : 0;
	bool left = columns[t->columns[place]].text, last = place + 1 == t->n;

	rs_str_append_fill(t->out, ' ', left ? 0 : fill);
	rs_str_append(t->out, text, n);
	rs_str_append_fill(t->out, ' ', left && !last ? fill : 0);
	rs_str_append_char(t->out, last ? '\n' : ' ');
}

static void append_row(const struct table *t, const struct rs_summary_row *row)
{
	char buf[CELL];

	for (size_t i = 0; i < t->n; i++)
		append_cell(t, i, format_cell(t, t->columns[i], row, buf));
}

static void append_rule(const struct table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		rs_str_append_fill(t->out, '-', t->widths[i]);
		rs_str_append_char(t->out, i + 1 == t->n ? '\n' : ' ');
	}
}

static void measure(struct table *t, const struct rs_summary_row *row)
{
	char buf[CELL];

	for (size_t i = 0; i < t->n; i++)
		t->widths[i] = MAX(t->widths[i], strlen(format_cell(t, t->columns[i], row, buf)));
}

static void append_table(struct table *t, const struct rs_summary_row *rows, size_t n,
			 const struct rs_summary_row *total)
{
	for (size_t i = 0; i < t->n; i++)
		t->widths[i] = columns[t->columns[i]].width;
	for (size_t i = 0; i < n; i++)
		measure(t, &rows[i]);
	measure(t, total);
	for (size_t i = 0; i < t->n; i++)
		append_cell(t, i, columns[t->columns[i]].title);
	append_rule(t);
	for (size_t i = 0; i < n; i++)
		append_row(t, &rows[i]);
	append_rule(t);
	append_row(t, total);
}

void rs_summary_print(struct rs_summary_row *rows, size_t n, const struct rs_summary_layout *layout,
		      struct rs_str *out)
{
	struct rs_summary_row total = { .name = "total" };
	enum rs_summary_sort sort = layout->sort;
	struct table table = { .columns = usual, .n = ARRAY_SIZE(usual), .out = out };

	if (!n)
		return;
	if (layout->n_columns) {
		table.columns = layout->columns;
		table.n = layout->n_columns;
	}
	if (sort != RS_SUMMARY_NOTHING)
		qsort_r(rows, n, sizeof(*rows), compare, &sort);
	for (size_t i = 0; i < n; i++) {
		total.count.calls += rows[i].count.calls;
		total.count.errors += rows[i].count.errors;
		total.count.ns += rows[i].count.ns;
		total.count.max = MAX(total.count.max, rows[i].count.max);
	}
	table.all = total.count.ns;
	append_table(&table, rows, n, &total);
}
