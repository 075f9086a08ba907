/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside latency` for people: the table, the heat map, the slow ones. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/term.h"
#include "cmd/latency.h"

#define NUMBER_WIDTH  9
#define NAME_MIN      10
#define NAME_MAX      48
#define NAMES         8
#define GAP           2
#define HEATMAP_LINES 16
#define LATEST_LINES  5

struct table {
	struct latency_run *run;
	const struct rs_live_page *page;
	struct rs_str *out;
	struct rs_latency_row **rows;
	size_t n;
	unsigned widths[NAMES];
	unsigned numbers; /* which of numbers[] have a column: bits */
	bool all;
};

static const char *style(const struct table *t, enum rs_term_style which)
{
	return rs_term_style(t->page->color, which);
}

static bool has_column(const struct table *t, unsigned bit)
{
	return t->run->settings->by & 1u << bit;
}

enum { COUNT, P50, P90, P99, P999, MAXIMUM, NUMBERS };

static const char *const numbers[NUMBERS] = {
	[COUNT] = "COUNT", [P50] = "P50",    [P90] = "P90",
	[P99] = "P99",     [P999] = "P99.9", [MAXIMUM] = "MAX",
};

/* Those that fit beside the names, the one that says least left out first. How many columns remain for names. */
static unsigned find_numbers(struct table *t, unsigned names)
{
	static const unsigned char drop[] = { P90, P999, P50 };
	unsigned n = NUMBERS, dropped = 0, need = names * NAME_MIN;

	t->numbers = (1u << NUMBERS) - 1;
	while (dropped < ARRAY_SIZE(drop) && t->page->width < need + n * (NUMBER_WIDTH + 1)) {
		t->numbers &= ~(1u << drop[dropped++]);
		n--;
	}
	n *= NUMBER_WIDTH + 1;
	return t->page->width > n ? t->page->width - n : 0;
}

/* As wide as what is in them, and all together no wider than the page. */
static void find_widths(struct table *t)
{
	unsigned columns = 0, room;

	for (unsigned bit = 0; bit < NAMES; bit++) {
		if (!has_column(t, bit))
			continue;
		columns++;
		t->widths[bit] = (unsigned)strlen(
			rs_latency_by_title(bit, t->run->settings->source));
		for (size_t i = 0; i < t->n; i++) {
			const char *name = t->rows[i]->names[bit];
			size_t n = name ? rs_term_columns(name, strlen(name)) : 0;

			t->widths[bit] = MAX(t->widths[bit], (unsigned)MIN(n, 4096u));
		}
		if (!t->page->terminal && t->page->width < RS_TERM_WIDTH_MAX)
			t->widths[bit] = MIN(t->widths[bit], (unsigned)NAME_MAX);
	}
	room = find_numbers(t, columns);
	for (unsigned bit = 0; bit < NAMES && columns; bit++) {
		unsigned share = room / columns;

		if (!has_column(t, bit))
			continue;
		t->widths[bit] = MIN(t->widths[bit], MAX(share, (unsigned)NAME_MIN) - GAP);
		room -= MIN(room, t->widths[bit] + GAP);
		columns--;
	}
}

static void append_number(struct table *t, unsigned which, const char *text)
{
	if (!(t->numbers & 1u << which))
		return;
	rs_str_append_char(t->out, ' ');
	rs_term_append_fit(t->out, text, strlen(text), NUMBER_WIDTH, RS_TERM_RIGHT);
}

static void append_ns(struct table *t, unsigned which, uint64_t ns)
{
	char text[RS_UNITS_BUF];

	append_number(t, which, rs_units_format_duration(text, ns));
}

static void draw_head(struct table *t)
{
	rs_str_append_cstr(t->out, style(t, RS_TERM_BOLD));
	for (unsigned bit = 0; bit < NAMES; bit++) {
		const char *title;

		if (!has_column(t, bit))
			continue;
		title = rs_latency_by_title(bit, t->run->settings->source);
		rs_term_append_fit(t->out, title, strlen(title), t->widths[bit], RS_TERM_LEFT);
		rs_str_append_fill(t->out, ' ', GAP);
	}
	for (unsigned i = 0; i < NUMBERS; i++)
		append_number(t, i, numbers[i]);
	rs_str_append_cstr(t->out, style(t, RS_TERM_RESET));
	rs_str_append_char(t->out, '\n');
}

static void draw_row(struct table *t, const struct rs_latency_row *row)
{
	const struct rs_histogram *h = t->all ? &row->all : &row->now;
	char text[RS_UNITS_BUF];

	rs_str_append_cstr(t->out, row->idle ? style(t, RS_TERM_DIM) : "");
	for (unsigned bit = 0; bit < NAMES; bit++) {
		const char *name = row->names[bit];

		if (!has_column(t, bit))
			continue;
		if (1u << bit == RS_LATENCY_BY_FILE)
			rs_term_append_fit_path(t->out, name, strlen(name), t->widths[bit],
						RS_TERM_LEFT);
		else
			rs_term_append_fit(t->out, name, strlen(name), t->widths[bit],
					   RS_TERM_LEFT);
		rs_str_append_fill(t->out, ' ', GAP);
	}
	if (h->count < 100000)
		snprintf(text, sizeof(text), "%" PRIu64, h->count);
	else
		rs_units_format_count(text, h->count);
	append_number(t, COUNT, text);
	append_ns(t, P50, rs_histogram_percentile(h, 50));
	append_ns(t, P90, rs_histogram_percentile(h, 90));
	append_ns(t, P99, rs_histogram_percentile(h, 99));
	append_ns(t, P999, rs_histogram_percentile(h, 99.9));
	append_ns(t, MAXIMUM, h->max);
	rs_str_append_cstr(t->out, row->idle ? style(t, RS_TERM_RESET) : "");
	rs_str_append_char(t->out, '\n');
}

static void draw_rows(struct table *t, size_t most)
{
	draw_head(t);
	for (size_t i = 0; i < t->n && i < most; i++)
		draw_row(t, t->rows[i]);
	if (t->n > most)
		rs_str_appendf(t->out, "%s... %zu more%s\n", style(t, RS_TERM_DIM), t->n - most,
			       style(t, RS_TERM_RESET));
}

static void draw_title(struct table *t)
{
	struct latency_run *run = t->run;
	struct rs_clock_text clock = { 0 };
	char time[RS_CLOCK_LOCAL_LEN], length[RS_UNITS_BUF];

	rs_clock_format_local(&clock, rs_clock_real(), time);
	rs_str_appendf(t->out, "%.8s  %s of ", time,
		       rs_latency_source_title(run->settings->source));
	rs_str_append_escaped(t->out, run->title.data, run->title.len);
	rs_units_format_duration(length, t->all ? run->total : run->elapsed);
	rs_str_appendf(t->out, ", %s%s\n", t->all ? "in all " : "", length);
}

/* What has begun and not ended: lines. */
static unsigned draw_pending(struct table *t, const char *before)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	struct rs_latency_pending pending;

	if (rs_latency_pending(t->run->latency, &pending) < 0)
		return 0;
	rs_latency_pending_format(t->run->latency, &pending, t->all, &text);
	if (!text.len)
		return 0;
	rs_str_append_cstr(t->out, before);
	rs_str_append_cstr(t->out, style(t, RS_TERM_YELLOW));
	rs_str_append(t->out, text.data, text.len - 1);
	rs_str_append_cstr(t->out, style(t, RS_TERM_RESET));
	rs_str_append_char(t->out, '\n');
	return 1;
}

static enum rs_heatmap_colors colors_of(const struct table *t)
{
	return t->page->color ? RS_HEATMAP_COLOR : RS_HEATMAP_PLAIN;
}

static size_t draw_heatmap(struct table *t, unsigned height)
{
	if (!t->run->heatmap || !t->run->settings->heatmap)
		return 0;
	return rs_heatmap_draw(t->run->heatmap, t->run->settings->interval,
			       MIN(t->page->width, 120u), height, colors_of(t), t->out);
}

/* The latest slow ones, a line each, the last at the end. */
static void draw_latest(struct table *t, size_t most)
{
	struct latency_run *run = t->run;
	size_t n = MIN(MIN(run->n_latest, (size_t)LATENCY_SLOWEST), most);

	for (size_t i = run->n_latest - n; i < run->n_latest; i++) {
		const char *line = run->latest[i % LATENCY_SLOWEST].line;

		rs_str_append_cstr(t->out, line ? line : "");
		rs_str_append_char(t->out, '\n');
	}
}

/* On a terminal: title, map, rows as many as fit, the latest slow ones. */
static void draw_in_place(struct table *t)
{
	unsigned height = t->page->height, used = 2, latest;

	latest = t->run->settings->outlier ? MIN(height / 4, (unsigned)LATEST_LINES) : 0;
	latest = (unsigned)MIN((size_t)latest, t->run->n_latest);
	draw_title(t);
	used += draw_pending(t, "");
	used += (unsigned)draw_heatmap(t, MIN(height / 3, (unsigned)HEATMAP_LINES));
	used += latest ? latest + 1 : 0;
	draw_rows(t, height > used + 1 ? height - used - 1 : 1);
	if (latest)
		rs_str_append_char(t->out, '\n');
	draw_latest(t, latest);
}

static void draw_block(struct table *t)
{
	draw_title(t);
	draw_rows(t, t->run->settings->top);
	draw_pending(t, "");
	rs_str_append_char(t->out, '\n');
}

static void draw_slowest(struct table *t)
{
	struct latency_run *run = t->run;

	if (!run->n_slow || !rs_live_in_place(run->live))
		return;
	rs_str_appendf(t->out, "\nThe slowest of %" PRIu64 ":\n", run->n_slow);
	for (size_t i = 0; i < run->n_slowest; i++)
		rs_str_append_cstr(t->out, run->slowest[i].text ? run->slowest[i].text : "");
}

static void draw_waiting(struct table *t)
{
	uint64_t least = t->run->settings->outlier ? t->run->settings->outlier : RS_NSEC_PER_SEC;
	struct rs_latency_waiting waiting;
	char text[RS_UNITS_BUF];

	if (t->run->settings->source != RS_LATENCY_SYSCALL || !t->run->settings->outlier ||
	    !rs_latency_waiting(t->run->latency, least, &waiting))
		return;
	rs_str_appendf(t->out,
		       "\nNot over yet, and in no histogram: %s of thread %" PRIu32 " for %s",
		       rs_latency_what(RS_LATENCY_SYSCALL, waiting.nr), waiting.tid,
		       rs_units_format_duration(text, waiting.ns));
	if (waiting.more)
		rs_str_appendf(t->out, ", and %zu more", waiting.more);
	rs_str_append_char(t->out, '\n');
}

static void draw_summary(struct table *t)
{
	draw_title(t);
	draw_rows(t, t->run->settings->top);
	draw_pending(t, "\n");
	if (t->run->heatmap && t->run->heatmap->n > 1) {
		rs_str_append_char(t->out, '\n');
		draw_heatmap(t, HEATMAP_LINES);
	}
	draw_slowest(t);
	draw_waiting(t);
}

void latency_draw_table(struct latency_run *run, const struct rs_live_page *page,
			struct rs_str *out)
{
	struct table t = { .run = run, .page = page, .out = out, .all = page->last };

	t.n = latency_sorted(run, page->last, &t.rows);
	find_widths(&t);
	if (page->last)
		draw_summary(&t);
	else if (page->terminal)
		draw_in_place(&t);
	else
		draw_block(&t);
}
