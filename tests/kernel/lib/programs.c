/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/programs.h"

#include <dirent.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool known(const struct programs *programs, uint32_t id)
{
	for (size_t i = 0; i < programs->count; i++)
		if (programs->ids[i] == id)
			return true;
	return false;
}

static void take_fdinfo(const char *path, struct programs *programs)
{
	FILE *file = fopen(path, "re");
	char line[256];
	uint32_t id;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "prog_id: %u", &id) == 1 && !known(programs, id) &&
		    programs->count < PROGRAMS_MAX)
			programs->ids[programs->count++] = id;
	if (file)
		fclose(file);
}

void programs_of(pid_t pid, struct programs *ret_programs)
{
	char dir_path[64], path[400];
	struct dirent *entry;
	DIR *dir;

	ret_programs->count = 0;
	snprintf(dir_path, sizeof(dir_path), "/proc/%d/fdinfo", pid);
	dir = opendir(dir_path);
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", dir_path, entry->d_name);
		take_fdinfo(path, ret_programs);
	}
	if (dir)
		closedir(dir);
}

static int open_program(uint32_t id)
{
	union bpf_attr attr = { .prog_id = id };

	return (int)syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &attr, sizeof(attr));
}

static bool is_there(uint32_t id)
{
	int fd = open_program(id);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

size_t programs_left(const struct programs *programs)
{
	size_t n = 0;

	for (size_t i = 0; i < programs->count; i++)
		n += is_there(programs->ids[i]);
	return n;
}

void programs_missed(const struct programs *programs, void (*fn)(const char *name, uint64_t missed))
{
	for (size_t i = 0; i < programs->count; i++) {
		struct bpf_prog_info info = { 0 };
		union bpf_attr attr = { 0 };
		int fd = open_program(programs->ids[i]);

		attr.info.bpf_fd = (uint32_t)fd;
		attr.info.info_len = sizeof(info);
		attr.info.info = (uintptr_t)&info;
		if (fd >= 0 && !syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) &&
		    info.recursion_misses)
			fn(info.name, info.recursion_misses);
		if (fd >= 0)
			close(fd);
	}
}

static uint64_t all_missed;

static void add_missed(const char *name, uint64_t missed)
{
	(void)name;
	all_missed += missed;
}

uint64_t programs_all_missed(pid_t pid)
{
	struct programs programs;

	all_missed = 0;
	programs_of(pid, &programs);
	programs_missed(&programs, add_missed);
	return all_missed;
}
