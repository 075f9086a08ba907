/* SPDX-License-Identifier: Apache-2.0 */

/* Variables: words in registers, the rest in memory that lasts as long as the function. */

#include "lang/lower-private.h"

struct rs_home *rs_lower_home(struct rs_lower *l, const struct rs_variable *variable)
{
	static struct rs_home
		nowhere; /* of a tree that the analysis did not finish: never used for code */

	if (!variable || variable->id >= l->state->n_variables) {
		rs_diag_error(l->program->diags, variable ? variable->span : (struct rs_span){ 0 },
			      "a variable without a place");
		nowhere = (struct rs_home){ .kind = RS_HOME_REG,
					    .place.reg = rs_ir_const(l->f, 0) };
		return &nowhere;
	}
	return &l->state->fn->homes[variable->id];
}

static void give_home(struct rs_lower *l, const struct rs_variable *variable)
{
	struct rs_home *home = rs_lower_home(l, variable);
	bool word = rs_type_is_word(variable->type);

	if (home->kind != RS_HOME_NONE)
		return;
	if (!word || variable->address_taken) {
		home->kind = word ? RS_HOME_WORD : RS_HOME_MEMORY;
		home->place = rs_lower_room(l, MAX(rs_type_slot(variable->type), 8u));
	} else if (l->state->fn->n_words++ >= RS_LOWER_WORDS_MAX && rs_lower_can_forget(variable)) {
		home->kind = RS_HOME_WORD;
		home->place = rs_lower_scratch_room(l, 8);
	} else {
		home->kind = RS_HOME_REG;
		home->place.reg = rs_ir_reg_new(l->f);
	}
}

static void set_zero(struct rs_lower *l, const struct rs_variable *variable)
{
	struct rs_home *home = rs_lower_home(l, variable);

	home->assigned = true;
	if (home->kind == RS_HOME_REG)
		rs_ir_assign_const(l->f, home->place.reg, 0);
	else if (home->kind != RS_HOME_PAIR)
		rs_place_zero(l, &home->place);
}

/* ---- before a function's body ---- */

static bool is_callback(struct rs_lower *l, const struct rs_node *node)
{
	return node->kind == RS_NODE_FOR_MAP ||
	       (node->kind == RS_NODE_FOR_RANGE && rs_lower_range_needs_callback(l));
}

static bool declare(struct rs_node *node, void *ctx)
{
	struct rs_lower *l = ctx;

	if (is_callback(l, node)) { /* has a function of its own, and homes there */
		if (node->kind == RS_NODE_FOR_RANGE) {
			rs_node_walk(node->b, declare, l);
			rs_node_walk(node->c, declare, l);
		}
		return false;
	}
	if ((node->kind == RS_NODE_VAR || node->kind == RS_NODE_LET) && node->variable)
		give_home(l, node->variable);
	return true;
}

void rs_lower_declare(struct rs_lower *l, struct rs_node *body)
{
	if (!l->state->fn->outer) {
		for (unsigned i = 0; i < l->probe->n_variables; i++) {
			const struct rs_variable *variable = l->probe->variables[i];

			if (!variable || !variable->hoisted)
				continue;
			give_home(l, variable);
			set_zero(l, variable);
		}
	}
	rs_node_walk(body, declare, l);
}

/* ---- use ---- */

/* $kv as a whole: a tuple of both. */
static struct rs_value pair_value(struct rs_lower *l, const struct rs_node *node,
				  const struct rs_home *home)
{
	const struct rs_type *type = node->type;
	struct rs_place_in_memory room = rs_lower_room(l, rs_type_slot(type)), at;
	struct rs_value part;

	if (type->n_fields < 2)
		return rs_value_none();
	for (unsigned i = 0; i < 2; i++) {
		at = rs_place_at(&room, type->fields[i].offset, rs_type_slot(type->fields[i].type));
		part = rs_lower_pair_part(l, home, i, type->fields[i].type);
		rs_value_store(l, &part, type->fields[i].type, &at);
	}
	return rs_value_memory(type, room.reg, room.offset);
}

struct rs_value rs_lower_pair_part(struct rs_lower *l, const struct rs_home *home, unsigned i,
				   const struct rs_type *type)
{
	const struct rs_type *stored = home->map->value;
	struct rs_value part;

	if (i == 0)
		part = rs_value_memory(home->map->key ? home->map->key : type, home->place.reg, 0);
	else if (rs_type_is_aggregate(stored) && rs_type_is_word(type))
		return rs_value_word(type, rs_lower_aggregate_sum(l, home->map, home->place.reg));
	else
		part = rs_value_memory(stored, home->value, 0);
	return rs_value_loaded(l, &part);
}

struct rs_value rs_lower_variable(struct rs_lower *l, struct rs_node *node)
{
	const struct rs_home *home;
	rs_reg word;

