/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Call frame information (.eh_frame: Linux Standard Base, "Exception Frames"; .debug_frame: DWARF 5, section 6.4) of
 * x86-64 as rows that say for each address how its frame is undone. Only what finding the caller takes is kept: the
 * CFA and rbp. The bytes are hostile.
 */

#include "base/vec.h"
#include "bpf/abi/unwind.h"

struct rs_elf;

struct rs_unwind_section {
	const uint8_t *data;
	size_t size;
	uint64_t address; /* as linked */
	bool is_debug;    /* .debug_frame */
};

struct rs_unwind_table {
	uint64_t base;                     /* as linked: where row 0 begins */
	RS_VEC(struct rs_unwind_row) rows; /* by pc, each different from the one before it */
	uint64_t skipped; /* functions whose information is broken, or did not fit */
};

#define RS_UNWIND_TABLE_ROWS_MAX (4u << 20)

/* A function, by its entry (FDE). */
struct rs_unwind_function {
	uint64_t pc;   /* as linked */
	uint32_t size; /* bytes */
	uint32_t at;   /* offset of the entry in the section */
};

struct rs_unwind_functions {
	RS_VEC(struct rs_unwind_function) list; /* by pc */
	uint64_t skipped;                       /* entries that are broken, or too many */
};

/* Adds the functions to an empty list. -ENOMEM; -ENODATA where there is none at all; -EFBIG. */
int rs_unwind_functions_parse(const struct rs_unwind_section *section,
			      struct rs_unwind_functions *functions);

/* The same of a file's sections. */
int rs_unwind_functions_read(struct rs_elf *elf, struct rs_unwind_functions *functions);

void rs_unwind_functions_done(struct rs_unwind_functions *functions);

/* Where the function begins that an address lies in, both as linked. False: it lies in none. */
bool rs_unwind_functions_find(const struct rs_unwind_functions *functions, uint64_t address,
			      uint64_t *ret_pc);

/* Adds the rows to an empty table. -ENOMEM; -ENODATA where there is none at all. */
int rs_unwind_table_parse(const struct rs_unwind_section *section, struct rs_unwind_table *table);

/* The same of a file's sections. -EFBIG: too large. */
int rs_unwind_table_read(struct rs_elf *elf, struct rs_unwind_table *table);

void rs_unwind_table_done(struct rs_unwind_table *table);

/* The rule at an address as linked; RS_UNWIND_NONE outside. */
uint32_t rs_unwind_table_rule(const struct rs_unwind_table *table, uint64_t address);
