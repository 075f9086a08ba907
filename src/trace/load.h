/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Putting compiled programs into the kernel. */

#include "base/str.h"
#include "probe/probe.h"
#include "trace/maps.h"

struct rs_trace_loader {
	const struct rs_program *program;
	const struct rs_trace_maps *maps;
	/* BTF id of a kernel function that programs may call, or negative. */
	int (*kernel_function)(void *ctx, const char *name);
	void *ctx;
};

/*
 * Loads the probe's program: with maps and kernel functions put in, and with the type information that
 * callbacks need. @plan: NULL for programs that the runtime runs itself. On a refusal it is tried again with the
 * verifier's log, which goes to @log (empty where the kernel said nothing). *ret_fd is the caller's.
 */
int rs_trace_load(const struct rs_trace_loader *loader, const struct rs_probe *probe,
		  const struct rs_probe_plan *plan, int *ret_fd, struct rs_str *log);

/* BTF with a FUNC for each function of the image, FUNC number i having the id in ret_ids[i]. For tests. */
int rs_trace_func_btf(const struct rs_ir_image *image, struct rs_str *out, uint32_t *ret_ids);
