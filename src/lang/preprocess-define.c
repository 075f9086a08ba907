/* SPDX-License-Identifier: Apache-2.0 */
/*
 * #define, and the replacing of names. Arguments are replaced by themselves before they go into the
 * body (but not beside # and ##); a name is not replaced inside what it was replaced by.
 */
#include "lang/list.h"
#include "lang/preprocess.h"

#define PARAMS_MAX 64

static void add(struct rs_pp *pp, struct rs_token_list *list, struct rs_token token)
{
	if (!rs_list_add(pp->arena, list->items, list->n, token))
		pp->diags->out_of_memory = true;
}

/* ---- #define ---- */

/* One parameter; the next token to read, or -1 for a mistake. */
static int define_param(struct rs_pp *pp, const struct rs_token_list *line, unsigned i,
			struct rs_define *define)
{
	const struct rs_token *token = &line->items[i];

	if (i >= line->n || define->n_params >= PARAMS_MAX || define->is_variadic)
		return -1;
	if (token->kind == RS_TOKEN_ELLIPSIS)
		define->is_variadic = true;
	else if (token->kind != RS_TOKEN_NAME)
		return -1;
	if (!rs_list_add(pp->arena, define->params, define->n_params,
			 define->is_variadic ? "__VA_ARGS__" : token->text))
		pp->diags->out_of_memory = true;
	return (int)i + 1;
}

/* "(a, b)" at i: where the body begins, or -1. */
static int define_params(struct rs_pp *pp, const struct rs_token_list *line, int i,
			 struct rs_define *define)
{
	define->is_function = true;
	if ((unsigned)++i < line->n && line->items[i].kind == RS_TOKEN_RPAREN)
		return i + 1;
	for (;;) {
		i = define_param(pp, line, (unsigned)i, define);
		if (i < 0 || (unsigned)i >= line->n)
			return -1;
		if (line->items[i].kind == RS_TOKEN_RPAREN)
			return i + 1;
		if (line->items[i++].kind != RS_TOKEN_COMMA)
			return -1;
	}
}

void rs_pp_define(struct rs_pp *pp)
{
	struct rs_lexer *lexer = &pp->source->lexer;
	struct rs_span here = { .at = lexer->at, .source = lexer->source };
	struct rs_token_list line = rs_pp_line(pp);
	struct rs_define *define = rs_arena_new(pp->arena, struct rs_define);
	int body = 1;

	if (!define) {
		pp->diags->out_of_memory = true;
		return;
	}
	if (!line.n || line.items[0].kind != RS_TOKEN_NAME) {
		rs_diag_error(pp->diags, line.n ? line.items[0].span : here,
			      "#define needs a name");
		return;
	}
	define->name = line.items[0].text;
	if (line.n > 1 && line.items[1].kind == RS_TOKEN_LPAREN && !line.items[1].space_before)
		body = define_params(pp, &line, 1, define);
	if (body < 0) {
		rs_diag_error(pp->diags, line.items[1].span,
			      "the parameters of \"%s\" are not a list of names", define->name);
		return;
	}
	define->body.items = line.items + body;
	define->body.n = line.n - (unsigned)body;
	rs_pp_add(pp, define);
}

void rs_pp_define_name(struct rs_pp *pp, const char *name)
{
	struct rs_define *define = rs_arena_new(pp->arena, struct rs_define);

	if (!define) {
		pp->diags->out_of_memory = true;
		return;
	}
	define->name = name;
	add(pp, &define->body,
	    (struct rs_token){ .kind = RS_TOKEN_INT, .raw = "1", .raw_len = 1, .number = 1 });
	rs_pp_add(pp, define);
}

/* ---- arguments ---- */

struct use {
	struct rs_define *define;
	struct rs_token name;
	struct rs_token_list raw[PARAMS_MAX], expanded[PARAMS_MAX];
	unsigned n;
	uint16_t expansion;
};

