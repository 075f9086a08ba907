/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The programs that watch single calls, from loading to their losses; records are handed out as they come. */

#include "calls/record.h"
#include "kern/ring.h"
#include "kern/target.h"

struct rs_strace;

struct rs_strace_options {
	const struct rs_target *target;  /* borrowed until attached */
	const struct rs_call_set *calls; /* only these; NULL: all */
	uint64_t slower;                 /* ns: leave out what takes less */
	uint64_t signals;                /* a bit each, from 1 on */
	bool failed, successful;         /* only those */
	const char *const *paths;        /* only calls on these; may be NULL */
	size_t n_paths;
	size_t string_max; /* bytes of contents that are captured */
	bool verbose;
	bool raw; /* numbers alone: no memory is read */
	bool fds; /* say what descriptors are */
	bool user_stack, kernel_stack;
	size_t buffer; /* bytes, a power of two; 0: 8 MiB */
	uint32_t held; /* a command of this pid, not shown before its execve; 0: none */
};

/* Loads; nothing runs yet. */
int rs_strace_new(const struct rs_strace_options *options, struct rs_strace **ret_strace,
		  struct rs_error *err);
/* From here on calls are watched, the one that a thread is in among them. */
int rs_strace_attach(struct rs_strace *strace, struct rs_error *err);
/* Nothing is watched any more; what was recorded can still be read. */
void rs_strace_detach(struct rs_strace *strace);
void rs_strace_free(struct rs_strace **strace);

struct bpf_object *rs_strace_object(struct rs_strace *strace);
void *rs_strace_tool(struct rs_strace *strace); /* for rs_target_add_pid() and the like */

/* Readable when records wait. */
int rs_strace_fd(const struct rs_strace *strace);
/* Before waiting: whether there is something already. */
bool rs_strace_arm(struct rs_strace *strace);

typedef int rs_strace_fn(void *data, const struct rs_call_record *record);

/* Hands out at most @max records. 0, or what @fn returned. */
int rs_strace_consume(struct rs_strace *strace, rs_strace_fn *fn, void *data, size_t max,
		      size_t *ret_count);

/* Hands out the calls that have been under way for longer than @ns, in no order. */
int rs_strace_waiting(struct rs_strace *strace, uint64_t ns, rs_strace_fn *fn, void *data);

struct rs_strace_losses {
	uint64_t ring;    /* records that found no room in the buffer */
	uint64_t threads; /* calls of threads that found none */
	uint64_t fds;     /* descriptors that are not told; their call is */
	uint64_t bad;     /* records that could not be understood */
	uint64_t targets; /* processes and groups that are not watched */
	uint64_t skipped; /* times the kernel did not run a program that was at work already */
};
void rs_strace_losses(struct rs_strace *strace, struct rs_strace_losses *ret_losses);
