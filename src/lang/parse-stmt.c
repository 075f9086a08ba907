/* SPDX-License-Identifier: Apache-2.0 */
/* Statements and blocks. After a mistake reading goes on behind the statement. */
#include "base/suggest.h"
#include "lang/list.h"
#include "lang/parse.h"

static bool block_into(struct rs_parser *p, struct rs_node_list *list, const char *where);

/* ---- let, assignments, expressions ---- */

static struct rs_node *let(struct rs_parser *p)
{
	struct rs_node *node = rs_parse_node(p, RS_NODE_LET, rs_parse_take(p).span);

	if (!node)
		return NULL;
	if (!rs_parse_is(p, RS_TOKEN_VAR)) {
		if (rs_parse_is(p, RS_TOKEN_MAP)) {
			rs_parse_wrong(p, "a variable such as $x behind let");
			rs_diag_hint(p->diags,
				     "maps are declared outside of probes: let @m = hash(100);");
		} else {
			rs_parse_wrong(p, "a variable such as $x behind let");
		}
		return NULL;
	}
	node->text = rs_parse_peek(p, 0)->text;
	node->text_len = rs_parse_take(p).text_len;
	if (rs_parse_accept(p, RS_TOKEN_COLON)) {
		node->type_name = rs_parse_type(p);
		if (!node->type_name)
			return NULL;
	}
	if (rs_parse_accept(p, RS_TOKEN_ASSIGN)) {
		node->a = rs_parse_expr(p);
		if (!node->a)
			return NULL;
	}
	return rs_parse_finish(p, node);
}

static bool assign_operator(enum rs_token_kind kind, enum rs_operator *ret_op)
{
	static const struct {
		uint8_t token, op;
	} rows[] = {
		{ RS_TOKEN_ASSIGN, RS_OPERATOR_NONE },
		{ RS_TOKEN_ADD_ASSIGN, RS_OPERATOR_ADD },
		{ RS_TOKEN_SUB_ASSIGN, RS_OPERATOR_SUB },
		{ RS_TOKEN_MUL_ASSIGN, RS_OPERATOR_MUL },
		{ RS_TOKEN_DIV_ASSIGN, RS_OPERATOR_DIV },
		{ RS_TOKEN_MOD_ASSIGN, RS_OPERATOR_MOD },
		{ RS_TOKEN_AND_ASSIGN, RS_OPERATOR_BIT_AND },
		{ RS_TOKEN_OR_ASSIGN, RS_OPERATOR_BIT_OR },
		{ RS_TOKEN_XOR_ASSIGN, RS_OPERATOR_BIT_XOR },
		{ RS_TOKEN_SHL_ASSIGN, RS_OPERATOR_SHL },
		{ RS_TOKEN_SHR_ASSIGN, RS_OPERATOR_SHR },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].token != kind)
			continue;
		*ret_op = rows[i].op;
		return true;
	}
	return false;
}

static bool is_target(const struct rs_node *node)
{
	return node->kind == RS_NODE_VAR || node->kind == RS_NODE_MAP ||
	       node->kind == RS_NODE_FIELD || node->kind == RS_NODE_INDEX;
}

static struct rs_node *assign(struct rs_parser *p, struct rs_node *target, enum rs_operator op)
{
	bool discard = target->kind == RS_NODE_NAME && strcmp(target->text, "_") == 0;
	struct rs_node *node = rs_parse_node(p, discard ? RS_NODE_EXPR_STMT : RS_NODE_ASSIGN,
					     target->span);

	if (!node)
		return NULL;
	if (!discard && !is_target(target)) {
		rs_diag_error(p->diags, target->span, "nothing can be assigned to this");
		rs_diag_hint(
			p->diags,
			"write to a variable ($x = ...) or a map (@x[key] = ...); compare with ==");
		return NULL;
	}
	rs_parse_take(p);
	node->op = op;
	node->a = rs_parse_expr(p);
	if (!node->a)
		return NULL;
	if (discard) {
		node->discard = true;
	} else {
		node->b = node->a;
		node->a = target;
	}
	return rs_parse_finish(p, node);
}

static struct rs_node *expression(struct rs_parser *p)
{
	struct rs_node *value = rs_parse_expr(p), *node;
	enum rs_operator op = RS_OPERATOR_NONE;

	if (!value)
		return NULL;
	if (assign_operator(rs_parse_peek(p, 0)->kind, &op))
		return assign(p, value, op);
	node = rs_parse_node(p, RS_NODE_EXPR_STMT, value->span);
	if (!node)
		return NULL;
	node->a = value;
	return rs_parse_finish(p, node);
}

/* ---- if, loops ---- */

/* The brace of the body is no block that has a value. */
static struct rs_node *condition(struct rs_parser *p, const char *what)
{
	if (!rs_parse_is(p, RS_TOKEN_LBRACE))
		return rs_parse_expr(p);
	rs_parse_wrong(p, what);
	return NULL;
}

static struct rs_node *conditional(struct rs_parser *p, bool is_comptime)
{
	struct rs_node *node = rs_parse_node(p, RS_NODE_IF, rs_parse_take(p).span), *more;
	bool ok;

