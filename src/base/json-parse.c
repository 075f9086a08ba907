/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>

#include "base/json.h"
#include "base/utf8.h"

/* Objects with more members than this have their names sorted to find repetitions. */
#define FEW_MEMBERS 16

struct parser {
	struct rs_arena *arena;
	const char *start, *p, *end;
	unsigned depth;
	struct rs_error *err;
};

static int parse_value(struct parser *ps, struct rs_json_value *v);

/* Where p stands, for people: line and column (bytes) from 1. */
static int fail_code(struct parser *ps, int code, const char *what)
{
	size_t line = 1, column = 1;

	for (const char *c = ps->start; c < ps->p; c++) {
		column = *c == '\n' ? 1 : column + 1;
		line += *c == '\n';
	}
	return rs_error_set(ps->err, code, "line %zu, column %zu: %s", line, column, what);
}

static int fail(struct parser *ps, const char *what)
{
	return fail_code(ps, -EINVAL, what);
}

static int fail_memory(struct parser *ps)
{
	return fail_code(ps, -ENOMEM, "out of memory");
}

static void skip_space(struct parser *ps)
{
	while (ps->p < ps->end &&
	       (*ps->p == ' ' || *ps->p == '\t' || *ps->p == '\n' || *ps->p == '\r'))
		ps->p++;
}

/* The next character, or NUL at the end (a real NUL is an error everywhere it can stand). */
static char peek(const struct parser *ps)
{
	return ps->p < ps->end ? *ps->p : '\0';
}

static bool accept(struct parser *ps, char c)
{
	if (peek(ps) != c || ps->p == ps->end)
		return false;
	ps->p++;
	return true;
}

static size_t left(const struct parser *ps)
{
	return (size_t)(ps->end - ps->p);
}

/* --- strings --- */

static int parse_hex4(struct parser *ps, uint32_t *ret_value)
{
	uint32_t v = 0;

	if (left(ps) < 4)
		return fail(ps, "unfinished \\u escape");
	for (int i = 0; i < 4; i++, ps->p++) {
		char c = *ps->p;

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return fail(ps, "bad digit in \\u escape");
	}
	*ret_value = v;
	return 0;
}

/* Behind "\u": one code point, from two escapes where it is a surrogate pair. */
static int parse_unicode(struct parser *ps, char **out)
{
	uint32_t cp, low;
	int r = parse_hex4(ps, &cp);

	if (r < 0)
		return r;
	if (cp >= 0xdc00 && cp <= 0xdfff)
		return fail(ps, "lone surrogate");
	if (cp >= 0xd800 && cp <= 0xdbff) {
		if (left(ps) < 2 || ps->p[0] != '\\' || ps->p[1] != 'u')
			return fail(ps, "lone surrogate");
		ps->p += 2;
		r = parse_hex4(ps, &low);
		if (r < 0)
			return r;
		if (low < 0xdc00 || low > 0xdfff)
			return fail(ps, "lone surrogate");
		cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
	}
	*out += rs_utf8_encode(cp, *out);
	return 0;
}

static int parse_escape(struct parser *ps, char **out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char c = peek(ps);
	const char *at = c ? strchr(from, c) : NULL;

	if (accept(ps, 'u'))
		return parse_unicode(ps, out);
	if (!at)
		return fail(ps, "unknown escape");
	*(*out)++ = to[at - from];
	ps->p++;
	return 0;
}

/* One unescaped character. */
static int parse_char(struct parser *ps, char **out)
{
	uint32_t cp;
	unsigned len = rs_utf8_decode(ps->p, left(ps), &cp);

	if (!len)
		return fail(ps, "invalid UTF-8");
	if (cp < 0x20)
		return fail(ps, "control character in a string");
	memcpy(*out, ps->p, len);
	*out += len;
	ps->p += len;
	return 0;
}

/* Bytes up to the closing quote, or to the end: decoded text is never longer. */
static size_t raw_length(const struct parser *ps)
{
	const char *p = ps->p;

	for (; p < ps->end && *p != '"'; p++)
		if (*p == '\\' && p + 1 < ps->end)
			p++;
	return (size_t)(p - ps->p);
}

