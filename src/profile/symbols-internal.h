/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of symbols.h share; nobody else includes it, but usyms.c. */

#include <limits.h>

#include "base/arena.h"
#include "base/hashmap.h"
#include "base/str.h"
#include "base/vec.h"
#include "kern/elf.h"
#include "kern/ksyms.h"
#include "profile/dwarf.h"
#include "profile/symbols.h"
#include "profile/unwind-cfi.h"

/* The debug information of a file, in memory. */
struct rs_symbols_debug {
	uint8_t *sections[RS_DWARF_SECTION_COUNT]; /* owned */
	size_t bytes;                              /* of all sections */
	struct rs_dwarf *dwarf;
	struct rs_symbols_debug *alt; /* what dwz moved out; or NULL */
};

/* A file that somebody has mapped. Shared; counted. */
struct rs_symbols_file {
	struct rs_elf *elf; /* NULL: it cannot be read, or is no ELF file */
	struct rs_symbols_debug *debug;
	bool debug_tried;
	struct rs_unwind_functions functions; /* of one whose symbols do not say all */
	bool functions_tried;
	uint64_t number;        /* no other file has had it */
	uint64_t device, inode; /* as /proc/PID/maps has them, the device as in bpf/abi/unwind.h */
	char *path;             /* as the one who mapped it sees it */
	char *shown;            /* the same, harmless for a terminal */
	char *build_id;         /* NULL: none */
	unsigned refs;
};

struct rs_symbols_mapping {
	uint64_t start, end, offset;
	struct rs_symbols_file *file; /* NULL: anonymous, or not a file */
};

struct rs_symbols_jit_symbol {
	uint64_t start, size;
	uint32_t name; /* offset in names */
};

/* Names of code made at run time, as perf-PID.map gives them. */
struct rs_symbols_jit {
	RS_VEC(struct rs_symbols_jit_symbol)
	symbols; /* by start; the later in the file behind the earlier */
	struct rs_str names;
	uint64_t inode;   /* of the file that was read */
	uint64_t read;    /* how much of it */
	uint64_t checked; /* monotonic ns */
};

#define RS_MISSING_MAX 16

struct rs_symbols_process {
	uint32_t pid;
	uint64_t start_time;                        /* clock ticks, 0 unknown */
	RS_VEC(struct rs_symbols_mapping) mappings; /* executable ones, by start */
	struct rs_symbols_jit jit;
	uint64_t checked;       /* monotonic ns: when it was last seen to be the same process */
	uint64_t device, inode; /* of the program that it runs */
	uint64_t missing_since; /* monotonic ns */
	uint64_t missing[RS_MISSING_MAX]; /* pages that were in no mapping, since then */
	unsigned n_missing;
};

struct rs_symbols {
	struct rs_symbols_options options; /* without .host */
	char *host;                        /* "" or where its files are mounted */
	struct rs_hashmap *processes;      /* pid -> struct rs_symbols_process */
	struct rs_hashmap *files;          /* "dev:inode" -> struct rs_symbols_file */
	struct rs_hashmap *known;          /* symbols-known.c */
	uint64_t n_files;                  /* that were ever opened */
	struct rs_symbols_file *vdso;
	struct rs_ksyms *ksyms;
	uint64_t ksyms_read;     /* monotonic ns; 0: not yet */
	uint64_t kernel_unknown; /* addresses of the kernel without a name */
	size_t debug_bytes;      /* of all files */
	uint64_t debug_too_big;  /* files whose debug information was left out */
	size_t starts_bytes;     /* of all files */
	struct rs_arena strings; /* of the frames of one call */
};

/* Where an address lies, and the symbol there. */
struct rs_symbols_place {
	struct rs_symbols_process *process;       /* NULL: unknown */
	const struct rs_symbols_mapping *mapping; /* NULL: unknown */
	uint64_t linked;                          /* in the file as linked; where there is a file */
	const char *name;                         /* NULL: none */
	uint64_t start;                           /* of the symbol, as `linked`, or of the JIT's */
	bool jit;
};
void rs_symbols_locate(struct rs_symbols *symbols, uint32_t pid, uint64_t address,
		       struct rs_symbols_place *ret_place);

