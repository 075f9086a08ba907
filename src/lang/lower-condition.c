/* SPDX-License-Identifier: Apache-2.0 */

/* Conditions: jumps, without making 0 and 1 where nobody wants them. */

#include "lang/lower-private.h"
#include "lang/sema-private.h"

bool rs_node_is_comparison(const struct rs_node *node)
{
	return node->kind == RS_NODE_BINARY && node->op >= RS_OPERATOR_EQ &&
	       node->op <= RS_OPERATOR_GE;
}

static bool is_equality(const struct rs_node *node)
{
	return node->op == RS_OPERATOR_EQ || node->op == RS_OPERATOR_NE;
}

static enum rs_ir_cond condition_of(enum rs_operator op, bool is_signed)
{
	switch (op) {
	case RS_OPERATOR_EQ:
		return RS_IR_EQ;
	case RS_OPERATOR_NE:
		return RS_IR_NE;
	case RS_OPERATOR_LT:
		return is_signed ? RS_IR_SLT : RS_IR_LT;
	case RS_OPERATOR_LE:
		return is_signed ? RS_IR_SLE : RS_IR_LE;
	case RS_OPERATOR_GT:
		return is_signed ? RS_IR_SGT : RS_IR_GT;
	default:
		return is_signed ? RS_IR_SGE : RS_IR_GE;
	}
}

/* What a > b is as b < a. */
static enum rs_operator mirrored(enum rs_operator op)
{
	switch (op) {
	case RS_OPERATOR_LT:
		return RS_OPERATOR_GT;
	case RS_OPERATOR_LE:
		return RS_OPERATOR_GE;
	case RS_OPERATOR_GT:
		return RS_OPERATOR_LT;
	case RS_OPERATOR_GE:
		return RS_OPERATOR_LE;
	default:
		return op;
	}
}

/* ---- texts ---- */

/* str() reads no more than can make a difference: the text, its NUL and one more. */
static void narrow(struct rs_lower *l, struct rs_node *node, uint32_t text_len)
{
	const struct rs_type *type;

	if (node->kind != RS_NODE_CALL || !node->func || !node->func->packed ||
	    node->type->kind != RS_TYPE_STRING || node->type->size <= text_len + 2)
		return;
	type = rs_type_string(l->sema->types, text_len + 2);
	if (type)
		node->type = type;
}

static struct rs_value text_value(struct rs_lower *l, struct rs_node *node)
{
	struct rs_value value = rs_lower_value(l, node);

	return rs_value_to_memory(l, &value);
}

static uint64_t text_word(const struct rs_node *text, uint32_t at)
{
	uint64_t word = 0;

	if (at < text->text_len)
		memcpy(&word, text->text + at, MIN(text->text_len - at, 8u));
	return word;
}

/* The largest piece that is loaded at this offset, when so many bytes are left. */
static uint32_t piece_size(int32_t offset, uint32_t left)
{
	uint32_t size = 8;

	while (size > left || offset % (int32_t)size)
		size /= 2;
	return size;
}

/* An array of char where it lies: its first bytes, the NUL included, without a copy. */
static void branch_array_text(struct rs_lower *l, const struct rs_value *array,
			      const struct rs_node *text, rs_label yes, rs_label no)
{
	uint32_t count = array->type->count, size;
	uint32_t n = MIN(text->text_len + 1, count);

	if (text->text_len > count) {
		rs_ir_jump(l->f, no);
		return;
	}
	for (uint32_t at = 0; at < n; at += size) {
		rs_label next = rs_ir_block_new(l->f);
		int32_t offset = array->offset + (int32_t)at;
		uint64_t word = text_word(text, at);
		rs_reg have;

		size = piece_size(offset, n - at);
		if (size < 8)
			word &= (1ULL << (8 * size)) - 1;
		have = rs_ir_load(l->f, array->reg, offset, size, false);
		rs_ir_branch_imm(l->f, RS_IR_NE, have, (int64_t)word, no, next);
		rs_ir_block_start(l->f, next);
	}
	rs_ir_jump(l->f, yes);
}

static bool is_loadable_array(struct rs_lower *l, const struct rs_value *value)
{
	enum rs_space space = rs_value_space(l, value);

	return value->where == RS_VALUE_REMOTE && rs_type_is_text(value->type) &&
	       value->type->count && value->type->count <= 256 &&
	       value->offset <= RS_LOWER_OFFSET_MAX &&
	       (space == RS_SPACE_BTF ||
		(space == RS_SPACE_BPF && (value->reg != l->ctx || value->offset >= 8)));
}

