/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts an expression into words. A word without quotes is whatever holds no blank, quote, comma,
 * parenthesis or operator: names of fields and labels, numbers, paths, addresses and dates are words
 * alike, and what one means is said by the place where it stands.
 */
#include "rules/lex.h"

#include <errno.h>

static const struct {
	const char *word;
	enum rs_token_type type;
	enum rs_expr_op op;
} keywords[] = {
	{ "and", RS_TOKEN_AND, 0 },
	{ "or", RS_TOKEN_OR, 0 },
	{ "not", RS_TOKEN_NOT, 0 },
	{ "in", RS_TOKEN_COMPARE, RS_EXPR_IN },
	{ "glob", RS_TOKEN_COMPARE, RS_EXPR_GLOB },
	{ "startswith", RS_TOKEN_COMPARE, RS_EXPR_STARTSWITH },
	{ "endswith", RS_TOKEN_COMPARE, RS_EXPR_ENDSWITH },
	{ "contains", RS_TOKEN_COMPARE, RS_EXPR_CONTAINS },
	{ "exists", RS_TOKEN_COMPARE, RS_EXPR_EXISTS },
};

/* Longest first. Those without a type are what people write from habit, with what to write here. */
static const struct {
	const char *sign;
	enum rs_token_type type;
	enum rs_expr_op op;
	const char *hint;
} signs[] = {
	{ "===", RS_TOKEN_END, 0, "write ==" },
	{ "!==", RS_TOKEN_END, 0, "write !=" },
	{ "==", RS_TOKEN_COMPARE, RS_EXPR_EQ, NULL },
	{ "!=", RS_TOKEN_COMPARE, RS_EXPR_NE, NULL },
	{ "<=", RS_TOKEN_COMPARE, RS_EXPR_LE, NULL },
	{ ">=", RS_TOKEN_COMPARE, RS_EXPR_GE, NULL },
	{ "&&", RS_TOKEN_AND, 0, NULL },
	{ "||", RS_TOKEN_OR, 0, NULL },
	{ "<>", RS_TOKEN_END, 0, "write !=" },
	{ "=~", RS_TOKEN_END, 0, "write glob, startswith, endswith or contains" },
	{ "!~", RS_TOKEN_END, 0, "write not, and glob or contains" },
	{ "<", RS_TOKEN_COMPARE, RS_EXPR_LT, NULL },
	{ ">", RS_TOKEN_COMPARE, RS_EXPR_GT, NULL },
	{ "!", RS_TOKEN_NOT, 0, NULL },
	{ "(", RS_TOKEN_OPEN, 0, NULL },
	{ ")", RS_TOKEN_CLOSE, 0, NULL },
	{ ",", RS_TOKEN_COMMA, 0, NULL },
	{ "=", RS_TOKEN_END, 0, "write ==" },
	{ "&", RS_TOKEN_END, 0, "write && or and" },
	{ "|", RS_TOKEN_END, 0, "write || or or" },
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

static bool ends_word(char c)
{
	return is_blank(c) || is_control(c) || strchr("()\"',=!<>&|", c);
}

static int fail(struct rs_lexer *lexer, size_t at, size_t len, const char *what)
{
	if (lexer->mark)
		*lexer->mark = (struct rs_expr_mark){ at, len };
	return rs_error_set(lexer->err, -EINVAL, "%s", what);
}

static int keep(struct rs_lexer *lexer, const void *data, size_t n, struct rs_token *token)
{
	const char *copy = rs_arena_strndup(lexer->arena, data, n);

	if (!copy)
		return rs_error_set_errno(lexer->err, -ENOMEM, "reading the condition");
	token->text = (struct rs_text){ .data = copy, .len = (uint32_t)n };
	return 0;
}

/* --- strings --- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What follows a backslash, at p. How many bytes it takes, 0: nothing we know. */
static size_t unescape(const char *p, size_t left, char *ret_char)
{
	static const char letters[] = "\\\"'ntr", meanings[] = "\\\"'\n\t\r";
	const char *letter;
	int high, low;

	if (!left || !*p)
		return 0;
	letter = strchr(letters, *p);
	if (letter) {
		*ret_char = meanings[letter - letters];
		return 1;
	}
	if (*p != 'x' || left < 3)
		return 0;
	high = hex_digit(p[1]);
	low = hex_digit(p[2]);
	if (high < 0 || low < 0)
		return 0;
	*ret_char = (char)(high << 4 | low);
	return 3;
}

static int bad_escape(struct rs_lexer *lexer, size_t at)
{
	int r = fail(lexer, at, MIN((size_t)2, lexer->len - at),
		     "nothing is known by this backslash");

	rs_error_hint(lexer->err,
		      "\\\\ is a backslash; there are \\\" \\' \\n \\t \\r and \\xNN besides");
	return r;
}

static int lex_string(struct rs_lexer *lexer, struct rs_token *token)
{
	char quote = lexer->text[lexer->at], *out;
	size_t start = lexer->at, at = start + 1, n = 0, used;

	out = rs_arena_alloc(lexer->arena, lexer->len - start);
	if (!out)
		return rs_error_set_errno(lexer->err, -ENOMEM, "reading the condition");
	while (at < lexer->len && lexer->text[at] != quote) {
		if (lexer->text[at] != '\\') {
			out[n++] = lexer->text[at++];
			continue;
		}
		used = unescape(lexer->text + at + 1, lexer->len - at - 1, &out[n]);
		if (!used)
			return bad_escape(lexer, at);
		at += 1 + used;
		n++;
	}
	if (at >= lexer->len) {
		int r = fail(lexer, start, lexer->len - start, "the string has no end");

		rs_error_hint(lexer->err, "a %c is missing", quote);
		return r;
	}
	out[n] = '\0';
	token->type = RS_TOKEN_STRING;
	token->text = (struct rs_text){ .data = out, .len = (uint32_t)n };
	token->mark.len = at + 1 - start;
	lexer->at = at + 1;
	return 0;
}

/* --- the rest --- */

static int lex_sign(struct rs_lexer *lexer, struct rs_token *token)
{
	const char *p = lexer->text + lexer->at;
	size_t left = lexer->len - lexer->at;

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++) {
		size_t n = strlen(signs[i].sign);

		if (n > left || memcmp(p, signs[i].sign, n) != 0)
			continue;
		if (signs[i].hint) {
			char what[40];

			snprintf(what, sizeof(what), "there is no operator %s", signs[i].sign);
			fail(lexer, lexer->at, n, what);
			rs_error_hint(lexer->err, "%s", signs[i].hint);
			return -EINVAL;
		}
		token->type = signs[i].type;
		token->op = signs[i].op;
		token->mark.len = n;
		lexer->at += n;
		return 0;
	}
	return fail(lexer, lexer->at, 1, "a control character has no place here");
}

