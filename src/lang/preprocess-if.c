/* SPDX-License-Identifier: Apache-2.0 */
/* The conditions of #if and #elif: integers, defined(), and C's operators. */
#include "lang/list.h"
#include "lang/preprocess.h"

#define DEPTH_MAX 100

struct cond {
	struct rs_token_list list;
	unsigned at, depth;
	bool mistake;
};

static enum rs_token_kind kind_now(const struct cond *c)
{
	return c->at < c->list.n ? c->list.items[c->at].kind : RS_TOKEN_END;
}

static bool take(struct cond *c, enum rs_token_kind kind)
{
	if (kind_now(c) != kind)
		return false;
	c->at++;
	return true;
}

static int64_t ternary(struct cond *c);

static int64_t unary(struct cond *c)
{
	int64_t value = 0;

	if (++c->depth > DEPTH_MAX) {
		c->mistake = true;
		c->at = c->list.n;
	}
	if (take(c, RS_TOKEN_NOT)) {
		value = !unary(c);
	} else if (take(c, RS_TOKEN_BIT_NOT)) {
		value = ~unary(c);
	} else if (take(c, RS_TOKEN_SUB)) {
		value = (int64_t)(0 - (uint64_t)unary(c));
	} else if (take(c, RS_TOKEN_ADD)) {
		value = unary(c);
	} else if (take(c, RS_TOKEN_LPAREN)) {
		value = ternary(c);
		c->mistake |= !take(c, RS_TOKEN_RPAREN);
	} else if (kind_now(c) == RS_TOKEN_INT) {
		value = (int64_t)c->list.items[c->at++].number;
	} else if (!take(c, RS_TOKEN_NAME)) {
		c->mistake = true;
	}
	c->depth--;
	return value;
}

static unsigned precedence(enum rs_token_kind kind)
{
	switch (kind) {
	case RS_TOKEN_MUL:
	case RS_TOKEN_DIV:
	case RS_TOKEN_MOD:
		return 10;
	case RS_TOKEN_ADD:
	case RS_TOKEN_SUB:
		return 9;
	case RS_TOKEN_SHL:
	case RS_TOKEN_SHR:
		return 8;
	case RS_TOKEN_LT:
	case RS_TOKEN_LE:
	case RS_TOKEN_GT:
	case RS_TOKEN_GE:
		return 7;
	case RS_TOKEN_EQ:
	case RS_TOKEN_NE:
		return 6;
	case RS_TOKEN_AND:
		return 5;
	case RS_TOKEN_XOR:
		return 4;
	case RS_TOKEN_OR:
		return 3;
	case RS_TOKEN_AND_AND:
		return 2;
	case RS_TOKEN_OR_OR:
		return 1;
	default:
		return 0;
	}
}

static int64_t divide(int64_t a, int64_t b, bool modulo)
{
	if (b == 0 || (a == INT64_MIN && b == -1))
		return 0;
	return modulo ? a % b : a / b;
}

static int64_t apply(enum rs_token_kind kind, int64_t a, int64_t b)
{
	uint64_t ua = (uint64_t)a, ub = (uint64_t)b;

	switch (kind) {
	case RS_TOKEN_MUL:
		return (int64_t)(ua * ub);
	case RS_TOKEN_DIV:
	case RS_TOKEN_MOD:
		return divide(a, b, kind == RS_TOKEN_MOD);
	case RS_TOKEN_ADD:
		return (int64_t)(ua + ub);
	case RS_TOKEN_SUB:
		return (int64_t)(ua - ub);
	case RS_TOKEN_SHL:
		return (int64_t)(ua << (ub & 63));
	case RS_TOKEN_SHR:
		return a >> (ub & 63);
	case RS_TOKEN_LT:
		return a < b;
	case RS_TOKEN_LE:
		return a <= b;
	case RS_TOKEN_GT:
		return a > b;
	case RS_TOKEN_GE:
		return a >= b;
	case RS_TOKEN_EQ:
		return a == b;
	case RS_TOKEN_NE:
		return a != b;
	case RS_TOKEN_AND:
		return a & b;
	case RS_TOKEN_XOR:
		return a ^ b;
	case RS_TOKEN_OR:
		return a | b;
	case RS_TOKEN_AND_AND:
		return a && b;
	default:
		return a || b;
	}
}

static int64_t binary(struct cond *c, unsigned least)
{
	int64_t value = unary(c);

	for (;;) {
		enum rs_token_kind kind = kind_now(c);
		unsigned p = precedence(kind);

		if (!p || p < least)
			return value;
		c->at++;
		value = apply(kind, value, binary(c, p + 1));
	}
}

static int64_t ternary(struct cond *c)
{
	int64_t value = binary(c, 1), yes, no;

	if (++c->depth > DEPTH_MAX) {
		c->mistake = true;
		c->at = c->list.n;
	}
	if (take(c, RS_TOKEN_QUESTION)) {
		yes = ternary(c);
		c->mistake |= !take(c, RS_TOKEN_COLON);
		no = ternary(c);
		value = value ? yes : no;
	}
	c->depth--;
	return value;
}

/* defined X and defined(X) as numbers: before names are replaced. */
static struct rs_token_list replace_defined(struct rs_pp *pp, struct rs_token_list list)
{
	struct rs_token_list out = { 0 };

	for (unsigned i = 0; i < list.n; i++) {
		struct rs_token token = list.items[i];
		unsigned name = i + 1;

		if (rs_token_is(&token, "defined")) {
			bool paren = name < list.n && list.items[name].kind == RS_TOKEN_LPAREN;

			name += paren;
			token.kind = RS_TOKEN_INT;
			token.number = name < list.n && list.items[name].kind == RS_TOKEN_NAME &&
				       rs_pp_find(pp, list.items[name].text);
			i = name + paren;
		}
		if (!rs_list_add(pp->arena, out.items, out.n, token))
			pp->diags->out_of_memory = true;
	}
	return out;
}

bool rs_pp_condition(struct rs_pp *pp, struct rs_token_list list, struct rs_span span)
{
	struct cond c = { 0 };
	int64_t value;

	c.list = rs_pp_expand_list(pp, replace_defined(pp, list));
	value = ternary(&c);
	if (c.mistake || c.at < c.list.n) {
		rs_diag_error(pp->diags, span, "this condition is no integer expression");
		rs_diag_hint(pp->diags, "as in #if defined(NAME) && VERSION >= 3");
		return false;
	}
	return value;
}
