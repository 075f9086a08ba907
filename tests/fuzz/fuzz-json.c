/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes to the parser; what it accepts is written again and must read back the same. The same
 * bytes as a string value must always come out as JSON that the parser accepts. */

#include <stdlib.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static void write_value(struct rs_json *w, const struct rs_json_value *v);

static void write_children(struct rs_json *w, const struct rs_json_value *v)
{
	for (const struct rs_json_value *c = v->child; c; c = c->next) {
		if (v->type == RS_JSON_OBJECT)
			rs_json_key(w, c->key, c->key_len);
		write_value(w, c);
	}
}

static void write_number(struct rs_json *w, const struct rs_json_value *v)
{
	if (v->number == RS_JSON_U64)
		rs_json_u64(w, v->u64);
	else if (v->number == RS_JSON_I64)
		rs_json_i64(w, v->i64);
	else
		rs_json_double(w, v->real);
}

static void write_value(struct rs_json *w, const struct rs_json_value *v)
{
	switch (v->type) {
	case RS_JSON_NULL:
		rs_json_null(w);
		break;
	case RS_JSON_BOOL:
		rs_json_bool(w, v->boolean);
		break;
	case RS_JSON_NUMBER:
		write_number(w, v);
		break;
	case RS_JSON_STRING:
		CHECK(!rs_json_string(w, v->str, v->len));
		break;
	case RS_JSON_ARRAY:
		rs_json_begin_array(w);
		write_children(w, v);
		rs_json_end_array(w);
		break;
	case RS_JSON_OBJECT:
		rs_json_begin_object(w);
		write_children(w, v);
		rs_json_end_object(w);
		break;
	}
}

static bool same(const struct rs_json_value *a, const struct rs_json_value *b)
{
	const struct rs_json_value *x = a->child, *y = b->child;

	if (a->type != b->type || a->len != b->len || a->key_len != b->key_len)
		return false;
	if (a->key && memcmp(a->key, b->key, a->key_len) != 0)
		return false;
	if (a->type == RS_JSON_STRING && memcmp(a->str, b->str, a->len) != 0)
		return false;
	/* Not bit for bit: -0 counts as the integer 0. */
	if (a->type == RS_JSON_NUMBER && a->real != b->real)
		return false;
	if (a->type == RS_JSON_BOOL && a->boolean != b->boolean)
		return false;
	while (x && y && same(x, y)) {
		x = x->next;
		y = y->next;
	}
	return !x && !y;
}

static void check_round_trip(const uint8_t *data, size_t size)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT((size_t)64 << 20);
	_cleanup_(rs_str_done) struct rs_str out = { 0 };
	struct rs_json_value *first = NULL, *second = NULL;
	struct rs_error err = RS_ERROR_INIT;
	struct rs_json w;

	if (rs_json_parse(&arena, data, size, &first, &err) < 0) {
		CHECK(!first && err.code < 0 && err.msg[0]);
		return;
	}
	rs_json_get(first, "a.b.0.c");
	rs_json_init(&w, &out);
	write_value(&w, first);
	CHECK(!out.error);
	CHECK(rs_json_parse(&arena, out.data, out.len, &second, NULL) == 0);
	CHECK(same(first, second));
}

static void check_string(const uint8_t *data, size_t size)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = { 0 };
	_cleanup_(rs_str_done) struct rs_str out = { 0 };
	struct rs_json_value *v = NULL;
	struct rs_json w;
	bool replaced;

	rs_json_init(&w, &out);
	replaced = rs_json_string(&w, data, size);
	CHECK(rs_json_parse(&arena, out.data, out.len, &v, NULL) == 0);
	CHECK(v->type == RS_JSON_STRING);
	if (!replaced)
		CHECK(v->len == size && memcmp(v->str, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_round_trip(data, size);
	check_string(data, size);
	return 0;
}
