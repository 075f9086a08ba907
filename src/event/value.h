/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Single values of events, by the names of the table of fields: for whoever compares, counts or prints
 * columns. A name may stand in several rows of the table, each for other kinds; they are one field
 * here.
 */

#include "event/schema.h"

enum rs_value_type {
	RS_VALUE_NONE, /* the event has no such field */
	RS_VALUE_TEXT, /* not terminated; keywords, IP addresses, dates */
	RS_VALUE_INT,
	RS_VALUE_BOOL, /* number is 0 or 1 */
	RS_VALUE_LIST, /* n_texts elements */
};

struct rs_value {
	enum rs_value_type type;
	struct rs_text text;
	int64_t number; /* also set for a date: real ns. What does not fit is the nearest that does */
	const struct rs_text *texts; /* of lists of numbers, too: as digits */
	const int64_t *numbers;      /* of RS_TYPE_LONGS, else NULL */
	size_t n_texts;
};

/* A field; static, never freed. */
struct rs_event_column {
	const char *name;
	enum rs_field_type type;
	uint64_t kinds; /* bit per enum rs_kind that may have it */
	bool labels;    /* of any key: see rs_event_value_named() */
};

/* All of them, in the order of the table. */
size_t rs_event_columns(const struct rs_event_column **ret_columns);
/* By its whole name; NULL: unknown. "kubernetes.labels.app" finds a column for all keys, named
 * "kubernetes.labels"; that name itself, a column of lists: "key=value". */
const struct rs_event_column *rs_event_column_find(const char *name, size_t len);
const char *rs_event_column_nearest(const char *name); /* NULL: none is near */

struct rs_event_values;

/* @host is copied. -ENOMEM. */
int rs_event_values_new(const struct rs_event_host *host, struct rs_event_values **ret_values);
void rs_event_values_free(struct rs_event_values **values);

/* Later events are of this host, or of another boot of it, or the clock was set. Copied. */
void rs_event_values_set_host(struct rs_event_values *values, const struct rs_event_host *host);

/* The value of a field of an event, valid until the next call with the same @values, and as long as
 * the event. Plain bytes: nothing is escaped. Allocates only to grow its scratch; without memory there
 * is no value. process.env_vars has none, ever. */
void rs_event_value(struct rs_event_values *values, const struct rs_event_column *column,
		    const struct rs_event *event, struct rs_value *ret_value);

/* The same for a column that was found by a name, which is given again: where column->labels is set, it
 * says the key. */
void rs_event_value_named(struct rs_event_values *values, const struct rs_event_column *column,
			  const char *name, size_t len, const struct rs_event *event,
			  struct rs_value *ret_value);

/* One label of the event's container or pod, by its key: with its dots, or with underscores as it is
 * shown. False (and RS_VALUE_NONE): it has none of this name. */
bool rs_event_label(const struct rs_event *event, const char *key, size_t len,
		    struct rs_value *ret_value);
