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

bool rs_metadata_process_in(int proc_fd, uint32_t pid, const char *id)
{
	char path[32], text[8192];

	snprintf(path, sizeof(path), "%u/cgroup", pid);
	return pid && rs_fd_read_buf_at(proc_fd, path, text, sizeof(text)) > 0 && strstr(text, id);
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
