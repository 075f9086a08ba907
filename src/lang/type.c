/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/type.h"

#include <errno.h>
#include <string.h>

#include "lang/type-private.h"

const struct rs_type rs_type_none = { .kind = RS_TYPE_NONE };
const struct rs_type rs_type_unknown = { .kind = RS_TYPE_UNKNOWN, .size = 8, .align = 8 };
const struct rs_type rs_type_bool = { .kind = RS_TYPE_BOOL, .size = 1, .align = 1 };
const struct rs_type rs_type_char = {
	.kind = RS_TYPE_INT, .size = 1, .align = 1, .is_signed = true, .is_char = true
};

/* ---- what a kind is ---- */

struct kind_row {
	uint8_t slot; /* bytes; 0: depends on the type */
	bool word;
	bool aggregate;
	bool is_signed;
	uint8_t size; /* where it is not the slot */
};

static const struct kind_row kinds[RS_TYPE_KIND_COUNT] = {
	[RS_TYPE_UNKNOWN] = { 8, .word = true },
	[RS_TYPE_BOOL] = { 8, .word = true, .size = 1 },
	[RS_TYPE_INT] = { 8, .word = true, .is_signed = true },
	[RS_TYPE_ENUM] = { 8, .word = true, .size = 4 },
	[RS_TYPE_POINTER] = { 8, .word = true },
	[RS_TYPE_KSYM] = { 8, .word = true },
	[RS_TYPE_USYM] = { .slot = 16 },
	[RS_TYPE_USERNAME] = { 8, .word = true },
	[RS_TYPE_STRERROR] = { 8, .word = true, .is_signed = true },
	[RS_TYPE_SIGNAL_NAME] = { 8, .word = true, .is_signed = true },
	[RS_TYPE_SYSCALL_NAME] = { 8, .word = true, .is_signed = true },
	[RS_TYPE_PROBE] = { 8, .word = true },
	[RS_TYPE_TIMESTAMP] = { .slot = 16 },
	[RS_TYPE_CGROUP_PATH] = { .slot = 16 },
	[RS_TYPE_INET] = { .slot = 24 },
	[RS_TYPE_MAC] = { 8, .size = 6 },
	[RS_TYPE_KSTACK] = { .slot = 16 },
	[RS_TYPE_USTACK] = { .slot = 16 },
	[RS_TYPE_COUNT] = { 8, .aggregate = true },
	[RS_TYPE_SUM] = { 8, .aggregate = true, .is_signed = true },
	[RS_TYPE_AVG] = { 16, .aggregate = true, .is_signed = true },
	[RS_TYPE_STATS] = { 16, .aggregate = true, .is_signed = true },
	[RS_TYPE_MIN] = { 16, .aggregate = true, .is_signed = true },
	[RS_TYPE_MAX] = { 16, .aggregate = true, .is_signed = true },
	[RS_TYPE_HIST] = { 0, .aggregate = true },
	[RS_TYPE_LHIST] = { 0, .aggregate = true },
	[RS_TYPE_TSERIES] = { 0, .aggregate = true },
};

bool rs_type_is_word(const struct rs_type *t)
{
	return kinds[t->kind].word;
}

bool rs_type_is_aggregate(const struct rs_type *t)
{
	return kinds[t->kind].aggregate;
}

bool rs_type_is_text(const struct rs_type *t)
{
	return t->kind == RS_TYPE_ARRAY && t->element && t->element->kind == RS_TYPE_INT &&
	       t->element->is_char;
}

static uint32_t capped(uint64_t bytes)
{
	return bytes > RS_TYPES_SIZE_MAX ? RS_TYPES_SIZE_MAX : (uint32_t)bytes;
}

uint32_t rs_type_slot(const struct rs_type *t)
{
	if (kinds[t->kind].slot)
		return kinds[t->kind].slot;
	switch (t->kind) {
	case RS_TYPE_NONE:
		return 0;
	case RS_TYPE_BUFFER:
		return capped(8 + rs_types_round(t->size, 8));
	case RS_TYPE_HIST:
	case RS_TYPE_LHIST:
		return capped((uint64_t)t->count * 8);
	case RS_TYPE_TSERIES:
		return capped((uint64_t)t->count * RS_TSERIES_BUCKET);
	default:
		return capped(rs_types_round(rs_type_sizeof(t), 8));
	}
}

static uint64_t size_of(const struct rs_type *t, unsigned depth)
{
	if (t->kind == RS_TYPE_ARRAY)
		return depth < RS_TYPES_DEPTH && t->element
			       ? (uint64_t)t->count * capped(size_of(t->element, depth + 1))
			       : 0;
	if (t->kind == RS_TYPE_POINTER)
		return 8;
	if (t->kind == RS_TYPE_BUFFER || kinds[t->kind].aggregate)
		return rs_type_slot(t);
	return t->size;
}

