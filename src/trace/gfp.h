/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Names of the flags of a kernel allocation (gfp_t). Their bits move from release to release; the running kernel's are
 * in the format of its tracepoints: __print_flags(REC->gfp_flags, "|", {EXPRESSION, "GFP_KERNEL"}, ...).
 */

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define RS_GFP_MAX       64
#define RS_GFP_NAME_SIZE 32

struct rs_gfp_flag {
	uint64_t mask;
	char name[RS_GFP_NAME_SIZE];
};

struct rs_gfp {
	unsigned n;
	struct rs_gfp_flag
		flags[RS_GFP_MAX]; /* in the kernel's order: the first that fits is told */
};

/* From the text of a tracepoint's format. -ENOENT: it tells of no such flags; -EBADMSG: not in a way that we know. */
int rs_gfp_parse(const char *format, size_t len, struct rs_gfp *ret_gfp);

/* "GFP_KERNEL|__GFP_ZERO"; what has no name as a number; "none" without any. */
void rs_gfp_format(const struct rs_gfp *gfp, uint64_t flags, struct rs_str *out);
