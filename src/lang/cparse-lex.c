/* SPDX-License-Identifier: Apache-2.0 */

/* Words of C. Lines of the preprocessor are blanks here, but for #pragma pack. */

#include <string.h>

#include "lang/cparse-private.h"

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '$';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char peek(const struct rs_cparse *p, size_t n)
{
	return (size_t)(p->end - p->next) > n ? p->next[n] : '\0';
}

/* ---- #pragma pack ---- */

static void push_pack(struct rs_cparse *p)
{
	if (p->n_packs < ARRAY_SIZE(p->packs))
		p->packs[p->n_packs++] = p->pack;
}

/* @line is what stands after "pragma". */
static void read_pragma(struct rs_cparse *p, const char *line, const char *end)
{
	bool told = false;

	line += strspn(line, " \t");
	if ((size_t)(end - line) < 4 || memcmp(line, "pack", 4) != 0)
		return;
	for (line += 4; line < end && *line != ')'; line++) {
		if (end - line > 4 && memcmp(line, "push", 4) == 0) {
			push_pack(p);
			told = true;
		} else if (end - line > 3 && memcmp(line, "pop", 3) == 0) {
			p->pack = p->n_packs ? p->packs[--p->n_packs] : 0;
			told = true;
		} else if (is_digit(*line)) {
			p->pack = (uint32_t)(*line - '0');
			told = true;
		}
	}
	if (!told)
		p->pack = 0;
}

static void skip_directive(struct rs_cparse *p)
{
	const char *line = p->next + 1;

	while (p->next < p->end && *p->next != '\n') {
		if (*p->next == '\\' && p->end - p->next > 1)
			p->next++;
		p->next++;
	}
	while (line < p->next && (*line == ' ' || *line == '\t'))
		line++;
	if (p->next - line > 6 && memcmp(line, "pragma", 6) == 0)
		read_pragma(p, line + 6, p->next);
}

/* ---- blanks ---- */

static void skip_comment(struct rs_cparse *p)
{
	const char *end;

	if (p->next[1] == '/') {
		end = memchr(p->next, '\n', (size_t)(p->end - p->next));
		p->next = end ? end : p->end;
		return;
	}
	end = memmem(p->next + 2, (size_t)(p->end - p->next - 2), "*/", 2);
	p->next = end ? end + 2 : p->end;
}

static void skip_blanks(struct rs_cparse *p)
{
	while (p->next < p->end) {
		char c = *p->next;

		if (c == '/' && (peek(p, 1) == '/' || peek(p, 1) == '*'))
			skip_comment(p);
		else if (c == '#')
			skip_directive(p);
		else if (c == ' ' || (c >= '\t' && c <= '\r') || c == '\\')
			p->next++;
		else
			break;
	}
}

/* ---- words ---- */

static unsigned digit_of(char c)
{
	if (is_digit(c))
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 99;
}

/* What follows the digits (u, ll, an exponent) is not looked at: no constant of a layout needs it. */
static int64_t read_number(const struct rs_ctoken *token)
{
	const char *s = token->text, *end = s + token->len;
	unsigned base = 10;
	uint64_t value = 0;

	if (token->len > 1 && s[0] == '0') {
		base = (s[1] | 0x20) == 'x' ? 16 : (s[1] | 0x20) == 'b' ? 2 : 8;
		s += base == 8 ? 1 : 2;
	}
	while (s < end && digit_of(*s) < base)
		value = value * base + digit_of(*s++);
	return (int64_t)value;
}

static int64_t read_escape(const char *s, const char *end)
{
	static const char letters[] = "abfnrtv", values[] = "\a\b\f\n\r\t\v";
	const char *letter = memchr(letters, *s, sizeof(letters) - 1);
	int64_t value = 0;

	if (letter)
		return values[letter - letters];
	if (*s == 'x' || is_digit(*s)) {
		unsigned base = *s == 'x' ? 16 : 8;

		for (s += *s == 'x'; s < end && digit_of(*s) < base && value < 256; s++)
			value = value * base + digit_of(*s);
		return (int8_t)value;
	}
	return *s;
}

/* '...' or "..." */
static void read_quoted(struct rs_cparse *p)
{
	char quote = *p->next;
	const char *inside = ++p->next;

	while (p->next < p->end && *p->next != quote && *p->next != '\n')
		p->next += *p->next == '\\' && p->end - p->next > 1 ? 2 : 1;
	p->token.kind = quote == '"' ? RS_CTOKEN_STRING : RS_CTOKEN_NUMBER;
	if (inside < p->next)
		p->token.value = *inside == '\\' && p->next - inside > 1
					 ? read_escape(inside + 1, p->next)
					 : *inside;
	if (p->next < p->end && *p->next == quote)
		p->next++;
}

