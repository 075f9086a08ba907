/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What BPF programs counted with bpf/lib/sample.h, as a profile: its samples are rooted at who it was (process,
 * container, ...), and say so in labels.
 *
 *	r = rs_collect_new(tool, &options, &collect, err);     after loading, before attaching
 *	... whenever rs_collect_fd() is readable, and some times a second: rs_collect_tick(collect) ...
 *	r = rs_collect_read(collect, profile, err);            once nothing runs any more
 *	r = rs_collect_losses(collect, profile);
 *	rs_collect_free(&collect);
 */

#include "bpf/abi/sample.h"
#include "profile/profile.h"
#include "profile/stacks.h"

/* What the outermost frames can be. */
enum rs_collect_by {
	RS_COLLECT_PROCESS,   /* "nginx" */
	RS_COLLECT_PID,       /* "nginx (12)" */
	RS_COLLECT_THREAD,    /* "worker (13)", where threads are apart */
	RS_COLLECT_CONTAINER, /* its name, its group where there is none */
	RS_COLLECT_POD,
	RS_COLLECT_CGROUP,
	RS_COLLECT_REASON, /* "[futex]" */
	RS_COLLECT_BY_COUNT,
};

/* What is known of a control group; NULL: nothing. Borrowed. */
struct rs_collect_group {
	const char *container, *pod, *namespace, *path;
};

struct rs_collect_options {
	struct rs_stacks *stacks; /* borrowed */
	const enum rs_collect_by *by;
	size_t n_by;
	bool sums; /* the profile's first value is their sum, the second their count; else the count alone */
	bool labels; /* processes and containers are told apart by labels, too */
	bool waits; /* how the kernel stops a thread is the same for all: its frames are left out */
	/* The text of a reason; @functions are the kernel's, the innermost first. NULL: there are none. */
	const char *(*reason)(uint32_t reason, const char *const *functions, size_t n);
	/* Of a group that was met. NULL: nobody asks. */
	void (*group)(void *data, uint64_t cgroup, struct rs_collect_group *ret);
	void *data;
};

struct rs_collect;

/* Before loading: makes room for so many different stacks. At once where that is not too much, for what comes fast where
 * nothing can be waited for finds no memory else. */
void rs_collect_prepare(struct bpf_object *object, uint32_t max_stacks);

/* @tool: loaded; borrowed, to outlive this. Copies the options. */
int rs_collect_new(void *tool, const struct rs_collect_options *options,
		   struct rs_collect **ret_collect, struct rs_error *err);
void rs_collect_free(struct rs_collect **collect);

/* Notes of the programs: processes that will need names. */
int rs_collect_fd(const struct rs_collect *collect);
void rs_collect_tick(struct rs_collect *collect);

/* How often that happened so far, on all CPUs. */
uint64_t rs_collect_count(struct rs_collect *collect, enum rs_sample_count what);

/* Adds all that was counted to the profile. -ENOMEM, or what the kernel said. */
int rs_collect_read(struct rs_collect *collect, struct rs_profile *profile, struct rs_error *err);

/* The same of one sample. 0 or -ENOMEM. */
int rs_collect_add(struct rs_collect *collect, struct rs_profile *profile,
		   const struct rs_sample_key *key, const struct rs_sample *sample);

/* Forgets what was counted, between two intervals. What is counted meanwhile may lose its stack. */
void rs_collect_clear(struct rs_collect *collect);

/* Appends notes of what was lost. */
int rs_collect_losses(struct rs_collect *collect, struct rs_profile *profile);