	if (!node)
		return NULL;
	node->a = condition(p, "a condition");
	if (!node->a || !block_into(p, &node->list, "behind the condition"))
		return NULL;
	node->comptime = is_comptime || node->a->comptime;
	if (!rs_parse_accept_word(p, "else"))
		return rs_parse_finish(p, node);
	if (!rs_parse_is_word(p, "if"))
		return block_into(p, &node->other, "behind else") ? rs_parse_finish(p, node) : NULL;
	more = rs_parse_enter(p) ? conditional(p, false) : NULL;
	rs_parse_leave(p);
	ok = more && rs_parse_add(p, &node->other, more);
	return ok ? rs_parse_finish(p, node) : NULL;
}

static struct rs_node *repeat(struct rs_parser *p, enum rs_node_kind kind)
{
	struct rs_node *node = rs_parse_node(p, kind, rs_parse_take(p).span);

	if (!node)
		return NULL;
	node->a = condition(p, kind == RS_NODE_UNROLL ? "a number of times" : "a condition");
	if (!node->a)
		return NULL;
	return block_into(p, &node->list, "behind the head of the loop") ? rs_parse_finish(p, node)
									 : NULL;
}

static bool for_head(struct rs_parser *p, struct rs_node *node)
{
	if (!rs_parse_is(p, RS_TOKEN_VAR)) {
		rs_parse_wrong(p, "a variable such as $x behind for");
		rs_diag_hint(p->diags, "for ($kv : @map) { ... } or for ($i : 0..10) { ... }");
		return false;
	}
	node->a = rs_parse_expr(p);
	if (!node->a || !rs_parse_expect(p, RS_TOKEN_COLON, "behind the variable of the loop"))
		return false;
	node->b = rs_parse_expr(p);
	if (!node->b)
		return false;
	if (rs_parse_accept(p, RS_TOKEN_RANGE)) {
		node->kind = RS_NODE_FOR_RANGE;
		node->c = rs_parse_expr(p);
		return node->c;
	}
	if (node->b->kind == RS_NODE_MAP && !node->b->list.n)
		return true;
	rs_diag_error(p->diags, node->b->span,
		      "a loop goes over a map or from one number to another");
	rs_diag_hint(p->diags, "for ($kv : @map) { ... } or for ($i : 0..10) { ... }");
	return false;
}

static struct rs_node *for_loop(struct rs_parser *p)
{
	struct rs_node *node = rs_parse_node(p, RS_NODE_FOR_MAP, rs_parse_take(p).span);
	bool parentheses;

	if (!node)
		return NULL;
	parentheses = rs_parse_accept(p, RS_TOKEN_LPAREN);
	if (!for_head(p, node) ||
	    (parentheses && !rs_parse_expect(p, RS_TOKEN_RPAREN, "behind the head of the loop")))
		return NULL;
	if (node->a->kind != RS_NODE_VAR) {
		rs_diag_error(p->diags, node->a->span,
			      "a loop's variable is a plain one such as $x");
		return NULL;
	}
	return block_into(p, &node->list, "behind the head of the loop") ? rs_parse_finish(p, node)
									 : NULL;
}

static struct rs_node *jump(struct rs_parser *p, enum rs_node_kind kind)
{
	struct rs_node *node = rs_parse_node(p, kind, rs_parse_take(p).span);

	if (!node || kind != RS_NODE_RETURN)
		return node;
	if (rs_parse_is(p, RS_TOKEN_SEMICOLON) || rs_parse_is(p, RS_TOKEN_RBRACE) ||
	    rs_parse_is(p, RS_TOKEN_END))
		return node;
	node->a = rs_parse_expr(p);
	return node->a ? rs_parse_finish(p, node) : NULL;
}

/* ---- statements ---- */

static struct rs_node *statement(struct rs_parser *p)
{
	const struct rs_token *next = rs_parse_peek(p, 0);

	if (next->kind == RS_TOKEN_LBRACE)
		return rs_parse_block(p, false);
	if (next->kind != RS_TOKEN_NAME)
		return expression(p);
	if (rs_token_is(next, "else")) {
		rs_diag_error(p->diags, next->span, "there is no if that this else belongs to");
		return NULL;
	}
	if (rs_token_is(next, "let"))
		return let(p);
	if (rs_token_is(next, "if"))
		return conditional(p, false);
	if (rs_token_is(next, "comptime") && rs_token_is(rs_parse_peek(p, 1), "if")) {
		rs_parse_take(p);
		return conditional(p, true);
	}
	if (rs_token_is(next, "while"))
		return repeat(p, RS_NODE_WHILE);
	if (rs_token_is(next, "unroll"))
		return repeat(p, RS_NODE_UNROLL);
	if (rs_token_is(next, "for"))
		return for_loop(p);
	if (rs_token_is(next, "break"))
		return jump(p, RS_NODE_BREAK);
	if (rs_token_is(next, "continue"))
		return jump(p, RS_NODE_CONTINUE);
	if (rs_token_is(next, "return"))
		return jump(p, RS_NODE_RETURN);
	return expression(p);
}

