/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/amount.h"

#include <string.h>

#include "base/str.h"

struct unit {
	const char *name;
	char *(*format)(char buf[static RS_UNITS_BUF], uint64_t value);
	uint64_t factor;
};

static const struct unit units[] = {
	{ "nanoseconds", rs_units_format_duration, 1 },
	{ "microseconds", rs_units_format_duration, RS_NSEC_PER_USEC },
	{ "milliseconds", rs_units_format_duration, RS_NSEC_PER_MSEC },
	{ "seconds", rs_units_format_duration, RS_NSEC_PER_SEC },
	{ "bytes", rs_units_format_bytes, 1 },
	{ "kilobytes", rs_units_format_bytes, 1024 },
	{ "count", rs_units_format_count, 1 },
	{ "", rs_units_format_count, 1 },
};

char *rs_amount_format(char buf[static RS_AMOUNT_BUF], const char *unit, int64_t value)
{
	uint64_t amount = value < 0 ? -(uint64_t)value : (uint64_t)value;
	char *to = buf;
	size_t len;

	if (value < 0)
		*to++ = '-';
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(unit, units[i].name) != 0)
			continue;
		if (__builtin_mul_overflow(amount, units[i].factor, &amount))
			amount = UINT64_MAX;
		units[i].format(to, amount);
		return buf;
	}
	rs_units_format_count(to, amount);
	len = strlen(buf);
	buf[len++] = ' ';
	rs_str_escape(buf + len, MIN((size_t)21, (size_t)RS_AMOUNT_BUF - len), unit, strlen(unit));
	return buf;
}

char *rs_amount_percent(char buf[static RS_AMOUNT_BUF], int64_t part, int64_t whole)
{
	double percent = whole ? (double)part * 100 / (double)whole : 0;

	if (percent > -99.95 && percent < 99.95)
		snprintf(buf, RS_AMOUNT_BUF, "%.1f%%", percent);
	else
		snprintf(buf, RS_AMOUNT_BUF, "%.0f%%", percent);
	return buf;
}
