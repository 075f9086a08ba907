/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/strace-out.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/hashmap.h"
#include "base/vec.h"

#define TEXT_MAX     ((size_t)64 << 20)
#define MUCH         ((size_t)256 << 10)
#define THREADS_MOST 65536

/* A thread's file. It is open only while it is written: there may be more threads than descriptors. */
struct file {
	uint32_t tid;
	bool made;  /* by us: from then on it is added to */
	bool dirty; /* listed in `dirty` */
	bool ended;
	struct rs_str text;
};

struct rs_strace_out {
	const char *path; /* NULL: standard error */
	bool append;
	int fd;        /* -1 with -ff */
	FILE *command; /* whose standard input `fd` is */
	struct rs_str text;
	struct rs_hashmap *files; /* struct file by thread, owned; NULL without -ff */
	RS_VEC(struct file *) dirty;
	struct rs_str nowhere; /* of threads that have found no place */
	uint64_t refused;
};

static void drop_file(void *value, void *data)
{
	struct file *file = value;

	(void)data;
	rs_str_done(&file->text);
	free(file);
}

static int start_command(struct rs_strace_out *out, struct rs_error *err)
{
	/* What is behind the bar is the user's own, for a shell, as strace has it. NOLINTNEXTLINE(cert-env33-c) */
	out->command = popen(out->path + 1, "we");
	if (!out->command)
		return rs_error_set_errno(err, -errno, "-o \"%s\": starting the command",
					  out->path);
	out->fd = fileno(out->command);
	return 0;
}

static int open_file(struct rs_strace_out *out, struct rs_error *err)
{
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (out->append ? O_APPEND : O_TRUNC);

	out->fd = open(out->path, flags, 0666);
	return out->fd < 0 ? rs_error_set_errno(err, -errno, "opening \"%s\"", out->path) : 0;
}

int rs_strace_out_new(const struct rs_strace_settings *settings, struct rs_strace_out **ret_out,
		      struct rs_error *err)
{
	const struct rs_hashmap_opts opts = { .max = THREADS_MOST, .drop = drop_file };
	_cleanup_(rs_strace_out_free) struct rs_strace_out *out = calloc(1, sizeof(*out));
	int r = 0;

	if (!out)
		return rs_error_set_errno(err, -ENOMEM, "making room for lines");
	out->path = settings->output;
	out->append = settings->append;
	out->fd = -1;
	rs_str_init(&out->text, TEXT_MAX);
	rs_str_init(&out->nowhere, TEXT_MAX);
	if (!out->path)
		out->fd = STDERR_FILENO;
	else if (*out->path == '|' || *out->path == '!')
		r = start_command(out, err);
	else if (!settings->separate)
		r = open_file(out, err);
	else if (rs_hashmap_new_u64(&opts, &out->files) < 0)
		r = rs_error_set_errno(err, -ENOMEM, "making room for lines");
	if (r)
		return r;
	*ret_out = TAKE_PTR(out);
	return 0;
}

void rs_strace_out_free(struct rs_strace_out **out)
{
	struct rs_strace_out *o = TAKE_PTR(*out);

	if (!o)
		return;
	if (o->command)
		pclose(o->command);
	else if (o->fd > STDERR_FILENO)
		close(o->fd);
	rs_hashmap_free(&o->files);
	rs_vec_done(&o->dirty);
	rs_str_done(&o->text);
	rs_str_done(&o->nowhere);
	free(o);
}

/* --- a file for each thread --- */

static struct file *find_file(struct rs_strace_out *out, uint32_t tid)
{
	struct file *file = rs_hashmap_find_u64(out->files, tid);

	if (file)
		return file;
	file = calloc(1, sizeof(*file));
	if (!file)
		return NULL;
	file->tid = tid;
	rs_str_init(&file->text, TEXT_MAX);
	if (rs_hashmap_put_u64(out->files, tid, file) < 0) {
		free(file);
		return NULL;
	}
	return file;
}