/* "/proc/PID/" and the name, on the host. */
void rs_symbols_proc_path(const struct rs_symbols *symbols, uint32_t pid, const char *name,
			  char ret_path[static PATH_MAX]);

/* Text of others, harmless for a terminal. NULL: out of memory. */
char *rs_symbols_harmless(const char *text);

/* The process with what it has mapped now; NULL: it is gone. Borrowed until the next call of anything of symbols.h. */
const struct rs_symbols_process *rs_symbols_process_now(struct rs_symbols *symbols, uint32_t pid);

/* symbols-process.c: the process of this pid, as it is or, when it has ended, as it was; NULL: never seen. What it has
 * mapped at an address, also since it was looked at last; NULL: nothing. */
struct rs_symbols_process *rs_symbols_find_process(struct rs_symbols *symbols, uint32_t pid);
const struct rs_symbols_mapping *rs_symbols_find_mapping(struct rs_symbols *symbols,
							 struct rs_symbols_process *process,
							 uint64_t address);
void rs_symbols_drop_process(void *process, void *data); /* for hash maps */
void rs_symbols_drop_file(void *file, void *data);

/* Is the code there none of a file's? */
static inline bool rs_symbols_is_made_code(const struct rs_symbols_mapping *mapping)
{
	return !mapping->file || !mapping->file->elf;
}

/* symbols-maps.c: what /proc/PID/maps says; what was mapped before stays where nothing else is now, for addresses that
 * were seen then. 0 or negative errno. */
int rs_symbols_read_maps(struct rs_symbols *symbols, struct rs_symbols_process *process);
void rs_symbols_drop_maps(struct rs_symbols_process *process);
void rs_symbols_file_unref(struct rs_symbols_file *file);
uint64_t rs_symbols_start_time(const struct rs_symbols *symbols,
			       uint32_t pid); /* 0: no such process */

/* symbols-debug.c: what the file's debug information says of an address (as linked), the innermost function first. Read
 * when first asked for, and again after others took its room. */
size_t rs_symbols_debug_find(struct rs_symbols *symbols, struct rs_symbols_file *file,
			     uint64_t linked, struct rs_dwarf_frame *frames, size_t max);
void rs_symbols_debug_free(struct rs_symbols_debug **debug);

/* symbols-starts.c: where the function begins that an address lies in (both as linked), by the file's call frame
 * information. False: it does not say. The other forgets it. */
bool rs_symbols_start_find(struct rs_symbols *symbols, struct rs_symbols_file *file,
			   uint64_t linked, uint64_t *ret_start);
void rs_symbols_start_drop(struct rs_symbols *symbols, struct rs_symbols_file *file);

/* symbols-known.c: what was found for an address in a file, as linked. 0: nothing is known. */
int rs_symbols_known_init(struct rs_symbols *symbols);
size_t rs_symbols_known_find(struct rs_symbols *symbols, const struct rs_symbols_file *file,
			     uint64_t linked, bool caller, struct rs_frame *frames, size_t max);
void rs_symbols_known_add(struct rs_symbols *symbols, const struct rs_symbols_file *file,
			  uint64_t linked, bool caller, const struct rs_frame *frames, size_t n);

/* symbols-jit.c: reads the map file when it is new or has grown, at most once a second; finds a name. */
void rs_symbols_jit_refresh(const struct rs_symbols *symbols, struct rs_symbols_jit *jit,
			    uint32_t pid);
const struct rs_symbols_jit_symbol *rs_symbols_jit_find(const struct rs_symbols_jit *jit,
							uint64_t address);
void rs_symbols_jit_done(struct rs_symbols_jit *jit);
/* Adds the whole lines of a map file's text (hostile) to what is known: how many bytes those are, or -ENOMEM. */
ssize_t rs_symbols_jit_add(struct rs_symbols_jit *jit, const char *text, size_t len);
