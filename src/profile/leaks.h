/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Memory that was allocated and not given back, by process and stack: out of the maps and records of
 * bpf/tools/memleak.bpf.c. What a process had when it ended stays. A child that is forked begins with nothing: what it
 * has of its parent is the parent's.
 */

#include <bpf/libbpf.h>

#include "bpf/abi/memleak.h"
#include "profile/profile.h"
#include "profile/stacks.h"

struct rs_leaks;

struct rs_leaks_options {
	struct bpf_object *object; /* loaded; borrowed, as the next */
	struct rs_stacks *stacks;
	uint64_t sample; /* as rs_mem_config.sample */
	uint64_t older;  /* ns: only what is at least this old */
};

int rs_leaks_new(const struct rs_leaks_options *options, struct rs_leaks **ret_leaks,
		 struct rs_error *err);
void rs_leaks_free(struct rs_leaks **leaks);

/* A record of the ring buffer. -ENOMEM. */
int rs_leaks_feed(struct rs_leaks *leaks, const struct rs_mem_record *record);

bool rs_leaks_knows(struct rs_leaks *leaks, uint32_t pid); /* was there a record of this process? */

/* Processes ended, or executed something else, and their blocks still stand in the map: rs_leaks_take() sees to them, and
 * should be called soon. */
bool rs_leaks_pending(const struct rs_leaks *leaks);

/* One stack of one process. Sampled sizes and counts are scaled up. */
struct rs_leak {
	uint32_t pid; /* 0: the kernel's */
	enum rs_mem_kind kind;
	struct rs_stack_pair stacks;
	bool ended; /* the process has */
	double bytes, count;
	double blocks;                 /* as they were seen, not scaled */
	double age;                    /* ns, of all of them together: divide by blocks */
	uint64_t oldest;               /* ns */
	double more_bytes, more_count; /* than at rs_leaks_mark() */
};

/* Looks at what there is now. The rows are valid until the next call, the one with the most bytes first.
 * rs_leaks_harvest() sees to those that ended only, and the rows stay. */
int rs_leaks_take(struct rs_leaks *leaks, struct rs_error *err);
int rs_leaks_harvest(struct rs_leaks *leaks, struct rs_error *err);
const struct rs_leak *rs_leaks_rows(const struct rs_leaks *leaks, size_t *ret_n);

/* From here on growth counts: what was taken last is what it is compared with. -ENOMEM. */
int rs_leaks_mark(struct rs_leaks *leaks);

/* The process's name; "[kernel]" for 0. Never NULL. */
const char *rs_leaks_comm(struct rs_leaks *leaks, uint32_t pid);

/* rs_stacks_frames() of a row, without the frames that are ours. @frames has room for RS_STACKS_FRAMES_MAX. */
int rs_leaks_frames(struct rs_leaks *leaks, const struct rs_leak *row, struct rs_profile *profile,
		    uint32_t *frames, size_t *ret_n);

/* Counters of the programs, by enum rs_mem_count. */
void rs_leaks_counts(struct rs_leaks *leaks, uint64_t ret_counts[static RS_MEM_COUNT_COUNT]);

/* Sampled with a mean distance of @sample bytes: how many allocations of this size one stands for. 1 where all are taken. */
double rs_leaks_weight(uint64_t size, uint64_t sample);

/* What values such a profile has. */
void rs_leaks_values(struct rs_profile_options *options);

/*
 * Puts the rows into a new profile with the values inuse_space (bytes) and inuse_objects. @processes: a frame for each
 * process below its stacks. Notes of what was lost are in it.
 */
int rs_leaks_profile(struct rs_leaks *leaks, bool processes, const char *title,
		     struct rs_profile **ret_profile, struct rs_error *err);

/* "12 allocations (3.0 MiB) not kept: ..." for each kind of loss, those of stacks among them; calls @note. */
int rs_leaks_losses(struct rs_leaks *leaks, int (*note)(void *data, const char *text), void *data);
