/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/unwind-files.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <bpf/bpf.h>

#include "profile/symbols-internal.h"
#include "profile/unwind-cfi.h"

#define FILES_MAX   2048
#define CHUNK_BYTES (RS_UNWIND_CHUNK_ROWS * sizeof(struct rs_unwind_row))

static uint64_t key_of(const struct rs_symbols_file *file)
{
	return (uint64_t)(uintptr_t)file;
}

/* ---- chunks ---- */

static int make_chunk(struct rs_unwind_files *files, uint32_t chunk)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	_cleanup_(rs_cleanup_close) int fd = bpf_map_create(
		BPF_MAP_TYPE_ARRAY, "rs_unwind_rows", sizeof(uint32_t),
		sizeof(struct rs_unwind_row), RS_UNWIND_CHUNK_ROWS, &options);

	if (fd < 0 || bpf_map_update_elem(files->map, &chunk, &fd, BPF_ANY))
		return -errno;
	files->chunks[chunk].fd = TAKE_FD(fd);
	return 0;
}

/* The first chunk with room in it; -ENOSPC. */
static int find_chunk(struct rs_unwind_files *files)
{
	for (uint32_t i = 0; i < RS_UNWIND_CHUNKS; i++) {
		if (files->chunks[i].fd < 0) {
			int r = make_chunk(files, i);

			return r < 0 ? r : (int)i;
		}
		if (files->chunks[i].used < RS_UNWIND_CHUNK_ROWS)
			return (int)i;
	}
	return -ENOSPC;
}

static int write_rows(int fd, uint32_t first, const struct rs_unwind_row *rows, uint32_t n)
{
	void *map = mmap(NULL, CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	memcpy((struct rs_unwind_row *)map + first, rows, n * sizeof(*rows));
	munmap(map, CHUNK_BYTES);
	return 0;
}

static void drop_pieces(struct rs_unwind_files *files, struct rs_unwind_file *file)
{
	rs_vec_foreach(&file->pieces, piece)
	{
		uint32_t *live = &files->chunks[piece->chunk].live;

		*live -= piece->last - piece->first + 1u;
		if (!*live)
			files->chunks[piece->chunk].used = 0;
	}
	rs_vec_done(&file->pieces);
}

/* As many rows as fit into one chunk: how many, or an error. */
static int place_some(struct rs_unwind_files *files, struct rs_unwind_file *file,
		      const struct rs_unwind_row *rows, size_t n)
{
	int chunk = find_chunk(files), r;
	uint32_t first, fit;

	if (chunk < 0)
		return chunk;
	first = files->chunks[chunk].used;
	fit = (uint32_t)MIN(n, (size_t)(RS_UNWIND_CHUNK_ROWS - first));
	r = write_rows(files->chunks[chunk].fd, first, rows, fit);
	if (!r)
		r = rs_vec_push(&file->pieces, (struct rs_unwind_piece){
						       .start = file->base + rows->pc,
						       .chunk = (uint32_t)chunk,
						       .first = (uint16_t)first,
						       .last = (uint16_t)(first + fit - 1),
					       });
	if (r < 0)
		return r;
	files->chunks[chunk].used += fit;
	files->chunks[chunk].live += fit;
	return (int)fit;
}

static int place(struct rs_unwind_files *files, struct rs_unwind_file *file,
		 const struct rs_unwind_table *table)
{
	for (size_t i = 0; i < table->rows.len;) {
		int n = place_some(files, file, table->rows.items + i, table->rows.len - i);

		if (n < 0) {
			drop_pieces(files, file);
			return n;
		}
		i += (size_t)n;
	}
	return 0;
}

/* ---- files ---- */

static void free_file(struct rs_unwind_files *files, struct rs_unwind_file *file)
{
	drop_pieces(files, file);
	rs_symbols_file_unref(file->file);
	free(file);
}

/* Drops the files that nobody uses. */
static void drop_unused(struct rs_unwind_files *files)
{
	struct rs_hashmap_entry entry;
	size_t at = 0;

	while (rs_hashmap_next(files->files, &at, &entry)) {
		struct rs_unwind_file *file = entry.value;

		if (file->users)
			continue;
		rs_hashmap_remove_u64(files->files, entry.key);
		free_file(files, file);
		at = 0; /* the map has changed */
	}
}

/* A file without a table, or with one that cannot be had, has no pieces: that is known then. */
static void fill(struct rs_unwind_files *files, struct rs_unwind_file *file)
{
	struct rs_unwind_table table = { 0 };
	int r = rs_unwind_table_read(file->file->elf, &table);

	file->base = table.base;
	if (!r)
		r = place(files, file, &table);
	if (r == -ENOSPC) {
		drop_unused(files);
		r = place(files, file, &table);
	}
	if (r < 0 && r != -ENODATA)
		files->no_room++;
	rs_unwind_table_done(&table);
}

int rs_unwind_files_get(struct rs_unwind_files *files, struct rs_symbols_file *file,
			struct rs_unwind_file **ret_file)
{
	struct rs_unwind_file *found = rs_hashmap_find_u64(files->files, key_of(file));
	int r;

	if (!found) {
		found = calloc(1, sizeof(*found));
		if (!found)
			return -ENOMEM;
		if (rs_hashmap_len(files->files) >= FILES_MAX)
			drop_unused(files);
		r = rs_hashmap_put_u64(files->files, key_of(file), found);
		if (r < 0) {
			free(found);
			return r;
		}
		found->file = file;
		file->refs++;
		found->users = 1; /* while room is made for it */
		fill(files, found);
		found->users = 0;
	}
	found->users++;
	*ret_file = found;
	return 0;
}

void rs_unwind_file_put(struct rs_unwind_file *file)
{
	file->users--;
}

static void drop_file(void *value, void *data)
{
	free_file(data, value);
}

int rs_unwind_files_init(struct rs_unwind_files *files, int map)
{
	const struct rs_hashmap_opts options = { .max = FILES_MAX,
						 .drop = drop_file,
						 .data = files };

	files->map = map;
	for (size_t i = 0; i < RS_UNWIND_CHUNKS; i++)
		files->chunks[i].fd = -1;
	return rs_hashmap_new_u64(&options, &files->files);
}

void rs_unwind_files_done(struct rs_unwind_files *files)
{
	rs_hashmap_free(&files->files);
	for (size_t i = 0; i < RS_UNWIND_CHUNKS; i++)
		rs_cleanup_close(&files->chunks[i].fd);
}
