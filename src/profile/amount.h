/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Values of profiles for people, by their units. */

#include "base/units.h"

#define RS_AMOUNT_BUF (RS_UNITS_BUF + 24)

/* "1.50s", "12.0 MiB", "1.50k"; of units that we do not know "150 watts" (the first 20 bytes of the unit, harmless). */
char *rs_amount_format(char buf[static RS_AMOUNT_BUF], const char *unit, int64_t value);

/* "12.3%", "-0.4%", of an whole that may be 0. */
char *rs_amount_percent(char buf[static RS_AMOUNT_BUF], int64_t part, int64_t whole);