static int lex_word(struct rs_lexer *lexer, struct rs_token *token)
{
	const char *p = lexer->text + lexer->at;
	size_t n = 0, left = lexer->len - lexer->at;

	while (n < left && !ends_word(p[n]))
		n++;
	if (!n)
		return lex_sign(lexer, token);
	token->type = RS_TOKEN_WORD;
	token->mark.len = n;
	lexer->at += n;
	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++) {
		if (strlen(keywords[i].word) == n && memcmp(keywords[i].word, p, n) == 0) {
			token->type = keywords[i].type;
			token->op = keywords[i].op;
		}
	}
	return keep(lexer, p, n, token);
}

int rs_lexer_next(struct rs_lexer *lexer, struct rs_token *ret_token)
{
	while (lexer->at < lexer->len && is_blank(lexer->text[lexer->at]))
		lexer->at++;
	*ret_token = (struct rs_token){ .type = RS_TOKEN_END, .mark = { lexer->at, 0 } };
	ret_token->text.data = "";
	if (lexer->at == lexer->len)
		return 0;
	if (lexer->text[lexer->at] == '"' || lexer->text[lexer->at] == '\'')
		return lex_string(lexer, ret_token);
	return lex_word(lexer, ret_token);
}

const char *rs_token_show(const struct rs_lexer *lexer, const struct rs_token *token,
			  char buf[static RS_TOKEN_SHOWN])
{
	size_t n = MIN(token->mark.len, (size_t)(RS_TOKEN_SHOWN - 8));
	size_t used = rs_str_escape(buf, RS_TOKEN_SHOWN - 4, lexer->text + token->mark.at, n);

	if (n < token->mark.len)
		memcpy(buf + used, "...", 4);
	return buf;
}
