/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* System calls counted in the kernel: loading the programs, and reading their sums. */

#include "base/error.h"
#include "bpf/abi/syscalls.h"
#include "kern/target.h"
#include "syscall/syscall.h"

struct rs_counts;

struct rs_counts_options {
	const struct rs_target *target; /* borrowed until attached */
	enum rs_counts_by by;
	const struct rs_call_set *calls; /* only these; NULL: all */
	bool untimed;                    /* no times: half of what a call costs */
	uint32_t held; /* a command of this pid: counted from its execve on; 0: none */
};

/* Loads; nothing runs yet. */
int rs_counts_new(const struct rs_counts_options *options, struct rs_counts **ret_counts,
		  struct rs_error *err);
int rs_counts_attach(struct rs_counts *counts, struct rs_error *err);
void rs_counts_detach(struct rs_counts *counts);
void rs_counts_free(struct rs_counts **counts);
void *rs_counts_tool(struct rs_counts *counts);

struct rs_counts_row {
	uint64_t who; /* see enum rs_counts_by; 0 with RS_COUNTS_ALL */
	uint32_t nr;
	struct rs_count count; /* of all CPUs; since the attach */
};

/* Calls @fn for each row that has counted something. 0, or what @fn returned. */
int rs_counts_read(struct rs_counts *counts, int (*fn)(void *data, const struct rs_counts_row *row),
		   void *data, struct rs_error *err);

/* Forgets a row; what it has counted last. It comes anew with the next call. False: there is none. */
bool rs_counts_take(struct rs_counts *counts, uint64_t who, uint32_t nr,
		    struct rs_count *ret_count);

/* Who that was; false where the programs had no room for the name. */
bool rs_counts_name(struct rs_counts *counts, uint64_t who, struct rs_count_name *ret_name);
void rs_counts_forget(struct rs_counts *counts, uint64_t who);

/* "openat", "32-bit calls", "unknown calls"; "syscall_0x1c9" for what we do not know. Static buffer per thread. */
const char *rs_counts_call(uint32_t nr);

struct rs_counts_losses {
	uint64_t rows;    /* calls: no room for one more of who and what */
	uint64_t threads; /* calls: no room for their beginning */
	uint64_t
		compat; /* calls of 32 bits: some calls are asked for, and these have other numbers */
	uint64_t names;   /* of who it was */
	uint64_t targets; /* processes and groups that are not watched */
	uint64_t skipped; /* times the kernel did not run a program that was at work already */
};
void rs_counts_losses(struct rs_counts *counts, struct rs_counts_losses *ret_losses);
