/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Probes on the allocators of processes: in each file that a process has executable, seen through its own mount
 * namespace, the functions of allocators.h get the programs of bpf/tools/memleak.bpf.c.
 *
 *	how = rs_alloc_probes_how();
 *	in prepare():  rs_alloc_probes_prepare(how, tool->obj)
 *	then:          rs_alloc_probes_new(), rs_alloc_probes_process() for each process, and again when it has mapped
 *	               more code
 */

#include <bpf/libbpf.h>

#include "profile/allocators.h"

/* What the kernel offers: best first. */
enum rs_alloc_how {
	RS_ALLOC_SESSION, /* one link for entry and return, which is left out where it is not wanted (6.13) */
	RS_ALLOC_MULTI,  /* one link for many functions (6.6) */
	RS_ALLOC_SINGLE, /* a perf event each */
};

/* Found out by trying. */
enum rs_alloc_how rs_alloc_probes_how(void);
void rs_alloc_probes_prepare(enum rs_alloc_how how, struct bpf_object *object);
/* For objects without allocators' programs in use: none of them is loaded. */
void rs_alloc_probes_leave_out(struct bpf_object *object);

struct rs_alloc_probes;

struct rs_alloc_probes_options {
	struct rs_alloc_find find;
	enum rs_alloc_how how;
	struct bpf_object *object; /* borrowed, loaded */
	bool everybody; /* all who use a file are probed: else only the processes that are given, at no cost for others */
};

int rs_alloc_probes_new(const struct rs_alloc_probes_options *options,
			struct rs_alloc_probes **ret_probes, struct rs_error *err);
void rs_alloc_probes_free(struct rs_alloc_probes **probes);

/* Looks at the process's files; those that are known are passed over. -errno only where a file cannot be read, or a probe was
 * refused: the first of these, the others have been looked at all the same. A process that is gone has nothing to look at. */
int rs_alloc_probes_process(struct rs_alloc_probes *probes, uint32_t pid, struct rs_error *err);

size_t rs_alloc_probes_files(const struct rs_alloc_probes *probes);  /* with allocators */
size_t rs_alloc_probes_places(const struct rs_alloc_probes *probes); /* functions in them */
/* Files that could not be read or probed. */
size_t rs_alloc_probes_failed(const struct rs_alloc_probes *probes);
