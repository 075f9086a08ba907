/* SPDX-License-Identifier: Apache-2.0 */

/*
 * C declarations, as far as they say how data lies in memory. Headers hold much else (functions with
 * bodies, variables, assertions): that is stepped over without a word. A mistake inside a struct leaves
 * that struct unknown, and the parser goes on behind it.
 */

#include <string.h>

#include "lang/cparse-private.h"

/* ---- names ---- */

/* "struct name": the script's own, or one that has to be there already. */
struct rs_type *rs_cparse_tagged(struct rs_cparse *p, enum rs_type_kind kind, const char *keyword,
				 const struct rs_type **ret_known)
{
	char *name = rs_arena_printf(p->types->arena, "%s %.*s", keyword, (int)p->token.len,
				     p->token.text);
	struct rs_ctoken at = p->token;

	rs_cparse_next(p);
	if (!name)
		return NULL;
	if (p->strict && !rs_ctoken_is(&p->token, "{")) {
		*ret_known = rs_types_find(p->types, name);
		if (!*ret_known)
			rs_cparse_fail_at(p, &at, "unknown type \"%s\"", name);
		return NULL;
	}
	return rs_types_own(p->types, kind, strcmp(keyword, "union") == 0, name);
}

struct rs_type *rs_cparse_untagged(struct rs_cparse *p, enum rs_type_kind kind, bool is_union)
{
	struct rs_type *t = rs_arena_new(p->types->arena, struct rs_type);

	if (t)
		*t = (struct rs_type){ .kind = kind, .is_union = is_union, .name = "", .align = 1 };
	return t;
}

/* ---- specifiers ---- */

static const char *const basic_words[] = { "void",        "char",     "short",     "int",
					   "long",        "float",    "double",    "signed",
					   "unsigned",    "_Bool",    "bool",      "__int128_t",
					   "__uint128_t", "__int128", "_Float128", "__float128",
					   "__signed__",  "_Float32", "_Float64",  "_Float32x",
					   "_Float64x",   NULL };

/* Of these, those that headers may define: after another type they are what is declared. */
static const char *const typedef_names[] = { "bool", "__int128_t", "__uint128_t", NULL };

struct basic {
	char words[64];
	bool any;
	uint32_t opaque; /* bytes of what is no integer: floating point, 128 bits */
	unsigned n_long;
};

static void take_basic(struct rs_cparse *p, struct basic *basic)
{
	static const char *const large[] = { "__int128",   "__int128_t", "__uint128_t", "_Float128",
					     "__float128", "_Float64x",  NULL };
	static const char *const four[] = { "float", "_Float32", NULL };
	static const char *const eight[] = { "double", "_Float64", "_Float32x", NULL };
	size_t len = strlen(basic->words);

	if (rs_ctoken_is_any(&p->token, large))
		basic->opaque = 16;
	else if (rs_ctoken_is_any(&p->token, four))
		basic->opaque = 4;
	else if (rs_ctoken_is_any(&p->token, eight))
		basic->opaque = basic->n_long ? 16 : 8;
	else if (len + p->token.len + 2 < sizeof(basic->words))
		snprintf(basic->words + len, sizeof(basic->words) - len, "%s%.*s", len ? " " : "",
			 (int)p->token.len, p->token.text);
	else
		rs_cparse_fail(p, "too many words for a type");
	if (rs_ctoken_is(&p->token, "long")) {
		basic->n_long++;
		if (basic->opaque == 8)
			basic->opaque = 16;
	}
	basic->any = true;
	rs_cparse_next(p);
}

/* Floating point numbers are their bits: nothing here computes with them. */
static const struct rs_type *opaque_type(struct rs_cparse *p, uint32_t size)
{
	const struct rs_type *array;
	struct rs_type *t;

	if (size <= 8)
		return rs_type_int(size, false);
	array = rs_type_array(p->types, rs_type_uint64, size / 8);
	t = array ? rs_type_copy(p->types, array) : NULL;
	if (t)
		t->align = size < 16 ? 8 : 16;
	return t;
}

static const struct rs_type *finish_basic(struct rs_cparse *p, const struct basic *basic)
{
	const struct rs_type *t = basic->opaque ? opaque_type(p, basic->opaque)
						: rs_types_find_base(basic->words);

	if (!t)
		rs_cparse_fail(p, "\"%s\" is no type", basic->words);
	return t;
}

