/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with bases, separators, powers, durations and C's suffixes; quoted text with escapes. */
#include "lang/lex.h"

/* ---- numbers ---- */

static unsigned digit_value(char c)
{
	if (rs_lex_is_digit(c))
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 99;
}

struct number {
	const char *text;
	size_t n, at;
	uint64_t value;
	const char *mistake;
};

static char now(const struct number *s)
{
	return s->at < s->n ? s->text[s->at] : '\0';
}

static void digits(struct number *s, unsigned base)
{
	for (; s->at < s->n; s->at++) {
		unsigned d = digit_value(s->text[s->at]);

		if (s->text[s->at] == '_')
			continue;
		if (d >= base)
			break;
		if (__builtin_mul_overflow(s->value, base, &s->value) ||
		    __builtin_add_overflow(s->value, d, &s->value))
			s->mistake = "this number does not fit in 64 bits";
	}
}

static void times(struct number *s, uint64_t factor)
{
	if (__builtin_mul_overflow(s->value, factor, &s->value))
		s->mistake = "this number does not fit in 64 bits";
}

/* 1e6 */
static void power(struct number *s)
{
	struct number exponent = { .text = s->text, .n = s->n, .at = s->at + 1 };

	if ((now(s) | 0x20) != 'e' || !rs_lex_is_digit(now(&exponent)))
		return;
	digits(&exponent, 10);
	s->at = exponent.at;
	if (exponent.value > 19 || exponent.mistake)
		s->mistake = "this number does not fit in 64 bits";
	else
		for (uint64_t i = 0; i < exponent.value; i++)
			times(s, 10);
}

/* What stands behind the digits: a duration (in nanoseconds), or a suffix of C. */
static void suffix(struct number *s, bool *ret_unsigned)
{
	static const struct {
		const char *name;
		uint64_t factor;
	} units[] = {
		{ "ns", 1 },
		{ "us", 1000 },
		{ "ms", 1000000 },
		{ "s", 1000000000 },
		{ "m", 60000000000 },
		{ "h", 3600000000000 },
		{ "d", 86400000000000 },
	};
	size_t begin = s->at, len, us = 0, ls = 0;

	while (rs_lex_is_name(now(s)))
		s->at++;
	len = s->at - begin;
	if (!len)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strlen(units[i].name) != len ||
		    memcmp(units[i].name, s->text + begin, len) != 0)
			continue;
		times(s, units[i].factor);
		return;
	}
	for (size_t i = begin; i < s->at; i++) {
		us += (s->text[i] | 0x20) == 'u';
		ls += (s->text[i] | 0x20) == 'l';
	}
	*ret_unsigned = us;
	if (us <= 1 && ls <= 2 && us + ls == len)
		return;
	if (!s->mistake)
		s->mistake =
			"a number ends in a unit of time (ns, us, ms, s, m, h, d), or u, l, ll";
}

size_t rs_lex_number(const char *text, size_t n, uint64_t *ret_value, bool *ret_unsigned,
		     const char **ret_mistake)
{
	struct number s = { .text = text, .n = n };
	char second = n > 1 ? (char)(text[1] | 0x20) : '\0';
	unsigned base = second == 'x' ? 16 : second == 'b' ? 2 : second == 'o' ? 8 : 10;

	*ret_unsigned = false;
	if (text[0] == '0' && base != 10) {
		s.at = 2;
		if (digit_value(now(&s)) >= base)
			s.mistake = "digits are missing behind the 0x, 0o or 0b";
		digits(&s, base);
	} else if (text[0] == '0' && n > 1 && (rs_lex_is_digit(text[1]) || text[1] == '_')) {
		base = 8;
		digits(&s, 8);
		if (rs_lex_is_digit(now(&s)))
			s.mistake = "a number that begins with 0 is octal: its digits are 0 to 7";
	} else {
		digits(&s, 10);
		power(&s);
	}
	suffix(&s, ret_unsigned);
	*ret_value = s.value;
	*ret_unsigned |= s.value > INT64_MAX;
	*ret_mistake = s.mistake;
	return s.at;
}

/* ---- quoted text ---- */

/* Up to max digits: how many there were. */
static size_t escape_number(const char *text, size_t n, unsigned base, size_t max, char *ret)
{
	unsigned value = 0;
	size_t i = 0;

	for (; i < n && i < max && digit_value(text[i]) < base; i++)
		value = value * base + digit_value(text[i]);
	*ret = (char)value;
	return i;
}

/* The escape behind the backslash: its length, 0 for one that does not exist. */
static size_t escape(const char *text, size_t n, char *ret)
{
	static const char names[] = "ntr\"\\abefv'?";
	static const char values[] = "\n\t\r\"\\\a\b\033\f\v'?";
	const char *found;
	size_t digits;

	if (!n)
		return 0;
	if (*text == 'x') {
		digits = escape_number(text + 1, n - 1, 16, 2, ret);
		return digits ? digits + 1 : 0;
	}
	if (digit_value(*text) < 8)
		return escape_number(text, n, 8, 3, ret);
	found = *text ? strchr(names, *text) : NULL;
	if (!found)
		return 0;
	*ret = values[found - names];
	return 1;
}

size_t rs_lex_quoted(struct rs_arena *arena, const char *text, size_t n, const char **ret_text,
		     uint32_t *ret_len, const char **ret_mistake)
{
	char quote = text[0], *to;
	size_t end = 1, len = 0;

	while (end < n && text[end] != quote && text[end] != '\n')
		end += text[end] == '\\' && end + 1 < n ? 2 : 1;
	if (end >= n || text[end] != quote) {
		*ret_mistake = "this string has no end: the closing quote is missing";
		return MIN(end, n);
	}
	to = rs_arena_alloc(arena, end);
	if (!to) {
		*ret_mistake = "out of memory";
		return end + 1;
	}
	for (size_t i = 1; i < end; i++, len++) {
		size_t used;

		to[len] = text[i];
		if (text[i] != '\\')
			continue;
		used = escape(text + i + 1, end - i - 1, &to[len]);
		if (!used)
			*ret_mistake =
				"unknown escape in this string: there are \\n \\t \\r \\\" \\\\ "
				"\\a \\b \\e \\f \\v, \\xNN and octal \\NNN";
		i += used;
	}
	*ret_text = to;
	*ret_len = (uint32_t)len;
	return end + 1;
}
