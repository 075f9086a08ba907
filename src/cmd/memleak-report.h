/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What `ringside memleak` found, as a table for people and as lines of JSON. */

#include "base/str.h"
#include "profile/memwatch.h"

struct rs_memleak_report {
	struct rs_memwatch *watch;
	struct rs_leaks *leaks; /* its own, after rs_leaks_take() */
	const char *who;        /* "nginx (pid 12)" */
	uint64_t elapsed;       /* ns since the start */
	uint64_t sample;        /* mean distance of samples; 0: all was counted */
	uint64_t interval;      /* ns since what growth is compared with; 0: nothing was marked */
	uint32_t top;           /* stacks; 0: 10 */
	uint32_t depth;         /* frames of a stack; 0: all */
	unsigned width;         /* columns; 0: any */
	bool color;
};

/* Both append. 0 or the error of out, -ENOMEM. */
int rs_memleak_table(const struct rs_memleak_report *report, struct rs_str *out);
int rs_memleak_json(const struct rs_memleak_report *report, struct rs_str *out);
