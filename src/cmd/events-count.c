/* SPDX-License-Identifier: Apache-2.0 */
/* Counts events by the values of fields. */
#include <errno.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/json.h"
#include "base/vec.h"
#include "cmd/events.h"
#include "cmd/report-grid.h"

#define VALUE_MAX 1024                /* bytes of a value that count */
#define KEYS_MAX  ((size_t)256 << 20) /* bytes of all keys; no more groups then */

/* Events with the same values. */
struct group {
	uint64_t count;
	const char *key; /* the map's own; set for sorting */
	size_t len;
};

/*
 * The key of a group: for each field a byte (what sort of value), two of its length, and its text.
 */
struct rs_events_count {
	const struct rs_events_columns *columns;
	struct rs_hashmap *groups;
	struct rs_str key, value; /* scratch */
	size_t bytes;             /* of all keys */
	uint64_t others;          /* events of groups that had no room */
};

enum sort_of_value { SORT_NONE, SORT_TEXT, SORT_NUMBER, SORT_BOOL };

static void drop_group(void *value, void *data)
{
	(void)data;
	free(value);
}

int rs_events_count_new(const struct rs_events_columns *columns, struct rs_events_count **ret_count)
{
	struct rs_hashmap_opts opts = { .max = RS_EVENTS_GROUPS_MAX, .drop = drop_group };
	_cleanup_(rs_events_count_free) struct rs_events_count *count = calloc(1, sizeof(*count));
	int r;

	if (!count)
		return -ENOMEM;
	r = rs_hashmap_new_str(&opts, &count->groups);
	if (r < 0)
		return r;
	count->columns = columns;
	*ret_count = TAKE_PTR(count);
	return 0;
}

void rs_events_count_free(struct rs_events_count **count)
{
	if (!*count)
		return;
	rs_hashmap_free(&(*count)->groups);
	rs_str_done(&(*count)->key);
	rs_str_done(&(*count)->value);
	free(*count);
	*count = NULL;
}

static enum sort_of_value sort_of(const struct rs_value *value)
{
	switch (value->type) {
	case RS_VALUE_NONE:
		return SORT_NONE;
	case RS_VALUE_INT:
		return SORT_NUMBER;
	case RS_VALUE_BOOL:
		return SORT_BOOL;
	case RS_VALUE_TEXT:
	case RS_VALUE_LIST:
		break;
	}
	return SORT_TEXT;
}

static void append_part(struct rs_events_count *count, const struct rs_value *value)
{
	uint16_t n;

	rs_str_reset(&count->value);
	rs_events_append_value(value, false, &count->value);
	n = (uint16_t)MIN(count->value.len, (size_t)VALUE_MAX);
	rs_str_append_char(&count->key, (char)sort_of(value));
	rs_str_append(&count->key, &n, sizeof(n));
	rs_str_append(&count->key, count->value.data, n);
}

static int add_group(struct rs_events_count *count)
{
	_cleanup_(rs_cleanup_free) struct group *group = NULL;
	int r;

	if (rs_hashmap_len(count->groups) >= RS_EVENTS_GROUPS_MAX || count->bytes >= KEYS_MAX) {
		count->others++;
		return 0;
	}
	group = calloc(1, sizeof(*group));
	if (!group)
		return -ENOMEM;
	group->count = 1;
	r = rs_hashmap_put_str(count->groups, count->key.data, count->key.len, group);
	if (r < 0)
		return r;
	count->bytes += count->key.len;
	TAKE_PTR(group);
	return 0;
}

int rs_events_count_add(struct rs_events_count *count, struct rs_event_values *values,
			const struct rs_event *event)
{
	struct group *group;

	rs_str_reset(&count->key);
	for (size_t i = 0; i < count->columns->n; i++) {
		struct rs_value value;

		rs_events_column_value(count->columns, i, values, event, &value);
		append_part(count, &value);
	}
	if (count->key.error || count->value.error)
		return -ENOMEM;
	group = rs_hashmap_find_str(count->groups, count->key.data, count->key.len);
	if (!group)
		return add_group(count);
	group->count++;
	return 0;
}

/* --- writing --- */

static int compare_groups(const void *a, const void *b)
{
	const struct group *x = *(const struct group *const *)a;
	const struct group *y = *(const struct group *const *)b;
	int order;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	order = memcmp(x->key, y->key, MIN(x->len, y->len));
	return order ? order : (x->len > y->len) - (x->len < y->len);
}

typedef RS_VEC(struct group *) group_vec;

static int sort_groups(struct rs_events_count *count, group_vec *groups)
{
	struct rs_hashmap_entry entry;
	size_t pos = 0;

	while (rs_hashmap_next(count->groups, &pos, &entry)) {
		struct group *group = entry.value;

		group->key = entry.str;
		group->len = entry.str_len;
		if (rs_vec_push(groups, group) < 0)
			return -ENOMEM;
	}
	if (groups->len)
		qsort(groups->items, groups->len, sizeof(*groups->items), compare_groups);
	return 0;
}

/* The next part of a key, which is moved behind it. */
static enum sort_of_value next_part(const char **key, const char **ret_text, size_t *ret_len)
{
	enum sort_of_value sort = (enum sort_of_value)(unsigned char)**key;
	uint16_t n;

