/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values as text and as JSON: one walk for both. Integers, pointers and structs are shown here; what has a
 * name (symbols, users, times) by show-symbol.c.
 */
#include <string.h>

#include "trace/show-internal.h"

#define DEPTH_MAX 16

static void append(struct shower *s, const char *text)
{
	rs_str_append_cstr(s->out, text);
}

void rs_shower_string(struct shower *s, const void *text, size_t len)
{
	struct rs_json json;

	if (!s->json) {
		rs_str_append(s->out, text, len);
		return;
	}
	rs_json_init(&json, s->out);
	rs_json_string(&json, text, len);
}

static bool double_holds(uint64_t magnitude)
{
	/* 53 bits of mantissa: what has more significant ones is not held */
	return !magnitude || (magnitude >> __builtin_ctzll(magnitude)) < 1ULL << 53;
}

void rs_shower_u64(struct shower *s, uint64_t v)
{
	bool quoted = s->json && !double_holds(v);

	if (quoted)
		append(s, "\"");
	rs_str_append_u64(s->out, v);
	if (quoted)
		append(s, "\"");
}

void rs_shower_i64(struct shower *s, int64_t v)
{
	bool quoted = s->json && !double_holds(v < 0 ? -(uint64_t)v : (uint64_t)v);

	if (quoted)
		append(s, "\"");
	rs_str_append_i64(s->out, v);
	if (quoted)
		append(s, "\"");
}

int64_t rs_show_integer(const struct rs_type *type, const uint8_t *data, size_t size, bool raw)
{
	unsigned want = !raw ? 8 : type->kind == RS_TYPE_POINTER ? 8 : type->size;
	uint64_t v = 0;
	unsigned bits;

	if (want == 0 || want > 8)
		want = type->kind == RS_TYPE_BOOL ? 1 : 8;
	if (want > size)
		return 0;
	memcpy(&v, data, want); /* little endian, as every machine we run on */
	bits = want * 8;
	if (bits < 64 && type->is_signed)
		return (int64_t)(v << (64 - bits)) >> (64 - bits);
	return (int64_t)v;
}

static uint64_t unsigned_of(const struct rs_type *type, int64_t v)
{
	return type->size && type->size < 8 ? (uint64_t)v & ((1ULL << (type->size * 8)) - 1)
					    : (uint64_t)v;
}

static void divided(struct shower *s, bool is_signed, int64_t v)
{
	if (is_signed)
		rs_shower_i64(s, s->div > 1 ? v / (int64_t)s->div : v);
	else
		rs_shower_u64(s, s->div > 1 ? (uint64_t)v / s->div : (uint64_t)v);
}

static void show_bool(struct shower *s, const struct rs_type *type, const uint8_t *data,
		      size_t size, bool raw)
{
	append(s, rs_show_integer(type, data, size, raw) ? "true" : "false");
}

static void show_int(struct shower *s, const struct rs_type *type, const uint8_t *data, size_t size,
		     bool raw)
{
	int64_t v = rs_show_integer(type, data, size, raw);

	divided(s, type->is_signed, type->is_signed ? v : (int64_t)unsigned_of(type, v));
}

static const char *constant_name(const struct rs_type *type, int64_t v)
{
	for (uint32_t i = 0; i < type->n_fields; i++) {
		if (type->fields[i].value == v)
			return type->fields[i].name;
	}
	return NULL;
}

static void show_enum(struct shower *s, const struct rs_type *type, const uint8_t *data,
		      size_t size, bool raw)
{
	int64_t v = rs_show_integer(type, data, size, raw);
	const char *name = s->json ? NULL : constant_name(type, v);

	if (name)
		append(s, name);
	else
		divided(s, type->is_signed, v);
}

static void show_pointer(struct shower *s, const struct rs_type *type, const uint8_t *data,
			 size_t size, bool raw)
{
	uint64_t v = (uint64_t)rs_show_integer(type, data, size, raw);

	if (s->json) {
		rs_shower_u64(s, v);
		return;
	}
	append(s, "0x");
	rs_str_append_hex(s->out, v);
}

static void show_string(struct shower *s, const struct rs_type *type, const uint8_t *data,
			size_t size, bool raw)
{
	size_t room = type->size && type->size < size ? type->size : size;
	size_t len = strnlen((const char *)data, room);
	const char *trailer = s->show->program ? s->show->program->config.str_trunc_trailer : NULL;

	(void)raw;
	if (!type->may_be_cut || !trailer || !type->size || len + 1 < type->size) {
		rs_shower_string(s, data, len);
		return;
	}
	rs_str_reset(&s->show->scratch);
	rs_str_append(&s->show->scratch, data, len);
	rs_str_append_cstr(&s->show->scratch, trailer);
	rs_shower_string(s, s->show->scratch.data, s->show->scratch.len);
}