uint32_t rs_type_sizeof(const struct rs_type *t)
{
	return capped(size_of(t, 0));
}

/* ---- the same type ---- */

static bool equal(const struct rs_type *a, const struct rs_type *b, unsigned depth);

static bool equal_elements(const struct rs_type *a, const struct rs_type *b, unsigned depth)
{
	if (!a->element || !b->element)
		return a->element == b->element;
	return equal(a->element, b->element, depth + 1);
}

static bool equal_fields(const struct rs_type *a, const struct rs_type *b, unsigned depth)
{
	if (a->n_fields != b->n_fields)
		return false;
	for (uint32_t i = 0; i < a->n_fields; i++)
		if (strcmp(a->fields[i].name, b->fields[i].name) != 0 ||
		    !equal(a->fields[i].type, b->fields[i].type, depth + 1))
			return false;
	return true;
}

/* By name; without names by where they came from. */
static bool equal_structs(const struct rs_type *a, const struct rs_type *b)
{
	const char *x = a->name ? a->name : "", *y = b->name ? b->name : "";

	if (a->is_union != b->is_union || strcmp(x, y) != 0)
		return false;
	if (*x)
		return true;
	return a->btf_id ? a->btf_id == b->btf_id && a->btf_module == b->btf_module
			 : a->fields == b->fields && !b->btf_id;
}

static bool equal(const struct rs_type *a, const struct rs_type *b, unsigned depth)
{
	if (a == b || depth > RS_TYPES_DEPTH)
		return true;
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case RS_TYPE_INT:
		return a->size == b->size && a->is_signed == b->is_signed;
	case RS_TYPE_ENUM:
		return a->size == b->size && a->is_signed == b->is_signed && equal_structs(a, b);
	case RS_TYPE_STRUCT:
		return equal_structs(a, b);
	case RS_TYPE_POINTER:
		return equal_elements(a, b, depth);
	case RS_TYPE_ARRAY:
		return a->count == b->count && equal_elements(a, b, depth);
	case RS_TYPE_STRING:
	case RS_TYPE_BUFFER:
		return a->size == b->size;
	case RS_TYPE_TUPLE:
	case RS_TYPE_RECORD:
		return equal_fields(a, b, depth);
	default:
		return a->mode == b->mode && a->count == b->count && a->bits == b->bits &&
		       a->low == b->low && a->high == b->high && a->step == b->step;
	}
}

bool rs_type_equal(const struct rs_type *a, const struct rs_type *b)
{
	return equal(a, b, 0);
}

/* ---- making ---- */

struct rs_types *rs_types_new(struct rs_arena *arena, const struct rs_lang_source *source)
{
	struct rs_types *types = rs_arena_new(arena, struct rs_types);

	if (!types)
		return NULL;
	types->arena = arena;
	types->source = source;
	return types;
}

struct rs_arena *rs_types_arena(const struct rs_types *types)
{
	return types->arena;
}

const struct rs_type *rs_type_int(unsigned size, bool is_signed)
{
#define INT_TYPE(bytes, has_sign)                                                                  \
	{                                                                                          \
		.kind = RS_TYPE_INT, .size = (bytes), .align = (bytes), .is_signed = (has_sign)    \
	}
	static const struct rs_type ints[4][2] = {
		{ INT_TYPE(1, false), INT_TYPE(1, true) },
		{ INT_TYPE(2, false), INT_TYPE(2, true) },
		{ INT_TYPE(4, false), INT_TYPE(4, true) },
		{ INT_TYPE(8, false), INT_TYPE(8, true) },
	};
#undef INT_TYPE

	return &ints[size <= 1 ? 0 : size == 2 ? 1 : size <= 4 ? 2 : 3][is_signed];
}

static size_t bucket_of(struct rs_type_recipe recipe)
{
	uint64_t h = (uintptr_t)recipe.ref / 16;

	h = (h ^ recipe.op) * 0x9e3779b97f4a7c15u;
	h = (h ^ recipe.a ^ (uint64_t)recipe.b << 32) * 0x9e3779b97f4a7c15u;
	return h >> 56;
}

const struct rs_type *rs_types_memo_find(struct rs_types *types, struct rs_type_recipe recipe)
{
	for (struct rs_type_memo *m = types->memos[bucket_of(recipe)]; m; m = m->next)
		if (m->recipe.ref == recipe.ref && m->recipe.op == recipe.op &&
		    m->recipe.a == recipe.a && m->recipe.b == recipe.b)
			return m->type;
	return NULL;
}

