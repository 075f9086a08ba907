/* SPDX-License-Identifier: Apache-2.0 */
#include "base/units.h"

#include <errno.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t factor;
};

/* Largest first; of two with the same factor the first is the one we write. */
static const struct unit time_units[] = {
	{ "d", 86400 * RS_NSEC_PER_SEC },  { "h", 3600 * RS_NSEC_PER_SEC },
	{ "m", 60 * RS_NSEC_PER_SEC },     { "s", RS_NSEC_PER_SEC },
	{ "ms", RS_NSEC_PER_MSEC },        { "us", RS_NSEC_PER_USEC },
	{ "\xc2\xb5s", RS_NSEC_PER_USEC }, { "ns", 1 },
};

static const struct unit size_units[] = {
	{ "T", 1ull << 40 },
	{ "TB", 1ull << 40 },
	{ "TiB", 1ull << 40 },
	{ "G", 1ull << 30 },
	{ "GB", 1ull << 30 },
	{ "GiB", 1ull << 30 },
	{ "M", 1ull << 20 },
	{ "MB", 1ull << 20 },
	{ "MiB", 1ull << 20 },
	{ "K", 1ull << 10 },
	{ "k", 1ull << 10 },
	{ "KB", 1ull << 10 },
	{ "kB", 1ull << 10 },
	{ "KiB", 1ull << 10 },
	{ "B", 1 },
	{ "", 1 },
};

static const struct unit count_units[] = {
	{ "G", 1000000000 }, { "M", 1000000 }, { "k", 1000 }, { "K", 1000 }, { "", 1 },
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits to a number. The end of the digits, or NULL on overflow. */
static const char *scan_whole(const char *p, uint64_t *ret_value)
{
	uint64_t v = 0;

	for (; is_digit(*p); p++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return NULL;
	*ret_value = v;
	return p;
}

/* The unit that is exactly the letters at p, up to a digit or the end. */
static const struct unit *find_unit(const struct unit *units, size_t count, const char *p, size_t n)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(units[i].name) == n && memcmp(units[i].name, p, n) == 0)
			return &units[i];
	return NULL;
}

/* factor times the decimal fraction in digits, rounded down: at most 18 digits matter. */
static uint64_t scale_fraction(const char *digits, size_t n, uint64_t factor)
{
	__extension__ typedef unsigned __int128 u128;
	u128 value = 0, divisor = 1;

	for (size_t i = 0; i < n && i < 18; i++) {
		value = value * 10 + (u128)(digits[i] - '0');
		divisor *= 10;
	}
	return (uint64_t)(value * factor / divisor);
}

/*
 * One number with its unit at *p: adds it to *total, moves *p behind it and tells the unit.
 * -EINVAL not of this form, -ERANGE too large.
 */
static int scan_quantity(const struct unit *units, size_t count, const char **p, uint64_t *total,
			 const struct unit **ret_unit)
{
	const char *start = *p, *end, *fraction = NULL;
	size_t fraction_len = 0, unit_len;
	const struct unit *unit;
	uint64_t whole, part;

	if (!is_digit(*start))
		return -EINVAL;
	end = scan_whole(start, &whole);
	if (!end)
		return -ERANGE;
	if (*end == '.') {
		fraction = ++end;
		while (is_digit(*end))
			end++;
		fraction_len = (size_t)(end - fraction);
		if (!fraction_len)
			return -EINVAL;
	}
	unit_len = strcspn(end, "0123456789.");
	unit = find_unit(units, count, end, unit_len);
	if (!unit || (fraction && unit->factor == 1))
		return -EINVAL;
	if (__builtin_mul_overflow(whole, unit->factor, &part) ||
	    __builtin_add_overflow(part, *total, &part))
		return -ERANGE;
	if (fraction && __builtin_add_overflow(
				part, scale_fraction(fraction, fraction_len, unit->factor), &part))
		return -ERANGE;
	*total = part;
	*p = end + unit_len;
	*ret_unit = unit;
	return 0;
}

