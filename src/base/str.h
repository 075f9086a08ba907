/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A growable byte string with a cap. An append that does not fit (cap reached, or out of memory)
 * changes nothing and leaves a sticky error; later appends fail too until rs_str_reset(). So a
 * writer may append many times and look at s->error once.
 *
 * Bytes, not text: NUL and invalid UTF-8 are allowed. data is not NUL-terminated; rs_str_cstr() is.
 */

#include <stdarg.h>
#include <string.h>

#include "base/util.h"

#define RS_STR_MAX_DEFAULT ((size_t)64 << 20)

struct rs_str {
	char *data; /* owned; NULL until the first append */
	size_t len;
	size_t cap; /* bytes allocated; one is kept free for a final NUL */
	size_t max; /* largest len allowed; 0 = RS_STR_MAX_DEFAULT */
	int error;  /* 0, -ENOBUFS (cap reached) or -ENOMEM; sticky */
};

#define RS_STR_INIT(max_len)                                                                       \
	{                                                                                          \
		.max = (max_len)                                                                   \
	}

/* max: largest length allowed, 0 = default. Allocates nothing. */
void rs_str_init(struct rs_str *s, size_t max);

/* Frees the memory; the string is empty and usable again afterwards. Fits _cleanup_. */
void rs_str_done(struct rs_str *s);

/* Empties the string and clears the error; memory is kept for the next use. */
void rs_str_reset(struct rs_str *s);

/* Cuts the string to len if it is longer; does not touch the error. */
void rs_str_truncate(struct rs_str *s, size_t len);

/* The out-of-line half of rs_str_reserve(). */
int rs_str_grow(struct rs_str *s, size_t n);

/* Makes room for n more bytes. 0 or the sticky error. */
static inline int rs_str_reserve(struct rs_str *s, size_t n)
{
	if (likely(s->cap - s->len > n && !s->error))
		return 0;
	return rs_str_grow(s, n);
}

static inline int rs_str_append(struct rs_str *s, const void *data, size_t n)
{
	int r = rs_str_reserve(s, n);

	if (unlikely(r < 0))
		return r;
	if (n)
		memcpy(s->data + s->len, data, n);
	s->len += n;
	return 0;
}

static inline int rs_str_append_cstr(struct rs_str *s, const char *text)
{
	return rs_str_append(s, text, strlen(text));
}

static inline int rs_str_append_char(struct rs_str *s, char c)
{
	return rs_str_append(s, &c, 1);
}

/* n times c. */
int rs_str_append_fill(struct rs_str *s, char c, size_t n);

int rs_str_appendf(struct rs_str *s, const char *fmt, ...) _printf_(2, 3);
int rs_str_vappendf(struct rs_str *s, const char *fmt, va_list ap) _printf_(2, 0);

int rs_str_append_u64(struct rs_str *s, uint64_t v);
int rs_str_append_i64(struct rs_str *s, int64_t v);

/* Lower-case hexadecimal without prefix or leading zeros. */
int rs_str_append_hex(struct rs_str *s, uint64_t v);

/*
 * Appends n bytes made harmless for a terminal: control characters, bidirectional overrides and
 * bytes that are not UTF-8 become \xNN, one per byte; everything else stays. Nothing else is
 * escaped, so a backslash that was there stays single.
 */
int rs_str_append_escaped(struct rs_str *s, const void *data, size_t n);

/* The same into a fixed buffer, always NUL-terminated (size at least 1), never cutting an escape
 * or a character. Returns the length written. */
size_t rs_str_escape(char *buf, size_t size, const void *data, size_t n);

/* The contents as a C string, valid until the next change; "" when there is nothing. Contents with
 * a NUL inside look shorter. */
const char *rs_str_cstr(struct rs_str *s);

/* Gives the memory away as a C string for free(), and empties s. NULL when out of memory or when
 * the sticky error is set (the contents are then not what the writer meant). */
char *rs_str_take(struct rs_str *s);

/* True when s equals the C string. */
bool rs_str_equal(const struct rs_str *s, const char *text);

/* Digits of v, no NUL, into buf; returns how many (1 to 20). */
unsigned rs_str_format_u64(char buf[static 20], uint64_t v);
