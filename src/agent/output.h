/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where events go: a file, a pipe, a terminal. Text is collected in one buffer and written in large
 * pieces. Nothing here blocks: pipes and terminals are opened anew, non-blocking, so that we do not
 * change a description that others share; a slow reader makes rs_output_flush() say so.
 *
 * What was appended and never written is known exactly, by kind of event.
 */

#include "base/error.h"
#include "base/str.h"
#include "bpf/abi/event.h"

struct rs_output;

/* Soft limit: rs_output_is_full() is true above it, and the caller flushes or waits. */
#define RS_OUTPUT_BUFFER ((size_t)256 << 10)

enum rs_output_outcome {
	RS_OUTPUT_DONE = 0,    /* all is written */
	RS_OUTPUT_BLOCKED = 1, /* wait until rs_output_fd() is writable */
};

/* @path NULL: standard output. A file is made with mode 0600, or appended to; a regular file is
 * locked. -EBUSY: another agent writes to it. -errno. */
int rs_output_open(const char *path, struct rs_output **ret_output, struct rs_error *err);

/* Closes without writing what is left. Accepts NULL. */
void rs_output_close(struct rs_output **output);

/* Append text here, then say rs_output_commit() for what is one event. Text without a commit
 * (headers) goes out but is not counted. */
struct rs_str *rs_output_buffer(struct rs_output *output);
int rs_output_commit(struct rs_output *output, enum rs_kind kind);

static inline bool rs_output_is_full(struct rs_output *output)
{
	return rs_output_buffer(output)->len >= RS_OUTPUT_BUFFER;
}

/*
 * Writes what can be written. An rs_output_outcome, or -EPIPE (the reader went away), -EIO (so did
 * the terminal), -ENOSPC, ...: @err names the file. After a failure nothing more is written, and a
 * regular file of ours ends with a whole line.
 */
int rs_output_flush(struct rs_output *output, struct rs_error *err);

/* For poll(2). */
int rs_output_fd(const struct rs_output *output);
bool rs_output_is_terminal(const struct rs_output *output);

/* Adds the events that were committed and not yet written in full, by kind. */
void rs_output_unwritten(const struct rs_output *output, uint64_t unwritten[static RS_KIND_MAX]);
uint64_t rs_output_written(const struct rs_output *output); /* bytes */
