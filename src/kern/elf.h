/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executables and libraries: their symbols and where things lie in the file. For 64-bit files of
 * this machine's byte order. Files are read, never mapped: a file that is cut while we look at it
 * is a short read.
 *
 * Symbols come from .symtab and .dynsym of the file, and from a separate file with debug symbols
 * where that is installed (by build id, or by .gnu_debuglink), and from .gnu_debugdata.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct rs_elf;

struct rs_elf_symbol {
	const char *name; /* without a version; valid as long as the file */
	uint64_t address; /* as linked */
	uint64_t size;    /* bytes; 0: unknown */
	bool function;    /* code: functions and indirect ones */
};

/*
 * @path: where to open it. @root: the root folder that it belongs to ("" or "/proc/1/root"), for
 * files with debug symbols. -ENOEXEC: no such file. Nothing else is read before it is needed.
 */
int rs_elf_open(const char *path, const char *root, struct rs_elf **ret_elf, struct rs_error *err);
void rs_elf_close(struct rs_elf **elf); /* fits _cleanup_ */

/* Where the file is for those who use it, when it was opened by another path (a link of /proc): beside it separate debug
 * files are looked for. @host: where the host's files are mounted (""), which are asked for them too. -ENOMEM. */
int rs_elf_set_place(struct rs_elf *elf, const char *path, const char *host);

/* The same of an image in memory, which is copied. It has no separate file with debug symbols. */
int rs_elf_open_image(const void *image, size_t size, struct rs_elf **ret_elf);

/* Is the file at @path one that rs_elf_open() takes? Reads its header only. */
bool rs_elf_is(const char *path);

/*
 * The symbol of this name. "name@VERSION" and "name@@VERSION" (the default one) are understood;
 * without a version the default one is preferred. @functions: only those. False: there is none.
 */
bool rs_elf_find(struct rs_elf *elf, const char *name, bool functions,
		 struct rs_elf_symbol *ret_symbol);

/* The same for @n names, in one look at the file: ret_symbols[i].name is NULL where there is no names[i]. -ENOMEM. */
int rs_elf_find_all(struct rs_elf *elf, const char *const *names, size_t n, bool functions,
		    struct rs_elf_symbol *ret_symbols);

/* Calls fn for each function, each name at an address once, by ascending address. Not 0 from fn
 * ends it and is returned. */
int rs_elf_functions(struct rs_elf *elf, int (*fn)(const struct rs_elf_symbol *symbol, void *data),
		     void *data);

/* The function that the address lies in; of several names the plainest. */
bool rs_elf_function_at(struct rs_elf *elf, uint64_t address, struct rs_elf_symbol *ret_symbol);

/* The piece of the procedure linkage table that the address lies in, named "function@plt". Not among the functions. */
bool rs_elf_plt_at(struct rs_elf *elf, uint64_t address, struct rs_elf_symbol *ret_symbol);

/* Where in the file the address's bytes are, by the program headers, and the other way. */
bool rs_elf_offset(const struct rs_elf *elf, uint64_t address, uint64_t *ret_offset);
bool rs_elf_address(const struct rs_elf *elf, uint64_t offset, uint64_t *ret_address);

/* Is it code that the offset lies in? */
bool rs_elf_offset_is_code(const struct rs_elf *elf, uint64_t offset);

/* The build id, of at most 64 bytes. Its length; 0: it has none. */
#define RS_ELF_BUILD_ID_MAX 64
size_t rs_elf_build_id(struct rs_elf *elf, uint8_t ret_id[static RS_ELF_BUILD_ID_MAX]);

/* Reads a section whole, unpacked where it is compressed (zlib, zstd), of at most max bytes. The caller frees *ret_bytes;
 * nothing of it is kept here. -ENOENT: it has none of that name; -EFBIG; -EINVAL: bad. */
int rs_elf_read(struct rs_elf *elf, const char *name, size_t max, uint8_t **ret_bytes,
		size_t *ret_size);

/* The file that has the debug information of this one: itself, or a separate file (by build id in /usr/lib/debug and
 * in the user's cache of debuginfod, or by .gnu_debuglink). NULL: none. Borrowed. */
struct rs_elf *rs_elf_debug_info(struct rs_elf *elf);

/* What several debug files share, moved out of them by dwz: opens the file that .gnu_debugaltlink names, if it is
 * installed where such files are. -ENOENT: none. The caller closes it. */
int rs_elf_open_alt(struct rs_elf *debug, struct rs_elf **ret_alt);

/* A section's bytes; NULL: it has none of that name, or an empty one. *ret_address as linked. */
const void *rs_elf_section(struct rs_elf *elf, const char *name, size_t *ret_size,
			   uint64_t *ret_address);
