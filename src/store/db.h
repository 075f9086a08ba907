/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One file of the store: an SQLite database of blocks, see format.h. Private to the room. */

#include "store/encode.h"

struct rs_db;

struct rs_db_row {
	int64_t id; /* number of the first event */
	uint64_t first, last, kinds;
	uint32_t n;
	int64_t boot;
};

/*
 * For writing: made where it is missing, or has nothing in it yet. -EBADMSG: not such a file, or
 * damaged; -EPROTONOSUPPORT: of another version; -ENOSPC, -EROFS, -EIO, ... as the disk says.
 */
int rs_db_create(const char *path, struct rs_db **ret_db, struct rs_error *err);
/* For reading only; -ENODATA: nothing in it yet; -EBADMSG and -EPROTONOSUPPORT as above. */
int rs_db_open(const char *path, struct rs_db **ret_db, struct rs_error *err);
void rs_db_close(struct rs_db **file);

/* Looks at all of it. -EBADMSG: damaged. */
int rs_db_check(struct rs_db *file, struct rs_error *err);

/* Writes its log back; somebody who reads it may prevent that. */
void rs_db_settle(struct rs_db *file);

/* --- writing; a failure in between: rs_db_rollback() --- */

int rs_db_begin(struct rs_db *file, struct rs_error *err);
int rs_db_commit(struct rs_db *file, struct rs_error *err);
void rs_db_rollback(struct rs_db *file);
int rs_db_put(struct rs_db *file, const struct rs_db_row *row, const struct rs_encoded *encoded,
	      struct rs_error *err);
int rs_db_remove(struct rs_db *file, int64_t id, struct rs_error *err);
/* The number of a boot in this file, added where it is new. */
int rs_db_add_boot(struct rs_db *file, const struct rs_event_host *host, int64_t *ret_boot,
		   struct rs_error *err);

/* --- reading --- */

/* All blocks that have events from number `from` on, by number. Not 0 of @fn ends. */
typedef int rs_db_row_fn(void *data, const struct rs_db_row *row);
int rs_db_rows(struct rs_db *file, int64_t from, rs_db_row_fn *fn, void *data,
	       struct rs_error *err);
/* The block that has event number `event`, or the last one (event INT64_MAX). -ENOENT. */
int rs_db_row_at(struct rs_db *file, int64_t event, struct rs_db_row *ret_row,
		 struct rs_error *err);
int rs_db_boot(struct rs_db *file, int64_t boot, struct rs_event_host *ret_host,
	       struct rs_error *err);
/* A part; valid until the next call. -ENOENT. */
int rs_db_part(struct rs_db *file, int64_t block, unsigned part, const void **ret_data,
	       size_t *ret_size, struct rs_error *err);
/* Lets go of what reads held: a writer may go on. */
void rs_db_release(struct rs_db *file);
/* What is read until the next rs_db_release() is of one moment. */
int rs_db_hold(struct rs_db *file, struct rs_error *err);
