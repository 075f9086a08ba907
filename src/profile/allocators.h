/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Functions of programs and libraries that give memory and take it back: a table, and where they are in a file. */

#include "base/vec.h"
#include "kern/elf.h"

/* The program of bpf/tools/memleak.bpf.c that knows what a function's arguments are: identifier, name. */
#define RS_ALLOC_PROGRAMS(X)                                                                       \
	X(SIZE0, "rs_mem_size0")                                                                   \
	X(SIZE1, "rs_mem_size1")                                                                   \
	X(SIZE2, "rs_mem_size2")                                                                   \
	X(SIZE3, "rs_mem_size3")                                                                   \
	X(SIZE4, "rs_mem_size4")                                                                   \
	X(SIZE5, "rs_mem_size5")                                                                   \
	X(OBJECT, "rs_mem_object")                                                                 \
	X(CALLOC, "rs_mem_calloc")                                                                 \
	X(REALLOC, "rs_mem_realloc")                                                               \
	X(REALLOCARRAY, "rs_mem_reallocarray")                                                     \
	X(POSIX_MEMALIGN, "rs_mem_posix_memalign")                                                 \
	X(FREE0, "rs_mem_free0")                                                                   \
	X(FREE1, "rs_mem_free1")                                                                   \
	X(FREE2, "rs_mem_free2")                                                                   \
	X(FREE3, "rs_mem_free3")                                                                   \
	X(FREE4, "rs_mem_free4")                                                                   \
	X(FREE5, "rs_mem_free5")

enum rs_alloc_program {
#define X(id, name) RS_ALLOC_##id,
	RS_ALLOC_PROGRAMS(X)
#undef X
		RS_ALLOC_PROGRAM_COUNT,
};
const char *rs_alloc_program_name(enum rs_alloc_program program);

/* Gives memory (and so is watched at its return, too)? */
static inline bool rs_alloc_gives(enum rs_alloc_program program)
{
	return program < RS_ALLOC_FREE0;
}

/* Families of functions; bits 1 << id of rs_alloc_find.families: identifier, name, meaning. */
#define RS_ALLOC_FAMILIES(X)                                                                       \
	X(LIBC, "libc",                                                                            \
	  "malloc, calloc, realloc, free and the aligned ones, whoever provides them")             \
	X(CXX, "c++", "operator new and delete")                                                   \
	X(JEMALLOC, "jemalloc", "mallocx and the like; names with je_ and _rjem_")                 \
	X(TCMALLOC, "tcmalloc", "names with tc_")                                                  \
	X(MIMALLOC, "mimalloc", "names with mi_")                                                  \
	X(MMAP, "mmap", "anonymous memory that the process maps itself")

enum rs_alloc_family {
#define X(id, name, text) RS_ALLOC_FAMILY_##id,
	RS_ALLOC_FAMILIES(X)
#undef X
		RS_ALLOC_FAMILY_COUNT,
};
#define RS_ALLOC_FAMILY(id)   (1ull << RS_ALLOC_FAMILY_##id)
#define RS_ALLOC_FAMILIES_ALL ((1ull << RS_ALLOC_FAMILY_COUNT) - 1)

/* A function that the user names. */
struct rs_alloc_named {
	char *name; /* owned by whoever parsed it */
	enum rs_alloc_program program;
};

/* "FUNC", "FUNC:2" (the argument, counted from 1); of what gives memory also "FUNC:0": each is one byte. Without a number
 * it is the first. -EINVAL. */
int rs_alloc_parse(const char *text, bool gives, struct rs_alloc_named *ret_named,
		   struct rs_error *err);

struct rs_alloc_find {
	uint64_t families;
	const struct rs_alloc_named *named;
	size_t n_named;
};

/* A function in a file. */
struct rs_alloc_place {
	enum rs_alloc_program program;
	uint64_t
		offset; /* in the file: the entry, or an instruction close behind it that is as good and costs less */
	bool leaf; /* it is known to call no other function of the table */
};
struct rs_alloc_places {
	RS_VEC(struct rs_alloc_place) list;
};

/*
 * Appends those that the file has, each place once. @path is the file's name for those who use it, and @fd the file
 * itself. Operator new and delete of the C++ libraries are left out: they call malloc and free. -ENOMEM.
 */
int rs_alloc_find(const struct rs_alloc_find *find, struct rs_elf *elf, const char *path, int fd,
		  struct rs_alloc_places *places);

/* Is it the name of a function that allocators have; or of one in which the dynamic linker maps files? */
bool rs_alloc_is_function(const char *name);

/* How many bytes behind a function's entry, which begins with this code (of @n bytes), a probe is cheaper: where the kernel
 * can do the instruction itself instead of having it executed with a trap behind. */
uint64_t rs_alloc_cheaper(const uint8_t *code, size_t n, bool gives);
