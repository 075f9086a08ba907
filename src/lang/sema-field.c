/* SPDX-License-Identifier: Apache-2.0 */

/* a.b and a[i]: members of structs, tuples and records, elements of arrays, pointers and strings. */

#include <string.h>

#include "lang/sema-private.h"

/* ---- fields ---- */

static bool parse_index(const char *text, uint64_t *ret_index)
{
	uint64_t index = 0;

	if (!*text || strlen(text) > 9)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		index = index * 10 + (uint64_t)(*text - '0');
	}
	*ret_index = index;
	return true;
}

static const struct rs_type *tuple_element(struct rs_sema *s, const struct rs_node *node,
					   const struct rs_type *tuple, uint64_t i)
{
	if (i < tuple->n_fields)
		return tuple->fields[i].type;
	rs_sema_error(s, node->span, "%s has no element %llu", rs_sema_text(s, tuple),
		      (unsigned long long)i);
	if (tuple->n_fields)
		rs_sema_hint(s, "the last one is .%u", tuple->n_fields - 1);
	return &rs_type_unknown;
}

static const struct rs_type *no_struct(struct rs_sema *s, const struct rs_node *node,
				       const struct rs_type *type)
{
	rs_sema_error(s, node->span, "%s has no fields: \"%s\" can not be read",
		      rs_sema_text(s, type), node->text);
	if (rs_type_is_integer(type) || (type->kind == RS_TYPE_POINTER && !type->element))
		rs_sema_hint(s, "say what it points to: ((struct name *)...).%s", node->text);
	else if (type->kind == RS_TYPE_POINTER)
		rs_sema_hint(s, "cast it to a pointer to a struct");
	return &rs_type_unknown;
}

/* The name behind the point, which ends the expression. */
static struct rs_span name_span(const struct rs_node *node)
{
	struct rs_span span = node->span;
	size_t len = strlen(node->text);

	if (!span.expansion && len < span.len) {
		span.at += span.len - (uint32_t)len;
		span.len = (uint32_t)len;
	}
	return span;
}

static const struct rs_type *no_field(struct rs_sema *s, const struct rs_node *node,
				      const struct rs_type *type)
{
	const char *nearest;

	type = rs_type_complete(s->types, type);
	if (node->a->kind == RS_NODE_NAME && strcmp(node->a->text, "args") == 0)
		rs_sema_error(s, name_span(node), "%s has no argument \"%s\"", s->probe->name,
			      node->text);
	else if (type->kind == RS_TYPE_STRUCT && !type->n_fields)
		rs_sema_error(s, name_span(node), "nothing is known of %s but its name",
			      rs_sema_text(s, type));
	else
		rs_sema_error(s, name_span(node), "%s has no field \"%s\"", rs_sema_text(s, type),
			      node->text);
	nearest = rs_type_nearest_field(s->types, type, node->text);
	if (nearest)
		rs_sema_hint(s, "did you mean \"%s\"?", nearest);
	return &rs_type_unknown;
}

/* What the type of a field is for whoever reads it. */
static const struct rs_type *field_type(struct rs_sema *s, const struct rs_field *field)
{
	const struct rs_type *type = field->type;
	const struct rs_type *string;

	if (!field->data_loc)
		return rs_type_complete(s->types, type);
	if (type->kind == RS_TYPE_STRING || rs_type_is_text(type) ||
	    (type->kind == RS_TYPE_INT && type->is_char)) {
		string = rs_type_string(s->types, (uint32_t)s->program->config.max_strlen);
		return string ? string : &rs_type_unknown;
	}
	return type;
}

void rs_sema_field(struct rs_sema *s, struct rs_node *node)
{
	const struct rs_type *type;
	struct rs_field field;
	uint64_t i;

	rs_sema_expr(s, node->a);
	type = node->a->type;
	node->type = &rs_type_unknown;
	if (rs_sema_unknown(type))
		return;
	if (type->kind == RS_TYPE_TUPLE && parse_index(node->text, &i)) {
		node->type = tuple_element(s, node, type, i);
		return;
	}
	if (type->kind == RS_TYPE_POINTER && type->element) {
		const struct rs_type *to = rs_type_complete(s->types, type->element);

		to = rs_type_in_space(s->types, to, type->space);
		if (!to)
			return;
		if (to->kind != RS_TYPE_STRUCT && to->kind != RS_TYPE_RECORD)
			to = type;
		type = to;
	}
	if (type->kind != RS_TYPE_STRUCT && type->kind != RS_TYPE_RECORD)
		node->type = no_struct(s, node, type);
	else if (!rs_type_field(s->types, type, node->text, &field))
		node->type = no_field(s, node, type);
	else
		node->type = field_type(s, &field);
}

/* ---- elements ---- */

static void check_bounds(struct rs_sema *s, const struct rs_node *node, uint64_t count)
{
	const struct rs_node *index = node->b;

	/* Arrays without a length end a struct. */
	if (!index->constant || !count || index->number < count)
		return;
	rs_sema_error(s, index->span, "there is no element %lld: %s has %llu",
		      (long long)index->number, rs_sema_text(s, node->a->type),
		      (unsigned long long)count);
	rs_sema_hint(s, "the first is 0, the last %llu", (unsigned long long)count - 1);
}

static const struct rs_type *element_of(struct rs_sema *s, const struct rs_type *type)
{
	const struct rs_type *element = type->element;
	const struct rs_type *moved;

	if (!element || element->kind == RS_TYPE_NONE)
		return NULL;
	element = rs_type_complete(s->types, element);
	if (element->kind != RS_TYPE_STRUCT && element->kind != RS_TYPE_ARRAY)
		return element;
	moved = rs_type_in_space(s->types, element, type->space);
	return moved ? moved : element;
}

static const struct rs_type *index_type(struct rs_sema *s, const struct rs_node *node)
{
	const struct rs_type *type = node->a->type;
	const struct rs_type *element = NULL;

	switch (type->kind) {
	case RS_TYPE_ARRAY:
		check_bounds(s, node, type->count);
		element = element_of(s, type);
		break;
	case RS_TYPE_POINTER:
		element = element_of(s, type);
		break;
	case RS_TYPE_STRING:
		check_bounds(s, node, type->size);
		return &rs_type_char;
	case RS_TYPE_BUFFER:
		check_bounds(s, node, type->size);
		return rs_type_int(1, false);
	case RS_TYPE_TUPLE:
		if (node->b->constant)
			return tuple_element(s, node, type, node->b->number);
		rs_sema_error(s, node->b->span,
			      "which element of a tuple must be known in advance");
		rs_sema_hint(s, "a constant: [0], or .0");
		return &rs_type_unknown;
	default:
		break;
	}
	if (element)
		return element;
	rs_sema_error(s, node->span, "%s has no elements", rs_sema_text(s, type));
	if (type->kind == RS_TYPE_POINTER || rs_type_is_integer(type))
		rs_sema_hint(s, "say what it points to: ((uint64 *)...)[0]");
	return &rs_type_unknown;
}

void rs_sema_index(struct rs_sema *s, struct rs_node *node)
{
	rs_sema_expr(s, node->a);
	rs_sema_expr(s, node->b);
	node->type = &rs_type_unknown;
	if (rs_sema_unknown(node->a->type))
		return;
	if (!rs_type_is_integer(node->b->type) && !rs_sema_unknown(node->b->type)) {
		rs_sema_error(s, node->b->span, "an index is an integer, not %s",
			      rs_sema_text(s, node->b->type));
		return;
	}
	node->type = index_type(s, node);
}
