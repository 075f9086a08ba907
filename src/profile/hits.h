/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Stacks that reach a place (bpf/tools/stacks.bpf.c). Where that is, and attaching there, is the caller's. */

#include "bpf/abi/sample.h"
#include "bpf/abi/stacks.h"
#include "kern/target.h"

/* How a program is attached. */
enum rs_hits_kind {
	RS_HITS_TRACEPOINT, /* by a perf event */
	RS_HITS_RAW,
	RS_HITS_PROBE, /* functions of the kernel or of files */
	RS_HITS_FENTRY,
	RS_HITS_FEXIT,
	RS_HITS_EVENT, /* counters of perf */
	RS_HITS_KIND_COUNT,
};

struct rs_hits_options {
	const struct rs_target *target;
	struct rs_sample_config samples;
	struct rs_stacks_config argument; /* what is added up */
	enum rs_hits_kind kind;
	const char *function; /* FENTRY, FEXIT: which; rs_hits_attach() attaches there */
	uint32_t attach_type; /* enum bpf_attach_type, where the way of attaching asks for one */
	uint32_t max_samples; /* different stacks */
};

struct rs_hits;

/* Loads. */
int rs_hits_new(const struct rs_hits_options *options, struct rs_hits **ret_hits,
		struct rs_error *err);
void rs_hits_free(struct rs_hits **hits);
void *rs_hits_tool(struct rs_hits *hits);  /* for rs_collect_new() */
int rs_hits_program(struct rs_hits *hits); /* its descriptor, to be attached */
int rs_hits_attach(struct rs_hits *hits, struct rs_error *err);
void rs_hits_detach(struct rs_hits *hits);
