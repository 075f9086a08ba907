/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Time that threads do not run (bpf/tools/offcpu.bpf.c). */

#include "bpf/abi/offcpu.h"
#include "kern/target.h"
#include "profile/collect.h"

struct rs_offcpu_options {
	const struct rs_target *target;
	struct rs_sample_config samples;
	struct rs_offcpu_config waits; /* until_now is set here */
	uint32_t max_stacks;           /* different ones */
};

struct rs_offcpu;

/* Loads. */
int rs_offcpu_new(const struct rs_offcpu_options *options, struct rs_offcpu **ret_offcpu,
		  struct rs_error *err);
void rs_offcpu_free(struct rs_offcpu **offcpu);
void *rs_offcpu_tool(struct rs_offcpu *offcpu); /* for rs_collect_new() */
int rs_offcpu_attach(struct rs_offcpu *offcpu, struct rs_error *err);
void rs_offcpu_detach(struct rs_offcpu *offcpu);

/* Adds the waits that had not ended when it was detached, as long as they lasted by then. *ret_count: how many. */
int rs_offcpu_read_waiting(struct rs_offcpu *offcpu, struct rs_collect *collect,
			   struct rs_profile *profile, uint64_t *ret_count, struct rs_error *err);
