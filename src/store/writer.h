/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the writer's thread does with a block: chooses the file, merges small blocks, writes, rotates,
 * drops what is old, and sits out a disk that refuses. Private to the room.
 */

#include <stdatomic.h>

#include "store/db.h"
#include "store/dir.h"
#include "store/store.h"

/* As struct rs_store_stats has them; written by the writer's thread, read by any. */
struct rs_writer_stats {
	_Atomic uint64_t stored, not_stored, blocks, bytes, files, files_dropped, set_aside;
	_Atomic uint64_t writer_ns;
	_Atomic bool failing;
};

struct rs_writer_options {
	const char *dir; /* copied */
	uint64_t max_age, max_bytes, span;
	uint64_t steady; /* 0: 10 s */
	void (*note)(void *data, const char *text);
	void *data;
};

struct rs_writer;

int rs_writer_new(const struct rs_writer_options *options, const struct rs_event_host *host,
		  struct rs_writer_stats *stats, struct rs_writer **ret_writer);
/* Leaves the open file settled. */
void rs_writer_free(struct rs_writer **writer);

/* Makes the directory where it is missing, locks it, recovers what a killed writer left. Where that fails,
 * rs_writer_take() tries it again. */
int rs_writer_open(struct rs_writer *writer, struct rs_error *err);
/* The start failed: events are counted as not stored, until a later try. */
void rs_writer_fail(struct rs_writer *writer, const struct rs_error *err);

/* Stores the events of a pack, or counts them as not stored. */
void rs_writer_take(struct rs_writer *writer, const struct rs_pack *pack);

/* What is due without events. Returns for how long nothing is, ns. */
uint64_t rs_writer_idle(struct rs_writer *writer);
