/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions: precedence as in C. */
#include "lang/list.h"
#include "lang/parse.h"

/* ---- lists ---- */

bool rs_parse_list(struct rs_parser *p, enum rs_token_kind close, struct rs_node_list *list,
		   const char *where)
{
	char what[120];

	if (rs_parse_accept(p, close))
		return true;
	for (;;) {
		if (!rs_parse_add(p, list, rs_parse_expr(p)))
			return false;
		if (rs_parse_accept(p, close))
			return true;
		if (!rs_parse_accept(p, RS_TOKEN_COMMA))
			break;
		/* (a, b,) */
		if (rs_parse_accept(p, close))
			return true;
	}
	snprintf(what, sizeof(what), "\",\" or \"%s\" %s", rs_token_texts[close], where);
	rs_parse_wrong(p, what);
	return false;
}

/* ---- what stands alone ---- */

static struct rs_node *leaf(struct rs_parser *p, enum rs_node_kind kind)
{
	struct rs_token token = rs_parse_take(p);
	struct rs_node *node = rs_parse_node(p, kind, token.span);

	if (!node)
		return NULL;
	node->number = token.number;
	node->is_unsigned = token.is_unsigned;
	node->text = token.text;
	node->text_len = token.text_len;
	return node;
}

/* "a" "b" is "ab", as in C. */
static struct rs_node *string(struct rs_parser *p)
{
	struct rs_node *node = leaf(p, RS_NODE_STRING);

	while (node && rs_parse_is(p, RS_TOKEN_STRING)) {
		struct rs_token more = rs_parse_take(p);
		size_t len = node->text_len + more.text_len;
		char *both = rs_arena_alloc(p->arena, len + 1);

		if (!both) {
			p->diags->out_of_memory = true;
			return NULL;
		}
		memcpy(both, node->text, node->text_len);
		memcpy(both + node->text_len, more.text, more.text_len);
		node->text = both;
		node->text_len = (uint32_t)len;
		node->span = rs_span_join(node->span, more.span);
	}
	return node;
}

static struct rs_node *map(struct rs_parser *p)
{
	struct rs_node *node = leaf(p, RS_NODE_MAP);

	if (!node || !rs_parse_accept(p, RS_TOKEN_LBRACKET))
		return node;
	if (rs_parse_is(p, RS_TOKEN_RBRACKET)) {
		rs_parse_wrong(p, "the key of the map");
		return NULL;
	}
	if (!rs_parse_list(p, RS_TOKEN_RBRACKET, &node->list, "behind the key"))
		return NULL;
	return rs_parse_finish(p, node);
}

/* ---- sizeof, offsetof ---- */

static bool is_type_argument(struct rs_parser *p)
{
	unsigned i = 1;

	if (rs_parse_is_type(p, 0))
		return true;
	if (!rs_parse_is(p, RS_TOKEN_NAME))
		return false;
	while (i < RS_PARSE_AHEAD - 1 && rs_parse_peek(p, i)->kind == RS_TOKEN_MUL)
		i++;
	return i > 1 && (rs_parse_peek(p, i)->kind == RS_TOKEN_RPAREN ||
			 rs_parse_peek(p, i)->kind == RS_TOKEN_COMMA);
}

static struct rs_node *unary(struct rs_parser *p);

static bool type_or_expr(struct rs_parser *p, struct rs_node *node)
{
	if (is_type_argument(p))
		node->type_name = rs_parse_type(p);
	else
		node->a = rs_parse_expr(p);
	return node->type_name || node->a;
}

static struct rs_node *size_of(struct rs_parser *p)
{
	struct rs_node *node = leaf(p, RS_NODE_SIZEOF);

	if (!node)
		return NULL;
	node->text = NULL;
	if (!rs_parse_is(p, RS_TOKEN_LPAREN)) {
		node->a = unary(p);
		return node->a ? rs_parse_finish(p, node) : NULL;
	}
	rs_parse_take(p);
	if (!type_or_expr(p, node) ||
	    !rs_parse_expect(p, RS_TOKEN_RPAREN, "behind what sizeof measures"))
		return NULL;
	return rs_parse_finish(p, node);
}

