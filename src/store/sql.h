/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* SQLite with our settings and our errors. Private to the room. */

#include <sqlite3.h>

#include "base/error.h"

#define RS_SQL_BUSY_MS 1000 /* how long to wait for somebody else's transaction */

/* @flags: of sqlite3_open_v2(). The file is not believed: nothing in it is run. */
int rs_sql_open(const char *path, int flags, sqlite3 **ret_db, struct rs_error *err);

/* From SQLite's codes to errno's: -EBADMSG damaged, -ENOSPC, -EROFS, -EBUSY, ... Returns it. */
int rs_sql_fail(sqlite3 *db, int code, struct rs_error *err);

/* Statements without an answer; and one that answers with a number. */
int rs_sql_exec(sqlite3 *db, const char *text, struct rs_error *err);
int rs_sql_number(sqlite3 *db, const char *text, int64_t *ret_number, struct rs_error *err);
