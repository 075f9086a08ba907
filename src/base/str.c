/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <errno.h>

#include "base/utf8.h"

#define FIRST_CAP 256

/* What an unsafe byte becomes: \xNN. */
#define ESCAPE_LEN 4

void rs_str_init(struct rs_str *s, size_t max)
{
	*s = (struct rs_str)RS_STR_INIT(max);
}

void rs_str_done(struct rs_str *s)
{
	free(s->data);
	rs_str_init(s, s->max);
}

void rs_str_reset(struct rs_str *s)
{
	s->len = 0;
	s->error = 0;
}

void rs_str_truncate(struct rs_str *s, size_t len)
{
	if (len < s->len)
		s->len = len;
}

int rs_str_grow(struct rs_str *s, size_t n)
{
	size_t max = s->max ? s->max : RS_STR_MAX_DEFAULT;
	size_t cap = s->cap ? s->cap : FIRST_CAP;
	char *data;

	if (s->error)
		return s->error;
	if (max >= SIZE_MAX / 4)
		max = SIZE_MAX / 4;
	if (n > max || s->len > max - n)
		return s->error = -ENOBUFS;
	while (cap <= s->len + n)
		cap *= 2;
	/* Never more than max + 1, so that the fast path need not look at max. */
	cap = MIN(cap, max + 1);
	if (cap == s->cap)
		return 0;
	data = realloc(s->data, cap);
	if (!data)
		return s->error = -ENOMEM;
	s->data = data;
	s->cap = cap;
	return 0;
}

int rs_str_append_fill(struct rs_str *s, char c, size_t n)
{
	int r = rs_str_reserve(s, n);

	if (r < 0)
		return r;
	memset(s->data + s->len, c, n);
	s->len += n;
	return 0;
}

int rs_str_vappendf(struct rs_str *s, const char *fmt, va_list ap)
{
	va_list again;
	int n, r;

	r = rs_str_reserve(s, 1);
	if (r < 0)
		return r;
	va_copy(again, ap);
	n = vsnprintf(s->data + s->len, s->cap - s->len, fmt, ap);
	if (n < 0) {
		r = s->error = -EINVAL;
	} else if ((size_t)n >= s->cap - s->len) {
		r = rs_str_reserve(s, (size_t)n);
		if (r == 0)
			vsnprintf(s->data + s->len, s->cap - s->len, fmt, again);
	}
	va_end(again);
	if (r == 0)
		s->len += (size_t)n;
	return r;
}

int rs_str_appendf(struct rs_str *s, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = rs_str_vappendf(s, fmt, ap);
	va_end(ap);
	return r;
}

/* Decimal digits of v: a guess from the bits, 1233/4096 being nearly log10(2), then put right. */
static unsigned count_digits(uint64_t v)
{
	static const uint64_t powers[20] = {
		0ull,
		10ull,
		100ull,
		1000ull,
		10000ull,
		100000ull,
		1000000ull,
		10000000ull,
		100000000ull,
		1000000000ull,
		10000000000ull,
		100000000000ull,
		1000000000000ull,
		10000000000000ull,
		100000000000000ull,
		1000000000000000ull,
		10000000000000000ull,
		100000000000000000ull,
		1000000000000000000ull,
		10000000000000000000ull,
	};
	unsigned guess = (unsigned)(64 - __builtin_clzll(v | 1)) * 1233 >> 12;

	return guess + (v >= powers[guess]);
}

unsigned rs_str_format_u64(char buf[static 20], uint64_t v)
{
	static const char pairs[] =
		"00010203040506070809101112131415161718192021222324252627282930313233"
		"34353637383940414243444546474849505152535455565758596061626364656667"
		"6869707172737475767778798081828384858687888990919293949596979899";
	unsigned len = count_digits(v), at = len;

	while (v >= 100) {
		at -= 2;
		memcpy(buf + at, pairs + v % 100 * 2, 2);
		v /= 100;
	}
	if (v >= 10)
		memcpy(buf, pairs + v * 2, 2);
	else
		buf[0] = (char)('0' + v);
	return len;
}

int rs_str_append_u64(struct rs_str *s, uint64_t v)
{
	char digits[20];

	if (unlikely(s->cap - s->len <= sizeof(digits) || s->error))
		return rs_str_append(s, digits, rs_str_format_u64(digits, v));
	s->len += rs_str_format_u64(s->data + s->len, v);
	return 0;
}

int rs_str_append_i64(struct rs_str *s, int64_t v)
{
	char text[21] = "-";

	if (v >= 0)
		return rs_str_append_u64(s, (uint64_t)v);
	return rs_str_append(s, text, 1 + rs_str_format_u64(text + 1, -(uint64_t)v));
}

int rs_str_append_hex(struct rs_str *s, uint64_t v)
{
	char text[16];
	unsigned at = sizeof(text);

	do {
		text[--at] = "0123456789abcdef"[v & 15];
		v >>= 4;
	} while (v);
	return rs_str_append(s, text + at, sizeof(text) - at);
}

static void escape_byte(char *out, unsigned char c)
{
	out[0] = '\\';
	out[1] = 'x';
	out[2] = "0123456789abcdef"[c >> 4];
	out[3] = "0123456789abcdef"[c & 15];
}

/* Looks at the character at p: its length, and whether it may be shown. An invalid byte counts as
 * one that may not. */
static unsigned next_char(const unsigned char *p, size_t n, bool *ret_safe)
{
	uint32_t cp;
	unsigned len = rs_utf8_decode(p, n, &cp);

	*ret_safe = len && !rs_utf8_is_unsafe(cp);
	return len ? len : 1;
}

int rs_str_append_escaped(struct rs_str *s, const void *data, size_t n)
{
	const unsigned char *p = data;
	int r = rs_str_reserve(s, n);

	while (r == 0 && n) {
		size_t run = 0;
		unsigned bad = 0;

		while (run < n && !bad) {
			bool safe;
			unsigned len = next_char(p + run, n - run, &safe);

			if (safe)
				run += len;
			else
				bad = len;
		}
		r = rs_str_append(s, p, run);
		for (unsigned i = 0; i < bad && r == 0; i++) {
			char esc[ESCAPE_LEN];

			escape_byte(esc, p[run + i]);
			r = rs_str_append(s, esc, sizeof(esc));
		}
		p += run + bad;
		n -= run + bad;
	}
	return r;
}

size_t rs_str_escape(char *buf, size_t size, const void *data, size_t n)
{
	const unsigned char *p = data;
	size_t len = 0;

	while (n) {
		bool safe;
		unsigned part = next_char(p, n, &safe);
		unsigned width = part * (safe ? 1 : ESCAPE_LEN);

		if (len + width >= size)
			break;
		if (safe)
			memcpy(buf + len, p, part);
		for (unsigned i = 0; i < part && !safe; i++)
			escape_byte(buf + len + (size_t)i * ESCAPE_LEN, p[i]);
		len += width;
		p += part;
		n -= part;
	}
	buf[len] = '\0';
	return len;
}

const char *rs_str_cstr(struct rs_str *s)
{
	if (!s->data)
		return "";
	s->data[s->len] = '\0';
	return s->data;
}

char *rs_str_take(struct rs_str *s)
{
	char *text;

	if (!s->data)
		rs_str_grow(s, 0);
	if (s->error || !s->data)
		return NULL;
	s->data[s->len] = '\0';
	text = TAKE_PTR(s->data);
	rs_str_init(s, s->max);
	return text;
}

bool rs_str_equal(const struct rs_str *s, const char *text)
{
	size_t n = strlen(text);

	return n == s->len && (!n || memcmp(s->data, text, n) == 0);
}
