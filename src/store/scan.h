/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Reads blocks for a query: what of a block matches. One scan per thread. Private to the room. */

#include "store/db.h"
#include "store/dir.h"
#include "store/narrow.h"
#include "store/query.h"

/* A part of the events of a file that one block had when the query was planned. By now it may be part of
 * a larger one. */
struct rs_task {
	uint32_t file;    /* number in rs_scan_options.files */
	int64_t from, to; /* events, to excluded */
	uint64_t first, last, kinds;
};

struct rs_scan_options {
	const struct rs_store_query *query;
	const struct rs_narrow *narrow;
	const struct rs_dir_files *files;
};

struct rs_match {
	uint64_t real;
	int64_t offset;
	uint32_t record; /* where it begins in records */
	uint16_t event;
};

/* What a block has; by real time. Kept until it was handed out. */
struct rs_result {
	struct rs_block block;
	struct rs_bytes records;
	struct rs_match *matches; /* RS_BLOCK_EVENTS of them */
	unsigned n, next;
	struct rs_event_host host;
	bool read;       /* events were looked at */
	uint32_t looked; /* how many */
	int damage;      /* 0, or why it could not be read */
	char text[256];
	struct rs_result *link; /* the owner's */
	unsigned order;         /* the owner's */
};

int rs_result_new(struct rs_result **ret_result);
void rs_result_free(struct rs_result **result);

struct rs_scan;

int rs_scan_new(const struct rs_scan_options *options, struct rs_scan **ret_scan);
void rs_scan_free(struct rs_scan **scan);

/*
 * Fills in the result: damage is no error. @since, @until: real ns, instead of the query's. @records:
 * false to learn only how many match and when. -ENOMEM.
 */
int rs_scan_run(struct rs_scan *scan, const struct rs_task *task, uint64_t since, uint64_t until,
		bool records, struct rs_result *result);
/* Lets go of the files. */
void rs_scan_release(struct rs_scan *scan);
