/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The store: events on disk, in SQLite files of an hour each, dropped whole by age and by size.
 *
 * The caller's thread packs events into the open block; a thread of ours compresses and writes blocks,
 * in batches. The caller never waits: where the writer does not keep up, or the disk is full or read
 * only, events are counted as not stored.
 *
 * Blocks (see block.h) hold some thousands of events with everything that was known of them: records
 * as the kernel made them, users, executables, ancestors, containers. What is read back is a struct
 * rs_event that JSON, tables and conditions take like a live one.
 */

#include "base/error.h"
#include "event/event.h"
#include "rules/expr.h"

#define RS_STORE_DIR      "/var/lib/ringside/events" /* below --root; 0700 */
#define RS_STORE_AGE      (7ull * 86400 * 1000000000)
#define RS_STORE_BYTES    ((uint64_t)1 << 30)
#define RS_STORE_FLUSH_NS 500000000ull /* how long an event waits in memory, at most */

struct rs_store;

struct rs_store_options {
	const char *dir;    /* made, with its parents, where it is missing; borrowed for the call */
	uint64_t max_age;   /* ns, 0: RS_STORE_AGE */
	uint64_t max_bytes; /* 0: RS_STORE_BYTES */
	uint64_t file_span; /* ns of real time in a file, 0: an hour; for tests */
	uint64_t steady;    /* ns without a failure before it stores again; 0: 10 s; for tests */
	/* From the writer's thread, or from rs_store_open(); once per state: "stored no more: No space
	 * left on device", "stores again" when that has held for a while. May be NULL. */
	void (*note)(void *data, const char *text);
	void *data;
};

/* What became of events; all since the start. */
struct rs_store_stats {
	uint64_t stored;     /* on disk, committed */
	uint64_t waiting;    /* in memory, on their way */
	uint64_t not_stored; /* the writer was behind, or the disk refused */
	uint64_t blocks;
	uint64_t bytes;         /* of all files now */
	uint64_t files;         /* now */
	uint64_t files_dropped; /* for their age, or for room: also that of a full disk */
	uint64_t set_aside;     /* files that could not be read */
	uint64_t writer_ns;     /* CPU time of the writer's thread */
	bool failing;           /* nothing can be written now */
};

/*
 * Opens for writing. One writer per directory (-EBUSY: another one). Files left by a writer that was
 * killed are recovered; one that cannot be is renamed to NAME.broken and counted. One of another version
 * stays. A disk that cannot take anything now (-ENOSPC, -EDQUOT, -EROFS, -EIO) is no failure: that is
 * noted, events are counted as not stored, and the writer tries again. -EACCES, -ENOTDIR, ... when the
 * directory cannot be made at all. The writer's thread starts with rs_store_start(): after the caller
 * has dropped its capabilities.
 */
int rs_store_open(const struct rs_store_options *options, const struct rs_event_host *host,
		  struct rs_store **ret_store, struct rs_error *err);
int rs_store_start(struct rs_store *store, struct rs_error *err);

/* Keeps an event. Never blocks, never fails: see rs_store_stats. @boot_offset: real - boot time now. */
void rs_store_add(struct rs_store *store, const struct rs_event *event, int64_t boot_offset);

/* Hands the open block to the writer when its events have waited long enough; to be called now and
 * then (every turn of the caller's loop). @now: CLOCK_MONOTONIC ns. */
void rs_store_tick(struct rs_store *store, uint64_t now);

void rs_store_stats(const struct rs_store *store, struct rs_store_stats *ret_stats);

/* Writes what waits and ends the thread: from here on the figures are final, and nothing is added. Accepts NULL. */
void rs_store_finish(struct rs_store *store);

/* The same, where it was not done, and frees it. Accepts NULL. */
void rs_store_close(struct rs_store **store);
