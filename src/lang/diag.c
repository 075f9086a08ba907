/* SPDX-License-Identifier: Apache-2.0 */
/* The list of mistakes, and how one is shown: place, text, line, caret, uses of macros, hint. */
#include <errno.h>

#include "base/term.h"
#include "lang/diag.h"
#include "lang/list.h"

#define BEFORE           72 /* bytes of a long line that are shown before the mistake, */
#define AFTER            72 /* and behind where it begins */
#define EXPANSIONS_SHOWN 4

void rs_diags_init(struct rs_diags *diags, struct rs_arena *arena, const char *name,
		   const char *text, size_t len)
{
	*diags = (struct rs_diags){ .arena = arena };
	rs_diags_add_source(diags, name, text, len);
}

int rs_diags_add_source(struct rs_diags *diags, const char *name, const char *text, size_t len)
{
	if (diags->n_sources >= RS_SOURCES_MAX)
		return -ENOSPC;
	diags->sources[diags->n_sources] = (struct rs_source_text){ name, text, len };
	return (int)diags->n_sources++;
}

uint16_t rs_diags_add_expansion(struct rs_diags *diags, const char *name, struct rs_span used)
{
	struct rs_expansion *more;

	if (diags->n_expansions >= UINT16_MAX)
		return 0;
	more = rs_list_room(diags->arena, diags->expansions, diags->n_expansions, sizeof(*more));
	if (!more) {
		diags->out_of_memory = true;
		return 0;
	}
	diags->expansions = more;
	more[diags->n_expansions++] = (struct rs_expansion){ name, used };
	return (uint16_t)diags->n_expansions;
}

/* ---- adding ---- */

static bool is_repeated(const struct rs_diags *diags, const struct rs_diag *diag)
{
	for (unsigned i = 0; i < diags->n; i++) {
		const struct rs_diag *old = &diags->items[i];

		if (old->span.at == diag->span.at && old->span.len == diag->span.len &&
		    old->span.source == diag->span.source && strcmp(old->text, diag->text) == 0)
			return true;
	}
	return false;
}

_printf_(4, 0) static void add(struct rs_diags *diags, enum rs_severity severity,
			       struct rs_span span, const char *fmt, va_list ap)
{
	struct rs_diag diag = { .severity = severity, .span = span };
	char text[512];

	vsnprintf(text, sizeof(text), fmt, ap);
	diag.text = text;
	diags->newest = NULL;
	if (is_repeated(diags, &diag))
		return;
	if (severity == RS_SEVERITY_ERROR)
		diags->n_errors++;
	else
		diags->n_warnings++;
	if (diags->n >= RS_DIAGS_MAX)
		return;
	diag.text = rs_arena_strdup(diags->arena, text);
	if (!diag.text) {
		diags->out_of_memory = true;
		return;
	}
	diags->newest = &diags->items[diags->n];
	diags->items[diags->n++] = diag;
}

void rs_diag_error(struct rs_diags *diags, struct rs_span span, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(diags, RS_SEVERITY_ERROR, span, fmt, ap);
	va_end(ap);
}

void rs_diag_warning(struct rs_diags *diags, struct rs_span span, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(diags, RS_SEVERITY_WARNING, span, fmt, ap);
	va_end(ap);
}

void rs_diag_hint(struct rs_diags *diags, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!diags->newest)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	diags->newest->hint = rs_arena_strdup(diags->arena, text);
}

/* ---- places ---- */

struct rs_span rs_span_join(struct rs_span a, struct rs_span b)
{
	uint32_t end = MAX(a.at + a.len, b.at + b.len);

	if (a.source != b.source || a.expansion != b.expansion || b.at < a.at)
		return a;
	a.len = end - a.at;
	return a;
}

static const struct rs_source_text *source_of(const struct rs_diags *diags, struct rs_span span)
{
	static const struct rs_source_text none = { "?", "", 0 };

	return span.source < diags->n_sources ? &diags->sources[span.source] : &none;
}

static size_t line_begin(const char *text, size_t at)
{
	while (at && text[at - 1] != '\n')
		at--;
	return at;
}