static struct rs_node *offset_of(struct rs_parser *p)
{
	struct rs_node *node = leaf(p, RS_NODE_OFFSETOF);

	if (!node)
		return NULL;
	node->text = NULL;
	if (!rs_parse_expect(p, RS_TOKEN_LPAREN, "behind offsetof") || !type_or_expr(p, node) ||
	    !rs_parse_expect(p, RS_TOKEN_COMMA, "between the type and the field"))
		return NULL;
	do {
		if (!rs_parse_is(p, RS_TOKEN_NAME)) {
			rs_parse_wrong(p, "the name of a field");
			return NULL;
		}
		if (!rs_list_add(p->arena, node->names, node->n_names, rs_parse_take(p).text))
			p->diags->out_of_memory = true;
	} while (rs_parse_accept(p, RS_TOKEN_DOT));
	if (!rs_parse_expect(p, RS_TOKEN_RPAREN, "behind the field"))
		return NULL;
	return rs_parse_finish(p, node);
}

/* ---- names and calls ---- */

static struct rs_node *type_node(struct rs_parser *p)
{
	struct rs_node *node = rs_parse_node(p, RS_NODE_TYPE, rs_parse_peek(p, 0)->span);

	if (!node)
		return NULL;
	node->type_name = rs_parse_type(p);
	return node->type_name ? rs_parse_finish(p, node) : NULL;
}

static struct rs_node *if_value(struct rs_parser *p);

static struct rs_node *comptime(struct rs_parser *p)
{
	struct rs_node *node;

	rs_parse_take(p);
	node = unary(p);
	if (node)
		node->comptime = true;
	return node;
}

static struct rs_node *name(struct rs_parser *p)
{
	const struct rs_token *next = rs_parse_peek(p, 1);
	struct rs_node *node;
	bool call = next->kind == RS_TOKEN_LPAREN;

	if (rs_parse_is_word(p, "sizeof"))
		return size_of(p);
	if (rs_parse_is_word(p, "offsetof") && call)
		return offset_of(p);
	if (rs_parse_is_word(p, "comptime") && next->kind != RS_TOKEN_RPAREN)
		return comptime(p);
	if (rs_parse_is_word(p, "if"))
		return if_value(p);
	if (rs_parse_is_word(p, "true") || rs_parse_is_word(p, "false")) {
		node = leaf(p, RS_NODE_BOOL);
		if (node)
			node->number = node->text[0] == 't';
		return node;
	}
	if (rs_parse_is_type(p, 0) && !(call && !rs_parse_is_word(p, "typeof")))
		return type_node(p);
	node = leaf(p, call ? RS_NODE_CALL : RS_NODE_NAME);
	if (!node || !call)
		return node;
	rs_parse_take(p);
	if (!rs_parse_list(p, RS_TOKEN_RPAREN, &node->list, "behind the argument"))
		return NULL;
	return rs_parse_finish(p, node);
}

/* ---- parentheses ---- */

static struct rs_node *cast(struct rs_parser *p)
{
	struct rs_node *node = rs_parse_node(p, RS_NODE_CAST, rs_parse_take(p).span);

	if (!node)
		return NULL;
	node->type_name = rs_parse_type(p);
	if (!node->type_name || !rs_parse_expect(p, RS_TOKEN_RPAREN, "behind the type of a cast"))
		return NULL;
	node->a = unary(p);
	return node->a ? rs_parse_finish(p, node) : NULL;
}

static struct rs_node *record(struct rs_parser *p, struct rs_span span)
{
	struct rs_node *node = rs_parse_node(p, RS_NODE_RECORD, span);

	if (!node)
		return NULL;
	do {
		if (rs_parse_is(p, RS_TOKEN_RPAREN) && node->n_names)
			break;
		if (!rs_parse_is(p, RS_TOKEN_NAME)) {
			rs_parse_wrong(p, "the name of a field of the record");
			return NULL;
		}
		if (!rs_list_add(p->arena, node->names, node->n_names, rs_parse_take(p).text))
			p->diags->out_of_memory = true;
		if (!rs_parse_expect(p, RS_TOKEN_ASSIGN, "behind the name of the field") ||
		    !rs_parse_add(p, &node->list, rs_parse_expr(p)))
			return NULL;
	} while (rs_parse_accept(p, RS_TOKEN_COMMA));
	if (!rs_parse_expect(p, RS_TOKEN_RPAREN, "behind the fields of the record"))
		return NULL;
	return rs_parse_finish(p, node);
}

