/* SPDX-License-Identifier: Apache-2.0 */

/* Loops within the function: while, unroll, for over a range. */

#include "lang/lower-private.h"

/* What the kernel's own loops go through at most. */
#define RANGE_MAX (8u << 20)
/* And a while loop, which nothing else would end. */
#define WHILE_MAX (1u << 20)
/* Constant ranges up to here are counted by the program itself: the verifier walks all of it. */
#define RANGE_PLAIN 8u
/* Where the kernel has no loops of its own. */
#define RANGE_BOUNDED 1024u

void rs_lower_loop_body(struct rs_lower *l, struct rs_node *node, rs_label break_to,
			rs_label continue_to)
{
	struct rs_lower_func *fn = l->state->fn;
	rs_label outer_break = fn->break_to, outer_continue = fn->continue_to;
	struct rs_hold *outer_holds = fn->loop_holds;

	fn->break_to = break_to;
	fn->continue_to = continue_to;
	fn->loop_holds = fn->holds;
	rs_lower_statements(l, &node->list);
	fn->break_to = outer_break;
	fn->continue_to = outer_continue;
	fn->loop_holds = outer_holds;
}

void rs_lower_unroll(struct rs_lower *l, struct rs_node *node)
{
	uint64_t n = node->a->constant ? node->a->number : 0;
	rs_label end = rs_ir_block_new(l->f);

	for (uint64_t i = 0; i < n; i++) {
		rs_label next = rs_ir_block_new(l->f);

		rs_lower_loop_body(l, node, end, next);
		rs_ir_jump(l->f, next);
		rs_ir_block_start(l->f, next);
	}
	rs_ir_jump(l->f, end);
	rs_ir_block_start(l->f, end);
}

bool rs_lower_range_needs_callback(struct rs_lower *l)
{
	return !rs_lang_has(l->sema->source, iter_num) && rs_lang_has(l->sema->source, loop);
}

/* A counter of our own, up to count (a register), or limit when it is 0. */
static void plain_loop(struct rs_lower *l, struct rs_node *node, rs_reg start, rs_reg count,
		       uint64_t limit)
{
	struct rs_ir_func *f = l->f;
	rs_reg i = rs_ir_reg_new(f);
	rs_label head = rs_ir_block_new(f), inside = rs_ir_block_new(f), body = rs_ir_block_new(f);
	rs_label next = rs_ir_block_new(f), end = rs_ir_block_new(f);

	rs_ir_assign_const(f, i, 0);
	rs_ir_jump(f, head);
	rs_ir_block_start(f, head);
	rs_ir_branch_imm(f, RS_IR_LT, i, (int64_t)limit, inside, end);
	rs_ir_block_start(f, inside);
	if (count)
		rs_ir_branch(f, RS_IR_LT, i, count, body, end);
	else
		rs_ir_jump(f, body);
	rs_ir_block_start(f, body);
	rs_lower_variable_set(l, node->variable, rs_ir_binary(f, RS_IR_ADD, start, i));
	rs_lower_loop_body(l, node, end, next);
	rs_ir_jump(f, next);
	rs_ir_block_start(f, next);
	rs_ir_assign(f, i, rs_ir_binary_imm(f, RS_IR_ADD, i, 1));
	rs_ir_jump(f, head);
	rs_ir_block_start(f, end);
}

/* ---- the kernel's iterator: the verifier walks the body until it meets nothing new ---- */

struct iterator {
	struct rs_hold hold; /* the address of its state */
	struct rs_ir_slot slot;
	rs_label head, end;
	rs_reg at; /* address of the number of this round */
};

static void destroy_iterator(struct rs_lower *l, const struct rs_hold *hold)
{
	rs_ir_call_kernel(l->f, "bpf_iter_num_destroy", 1, &hold->reg);
}

/* Until iterator_end() it is held, and code is that of a round. */
static void iterator_begin(struct rs_lower *l, struct iterator *it, struct rs_node *node,
			   rs_reg count)
{
	struct rs_ir_func *f = l->f;
	rs_label round = rs_ir_block_new(f);
	rs_reg args[3], zero = rs_lower_state_word(l, RS_STATE_ZERO);

	it->head = rs_ir_block_new(f);
	it->end = rs_ir_block_new(f);
	it->slot = rs_ir_slot_new(f, 8);
	it->hold = (struct rs_hold){ l->state->fn->holds, destroy_iterator,
				     rs_ir_slot_address(f, it->slot) };
	args[0] = it->hold.reg;
	args[1] = rs_ir_const(f, 0);
	args[2] = count;
	rs_ir_call_kernel(f, "bpf_iter_num_new", 3, args);
	rs_ir_jump(f, it->head);
	rs_ir_block_start(f, it->head);
	rs_lower_forget(l, node, zero);
	it->at = rs_ir_call_kernel(f, "bpf_iter_num_next", 1, &it->hold.reg);
	rs_ir_branch_imm(f, RS_IR_NE, it->at, 0, round, it->end);
	rs_ir_block_start(f, round);
	l->state->fn->holds = &it->hold;
}

