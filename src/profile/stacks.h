/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Stacks that BPF programs collected with bpf/lib/stack.h, read out of the maps of a loaded object and put into profiles. */

#include <bpf/libbpf.h>

#include "bpf/abi/stack.h"
#include "profile/profile.h"
#include "profile/symbols.h"

struct rs_stacks;

struct rs_stacks_options {
	struct rs_symbols *symbols; /* borrowed */
	bool no_unwind;             /* frame pointers only */
};

/* @object: loaded, with the maps of bpf/lib/stack.h. Borrowed, to outlive this. */
int rs_stacks_new(struct bpf_object *object, const struct rs_stacks_options *options,
		  struct rs_stacks **ret_stacks, struct rs_error *err);
void rs_stacks_free(struct rs_stacks **stacks);

/* Makes the tables for unwinding of a process that will be sampled, and for those that are sampled and unknown so far
 * (rs_stacks_fd() readable: call rs_stacks_tick()). Failures cost frames, not samples. */
void rs_stacks_prepare(struct rs_stacks *stacks, uint32_t pid);
int rs_stacks_fd(const struct rs_stacks *stacks); /* -1: nothing to wait for */
void rs_stacks_tick(struct rs_stacks *stacks);

/* Appends to @frames the numbers of the frames of the user stack, then the kernel's in front of them: innermost first.
 * *n is in and out. Keys that are in no map give a frame "[stack lost]". */
#define RS_STACKS_FRAMES_MAX 1024
int rs_stacks_frames(struct rs_stacks *stacks, struct rs_profile *profile, uint32_t pid,
		     const struct rs_stack_pair *pair, uint32_t *frames, size_t max, size_t *n);

/* The process's code has addresses that will need names when it is gone: to be called when a new (pid, user stack) is
 * met while it runs. */
void rs_stacks_seen(struct rs_stacks *stacks, uint32_t pid, uint64_t user);

/* Forgets all stacks, between two intervals. */
void rs_stacks_clear(struct rs_stacks *stacks);

/* Appends notes about what was lost to the profile. */
int rs_stacks_losses(struct rs_stacks *stacks, struct rs_profile *profile);
