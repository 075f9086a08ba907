/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar, by recursive descent:
 *
 *	or    = and { ("or" | "||") and }
 *	and   = not { ("and" | "&&") not }
 *	not   = ("not" | "!") not | "(" or ")" | test
 *	test  = NAME [ "not" ] OPERATOR [ VALUE | "(" VALUE { "," VALUE } ")" ] | NAME
 *
 * Chains of "and" are one node, so that depth comes from parentheses and "not" only.
 */
#include <errno.h>

#include "base/vec.h"
#include "rules/literal.h"

struct parser {
	struct rs_lexer lexer;
	struct rs_token token; /* the next one */
	unsigned depth, nodes;
};

typedef RS_VEC(struct rs_token) token_vec;
typedef RS_VEC(const struct rs_expr *) child_vec;

static void token_vec_done(token_vec *vec)
{
	rs_vec_done(vec);
}

static void child_vec_done(child_vec *vec)
{
	rs_vec_done(vec);
}

static int parse_or(struct parser *p, const struct rs_expr **ret_expr);

static int no_memory(struct parser *p)
{
	return rs_error_set_errno(p->lexer.err, -ENOMEM, "reading the condition");
}

/* A mistake at a token; the caller may add a hint. */
static int _printf_(3, 4) fail(struct parser *p, const struct rs_token *token, const char *fmt, ...)
{
	char message[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	if (p->lexer.mark)
		*p->lexer.mark = token->mark;
	return rs_error_set(p->lexer.err, -EINVAL, "%s", message);
}

static int advance(struct parser *p)
{
	return rs_lexer_next(&p->lexer, &p->token);
}

static int new_node(struct parser *p, enum rs_expr_op op, struct rs_expr **ret_expr)
{
	struct rs_expr *expr;

	if (++p->nodes > RS_EXPR_NODES_MAX) {
		fail(p, &p->token, "more than %u parts", RS_EXPR_NODES_MAX);
		return -EINVAL;
	}
	expr = rs_arena_new(p->lexer.arena, struct rs_expr);
	if (!expr) {
		no_memory(p);
		return -ENOMEM;
	}
	expr->op = op;
	*ret_expr = expr;
	return 0;
}

static int new_branch(struct parser *p, enum rs_expr_op op, const struct rs_expr *const *children,
		      size_t n, const struct rs_expr **ret_expr)
{
	struct rs_expr *expr;
	int r = new_node(p, op, &expr);

	if (r < 0)
		return r;
	expr->n = n;
	expr->child = rs_arena_alloc_array(p->lexer.arena, n, sizeof(*expr->child));
	if (!expr->child)
		return no_memory(p);
	memcpy(expr->child, children, n * sizeof(*children));
	*ret_expr = expr;
	return 0;
}

/* --- what stands on the right --- */

static int missing_value(struct parser *p, const struct rs_token *after)
{
	char shown[RS_TOKEN_SHOWN];

	switch (p->token.type) {
	case RS_TOKEN_AND:
	case RS_TOKEN_OR:
	case RS_TOKEN_NOT:
	case RS_TOKEN_COMPARE:
		fail(p, &p->token, "%s is a word of conditions, not a value",
		     rs_token_show(&p->lexer, &p->token, shown));
		if (p->token.text.len)
			rs_error_hint(p->lexer.err, "write \"%s\" if the text is meant", shown);
		return -EINVAL;
	case RS_TOKEN_OPEN:
		fail(p, &p->token, "one value is expected here");
		rs_error_hint(p->lexer.err, "for a list write in (\"a\", \"b\")");
		return -EINVAL;
	default:
		return fail(p, p->token.mark.len ? &p->token : after, "a value is missing after %s",
			    rs_token_show(&p->lexer, after, shown));
	}
}

static int parse_value(struct parser *p, const struct rs_token *after, token_vec *literals)
{
	if (p->token.type != RS_TOKEN_WORD && p->token.type != RS_TOKEN_STRING)
		return missing_value(p, after);
	if (literals->len == RS_EXPR_LIST_MAX)
		return fail(p, &p->token, "more than %u values", RS_EXPR_LIST_MAX);
	if (rs_vec_push(literals, p->token) < 0)
		return no_memory(p);
	return advance(p);
}

static int parse_list(struct parser *p, const struct rs_token *op, token_vec *literals)
{
	struct rs_token open = p->token, comma;
	int r;

	if (p->token.type != RS_TOKEN_OPEN) {
		fail(p, p->token.mark.len ? &p->token : op, "a list is missing after in");
		rs_error_hint(p->lexer.err, "write in (\"a\", \"b\")");
		return -EINVAL;
	}
	for (comma = open;;) {
		r = advance(p);
		if (!r)
			r = parse_value(p, &comma, literals);
		if (r < 0 || p->token.type != RS_TOKEN_COMMA)
			break;
		comma = p->token;
	}
	if (r < 0)
		return r;
	if (p->token.type == RS_TOKEN_CLOSE)
		return advance(p);
	fail(p, p->token.mark.len ? &p->token : &open, "a comma or ) is missing in the list");
	return -EINVAL;
}

static int parse_literals(struct parser *p, const struct rs_token *op, token_vec *literals)
{
	if (op->op == RS_EXPR_EXISTS)
		return 0;
	if (op->op == RS_EXPR_IN)
		return parse_list(p, op, literals);
	return parse_value(p, op, literals);
}

/* --- a test --- */

static int wrong_op(struct parser *p, const struct rs_token *op, const struct rs_expr_name *name)
{
	static const char *const whats[] = {
		[RS_CLASS_TEXT] = "text",
		[RS_CLASS_NUMBER] = "a number",
		[RS_CLASS_ID] = "a number",
		[RS_CLASS_BOOL] = "true or false",
		[RS_CLASS_DATE] = "a date",
		[RS_CLASS_IP] = "an address",
		[RS_CLASS_KIND] = "the kind of an event",
	};
	_cleanup_(rs_str_done) struct rs_str ops = RS_STR_INIT(0);

	static_assert(ARRAY_SIZE(whats) == RS_CLASS_COUNT, "a word for every class");
	rs_expr_ops_of(name->class, &ops);
	fail(p, op, "%.128s is %s, which has no %s", name->text, whats[name->class],
	     rs_expr_op_to_str(op->op));
	rs_error_hint(p->lexer.err, "it has %s", rs_str_cstr(&ops));
	return -EINVAL;
}

/* The "[" that no "]" ends would silently be a character. */
static int check_glob(struct parser *p, const struct rs_token *literal)
{
	const char *text = literal->text.data;

	if (!memchr(text, '[', literal->text.len) || memchr(text, ']', literal->text.len))
		return 0;
	if (memmem(text, literal->text.len, "\\[", 2))
		return 0;
	fail(p, literal, "the [ of the glob has no end");
	rs_error_hint(p->lexer.err, "a ] is missing; a [ itself is \\[, in quotes \\\\[");
	return -EINVAL;
}

static int build_test(struct parser *p, const struct rs_expr_name *name, const struct rs_token *op,
		      const struct rs_token *literals, size_t n, const struct rs_expr **ret_expr)
{
	struct rs_expr_name *copy;
	struct rs_expr *expr;
	int r;

	if (!rs_expr_op_fits(op->op, name->class))
		return wrong_op(p, op, name);
	r = new_node(p, op->op, &expr);
	if (r < 0)
		return r;
	copy = rs_arena_new(p->lexer.arena, struct rs_expr_name);
	if (!copy)
		return no_memory(p);
	*copy = *name;
	expr->name = copy;
	if (op->op == RS_EXPR_GLOB && n)
		r = check_glob(p, &literals[0]);
	if (!r && op->op != RS_EXPR_EXISTS)
		r = rs_expr_literals(&p->lexer, literals, n, expr);
	if (!r)
		*ret_expr = expr;
	return r;
}

/* A name or a number: a list may hold both. */
static int build_user(struct parser *p, const struct rs_expr_name *names,
		      const struct rs_expr_name *ids, const struct rs_token *op, token_vec *all,
		      const struct rs_expr **ret_expr)
{
	_cleanup_(token_vec_done) token_vec texts = { 0 }, numbers = { 0 };
	const struct rs_expr *both[2] = { NULL, NULL };
	int r = 0;

	rs_vec_foreach(all, literal)
	{
		r = rs_expr_is_number(literal) ? rs_vec_push(&numbers, *literal)
					       : rs_vec_push(&texts, *literal);
		if (r < 0)
			return no_memory(p);
	}
	if (!numbers.len)
		return build_test(p, names, op, texts.items, texts.len, ret_expr);
	if (!texts.len)
		return build_test(p, ids, op, numbers.items, numbers.len, ret_expr);
	r = build_test(p, names, op, texts.items, texts.len, &both[0]);
	if (!r)
		r = build_test(p, ids, op, numbers.items, numbers.len, &both[1]);
	return r < 0 ? r : new_branch(p, RS_EXPR_OR, both, 2, ret_expr);
}

static int no_name(struct parser *p)
{
	char shown[RS_TOKEN_SHOWN];

	rs_token_show(&p->lexer, &p->token, shown);
	switch (p->token.type) {
	case RS_TOKEN_END:
		return fail(p, &p->token, "a condition is missing at the end");
	case RS_TOKEN_STRING:
		fail(p, &p->token, "the name of a field is expected, not a text");
		break;
	default:
		fail(p, &p->token, "the name of a field is expected, not %s", shown);
		break;
	}
	rs_error_hint(p->lexer.err, "write it as process.name == \"nginx\"");
	return -EINVAL;
}

static int unknown_name(struct parser *p, const struct rs_token *name)
{
	if (p->lexer.mark)
		*p->lexer.mark = name->mark;
	return rs_expr_name_unknown(name->text.data, p->lexer.err);
}

/* Alone, a field that is true or false says enough. */
static int without_op(struct parser *p, const struct rs_expr_name *name, const struct rs_token *at,
		      const struct rs_expr **ret_expr)
{
	_cleanup_(rs_str_done) struct rs_str ops = RS_STR_INIT(0);
	const struct rs_token op = { .type = RS_TOKEN_COMPARE, .op = RS_EXPR_EQ };
	struct rs_token yes = { .type = RS_TOKEN_WORD, .text = { "true", 4, 0 } };

	if (name->class == RS_CLASS_BOOL)
		return build_test(p, name, &op, &yes, 1, ret_expr);
	rs_expr_ops_of(name->class, &ops);
	fail(p, p->token.mark.len ? &p->token : at, "an operator is missing after %.128s",
	     at->text.data);
	rs_error_hint(p->lexer.err, "it has %s", rs_str_cstr(&ops));
	return -EINVAL;
}

static int parse_test(struct parser *p, const struct rs_expr **ret_expr)
{
	_cleanup_(token_vec_done) token_vec literals = { 0 };
	struct rs_token word = p->token, op;
	struct rs_expr_name name, ids;
	enum rs_expr_find find;
	bool negated;
	int r;

	if (word.type != RS_TOKEN_WORD)
		return no_name(p);
	find = rs_expr_name_find(word.text.data, word.text.len, &name, &ids);
	if (find == RS_FIND_UNKNOWN)
		return unknown_name(p, &word);
	r = advance(p);
	negated = !r && p->token.type == RS_TOKEN_NOT;
	if (negated)
		r = advance(p);
	if (r < 0)
		return r;
	op = p->token;
	if (op.type != RS_TOKEN_COMPARE && negated)
		return fail(p, op.mark.len ? &op : &word, "an operator is missing after not");
	if (op.type != RS_TOKEN_COMPARE)
		return without_op(p, &name, &word, ret_expr);
	r = advance(p);
	if (!r)
		r = parse_literals(p, &op, &literals);
	if (!r && find == RS_FIND_USER)
		r = build_user(p, &name, &ids, &op, &literals, ret_expr);
	else if (!r)
		r = build_test(p, &name, &op, literals.items, literals.len, ret_expr);
	return r < 0 || !negated ? r : new_branch(p, RS_EXPR_NOT, ret_expr, 1, ret_expr);
}

/* --- what joins them --- */

static int parse_group(struct parser *p, const struct rs_expr **ret_expr)
{
	struct rs_token open = p->token;
	int r = advance(p);

	if (!r)
		r = parse_or(p, ret_expr);
	if (r < 0)
		return r;
	if (p->token.type == RS_TOKEN_CLOSE)
		return advance(p);
	if (p->token.type == RS_TOKEN_END)
		return fail(p, &open, "the ( is never closed");
	fail(p, &p->token, "\"and\", \"or\" or ) is expected here");
	return -EINVAL;
}

static int parse_not(struct parser *p, const struct rs_expr **ret_expr)
{
	enum rs_token_type type = p->token.type;
	int r;

	if (type != RS_TOKEN_NOT && type != RS_TOKEN_OPEN)
		return parse_test(p, ret_expr);
	if (++p->depth > RS_EXPR_DEPTH_MAX)
		return fail(p, &p->token, "nested deeper than %u", RS_EXPR_DEPTH_MAX);
	if (type == RS_TOKEN_OPEN) {
		r = parse_group(p, ret_expr);
	} else {
		r = advance(p);
		if (!r)
			r = parse_not(p, ret_expr);
		if (!r)
			r = new_branch(p, RS_EXPR_NOT, ret_expr, 1, ret_expr);
	}
	p->depth--;
	return r;
}

/* One operand, or several joined into one node. */
static int parse_chain(struct parser *p, enum rs_expr_op op, enum rs_token_type joint,
		       int (*operand)(struct parser *, const struct rs_expr **),
		       const struct rs_expr **ret_expr)
{
	_cleanup_(child_vec_done) child_vec children = { 0 };
	const struct rs_expr *child = NULL;
	int r;

	for (;;) {
		r = operand(p, &child);
		if (r < 0)
			return r;
		if (rs_vec_push(&children, child) < 0)
			return no_memory(p);
		if (p->token.type != joint)
			break;
		r = advance(p);
		if (r < 0)
			return r;
	}
	if (children.len > 1)
		return new_branch(p, op, children.items, children.len, ret_expr);
	*ret_expr = child;
	return 0;
}

static int parse_and(struct parser *p, const struct rs_expr **ret_expr)
{
	return parse_chain(p, RS_EXPR_AND, RS_TOKEN_AND, parse_not, ret_expr);
}

static int parse_or(struct parser *p, const struct rs_expr **ret_expr)
{
	return parse_chain(p, RS_EXPR_OR, RS_TOKEN_OR, parse_and, ret_expr);
}

static int leftover(struct parser *p)
{
	char shown[RS_TOKEN_SHOWN];

	if (p->token.type == RS_TOKEN_CLOSE)
		return fail(p, &p->token, "the ) closes nothing");
	fail(p, &p->token, "\"and\" or \"or\" is expected here, not %s",
	     rs_token_show(&p->lexer, &p->token, shown));
	return -EINVAL;
}

int rs_expr_parse(const char *text, struct rs_arena *arena, const struct rs_expr **ret_expr,
		  struct rs_expr_mark *ret_mark, struct rs_error *err)
{
	struct rs_expr_mark mark = { 0 };
	struct parser p = { .lexer = { .text = text,
				       .len = strlen(text),
				       .arena = arena,
				       .mark = &mark,
				       .err = err } };
	const struct rs_expr *expr = NULL;
	int r;

	if (p.lexer.len > RS_EXPR_MAX) {
		r = rs_error_set(err, -EINVAL, "the condition is longer than %u bytes",
				 RS_EXPR_MAX);
	} else {
		r = advance(&p);
		if (!r && p.token.type == RS_TOKEN_END)
			r = rs_error_set(err, -EINVAL, "the condition is empty");
		if (!r)
			r = parse_or(&p, &expr);
		if (!r && p.token.type != RS_TOKEN_END)
			r = leftover(&p);
	}
	if (!r)
		*ret_expr = expr;
	else if (ret_mark)
		*ret_mark = mark;
	return r;
}

/* --- joining --- */

static size_t count_terms(const struct rs_expr *expr)
{
	return expr->op == RS_EXPR_AND ? expr->n : 1;
}

static size_t add_terms(const struct rs_expr *expr, const struct rs_expr **out)
{
	if (expr->op != RS_EXPR_AND) {
		*out = expr;
		return 1;
	}
	memcpy(out, expr->child, expr->n * sizeof(*out));
	return expr->n;
}

int rs_expr_and(struct rs_arena *arena, const struct rs_expr *a, const struct rs_expr *b,
		const struct rs_expr **ret_expr)
{
	struct rs_expr *both;
	size_t n;

	if (!a || !b) {
		*ret_expr = a ? a : b;
		return 0;
	}
	both = rs_arena_new(arena, struct rs_expr);
	if (!both)
		return -ENOMEM;
	both->op = RS_EXPR_AND;
	both->n = count_terms(a) + count_terms(b);
	both->child = rs_arena_alloc_array(arena, both->n, sizeof(*both->child));
	if (!both->child)
		return -ENOMEM;
	n = add_terms(a, both->child);
	add_terms(b, both->child + n);
	*ret_expr = both;
	return 0;
}
