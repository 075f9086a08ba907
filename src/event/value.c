/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single values. Where the value is there already (a number in the record, a string that somebody
 * holds) it is handed out as it is. Everything else is written as for JSON, by the same function of the
 * table of fields, into scratch memory, and read back: rs_out.raw keeps bytes as they are, so that
 * reading is little more than finding the end.
 */
#include "event/value.h"

#include <errno.h>
#include <pthread.h>

#include "base/suggest.h"
#include "base/vec.h"
#include "event/fields.h"
#include "event/names.h"

#define SCRATCH_ROOM 4096 /* at first */
#define LABELS_MAX   8    /* fields that are objects of labels */

/* --- columns: made from the table of fields, once --- */

static struct {
	/* Those of all fields; behind them those that stand for labels of any key. */
	struct rs_event_column column[RS_EVENT_FIELDS_MAX + LABELS_MAX];
	uint16_t first[RS_EVENT_FIELDS_MAX + LABELS_MAX]; /* row of the table */
	uint16_t next[RS_EVENT_FIELDS_MAX];               /* row of the same name; after a row */
	size_t n, n_labels;
} columns;

static pthread_once_t columns_once = PTHREAD_ONCE_INIT;

/* The last row of a name before row i, or -1. */
static int earlier_row(size_t i)
{
	for (size_t j = i; j--;)
		if (strcmp(rs_event_fields[j].name, rs_event_fields[i].name) == 0)
			return (int)j;
	return -1;
}

static void add_column(size_t at, const struct rs_event_field *field, enum rs_field_type type,
		       bool labels)
{
	columns.column[at] = (struct rs_event_column){
		.name = field->name,
		.type = type,
		.kinds = field->kinds,
		.labels = labels,
	};
	columns.first[at] = (uint16_t)(field - rs_event_fields);
}

static void add_row(size_t i)
{
	const struct rs_event_field *field = &rs_event_fields[i];
	bool labels = field->type == RS_TYPE_LABELS;
	int earlier = earlier_row(i);

	if (earlier < 0) {
		add_column(columns.n++, field, labels ? RS_TYPE_KEYWORDS : field->type, false);
		return;
	}
	columns.next[earlier] = (uint16_t)i;
	for (size_t j = 0; j < columns.n; j++)
		if (strcmp(columns.column[j].name, field->name) == 0)
			columns.column[j].kinds |= field->kinds;
}

static void make_columns(void)
{
	for (size_t i = 0; i < rs_event_fields_count; i++)
		add_row(i);
	for (size_t i = 0; i < rs_event_fields_count && columns.n_labels < LABELS_MAX; i++)
		if (rs_event_fields[i].type == RS_TYPE_LABELS)
			add_column(columns.n + columns.n_labels++, &rs_event_fields[i],
				   RS_TYPE_KEYWORD, true);
}

size_t rs_event_columns(const struct rs_event_column **ret_columns)
{
	pthread_once(&columns_once, make_columns);
	*ret_columns = columns.column;
	return columns.n;
}

const struct rs_event_column *rs_event_column_find(const char *name, size_t len)
{
	const struct rs_event_column *column;
	size_t n = rs_event_columns(&column);

	for (const struct rs_event_column *c = column; c < column + n; c++)
		if (strlen(c->name) == len && memcmp(c->name, name, len) == 0)
			return c;
	for (const struct rs_event_column *c = column + n; c < column + n + columns.n_labels; c++) {
		size_t own = strlen(c->name);

		if (len > own + 1 && memcmp(c->name, name, own) == 0 && name[own] == '.')
			return c;
	}
	return NULL;
}

const char *rs_event_column_nearest(const char *name)
{
	const struct rs_event_column *column;
	size_t n = rs_event_columns(&column);
	struct rs_suggest suggest;

	rs_suggest_init(&suggest, name);
	for (size_t i = 0; i < n; i++)
		rs_suggest_offer(&suggest, column[i].name);
	return rs_suggest_best(&suggest);
}

