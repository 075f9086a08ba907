/* SPDX-License-Identifier: Apache-2.0 */
/* What stands outside of probes: C declarations, config, maps, macros. */
#include <ctype.h>
#include <errno.h>
#include <strings.h>

#include "base/suggest.h"
#include "lang/list.h"
#include "lang/parse.h"

#define DECLARATIONS_MAX ((size_t)16 << 20)

/* ---- C declarations ---- */

static void add_declared(struct rs_parser *p, const struct rs_token *token)
{
	if (token->line_start)
		rs_str_append_char(&p->declarations, '\n');
	else if (token->space_before || token->expanded)
		rs_str_append_char(&p->declarations, ' ');
	rs_str_append(&p->declarations, token->raw, token->raw_len);
}

/* All that an included file holds is C. The blanks before this token are skipped already. */
static void read_included(struct rs_parser *p)
{
	const struct rs_lexer *lexer = rs_parse_lexer(p);
	bool space = lexer->at && (rs_lex_is_space(lexer->text[lexer->at - 1]) ||
				   lexer->text[lexer->at - 1] == '/');

	do {
		struct rs_token token = rs_pp_next(&p->pp);

		token.space_before |= space;
		space = false;
		add_declared(p, &token);
	} while (!rs_pp_is_plain(&p->pp));
}

/* "struct s { ... }" with or without ;, "typedef ...;" */
static void read_declaration(struct rs_parser *p, bool is_typedef)
{
	unsigned depth = 0;
	struct rs_span span = rs_parse_here(p);

	for (;;) {
		struct rs_token token = rs_pp_next(&p->pp);

		if (token.kind == RS_TOKEN_END) {
			rs_diag_error(p->diags, span, "this declaration has no end");
			return;
		}
		add_declared(p, &token);
		depth += token.kind == RS_TOKEN_LBRACE;
		if (token.kind == RS_TOKEN_RBRACE && depth && !--depth && !is_typedef) {
			struct rs_lexer *lexer = rs_parse_lexer(p);

			rs_lex_blanks(lexer);
			if (strncmp(lexer->text + lexer->at, "__attribute__", 13) == 0)
				continue;
			if (lexer->text[lexer->at] == ';')
				lexer->at++;
			rs_str_append_char(&p->declarations, ';');
			return;
		}
		if (token.kind == RS_TOKEN_SEMICOLON && !depth)
			return;
	}
}

static void finish_declarations(struct rs_parser *p)
{
	char *text = rs_parse_copy(p, rs_str_cstr(&p->declarations), p->declarations.len);
	int number;

	if (p->declarations.error == -ENOBUFS)
		rs_diag_error(p->diags, (struct rs_span){ 0 },
			      "the C declarations are longer than %zu MiB", DECLARATIONS_MAX >> 20);
	p->script->declarations = text ? text : "";
	if (!text || !*text)
		return;
	number = rs_diags_add_source(p->diags, "declarations", text, p->declarations.len);
	p->script->declarations_span = (struct rs_span){
		.len = (uint32_t)p->declarations.len,
		.source = number < 0 ? 0 : (uint16_t)number,
	};
}

/* ---- config = { a = 1; b = "x" } ---- */

