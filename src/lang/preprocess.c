/* SPDX-License-Identifier: Apache-2.0 */
/* Directives and included sources. */
#include <errno.h>

#include "base/suggest.h"
#include "lang/list.h"
#include "lang/preprocess.h"

/* ---- defined names ---- */

static unsigned hash(const char *name)
{
	unsigned h = 5381;

	while (*name)
		h = h * 33 + (unsigned char)*name++;
	return h % RS_PP_BUCKETS;
}

struct rs_define *rs_pp_find(const struct rs_pp *pp, const char *name)
{
	for (struct rs_define *d = pp->defines[hash(name)]; d; d = d->next)
		if (strcmp(d->name, name) == 0)
			return d->undefined ? NULL : d;
	return NULL;
}

void rs_pp_add(struct rs_pp *pp, struct rs_define *define)
{
	define->next = pp->defines[hash(define->name)];
	pp->defines[hash(define->name)] = define;
}

/* ---- sources ---- */

static bool enter(struct rs_pp *pp, uint16_t number)
{
	const struct rs_source_text *text = &pp->diags->sources[number];
	struct rs_pp_source *source = rs_arena_new(pp->arena, struct rs_pp_source);

	if (!source)
		return false;
	rs_lex_init(&source->lexer, pp->arena, text->text, (uint32_t)text->len, number);
	if (text->len > 2 && memcmp(text->text, "#!", 2) == 0)
		while (source->lexer.at < text->len && text->text[source->lexer.at] != '\n')
			source->lexer.at++;
	source->below = pp->source;
	pp->source = source;
	pp->n_sources++;
	return true;
}

static void check_conditions(struct rs_pp *pp)
{
	struct rs_pp_source *source = pp->source;

	while (source->n_conditions) {
		struct rs_pp_condition *c = &source->conditions[--source->n_conditions];

		rs_diag_error(pp->diags, c->span, "this condition has no #endif");
	}
}

/* At the end of a source: true when there is one below that goes on. */
static bool leave(struct rs_pp *pp)
{
	check_conditions(pp);
	if (!pp->source->below)
		return false;
	pp->source = pp->source->below;
	pp->n_sources--;
	return true;
}

void rs_pp_init(struct rs_pp *pp, struct rs_arena *arena, struct rs_diags *diags,
		const struct rs_front_options *options)
{
	*pp = (struct rs_pp){ .arena = arena, .diags = diags, .options = options };
	for (unsigned i = 0; options->predefined && options->predefined[i]; i++)
		rs_pp_define_name(pp, options->predefined[i]);
	if (!enter(pp, 0))
		diags->out_of_memory = true;
}

/* ---- conditions ---- */

/* A comment begins here, and no pattern in a path (uprobe:/usr/lib/[*]:f). */
static bool at_comment(const struct rs_lexer *lexer)
{
	const char *p = lexer->text + lexer->at;

	return p[0] == '/' && p[1] == '*' && !rs_lex_is_name(p[-1]) && !strchr(":/\".-", p[-1]);
}

/* Skips to the next line that begins with #, with regard to comments; puts the lexer behind the #.
 * */
static bool skip_to_directive(struct rs_lexer *lexer)
{
	while (lexer->at < lexer->len) {
		if (rs_lex_blanks(lexer) || lexer->at >= lexer->len)
			break;
		if (lexer->line_start && lexer->text[lexer->at] == '#') {
			lexer->at++;
			lexer->line_start = false;
			return true;
		}
		do
			lexer->at++;
		while (lexer->at < lexer->len && lexer->text[lexer->at] != '\n' &&
		       !at_comment(lexer));
		lexer->line_start = false;
	}
	lexer->at = lexer->len;
	return false;
}

/* The name of a directive behind its #. */
static struct rs_token directive_name(struct rs_pp *pp)
{
	struct rs_lexer *lexer = &pp->source->lexer, before = *lexer;
	struct rs_token name = rs_lex_next(lexer);

	if (!name.line_start && name.kind != RS_TOKEN_END)
		return name;
	*lexer = before;
	return (struct rs_token){ .kind = RS_TOKEN_END, .span = name.span };
}

static bool is_true(struct rs_pp *pp, const struct rs_token *name)
{
	struct rs_token_list line = rs_pp_line(pp);
	bool negated = strcmp(name->text, "ifndef") == 0;

	if (!negated && strcmp(name->text, "ifdef") != 0)
		return rs_pp_condition(pp, line, name->span);
	if (line.n && line.items[0].kind == RS_TOKEN_NAME)
		return negated != (rs_pp_find(pp, line.items[0].text) != NULL);
	rs_diag_error(pp->diags, name->span, "#%s needs a name", name->text);
	return false;
}

