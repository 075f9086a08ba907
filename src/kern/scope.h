/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map rs_scope: which processes are asked for by pid (with their descendants) or by executable.
 * The programs keep it for what forks, execs and exits; this is about what runs already.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kern/entries.h"
#include "kern/filter.h"

/*
 * Puts the processes that run now and are wanted into @e. Called twice: who was forked between the
 * first look and the moment in which forks began to be followed is found by the second. @first:
 * -ESRCH for a pid that does not live, or only waits for its parent, unless pids_kept.
 */
int rs_scope_collect(const struct rs_filter *filter, struct rs_entries *e, bool first,
		     struct rs_error *err);

/* Is the whole process gone, up to being waited for? A leader may be dead while its threads live. */
bool rs_scope_is_dead(uint32_t pid);

/* Is it a thread of the kernel's? These make no system calls. */
bool rs_scope_is_kernel(uint32_t pid);

/*
 * Takes out who died between being seen and being inserted: from when the switch is thrown, the
 * programs take out who dies, but only who is there already.
 */
void rs_scope_drop_dead(struct rs_sensors *sensors, const struct rs_entries *e);

/* Looks once more, and puts in who is found. */
int rs_scope_refresh(struct rs_sensors *sensors, const struct rs_filter *filter,
		     struct rs_error *err);

/*
 * Takes out who is there by an older filter. Who forks meanwhile hands the marks on, so it looks
 * again until nothing is found.
 */
void rs_scope_prune(struct rs_sensors *sensors, const struct rs_filter *filter);
