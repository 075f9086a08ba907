/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who holds the programs: processes with a descriptor of the program, of a link to it, or of a
 * perf event that it is attached to. Programs that only a pin or the kernel holds have no owner.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "kern/bpfcall.h"
#include "kern/node-private.h"

#define BPF_FILE  "anon_inode:bpf"
#define PERF_FILE "anon_inode:[perf_event]"

static DIR *open_dir_at(int fd, const char *path)
{
	int dir_fd = openat(fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = dir_fd < 0 ? NULL : fdopendir(dir_fd);

	if (!dir && dir_fd >= 0)
		close(dir_fd);
	return dir;
}

static void set_owner(struct rs_node_program *program, int proc_fd, const char *pid)
{
	char path[64], *end;

	if (program->pid)
		return;
	program->pid = (pid_t)strtol(pid, &end, 10);
	snprintf(path, sizeof(path), "%s/comm", pid);
	if (rs_fd_read_buf_at(proc_fd, path, program->comm, sizeof(program->comm)) < 0)
		program->comm[0] = '\0';
	program->comm[strcspn(program->comm, "\n")] = '\0';
}

static void look_at_bpf(struct rs_node *node, int proc_fd, const char *pid, const char *fd)
{
	struct rs_node_program *program;
	char path[300], text[1024];

	snprintf(path, sizeof(path), "%s/fdinfo/%s", pid, fd);
	if (rs_fd_read_buf_at(proc_fd, path, text, sizeof(text)) < 0)
		return;
	program = rs_node_find(node, (uint32_t)rs_node_fdinfo(text, "prog_id"));
	if (program)
		set_owner(program, proc_fd, pid);
}

/* A perf event with a program attached the old way, without a link. */
static void look_at_perf(struct rs_node *node, int proc_fd, const char *pid, const char *fd)
{
	struct rs_node_program *program;
	char name[64] = "";
	union bpf_attr attr;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.task_fd_query.pid = (uint32_t)strtoul(pid, NULL, 10);
	attr.task_fd_query.fd = (uint32_t)strtoul(fd, NULL, 10);
	attr.task_fd_query.buf = (uint64_t)(uintptr_t)name;
	attr.task_fd_query.buf_len = sizeof(name);
	r = rs_bpf_call(BPF_TASK_FD_QUERY, &attr, sizeof(attr));
	if (r < 0 && r != -ENOSPC)
		return;
	program = rs_node_find(node, attr.task_fd_query.prog_id);
	if (!program)
		return;
	set_owner(program, proc_fd, pid);
	name[sizeof(name) - 1] = '\0';
	if (!program->links)
		rs_node_add_target(program, name);
}

static void look_at_process(struct rs_node *node, int proc_fd, const char *pid)
{
	char path[300], target[sizeof(PERF_FILE) + 1];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/fd", pid);
	dir = open_dir_at(proc_fd, path);
	if (!dir)
		return; /* gone, or not ours to look at */
	while ((entry = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		if (n <= 0)
			continue;
		target[n] = '\0';
		if (strncmp(target, BPF_FILE, sizeof(BPF_FILE) - 1) == 0)
			look_at_bpf(node, proc_fd, pid, entry->d_name);
		else if (strcmp(target, PERF_FILE) == 0)
			look_at_perf(node, proc_fd, pid, entry->d_name);
	}
	closedir(dir);
}

void rs_node_read_owners(struct rs_node *node)
{
	DIR *proc = open_dir_at(AT_FDCWD, "/proc");
	struct dirent *entry;

	if (!proc)
		return;
	while (node->programs.len && (entry = readdir(proc))) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			look_at_process(node, dirfd(proc), entry->d_name);
	}
	closedir(proc);
}
