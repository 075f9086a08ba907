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

enum rs_summary_column {
	RS_SUMMARY_COLUMN_SHARE,
	RS_SUMMARY_COLUMN_SECONDS,
	RS_SUMMARY_COLUMN_LONGEST,
	RS_SUMMARY_COLUMN_AVERAGE,
	RS_SUMMARY_COLUMN_CALLS,
	RS_SUMMARY_COLUMN_ERRORS,
	RS_SUMMARY_COLUMN_NAME,
	RS_SUMMARY_COLUMNS,
};

struct rs_summary_layout {
	enum rs_summary_sort sort;
	uint8_t columns[RS_SUMMARY_COLUMNS + 1]; /* enum rs_summary_column, each once */
	size_t n_columns;                        /* 0: those that strace has */
};

struct rs_summary_row {
	const char *name; /* borrowed */
	struct rs_count count;
};

/* Sorts the rows, and appends the table with its sum; all seconds are time from entry to end. Columns are as wide as what is in
 * them. Nothing for no rows. */
void rs_summary_print(struct rs_summary_row *rows, size_t n, const struct rs_summary_layout *layout,
		      struct rs_str *out);
