/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes: "tracepoint:a:b, kprobe:c /pid == 1/ { ... }". Their text is no sequence of tokens
 * (paths, patterns, "/[*]" that is no comment), so it is read as it stands, cut at its colons, and
 * understood by the provider.
 */
#include "base/suggest.h"
#include "lang/list.h"
#include "lang/parse.h"

#define PARTS_MAX 8

/* The text of one probe, cut. */
struct spec {
	struct rs_parser *p;
	struct rs_span span;
	char *parts[PARTS_MAX]; /* [0] is the provider */
	struct rs_span spans[PARTS_MAX];
	unsigned n;
	bool has_params; /* what stands there may be more than one part */
	bool mistake;
};

/* ---- reading the text ---- */

static char at(const struct rs_lexer *lexer, uint32_t i)
{
	return lexer->len - lexer->at > i ? lexer->text[lexer->at + i] : '\0';
}

/* A / that does not begin a part belongs to it when a path goes on up to a colon. */
static bool is_path_ahead(const struct rs_lexer *lexer)
{
	uint32_t i = 0;

	while (rs_lex_is_name(at(lexer, i)) ||
	       (at(lexer, i) && strchr("/_-.#+*\\?[]!~", at(lexer, i))))
		i++;
	return at(lexer, i) == ':';
}

static bool ends_part(const struct rs_lexer *lexer, const struct rs_str *part)
{
	char c = at(lexer, 0);
	bool path = part->len && (part->data[0] == '/' || part->data[0] == '.');

	if (lexer->at >= lexer->len || rs_lex_is_space(c) || c == ',' || c == '{' || c == ':' ||
	    c == ';' || c == '}')
		return true;
	return c == '/' && part->len && !path && !is_path_ahead(lexer);
}

static void add_quoted(struct spec *s, struct rs_lexer *lexer, struct rs_str *part)
{
	const char *text = "", *mistake = NULL;
	uint32_t len = 0;
	struct rs_span span = { .at = lexer->at, .source = lexer->source };

	span.len = (uint32_t)rs_lex_quoted(s->p->arena, lexer->text + lexer->at,
					   lexer->len - lexer->at, &text, &len, &mistake);
	lexer->at += span.len;
	if (mistake) {
		rs_diag_error(s->p->diags, span, "%s", mistake);
		s->mistake = true;
		return;
	}
	rs_str_append(part, text, len);
}

/* $1 in a probe is the text of the parameter. */
static void add_param(struct spec *s, struct rs_lexer *lexer, struct rs_str *part)
{
	const struct rs_front_options *options = s->p->pp.options;
	struct rs_lexer ahead = *lexer;
	struct rs_token token = rs_lex_next(&ahead);

	if (token.kind != RS_TOKEN_PARAM || !token.number) {
		rs_str_append_char(part, '$');
		lexer->at++;
		return;
	}
	lexer->at = ahead.at;
	s->has_params = true;
	if (token.number <= options->n_params) {
		rs_str_append_cstr(part, options->params[token.number - 1]);
		return;
	}
	rs_diag_error(s->p->diags, token.span,
		      "the probe needs the parameter $%u, which was not given",
		      (unsigned)token.number);
	rs_diag_hint(s->p->diags, "parameters stand behind the script on the command line");
	s->mistake = true;
}

static void too_many_parts(struct spec *s, struct rs_span span)
{
	if (!s->mistake)
		rs_diag_error(s->p->diags, span, "a probe has no more than %d parts", PARTS_MAX);
	s->mistake = true;
}

static void read_part(struct spec *s, struct rs_lexer *lexer)
{
	_cleanup_(rs_str_done) struct rs_str part = RS_STR_INIT(65536);
	struct rs_span span = { .at = lexer->at, .source = lexer->source };

	while (!ends_part(lexer, &part)) {
		char c = at(lexer, 0);

		if (c == '"') {
			add_quoted(s, lexer, &part);
			continue;
		}
		if (c == '$') {
			add_param(s, lexer, &part);
			continue;
		}
		if (c == '\\' && at(lexer, 1) && at(lexer, 1) != '\n') {
			c = at(lexer, 1);
			lexer->at++;
		}
		rs_str_append_char(&part, c);
		lexer->at++;
	}
	lexer->line_start = false;
	span.len = lexer->at - span.at;
	if (s->n == PARTS_MAX) {
		too_many_parts(s, span);
		return;
	}
	s->parts[s->n] = rs_parse_copy(s->p, rs_str_cstr(&part), part.len);
	s->mistake |= !s->parts[s->n];
	s->spans[s->n++] = span;
}