static void show_buffer(struct shower *s, const struct rs_type *type, const uint8_t *data,
			size_t size, bool raw)
{
	uint64_t n = size >= 8 ? (uint64_t)rs_show_integer(&rs_type_none, data, size, false) : 0;

	(void)raw;
	if (n > type->size)
		n = type->size;
	if (n + 8 > size)
		n = size >= 8 ? size - 8 : 0;
	if (!s->json) {
		rs_show_buffer(data + 8, n, RS_BUFFER_ESCAPED, s->out);
		return;
	}
	append(s, "[");
	for (uint64_t i = 0; i < n; i++) {
		if (i)
			append(s, ",");
		rs_str_append_i64(s->out, (int8_t)data[8 + i]);
	}
	append(s, "]");
}

static bool is_text(const struct rs_type *array)
{
	const struct rs_type *e = array->element;

	return e && e->kind == RS_TYPE_INT && e->size == 1 && e->is_signed;
}

static void show_array(struct shower *s, const struct rs_type *type, const uint8_t *data,
		       size_t size, bool raw)
{
	uint32_t step = type->element ? rs_type_sizeof(type->element) : 0;

	if (raw && is_text(type)) {
		rs_shower_string(
			s, data,
			strnlen((const char *)data, size < type->count ? size : type->count));
		return;
	}
	append(s, "[");
	for (uint32_t i = 0; step && i < type->count && (size_t)(i + 1) * step <= size; i++) {
		if (i)
			append(s, ",");
		rs_shower_value(s, type->element, data + (size_t)i * step, step, true);
	}
	append(s, "]");
}

static void show_bits(struct shower *s, const struct rs_field *field, const uint8_t *data,
		      size_t size)
{
	uint64_t v = 0;
	size_t n = (field->bit_offset + field->bit_size + 7) / 8;

	if (n > 8 || n > size || field->bit_size > 64)
		return;
	memcpy(&v, data, n);
	v >>= field->bit_offset;
	if (field->bit_size < 64)
		v &= (1ULL << field->bit_size) - 1;
	if (field->type->is_signed && field->bit_size && field->bit_size < 64)
		rs_shower_i64(s, (int64_t)(v << (64 - field->bit_size)) >> (64 - field->bit_size));
	else
		rs_shower_u64(s, v);
}

static void show_member(struct shower *s, const struct rs_field *field, const uint8_t *data,
			size_t size, bool raw)
{
	if (field->offset > size)
		append(s, "null");
	else if (field->bit_size)
		show_bits(s, field, data + field->offset, size - field->offset);
	else
		rs_shower_value(s, field->type, data + field->offset, size - field->offset, raw);
}

static void show_named(struct shower *s, const struct rs_type *type, const uint8_t *data,
		       size_t size, bool raw)
{
	if (type->n_fields == 0) {
		append(s, "{}");
		return;
	}
	append(s, s->json ? "{" : "{ ");
	for (uint32_t i = 0; i < type->n_fields; i++) {
		const struct rs_field *field = &type->fields[i];

		if (i)
			append(s, ", ");
		append(s, s->json ? "\"" : ".");
		append(s, field->name);
		append(s, s->json ? "\": " : " = ");
		show_member(s, field, data, size, raw);
	}
	append(s, s->json ? "}" : " }");
}

static void show_struct(struct shower *s, const struct rs_type *type, const uint8_t *data,
			size_t size, bool raw)
{
	(void)raw;
	if (type->lazy && s->show->program)
		type = rs_type_complete(s->show->program->types, type);
	show_named(s, type, data, size, true);
}

static void show_record(struct shower *s, const struct rs_type *type, const uint8_t *data,
			size_t size, bool raw)
{
	(void)raw;
	show_named(s, type, data, size, false);
}

static void show_tuple(struct shower *s, const struct rs_type *type, const uint8_t *data,
		       size_t size, bool raw)
{
	(void)raw;
	append(s, s->json ? "[" : "(");
	for (uint32_t i = 0; i < type->n_fields; i++) {
		if (i)
			append(s, s->json ? "," : ", ");
		show_member(s, &type->fields[i], data, size, false);
	}
	append(s, s->json ? "]" : ")");
}

static void show_symbol(struct shower *s, const struct rs_type *type, const uint8_t *data,
			size_t size, bool raw)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);

	(void)raw;
	if (!s->json) {
		rs_show_symbol(s->show, type, data, size, s->out);
		return;
	}
	rs_show_symbol(s->show, type, data, size, &text);
	rs_shower_string(s, text.data, text.len);
}

