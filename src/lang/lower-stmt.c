/* SPDX-License-Identifier: Apache-2.0 */

/* Statements. */

#include "lang/lower-private.h"

void rs_lower_unreachable(struct rs_lower *l)
{
	rs_ir_block_start(l->f, rs_ir_block_new(l->f));
}

void rs_lower_release(struct rs_lower *l, const struct rs_hold *until)
{
	for (const struct rs_hold *hold = l->state->fn->holds; hold && hold != until;
	     hold = hold->outer)
		hold->release(l, hold);
}

void rs_lower_end(struct rs_lower *l)
{
	struct rs_lower_func *fn = l->state->fn;

	rs_lower_release(l, NULL);
	if (fn->outer) { /* tells whoever runs the loop */
		fn->ends = true;
		rs_ir_store_imm(l->f, fn->frame, RS_FRAME_ENDED, 8, 1);
	}
	rs_ir_jump(l->f, l->exit);
	rs_lower_unreachable(l);
}

/* ---- ++, --, op= ---- */

static enum rs_operator step_operator(enum rs_operator op)
{
	return op == RS_OPERATOR_PRE_INC || op == RS_OPERATOR_POST_INC ? RS_OPERATOR_ADD
								       : RS_OPERATOR_SUB;
}

static bool is_post(enum rs_operator op)
{
	return op == RS_OPERATOR_POST_INC || op == RS_OPERATOR_POST_DEC;
}

static struct rs_value step_variable(struct rs_lower *l, struct rs_node *node, enum rs_operator op)
{
	const struct rs_variable *variable = node->a->variable;
	struct rs_value old = rs_lower_variable(l, node->a);
	int64_t by = rs_pointer_step(node->a->type);
	rs_reg now = rs_ir_binary_imm(l->f, RS_IR_ADD, old.reg, op == RS_OPERATOR_ADD ? by : -by);

	now = rs_lower_convert(l, now, rs_type_int64, variable->type);
	rs_lower_variable_set(l, variable, now);
	return rs_value_word(node->type, is_post(node->op) ? old.reg : now);
}

struct rs_value rs_lower_step(struct rs_lower *l, struct rs_node *node, bool wanted)
{
	enum rs_operator op = step_operator(node->op);
	struct rs_node one = { .kind = RS_NODE_INT,
			       .type = rs_type_int64,
			       .constant = true,
			       .number = rs_pointer_step(node->a->type) };
	struct rs_value value;

	if (node->a->kind != RS_NODE_MAP)
		return step_variable(l, node, op);
	value = rs_lower_map_step(l, node->a, op, &one,
				  !wanted             ? RS_STEP_NOTHING
				  : is_post(node->op) ? RS_STEP_OLD
						      : RS_STEP_NEW);
	value.type = node->type;
	return value;
}

/* @m op= x; a pointer goes on by as many of what it points to. */
static void step_map(struct rs_lower *l, struct rs_node *node)
{
	struct rs_node step = { .kind = RS_NODE_INT,
				.type = rs_type_int64,
				.constant = true,
				.number = rs_pointer_step(node->a->type) };
	struct rs_node scaled = { .kind = RS_NODE_BINARY,
				  .span = node->span,
				  .op = RS_OPERATOR_MUL,
				  .a = node->b,
				  .b = &step,
				  .type = rs_type_int64 };

	scaled.constant = node->b->constant;
	scaled.number = node->b->number * step.number;
	rs_lower_map_step(l, node->a, node->op, step.number > 1 ? &scaled : node->b,
			  RS_STEP_NOTHING);
}

static void assign_compound(struct rs_lower *l, struct rs_node *node)
{
	const struct rs_variable *variable;
	struct rs_node whole = { .kind = RS_NODE_BINARY,
				 .span = node->span,
				 .op = node->op,
				 .a = node->a,
				 .b = node->b,
				 .type = node->a->type };
	rs_reg now;

	if (node->a->kind == RS_NODE_MAP) {
		step_map(l, node);
		return;
	}
	variable = node->a->variable;
	now = rs_lower_word(l, &whole);
	rs_lower_variable_set(l, variable, rs_lower_convert(l, now, rs_type_int64, variable->type));
}

