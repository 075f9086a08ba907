/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/processes-proc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"

#define STAT_SIZE   1024 /* bytes of /proc/PID/stat, more than its first 22 fields have */
#define STATUS_SIZE 1024 /* and of /proc/PID/status, more than its first 9 lines have */
#define PPID_AT     4    /* fields of /proc/PID/stat; the one after the name is the third */
#define START_AT    22
#define DELETED     " (deleted)"

/* The path is the kernel's with a mark where the file has no name any more. It may just as well be
 * part of the name: the file itself tells. */
static size_t without_mark(int proc, const char *link, const char *path, size_t len)
{
	const size_t mark = sizeof(DELETED) - 1;
	struct stat st;

	if (len <= mark || memcmp(path + len - mark, DELETED, mark) != 0)
		return len;
	return fstatat(proc, link, &st, 0) < 0 || st.st_nlink ? len : len - mark;
}

/* The path of the executable; its length, 0 where there is none to be had. */
static size_t read_exe(int proc, uint32_t pid, char path[static RS_PATH_MAX])
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "%u/exe", pid);
	n = readlinkat(proc, link, path, RS_PATH_MAX);
	if (n <= 0 || n >= RS_PATH_MAX || path[0] != '/')
		return 0;
	return without_mark(proc, link, path, (size_t)n);
}

size_t rs_process_copy_args(char buf[static RS_PROCESS_ARGS_MAX], const char *args, size_t len)
{
	size_t n = MIN(len, RS_PROCESS_ARGS_MAX);

	if (!n)
		return 0;
	memcpy(buf, args, n);
	if (!buf[n - 1])
		return n;
	n = MIN(n + 1, RS_PROCESS_ARGS_MAX);
	buf[n - 1] = '\0';
	return n;
}

/* A process that writes a title over its arguments fills up with NULs: one of them is enough. */
static size_t read_args(int proc, uint32_t pid, char args[static RS_PROCESS_ARGS_MAX])
{
	char path[32], text[RS_PROCESS_ARGS_MAX + 2];
	ssize_t n;

	snprintf(path, sizeof(path), "%u/cmdline", pid);
	n = rs_fd_read_buf_at(proc, path, text, sizeof(text));
	while (n > 1 && !text[n - 1] && !text[n - 2])
		n--;
	return n <= 1 ? 0 : rs_process_copy_args(args, text, (size_t)n);
}

/* The line "Uid:" of /proc/PID/status, whose first number is the real one. No line before it can look
 * like it: the kernel escapes a newline in the name. */
static uint32_t read_status_uid(int proc, uint32_t pid)
{
	char path[32], text[STATUS_SIZE];
	const char *line;

	snprintf(path, sizeof(path), "%u/status", pid);
	if (rs_fd_read_buf_at(proc, path, text, sizeof(text)) <= 0)
		return RS_PROCESS_NOBODY;
	line = strstr(text, "\nUid:\t");
	return line ? (uint32_t)strtoul(line + 6, NULL, 10) : RS_PROCESS_NOBODY;
}

/* The directory's owner tells as well, at a tenth of the cost; but of a process that may not be dumped,
 * a zombie and a kernel thread it is root in any case. */
static uint32_t read_uid(int proc, uint32_t pid, bool runs)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "%u", pid);
	if (fstatat(proc, path, &st, 0) < 0)
		return RS_PROCESS_NOBODY;
	if (st.st_uid)
		return st.st_uid;
	return runs ? read_status_uid(proc, pid) : RS_PROCESS_NOBODY;
}

/* "PID (name) S PPID ...": the name may hold anything, but ends with the last parenthesis. */
static bool parse_stat(const char *text, struct rs_process_reading *ret_reading)
{
	const char *name = strchr(text, '('), *end = strrchr(text, ')'), *at;
	size_t n;

	if (!name || !end || end < name)
		return false;
	name++;
	n = MIN((size_t)(end - name), RS_COMM_SIZE - 1);
	memset(ret_reading->comm, 0, RS_COMM_SIZE);
	memcpy(ret_reading->comm, name, n);
	at = end + 1;
	if (*at != ' ')
		return false;
	for (unsigned field = PPID_AT - 1; field < START_AT; field++) {
		at = strchr(at + 1, ' ');
		if (!at)
			return false;
		if (field + 1 == PPID_AT)
			ret_reading->ppid = (uint32_t)strtoul(at + 1, NULL, 10);
	}
	ret_reading->ticks = strtoull(at + 1, NULL, 10);
	return true;
}

int rs_process_read(int proc, uint32_t pid, struct rs_process_reading *ret_reading)
{
	char path[32], text[STAT_SIZE];
	ssize_t n;

	if (proc < 0)
		return -EBADF;
	ret_reading->exe_len = read_exe(proc, pid, ret_reading->exe);
	ret_reading->args_len = read_args(proc, pid, ret_reading->args);
	ret_reading->uid = read_uid(proc, pid, ret_reading->exe_len || ret_reading->args_len);
	snprintf(path, sizeof(path), "%u/stat", pid);
	n = rs_fd_read_buf_at(proc, path, text, sizeof(text));
	if (n == -ESRCH)
		return -ENOENT;
	if (n < 0)
		return (int)n;
	return parse_stat(text, ret_reading) ? 0 : -EBADMSG;
}
