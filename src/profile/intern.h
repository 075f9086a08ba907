/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Finds the number of a thing by its contents, where the things stand in an array of the caller's: a hash table of
 * numbers. What the same is, the caller says. Numbers are given in order, from 0.
 */

#include "base/vec.h"

struct rs_intern {
	RS_VEC(uint64_t) hashes; /* of each number */
	uint32_t *slots;         /* number + 1; 0: free */
	size_t mask;             /* slots - 1; 0: none yet */
};

/* Whether thing @number is the one that @key tells. */
typedef bool (*rs_intern_same_fn)(const void *things, uint32_t number, const void *key);

/* Fits _cleanup_. */
void rs_intern_done(struct rs_intern *intern);

/* The number, or UINT32_MAX where there is none. */
uint32_t rs_intern_find(const struct rs_intern *intern, uint64_t hash, rs_intern_same_fn same,
			const void *things, const void *key);

/* Makes room for one more, so that rs_intern_add() cannot fail. -ENOMEM. */
int rs_intern_reserve(struct rs_intern *intern);

/* Gives the next number. */
uint32_t rs_intern_add(struct rs_intern *intern, uint64_t hash);
