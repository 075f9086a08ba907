/* SPDX-License-Identifier: Apache-2.0 */
#include "store/slices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/util.h"
#include "store/sql.h"

#define APPLICATION  0x72736c63 /* "rslc" */
#define VERSION      1
#define STRING(x)    STRING_OF(x)
#define STRING_OF(x) #x

struct rs_slices {
	sqlite3 *db;
	sqlite3_stmt *put, *drop_old, *drop_one;
	uint64_t max_age, max_bytes;
	int64_t bytes; /* of all slices */
};

static const char schema[] =
	"BEGIN;"
	"CREATE TABLE slice(id INTEGER PRIMARY KEY, time INTEGER NOT NULL, "
	"duration INTEGER NOT NULL, bytes INTEGER NOT NULL, data BLOB NOT NULL);"
	"CREATE INDEX slice_time ON slice(time, duration, bytes);"
	"PRAGMA application_id=" STRING(APPLICATION) "; PRAGMA user_version=" STRING(
		VERSION) ";"
			 "COMMIT";

static int identify(struct rs_slices *slices, bool *ret_empty, struct rs_error *err)
{
	int64_t application = 0, version = 0, tables = 0;
	int r = rs_sql_number(slices->db, "PRAGMA application_id", &application, err);

	if (r >= 0)
		r = rs_sql_number(slices->db, "PRAGMA user_version", &version, err);
	if (r >= 0)
		r = rs_sql_number(slices->db, "SELECT count(*) FROM sqlite_master", &tables, err);
	if (r < 0)
		return r;
	*ret_empty = !application && !version && !tables;
	if (*ret_empty)
		return 0;
	if (application != APPLICATION)
		return rs_error_set(err, -EBADMSG, "not a file of slices");
	if (version != VERSION)
		return rs_error_set(err, -EPROTONOSUPPORT,
				    "of version %lld, and this program reads version %d",
				    (long long)version, VERSION);
	return 0;
}

static int open_file(const char *path, int flags, struct rs_slices **ret_slices, bool *ret_empty,
		     struct rs_error *err)
{
	_cleanup_(rs_slices_close) struct rs_slices *slices = calloc(1, sizeof(*slices));
	int r;

	if (!slices)
		return rs_error_set_errno(err, -ENOMEM, "opening \"%s\"", path);
	r = rs_sql_open(path, flags, &slices->db, err);
	if (r < 0)
		return r;
	sqlite3_limit(slices->db, SQLITE_LIMIT_LENGTH, (int)RS_SLICE_MAX + 4096);
	r = identify(slices, ret_empty, err);
	if (r < 0) {
		rs_error_wrap(err, "opening \"%s\"", path);
		return r;
	}
	*ret_slices = TAKE_PTR(slices);
	return 0;
}

/* SQLite would make it with what the umask leaves. */
static int make_file(const char *path, struct rs_error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return rs_error_set_errno(err, -errno, "opening \"%s\"", path);
	close(fd);
	return 0;
}

static int prepare(struct rs_slices *slices, const char *text, sqlite3_stmt **ret_stmt,
		   struct rs_error *err)
{
	int code = sqlite3_prepare_v3(slices->db, text, -1, SQLITE_PREPARE_PERSISTENT, ret_stmt,
				      NULL);

	return code == SQLITE_OK ? 0 : rs_sql_fail(slices->db, code, err);
}

static int prepare_writing(struct rs_slices *slices, bool empty, struct rs_error *err)
{
	int r = rs_sql_exec(slices->db,
			    "PRAGMA page_size=16384; PRAGMA auto_vacuum=INCREMENTAL;"
			    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
			    "PRAGMA cache_size=-512; PRAGMA wal_autocheckpoint=64;"
			    "PRAGMA journal_size_limit=0",
			    err);

	if (r >= 0 && empty)
		r = rs_sql_exec(slices->db, schema, err);
	if (r >= 0)
		r = rs_sql_number(slices->db, "SELECT ifnull(sum(bytes), 0) FROM slice",
				  &slices->bytes, err);
	if (r >= 0)
		r = prepare(slices,
			    "INSERT INTO slice(time, duration, bytes, data) VALUES(?1, ?2, ?3, ?4)",
			    &slices->put, err);
	if (r >= 0)
		r = prepare(slices, "DELETE FROM slice WHERE time + duration < ?1 RETURNING bytes",
			    &slices->drop_old, err);
	if (r >= 0)
		r = prepare(
			slices,
			"DELETE FROM slice WHERE id = (SELECT id FROM slice ORDER BY time LIMIT 1)"
			" RETURNING bytes",
			&slices->drop_one, err);
	return r;
}

int rs_slices_create(const char *path, uint64_t max_age, uint64_t max_bytes,
		     struct rs_slices **ret_slices, struct rs_error *err)
{
	_cleanup_(rs_slices_close) struct rs_slices *slices = NULL;
	bool empty = false;
	int r = make_file(path, err);