/* The row of the table that a column has for a kind, which must be one of its. */
static const struct rs_event_field *row_for(const struct rs_event_column *column, enum rs_kind kind)
{
	size_t i = columns.first[column - columns.column];

	while (!(rs_event_fields[i].kinds >> kind & 1))
		i = columns.next[i];
	return &rs_event_fields[i];
}

/* --- state --- */

struct rs_event_values {
	struct rs_event_host host;
	struct rs_entity_key key;
	struct rs_clock_text time;
	struct rs_clock_text start;
	struct rs_id_cache ids;
	struct rs_str scratch;
	RS_VEC(struct rs_text) texts;
	RS_VEC(int64_t) numbers;
	char path[2][RS_EVENT_PATH_MAX];
};

int rs_event_values_new(const struct rs_event_host *host, struct rs_event_values **ret_values)
{
	_cleanup_(rs_event_values_free) struct rs_event_values *values = calloc(1, sizeof(*values));

	if (!values || rs_str_reserve(&values->scratch, SCRATCH_ROOM) < 0)
		return -ENOMEM;
	rs_event_values_set_host(values, host);
	*ret_values = TAKE_PTR(values);
	return 0;
}

void rs_event_values_free(struct rs_event_values **values)
{
	if (!*values)
		return;
	rs_str_done(&(*values)->scratch);
	rs_vec_done(&(*values)->texts);
	rs_vec_done(&(*values)->numbers);
	free(*values);
	*values = NULL;
}

void rs_event_values_set_host(struct rs_event_values *values, const struct rs_event_host *host)
{
	if (strcmp(values->host.boot_id, host->boot_id) != 0 || !values->key.word[0]) {
		rs_entity_key_init(&values->key, host->boot_id);
		memset(&values->ids, 0, sizeof(values->ids));
	}
	values->host = *host;
}

/* --- reading back --- */

/* What was written: from p to end. Strings are unescaped in place. */
struct reader {
	struct rs_event_values *values;
	char *p, *end;
	bool failed;
};

/* A string in quotes, unescaped to where it begins. p is then behind it. */
static struct rs_text read_string(struct reader *reader)
{
	char *from = reader->p + 1, *to = from, *start = from;

	/* Nothing is to be moved up to the first backslash. */
	while (from < reader->end && *from != '"' && *from != '\\')
		from++;
	for (to = from; from < reader->end && *from != '"';) {
		if (*from == '\\')
			from++;
		*to++ = *from++;
	}
	reader->p = from + 1;
	return (struct rs_text){ start, (uint32_t)(to - start), 0 };
}

static int64_t read_number(struct reader *reader)
{
	bool minus = *reader->p == '-';
	uint64_t v = 0;

	for (reader->p += minus; reader->p < reader->end; reader->p++) {
		unsigned digit = (unsigned)(*reader->p - '0');

		if (digit > 9)
			break;
		v = v > (UINT64_MAX - 9) / 10 ? UINT64_MAX : v * 10 + digit;
	}
	v = MIN(v, (uint64_t)INT64_MAX);
	return minus ? -(int64_t)v : (int64_t)v;
}

static void add_text(struct reader *reader, struct rs_text text)
{
	if (rs_vec_push(&reader->values->texts, text) < 0)
		reader->failed = true;
}

/* One element of a list: a string, or a number, which is also text. */
static void read_element(struct reader *reader)
{
	char *start = reader->p;
	int64_t number;

	if (*start == '"') {
		add_text(reader, read_string(reader));
		return;
	}
	number = read_number(reader);
	add_text(reader, (struct rs_text){ start, (uint32_t)(reader->p - start), 0 });
	if (rs_vec_push(&reader->values->numbers, number) < 0)
		reader->failed = true;
}

/* A member of an object as "key=value". */
static void read_member(struct reader *reader)
{
	struct rs_text key = read_string(reader), value;
	char *to = (char *)key.data + key.len;

	reader->p++;
	value = read_string(reader);
	*to++ = '=';
	memmove(to, value.data, value.len);
	key.len += value.len + 1;
	add_text(reader, key);
}