/* A typedef's name. */
static const struct rs_type *find_name(struct rs_cparse *p, const char *name)
{
	const struct rs_type *t = rs_types_find_own(p->types, name);

	if (!t)
		t = rs_types_find_base(name);
	if (!t && strncmp(name, "__builtin_", 10) == 0)
		t = rs_type_array(p->types, rs_type_uint64, 3);
	if (!t && !p->shallow)
		t = rs_types_find(p->types, name);
	return t ? t : p->shallow ? &rs_type_unknown : NULL;
}

static const struct rs_type *parse_name(struct rs_cparse *p)
{
	const char *name = rs_cparse_word(p);
	const struct rs_type *t = name ? find_name(p, name) : NULL;

	if (!t && name) {
		const char *near = rs_types_nearest(p->types, name);

		rs_cparse_fail(p, "unknown type \"%s\"", name);
		if (near && p->diags)
			rs_diag_hint(p->diags, "did you mean \"%s\"?", near);
	}
	rs_cparse_next(p);
	return t;
}

static const struct rs_type *parse_typeof(struct rs_cparse *p)
{
	const struct rs_type *t = NULL;

	if (!rs_cparse_expect(p, "("))
		return NULL;
	if (rs_cparse_at_type(p))
		t = rs_cparse_type_name(p);
	else
		rs_cparse_fail(p, "typeof() of a type only");
	return rs_cparse_expect(p, ")") ? t : NULL;
}

/* One word of a specifier; false: it is not part of it. */
static bool take_specifier(struct rs_cparse *p, struct rs_cspecifier *ret, struct basic *basic)
{
	static const char *const typeofs[] = { "typeof", "__typeof__", "__typeof", NULL };

	if (rs_cparse_qualifier(p, &ret->attributes, &ret->user))
		return true;
	if (rs_cparse_take(p, "typedef"))
		return ret->is_typedef = true;
	if (p->token.kind != RS_CTOKEN_WORD || ret->type)
		return false;
	if (basic->any && rs_ctoken_is_any(&p->token, typedef_names))
		return false;
	if (rs_ctoken_is_any(&p->token, basic_words)) {
		take_basic(p, basic);
		return true;
	}
	if (basic->any)
		return false;
	if (rs_cparse_take(p, "struct"))
		ret->type = rs_cparse_struct(p, false, ret);
	else if (rs_cparse_take(p, "union"))
		ret->type = rs_cparse_struct(p, true, ret);
	else if (rs_cparse_take(p, "enum"))
		ret->type = rs_cparse_enum(p, ret);
	else if (rs_ctoken_is_any(&p->token, typeofs)) {
		rs_cparse_next(p);
		ret->type = parse_typeof(p);
	} else {
		ret->type = parse_name(p);
	}
	if (!ret->type)
		p->failed = true;
	return !p->failed;
}

bool rs_cparse_specifier(struct rs_cparse *p, struct rs_cspecifier *ret)
{
	struct basic basic = { 0 };

	while (!p->failed && take_specifier(p, ret, &basic))
		;
	if (!p->failed && basic.any)
		ret->type = finish_basic(p, &basic);
	if (!p->failed && !ret->type)
		rs_cparse_fail(p, "expected a type");
	return !p->failed;
}

/* ---- declarators ---- */

static const struct rs_type *make_array(struct rs_cparse *p, const struct rs_type *element,
					int64_t count)
{
	const struct rs_type *array = NULL;

	if (element->kind == RS_TYPE_STRUCT)
		element = rs_cparse_whole(p, element);
	if (!element)
		return NULL;
	if (count < 0 || count > RS_TYPES_SIZE_MAX ||
	    (uint64_t)count * rs_type_sizeof(element) > RS_TYPES_SIZE_MAX)
		rs_cparse_fail(p, "an array of this size is not possible");
	else
		array = rs_type_array(p->types, element, (uint32_t)count);
	return array;
}

static int64_t parse_count(struct rs_cparse *p)
{
	int64_t count = 0;

	if (p->shallow) {
		struct rs_cparse before = *p;

		rs_cparse_next(p);
		if (p->token.kind == RS_CTOKEN_NUMBER)
			count = p->token.value;
		rs_cparse_next(p);
		if (!rs_ctoken_is(&p->token, "]"))
			count = 0;
		*p = before;
		rs_cparse_skip_group(p);
		return count;
	}
	rs_cparse_next(p);
	if (!rs_ctoken_is(&p->token, "]"))
		count = rs_cparse_constant(p);
	rs_cparse_expect(p, "]");
	return count;
}

