/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/units.h"

#define READ_STEP 4096

int rs_fd_write_all(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n) {
		ssize_t done = write(fd, p, n);

		if (done > 0) {
			p += done;
			n -= (size_t)done;
		} else if (done < 0 && errno == EAGAIN) {
			struct pollfd wait = { .fd = fd, .events = POLLOUT };

			if (poll(&wait, 1, -1) < 0 && errno != EINTR)
				return -errno;
		} else if (done < 0 && errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

/* read(2) through EINTR. */
static ssize_t read_some(int fd, void *buf, size_t n)
{
	ssize_t done;

	do
		done = read(fd, buf, n);
	while (done < 0 && errno == EINTR);
	return done < 0 ? -errno : done;
}

int rs_fd_read_all(int fd, size_t max, struct rs_str *out)
{
	size_t total = 0;

	for (;;) {
		ssize_t n;
		char extra;
		int r;

		if (total == max) {
			n = read_some(fd, &extra, 1);
			return n > 0 ? -EFBIG : (int)n;
		}
		r = rs_str_reserve(out, MIN(max - total, READ_STEP));
		if (r < 0)
			return r;
		n = read_some(fd, out->data + out->len, MIN(max - total, out->cap - out->len - 1));
		if (n <= 0)
			return (int)n;
		out->len += (size_t)n;
		total += (size_t)n;
	}
}

int rs_fd_read_file_at(int dir_fd, const char *path, size_t max, struct rs_str *out)
{
	_cleanup_(rs_cleanup_close) int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return rs_fd_read_all(fd, max, out);
}

int rs_fd_read_file(const char *path, size_t max, struct rs_str *out, struct rs_error *err)
{
	int r = rs_fd_read_file_at(AT_FDCWD, path, max, out);

	if (r == -EFBIG)
		return rs_error_set(err, r, "reading \"%s\": more than %zu bytes", path, max);
	if (r < 0)
		return rs_error_set_errno(err, r, "reading \"%s\"", path);
	return 0;
}

ssize_t rs_fd_read_buf_at(int dir_fd, const char *path, char *buf, size_t size)
{
	_cleanup_(rs_cleanup_close) int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t len = 0;

	if (fd < 0)
		return -errno;
	while (len < size - 1) {
		ssize_t n = read_some(fd, buf + len, size - 1 - len);

		if (n < 0)
			return n;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	buf[len] = '\0';
	return (ssize_t)len;
}

/* Creates one directory; one that is there already is success. */
static int make_dir(const char *path, mode_t mode, struct rs_error *err)
{
	struct stat st;
	int code;

	if (mkdir(path, mode) == 0)
		return 0;
	code = -errno;
	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return 0;
		code = -ENOTDIR;
	}
	return rs_error_set_errno(err, code, "creating directory \"%s\"", path);
}

int rs_fd_mkdir_p(const char *path, mode_t mode, struct rs_error *err)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	int r;

	if (!len || len >= sizeof(part))
		return rs_error_set_errno(err, len ? -ENAMETOOLONG : -ENOENT,
					  "creating directory \"%.100s\"", path);
	memcpy(part, path, len + 1);
	for (char *p = part + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		r = make_dir(part, mode, err);
		if (r < 0)
			return r;
		*p = '/';
	}
	return make_dir(part, mode, err);
}

/* Makes a rename durable. */
static int sync_parent(const char *path)
{
	_cleanup_(rs_cleanup_close) int fd = -1;
	char dir[PATH_MAX] = ".";
	const char *slash = strrchr(path, '/');

	if (slash)
		snprintf(dir, sizeof(dir), "%.*s", (int)MAX(slash - path, 1), path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* Some file systems cannot; then there is nothing to wait for. */
	return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

static int write_new(int fd, const void *data, size_t n, mode_t mode)
{
	int r = rs_fd_write_all(fd, data, n);

	if (r < 0)
		return r;
	if (fchmod(fd, mode) < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

int rs_fd_replace_file(const char *path, const void *data, size_t n, mode_t mode,
		       struct rs_error *err)
{
	_cleanup_(rs_cleanup_close) int fd = -1;
	char temp[PATH_MAX];
	int r;

	r = snprintf(temp, sizeof(temp), "%s.XXXXXX", path);
	if (r < 0 || (size_t)r >= sizeof(temp))
		return rs_error_set_errno(err, -ENAMETOOLONG, "writing \"%.100s\"", path);
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return rs_error_set_errno(err, -errno, "writing \"%s\"", path);
	r = write_new(fd, data, n, mode);
	if (r == 0 && rename(temp, path) < 0)
		r = -errno;
	if (r < 0) {
		unlink(temp);
		return rs_error_set_errno(err, r, "writing \"%s\"", path);
	}
	r = sync_parent(path);
	if (r < 0)
		return rs_error_set_errno(err, r, "writing \"%s\": syncing its directory", path);
	return 0;
}

static int set_bit(int fd, int get, int set, int bit, bool on)
{
	int flags = fcntl(fd, get);

	if (flags < 0 || fcntl(fd, set, on ? flags | bit : flags & ~bit) < 0)
		return -errno;
	return 0;
}

int rs_fd_set_nonblock(int fd, bool on)
{
	return set_bit(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

int rs_fd_set_cloexec(int fd, bool on)
{
	return set_bit(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

static int report_holder(const char *path, int fd, pid_t *ret_holder, struct rs_error *err)
{
	uint64_t pid = 0;
	char text[24];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (rs_units_parse_u64(text, INT_MAX, &pid, NULL) < 0)
		pid = 0;
	if (ret_holder)
		*ret_holder = (pid_t)pid;
	if (!pid)
		return rs_error_set(err, -EBUSY, "\"%s\" is locked by another process", path);
	return rs_error_set(err, -EBUSY, "\"%s\" is locked by process %d", path, (int)pid);
}

int rs_fd_lock_pidfile(const char *path, int *ret_fd, pid_t *ret_holder, struct rs_error *err)
{
	_cleanup_(rs_cleanup_close) int fd = -1;
	char text[24];
	int n, r;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0644);
	if (fd < 0)
		return rs_error_set_errno(err, -errno, "opening \"%s\"", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return report_holder(path, fd, ret_holder, err);
		return rs_error_set_errno(err, -errno, "locking \"%s\"", path);
	}
	n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) < 0)
		return rs_error_set_errno(err, -errno, "writing \"%s\"", path);
	r = rs_fd_write_all(fd, text, (size_t)n);
	if (r < 0)
		return rs_error_set_errno(err, r, "writing \"%s\"", path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}
