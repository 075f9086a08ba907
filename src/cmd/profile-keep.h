/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Continuous profiling: CPU profiles kept in slices of time, and asked for afterwards. */

#include "cmd/ask.h"
#include "cmd/profile-out.h"
#include "cmd/select.h"
#include "profile/profile.h"

#define RS_PROFILE_KEPT_NAME "profiles.db" /* in the directory of the store */
#define RS_PROFILE_SLICE_NS  (10ull * 1000000000)

/* --- keeping --- */

struct rs_profile_keep {
	const char *file;         /* made where it is missing */
	uint32_t frequency;       /* Hz, on each CPU */
	uint64_t slice;           /* ns; 0: RS_PROFILE_SLICE_NS */
	uint64_t age;             /* ns after which slices are dropped; 0: two days */
	uint64_t duration;        /* ns; 0: until a signal comes */
	bool for_agent;           /* ends with the process that started us */
	struct rs_select *select; /* borrowed */
};

/* Samples until it is stopped; what cannot be written is told once, counted, and the next slice is tried. */
int rs_profile_keep(const struct rs_profile_keep *keep, struct rs_error *err);

/* --- asking --- */

struct rs_profile_ask {
	const char *file;
	uint64_t since, until;                  /* real ns; until 0: no limit */
	const struct rs_select_options *select; /* pids, comms, containers, pods, namespaces */
	const struct rs_opt_list
		*functions; /* globs: stacks that go through one of them; may be NULL */
};

/* All that was kept of that time and is wanted, put together. -ENOENT: nothing was kept. -ENODATA: nothing of that. */
int rs_profile_ask(const struct rs_profile_ask *ask, struct rs_profile **ret_profile,
		   struct rs_error *err);

/* --- both, as options of `ringside profile` --- */

struct rs_profile_kept {
	const char *keep; /* file; NULL: nothing is to be kept */
	uint64_t keep_age, slice;
	bool for_agent;
	struct rs_ask ask; /* since, until, store, root; since not 0: this is a question */
	struct rs_opt_list functions;
};

extern const struct rs_opt rs_profile_kept_opts[];

static inline bool rs_profile_kept_wanted(const struct rs_profile_kept *kept)
{
	return kept->keep || kept->ask.since;
}

/* Does what is wanted; prints errors; what the program ends with. */
int rs_profile_kept_run(const struct rs_cmd *cmd, const struct rs_profile_kept *kept,
			const struct rs_select_options *select, struct rs_profile_out *out,
			uint32_t frequency, uint64_t duration);