	give_home(l, node->variable);
	home = rs_lower_home(l, node->variable);
	switch (home->kind) {
	case RS_HOME_REG: /* a copy: what comes next in the expression may assign to it */
		return rs_value_word(node->type, rs_ir_copy(l->f, home->place.reg));
	case RS_HOME_WORD:
		word = rs_ir_load(l->f, home->place.reg, home->place.offset, 8, false);
		if (home->forget)
			word = rs_ir_binary(
				l->f, RS_IR_ADD, word,
				rs_ir_load(l->f, l->state->fn->frame, RS_FRAME_ZERO, 8, false));
		return rs_value_word(node->type, word);
	case RS_HOME_PAIR:
		return pair_value(l, node, home);
	default:
		return rs_value_memory(node->variable->type, home->place.reg, home->place.offset);
	}
}

void rs_lower_variable_set(struct rs_lower *l, const struct rs_variable *variable, rs_reg word)
{
	struct rs_home *home;

	give_home(l, variable);
	home = rs_lower_home(l, variable);
	home->assigned = true;
	if (home->kind == RS_HOME_REG)
		rs_ir_assign(l->f, home->place.reg, word);
	else
		rs_ir_store(l->f, home->place.reg, home->place.offset, 8, word);
}

struct mention {
	const struct rs_variable *variable;
	const struct rs_map *map;
	bool found;
};

static bool look_for(struct rs_node *node, void *ctx)
{
	struct mention *m = ctx;

	if ((m->variable && node->variable == m->variable) || (m->map && node->map == m->map))
		m->found = true;
	/* An address may have come from it. */
	if (node->kind == RS_NODE_UNARY && node->op == RS_OPERATOR_DEREF)
		m->found = true;
	return !m->found;
}

bool rs_node_mentions(struct rs_node *node, const struct rs_variable *variable,
		      const struct rs_map *map)
{
	struct mention m = { variable, map, false };

	rs_node_walk(node, look_for, &m);
	return m.found;
}

void rs_lower_into_apart(struct rs_lower *l, struct rs_node *node, const struct rs_type *type,
			 const struct rs_place_in_memory *to)
{
	struct rs_place_in_memory room = rs_lower_room(l, rs_type_slot(type));

	rs_lower_into_as(l, node, type, &room);
	rs_lower_copy(l, to, room.reg, room.offset, rs_type_slot(type));
}

void rs_lower_variable_assign(struct rs_lower *l, const struct rs_variable *variable,
			      struct rs_node *value)
{
	const struct rs_home *home;

	give_home(l, variable);
	home = rs_lower_home(l, variable);
	if (!value) {
		set_zero(l, variable);
		return;
	}
	if (rs_type_is_word(variable->type)) {
		rs_reg word = rs_lower_unwatched(l, rs_lower_word(l, value), value->type,
						 variable->type);

		rs_lower_variable_set(l, variable,
				      rs_lower_convert(l, word, value->type, variable->type));
	} else if (value->kind != RS_NODE_VAR && rs_node_mentions(value, variable, NULL)) {
		rs_lower_into_apart(l, value, variable->type, &home->place);
	} else {
		rs_lower_into_as(l, value, variable->type, &home->place);
	}
}

/* ---- loops ---- */

const struct rs_variable *rs_node_assigns(const struct rs_node *node)
{
	bool steps = node->kind == RS_NODE_UNARY && node->op >= RS_OPERATOR_PRE_INC;

	if (node->kind == RS_NODE_LET)
		return node->variable;
	if ((node->kind == RS_NODE_ASSIGN || steps) && node->a->kind == RS_NODE_VAR)
		return node->a->variable;
	return NULL;
}

/* Numbers; a pointer that the verifier watches must stay what it is. */
bool rs_lower_can_forget(const struct rs_variable *variable)
{
	const struct rs_type *type = variable->type;

	if (type->kind == RS_TYPE_POINTER)
		return type->space == RS_SPACE_KERNEL || type->space == RS_SPACE_USER;
	return rs_type_is_word(type);
}

struct forgetting {
	struct rs_lower *l;
	rs_reg zero;
	bool *done; /* by the variables' ids */
};

static bool forget(struct rs_node *node, void *ctx)
{
	struct forgetting *forgetting = ctx;
	struct rs_lower *l = forgetting->l;
	const struct rs_variable *variable = rs_node_assigns(node);
	const struct rs_home *home;

	if (!variable || variable->id >= l->state->n_variables || forgetting->done[variable->id])
		return true;
	home = rs_lower_home(l, variable);
	if (home->kind != RS_HOME_REG || !home->assigned || !rs_lower_can_forget(variable))
		return true;
	forgetting->done[variable->id] = true;
	rs_ir_assign(l->f, home->place.reg,
		     rs_ir_binary(l->f, RS_IR_ADD, home->place.reg, forgetting->zero));
	return true;
}

void rs_lower_forget(struct rs_lower *l, struct rs_node *loop, rs_reg zero)
{
	struct forgetting forgetting = { l, zero, NULL };

	forgetting.done = rs_arena_alloc(l->program->arena, l->state->n_variables + 1);
	if (!forgetting.done)
		return;
	if (loop->kind == RS_NODE_WHILE)
		rs_node_walk(loop->a, forget, &forgetting);
	for (unsigned i = 0; i < loop->list.n; i++)
		rs_node_walk(loop->list.items[i], forget, &forgetting);
}
