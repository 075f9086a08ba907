/* SPDX-License-Identifier: Apache-2.0 */
/* Maps as text and as JSON: adding up what the CPUs counted, the order of entries, keys, top and div. */
#include <stdlib.h>
#include <string.h>

#include "trace/show-internal.h"

/* ---- adding up ---- */

static void add(void *into, const void *value, unsigned words)
{
	for (unsigned i = 0; i < words; i++) {
		uint64_t a, b;

		memcpy(&a, (char *)into + (size_t)i * 8, 8);
		memcpy(&b, (const char *)value + (size_t)i * 8, 8);
		a += b;
		memcpy((char *)into + (size_t)i * 8, &a, 8);
	}
}

static bool counts_signed(const struct rs_type *type)
{
	return !type->element || type->element->kind != RS_TYPE_INT || type->element->is_signed;
}

static bool beyond(const struct rs_type *type, int64_t a, int64_t b)
{
	if (type->kind == RS_TYPE_MAX)
		return counts_signed(type) ? a > b : (uint64_t)a > (uint64_t)b;
	return counts_signed(type) ? a < b : (uint64_t)a < (uint64_t)b;
}

static void extreme(const struct rs_type *type, void *into, const void *value)
{
	int64_t a[2], b[2];

	memcpy(a, into, sizeof(a));
	memcpy(b, value, sizeof(b));
	if (b[1] && (!a[1] || beyond(type, b[0], a[0])))
		memcpy(into, b, sizeof(b));
}

void rs_show_aggregate(const struct rs_type *type, void *into, const void *value)
{
	switch (type->kind) {
	case RS_TYPE_COUNT:
	case RS_TYPE_SUM:
		add(into, value, 1);
		break;
	case RS_TYPE_AVG:
	case RS_TYPE_STATS:
		add(into, value, 2);
		break;
	case RS_TYPE_MIN:
	case RS_TYPE_MAX:
		extreme(type, into, value);
		break;
	case RS_TYPE_HIST:
	case RS_TYPE_LHIST:
		add(into, value, type->count);
		break;
	default:
		memcpy(into, value, rs_type_slot(type));
	}
}

/* ---- the order ---- */

struct order {
	const struct rs_type *key, *value;
	uint32_t key_size;
};

static int64_t word(const uint8_t *data, unsigned i)
{
	int64_t v;

	memcpy(&v, data + (size_t)i * 8, 8);
	return v;
}

static int compare_words(int64_t a, int64_t b, bool is_signed)
{
	if (is_signed)
		return a < b ? -1 : a > b;
	return (uint64_t)a < (uint64_t)b ? -1 : (uint64_t)a > (uint64_t)b;
}

static uint64_t buckets_total(const struct rs_type *type, const uint8_t *value)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < type->count; i++)
		total += (uint64_t)word(value, i);
	return total;
}

static int64_t average(const struct rs_type *type, const uint8_t *value)
{
	int64_t count = word(value, 0), total = word(value, 1);

	if (!count)
		return 0;
	return counts_signed(type) ? total / count : (int64_t)((uint64_t)total / (uint64_t)count);
}

/* 0 where values of the type are not ordered by their value but by their key. */
static int compare_values(const struct rs_type *type, const uint8_t *a, const uint8_t *b)
{
	switch (type->kind) {
	case RS_TYPE_INT:
	case RS_TYPE_ENUM:
	case RS_TYPE_COUNT:
		return compare_words(word(a, 0), word(b, 0),
				     type->kind != RS_TYPE_COUNT && type->is_signed);
	case RS_TYPE_SUM:
	case RS_TYPE_MIN:
	case RS_TYPE_MAX:
		return compare_words(word(a, 0), word(b, 0), counts_signed(type));
	case RS_TYPE_AVG:
	case RS_TYPE_STATS:
		return compare_words(average(type, a), average(type, b), counts_signed(type));
	case RS_TYPE_HIST:
	case RS_TYPE_LHIST:
		return compare_words((int64_t)buckets_total(type, a),
				     (int64_t)buckets_total(type, b), false);
	default:
		return 0;
	}
}

static int compare_keys(const struct rs_type *type, const uint8_t *a, const uint8_t *b,
			uint32_t size)
{
	if (type->kind == RS_TYPE_TUPLE || type->kind == RS_TYPE_RECORD) {
		for (uint32_t i = 0; i < type->n_fields; i++) {
			const struct rs_field *f = &type->fields[i];
			int r = compare_keys(f->type, a + f->offset, b + f->offset,
					     rs_type_slot(f->type));

			if (r)
				return r;
		}
		return 0;
	}
	if (type->kind == RS_TYPE_STRING)
		return strncmp((const char *)a, (const char *)b, size);
	if (rs_type_is_word(type))
		return compare_words(word(a, 0), word(b, 0), true);
	return memcmp(a, b, size);
}

