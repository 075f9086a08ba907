/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What profile, offcpu and stacks have in common: whom they watch, how they run and end, and what becomes of the stacks
 * that were counted. The command says how its programs are loaded and attached.
 */

#include "cmd/cmd.h"
#include "cmd/profile-out.h"
#include "cmd/select.h"
#include "profile/collect.h"

struct rs_stackcmd_options {
	struct rs_select_options select;
	struct rs_profile_out out;
	struct rs_opt_list by; /* names; empty: the command's own */
	bool follow;           /* children of --pid */
	bool user, kernel;     /* only these stacks; both or none: both */
	bool threads;
	bool mangled, no_inlines, no_unwind;
	bool quiet, verbose;
	uint64_t duration;
	uint32_t max_stacks; /* 0: RS_STACKCMD_MAX_STACKS */
};
#define RS_STACKCMD_MAX_STACKS 16384
#define RS_STACKCMD_MOST       (1u << 20) /* a KiB each in the kernel */

/* Rows on struct rs_stackcmd_options. Release with rs_opt_done() on the command's table. */
extern const struct rs_opt rs_stackcmd_opts[];

/* What a command is told when it loads. */
struct rs_stackcmd_plan {
	const struct rs_target *target;
	struct rs_sample_config samples;
	uint32_t max_stacks;
};

struct rs_stackcmd {
	const struct rs_cmd *cmd;
	struct rs_stackcmd_options *options;
	struct rs_profile_options
		profile;  /* what values there are; time, duration and title are set here */
	bool sums, waits; /* as in struct rs_collect_options */
	const char *by;   /* levels of frames where none were asked for: "process,reason" */
	const char *(*reason)(uint32_t reason, const char *const *functions, size_t n);
	const char *counted; /* what is counted, for the progress line: "samples" */

	/* Loads the programs, and fills in whom they watch. */
	int (*load)(void *data, const struct rs_stackcmd_plan *plan, void **ret_tool,
		    struct rs_error *err);
	int (*attach)(void *data, struct rs_error *err);
	void (*second)(void *data); /* once a second; may be NULL */
	void (*detach)(void *data);
	/* Adds what it knows beyond the samples, and notes. May be NULL. */
	int (*finish)(void *data, struct rs_collect *collect, struct rs_profile *profile,
		      struct rs_error *err);
	/* Appends what is done to whom: "sampling %s 99 times a second". @who: "nginx". */
	void (*describe)(void *data, const char *who, bool done, struct rs_str *out);
	void *data;
};

/* The whole run; prints errors. What the program ends with. The tool is closed by the caller afterwards. */
int rs_stackcmd_run(const struct rs_stackcmd *command);