	memcpy(&n, *key + 1, sizeof(n));
	*ret_text = *key + 3;
	*ret_len = n;
	*key += 3 + n;
	return sort;
}

static void write_json(const struct rs_events_count *count, const struct group *group,
		       struct rs_str *out)
{
	const char *key = group->key, *text;
	struct rs_json w;
	size_t n;

	rs_json_init(&w, out);
	rs_json_begin_object(&w);
	rs_json_key_lit(&w, "count");
	rs_json_u64(&w, group->count);
	for (size_t i = 0; i < count->columns->n; i++) {
		enum sort_of_value sort = next_part(&key, &text, &n);

		rs_json_key(&w, count->columns->name[i], strlen(count->columns->name[i]));
		if (sort == SORT_NONE)
			rs_json_null(&w);
		else if (sort == SORT_TEXT)
			rs_json_string(&w, text, n);
		else
			rs_json_raw(&w, text, n);
	}
	rs_json_end_object(&w);
	rs_str_append_char(out, '\n');
}

static void write_csv(struct rs_events_count *count, const struct group *group, struct rs_str *out)
{
	const char *key = group->key, *text;
	size_t n;

	rs_str_append_u64(out, group->count);
	for (size_t i = 0; i < count->columns->n; i++) {
		next_part(&key, &text, &n);
		rs_str_reset(&count->value);
		rs_str_append_escaped(&count->value, text, n);
		rs_str_append_char(out, ',');
		rs_events_append_csv(count->value.data, count->value.len, out);
	}
	rs_str_append_cstr(out, "\r\n");
}

static void write_csv_header(const struct rs_events_count *count, struct rs_str *out)
{
	rs_str_append_cstr(out, "count");
	for (size_t i = 0; i < count->columns->n; i++) {
		rs_str_append_char(out, ',');
		rs_events_append_csv(count->columns->name[i], strlen(count->columns->name[i]), out);
	}
	rs_str_append_cstr(out, "\r\n");
}

static void write_csv_others(const struct rs_events_count *count, uint64_t others,
			     struct rs_str *out)
{
	rs_str_append_u64(out, others);
	rs_str_append_cstr(out, ",(others)");
	rs_str_append_fill(out, ',', count->columns->n - 1);
	rs_str_append_cstr(out, "\r\n");
}

static void add_row(const struct rs_events_count *count, const struct group *group,
		    struct rs_grid *grid)
{
	const char *key = group->key, *text;
	size_t n;

	rs_grid_count(grid, group->count);
	for (size_t i = 0; i < count->columns->n; i++) {
		if (next_part(&key, &text, &n) == SORT_NONE)
			rs_grid_cstr(grid, NULL);
		else
			rs_grid_text(grid, text, n);
	}
}

static int write_table(const struct rs_events_count *count, const group_vec *groups, size_t rows,
		       uint64_t others, unsigned width, bool color, struct rs_str *out)
{
	struct rs_grid_column columns[RS_GRID_COLUMNS_MAX] = {
		{ .title = "COUNT", .align = RS_TERM_RIGHT },
	};
	_cleanup_(rs_grid_done) struct rs_grid grid = { .columns = columns,
							.n = count->columns->n + 1 };

	for (size_t i = 0; i < count->columns->n; i++)
		columns[i + 1] = (struct rs_grid_column){ .title = count->columns->name[i],
							  .cut = true,
							  .path = true };
	for (size_t i = 0; i < rows; i++)
		add_row(count, groups->items[i], &grid);
	if (others) {
		rs_grid_count(&grid, others);
		rs_grid_cstr(&grid, "(others)");
		for (size_t i = 1; i < count->columns->n; i++)
			rs_grid_cstr(&grid, "");
	}
	return rs_grid_write(&grid, 0, width, color, out);
}

static void group_vec_done(group_vec *groups)
{
	rs_vec_done(groups);
}

int rs_events_count_write(struct rs_events_count *count, enum rs_events_output output,
			  uint64_t limit, unsigned width, bool color, struct rs_str *out)
{
	_cleanup_(group_vec_done) group_vec groups = { 0 };
	uint64_t others = count->others;
	size_t rows;
	int r = sort_groups(count, &groups);

	if (r < 0)
		return r;
	rows = limit && limit < groups.len ? (size_t)limit : groups.len;
	for (size_t i = rows; i < groups.len; i++)
		others += groups.items[i]->count;
	if (output == RS_EVENTS_TABLE)
		return rows ? write_table(count, &groups, rows, others, width, color, out) : 0;
	if (output == RS_EVENTS_CSV)
		write_csv_header(count, out);
	for (size_t i = 0; i < rows; i++) {
		if (output == RS_EVENTS_CSV)
			write_csv(count, groups.items[i], out);
		else
			write_json(count, groups.items[i], out);
	}
	if (others && output == RS_EVENTS_CSV)
		write_csv_others(count, others, out);
	if (others && output == RS_EVENTS_JSON)
		rs_str_appendf(out, "{\"count\":%llu,\"others\":true}\n",
			       (unsigned long long)others);
	return out->error;
}
