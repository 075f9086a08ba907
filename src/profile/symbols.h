/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Frames for addresses: kernel and modules (kallsyms), user code (ELF, separate debug files, build-id caches,
 * .gnu_debugdata, inlined functions and lines from DWARF), run-time compilers' map files. Processes are seen through
 * their own mount namespace. What a process has mapped is kept from when it was first seen, so that its addresses have
 * names after it has ended.
 */

#include "profile/profile.h"

struct rs_symbols;

struct rs_symbols_options {
	bool mangled;         /* C++ and Rust names stay as they are */
	bool no_inlines;      /* what was inlined is not told apart (DWARF is not read then) */
	bool no_lines;        /* no source lines */
	const char *host;     /* where the host's files are mounted; NULL: "/" */
	size_t max_processes; /* 0: 4096 */
	size_t max_files;     /* 0: 1024 */
};

int rs_symbols_new(const struct rs_symbols_options *options, struct rs_symbols **ret_symbols,
		   struct rs_error *err);
void rs_symbols_free(struct rs_symbols **symbols);

/* Reads what the process has mapped now, unless all of these addresses lie in what is known. Silent when it is gone.
 * To be called soon after its addresses turned up. */
void rs_symbols_seen(struct rs_symbols *symbols, uint32_t pid, const uint64_t *addresses, size_t n);

/* Forgets the processes that have ended, and closes the files that nobody else has mapped. For who runs long: an open
 * file keeps what it lies on in use. To be called when all their addresses have been looked up. */
void rs_symbols_forget_ended(struct rs_symbols *symbols);

/* Frames of one address, the innermost first: more than one where functions were inlined. At least 1 (what has no name is
 * called by its file and where the function begins, "[dash+0x8a40]", where the file says that; else "[unknown]" with its
 * module, or "0x7f12..."), at most @max. The strings are valid until the next call.
 * @caller: it is a return address, whose call is just before it (every frame but the innermost of a stack). */
#define RS_SYMBOLS_FRAMES_MAX 32
size_t rs_symbols_user(struct rs_symbols *symbols, uint32_t pid, uint64_t address, bool caller,
		       struct rs_frame *frames, size_t max);
size_t rs_symbols_kernel(struct rs_symbols *symbols, uint64_t address, bool caller,
			 struct rs_frame *frames, size_t max);

/* Appends notes about what could not be read to the profile. */
int rs_symbols_losses(struct rs_symbols *symbols, struct rs_profile *profile);
