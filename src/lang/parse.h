/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The parser's own: recursive descent over the tokens of the preprocessor. A function that meets a
 * mistake reports it once and returns NULL (or false), which its callers hand on in silence up to
 * the statement or probe, where reading goes on behind the next place that looks sound.
 */

#include "lang/preprocess.h"

#define RS_PARSE_DEPTH_MAX 150 /* parentheses, blocks and the like, one in the other */
#define RS_PARSE_AHEAD     12

struct rs_parser {
	struct rs_arena *arena;
	struct rs_diags *diags;
	struct rs_pp pp;
	struct rs_script *script;
	struct rs_token ahead[RS_PARSE_AHEAD];
	unsigned n_ahead;
	struct rs_token last; /* taken most recently */
	unsigned depth;
	bool in_predicate;          /* "/ {" ends it */
	bool too_deep;              /* said so for this statement */
	bool ended;                 /* said that a closing brace is missing */
	struct rs_str declarations; /* freed by rs_script_parse() */
};

/* ---- parse-token.c ---- */

/* Token i from here, 0 the next. Valid until one is taken. */
const struct rs_token *rs_parse_peek(struct rs_parser *p, unsigned i);
struct rs_token rs_parse_take(struct rs_parser *p);
static inline bool rs_parse_is(struct rs_parser *p, enum rs_token_kind kind)
{
	return rs_parse_peek(p, 0)->kind == kind;
}
bool rs_parse_is_word(struct rs_parser *p, const char *word);
/* Takes it when it is there. */
bool rs_parse_accept(struct rs_parser *p, enum rs_token_kind kind);
bool rs_parse_accept_word(struct rs_parser *p, const char *word);
/* Takes it, or says that it was expected @where ("after the condition"). */
bool rs_parse_expect(struct rs_parser *p, enum rs_token_kind kind, const char *where);
/* "expected WHAT, found ..." at the next token. */
void rs_parse_wrong(struct rs_parser *p, const char *what);
/* Says that a ; is missing: on a new line right behind what came last, otherwise that @what was
 * expected. */
void rs_parse_no_semicolon(struct rs_parser *p, const char *what);
/* One level deeper; false (and a message) when that is too deep. Either way rs_parse_leave()
 * follows. */
bool rs_parse_enter(struct rs_parser *p);
void rs_parse_leave(struct rs_parser *p);
/* Position of the source, for texts that are no tokens: only with nothing ahead. */
struct rs_lexer *rs_parse_lexer(struct rs_parser *p);
/* Puts back the one token that is ahead, so that plain text can be read from it on. */
void rs_parse_rewind(struct rs_parser *p);
struct rs_span rs_parse_here(struct rs_parser *p);
/* Skips to behind the next ; or to before the } of this block. */
void rs_parse_skip_statement(struct rs_parser *p);

/* ---- nodes: parse-node.c ---- */

/* NULL when out of memory (which diags knows). */
struct rs_node *rs_parse_node(struct rs_parser *p, enum rs_node_kind kind, struct rs_span span);
/* Sets height and span from what hangs below; NULL (and a message) when it is too high. */
struct rs_node *rs_parse_finish(struct rs_parser *p, struct rs_node *node);
bool rs_parse_add(struct rs_parser *p, struct rs_node_list *list, struct rs_node *node);
char *rs_parse_copy(struct rs_parser *p, const char *text, size_t len);

/* ---- parse-type.c ---- */

/* Whether a type begins at token i that can be nothing else ("struct", "uint64", ...). */
bool rs_parse_is_type(struct rs_parser *p, unsigned i);
struct rs_type_name *rs_parse_type(struct rs_parser *p);
/* At an opening parenthesis: whether it begins a cast. */
bool rs_parse_is_cast(struct rs_parser *p);

/* ---- parse-expr.c ---- */

struct rs_node *rs_parse_expr(struct rs_parser *p);
/* Up to the closing token, which is taken. */
bool rs_parse_list(struct rs_parser *p, enum rs_token_kind close, struct rs_node_list *list,
		   const char *where);

/* ---- parse-stmt.c ---- */

/* At an opening brace: a BLOCK, or with @value and a last expression without ; a BLOCK_EXPR. */
struct rs_node *rs_parse_block(struct rs_parser *p, bool value);

/* ---- parse-probe.c ---- */

/* At plain text: its probes, predicate and body. */
void rs_parse_clause(struct rs_parser *p);

/* ---- macro.c ---- */

struct rs_macro_param {
	enum rs_node_kind kind; /* VAR, MAP, or NAME: any expression */
	const char *name;
};

struct rs_macro {
	const char *name;
	struct rs_span span;
	struct rs_macro_param *params;
	unsigned n_params;
	struct rs_node *body; /* BLOCK, BLOCK_EXPR, or an expression */
	struct rs_macro *next;
};

/* Replaces all uses of macros in the script's clauses. */
void rs_macro_expand_all(struct rs_parser *p);
