/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Files and descriptors: whole reads and writes, directories, atomic replacement, the pid file. */

#include <sys/types.h>

#include "base/error.h"
#include "base/str.h"

/* Writes all n bytes, through EINTR, short writes and (by waiting) EAGAIN. 0 or -errno; -EPIPE is
 * a reader who went away. */
int rs_fd_write_all(int fd, const void *data, size_t n);

/* Reads to end of file, appending to out. -EFBIG when there are more than max bytes (out then
 * holds the first max), -errno. */
int rs_fd_read_all(int fd, size_t max, struct rs_str *out);

/* Opens path and reads it whole. The message names the path. */
int rs_fd_read_file(const char *path, size_t max, struct rs_str *out, struct rs_error *err);

/* The same below a directory descriptor (or AT_FDCWD), for /proc: no message, only -errno. */
int rs_fd_read_file_at(int dir_fd, const char *path, size_t max, struct rs_str *out);

/* Reads the start of a file into buf, NUL-terminated (size at least 1): no allocation. Returns the
 * length, cut to size - 1, or -errno. */
ssize_t rs_fd_read_buf_at(int dir_fd, const char *path, char *buf, size_t size);

/* Creates the directory and its missing parents. An existing directory is success, anything else
 * in the way -ENOTDIR. mode counts for the new ones, minus umask. */
int rs_fd_mkdir_p(const char *path, mode_t mode, struct rs_error *err);

/* Replaces the file's contents so that a reader, or a crash, sees the old or the new one, whole:
 * temporary file beside it, fsync, rename, fsync of the directory. */
int rs_fd_replace_file(const char *path, const void *data, size_t n, mode_t mode,
		       struct rs_error *err);

int rs_fd_set_nonblock(int fd, bool on);
int rs_fd_set_cloexec(int fd, bool on);

/*
 * Takes the lock on a pid file (flock(2)) and writes our pid into it. The lock lasts until the
 * descriptor is closed, also by death; the file stays. -EBUSY when another process holds it: the
 * message says which, and *ret_holder (may be NULL) is its pid, 0 if unknown.
 */
int rs_fd_lock_pidfile(const char *path, int *ret_fd, pid_t *ret_holder, struct rs_error *err);