/* Behind the opening parenthesis. False (and a message) when the closing one is missing. */
static bool read_arguments(struct rs_pp *pp, struct use *use)
{
	unsigned depth = 0;

	use->n = 0;
	for (;;) {
		struct rs_token token = rs_pp_raw(pp);
		bool last = use->define->is_variadic && use->n + 1 >= use->define->n_params;

		if (token.kind == RS_TOKEN_END) {
			rs_diag_error(pp->diags, use->name.span,
				      "the arguments of \"%s\" have no closing parenthesis",
				      use->define->name);
			return false;
		}
		if (token.kind == RS_TOKEN_RPAREN && !depth)
			break;
		depth += token.kind == RS_TOKEN_LPAREN;
		depth -= token.kind == RS_TOKEN_RPAREN;
		if (token.kind == RS_TOKEN_COMMA && !depth && !last)
			use->n++;
		else if (use->n < PARAMS_MAX)
			add(pp, &use->raw[use->n], token);
	}
	if (use->n || use->raw[0].n || use->define->n_params)
		use->n++;
	if (use->define->is_variadic && use->n + 1 == use->define->n_params)
		use->n++;
	if (use->n == use->define->n_params)
		return true;
	rs_diag_error(pp->diags, use->name.span, "\"%s\" takes %u argument%s, not %u",
		      use->define->name, use->define->n_params,
		      use->define->n_params == 1 ? "" : "s", use->n);
	return false;
}

struct rs_token_list rs_pp_expand_list(struct rs_pp *pp, struct rs_token_list list)
{
	struct rs_token_list out = { 0 };
	struct rs_pp_frame *frames = pp->frames;
	unsigned n_frames = pp->n_frames;

	if (n_frames >= RS_PP_EXPANSIONS_MAX || !rs_pp_push(pp, list, NULL))
		return out;
	pp->frames->barrier = true;
	for (;;) {
		struct rs_token token = rs_pp_next(pp);

		if (token.kind == RS_TOKEN_END)
			break;
		add(pp, &out, token);
	}
	pp->frames = frames;
	pp->n_frames = n_frames;
	return out;
}

/* ---- the body ---- */

static int param_index(const struct rs_define *define, const struct rs_token *token)
{
	for (unsigned i = 0; token->kind == RS_TOKEN_NAME && i < define->n_params; i++)
		if (strcmp(define->params[i], token->text) == 0)
			return (int)i;
	return -1;
}

/* #x: the argument as a string. */
static struct rs_token stringify(struct rs_pp *pp, const struct rs_token_list *list)
{
	struct rs_token token = { .kind = RS_TOKEN_STRING, .raw = "\"\"", .raw_len = 2 };
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(65536);

	for (unsigned i = 0; i < list->n; i++) {
		if (i && list->items[i].space_before)
			rs_str_append_char(&text, ' ');
		rs_str_append(&text, list->items[i].raw, list->items[i].raw_len);
	}
	token.text = rs_arena_strndup(pp->arena, rs_str_cstr(&text), text.len);
	token.text_len = (uint32_t)text.len;
	if (!token.text) {
		pp->diags->out_of_memory = true;
		token.text = "";
	}
	return token;
}

/* a##b: one token of both; when there is no such token, the first alone and false. */
static bool paste(struct rs_pp *pp, struct rs_token *a, const struct rs_token *b)
{
	char *text = rs_arena_printf(pp->arena, "%.*s%.*s", (int)a->raw_len, a->raw,
				     (int)b->raw_len, b->raw);
	struct rs_lexer lexer;
	struct rs_token both;

	if (!text) {
		pp->diags->out_of_memory = true;
		return false;
	}
	rs_lex_init(&lexer, pp->arena, text, a->raw_len + b->raw_len, 0);
	both = rs_lex_next(&lexer);
	if (both.raw_len != lexer.len)
		return false;
	both.span = a->span;
	both.space_before = a->space_before;
	*a = both;
	return true;
}

/* From the body: where the name was used, and by what. */
static void add_own(struct rs_pp *pp, struct rs_token_list *out, struct rs_token token,
		    const struct use *use)
{
	token.span = use->name.span;
	token.span.expansion = use->expansion;
	token.expanded = true;
	token.line_start = false;
	add(pp, out, token);
}

static void add_list(struct rs_pp *pp, struct rs_token_list *out, const struct rs_token_list *list,
		     bool space)
{
	for (unsigned i = 0; i < list->n; i++) {
		struct rs_token token = list->items[i];

		token.line_start = false;
		token.space_before |= !i && space;
		add(pp, out, token);
	}
}

