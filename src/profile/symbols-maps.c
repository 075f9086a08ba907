/* SPDX-License-Identifier: Apache-2.0 */
/* What a process has mapped executable: /proc/PID/maps, and the files behind it. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/fd.h"
#include "kern/maps.h"
#include "profile/symbols-internal.h"

#define START_TIME   20 /* field of /proc/PID/stat, from the one behind the name */
#define MAPPINGS_MAX 16384
#define DELETED      " (deleted)"
#define VDSO         "[vdso]"

void rs_symbols_proc_path(const struct rs_symbols *symbols, uint32_t pid, const char *name,
			  char ret_path[static PATH_MAX])
{
	if ((size_t)snprintf(ret_path, PATH_MAX, "%s/proc/%u/%s", symbols->host, pid, name) >=
	    PATH_MAX)
		*ret_path = '\0'; /* there is no such file */
}

uint64_t rs_symbols_start_time(const struct rs_symbols *symbols, uint32_t pid)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(4096);
	char path[PATH_MAX];
	const char *p;

	rs_symbols_proc_path(symbols, pid, "stat", path);
	if (rs_fd_read_file_at(AT_FDCWD, path, text.max, &text) < 0)
		return 0;
	/* The name may hold anything, ')' included: fields are counted from the last one. */
	p = strrchr(rs_str_cstr(&text), ')');
	for (unsigned i = 0; p && i < START_TIME; i++)
		p = strchr(p + 1, ' ');
	return p ? strtoull(p + 1, NULL, 10) : 0;
}

/* ---- files ---- */

void rs_symbols_file_unref(struct rs_symbols_file *file)
{
	if (!file || --file->refs)
		return;
	rs_symbols_debug_free(&file->debug);
	rs_unwind_functions_done(&file->functions);
	rs_elf_close(&file->elf);
	free(file->build_id);
	free(file->shown);
	free(file->path);
	free(file);
}

void rs_symbols_drop_maps(struct rs_symbols_process *process)
{
	rs_vec_foreach(&process->mappings, m) rs_symbols_file_unref(m->file);
	rs_vec_done(&process->mappings);
}

/* Is it the program that the process runs, wherever that is now? */
static bool is_program(const char *link, const char *path, bool deleted)
{
	char target[PATH_MAX];
	size_t n = strlen(path);
	ssize_t got;

	got = readlink(link, target, sizeof(target));
	return got >= 0 && (size_t)got == n + (deleted ? strlen(DELETED) : 0) &&
	       memcmp(target, path, n) == 0;
}

/* By the kernel's link to the very file, where we may follow it; else by its path, as the process sees it. */
static struct rs_elf *open_elf(const struct rs_symbols *symbols, uint32_t pid,
			       const struct rs_mapping *map)
{
	_cleanup_(rs_cleanup_free) char *seen = NULL;
	char name[64], link[PATH_MAX], root[PATH_MAX];
	struct rs_elf *elf = NULL;

	rs_symbols_proc_path(symbols, pid, "root", root);
	if (asprintf(&seen, "%s%s", root, map->path) < 0) {
		seen = NULL;
		return NULL;
	}
	snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, map->start, map->end);
	rs_symbols_proc_path(symbols, pid, name, link);
	if (rs_elf_open(link, root, &elf, NULL) < 0 &&
	    (map->deleted || rs_elf_open(seen, root, &elf, NULL) < 0)) {
		rs_symbols_proc_path(symbols, pid, "exe", link);
		if (!is_program(link, map->path, map->deleted) ||
		    rs_elf_open(link, root, &elf, NULL) < 0)
			return NULL;
	}
	rs_elf_set_place(elf, seen, symbols->host);
	return elf;
}

static char *build_id(struct rs_elf *elf)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(2 * RS_ELF_BUILD_ID_MAX);
	uint8_t id[RS_ELF_BUILD_ID_MAX];
	size_t n = rs_elf_build_id(elf, id);

	for (size_t i = 0; i < n; i++)
		rs_str_appendf(&text, "%02x", id[i]);
	return n ? rs_str_take(&text) : NULL;
}

/* Takes the ELF file, which may be NULL. */
static struct rs_symbols_file *new_file(struct rs_symbols *symbols, struct rs_elf *elf,
					const char *path)
{
	struct rs_symbols_file *file = calloc(1, sizeof(*file));

	if (!file) {
		rs_elf_close(&elf);
		return NULL;
	}
	file->refs = 1;
	file->elf = elf;
	file->number = symbols->n_files++;
	file->path = strdup(path);
	file->shown = rs_symbols_harmless(path);
	file->build_id = elf ? build_id(elf) : NULL;
	if (file->path && file->shown)
		return file;
	rs_symbols_file_unref(file);
	return NULL;
}

