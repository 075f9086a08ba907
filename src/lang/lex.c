/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: blanks, names, punctuation. Numbers and strings are in lex-literal.c. */
#include "lang/lex.h"

const char *const rs_token_texts[RS_TOKEN_KIND_COUNT] = {
	[RS_TOKEN_LBRACE] = "{",       [RS_TOKEN_RBRACE] = "}",       [RS_TOKEN_LPAREN] = "(",
	[RS_TOKEN_RPAREN] = ")",       [RS_TOKEN_LBRACKET] = "[",     [RS_TOKEN_RBRACKET] = "]",
	[RS_TOKEN_SEMICOLON] = ";",    [RS_TOKEN_COMMA] = ",",        [RS_TOKEN_QUESTION] = "?",
	[RS_TOKEN_COLON] = ":",        [RS_TOKEN_DOT] = ".",          [RS_TOKEN_RANGE] = "..",
	[RS_TOKEN_ELLIPSIS] = "...",   [RS_TOKEN_ARROW] = "->",       [RS_TOKEN_ASSIGN] = "=",
	[RS_TOKEN_ADD] = "+",          [RS_TOKEN_SUB] = "-",          [RS_TOKEN_MUL] = "*",
	[RS_TOKEN_DIV] = "/",          [RS_TOKEN_MOD] = "%",          [RS_TOKEN_AND] = "&",
	[RS_TOKEN_OR] = "|",           [RS_TOKEN_XOR] = "^",          [RS_TOKEN_SHL] = "<<",
	[RS_TOKEN_SHR] = ">>",         [RS_TOKEN_ADD_ASSIGN] = "+=",  [RS_TOKEN_SUB_ASSIGN] = "-=",
	[RS_TOKEN_MUL_ASSIGN] = "*=",  [RS_TOKEN_DIV_ASSIGN] = "/=",  [RS_TOKEN_MOD_ASSIGN] = "%=",
	[RS_TOKEN_AND_ASSIGN] = "&=",  [RS_TOKEN_OR_ASSIGN] = "|=",   [RS_TOKEN_XOR_ASSIGN] = "^=",
	[RS_TOKEN_SHL_ASSIGN] = "<<=", [RS_TOKEN_SHR_ASSIGN] = ">>=", [RS_TOKEN_EQ] = "==",
	[RS_TOKEN_NE] = "!=",          [RS_TOKEN_LT] = "<",           [RS_TOKEN_LE] = "<=",
	[RS_TOKEN_GT] = ">",           [RS_TOKEN_GE] = ">=",          [RS_TOKEN_AND_AND] = "&&",
	[RS_TOKEN_OR_OR] = "||",       [RS_TOKEN_NOT] = "!",          [RS_TOKEN_BIT_NOT] = "~",
	[RS_TOKEN_INC] = "++",         [RS_TOKEN_DEC] = "--",         [RS_TOKEN_HASH] = "#",
	[RS_TOKEN_HASH_HASH] = "##",
};

void rs_lex_init(struct rs_lexer *lexer, struct rs_arena *arena, const char *text, uint32_t len,
		 uint16_t source)
{
	*lexer = (struct rs_lexer){
		.arena = arena,
		.text = text,
		.len = len,
		.source = source,
		.line_start = true,
	};
}

/* The byte i further on; NUL behind the end, and for NUL bytes inside, which are no token either.
 * */
static char peek(const struct rs_lexer *lexer, uint32_t i)
{
	return lexer->len - lexer->at > i ? lexer->text[lexer->at + i] : '\0';
}

static bool skip_block_comment(struct rs_lexer *lexer)
{
	for (uint32_t i = 2; lexer->len - lexer->at > i; i++) {
		if (peek(lexer, i) == '*' && peek(lexer, i + 1) == '/') {
			lexer->at += i + 2;
			return true;
		}
	}
	return false;
}

/* A backslash before the end of a line joins it with the next: its length, or 0. */
static uint32_t line_joint(const struct rs_lexer *lexer)
{
	if (peek(lexer, 0) != '\\')
		return 0;
	if (peek(lexer, 1) == '\n')
		return 2;
	return peek(lexer, 1) == '\r' && peek(lexer, 2) == '\n' ? 3 : 0;
}

const char *rs_lex_blanks(struct rs_lexer *lexer)
{
	while (lexer->at < lexer->len) {
		char c = peek(lexer, 0);

		if (c == '\n') {
			lexer->line_start = true;
			lexer->at++;
		} else if (rs_lex_is_space(c)) {
			lexer->at++;
		} else if (line_joint(lexer)) {
			lexer->at += line_joint(lexer);
		} else if (c == '/' && peek(lexer, 1) == '/') {
			while (lexer->at < lexer->len && peek(lexer, 0) != '\n')
				lexer->at++;
		} else if (c == '/' && peek(lexer, 1) == '*') {
			if (!skip_block_comment(lexer))
				return "this comment has no end (*/)";
		} else {
			break;
		}
	}
	return NULL;
}

