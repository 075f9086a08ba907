/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Tables of struct rs_leak by process, kind and stack. */

#include "profile/intern.h"
#include "profile/leaks.h"

/* Zero is a valid start. */
struct rs_leak_rows {
	RS_VEC(struct rs_leak) list;
	struct rs_intern index; /* not of those that rs_leak_rows_compare() sorted */
};

void rs_leak_rows_done(struct rs_leak_rows *rows);
void rs_leak_rows_reset(struct rs_leak_rows *rows);

/* The row, made where there is none; NULL: out of memory. Valid until the next call. */
struct rs_leak *rs_leak_rows_get(struct rs_leak_rows *rows, uint32_t pid, enum rs_mem_kind kind,
				 const struct rs_stack_pair *stacks);
/* The same, but none is made: NULL. */
struct rs_leak *rs_leak_rows_find(struct rs_leak_rows *rows, uint32_t pid, enum rs_mem_kind kind,
				  const struct rs_stack_pair *stacks);

/* Adds rows of processes that ended, or, to an empty table, all. They must not be in it yet. -ENOMEM. */
int rs_leak_rows_add(struct rs_leak_rows *rows, const struct rs_leak_rows *more);

/* Fills in what is more than before, with rows of nothing for what is there no more; sorts. -ENOMEM. */
int rs_leak_rows_compare(struct rs_leak_rows *rows, const struct rs_leak_rows *before);