static void iterator_end(struct rs_lower *l, struct iterator *it)
{
	rs_ir_jump(l->f, it->head);
	l->state->fn->holds = it->hold.outer;
	rs_ir_block_start(l->f, it->end);
	destroy_iterator(l, &it->hold);
	rs_ir_slot_free(l->f, it->slot);
}

static void iterator_loop(struct rs_lower *l, struct rs_node *node, rs_reg start, rs_reg count)
{
	struct iterator it;
	rs_reg i;

	iterator_begin(l, &it, node, count);
	i = rs_ir_load(l->f, it.at, 0, 4, true);
	rs_lower_variable_set(l, node->variable, rs_ir_binary(l->f, RS_IR_ADD, start, i));
	rs_lower_loop_body(l, node, it.end, it.head);
	iterator_end(l, &it);
}

/* ---- while ---- */

static void plain_while(struct rs_lower *l, struct rs_node *node)
{
	rs_label head = rs_ir_block_new(l->f), body = rs_ir_block_new(l->f),
		 end = rs_ir_block_new(l->f);

	rs_ir_jump(l->f, head);
	rs_ir_block_start(l->f, head);
	rs_lower_condition(l, node->a, body, end);
	rs_ir_block_start(l->f, body);
	rs_lower_loop_body(l, node, end, head);
	rs_ir_jump(l->f, head);
	rs_ir_block_start(l->f, end);
}

/* Counted by the kernel's iterator: so the verifier believes that it ends. */
void rs_lower_while(struct rs_lower *l, struct rs_node *node)
{
	struct iterator it;
	rs_label body;

	l->state->n_memories = 0; /* the condition is asked again behind the body */
	if (!rs_lang_has(l->sema->source, iter_num)) {
		plain_while(l, node);
		return;
	}
	body = rs_ir_block_new(l->f);
	iterator_begin(l, &it, node, rs_ir_const(l->f, WHILE_MAX));
	rs_lower_condition(l, node->a, body, it.end);
	rs_ir_block_start(l->f, body);
	rs_lower_loop_body(l, node, it.end, it.head);
	iterator_end(l, &it);
}

/* ---- ranges ---- */

/* How often: 0 when the end is not behind the start, the most there can be when it is far behind. */
static rs_reg range_count(struct rs_lower *l, rs_reg start, rs_reg stop, rs_label none)
{
	struct rs_ir_func *f = l->f;
	rs_label some = rs_ir_block_new(f), large = rs_ir_block_new(f), fine = rs_ir_block_new(f);
	rs_reg count = rs_ir_reg_new(f);

	rs_ir_branch(f, RS_IR_SLT, start, stop, some, none);
	rs_ir_block_start(f, some);
	rs_ir_assign(f, count, rs_ir_binary(f, RS_IR_SUB, stop, start));
	rs_ir_branch_imm(f, RS_IR_GT, count, RANGE_MAX, large, fine);
	rs_ir_block_start(f, large);
	rs_ir_block_cold(f);
	rs_ir_assign_const(f, count, RANGE_MAX);
	rs_ir_block_start(f, fine);
	return count;
}

/* A loop that did less than it says would be wrong in silence. */
static bool fits_bounded(struct rs_lower *l, const struct rs_node *node, uint64_t count)
{
	if (count <= RANGE_BOUNDED)
		return true;
	rs_diag_error(l->program->diags, node->span,
		      "this kernel's programs go through %u numbers at most (5.17 and later: %u)",
		      RANGE_BOUNDED, RANGE_MAX);
	return false;
}

static void constant_range(struct rs_lower *l, struct rs_node *node)
{
	int64_t from = (int64_t)node->b->number, to = (int64_t)node->c->number;
	uint64_t count = from < to ? MIN((uint64_t)to - (uint64_t)from, (uint64_t)RANGE_MAX) : 0;
	rs_reg start;

	if (!count)
		return;
	start = rs_ir_const(l->f, from);
	if (count <= RANGE_PLAIN)
		plain_loop(l, node, start, 0, count);
	else if (rs_lang_has(l->sema->source, iter_num))
		iterator_loop(l, node, start, rs_ir_const(l->f, (int64_t)count));
	else if (rs_lower_range_needs_callback(l))
		rs_lower_for_callback(l, node, start, rs_ir_const(l->f, (int64_t)count));
	else if (fits_bounded(l, node, count))
		plain_loop(l, node, start, 0, count);
}

void rs_lower_for_range(struct rs_lower *l, struct rs_node *node)
{
	rs_label end;
	rs_reg start, stop, count;

	if (node->b->constant && node->c->constant) {
		constant_range(l, node);
		return;
	}
	end = rs_ir_block_new(l->f);
	start = rs_lower_word(l, node->b);
	stop = rs_lower_word(l, node->c);
	count = range_count(l, start, stop, end);
	if (rs_lang_has(l->sema->source, iter_num))
		iterator_loop(l, node, start, count);
	else if (rs_lower_range_needs_callback(l))
		rs_lower_for_callback(l, node, start, count);
	else
		plain_loop(l, node, start, count, RANGE_BOUNDED);
	rs_ir_jump(l->f, end);
	rs_ir_block_start(l->f, end);
}