void rs_types_memo_put(struct rs_types *types, struct rs_type_recipe recipe,
		       const struct rs_type *type)
{
	struct rs_type_memo *memo = rs_arena_new(types->arena, struct rs_type_memo);
	size_t bucket = bucket_of(recipe);

	if (!memo)
		return;
	*memo = (struct rs_type_memo){ types->memos[bucket], recipe, type };
	types->memos[bucket] = memo;
}

/* One type per recipe. */
static const struct rs_type *make(struct rs_types *types, struct rs_type_recipe recipe,
				  const struct rs_type *model)
{
	const struct rs_type *known = rs_types_memo_find(types, recipe);
	struct rs_type *made;

	if (known)
		return known;
	made = rs_type_copy(types, model);
	if (made)
		rs_types_memo_put(types, recipe, made);
	return made;
}

const struct rs_type *rs_type_simple(struct rs_types *types, enum rs_type_kind kind)
{
	const struct kind_row *row = &kinds[kind];

	switch (kind) {
	case RS_TYPE_NONE:
		return &rs_type_none;
	case RS_TYPE_UNKNOWN:
		return &rs_type_unknown;
	case RS_TYPE_BOOL:
		return &rs_type_bool;
	case RS_TYPE_INT:
		return rs_type_int64;
	default:
		return make(types, (struct rs_type_recipe){ .op = kind },
			    &(struct rs_type){ .kind = kind,
					       .size = row->size ? row->size : row->slot,
					       .align = 8,
					       .is_signed = row->is_signed });
	}
}

const struct rs_type *rs_type_string(struct rs_types *types, uint32_t size)
{
	return make(types, (struct rs_type_recipe){ .op = RS_TYPE_STRING, .a = size, .b = 1 },
		    &(struct rs_type){ .kind = RS_TYPE_STRING, .size = size, .align = 1 });
}

const struct rs_type *rs_type_buffer(struct rs_types *types, uint32_t size)
{
	return make(types, (struct rs_type_recipe){ .op = RS_TYPE_BUFFER, .a = size, .b = 1 },
		    &(struct rs_type){ .kind = RS_TYPE_BUFFER, .size = size, .align = 8 });
}

const struct rs_type *rs_type_pointer(struct rs_types *types, const struct rs_type *to,
				      enum rs_space space)
{
	return make(types, (struct rs_type_recipe){ to, RS_TYPE_POINTER, space, 1 },
		    &(struct rs_type){ .kind = RS_TYPE_POINTER,
				       .element = to,
				       .space = space,
				       .size = 8,
				       .align = 8 });
}

const struct rs_type *rs_type_array(struct rs_types *types, const struct rs_type *element,
				    uint32_t count)
{
	struct rs_type array = { .kind = RS_TYPE_ARRAY, .element = element, .count = count };

	array.align = element->align ? element->align : 1;
	array.size = rs_type_sizeof(&array);
	return make(types, (struct rs_type_recipe){ element, RS_TYPE_ARRAY, count, 1 }, &array);
}

const struct rs_type *rs_type_tuple(struct rs_types *types, unsigned n,
				    const struct rs_type *const *elements, const char *const *names)
{
	struct rs_field *fields = rs_arena_alloc_array(types->arena, n, sizeof(*fields));
	struct rs_type *t = rs_arena_new(types->arena, struct rs_type);
	uint64_t at = 0;

	if (!fields || !t)
		return NULL;
	for (unsigned i = 0; i < n; i++) {
		fields[i].name = names ? names[i] : "";
		fields[i].type = elements[i];
		fields[i].offset = capped(at);
		at += rs_type_slot(elements[i]);
	}
	*t = (struct rs_type){ .kind = names ? RS_TYPE_RECORD : RS_TYPE_TUPLE,
			       .size = n ? capped(at) : 8, /* the empty one takes room, too */
			       .align = 8,
			       .fields = fields,
			       .n_fields = n };
	return t;
}

struct rs_type *rs_type_copy(struct rs_types *types, const struct rs_type *t)
{
	struct rs_type *copy = rs_arena_new(types->arena, struct rs_type);

	if (copy)
		*copy = *t;
	return copy;
}

const struct rs_type *rs_type_in_space(struct rs_types *types, const struct rs_type *t,
				       enum rs_space space)
{
	struct rs_type model = *t;

	if (t->space == space)
		return t;
	model.space = space;
	return make(types, (struct rs_type_recipe){ t, t->kind, space, 2 }, &model);
}

const struct rs_type *rs_type_lazy(struct rs_types *types, const struct rs_type *model)
{
	static const char lazy;
	struct rs_type_recipe recipe = { &lazy, model->kind, model->btf_id, model->btf_module };

	return make(types, recipe, model);
}
