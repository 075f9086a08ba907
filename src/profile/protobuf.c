/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/protobuf.h"

#define VARINT_MAX 10 /* bytes */

void rs_protobuf_put_varint(struct rs_str *out, uint64_t value)
{
	unsigned char bytes[VARINT_MAX];
	size_t n = 0;

	for (; value >= 0x80; value >>= 7)
		bytes[n++] = (unsigned char)(value | 0x80);
	bytes[n++] = (unsigned char)value;
	rs_str_append(out, bytes, n);
}

void rs_protobuf_put_number_always(struct rs_str *out, unsigned field, uint64_t value)
{
	rs_protobuf_put_varint(out, (uint64_t)field << 3 | RS_PROTOBUF_VARINT);
	rs_protobuf_put_varint(out, value);
}

void rs_protobuf_put_number(struct rs_str *out, unsigned field, uint64_t value)
{
	if (value)
		rs_protobuf_put_number_always(out, field, value);
}

void rs_protobuf_put_bytes(struct rs_str *out, unsigned field, const void *data, size_t n)
{
	rs_protobuf_put_varint(out, (uint64_t)field << 3 | RS_PROTOBUF_BYTES);
	rs_protobuf_put_varint(out, n);
	rs_str_append(out, data, n);
}

void rs_protobuf_init(struct rs_protobuf *message, const void *data, size_t n)
{
	*message = (struct rs_protobuf){ .p = data, .end = (const unsigned char *)data + n };
}

static bool fail(struct rs_protobuf *message)
{
	message->bad = true;
	message->p = message->end;
	return false;
}

bool rs_protobuf_next_number(struct rs_protobuf *numbers, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (numbers->p == numbers->end)
		return false;
	for (unsigned i = 0; i < VARINT_MAX && numbers->p < numbers->end; i++) {
		unsigned char byte = *numbers->p++;

		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (!(byte & 0x80)) {
			*ret_value = value;
			return true;
		}
	}
	return fail(numbers);
}

static bool take(struct rs_protobuf *message, size_t n, const unsigned char **ret_data)
{
	if ((size_t)(message->end - message->p) < n)
		return fail(message);
	*ret_data = message->p;
	message->p += n;
	return true;
}

static bool take_fixed(struct rs_protobuf *message, size_t n, uint64_t *ret_value)
{
	const unsigned char *data;

	if (!take(message, n, &data))
		return false;
	*ret_value = 0;
	for (size_t i = n; i; i--)
		*ret_value = *ret_value << 8 | data[i - 1];
	return true;
}

bool rs_protobuf_next(struct rs_protobuf *message, struct rs_protobuf_field *ret_field)
{
	uint64_t key, n;

	if (!rs_protobuf_next_number(message, &key))
		return false;
	*ret_field = (struct rs_protobuf_field){ .number = (unsigned)(key >> 3),
						 .wire = (enum rs_protobuf_wire)(key & 7),
						 .data = (const unsigned char *)"" };
	if (key >> 32 || !(key >> 3))
		return fail(message);
	switch (ret_field->wire) {
	case RS_PROTOBUF_VARINT:
		return rs_protobuf_next_number(message, &ret_field->value) || fail(message);
	case RS_PROTOBUF_FIXED64:
		return take_fixed(message, 8, &ret_field->value);
	case RS_PROTOBUF_FIXED32:
		return take_fixed(message, 4, &ret_field->value);
	case RS_PROTOBUF_BYTES:
		if (!rs_protobuf_next_number(message, &n) || n > SIZE_MAX)
			return fail(message);
		ret_field->n = (size_t)n;
		return take(message, (size_t)n, &ret_field->data);
	}
	return fail(message);
}