static void read_list(struct reader *reader, struct rs_value *ret_value)
{
	struct rs_event_values *values = reader->values;
	bool members = *reader->p == '{';

	rs_vec_reset(&values->texts);
	rs_vec_reset(&values->numbers);
	/* From "[" or a comma to the next element. */
	for (reader->p++; reader->p < reader->end && !reader->failed; reader->p++) {
		if (members)
			read_member(reader);
		else
			read_element(reader);
	}
	if (reader->failed)
		return;
	ret_value->type = RS_VALUE_LIST;
	ret_value->texts = values->texts.items;
	ret_value->numbers = values->numbers.len ? values->numbers.items : NULL;
	ret_value->n_texts = values->texts.len;
}

static void read_value(struct rs_event_values *values, size_t n, struct rs_value *ret_value)
{
	struct reader reader = { .values = values, .p = values->scratch.data };

	reader.end = reader.p + n;
	switch (*reader.p) {
	case '"':
		ret_value->text = read_string(&reader);
		ret_value->type = RS_VALUE_TEXT;
		break;
	case '[':
	case '{':
		read_list(&reader, ret_value);
		break;
	case 't':
	case 'f':
		ret_value->number = *reader.p == 't';
		ret_value->type = RS_VALUE_BOOL;
		break;
	default:
		ret_value->number = read_number(&reader);
		ret_value->type = RS_VALUE_INT;
	}
}

/* --- values --- */

static void set_text(struct rs_value *ret_value, struct rs_text text)
{
	if (!text.data)
		return;
	ret_value->text = text;
	ret_value->type = RS_VALUE_TEXT;
}

static void set_path(struct rs_value *ret_value, const struct rs_path *path)
{
	set_text(ret_value, (struct rs_text){ path->data, (uint32_t)path->len, 0 });
}

/* The way that always goes: write it, read it. */
static void render(struct rs_event_values *values, const struct rs_event_field *field,
		   const struct rs_event *event, struct rs_value *ret_value)
{
	struct rs_str *scratch = &values->scratch;
	struct rs_render r = {
		.out = { scratch->data, scratch->data + scratch->cap - 1, scratch, .raw = true },
		.event = event,
		.kind = event->hdr->kind,
		.host = &values->host,
		.key = &values->key,
		.time = &values->time,
		.start = &values->start,
		.ids = &values->ids,
	};

	if (field->from == RS_FROM_PATHS) {
		rs_render_paths(&r, values->path[0], values->path[1]);
		/* Nobody wrote them, so nobody knows: whoever asks then looks himself. */
		r.odd[0] = r.has_path[0];
		r.odd[1] = r.has_path[1];
	}
	field->write(&r);
	if (!r.out.failed && r.out.p != scratch->data)
		read_value(values, (size_t)(r.out.p - scratch->data), ret_value);
	rs_str_reset(scratch);
}

static void load(struct rs_event_values *values, const struct rs_event_field *field,
		 const struct rs_event *event, struct rs_value *ret_value)
{
	const void *at = (const char *)event->hdr + field->at;
	uint64_t v;

	switch (field->from) {
	case RS_FROM_U16:
		v = *(const uint16_t *)at;
		break;
	case RS_FROM_U32:
		v = *(const uint32_t *)at;
		break;
	case RS_FROM_S32:
		v = (uint64_t)(int64_t) * (const int32_t *)at;
		break;
	default:
		v = MIN(*(const uint64_t *)at, (uint64_t)INT64_MAX);
	}
	if (field->type == RS_TYPE_KEYWORD) {
		char *end = rs_put_u64(values->scratch.data, v);

		set_text(ret_value, (struct rs_text){ values->scratch.data,
						      (uint32_t)(end - values->scratch.data), 0 });
		return;
	}
	ret_value->number = (int64_t)v;
	ret_value->type = RS_VALUE_INT;
}

