/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside `ringside events`. */

#include "cmd/ask.h"
#include "event/value.h"

enum rs_events_output { RS_EVENTS_TABLE, RS_EVENTS_JSON, RS_EVENTS_CSV };

#define RS_EVENTS_COLUMNS_MAX 32

/* Fields that were asked for, in this order. */
struct rs_events_columns {
	const struct rs_event_column *column[RS_EVENTS_COLUMNS_MAX];
	const char *name[RS_EVENTS_COLUMNS_MAX]; /* whole names; of labels, as given */
	size_t n;
};

/* -EINVAL: an unknown one, or too many. @names are borrowed. */
int rs_events_columns_find(const struct rs_opt_list *names, struct rs_events_columns *ret_columns,
			   struct rs_error *err);
void rs_events_column_value(const struct rs_events_columns *columns, size_t i,
			    struct rs_event_values *values, const struct rs_event *event,
			    struct rs_value *ret_value);

/* Appends a value as text: lists with ";" between; bytes that could steer a terminal are escaped, where
 * @escape says so. */
void rs_events_append_value(const struct rs_value *value, bool escape, struct rs_str *out);

/* Appends a field of CSV (RFC 4180): in quotes where it must be. */
void rs_events_append_csv(const void *data, size_t n, struct rs_str *out);

/* --- events-count.c: --count-by --- */

struct rs_events_count;

#define RS_EVENTS_GROUPS_MAX 100000 /* what comes then is counted together */

int rs_events_count_new(const struct rs_events_columns *columns,
			struct rs_events_count **ret_count);
void rs_events_count_free(struct rs_events_count **count);
int rs_events_count_add(struct rs_events_count *count, struct rs_event_values *values,
			const struct rs_event *event);
/* Appends the result, most first; @limit rows, 0: all. @width 0: lines as long as they get. */
int rs_events_count_write(struct rs_events_count *count, enum rs_events_output output,
			  uint64_t limit, unsigned width, bool color, struct rs_str *out);
