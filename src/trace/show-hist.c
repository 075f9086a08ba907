/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Histograms. Buckets of a log2 histogram with k bits: 0 is for negative values, then one bucket for each
 * value below 2 * 2^k, then 2^k buckets for each power of two. Of a linear one: below, the steps, above.
 * The form is bpftrace's, to the letter: scripts parse it.
 */
#include <string.h>

#include "trace/show-internal.h"

#define BAR_WIDTH 52

/* Where a bucket begins. */
struct edge {
	int64_t value;
	char text[24];
};

static uint64_t count_at(const uint8_t *buckets, uint32_t i)
{
	uint64_t v;

	memcpy(&v, buckets + (size_t)i * 8, 8);
	return v;
}

/* The first and the last bucket that counted something; false: none did. */
static bool range_of(const struct rs_type *type, const uint8_t *buckets, uint32_t *ret_first,
		     uint32_t *ret_last)
{
	bool any = false;

	*ret_first = *ret_last = 0;
	for (uint32_t i = 0; i < type->count; i++) {
		if (!count_at(buckets, i))
			continue;
		if (!any)
			*ret_first = i;
		*ret_last = i;
		any = true;
	}
	return any;
}

static void plain(struct edge *edge, int64_t value)
{
	edge->value = value;
	snprintf(edge->text, sizeof(edge->text), "%lld", (long long)value);
}

/* The value that bucket i + 1 of a log2 histogram begins with: where bucket i ends. */
static void log2_edge(uint32_t i, uint32_t bits, struct edge *edge)
{
	static const char suffix[] = "\0KMGTPE";
	uint32_t n = 1u << bits, power, decade;

	if (i <= 2 * n) {
		plain(edge, i);
		return;
	}
	power = (i >> bits) - 1;
	decade = power / 10;
	edge->value = (int64_t)((1ULL << power) * (n + (i & (n - 1))));
	snprintf(edge->text, sizeof(edge->text), "%llu%.1s",
		 (unsigned long long)((1ULL << (power - 10 * decade)) * (n + (i & (n - 1)))),
		 suffix + decade);
}

static void linear_edge(const struct rs_type *type, uint32_t i, struct edge *edge)
{
	const int64_t kilo = 1024, mega = kilo * kilo;
	int64_t value = type->low + (int64_t)i * type->step;

	plain(edge, value);
	if (type->step % kilo || value == 0)
		return;
	if (value % mega == 0)
		snprintf(edge->text, sizeof(edge->text), "%lldM", (long long)(value / mega));
	else if (value % kilo == 0)
		snprintf(edge->text, sizeof(edge->text), "%lldK", (long long)(value / kilo));
}

/* Bucket i reaches from edge i - 1 to edge i; the first begins nowhere, the last linear one ends nowhere. */
static void edge_of(const struct rs_type *type, uint32_t i, struct edge *edge)
{
	if (type->kind == RS_TYPE_HIST)
		log2_edge(i, type->bits, edge);
	else
		linear_edge(type, i, edge);
}

static bool ends(const struct rs_type *type, uint32_t i)
{
	return type->kind == RS_TYPE_HIST || type->low + (int64_t)i * type->step <= type->high;
}

static void label(const struct rs_type *type, uint32_t i, char *text, size_t size)
{
	struct edge from, to;

	edge_of(type, i, &to);
	if (i == 0) {
		snprintf(text, size, "(..., %s)", to.text);
		return;
	}
	edge_of(type, i - 1, &from);
	if (!ends(type, i))
		snprintf(text, size, "[%s, ...)", from.text);
	else if (from.value + 1 == to.value)
		snprintf(text, size, "[%s]", from.text);
	else
		snprintf(text, size, "[%s, %s)", from.text, to.text);
}

static uint64_t scaled(const struct rs_type *type, const uint8_t *buckets, uint32_t i, uint64_t div)
{
	uint64_t v = count_at(buckets, i);

	return type->kind == RS_TYPE_HIST && div > 1 ? v / div : v;
}

void rs_show_histogram(struct rs_show *show, const struct rs_type *type, const uint8_t *buckets,
		       uint64_t div, struct rs_str *out)
{
	uint32_t first, last;
	uint64_t most = 0;

	(void)show;
	if (!range_of(type, buckets, &first, &last))
		return;
	for (uint32_t i = first; i <= last; i++) {
		if (scaled(type, buckets, i, div) > most)
			most = scaled(type, buckets, i, div);
	}
	for (uint32_t i = first; i <= last; i++) {
		uint64_t v = scaled(type, buckets, i, div);
		size_t bar = most ? (size_t)((float)v / (float)most * BAR_WIDTH) : 0;
		char text[64];

		label(type, i, text, sizeof(text));
		rs_str_appendf(out, "%-16s%8llu |", text, (unsigned long long)v);
		rs_str_append_fill(out, '@', bar);
		rs_str_append_fill(out, ' ', BAR_WIDTH - bar);
		rs_str_append_cstr(out, "|\n");
	}
}

void rs_show_histogram_json(const struct rs_type *type, const uint8_t *buckets, uint64_t div,
			    struct rs_str *out)
{
	uint32_t first, last;

	rs_str_append_cstr(out, "[");
	if (range_of(type, buckets, &first, &last)) {
		for (uint32_t i = first; i <= last; i++) {
			struct edge edge;

			rs_str_append_cstr(out, i == first ? "{" : ",{");
			if (i > 0) {
				edge_of(type, i - 1, &edge);
				rs_str_appendf(out, "\"min\": %lld, ", (long long)edge.value);
			}
			if (ends(type, i)) {
				edge_of(type, i, &edge);
				rs_str_appendf(out, "\"max\": %lld, ", (long long)edge.value - 1);
			}
			rs_str_appendf(out, "\"count\": %llu}",
				       (unsigned long long)scaled(type, buckets, i, div));
		}
	}
	rs_str_append_cstr(out, "]");
}
