/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Scripts of `ringside trace` as rows of a table: the script, what to do meanwhile, what must be printed. What is
 * done are the deeds of lib/traced.h, in a process that `-c` starts.
 */

#include "kern/features.h"

#define TRACING_WANTS   12
#define TRACING_OPTIONS 6

/* What of the machine a row needs, beyond what all have. Found out by trying; 0 is nothing. */
enum tracing_need {
	NEED_NOTHING,
	NEED_KPROBE,
	NEED_FENTRY,
	NEED_MODULE,       /* a module to trace: loop, with a kprobe */
	NEED_MODULE_TYPES, /* and its BTF, with fentry */
	NEED_OVERRIDE,
	NEED_BTF_TP,
	NEED_TASK_ITER,
	NEED_VMA_ITER,
	NEED_PMU,
	NEED_WATCHPOINT,
	NEED_LONG_PROGRAM,
	NEED_GROUP2,   /* a cgroup v2 hierarchy at its usual place */
	NEED_FOR_EACH, /* a helper to walk through maps */
	NEED_FOR_EACH_FENTRY,
	NEED_LOOKUP_PERCPU, /* and one for what other CPUs counted */
	NEED_COUNT,
};

struct tracing_row {
	const char *name;
	enum tracing_need need;
	const char *deed;   /* the command: see lib/traced.h. NULL: the script ends by itself */
	const char *script; /* "{self}": the path of this program */
	const char *want[TRACING_WANTS]; /* extended regular expressions; ^ and $ are a line's */
	const char *options[TRACING_OPTIONS];
	const char *parameter; /* $1; NULL: none */
	const char *not_want;  /* what may not be printed; NULL: nothing of the sort */
};

/* Runs them in order: one result each. What is written to standard error is a failure. */
void tracing_rows(const struct tracing_row *rows, size_t n);

/* Why the machine lacks it, or NULL. Tried once. */
const char *tracing_lacks(enum tracing_need need);

/* "{self}" replaced. To be freed. */
char *tracing_text(const char *script);

/* Whether the text has it; a pattern as rows have it. */
bool tracing_match(const char *pattern, const char *text);
