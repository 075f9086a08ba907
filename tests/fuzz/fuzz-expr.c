/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any text as a condition. It is refused with a place that is in it; or it is printed as text that
 * parses and is printed the same again, holds for the same events, and demands nothing that an event
 * does not have for which it holds.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static struct sample {
	_Alignas(8) char record[RS_RECORD_MAX];
	struct rs_event event;
} samples[RS_KIND_COUNT];
static struct rs_expr_run *run;
static struct rs_event_values *values;

static void make_samples(void)
{
	static const struct rs_event_label labels[] = { { "app", "web" }, { "a.b/c", "x" } };
	static const struct rs_event_container container = {
		.id = "4f1d2c3b5a69",
		.name = "nginx",
		.image = "nginx:1",
		.pod_name = "web-1",
		.namespace = "shop",
		.labels = labels,
		.n_labels = 2,
	};
	static const struct rs_event_cgroup cgroup = { .path = "/pod", .container = &container };
	static const struct rs_event_ancestor ancestor = { .pid = 1, .name = "init" };
	struct rs_event_host host;

	rs_event_sample_host(&host);
	CHECK(rs_expr_run_new(&host, &run) == 0);
	CHECK(rs_event_values_new(&host, &values) == 0);
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
		struct sample *s = &samples[kind];
		size_t n = rs_event_sample(kind, s->record);

		CHECK(rs_event_decode(s->record, n, &s->event) == 0);
		if (kind % 2)
			continue;
		rs_event_sample_origin(&s->event);
		s->event.user = "ann";
		s->event.cgroup = &cgroup;
		s->event.ancestors = &ancestor;
		s->event.n_ancestors = 1;
	}
}

static bool meets(const struct rs_expr_demand *d, const struct rs_event *event)
{
	const struct rs_event_column *column;
	struct rs_value v;
	bool met = false;

	if (d->op == RS_DEMAND_ANY) {
		for (size_t i = 0; i < d->n && !met; i++)
			met = meets(&d->parts[i], event);
		return met;
	}
	column = rs_event_column_find(d->field, strlen(d->field));
	CHECK(column);
	if (!(column->kinds >> event->hdr->kind & 1))
		return false;
	rs_event_value(values, column, event, &v);
	if (v.type == RS_VALUE_NONE)
		return false;
	if (d->numeric && v.type == RS_VALUE_TEXT && column->type != RS_TYPE_DATE) {
		char text[24] = "";

		memcpy(text, v.text.data, v.text.len < 23 ? v.text.len : 23);
		v.number = strtoll(text, NULL, 10);
	}
	if (d->op == RS_DEMAND_RANGE)
		return d->low <= v.number && v.number <= d->high;
	for (size_t i = 0; i < d->n && !met; i++) {
		if (d->numeric)
			met = d->numbers[i] == v.number;
		else
			met = v.text.len >= d->texts[i].len &&
			      (d->op == RS_DEMAND_PREFIX || v.text.len == d->texts[i].len) &&
			      memcmp(v.text.data, d->texts[i].data, d->texts[i].len) == 0;
	}
	return met;
}

static void check_demand(void *data, const struct rs_expr_demand *demand)
{
	CHECK(demand->n || demand->op == RS_DEMAND_RANGE);
	CHECK(meets(demand, data));
}

static void check_refused(const char *text, const struct rs_expr_mark *mark,
			  const struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str shown = { 0 };

	CHECK(err->code == -EINVAL || err->code == -ENOMEM);
	CHECK(err->msg[0] && !strchr(err->msg, '\n'));
	CHECK(mark->at + mark->len <= strlen(text));
	CHECK(rs_expr_show_mark(&shown, text, mark) == 0);
	CHECK(shown.len && shown.data[shown.len - 1] == '\n' && !memchr(shown.data, 0, shown.len));
}

static void check_taken(const struct rs_expr *expr, struct rs_arena *arena)
{
	_cleanup_(rs_str_done) struct rs_str once = { 0 }, twice = { 0 };
	const struct rs_expr *again = NULL;

	CHECK(rs_expr_to_str(expr, &once) == 0);
	/* Escapes may make it longer than what is taken. */
	if (once.len > RS_EXPR_MAX)
		return;
	CHECK(rs_expr_parse(rs_str_cstr(&once), arena, &again, NULL, NULL) == 0);
	CHECK(rs_expr_to_str(again, &twice) == 0);
	CHECK(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
		struct rs_event *event = &samples[kind].event;
		bool holds = rs_expr_match(expr, run, event);

		CHECK(holds == rs_expr_match(again, run, event));
		if (holds)
			rs_expr_demands(expr, check_demand, event);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT((size_t)64 << 20);
	_cleanup_(rs_cleanup_free) char *text = malloc(size + 1);
	const struct rs_expr *expr = NULL;
	struct rs_expr_mark mark = { 0 };
	struct rs_error err = RS_ERROR_INIT;

	if (!text)
		return 0;
	memcpy(text, data,
	       size); /* not strndup(): strict checks look for an end that is not there */
	text[size] = '\0';
	if (!run)
		make_samples();
	if (rs_expr_parse(text, &arena, &expr, &mark, &err) < 0)
		check_refused(text, &mark, &err);
	else
		check_taken(expr, &arena);
	return 0;
}