static struct rs_node *parenthesis(struct rs_parser *p)
{
	struct rs_node *node, *first;
	struct rs_span span;

	if (rs_parse_is_cast(p))
		return cast(p);
	span = rs_parse_take(p).span;
	if (rs_parse_is(p, RS_TOKEN_NAME) && rs_parse_peek(p, 1)->kind == RS_TOKEN_ASSIGN)
		return record(p, span);
	if (rs_parse_accept(p, RS_TOKEN_RPAREN)) { /* the empty tuple */
		node = rs_parse_node(p, RS_NODE_TUPLE, span);
		return node ? rs_parse_finish(p, node) : NULL;
	}
	first = rs_parse_expr(p);
	if (!first)
		return NULL;
	if (rs_parse_accept(p, RS_TOKEN_RPAREN))
		return first;
	if (!rs_parse_accept(p, RS_TOKEN_COMMA)) {
		rs_parse_wrong(p, "\")\" or \",\"");
		if (rs_parse_is(p, RS_TOKEN_ASSIGN))
			rs_diag_hint(p->diags, "values are compared with ==");
		return NULL;
	}
	node = rs_parse_node(p, RS_NODE_TUPLE, span);
	if (!node || !rs_parse_add(p, &node->list, first) ||
	    !rs_parse_list(p, RS_TOKEN_RPAREN, &node->list, "behind this part of the tuple"))
		return NULL;
	return rs_parse_finish(p, node);
}

static struct rs_node *block_value(struct rs_parser *p)
{
	struct rs_node *node = rs_parse_block(p, true);

	if (node && node->a)
		return node->list.n ? node : node->a;
	if (!node)
		return NULL;
	rs_diag_error(p->diags, node->span, "this block is used as a value and has none");
	rs_diag_hint(p->diags, "its value is its last expression, without a ; behind it");
	return NULL;
}

/* One side of an if that has a value. */
static struct rs_node *branch_value(struct rs_parser *p)
{
	if (rs_parse_is(p, RS_TOKEN_LBRACE))
		return block_value(p);
	rs_parse_wrong(p, "\"{\"");
	return NULL;
}

/* $x = if cond { a } else { b }: the choice between two blocks. */
static struct rs_node *if_value(struct rs_parser *p)
{
	struct rs_node *node = rs_parse_node(p, RS_NODE_TERNARY, rs_parse_take(p).span);

	if (!node)
		return NULL;
	node->a = rs_parse_expr(p);
	node->b = node->a ? branch_value(p) : NULL;
	if (!node->b)
		return NULL;
	if (!rs_parse_accept_word(p, "else")) {
		rs_parse_wrong(p, "else: an if whose value is used has both sides");
		return NULL;
	}
	if (!rs_parse_is_word(p, "if")) {
		node->c = branch_value(p);
	} else {
		node->c = rs_parse_enter(p) ? if_value(p) : NULL;
		rs_parse_leave(p);
	}
	return node->c ? rs_parse_finish(p, node) : NULL;
}

static struct rs_node *primary(struct rs_parser *p)
{
	switch (rs_parse_peek(p, 0)->kind) {
	case RS_TOKEN_INT:
		return leaf(p, RS_NODE_INT);
	case RS_TOKEN_STRING:
		return string(p);
	case RS_TOKEN_NAME:
		return name(p);
	case RS_TOKEN_VAR:
		return leaf(p, RS_NODE_VAR);
	case RS_TOKEN_MAP:
		return map(p);
	case RS_TOKEN_PARAM:
		return leaf(p, RS_NODE_PARAM);
	case RS_TOKEN_LPAREN:
		return parenthesis(p);
	case RS_TOKEN_LBRACE:
		return block_value(p);
	default:
		rs_parse_wrong(p, "an expression");
		return NULL;
	}
}

/* ---- operators ---- */

