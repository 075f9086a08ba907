/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Reading whole maps of a script: what print(@m) and the end of a script show. */

#include "trace/maps.h"
#include "trace/show.h"

struct rs_trace_contents {
	struct rs_map_contents contents; /* per-CPU values added up */
	struct rs_arena arena;           /* holds keys and values */
};

/* 0, -ENOMEM, or what the kernel says. */
int rs_trace_contents_read(const struct rs_trace_maps *maps, const struct rs_map *map,
			   struct rs_trace_contents *ret_contents);
void rs_trace_contents_done(struct rs_trace_contents *contents);
