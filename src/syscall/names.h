/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Names for numbers: flags, and one of several. The lists are in names-*.inc. */

#include "base/str.h"

#ifdef __x86_64__
#define BY_ARCH(x86, arm64) x86
#else
#define BY_ARCH(x86, arm64) arm64
#endif

enum rs_names {
	NAMES_none,
#define FLAGS(id, unknown, text) NAMES_##id,
#define ENUM(id, unknown, text)  NAMES_##id,
#include "syscall/names-lists.inc"
#undef FLAGS
#undef ENUM
	NAMES_COUNT
};

/* The name of exactly this value, as a length: names are not terminated by a NUL. NULL: none. */
const char *rs_names_find(enum rs_names list, uint64_t value, size_t *ret_len);

/* "O_RDWR|0x30", "SEEK_CUR", a number with a comment: as strace writes them. Flags or a value is the list's own. */
void rs_names_put(enum rs_names list, uint64_t value, struct rs_str *out);

/* Flags only, those that have names, joined by |; returns the bits that are left. *@count: names written so far. */
uint64_t rs_names_put_flags(enum rs_names list, uint64_t value, struct rs_str *out,
			    unsigned *count);
