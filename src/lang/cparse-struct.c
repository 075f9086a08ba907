/* SPDX-License-Identifier: Apache-2.0 */

/* Structs and unions. A mistake in one leaves it unknown; the parser goes on behind it. */

#include <string.h>

#include "lang/cparse-private.h"

/* Behind what could not be read: after the next ';', or before the end of the block. */
void rs_cparse_skip_member(struct rs_cparse *p)
{
	while (p->token.kind != RS_CTOKEN_END && !rs_ctoken_is(&p->token, "}")) {
		if (rs_cparse_take(p, ";"))
			return;
		if (p->token.kind == RS_CTOKEN_PUNCT && strchr("([{", p->token.text[0]))
			rs_cparse_skip_group(p);
		else
			rs_cparse_next(p);
	}
}

/* A member's type needs a size: what the script only mentions may be known elsewhere. */
const struct rs_type *rs_cparse_whole(struct rs_cparse *p, const struct rs_type *t)
{
	if (t->kind == RS_TYPE_NONE || t->kind == RS_TYPE_UNKNOWN) {
		rs_cparse_fail(p, "a member cannot be of this type");
		return NULL;
	}
	if (t->kind != RS_TYPE_STRUCT || p->shallow)
		return t;
	t = rs_type_complete(p->types, t);
	if (!t->fields && !t->lazy) {
		rs_cparse_fail(p, "\"%s\" is not defined", t->name ? t->name : "struct");
		return NULL;
	}
	return t;
}

static void add_member(struct rs_cparse *p, struct rs_layout *layout, const char *name,
		       const struct rs_type *type, const struct rs_cattributes *attributes)
{
	struct rs_ctoken at = p->token;
	int64_t width;

	type = rs_cparse_whole(p, type);
	if (!type)
		return;
	if (!rs_cparse_take(p, ":")) {
		if (!name)
			rs_cparse_fail(p, "a member needs a name");
		else
			rs_layout_add(layout, name, type, attributes->align);
		return;
	}
	width = rs_cparse_constant(p);
	if (width < 0 || width > 64 || (name && !width))
		rs_cparse_fail_at(p, &at, "a bit field is 1 to 64 bits wide");
	if (!p->failed)
		rs_layout_add_bits(layout, name, type, (uint32_t)width);
}

static void parse_member_declarators(struct rs_cparse *p, struct rs_layout *layout,
				     const struct rs_cspecifier *spec)
{
	do {
		struct rs_cattributes attributes = spec->attributes;
		const struct rs_type *type = spec->type;
		bool packed = layout->packed;
		const char *name = NULL;
		bool user = false;

		if (!rs_ctoken_is(&p->token, ":"))
			type = rs_cparse_declarator(p, type, spec->user, &name);
		while (!p->failed && rs_cparse_qualifier(p, &attributes, &user))
			;
		if (p->failed)
			return;
		layout->packed |= attributes.packed;
		add_member(p, layout, name, type, &attributes);
		layout->packed = packed;
		while (!p->failed && rs_cparse_qualifier(p, &attributes, &user))
			;
	} while (!p->failed && rs_cparse_take(p, ","));
	if (!rs_ctoken_is(&p->token, "}")) /* compilers let the last one go without */
		rs_cparse_expect(p, ";");
}

/* Macros of headers that make a member: an array of unknown length, a set of bits. */
static bool take_member_macro(struct rs_cparse *p, struct rs_layout *layout)
{
	bool bitmap = rs_ctoken_is(&p->token, "DECLARE_BITMAP");
	const struct rs_type *type = rs_type_uint64;
	uint32_t count = 0;
	char *name;

	if (!bitmap && !rs_ctoken_is(&p->token, "__DECLARE_FLEX_ARRAY") &&
	    !rs_ctoken_is(&p->token, "DECLARE_FLEX_ARRAY"))
		return false;
	rs_cparse_next(p);
	rs_cparse_expect(p, "(");
	if (!bitmap) {
		type = rs_cparse_type_name(p);
		rs_cparse_expect(p, ",");
	}
	name = rs_cparse_word(p);
	rs_cparse_next(p);
	if (bitmap && rs_cparse_expect(p, ",")) {
		int64_t bits = rs_cparse_constant(p);

		count = bits > 0 && bits < INT32_MAX ? (uint32_t)((bits + 63) / 64) : 0;
	}
	rs_cparse_expect(p, ")");
	rs_cparse_expect(p, ";");
	type = p->failed || !name ? NULL : rs_cparse_whole(p, type);
	if (type)
		type = rs_type_array(p->types, type, count);
	if (type)
		rs_layout_add(layout, name, type, 0);
	return true;
}

