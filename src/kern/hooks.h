/* SPDX-License-Identifier: Apache-2.0 */
/* Where our programs are hooked in, as data. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/abi/event.h"

/* A program on a raw tracepoint. */
struct rs_hook_row {
	const char *program; /* name in the object */
	const char *tracepoint;
	uint64_t kinds; /* bit per enum rs_kind that it makes; loaded when one of them is wanted */
	bool always;    /* loaded whatever is wanted, for it keeps the filters' state */
	bool optional; /* the kinds have another source too: without it less is seen, not nothing */
};

extern const struct rs_hook_row rs_hook_rows[];
extern const size_t rs_n_hook_rows;

/*
 * A program that takes a path where the kernel acts on it. Optional: without it the path is the
 * process's argument, and the event says so.
 */
struct rs_resolver_row {
	const char *program;
	const char *function; /* traced by fentry */
	uint64_t kinds;       /* whose paths it resolves */
};

/* The program that is run once, by us, to tell what runs already: see tasks.h. No kind needs it. */
extern const char rs_tasks_program[];

extern const struct rs_resolver_row rs_resolver_rows[];
extern const size_t rs_n_resolver_rows;

/* Programs of a sensor's system calls: through the call's tracepoint, or the table of all calls. */
struct rs_call_programs {
	const char *tracepoint_program; /* NULL: this sensor has none */
	const char *raw_program;
};

extern const struct rs_call_programs rs_call_programs[RS_SENSOR_COUNT];

/* The row of a program, NULL if it has none. */
const struct rs_hook_row *rs_hook_row_of(const char *program);

bool rs_is_resolver(const char *program);

/* The static name of a program of these tables, NULL if it is in none. */
const char *rs_program_name(const char *program);

/* What each kind can come from, from best to worst, for people: "sched_process_exec". */
struct rs_kind_hooks {
	const char *hooks[4]; /* NULL-terminated */
};

/* Fills @ret_hooks for a kind from the tables. The strings are static. */
void rs_kind_hooks(enum rs_kind kind, struct rs_kind_hooks *ret_hooks);