	if (r >= 0)
		r = open_file(path, SQLITE_OPEN_READWRITE, &slices, &empty, err);
	if (r < 0)
		return r;
	slices->max_age = max_age ? max_age : RS_SLICES_AGE;
	slices->max_bytes = max_bytes ? max_bytes : RS_SLICES_BYTES;
	r = prepare_writing(slices, empty, err);
	if (r < 0) {
		rs_error_wrap(err, "opening \"%s\"", path);
		return r;
	}
	*ret_slices = TAKE_PTR(slices);
	return 0;
}

int rs_slices_open(const char *path, struct rs_slices **ret_slices, struct rs_error *err)
{
	bool empty;

	return open_file(path, SQLITE_OPEN_READONLY, ret_slices, &empty, err);
}

void rs_slices_close(struct rs_slices **slices)
{
	struct rs_slices *s = TAKE_PTR(*slices);

	if (!s)
		return;
	sqlite3_finalize(s->put);
	sqlite3_finalize(s->drop_old);
	sqlite3_finalize(s->drop_one);
	sqlite3_close(s->db);
	free(s);
}

/* Steps to the end; takes what it says was removed off the sum. */
static int remove_by(struct rs_slices *slices, sqlite3_stmt *stmt, int64_t *ret_removed,
		     struct rs_error *err)
{
	int code;

	*ret_removed = 0;
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW)
		*ret_removed += sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	return code == SQLITE_DONE ? 0 : rs_sql_fail(slices->db, code, err);
}

static int make_room(struct rs_slices *slices, uint64_t now, size_t n, int64_t *bytes,
		     struct rs_error *err)
{
	int64_t removed;
	int r;

	sqlite3_bind_int64(slices->drop_old, 1,
			   (int64_t)(now > slices->max_age ? now - slices->max_age : 0));
	r = remove_by(slices, slices->drop_old, &removed, err);
	*bytes -= removed;
	while (r >= 0 && *bytes > 0 && (uint64_t)*bytes + n > slices->max_bytes) {
		r = remove_by(slices, slices->drop_one, &removed, err);
		if (r >= 0 && !removed)
			break;
		*bytes -= removed;
	}
	return r;
}

static int put(struct rs_slices *slices, uint64_t time, uint64_t duration, const void *data,
	       size_t n, struct rs_error *err)
{
	int code;

	sqlite3_bind_int64(slices->put, 1, (int64_t)time);
	sqlite3_bind_int64(slices->put, 2, (int64_t)duration);
	sqlite3_bind_int64(slices->put, 3, (int64_t)n);
	sqlite3_bind_blob64(slices->put, 4, data, n, SQLITE_STATIC);
	code = sqlite3_step(slices->put);
	sqlite3_reset(slices->put);
	sqlite3_clear_bindings(slices->put);
	return code == SQLITE_DONE ? 0 : rs_sql_fail(slices->db, code, err);
}

int rs_slices_add(struct rs_slices *slices, uint64_t time, uint64_t duration, const void *data,
		  size_t n, struct rs_error *err)
{
	int64_t bytes = slices->bytes;
	int r;

	if (n > RS_SLICE_MAX || n > slices->max_bytes)
		return rs_error_set(err, -E2BIG, "a slice of %zu bytes", n);
	r = rs_sql_exec(slices->db, "BEGIN IMMEDIATE", err);
	if (r < 0)
		return r;
	r = make_room(slices, time + duration, n, &bytes, err);
	if (r >= 0)
		r = put(slices, time, duration, data, n, err);
	if (r >= 0)
		r = rs_sql_exec(slices->db, "COMMIT; PRAGMA incremental_vacuum(64)", err);
	if (r < 0)
		rs_sql_exec(slices->db, "ROLLBACK", NULL);
	else
		slices->bytes = bytes + (int64_t)n;
	return r;
}

int rs_slices_read(struct rs_slices *slices, uint64_t since, uint64_t until, rs_slice_fn *fn,
		   void *data, struct rs_error *err)
{
	static const char text[] = "SELECT time, duration, data FROM slice "
				   "WHERE time < ?2 AND time + duration > ?1 ORDER BY time";
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(slices->db, text, -1, &stmt, NULL), r = 0;

	if (code == SQLITE_OK) {
		sqlite3_bind_int64(stmt, 1, (int64_t)since);
		sqlite3_bind_int64(stmt, 2, (int64_t)(until > INT64_MAX ? INT64_MAX : until));
		while (!r && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
			const void *bytes = sqlite3_column_blob(stmt, 2);
			int n = sqlite3_column_bytes(stmt, 2);

			if (n > 0)
				r = fn(data, (uint64_t)sqlite3_column_int64(stmt, 0),
				       (uint64_t)sqlite3_column_int64(stmt, 1), bytes, (size_t)n);
		}
	}
	if (!r && code != SQLITE_DONE)
		r = rs_sql_fail(slices->db, code, err);
	sqlite3_finalize(stmt);
	return r;
}