/* ---- assignments ---- */

static bool is_aggregate(const struct rs_node *node)
{
	return node->kind == RS_NODE_CALL && node->func && node->func->flags & RS_FUNC_AGGREGATE;
}

static void lower_assign(struct rs_lower *l, struct rs_node *node)
{
	if (node->op != RS_OPERATOR_NONE)
		assign_compound(l, node);
	else if (node->a->kind == RS_NODE_VAR)
		rs_lower_variable_assign(l, node->a->variable, node->b);
	else if (node->a->kind == RS_NODE_MAP && is_aggregate(node->b))
		rs_lower_aggregate(l, node->a, node->b);
	else if (node->a->kind == RS_NODE_MAP)
		rs_lower_map_set(l, node->a, node->b);
	else
		rs_lower_value(l, node->b); /* _ = ...: for what it does */
}

/* ---- control ---- */

static void lower_if(struct rs_lower *l, struct rs_node *node)
{
	rs_label yes, no, end;

	if (node->a->constant) {
		rs_lower_statements(l, node->a->number ? &node->list : &node->other);
		return;
	}
	yes = rs_ir_block_new(l->f);
	end = rs_ir_block_new(l->f);
	no = node->other.n ? rs_ir_block_new(l->f) : end;
	rs_lower_condition(l, node->a, yes, no);
	rs_ir_block_start(l->f, yes);
	rs_lower_statements(l, &node->list);
	rs_ir_jump(l->f, end);
	if (node->other.n) {
		rs_ir_block_start(l->f, no);
		rs_lower_statements(l, &node->other);
	}
	rs_ir_block_start(l->f, end);
}

static void leave_loop(struct rs_lower *l, rs_label to)
{
	if (!to)
		return;
	rs_lower_release(l, l->state->fn->loop_holds);
	rs_ir_jump(l->f, to);
	rs_lower_unreachable(l);
}

static void lower_simple(struct rs_lower *l, struct rs_node *node)
{
	switch (node->kind) {
	case RS_NODE_ASSIGN:
		lower_assign(l, node);
		return;
	case RS_NODE_LET:
		rs_lower_variable_assign(l, node->variable, node->a);
		return;
	case RS_NODE_EXPR_STMT:
		if (node->a->kind == RS_NODE_UNARY && node->a->op >= RS_OPERATOR_PRE_INC)
			rs_lower_step(l, node->a, false);
		else
			rs_lower_value(l, node->a);
		return;
	case RS_NODE_RETURN:
		if (node->a)
			rs_lower_value(l, node->a);
		rs_lower_end(l);
		return;
	case RS_NODE_BREAK:
		leave_loop(l, l->state->fn->break_to);
		return;
	case RS_NODE_CONTINUE:
		leave_loop(l, l->state->fn->continue_to);
		return;
	default: /* an expression standing alone */
		rs_lower_value(l, node);
		return;
	}
}

void rs_lower_statement(struct rs_lower *l, struct rs_node *node)
{
	struct rs_room_mark mark = rs_lower_room_mark(l);

	rs_lower_set_location(l, node);
	switch (node->kind) {
	case RS_NODE_IF:
		lower_if(l, node);
		break;
	case RS_NODE_BLOCK:
		rs_lower_statements(l, &node->list);
		break;
	case RS_NODE_WHILE:
		rs_lower_while(l, node);
		break;
	case RS_NODE_UNROLL:
		rs_lower_unroll(l, node);
		break;
	case RS_NODE_FOR_MAP:
		rs_lower_for_map(l, node);
		break;
	case RS_NODE_FOR_RANGE:
		rs_lower_for_range(l, node);
		break;
	default:
		lower_simple(l, node);
		break;
	}
	rs_lower_room_reset(l, mark);
}

void rs_lower_statements(struct rs_lower *l, const struct rs_node_list *list)
{
	for (unsigned i = 0; i < list->n; i++)
		rs_lower_statement(l, list->items[i]);
}