/* What could have been meant by a word that reads like a function or a name. */
static const char *near_keyword(const struct rs_node *node)
{
	static const char *const keywords[] = { "if",    "else",   "while", "unroll",  "for",
						"break", "return", "let",   "continue" };
	const struct rs_node *value = node->kind == RS_NODE_EXPR_STMT ? node->a : NULL;
	const char *near;

	if (!value || (value->kind != RS_NODE_NAME && value->kind != RS_NODE_CALL))
		return NULL;
	near = rs_suggest_nearest(value->text, keywords, ARRAY_SIZE(keywords));
	return near && strcmp(near, value->text) != 0 ? near : NULL;
}

static void missing_semicolon(struct rs_parser *p, const struct rs_node *node)
{
	const struct rs_token *next = rs_parse_peek(p, 0);
	const char *near = near_keyword(node);

	if (next->kind == RS_TOKEN_END)
		return;
	if (near) {
		rs_diag_error(p->diags, node->a->span, "\"%s\" does not begin a statement",
			      node->a->text);
		rs_diag_hint(p->diags, "did you mean \"%s\"?", near);
	} else {
		rs_parse_no_semicolon(p, "\";\" or an operator");
		if (next->kind == RS_TOKEN_ASSIGN)
			rs_diag_hint(p->diags, "one statement assigns one value; == compares");
	}
}

static bool ends_in_brace(const struct rs_node *node)
{
	switch (node->kind) {
	case RS_NODE_IF:
	case RS_NODE_WHILE:
	case RS_NODE_UNROLL:
	case RS_NODE_FOR_MAP:
	case RS_NODE_FOR_RANGE:
	case RS_NODE_BLOCK:
		return true;
	default:
		return false;
	}
}

/* One statement with its ;. False when the next one may not be where reading stands. */
static bool add_statement(struct rs_parser *p, struct rs_node_list *list, bool *ret_open)
{
	struct rs_node *node = statement(p);

	*ret_open = false;
	if (!rs_parse_add(p, list, node))
		return false;
	if (rs_parse_accept(p, RS_TOKEN_SEMICOLON))
		return true;
	*ret_open = node->kind == RS_NODE_EXPR_STMT && !node->discard;
	if (rs_parse_is(p, RS_TOKEN_RBRACE) || ends_in_brace(node) ||
	    p->last.kind == RS_TOKEN_RBRACE)
		return true;
	missing_semicolon(p, node);
	/* On a new line most likely only the ; is missing. */
	return rs_parse_peek(p, 0)->line_start;
}

/* Behind the opening brace up to the closing one; *ret_open: the last statement is an expression
 * without ;. */
static bool statements(struct rs_parser *p, struct rs_node_list *list, bool *ret_open)
{
	struct rs_span brace = p->last.span;

	*ret_open = false;
	while (!rs_parse_is(p, RS_TOKEN_RBRACE)) {
		if (rs_parse_is(p, RS_TOKEN_END)) {
			if (!p->ended && !p->pp.exhausted)
				rs_diag_error(p->diags, brace,
					      "the \"}\" for this \"{\" is missing");
			p->ended = true;
			return false;
		}
		if (rs_parse_accept(p, RS_TOKEN_SEMICOLON))
			continue;
		if (!add_statement(p, list, ret_open))
			rs_parse_skip_statement(p);
	}
	rs_parse_take(p);
	return true;
}

static bool block_of(struct rs_parser *p, struct rs_node_list *list, bool *ret_open)
{
	bool predicate = p->in_predicate, ok;

	p->in_predicate = false;
	ok = rs_parse_enter(p) && statements(p, list, ret_open);
	rs_parse_leave(p);
	p->in_predicate = predicate;
	return ok;
}

static bool block_into(struct rs_parser *p, struct rs_node_list *list, const char *where)
{
	bool open;

	if (rs_parse_accept(p, RS_TOKEN_LBRACE))
		return block_of(p, list, &open);
	rs_parse_expect(p, RS_TOKEN_LBRACE, where);
	if (rs_parse_is(p, RS_TOKEN_ASSIGN))
		rs_diag_hint(p->diags, "values are compared with ==");
	else if (!rs_parse_is(p, RS_TOKEN_END))
		rs_diag_hint(p->diags, "braces are needed around a single statement, too");
	return false;
}

struct rs_node *rs_parse_block(struct rs_parser *p, bool value)
{
	struct rs_node *node = rs_parse_node(p, RS_NODE_BLOCK, rs_parse_take(p).span);
	struct rs_node *last;
	bool open;

	if (!node || !block_of(p, &node->list, &open))
		return NULL;
	if (!value)
		return rs_parse_finish(p, node);
	node->kind = RS_NODE_BLOCK_EXPR;
	last = node->list.n ? node->list.items[node->list.n - 1] : NULL;
	if (open && last) {
		node->a = last->a;
		node->list.n--;
	}
	return rs_parse_finish(p, node);
}
