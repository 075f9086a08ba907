/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Cuts a source into tokens, one at a time and without memory of its own: the parser reads the
 * probes of a script as plain text and may therefore put the position back. Nothing is reported
 * here: what is no token is one of kind BAD, whose text says why, and only who needs it complains.
 */

#include "lang/diag.h"

enum rs_token_kind {
	RS_TOKEN_END,
	RS_TOKEN_BAD,    /* text: what is wrong */
	RS_TOKEN_INT,    /* number; character literals too */
	RS_TOKEN_STRING, /* text, text_len: unescaped */
	RS_TOKEN_NAME,   /* keywords too */
	RS_TOKEN_VAR,    /* "$x" */
	RS_TOKEN_MAP,    /* "@x", "@" */
	RS_TOKEN_PARAM,  /* number; 0 for $# */
	/* From here on their text is in rs_token_texts. */
	RS_TOKEN_FIRST_PUNCT,
	RS_TOKEN_LBRACE = RS_TOKEN_FIRST_PUNCT,
	RS_TOKEN_RBRACE,
	RS_TOKEN_LPAREN,
	RS_TOKEN_RPAREN,
	RS_TOKEN_LBRACKET,
	RS_TOKEN_RBRACKET,
	RS_TOKEN_SEMICOLON,
	RS_TOKEN_COMMA,
	RS_TOKEN_QUESTION,
	RS_TOKEN_COLON,
	RS_TOKEN_DOT,
	RS_TOKEN_RANGE,    /* .. */
	RS_TOKEN_ELLIPSIS, /* ... */
	RS_TOKEN_ARROW,
	RS_TOKEN_ASSIGN,
	RS_TOKEN_ADD,
	RS_TOKEN_SUB,
	RS_TOKEN_MUL,
	RS_TOKEN_DIV,
	RS_TOKEN_MOD,
	RS_TOKEN_AND,
	RS_TOKEN_OR,
	RS_TOKEN_XOR,
	RS_TOKEN_SHL,
	RS_TOKEN_SHR,
	RS_TOKEN_ADD_ASSIGN,
	RS_TOKEN_SUB_ASSIGN,
	RS_TOKEN_MUL_ASSIGN,
	RS_TOKEN_DIV_ASSIGN,
	RS_TOKEN_MOD_ASSIGN,
	RS_TOKEN_AND_ASSIGN,
	RS_TOKEN_OR_ASSIGN,
	RS_TOKEN_XOR_ASSIGN,
	RS_TOKEN_SHL_ASSIGN,
	RS_TOKEN_SHR_ASSIGN,
	RS_TOKEN_EQ,
	RS_TOKEN_NE,
	RS_TOKEN_LT,
	RS_TOKEN_LE,
	RS_TOKEN_GT,
	RS_TOKEN_GE,
	RS_TOKEN_AND_AND,
	RS_TOKEN_OR_OR,
	RS_TOKEN_NOT,
	RS_TOKEN_BIT_NOT,
	RS_TOKEN_INC,
	RS_TOKEN_DEC,
	RS_TOKEN_HASH,
	RS_TOKEN_HASH_HASH,
	RS_TOKEN_KIND_COUNT,
};
extern const char *const rs_token_texts[RS_TOKEN_KIND_COUNT];

struct rs_token {
	enum rs_token_kind kind;
	bool line_start;   /* the first on its line */
	bool space_before; /* a space, comment or line end */
	bool no_expand;    /* a name that its own macro made */
	bool expanded;     /* made by a #define: raw is not at span */
	bool is_unsigned;  /* INT: u suffix, or beyond INT64_MAX */
	struct rs_span span;
	const char *raw; /* as written */
	uint32_t raw_len;
	uint32_t text_len;
	const char *text; /* NUL-terminated in the arena: NAME, VAR, MAP, STRING, BAD */
	uint64_t number;
};

struct rs_lexer {
	struct rs_arena *arena;
	const char *text; /* NUL-terminated */
	uint32_t len, at;
	uint16_t source;
	bool line_start; /* nothing but blanks before at, on this line */
	bool out_of_memory;
};

void rs_lex_init(struct rs_lexer *lexer, struct rs_arena *arena, const char *text, uint32_t len,
		 uint16_t source);

/* Skips blanks and comments; the text of a mistake in them, or NULL: a comment without end, where
 * the lexer stops. */
const char *rs_lex_blanks(struct rs_lexer *lexer);

/* Also skips blanks and comments before it. END at the end, again and again. */
struct rs_token rs_lex_next(struct rs_lexer *lexer);

/* Whether the token is the word. */
static inline bool rs_token_is(const struct rs_token *token, const char *word)
{
	return token->kind == RS_TOKEN_NAME && strcmp(token->text, word) == 0;
}

static inline bool rs_lex_is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
static inline bool rs_lex_is_digit(char c)
{
	return c >= '0' && c <= '9';
}
static inline bool rs_lex_is_name(char c)
{
	return rs_lex_is_name_start(c) || rs_lex_is_digit(c);
}
static inline bool rs_lex_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* ---- lex-literal.c ---- */

/* The number at text (n bytes, beginning with a digit): its length; a mistake's text or NULL. */
size_t rs_lex_number(const char *text, size_t n, uint64_t *ret_value, bool *ret_unsigned,
		     const char **ret_mistake);

/* The quoted string or character at text: its length with both quotes. *ret_text is in the arena.
 * */
size_t rs_lex_quoted(struct rs_arena *arena, const char *text, size_t n, const char **ret_text,
		     uint32_t *ret_len, const char **ret_mistake);