static const char *config_name(struct rs_parser *p, const char *name)
{
	char *lower;

	if (strncasecmp(name, "BPFTRACE_", 9) == 0)
		name += 9;
	lower = rs_parse_copy(p, name, strlen(name));
	for (char *c = lower; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return lower;
}

static bool config_value(struct rs_parser *p, struct rs_config_entry *entry)
{
	struct rs_token token;

	if (!rs_parse_is(p, RS_TOKEN_INT) && !rs_parse_is(p, RS_TOKEN_STRING) &&
	    !rs_parse_is(p, RS_TOKEN_NAME)) {
		rs_parse_wrong(p, "a value: a number, a word or a string");
		return false;
	}
	token = rs_parse_take(p);
	entry->is_number = token.kind == RS_TOKEN_INT;
	entry->number = token.number;
	entry->text = token.kind == RS_TOKEN_INT ? rs_parse_copy(p, token.raw, token.raw_len)
						 : token.text;
	return entry->text;
}

static bool config_entry(struct rs_parser *p)
{
	struct rs_config_entry entry = { .span = rs_parse_peek(p, 0)->span };

	if (!rs_parse_is(p, RS_TOKEN_NAME)) {
		rs_parse_wrong(p, "the name of a setting");
		return false;
	}
	entry.name = config_name(p, rs_parse_take(p).text);
	if (!entry.name || !rs_parse_expect(p, RS_TOKEN_ASSIGN, "behind the name of the setting") ||
	    !config_value(p, &entry))
		return false;
	entry.span = rs_span_join(entry.span, p->last.span);
	if (!rs_list_add(p->arena, p->script->config, p->script->n_config, entry))
		p->diags->out_of_memory = true;
	if (rs_parse_is(p, RS_TOKEN_RBRACE))
		return true;
	return rs_parse_expect(p, RS_TOKEN_SEMICOLON, "between two settings");
}

static void read_config(struct rs_parser *p)
{
	rs_parse_take(p);
	if (!rs_parse_expect(p, RS_TOKEN_ASSIGN, "behind config") ||
	    !rs_parse_expect(p, RS_TOKEN_LBRACE, "behind config =")) {
		rs_parse_skip_statement(p);
		return;
	}
	while (!rs_parse_is(p, RS_TOKEN_RBRACE) && !rs_parse_is(p, RS_TOKEN_END))
		if (!config_entry(p))
			rs_parse_skip_statement(p);
	rs_parse_expect(p, RS_TOKEN_RBRACE, "at the end of the settings");
}

/* ---- let @m = lruhash(100) ---- */

static bool check_map_kind(struct rs_parser *p, const struct rs_token *token)
{
	static const char *const kinds[] = { "hash",          "lruhash",     "percpuhash",
					     "percpulruhash", "percpuarray", "array" };
	const char *near = rs_suggest_nearest(token->text, kinds, ARRAY_SIZE(kinds));

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i], token->text) == 0)
			return true;
	rs_diag_error(p->diags, token->span, "there is no kind of map \"%s\"", token->text);
	rs_diag_hint(
		p->diags,
		"the kinds are hash, lruhash, percpuhash, percpulruhash, array, percpuarray%s%s%s",
		near ? ": did you mean " : "", near ? near : "", near ? "?" : "");
	return false;
}

static bool map_decl(struct rs_parser *p)
{
	struct rs_map_decl decl = { .span = rs_parse_take(p).span };
	struct rs_token kind;

	if (!rs_parse_is(p, RS_TOKEN_MAP)) {
		rs_parse_wrong(p, "a map such as @m behind let");
		return false;
	}
	decl.name = rs_parse_take(p).text;
	if (!rs_parse_expect(p, RS_TOKEN_ASSIGN, "behind the map"))
		return false;
	if (!rs_parse_is(p, RS_TOKEN_NAME)) {
		rs_parse_wrong(p, "the kind of the map");
		return false;
	}
	kind = rs_parse_take(p);
	decl.kind = kind.text;
	if (!check_map_kind(p, &kind) ||
	    !rs_parse_expect(p, RS_TOKEN_LPAREN, "behind the kind of the map"))
		return false;
	if (!rs_parse_is(p, RS_TOKEN_INT)) {
		rs_parse_wrong(p, "the largest number of entries");
		return false;
	}
	decl.max_entries = rs_parse_take(p).number;
	if (!rs_parse_expect(p, RS_TOKEN_RPAREN, "behind the largest number of entries"))
		return false;
	decl.span = rs_span_join(decl.span, p->last.span);
	if (!rs_list_add(p->arena, p->script->map_decls, p->script->n_map_decls, decl))
		p->diags->out_of_memory = true;
	if (!rs_parse_accept(p, RS_TOKEN_SEMICOLON)) {
		rs_parse_no_semicolon(p, "\";\" behind the declaration of a map");
		rs_parse_rewind(p);
	}
	return true;
}