static void keep_text(struct rs_lexer *lexer, struct rs_token *token)
{
	token->text = rs_arena_strndup(lexer->arena, token->raw, token->raw_len);
	token->text_len = token->raw_len;
	if (!token->text) {
		lexer->out_of_memory = true;
		token->text = "";
		token->text_len = 0;
	}
}

static uint32_t name_length(const struct rs_lexer *lexer, uint32_t from)
{
	uint32_t n = from;

	while (rs_lex_is_name(peek(lexer, n)))
		n++;
	return n;
}

static uint32_t punct(const struct rs_lexer *lexer, enum rs_token_kind *ret_kind)
{
	uint32_t best = 0;

	for (int kind = RS_TOKEN_FIRST_PUNCT; kind < RS_TOKEN_KIND_COUNT; kind++) {
		uint32_t n = (uint32_t)strlen(rs_token_texts[kind]);

		if (n > best && n <= lexer->len - lexer->at &&
		    memcmp(lexer->text + lexer->at, rs_token_texts[kind], n) == 0) {
			best = n;
			*ret_kind = kind;
		}
	}
	return best;
}

static void bad(struct rs_token *token, uint32_t len, const char *mistake)
{
	token->kind = RS_TOKEN_BAD;
	token->raw_len = len;
	token->text = mistake;
}

static void bad_character(struct rs_lexer *lexer, struct rs_token *token)
{
	uint32_t n = 1;

	while ((peek(lexer, n) & 0xc0) == 0x80 && n < 4)
		n++;
	bad(token, n,
	    *token->raw == '\'' ? "a character is written in single quotes: 'a'"
				: "this character has no meaning here");
}

static void lex_param(struct rs_lexer *lexer, struct rs_token *token)
{
	uint32_t n = 1;

	token->kind = RS_TOKEN_PARAM;
	for (; rs_lex_is_digit(peek(lexer, n)); n++)
		if (token->number < 100000)
			token->number = token->number * 10 + (uint64_t)(peek(lexer, n) - '0');
	token->raw_len = n;
	if (token->number == 0)
		bad(token, n, "positional parameters begin with $1");
	else if (token->number > 10000)
		bad(token, n, "there are no more than 10000 positional parameters");
}

static void lex_quoted(struct rs_lexer *lexer, struct rs_token *token)
{
	const char *mistake = NULL;
	bool character = *token->raw == '\'';

	token->kind = character ? RS_TOKEN_INT : RS_TOKEN_STRING;
	token->raw_len = (uint32_t)rs_lex_quoted(lexer->arena, token->raw, lexer->len - lexer->at,
						 &token->text, &token->text_len, &mistake);
	if (!mistake && character && token->text_len != 1)
		mistake =
			"a character literal holds one byte; strings are written in double quotes";
	if (mistake)
		bad(token, token->raw_len, mistake);
	else if (character)
		token->number = (unsigned char)token->text[0];
}

static void lex_token(struct rs_lexer *lexer, struct rs_token *token)
{
	char c = peek(lexer, 0);
	const char *mistake = NULL;

	if (rs_lex_is_name_start(c)) {
		token->kind = RS_TOKEN_NAME;
		token->raw_len = name_length(lexer, 0);
		keep_text(lexer, token);
	} else if (rs_lex_is_digit(c)) {
		token->kind = RS_TOKEN_INT;
		token->raw_len = (uint32_t)rs_lex_number(token->raw, lexer->len - lexer->at,
							 &token->number, &token->is_unsigned,
							 &mistake);
		if (mistake)
			bad(token, token->raw_len, mistake);
	} else if (c == '"' || c == '\'') {
		lex_quoted(lexer, token);
	} else if (c == '@' || (c == '$' && rs_lex_is_name_start(peek(lexer, 1)))) {
		token->kind = c == '@' ? RS_TOKEN_MAP : RS_TOKEN_VAR;
		token->raw_len = name_length(lexer, 1);
		keep_text(lexer, token);
	} else if (c == '$' && rs_lex_is_digit(peek(lexer, 1))) {
		lex_param(lexer, token);
	} else if (c == '$' && peek(lexer, 1) == '#') {
		token->kind = RS_TOKEN_PARAM;
		token->raw_len = 2;
	} else {
		token->raw_len = punct(lexer, &token->kind);
		if (!token->raw_len)
			bad_character(lexer, token);
	}
}

struct rs_token rs_lex_next(struct rs_lexer *lexer)
{
	uint32_t before = lexer->at;
	const char *mistake = rs_lex_blanks(lexer);
	struct rs_token token = {
		.line_start = lexer->line_start,
		.space_before = lexer->at > before,
		.span = { .at = lexer->at, .source = lexer->source },
		.raw = lexer->text + lexer->at,
	};

	if (mistake) {
		bad(&token, 2, mistake);
		token.span.len = token.raw_len;
		lexer->at = lexer->len;
		return token;
	}
	if (lexer->at >= lexer->len)
		return token;
	lex_token(lexer, &token);
	token.span.len = token.raw_len;
	lexer->at += token.raw_len;
	lexer->line_start = false;
	return token;
}
