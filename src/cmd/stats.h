/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Between stats.c, the command, and stats-table.c, what it shows. */

#include "agent/control-stats.h"

struct rs_stats_view {
	const struct rs_control_stats *now;
	const struct rs_control_stats *before; /* rates are since then; NULL: since the start */
	unsigned rows;                         /* lines that fit; 0: no limit */
	bool color;
};

/* Appends the table, 80 columns wide but for the sentences that tell of losses. 0 or out's error. */
int rs_stats_table(const struct rs_stats_view *view, struct rs_str *out);
