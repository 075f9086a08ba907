/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"

#define MUCH  ((size_t)64 << 10) /* written whatever the mode */
#define FULL  ((size_t)8 << 10)
#define MOST  ((size_t)32 << 20) /* of one record */
#define SPARE ((size_t)1 << 20)  /* more memory than this is given back */

int rs_trace_output_open(const char *path, enum rs_trace_buffering mode,
			 struct rs_trace_output *ret_output, struct rs_error *err)
{
	struct rs_trace_output output = { .fd = STDOUT_FILENO, .mode = mode };

	if (path) {
		output.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		if (output.fd < 0)
			return rs_error_set_errno(err, -errno, "opening \"%s\"", path);
		output.owned = true;
	}
	rs_str_init(&output.text, MOST);
	*ret_output = output;
	return 0;
}

void rs_trace_output_done(struct rs_trace_output *output)
{
	if (output->fd >= 0)
		rs_trace_output_flush(output);
	if (output->owned)
		close(output->fd);
	output->fd = -1;
	output->owned = false;
	rs_str_done(&output->text);
}

/* The first n bytes; what was left stays in front of what comes next. */
static int write_first(struct rs_trace_output *output, size_t n)
{
	struct rs_str *text = &output->text;

	if (n && !output->error)
		output->error = rs_fd_write_all(output->fd, text->data, n);
	if (n < text->len)
		memmove(text->data, text->data + n, text->len - n);
	text->len -= n;
	if (!text->len && text->cap > SPARE)
		rs_str_done(text);
	text->error = 0; /* a record that was too long is cut, and the next one is not */
	return output->error;
}

int rs_trace_output_commit(struct rs_trace_output *output)
{
	if (output->mode == RS_TRACE_BUFFER_NONE || output->text.len >= MUCH || output->text.error)
		return write_first(output, output->text.len);
	return output->error;
}

int rs_trace_output_batch(struct rs_trace_output *output)
{
	const char *newline;

	if (output->mode == RS_TRACE_BUFFER_FULL && output->text.len < FULL)
		return output->error;
	if (output->mode != RS_TRACE_BUFFER_LINE || !output->text.len)
		return write_first(output, output->text.len);
	newline = memrchr(output->text.data, '\n', output->text.len);
	return newline ? write_first(output, (size_t)(newline + 1 - output->text.data))
		       : output->error;
}

int rs_trace_output_flush(struct rs_trace_output *output)
{
	return write_first(output, output->text.len);
}
