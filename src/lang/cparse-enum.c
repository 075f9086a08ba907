/* SPDX-License-Identifier: Apache-2.0 */

/* Enums and their constants. */

#include <string.h>

#include "lang/cparse-private.h"

struct constants {
	struct rs_field *items;
	uint32_t n, cap;
	int64_t min, max;
};

static void add_constant(struct rs_cparse *p, struct constants *list, const char *name,
			 int64_t value, const struct rs_type *type)
{
	struct rs_arena *arena = p->types->arena;

	if (list->n == list->cap && list->n < RS_TYPES_FIELDS_MAX) {
		uint32_t cap = list->cap ? list->cap * 2 : 16;
		struct rs_field *items = rs_arena_alloc_array(arena, cap, sizeof(*items));

		if (!items)
			return;
		if (list->n)
			memcpy(items, list->items, list->n * sizeof(*items));
		list->items = items;
		list->cap = cap;
	}
	if (list->n == list->cap || rs_types_add_constant(p->types, name, value, type) < 0)
		return;
	list->items[list->n++] = (struct rs_field){ .name = name, .type = type, .value = value };
	if (value < 0 && p->is_unsigned) {
		list->max = INT64_MAX;
	} else {
		list->min = MIN(list->min, value);
		list->max = MAX(list->max, value);
	}
}

/* A value that only the whole preprocessor could tell leaves its constant unknown, no more. */
static bool parse_value(struct rs_cparse *p, int64_t *value)
{
	struct rs_diags *diags = p->diags;
	bool failed;

	p->diags = NULL;
	p->is_unsigned = false;
	*value = rs_cparse_constant(p);
	failed = p->failed;
	p->failed = false;
	p->diags = diags;
	while (failed && p->token.kind != RS_CTOKEN_END && !rs_ctoken_is(&p->token, ",") &&
	       !rs_ctoken_is(&p->token, "}")) {
		if (rs_ctoken_is(&p->token, "("))
			rs_cparse_skip_group(p);
		else
			rs_cparse_next(p);
	}
	return !failed;
}

static void parse_constants(struct rs_cparse *p, struct constants *list, const struct rs_type *type)
{
	struct rs_ctoken open = p->token;
	struct rs_cattributes ignored = { 0 };
	bool known = true;
	int64_t value = 0;

	rs_cparse_next(p);
	p->is_unsigned = false;
	while (!p->failed && !rs_cparse_take(p, "}")) {
		char *name = rs_cparse_word(p);

		if (p->token.kind == RS_CTOKEN_END)
			rs_cparse_fail_at(p, &open, "this \"{\" is never closed");
		else if (p->token.kind != RS_CTOKEN_WORD)
			rs_cparse_fail(p, "expected the name of a constant");
		if (p->failed || !name)
			return;
		rs_cparse_next(p);
		while (!p->failed && rs_cparse_attribute(p, &ignored))
			;
		if (rs_cparse_take(p, "="))
			known = parse_value(p, &value);
		if (known)
			add_constant(p, list, name, value, type);
		value = (int64_t)((uint64_t)value + 1);
		if (!rs_cparse_take(p, ",") && !rs_ctoken_is(&p->token, "}"))
			rs_cparse_fail(p, "expected \",\" or \"}\"");
	}
}

/* As gcc does: unsigned unless a value is negative, 4 bytes unless they do not do. */
static void size_enum(struct rs_type *t, const struct constants *list, bool packed)
{
	bool wide = list->max > UINT32_MAX || list->min < INT32_MIN ||
		    (list->min < 0 && list->max > INT32_MAX);
	int64_t top = list->min < 0 ? MAX(list->max, -(list->min + 1)) * 2 : list->max;

	t->is_signed = list->min < 0;
	t->size = wide ? 8 : 4;
	if (packed && !wide && top <= UINT16_MAX)
		t->size = top <= UINT8_MAX ? 1 : 2;
	t->align = t->size;
}

static const struct rs_type *define_enum(struct rs_cparse *p, struct rs_type *t,
					 const struct rs_type *underlying,
					 struct rs_cattributes attributes)
{
	struct constants list = { 0 };

	parse_constants(p, &list, t);
	while (!p->failed && rs_cparse_attribute(p, &attributes))
		;
	if (p->failed)
		return NULL;
	t->lazy = false;
	t->btf_id = 0;
	t->fields = list.items;
	t->n_fields = list.n;
	size_enum(t, &list, attributes.packed);
	if (underlying) {
		t->size = t->align = underlying->size;
		t->is_signed = underlying->is_signed;
	}
	return t;
}

const struct rs_type *rs_cparse_enum(struct rs_cparse *p, struct rs_cspecifier *spec)
{
	const struct rs_type *known = NULL, *underlying = NULL;
	struct rs_cattributes attributes = { 0 };
	struct rs_type *t;
	bool has_tag;

	while (!p->failed && rs_cparse_attribute(p, &attributes))
		;
	has_tag = p->token.kind == RS_CTOKEN_WORD;
	t = has_tag ? rs_cparse_tagged(p, RS_TYPE_ENUM, "enum", &known)
		    : rs_cparse_untagged(p, RS_TYPE_ENUM, false);
	if (!t)
		return known;
	if (!has_tag)
		t->size = t->align = 4;
	if (rs_ctoken_is(&p->token, ":") && !p->shallow) {
		struct rs_cparse before = *p;

		rs_cparse_next(p);
		if (rs_cparse_at_type(p))
			underlying = rs_cparse_type_name(p);
		if (!underlying || !rs_type_is_integer(underlying)) { /* a bit field of the enum */
			*p = before;
			return t;
		}
	}
	if (!rs_ctoken_is(&p->token, "{")) {
		if (!has_tag)
			rs_cparse_fail(p, "expected a name or \"{\"");
		return p->failed ? NULL : t;
	}
	if (!has_tag)
		spec->anonymous = t;
	return define_enum(p, t, underlying, attributes);
}
