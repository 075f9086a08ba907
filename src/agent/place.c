/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/place.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/units.h"

/* The file's content: "PID NS\n", NS being the real time at which the place was taken. */
static void read_holder(int fd, struct rs_place_holder *ret_holder)
{
	struct rs_place_holder holder = { 0 };
	char text[64];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	long long pid;
	char *rest;

	text[MAX(n, 0)] = '\0';
	pid = strtoll(text, &rest, 10);
	if (rest != text && pid > 0 && pid <= INT32_MAX) {
		holder.pid = (pid_t)pid;
		holder.since = strtoull(rest, NULL, 10);
	}
	*ret_holder = holder;
}

static int write_holder(int fd)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%jd %" PRIu64 "\n", (intmax_t)getpid(),
			 rs_clock_real());

	if (ftruncate(fd, 0) < 0)
		return -errno;
	if (pwrite(fd, text, (size_t)n, 0) != n)
		return errno ? -errno : -EIO;
	return 0;
}

static int held_by(int fd, struct rs_place_holder *ret_holder, struct rs_error *err)
{
	struct rs_place_holder holder;
	char when[64] = "";
	struct tm tm;
	time_t since;
	int r;

	read_holder(fd, &holder);
	since = (time_t)(holder.since / RS_NSEC_PER_SEC);
	if (since && localtime_r(&since, &tm))
		strftime(when, sizeof(when), ", since %Y-%m-%d %H:%M:%S", &tm);
	if (holder.pid)
		r = rs_error_set(err, -EBUSY, "another agent holds the place: pid %jd%s",
				 (intmax_t)holder.pid, when);
	else
		r = rs_error_set(err, -EBUSY, "another agent holds the place");
	rs_error_hint(
		err,
		"`ringside stats` shows what it does; exec, files, net and deletes run beside it");
	if (ret_holder)
		*ret_holder = holder;
	return r;
}

int rs_place_take(const char *root, int *ret_fd, struct rs_place_holder *ret_holder,
		  struct rs_error *err)
{
	_cleanup_(rs_cleanup_free) char *dir = NULL;
	_cleanup_(rs_cleanup_free) char *path = NULL;
	_cleanup_(rs_cleanup_close) int fd = -1;
	int r;

	if (asprintf(&dir, "%s" RS_PLACE_DIR, root ? root : "") < 0)
		dir = NULL;
	if (asprintf(&path, "%s" RS_PLACE_LOCK, root ? root : "") < 0)
		path = NULL;
	if (!dir || !path)
		return rs_error_set_errno(err, -ENOMEM, "taking the agent's place");
	r = rs_fd_mkdir_p(dir, 0700, err);
	if (r < 0)
		return r;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	if (fd < 0)
		return rs_error_set_errno(err, -errno, "opening \"%s\"", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return held_by(fd, ret_holder, err);
		return rs_error_set_errno(err, -errno, "locking \"%s\"", path);
	}
	r = write_holder(fd);
	if (r < 0)
		return rs_error_set_errno(err, r, "writing \"%s\"", path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}