static struct rs_node *operation(struct rs_parser *p, enum rs_node_kind kind, enum rs_operator op,
				 struct rs_span span, struct rs_node *a, struct rs_node *b)
{
	struct rs_node *node = rs_parse_node(p, kind, span);

	if (!node)
		return NULL;
	node->op = op;
	node->a = a;
	node->b = b;
	return rs_parse_finish(p, node);
}

static struct rs_node *field(struct rs_parser *p, struct rs_node *of)
{
	bool arrow = rs_parse_take(p).kind == RS_TOKEN_ARROW;
	const struct rs_token *token = rs_parse_peek(p, 0);
	struct rs_node *node;

	if (token->kind == RS_TOKEN_INT && of->kind == RS_NODE_INT && !token->space_before) {
		rs_diag_error(p->diags, rs_span_join(of->span, token->span),
			      "there are no floating-point numbers");
		rs_diag_hint(p->diags, "count in smaller units: 1500ms is 1.5 seconds");
		return NULL;
	}
	if (token->kind != RS_TOKEN_NAME && (token->kind != RS_TOKEN_INT || arrow)) {
		rs_parse_wrong(p, "the name of a field");
		return NULL;
	}
	node = operation(p, RS_NODE_FIELD, RS_OPERATOR_NONE, of->span, of, NULL);
	if (!node)
		return NULL;
	node->arrow = arrow;
	node->text = token->kind == RS_TOKEN_NAME
			     ? token->text
			     : rs_arena_printf(p->arena, "%llu", (unsigned long long)token->number);
	if (!node->text) {
		p->diags->out_of_memory = true;
		return NULL;
	}
	node->text_len = (uint32_t)strlen(node->text);
	rs_parse_take(p);
	node->span = rs_span_join(node->span, p->last.span);
	return node;
}

static struct rs_node *index_of(struct rs_parser *p, struct rs_node *of)
{
	struct rs_node *node = rs_parse_node(p, RS_NODE_INDEX, of->span);

	rs_parse_take(p);
	if (!node)
		return NULL;
	node->a = of;
	node->b = rs_parse_expr(p);
	if (!node->b || !rs_parse_expect(p, RS_TOKEN_RBRACKET, "behind the index"))
		return NULL;
	return rs_parse_finish(p, node);
}

static struct rs_node *postfix(struct rs_parser *p)
{
	struct rs_node *node = primary(p);

	while (node) {
		switch (rs_parse_peek(p, 0)->kind) {
		case RS_TOKEN_DOT:
		case RS_TOKEN_ARROW:
			node = field(p, node);
			break;
		case RS_TOKEN_LBRACKET:
			node = index_of(p, node);
			break;
		case RS_TOKEN_INC:
		case RS_TOKEN_DEC: {
			enum rs_operator op = rs_parse_take(p).kind == RS_TOKEN_INC
						      ? RS_OPERATOR_POST_INC
						      : RS_OPERATOR_POST_DEC;

			node = operation(p, RS_NODE_UNARY, op, node->span, node, NULL);
			break;
		}
		default:
			return node;
		}
	}
	return NULL;
}

static enum rs_operator unary_operator(enum rs_token_kind kind)
{
	switch (kind) {
	case RS_TOKEN_NOT:
		return RS_OPERATOR_NOT;
	case RS_TOKEN_BIT_NOT:
		return RS_OPERATOR_BIT_NOT;
	case RS_TOKEN_SUB:
		return RS_OPERATOR_NEG;
	case RS_TOKEN_MUL:
		return RS_OPERATOR_DEREF;
	case RS_TOKEN_AND:
		return RS_OPERATOR_ADDRESS;
	case RS_TOKEN_INC:
		return RS_OPERATOR_PRE_INC;
	case RS_TOKEN_DEC:
		return RS_OPERATOR_PRE_DEC;
	default:
		return RS_OPERATOR_NONE;
	}
}

static struct rs_node *unary_of(struct rs_parser *p)
{
	enum rs_operator op = unary_operator(rs_parse_peek(p, 0)->kind);
	struct rs_span span;
	struct rs_node *of;

