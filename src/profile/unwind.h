/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Keeps the tables with which programs walk the stacks of user code (bpf/lib/unwind.h): one for each file that programs
 * have met, made when they ask for it. What processes have mapped the programs see themselves.
 */

#include <bpf/libbpf.h>

#include "profile/profile.h"
#include "profile/symbols.h"

struct rs_unwind;

/* Turns the walking by tables on. @object, @symbols: borrowed. -EOPNOTSUPP: its programs know frame pointers only. */
int rs_unwind_new(struct bpf_object *object, struct rs_symbols *symbols,
		  struct rs_unwind **ret_unwind, struct rs_error *err);
void rs_unwind_free(struct rs_unwind **unwind);

/* Makes the tables of what a process has mapped now. Silent when it is gone. */
void rs_unwind_prepare(struct rs_unwind *unwind, uint32_t pid);

/* Readable when programs have met files that they do not know: call rs_unwind_tick(). */
int rs_unwind_fd(const struct rs_unwind *unwind);
void rs_unwind_tick(struct rs_unwind *unwind);

/* Appends notes about what there was no room for. */
int rs_unwind_losses(const struct rs_unwind *unwind, struct rs_profile *profile);
