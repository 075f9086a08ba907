/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* "Did you mean": the nearest of some names to a word that was not found. */

#include "base/util.h"

struct rs_suggest {
	const char *word;
	uint64_t letters; /* of the word */
	const char *best; /* not owned */
	unsigned distance;
};

/* Damerau-Levenshtein distance (optimal string alignment: insert, delete, change, swap of two
 * neighbours), ASCII case ignored. Words longer than 64 bytes are UINT_MAX apart. */
unsigned rs_suggest_distance(const char *a, const char *b);

/* Offer names one at a time, from wherever they come; word and names must outlive s. */
void rs_suggest_init(struct rs_suggest *s, const char *word);
void rs_suggest_offer(struct rs_suggest *s, const char *name);

/* The nearest name offered, or NULL when none is near enough to be a slip of the finger. */
const char *rs_suggest_best(const struct rs_suggest *s);

/* All at once from an array. */
const char *rs_suggest_nearest(const char *word, const char *const *names, size_t count);