/* ---- macro name($x, @m, e) { ... } ---- */

static bool macro_param(struct rs_parser *p, struct rs_macro *macro)
{
	const struct rs_token *token = rs_parse_peek(p, 0);
	struct rs_macro_param param = { .name = token->text };

	if (token->kind == RS_TOKEN_VAR) {
		param.kind = RS_NODE_VAR;
	} else if (token->kind == RS_TOKEN_MAP) {
		param.kind = RS_NODE_MAP;
	} else if (token->kind == RS_TOKEN_NAME) {
		param.kind = RS_NODE_NAME;
	} else {
		rs_parse_wrong(
			p, "a parameter: $x for a variable, @m for a map, x for any expression");
		return false;
	}
	for (unsigned i = 0; i < macro->n_params; i++) {
		if (strcmp(macro->params[i].name, param.name) != 0)
			continue;
		rs_diag_error(p->diags, token->span, "there are two parameters \"%s\"", param.name);
		return false;
	}
	rs_parse_take(p);
	if (!rs_list_add(p->arena, macro->params, macro->n_params, param))
		p->diags->out_of_memory = true;
	return true;
}

static bool macro_params(struct rs_parser *p, struct rs_macro *macro)
{
	if (!rs_parse_expect(p, RS_TOKEN_LPAREN, "behind the name of the macro"))
		return false;
	if (rs_parse_accept(p, RS_TOKEN_RPAREN))
		return true;
	do {
		if (!macro_param(p, macro))
			return false;
	} while (rs_parse_accept(p, RS_TOKEN_COMMA));
	return rs_parse_expect(p, RS_TOKEN_RPAREN, "behind the parameters of the macro");
}

static bool same_params(const struct rs_macro *a, const struct rs_macro *b)
{
	if (a->n_params != b->n_params)
		return false;
	for (unsigned i = 0; i < a->n_params; i++)
		if (a->params[i].kind != b->params[i].kind)
			return false;
	return true;
}

static void add_macro(struct rs_parser *p, struct rs_macro *macro)
{
	struct rs_macro **end = &p->script->macros;

	for (; *end; end = &(*end)->next) {
		if (strcmp((*end)->name, macro->name) != 0 || !same_params(*end, macro))
			continue;
		rs_diag_error(p->diags, macro->span,
			      "there are two macros \"%s\" with these parameters", macro->name);
		return;
	}
	*end = macro;
}

static bool macro(struct rs_parser *p)
{
	struct rs_macro *made = rs_arena_new(p->arena, struct rs_macro);

	rs_parse_take(p);
	if (!made) {
		p->diags->out_of_memory = true;
		return false;
	}
	made->span = rs_parse_peek(p, 0)->span;
	if (!rs_parse_is(p, RS_TOKEN_NAME)) {
		rs_parse_wrong(p, "the name of the macro");
		return false;
	}
	made->name = rs_parse_take(p).text;
	if (!macro_params(p, made))
		return false;
	if (rs_parse_is(p, RS_TOKEN_LBRACE)) {
		made->body = rs_parse_block(p, true);
	} else {
		made->body = rs_parse_expr(p);
		rs_parse_accept(p, RS_TOKEN_SEMICOLON);
		rs_parse_rewind(p);
	}
	if (!made->body)
		return false;
	add_macro(p, made);
	return true;
}

/* ---- the script ---- */

static bool refuse(struct rs_parser *p, const char *what, const char *hint)
{
	rs_diag_error(p->diags, rs_parse_take(p).span, "%s", what);
	rs_diag_hint(p->diags, "%s", hint);
	return false;
}

static void import(struct rs_parser *p)
{
	refuse(p, "import is not supported", "put the code into this script");
	rs_parse_accept(p, RS_TOKEN_STRING);
	rs_parse_accept(p, RS_TOKEN_SEMICOLON);
	rs_parse_rewind(p);
}

