/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes that programs bring along (USDT): the notes of type 3 by "stapsdt" that <sys/sdt.h> leaves in
 * the section .note.stapsdt.
 */
#pragma once

#include "kern/elf.h"

/* One location of a probe; the same probe may have several. Strings are valid as long as the file. */
struct rs_usdt {
	const char *provider;
	const char *name;
	const char *args;   /* "-4@%edi 8@-8(%rbp)"; "" for none */
	uint64_t offset;    /* of the location in the file */
	uint64_t semaphore; /* offset in the file of the counter that turns it on; 0: none */
};

/*
 * Calls fn for each location, in the file's order. Not 0 from fn ends it and is returned. Notes that make no
 * sense are skipped.
 */
int rs_usdt_each(struct rs_elf *elf, int (*fn)(const struct rs_usdt *usdt, void *data), void *data);
