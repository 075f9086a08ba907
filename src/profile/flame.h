/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A profile as a tree: stacks that begin alike share their outer frames. Frames are one when function, module and kind
 * are; addresses, lines and labels do not matter here. Flame graphs, folded text, speedscope and tables are made
 * from it.
 */

#include "base/vec.h"
#include "profile/intern.h"
#include "profile/profile.h"

/* Strings are the profile's. */
struct rs_flame_function {
	const char *function, *module, *file; /* the latter two may be NULL */
	uint32_t line_first, line_last;       /* of all frames of it; 0: unknown */
	enum rs_frame_kind kind;
	bool other_files; /* seen with another file too: it is not told then */
};

struct rs_flame_node {
	uint32_t function;             /* of functions; of the root: UINT32_MAX */
	uint32_t parent;               /* nodes come after their parents */
	uint32_t first_child, sibling; /* 0: none; after rs_flame_sort() */
	uint32_t depth;                /* the root's is 0 */
};

struct rs_flame {
	RS_VEC(struct rs_flame_function) functions;
	RS_VEC(struct rs_flame_node) nodes; /* 0 is the root: all */
	RS_VEC(int64_t) amounts;            /* see rs_flame_self() */
	size_t types;                       /* values of a node */
	bool diff;                          /* there are old values too */
	uint32_t depth;                     /* the deepest node's */
	uint64_t negative;                  /* values below 0, which are left out */
	struct rs_intern function_index, node_index;
};

#define RS_FLAME_OLD 1 /* @side of the functions below */

/*
 * Both profiles have to live as long as the tree. @old may be NULL; its values are found by the names of their types,
 * or, where neither has another, are taken for the same. -EINVAL when they have none in common; -ENOMEM.
 */
int rs_flame_new(const struct rs_profile *profile, const struct rs_profile *old,
		 struct rs_flame **ret_flame, struct rs_error *err);
void rs_flame_free(struct rs_flame **flame);

/* Has @old a value in common with a profile that will have these? -EINVAL, with the message of rs_flame_new(). */
int rs_flame_check(const struct rs_profile_options *options, const struct rs_profile *old,
		   struct rs_error *err);

/* Links the children of all nodes, the largest by this value first, equal ones by name. -ENOMEM. */
int rs_flame_sort(struct rs_flame *flame, size_t value);

/* The next node in the order of rs_flame_sort(), a parent before its children; 0 after the last. */
uint32_t rs_flame_next(const struct rs_flame *flame, uint32_t node);

/* Where a node's own, and its own with all below it, stand: [value] for the profile, side 1 for the old one. */
static inline int64_t *rs_flame_self(const struct rs_flame *flame, uint32_t node, unsigned side)
{
	return flame->amounts.items + ((size_t)node * 4 + side) * flame->types;
}

static inline int64_t *rs_flame_total(const struct rs_flame *flame, uint32_t node, unsigned side)
{
	return flame->amounts.items + ((size_t)node * 4 + 2 + side) * flame->types;
}

/* "all" for the root. */
const char *rs_flame_name(const struct rs_flame *flame, uint32_t node);
