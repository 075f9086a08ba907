/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A query at work: shared by query.c and follow.c. */

#include "store/scan.h"

/* What was read of a file so far; one of the same name may take its place. */
struct rs_query_file {
	int64_t next; /* the number of the first event that was not planned yet */
	uint64_t dev, ino;
	uint64_t born; /* ns; 0: not known */
};

struct rs_query {
	const struct rs_store_query *query;
	rs_store_fn *fn;
	void *data;
	struct rs_narrow narrow;
	struct rs_dir_files files;
	struct rs_query_file *file; /* for each of files */
	struct {
		struct rs_task *items;
		size_t len, cap;
	} tasks;
	uint64_t since, until;
	uint64_t left; /* of the limit; 0: none */
	uint64_t skip; /* events at the time since that are too many */
	bool over;     /* the limit is reached, or the caller wants no more */
	struct rs_scan *scan;
	struct rs_ahead *ahead; /* NULL: no threads read */
	struct rs_result *spare;
	struct rs_block_scratch scratch;
	struct rs_store_found found;
};

/* Plans the blocks of a file that were not planned yet; all of them where it is another one by now. */
int rs_query_plan_file(struct rs_query *q, uint32_t file, struct rs_error *err);
/* The file is no longer there: one of that name is another one. */
void rs_query_forget_file(struct rs_query *q, uint32_t file);

/* Hands out what was planned. What the receiver returned, or a negative errno. */
int rs_query_walk(struct rs_query *q);

/* Waits for more. */
int rs_query_follow(struct rs_query *q, struct rs_error *err);

void rs_query_done(struct rs_query *q);
