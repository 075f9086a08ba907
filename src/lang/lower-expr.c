/* SPDX-License-Identifier: Apache-2.0 */

/* Expressions. */

#include "lang/lower-private.h"
#include "lang/sema-private.h"

/* ---- arithmetic ---- */

static enum rs_ir_op ir_op(enum rs_operator op, bool is_signed)
{
	switch (op) {
	case RS_OPERATOR_ADD:
		return RS_IR_ADD;
	case RS_OPERATOR_SUB:
		return RS_IR_SUB;
	case RS_OPERATOR_MUL:
		return RS_IR_MUL;
	case RS_OPERATOR_DIV:
		return RS_IR_DIV;
	case RS_OPERATOR_MOD:
		return RS_IR_MOD;
	case RS_OPERATOR_BIT_AND:
		return RS_IR_AND;
	case RS_OPERATOR_BIT_OR:
		return RS_IR_OR;
	case RS_OPERATOR_BIT_XOR:
		return RS_IR_XOR;
	case RS_OPERATOR_SHL:
		return RS_IR_SHL;
	default:
		return is_signed ? RS_IR_SAR : RS_IR_SHR;
	}
}

/* sign is 0 or -1: a, or -a. */
static rs_reg negate_if(struct rs_ir_func *f, rs_reg a, rs_reg sign)
{
	return rs_ir_binary(f, RS_IR_SUB, rs_ir_binary(f, RS_IR_XOR, a, sign), sign);
}

/* BPF divides unsigned numbers: those without their signs, which the result gets afterwards. */
static rs_reg divide_signed(struct rs_lower *l, bool rest, rs_reg a, rs_reg b, bool b_constant,
			    int64_t number)
{
	struct rs_ir_func *f = l->f;
	rs_reg sign = rs_ir_binary_imm(f, RS_IR_SAR, a, 63), sign_b, result;
	enum rs_ir_op op = rest ? RS_IR_MOD : RS_IR_DIV;

	a = negate_if(f, a, sign);
	if (b_constant && number > 0)
		return negate_if(f, rs_ir_binary_imm(f, op, a, number), sign);
	if (b_constant)
		b = rs_ir_const(f, number);
	sign_b = rs_ir_binary_imm(f, RS_IR_SAR, b, 63);
	result = rs_ir_binary(f, op, a, negate_if(f, b, sign_b));
	if (!rest)
		sign = rs_ir_binary(f, RS_IR_XOR, sign, sign_b);
	return negate_if(f, result, sign);
}

static bool has_sign(const struct rs_type *type)
{
	return rs_type_is_integer(type) && type->is_signed;
}

/* By a number that may be 0: that gives 1, and is told. */
static rs_reg divide(struct rs_lower *l, enum rs_operator op, bool is_signed, rs_reg a,
		     struct rs_node *node_b)
{
	rs_label zero = rs_ir_block_new(l->f), other = rs_ir_block_new(l->f);
	rs_label done = rs_ir_block_new(l->f);
	uint32_t site = rs_program_site(l->program, RS_SITE_DIVISION, node_b->span, "", NULL);
	rs_reg b = rs_lower_word(l, node_b), result = rs_ir_reg_new(l->f);
	bool rest = op == RS_OPERATOR_MOD;

	rs_ir_branch_imm(l->f, RS_IR_EQ, b, 0, zero, other);
	rs_ir_block_start(l->f, zero);
	rs_ir_block_cold(l->f);
	rs_lower_count_failure(l, site, rs_ir_const(l->f, 0));
	rs_ir_assign_const(l->f, result, 1);
	rs_ir_jump(l->f, done);
	rs_ir_block_start(l->f, other);
	rs_ir_assign(l->f, result,
		     is_signed ? divide_signed(l, rest, a, b, false, 0)
			       : rs_ir_binary(l->f, rest ? RS_IR_MOD : RS_IR_DIV, a, b));
	rs_ir_jump(l->f, done);
	rs_ir_block_start(l->f, done);
	return result;
}

rs_reg rs_lower_arithmetic(struct rs_lower *l, enum rs_operator op, rs_reg a,
			   const struct rs_node *node_a, struct rs_node *node_b)
{
	bool is_signed = rs_sema_is_signed(node_a, node_b);
	enum rs_ir_op as = ir_op(op, has_sign(node_a->type));
	rs_reg b;

	if ((op == RS_OPERATOR_DIV || op == RS_OPERATOR_MOD) && !node_b->constant)
		return divide(l, op, is_signed, a, node_b);
	if ((op == RS_OPERATOR_DIV || op == RS_OPERATOR_MOD) && is_signed)
		return divide_signed(l, op == RS_OPERATOR_MOD, a, 0, true, (int64_t)node_b->number);
	if (node_b->constant)
		return rs_ir_binary_imm(l->f, as, a, (int64_t)node_b->number);
	b = rs_lower_word(l, node_b);
	return rs_ir_binary(l->f, as, a, b);
}

