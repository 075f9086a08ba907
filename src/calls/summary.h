/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The table that strace -c ends with. */

#include "base/error.h"
#include "base/str.h"
#include "bpf/abi/syscalls.h"

enum rs_summary_sort {
	RS_SUMMARY_TIME,
	RS_SUMMARY_CALLS,
	RS_SUMMARY_ERRORS,
	RS_SUMMARY_NAME,
	RS_SUMMARY_MAX,
	RS_SUMMARY_AVERAGE,
	RS_SUMMARY_NOTHING, /* as they come: by number */
};

struct rs_summary_row {
	const char *name; /* borrowed */
	struct rs_count count;
};

/* Sorts the rows, and appends the table with its sum; all seconds are time from entry to end. Nothing for no rows. */
void rs_summary_print(struct rs_summary_row *rows, size_t n, enum rs_summary_sort sort,
		      struct rs_str *out);
