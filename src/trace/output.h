/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where a script's output goes: one buffer in front of standard output or a file. Text is appended to
 * rs_trace_output_text() and becomes a record by rs_trace_output_commit(); the end of a batch of records writes what
 * the mode wants written.
 */

#include "base/error.h"
#include "base/str.h"
#include "trace/trace.h"

struct rs_trace_output {
	int fd;
	bool owned; /* a file of ours */
	enum rs_trace_buffering mode;
	struct rs_str text;
	int error; /* the first one of writing; -EPIPE: the reader went away */
};

/* @path NULL: standard output. */
int rs_trace_output_open(const char *path, enum rs_trace_buffering mode,
			 struct rs_trace_output *ret_output, struct rs_error *err);

/* Writes what is left and closes. */
void rs_trace_output_done(struct rs_trace_output *output);

static inline struct rs_str *rs_trace_output_text(struct rs_trace_output *output)
{
	return &output->text;
}

/* A record is complete. Returns 0, or the error that ended writing. */
int rs_trace_output_commit(struct rs_trace_output *output);

/* No more records at hand for now: lines are written, in the mode "full" only when there is much. */
int rs_trace_output_batch(struct rs_trace_output *output);

/* Writes everything. */
int rs_trace_output_flush(struct rs_trace_output *output);