static void forget_file(struct rs_strace_out *out, struct file *file)
{
	rs_hashmap_remove_u64(out->files, file->tid);
	drop_file(file, NULL);
}

struct rs_str *rs_strace_out_of(struct rs_strace_out *out, uint32_t tid)
{
	struct file *file;

	if (!out->files || !tid)
		return &out->text;
	file = find_file(out, tid);
	if (file && !file->dirty) {
		if (rs_vec_push(&out->dirty, file))
			file = NULL;
		else
			file->dirty = true;
	}
	if (file)
		return &file->text;
	out->refused++;
	rs_str_reset(&out->nowhere);
	return &out->nowhere;
}

void rs_strace_out_end(struct rs_strace_out *out, uint32_t tid)
{
	struct file *file = out->files ? rs_hashmap_find_u64(out->files, tid) : NULL;

	if (file && file->dirty)
		file->ended = true;
	else if (file)
		forget_file(out, file);
}

/* A message that names what could not be written. */
static int failed(const char *path, uint32_t tid, int r, struct rs_error *err)
{
	if (tid)
		return rs_error_set_errno(err, r, "writing \"%s.%" PRIu32 "\"", path, tid);
	return rs_error_set_errno(err, r, "writing \"%s\"", path);
}

static int write_file(struct rs_strace_out *out, struct file *file, struct rs_error *err)
{
	bool add = file->made || out->append;
	char path[4096];
	int fd, r;

	if ((size_t)snprintf(path, sizeof(path), "%s.%" PRIu32, out->path, file->tid) >=
	    sizeof(path))
		return failed(out->path, file->tid, -ENAMETOOLONG, err);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (add ? O_APPEND : O_TRUNC), 0666);
	if (fd < 0)
		return rs_error_set_errno(err, -errno, "opening \"%s\"", path);
	file->made = true;
	r = file->text.error ?: rs_fd_write_all(fd, file->text.data, file->text.len);
	rs_str_reset(&file->text);
	if (close(fd) && !r)
		r = -errno;
	return r ? failed(out->path, file->tid, r, err) : 0;
}

static int flush_files(struct rs_strace_out *out, struct rs_error *err)
{
	int r = 0;

	rs_vec_foreach(&out->dirty, at)
	{
		struct file *file = *at;

		file->dirty = false;
		if (!r && file->text.len)
			r = write_file(out, file, err);
		if (file->ended)
			forget_file(out, file);
	}
	out->dirty.len = 0;
	return r;
}

/* --- writing --- */

bool rs_strace_out_full(const struct rs_strace_out *out)
{
	size_t n = out->text.len;

	if (out->files && out->dirty.len > 1024)
		return true;
	for (size_t i = 0; out->files && i < out->dirty.len && n <= MUCH; i++)
		n += out->dirty.items[i]->text.len;
	return n > MUCH;
}

int rs_strace_out_flush(struct rs_strace_out *out, struct rs_error *err)
{
	int r = out->text.error;

	if (out->files)
		return flush_files(out, err);
	if (!r && out->text.len)
		r = rs_fd_write_all(out->fd, out->text.data, out->text.len);
	rs_str_reset(&out->text);
	if (!r || r == -EPIPE)
		return r;
	return failed(out->path ? out->path : "standard error", 0, r, err);
}

/* Some file systems tell only then that there was no room. */
int rs_strace_out_close(struct rs_strace_out *out, struct rs_error *err)
{
	int r = rs_strace_out_flush(out, err), fd = out->fd;

	if (out->command || fd <= STDERR_FILENO)
		return r;
	out->fd = -1;
	if (close(fd) && !r)
		r = failed(out->path, 0, -errno, err);
	return r;
}

bool rs_strace_out_is_shared(const struct rs_strace_out *out)
{
	return !out->path;
}

uint64_t rs_strace_out_refused(const struct rs_strace_out *out)
{
	return out->refused;
}