	if (rs_parse_accept(p, RS_TOKEN_ADD))
		return unary(p);
	if (op == RS_OPERATOR_NONE)
		return postfix(p);
	span = rs_parse_take(p).span;
	of = unary(p);
	return of ? operation(p, RS_NODE_UNARY, op, span, of, NULL) : NULL;
}

static struct rs_node *unary(struct rs_parser *p)
{
	struct rs_node *node = rs_parse_enter(p) ? unary_of(p) : NULL;

	rs_parse_leave(p);
	return node;
}

/* 0 for what is no operator with two sides. */
static unsigned binary_operator(enum rs_token_kind kind, enum rs_operator *ret_op)
{
	static const struct {
		uint8_t token, op, precedence;
	} rows[] = {
		{ RS_TOKEN_MUL, RS_OPERATOR_MUL, 10 },    { RS_TOKEN_DIV, RS_OPERATOR_DIV, 10 },
		{ RS_TOKEN_MOD, RS_OPERATOR_MOD, 10 },    { RS_TOKEN_ADD, RS_OPERATOR_ADD, 9 },
		{ RS_TOKEN_SUB, RS_OPERATOR_SUB, 9 },     { RS_TOKEN_SHL, RS_OPERATOR_SHL, 8 },
		{ RS_TOKEN_SHR, RS_OPERATOR_SHR, 8 },     { RS_TOKEN_LT, RS_OPERATOR_LT, 7 },
		{ RS_TOKEN_LE, RS_OPERATOR_LE, 7 },       { RS_TOKEN_GT, RS_OPERATOR_GT, 7 },
		{ RS_TOKEN_GE, RS_OPERATOR_GE, 7 },       { RS_TOKEN_EQ, RS_OPERATOR_EQ, 6 },
		{ RS_TOKEN_NE, RS_OPERATOR_NE, 6 },       { RS_TOKEN_AND, RS_OPERATOR_BIT_AND, 5 },
		{ RS_TOKEN_XOR, RS_OPERATOR_BIT_XOR, 4 }, { RS_TOKEN_OR, RS_OPERATOR_BIT_OR, 3 },
		{ RS_TOKEN_AND_AND, RS_OPERATOR_AND, 2 }, { RS_TOKEN_OR_OR, RS_OPERATOR_OR, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].token != kind)
			continue;
		*ret_op = rows[i].op;
		return rows[i].precedence;
	}
	return 0;
}

static bool ends_predicate(struct rs_parser *p)
{
	return p->in_predicate && rs_parse_is(p, RS_TOKEN_DIV) &&
	       (rs_parse_peek(p, 1)->kind == RS_TOKEN_LBRACE ||
		rs_parse_peek(p, 1)->kind == RS_TOKEN_END);
}

static struct rs_node *binary(struct rs_parser *p, unsigned least)
{
	struct rs_node *left = unary(p);

	while (left && !ends_predicate(p)) {
		enum rs_operator op = RS_OPERATOR_NONE;
		unsigned precedence = binary_operator(rs_parse_peek(p, 0)->kind, &op);
		struct rs_node *right;

		if (!precedence || precedence < least)
			break;
		rs_parse_take(p);
		right = binary(p, precedence + 1);
		if (!right)
			return NULL;
		left = operation(p, RS_NODE_BINARY, op, left->span, left, right);
	}
	return left;
}

static struct rs_node *ternary(struct rs_parser *p)
{
	struct rs_node *condition = binary(p, 1), *node;

	if (!condition || !rs_parse_accept(p, RS_TOKEN_QUESTION))
		return condition;
	node = rs_parse_node(p, RS_NODE_TERNARY, condition->span);
	if (!node)
		return NULL;
	node->a = condition;
	if (!rs_parse_is(p, RS_TOKEN_COLON)) {
		node->b = rs_parse_expr(p);
		if (!node->b)
			return NULL;
	}
	if (!rs_parse_expect(p, RS_TOKEN_COLON, "between the two values of a condition"))
		return NULL;
	node->c = rs_parse_expr(p);
	return node->c ? rs_parse_finish(p, node) : NULL;
}

struct rs_node *rs_parse_expr(struct rs_parser *p)
{
	struct rs_node *node = rs_parse_enter(p) ? ternary(p) : NULL;

	rs_parse_leave(p);
	return node;
}