/* What stands behind a name: array sizes, parameters. A function is of no type: pointers to it are to void. */
static const struct rs_type *parse_suffix(struct rs_cparse *p, const struct rs_type *type)
{
	int64_t count;

	if (rs_ctoken_is(&p->token, "(")) {
		rs_cparse_skip_group(p);
		return &rs_type_none;
	}
	if (!rs_ctoken_is(&p->token, "["))
		return type;
	if (!rs_cparse_enter(p))
		return NULL;
	count = parse_count(p);
	type = p->failed ? NULL : parse_suffix(p, type);
	p->depth--;
	return type ? make_array(p, type, count) : NULL;
}

/* "(*name)": the parenthesis belongs to the declarator, not to parameters. */
static bool at_nested(const struct rs_cparse *p)
{
	struct rs_cparse ahead = *p;

	if (!rs_ctoken_is(&p->token, "("))
		return false;
	ahead.diags = NULL;
	rs_cparse_next(&ahead);
	return rs_ctoken_is(&ahead.token, "*") || rs_ctoken_is(&ahead.token, "(") ||
	       rs_ctoken_is(&ahead.token, "[") || rs_ctoken_is(&ahead.token, "__attribute__") ||
	       (ahead.token.kind == RS_CTOKEN_WORD && !rs_cparse_at_type(&ahead));
}

/* The inner one applies to what the outer one made, so what follows the parenthesis is read first. */
static const struct rs_type *parse_nested(struct rs_cparse *p, const struct rs_type *type,
					  bool user, const char **ret_name)
{
	struct rs_cparse inside;

	if (!rs_cparse_enter(p))
		return NULL;
	inside = *p;
	rs_cparse_skip_group(p);
	type = parse_suffix(p, type);
	p->depth--;
	if (!type)
		return NULL;
	rs_cparse_next(&inside);
	inside.failed = p->failed;
	type = rs_cparse_declarator(&inside, type, user, ret_name);
	rs_cparse_expect(&inside, ")");
	p->failed = inside.failed;
	return type;
}

const struct rs_type *rs_cparse_declarator(struct rs_cparse *p, const struct rs_type *type,
					   bool user, const char **ret_name)
{
	struct rs_cattributes ignored = { 0 };

	while (type && rs_cparse_take(p, "*")) {
		type = rs_type_pointer(p->types, type, user ? RS_SPACE_USER : RS_SPACE_UNKNOWN);
		user = false;
		while (!p->failed && rs_cparse_qualifier(p, &ignored, &user))
			;
	}
	if (!type || p->failed)
		return NULL;
	if (at_nested(p))
		return parse_nested(p, type, user, ret_name);
	if (p->token.kind == RS_CTOKEN_WORD) {
		*ret_name = rs_cparse_word(p);
		rs_cparse_next(p);
	}
	return parse_suffix(p, type);
}

/* ---- from outside ---- */

bool rs_cparse_at_type(struct rs_cparse *p)
{
	static const char *const keywords[] = { "struct", "union",      "enum",     "typeof",
						"__user", "__typeof__", "__typeof", NULL };
	const struct rs_type *type;
	int64_t value;
	char *name;

	if (p->token.kind != RS_CTOKEN_WORD)
		return false;
	if (rs_ctoken_is_any(&p->token, keywords) || rs_ctoken_is_any(&p->token, basic_words) ||
	    rs_ctoken_is_any(&p->token, rs_cparse_idle_words))
		return true;
	name = rs_cparse_word(p);
	if (!name)
		return false;
	if (rs_types_find_own(p->types, name) || rs_types_find_base(name))
		return true;
	if (p->shallow || rs_types_find_constant(p->types, name, &value, &type))
		return false;
	return rs_types_find(p->types, name) != NULL;
}

const struct rs_type *rs_cparse_field(struct rs_cparse *p, const char **ret_name)
{
	struct rs_cspecifier spec = { 0 };
	const struct rs_type *type;
	const char *name = NULL;

	if (!rs_cparse_enter(p))
		return NULL;
	type = rs_cparse_specifier(p, &spec) ? rs_cparse_declarator(p, spec.type, spec.user, &name)
					     : NULL;
	p->depth--;
	if (type && !p->failed)
		*ret_name = name;
	return p->failed ? NULL : type;
}

