/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3339 dates to nanoseconds. */
#include "rules/expr.h"

#define NSEC     1000000000ll
#define DAY      86400ll
#define YEAR_MAX 2261 /* the next does not fit in 63 bits of nanoseconds */

/* count digits at *p. False: there are others. */
static bool take_digits(const char **p, const char *end, unsigned count, int64_t *ret_value)
{
	int64_t v = 0;

	for (unsigned i = 0; i < count; i++, ++*p) {
		if (*p >= end || **p < '0' || **p > '9')
			return false;
		v = v * 10 + (**p - '0');
	}
	*ret_value = v;
	return true;
}

static bool take_char(const char **p, const char *end, const char *any)
{
	if (*p >= end || !**p || !strchr(any, **p))
		return false;
	++*p;
	return true;
}

static bool leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t days_of_month(int64_t year, int64_t month)
{
	static const int8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && leap(year));
}

/* "2026-11-21" to days since 1970. */
static bool take_day(const char **p, const char *end, int64_t *ret_days)
{
	int64_t year, month, day, days = 0;

	if (!take_digits(p, end, 4, &year) || !take_char(p, end, "-") ||
	    !take_digits(p, end, 2, &month) || !take_char(p, end, "-") ||
	    !take_digits(p, end, 2, &day) || year < 1970 || year > YEAR_MAX || month < 1 ||
	    month > 12 || day < 1 || day > days_of_month(year, month))
		return false;
	for (int64_t y = 1970; y < year; y++)
		days += 365 + leap(y);
	for (int64_t m = 1; m < month; m++)
		days += days_of_month(year, m);
	*ret_days = days + day - 1;
	return true;
}

static bool take_time(const char **p, const char *end, int64_t *ret_seconds)
{
	int64_t hour, minute, second;

	if (!take_digits(p, end, 2, &hour) || !take_char(p, end, ":") ||
	    !take_digits(p, end, 2, &minute) || !take_char(p, end, ":") ||
	    !take_digits(p, end, 2, &second) || hour > 23 || minute > 59 || second > 59)
		return false;
	*ret_seconds = hour * 3600 + minute * 60 + second;
	return true;
}

/* ".123": up to nine digits count. */
static bool take_fraction(const char **p, const char *end, int64_t *ret_ns)
{
	int64_t unit = NSEC, ns = 0;

	*ret_ns = 0;
	if (!take_char(p, end, "."))
		return true;
	if (*p >= end || **p < '0' || **p > '9')
		return false;
	for (; *p < end && **p >= '0' && **p <= '9'; ++*p) {
		unit /= 10;
		ns += unit * (**p - '0');
	}
	*ret_ns = ns;
	return true;
}

/* "Z", "+02:00": what to add to get UTC, seconds. */
static bool take_offset(const char **p, const char *end, int64_t *ret_seconds)
{
	int64_t hour, minute, sign;

	*ret_seconds = 0;
	if (take_char(p, end, "Zz"))
		return true;
	sign = *p < end && **p == '-' ? 1 : -1;
	if (!take_char(p, end, "+-") || !take_digits(p, end, 2, &hour) || !take_char(p, end, ":") ||
	    !take_digits(p, end, 2, &minute) || hour > 23 || minute > 59)
		return false;
	*ret_seconds = sign * (hour * 3600 + minute * 60);
	return true;
}

bool rs_expr_parse_date(const char *text, size_t len, int64_t *ret_ns)
{
	const char *p = text, *end = text + len;
	int64_t days, seconds, ns, offset;

	if (!take_day(&p, end, &days) || !take_char(&p, end, "Tt ") ||
	    !take_time(&p, end, &seconds) || !take_fraction(&p, end, &ns) ||
	    !take_offset(&p, end, &offset) || p != end)
		return false;
	seconds += days * DAY + offset;
	if (seconds < 0)
		return false;
	*ret_ns = seconds * NSEC + ns;
	return true;
}
