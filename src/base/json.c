/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <errno.h>
#include <math.h>

#include "base/utf8.h"

#define ONES  0x0101010101010101ull
#define HIGHS 0x8080808080808080ull

void rs_json_init(struct rs_json *w, struct rs_str *out)
{
	*w = (struct rs_json){ .out = out };
}

void rs_json_restart(struct rs_json *w)
{
	w->comma = false;
}

/* Makes room for a value of up to n bytes and writes the comma it needs. Where to write, or NULL
 * when the string refuses. */
static inline char *value_start(struct rs_json *w, size_t n)
{
	struct rs_str *out = w->out;

	if (unlikely(rs_str_reserve(out, n + 1) < 0))
		return NULL;
	out->data[out->len] = ',';
	out->len += w->comma;
	w->comma = true;
	return out->data + out->len;
}

static void open_bracket(struct rs_json *w, char c)
{
	char *p = value_start(w, 1);

	if (!p)
		return;
	*p = c;
	w->out->len++;
	w->comma = false;
}

static void close_bracket(struct rs_json *w, char c)
{
	rs_str_append_char(w->out, c);
	w->comma = true;
}

void rs_json_begin_object(struct rs_json *w)
{
	open_bracket(w, '{');
}

void rs_json_end_object(struct rs_json *w)
{
	close_bracket(w, '}');
}

void rs_json_begin_array(struct rs_json *w)
{
	open_bracket(w, '[');
}

void rs_json_end_array(struct rs_json *w)
{
	close_bracket(w, ']');
}

/* The high bit of any byte is set when the word holds a byte that may not stand in a string as it
 * is: below 0x20, a quote, a backslash, DEL, or 0x80 and above. (Bytes above a hit may be wrong.) */
