/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files that make and find types share. Not for others. */

#include "lang/source.h"
#include "lang/type.h"

#define RS_TYPES_BUCKETS 256
/* Types inside types, when walking; deeper ones are not looked at. */
#define RS_TYPES_DEPTH 32
/* Largest type in bytes and most fields of a struct. */
#define RS_TYPES_SIZE_MAX   (1u << 30)
#define RS_TYPES_FIELDS_MAX 16384

struct rs_type_entry {
	struct rs_type_entry *next;
	const char *name;
	const struct rs_type *type; /* NULL: asked for, nobody knows it */
	struct rs_type
		*own; /* declared by the script: filled in where it is, pointers to it stay right */
};

struct rs_constant_entry {
	struct rs_constant_entry *next;
	const char *name;
	int64_t value;
	const struct rs_type *type;
};

/* Why two types are one: made from ref by op with these numbers. */
struct rs_type_recipe {
	const void *ref;
	uint32_t op, a, b;
};

struct rs_type_memo {
	struct rs_type_memo *next;
	struct rs_type_recipe recipe;
	const struct rs_type *type;
};

struct rs_types {
	struct rs_arena *arena;
	const struct rs_lang_source *source;
	struct rs_type_entry *names[RS_TYPES_BUCKETS];
	struct rs_constant_entry *constants[RS_TYPES_BUCKETS];
	struct rs_type_memo *memos[RS_TYPES_BUCKETS];
};

/* NULL: not made yet. */
const struct rs_type *rs_types_memo_find(struct rs_types *types, struct rs_type_recipe recipe);
/* Out of memory: it is made again next time. */
void rs_types_memo_put(struct rs_types *types, struct rs_type_recipe recipe,
		       const struct rs_type *type);

/* Types of C and of the script language that need no declaration; NULL: none of them. Words in any order. */
const struct rs_type *rs_types_find_base(const char *name);
/* Calls offer with each of their names. */
void rs_types_offer_base(void (*offer)(void *data, const char *name), void *data);

/* The script's own type of this name, made when missing: a struct or enum without fields. NULL: no memory. */
struct rs_type *rs_types_own(struct rs_types *types, enum rs_type_kind kind, bool is_union,
			     const char *name);
/* Declares a typedef. Negative: no memory. */
int rs_types_name(struct rs_types *types, const char *name, const struct rs_type *type);
/* The script's typedef or struct; NULL: not declared by the script. */
const struct rs_type *rs_types_find_own(struct rs_types *types, const char *name);
int rs_types_add_constant(struct rs_types *types, const char *name, int64_t value,
			  const struct rs_type *type);

/* Bytes rounded up to a power of two. */
static inline uint64_t rs_types_round(uint64_t n, uint64_t to)
{
	return to > 1 ? (n + to - 1) & ~(to - 1) : n;
}
