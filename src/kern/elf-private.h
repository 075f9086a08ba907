/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of elf.h share; nobody else includes it. */
#pragma once

#include <gelf.h>
#include <libelf.h>

#include "base/arena.h"
#include "base/vec.h"
#include "kern/elf.h"

struct rs_elf {
	char *path, *root;
	char *host;  /* where its files are; NULL: "" */
	int fd;      /* -1: an image in memory */
	char *image; /* or NULL */
	size_t image_size;
	Elf *elf;
	RS_VEC(GElf_Phdr) segments;             /* PT_LOAD */
	RS_VEC(struct rs_elf_symbol) functions; /* by address */
	bool have_functions;
	RS_VEC(struct rs_elf_symbol) plt; /* by address */
	struct rs_arena plt_names;
	bool have_plt;
	struct rs_elf *debug; /* the file with debug symbols */
	bool debug_tried;
	struct rs_elf *mini; /* what was packed into .gnu_debugdata */
	bool mini_tried;
};

/* The first section of this name. */
Elf_Scn *rs_elf_scn(struct rs_elf *elf, const char *name, GElf_Shdr *ret_header);

/* The separate file with debug symbols, or NULL. Borrowed. */
struct rs_elf *rs_elf_debug(struct rs_elf *elf);

/* The symbols of a stripped file that are packed into itself (.gnu_debugdata), or NULL. Borrowed. */
struct rs_elf *rs_elf_mini(struct rs_elf *elf);
