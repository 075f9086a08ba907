/* SPDX-License-Identifier: Apache-2.0 */

/* Statements: assignments, conditions, loops. */

#include <string.h>

#include "lang/sema-private.h"

#define UNROLL_MAX 100

/* ---- assignments ---- */

/* A number that a declared variable can not hold. */
static bool is_too_large(const struct rs_type *type, const struct rs_node *value)
{
	return value && value->constant && type->kind == RS_TYPE_INT &&
	       rs_type_is_integer(value->type) && type->size < 8 &&
	       rs_sema_extend(value->number, type) != value->number;
}

/* Whoever reads it finds the very pointer that was assigned, in a register. */
static bool verifier_follows(const struct rs_variable *variable)
{
	return !variable->captured && !variable->address_taken && !variable->hoisted &&
	       !variable->zero_first;
}

static void assign_variable(struct rs_sema *s, struct rs_variable *variable,
			    const struct rs_type *type, const struct rs_node *value,
			    struct rs_span at)
{
	const struct rs_type *old;

	if (!variable)
		return;
	if (type->kind == RS_TYPE_NONE || (rs_type_is_aggregate(type) && !rs_sema_unknown(type))) {
		rs_sema_error(s, at, "a variable can not hold %s",
			      type->kind == RS_TYPE_NONE ? "what has no value"
							 : rs_sema_text(s, type));
		return;
	}
	if (type->kind != RS_TYPE_POINTER || !verifier_follows(variable))
		type = rs_sema_stored(s, type);
	old = variable->type;
	if (variable->declared && is_too_large(old, value)) {
		rs_sema_error(s, at, "%s is %s and can not hold %lld", variable->name,
			      rs_sema_text(s, old), (long long)value->number);
		return;
	}
	if (!variable->declared) {
		if (rs_sema_widen(s, &variable->type, &variable->soft, type, value))
			return;
	} else if (rs_sema_unknown(old) || rs_sema_unknown(type) || rs_sema_merge(s, old, type) ||
		   (old->kind == RS_TYPE_POINTER && value && value->constant && !value->number)) {
		return;
	}
	rs_sema_error(s, at, "%s holds %s, and this is %s", variable->name, rs_sema_text(s, old),
		      rs_sema_text(s, type));
	rs_sema_hint(s, "use another variable, or a cast");
}

static bool is_aggregate_call(const struct rs_node *node)
{
	const struct rs_func_row *row = node->kind == RS_NODE_CALL ? rs_func_find(node->text)
								   : NULL;

	return row && row->flags & RS_FUNC_AGGREGATE;
}

static void assign_map(struct rs_sema *s, struct rs_node *node)
{
	rs_sema_map_access(s, node->a);
	if (is_aggregate_call(node->b))
		rs_sema_call_row(s, node->b, rs_func_find(node->b->text));
	else
		rs_sema_expr(s, node->b);
	rs_sema_map_assign(s, node->a, node->b->type, node->b, node->span);
	node->a->type = rs_sema_map_value(node->a->map->value);
}

/* @x += 1: what is not there yet counts as 0. */
static void prepare_target(struct rs_sema *s, struct rs_node *target, const struct rs_node *value)
{
	struct rs_map *map = rs_sema_map(s, target);
	static const struct rs_node zero = { .kind = RS_NODE_INT, .constant = true };

	rs_sema_map_access(s, target);
	map->assigned = true;
	if (rs_sema_unknown(map->value) && rs_type_is_integer(value->type))
		rs_sema_map_assign(s, target, rs_type_int64, &zero, target->span);
	target->type = rs_sema_map_value(map->value);
}

static void compound(struct rs_sema *s, struct rs_node *node)
{
	const struct rs_type *type;
	struct rs_node *target = node->a;

	rs_sema_expr(s, node->b);
	if (target->kind == RS_NODE_MAP)
		prepare_target(s, target, node->b);
	else
		rs_sema_expr(s, target);
	if (target->kind == RS_NODE_MAP && rs_type_is_aggregate(target->map->value)) {
		rs_sema_error(s, node->span, "%s holds %s: only that function can change it",
			      target->map->name, rs_sema_text(s, target->map->value));
		return;
	}
	type = rs_sema_binary_type(s, node, target, node->b);
	if (rs_sema_unknown(type))
		return;
	if (target->kind == RS_NODE_MAP)
		rs_sema_map_assign(s, target, type, NULL, node->span);
	else
		assign_variable(s, target->variable, type, NULL, node->span);
}