/* The words of an aggregate that was added up: rs_show_aggregate(). */
static int64_t word(const uint8_t *data, size_t size, unsigned i)
{
	int64_t v = 0;

	if (size >= (size_t)(i + 1) * 8)
		memcpy(&v, data + (size_t)i * 8, 8);
	return v;
}

static bool sums_signed(const struct rs_type *type)
{
	return !type->element || type->element->kind != RS_TYPE_INT || type->element->is_signed;
}

static void show_sum(struct shower *s, const struct rs_type *type, const uint8_t *data, size_t size,
		     bool raw)
{
	(void)raw;
	divided(s, type->kind != RS_TYPE_COUNT && sums_signed(type), word(data, size, 0));
}

static int64_t average(const struct rs_type *type, const uint8_t *data, size_t size)
{
	int64_t count = word(data, size, 0), total = word(data, size, 1);

	if (!count)
		return 0;
	return sums_signed(type) ? total / count : (int64_t)((uint64_t)total / (uint64_t)count);
}

static void show_average(struct shower *s, const struct rs_type *type, const uint8_t *data,
			 size_t size, bool raw)
{
	(void)raw;
	divided(s, sums_signed(type), average(type, data, size));
}

static void show_stats(struct shower *s, const struct rs_type *type, const uint8_t *data,
		       size_t size, bool raw)
{
	(void)raw;
	append(s, s->json ? "{\"count\": " : "{ .count = ");
	rs_shower_i64(s, word(data, size, 0));
	append(s, s->json ? ", \"average\": " : ", .average = ");
	divided(s, sums_signed(type), average(type, data, size));
	append(s, s->json ? ", \"total\": " : ", .total = ");
	if (sums_signed(type))
		rs_shower_i64(s, word(data, size, 1));
	else
		rs_shower_u64(s, (uint64_t)word(data, size, 1));
	append(s, s->json ? "}" : " }");
}

static void (*const shows[RS_TYPE_KIND_COUNT])(struct shower *, const struct rs_type *,
					       const uint8_t *, size_t, bool) = {
	[RS_TYPE_BOOL] = show_bool,
	[RS_TYPE_INT] = show_int,
	[RS_TYPE_ENUM] = show_enum,
	[RS_TYPE_POINTER] = show_pointer,
	[RS_TYPE_ARRAY] = show_array,
	[RS_TYPE_STRUCT] = show_struct,
	[RS_TYPE_STRING] = show_string,
	[RS_TYPE_BUFFER] = show_buffer,
	[RS_TYPE_TUPLE] = show_tuple,
	[RS_TYPE_RECORD] = show_record,
	[RS_TYPE_KSYM] = show_symbol,
	[RS_TYPE_USYM] = show_symbol,
	[RS_TYPE_USERNAME] = show_symbol,
	[RS_TYPE_STRERROR] = show_symbol,
	[RS_TYPE_SIGNAL_NAME] = show_symbol,
	[RS_TYPE_SYSCALL_NAME] = show_symbol,
	[RS_TYPE_PROBE] = show_symbol,
	[RS_TYPE_TIMESTAMP] = show_symbol,
	[RS_TYPE_CGROUP_PATH] = show_symbol,
	[RS_TYPE_INET] = show_symbol,
	[RS_TYPE_MAC] = show_symbol,
	[RS_TYPE_KSTACK] = show_symbol,
	[RS_TYPE_USTACK] = show_symbol,
	[RS_TYPE_COUNT] = show_sum,
	[RS_TYPE_SUM] = show_sum,
	[RS_TYPE_MIN] = show_sum,
	[RS_TYPE_MAX] = show_sum,
	[RS_TYPE_AVG] = show_average,
	[RS_TYPE_STATS] = show_stats,
};

void rs_shower_value(struct shower *s, const struct rs_type *type, const uint8_t *data, size_t size,
		     bool raw)
{
	size_t from = s->out->len;

	if (!type || !shows[type->kind] || s->depth >= DEPTH_MAX) {
		append(s, "null");
		return;
	}
	s->depth++;
	shows[type->kind](s, type, data, size, raw);
	s->depth--;
	if (!s->depth && !s->json)
		rs_show_tame(s->show, s->out, from);
}

int rs_show_value(struct rs_show *show, const struct rs_type *type, const void *data, size_t size,
		  uint64_t div, struct rs_str *out)
{
	struct shower s = { .show = show, .out = out, .div = div };

	rs_shower_value(&s, type, data, size, false);
	return out->error;
}

int rs_show_value_json(struct rs_show *show, const struct rs_type *type, const void *data,
		       size_t size, uint64_t div, struct rs_str *out)
{
	struct shower s = { .show = show, .out = out, .div = div, .json = true };

	rs_shower_value(&s, type, data, size, false);
	return out->error;
}
