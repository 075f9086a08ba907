/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Source lines and inlined functions of addresses, from DWARF 2 to 5 in memory; hostile bytes. What it keeps is
 * capped, and so is the work that one file may make: a file that wants more has no answers any more. Opens no files.
 * Not read: split units (.dwo), type units, relocatable objects, other byte orders.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rs_dwarf_section {
	RS_DWARF_INFO,
	RS_DWARF_ABBREV,
	RS_DWARF_LINE,
	RS_DWARF_STR,
	RS_DWARF_LINE_STR,
	RS_DWARF_STR_OFFSETS,
	RS_DWARF_ADDR,
	RS_DWARF_RANGES,
	RS_DWARF_RNGLISTS,
	RS_DWARF_SECTION_COUNT,
};

extern const char *const rs_dwarf_section_names[RS_DWARF_SECTION_COUNT];

struct rs_dwarf_bytes {
	const uint8_t *data;
	size_t size;
};

struct rs_dwarf;

/* What one address stands for: a function, or one that was inlined there. NULL and 0 where unknown. */
struct rs_dwarf_frame {
	const char *linkage; /* mangled */
	const char *name;    /* as in the source, without its scope */
	const char *file;
	uint32_t line;
	bool inlined;
};

/* The bytes are borrowed, to outlive it. @alt: what several files share, moved out by dwz; borrowed; or NULL.
 * -ENOEXEC: nothing in it; -ENOMEM. */
int rs_dwarf_new(const struct rs_dwarf_bytes sections[static RS_DWARF_SECTION_COUNT],
		 struct rs_dwarf *alt, struct rs_dwarf **ret_dwarf);
void rs_dwarf_free(struct rs_dwarf **dwarf);

/* The functions at an address (as linked), the innermost first: how many, 0 where nothing is known. Strings are valid
 * until the next call. */
size_t rs_dwarf_find(struct rs_dwarf *dwarf, uint64_t address, bool lines,
		     struct rs_dwarf_frame *frames, size_t max);