/* From a branch that is not taken to one that is, or to the end. */
static void skip_branches(struct rs_pp *pp)
{
	struct rs_pp_source *source = pp->source;
	struct rs_pp_condition *condition = &source->conditions[source->n_conditions - 1];
	unsigned depth = 0;

	while (skip_to_directive(&source->lexer)) {
		struct rs_token name = directive_name(pp);

		if (name.kind != RS_TOKEN_NAME)
			continue;
		if (strncmp(name.text, "if", 2) == 0) {
			depth++;
		} else if (strcmp(name.text, "endif") == 0) {
			if (!depth--) {
				source->n_conditions--;
				rs_pp_line(pp);
				return;
			}
		} else if (!depth && strcmp(name.text, "else") == 0) {
			condition->saw_else = true;
			if (!condition->taken) {
				condition->taken = true;
				rs_pp_line(pp);
				return;
			}
		} else if (!depth && strcmp(name.text, "elif") == 0 && !condition->taken) {
			condition->taken = is_true(pp, &name);
			if (condition->taken)
				return;
		}
	}
}

static void begin_condition(struct rs_pp *pp, const struct rs_token *name)
{
	struct rs_pp_source *source = pp->source;
	bool taken = is_true(pp, name);

	if (source->n_conditions >= RS_PP_CONDITIONS_MAX) {
		rs_diag_error(pp->diags, name->span, "conditions are nested deeper than %d",
			      RS_PP_CONDITIONS_MAX);
		source->lexer.at = source->lexer.len;
		source->n_conditions = 0;
		return;
	}
	source->conditions[source->n_conditions++] = (struct rs_pp_condition){ .span = name->span,
									       .taken = taken };
	if (!taken)
		skip_branches(pp);
}

/* Behind a branch that was taken. */
static void end_branch(struct rs_pp *pp, const struct rs_token *name)
{
	struct rs_pp_source *source = pp->source;

	if (!source->n_conditions) {
		rs_diag_error(pp->diags, name->span, "#%s without an #if before it", name->text);
		rs_pp_line(pp);
		return;
	}
	if (strcmp(name->text, "endif") == 0) {
		rs_pp_line(pp);
		source->n_conditions--;
		return;
	}
	rs_pp_line(pp);
	skip_branches(pp);
}

/* ---- directives ---- */

struct rs_token_list rs_pp_line(struct rs_pp *pp)
{
	struct rs_lexer *lexer = &pp->source->lexer;
	struct rs_token_list list = { 0 };

	for (;;) {
		struct rs_lexer before = *lexer;
		struct rs_token token = rs_lex_next(lexer);

		if (token.kind == RS_TOKEN_END || token.line_start) {
			*lexer = before;
			return list;
		}
		if (!rs_list_add(pp->arena, list.items, list.n, token)) {
			pp->diags->out_of_memory = true;
			return list;
		}
	}
}

/* The name between <> or "", which is no string: a backslash is a backslash. */
static char *include_name(struct rs_pp *pp, struct rs_span *span)
{
	struct rs_lexer *lexer = &pp->source->lexer;
	uint32_t at = lexer->at, end;
	char close;

	while (lexer->text[at] == ' ' || lexer->text[at] == '\t')
		at++;
	close = lexer->text[at] == '<' ? '>' : lexer->text[at] == '"' ? '"' : '\0';
	for (end = at + 1; close && lexer->text[end] != close; end++)
		if (end >= lexer->len || lexer->text[end] == '\n')
			close = '\0';
	if (!close)
		return NULL;
	*span = (struct rs_span){ .at = at, .len = end + 1 - at, .source = lexer->source };
	lexer->at = end + 1;
	return rs_arena_strndup(pp->arena, lexer->text + at + 1, end - at - 1);
}

static void read_include(struct rs_pp *pp, const char *name, struct rs_span span)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(RS_SCRIPT_MAX * 4);
	int r = 0, number;
	char *kept;

	pp->has_includes = true;
	if (pp->options->read_include)
		r = pp->options->read_include(pp->options->ctx, name, &text);
	if (r < 0)
		rs_diag_error(pp->diags, span, "cannot read \"%s\": %s", name, strerror(-r));
	if (r <= 0)
		return;
	kept = rs_arena_strndup(pp->arena, text.data ? text.data : "", text.len);
	if (!kept) {
		pp->diags->out_of_memory = true;
		return;
	}
	number = rs_diags_add_source(pp->diags, name, kept, text.len);
	if (number < 0 || pp->n_sources >= RS_PP_INCLUDES_MAX) {
		rs_diag_error(pp->diags, span, "too many files are included");
		return;
	}
	if (!enter(pp, (uint16_t)number))
		pp->diags->out_of_memory = true;
}

static void include(struct rs_pp *pp, const struct rs_token *directive)
{
	struct rs_span span;
	char *name = include_name(pp, &span);

	rs_pp_line(pp);
	if (name) {
		read_include(pp, name, span);
		return;
	}
	rs_diag_error(pp->diags, directive->span, "#include needs the name of a file");
	rs_diag_hint(pp->diags, "#include <linux/socket.h>, or #include \"mine.h\"");
}

static void undefine(struct rs_pp *pp, const struct rs_token *directive)
{
	struct rs_token_list line = rs_pp_line(pp);
	struct rs_define *define;

	if (!line.n || line.items[0].kind != RS_TOKEN_NAME) {
		rs_diag_error(pp->diags, directive->span, "#undef needs a name");
		return;
	}
	define = rs_pp_find(pp, line.items[0].text);
	if (define)
		define->undefined = true;
}