static int compare_entries(const void *a, const void *b, void *ctx)
{
	const struct rs_map_entry *x = a, *y = b;
	const struct order *order = ctx;
	int r = compare_values(order->value, x->value, y->value);

	return r || !order->key ? r : compare_keys(order->key, x->key, y->key, order->key_size);
}

/* Sorts; returns the first entry to show. */
static size_t sort_entries(struct rs_map_contents *contents, uint64_t top)
{
	struct order order = { contents->map->key, contents->map->value, contents->map->key_size };

	if (contents->n > 1)
		qsort_r(contents->entries, contents->n, sizeof(*contents->entries), compare_entries,
			&order);
	return top && contents->n > top ? contents->n - top : 0;
}

/* ---- text ---- */

static bool is_histogram(const struct rs_type *type)
{
	return type->kind == RS_TYPE_HIST || type->kind == RS_TYPE_LHIST;
}

/* Tuples lose their outer parentheses. */
static void show_key(struct rs_show *show, const struct rs_map *map, const uint8_t *key,
		     struct rs_str *out)
{
	size_t from = out->len;

	rs_show_value(show, map->key, key, map->key_size, 1, out);
	if (out->len >= from + 2 && out->data[from] == '(' && out->data[out->len - 1] == ')') {
		memmove(out->data + from, out->data + from + 1, out->len - from - 2);
		rs_str_truncate(out, out->len - 2);
	}
}

static void show_entry(struct rs_show *show, const struct rs_map *map,
		       const struct rs_map_entry *entry, uint64_t div, struct rs_str *out)
{
	rs_str_append_cstr(out, map->name);
	if (map->key) {
		rs_str_append_cstr(out, "[");
		show_key(show, map, entry->key, out);
		rs_str_append_cstr(out, "]");
	}
	if (is_histogram(map->value)) {
		rs_str_append_cstr(out, ":\n");
		rs_show_histogram(show, map->value, entry->value, div, out);
	} else {
		rs_str_append_cstr(out, ": ");
		rs_show_value(show, map->value, entry->value, map->value_size, div, out);
	}
	rs_str_append_cstr(out, "\n");
}

int rs_show_map(struct rs_show *show, struct rs_map_contents *contents, uint64_t top, uint64_t div,
		struct rs_str *out)
{
	for (size_t i = sort_entries(contents, top); i < contents->n; i++)
		show_entry(show, contents->map, &contents->entries[i], div, out);
	return out->error;
}

/* ---- JSON ---- */

static const char *json_type(const struct rs_type *type)
{
	if (is_histogram(type))
		return "hist";
	return type->kind == RS_TYPE_AVG || type->kind == RS_TYPE_STATS ? "stats" : "map";
}

static void json_value(struct rs_show *show, const struct rs_map *map, const uint8_t *value,
		       uint64_t div, struct rs_str *out)
{
	if (is_histogram(map->value))
		rs_show_histogram_json(map->value, value, div, out);
	else
		rs_show_value_json(show, map->value, value, map->value_size, div, out);
}

/* Keys are their text, without blanks unless they are a string by themselves. */
static void json_key(struct rs_show *show, const struct rs_map *map, const uint8_t *key,
		     struct rs_str *out)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	struct shower s = { .show = show, .out = out, .json = true };
	size_t n = 0;

	show_key(show, map, key, &text);
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] != ' ')
			text.data[n++] = text.data[i];
	}
	rs_shower_string(&s, text.data, n);
}

static void json_entries(struct rs_show *show, struct rs_map_contents *contents, uint64_t top,
			 uint64_t div, struct rs_str *out)
{
	size_t first = sort_entries(contents, top);

	rs_str_append_cstr(out, "{");
	for (size_t i = first; i < contents->n; i++) {
		if (i > first)
			rs_str_append_cstr(out, ", ");
		json_key(show, contents->map, contents->entries[i].key, out);
		rs_str_append_cstr(out, ": ");
		json_value(show, contents->map, contents->entries[i].value, div, out);
	}
	rs_str_append_cstr(out, "}");
}

int rs_show_map_json(struct rs_show *show, struct rs_map_contents *contents, uint64_t top,
		     uint64_t div, struct rs_str *out)
{
	const struct rs_map *map = contents->map;

	rs_str_appendf(out, "{\"type\": \"%s\", \"data\": {\"%s\": ",
		       contents->n ? json_type(map->value) : "map", map->name);
	if (map->key)
		json_entries(show, contents, top, div, out);
	else if (contents->n)
		json_value(show, map, contents->entries[0].value, div, out);
	else
		rs_str_append_cstr(out, "null");
	rs_str_append_cstr(out, "}}\n");
	return out->error;
}
