/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The tables of files in the chunks that programs search (bpf/abi/unwind.h): each file once, however many have it mapped. */

#include "base/hashmap.h"
#include "base/vec.h"
#include "bpf/abi/unwind.h"

struct rs_symbols_file;

/* Rows of a file that are in one chunk. */
struct rs_unwind_piece {
	uint64_t start; /* as linked; ends where the next piece, or all, does */
	uint32_t chunk;
	uint16_t first, last;
};

struct rs_unwind_file {
	struct rs_symbols_file *file;          /* a reference */
	uint64_t base;                         /* as linked: where row 0 begins */
	RS_VEC(struct rs_unwind_piece) pieces; /* none: it has no table, or there was no room */
	unsigned users;
};

struct rs_unwind_files {
	int map;                  /* rs_unwind_chunks; borrowed */
	struct rs_hashmap *files; /* struct rs_symbols_file * as number -> struct rs_unwind_file */
	struct {
		int fd;        /* -1: not made yet */
		uint32_t used; /* rows, from its beginning */
		uint32_t live; /* of these, rows of files that are there */
	} chunks[RS_UNWIND_CHUNKS];
	uint64_t no_room; /* files whose table did not fit */
};

int rs_unwind_files_init(struct rs_unwind_files *files, int map);
void rs_unwind_files_done(struct rs_unwind_files *files);

/* The file with its table in place; its users are one more. Files that nobody uses are kept until room is short.
 * -ENOMEM, -ENOSPC where there are too many files. */
int rs_unwind_files_get(struct rs_unwind_files *files, struct rs_symbols_file *file,
			struct rs_unwind_file **ret_file);
void rs_unwind_file_put(struct rs_unwind_file *file);