static int fail(int code, const char *text, const char *what, const char *hint,
		struct rs_error *err)
{
	if (code == -ERANGE)
		rs_error_set(err, code, "\"%.64s\" is too large for %s", text, what);
	else
		rs_error_set(err, code, "\"%.64s\" is not %s", text, what);
	rs_error_hint(err, "%s", hint);
	return code;
}

int rs_units_parse_duration(const char *text, uint64_t *ret_ns, struct rs_error *err)
{
	uint64_t total = 0, smallest = UINT64_MAX;
	const char *p = text;
	int r = *text ? 0 : -EINVAL;

	if (strcmp(text, "0") == 0) {
		*ret_ns = 0;
		return 0;
	}
	while (r == 0 && *p) {
		const struct unit *unit;

		r = scan_quantity(time_units, ARRAY_SIZE(time_units), &p, &total, &unit);
		if (r == 0 && unit->factor >= smallest)
			r = -EINVAL;
		if (r == 0)
			smallest = unit->factor;
	}
	if (r < 0)
		return fail(r, text, "a duration", "write it as 500ms, 10s or 1m30s", err);
	*ret_ns = total;
	return 0;
}

static int parse_single(const struct unit *units, size_t count, const char *text,
			uint64_t *ret_value)
{
	const struct unit *unit;
	const char *p = text;
	uint64_t total = 0;
	int r;

	r = scan_quantity(units, count, &p, &total, &unit);
	if (r < 0)
		return r;
	if (*p)
		return -EINVAL;
	*ret_value = total;
	return 0;
}

int rs_units_parse_size(const char *text, uint64_t *ret_bytes, struct rs_error *err)
{
	int r = parse_single(size_units, ARRAY_SIZE(size_units), text, ret_bytes);

	return r < 0 ? fail(r, text, "a size", "write it as 4096, 64K or 1.5M", err) : 0;
}

int rs_units_parse_count(const char *text, uint64_t *ret_count, struct rs_error *err)
{
	int r = parse_single(count_units, ARRAY_SIZE(count_units), text, ret_count);

	return r < 0 ? fail(r, text, "a count", "write it as 1000, 100k or 1.5M", err) : 0;
}

static int scan_hex(const char *p, uint64_t *ret_value)
{
	uint64_t v = 0;
	size_t digits = 0;

	for (; *p; p++, digits++) {
		const char *hex = "0123456789abcdef";
		const char *at = strchr(hex, *p | 0x20);

		if (!at || (*p < '0') || (*p > '9' && (*p | 0x20) < 'a'))
			return -EINVAL;
		if (v >> 60)
			return -ERANGE;
		v = v << 4 | (uint64_t)(at - hex);
	}
	if (!digits)
		return -EINVAL;
	*ret_value = v;
	return 0;
}

static int scan_number(const char *text, uint64_t *ret_value)
{
	const char *end;

	if (text[0] == '0' && (text[1] | 0x20) == 'x')
		return scan_hex(text + 2, ret_value);
	if (!is_digit(*text))
		return -EINVAL;
	end = scan_whole(text, ret_value);
	if (!end)
		return text[strspn(text, "0123456789")] ? -EINVAL : -ERANGE;
	return *end ? -EINVAL : 0;
}

int rs_units_parse_u64(const char *text, uint64_t max, uint64_t *ret_value, struct rs_error *err)
{
	uint64_t v = 0;
	int r = scan_number(text, &v);

	if (r == -EINVAL)
		return rs_error_set(err, r, "\"%.64s\" is not a number", text);
	if (r < 0 || v > max)
		return rs_error_set(err, -ERANGE, "\"%.64s\" is more than %llu", text,
				    (unsigned long long)max);
	*ret_value = v;
	return 0;
}

int rs_units_parse_i64(const char *text, int64_t *ret_value, struct rs_error *err)
{
	bool negative = *text == '-';
	uint64_t v = 0, limit = (uint64_t)INT64_MAX + negative;
	int r = scan_number(text + negative, &v);

	if (r == -EINVAL)
		return rs_error_set(err, r, "\"%.64s\" is not a number", text);
	if (r < 0 || v > limit)
		return rs_error_set(err, -ERANGE, "\"%.64s\" is out of range", text);
	*ret_value = (int64_t)(negative ? -v : v);
	return 0;
}

