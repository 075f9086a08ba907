/* SPDX-License-Identifier: Apache-2.0 */
#include "calls/heatmap.h"

#include <math.h>
#include <string.h>

#include "base/units.h"
#include "base/util.h"

#define LABEL     9 /* columns in front: " 1.02ms |" */
#define SHADES    5
#define LINES_MIN 2

static unsigned line_of(uint64_t ns)
{
	unsigned line = ns ? 63 - (unsigned)__builtin_clzll(ns) : 0;

	return MIN(line, RS_HEATMAP_LINES - 1u);
}

void rs_heatmap_add(struct rs_heatmap *map, const struct rs_histogram *interval)
{
	uint64_t *column = map->counts[map->n++ % RS_HEATMAP_COLUMNS];
	struct rs_histogram_bucket b;
	unsigned pos = 0;

	memset(column, 0, sizeof(map->counts[0]));
	while (rs_histogram_next(interval, &pos, &b))
		column[line_of(b.low)] += b.count;
}

/* What is to be seen: the latest columns that fit, and the lines that have anything in them. */
struct window {
	size_t first, end;  /* columns, by number */
	unsigned low, high; /* lines, both are shown */
	unsigned per_line;  /* powers of two in a line of text */
	uint64_t most;      /* in one place */
};

static uint64_t count_at(const struct rs_heatmap *map, const struct window *w, size_t column,
			 unsigned line)
{
	const uint64_t *counts = map->counts[column % RS_HEATMAP_COLUMNS];
	uint64_t sum = 0;

	for (unsigned i = 0; i < w->per_line && line + i < RS_HEATMAP_LINES; i++)
		sum += counts[line + i];
	return sum;
}

static bool find_window(const struct rs_heatmap *map, unsigned width, unsigned height,
			struct window *w)
{
	size_t fit = MIN((size_t)width - LABEL, (size_t)RS_HEATMAP_COLUMNS);

	*w = (struct window){ .end = map->n, .low = RS_HEATMAP_LINES, .per_line = 1 };
	w->first = map->n > fit ? map->n - fit : 0;
	for (size_t c = w->first; c < w->end; c++)
		for (unsigned line = 0; line < RS_HEATMAP_LINES; line++)
			if (map->counts[c % RS_HEATMAP_COLUMNS][line]) {
				w->low = MIN(w->low, line);
				w->high = MAX(w->high, line);
			}
	if (w->low > w->high)
		return false;
	while ((w->high - w->low) / w->per_line + 1 > height)
		w->per_line++;
	for (size_t c = w->first; c < w->end; c++)
		for (unsigned line = w->low; line <= w->high; line += w->per_line)
			w->most = MAX(w->most, count_at(map, w, c, line));
	return true;
}

/* 0: none; 1 .. levels. By logarithm, so that the few slow ones are seen beside the many fast ones. */
static unsigned level_of(uint64_t count, uint64_t most, unsigned levels)
{
	double part;

	if (!count)
		return 0;
	part = most > 1 ? log((double)count) / log((double)most) : 1;
	return 1 + (unsigned)(part * (levels - 1) + 0.5);
}

static void draw_place(uint64_t count, uint64_t most, enum rs_heatmap_colors colors,
		       struct rs_str *out)
{
	static const char *const shades[SHADES] = { " ", "\xe2\x96\x91", "\xe2\x96\x92",
						    "\xe2\x96\x93", "\xe2\x96\x88" };
	/* Of the 256 colours: dark blue to red to white. */
	static const unsigned char ramp[] = {
		17, 18, 54, 90, 126, 162, 197, 202, 208, 214, 220, 231
	};

	if (colors == RS_HEATMAP_PLAIN)
		rs_str_append_cstr(out, shades[level_of(count, most, SHADES - 1)]);
	else if (!count)
		rs_str_append_cstr(out, "\033[0m ");
	else
		rs_str_appendf(out, "\033[48;5;%um ",
			       ramp[level_of(count, most, ARRAY_SIZE(ramp)) - 1]);
}

static void draw_line(const struct rs_heatmap *map, const struct window *w, unsigned line,
		      enum rs_heatmap_colors colors, struct rs_str *out)
{
	char text[RS_UNITS_BUF];

	rs_units_format_duration(text, 1ull << line);
	rs_str_appendf(out, "%*s \xe2\x94\x82", LABEL - 2, text);
	for (size_t c = w->first; c < w->end; c++)
		draw_place(count_at(map, w, c, line), w->most, colors, out);
	rs_str_append_cstr(out, colors == RS_HEATMAP_COLOR ? "\033[0m\n" : "\n");
}

static void draw_axis(const struct window *w, uint64_t interval, struct rs_str *out)
{
	char text[RS_UNITS_BUF];
	size_t columns = w->end - w->first, n;

	rs_str_append_fill(out, ' ', LABEL - 1);
	rs_str_append_cstr(out, "\xe2\x94\x94");
	rs_units_format_duration(text, (columns - 1) * interval);
	n = strlen(text) + 5;
	if (columns > n + 4) {
		rs_str_appendf(out, "%s ago", text);
		rs_str_append_fill(out, ' ', columns - n - 2);
		rs_str_append_cstr(out, "now");
	}
	rs_str_append_char(out, '\n');
}

size_t rs_heatmap_draw(const struct rs_heatmap *map, uint64_t interval, unsigned width,
		       unsigned height, enum rs_heatmap_colors colors, struct rs_str *out)
{
	size_t lines = 0;
	struct window w;

	if (!map->n || width <= LABEL + 1 || height < LINES_MIN ||
	    !find_window(map, width, height - 1, &w))
		return 0;
	for (unsigned line = w.low + (w.high - w.low) / w.per_line * w.per_line;;
	     line -= w.per_line) {
		draw_line(map, &w, line, colors, out);
		lines++;
		if (line == w.low)
			break;
	}
	draw_axis(&w, interval, out);
	return lines + 1;
}