static bool is_char_start(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

void rs_span_position(const struct rs_diags *diags, struct rs_span span, unsigned *ret_line,
		      unsigned *ret_column)
{
	const struct rs_source_text *source = source_of(diags, span);
	size_t at = MIN(span.at, source->len);
	unsigned line = 1, column = 1;

	for (size_t i = 0; i < at; i++)
		line += source->text[i] == '\n';
	for (size_t i = line_begin(source->text, at); i < at; i++)
		column += is_char_start(source->text[i]);
	*ret_line = line;
	*ret_column = column;
}

/* ---- showing ---- */

static void append_place(const struct rs_diags *diags, struct rs_span span, struct rs_str *out)
{
	const struct rs_source_text *source = source_of(diags, span);
	unsigned line, column;

	rs_span_position(diags, span, &line, &column);
	rs_str_append_escaped(out, source->name, strlen(source->name));
	rs_str_appendf(out, ":%u:%u", line, column);
}

/* A tab is shown as one column, so that the caret stands right on every terminal. */
static void append_text(struct rs_str *out, const char *text, size_t n)
{
	for (size_t i = 0, from = 0; i <= n; i++) {
		if (i < n && text[i] != '\t')
			continue;
		rs_str_append_escaped(out, text + from, i - from);
		if (i < n)
			rs_str_append_char(out, ' ');
		from = i + 1;
	}
}

static size_t shown_columns(const char *text, size_t n)
{
	_cleanup_(rs_str_done) struct rs_str shown = { 0 };

	append_text(&shown, text, n);
	return rs_term_columns(shown.data ? shown.data : "", shown.len);
}

static void append_line(const struct rs_diags *diags, struct rs_span span, const char *style,
			const char *reset, struct rs_str *out)
{
	const struct rs_source_text *source = source_of(diags, span);
	const char *text = source->text;
	size_t at = MIN(span.at, source->len), begin = line_begin(text, at), end = at, from, to;
	size_t columns;

	while (end < source->len && text[end] != '\n')
		end++;
	while (begin < at && (text[begin] == ' ' || text[begin] == '\t'))
		begin++;
	for (from = begin; at - from > BEFORE;)
		for (from = at - BEFORE; from < at && !is_char_start(text[from]);)
			from++;
	to = end;
	if (end - at > AFTER)
		for (to = at + AFTER; to > at && !is_char_start(text[to]);)
			to--;
	rs_str_append_cstr(out, from > begin ? "    ..." : "    ");
	append_text(out, text + from, to - from);
	rs_str_append_cstr(out, to < end ? "...\n    " : "\n    ");
	columns = shown_columns(text + from, at - from) + (from > begin ? 3 : 0);
	rs_str_append_fill(out, ' ', columns);
	rs_str_append_cstr(out, style);
	rs_str_append_char(out, '^');
	columns = shown_columns(text + at, MIN((size_t)span.len, to - at));
	rs_str_append_fill(out, '~', columns ? columns - 1 : 0);
	rs_str_append_cstr(out, reset);
	rs_str_append_char(out, '\n');
}

static void append_expansions(const struct rs_diags *diags, struct rs_span span, struct rs_str *out)
{
	for (unsigned i = 0; span.expansion && span.expansion <= diags->n_expansions; i++) {
		const struct rs_expansion *e = &diags->expansions[span.expansion - 1];

		if (i == EXPANSIONS_SHOWN) {
			rs_str_append_cstr(out, "  ...\n");
			return;
		}
		rs_str_append_cstr(out, "  in the macro \"");
		rs_str_append_escaped(out, e->name, strlen(e->name));
		rs_str_append_cstr(out, "\", used at ");
		append_place(diags, e->used, out);
		rs_str_append_char(out, '\n');
		span = e->used;
	}
}

static const char *style_of(const struct rs_diag *diag, bool colour)
{
	if (!colour)
		return "";
	return diag->severity == RS_SEVERITY_ERROR ? "\033[1;31m" : "\033[1;35m";
}

/* What stands behind the place and the word for its severity. */
static int append_rest(const struct rs_diags *diags, const struct rs_diag *diag, const char *note,
		       bool colour, struct rs_str *out)
{
	rs_str_append_escaped(out, diag->text, strlen(diag->text));
	rs_str_append_char(out, '\n');
	if (note) {
		rs_str_append_escaped(out, note, strlen(note));
		rs_str_append_char(out, '\n');
	}
	append_line(diags, diag->span, style_of(diag, colour), colour ? "\033[0m" : "", out);
	append_expansions(diags, diag->span, out);
	if (diag->hint) {
		rs_str_append_cstr(out, "  hint: ");
		rs_str_append_escaped(out, diag->hint, strlen(diag->hint));
		rs_str_append_char(out, '\n');
	}
	return out->error;
}

int rs_diag_show(const struct rs_diags *diags, const struct rs_diag *diag, bool colour,
		 struct rs_str *out)
{
	const char *bold = colour ? "\033[1m" : "", *reset = colour ? "\033[0m" : "";

	rs_str_append_cstr(out, bold);
	append_place(diags, diag->span, out);
	rs_str_appendf(out, ":%s %s%s:%s ", reset, style_of(diag, colour),
		       diag->severity == RS_SEVERITY_ERROR ? "error" : "warning", reset);
	return append_rest(diags, diag, NULL, colour, out);
}

void rs_span_show(const struct rs_diags *diags, struct rs_span span, struct rs_str *out)
{
	const struct rs_source_text *source = source_of(diags, span);
	struct rs_span last = span;
	unsigned line, column, to_line, to_column;

	last.at += span.len;
	rs_span_position(diags, span, &line, &column);
	rs_span_position(diags, last, &to_line, &to_column);
	rs_str_append_escaped(out, source->name, strlen(source->name));
	if (line == to_line)
		rs_str_appendf(out, ":%u:%u-%u", line, column, to_column);
	else
		rs_str_appendf(out, ":%u-%u", line, to_line);
}

int rs_diag_show_event(const struct rs_diags *diags, const struct rs_diag *diag, const char *note,
		       bool colour, struct rs_str *out)
{
	const char *bold = colour ? "\033[1m" : "", *reset = colour ? "\033[0m" : "";

	rs_str_append_cstr(out, bold);
	rs_span_show(diags, diag->span, out);
	rs_str_appendf(out, ":%s %s%s:%s ", reset, style_of(diag, colour),
		       diag->severity == RS_SEVERITY_ERROR ? "ERROR" : "WARNING", reset);
	return append_rest(diags, diag, note, colour, out);
}

int rs_diags_show(const struct rs_diags *diags, bool colour, struct rs_str *out)
{
	for (unsigned i = 0; i < diags->n; i++)
		rs_diag_show(diags, &diags->items[i], colour, out);
	if (diags->n_errors + diags->n_warnings > diags->n)
		rs_str_appendf(out, "... and %u more\n",
			       diags->n_errors + diags->n_warnings - diags->n);
	return out->error;
}
