/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Between lexer and parser: directives, included sources, and names that a #define replaces. The
 * parser takes tokens from it; the texts of probes it reads itself, with rs_pp_blanks() and the
 * lexer of the source.
 *
 * Tokens that a #define made have the span of the name that was replaced, and the number of that
 * use.
 */

#include "lang/ast.h"
#include "lang/lex.h"

#define RS_PP_INCLUDES_MAX   24                  /* one in the other */
#define RS_PP_CONDITIONS_MAX 64                  /* #if in #if, per source */
#define RS_PP_TOKENS_MAX     ((unsigned)1 << 19) /* made by #define, in all */
#define RS_PP_EXPANSIONS_MAX 200                 /* one in the other */

struct rs_token_list {
	struct rs_token *items;
	unsigned n;
};

struct rs_define {
	const char *name;
	bool is_function;
	bool is_variadic; /* the last parameter is __VA_ARGS__ */
	bool undefined;
	const char **params;
	unsigned n_params;
	struct rs_token_list body;
	struct rs_define *next; /* of the same hash */
};

/* Tokens to be read before the source goes on. */
struct rs_pp_frame {
	struct rs_token_list list;
	unsigned at;
	struct rs_define *define; /* not replaced again inside; NULL for arguments */
	bool barrier;             /* END comes behind it, instead of what is below */
	struct rs_pp_frame *below;
};

struct rs_pp_condition {
	struct rs_span span;
	bool taken; /* a branch was */
	bool saw_else;
};

/* A source that is being read. */
struct rs_pp_source {
	struct rs_lexer lexer;
	struct rs_pp_condition conditions[RS_PP_CONDITIONS_MAX];
	unsigned n_conditions;
	struct rs_pp_source *below;
};

#define RS_PP_BUCKETS 256

struct rs_pp {
	struct rs_arena *arena;
	struct rs_diags *diags;
	const struct rs_front_options *options;
	struct rs_pp_source *source; /* the innermost */
	unsigned n_sources;
	struct rs_pp_frame *frames;
	unsigned n_frames, n_tokens, n_conditions;
	struct rs_define *defines[RS_PP_BUCKETS];
	bool has_includes;
	bool exhausted; /* too many tokens: only END from now on */
};

void rs_pp_init(struct rs_pp *pp, struct rs_arena *arena, struct rs_diags *diags,
		const struct rs_front_options *options);

/* The next token with names replaced. END stays. */
struct rs_token rs_pp_next(struct rs_pp *pp);

/* Skips blanks, comments and directives, goes into includes and out of them. False at the end of
 * the script. Only where no replaced tokens wait (rs_pp_is_plain). */
bool rs_pp_blanks(struct rs_pp *pp);
static inline bool rs_pp_is_plain(const struct rs_pp *pp)
{
	return !pp->frames;
}
/* Inside an included file. */
static inline bool rs_pp_is_included(const struct rs_pp *pp)
{
	return pp->source->below;
}

struct rs_define *rs_pp_find(const struct rs_pp *pp, const char *name);

/* ---- preprocess-define.c ---- */

/* Behind "#define": reads the rest of the line. */
void rs_pp_define(struct rs_pp *pp);
void rs_pp_define_name(struct rs_pp *pp, const char *name);
/* Replaces the name when there is something for it: true, and tokens wait. */
bool rs_pp_expand(struct rs_pp *pp, struct rs_token *name);
/* The list with names replaced, for the conditions. */
struct rs_token_list rs_pp_expand_list(struct rs_pp *pp, struct rs_token_list list);

/* ---- preprocess-if.c ---- */

/* The value of a condition; what is no number is 0. Mistakes are reported at span. */
bool rs_pp_condition(struct rs_pp *pp, struct rs_token_list list, struct rs_span span);

/* ---- preprocess.c, for the others ---- */

/* The next token as it stands in the waiting lists or the source: names are not replaced,
 * directives obeyed. */
struct rs_token rs_pp_raw(struct rs_pp *pp);
/* The rest of the line of a directive. */
struct rs_token_list rs_pp_line(struct rs_pp *pp);
void rs_pp_add(struct rs_pp *pp, struct rs_define *define);
bool rs_pp_push(struct rs_pp *pp, struct rs_token_list list, struct rs_define *define);
