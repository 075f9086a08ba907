/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where the lines of `ringside strace` go: standard error, a file, a command that reads them, or, with -ff, a file for each
 * thread. Text is appended, and written when it is flushed.
 */

#include "cmd/strace.h"

struct rs_strace_out;

/* Opens the file, or starts the command; files of threads are made with their first line. */
int rs_strace_out_new(const struct rs_strace_settings *settings, struct rs_strace_out **ret_out,
		      struct rs_error *err);
/* What was not flushed is dropped. Waits for a command. */
void rs_strace_out_free(struct rs_strace_out **out);

/* Where a thread's text is appended; to be asked for anew each time. 0: what is nobody's. */
struct rs_str *rs_strace_out_of(struct rs_strace_out *out, uint32_t tid);
/* Nothing comes of this thread any more. */
void rs_strace_out_end(struct rs_strace_out *out, uint32_t tid);

/* Is there more than a little to write? */
bool rs_strace_out_full(const struct rs_strace_out *out);
/* Writes it. -EPIPE: the reader has gone. The message says which file. */
int rs_strace_out_flush(struct rs_strace_out *out, struct rs_error *err);
/* Flushes, and closes: what only closing tells of. */
int rs_strace_out_close(struct rs_strace_out *out, struct rs_error *err);

/* Does it go to the terminal's side, where messages go, too? */
bool rs_strace_out_is_shared(const struct rs_strace_out *out);
/* Threads whose lines are in no file, for there were too many. */
uint64_t rs_strace_out_refused(const struct rs_strace_out *out);
