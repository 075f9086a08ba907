/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of one run share: session.c (the order of things), attach.c (into the kernel), follow.c (while it runs).
 * Nobody else includes this. */

#include "base/command.h"
#include "base/loop.h"
#include "trace/actions.h"
#include "trace/compile.h"
#include "trace/load.h"
#include "trace/losses.h"
#include "trace/names.h"
#include "trace/reader.h"

/* A program in the kernel, by the number of its probe. */
struct rs_trace_loaded {
	int fd;
	struct rs_probe_plan plan;
};

struct rs_trace_session {
	const struct rs_trace_options *options;
	struct rs_command *command; /* -c */
	struct rs_trace_source *source;
	struct rs_trace_script script;
	struct rs_trace_maps maps;
	struct rs_trace_loaded *loaded;
	struct rs_probe_links *links;
	unsigned n_attached; /* places, and programs that we run ourselves */

	struct rs_trace_names *names;
	struct rs_show show;
	struct rs_trace_output output;
	struct rs_trace_actions actions;
	struct rs_trace_reader *reader;
	struct rs_trace_losses *losses;

	struct rs_loop *loop;
	struct rs_loop_source *signals;
	struct rs_loop_source *records, *look; /* follow.c: records wake us, or we look */
	bool told;                             /* of the script's options: nothing is run */
	bool looking;
	uint64_t window_start, window_count; /* records before it, for the rate */
	uint64_t exit_behind; /* the record of exit() lies before, if it was sent; 0: not called */
	int pidfd;            /* of -p */
};

/* --- attach.c --- */

int rs_trace_load_all(struct rs_trace_session *session, struct rs_error *err);
/* Runs all programs of the provider, in the order of the script; @name: of self probes, else NULL. How many, or
 * -errno. */
int rs_trace_run_once(struct rs_trace_session *session, enum rs_provider provider, const char *name,
		      struct rs_error *err);
int rs_trace_attach_all(struct rs_trace_session *session, struct rs_error *err);
/* Reads each iterator to its end, or pins it where its probe says so. */
int rs_trace_read_iterators(struct rs_trace_session *session, struct rs_error *err);

/* --- skipped.c --- */

/* Tells, at the end, of events for which the kernel ran no program. */
void rs_trace_tell_skipped(const struct rs_trace_session *session);

/* --- follow.c --- */

int rs_trace_take_signals(struct rs_trace_session *session, struct rs_error *err);
/* Waits and prints until something ends the run. */
int rs_trace_follow(struct rs_trace_session *session, struct rs_error *err);
/* Acts on what is there: the output is not written yet. */
int rs_trace_take(struct rs_trace_session *session);
/* Prints what is there. 0, or a negative errno: output that cannot be written. */
int rs_trace_drain(struct rs_trace_session *session);