/* Behind the opening quote. */
static int parse_string(struct parser *ps, const char **ret_str, size_t *ret_len)
{
	char *buf = rs_arena_alloc(ps->arena, raw_length(ps) + 1), *out = buf;
	int r = 0;

	if (!buf)
		return fail_memory(ps);
	while (r == 0 && ps->p < ps->end && *ps->p != '"')
		r = accept(ps, '\\') ? parse_escape(ps, &out) : parse_char(ps, &out);
	if (r < 0)
		return r;
	if (!accept(ps, '"'))
		return fail(ps, "unfinished string");
	*ret_str = buf;
	*ret_len = (size_t)(out - buf);
	return 0;
}

/* --- numbers --- */

static size_t skip_digits(struct parser *ps)
{
	const char *start = ps->p;

	while (peek(ps) >= '0' && peek(ps) <= '9')
		ps->p++;
	return (size_t)(ps->p - start);
}

/* Walks over a number; tells whether it has neither fraction nor exponent. */
static int scan_number(struct parser *ps, bool *ret_integer)
{
	const char *digits;
	size_t n;

	accept(ps, '-');
	digits = ps->p;
	n = skip_digits(ps);
	if (!n)
		return fail(ps, "a value was expected");
	if (n > 1 && *digits == '0')
		return fail(ps, "number with a leading zero");
	*ret_integer = true;
	if (accept(ps, '.')) {
		*ret_integer = false;
		if (!skip_digits(ps))
			return fail(ps, "digits were expected after the point");
	}
	if (accept(ps, 'e') || accept(ps, 'E')) {
		*ret_integer = false;
		if (!accept(ps, '+'))
			accept(ps, '-');
		if (!skip_digits(ps))
			return fail(ps, "digits were expected in the exponent");
	}
	return 0;
}

/* Fills the exact integer when it fits one of the two types. */
static void store_integer(struct rs_json_value *v, const char *digits)
{
	bool negative = *digits == '-';
	uint64_t n = 0;

	for (digits += negative; *digits; digits++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*digits - '0'), &n))
			return;
	if (negative && n) {
		if (n > (uint64_t)INT64_MAX + 1)
			return;
		v->number = RS_JSON_I64;
		v->i64 = (int64_t)-n;
		return;
	}
	v->number = RS_JSON_U64;
	v->u64 = n;
}

static int parse_number(struct parser *ps, struct rs_json_value *v)
{
	const char *start = ps->p;
	bool integer = false;
	char *copy;
	int r = scan_number(ps, &integer);

	if (r < 0)
		return r;
	copy = rs_arena_strndup(ps->arena, start, (size_t)(ps->p - start));
	if (!copy)
		return fail_memory(ps);
	v->type = RS_JSON_NUMBER;
	v->real = strtod(copy, NULL);
	if (!isfinite(v->real))
		return fail(ps, "number out of range");
	if (integer)
		store_integer(v, copy);
	return 0;
}

/* --- containers --- */

static int parse_array(struct parser *ps, struct rs_json_value *v)
{
	struct rs_json_value **tail = &v->child;

	v->type = RS_JSON_ARRAY;
	skip_space(ps);
	if (accept(ps, ']'))
		return 0;
	for (;;) {
		struct rs_json_value *child = rs_arena_new(ps->arena, struct rs_json_value);
		int r;

		if (!child)
			return fail_memory(ps);
		r = parse_value(ps, child);
		if (r < 0)
			return r;
		*tail = child;
		tail = &child->next;
		v->len++;
		if (accept(ps, ']'))
			return 0;
		if (!accept(ps, ','))
			return fail(ps, "\",\" or \"]\" was expected");
	}
}

static int compare_names(const void *a, const void *b)
{
	const struct rs_json_value *x, *y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return strcmp(x->key, y->key);
}

/* Names hold no NUL, so strcmp() is enough. */
static int check_names(struct parser *ps, const struct rs_json_value *object)
{
	const struct rs_json_value **sorted;
	size_t n = 0;

	if (object->len <= FEW_MEMBERS) {
		for (const struct rs_json_value *m = object->child; m; m = m->next)
			for (const struct rs_json_value *o = m->next; o; o = o->next)
				if (strcmp(m->key, o->key) == 0)
					return fail(ps, "a name is used twice in this object");
		return 0;
	}
	sorted = rs_arena_alloc_array(ps->arena, object->len, sizeof(*sorted));
	if (!sorted)
		return fail_memory(ps);
	for (const struct rs_json_value *m = object->child; m; m = m->next)
		sorted[n++] = m;
	qsort(sorted, n, sizeof(*sorted), compare_names);
	for (size_t i = 1; i < n; i++)
		if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
			return fail(ps, "a name is used twice in this object");
	return 0;
}

