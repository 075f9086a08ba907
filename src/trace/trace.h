/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Running a script: compile, create maps, load, attach, read what programs send, print, detach, END, maps.
 */

#include "base/error.h"
#include "lang/lang.h"

enum rs_trace_format {
	RS_TRACE_TEXT,
	RS_TRACE_JSON,
};

enum rs_trace_buffering {                       /* -B */
			  RS_TRACE_BUFFER_LINE, /* a record is written when it ends a line (default) */
			  RS_TRACE_BUFFER_FULL,
			  RS_TRACE_BUFFER_NONE,
};

struct rs_trace_options {
	const char *name; /* of the script: "stdin", a path */
	const char *text; /* NUL-terminated */
	const char *const *params;
	unsigned n_params;
	const char *const *script_args; /* after "--" */
	unsigned n_script_args;
	uint64_t pid;             /* -p */
	const char *command;      /* -c: as rs_command_start() has it; NULL none */
	bool ignore_command_code; /* what the command ended with is not what we end with */
	enum rs_trace_format format;
	enum rs_trace_buffering buffering;
	const char *output; /* -o: a file; NULL standard output */
	bool quiet;         /* -q: no "Attached N probes" */
	unsigned verbose;   /* -v */
	bool unsafe;
	bool warnings; /* false: --no-warnings */
	bool colour;   /* of diagnostics */
	bool dry_run;  /* --dry-run: everything but attaching */
	const char *
		dump; /* -d: "ast", "sema", "ir", "ir-opt", "insn" (commas between several) or "all"; nothing is run */
	const char *const *include_dirs; /* -I */
	unsigned n_include_dirs;
	const char *const *includes; /* --include */
	unsigned n_includes;
	unsigned helper_errors;              /* -k, -kk: say which helpers failed */
	const struct rs_lang_config *config; /* from the environment; NULL: defaults */
};

/* Runs until the script, the user (SIGINT, SIGTERM), -c's or -p's process ends it. 0..255: the exit code (exit(N)
 * of the script, or the watched command's own). Negative errno with err, -EINVAL after diagnostics were printed to
 * standard error (err is empty then). */
int rs_trace_run(const struct rs_trace_options *options, struct rs_error *err);
