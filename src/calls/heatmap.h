/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Latency over time: a column for each interval, a line for each range of times (powers of two, the longest on top), and in each
 * place how many there were. Numbers and text only.
 */

#include "base/str.h"
#include "calls/histogram.h"

#define RS_HEATMAP_COLUMNS 512 /* kept; the latest are shown */
#define RS_HEATMAP_LINES   40  /* powers of two from 1 ns on: the last is 9 minutes and more */

struct rs_heatmap {
	uint64_t counts[RS_HEATMAP_COLUMNS][RS_HEATMAP_LINES]; /* a ring */
	size_t n;                                              /* columns ever added */
};

/* One more interval. */
void rs_heatmap_add(struct rs_heatmap *map, const struct rs_histogram *interval);

enum rs_heatmap_colors {
	RS_HEATMAP_PLAIN, /* shades */
	RS_HEATMAP_COLOR, /* of 256 */
};

/* Appends at most @height lines, each with its range in front; nothing where there is nothing to be seen. @interval in ns,
 * for the axis. How many lines. */
size_t rs_heatmap_draw(const struct rs_heatmap *map, uint64_t interval, unsigned width,
		       unsigned height, enum rs_heatmap_colors colors, struct rs_str *out);
