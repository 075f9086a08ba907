/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the command line of `ringside strace` says, and the run. */

#include "calls/print.h"
#include "calls/strace.h"
#include "calls/summary.h"
#include "cmd/select.h"

/* rs_strace_settings.quiet */
enum { RS_STRACE_QUIET_ATTACH = 1 << 0, RS_STRACE_QUIET_EXIT = 1 << 1 };

struct rs_strace_settings {
	struct rs_select_options select;
	bool all; /* every process */
	unsigned follow;
	enum rs_calls_time times;
	unsigned fds;    /* -y, -yy */
	unsigned stacks; /* -k, -kk */
	unsigned quiet;
	bool quiet_set; /* ... was asked for */
	bool relative, spent, number, comm, verbose, raw, json;
	/* digits of seconds: of -t, -r, -T */
	unsigned time_digits, relative_digits, spent_digits;
	enum rs_call_strings strings;
	enum rs_call_style style;
	bool failed, successful;
	bool summary, summary_only, wall;
	struct rs_summary_layout layout;
	bool append, separate;
	bool nothing; /* of options that are accepted and change nothing */
	uint32_t string_max, column;
	uint64_t slower, duration, buffer;
	const char *output;
	bool some; /* -e trace= was given */
	struct rs_call_set calls;
	struct rs_call_exceptions exceptions;
	uint64_t signals; /* a bit each */
	struct rs_opt_list paths, env;
};

/* -e EXPR */
int rs_strace_take_expression(struct rs_strace_settings *settings, const char *text,
			      struct rs_error *err);

/* "s", "ms", "us", "ns" as digits behind the point. -EINVAL */
int rs_strace_take_precision(const char *text, size_t n, unsigned *ret_digits,
			     struct rs_error *err);

/* Returns what the program ends with. */
int rs_strace_run(struct rs_strace_settings *settings);
