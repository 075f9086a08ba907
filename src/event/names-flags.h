/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The sets of flags behind rs_name_flags(), in files of their own because the kernel's headers that
 * define them do not go together with the C library's. */

#include "event/names.h"

#define FLAG(name)                                                                                 \
	{                                                                                          \
		(uint64_t)(unsigned)(name), (uint64_t)(unsigned)(name), #name                      \
	}
#define FLAGS(table, implied_bits)                                                                 \
	{                                                                                          \
		table, ARRAY_SIZE(table), implied_bits                                             \
	}

extern const struct rs_flags rs_flags_open;
extern const struct rs_flags rs_flags_rename;
extern const struct rs_flags rs_flags_mount;
extern const struct rs_flags rs_flags_umount;
extern const struct rs_flags rs_flags_xattr;
extern const struct rs_flags rs_flags_memfd;
extern const struct rs_flags rs_flags_module;
extern const struct rs_flags rs_flags_clone;
extern const struct rs_flags rs_flags_protection; /* PROT_* of a mapping */