/* Body token i (and what is pasted to it): the index behind. */
static unsigned add_body(struct rs_pp *pp, struct rs_token_list *out, const struct use *use,
			 unsigned i)
{
	const struct rs_token_list *body = &use->define->body;
	const struct rs_token *token = &body->items[i];
	bool pasted = i + 1 < body->n && body->items[i + 1].kind == RS_TOKEN_HASH_HASH;
	int param;

	if (token->kind == RS_TOKEN_HASH && use->define->is_function && i + 1 < body->n) {
		param = param_index(use->define, &body->items[i + 1]);
		if (param >= 0) {
			add_own(pp, out, stringify(pp, &use->raw[param]), use);
			return i + 2;
		}
	}
	param = param_index(use->define, token);
	if (param < 0)
		add_own(pp, out, *token, use);
	else
		add_list(pp, out, pasted ? &use->raw[param] : &use->expanded[param],
			 token->space_before);
	return i + 1;
}

static struct rs_token_list substitute(struct rs_pp *pp, const struct use *use)
{
	const struct rs_token_list *body = &use->define->body;
	struct rs_token_list out = { 0 };

	for (unsigned i = 0; i < body->n && !pp->diags->out_of_memory;) {
		struct rs_token_list right = { 0 };

		if (body->items[i].kind != RS_TOKEN_HASH_HASH || !i || i + 1 >= body->n) {
			i = add_body(pp, &out, use, i);
			continue;
		}
		int param = param_index(use->define, &body->items[i + 1]);

		if (param >= 0)
			add_list(pp, &right, &use->raw[param], false);
		else
			add_own(pp, &right, body->items[i + 1], use);
		i += 2;
		if (out.n && right.n && paste(pp, &out.items[out.n - 1], &right.items[0])) {
			right.items++;
			right.n--;
		}
		add_list(pp, &out, &right, false);
	}
	return out;
}

/* ---- use ---- */

/* The frames that the name came out of are all still there: they are dropped when more is read. */
static bool is_active(const struct rs_pp *pp, const struct rs_define *define)
{
	for (const struct rs_pp_frame *frame = pp->frames; frame; frame = frame->below)
		if (frame->define == define)
			return true;
	return false;
}

/* Whether an opening parenthesis comes next. */
static bool is_paren_next(struct rs_pp *pp)
{
	struct rs_lexer ahead = pp->source->lexer;

	for (const struct rs_pp_frame *frame = pp->frames; frame; frame = frame->below) {
		if (frame->at < frame->list.n)
			return frame->list.items[frame->at].kind == RS_TOKEN_LPAREN;
		if (frame->barrier)
			return false;
	}
	return !rs_lex_blanks(&ahead) && ahead.at < ahead.len && ahead.text[ahead.at] == '(';
}

static bool has_room(struct rs_pp *pp, const struct use *use, unsigned n)
{
	pp->n_tokens += n + 1;
	if (pp->n_tokens <= RS_PP_TOKENS_MAX && pp->n_frames < RS_PP_EXPANSIONS_MAX)
		return true;
	rs_diag_error(pp->diags, use->name.span,
		      "\"%s\" is defined by so much text that reading stops here",
		      use->define->name);
	pp->exhausted = true;
	return false;
}

bool rs_pp_expand(struct rs_pp *pp, struct rs_token *name)
{
	struct rs_define *define = rs_pp_find(pp, name->text);
	struct rs_token_list list;
	struct use *use;

	if (!define || (define->is_function && !is_paren_next(pp)))
		return false;
	if (is_active(pp, define)) {
		name->no_expand = true;
		return false;
	}
	use = rs_arena_new(pp->arena, struct use);
	if (!use) {
		pp->diags->out_of_memory = true;
		return false;
	}
	*use = (struct use){ .define = define, .name = *name };
	if (define->is_function) {
		rs_pp_raw(pp);
		if (!read_arguments(pp, use))
			return true;
		for (unsigned i = 0; i < use->n; i++)
			use->expanded[i] = rs_pp_expand_list(pp, use->raw[i]);
	}
	use->expansion = rs_diags_add_expansion(pp->diags, define->name, name->span);
	list = substitute(pp, use);
	if (list.n) {
		list.items[0].space_before = name->space_before;
		list.items[0].line_start = name->line_start;
	}
	return !has_room(pp, use, list.n) || rs_pp_push(pp, list, define);
}
