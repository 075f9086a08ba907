/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's symbols, as /proc/kallsyms lists them: read once, kept in about 40 bytes each.
 * Padding in front of functions (__pfx_*, __cfi_*) is left out.
 *
 * Where kernel.kptr_restrict hides the addresses (they read as 0), the names are there all the
 * same, and no address finds one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct rs_ksyms;

struct rs_ksym {
	uint64_t address;   /* 0 when hidden */
	const char *name;   /* both are valid as long as the table */
	const char *module; /* "" for the kernel itself */
	char type;          /* of nm(1): 't', 'T', 'd', ... */
};

/* Reads /proc/kallsyms: some 50 ms for the kernel. */
int rs_ksyms_new(struct rs_ksyms **ret_ksyms, struct rs_error *err);
void rs_ksyms_free(struct rs_ksyms **ksyms); /* fits _cleanup_ */

/* The same of a file of that form. */
int rs_ksyms_read(const char *path, struct rs_ksyms **ret_ksyms, struct rs_error *err);

/* False: they are hidden. */
bool rs_ksyms_have_addresses(const struct rs_ksyms *ksyms);

/* By ascending address; in the file's order where they are hidden. */
size_t rs_ksyms_len(const struct rs_ksyms *ksyms);
struct rs_ksym rs_ksyms_at(const struct rs_ksyms *ksyms, size_t i);

/* The function (or object) that the address lies in: the last symbol not above it. False: none. */
bool rs_ksyms_find(const struct rs_ksyms *ksyms, uint64_t address, struct rs_ksym *ret_ksym);

/* The first symbol of this name. False: none, or hidden. */
bool rs_ksyms_address(const struct rs_ksyms *ksyms, const char *name, uint64_t *ret_address);

/* The first symbol of this name, whatever its address. @module NULL: of any; "": the kernel's own. */
bool rs_ksyms_get(const struct rs_ksyms *ksyms, const char *module, const char *name,
		  struct rs_ksym *ret_ksym);

/* Is it code? */
static inline bool rs_ksym_is_text(const struct rs_ksym *ksym)
{
	return ksym->type == 't' || ksym->type == 'T' || ksym->type == 'w' || ksym->type == 'W';
}