static uint32_t step_of(const struct rs_type *pointer)
{
	const struct rs_type *to = pointer->element;
	uint32_t size = 1;

	if (to && to->kind == RS_TYPE_POINTER)
		size = 8;
	else if (to && to->kind != RS_TYPE_NONE)
		size = rs_type_sizeof(to);
	return size ? size : 1;
}

uint32_t rs_pointer_step(const struct rs_type *type)
{
	return type->kind == RS_TYPE_POINTER ? step_of(type) : 1;
}

static struct rs_value pointer_arithmetic(struct rs_lower *l, struct rs_node *node)
{
	struct rs_node *pointer = node->a->type->kind == RS_TYPE_POINTER ? node->a : node->b;
	struct rs_node *other = pointer == node->a ? node->b : node->a;
	rs_reg reg = rs_lower_word(l, pointer);
	int64_t step = rs_pointer_step(pointer->type);
	enum rs_ir_op op = node->op == RS_OPERATOR_SUB ? RS_IR_SUB : RS_IR_ADD;

	if (other->constant) {
		int64_t by = (int64_t)(other->number * (uint64_t)step);

		reg = rs_ir_binary_imm(l->f, RS_IR_ADD, reg, op == RS_IR_SUB ? -by : by);
	} else {
		rs_reg by = rs_ir_binary_imm(l->f, RS_IR_MUL, rs_lower_word(l, other), step);

		if (pointer->type->space == RS_SPACE_BTF || pointer->type->is_volatile_ctx)
			reg = rs_lower_number(l, reg);
		reg = rs_ir_binary(l->f, op, reg, by);
	}
	return rs_value_word(node->type, reg);
}

static struct rs_value lower_binary(struct rs_lower *l, struct rs_node *node)
{
	if (rs_node_is_comparison(node) || node->op == RS_OPERATOR_AND ||
	    node->op == RS_OPERATOR_OR)
		return rs_lower_comparison(l, node);
	if (node->a->type->kind == RS_TYPE_POINTER || node->b->type->kind == RS_TYPE_POINTER)
		return pointer_arithmetic(l, node);
	return rs_value_word(node->type, rs_lower_arithmetic(l, node->op, rs_lower_word(l, node->a),
							     node->a, node->b));
}

/* ---- one side ---- */

static struct rs_value address_of(struct rs_lower *l, struct rs_node *node)
{
	struct rs_node *of = node->a;
	struct rs_value at;
	rs_reg reg;

	if (of->kind == RS_NODE_MAP)
		return rs_value_word(node->type, rs_lower_map_find(l, of, 0));
	if (of->kind == RS_NODE_VAR) {
		const struct rs_home *home = rs_lower_home(l, of->variable);

		if (home->kind == RS_HOME_REG || home->kind == RS_HOME_NONE)
			return rs_value_word(node->type, rs_ir_const(l->f, 0));
		return rs_value_word(node->type, rs_place_address(l, &home->place));
	}
	at = rs_lower_location(l, of);
	if (at.where == RS_VALUE_WORD || at.where == RS_VALUE_NONE)
		return rs_value_word(node->type, rs_ir_const(l->f, 0));
	reg = at.offset ? rs_ir_binary_imm(l->f, RS_IR_ADD, at.reg, at.offset) : at.reg;
	return rs_value_word(node->type, reg);
}

static struct rs_value lower_unary(struct rs_lower *l, struct rs_node *node)
{
	struct rs_value value;
	rs_reg a;

	switch (node->op) {
	case RS_OPERATOR_DEREF:
		value = rs_lower_location(l, node);
		return rs_value_loaded(l, &value);
	case RS_OPERATOR_ADDRESS:
		return address_of(l, node);
	case RS_OPERATOR_NOT:
		return rs_lower_not(l, node);
	case RS_OPERATOR_BIT_NOT:
		a = rs_ir_binary_imm(l->f, RS_IR_XOR, rs_lower_word(l, node->a), -1);
		return rs_value_word(node->type, a);
	case RS_OPERATOR_NEG:
		return rs_value_word(node->type, rs_ir_negate(l->f, rs_lower_word(l, node->a)));
	default:
		return rs_lower_step(l, node, true);
	}
}

