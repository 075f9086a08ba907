/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What there is to trace (-l), and what this kernel has (--info): text on standard output. */

#include "trace/trace.h"

/*
 * Lists the probes, structs, unions and enums that a pattern stands for (several with commas between): "*",
 * "kprobe:vfs_*", "*open*", "struct sock", "enum *flags". options->verbose: with arguments and members. With
 * options->text the places that the script's probes stand for instead. 0, or a negative errno with err.
 */
int rs_trace_list(const struct rs_trace_options *options, const char *pattern,
		  struct rs_error *err);

/* What the kernel and our rights let scripts use, each thing tried. */
int rs_trace_info(struct rs_error *err);
