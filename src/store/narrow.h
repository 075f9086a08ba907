/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a condition demands, as far as blocks can tell without their records: a list of clauses that all
 * hold for every event that matches, each a choice of atoms. What is left out here is only found later:
 * rs_expr_match() decides. Private to the room.
 */

#include "base/arena.h"
#include "rules/expr.h"
#include "store/block.h"

#define RS_NARROW_CLAUSES 16

enum rs_narrow_column {
	RS_NARROW_OTHER, /* nothing is known but the kinds that have the field */
	RS_NARROW_PID,
	RS_NARROW_PPID,
	RS_NARROW_UID,
	RS_NARROW_GID,
	RS_NARROW_NAME,
	RS_NARROW_EXECUTABLE,
	RS_NARROW_USER,
	RS_NARROW_UNIT,
	RS_NARROW_CONTAINER, /* a string of the container: which one says `string` */
	RS_NARROW_PATH,
	RS_NARROW_ADDRESS,
};

struct rs_narrow_atom {
	enum rs_narrow_column column;
	unsigned string; /* enum rs_who_column, RS_NARROW_CONTAINER */
	enum rs_expr_demand_op op;
	const struct rs_text *texts;
	const int64_t *numbers;
	size_t n;
	int64_t low, high;
	uint64_t kinds;        /* that have the field */
	const uint64_t *terms; /* one of them is in the block's filter; NULL: no telling */
	size_t n_terms;
};

struct rs_narrow {
	struct rs_arena arena;
	uint64_t kinds; /* of events that can match */
	struct {
		struct rs_narrow_atom *atoms;
		size_t n;
		bool terms; /* every atom has some */
	} clause[RS_NARROW_CLAUSES];
	unsigned n;
	bool who, paths; /* the parts that are needed */
	bool terms;      /* some clause has them */
};

/* @where may be NULL. -ENOMEM. */
int rs_narrow_init(struct rs_narrow *narrow, const struct rs_expr *where, uint64_t kinds);
void rs_narrow_done(struct rs_narrow *narrow);

/* Whether a block can have what is looked for. */
bool rs_narrow_filter(const struct rs_narrow *narrow, const void *filter, size_t size);

/* Clears keep[i] of events that cannot match; false: none is left. The parts named above have been
 * read. */
bool rs_narrow_events(const struct rs_narrow *narrow, const struct rs_block *block, uint8_t *keep);