static int parse_member(struct parser *ps, struct rs_json_value **ret_member)
{
	struct rs_json_value *m = rs_arena_new(ps->arena, struct rs_json_value);
	int r;

	if (!m)
		return fail_memory(ps);
	skip_space(ps);
	if (!accept(ps, '"'))
		return fail(ps, "a name in quotes was expected");
	r = parse_string(ps, &m->key, &m->key_len);
	if (r < 0)
		return r;
	if (memchr(m->key, '\0', m->key_len))
		return fail(ps, "NUL in a name");
	skip_space(ps);
	if (!accept(ps, ':'))
		return fail(ps, "\":\" was expected");
	r = parse_value(ps, m);
	if (r < 0)
		return r;
	*ret_member = m;
	return 0;
}

static int parse_object(struct parser *ps, struct rs_json_value *v)
{
	struct rs_json_value **tail = &v->child;

	v->type = RS_JSON_OBJECT;
	skip_space(ps);
	if (accept(ps, '}'))
		return 0;
	for (;;) {
		int r = parse_member(ps, tail);

		if (r < 0)
			return r;
		tail = &(*tail)->next;
		v->len++;
		if (accept(ps, '}'))
			return check_names(ps, v);
		if (!accept(ps, ','))
			return fail(ps, "\",\" or \"}\" was expected");
	}
}

static int parse_word(struct parser *ps, struct rs_json_value *v)
{
	static const struct {
		const char *word;
		enum rs_json_type type;
		bool value;
	} words[] = {
		{ "null", RS_JSON_NULL, false },
		{ "true", RS_JSON_BOOL, true },
		{ "false", RS_JSON_BOOL, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t n = strlen(words[i].word);

		if (left(ps) < n || memcmp(ps->p, words[i].word, n) != 0)
			continue;
		ps->p += n;
		v->type = words[i].type;
		v->boolean = words[i].value;
		return 0;
	}
	return fail(ps, "a value was expected");
}

static int parse_nested(struct parser *ps, struct rs_json_value *v, bool object)
{
	int r;

	if (ps->depth >= RS_JSON_DEPTH_MAX)
		return fail_code(ps, -E2BIG, "nested too deep");
	ps->depth++;
	r = object ? parse_object(ps, v) : parse_array(ps, v);
	ps->depth--;
	return r;
}

/* A value and the white space on both sides. v is zeroed. */
static int parse_value(struct parser *ps, struct rs_json_value *v)
{
	int r;

	skip_space(ps);
	if (accept(ps, '{')) {
		r = parse_nested(ps, v, true);
	} else if (accept(ps, '[')) {
		r = parse_nested(ps, v, false);
	} else if (accept(ps, '"')) {
		v->type = RS_JSON_STRING;
		r = parse_string(ps, &v->str, &v->len);
	} else if (peek(ps) == '-' || (peek(ps) >= '0' && peek(ps) <= '9')) {
		r = parse_number(ps, v);
	} else {
		r = parse_word(ps, v);
	}
	if (r == 0)
		skip_space(ps);
	return r;
}

int rs_json_parse(struct rs_arena *arena, const void *text, size_t n,
		  struct rs_json_value **ret_root, struct rs_error *err)
{
	struct parser ps = { .arena = arena, .start = text, .p = text, .err = err };
	struct rs_json_value *root;
	int r;

	if (n > RS_JSON_SIZE_MAX)
		return rs_error_set(err, -E2BIG, "JSON text longer than %zu bytes",
				    RS_JSON_SIZE_MAX);
	if (!n)
		return rs_error_set(err, -EINVAL, "JSON text is empty");
	ps.end = ps.p + n;
	root = rs_arena_new(arena, struct rs_json_value);
	if (!root)
		return fail_memory(&ps);
	r = parse_value(&ps, root);
	if (r < 0)
		return r;
	if (ps.p != ps.end)
		return fail(&ps, "more text after the value");
	*ret_root = root;
	return 0;
}
