/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/hashmap.h"
#include "base/vec.h"
#include "kern/elf.h"
#include "profile/usyms.h"

/* A file that somebody has mapped. Shared; counted. */
struct rs_usyms_file {
	struct rs_elf *elf; /* NULL: it cannot be read, or is no ELF file */
	char *path;
	unsigned refs;
};

struct rs_usyms_mapping {
	uint64_t start, end, offset;
	struct rs_usyms_file *file; /* NULL: anonymous, or not a file */
};

struct rs_usyms_jit_symbol {
	uint64_t start, size;
	char *name;
};

struct rs_usyms_jit {
	RS_VEC(struct rs_usyms_jit_symbol) symbols; /* by start */
	int64_t size, modified;                     /* of the file when it was read */
};

struct rs_usyms_process {
	uint32_t pid;
	uint64_t start_time;                      /* clock ticks, 0 unknown */
	RS_VEC(struct rs_usyms_mapping) mappings; /* executable ones, by start */
	struct rs_usyms_jit jit;
	uint64_t checked; /* monotonic ns: when it was last seen to be the same process */
};

struct rs_usyms {
	struct rs_usyms_options options;
	struct rs_hashmap *processes; /* pid -> struct rs_usyms_process */
	struct rs_hashmap *files;     /* "dev:inode" -> struct rs_usyms_file */
	struct rs_str scratch;
};

/* usyms-maps.c: what /proc/PID/maps says. 0 or negative errno. */
int rs_usyms_read_maps(struct rs_usyms *usyms, struct rs_usyms_process *process);
void rs_usyms_drop_maps(struct rs_usyms_process *process);
void rs_usyms_file_unref(struct rs_usyms_file *file);
uint64_t rs_usyms_start_time(uint32_t pid); /* 0: no such process */

/* usyms-jit.c: reads the map file when it is new or has changed; finds a name. */
void rs_usyms_jit_refresh(struct rs_usyms_process *process);
const struct rs_usyms_jit_symbol *rs_usyms_jit_find(const struct rs_usyms_jit *jit,
						    uint64_t address);
void rs_usyms_jit_done(struct rs_usyms_jit *jit);
/* Parses the text of a map file (hostile); for tests. */
int rs_usyms_jit_parse(struct rs_usyms_jit *jit, const char *text, size_t len);