static void assign(struct rs_sema *s, struct rs_node *node)
{
	struct rs_node *target = node->a;

	if (target->kind != RS_NODE_VAR && target->kind != RS_NODE_MAP) {
		rs_sema_expr(s, target);
		rs_sema_expr(s, node->b);
		rs_sema_error(s, target->span, "only variables and maps can be assigned to");
		return;
	}
	if (node->op != RS_OPERATOR_NONE) {
		compound(s, node);
		return;
	}
	if (target->kind == RS_NODE_MAP) {
		assign_map(s, node);
		return;
	}
	rs_sema_expr(s, node->b);
	assign_variable(s, target->variable, node->b->type, node->b, node->span);
	target->type = target->variable ? target->variable->type : &rs_type_unknown;
}

static void let(struct rs_sema *s, struct rs_node *node)
{
	struct rs_variable *variable = node->variable;

	if (node->a)
		rs_sema_expr(s, node->a);
	if (node->type_name && variable) {
		const struct rs_type *type = rs_sema_type_name(s, node->type_name, NULL);

		if (type->kind == RS_TYPE_POINTER && type->space == RS_SPACE_UNKNOWN) {
			const struct rs_type *moved = NULL;

			if (node->a && node->a->type->kind == RS_TYPE_POINTER)
				moved = rs_type_in_space(s->types, type, node->a->type->space);
			else
				moved = rs_type_in_space(s->types, type,
							 rs_probe_default_space(s->probe));
			type = moved ? moved : type;
		}
		variable->type = rs_sema_stored(s, type);
	}
	if (node->a)
		assign_variable(s, variable, node->a->type, node->a, node->span);
	node->type = variable ? variable->type : &rs_type_unknown;
}

/* ---- conditions ---- */

void rs_sema_condition(struct rs_sema *s, struct rs_node *node, const char *what)
{
	rs_sema_expr(s, node);
	if (rs_sema_is_condition(node->type))
		return;
	rs_sema_error(s, node->span, "%s must be true or false: this is %s", what,
		      rs_sema_text(s, node->type));
	if (rs_sema_is_text(node->type))
		rs_sema_hint(s, "compare it: ... == \"...\"");
}

static void comptime_if(struct rs_sema *s, struct rs_node *node)
{
	struct rs_node_list *untaken;

	if (!node->a->constant) {
		rs_sema_error(s, node->a->span,
			      "the condition of comptime must be known in advance");
		rs_sema_statements(s, &node->list);
		rs_sema_statements(s, &node->other);
		return;
	}
	rs_sema_statements(s, node->a->number ? &node->list : &node->other);
	untaken = node->a->number ? &node->other : &node->list;
	if (s->final)
		untaken->n = 0;
}

static void branch(struct rs_sema *s, struct rs_node_list *list, bool dead)
{
	s->dead += dead;
	rs_sema_statements(s, list);
	s->dead -= dead;
}

static void if_statement(struct rs_sema *s, struct rs_node *node)
{
	rs_sema_condition(s, node->a, "a condition");
	if (node->comptime || node->a->comptime) {
		comptime_if(s, node);
		return;
	}
	branch(s, &node->list, node->a->constant && !node->a->number);
	branch(s, &node->other, node->a->constant && node->a->number);
}

/* ---- loops ---- */

static void loop_body(struct rs_sema *s, struct rs_node *node)
{
	s->loop_depth++;
	rs_sema_statements(s, &node->list);
	s->loop_depth--;
}

static void unroll(struct rs_sema *s, struct rs_node *node)
{
	rs_sema_expr(s, node->a);
	if (!node->a->constant || !rs_type_is_integer(node->a->type)) {
		if (!rs_sema_unknown(node->a->type))
			rs_sema_error(s, node->a->span,
				      "how often to unroll must be known in advance");
	} else if ((int64_t)node->a->number < 1 || (int64_t)node->a->number > UNROLL_MAX) {
		rs_sema_error(s, node->a->span, "unroll(%lld): 1 to %u times are possible",
			      (long long)node->a->number, UNROLL_MAX);
	}
	loop_body(s, node);
}

