/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Names for addresses in processes: function and offset, from the symbols of the files that a process has mapped
 * (separate debug files included), or from what a just-in-time compiler wrote into perf-PID.map.
 *
 * What a process has mapped is read once and kept, with its files open, so that its addresses have names after it
 * has ended: call rs_usyms_seen() as soon as its addresses turn up. Files are shared by all who map them, also across
 * mount namespaces (by device and inode).
 */

#include "base/str.h"

struct rs_usyms;

struct rs_usyms_options {
	bool demangle;        /* C++ and Rust names as people write them */
	size_t max_processes; /* 0: 4096; the one not used for longest goes first */
	size_t max_files;     /* 0: 1024 */
};

/* options may be NULL. -ENOMEM. */
int rs_usyms_new(const struct rs_usyms_options *options, struct rs_usyms **ret_usyms);
void rs_usyms_free(struct rs_usyms **usyms);

/* Reads what the process has mapped now, unless all of these addresses lie in what is known to be mapped. Failures
 * are silent: the process may be gone. */
void rs_usyms_seen(struct rs_usyms *usyms, uint32_t pid, const uint64_t *addresses, size_t n);

/*
 * Appends the function's name, "+12" (decimal, where with_offset), " (/lib/x.so)" (where with_module). What has no
 * name: "0x7f12...".
 */
void rs_usyms_resolve(struct rs_usyms *usyms, uint32_t pid, uint64_t address, bool with_offset,
		      bool with_module, struct rs_str *out);