/* ---- casts ---- */

static bool is_array(const struct rs_type *type)
{
	return type->kind == RS_TYPE_ARRAY;
}

/* (uint8[8])x: the bytes of the number. */
static struct rs_value word_to_array(struct rs_lower *l, const struct rs_type *type, rs_reg word)
{
	struct rs_place_in_memory room = rs_lower_room(l, MAX(rs_type_slot(type), 8u));

	rs_place_zero(l, &room);
	rs_ir_store(l->f, room.reg, room.offset, 8, word);
	return rs_value_memory(type, room.reg, room.offset);
}

/* (uint64)array: its first bytes as a number. */
static struct rs_value array_to_word(struct rs_lower *l, const struct rs_type *type,
				     const struct rs_value *array)
{
	struct rs_value at = *array;
	struct rs_type unit = *rs_type_int(8, false);
	uint32_t size = rs_type_sizeof(array->type);

	unit.size = size >= 8 ? 8 : size >= 4 ? 4 : size >= 2 ? 2 : 1;
	unit.is_signed = has_sign(type);
	at.space = rs_value_space(l, array);
	if (at.where == RS_VALUE_MEMORY)
		at.where = RS_VALUE_REMOTE;
	at.type = &unit;
	return rs_value_word(type, rs_lower_convert(l, rs_value_to_word(l, &at), &unit, type));
}

/* (bool)"text": not empty. */
static struct rs_value text_to_bool(struct rs_lower *l, const struct rs_value *text,
				    const struct rs_type *type)
{
	struct rs_value at = rs_value_to_memory(l, text);
	rs_reg first = rs_ir_load(l->f, at.reg, at.offset, 1, false);

	return rs_value_word(type, rs_lower_convert(l, first, rs_type_int(1, false), type));
}

static struct rs_value lower_cast(struct rs_lower *l, struct rs_node *node)
{
	struct rs_value value = rs_lower_value(l, node->a);
	const struct rs_type *type = node->type;
	rs_reg word;

	if (type->kind == RS_TYPE_BOOL && value.type->kind == RS_TYPE_STRING)
		return text_to_bool(l, &value, type);

	if (is_array(type) && value.where == RS_VALUE_WORD)
		return word_to_array(l, type, value.reg);
	if (is_array(value.type) && value.where != RS_VALUE_WORD && rs_type_is_word(type))
		return array_to_word(l, type, &value);
	if (value.where != RS_VALUE_WORD && !rs_type_is_word(type) &&
	    !rs_type_equal(value.type, type)) {
		struct rs_place_in_memory room = rs_lower_room(l, rs_type_slot(type));

		rs_value_store(l, &value, type, &room);
		return rs_value_memory(type, room.reg, room.offset);
	}
	if (value.where != RS_VALUE_WORD) {
		value.type = type;
		return value;
	}
	word = type->kind == RS_TYPE_POINTER && type->space == value.type->space
		       ? value.reg
		       : rs_value_as_number(l, &value);
	return rs_value_word(type, rs_lower_convert(l, word, value.type, type));
}

/* ---- choices ---- */

static void choose_word(struct rs_lower *l, struct rs_node *node, struct rs_node *part, rs_reg to)
{
	rs_reg word = rs_lower_word(l, part);

	word = rs_lower_unwatched(l, word, part->type, node->type);
	rs_ir_assign(l->f, to, rs_lower_convert(l, word, part->type, node->type));
}

static struct rs_value word_or_else(struct rs_lower *l, struct rs_node *node)
{
	rs_label no = rs_ir_block_new(l->f), end = rs_ir_block_new(l->f);
	rs_reg to = rs_ir_reg_new(l->f);

	l->state->remembers = false;
	choose_word(l, node, node->a, to);
	rs_ir_branch_imm(l->f, RS_IR_NE, to, 0, end, no);
	rs_ir_block_start(l->f, no);
	choose_word(l, node, node->c, to);
	rs_ir_block_start(l->f, end);
	return rs_value_word(node->type, to);
}

/* to NULL: a word, in the register. Neither: a value of no type, for what it does. */
static void choose(struct rs_lower *l, struct rs_node *node, rs_reg word,
		   const struct rs_type *type, const struct rs_place_in_memory *to)
{
	rs_label labels[] = { rs_ir_block_new(l->f), rs_ir_block_new(l->f) };
	struct rs_node *parts[] = { node->b ? node->b : node->a, node->c };
	rs_label end = rs_ir_block_new(l->f);

	l->state->remembers = false; /* one of them does not run */
	rs_lower_condition(l, node->a, labels[0], labels[1]);
	for (unsigned i = 0; i < 2; i++) {
		rs_ir_block_start(l->f, labels[i]);
		if (to)
			rs_lower_into_as(l, parts[i], type, to);
		else if (word)
			choose_word(l, node, parts[i], word);
		else
			rs_lower_value(l, parts[i]);
		rs_ir_jump(l->f, end);
	}
	rs_ir_block_start(l->f, end);
}

