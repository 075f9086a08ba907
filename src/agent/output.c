/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/term.h"
#include "base/vec.h"

/* A pipe that cannot be opened anew takes this much at once when poll(2) says it is writable:
 * POSIX has writes of up to PIPE_BUF whole, and Linux calls a pipe writable when a page is free. */
#define CAREFUL_BYTES 4096

enum way {
	WAY_FILE,     /* never blocks for long: plain write(2) */
	WAY_NONBLOCK, /* our own non-blocking description of a pipe or terminal */
	WAY_SOCKET,   /* send(2) can be told not to block */
	WAY_CAREFUL,  /* somebody else's blocking description: poll(2) first, small pieces */
};

struct mark {
	uint32_t end; /* offset in the buffer behind the event's last byte */
	uint32_t kind;
};

struct rs_output {
	int fd;
	bool own; /* fd is ours to close */
	bool terminal;
	bool locked; /* a regular file that we opened: nobody else writes to it */
	enum way way;
	char *name; /* for messages */
	struct rs_str buffer;
	size_t done;               /* bytes of buffer already written */
	RS_VEC(struct mark) marks; /* of events in the buffer */
	uint64_t written;
	int error; /* sticky */
};

/* What the file holds is evidence and stays. The lock keeps a second agent from mixing its lines
 * with ours; file systems without locks do without. */
static int open_file(struct rs_output *output, const char *path, struct rs_error *err)
{
	struct stat st;

	output->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
	if (output->fd < 0)
		return rs_error_set_errno(err, -errno, "opening \"%s\"", path);
	output->own = true;
	if (fstat(output->fd, &st) < 0)
		return rs_error_set_errno(err, -errno, "opening \"%s\"", path);
	if (!S_ISREG(st.st_mode))
		return 0;
	output->locked = flock(output->fd, LOCK_EX | LOCK_NB) == 0;
	if (!output->locked && errno == EWOULDBLOCK)
		return rs_error_set(err, -EBUSY, "another agent writes to \"%s\"", path);
	return 0;
}

/* Finds out how to write to fd without ever blocking, and without O_NONBLOCK on a description
 * that the shell or the reader's other side shares with us. */
static int choose_way(struct rs_output *output, struct rs_error *err)
{
	char path[32];
	struct stat st;
	int fd;

	if (fstat(output->fd, &st) < 0)
		return rs_error_set_errno(err, -errno, "writing to %s", output->name);
	output->terminal = rs_term_is_tty(output->fd);
	if (S_ISSOCK(st.st_mode)) {
		output->way = WAY_SOCKET;
		return 0;
	}
	if (!S_ISFIFO(st.st_mode) && !output->terminal) {
		output->way = WAY_FILE;
		return 0;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", output->fd);
	fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		output->way = WAY_CAREFUL;
		return 0;
	}
	if (output->own)
		close(output->fd);
	output->fd = fd;
	output->own = true;
	output->way = WAY_NONBLOCK;
	return 0;
}

int rs_output_open(const char *path, struct rs_output **ret_output, struct rs_error *err)
{
	_cleanup_(rs_output_close) struct rs_output *output = NULL;
	int r = 0;

	output = calloc(1, sizeof(*output));
	if (!output)
		return rs_error_set_errno(err, -ENOMEM, "making the output ready");
	output->fd = STDOUT_FILENO;
	/* One event is never refused for the soft limit: it may pass it once. */
	rs_str_init(&output->buffer, 4 * RS_OUTPUT_BUFFER);
	if (asprintf(&output->name, path ? "\"%s\"" : "standard output", path) < 0) {
		output->name = NULL;
		return rs_error_set_errno(err, -ENOMEM, "making the output ready");
	}
	if (path)
		r = open_file(output, path, err);
	if (!r)
		r = choose_way(output, err);
	if (r < 0)
		return r;
	*ret_output = TAKE_PTR(output);
	return 0;
}

void rs_output_close(struct rs_output **output)
{
	struct rs_output *o = *output;

	if (!o)
		return;
	if (o->own && o->fd >= 0)
		close(o->fd);
	rs_str_done(&o->buffer);
	rs_vec_done(&o->marks);
	free(o->name);
	free(o);
	*output = NULL;
}

struct rs_str *rs_output_buffer(struct rs_output *output)
{
	return &output->buffer;
}

int rs_output_commit(struct rs_output *output, enum rs_kind kind)
{
	struct mark mark = { .end = (uint32_t)output->buffer.len, .kind = kind };

	return rs_vec_push(&output->marks, mark);
}

static ssize_t write_some(struct rs_output *output, const char *data, size_t n)
{
	struct pollfd pfd = { .fd = output->fd, .events = POLLOUT };

	switch (output->way) {
	case WAY_FILE:
	case WAY_NONBLOCK:
		return write(output->fd, data, n);
	case WAY_SOCKET:
		return send(output->fd, data, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	case WAY_CAREFUL:
		break;
	}
	if (poll(&pfd, 1, 0) == 0) {
		errno = EAGAIN;
		return -1;
	}
	return write(output->fd, data, MIN(n, (size_t)CAREFUL_BYTES));
}

/* Takes the beginning of a line that was not written whole back out of our file, where nobody has
 * cut or continued it since. */
static void take_back(struct rs_output *output)
{
	const char *data = output->buffer.data;
	const char *newline = output->done ? memrchr(data, '\n', output->done) : NULL;
	size_t part = output->done - (newline ? (size_t)(newline + 1 - data) : 0);
	off_t end = lseek(output->fd, 0, SEEK_CUR);
	struct stat st;

	if (!output->locked || !part || fstat(output->fd, &st) < 0 || st.st_size != end)
		return;
	if (ftruncate(output->fd, end - (off_t)part) == 0) {
		output->done -= part;
		output->written -= part;
	}
}

static int fail(struct rs_output *output, int code, struct rs_error *err)
{
	output->error = code;
	take_back(output);
	return rs_error_set_errno(err, code, "writing to %s", output->name);
}

int rs_output_flush(struct rs_output *output, struct rs_error *err)
{
	struct rs_str *buffer = &output->buffer;

	if (output->error)
		return rs_error_set_errno(err, output->error, "writing to %s", output->name);
	while (output->done < buffer->len) {
		ssize_t n = write_some(output, buffer->data + output->done,
				       buffer->len - output->done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return RS_OUTPUT_BLOCKED;
		if (n <= 0)
			return fail(output, n < 0 ? -errno : -EIO, err);
		output->done += (size_t)n;
		output->written += (uint64_t)n;
	}
	rs_str_reset(buffer);
	rs_vec_reset(&output->marks);
	output->done = 0;
	return RS_OUTPUT_DONE;
}

int rs_output_fd(const struct rs_output *output)
{
	return output->fd;
}

bool rs_output_is_terminal(const struct rs_output *output)
{
	return output->terminal;
}

void rs_output_unwritten(const struct rs_output *output, uint64_t unwritten[static RS_KIND_MAX])
{
	for (size_t i = 0; i < output->marks.len; i++) {
		if (output->marks.items[i].end > output->done)
			unwritten[output->marks.items[i].kind]++;
	}
}

uint64_t rs_output_written(const struct rs_output *output)
{
	return output->written;
}
