/* SPDX-License-Identifier: Apache-2.0 */

/* Types as they are written, and what is asked of them: casts, sizeof, offsetof. */

#include <string.h>

#include "lang/sema-private.h"

#define ELEMENTS_MAX 64

/* ---- written types ---- */

static const struct rs_type *unknown_type(struct rs_sema *s, const struct rs_type_name *name)
{
	const char *nearest = rs_types_nearest(s->types, name->base);
	const char *with_keyword;

	rs_sema_error(s, name->span, "unknown type \"%s\"", name->base);
	with_keyword = rs_arena_printf(s->arena, "struct %s", name->base);
	if (with_keyword && !strchr(name->base, ' ') && rs_types_find(s->types, with_keyword))
		rs_sema_hint(s, "write \"%s\"", with_keyword);
	else if (nearest)
		rs_sema_hint(s, "did you mean \"%s\"?", nearest);
	else if (strncmp(name->base, "struct ", 7) == 0 || strncmp(name->base, "union ", 6) == 0)
		rs_sema_hint(s, "declare it in the script, or use one that the kernel's BTF has");
	return &rs_type_unknown;
}

static const struct rs_type *tuple_name(struct rs_sema *s, const struct rs_type_name *name)
{
	const struct rs_type *elements[ELEMENTS_MAX];
	const struct rs_type *tuple;

	if (name->n_elements > ELEMENTS_MAX)
		return &rs_type_unknown;
	for (unsigned i = 0; i < name->n_elements; i++) {
		elements[i] = rs_sema_type_name(s, name->elements[i], NULL);
		if (rs_sema_unknown(elements[i]))
			return elements[i];
	}
	tuple = rs_type_tuple(s->types, name->n_elements, elements, NULL);
	return tuple ? tuple : &rs_type_unknown;
}

static bool is_sized_word(const char *base)
{
	return strcmp(base, "string") == 0 || strcmp(base, "buffer") == 0 ||
	       strcmp(base, "buf") == 0 || strcmp(base, "inet") == 0;
}

/* string[64]: the dimension is part of the type. */
static const struct rs_type *sized_name(struct rs_sema *s, const struct rs_type_name *name)
{
	uint64_t size = name->n_dims && name->dims[0] ? name->dims[0]
						      : s->program->config.max_strlen;
	const struct rs_type *type;

	if (strcmp(name->base, "inet") == 0)
		type = rs_type_simple(s->types, RS_TYPE_INET);
	else if (size > UINT16_MAX + 1u)
		type = NULL;
	else if (*name->base == 's')
		type = rs_type_string(s->types, (uint32_t)size);
	else
		type = rs_type_buffer(s->types, (uint32_t)size);
	if (type)
		return type;
	rs_sema_error(s, name->span, "\"%s\" of %llu bytes is too long", name->base,
		      (unsigned long long)size);
	return &rs_type_unknown;
}

static const struct rs_type *base_type(struct rs_sema *s, const struct rs_type_name *name)
{
	const struct rs_type *type;

	if (name->of) {
		rs_sema_expr(s, (struct rs_node *)name->of);
		return name->of->type;
	}
	if (strcmp(name->base, "tuple") == 0)
		return tuple_name(s, name);
	if (is_sized_word(name->base))
		return sized_name(s, name);
	type = rs_types_find(s->types, name->base);
	return type ? type : unknown_type(s, name);
}

/* T[]: as many as fit the operand. */
static uint64_t dimension(struct rs_sema *s, const struct rs_type_name *name, unsigned i,
			  const struct rs_type *element, const struct rs_type *of)
{
	uint64_t bytes = of ? rs_type_sizeof(of) : 0;
	uint64_t size = rs_type_sizeof(element);

	if (name->dims[i])
		return name->dims[i];
	if (of && rs_sema_unknown(of))
		return 0;
	if (i || !of || !size || bytes % size) {
		rs_sema_error(s, name->span, "the number of elements is not known here");
		return 0;
	}
	return bytes / size;
}

static const struct rs_type *array_name(struct rs_sema *s, const struct rs_type_name *name,
					const struct rs_type *type, const struct rs_type *of)
{
	for (unsigned i = name->n_dims; i > 0; i--) {
		uint64_t n = dimension(s, name, i - 1, type, of);
		const struct rs_type *array;

		if (!n)
			return &rs_type_unknown;
		array = n > UINT32_MAX ? NULL : rs_type_array(s->types, type, (uint32_t)n);
		if (!array) {
			rs_sema_error(s, name->span, "an array of %llu elements is too long",
				      (unsigned long long)n);
			return &rs_type_unknown;
		}
		type = array;
	}
	return type;
}