/* A parameter may hold colons: each ends a part, as if it were written in the script. */
static void split_params(struct spec *s)
{
	for (unsigned i = 0; i < s->n && s->has_params && !s->mistake; i++) {
		char *colon = strchr(s->parts[i], ':');

		if (!colon)
			continue;
		if (s->n == PARTS_MAX) {
			too_many_parts(s, s->spans[i]);
			return;
		}
		memmove(&s->parts[i + 1], &s->parts[i], (s->n - i) * sizeof(*s->parts));
		memmove(&s->spans[i + 1], &s->spans[i], (s->n - i) * sizeof(*s->spans));
		s->n++;
		s->parts[i + 1] = colon + 1;
		s->parts[i] = rs_parse_copy(s->p, s->parts[i], (size_t)(colon - s->parts[i]));
		s->mistake |= !s->parts[i];
	}
}

/* Blanks may stand around a colon and before a "+10". */
static bool goes_on(struct rs_lexer *lexer, char c)
{
	struct rs_lexer before = *lexer;

	if (!rs_lex_blanks(lexer) && at(lexer, 0) == c)
		return true;
	*lexer = before;
	return false;
}

static void read_spec(struct spec *s)
{
	struct rs_lexer *lexer = rs_parse_lexer(s->p);

	s->span = rs_parse_here(s->p);
	read_part(s, lexer);
	while (goes_on(lexer, ':')) {
		lexer->at++;
		rs_lex_blanks(lexer);
		read_part(s, lexer);
	}
	split_params(s);
	s->span.len = lexer->at - s->span.at;
}

/* ---- understanding it ---- */

static bool wrong(struct spec *s, unsigned part, const char *what)
{
	rs_diag_error(s->p->diags, part < s->n ? s->spans[part] : s->span, "%s", what);
	return false;
}

static bool has_wildcard(const char *text)
{
	return strpbrk(text, "*?") || (strchr(text, '[') && strchr(text, ']'));
}

static bool number(const char *text, uint64_t *ret_value)
{
	const char *mistake = NULL;
	bool is_unsigned;
	size_t len = strlen(text);

	return rs_lex_is_digit(*text) &&
	       rs_lex_number(text, len, ret_value, &is_unsigned, &mistake) == len && !mistake;
}

static bool number_part(struct spec *s, unsigned part, uint64_t *ret_value)
{
	return (part < s->n && number(s->parts[part], ret_value)) ||
	       wrong(s, part, "this must be a number");
}

static bool is_part_count(struct spec *s, struct rs_attach_point *point, unsigned least,
			  unsigned most)
{
	const char *usage = rs_provider_table[point->provider].usage;

	if (s->n > least && s->n <= most + 1)
		return true;
	rs_diag_error(s->p->diags, s->span, "%s of this probe %s",
		      s->n <= least ? "a part" : "there are too many parts, the end",
		      s->n <= least ? "is missing" : "has no meaning");
	rs_diag_hint(s->p->diags, "it is written %s", usage);
	return false;
}

static bool take_parts(struct spec *s, struct rs_attach_point *point, unsigned least, unsigned most)
{
	if (!is_part_count(s, point, least, most))
		return false;
	for (unsigned i = 1; i < s->n; i++)
		if (!s->parts[i][0])
			return wrong(s, i, "this part of the probe is empty");
	return true;
}

/* "name+0x10" or an address, into name, offset, address. */
static bool function(struct spec *s, unsigned part, struct rs_attach_point *point)
{
	char *text = s->parts[part], *plus = strrchr(text, '+');

	if (rs_lex_is_digit(*text)) {
		if (!number(text, &point->address))
			return wrong(s, part, "an address is a number such as 0x1234");
		point->has_address = true;
		return true;
	}
	/* operator+ of C++ is no offset */
	if (plus && rs_lex_is_digit(plus[1])) {
		if (!number(plus + 1, &point->offset))
			return wrong(s, part, "an offset is a number such as +0x10");
		*plus = '\0';
	}
	point->name = text;
	return true;
}

static bool parse_plain(struct spec *s, struct rs_attach_point *point)
{
	return take_parts(s, point, 0, 0);
}

/* "tracepoint:*" alone: of any group. */
static bool parse_tracepoint(struct spec *s, struct rs_attach_point *point)
{
	bool any = s->n == 2 && strcmp(s->parts[1], "*") == 0;

	if (!take_parts(s, point, any ? 1 : 2, 2))
		return false;
	point->target = s->parts[1];
	point->name = any ? s->parts[1] : s->parts[2];
	return true;
}

