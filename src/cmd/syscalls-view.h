/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The rows of `ringside syscalls`: counts put together by what the user asked for, sorted, as a table or JSON. */

#include "base/str.h"
#include "calls/rates.h"
#include "cmd/live.h"

enum rs_syscalls_by { /* bits */
		      RS_SYSCALLS_PROCESS = 1 << 0,
		      RS_SYSCALLS_THREAD = 1 << 1,
		      RS_SYSCALLS_CONTAINER = 1 << 2,
		      RS_SYSCALLS_POD = 1 << 3,
		      RS_SYSCALLS_CALL = 1 << 4,
};

enum rs_syscalls_sort {
	RS_SYSCALLS_SORT_CALLS,
	RS_SYSCALLS_SORT_ERRORS,
	RS_SYSCALLS_SORT_TIME,
	RS_SYSCALLS_SORT_AVERAGE,
	RS_SYSCALLS_SORT_NAME,
};

struct rs_syscalls_view {
	uint64_t by; /* enum rs_syscalls_by */
	enum rs_syscalls_sort sort;
	uint32_t top; /* rows; 0: as many as the page has */
	bool untimed;
	uint64_t elapsed; /* ns that the counts are of */
	bool total;       /* since the start, not of the interval */
	/* Appends the name of who it was, as a table and JSON have it, and the same for all that are one. */
	void (*name)(void *data, uint64_t who, struct rs_str *out);
	void *data;
};

int rs_syscalls_table(const struct rs_syscalls_view *view, const struct rs_rates *rates,
		      const struct rs_live_page *page, struct rs_str *out);
int rs_syscalls_json(const struct rs_syscalls_view *view, const struct rs_rates *rates,
		     struct rs_str *out);
