/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/syscalls-view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hashmap.h"
#include "base/json.h"
#include "base/term.h"
#include "base/units.h"
#include "base/vec.h"

#define LINES_MAX 65536
#define TOP       4 /* calls that a line of somebody names */

struct call {
	uint32_t nr;
	uint64_t calls;
};

struct line {
	char *name; /* owned; "" for lines of a call alone */
	uint64_t who;
	uint32_t nr; /* with RS_SYSCALLS_CALL */
	struct rs_count count;
	RS_VEC(struct call) calls; /* without; the most frequent first */
};

struct lines {
	struct rs_hashmap *map; /* by name and number */
	RS_VEC(struct line *) list;
};

static void line_free(void *value, void *data)
{
	struct line *line = value;

	(void)data;
	rs_vec_done(&line->calls);
	free(line->name);
	free(line);
}

static void lines_done(struct lines *lines)
{
	rs_vec_done(&lines->list);
	rs_hashmap_free(&lines->map);
}

static struct line *line_of(struct lines *lines, const struct rs_str *name, uint32_t nr)
{
	_cleanup_(rs_str_done) struct rs_str key = RS_STR_INIT(0);
	struct line *line;

	rs_str_append(&key, name->data, name->len);
	rs_str_append(&key, &nr, sizeof(nr));
	if (key.error)
		return NULL;
	line = rs_hashmap_find_str(lines->map, key.data, key.len);
	if (line)
		return line;
	line = calloc(1, sizeof(*line));
	if (!line)
		return NULL;
	line->nr = nr;
	line->name = calloc(1, name->len + 1);
	if (line->name && name->len)
		memcpy(line->name, name->data, name->len);
	if (!line->name || rs_hashmap_put_str(lines->map, key.data, key.len, line) < 0) {
		line_free(line, NULL);
		return NULL;
	}
	return rs_vec_push(&lines->list, line) ? NULL : line;
}

/* The same call comes again where several groups are one container. */
static int add_call(struct line *line, uint32_t nr, uint64_t calls)
{
	const struct call call = { .nr = nr, .calls = calls };

	rs_vec_foreach(&line->calls, known) if (known->nr == nr)
	{
		known->calls += calls;
		return 0;
	}
	return rs_vec_push(&line->calls, call);
}

static void add(struct rs_count *to, const struct rs_count *from)
{
	to->calls += from->calls;
	to->errors += from->errors;
	to->ns += from->ns;
	to->max = MAX(to->max, from->max);
}

/* --- order --- */

static uint64_t average(const struct rs_count *count)
{
	return count->calls ? count->ns / count->calls : 0;
}

static uint64_t key_of(const struct line *line, enum rs_syscalls_sort sort)
{
	switch (sort) {
	case RS_SYSCALLS_SORT_ERRORS:
		return line->count.errors;
	case RS_SYSCALLS_SORT_TIME:
		return line->count.ns;
	case RS_SYSCALLS_SORT_AVERAGE:
		return average(&line->count);
	case RS_SYSCALLS_SORT_NAME:
		return 0;
	case RS_SYSCALLS_SORT_CALLS:
		break;
	}
	return line->count.calls;
}

static int compare(const void *pa, const void *pb, void *data)
{
	const struct line *a = *(struct line *const *)pa, *b = *(struct line *const *)pb;
	enum rs_syscalls_sort sort = *(const enum rs_syscalls_sort *)data;
	uint64_t ka = key_of(a, sort), kb = key_of(b, sort);
	int r;

	if (ka != kb)
		return ka < kb ? 1 : -1;
	r = strcmp(a->name, b->name);
	return r ? r : strcmp(rs_counts_call(a->nr), rs_counts_call(b->nr));
}

static int by_calls(const void *pa, const void *pb)
{
	const struct call *a = pa, *b = pb;

	if (a->calls != b->calls)
		return a->calls < b->calls ? 1 : -1;
	return a->nr < b->nr ? -1 : a->nr > b->nr;
}

static void sort(struct lines *lines, enum rs_syscalls_sort by)
{
	if (lines->list.len)
		qsort_r(lines->list.items, lines->list.len, sizeof(*lines->list.items), compare,
			&by);
	rs_vec_foreach(&lines->list, line) if ((*line)->calls.len) qsort(
		(*line)->calls.items, (*line)->calls.len, sizeof(*(*line)->calls.items), by_calls);
}

static int collect(const struct rs_syscalls_view *view, const struct rs_rates *rates,
		   struct lines *lines, struct rs_count *ret_sum)
{
	const struct rs_hashmap_opts opts = { .max = LINES_MAX, .drop = line_free };
	_cleanup_(rs_str_done) struct rs_str name = RS_STR_INIT(0);
	bool by_call = view->by & RS_SYSCALLS_CALL;
	struct rs_rates_row row;
	size_t pos = 0;

