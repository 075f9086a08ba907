/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From the text of a script to a program that can be loaded; what is wrong with it goes to standard error. */

#include "base/arena.h"
#include "trace/source.h"
#include "trace/trace.h"

struct rs_trace_script {
	struct rs_arena arena; /* holds everything */
	struct rs_diags *diags;
	struct rs_program *program;
};

/* 0; -EINVAL: the mistakes have been shown; other errors with err. The script is released in any case by
 * rs_trace_script_done(). */
int rs_trace_compile(const struct rs_trace_options *options, struct rs_trace_source *source,
		     struct rs_trace_script *ret_script, struct rs_error *err);
void rs_trace_script_done(struct rs_trace_script *script);

/* Shows what diags has from number @first on, warnings only when they are on. */
void rs_trace_show_diags(const struct rs_trace_options *options, const struct rs_diags *diags,
			 unsigned first);
