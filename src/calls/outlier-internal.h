/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What outlier.c (text), outlier-json.c and outlier-facts.c share. */

#include "calls/latency-internal.h"
#include "calls/outlier.h"
#include "profile/stacks.h"

#define RS_OUTLIER_FRAMES 128

struct rs_outliers {
	struct rs_latency *latency;
	struct rs_symbols *symbols;
	struct rs_stacks *stacks;
	struct rs_clock_text clock;
	struct rs_str scratch;
};

/* The frames of a stack, the innermost first. Strings are the profile's. */
struct rs_outlier_stack {
	struct rs_profile *profile; /* owned */
	uint32_t frames[RS_OUTLIER_FRAMES];
	size_t n;
};
void rs_outlier_stack_done(struct rs_outlier_stack *stack);
/* Of the kernel's addresses, or, with n 0, of the user stack @key. Without the machinery that took it. */
void rs_outlier_stack(struct rs_outliers *outliers, uint32_t pid, const __u64 *ips, size_t n,
		      uint64_t key, struct rs_outlier_stack *ret_stack);
const struct rs_frame *rs_outlier_frame(const struct rs_outlier_stack *stack, size_t i);

/* Who ended a wait. */
enum rs_outlier_waker {
	RS_OUTLIER_NOBODY,
	RS_OUTLIER_THREAD,
	RS_OUTLIER_INTERRUPT, /* which happened to run on that thread */
	RS_OUTLIER_TIMER,
};
enum rs_outlier_waker rs_outlier_waker(const struct rs_wait_one *wait,
				       const struct rs_outlier_stack *waker);

/* "futex", "disk", "fuse", "preempted" ... */
const char *rs_outlier_reason(const struct rs_wait_one *wait, const struct rs_outlier_stack *where);
/* Is it a lock that the call asked for? */
bool rs_outlier_is_lock(const struct rs_latency_outlier *o);

/* Of ns, how long it ran. */
uint64_t rs_outlier_ran(const struct rs_latency_outlier *o);
/* When it began, CLOCK_REALTIME. */
uint64_t rs_outlier_time(const struct rs_latency_outlier *o);

void rs_outlier_call(const struct rs_latency_outlier *o,
		     struct rs_str *out); /* "fsync(3</a/b>) = 0" */
void rs_outlier_what(const struct rs_latency_outlier *o,
		     struct rs_str *out); /* the same for all sources */
void rs_outlier_path(const struct rs_latency_outlier *o, struct rs_str *out);
void rs_outlier_question(const struct rs_latency_outlier *o, struct rs_str *out); /* of DNS */
void rs_outlier_io(const struct rs_wait_io *io, uint32_t pid, struct rs_str *out);
const char *rs_outlier_io_op(uint32_t op);
