/* SPDX-License-Identifier: Apache-2.0 */
/* What is wanted of the events, decided in the kernel before anything is collected. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct rs_sensors;

/*
 * Lists are alternatives; different lists must all agree; an empty list lets everything pass.
 * Strings are borrowed.
 */
struct rs_filter {
	uint64_t kinds;       /* bit per enum rs_kind */
	const uint32_t *pids; /* these processes and their descendants */
	size_t n_pids;
	bool pids_kept;           /* the same are in force: who has died since then is no mistake */
	const char *const *comms; /* whole names, at most 15 bytes */
	size_t n_comms;
	const char *const *exes; /* absolute paths of executables, at most 255 bytes */
	size_t n_exes;
	const uint32_t *uids;
	size_t n_uids;
	const char *const
		*cgroups; /* directories (absolute, or below the mount), and below, of the hierarchy
			   * that rs_config.cgroup_v1 names by then */
	size_t n_cgroups;
	const char *const *paths; /* absolute directories or files: they and all below */
	size_t n_paths;
};

/* Checks without touching the kernel: lengths, absolute paths. */
int rs_filter_check(const struct rs_filter *filter, struct rs_error *err);

/*
 * Makes @filter the one in force, without a reload and without a moment in which too little passes:
 * new entries are added, then the switch is thrown, then old entries go.
 * -ESRCH: a pid that does not live, unless pids_kept; -ENOENT: no such cgroup; -E2BIG: more entries
 * than there is room for; -ENOTSUP: a kind whose hooks were not attached at start.
 */
int rs_filter_apply(struct rs_sensors *sensors, const struct rs_filter *filter,
		    struct rs_error *err);

/*
 * Once more for the processes, right after rs_sensors_attach(): what was forked or executed between
 * the first rs_filter_apply() and the moment in which the programs began to follow.
 */
int rs_filter_rescan(struct rs_sensors *sensors, const struct rs_filter *filter,
		     struct rs_error *err);
