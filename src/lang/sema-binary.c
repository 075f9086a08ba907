/* SPDX-License-Identifier: Apache-2.0 */

/* Operators with two sides: what they take, what they give. */

#include "lang/sema-private.h"

static bool is_comparison(enum rs_operator op)
{
	return op >= RS_OPERATOR_EQ && op <= RS_OPERATOR_GE;
}

static bool is_equality(enum rs_operator op)
{
	return op == RS_OPERATOR_EQ || op == RS_OPERATOR_NE;
}

static bool is_logical(enum rs_operator op)
{
	return op == RS_OPERATOR_AND || op == RS_OPERATOR_OR;
}

static void refuse(struct rs_sema *s, const struct rs_node *node, const struct rs_node *a,
		   const struct rs_node *b)
{
	rs_sema_error(s, node->span, "\"%s\" can not be used between %s and %s",
		      rs_operator_text(node->op), rs_sema_text(s, a->type),
		      rs_sema_text(s, b->type));
}

/* ---- integers ---- */

static void check_divisor(struct rs_sema *s, const struct rs_node *node, const struct rs_node *b)
{
	if ((node->op == RS_OPERATOR_DIV || node->op == RS_OPERATOR_MOD) && b->constant &&
	    !b->number)
		rs_sema_error(s, b->span, "division by zero");
	if ((node->op != RS_OPERATOR_SHL && node->op != RS_OPERATOR_SHR) || !b->constant)
		return;
	if (b->number > 63) {
		rs_sema_error(s, b->span, "a shift by %lld bits: integers have 64",
			      (long long)b->number);
		rs_sema_hint(s, "0 to 63 are possible");
	}
}

static bool is_signed_integer(const struct rs_type *t)
{
	return (t->kind == RS_TYPE_INT || t->kind == RS_TYPE_ENUM) && t->is_signed;
}

/* Only where the 64 bits of an unsigned number can be taken for a negative one does it matter. */
static void check_signs(struct rs_sema *s, const struct rs_node *node, const struct rs_node *a,
			const struct rs_node *b)
{
	const struct rs_node *with_sign = is_signed_integer(a->type) ? a : b;
	const struct rs_node *without = with_sign == a ? b : a;

	if (!is_comparison(node->op) && node->op != RS_OPERATOR_DIV && node->op != RS_OPERATOR_MOD)
		return;
	if (is_equality(node->op) || is_signed_integer(a->type) == is_signed_integer(b->type))
		return;
	if (without->type->kind != RS_TYPE_INT || without->type->size < 8)
		return;
	if ((without->constant && (int64_t)without->number >= 0) ||
	    (with_sign->constant && (int64_t)with_sign->number >= 0) || with_sign->type->size < 8)
		return;
	if (with_sign->kind != RS_NODE_INT && !with_sign->constant)
		return;
	rs_sema_warning(s, node->span,
			"%s and %s are taken as unsigned here: a negative number is a large one",
			rs_sema_text(s, a->type), rs_sema_text(s, b->type));
	rs_sema_hint(s, "cast one side: (int64)...");
}

static const struct rs_type *integer_type(struct rs_sema *s, const struct rs_node *node,
					  const struct rs_node *a, const struct rs_node *b)
{
	check_divisor(s, node, b);
	check_signs(s, node, a, b);
	if (is_comparison(node->op))
		return &rs_type_bool;
	if (node->op == RS_OPERATOR_SUB)
		return rs_type_int64;
	if (node->op == RS_OPERATOR_SHL || node->op == RS_OPERATOR_SHR)
		return rs_type_int(8, is_signed_integer(a->type));
	return rs_type_int(8, rs_sema_is_signed(a, b));
}

/* ---- pointers ---- */

static const struct rs_type *pointer_comparison(struct rs_sema *s, const struct rs_node *node,
						const struct rs_node *a, const struct rs_node *b)
{
	const struct rs_type *x = a->type, *y = b->type;

	if (x->kind == RS_TYPE_POINTER && y->kind == RS_TYPE_POINTER && x->element && y->element &&
	    x->element->kind != RS_TYPE_NONE && y->element->kind != RS_TYPE_NONE &&
	    !rs_type_equal(x, y))
		rs_sema_warning(s, node->span, "these point to different things: %s and %s",
				rs_sema_text(s, x), rs_sema_text(s, y));
	return &rs_type_bool;
}

static const struct rs_type *pointer_type(struct rs_sema *s, const struct rs_node *node,
					  const struct rs_node *a, const struct rs_node *b)
{
	bool both = a->type->kind == RS_TYPE_POINTER && b->type->kind == RS_TYPE_POINTER;

	if (is_comparison(node->op))
		return pointer_comparison(s, node, a, b);
	if (node->op == RS_OPERATOR_ADD && !both)
		return rs_sema_stored(s, a->type->kind == RS_TYPE_POINTER ? a->type : b->type);
	if (node->op == RS_OPERATOR_SUB && !both && a->type->kind == RS_TYPE_POINTER)
		return rs_sema_stored(s, a->type);
	refuse(s, node, a, b);
	rs_sema_hint(s, "cast to an integer first: (uint64)...");
	return &rs_type_unknown;
}

