/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The tables of files in the chunks that programs search (bpf/abi/unwind.h): each file once, however many have it mapped.
 * A file without a table has no pieces: that is known then.
 */

#include <stddef.h>

#include "base/hashmap.h"
#include "base/vec.h"
#include "bpf/abi/unwind.h"
#include "profile/unwind-runs.h"

struct rs_symbols_file;

/* Rows of a file that are in one chunk. */
struct rs_unwind_part {
	uint64_t start; /* as linked; ends where the next part, or all, does */
	uint32_t chunk;
	uint16_t first, last;
};

struct rs_unwind_file {
	struct rs_symbols_file *file; /* a reference */
	uint64_t base;                /* as linked: where row 0 begins */
	RS_VEC(struct rs_unwind_part) parts;
	uint32_t first, n;               /* its run of pieces */
	RS_VEC(struct rs_unwind_id) ids; /* under which programs know it */
	bool alive; /* the owner's mark: rs_unwind_files_drop() drops the others */
};

struct rs_unwind_files {
	int map;                        /* rs_unwind_chunks; borrowed */
	struct rs_unwind_piece *pieces; /* the map's own memory; borrowed */
	struct rs_unwind_runs runs;     /* of pieces */
	struct rs_hashmap *files; /* struct rs_symbols_file * as number -> struct rs_unwind_file */
	struct {
		int fd;        /* -1: not made yet */
		uint32_t used; /* rows, from its beginning */
		uint32_t live; /* of these, rows of files that are there */
	} chunks[RS_UNWIND_CHUNKS];
	uint64_t no_room; /* files whose table did not fit */
	/* Called when there is no room: to mark the files that are to stay. */
	void (*mark)(void *data);
	void *data;
};

/* @pieces: RS_UNWIND_PIECES of them. */
int rs_unwind_files_init(struct rs_unwind_files *files, int map, struct rs_unwind_piece *pieces);
void rs_unwind_files_done(struct rs_unwind_files *files);

/* The file with its table in place; borrowed until the next call. -ENOMEM, -ENOSPC where there are too many files. */
int rs_unwind_files_get(struct rs_unwind_files *files, struct rs_symbols_file *file,
			struct rs_unwind_file **ret_file);

/* Drops the files that are not marked. */
void rs_unwind_files_drop(struct rs_unwind_files *files);
