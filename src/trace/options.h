/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The options of scripts, behind "--" on the command line: getopt() in the script asks for them. */

#include "trace/trace.h"

/* -EINVAL, with the nearest name: one was given that the script does not ask for. */
int rs_trace_check_options(const struct rs_trace_options *options, const struct rs_program *program,
			   struct rs_error *err);

/* --help was given, and is none of the script's own. */
bool rs_trace_wants_help(const struct rs_trace_options *options, const struct rs_program *program);

/* Lists them on standard output. 0, or negative errno. */
int rs_trace_tell_options(const struct rs_trace_options *options, const struct rs_program *program);
