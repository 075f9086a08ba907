/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The names that only this machine knows, each table read when it is first asked for: kernel and user symbols, users,
 * control groups, clocks, and the frames of stacks. */

#include "trace/maps.h"
#include "trace/show.h"

struct rs_trace_names;

int rs_trace_names_new(const struct rs_trace_maps *maps, struct rs_trace_names **ret_names,
		       struct rs_error *err);
void rs_trace_names_free(struct rs_trace_names **names);

/* For struct rs_show; valid as long as names. */
const struct rs_show_names *rs_trace_names_table(const struct rs_trace_names *names);
