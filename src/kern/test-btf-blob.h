/* SPDX-License-Identifier: Apache-2.0 */
/* Builds small BTF for tests: types get the numbers 1, 2, ... in the order in which they are added. */
#pragma once

#include <string.h>

#include "base/str.h"

struct blob {
	struct rs_str types, strings;
	uint32_t first_string; /* of a module: bytes of its base's strings */
};

static inline void blob_init(struct blob *b, uint32_t first_string)
{
	*b = (struct blob){ .first_string = first_string };
	rs_str_append_char(&b->strings, '\0');
}

static inline void blob_done(struct blob *b)
{
	rs_str_done(&b->types);
	rs_str_done(&b->strings);
}

static inline uint32_t blob_string(struct blob *b, const char *text)
{
	uint32_t at = b->first_string + (uint32_t)b->strings.len;

	if (!*text)
		return 0;
	rs_str_append(&b->strings, text, strlen(text) + 1);
	return at;
}

static inline void blob_word(struct blob *b, uint32_t word)
{
	rs_str_append(&b->types, &word, sizeof(word));
}

/* n: members that follow; flag: bit 31; third: size or type. */
static inline void blob_type(struct blob *b, const char *name, unsigned kind, uint32_t n, bool flag,
			     uint32_t third)
{
	blob_word(b, blob_string(b, name));
	blob_word(b, (uint32_t)flag << 31 | kind << 24 | n);
	blob_word(b, third);
}

static inline void blob_int(struct blob *b, const char *name, uint32_t size, unsigned encoding)
{
	blob_type(b, name, 1, 0, false, size);
	blob_word(b, encoding << 24 | size * 8);
}

static inline void blob_array(struct blob *b, uint32_t of, uint32_t count)
{
	blob_type(b, "", 3, 0, false, 0);
	blob_word(b, of);
	blob_word(b, of);
	blob_word(b, count);
}

/* A member's third word: bits, and the width above where the struct has the flag. */
static inline void blob_member(struct blob *b, const char *name, uint32_t type, uint32_t at)
{
	blob_word(b, blob_string(b, name));
	blob_word(b, type);
	blob_word(b, at);
}

/* A parameter, or a constant of an enum of 32 bits. */
static inline void blob_pair(struct blob *b, const char *name, uint32_t second)
{
	blob_word(b, blob_string(b, name));
	blob_word(b, second);
}

static inline void blob_finish(struct blob *b, struct rs_str *out)
{
	uint32_t header[6] = { 0x1eb9f,
			       24,
			       0,
			       (uint32_t)b->types.len,
			       (uint32_t)b->types.len,
			       (uint32_t)b->strings.len };

	rs_str_append(out, header, sizeof(header));
	rs_str_append(out, b->types.data, b->types.len);
	rs_str_append(out, b->strings.data, b->strings.len);
}