static size_t punct_len(const struct rs_cparse *p)
{
	static const char pairs[][3] = { "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "->" };

	if (peek(p, 0) == '.' && peek(p, 1) == '.' && peek(p, 2) == '.')
		return 3;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (peek(p, 0) == pairs[i][0] && peek(p, 1) == pairs[i][1])
			return 2;
	return 1;
}

void rs_cparse_next(struct rs_cparse *p)
{
	char c;

	skip_blanks(p);
	p->token = (struct rs_ctoken){ .text = p->next };
	if (p->next >= p->end)
		return;
	c = *p->next;
	if (c == '"' || c == '\'') {
		read_quoted(p);
	} else if (is_word(c)) {
		p->token.kind = is_digit(c) ? RS_CTOKEN_NUMBER : RS_CTOKEN_WORD;
		while (is_word(peek(p, 0)) || (is_digit(c) && peek(p, 0) == '.'))
			p->next++;
	} else {
		p->token.kind = RS_CTOKEN_PUNCT;
		p->next += punct_len(p);
	}
	p->token.len = (uint32_t)(p->next - p->token.text);
	if (is_digit(c))
		p->token.value = read_number(&p->token);
}

void rs_cparse_init(struct rs_cparse *p, struct rs_types *types, const char *text, size_t len)
{
	*p = (struct rs_cparse){ .types = types, .start = text, .end = text + len, .next = text };
	rs_cparse_next(p);
}

bool rs_ctoken_is(const struct rs_ctoken *token, const char *text)
{
	if (token->kind != RS_CTOKEN_WORD && token->kind != RS_CTOKEN_PUNCT)
		return false;
	return *token->text == *text && strncmp(token->text, text, token->len) == 0 &&
	       !text[token->len];
}

bool rs_ctoken_is_any(const struct rs_ctoken *token, const char *const *words)
{
	if (token->kind != RS_CTOKEN_WORD)
		return false;
	for (; *words; words++)
		if (rs_ctoken_is(token, *words))
			return true;
	return false;
}

bool rs_cparse_take(struct rs_cparse *p, const char *text)
{
	if (!rs_ctoken_is(&p->token, text))
		return false;
	rs_cparse_next(p);
	return true;
}

bool rs_cparse_expect(struct rs_cparse *p, const char *text)
{
	if (rs_cparse_take(p, text))
		return true;
	if (p->token.kind == RS_CTOKEN_END)
		rs_cparse_fail(p, "the declarations end where \"%s\" is expected", text);
	else
		rs_cparse_fail(p, "expected \"%s\" instead of \"%.*s\"", text,
			       (int)MIN(p->token.len, 64u), p->token.text);
	return false;
}

char *rs_cparse_word(struct rs_cparse *p)
{
	return rs_arena_strndup(p->types->arena, p->token.text, p->token.len);
}

/* ---- mistakes ---- */

__attribute__((format(printf, 3, 0))) static void fail(struct rs_cparse *p,
						       const struct rs_ctoken *at, const char *fmt,
						       va_list ap)
{
	struct rs_span span = p->span;
	char text[256];

	if (p->failed)
		return;
	p->failed = true;
	if (!p->diags)
		return;
	span.at += (uint32_t)(at->text - p->start);
	span.len = at->len;
	vsnprintf(text, sizeof(text), fmt, ap);
	rs_diag_error(p->diags, span, "%s", text);
}

void rs_cparse_fail(struct rs_cparse *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail(p, &p->token, fmt, ap);
	va_end(ap);
}

void rs_cparse_fail_at(struct rs_cparse *p, const struct rs_ctoken *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail(p, at, fmt, ap);
	va_end(ap);
}

bool rs_cparse_enter(struct rs_cparse *p)
{
	if (p->depth >= RS_TYPES_DEPTH * 2) {
		rs_cparse_fail(p, "declarations are nested too deeply");
		return false;
	}
	p->depth++;
	return true;
}

void rs_cparse_skip_group(struct rs_cparse *p)
{
	unsigned depth = 0;

	do {
		if (p->token.kind == RS_CTOKEN_END)
			return;
		if (p->token.kind == RS_CTOKEN_PUNCT && strchr("([{", p->token.text[0]))
			depth++;
		else if (p->token.kind == RS_CTOKEN_PUNCT && strchr(")]}", p->token.text[0]))
			depth--;
		rs_cparse_next(p);
	} while (depth);
}