/* ---- the rest ---- */

static const struct rs_type *text_type(struct rs_sema *s, const struct rs_node *node,
				       const struct rs_node *a, const struct rs_node *b)
{
	if (is_equality(node->op))
		return &rs_type_bool;
	refuse(s, node, a, b);
	if (is_comparison(node->op))
		rs_sema_hint(s, "strings know == and != only");
	else if (node->op == RS_OPERATOR_ADD)
		rs_sema_hint(s, "strings are put together by printf() or by a tuple");
	return &rs_type_unknown;
}

static bool comparable_kind(enum rs_type_kind kind)
{
	switch (kind) {
	case RS_TYPE_TUPLE:
	case RS_TYPE_RECORD:
	case RS_TYPE_ARRAY:
	case RS_TYPE_BUFFER:
	case RS_TYPE_KSYM:
	case RS_TYPE_USERNAME:
	case RS_TYPE_STRERROR:
	case RS_TYPE_SIGNAL_NAME:
	case RS_TYPE_SYSCALL_NAME:
	case RS_TYPE_PROBE:
	case RS_TYPE_INET:
	case RS_TYPE_MAC:
		return true;
	default:
		return false;
	}
}

static const struct rs_type *other_type(struct rs_sema *s, const struct rs_node *node,
					const struct rs_node *a, const struct rs_node *b)
{
	const struct rs_type *x = a->type, *y = b->type;

	if (is_equality(node->op) && comparable_kind(x->kind) && rs_sema_merge(s, x, y))
		return &rs_type_bool;
	refuse(s, node, a, b);
	if (!is_comparison(node->op))
		return &rs_type_unknown;
	if (rs_sema_is_text(x) && rs_type_is_integer(y))
		rs_sema_hint(s, "a string is compared with a string: \"...\"");
	else if (rs_sema_is_text(y) && (x->kind == RS_TYPE_POINTER || rs_type_is_integer(x)))
		rs_sema_hint(s, "str() reads the string that an address points to");
	return &rs_type_unknown;
}

static bool is_number_or_pointer(const struct rs_type *t)
{
	return rs_type_is_integer(t) || t->kind == RS_TYPE_POINTER;
}

static const struct rs_type *logical_type(struct rs_sema *s, const struct rs_node *a,
					  const struct rs_node *b)
{
	const struct rs_node *sides[] = { a, b };

	for (unsigned i = 0; i < 2; i++) {
		if (rs_sema_is_condition(sides[i]->type))
			continue;
		rs_sema_error(s, sides[i]->span, "%s is neither true nor false",
			      rs_sema_text(s, sides[i]->type));
		if (rs_sema_is_text(sides[i]->type))
			rs_sema_hint(s, "compare it: ... != \"\"");
	}
	return &rs_type_bool;
}

const struct rs_type *rs_sema_binary_type(struct rs_sema *s, const struct rs_node *node,
					  const struct rs_node *a, const struct rs_node *b)
{
	const struct rs_type *x = a->type, *y = b->type;

	if (is_logical(node->op))
		return logical_type(s, a, b);
	if (rs_sema_unknown(x) || rs_sema_unknown(y))
		return is_comparison(node->op) ? &rs_type_bool : &rs_type_unknown;
	if (rs_type_is_integer(x) && rs_type_is_integer(y))
		return integer_type(s, node, a, b);
	if (is_number_or_pointer(x) && is_number_or_pointer(y))
		return pointer_type(s, node, a, b);
	if (rs_sema_is_text(x) && rs_sema_is_text(y))
		return text_type(s, node, a, b);
	return other_type(s, node, a, b);
}

/* A parameter that looks like a number is a text beside a text. */
static void settle_param(struct rs_sema *s, struct rs_node *node, const struct rs_type *other)
{
	const struct rs_type *string;

	if (node->kind != RS_NODE_PARAM || !node->text_constant || !rs_sema_is_text(other))
		return;
	string = rs_type_string(s->types, node->text_len + 1);
	if (string)
		node->type = string;
}

/* $1 + 2, where the parameter is text: the text behind its first two bytes, as if it were an address. */
static bool skip_param(struct rs_sema *s, struct rs_node *node)
{
	const struct rs_node *text = node->a;
	const struct rs_type *string;
	uint32_t by;

	if (node->op != RS_OPERATOR_ADD || text->kind != RS_NODE_PARAM || !text->text_constant ||
	    text->constant || !node->b->constant || !rs_type_is_integer(node->b->type))
		return false;
	by = (uint32_t)MIN(node->b->number, (uint64_t)text->text_len);
	string = rs_type_string(s->types, text->text_len - by + 1);
	if (!string)
		return false;
	node->type = string;
	node->text = text->text + by;
	node->text_len = text->text_len - by;
	node->text_constant = true;
	return true;
}

void rs_sema_binary(struct rs_sema *s, struct rs_node *node)
{
	rs_sema_expr(s, node->a);
	rs_sema_expr(s, node->b);
	if (skip_param(s, node))
		return;
	settle_param(s, node->a, node->b->type);
	settle_param(s, node->b, node->a->type);
	node->type = rs_sema_binary_type(s, node, node->a, node->b);
	rs_sema_fold_binary(node);
}
