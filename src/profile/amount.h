/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Values of profiles: sums of them, and how people see them, by their units. */

#include "base/units.h"

/* Adds; what does not fit stays at the end of the scale, for values come out of files too. */
static inline void rs_amount_add(int64_t *to, int64_t value)
{
	if (__builtin_add_overflow(*to, value, to))
		*to = value < 0 ? INT64_MIN : INT64_MAX;
}

#define RS_AMOUNT_BUF (RS_UNITS_BUF + 24)

/* "1.50s", "12.0 MiB", "1.50k"; of units that we do not know "150 watts" (the first 20 bytes of the unit, harmless). */
char *rs_amount_format(char buf[static RS_AMOUNT_BUF], const char *unit, int64_t value);

/* "12.3%", "-0.4%", of an whole that may be 0. */
char *rs_amount_percent(char buf[static RS_AMOUNT_BUF], int64_t part, int64_t whole);
