/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a run amounted to, in words and tables for a person: see struct rs_agent_stats. */

#include "agent/agent.h"

struct rs_summary_style {
	bool color;
	bool verbose; /* also kinds without events, programs that did not run */
};

/* Sums over all kinds. */
struct rs_summary_totals {
	uint64_t generated;
	uint64_t delivered;
	uint64_t filtered;
	uint64_t identity;
	uint64_t undecoded;
	uint64_t unwritten;
	uint64_t lost;
	uint64_t missed; /* events that were never made, at most: see struct rs_program */
};
void rs_summary_totals(const struct rs_agent_stats *stats, struct rs_summary_totals *ret_totals);

/* generated - (delivered + filtered + identity + held + undecoded + unwritten + lost) of one kind: what still
 * waits in the ring buffer; at the end of a run not 0 would mean that events went silently missing. */
int64_t rs_summary_missing(const struct rs_agent_stats *stats, enum rs_kind kind);

/* Appends a line for each reason for which events were lost, or lack a part; nothing where there is
 * none. */
void rs_summary_losses(const struct rs_agent_stats *stats, struct rs_str *out);

/* Appends a line on what the store has; nothing without a store. */
void rs_summary_kept(const struct rs_agent_stats *stats, struct rs_str *out);

/* Appends the summary: several lines, each ended by a newline. 0 or out's error. */
int rs_summary_format(const struct rs_agent_stats *stats, const struct rs_summary_style *style,
		      struct rs_str *out);
