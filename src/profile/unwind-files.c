/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/unwind-files.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <bpf/bpf.h>

#include "kern/elf-place.h"
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

static void drop_parts(struct rs_unwind_files *files, struct rs_unwind_file *file)
{
	rs_vec_foreach(&file->parts, part)
	{
		uint32_t *live = &files->chunks[part->chunk].live;

		*live -= part->last - part->first + 1u;
		if (!*live)
			files->chunks[part->chunk].used = 0;
	}
	rs_vec_done(&file->parts);
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
		r = rs_vec_push(&file->parts, (struct rs_unwind_part){
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

static int place_rows(struct rs_unwind_files *files, struct rs_unwind_file *file,
		      const struct rs_unwind_table *table)
{
	for (size_t i = 0; i < table->rows.len;) {
		int n = place_some(files, file, table->rows.items + i, table->rows.len - i);

		if (n < 0)
			return n;
		i += (size_t)n;
	}
	return 0;
}

/* ---- pieces ---- */

struct pieces {
	struct rs_unwind_piece *items;
	size_t len, cap;
};

/* What of the parts is in this segment. */
static int add_pieces(const struct rs_unwind_file *file, const struct rs_elf_code *code,
		      struct pieces *pieces)
{
	uint64_t end = code->address + code->size, moved = code->address - code->offset;
	int r = 0;

	for (size_t i = 0; i < file->parts.len && !r; i++) {
		const struct rs_unwind_part *part = &file->parts.items[i];
		const struct rs_unwind_piece piece = {
			.start = MAX(part->start, code->address) - moved,
			.base = file->base - moved,
			.chunk = part->chunk,
			.first = part->first,
			.last = part->last,
		};

		if (part->start < end &&
		    (i + 1 == file->parts.len || part[1].start > code->address))
			r = rs_vec_push(pieces, piece);
	}
	return r;
}

static int by_start(const void *a, const void *b)
{
	uint64_t x = ((const struct rs_unwind_piece *)a)->start;
	uint64_t y = ((const struct rs_unwind_piece *)b)->start;

	return (x > y) - (x < y);
}

static int publish(struct rs_unwind_files *files, struct rs_unwind_file *file,
		   const struct pieces *pieces)
{
	int r;

	if (!pieces->len)
		return 0;
	if (pieces->len > RS_UNWIND_FILE_PIECES)
		return -EFBIG;
	r = rs_unwind_runs_take(&files->runs, (uint32_t)pieces->len, &file->first);
	if (r < 0)
		return r;
	file->n = (uint32_t)pieces->len;
	memcpy(files->pieces + file->first, pieces->items, pieces->len * sizeof(*pieces->items));
	return 0;
}

static int place_pieces(struct rs_unwind_files *files, struct rs_unwind_file *file)
{
	struct pieces pieces = { 0 };
	struct rs_elf_code code;
	int r = 0;

	for (size_t i = 0; !r && rs_elf_code_at(file->file->elf, i, &code); i++)
		r = add_pieces(file, &code, &pieces);
	if (pieces.len)
		qsort(pieces.items, pieces.len, sizeof(*pieces.items), by_start);
	if (!r)
		r = publish(files, file, &pieces);
	rs_vec_done(&pieces);
	return r;
}

static void unplace(struct rs_unwind_files *files, struct rs_unwind_file *file)
{
	if (file->n)
		rs_unwind_runs_give(&files->runs, file->first);
	file->n = 0;
	drop_parts(files, file);
}

static int place(struct rs_unwind_files *files, struct rs_unwind_file *file,
		 const struct rs_unwind_table *table)
{
	int r = place_rows(files, file, table);

	if (!r)
		r = place_pieces(files, file);
	if (r < 0)
		unplace(files, file);
	return r;
}

/* ---- files ---- */

static void free_file(struct rs_unwind_files *files, struct rs_unwind_file *file)
{
	unplace(files, file);
	rs_vec_done(&file->ids);
	rs_symbols_file_unref(file->file);
	free(file);
}

void rs_unwind_files_drop(struct rs_unwind_files *files)
{
	struct rs_hashmap_entry entry;
	size_t at = 0;

	while (rs_hashmap_next(files->files, &at, &entry)) {
		struct rs_unwind_file *file = entry.value;

		if (file->alive)
			continue;
		rs_hashmap_remove_u64(files->files, entry.key);
		free_file(files, file);
		at = 0; /* the map has changed */
	}
}

/* @keep: a file that is being made. */
static void make_room(struct rs_unwind_files *files, struct rs_unwind_file *keep)
{
	files->mark(files->data);
	if (keep)
		keep->alive = true;
	rs_unwind_files_drop(files);
}

static void fill(struct rs_unwind_files *files, struct rs_unwind_file *file)
{
	struct rs_unwind_table table = { 0 };
	int r = file->file->elf ? rs_unwind_table_read(file->file->elf, &table) : -ENODATA;

	file->base = table.base;
	if (!r)
		r = place(files, file, &table);
	if (r == -ENOSPC) {
		make_room(files, file);
		r = place(files, file, &table);
	}
	if (r < 0 && r != -ENODATA)
		files->no_room++;
	rs_unwind_table_done(&table);
}

static struct rs_unwind_file *add_file(struct rs_unwind_files *files, struct rs_symbols_file *file,
				       int *ret)
{
	struct rs_unwind_file *made = calloc(1, sizeof(*made));

	*ret = made ? rs_hashmap_put_u64(files->files, key_of(file), made) : -ENOMEM;
	if (*ret < 0) {
		free(made);
		return NULL;
	}
	made->file = file;
	file->refs++;
	return made;
}

int rs_unwind_files_get(struct rs_unwind_files *files, struct rs_symbols_file *file,
			struct rs_unwind_file **ret_file)
{
	struct rs_unwind_file *found = rs_hashmap_find_u64(files->files, key_of(file));
	int r = 0;

	if (!found) {
		if (rs_hashmap_len(files->files) >= FILES_MAX)
			make_room(files, NULL);
		found = add_file(files, file, &r);
		if (!found)
			return r;
		fill(files, found);
	}
	*ret_file = found;
	return 0;
}

static void drop_file(void *value, void *data)
{
	free_file(data, value);
}

int rs_unwind_files_init(struct rs_unwind_files *files, int map, struct rs_unwind_piece *pieces)
{
	const struct rs_hashmap_opts opts = { .max = FILES_MAX, .drop = drop_file, .data = files };

	files->map = map;
	files->pieces = pieces;
	files->runs.size = RS_UNWIND_PIECES;
	for (size_t i = 0; i < RS_UNWIND_CHUNKS; i++)
		files->chunks[i].fd = -1;
	return rs_hashmap_new_u64(&opts, &files->files);
}

void rs_unwind_files_done(struct rs_unwind_files *files)
{
	rs_hashmap_free(&files->files);
	rs_unwind_runs_done(&files->runs);
	for (size_t i = 0; i < RS_UNWIND_CHUNKS; i++)
		rs_cleanup_close(&files->chunks[i].fd);
}