/* Dates are numbers, too: 0 where this one has no moment. */
static uint64_t date_of(const struct rs_event_field *field, const struct rs_event *event)
{
	if (field->write == rs_field_timestamp)
		return event->hdr->time;
	if (field->write == rs_field_process_start)
		return event->hdr->start;
	if (field->write == rs_field_process_end)
		return rs_event_exit(event)->hdr.time;
	return 0;
}

/* The value of a field that is there to be written. */
static void written(struct rs_event_values *values, const struct rs_event_field *field,
		    const struct rs_event *event, struct rs_value *ret_value)
{
	const struct rs_text *exe = &event->field[RS_TAG_EXE];
	struct rs_path path;

	if (field->write == rs_field_executable) {
		if (!exe->data)
			set_text(ret_value, rs_text_of(event->executable));
		else if (rs_event_kernel_path(exe, values->path[0], &path))
			set_path(ret_value, &path);
		return;
	}
	render(values, field, event, ret_value);
	if (field->type == RS_TYPE_DATE && ret_value->type != RS_VALUE_NONE)
		ret_value->number = (int64_t)(date_of(field, event) +
					      (uint64_t)values->host.boot_offset);
}

static void of_paths(struct rs_event_values *values, const struct rs_event_field *field,
		     const struct rs_event *event, struct rs_value *ret_value)
{
	struct rs_path path;

	if (field->write != rs_field_file_path)
		render(values, field, event, ret_value);
	else if (rs_event_path(event, rs_path_main(event->hdr->kind), values->path[0], &path))
		set_path(ret_value, &path);
}

void rs_event_value(struct rs_event_values *values, const struct rs_event_column *column,
		    const struct rs_event *event, struct rs_value *ret_value)
{
	const struct rs_event_field *field;
	unsigned when;

	*ret_value = (struct rs_value){ .type = RS_VALUE_NONE };
	if (!(column->kinds >> event->hdr->kind & 1) || column->labels)
		return;
	field = row_for(column, event->hdr->kind);
	/* Whether a path is odd is found out later. */
	when = field->when & ~(unsigned)RS_WHEN_ODD;
	if (when && !(when & rs_event_traits(event)))
		return;
	switch (field->from) {
	case RS_FROM_GET:
		set_text(ret_value, field->get(event));
		break;
	case RS_FROM_TEXT:
		set_text(ret_value, event->field[field->at]);
		break;
	case RS_FROM_WRITE:
		written(values, field, event, ret_value);
		break;
	case RS_FROM_PATHS:
		of_paths(values, field, event, ret_value);
		break;
	case RS_FROM_CONST:
		render(values, field, event, ret_value);
		break;
	default:
		load(values, field, event, ret_value);
	}
}

/* --- labels --- */

bool rs_event_label(const struct rs_event *event, const char *key, size_t len,
		    struct rs_value *ret_value)
{
	const struct rs_event_container *c = event->cgroup ? event->cgroup->container : NULL;

	*ret_value = (struct rs_value){ .type = RS_VALUE_NONE };
	for (size_t i = 0; c && i < c->n_labels; i++) {
		if (!rs_label_is(&c->labels[i], key, len))
			continue;
		set_text(ret_value, rs_text_of(c->labels[i].value));
		return true;
	}
	return false;
}

void rs_event_value_named(struct rs_event_values *values, const struct rs_event_column *column,
			  const char *name, size_t len, const struct rs_event *event,
			  struct rs_value *ret_value)
{
	bool of_pod = rs_event_traits(event) & RS_WHEN_POD;
	size_t own;

	if (!column->labels) {
		rs_event_value(values, column, event, ret_value);
		return;
	}
	*ret_value = (struct rs_value){ .type = RS_VALUE_NONE };
	own = strlen(column->name) + 1;
	/* Labels are the pod's, or those of a container that is in none. */
	if (len > own && of_pod == (row_for(column, event->hdr->kind)->when == RS_WHEN_POD))
		rs_event_label(event, name + own, len - own, ret_value);
}
