/* SPDX-License-Identifier: Apache-2.0 */
/* What a process has mapped executable: /proc/PID/maps, and the files behind it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "profile/usyms-internal.h"

#define MAPS_MAX     (16 << 20) /* bytes of /proc/PID/maps that are read */
#define START_TIME   20         /* field of /proc/PID/stat, from the one behind the name */
#define MAPPINGS_MAX 16384

uint64_t rs_usyms_start_time(uint32_t pid)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(4096);
	char path[64];
	const char *p;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	if (rs_fd_read_file_at(AT_FDCWD, path, text.max, &text) < 0)
		return 0;
	/* The name may hold anything, ')' included: fields are counted from the last one. */
	p = strrchr(rs_str_cstr(&text), ')');
	for (unsigned i = 0; p && i < START_TIME; i++)
		p = strchr(p + 1, ' ');
	return p ? strtoull(p + 1, NULL, 10) : 0;
}

void rs_usyms_file_unref(struct rs_usyms_file *file)
{
	if (!file || --file->refs)
		return;
	rs_elf_close(&file->elf);
	free(file->path);
	free(file);
}

void rs_usyms_drop_maps(struct rs_usyms_process *process)
{
	rs_vec_foreach(&process->mappings, m) rs_usyms_file_unref(m->file);
	rs_vec_done(&process->mappings);
}

/* By the kernel's link to the very file, where we may follow it; else by its path, as the process sees it. */
static struct rs_elf *open_elf(uint32_t pid, const struct rs_usyms_mapping *mapping,
			       const char *path)
{
	char link[96], root[32];
	char *seen = NULL;
	struct rs_elf *elf = NULL;

	snprintf(root, sizeof(root), "/proc/%u/root", pid);
	snprintf(link, sizeof(link), "/proc/%u/map_files/%" PRIx64 "-%" PRIx64, pid, mapping->start,
		 mapping->end);
	if (rs_elf_open(link, root, &elf, NULL) < 0 && asprintf(&seen, "%s%s", root, path) > 0) {
		if (rs_elf_open(seen, root, &elf, NULL) < 0)
			elf = NULL;
		free(seen);
	}
	return elf;
}

static struct rs_usyms_file *new_file(uint32_t pid, const struct rs_usyms_mapping *mapping,
				      const char *path)
{
	struct rs_usyms_file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->refs = 1;
	file->path = strdup(path);
	if (!file->path) {
		free(file);
		return NULL;
	}
	file->elf = open_elf(pid, mapping, path);
	return file;
}

/* The file of a mapping, shared; NULL: out of memory. */
static struct rs_usyms_file *get_file(struct rs_usyms *usyms, uint32_t pid,
				      const struct rs_usyms_mapping *mapping, const char *device,
				      uint64_t inode, const char *path)
{
	struct rs_usyms_file *file;
	char key[48];
	int n = snprintf(key, sizeof(key), "%.16s:%" PRIu64, device, inode);

	file = rs_hashmap_find_str(usyms->files, key, (size_t)n);
	if (!file) {
		file = new_file(pid, mapping, path);
		if (!file)
			return NULL;
		if (rs_hashmap_put_str(usyms->files, key, (size_t)n, file) < 0)
			return file; /* the mapping's alone */
	}
	file->refs++;
	return file;
}

/* "7f..-7f.. r-xp 00001000 08:01 1234    /usr/lib/x.so". False: not one of ours. */
static int add_line(struct rs_usyms *usyms, struct rs_usyms_process *process, const char *line)
{
	struct rs_usyms_mapping mapping = { 0 };
	char start[17], end[17], flags[8], offset[17], device[20], number[21];
	uint64_t inode;
	int at = 0;

	if (sscanf(line, "%16[0-9a-f]-%16[0-9a-f] %7s %16[0-9a-f] %19s %20[0-9] %n", start, end,
		   flags, offset, device, number, &at) < 6)
		return 0;
	mapping.start = strtoull(start, NULL, 16);
	mapping.end = strtoull(end, NULL, 16);
	mapping.offset = strtoull(offset, NULL, 16);
	inode = strtoull(number, NULL, 10);
	if (flags[2] != 'x' || mapping.start >= mapping.end)
		return 0;
	if (process->mappings.len && mapping.start < rs_vec_last(&process->mappings)->end)
		return 0; /* never, in a file that the kernel wrote */
	if (inode && line[at] == '/') {
		mapping.file = get_file(usyms, process->pid, &mapping, device, inode, line + at);
		if (!mapping.file)
			return -ENOMEM;
	}
	if (rs_vec_push(&process->mappings, mapping) < 0) {
		rs_usyms_file_unref(mapping.file);
		return -ENOMEM;
	}
	return 0;
}

int rs_usyms_read_maps(struct rs_usyms *usyms, struct rs_usyms_process *process)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(MAPS_MAX);
	char path[64], *line, *rest;
	int r;

	snprintf(path, sizeof(path), "/proc/%u/maps", process->pid);
	r = rs_fd_read_file_at(AT_FDCWD, path, text.max, &text);
	if (r < 0)
		return r;
	if (!text.len)
		return -ESRCH; /* a process that is ending has nothing mapped any more: what was known stays */
	rs_usyms_drop_maps(process);
	rs_str_cstr(&text);
	rest = text.data;
	while ((line = strsep(&rest, "\n")) && process->mappings.len < MAPPINGS_MAX) {
		r = add_line(usyms, process, line);
		if (r < 0)
			return r;
	}
	return 0;
}
