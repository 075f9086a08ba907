/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where the parts of a file (kern/elf.h) are meant to be in memory. */

#include "kern/elf.h"

/* The address as linked of the first byte of a mapping of the file; mappings begin and end at whole pages, and so may
 * begin before what they are for. Code is preferred. False: nothing of the file is mapped so. */
bool rs_elf_mapped_address(const struct rs_elf *elf, uint64_t offset, uint64_t size,
			   uint64_t *ret_address);

/* The parts of the file that are mapped as code, counted from 0. False: there are not so many. */
struct rs_elf_code {
	uint64_t offset, size; /* in the file */
	uint64_t address;      /* as linked */
};
bool rs_elf_code_at(const struct rs_elf *elf, size_t number, struct rs_elf_code *ret_code);

/* Bytes that the file has now; 0: it is an image in memory. */
uint64_t rs_elf_size(const struct rs_elf *elf);

/* The address as linked of a section. False: it has none of that name. */
bool rs_elf_section_address(struct rs_elf *elf, const char *name, uint64_t *ret_address);
