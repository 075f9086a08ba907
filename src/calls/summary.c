/* SPDX-License-Identifier: Apache-2.0 */
#include "calls/summary.h"

#include <stdlib.h>
#include <string.h>

#include "base/units.h"

#define RULE "------ ----------- ----------- --------- --------- ----------------\n"

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

static void append_row(struct rs_str *out, double share, const struct rs_count *count,
		       const char *name)
{
	rs_str_appendf(out, "%6.2f %11.6f %11llu %9llu ", share, (double)count->ns / 1e9,
		       (unsigned long long)(average(count) / RS_NSEC_PER_USEC),
		       (unsigned long long)count->calls);
	if (count->errors)
		rs_str_appendf(out, "%9llu", (unsigned long long)count->errors);
	else
		rs_str_append_fill(out, ' ', 9);
	rs_str_appendf(out, " %s\n", name);
}

void rs_summary_print(struct rs_summary_row *rows, size_t n, enum rs_summary_sort sort,
		      struct rs_str *out)
{
	struct rs_count total = { 0 };

	if (!n)
		return;
	if (sort != RS_SUMMARY_NOTHING)
		qsort_r(rows, n, sizeof(*rows), compare, &sort);
	for (size_t i = 0; i < n; i++) {
		total.calls += rows[i].count.calls;
		total.errors += rows[i].count.errors;
		total.ns += rows[i].count.ns;
	}
	rs_str_append_cstr(out,
			   "% time     seconds  usecs/call     calls    errors syscall\n" RULE);
	for (size_t i = 0; i < n; i++)
		append_row(out, total.ns ? 100.0 * (double)rows[i].count.ns / (double)total.ns : 0,
			   &rows[i].count, rows[i].name);
	rs_str_append_cstr(out, RULE);
	append_row(out, total.ns ? 100.0 : 0, &total, "total");
}
