/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Watches who allocates memory: loads bpf/tools/memleak.bpf.c, puts probes on the allocators of the processes that are
 * watched and of those that come, and takes in what the programs tell.
 *
 *	rs_memwatch_new(&options, &watch, err);        loads and attaches
 *	... whenever rs_memwatch_fd() is readable, and before rs_leaks_take(): rs_memwatch_pump(watch, err) ...
 *	rs_leaks_take(rs_memwatch_leaks(watch), err)
 */

#include "kern/target.h"
#include "profile/alloc-probes.h"
#include "profile/leaks.h"

struct rs_memwatch_options {
	const struct rs_target *target; /* borrowed, until rs_memwatch_new() returns */
	struct rs_alloc_find find;      /* its names are borrowed for as long as this lives */
	bool kernel, pages;             /* the kernel's memory instead: slabs, pages */
	bool everybody;                 /* see struct rs_alloc_probes_options */
	bool frame_pointers;            /* no other unwinding */
	const uint32_t *processes;      /* those that are there already: borrowed as the target */
	size_t n_processes;
	/* A process that is held back and not released yet: stopped whenever it has new code, until that is probed, so that no
	 * allocation of it is missed. 0: none. */
	uint32_t command;
	void (*go_on)(void *data); /* lets the command go on */
	void *data;
	uint64_t sample;
	uint64_t older;
	uint32_t max_blocks; /* 0: as many as usual */
};

struct rs_memwatch;

int rs_memwatch_new(const struct rs_memwatch_options *options, struct rs_memwatch **ret_watch,
		    struct rs_error *err);
void rs_memwatch_free(struct rs_memwatch **watch);

/* -1: nothing to wait for. */
int rs_memwatch_fd(const struct rs_memwatch *watch);
/* Takes in the records there are. -ENOMEM and the like. */
int rs_memwatch_pump(struct rs_memwatch *watch, struct rs_error *err);

/* Stacks that could not be unwound yet: see rs_stacks_fd(). */
struct rs_stacks *rs_memwatch_stacks(struct rs_memwatch *watch);
struct rs_leaks *rs_memwatch_leaks(struct rs_memwatch *watch);
void *rs_memwatch_tool(struct rs_memwatch *watch);
const struct rs_alloc_probes *rs_memwatch_probes(const struct rs_memwatch *watch); /* or NULL */
/* What kept us from probing a file, the first time; NULL: nothing did. */
const char *rs_memwatch_trouble(const struct rs_memwatch *watch);

/* Tells all that was not seen or not kept, a sentence each; also after rs_memwatch_stop(). What @note returned. */
int rs_memwatch_losses(struct rs_memwatch *watch, int (*note)(void *data, const char *text),
		       void *data);

/* Nothing is watched any more; what was collected stays. */
void rs_memwatch_stop(struct rs_memwatch *watch);
