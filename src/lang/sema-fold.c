/* SPDX-License-Identifier: Apache-2.0 */

/* What is known before anything runs: arithmetic of constants, as the programs would do it, in 64 bits. */

#include "lang/sema-private.h"

uint64_t rs_sema_extend(uint64_t number, const struct rs_type *type)
{
	unsigned bits;

	if (type->kind == RS_TYPE_BOOL)
		return number != 0;
	if (!rs_type_is_integer(type) || !type->size || type->size >= 8)
		return number;
	bits = 64 - 8 * type->size;
	if (type->is_signed)
		return (uint64_t)((int64_t)(number << bits) >> bits);
	return number << bits >> bits;
}

static uint64_t divide(uint64_t a, uint64_t b, bool is_signed, bool want_rest)
{
	if (!b)
		return want_rest ? a : 0;
	if (!is_signed)
		return want_rest ? a % b : a / b;
	if (b == UINT64_MAX) /* the only overflow there is: wraps */
		return want_rest ? 0 : 0 - a;
	return want_rest ? (uint64_t)((int64_t)a % (int64_t)b)
			 : (uint64_t)((int64_t)a / (int64_t)b);
}

static bool is_less(uint64_t a, uint64_t b, bool is_signed)
{
	return is_signed ? (int64_t)a < (int64_t)b : a < b;
}

static uint64_t compute(enum rs_operator op, uint64_t a, uint64_t b, bool is_signed)
{
	switch (op) {
	case RS_OPERATOR_ADD:
		return a + b;
	case RS_OPERATOR_SUB:
		return a - b;
	case RS_OPERATOR_MUL:
		return a * b;
	case RS_OPERATOR_DIV:
		return divide(a, b, is_signed, false);
	case RS_OPERATOR_MOD:
		return divide(a, b, is_signed, true);
	case RS_OPERATOR_BIT_AND:
		return a & b;
	case RS_OPERATOR_BIT_OR:
		return a | b;
	case RS_OPERATOR_BIT_XOR:
		return a ^ b;
	case RS_OPERATOR_SHL:
		return a << (b & 63);
	case RS_OPERATOR_SHR:
		return is_signed ? (uint64_t)((int64_t)a >> (b & 63)) : a >> (b & 63);
	case RS_OPERATOR_EQ:
		return a == b;
	case RS_OPERATOR_NE:
		return a != b;
	case RS_OPERATOR_LT:
		return is_less(a, b, is_signed);
	case RS_OPERATOR_LE:
		return !is_less(b, a, is_signed);
	case RS_OPERATOR_GT:
		return is_less(b, a, is_signed);
	case RS_OPERATOR_GE:
		return !is_less(a, b, is_signed);
	case RS_OPERATOR_AND:
		return a && b;
	case RS_OPERATOR_OR:
		return a || b;
	default:
		return 0;
	}
}

/* Both sides are compared and divided as signed numbers, unless one is unsigned and 64 bits wide, or both are
 * unsigned. */
bool rs_sema_is_signed(const struct rs_node *a, const struct rs_node *b)
{
	const struct rs_type *x = a->type, *y = b->type;
	bool x_signed = x->kind == RS_TYPE_INT || x->kind == RS_TYPE_ENUM ? x->is_signed : false;
	bool y_signed = y->kind == RS_TYPE_INT || y->kind == RS_TYPE_ENUM ? y->is_signed : false;

	/* A constant that is the same number either way goes with the other side. */
	if (a->constant && (int64_t)a->number >= 0)
		x_signed = y_signed || (b->constant && (int64_t)b->number >= 0 && x_signed);
	if (b->constant && (int64_t)b->number >= 0)
		y_signed = x_signed;
	if (x_signed == y_signed)
		return x_signed;
	return (x_signed ? y : x)->size < 8 && x->kind != RS_TYPE_POINTER &&
	       y->kind != RS_TYPE_POINTER;
}

/* "ab" == "ab", as far as the strings are literals or parameters. */
static void fold_texts(struct rs_node *node)
{
	const struct rs_node *a = node->a, *b = node->b;
	bool equal = a->text_len == b->text_len && memcmp(a->text, b->text, a->text_len) == 0;

	node->constant = true;
	node->number = node->op == RS_OPERATOR_EQ ? equal : !equal;
}

void rs_sema_fold_binary(struct rs_node *node)
{
	const struct rs_node *a = node->a, *b = node->b;

	node->constant = false;
	if ((node->op == RS_OPERATOR_EQ || node->op == RS_OPERATOR_NE) && a->text_constant &&
	    b->text_constant && rs_sema_is_text(a->type) && rs_sema_is_text(b->type)) {
		fold_texts(node);
		return;
	}
	if (!a->constant || !b->constant || !rs_type_is_integer(a->type) ||
	    !rs_type_is_integer(b->type) || !rs_type_is_integer(node->type))
		return;
	if ((node->op == RS_OPERATOR_DIV || node->op == RS_OPERATOR_MOD) && !b->number)
		return;
	node->constant = true;
	node->number = rs_sema_extend(
		compute(node->op, a->number, b->number,
			node->op == RS_OPERATOR_SHR ? a->type->is_signed : rs_sema_is_signed(a, b)),
		node->type);
}

void rs_sema_fold_unary(struct rs_node *node)
{
	const struct rs_node *a = node->a;

	node->constant = false;
	if (!a->constant || !rs_type_is_integer(a->type) || !rs_type_is_integer(node->type))
		return;
	if (node->op == RS_OPERATOR_NOT)
		node->number = !a->number;
	else if (node->op == RS_OPERATOR_BIT_NOT)
		node->number = rs_sema_extend(~a->number, node->type);
	else if (node->op == RS_OPERATOR_NEG)
		node->number = rs_sema_extend(0 - a->number, node->type);
	else
		return;
	node->constant = true;
}