	if (rs_hashmap_new_str(&opts, &lines->map) < 0)
		return -ENOMEM;
	while (rs_rates_next(rates, &pos, &row)) {
		const struct rs_count *count = view->total ? &row.total : &row.now;
		struct line *line;

		if (!count->calls)
			continue;
		rs_str_reset(&name);
		if (view->by & ~(uint64_t)RS_SYSCALLS_CALL)
			view->name(view->data, row.who, &name);
		line = line_of(lines, &name, by_call ? row.nr : 0);
		if (!line || (!by_call && add_call(line, row.nr, count->calls)))
			return -ENOMEM;
		line->who = row.who;
		add(&line->count, count);
		add(ret_sum, count);
	}
	sort(lines, view->sort);
	return 0;
}

/* --- the table --- */

static void append_rate(struct rs_str *out, uint64_t n, uint64_t elapsed)
{
	char text[RS_UNITS_BUF];
	double rate = elapsed ? (double)n * 1e9 / (double)elapsed : 0;

	if (!n)
		rs_str_append_cstr(out, "        -");
	else if (rate < 10000)
		rs_str_appendf(out, "%9.*f", rate < 100, rate);
	else
		rs_str_appendf(out, "%9s", rs_units_format_count(text, (uint64_t)rate));
}

static void append_time(struct rs_str *out, uint64_t ns)
{
	char text[RS_UNITS_BUF];

	rs_str_appendf(out, " %9s", ns ? rs_units_format_duration(text, ns) : "-");
}

static void append_top(struct rs_str *out, const struct line *line)
{
	for (size_t i = 0; i < TOP && i < line->calls.len; i++) {
		const struct call *call = &line->calls.items[i];

		rs_str_appendf(out, "%s%s %.0f%%", i ? " " : "", rs_counts_call(call->nr),
			       100.0 * (double)call->calls / (double)line->count.calls);
	}
}

static void append_numbers(const struct rs_syscalls_view *view, const struct rs_count *count,
			   struct rs_str *out)
{
	if (view->total)
		rs_str_appendf(out, "%11llu", (unsigned long long)count->calls);
	append_rate(out, count->calls, view->elapsed);
	if (view->total && count->errors)
		rs_str_appendf(out, "%9llu", (unsigned long long)count->errors);
	else
		append_rate(out, count->errors, view->elapsed);
	if (view->untimed)
		return;
	rs_str_appendf(out, " %7.2f",
		       view->elapsed ? (double)count->ns / (double)view->elapsed : 0);
	append_time(out, average(count));
	if (view->total)
		append_time(out, count->max);
}

static void append_title(const struct rs_syscalls_view *view, const struct rs_live_page *page,
			 size_t width, struct rs_str *out)
{
	bool who = view->by & ~(uint64_t)RS_SYSCALLS_CALL;

	rs_str_append_cstr(out, rs_term_style(page->color, RS_TERM_BOLD));
	if (view->total)
		rs_str_append_cstr(out, "      CALLS");
	rs_str_append_cstr(out, view->total ? "  CALLS/S   ERRORS" : "  CALLS/S ERRORS/S");
	if (!view->untimed)
		rs_str_append_cstr(out, view->total ? "  INSIDE   AVERAGE   LONGEST"
						    : "  INSIDE   AVERAGE");
	rs_str_append_cstr(out, "  ");
	if (who)
		rs_term_append_fit(out, "WHO", 3, width, RS_TERM_LEFT);
	if (who)
		rs_str_append_cstr(out, "  ");
	rs_str_append_cstr(out, view->by & RS_SYSCALLS_CALL ? "CALL" : "MOST OFTEN");
	rs_str_append_cstr(out, rs_term_style(page->color, RS_TERM_RESET));
	rs_str_append_char(out, '\n');
}

/* What fits in the line, which has begun at @start. */
static void append_rest(const struct rs_live_page *page, size_t start, const struct rs_str *text,
			struct rs_str *out)
{
	size_t used = rs_term_columns(out->data + start, out->len - start);

	if (used < page->width)
		rs_term_append_fit(out, text->data, text->len, page->width - used, RS_TERM_NOPAD);
}

