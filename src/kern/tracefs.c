/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/tracefs.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "kern/mounts.h"

#define DEBUGFS_POINT "/sys/kernel/debug/tracing"

static const char *const hows[] = {
#define X(id, words) [RS_TRACEFS_##id] = words,
	RS_TRACEFS_HOWS(X)
#undef X
};
static_assert(ARRAY_SIZE(hows) == RS_TRACEFS_HOW_COUNT, "hows");

const char *rs_tracefs_how_to_str(enum rs_tracefs_how how)
{
	return how < ARRAY_SIZE(hows) ? hows[how] : "unknown";
}

/* Opens @path when tracefs is what is there; -ENODEV when it is something else. */
static int open_if_tracefs(const char *path)
{
	_cleanup_(rs_cleanup_close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs) < 0)
		return -errno;
	if (fs.f_type != TRACEFS_MAGIC)
		return -ENODEV;
	return TAKE_FD(fd);
}

static int open_elsewhere(void)
{
	char point[PATH_MAX];
	int r = rs_mounts_find("tracefs", TRACEFS_MAGIC, point, sizeof(point));

	return r < 0 ? r : open_if_tracefs(point);
}

static int open_detached(void)
{
	return rs_mounts_open_detached("tracefs");
}

static int open_debugfs(void)
{
	return open_if_tracefs(DEBUGFS_POINT);
}

static int open_mounted(void)
{
	return open_if_tracefs(RS_TRACEFS_POINT);
}

/*
 * In the order of trial. debugfs comes last: to look at it there makes the kernel mount tracefs
 * for everybody, and it is on its way out (deprecated in 6.17).
 */
static int (*const ways[])(void) = {
	[RS_TRACEFS_MOUNTED] = open_mounted,
	[RS_TRACEFS_ELSEWHERE] = open_elsewhere,
	[RS_TRACEFS_DETACHED] = open_detached,
	[RS_TRACEFS_DEBUGFS] = open_debugfs,
};
static_assert(ARRAY_SIZE(ways) == RS_TRACEFS_HOW_COUNT, "ways");

/* What is worth telling: a refusal (of the mount that is there, or of the one of our own). */
static bool tells_more(int code, int than)
{
	bool refused = code == -EPERM || code == -EACCES;

	return than == 0 || (refused && than != -EPERM && than != -EACCES);
}

int rs_tracefs_open_how(enum rs_tracefs_how *ret_how, struct rs_error *err)
{
	int worst = 0;

	for (unsigned how = 0; how < ARRAY_SIZE(ways); how++) {
		int fd = ways[how]();

		if (fd >= 0) {
			if (ret_how)
				*ret_how = (enum rs_tracefs_how)how;
			return fd;
		}
		if (tells_more(fd, worst))
			worst = fd;
	}
	worst = rs_error_set_errno(err, worst, "opening tracefs");
	if (worst == -EPERM || worst == -EACCES)
		rs_error_hint(err, "run as root, or have tracefs mounted at " RS_TRACEFS_POINT);
	return worst;
}

int rs_tracefs_open(struct rs_error *err)
{
	return rs_tracefs_open_how(NULL, err);
}

int rs_tracefs_event_id(int tracefs_fd, const char *event, struct rs_error *err)
{
	char path[256], text[32], *end;
	unsigned long id;
	ssize_t n;

	if ((size_t)snprintf(path, sizeof(path), "events/%s/id", event) >= sizeof(path))
		return rs_error_set(err, -ENAMETOOLONG, "tracepoint \"%s\": the name is too long",
				    event);
	n = rs_fd_read_buf_at(tracefs_fd, path, text, sizeof(text));
	if (n == -ENOENT)
		return rs_error_set(err, -ENOENT, "tracepoint \"%s\": not in this kernel", event);
	if (n < 0)
		return rs_error_set_errno(err, (int)n, "tracepoint \"%s\": reading its id", event);
	errno = 0;
	id = strtoul(text, &end, 10);
	if (end == text || errno || id > INT_MAX)
		return rs_error_set(err, -EBADMSG, "tracepoint \"%s\": its id makes no sense",
				    event);
	return (int)id;
}
