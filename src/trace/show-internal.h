/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files that show values share: one walk over a value, which writes text or JSON. */

#include "trace/show.h"

struct shower {
	struct rs_show *show;
	struct rs_str *out;
	uint64_t div; /* integers are divided by it */
	bool json;
	unsigned depth;
};

/* The value at data, size bytes. raw: as it lies in the kernel or a process, not in slots. */
void rs_shower_value(struct shower *s, const struct rs_type *type, const uint8_t *data, size_t size,
		     bool raw);

/* Text that is a string in JSON. */
void rs_shower_string(struct shower *s, const void *text, size_t len);

/* Numbers as the JSON of this language has them: those that a double does not hold are strings. */
void rs_shower_u64(struct shower *s, uint64_t v);
void rs_shower_i64(struct shower *s, int64_t v);

/* The symbols of one-word and other named kinds, without quotes. */
void rs_show_symbol(struct rs_show *show, const struct rs_type *type, const uint8_t *data,
		    size_t size, struct rs_str *out);

/* Bytes as buf() shows them: printable ones, \xNN for the others. */
enum rs_buffer_style {
	RS_BUFFER_ESCAPED,     /* %r: ab\x00 */
	RS_BUFFER_HEX_ESCAPED, /* %rx: \x61\x62\x00 */
	RS_BUFFER_HEX,         /* %rh: 61 62 00 */
};
void rs_show_buffer(const uint8_t *data, size_t n, enum rs_buffer_style style, struct rs_str *out);

/* A stack's lines. */
void rs_show_stack(struct rs_show *show, const struct rs_type *type, const uint8_t *data,
		   size_t size, struct rs_str *out);

/* A word of a slot or, raw, an integer of the type's size. */
int64_t rs_show_integer(const struct rs_type *type, const uint8_t *data, size_t size, bool raw);

/* A log2 or linear histogram: its rows, from the first bucket that counted to the last. */
void rs_show_histogram(struct rs_show *show, const struct rs_type *type, const uint8_t *buckets,
		       uint64_t div, struct rs_str *out);
void rs_show_histogram_json(const struct rs_type *type, const uint8_t *buckets, uint64_t div,
			    struct rs_str *out);