static bool parse_rawtracepoint(struct spec *s, struct rs_attach_point *point)
{
	if (!take_parts(s, point, 1, 2))
		return false;
	point->target = s->n == 3 ? s->parts[1] : "";
	point->name = s->parts[s->n - 1];
	return true;
}

static bool parse_kernel(struct spec *s, struct rs_attach_point *point)
{
	if (!take_parts(s, point, 1, 2))
		return false;
	point->target = s->n == 3 ? s->parts[1] : "";
	if (!function(s, s->n - 1, point))
		return false;
	if (point->offset && point->provider == RS_PROVIDER_KRETPROBE)
		return wrong(s, s->n - 1, "a function returns as a whole: no offset here");
	return true;
}

/* fentry:FN, fentry:MODULE:FN, fentry:bpf:NAME, fentry:bpf:ID:NAME */
static bool parse_fentry(struct spec *s, struct rs_attach_point *point)
{
	bool bpf = s->n > 2 && strcmp(s->parts[1], "bpf") == 0;

	if (!take_parts(s, point, 1, bpf ? 3 : 2))
		return false;
	point->target = s->n > 2 ? s->parts[1] : "";
	point->space = s->n == 4 ? s->parts[2] : "";
	point->name = s->parts[s->n - 1];
	return true;
}

static bool parse_user(struct spec *s, struct rs_attach_point *point)
{
	bool place = s->n > 2 && s->parts[2][0] == '@', lang = s->n == 4 && !place;

	if (!take_parts(s, point, 2, place ? 4 : 3))
		return false;
	if (lang && strcmp(s->parts[2], "cpp") != 0) {
		wrong(s, 2, "the only language that can be named here is cpp");
		rs_diag_hint(s->p->diags, "a function with colons stands in quotes: \"a::b\"");
		return false;
	}
	point->target = s->parts[1];
	point->lang = lang ? "cpp" : "";
	if (place) {
		point->name = s->n == 3   ? s->parts[2]
			      : s->n == 4 ? rs_arena_printf(s->p->arena, "%s:%s", s->parts[2],
							    s->parts[3])
					  : rs_arena_printf(s->p->arena, "%s:%s:%s", s->parts[2],
							    s->parts[3], s->parts[4]);
		s->p->diags->out_of_memory |= !point->name;
		return point->name;
	}
	if (!function(s, s->n - 1, point))
		return false;
	if (point->offset && point->provider == RS_PROVIDER_URETPROBE)
		return wrong(s, s->n - 1, "a function returns as a whole: no offset here");
	return true;
}

/* The file and the provider may be empty: that of the process, any. */
static bool parse_usdt(struct spec *s, struct rs_attach_point *point)
{
	if (!is_part_count(s, point, 1, 3))
		return false;
	if (!s->parts[s->n - 1][0])
		return wrong(s, s->n - 1, "this part of the probe is empty");
	point->target = s->n > 2 ? s->parts[1] : "";
	point->space = s->n > 3 ? s->parts[2] : "";
	point->name = s->parts[s->n - 1];
	return true;
}

/* profile:hz:99, profile:99, interval:5s */
static bool parse_timed(struct spec *s, struct rs_attach_point *point)
{
	static const char *const units[] = { "hz", "s", "ms", "us", "ns" };
	const char *unit, *near;

	if (!take_parts(s, point, 1, 2))
		return false;
	if (s->n == 2) {
		size_t digits = strspn(s->parts[1], "0123456789_");

		unit = s->parts[1] + digits;
		if (!digits)
			return take_parts(s, point, 2, 2);
		if (!*unit && point->provider == RS_PROVIDER_PROFILE)
			unit = "hz";
		s->parts[1] = rs_parse_copy(s->p, s->parts[1], digits);
		if (!s->parts[1])
			return false;
	} else {
		unit = s->parts[1];
	}
	if (!number_part(s, s->n - 1, &point->value))
		return false;
	for (unsigned i = 0; i < ARRAY_SIZE(units); i++)
		if (strcmp(unit, units[i]) == 0)
			point->target = units[i];
	if (point->target[0] && point->value)
		return true;
	if (point->target[0])
		return wrong(s, s->n - 1, "this must be more than 0");
	near = rs_suggest_nearest(unit, units, ARRAY_SIZE(units));
	rs_diag_error(s->p->diags, s->spans[1], "%s",
		      *unit ? "there is no such unit" : "the unit is missing");
	rs_diag_hint(s->p->diags, "the units are hz, s, ms, us and ns%s%s%s",
		     near ? ": did you mean " : "", near ? near : "", near ? "?" : "");
	return false;
}

