/* SPDX-License-Identifier: Apache-2.0 */

/* Types that hold more than one kind of value: what becomes of a variable, a map or a ternary when values of
 * different types meet in it. */

#include <string.h>

#include "lang/sema-private.h"

#define DEPTH_MAX 32

bool rs_sema_is_text(const struct rs_type *type)
{
	return type->kind == RS_TYPE_STRING || rs_type_is_text(type);
}

bool rs_sema_is_condition(const struct rs_type *type)
{
	return rs_type_is_integer(type) || type->kind == RS_TYPE_POINTER || rs_sema_unknown(type);
}

const char *rs_sema_text(struct rs_sema *s, const struct rs_type *type)
{
	return rs_type_text(s->arena, type);
}

/* ---- kept values ---- */

static const struct rs_type *in_space(struct rs_sema *s, const struct rs_type *type,
				      enum rs_space space)
{
	const struct rs_type *moved;

	if (type->space == space)
		return type;
	moved = rs_type_in_space(s->types, type, space);
	return moved ? moved : type;
}

const struct rs_type *rs_sema_stored(struct rs_sema *s, const struct rs_type *type)
{
	const struct rs_type *string;

	switch (type->kind) {
	case RS_TYPE_POINTER:
		return type->space == RS_SPACE_BTF ? in_space(s, type, RS_SPACE_KERNEL) : type;
	case RS_TYPE_ARRAY:
		if (!rs_type_is_text(type) || !type->count)
			return in_space(s, type, RS_SPACE_BPF);
		/* Text that fills its array has no NUL: room for one where it costs nothing. */
		string = rs_type_string(s->types, type->count + (type->count % 8 ? 1 : 0));
		return string ? string : &rs_type_unknown;
	case RS_TYPE_STRUCT:
		return in_space(s, rs_type_complete(s->types, type), RS_SPACE_BPF);
	default:
		return type;
	}
}

/* ---- merging ---- */

static const struct rs_type *merge_integers(const struct rs_type *a, const struct rs_type *b)
{
	unsigned of_unsigned, of_signed;

	if (a->kind == RS_TYPE_BOOL && b->kind == RS_TYPE_BOOL)
		return a;
	if (a->kind == RS_TYPE_ENUM && rs_type_equal(a, b))
		return a;
	if (a->kind != RS_TYPE_INT)
		a = a->kind == RS_TYPE_BOOL ? b : rs_type_int64;
	if (b->kind != RS_TYPE_INT)
		b = b->kind == RS_TYPE_BOOL ? a : rs_type_int64;
	if (a->kind != RS_TYPE_INT || b->kind != RS_TYPE_INT)
		return rs_type_int64;
	if (a->is_signed == b->is_signed)
		return a->size >= b->size ? a : b;
	of_unsigned = a->is_signed ? b->size : a->size;
	of_signed = a->is_signed ? a->size : b->size;
	if (of_unsigned < of_signed)
		return a->is_signed ? a : b;
	if (of_unsigned < 8)
		return rs_type_int(of_unsigned * 2, true);
	return a; /* nothing holds both: who came first decides how it is shown */
}

static const struct rs_type *merge_pointers(struct rs_sema *s, const struct rs_type *a,
					    const struct rs_type *b)
{
	const struct rs_type *to = a;

	if (!rs_type_equal(a, b)) {
		bool a_is_void = !a->element || a->element->kind == RS_TYPE_NONE;
		bool b_is_void = !b->element || b->element->kind == RS_TYPE_NONE;

		if (!a_is_void && !b_is_void)
			return NULL;
		to = a_is_void ? b : a;
	}
	if (a->space == b->space)
		return to;
	if (a->space == RS_SPACE_UNKNOWN || b->space == RS_SPACE_UNKNOWN)
		return in_space(s, to, a->space == RS_SPACE_UNKNOWN ? b->space : a->space);
	if (a->space == RS_SPACE_BTF || b->space == RS_SPACE_BTF)
		return in_space(s, to, a->space == RS_SPACE_BTF ? b->space : a->space);
	return in_space(s, to, a->space);
}

static const struct rs_type *merge(struct rs_sema *s, const struct rs_type *a,
				   const struct rs_type *b, unsigned depth);

/* The element of b that goes with element i of a: records have names, in any order. NULL: there is none. */
static const struct rs_type *counterpart(const struct rs_type *a, const struct rs_type *b,
					 uint32_t i)
{
	if (a->kind != RS_TYPE_RECORD)
		return b->fields[i].type;
	for (uint32_t k = 0; k < b->n_fields; k++)
		if (!strcmp(a->fields[i].name, b->fields[k].name))
			return b->fields[k].type;
	return NULL;
}

static const struct rs_type *merge_tuples(struct rs_sema *s, const struct rs_type *a,
					  const struct rs_type *b, unsigned depth)
{
	const struct rs_type **elements;
	const char **names;
	const struct rs_type *both;
	bool is_a = true;

	if (a->kind != b->kind || a->n_fields != b->n_fields || depth > DEPTH_MAX)
		return NULL;
	elements = rs_arena_alloc_array(s->arena, a->n_fields, sizeof(*elements));
	names = rs_arena_alloc_array(s->arena, a->n_fields, sizeof(*names));
	if (!elements || !names)
		return NULL;
	for (uint32_t i = 0; i < a->n_fields; i++) {
		const struct rs_type *other = counterpart(a, b, i);

		if (!other)
			return NULL;
		names[i] = a->fields[i].name;
		elements[i] = merge(s, a->fields[i].type, other, depth + 1);
		if (!elements[i])
			return NULL;
		is_a &= elements[i] == a->fields[i].type;
	}
	if (is_a)
		return a;
	both = rs_type_tuple(s->types, a->n_fields, elements,
			     a->kind == RS_TYPE_RECORD ? names : NULL);
	return both ? both : a;
}

