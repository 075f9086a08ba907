/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The table of kinds in the summary that `ringside run` ends with. */

#include <stdint.h>

struct summary_row {
	uint64_t events;
	uint64_t lost; /* 0 where the table has no such column */
};

/* The row of a kind, all 0 where it has none: nothing happened. */
struct summary_row summary_row(const char *text, const char *kind);