static void parse_member(struct rs_cparse *p, struct rs_layout *layout)
{
	static const char *const assertions[] = { "_Static_assert", "static_assert", NULL };
	struct rs_cspecifier spec = { 0 };

	if (rs_cparse_take(p, ";") || take_member_macro(p, layout))
		return;
	if (rs_ctoken_is_any(&p->token, assertions)) {
		rs_cparse_skip_member(p);
		return;
	}
	if (!rs_cparse_specifier(p, &spec))
		return;
	if (rs_cparse_take(p, ";")) {
		if (spec.anonymous && spec.type->kind == RS_TYPE_STRUCT)
			rs_layout_add(layout, "", spec.type, spec.attributes.align);
		return;
	}
	parse_member_declarators(p, layout, &spec);
}

/* The token is behind '{'. False: something in it was wrong, and was told. */
static bool parse_members(struct rs_cparse *p, struct rs_layout *layout, struct rs_ctoken open)
{
	bool broken = false;

	while (!rs_cparse_take(p, "}")) {
		if (p->token.kind == RS_CTOKEN_END) {
			rs_cparse_fail_at(p, &open, "this \"{\" is never closed");
			return false;
		}
		parse_member(p, layout);
		if (p->failed) {
			broken = true;
			p->failed = false;
			rs_cparse_skip_member(p);
		}
	}
	return !broken;
}

/* Packing is told after the members, where it matters for them: looked for first. */
static void look_ahead(struct rs_cparse *p, struct rs_cattributes *attributes)
{
	struct rs_cparse ahead = *p;

	ahead.diags = NULL;
	rs_cparse_skip_group(&ahead);
	while (!ahead.failed && rs_cparse_attribute(&ahead, attributes))
		;
}

/* Twice the same is no mistake: headers do that. */
static bool may_define(struct rs_cparse *p, const struct rs_type *known, const struct rs_type *made,
		       const struct rs_ctoken *at)
{
	if (!known->fields || known->btf_id ||
	    (known->size == made->size && known->n_fields == made->n_fields))
		return true;
	rs_cparse_fail_at(p, at, "\"%s\" is already defined, otherwise", known->name);
	return false;
}

static struct rs_type *define_struct(struct rs_cparse *p, struct rs_type *t, bool is_union,
				     struct rs_cattributes attributes, struct rs_ctoken at)
{
	struct rs_type made = *t;
	struct rs_ctoken open = p->token;
	struct rs_layout layout;
	bool whole;

	if (!rs_cparse_enter(p))
		return NULL;
	look_ahead(p, &attributes);
	rs_layout_init(&layout, p, is_union);
	layout.packed = attributes.packed;
	rs_cparse_next(p);
	whole = parse_members(p, &layout, open);
	p->depth--;
	while (!p->failed && rs_cparse_attribute(p, &attributes))
		;
	made.lazy = false;
	made.btf_id = 0;
	if (!whole || !rs_layout_finish(&layout, attributes.align, &made)) {
		p->failed = true;
		return NULL;
	}
	if (!may_define(p, t, &made, &at))
		return NULL;
	*t = made;
	return t;
}

const struct rs_type *rs_cparse_struct(struct rs_cparse *p, bool is_union,
				       struct rs_cspecifier *spec)
{
	struct rs_cattributes attributes = { 0 };
	const struct rs_type *known = NULL;
	struct rs_type *t;
	struct rs_ctoken at;
	bool has_tag;

	while (!p->failed && rs_cparse_attribute(p, &attributes))
		;
	at = p->token;
	has_tag = at.kind == RS_CTOKEN_WORD;
	t = has_tag ? rs_cparse_tagged(p, RS_TYPE_STRUCT, is_union ? "union" : "struct", &known)
		    : rs_cparse_untagged(p, RS_TYPE_STRUCT, is_union);
	if (!t)
		return known;
	if (!rs_ctoken_is(&p->token, "{")) {
		if (!has_tag)
			rs_cparse_fail(p, "expected a name or \"{\"");
		return p->failed ? NULL : t;
	}
	t = define_struct(p, t, is_union, attributes, at);
	if (!has_tag)
		spec->anonymous = t;
	return t;
}