static const struct rs_type *text_as_string(struct rs_sema *s, const struct rs_type *type)
{
	return type->kind == RS_TYPE_ARRAY ? rs_sema_stored(s, type) : type;
}

static const struct rs_type *merge_texts(struct rs_sema *s, const struct rs_type *a,
					 const struct rs_type *b)
{
	a = text_as_string(s, a);
	b = text_as_string(s, b);
	return a->size >= b->size ? a : b;
}

static bool same_detail(const struct rs_type *a, const struct rs_type *b)
{
	return a->kind == b->kind && a->bits == b->bits && a->low == b->low && a->high == b->high &&
	       a->step == b->step && a->mode == b->mode;
}

static const struct rs_type *merge_others(struct rs_sema *s, const struct rs_type *a,
					  const struct rs_type *b, unsigned depth)
{
	if (a->kind != b->kind)
		return NULL;
	switch (a->kind) {
	case RS_TYPE_TUPLE:
	case RS_TYPE_RECORD:
		return merge_tuples(s, a, b, depth);
	case RS_TYPE_BUFFER:
		return a->size >= b->size ? a : b;
	case RS_TYPE_STRUCT:
	case RS_TYPE_ARRAY:
		return rs_type_equal(a, b) ? a : NULL;
	case RS_TYPE_KSTACK:
	case RS_TYPE_USTACK:
		return a->mode != b->mode ? NULL : a->count >= b->count ? a : b;
	default:
		return same_detail(a, b) ? a : NULL;
	}
}

static const struct rs_type *merge(struct rs_sema *s, const struct rs_type *a,
				   const struct rs_type *b, unsigned depth)
{
	if (a == b || rs_sema_unknown(b))
		return a;
	if (rs_sema_unknown(a))
		return b;
	if (rs_type_is_integer(a) && rs_type_is_integer(b))
		return merge_integers(a, b);
	if (a->kind == RS_TYPE_POINTER && b->kind == RS_TYPE_POINTER)
		return merge_pointers(s, a, b);
	if (rs_sema_is_text(a) && rs_sema_is_text(b))
		return merge_texts(s, a, b);
	return merge_others(s, a, b, depth);
}

const struct rs_type *rs_sema_merge(struct rs_sema *s, const struct rs_type *a,
				    const struct rs_type *b)
{
	return merge(s, a, b, 0);
}

/* ---- widening ---- */

/* Equal for the reader and for the code: spaces count here. */
static bool settled(const struct rs_type *a, const struct rs_type *b)
{
	return a == b ||
	       (a->space == b->space && rs_type_equal(a, b) && a->is_signed == b->is_signed &&
		a->count == b->count && a->kind == b->kind &&
		(a->kind != RS_TYPE_TUPLE && a->kind != RS_TYPE_RECORD));
}

static bool same_elements(const struct rs_type *a, const struct rs_type *b, unsigned depth)
{
	if (a->n_fields != b->n_fields || a->kind != b->kind || depth > DEPTH_MAX)
		return false;
	for (uint32_t i = 0; i < a->n_fields; i++) {
		const struct rs_type *x = a->fields[i].type;
		const struct rs_type *y = b->fields[i].type;

		if (!settled(x, y) && !((x->kind == RS_TYPE_TUPLE || x->kind == RS_TYPE_RECORD) &&
					same_elements(x, y, depth + 1)))
			return false;
	}
	return true;
}

static bool is_small_constant(const struct rs_type *type, const struct rs_node *value)
{
	return value && value->constant && type->kind == RS_TYPE_INT && (int64_t)value->number >= 0;
}

static bool is_null(const struct rs_node *value)
{
	return value && value->constant && !value->number;
}

/* Where one of the two is only a constant that both would hold, the other one decides. */
static const struct rs_type *merge_value(struct rs_sema *s, const struct rs_type *old,
					 bool old_is_soft, const struct rs_type *with,
					 const struct rs_node *value)
{
	bool is_soft = is_small_constant(with, value);

	if (old->kind == RS_TYPE_INT && with->kind == RS_TYPE_INT && old_is_soft != is_soft) {
		const struct rs_type *hard = old_is_soft ? with : old;
		const struct rs_type *soft = old_is_soft ? old : with;

		return hard->is_signed == soft->is_signed ? rs_sema_merge(s, old, with)
							  : rs_type_int(8, hard->is_signed);
	}
	/* What may be NULL is nothing that the verifier lets us load from. */
	if (old->kind == RS_TYPE_POINTER && rs_type_is_integer(with) && is_null(value))
		return rs_sema_stored(s, old);
	if (with->kind == RS_TYPE_POINTER && old->kind == RS_TYPE_INT && old_is_soft)
		return rs_sema_stored(s, with);
	return rs_sema_merge(s, old, with);
}

bool rs_sema_widen(struct rs_sema *s, const struct rs_type **type, bool *soft,
		   const struct rs_type *with, const struct rs_node *value)
{
	const struct rs_type *old = *type ? *type : &rs_type_unknown;
	const struct rs_type *both;
	bool now_soft;

	if (rs_sema_unknown(with)) {
		*type = old;
		return true;
	}
	now_soft = is_small_constant(with, value) && (rs_sema_unknown(old) || *soft);
	both = merge_value(s, old, *soft, with, value);
	if (!both)
		return false;
	if (!settled(old, both) && !same_elements(old, both, 0))
		s->changed = true;
	if (now_soft != *soft)
		s->changed = true;
	*soft = now_soft;
	*type = both;
	return true;
}
