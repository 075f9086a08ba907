/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens for the parser: looking ahead, expecting, and getting past mistakes. */
#include "lang/parse.h"

const struct rs_token *rs_parse_peek(struct rs_parser *p, unsigned i)
{
	while (p->n_ahead <= i)
		p->ahead[p->n_ahead++] = rs_pp_next(&p->pp);
	return &p->ahead[i];
}

struct rs_token rs_parse_take(struct rs_parser *p)
{
	struct rs_token token = *rs_parse_peek(p, 0);

	/* The end stays. */
	if (token.kind == RS_TOKEN_END)
		return token;
	p->n_ahead--;
	memmove(p->ahead, p->ahead + 1, p->n_ahead * sizeof(p->ahead[0]));
	p->last = token;
	return token;
}

bool rs_parse_is_word(struct rs_parser *p, const char *word)
{
	return rs_token_is(rs_parse_peek(p, 0), word);
}

bool rs_parse_accept(struct rs_parser *p, enum rs_token_kind kind)
{
	if (!rs_parse_is(p, kind))
		return false;
	rs_parse_take(p);
	return true;
}

bool rs_parse_accept_word(struct rs_parser *p, const char *word)
{
	if (!rs_parse_is_word(p, word))
		return false;
	rs_parse_take(p);
	return true;
}

/* "the number 12", "\"foo\"" */
static void describe(const struct rs_token *token, char *buf, size_t size)
{
	char raw[40];

	rs_str_escape(raw, sizeof(raw), token->raw, token->raw ? MIN(token->raw_len, 60) : 0);
	switch (token->kind) {
	case RS_TOKEN_END:
		snprintf(buf, size, "the end of the script");
		break;
	case RS_TOKEN_INT:
		snprintf(buf, size, "the number %s", raw);
		break;
	case RS_TOKEN_STRING:
		snprintf(buf, size, "the string %s", raw);
		break;
	default:
		snprintf(buf, size, "\"%s\"", raw);
	}
}

void rs_parse_wrong(struct rs_parser *p, const char *what)
{
	const struct rs_token *token = rs_parse_peek(p, 0);
	char found[80];

	if (p->too_deep || p->pp.exhausted)
		return;
	if (token->kind == RS_TOKEN_BAD) {
		rs_diag_error(p->diags, token->span, "%s", token->text);
		return;
	}
	describe(token, found, sizeof(found));
	rs_diag_error(p->diags, token->span, "expected %s, found %s", what, found);
}

bool rs_parse_expect(struct rs_parser *p, enum rs_token_kind kind, const char *where)
{
	char what[120];

	if (rs_parse_accept(p, kind))
		return true;
	snprintf(what, sizeof(what), "\"%s\" %s", rs_token_texts[kind], where);
	rs_parse_wrong(p, what);
	return false;
}

void rs_parse_no_semicolon(struct rs_parser *p, const char *what)
{
	const struct rs_token *next = rs_parse_peek(p, 0);
	struct rs_span behind = p->last.span;

	if (!next->line_start || p->last.expanded || next->kind == RS_TOKEN_BAD) {
		rs_parse_wrong(p, what);
		return;
	}
	behind.at += behind.len;
	behind.len = 1;
	rs_diag_error(p->diags, behind, "a \";\" is missing behind this");
}

bool rs_parse_enter(struct rs_parser *p)
{
	if (++p->depth <= RS_PARSE_DEPTH_MAX)
		return true;
	if (!p->too_deep)
		rs_diag_error(p->diags, rs_parse_peek(p, 0)->span,
			      "this is nested more than %d levels deep", RS_PARSE_DEPTH_MAX);
	p->too_deep = true;
	return false;
}

void rs_parse_leave(struct rs_parser *p)
{
	p->depth--;
}

struct rs_lexer *rs_parse_lexer(struct rs_parser *p)
{
	return &p->pp.source->lexer;
}

void rs_parse_rewind(struct rs_parser *p)
{
	struct rs_lexer *lexer = rs_parse_lexer(p);
	const struct rs_token *first = &p->ahead[0];

	if (!p->n_ahead || first->expanded || first->span.source != lexer->source ||
	    !rs_pp_is_plain(&p->pp))
		return;
	lexer->at = first->span.at;
	lexer->line_start = first->line_start;
	p->n_ahead = 0;
}

struct rs_span rs_parse_here(struct rs_parser *p)
{
	const struct rs_lexer *lexer = rs_parse_lexer(p);

	return (struct rs_span){ .at = lexer->at,
				 .len = lexer->at < lexer->len,
				 .source = lexer->source };
}

void rs_parse_skip_statement(struct rs_parser *p)
{
	/* A string without its closing quote has swallowed the rest of its line. */
	bool line = rs_parse_is(p, RS_TOKEN_BAD) && *rs_parse_peek(p, 0)->raw == '"';
	unsigned depth = 0;

	p->too_deep = false;
	for (;;) {
		enum rs_token_kind kind = rs_parse_peek(p, 0)->kind;

		if (kind == RS_TOKEN_END || (!depth && kind == RS_TOKEN_RBRACE))
			return;
		if (line && kind != RS_TOKEN_BAD && rs_parse_peek(p, 0)->line_start)
			return;
		rs_parse_take(p);
		depth += kind == RS_TOKEN_LBRACE;
		depth -= kind == RS_TOKEN_RBRACE;
		if (!depth && (kind == RS_TOKEN_SEMICOLON || kind == RS_TOKEN_RBRACE) &&
		    !rs_parse_is_word(p, "else"))
			return;
	}
}