/* A text that is padded with zeroes against a constant: word by word, up to the one that has the NUL. */
static void branch_constant_text(struct rs_lower *l, struct rs_node *node,
				 const struct rs_node *text, rs_label yes, rs_label no)
{
	struct rs_value value;

	node = rs_node_text_array(node);
	narrow(l, node, text->text_len);
	value = rs_lower_value(l, node);
	if (is_loadable_array(l, &value)) {
		branch_array_text(l, &value, text, yes, no);
		return;
	}
	value = rs_value_to_memory(l, &value);
	if (text->text_len >= value.type->size) {
		rs_ir_jump(l->f, no);
		return;
	}
	rs_lower_normalise(l, &value.reg, &value.offset);
	for (uint32_t at = 0; at <= text->text_len; at += 8) {
		rs_label next = rs_ir_block_new(l->f);
		rs_reg word = rs_ir_load(l->f, value.reg, value.offset + (int)at, 8, false);

		rs_ir_branch_imm(l->f, RS_IR_NE, word, (int64_t)text_word(text, at), no, next);
		rs_ir_block_start(l->f, next);
	}
	rs_ir_jump(l->f, yes);
}

static void branch_texts(struct rs_lower *l, struct rs_node *a, struct rs_node *b, rs_label yes,
			 rs_label no)
{
	struct rs_value x, y;

	if (b->text_constant) {
		branch_constant_text(l, a, b, yes, no);
	} else if (a->text_constant) {
		branch_constant_text(l, b, a, yes, no);
	} else {
		x = text_value(l, a);
		y = text_value(l, b);
		rs_lower_branch_strings(l, &x, &y, yes, no);
	}
}

/* ---- the rest of what is in memory ---- */

static void branch_memory(struct rs_lower *l, struct rs_node *a, struct rs_node *b, rs_label yes,
			  rs_label no)
{
	const struct rs_type *type = rs_sema_merge(l->sema, a->type, b->type);
	struct rs_place_in_memory room;
	struct rs_value sides[2];
	struct rs_node *nodes[] = { a, b };

	if (!type)
		type = a->type;
	for (unsigned i = 0; i < 2; i++) {
		room = rs_lower_room(l, rs_type_slot(type));
		rs_lower_into_as(l, nodes[i], type, &room);
		sides[i] = rs_value_memory(type, room.reg, room.offset);
	}
	rs_lower_branch_equal(l, &sides[0], &sides[1], rs_type_slot(type), yes, no);
}

static bool is_word(const struct rs_node *node)
{
	return rs_type_is_word(node->type) || node->constant;
}

/* ---- comparisons ---- */

static void branch_words(struct rs_lower *l, const struct rs_node *node, rs_label yes, rs_label no)
{
	struct rs_node *a = node->a, *b = node->b;
	enum rs_operator op = node->op;
	enum rs_ir_cond cond;
	rs_reg left;

	if (a->constant && !b->constant) {
		a = node->b;
		b = node->a;
		op = mirrored(op);
	}
	cond = condition_of(op, rs_sema_is_signed(node->a, node->b));
	left = rs_lower_word(l, a);
	if (b->constant)
		rs_ir_branch_imm(l->f, cond, left, (int64_t)b->number, yes, no);
	else
		rs_ir_branch(l->f, cond, left, rs_lower_word(l, b), yes, no);
}

static void branch_comparison(struct rs_lower *l, struct rs_node *node, rs_label yes, rs_label no)
{
	rs_label equal = node->op == RS_OPERATOR_NE ? no : yes;
	rs_label differs = node->op == RS_OPERATOR_NE ? yes : no;

	if (is_equality(node) && rs_sema_is_text(node->a->type) && rs_sema_is_text(node->b->type))
		branch_texts(l, node->a, node->b, equal, differs);
	else if (is_equality(node) && !(is_word(node->a) && is_word(node->b)))
		branch_memory(l, node->a, node->b, equal, differs);
	else
		branch_words(l, node, yes, no);
}