const struct rs_type *rs_sema_type_name(struct rs_sema *s, const struct rs_type_name *name,
					const struct rs_type *of)
{
	const struct rs_type *type = base_type(s, name);

	if (rs_sema_unknown(type))
		return type;
	for (unsigned i = 0; i < name->pointers; i++) {
		type = rs_type_pointer(s->types, type, RS_SPACE_UNKNOWN);
		if (!type)
			return &rs_type_unknown;
	}
	if (!name->pointers && !name->of && is_sized_word(name->base))
		return type;
	return array_name(s, name, type, of);
}

/* ---- casts ---- */

static void refuse(struct rs_sema *s, struct rs_node *node, const struct rs_type *to)
{
	rs_sema_error(s, node->span, "%s can not be cast to %s", rs_sema_text(s, node->a->type),
		      rs_sema_text(s, to));
	node->type = &rs_type_unknown;
}

static bool is_word_source(const struct rs_type *t)
{
	return rs_type_is_integer(t) || t->kind == RS_TYPE_POINTER;
}

static const struct rs_type *cast_to_pointer(struct rs_sema *s, struct rs_node *node,
					     const struct rs_type *to)
{
	const struct rs_type *from = node->a->type;
	enum rs_space space = rs_probe_default_space(s->probe);
	const struct rs_type *moved;

	if (from->kind == RS_TYPE_POINTER) {
		space = from->space;
		/* The verifier knows what it pointed to, not what the script takes it for. */
		if (space == RS_SPACE_BTF && !rs_type_equal(from, to))
			space = RS_SPACE_KERNEL;
	}
	moved = rs_type_in_space(s->types, to, space);
	return moved ? moved : to;
}

/* To something of one word. */
static void cast_to_word(struct rs_sema *s, struct rs_node *node, const struct rs_type *to)
{
	const struct rs_type *from = node->a->type;

	if (from->kind == RS_TYPE_ARRAY && to->kind != RS_TYPE_POINTER) {
		if (rs_type_sizeof(from) == rs_type_sizeof(to))
			return;
		rs_sema_error(s, node->span, "%s has %u bytes, %s has %u", rs_sema_text(s, from),
			      rs_type_sizeof(from), rs_sema_text(s, to), rs_type_sizeof(to));
		node->type = &rs_type_unknown;
		return;
	}
	if (from->kind == RS_TYPE_ARRAY && from->space != RS_SPACE_UNKNOWN)
		return; /* its address */
	if (from->kind == RS_TYPE_KSYM || from->kind == RS_TYPE_USERNAME ||
	    from->kind == RS_TYPE_MAC || from->kind == RS_TYPE_STRERROR ||
	    from->kind == RS_TYPE_SIGNAL_NAME || from->kind == RS_TYPE_SYSCALL_NAME)
		return;
	if (!is_word_source(from))
		refuse(s, node, to);
}

static void cast_to_array(struct rs_sema *s, struct rs_node *node, const struct rs_type *to)
{
	const struct rs_type *from = node->a->type;

	if (from->kind != RS_TYPE_ARRAY && from->kind != RS_TYPE_INT &&
	    from->kind != RS_TYPE_STRING) {
		refuse(s, node, to);
		return;
	}
	if (rs_type_sizeof(from) == rs_type_sizeof(to))
		return;
	rs_sema_error(s, node->span, "%s has %u bytes, %s has %u", rs_sema_text(s, from),
		      rs_type_sizeof(from), rs_sema_text(s, to), rs_type_sizeof(to));
	node->type = &rs_type_unknown;
}

static void cast_to_struct(struct rs_sema *s, struct rs_node *node, const struct rs_type *to)
{
	const struct rs_type *from = node->a->type;

	if (from->kind == RS_TYPE_STRUCT && rs_type_equal(from, to)) {
		node->type = from;
		return;
	}
	refuse(s, node, to);
	rs_sema_hint(s, "cast to a pointer to it: (%s *)", rs_sema_text(s, to));
}