static struct rs_value lower_ternary(struct rs_lower *l, struct rs_node *node)
{
	struct rs_place_in_memory room;
	rs_reg word;

	if (node->type->kind == RS_TYPE_NONE) {
		choose(l, node, 0, NULL, NULL);
		return rs_value_none();
	}
	if (!rs_type_is_word(node->type)) {
		room = rs_lower_room(l, rs_type_slot(node->type));
		choose(l, node, 0, node->type, &room);
		return rs_value_memory(node->type, room.reg, room.offset);
	}
	if (!node->b)
		return word_or_else(l, node);
	word = rs_ir_reg_new(l->f);
	choose(l, node, word, NULL, NULL);
	return rs_value_word(node->type, word);
}

/* ---- what is put together ---- */

static void elements_into(struct rs_lower *l, struct rs_node *node, const struct rs_type *type,
			  const struct rs_place_in_memory *to)
{
	if (!node->list.n)
		rs_place_zero(l, to);
	for (unsigned i = 0; i < node->list.n; i++) {
		const struct rs_field *field = i < type->n_fields ? &type->fields[i] : NULL;
		struct rs_place_in_memory at;

		for (unsigned k = 0; node->kind == RS_NODE_RECORD && k < type->n_fields; k++)
			if (i < node->n_names && !strcmp(type->fields[k].name, node->names[i]))
				field = &type->fields[k];
		if (!field)
			continue;
		at = rs_place_at(to, field->offset, rs_type_slot(field->type));
		at.loose = false; /* what is beside it is looked at */
		rs_lower_into_as(l, node->list.items[i], field->type, &at);
	}
}

static struct rs_value into_room(struct rs_lower *l, struct rs_node *node)
{
	struct rs_place_in_memory room = rs_lower_room(l, MAX(rs_type_slot(node->type), 8u));

	rs_lower_into(l, node, &room);
	return rs_value_memory(node->type, room.reg, room.offset);
}

/* ---- rows ---- */

static struct rs_value lower_row(struct rs_lower *l, struct rs_node *node)
{
	const struct rs_func_row *func = node->func;
	const struct rs_builtin_row *builtin = node->builtin;
	bool into = func ? func->into != NULL : builtin && builtin->into;

	if (into && (!rs_type_is_word(node->type) || (func ? !func->lower : !builtin->lower)))
		return into_room(l, node);
	if (func && func->lower)
		return func->lower(l, node);
	if (!func && builtin && builtin->lower)
		return builtin->lower(l, node);
	rs_diag_error(l->program->diags, node->span, "\"%s\" can not be used here",
		      node->text ? node->text : "");
	return rs_value_word(node->type, rs_ir_const(l->f, 0));
}

static struct rs_value text_value(struct rs_lower *l, struct rs_node *node)
{
	uint32_t slot = rs_type_slot(node->type);
	char *padded = rs_arena_alloc(l->program->arena, MAX(slot, node->text_len + 1));

	if (!padded) {
		l->program->diags->out_of_memory = true;
		return rs_value_none();
	}
	memcpy(padded, node->text, MIN(node->text_len, slot ? slot - 1 : 0));
	return rs_value_memory(node->type, rs_lower_constant_address(l, padded, slot), 0);
}

static bool is_text(const struct rs_node *node)
{
	return node->text_constant && node->type->kind == RS_TYPE_STRING;
}

/* ---- all of them ---- */

static struct rs_value lower_kind(struct rs_lower *l, struct rs_node *node)
{
	struct rs_value value;

