/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "enrich/metadata-internal.h"

int rs_metadata_process_root(int proc_fd, uint32_t pid)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "%u/root", pid);
	fd = openat(proc_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static bool ends_name(const char *p)
{
	return !*p || *p == '/';
}

/* Whether one of the path's names is the id. */
static bool has_name(const char *path, const char *id)
{
	size_t n = strlen(id);

	for (const char *p = path; (p = strchr(p, '/')); p++) {
		if (strncmp(p + 1, id, n) == 0 && ends_name(p + 1 + n))
			return true;
	}
	return false;
}

/*
 * Whether the path is that of the group or below it. In a namespace of control groups it begins with "/.."
 * once for each level up to what both have in common, and has only the rest of the group's own path.
 */
static bool is_in(const char *path, const char *group)
{
	const char *rest = group;
	bool relative = false;

	while (strncmp(path, "/..", 3) == 0 && ends_name(path + 3)) {
		path += 3;
		relative = true;
	}
	for (; rest; rest = relative ? strchr(rest + 1, '/') : NULL) {
		size_t n = strlen(rest);

		if (n > 1 && strncmp(path, rest, n) == 0 && ends_name(path + n))
			return true;
	}
	return false;
}

bool rs_metadata_process_in(int proc_fd, uint32_t pid, const struct rs_metadata_question *question)
{
	char file[32], text[8192], *line, *path, *rest = text;

	snprintf(file, sizeof(file), "%u/cgroup", pid);
	if (!pid || rs_fd_read_buf_at(proc_fd, file, text, sizeof(text)) <= 0)
		return false;
	while ((line = strsep(&rest, "\n"))) { /* NUMBER:CONTROLLERS:PATH */
		path = strchr(line, ':');
		path = path ? strchr(path + 1, ':') : NULL;
		if (path && (question->cgroup ? is_in(path + 1, question->cgroup)
					      : has_name(path + 1, question->id)))
			return true;
	}
	return false;
}

uint32_t rs_metadata_process_parent(int proc_fd, uint32_t pid)
{
	char path[32], text[512], *end;
	unsigned long parent;

	snprintf(path, sizeof(path), "%u/stat", pid);
	if (rs_fd_read_buf_at(proc_fd, path, text, sizeof(text)) <= 0)
		return 0;
	end = strrchr(text, ')'); /* the name may hold anything */
	if (!end || strlen(end) < sizeof(") S "))
		return 0;
	parent = strtoul(end + sizeof(") S ") - 1, NULL, 10);
	return parent <= UINT32_MAX ? (uint32_t)parent : 0;
}
