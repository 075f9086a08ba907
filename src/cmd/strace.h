/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the command line of `ringside strace` says, and the run. */

#include "calls/print.h"
#include "calls/strace.h"
#include "calls/summary.h"
#include "cmd/select.h"

struct rs_strace_settings {
	struct rs_select_options select;
	bool all; /* every process */
	unsigned follow;
	unsigned times;  /* -t, -tt, -ttt */
	unsigned fds;    /* -y, -yy */
	unsigned stacks; /* -k, -kk */
	unsigned quiet;
	bool relative, spent, number, comm, verbose, raw, json;
	bool failed, successful;
	bool summary, summary_only, wall;
	bool append;
	uint32_t string_max, column;
	uint64_t slower, duration, buffer;
	enum rs_summary_sort sort;
	const char *output;
	bool some; /* -e trace= was given */
	struct rs_call_set calls;
	uint64_t signals; /* a bit each */
	struct rs_opt_list paths, env;
};

/* -e EXPR */
int rs_strace_take_expression(struct rs_strace_settings *settings, const char *text,
			      struct rs_error *err);

/* Returns what the program ends with. */
int rs_strace_run(struct rs_strace_settings *settings);