static void unknown_directive(struct rs_pp *pp, const struct rs_token *name)
{
	static const char *const names[] = { "define", "undef", "include", "if",    "ifdef",
					     "ifndef", "elif",  "else",    "endif", "pragma" };
	const char *near;

	if (rs_pp_is_included(pp))
		return;
	near = name->kind == RS_TOKEN_NAME
		       ? rs_suggest_nearest(name->text, names, ARRAY_SIZE(names))
		       : NULL;
	rs_diag_error(pp->diags, name->span,
		      "a line that begins with # is a directive, and there is no such one");
	if (near)
		rs_diag_hint(pp->diags, "did you mean \"#%s\"?", near);
	else
		rs_diag_hint(pp->diags, "comments begin with // or stand between /* and */");
}

static void told_error(struct rs_pp *pp, const struct rs_token *name)
{
	struct rs_token_list line = rs_pp_line(pp);
	const struct rs_token *last = line.n ? &line.items[line.n - 1] : NULL;

	rs_diag_error(pp->diags, name->span, "#error%s%.*s", last ? ": " : "",
		      last ? (int)(last->raw + last->raw_len - line.items[0].raw) : 0,
		      last ? line.items[0].raw : "");
}

static void directive(struct rs_pp *pp)
{
	struct rs_token name = directive_name(pp);
	bool named = name.kind == RS_TOKEN_NAME;

	if (name.kind == RS_TOKEN_END)
		return;
	if (named && strcmp(name.text, "define") == 0) {
		rs_pp_define(pp);
	} else if (named && strcmp(name.text, "include") == 0) {
		include(pp, &name);
	} else if (named && strcmp(name.text, "undef") == 0) {
		undefine(pp, &name);
	} else if (named && (strcmp(name.text, "if") == 0 || strcmp(name.text, "ifdef") == 0 ||
			     strcmp(name.text, "ifndef") == 0)) {
		begin_condition(pp, &name);
	} else if (named && (strcmp(name.text, "elif") == 0 || strcmp(name.text, "else") == 0 ||
			     strcmp(name.text, "endif") == 0)) {
		end_branch(pp, &name);
	} else if (named && strcmp(name.text, "error") == 0) {
		told_error(pp, &name);
	} else {
		if (!named ||
		    (strcmp(name.text, "pragma") != 0 && strcmp(name.text, "warning") != 0))
			unknown_directive(pp, &name);
		rs_pp_line(pp);
	}
}

/* ---- reading ---- */

/* At a # that begins a line. */
static bool at_directive(const struct rs_lexer *lexer)
{
	return lexer->line_start && lexer->at < lexer->len && lexer->text[lexer->at] == '#';
}

bool rs_pp_blanks(struct rs_pp *pp)
{
	while (!pp->diags->out_of_memory && !pp->exhausted) {
		struct rs_lexer *lexer = &pp->source->lexer;

		const char *mistake = rs_lex_blanks(lexer);

		if (mistake) {
			struct rs_span span = { .at = lexer->at,
						.len = 2,
						.source = lexer->source };

			rs_diag_error(pp->diags, span, "%s", mistake);
			lexer->at = lexer->len;
		} else if (at_directive(lexer)) {
			lexer->at++;
			lexer->line_start = false;
			directive(pp);
		} else if (lexer->at < lexer->len) {
			return true;
		} else if (!leave(pp)) {
			return false;
		}
	}
	return false;
}

bool rs_pp_push(struct rs_pp *pp, struct rs_token_list list, struct rs_define *define)
{
	struct rs_pp_frame *frame = rs_arena_new(pp->arena, struct rs_pp_frame);

	if (!frame) {
		pp->diags->out_of_memory = true;
		return false;
	}
	*frame = (struct rs_pp_frame){ .list = list, .define = define, .below = pp->frames };
	pp->frames = frame;
	pp->n_frames++;
	return true;
}

struct rs_token rs_pp_raw(struct rs_pp *pp)
{
	struct rs_token token = { .kind = RS_TOKEN_END };

	while (pp->frames && pp->frames->at >= pp->frames->list.n) {
		if (pp->frames->barrier)
			return token;
		pp->frames = pp->frames->below;
		pp->n_frames--;
	}
	if (pp->frames)
		return pp->frames->list.items[pp->frames->at++];
	while (!pp->diags->out_of_memory && !pp->exhausted) {
		token = rs_lex_next(&pp->source->lexer);
		if (pp->source->lexer.out_of_memory)
			pp->diags->out_of_memory = true;
		else if (token.kind == RS_TOKEN_HASH && token.line_start)
			directive(pp);
		else if (token.kind != RS_TOKEN_END || !leave(pp))
			return token;
	}
	return (struct rs_token){ .kind = RS_TOKEN_END, .span = token.span };
}

struct rs_token rs_pp_next(struct rs_pp *pp)
{
	for (;;) {
		struct rs_token token = rs_pp_raw(pp);

		if (token.kind != RS_TOKEN_NAME || token.no_expand || !rs_pp_expand(pp, &token))
			return token;
	}
}