	switch (node->kind) {
	case RS_NODE_NAME:
	case RS_NODE_CALL:
		return lower_row(l, node);
	case RS_NODE_VAR:
		return rs_lower_variable(l, node);
	case RS_NODE_MAP:
		return rs_lower_map_get(l, node);
	case RS_NODE_UNARY:
		return lower_unary(l, node);
	case RS_NODE_BINARY:
		return lower_binary(l, node);
	case RS_NODE_TERNARY:
		return lower_ternary(l, node);
	case RS_NODE_CAST:
		return lower_cast(l, node);
	case RS_NODE_FIELD:
	case RS_NODE_INDEX:
		value = rs_lower_location(l, node);
		return rs_value_loaded(l, &value);
	case RS_NODE_TUPLE:
	case RS_NODE_RECORD:
		return into_room(l, node);
	case RS_NODE_BLOCK_EXPR:
		l->state->remembers = false;
		rs_lower_statements(l, &node->list);
		return node->a ? rs_lower_value(l, node->a) : rs_value_none();
	case RS_NODE_TYPE: /* whoever wants one looks at it himself */
		rs_diag_error(l->program->diags, node->span, "a type has no value");
		rs_diag_hint(l->program->diags, "sizeof() and casts take types");
		return rs_value_word(&rs_type_none, rs_ir_const(l->f, 0));
	default:
		rs_lower_statement(l, node);
		return rs_value_none();
	}
}

struct rs_value rs_lower_value(struct rs_lower *l, struct rs_node *node)
{
	struct rs_value value;

	if (is_text(node))
		return text_value(l, node);
	if (node->constant)
		return rs_value_word(node->type, rs_ir_const(l->f, (int64_t)node->number));
	rs_lower_set_location(l, node);
	value = lower_kind(l, node);
	rs_lower_set_location(l, node);
	return value;
}

rs_reg rs_lower_word(struct rs_lower *l, struct rs_node *node)
{
	struct rs_value value = rs_lower_value(l, node);

	return rs_value_to_word(l, &value);
}

/* A row writes the size of its own type; what is more in the place is zeroed. */
static void row_into(struct rs_lower *l, struct rs_node *node, const struct rs_type *type,
		     const struct rs_place_in_memory *to)
{
	uint32_t slot = rs_type_slot(node->type), all = rs_type_slot(type);
	struct rs_place_in_memory at = rs_place_at(to, 0, slot), rest;

	if (node->func)
		node->func->into(l, node, &at);
	else
		node->builtin->into(l, node, &at);
	if (all > slot && !to->loose) {
		rest = rs_place_at(to, slot, all - slot);
		rs_place_zero(l, &rest);
	}
}

static bool writes_itself(const struct rs_node *node, const struct rs_type *type)
{
	bool row = node->kind == RS_NODE_CALL || node->kind == RS_NODE_NAME;
	bool into = row &&
		    (node->func ? node->func->into != NULL : node->builtin && node->builtin->into);

	return into && !rs_type_is_word(node->type) && node->type->kind == type->kind &&
	       rs_type_slot(node->type) <= rs_type_slot(type);
}

/* str() of an array of char that is at hand: the array. */
struct rs_node *rs_node_text_array(struct rs_node *node)
{
	struct rs_node *of;

	if (node->kind != RS_NODE_CALL || !node->func || strcmp(node->func->name, "str") != 0 ||
	    node->list.n != 1)
		return node;
	of = node->list.items[0];
	return rs_type_is_text(of->type) && of->type->count < node->type->size ? of : node;
}

void rs_lower_into_as(struct rs_lower *l, struct rs_node *node, const struct rs_type *type,
		      const struct rs_place_in_memory *to)
{
	struct rs_value value;

	if (type->kind == RS_TYPE_STRING)
		node = rs_node_text_array(node);
	rs_lower_set_location(l, node);
	if (is_text(node) && type->kind == RS_TYPE_STRING) {
		struct rs_place_in_memory at = rs_place_at(to, 0, rs_type_slot(type));

		rs_lower_text(l, node->text, node->text_len, &at);
	} else if (node->constant && rs_type_is_word(type)) {
		rs_ir_store_imm(l->f, to->reg, to->offset, 8, (int64_t)node->number);
	} else if (writes_itself(node, type)) {
		row_into(l, node, type, to);
	} else if (node->kind == RS_NODE_TUPLE || node->kind == RS_NODE_RECORD) {
		elements_into(l, node, type, to);
	} else if (node->kind == RS_NODE_TERNARY && !rs_type_is_word(type) && node->b) {
		choose(l, node, 0, type, to);
	} else if (node->kind == RS_NODE_BLOCK_EXPR && node->a) {
		rs_lower_statements(l, &node->list);
		rs_lower_into_as(l, node->a, type, to);
	} else {
		value = rs_lower_value(l, node);
		rs_value_store(l, &value, type, to);
	}
	rs_lower_set_location(l, node);
}

void rs_lower_into(struct rs_lower *l, struct rs_node *node, const struct rs_place_in_memory *to)
{
	rs_lower_into_as(l, node, node->type, to);
}