static uint64_t special_bytes(uint64_t word)
{
	uint64_t quote = word ^ ONES * '"', slash = word ^ ONES * '\\', del = word ^ ONES * 0x7f;
	uint64_t hits = (word - ONES * 0x20) | (quote - ONES) | (slash - ONES) | (del - ONES) |
			word;

	return hits & HIGHS;
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Copies 8 bytes; their special ones. */
static inline uint64_t copy8(char *out, const unsigned char *p)
{
	uint64_t word;

	memcpy(&word, p, 8);
	memcpy(out, &word, 8);
	return special_bytes(word);
}

/* Copies 4 bytes; their special ones. The other half of the word is harmless filling. */
static inline uint64_t copy4(char *out, const unsigned char *p)
{
	uint32_t half;

	memcpy(&half, p, 4);
	memcpy(out, &half, 4);
	return special_bytes((uint64_t)half << 32 | 0x41414141);
}

/* Copies the string; true when none of it needed care. The last word overlaps the one before, so
 * that there is no slow tail. */
static bool copy_plain(char *out, const unsigned char *p, size_t n)
{
	uint64_t special = 0;
	size_t i;

	if (n >= 8) {
		for (i = 0; i + 8 < n && !special; i += 8)
			special = copy8(out + i, p + i);
		return !(special | copy8(out + n - 8, p + n - 8));
	}
	if (n >= 4)
		return !(copy4(out, p) | copy4(out + n - 4, p + n - 4));
	for (i = 0; i < n; i++) {
		out[i] = (char)p[i];
		special |= !is_plain(p[i]);
	}
	return !special;
}

static void append_unicode_escape(struct rs_str *out, uint32_t cp)
{
	static const char digits[] = "0123456789abcdef";
	char esc[6] = "\\u";

	for (int i = 0; i < 4; i++)
		esc[2 + i] = digits[cp >> (12 - 4 * i) & 15];
	rs_str_append(out, esc, sizeof(esc));
}

static void append_ascii(struct rs_str *out, unsigned char c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *at = c ? strchr(from, c) : NULL;
	char esc[2] = { '\\', at ? to[at - from] : 0 };

	if (at)
		rs_str_append(out, esc, 2);
	else if (c < 0x20 || c == 0x7f)
		append_unicode_escape(out, c);
	else
		rs_str_append_char(out, (char)c);
}

/* One character, whatever it is. Returns its length; adds to *replaced when it is not one. */
static unsigned append_char(struct rs_str *out, const unsigned char *p, size_t n, bool *replaced)
{
	uint32_t cp = 0;
	unsigned len = rs_utf8_decode(p, n, &cp);

	if (!len) {
		*replaced = true;
		rs_str_append(out, "\xef\xbf\xbd", 3);
		return 1;
	}
	if (cp < 0x80)
		append_ascii(out, *p);
	else if (rs_utf8_is_unsafe(cp)) /* all of them in the basic plane */
		append_unicode_escape(out, cp);
	else
		rs_str_append(out, p, len);
	return len;
}

/* The long way, a character or a run of plain ones at a time. Not inlined, so that the short way
 * stays short. */
static __attribute__((noinline)) bool append_hard(struct rs_str *out, const unsigned char *p,
						  size_t n)
{
	bool replaced = false;

	while (n) {
		size_t run = 0;
		unsigned len = 0;

		while (run < n && is_plain(p[run]))
			run++;
		rs_str_append(out, p, run);
		if (run < n)
			len = append_char(out, p + run, n - run, &replaced);
		p += run + len;
		n -= run + len;
	}
	rs_str_append_char(out, '"');
	return replaced;
}

bool rs_json_string(struct rs_json *w, const void *data, size_t n)
{
	char *p;

	if (unlikely(n > SIZE_MAX / 2)) {
		w->out->error = -ENOBUFS;
		return false;
	}
	p = value_start(w, n + 2);
	if (unlikely(!p))
		return false;
	*p = '"';
	if (likely(copy_plain(p + 1, data, n))) {
		p[n + 1] = '"';
		w->out->len += n + 2;
		return false;
	}
	w->out->len++;
	return append_hard(w->out, data, n);
}

bool rs_json_cstr(struct rs_json *w, const char *text)
{
	if (text)
		return rs_json_string(w, text, strlen(text));
	rs_json_null(w);
	return false;
}

void rs_json_key(struct rs_json *w, const char *key, size_t n)
{
	rs_json_string(w, key, n);
	rs_str_append_char(w->out, ':');
	w->comma = false;
}

void rs_json_u64(struct rs_json *w, uint64_t v)
{
	char *p = value_start(w, 20);

	if (likely(p))
		w->out->len += rs_str_format_u64(p, v);
}

void rs_json_i64(struct rs_json *w, int64_t v)
{
	char *p;

	if (v >= 0) {
		rs_json_u64(w, (uint64_t)v);
		return;
	}
	p = value_start(w, 21);
	if (!p)
		return;
	*p = '-';
	w->out->len += 1 + rs_str_format_u64(p + 1, -(uint64_t)v);
}

void rs_json_raw(struct rs_json *w, const void *json, size_t n)
{
	char *p = value_start(w, n);

	if (!p)
		return;
	memcpy(p, json, n);
	w->out->len += n;
}

void rs_json_bool(struct rs_json *w, bool v)
{
	if (v)
		rs_json_raw(w, "true", 4);
	else
		rs_json_raw(w, "false", 5);
}

void rs_json_null(struct rs_json *w)
{
	rs_json_raw(w, "null", 4);
}

/* The shorter of two forms that read back as the same number. */
void rs_json_double(struct rs_json *w, double v)
{
	char text[32];
	int n;

	if (!isfinite(v)) {
		rs_json_null(w);
		return;
	}
	n = snprintf(text, sizeof(text), "%.15g", v);
	if (strtod(text, NULL) != v)
		n = snprintf(text, sizeof(text), "%.17g", v);
	rs_json_raw(w, text, (size_t)n);
}

void rs_json_time(struct rs_json *w, uint64_t real_ns)
{
	char *p = value_start(w, RS_CLOCK_UTC_LEN + 2);

	if (!p)
		return;
	p[0] = '"';
	rs_clock_format_utc(&w->time, real_ns, p + 1);
	p[1 + RS_CLOCK_UTC_LEN] = '"';
	w->out->len += RS_CLOCK_UTC_LEN + 2;
}

void rs_json_hex(struct rs_json *w, uint64_t v)
{
	char text[32];

	rs_json_raw(w, text,
		    (size_t)snprintf(text, sizeof(text), "\"0x%llx\"", (unsigned long long)v));
}

void rs_json_hex_bytes(struct rs_json *w, const void *data, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = data;
	char *p;

	if (n > SIZE_MAX / 4) {
		w->out->error = -ENOBUFS;
		return;
	}
	p = value_start(w, n * 2 + 2);
	if (!p)
		return;
	*p++ = '"';
	for (size_t i = 0; i < n; i++) {
		*p++ = digits[bytes[i] >> 4];
		*p++ = digits[bytes[i] & 15];
	}
	*p = '"';
	w->out->len += n * 2 + 2;
}