/* The file of a mapping, shared; NULL: out of memory. */
static struct rs_symbols_file *get_file(struct rs_symbols *symbols, uint32_t pid,
					const struct rs_mapping *map)
{
	struct rs_symbols_file *file;
	char key[48];
	int n = snprintf(key, sizeof(key), "%" PRIx64 ":%" PRIu64, map->dev, map->inode);

	file = rs_hashmap_find_str(symbols->files, key, (size_t)n);
	if (!file) {
		file = new_file(symbols, open_elf(symbols, pid, map), map->path);
		if (!file)
			return NULL;
		file->device = (map->dev >> 32) << 20 | (map->dev & UINT32_MAX);
		file->inode = map->inode;
		if (rs_hashmap_put_str(symbols->files, key, (size_t)n, file) < 0)
			return file; /* the mapping's alone */
	}
	file->refs++;
	return file;
}

/* To the end of its section headers, which come last. */
static size_t vdso_size(const Elf64_Ehdr *header)
{
	return header->e_shoff + (size_t)header->e_shnum * header->e_shentsize;
}

/* The kernel's library is the same in all processes of 64 bit, ours too. */
static struct rs_symbols_file *get_vdso(struct rs_symbols *symbols)
{
	/* The kernel gives it as a number. NOLINTNEXTLINE(performance-no-int-to-ptr) */
	const void *image = (const void *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
	struct rs_elf *elf = NULL;

	if (!symbols->vdso && image && rs_elf_open_image(image, vdso_size(image), &elf) == 0)
		symbols->vdso = new_file(symbols, elf, VDSO);
	if (!symbols->vdso)
		return NULL;
	symbols->vdso->inode = RS_UNWIND_VDSO;
	symbols->vdso->refs++;
	return symbols->vdso;
}

/* ---- mappings ---- */

struct reading {
	struct rs_symbols *symbols;
	struct rs_symbols_process *process;
};

/* 1: that is enough. */
static int add_mapping(void *data, const struct rs_mapping *map)
{
	struct reading *reading = data;
	struct rs_symbols_process *process = reading->process;
	struct rs_symbols_mapping mapping = { .start = map->start,
					      .end = map->end,
					      .offset = map->offset };

	if (!map->executable)
		return 0;
	if (process->mappings.len && mapping.start < rs_vec_last(&process->mappings)->end)
		return 0; /* never, in a file that the kernel wrote */
	if (map->inode && *map->path == '/') {
		mapping.file = get_file(reading->symbols, process->pid, map);
		if (!mapping.file)
			return -ENOMEM;
	} else if (strcmp(map->path, VDSO) == 0 && mapping.start > UINT32_MAX) {
		mapping.file = get_vdso(reading->symbols);
	}
	if (rs_vec_push(&process->mappings, mapping) < 0) {
		rs_symbols_file_unref(mapping.file);
		return -ENOMEM;
	}
	return process->mappings.len >= MAPPINGS_MAX;
}

/* Puts the old mappings that nothing took the place of between the new ones. Both are given away. */
static int merge(struct rs_symbols_process *process, struct rs_symbols_process *fresh)
{
	struct rs_symbols_process all = { .pid = process->pid };
	const struct rs_symbols_mapping *next = fresh->mappings.items,
					*end = next + fresh->mappings.len;

	if (rs_vec_reserve(&all.mappings, process->mappings.len + fresh->mappings.len) < 0)
		return -ENOMEM;
	rs_vec_foreach(&process->mappings, old)
	{
		while (next < end && next->end <= old->start)
			rs_vec_push(&all.mappings, *next++); /* there is room */
		if ((next < end && next->start < old->end) || all.mappings.len >= MAPPINGS_MAX)
			rs_symbols_file_unref(old->file);
		else
			rs_vec_push(&all.mappings, *old);
	}
	while (next < end)
		rs_vec_push(&all.mappings, *next++);
	rs_vec_done(&process->mappings);
	rs_vec_done(&fresh->mappings);
	process->mappings.items = all.mappings.items;
	process->mappings.len = all.mappings.len;
	process->mappings.cap = all.mappings.cap;
	return 0;
}

int rs_symbols_read_maps(struct rs_symbols *symbols, struct rs_symbols_process *process)
{
	struct rs_symbols_process fresh = { .pid = process->pid };
	struct reading reading = { symbols, &fresh };
	char path[PATH_MAX];
	int r;

	rs_symbols_proc_path(symbols, process->pid, "maps", path);
	r = rs_maps_walk(path, RS_MAPS_BYTES, add_mapping, &reading);
	if (r == -EFBIG)
		r = 0; /* what lies behind has no names */
	if (r >= 0 && !fresh.mappings.len)
		return -ESRCH; /* a process that is ending has nothing mapped any more: what was known stays */
	if (r >= 0)
		r = merge(process, &fresh);
	if (r < 0)
		rs_symbols_drop_maps(&fresh);
	return r;
}