const struct rs_type *rs_cparse_type_name(struct rs_cparse *p)
{
	const char *name = NULL;
	const struct rs_type *type = rs_cparse_field(p, &name);

	if (type && name)
		rs_cparse_fail(p, "expected a type without a name");
	return p->failed ? NULL : type;
}

const struct rs_type *rs_types_parse(struct rs_types *types, const char *text)
{
	const struct rs_type *type;
	struct rs_cparse p;

	rs_cparse_init(&p, types, text, strlen(text));
	p.strict = true;
	type = rs_cparse_type_name(&p);
	return type && p.token.kind == RS_CTOKEN_END ? type : NULL;
}

/* ---- the outermost level ---- */

/* The rest of what declares no type: up to its ';', or over the body of a function. */
static void skip_declaration(struct rs_cparse *p)
{
	bool assigned = false;

	while (p->token.kind != RS_CTOKEN_END) {
		if (rs_cparse_take(p, ";"))
			return;
		if (rs_ctoken_is(&p->token, "{")) {
			rs_cparse_skip_group(p);
			if (assigned)
				continue;
			rs_cparse_take(p, ";");
			return;
		}
		assigned |= rs_ctoken_is(&p->token, "=");
		if (rs_ctoken_is(&p->token, "(") || rs_ctoken_is(&p->token, "["))
			rs_cparse_skip_group(p);
		else
			rs_cparse_next(p);
	}
}

static const struct rs_type *vector_of(struct rs_cparse *p, const struct rs_type *element,
				       uint32_t size)
{
	uint32_t one = rs_type_sizeof(element);
	const struct rs_type *array = one ? rs_type_array(p->types, element, size / one) : NULL;
	struct rs_type *copy = array ? rs_type_copy(p->types, array) : NULL;

	if (copy)
		copy->align = size;
	return copy;
}

/* An anonymous struct is called by the name it was given first. */
static const struct rs_type *rename_typedef(struct rs_cparse *p, const struct rs_cspecifier *spec,
					    const struct rs_type *type, const char *name,
					    const struct rs_cattributes *attributes)
{
	struct rs_type *copy;

	if (spec->anonymous && type == spec->type && !*spec->anonymous->name)
		spec->anonymous->name = name;
	if (attributes->mode && type->kind == RS_TYPE_INT)
		type = rs_type_int(attributes->mode, type->is_signed);
	if (attributes->vector)
		type = vector_of(p, type, attributes->vector);
	if (!type)
		return NULL;
	if (!attributes->align || attributes->align == type->align)
		return type;
	copy = rs_type_copy(p->types, type);
	if (copy)
		copy->align = attributes->align;
	return copy;
}

static void declare_typedefs(struct rs_cparse *p, const struct rs_cspecifier *spec)
{
	do {
		struct rs_cattributes attributes = spec->attributes;
		const char *name = NULL;
		const struct rs_type *type = rs_cparse_declarator(p, spec->type, spec->user, &name);
		bool user = false;

		while (!p->failed && rs_cparse_qualifier(p, &attributes, &user))
			;
		if (!type || p->failed)
			return;
		if (!name) {
			rs_cparse_fail(p, "a typedef needs a name");
			return;
		}
		type = rename_typedef(p, spec, type, name, &attributes);
		if (type)
			rs_types_name(p->types, name, type);
	} while (rs_cparse_take(p, ","));
	rs_cparse_expect(p, ";");
}

static void parse_outermost(struct rs_cparse *p)
{
	static const char *const makers[] = { "struct", "union", "enum", "typedef", NULL };
	struct rs_cspecifier spec = { 0 };
	const char *before;

	while (!p->failed && rs_cparse_qualifier(p, &spec.attributes, &spec.user))
		;
	before = p->next;
	if (!p->failed && rs_ctoken_is_any(&p->token, makers) && rs_cparse_specifier(p, &spec) &&
	    spec.is_typedef)
		declare_typedefs(p, &spec);
	else if (!p->failed)
		skip_declaration(p);
	if (p->failed) {
		p->failed = false;
		rs_cparse_skip_member(p);
	}
	/* A brace that closes nothing. */
	if (p->next == before && rs_ctoken_is(&p->token, "}"))
		rs_cparse_next(p);
}

void rs_types_declare(struct rs_types *types, const char *text, struct rs_diags *diags,
		      const struct rs_span *span)
{
	struct rs_cparse p;

	rs_cparse_init(&p, types, text, strlen(text));
	p.diags = diags;
	p.span = *span;
	while (p.token.kind != RS_CTOKEN_END)
		parse_outermost(&p);
}