static void cast_to(struct rs_sema *s, struct rs_node *node, const struct rs_type *to)
{
	const struct rs_type *from = node->a->type;

	switch (to->kind) {
	case RS_TYPE_POINTER:
		node->type = cast_to_pointer(s, node, to);
		_fallthrough_;
	case RS_TYPE_BOOL:
		if (from->kind == RS_TYPE_STRING)
			break; /* true unless it is empty */
		_fallthrough_;
	case RS_TYPE_INT:
	case RS_TYPE_ENUM:
		cast_to_word(s, node, to);
		break;
	case RS_TYPE_ARRAY:
		cast_to_array(s, node, to);
		break;
	case RS_TYPE_STRUCT:
		cast_to_struct(s, node, to);
		break;
	case RS_TYPE_STRING:
		if (!rs_sema_is_text(from))
			refuse(s, node, to);
		break;
	default:
		if (!rs_sema_merge(s, to, from))
			refuse(s, node, to);
	}
}

void rs_sema_cast(struct rs_sema *s, struct rs_node *node)
{
	const struct rs_type *to;

	rs_sema_expr(s, node->a);
	to = rs_sema_type_name(s, node->type_name, node->a->type);
	node->type = to;
	node->constant = false;
	if (rs_sema_unknown(to) || rs_sema_unknown(node->a->type))
		return;
	cast_to(s, node, to);
	if (node->a->constant && rs_type_is_integer(node->a->type) &&
	    rs_type_is_integer(node->type)) {
		node->constant = true;
		node->number = rs_sema_extend(node->a->number, node->type);
	}
}

/* ---- sizeof, offsetof ---- */

static void set_constant(struct rs_node *node, uint64_t number)
{
	node->type = rs_type_int64;
	node->constant = true;
	node->number = number;
}

/* Of sizeof and offsetof. A bare name is a type or a value, only the tables know. */
static const struct rs_type *measured_type(struct rs_sema *s, struct rs_node *node)
{
	const struct rs_type *type;

	if (node->type_name)
		return rs_sema_type_name(s, node->type_name, NULL);
	if (node->a->kind == RS_NODE_NAME && !rs_builtin_find(node->a->text)) {
		type = rs_types_find(s->types, node->a->text);
		if (type)
			return node->a->type = type;
	}
	rs_sema_expr(s, node->a);
	return node->a->type;
}

static bool is_tuple(const struct rs_type *type)
{
	return type->kind == RS_TYPE_TUPLE || type->kind == RS_TYPE_RECORD;
}

static uint32_t alignment(const struct rs_type *type, unsigned depth)
{
	uint32_t most = 1;

	if (!is_tuple(type))
		return type->align ? type->align : 1;
	for (uint32_t i = 0; i < type->n_fields && depth; i++)
		most = MAX(most, alignment(type->fields[i].type, depth - 1));
	return most;
}

/* What a script is told of a tuple is how C would lay it out: that we keep words in 8 bytes is nobody's business. */
static uint64_t told_size(const struct rs_type *type, unsigned depth)
{
	uint64_t at = 0, align;

	if (!is_tuple(type) || !depth)
		return rs_type_sizeof(type);
	for (uint32_t i = 0; i < type->n_fields; i++) {
		align = alignment(type->fields[i].type, depth - 1);
		at = (at + align - 1) / align * align + told_size(type->fields[i].type, depth - 1);
	}
	align = alignment(type, depth);
	return (at + align - 1) / align * align;
}

void rs_sema_sizeof(struct rs_sema *s, struct rs_node *node)
{
	const struct rs_type *type = rs_type_complete(s->types, measured_type(s, node));

	set_constant(node, told_size(type, ELEMENTS_MAX));
	if (type->kind == RS_TYPE_STRUCT && !type->size && !type->n_fields)
		rs_sema_error(s, node->span, "the size of %s is not known", rs_sema_text(s, type));
}

static const struct rs_type *offsetof_type(struct rs_sema *s, struct rs_node *node)
{
	const struct rs_type *type = measured_type(s, node);

	return node->a && type->kind == RS_TYPE_POINTER && type->element ? type->element : type;
}

void rs_sema_offsetof(struct rs_sema *s, struct rs_node *node)
{
	const struct rs_type *type = offsetof_type(s, node);
	uint64_t offset = 0;

	for (unsigned i = 0; i < node->n_names && !rs_sema_unknown(type); i++) {
		struct rs_field field;
		const char *nearest;

		if (rs_type_field(s->types, type, node->names[i], &field)) {
			offset += field.offset;
			type = field.type;
			continue;
		}
		nearest = rs_type_nearest_field(s->types, type, node->names[i]);
		rs_sema_error(s, node->span, "%s has no field \"%s\"", rs_sema_text(s, type),
			      node->names[i]);
		if (nearest)
			rs_sema_hint(s, "did you mean \"%s\"?", nearest);
		type = &rs_type_unknown;
	}
	set_constant(node, offset);
}
