/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of `ringside latency` share: latency.c (options, the run), latency-table.c, latency-json.c. */

#include "base/json.h"
#include "base/units.h"
#include "base/vec.h"
#include "calls/heatmap.h"
#include "calls/latency.h"
#include "calls/outlier.h"
#include "cmd/live.h"
#include "cmd/select.h"

enum latency_sort { LATENCY_SORT_P99, LATENCY_SORT_MAX, LATENCY_SORT_COUNT, LATENCY_SORT_TOTAL };

struct latency_settings {
	struct rs_select_options select;
	enum rs_latency_source source;
	uint64_t by; /* RS_LATENCY_BY_* */
	const char *syscalls;
	uint64_t interval, duration, outlier;
	enum { LATENCY_TABLE, LATENCY_JSON } format;
	enum latency_sort sort;
	uint64_t top;
	uint64_t max_pages;
	bool heatmap, follow, quiet;
};

/* A slow one, as it will be shown at the end. */
struct latency_slow {
	uint64_t ns;
	char *text, *line; /* owned */
};
#define LATENCY_SLOWEST 10 /* told of at the end, and in place while it runs */

struct latency_run {
	struct latency_settings *settings;
	struct rs_select *select;
	struct rs_latency *latency;
	struct rs_outliers *outliers;
	struct rs_live *live;
	struct rs_heatmap *heatmap; /* NULL: none is drawn */
	struct rs_json json;
	struct rs_str text; /* of slow ones, until they are written */
	struct latency_slow slowest[LATENCY_SLOWEST];
	struct latency_slow latest[LATENCY_SLOWEST]; /* a ring */
	size_t n_slowest, n_latest;
	uint64_t n_slow; /* all */
	uint64_t n_told; /* in full, from told_since on */
	uint64_t told_since;
	uint64_t n_untold; /* those that were too many for a second */
	uint64_t elapsed;  /* of the last interval, ns */
	uint64_t total;    /* of all */
	struct rs_str title;
};

/* Sorts what is to be shown, the worst first: rows with anything in them. How many; the array is the latency's own. */
size_t latency_sorted(struct latency_run *run, bool all, struct rs_latency_row ***ret_rows);

void latency_draw_table(struct latency_run *run, const struct rs_live_page *page,
			struct rs_str *out);
void latency_draw_json(struct latency_run *run, bool all, struct rs_str *out);