static bool parse_counted(struct spec *s, struct rs_attach_point *point)
{
	/* "software:faults:" counts by default, too. */
	if (s->n == 3 && !s->parts[2][0])
		s->n = 2;
	if (!take_parts(s, point, 1, 2))
		return false;
	point->name = s->parts[1];
	return s->n == 2 || number_part(s, 2, &point->value);
}

static bool parse_watchpoint(struct spec *s, struct rs_attach_point *point)
{
	if (!take_parts(s, point, 3, 3) || !number_part(s, 1, &point->address) ||
	    !number_part(s, 2, &point->value))
		return false;
	point->has_address = true;
	point->name = s->parts[3];
	if (point->value != 1 && point->value != 2 && point->value != 4 && point->value != 8)
		return wrong(s, 2, "the length of a watchpoint is 1, 2, 4 or 8 bytes");
	if (strspn(point->name, "rwx") == strlen(point->name))
		return true;
	return wrong(s, 3, "the mode of a watchpoint is made of r, w and x");
}

static bool parse_iter(struct spec *s, struct rs_attach_point *point)
{
	if (!take_parts(s, point, 1, 2))
		return false;
	point->name = s->parts[1];
	point->target = s->n == 3 ? s->parts[2] : "";
	return true;
}

static bool parse_self(struct spec *s, struct rs_attach_point *point)
{
	if (!take_parts(s, point, 2, 2))
		return false;
	if (strcmp(s->parts[1], "signal") != 0)
		return wrong(s, 1, "the only event of this kind is \"signal\"");
	point->name = s->parts[2];
	return true;
}

static bool (*const parsers[RS_PROVIDER_COUNT])(struct spec *s, struct rs_attach_point *point) = {
	[RS_PROVIDER_BEGIN] = parse_plain,
	[RS_PROVIDER_END] = parse_plain,
	[RS_PROVIDER_TRACEPOINT] = parse_tracepoint,
	[RS_PROVIDER_RAWTRACEPOINT] = parse_rawtracepoint,
	[RS_PROVIDER_KPROBE] = parse_kernel,
	[RS_PROVIDER_KRETPROBE] = parse_kernel,
	[RS_PROVIDER_FENTRY] = parse_fentry,
	[RS_PROVIDER_FEXIT] = parse_fentry,
	[RS_PROVIDER_UPROBE] = parse_user,
	[RS_PROVIDER_URETPROBE] = parse_user,
	[RS_PROVIDER_USDT] = parse_usdt,
	[RS_PROVIDER_PROFILE] = parse_timed,
	[RS_PROVIDER_INTERVAL] = parse_timed,
	[RS_PROVIDER_SOFTWARE] = parse_counted,
	[RS_PROVIDER_HARDWARE] = parse_counted,
	[RS_PROVIDER_WATCHPOINT] = parse_watchpoint,
	[RS_PROVIDER_ITER] = parse_iter,
	[RS_PROVIDER_SELF] = parse_self,
};

/* ---- one probe ---- */

static const char *near_provider(const char *word)
{
	struct rs_suggest suggest;

	rs_suggest_init(&suggest, word);
	for (int i = 0; i < RS_PROVIDER_COUNT; i++) {
		const struct rs_provider_row *row = &rs_provider_table[i];

		rs_suggest_offer(&suggest, row->name);
		for (unsigned a = 0; a < ARRAY_SIZE(row->aliases) && row->aliases[a]; a++)
			if (strlen(row->aliases[a]) > 2)
				rs_suggest_offer(&suggest, row->aliases[a]);
	}
	return rs_suggest_best(&suggest);
}

static bool unknown_provider(struct spec *s)
{
	const char *near = near_provider(s->parts[0]);

	if (!s->parts[0][0]) {
		rs_diag_error(s->p->diags, rs_parse_here(s->p), "expected a probe");
	} else if (strcmp(s->parts[0], "test") == 0 || strcmp(s->parts[0], "bench") == 0) {
		rs_diag_error(s->p->diags, s->spans[0],
			      "probes of the kind \"%s\" are not supported", s->parts[0]);
		return false;
	} else {
		rs_diag_error(s->p->diags, s->spans[0], "there is no kind of probe \"%s\"",
			      s->parts[0]);
	}
	if (near)
		rs_diag_hint(s->p->diags, "did you mean \"%s\"?", near);
	else
		rs_diag_hint(
			s->p->diags,
			"a probe begins with its kind: tracepoint:GROUP:EVENT, kprobe:FUNCTION, "
			"interval:s:1, begin ...");
	return false;
}

