/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What meaning.c (statements) and meaning-expression.c share. */

#include "base/str.h"
#include "base/util.h"

#define VARIABLES 6
#define MAPS      4
#define TEXTS     3
#define KEYS      4
#define TEXT_ROOM 64

struct type {
	const char *name;
	unsigned size;
	bool is_signed;
};

/* The first two are int64 and uint64. */
extern const struct type meaning_types[8];

/* A number as the script has it: 64 bits, extended as its type says. */
struct number {
	uint64_t v;
	const struct type *type;
};

struct state {
	struct number vars[VARIABLES], maps[MAPS];
	char texts[TEXTS][TEXT_ROOM];
	struct {
		bool there;
		int64_t v;
	} keyed[KEYS];
	int64_t count, sum, min, max;
};

struct gen {
	uint64_t random;
	struct rs_str script, want;
	struct state now;
	unsigned names; /* of variables of inner blocks, so far */
	bool live;      /* what is written now will run */
	bool walks;     /* the kernel can walk through maps */
};

unsigned meaning_below(struct gen *g, unsigned n);
int64_t meaning_number(struct gen *g);
const struct type *meaning_type(struct gen *g);

/* The operators of meaning_compute(): the first five are alike in loops. */
extern const char *const meaning_operators[10];
struct number meaning_cast(uint64_t v, const struct type *type);
struct number meaning_compute(unsigned op, struct number a, struct number b, bool is_signed);

/* Appends to the script; what is written, as it will be. */
void meaning_say(struct gen *g, const char *text);
struct number meaning_expression(struct gen *g, unsigned depth);
struct number meaning_casted(struct gen *g, const struct type *type, unsigned depth);
bool meaning_condition(struct gen *g, unsigned depth);