/* Reads what begins with the word, if anything does. */
static bool read_word(struct rs_parser *p, const struct rs_token *word, char next)
{
	bool ok = true;

	if (rs_token_is(word, "struct") || rs_token_is(word, "union") ||
	    rs_token_is(word, "enum") || rs_token_is(word, "typedef")) {
		read_declaration(p, rs_token_is(word, "typedef"));
		return true;
	}
	if (rs_token_is(word, "config") && (next == '=' || next == '{'))
		read_config(p);
	else if (rs_token_is(word, "let"))
		ok = map_decl(p);
	else if (rs_token_is(word, "macro"))
		ok = macro(p);
	else if (rs_token_is(word, "import") && next == '"')
		import(p);
	else if (rs_token_is(word, "fn") && rs_lex_is_name_start(next))
		ok = refuse(p, "functions of the script's own are not supported",
			    "a macro can do it: macro name(a, b) { a + b }");
	else
		return false;
	if (!ok)
		rs_parse_skip_statement(p);
	return true;
}

/* Tokens that were read ahead, behind a mistake or by #define: none may be left before plain text.
 * */
static void drop_ahead(struct rs_parser *p)
{
	rs_parse_rewind(p);
	while (p->n_ahead || !rs_pp_is_plain(&p->pp)) {
		if (rs_parse_is(p, RS_TOKEN_END)) {
			p->n_ahead = 0;
			return;
		}
		if (!rs_parse_is(p, RS_TOKEN_SEMICOLON))
			rs_parse_wrong(p, "a probe");
		rs_parse_take(p);
	}
}

static void read_item(struct rs_parser *p)
{
	struct rs_lexer ahead = *rs_parse_lexer(p);
	uint32_t begin = ahead.at;
	struct rs_token word;

	if (rs_pp_is_included(&p->pp)) {
		read_included(p);
		return;
	}
	if (ahead.text[ahead.at] == ';') {
		rs_parse_lexer(p)->at++;
		return;
	}
	if (ahead.text[ahead.at] == '}') {
		rs_diag_error(p->diags, rs_parse_here(p),
			      "there is no \"{\" that this \"}\" belongs to");
		rs_parse_lexer(p)->at++;
		return;
	}
	word = rs_lex_next(&ahead);
	rs_lex_blanks(&ahead);
	if (word.kind != RS_TOKEN_NAME ||
	    !read_word(p, &word, ahead.at < ahead.len ? ahead.text[ahead.at] : '\0'))
		rs_parse_clause(p);
	drop_ahead(p);
	if (rs_parse_lexer(p)->at == begin)
		rs_parse_lexer(p)->at++;
}

static void read_script(struct rs_parser *p)
{
	while (!p->diags->out_of_memory && rs_pp_blanks(&p->pp))
		read_item(p);
	if (!p->script->n_clauses && !p->diags->n_errors)
		rs_diag_error(p->diags, (struct rs_span){ 0 }, "there is no probe in this script");
}

struct rs_script *rs_script_parse(struct rs_arena *arena, struct rs_diags *diags,
				  const struct rs_front_options *options)
{
	static const struct rs_front_options none;
	struct rs_parser *p = rs_arena_new(arena, struct rs_parser);
	struct rs_script *script = rs_arena_new(arena, struct rs_script);

	if (!p || !script || !diags->n_sources) {
		diags->out_of_memory = true;
		return NULL;
	}
	if (diags->sources[0].len > RS_SCRIPT_MAX) {
		rs_diag_error(diags, (struct rs_span){ 0 }, "a script has no more than %zu KiB",
			      RS_SCRIPT_MAX >> 10);
		return NULL;
	}
	script->arena = arena;
	script->declarations = "";
	*p = (struct rs_parser){ .arena = arena, .diags = diags, .script = script };
	rs_str_init(&p->declarations, DECLARATIONS_MAX);
	rs_pp_init(&p->pp, arena, diags, options ? options : &none);
	if (!diags->out_of_memory)
		read_script(p);
	finish_declarations(p);
	rs_str_done(&p->declarations);
	script->has_includes = p->pp.has_includes;
	if (!diags->out_of_memory && !p->pp.exhausted)
		rs_macro_expand_all(p);
	return script;
}
