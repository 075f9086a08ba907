/* SPDX-License-Identifier: Apache-2.0 */
/* Values of events as columns: which ones, and as CSV. */
#include <errno.h>
#include <string.h>

#include "cmd/events.h"

int rs_events_columns_find(const struct rs_opt_list *names, struct rs_events_columns *ret_columns,
			   struct rs_error *err)
{
	struct rs_events_columns columns = { .n = 0 };

	for (size_t i = 0; i < names->len; i++) {
		const struct rs_event_column **column = &columns.column[columns.n];

		if (columns.n == RS_EVENTS_COLUMNS_MAX)
			return rs_error_set(err, -EINVAL, "more than %u fields",
					    RS_EVENTS_COLUMNS_MAX);
		if (rs_expr_field(names->items[i], column, err) < 0)
			return -EINVAL;
		columns.name[columns.n++] = (*column)->labels ? names->items[i] : (*column)->name;
	}
	*ret_columns = columns;
	return 0;
}

void rs_events_column_value(const struct rs_events_columns *columns, size_t i,
			    struct rs_event_values *values, const struct rs_event *event,
			    struct rs_value *ret_value)
{
	const struct rs_event_column *column = columns->column[i];
	const char *name = columns->name[i];

	*ret_value = (struct rs_value){ .type = RS_VALUE_NONE };
	if (column->kinds >> event->hdr->kind & 1)
		rs_event_value_named(values, column, name, strlen(name), event, ret_value);
}

static void append_text(const struct rs_text *text, bool escape, struct rs_str *out)
{
	if (escape)
		rs_str_append_escaped(out, text->data, text->len);
	else
		rs_str_append(out, text->data, text->len);
}

void rs_events_append_value(const struct rs_value *value, bool escape, struct rs_str *out)
{
	switch (value->type) {
	case RS_VALUE_NONE:
		break;
	case RS_VALUE_TEXT:
		append_text(&value->text, escape, out);
		break;
	case RS_VALUE_INT:
		rs_str_append_i64(out, value->number);
		break;
	case RS_VALUE_BOOL:
		rs_str_append_cstr(out, value->number ? "true" : "false");
		break;
	case RS_VALUE_LIST:
		for (size_t i = 0; i < value->n_texts; i++) {
			rs_str_append_cstr(out, i ? ";" : "");
			append_text(&value->texts[i], escape, out);
		}
		break;
	}
}

void rs_events_append_csv(const void *data, size_t n, struct rs_str *out)
{
	const char *p = data, *end = p + n;
	bool quoted = false;

	for (const char *c = p; c < end; c++)
		quoted |= *c == '"' || *c == ',' || *c == '\r' || *c == '\n';
	if (!quoted) {
		rs_str_append(out, p, n);
		return;
	}
	rs_str_append_char(out, '"');
	for (; p < end; p++) {
		if (*p == '"')
			rs_str_append_char(out, '"');
		rs_str_append_char(out, *p);
	}
	rs_str_append_char(out, '"');
}
