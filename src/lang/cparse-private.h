/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The parser of C declarations, in parts: words (cparse-lex.c), constant expressions (cparse-expr.c), where
 * members lie (cparse-layout.c), declarations (cparse.c). One struct rs_cparse per text.
 */

#include "lang/diag.h"
#include "lang/type-private.h"

enum rs_ctoken_kind {
	RS_CTOKEN_END,
	RS_CTOKEN_WORD,
	RS_CTOKEN_NUMBER, /* value; characters too */
	RS_CTOKEN_STRING,
	RS_CTOKEN_PUNCT, /* one character, or one of << >> <= >= == != && || -> ... */
};

struct rs_ctoken {
	enum rs_ctoken_kind kind;
	const char *text; /* not terminated */
	uint32_t len;
	int64_t value;
};

struct rs_cparse {
	struct rs_types *types;
	const char *start, *end, *next; /* the text; what comes after token */
	struct rs_ctoken token;         /* being looked at */
	unsigned depth;
	/* Where mistakes go; NULL: only failed tells of them. */
	struct rs_diags *diags;
	struct rs_span span;
	bool failed; /* a mistake since this was last cleared */
	bool strict; /* structs must be known; else they may come later */
	bool shallow; /* the source is not asked, array sizes that are no plain numbers are left out */
	bool is_unsigned; /* the constant was made of one with 64 bits and no sign */
	uint32_t pack;    /* #pragma pack, 0 none */
	uint32_t packs[16];
	unsigned n_packs;
};

/* ---- words ---- */

void rs_cparse_init(struct rs_cparse *p, struct rs_types *types, const char *text, size_t len);
void rs_cparse_next(struct rs_cparse *p);
bool rs_ctoken_is(const struct rs_ctoken *token, const char *text);
/* The token is this word or sign: taken, true. */
bool rs_cparse_take(struct rs_cparse *p, const char *text);
/* The same; where it is something else, a mistake. */
bool rs_cparse_expect(struct rs_cparse *p, const char *text);
/* The token as a string in the arena; NULL: no memory. */
char *rs_cparse_word(struct rs_cparse *p);
/* A mistake at the token. Only the first counts until failed is cleared. */
void rs_cparse_fail(struct rs_cparse *p, const char *fmt, ...) _printf_(2, 3);
void rs_cparse_fail_at(struct rs_cparse *p, const struct rs_ctoken *at, const char *fmt, ...)
	_printf_(3, 4);
/* Takes "( ... )", "[ ... ]" or "{ ... }" whole; the token is the opening one. */
void rs_cparse_skip_group(struct rs_cparse *p);
/* Deeper by one; false (and a mistake) when that is too deep. Undone by p->depth--. */
bool rs_cparse_enter(struct rs_cparse *p);

/* One of these words; the list ends in NULL. */
bool rs_ctoken_is_any(const struct rs_ctoken *token, const char *const *words);
/* Behind what could not be read: after the next ';', or before the end of the block. */
void rs_cparse_skip_member(struct rs_cparse *p);

/* ---- attributes ---- */

struct rs_cattributes {
	bool packed;
	uint32_t align;  /* 0: not said */
	uint32_t mode;   /* bytes, of mode(); 0: not said */
	uint32_t vector; /* bytes, of vector_size(); 0: none */
};

/* Words that say nothing of the layout: const, static, ... */
extern const char *const rs_cparse_idle_words[];
/* Takes one; false: the token is none. */
bool rs_cparse_attribute(struct rs_cparse *p, struct rs_cattributes *ret);
/* The same, or a qualifier; __user sets *ret_user. */
bool rs_cparse_qualifier(struct rs_cparse *p, struct rs_cattributes *ret, bool *ret_user);

/* ---- expressions ---- */

/* A constant; a mistake (without words where quiet) when it is none. */
int64_t rs_cparse_constant(struct rs_cparse *p);

/* ---- declarations ---- */

struct rs_cspecifier {
	const struct rs_type *type;
	struct rs_type *anonymous; /* the same, when it is a new struct or enum without a name */
	bool is_typedef, user;
	struct rs_cattributes attributes;
};

/* "const unsigned int", "struct x { ... }": what stands before names. False: a mistake. */
bool rs_cparse_specifier(struct rs_cparse *p, struct rs_cspecifier *ret);
/* "*name[4]": the type of the name. NULL and failed: a mistake. */
const struct rs_type *rs_cparse_declarator(struct rs_cparse *p, const struct rs_type *type,
					   bool user, const char **ret_name);
/* Behind "struct", "union", "enum". NULL: a mistake. */
const struct rs_type *rs_cparse_struct(struct rs_cparse *p, bool is_union,
				       struct rs_cspecifier *spec);
const struct rs_type *rs_cparse_enum(struct rs_cparse *p, struct rs_cspecifier *spec);
/* The token is the name behind the keyword: the script's own type to fill in, or NULL and *ret_known, one that
 * has to be there already. */
struct rs_type *rs_cparse_tagged(struct rs_cparse *p, enum rs_type_kind kind, const char *keyword,
				 const struct rs_type **ret_known);
struct rs_type *rs_cparse_untagged(struct rs_cparse *p, enum rs_type_kind kind, bool is_union);
/* The type with a size, for members and elements. NULL: a mistake, it has none. */
const struct rs_type *rs_cparse_whole(struct rs_cparse *p, const struct rs_type *t);

/* A type name with nothing declared: "char *[4]". NULL and failed: none. */
const struct rs_type *rs_cparse_type_name(struct rs_cparse *p);
/* The token begins a type. */
bool rs_cparse_at_type(struct rs_cparse *p);
/* "const char * name[16]". *ret_name is NULL where no name stands. */
const struct rs_type *rs_cparse_field(struct rs_cparse *p, const char **ret_name);

/* ---- layout ---- */

struct rs_layout {
	struct rs_cparse *p;
	bool is_union, packed;
	uint64_t bits; /* where the next member may begin */
	uint64_t size; /* bytes so far */
	uint32_t align;
	struct rs_layout_member *first, **last;
	uint32_t n;
};

void rs_layout_init(struct rs_layout *layout, struct rs_cparse *p, bool is_union);
/* align: of an attribute, 0 none. name "" for anonymous members. */
void rs_layout_add(struct rs_layout *layout, const char *name, const struct rs_type *type,
		   uint32_t align);
/* name NULL: only room. */
void rs_layout_add_bits(struct rs_layout *layout, const char *name, const struct rs_type *type,
			uint32_t width);
/* Writes fields, size and alignment. align: of an attribute of the whole. False: too large, no memory. */
bool rs_layout_finish(struct rs_layout *layout, uint32_t align, struct rs_type *ret_type);