static void append_line(const struct rs_syscalls_view *view, const struct line *line, size_t width,
			const struct rs_live_page *page, struct rs_str *out)
{
	_cleanup_(rs_str_done) struct rs_str rest = RS_STR_INIT(0);
	size_t start = out->len;

	append_numbers(view, &line->count, out);
	rs_str_append_cstr(out, "  ");
	if (view->by & ~(uint64_t)RS_SYSCALLS_CALL) {
		rs_term_append_fit(out, line->name, strlen(line->name), width, RS_TERM_LEFT);
		rs_str_append_cstr(out, "  ");
	}
	if (view->by & RS_SYSCALLS_CALL)
		rs_str_append_cstr(&rest, rs_counts_call(line->nr));
	else
		append_top(&rest, line);
	append_rest(page, start, &rest, out);
	rs_str_append_char(out, '\n');
}

static size_t names_width(const struct lines *lines, size_t n)
{
	size_t width = 3;

	for (size_t i = 0; i < n; i++)
		width = MAX(width, rs_term_columns(lines->list.items[i]->name,
						   strlen(lines->list.items[i]->name)));
	return MIN(width, (size_t)40);
}

static size_t rows_of(const struct rs_syscalls_view *view, const struct rs_live_page *page,
		      size_t have)
{
	size_t n = have;

	if (view->top)
		n = MIN(n, (size_t)view->top);
	if (page->terminal && !page->last && page->height > 4)
		n = MIN(n, (size_t)page->height - 4);
	return n;
}

int rs_syscalls_table(const struct rs_syscalls_view *view, const struct rs_rates *rates,
		      const struct rs_live_page *page, struct rs_str *out)
{
	_cleanup_(lines_done) struct lines lines = { 0 };
	struct rs_count sum = { 0 };
	int r = collect(view, rates, &lines, &sum);
	size_t n, width;

	if (r < 0)
		return r;
	n = rows_of(view, page, lines.list.len);
	width = names_width(&lines, n);
	append_title(view, page, width, out);
	for (size_t i = 0; i < n; i++)
		append_line(view, lines.list.items[i], width, page, out);
	append_numbers(view, &sum, out);
	rs_str_append_cstr(out, "  all");
	if (n < lines.list.len)
		rs_str_appendf(out, ", and %zu more lines", lines.list.len - n);
	rs_str_append_char(out, '\n');
	return out->error;
}

/* --- JSON --- */

static void put_count(struct rs_json *w, const struct rs_syscalls_view *view,
		      const struct rs_count *count)
{
	rs_json_key_lit(w, "calls");
	rs_json_u64(w, count->calls);
	rs_json_key_lit(w, "errors");
	rs_json_u64(w, count->errors);
	if (view->untimed)
		return;
	rs_json_key_lit(w, "ns");
	rs_json_u64(w, count->ns);
	if (!view->total)
		return;
	rs_json_key_lit(w, "max_ns");
	rs_json_u64(w, count->max);
}

static void put_line(struct rs_json *w, const struct rs_syscalls_view *view,
		     const struct line *line)
{
	rs_json_begin_object(w);
	if (view->by & ~(uint64_t)RS_SYSCALLS_CALL) {
		rs_json_key_lit(w, "who");
		rs_json_cstr(w, line->name);
	}
	if (view->by & RS_SYSCALLS_PROCESS && line->who != RS_RATES_OTHERS) {
		rs_json_key_lit(w, "pid");
		rs_json_u64(w, line->who);
	}
	if (view->by & RS_SYSCALLS_THREAD && line->who != RS_RATES_OTHERS) {
		rs_json_key_lit(w, "tid");
		rs_json_u64(w, line->who);
	}
	if (view->by & RS_SYSCALLS_CALL) {
		rs_json_key_lit(w, "syscall");
		rs_json_cstr(w, rs_counts_call(line->nr));
	}
	put_count(w, view, &line->count);
	rs_json_end_object(w);
}

int rs_syscalls_json(const struct rs_syscalls_view *view, const struct rs_rates *rates,
		     struct rs_str *out)
{
	_cleanup_(lines_done) struct lines lines = { 0 };
	struct rs_count sum = { 0 };
	int r = collect(view, rates, &lines, &sum);
	struct rs_json w;

	if (r < 0)
		return r;
	rs_json_init(&w, out);
	rs_json_begin_object(&w);
	rs_json_key_lit(&w, "time");
	rs_json_time(&w, rs_clock_real());
	rs_json_key_lit(&w, "total");
	rs_json_bool(&w, view->total);
	rs_json_key_lit(&w, "elapsed_ns");
	rs_json_u64(&w, view->elapsed);
	put_count(&w, view, &sum);
	rs_json_key_lit(&w, "rows");
	rs_json_begin_array(&w);
	for (size_t i = 0; i < lines.list.len && (!view->top || i < view->top); i++)
		put_line(&w, view, lines.list.items[i]);
	rs_json_end_array(&w);
	rs_json_end_object(&w);
	rs_str_append_char(out, '\n');
	return out->error;
}