/* --- writing --- */

/* value and suffix with three significant digits. value is below 1000, or the last unit's. */
static void three_digits(char buf[static RS_UNITS_BUF], double value, const char *suffix)
{
	int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;

	snprintf(buf, RS_UNITS_BUF, "%.*f%s", digits, value, suffix);
}

char *rs_units_format_duration(char buf[static RS_UNITS_BUF], uint64_t ns)
{
	unsigned long long s = ns / RS_NSEC_PER_SEC;

	if (ns < RS_NSEC_PER_USEC)
		snprintf(buf, RS_UNITS_BUF, "%lluns", (unsigned long long)ns);
	else if (ns < 999500)
		three_digits(buf, (double)ns / 1e3, "us");
	else if (ns < 999500000)
		three_digits(buf, (double)ns / 1e6, "ms");
	else if (s < 60)
		three_digits(buf, (double)ns / 1e9, "s");
	else if (s < 3600)
		snprintf(buf, RS_UNITS_BUF, "%llum%02llus", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, RS_UNITS_BUF, "%lluh%02llum", s / 3600, s / 60 % 60);
	else
		snprintf(buf, RS_UNITS_BUF, "%llud%02lluh", s / 86400, s / 3600 % 24);
	return buf;
}

/* Divides by step until below limit, names what is left. */
static void scaled(char buf[static RS_UNITS_BUF], double value, double step,
		   const char *const *suffixes, size_t count)
{
	size_t i = 0;

	while (i + 1 < count && value >= (step > 1000 ? 1023.5 : 999.5)) {
		value /= step;
		i++;
	}
	if (i == 0 && value == (double)(uint64_t)value)
		snprintf(buf, RS_UNITS_BUF, "%.0f%s", value, suffixes[0]);
	else
		three_digits(buf, value, suffixes[i]);
}

char *rs_units_format_bytes(char buf[static RS_UNITS_BUF], uint64_t bytes)
{
	static const char *const suffixes[] = {
		" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"
	};

	scaled(buf, (double)bytes, 1024, suffixes, ARRAY_SIZE(suffixes));
	return buf;
}

static const char *const count_suffixes[] = { "", "k", "M", "G", "T", "P", "E" };

char *rs_units_format_count(char buf[static RS_UNITS_BUF], uint64_t count)
{
	scaled(buf, (double)count, 1000, count_suffixes, ARRAY_SIZE(count_suffixes));
	return buf;
}

char *rs_units_format_rate(char buf[static RS_UNITS_BUF], double per_second)
{
	if (!(per_second > 0))
		per_second = 0;
	per_second = MIN(per_second, 1e21);
	scaled(buf, per_second, 1000, count_suffixes, ARRAY_SIZE(count_suffixes));
	memcpy(buf + strlen(buf), "/s", 3);
	return buf;
}

char *rs_units_format_duration_exact(char buf[static RS_UNITS_BUF], uint64_t ns)
{
	size_t len = 0;

	if (!ns)
		return memcpy(buf, "0s", 3);
	for (size_t i = 0; i < ARRAY_SIZE(time_units); i++) {
		uint64_t n = ns / time_units[i].factor;

		if (!n)
			continue;
		ns %= time_units[i].factor;
		len += (size_t)snprintf(buf + len, RS_UNITS_BUF - len, "%llu%s",
					(unsigned long long)n, time_units[i].name);
	}
	return buf;
}

char *rs_units_format_size_exact(char buf[static RS_UNITS_BUF], uint64_t bytes)
{
	static const char suffixes[] = "KMGT";
	size_t i = 0;

	while (bytes && bytes % 1024 == 0 && i < 4) {
		bytes /= 1024;
		i++;
	}
	snprintf(buf, RS_UNITS_BUF, "%llu%.*s", (unsigned long long)bytes, i ? 1 : 0,
		 suffixes + (i ? i - 1 : 0));
	return buf;
}
