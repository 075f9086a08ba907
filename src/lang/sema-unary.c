/* SPDX-License-Identifier: Apache-2.0 */

/* Operators with one side: -x, !x, ~x, *p, &$x, $x++. */

#include "lang/sema-private.h"

static void refuse(struct rs_sema *s, const struct rs_node *node)
{
	rs_sema_error(s, node->span, "\"%s\" can not be used on %s", rs_operator_text(node->op),
		      rs_sema_text(s, node->a->type));
}

static const struct rs_type *not_type(struct rs_sema *s, const struct rs_node *node)
{
	if (!rs_sema_is_condition(node->a->type))
		refuse(s, node);
	return &rs_type_bool;
}

static const struct rs_type *number_type(struct rs_sema *s, const struct rs_node *node)
{
	const struct rs_type *type = node->a->type;

	if (rs_sema_unknown(type))
		return type;
	if (!rs_type_is_integer(type)) {
		refuse(s, node);
		return &rs_type_unknown;
	}
	if (node->op == RS_OPERATOR_NEG)
		return rs_type_int64;
	return rs_type_int(8, type->kind == RS_TYPE_BOOL || type->is_signed);
}

/* ---- pointers ---- */

static const struct rs_type *deref_type(struct rs_sema *s, struct rs_node *node)
{
	const struct rs_type *type = node->a->type;
	const struct rs_type *to = type->element;
	const struct rs_type *moved;

	if (rs_sema_unknown(type))
		return type;
	if (rs_type_is_integer(type)) /* an address without a type: what is there is one word */
		return rs_type_uint64;
	if (type->kind != RS_TYPE_POINTER) {
		rs_sema_error(s, node->span, "%s is no pointer", rs_sema_text(s, type));
		return &rs_type_unknown;
	}
	if (!to || to->kind == RS_TYPE_NONE) {
		rs_sema_error(s, node->span, "void * does not say what it points to");
		rs_sema_hint(s, "cast it first: *(uint64 *)...");
		return &rs_type_unknown;
	}
	to = rs_type_complete(s->types, to);
	if (to->kind != RS_TYPE_STRUCT && to->kind != RS_TYPE_ARRAY)
		return to;
	moved = rs_type_in_space(s->types, to, type->space);
	return moved ? moved : to;
}

static const struct rs_type *address_type(struct rs_sema *s, struct rs_node *node)
{
	struct rs_node *of = node->a;
	const struct rs_type *pointer;
	enum rs_space space = RS_SPACE_BPF;

	switch (of->kind) {
	case RS_NODE_VAR:
		if (of->variable)
			of->variable->address_taken = true;
		break;
	case RS_NODE_MAP:
		/* The element may not be there: not for plain loads. */
		if (of->list.n)
			space = RS_SPACE_KERNEL;
		break;
	case RS_NODE_FIELD:
	case RS_NODE_INDEX:
		space = of->a->type->space;
		break;
	default:
		rs_sema_error(s, node->span, "only variables, maps and fields have an address");
		return &rs_type_unknown;
	}
	pointer = rs_type_pointer(s->types, of->type, space);
	return pointer ? pointer : &rs_type_unknown;
}

/* ---- ++ and -- ---- */

static const struct rs_type *step_map(struct rs_sema *s, struct rs_node *node)
{
	static const struct rs_node one = { .kind = RS_NODE_INT, .constant = true, .number = 1 };
	struct rs_node *target = node->a;

	if (!rs_sema_map_access(s, target))
		return &rs_type_unknown;
	if (!target->map->value || rs_sema_unknown(target->map->value))
		rs_sema_map_assign(s, target, rs_type_int64, &one, node->span);
	target->map->assigned = true;
	target->type = rs_sema_map_value(target->map->value);
	if (rs_type_is_aggregate(target->map->value)) {
		rs_sema_error(s, node->span, "%s is a map of %s: \"%s\" can not change it",
			      target->map->name, rs_sema_text(s, target->map->value),
			      rs_operator_text(node->op));
		rs_sema_hint(s, "@x = count() counts");
		return &rs_type_unknown;
	}
	return target->type;
}

static const struct rs_type *step_type(struct rs_sema *s, struct rs_node *node)
{
	const struct rs_type *type;

	if (node->a->kind == RS_NODE_MAP) {
		type = step_map(s, node);
	} else if (node->a->kind == RS_NODE_VAR) {
		rs_sema_expr(s, node->a);
		type = rs_sema_stored(s, node->a->type); /* the verifier does not follow steps */
		if (node->a->variable)
			rs_sema_widen(s, &node->a->variable->type, &node->a->variable->soft, type,
				      NULL);
	} else {
		rs_sema_expr(s, node->a);
		rs_sema_error(s, node->span, "\"%s\" can be used on variables and maps only",
			      rs_operator_text(node->op));
		return &rs_type_unknown;
	}
	if (type->kind != RS_TYPE_INT && type->kind != RS_TYPE_POINTER && !rs_sema_unknown(type)) {
		refuse(s, node);
		return &rs_type_unknown;
	}
	return type;
}

void rs_sema_unary(struct rs_sema *s, struct rs_node *node)
{
	if (node->op >= RS_OPERATOR_PRE_INC) {
		node->type = step_type(s, node);
		return;
	}
	rs_sema_expr(s, node->a);
	switch (node->op) {
	case RS_OPERATOR_NOT:
		node->type = not_type(s, node);
		break;
	case RS_OPERATOR_DEREF:
		node->type = deref_type(s, node);
		break;
	case RS_OPERATOR_ADDRESS:
		node->type = address_type(s, node);
		break;
	default:
		node->type = number_type(s, node);
	}
	rs_sema_fold_unary(node);
}