/* With the whole name of the provider, and no quotes. */
static const char *canonical(struct spec *s, const struct rs_attach_point *point)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);

	rs_str_append_cstr(&text, rs_provider_table[point->provider].name);
	if (point->provider == RS_PROVIDER_PROFILE || point->provider == RS_PROVIDER_INTERVAL) {
		rs_str_appendf(&text, ":%s:%llu", point->target, (unsigned long long)point->value);
	} else {
		for (unsigned i = 1; i < s->n; i++)
			rs_str_appendf(&text, ":%s", s->parts[i]);
		if (point->offset)
			rs_str_appendf(&text, "+%llu", (unsigned long long)point->offset);
	}
	return rs_parse_copy(s->p, rs_str_cstr(&text), text.len);
}

static bool understand(struct spec *s, struct rs_attach_point *point)
{
	int provider = rs_provider_find(s->parts[0]);

	if (provider < 0)
		return unknown_provider(s);
	*point = (struct rs_attach_point){
		.provider = provider,
		.span = s->span,
		.target = "",
		.space = "",
		.name = "",
		.lang = "",
	};
	if (!parsers[provider](s, point))
		return false;
	point->has_wildcard = has_wildcard(point->target) || has_wildcard(point->space) ||
			      has_wildcard(point->name);
	point->text = canonical(s, point);
	return point->text;
}

/* "name=" before the provider means nothing yet. */
static void skip_name(struct rs_parser *p)
{
	struct rs_lexer ahead = *rs_parse_lexer(p);
	struct rs_token token = rs_lex_next(&ahead);

	if (token.kind != RS_TOKEN_NAME || rs_lex_blanks(&ahead) || at(&ahead, 0) != '=')
		return;
	ahead.at++;
	rs_lex_blanks(&ahead);
	*rs_parse_lexer(p) = ahead;
}

/* ---- clauses ---- */

static bool read_points(struct rs_parser *p, struct rs_clause *clause)
{
	struct rs_lexer *lexer = rs_parse_lexer(p);
	bool ok = true;

	do {
		struct spec s = { .p = p };
		struct rs_attach_point point;

		if (at(lexer, 0) == ',')
			lexer->at++;
		rs_lex_blanks(lexer);
		skip_name(p);
		read_spec(&s);
		if (s.mistake || !understand(&s, &point)) {
			ok = false;
			continue;
		}
		if (!rs_list_add(p->arena, clause->points, clause->n_points, point))
			p->diags->out_of_memory = true;
	} while (goes_on(lexer, ','));
	return ok;
}

static bool read_predicate(struct rs_parser *p, struct rs_clause *clause)
{
	if (!rs_parse_accept(p, RS_TOKEN_DIV))
		return true;
	p->in_predicate = true;
	clause->predicate = rs_parse_expr(p);
	p->in_predicate = false;
	return clause->predicate && rs_parse_expect(p, RS_TOKEN_DIV, "at the end of the predicate");
}

/* From a mistake before the body to its beginning. False: there is none, but the end or another
 * probe. */
static bool skip_to_body(struct rs_parser *p)
{
	p->too_deep = false;
	while (!rs_parse_is(p, RS_TOKEN_LBRACE)) {
		const struct rs_token *next = rs_parse_peek(p, 0);

		if (next->kind == RS_TOKEN_END)
			return false;
		if (next->line_start && next->kind == RS_TOKEN_NAME &&
		    rs_provider_find(next->text) >= 0) {
			rs_parse_rewind(p);
			return false;
		}
		rs_parse_take(p);
	}
	return true;
}

void rs_parse_clause(struct rs_parser *p)
{
	struct rs_clause clause = { .span = rs_parse_here(p) };
	bool ok = read_points(p, &clause);

	clause.span.len = rs_parse_lexer(p)->at - clause.span.at;
	if (ok)
		ok = read_predicate(p, &clause);
	if (ok && !rs_parse_is(p, RS_TOKEN_LBRACE)) {
		rs_parse_wrong(p, "\"{\" and what to do at this probe");
		ok = false;
	}
	if (!ok && !skip_to_body(p))
		return;
	clause.body = rs_parse_block(p, false);
	p->too_deep = false;
	if (!clause.body || !ok)
		return;
	if (!rs_list_add(p->arena, p->script->clauses, p->script->n_clauses, clause))
		p->diags->out_of_memory = true;
}