/* What the loop's variable is: (key, value). */
static const struct rs_type *pair_type(struct rs_sema *s, const struct rs_map *map)
{
	const struct rs_type *pair[2];
	const struct rs_type *tuple;

	if (!map->key || rs_sema_unknown(map->key) || rs_sema_unknown(map->value))
		return &rs_type_unknown;
	pair[0] = map->key;
	pair[1] = rs_sema_map_value(map->value);
	tuple = rs_type_tuple(s->types, 2, pair, NULL);
	return tuple ? tuple : &rs_type_unknown;
}

static void check_loop_map(struct rs_sema *s, const struct rs_node *node, const struct rs_map *map)
{
	if (!map->assigned && !map->used_keyed && !map->used_scalar && !map->declared) {
		rs_sema_error(s, node->b->span, "undefined map \"%s\"", map->name);
		rs_sema_map_suggest(s, map);
	} else if (map->used_scalar) {
		rs_sema_error(s, node->b->span, "%s has no keys to go through", map->name);
	} else if (rs_type_is_aggregate(rs_sema_map_value(map->value))) {
		rs_sema_error(s, node->b->span, "a loop can not go through a map of %s",
			      rs_sema_text(s, map->value));
		rs_sema_hint(s, "print(%s) prints it", map->name);
	}
}

static void set_loop_variable(struct rs_sema *s, struct rs_node *node, const struct rs_type *type)
{
	bool soft = false;

	node->a->type = &rs_type_unknown;
	if (!node->variable)
		return;
	rs_sema_widen(s, &node->variable->type, &soft, type, NULL);
	node->a->type = node->variable->type;
}

static void for_map(struct rs_sema *s, struct rs_node *node)
{
	struct rs_map *map;

	if (node->b->kind != RS_NODE_MAP) {
		rs_sema_expr(s, node->b);
		rs_sema_error(s, node->b->span, "a loop goes through a map or a range");
		loop_body(s, node);
		return;
	}
	map = rs_sema_map(s, node->b);
	node->b->type = &rs_type_none;
	if (node->b->list.n) {
		rs_sema_error(s, node->b->span, "a loop goes through the whole map");
		rs_sema_hint(s, "without the key: %s", map->name);
	} else {
		check_loop_map(s, node, map);
	}
	set_loop_variable(s, node, pair_type(s, map));
	loop_body(s, node);
}

static void for_range(struct rs_sema *s, struct rs_node *node)
{
	struct rs_node *ends[] = { node->b, node->c };

	for (unsigned i = 0; i < 2; i++) {
		rs_sema_expr(s, ends[i]);
		if (!rs_type_is_integer(ends[i]->type) && !rs_sema_unknown(ends[i]->type))
			rs_sema_error(s, ends[i]->span,
				      "a range goes from one integer to another: this is %s",
				      rs_sema_text(s, ends[i]->type));
	}
	set_loop_variable(s, node, rs_type_int64);
	loop_body(s, node);
}

/* ---- all ---- */

static void expression(struct rs_sema *s, struct rs_node *node)
{
	if (node->discard)
		rs_sema_expr(s, node->a);
	else
		rs_sema_effect(s, node->a);
}

static void statement(struct rs_sema *s, struct rs_node *node)
{
	switch (node->kind) {
	case RS_NODE_EXPR_STMT:
		expression(s, node);
		break;
	case RS_NODE_ASSIGN:
		assign(s, node);
		break;
	case RS_NODE_LET:
		let(s, node);
		break;
	case RS_NODE_IF:
		if_statement(s, node);
		break;
	case RS_NODE_WHILE:
		rs_sema_condition(s, node->a, "the condition of a loop");
		loop_body(s, node);
		break;
	case RS_NODE_UNROLL:
		unroll(s, node);
		break;
	case RS_NODE_FOR_MAP:
		for_map(s, node);
		break;
	case RS_NODE_FOR_RANGE:
		for_range(s, node);
		break;
	case RS_NODE_RETURN:
		if (node->a)
			rs_sema_expr(s, node->a);
		break;
	case RS_NODE_BLOCK:
		rs_sema_statements(s, &node->list);
		break;
	case RS_NODE_BREAK:
	case RS_NODE_CONTINUE:
		break;
	default: /* an expression that stands alone */
		rs_sema_effect(s, node);
	}
}

void rs_sema_statements(struct rs_sema *s, struct rs_node_list *list)
{
	for (unsigned i = 0; i < list->n; i++)
		statement(s, list->items[i]);
}
