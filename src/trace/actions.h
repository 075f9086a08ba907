/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What each kind of record does: a row and a function per enum rs_action_kind. */

#include "trace/contents.h"
#include "trace/output.h"

struct rs_trace_actions {
	const struct rs_program *program;
	const struct rs_trace_options *options;
	struct rs_trace_maps *maps;
	struct rs_show *show;
	struct rs_trace_output *output;
	struct rs_str text; /* of one record, before it becomes JSON */
	bool exiting;       /* exit() was met: what follows is ignored */
	uint64_t exit_code;
};

/* Does what the record says. 0, or a negative errno that ends the run (output that cannot be written). */
int rs_trace_action(struct rs_trace_actions *actions, const struct rs_action *action,
		    const uint8_t *record, size_t size);

/* Prints a whole map, as print(@m) and the end do. */
int rs_trace_print_map(struct rs_trace_actions *actions, const struct rs_map *map, uint64_t top,
		       uint64_t div);

/* "WARNING: ..." on standard error, unless warnings are off. */
void rs_trace_warn(const struct rs_trace_options *options, const char *fmt, ...) _printf_(2, 3);

/* Runs a command by the shell and appends what it writes to standard output. Its wait status, or -errno. actions-system.c */
int rs_trace_system(const char *command, struct rs_str *out);
