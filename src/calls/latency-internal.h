/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of calls/latency*.c share. */

#include "base/hashmap.h"
#include "base/vec.h"
#include "calls/latency.h"
#include "kern/ring.h"
#include "rs_tool_latency.skel.h"

#define RS_LATENCY_ROWS 4096 /* kept apart; those that are idle make room for new ones */

struct rs_latency {
	struct rs_latency_options options;
	struct rs_tool_latency *tool;
	struct rs_ring *ring;
	RS_VEC(int) events; /* perf events, one for each CPU and kind */
	struct rs_hashmap
		*pages; /* by key with octave and shard: struct rs_latency_page as last read */
	struct rs_hashmap *index; /* by key without: struct rs_latency_row */
	RS_VEC(struct rs_latency_row *) rows;
	struct rs_latency_row *others; /* rows that were given up, in one; NULL: none yet. Owned */
	uint64_t lost_rows;
	uint64_t nameless; /* rows whose names were gone before we asked */
	struct rs_histogram whole;
	struct rs_latency_key *batch_keys; /* scratch of reading */
	struct rs_latency_page *batch_pages;
	struct rs_str text; /* scratch */
};

/* One source: what it is called, what it can tell apart, which programs make it. NULL-terminated lists. */
#define RS_LATENCY_PROGRAMS 10
struct rs_latency_source_row {
	const char *name, *title;
	const char *what_title; /* heading of rs_latency_key.what */
	unsigned by;
	const char *programs[RS_LATENCY_PROGRAMS];
	const char *waits[RS_LATENCY_PROGRAMS]; /* with outliers */
	const char *needs;                      /* for whom the kernel has no hook */
};
extern const struct rs_latency_source_row rs_latency_sources[RS_LATENCY_SOURCES];

/* Does the call last as long as its caller wants it to? */
bool rs_latency_is_idle(uint32_t nr);

/* Fills names of a new row. 0 or -ENOMEM. */
int rs_latency_name_id(struct rs_latency *latency,
		       struct rs_latency_row *row); /* process or thread anew */
int rs_latency_name_row(struct rs_latency *latency, struct rs_latency_row *row);
void rs_latency_row_free(struct rs_latency_row **row);
