/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Numbers as DWARF writes them, out of hostile bytes: reading past the end gives 0 and is remembered. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct rs_unwind_bytes {
	const uint8_t *at, *end;
	bool bad;
};

static inline size_t rs_unwind_left(const struct rs_unwind_bytes *b)
{
	return (size_t)(b->end - b->at);
}

static inline uint64_t rs_unwind_fixed(struct rs_unwind_bytes *b, size_t n)
{
	uint64_t value = 0;

	if (rs_unwind_left(b) < n) {
		b->bad = true;
		b->at = b->end;
		return 0;
	}
	memcpy(&value, b->at, n); /* little endian, as the machines whose stacks are walked */
	b->at += n;
	return value;
}

static inline int64_t rs_unwind_fixed_signed(struct rs_unwind_bytes *b, size_t n)
{
	unsigned shift = 64 - 8 * (unsigned)n;

	return (int64_t)(rs_unwind_fixed(b, n) << shift) >> shift;
}

/* LEB128; bits beyond 64 are dropped. */
static inline uint64_t rs_unwind_leb(struct rs_unwind_bytes *b, bool is_signed)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = (uint8_t)rs_unwind_fixed(b, 1);
		if (shift < 64)
			value |= (uint64_t)(byte & 127) << shift;
		shift += 7;
	} while ((byte & 128) && !b->bad);
	if (is_signed && shift < 64 && (byte & 64))
		value |= ~0ull << shift;
	return value;
}

static inline uint64_t rs_unwind_uleb(struct rs_unwind_bytes *b)
{
	return rs_unwind_leb(b, false);
}

static inline int64_t rs_unwind_sleb(struct rs_unwind_bytes *b)
{
	return (int64_t)rs_unwind_leb(b, true);
}

/* The next n bytes, on their own. */
static inline struct rs_unwind_bytes rs_unwind_take(struct rs_unwind_bytes *b, uint64_t n)
{
	struct rs_unwind_bytes part = { b->at, b->at, false };

	if (n > rs_unwind_left(b)) {
		b->bad = true;
		n = rs_unwind_left(b);
	}
	part.end = b->at += n;
	return part;
}
