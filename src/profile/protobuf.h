/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The wire format of protocol buffers (protobuf.dev/programming-guides/encoding), as much of it as profile.proto needs:
 * variable-length numbers, and fields that have a length. */

#include "base/str.h"

enum rs_protobuf_wire {
	RS_PROTOBUF_VARINT = 0,
	RS_PROTOBUF_FIXED64 = 1,
	RS_PROTOBUF_BYTES = 2,
	RS_PROTOBUF_FIXED32 = 5,
};

/* --- writing: errors are the string's --- */

void rs_protobuf_put_varint(struct rs_str *out, uint64_t value);

/* A number; 0, which is what a missing one means, is left out. */
void rs_protobuf_put_number(struct rs_str *out, unsigned field, uint64_t value);
/* The same, 0 too: for repeated fields, where each counts. */
void rs_protobuf_put_number_always(struct rs_str *out, unsigned field, uint64_t value);
void rs_protobuf_put_bytes(struct rs_str *out, unsigned field, const void *data, size_t n);

/* --- reading --- */

struct rs_protobuf {
	const unsigned char *p, *end;
	bool bad; /* malformed: nothing more comes */
};

struct rs_protobuf_field {
	unsigned number;
	enum rs_protobuf_wire wire;
	uint64_t value;            /* numbers of all kinds */
	const unsigned char *data; /* RS_PROTOBUF_BYTES */
	size_t n;
};

void rs_protobuf_init(struct rs_protobuf *message, const void *data, size_t n);

/* The next field; false at the end, also a bad one. */
bool rs_protobuf_next(struct rs_protobuf *message, struct rs_protobuf_field *ret_field);

/* The next of plain numbers, one behind the other ("packed"). */
bool rs_protobuf_next_number(struct rs_protobuf *numbers, uint64_t *ret_value);
