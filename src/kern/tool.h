/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BPF objects that work for one command (bpf/tools/NAME.bpf.c), apart from the sensors. The build makes
 * rs_tool_NAME.skel.h of each: libbpf's skeleton, and rs_tool_NAME_type for the calls below.
 *
 *	struct rs_tool_profile *tool;
 *
 *	r = rs_tool_load(&rs_tool_profile_type, &options, (void **)&tool, err);
 *	r = rs_tool_attach(tool, NULL, err);
 *	... tool->maps.rs_counts, tool->bss->lost ...
 *	rs_tool_close((void **)&tool);
 */
#pragma once

#include <bpf/libbpf.h>

#include "base/error.h"
#include "kern/libbpf.h"

/* How every skeleton begins. */
struct rs_tool {
	struct bpf_object_skeleton *skeleton;
	struct bpf_object *obj;
};

struct rs_tool_type {
	const char *name;
	size_t size; /* of the skeleton */
	int (*create)(void *tool);
	struct rs_packed_object
		variants[3]; /* for newer and older kernels, see bpf/lib/kernel.h; best first */
};

struct rs_tool_options {
	/* Before loading: constants, sizes of maps, which programs. Called again where the kernel refuses the
	 * object and it is opened anew. May be NULL. */
	int (*prepare)(void *tool, void *data, struct rs_error *err);
	void *data;
	/* Programs that may be missing: left out where the kernel refuses them. NULL-terminated; may be NULL. */
	const char *const *optional;
};

/* Opens one of the variants, no more; what the call below does first. */
int rs_tool_open(const struct rs_tool_type *type, size_t variant, void **ret_tool,
		 struct rs_error *err);

/* Opens, prepares and loads. -EPERM: not allowed, with a hint. */
int rs_tool_load(const struct rs_tool_type *type, const struct rs_tool_options *options,
		 void **ret_tool, struct rs_error *err);

/*
 * Attaches what is loaded and whose section says to what (raw_tp/NAME and the like); those of bpf/lib/target.h
 * last. @optional: programs whose hook may be missing; may be NULL. The links belong to the tool.
 */
int rs_tool_attach(void *tool, const char *const *optional, struct rs_error *err);

/* Is it loaded (and, once rs_tool_attach() was called, attached where its section says to what)? */
bool rs_tool_has(void *tool, const char *program);

/* What all CPUs have counted in an array of 64-bit counters for each CPU. 0 where that cannot be read. */
uint64_t rs_tool_sum(const struct bpf_map *map, uint32_t index);

/*
 * Calls @fn for each entry of a hash map (of one for each CPU: with the values of all possible ones). One that is there all
 * the while comes once, whatever the programs do meanwhile, and there is an end. 0, -errno, or what @fn returned.
 */
int rs_tool_each(const struct bpf_map *map,
		 int (*fn)(void *data, const void *key, const void *value), void *data);

/* Runs that the kernel left out since the load, for a program was at work on that CPU already (where hooks can be
 * preempted). They are lost to whoever counts. */
uint64_t rs_tool_skipped(void *tool);

void rs_tool_detach(void *tool); /* nothing runs any more; maps can be read */
void rs_tool_close(void **tool);
#define _cleanup_tool_ _cleanup_(rs_tool_cleanup)
static inline void rs_tool_cleanup(void *tool_of_any_type)
{
	rs_tool_close((void **)tool_of_any_type);
}
