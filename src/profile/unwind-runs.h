/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which parts of an array are taken: runs of elements that follow each other. */

#include "base/vec.h"

struct rs_unwind_run {
	uint32_t first, n;
};

struct rs_unwind_runs {
	uint32_t size;                      /* of the array */
	RS_VEC(struct rs_unwind_run) taken; /* by first; they do not touch each other's elements */
};

/* The first free run of n (at least 1) elements. -ENOSPC, -ENOMEM. */
int rs_unwind_runs_take(struct rs_unwind_runs *runs, uint32_t n, uint32_t *ret_first);

/* Gives back what begins at this element; nothing where none does. */
void rs_unwind_runs_give(struct rs_unwind_runs *runs, uint32_t first);

void rs_unwind_runs_done(struct rs_unwind_runs *runs);
