/* SPDX-License-Identifier: Apache-2.0 */
/* Events as they are stored: inotify(7) tells which files grew. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>

#include "base/vec.h"
#include "store/query-internal.h"

static void close_watch(int *fd)
{
	rs_cleanup_close(fd);
}

static int open_watch(const char *dir, int *ret_fd, struct rs_error *err)
{
	_cleanup_(close_watch) int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0 ||
	    inotify_add_watch(fd, dir,
			      IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM |
				      IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR) < 0)
		return rs_error_set_errno(err, -errno, "watching \"%s\"", dir);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* The number of a file in q->files, added where it is new; -ENOENT: no file of events. */
static int file_number(struct rs_query *q, const char *name)
{
	struct rs_dir_file file, *items;
	size_t cap = q->files.cap;
	struct rs_query_file *state;

	for (size_t i = q->files.len; i-- > 0;)
		if (strcmp(q->files.items[i].name, name) == 0)
			return (int)i;
	if (!rs_dir_parse(name, &file) || file.broken || q->files.len >= RS_DIR_FILES_MAX)
		return -ENOENT;
	items = rs_vec_grow(q->files.items, &cap, q->files.len + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	q->files.items = items;
	q->files.cap = cap;
	state = realloc(q->file, (q->files.len + 1) * sizeof(*state));
	if (!state)
		return -ENOMEM;
	q->file = state;
	q->file[q->files.len] = (struct rs_query_file){ .next = 0 };
	q->files.items[q->files.len] = file;
	return (int)q->files.len++;
}

/* Plans what is new in the file that a name, of it or of its log, stands for. */
static int plan_name(struct rs_query *q, const char *name, int *last, struct rs_error *err)
{
	char base[NAME_MAX + 1];
	size_t n = strlen(name);
	int file;

	snprintf(base, sizeof(base), "%s", name);
	if (n > 4 && strcmp(base + n - 4, "-wal") == 0)
		base[n - 4] = '\0';
	file = file_number(q, base);
	if (file < 0 || file == *last)
		return file == -ENOMEM ? rs_error_set_errno(err, file, "following") : 0;
	*last = file; /* many changes of one file come in a row */
	return rs_query_plan_file(q, (uint32_t)file, err);
}

/* A file that was read is gone. */
static void forget_name(struct rs_query *q, const char *name)
{
	for (size_t i = q->files.len; i-- > 0;)
		if (strcmp(q->files.items[i].name, name) == 0)
			rs_query_forget_file(q, (uint32_t)i);
}

static int plan_all(struct rs_query *q, struct rs_error *err)
{
	struct rs_dir_files files = { 0 };
	int r = rs_dir_list(q->query->dir, &files, err), last = -1;

	for (size_t i = 0; i < files.len && r >= 0; i++)
		r = plan_name(q, files.items[i].name, &last, err);
	rs_dir_files_done(&files);
	return r;
}

static int plan_event(struct rs_query *q, const struct inotify_event *event, int *last,
		      struct rs_error *err)
{
	if (event->mask & IN_Q_OVERFLOW)
		return plan_all(q, err);
	if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED))
		return rs_error_set(err, -ENOENT, "\"%s\" was moved or removed", q->query->dir);
	if (!event->len)
		return 0;
	if (!(event->mask & IN_MODIFY))
		*last = -1; /* the same name, maybe not the same file */
	if (!(event->mask & (IN_DELETE | IN_MOVED_FROM)))
		return plan_name(q, event->name, last, err);
	forget_name(q, event->name);
	return 0;
}

/* Reads what happened, all of it, and plans what came of it. */
static int plan_news(struct rs_query *q, int fd, struct rs_error *err)
{
	_Alignas(struct inotify_event) char buf[16384];
	int last = -1, r = 0;
	ssize_t n;

	q->tasks.len = 0;
	n = read(fd, buf, sizeof(buf));
	if (n < 0)
		return errno == EAGAIN || errno == EINTR
			       ? 0
			       : rs_error_set_errno(err, -errno, "watching \"%s\"", q->query->dir);
	for (ssize_t at = 0; at < n && r >= 0;) {
		const struct inotify_event *event = (const void *)(buf + at);

		r = plan_event(q, event, &last, err);
		at += (ssize_t)(sizeof(*event) + event->len);
	}
	return r;
}

/* 1: cancelled. */
static int wait_for_news(const struct rs_query *q, int fd, struct rs_error *err)
{
	struct pollfd fds[2] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = q->query->cancel_fd, .events = POLLIN },
	};

	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return rs_error_set_errno(err, -errno, "waiting");
	return fds[1].revents != 0;
}

int rs_query_follow(struct rs_query *q, struct rs_error *err)
{
	_cleanup_(close_watch) int fd = -1;
	int r = open_watch(q->query->dir, &fd, err);

	if (r < 0)
		return r;
	rs_scan_release(q->scan);
	q->since = 0; /* whatever comes now is new, also where the clock was set back */
	q->skip = 0;
	q->tasks.len = 0;
	r = plan_all(q, err); /* what came before the watch */
	while (!r && !q->over) {
		r = rs_query_walk(q);
		rs_scan_release(q->scan);
		if (r || q->over)
			break;
		r = wait_for_news(q, fd, err);
		if (r)
			return MIN(r, 0);
		r = plan_news(q, fd, err);
	}
	return r;
}
