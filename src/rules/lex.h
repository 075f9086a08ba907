/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The words of an expression. */

#include "rules/tree.h"

enum rs_token_type {
	RS_TOKEN_END,
	RS_TOKEN_WORD,   /* a name, a keyword, a literal without quotes */
	RS_TOKEN_STRING, /* with quotes; text is what they mean */
	RS_TOKEN_OPEN,
	RS_TOKEN_CLOSE,
	RS_TOKEN_COMMA,
	RS_TOKEN_COMPARE, /* op */
	RS_TOKEN_AND,     /* also the keywords */
	RS_TOKEN_OR,
	RS_TOKEN_NOT,
};

struct rs_token {
	enum rs_token_type type;
	enum rs_expr_op op;       /* RS_TOKEN_COMPARE, words included */
	struct rs_expr_mark mark; /* where it stands */
	struct rs_text text;      /* NUL-terminated, in the arena */
};

struct rs_lexer {
	const char *text;
	size_t len, at;
	struct rs_arena *arena;
	struct rs_expr_mark *mark; /* of the mistake */
	struct rs_error *err;
};

int rs_lexer_next(struct rs_lexer *lexer, struct rs_token *ret_token);

/* What a token looks like, harmless and short, for messages. */
#define RS_TOKEN_SHOWN 72
const char *rs_token_show(const struct rs_lexer *lexer, const struct rs_token *token,
			  char buf[static RS_TOKEN_SHOWN]);