/* (x & mask), (x & mask) != 0, == 0: one jump. */
static bool branch_test(struct rs_lower *l, const struct rs_node *node, rs_label yes, rs_label no)
{
	struct rs_node *a, *b;

	if (node->kind != RS_NODE_BINARY || node->op != RS_OPERATOR_BIT_AND || node->constant ||
	    node->a->type->kind == RS_TYPE_POINTER || node->b->type->kind == RS_TYPE_POINTER)
		return false;
	a = node->a->constant ? node->b : node->a;
	b = node->a->constant ? node->a : node->b;
	if (b->constant)
		rs_ir_branch_imm(l->f, RS_IR_TEST, rs_lower_word(l, a), (int64_t)b->number, yes,
				 no);
	else
		rs_ir_branch(l->f, RS_IR_TEST, rs_lower_word(l, a), rs_lower_word(l, b), yes, no);
	return true;
}

static bool is_zero(const struct rs_node *node)
{
	return node->constant && !node->number;
}

static void branch_logical(struct rs_lower *l, struct rs_node *node, rs_label yes, rs_label no)
{
	rs_label second = rs_ir_block_new(l->f);
	bool remembers = l->state->remembers;

	if (node->op == RS_OPERATOR_AND) {
		rs_lower_condition(l, node->a, second, no);
	} else {
		l->state->remembers = false; /* yes may be reached without the second */
		rs_lower_condition(l, node->a, yes, second);
	}
	rs_ir_block_start(l->f, second);
	rs_lower_condition(l, node->b, yes, no);
	l->state->remembers = remembers;
}

void rs_lower_condition(struct rs_lower *l, struct rs_node *node, rs_label yes, rs_label no)
{
	rs_lower_set_location(l, node);
	if (node->constant) {
		rs_ir_jump(l->f, node->number ? yes : no);
	} else if (node->kind == RS_NODE_UNARY && node->op == RS_OPERATOR_NOT) {
		bool remembers = l->state->remembers;

		l->state->remembers = false; /* !(a && b) is true without b */
		rs_lower_condition(l, node->a, no, yes);
		l->state->remembers = remembers;
	} else if (node->kind == RS_NODE_BINARY &&
		   (node->op == RS_OPERATOR_AND || node->op == RS_OPERATOR_OR)) {
		branch_logical(l, node, yes, no);
	} else if (rs_node_is_comparison(node)) {
		if (node->op == RS_OPERATOR_NE && is_zero(node->b) &&
		    branch_test(l, node->a, yes, no))
			return;
		if (node->op == RS_OPERATOR_EQ && is_zero(node->b) &&
		    branch_test(l, node->a, no, yes))
			return;
		branch_comparison(l, node, yes, no);
	} else if (!branch_test(l, node, yes, no)) {
		rs_ir_branch_imm(l->f, RS_IR_NE, rs_lower_word(l, node), 0, yes, no);
	}
}

/* ---- as values ---- */

static struct rs_value by_jumps(struct rs_lower *l, struct rs_node *node)
{
	rs_label yes = rs_ir_block_new(l->f), no = rs_ir_block_new(l->f),
		 end = rs_ir_block_new(l->f);
	rs_reg result = rs_ir_reg_new(l->f);

	l->state->remembers = false; /* both ways go on */
	rs_lower_condition(l, node, yes, no);
	rs_ir_block_start(l->f, yes);
	rs_ir_assign_const(l->f, result, 1);
	rs_ir_jump(l->f, end);
	rs_ir_block_start(l->f, no);
	rs_ir_assign_const(l->f, result, 0);
	rs_ir_block_start(l->f, end);
	return rs_value_word(node->type, result);
}

struct rs_value rs_lower_comparison(struct rs_lower *l, struct rs_node *node)
{
	enum rs_ir_cond cond;
	rs_reg a;

	if (!rs_node_is_comparison(node) || !is_word(node->a) || !is_word(node->b))
		return by_jumps(l, node);
	cond = condition_of(node->op, rs_sema_is_signed(node->a, node->b));
	a = rs_lower_word(l, node->a);
	if (node->b->constant)
		return rs_value_word(node->type,
				     rs_ir_compare_imm(l->f, cond, a, (int64_t)node->b->number));
	return rs_value_word(node->type, rs_ir_compare(l->f, cond, a, rs_lower_word(l, node->b)));
}

struct rs_value rs_lower_not(struct rs_lower *l, struct rs_node *node)
{
	if (rs_node_is_comparison(node->a))
		return by_jumps(l, node);
	return rs_value_word(node->type,
			     rs_ir_compare_imm(l->f, RS_IR_EQ, rs_lower_word(l, node->a), 0));
}
