/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A thread that reads metadata, so that a slow disk holds up nobody. Questions are copied; answers are
 * taken from the caller's own loop. A question whose answer is not there yet is asked again, after 5, 10,
 * 20, ... ms, until its deadline; then it is answered with what there is, nothing perhaps. First looks go
 * before all others.
 *
 * A look that takes longer than RS_LOOKUP_HANG_NS hangs in somebody's file system: it is answered with
 * nothing, its thread is left behind, and another takes over.
 *
 * One thread asks and takes: the calls below are not for several at once.
 */

#include "enrich/metadata.h"

#define RS_LOOKUP_WAITING_MAX 4096 /* questions and answers that were not taken yet */
#define RS_LOOKUP_THREADS_MAX 4    /* with those that hang */
#define RS_LOOKUP_HANG_NS     1000000000ull

struct rs_lookup;

struct rs_lookup_stats {
	size_t waiting;   /* not answered yet */
	uint64_t answers; /* given so far, empty ones too */
	uint64_t empty;   /* of them, nothing was found */
	uint64_t refused; /* too many were waiting */
	uint64_t hung;    /* looks that were given up */
};

int rs_lookup_new(const char *root, const char *proc, struct rs_lookup **ret_lookup,
		  struct rs_error *err);
/* The thread, with all signals blocked. What was asked before waits for it. */
int rs_lookup_start(struct rs_lookup *lookup, struct rs_error *err);
/* Ends the thread and joins it. One that hangs in a file system for longer than RS_LOOKUP_JOIN_NS is left
 * behind, and frees what it holds when it comes back. */
void rs_lookup_free(struct rs_lookup **lookup);
#define RS_LOOKUP_JOIN_NS 1000000000ull

int rs_lookup_fd(const struct rs_lookup *lookup); /* readable: there are answers */
/* -EAGAIN: too many are waiting. -ENOMEM. @cookie comes back with the answer. @deadline is
 * CLOCK_MONOTONIC; one look is taken even when it is over. */
int rs_lookup_ask(struct rs_lookup *lookup, const struct rs_metadata_question *question,
		  uint64_t cookie, uint64_t deadline);
/* The group of that question is gone: at most one look, the first, is still taken, and none where it was
 * doubtful. Whatever was found is the answer. */
void rs_lookup_hurry(struct rs_lookup *lookup, uint64_t cookie);
/* Takes one answer: true, and *ret_metadata (NULL: nothing was found) is the caller's. */
bool rs_lookup_take(struct rs_lookup *lookup, uint64_t *ret_cookie,
		    struct rs_metadata **ret_metadata);
void rs_lookup_stats(struct rs_lookup *lookup, struct rs_lookup_stats *ret_stats);
