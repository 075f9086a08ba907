/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time as people write them. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/units.h"
#include "cmd/ask.h"

/* A local time with what was given of it. */
struct local {
	struct tm tm;
	uint32_t ns;
	bool has_date;
};

/* Digits at *p: at least one, at most count. */
static bool take(const char **p, unsigned count, int *ret_value)
{
	const char *start = *p;
	int v = 0;

	for (; (unsigned)(*p - start) < count && **p >= '0' && **p <= '9'; ++*p)
		v = v * 10 + (**p - '0');
	*ret_value = v;
	return *p > start;
}

static bool take_char(const char **p, const char *any)
{
	if (!**p || !strchr(any, **p))
		return false;
	++*p;
	return true;
}

static bool take_date(const char **p, struct local *l)
{
	int year, month, day;

	if (!take(p, 4, &year) || !take_char(p, "-") || !take(p, 2, &month) || !take_char(p, "-") ||
	    !take(p, 2, &day) || year < 1970 || year > 2261 || month < 1 || month > 12 || day < 1 ||
	    day > 31)
		return false;
	l->tm.tm_year = year - 1900;
	l->tm.tm_mon = month - 1;
	l->tm.tm_mday = day;
	l->has_date = true;
	return true;
}

/* "10:00", "10:00:30", "10:00:30.5" */
static bool take_clock(const char **p, struct local *l)
{
	uint32_t unit = RS_NSEC_PER_SEC;

	if (!take(p, 2, &l->tm.tm_hour) || !take_char(p, ":") || !take(p, 2, &l->tm.tm_min))
		return false;
	if (take_char(p, ":") && !take(p, 2, &l->tm.tm_sec))
		return false;
	if (take_char(p, "."))
		for (; **p >= '0' && **p <= '9'; ++*p) {
			unit /= 10;
			l->ns += unit * (uint32_t)(**p - '0');
		}
	return l->tm.tm_hour < 24 && l->tm.tm_min < 60 && l->tm.tm_sec < 60;
}

static bool parse_local(const char *text, struct local *l)
{
	const char *p = text;

	if (strlen(text) > 4 && text[4] == '-') {
		if (!take_date(&p, l))
			return false;
		if (!*p)
			return true;
		if (!take_char(&p, " T"))
			return false;
	}
	return take_clock(&p, l) && !*p;
}

static void fill_today(struct local *l, uint64_t now, int days_back)
{
	time_t t = (time_t)(now / RS_NSEC_PER_SEC);
	struct tm today = { 0 };

	localtime_r(&t, &today);
	l->tm.tm_year = today.tm_year;
	l->tm.tm_mon = today.tm_mon;
	l->tm.tm_mday = today.tm_mday - days_back;
}

/* False: there is no such day, or it is before 1970. */
static bool to_real(const struct local *l, uint64_t *ret_time)
{
	struct tm tm = l->tm;
	time_t t;

	tm.tm_isdst = -1;
	t = mktime(&tm);
	if (t < 0 || (l->has_date && tm.tm_mday != l->tm.tm_mday))
		return false;
	*ret_time = (uint64_t)t * RS_NSEC_PER_SEC + l->ns;
	return true;
}

static bool parse_absolute(const char *text, uint64_t now, uint64_t *ret_time)
{
	struct local l = { 0 };
	int64_t ns;

	if (rs_expr_parse_date(text, strlen(text), &ns)) {
		if (ns < 0)
			return false;
		*ret_time = (uint64_t)ns;
		return true;
	}
	if (!parse_local(text, &l))
		return false;
	if (l.has_date)
		return to_real(&l, ret_time);
	fill_today(&l, now, 0);
	if (!to_real(&l, ret_time))
		return false;
	if (*ret_time <= now)
		return true;
	fill_today(&l, now, 1);
	return to_real(&l, ret_time);
}

static bool parse_word(const char *text, uint64_t now, uint64_t *ret_time)
{
	bool yesterday = !strcmp(text, "yesterday");
	struct local l = { 0 };

	if (!strcmp(text, "now")) {
		*ret_time = now;
		return true;
	}
	if (!yesterday && strcmp(text, "today") != 0)
		return false;
	fill_today(&l, now, yesterday);
	return to_real(&l, ret_time);
}

int rs_ask_parse_time(const char *text, uint64_t now, uint64_t *ret_time, struct rs_error *err)
{
	uint64_t back;

	if (parse_word(text, now, ret_time) || parse_absolute(text, now, ret_time)) {
		*ret_time = MAX(*ret_time, 1ull);
		return 0;
	}
	if (!rs_units_parse_duration(text + (*text == '-'), &back, NULL)) {
		*ret_time = rs_ask_earlier(now, back);
		return 0;
	}
	rs_error_set(err, -EINVAL, "\"%.64s\" is not a time", text);
	rs_error_hint(err, "write it as 10m or 1h30m (ago), 10:00, \"2026-11-21 10:00\", "
			   "2026-11-21T10:00:00Z, today or now");
	return -EINVAL;
}

void rs_ask_format_time(char buf[static RS_ASK_TIME_LEN], uint64_t time)
{
	time_t t = (time_t)(time / RS_NSEC_PER_SEC);
	struct tm tm = { 0 };

	localtime_r(&t, &tm);
	if (!strftime(buf, RS_ASK_TIME_LEN, "%Y-%m-%d %H:%M:%S", &tm))
		buf[0] = '\0';
}
