/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "store/db.h"
#include "store/sql.h"

#define PAGE_SIZE    "16384"
#define CHECKPOINT   "512" /* pages in the log before it is written back: 8 MiB */
#define WRITER_CACHE "-1024"
#define READER_CACHE "-512"
#define NEW_NAME     "new.db"
#define LENGTH_MAX   ((int)RS_PART_BYTES)

enum {
	SQL_BEGIN,
	SQL_READ,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_PUT_BLOCK,
	SQL_PUT_PART,
	SQL_REMOVE_BLOCK,
	SQL_REMOVE_PARTS,
	SQL_FIND_BOOT,
	SQL_PUT_BOOT,
	SQL_ROWS,
	SQL_ROW,
	SQL_BOOT,
	SQL_PART,
	SQL_COUNT,
};

static const char *const sql[SQL_COUNT] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_READ] = "BEGIN",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_PUT_BLOCK] =
		"INSERT INTO block(id, first, last, n, kinds, boot) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
	[SQL_PUT_PART] = "INSERT INTO part(id, data) VALUES(?1, ?2)",
	[SQL_REMOVE_BLOCK] = "DELETE FROM block WHERE id = ?1",
	[SQL_REMOVE_PARTS] = "DELETE FROM part WHERE id BETWEEN ?1 AND ?2",
	[SQL_FIND_BOOT] =
		"SELECT id FROM boot WHERE boot_id = ?1 AND name = ?2 AND machine = ?3 AND "
		"arch = ?4 AND kernel = ?5",
	[SQL_PUT_BOOT] =
		"INSERT INTO boot(boot_id, name, machine, arch, kernel) VALUES(?1, ?2, ?3, ?4, ?5)",
	[SQL_ROWS] = "SELECT id, first, last, n, kinds, boot FROM block WHERE id + n > ?1 "
		     "AND id >= ?1 - "
		     "4096"
		     " ORDER BY id",
	[SQL_ROW] = "SELECT id, first, last, n, kinds, boot FROM block WHERE id <= ?1 "
		    "ORDER BY id DESC LIMIT 1",
	[SQL_BOOT] = "SELECT boot_id, name, machine, arch, kernel FROM boot WHERE id = ?1",
	[SQL_PART] = "SELECT data FROM part WHERE id = ?1",
};
static_assert(RS_BLOCK_EVENTS == 4096, "SQL_ROWS");

static const char schema[] = "CREATE TABLE boot(id INTEGER PRIMARY KEY, boot_id TEXT, name TEXT, "
			     "machine TEXT, arch TEXT, kernel TEXT);"
			     "CREATE TABLE block(id INTEGER PRIMARY KEY, first INTEGER NOT NULL, "
			     "last INTEGER NOT NULL, n INTEGER NOT NULL, kinds INTEGER NOT NULL, "
			     "boot INTEGER NOT NULL);"
			     "CREATE TABLE part(id INTEGER PRIMARY KEY, data BLOB NOT NULL);";

struct rs_db {
	sqlite3 *db;
	sqlite3_stmt *stmt[SQL_COUNT]; /* prepared when first used */
};

static int fail(struct rs_db *file, int code, struct rs_error *err)
{
	return rs_sql_fail(file->db, code, err);
}

/* --- statements --- */

static int prepared(struct rs_db *file, unsigned which, sqlite3_stmt **ret_stmt,
		    struct rs_error *err)
{
	int code;

	if (!file->stmt[which]) {
		code = sqlite3_prepare_v3(file->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT,
					  &file->stmt[which], NULL);
		if (code != SQLITE_OK)
			return fail(file, code, err);
	}
	sqlite3_reset(file->stmt[which]);
	*ret_stmt = file->stmt[which];
	return 0;
}

/* Runs one that has no answer. */
static int run(struct rs_db *file, sqlite3_stmt *stmt, struct rs_error *err)
{
	int code = sqlite3_step(stmt), r = 0;

	if (code != SQLITE_DONE && code != SQLITE_ROW)
		r = fail(file, code, err);
	sqlite3_reset(stmt);
	return r;
}

static int simple(struct rs_db *file, unsigned which, struct rs_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int r = prepared(file, which, &stmt, err);

	return r < 0 ? r : run(file, stmt, err);
}

static int exec(struct rs_db *file, const char *text, struct rs_error *err)
{
	return rs_sql_exec(file->db, text, err);
}

static int get_number(struct rs_db *file, const char *text, int64_t *ret_number,
		      struct rs_error *err)
{
	return rs_sql_number(file->db, text, ret_number, err);
}

/* --- opening --- */

static int open_db(const char *path, int flags, struct rs_db **ret_db, struct rs_error *err)
{
	_cleanup_(rs_db_close) struct rs_db *file = calloc(1, sizeof(*file));
	int r;

	if (!file)
		return rs_error_set_errno(err, -ENOMEM, "opening \"%s\"", path);
	r = rs_sql_open(path, flags, &file->db, err);
	if (r < 0)
		return r;
	sqlite3_limit(file->db, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
	*ret_db = TAKE_PTR(file);
	return 0;
}

/* 1: ours; 0: nothing in it yet. */
static int identify(struct rs_db *file, struct rs_error *err)
{
	int64_t application = 0, version = 0, pages = 0;
	int r = get_number(file, "PRAGMA application_id", &application, err);

	if (r >= 0)
		r = get_number(file, "PRAGMA user_version", &version, err);
	if (r >= 0)
		r = get_number(file, "SELECT count(*) FROM sqlite_master", &pages, err);
	if (r < 0)
		return r;
	if (!application && !version && !pages)
		return 0;
	if (application != RS_STORE_APPLICATION)
		return rs_error_set(err, -EBADMSG, "not a file of events");
	if (version != RS_STORE_VERSION)
		return rs_error_set(err, -EPROTONOSUPPORT,
				    "of version %lld, and this program reads version %d",
				    (long long)version, RS_STORE_VERSION);
	return 1;
}

static int initialise(struct rs_db *file, struct rs_error *err)
{
	char ids[128];
	int r = exec(file, "BEGIN", err);

	snprintf(ids, sizeof(ids), "PRAGMA application_id=%d; PRAGMA user_version=%d",
		 RS_STORE_APPLICATION, RS_STORE_VERSION);
	if (r >= 0)
		r = exec(file, schema, err);
	if (r >= 0)
		r = exec(file, ids, err);
	return r < 0 ? r : exec(file, "COMMIT", err);
}

static int prepare_writing(struct rs_db *file, struct rs_error *err)
{
	return exec(file,
		    "PRAGMA page_size=" PAGE_SIZE "; PRAGMA secure_delete=0;"
		    "PRAGMA temp_store=MEMORY; PRAGMA cache_size=" WRITER_CACHE
		    "; PRAGMA cell_size_check=1; PRAGMA synchronous=NORMAL",
		    err);
}

static int make_wal(struct rs_db *file, struct rs_error *err)
{
	return exec(file,
		    "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=" CHECKPOINT
		    "; PRAGMA journal_size_limit=0",
		    err);
}

static int open_writing(const char *path, struct rs_db **ret_db, struct rs_error *err)
{
	_cleanup_(rs_db_close) struct rs_db *file = NULL;
	int r = open_db(path, SQLITE_OPEN_READWRITE, &file, err);

	if (r < 0)
		return r;
	r = prepare_writing(file, err);
	if (r < 0) {
		rs_error_wrap(err, "opening \"%s\"", path);
		return r;
	}
	*ret_db = TAKE_PTR(file);
	return 0;
}

/* A new file is made under another name, so that nobody sees one that is not whole yet: until it has its
 * tables and its log, a death would leave a journal that only a writer can play back. */
static int make_new(const char *path, struct rs_error *err)
{
	_cleanup_(rs_db_close) struct rs_db *file = NULL;
	const char *slash = strrchr(path, '/');
	char name[PATH_MAX], beside[PATH_MAX + 16];
	int fd, r;

	if (snprintf(name, sizeof(name), "%.*s" NEW_NAME, slash ? (int)(slash - path) + 1 : 0,
		     path) >= (int)sizeof(name))
		return rs_error_set_errno(err, -ENAMETOOLONG, "making \"%s\"", path);
	unlink(name);
	snprintf(beside, sizeof(beside), "%s-journal", name);
	unlink(beside);
	snprintf(beside, sizeof(beside), "%s-wal", name);
	unlink(beside);
	fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return rs_error_set_errno(err, -errno, "making \"%s\"", path);
	close(fd);
	r = open_writing(name, &file, err);
	if (r >= 0)
		r = initialise(file, err);
	if (r >= 0)
		r = make_wal(file, err);
	if (r < 0)
		return r;
	rs_db_close(&file);
	if (rename(name, path) < 0)
		return rs_error_set_errno(err, -errno, "making \"%s\"", path);
	return 0;
}

int rs_db_create(const char *path, struct rs_db **ret_db, struct rs_error *err)
{
	_cleanup_(rs_db_close) struct rs_db *file = NULL;
	struct stat st;
	int r = 0;

	if (stat(path, &st) < 0 || !st.st_size)
		r = make_new(path, err);
	if (r >= 0)
		r = open_writing(path, &file, err);
	if (r >= 0)
		r = identify(file, err);
	if (r == 0)
		r = rs_error_set(err, -EBADMSG, "\"%s\" has no tables", path);
	if (r >= 0)
		r = make_wal(file, err);
	if (r < 0)
		return r;
	*ret_db = TAKE_PTR(file);
	return 0;
}

/* As a file that nobody changes: no locks, no log, and nothing is made beside it. */
static int open_immutable(const char *path, struct rs_db **ret_db, struct rs_error *err)
{
	char *uri = sqlite3_mprintf("file:%s?immutable=1", path);
	int r = uri ? open_db(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, ret_db, NULL) : -ENOMEM;

	sqlite3_free(uri);
	return r < 0 ? rs_error_set_errno(err, r, "opening \"%s\"", path) : 0;
}

static int prepare_reading(struct rs_db *file, struct rs_error *err)
{
	int r = exec(file, "PRAGMA cache_size=" READER_CACHE "; PRAGMA cell_size_check=1", err);

	return r < 0 ? r : identify(file, err);
}

/* Whoever has the file open has its index of the log beside it. Without one, and without a log, all is in
 * the file itself. */
static bool is_settled(const char *path)
{
	char beside[PATH_MAX];
	struct stat st;

	if (strpbrk(path, "?#%") ||
	    snprintf(beside, sizeof(beside), "%s-shm", path) >= (int)sizeof(beside) ||
	    stat(beside, &st) == 0)
		return false;
	snprintf(beside, sizeof(beside), "%s-wal", path);
	return stat(beside, &st) < 0 || !st.st_size;
}

/* On a disk that cannot be written, the files that a log needs cannot be made: better what is in the file
 * itself than nothing. */
static bool cannot_write(const char *path, int r)
{
	return r < 0 && r != -EBADMSG && r != -EPROTONOSUPPORT && r != -ENOMEM &&
	       access(path, W_OK) < 0 && !strpbrk(path, "?#%");
}

int rs_db_open(const char *path, struct rs_db **ret_db, struct rs_error *err)
{
	_cleanup_(rs_db_close) struct rs_db *file = NULL;
	int r = is_settled(path) ? open_immutable(path, &file, err)
				 : open_db(path, SQLITE_OPEN_READONLY, &file, err);

	if (r < 0)
		return r;
	r = prepare_reading(file, err);
	if (cannot_write(path, r)) {
		rs_db_close(&file);
		r = open_immutable(path, &file, err);
		if (r >= 0)
			r = prepare_reading(file, err);
	}
	if (r < 0) {
		rs_error_wrap(err, "opening \"%s\"", path);
		return r;
	}
	if (r == 0)
		return rs_error_set_errno(err, -ENODATA, "opening \"%s\"", path);
	*ret_db = TAKE_PTR(file);
	return 0;
}

void rs_db_close(struct rs_db **file)
{
	if (!*file)
		return;
	for (unsigned i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize((*file)->stmt[i]);
	sqlite3_close((*file)->db);
	free(*file);
	*file = NULL;
}

int rs_db_check(struct rs_db *file, struct rs_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(file->db, "PRAGMA quick_check(1)", -1, &stmt, NULL), r = 0;

	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	if (code != SQLITE_ROW)
		r = fail(file, code, err);
	else if (strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") != 0)
		r = rs_error_set(err, -EBADMSG, "damaged: %s",
				 (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	return r;
}

void rs_db_settle(struct rs_db *file)
{
	sqlite3_busy_timeout(file->db, 0);
	sqlite3_wal_checkpoint_v2(file->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_timeout(file->db, RS_SQL_BUSY_MS);
}

/* --- writing --- */

int rs_db_begin(struct rs_db *file, struct rs_error *err)
{
	return simple(file, SQL_BEGIN, err);
}

int rs_db_commit(struct rs_db *file, struct rs_error *err)
{
	return simple(file, SQL_COMMIT, err);
}

void rs_db_rollback(struct rs_db *file)
{
	if (!sqlite3_get_autocommit(file->db))
		simple(file, SQL_ROLLBACK, NULL);
}

int rs_db_put(struct rs_db *file, const struct rs_db_row *row, const struct rs_encoded *encoded,
	      struct rs_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int r = prepared(file, SQL_PUT_BLOCK, &stmt, err);

	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, row->id);
	sqlite3_bind_int64(stmt, 2, (int64_t)row->first);
	sqlite3_bind_int64(stmt, 3, (int64_t)row->last);
	sqlite3_bind_int64(stmt, 4, row->n);
	sqlite3_bind_int64(stmt, 5, (int64_t)row->kinds);
	sqlite3_bind_int64(stmt, 6, row->boot);
	r = run(file, stmt, err);
	if (r >= 0)
		r = prepared(file, SQL_PUT_PART, &stmt, err);
	for (unsigned i = 0; i < encoded->n_parts && r >= 0; i++) {
		size_t start = i ? encoded->end[i - 1] : 0;

		sqlite3_bind_int64(stmt, 1, row->id * RS_PARTS + i);
		sqlite3_bind_blob64(stmt, 2, encoded->data + start, encoded->end[i] - start,
				    SQLITE_STATIC);
		r = run(file, stmt, err);
	}
	return r;
}

int rs_db_remove(struct rs_db *file, int64_t id, struct rs_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int r = prepared(file, SQL_REMOVE_BLOCK, &stmt, err);

	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, id);
	r = run(file, stmt, err);
	if (r >= 0)
		r = prepared(file, SQL_REMOVE_PARTS, &stmt, err);
	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, id * RS_PARTS);
	sqlite3_bind_int64(stmt, 2, id * RS_PARTS + RS_PARTS - 1);
	return run(file, stmt, err);
}

static void bind_boot(sqlite3_stmt *stmt, const struct rs_event_host *host)
{
	const char *text[] = { host->boot_id, host->name, host->id, host->arch, host->kernel };

	for (unsigned i = 0; i < ARRAY_SIZE(text); i++)
		sqlite3_bind_text(stmt, (int)i + 1, text[i], -1, SQLITE_STATIC);
}

int rs_db_add_boot(struct rs_db *file, const struct rs_event_host *host, int64_t *ret_boot,
		   struct rs_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int r = prepared(file, SQL_FIND_BOOT, &stmt, err), code;

	if (r < 0)
		return r;
	bind_boot(stmt, host);
	code = sqlite3_step(stmt);
	if (code == SQLITE_ROW)
		*ret_boot = sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	if (code == SQLITE_ROW)
		return 0;
	if (code != SQLITE_DONE)
		return fail(file, code, err);
	r = prepared(file, SQL_PUT_BOOT, &stmt, err);
	if (r < 0)
		return r;
	bind_boot(stmt, host);
	r = run(file, stmt, err);
	if (r >= 0)
		*ret_boot = sqlite3_last_insert_rowid(file->db);
	return r;
}

/* --- reading --- */

static int take_row(sqlite3_stmt *stmt, struct rs_db_row *row, struct rs_error *err)
{
	int64_t n = sqlite3_column_int64(stmt, 3);

	*row = (struct rs_db_row){
		.id = sqlite3_column_int64(stmt, 0),
		.first = (uint64_t)sqlite3_column_int64(stmt, 1),
		.last = (uint64_t)sqlite3_column_int64(stmt, 2),
		.n = (uint32_t)n,
		.kinds = (uint64_t)sqlite3_column_int64(stmt, 4),
		.boot = sqlite3_column_int64(stmt, 5),
	};
	if (n < 1 || n > RS_BLOCK_EVENTS || row->id < 0 ||
	    row->id > INT64_MAX / RS_PARTS - RS_PARTS || row->first > row->last)
		return rs_error_set(err, -EBADMSG, "a block that cannot be");
	return 0;
}

int rs_db_rows(struct rs_db *file, int64_t from, rs_db_row_fn *fn, void *data, struct rs_error *err)
{
	struct rs_db_row row;
	sqlite3_stmt *stmt = NULL;
	int r = prepared(file, SQL_ROWS, &stmt, err), code = SQLITE_DONE;

	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, from);
	while (!r && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		r = take_row(stmt, &row, err);
		if (!r)
			r = fn(data, &row);
	}
	if (!r && code != SQLITE_DONE)
		r = fail(file, code, err);
	sqlite3_reset(stmt);
	return r;
}

int rs_db_row_at(struct rs_db *file, int64_t event, struct rs_db_row *ret_row, struct rs_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int r = prepared(file, SQL_ROW, &stmt, err), code;

	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, event);
	code = sqlite3_step(stmt);
	if (code == SQLITE_ROW)
		r = take_row(stmt, ret_row, err);
	else if (code == SQLITE_DONE)
		r = -ENOENT;
	else
		r = fail(file, code, err);
	sqlite3_reset(stmt);
	return r;
}

static void take_text(sqlite3_stmt *stmt, int column, char *buf, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);

	snprintf(buf, size, "%s", text ? text : "");
}

int rs_db_boot(struct rs_db *file, int64_t boot, struct rs_event_host *ret_host,
	       struct rs_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int r = prepared(file, SQL_BOOT, &stmt, err), code;

	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, boot);
	code = sqlite3_step(stmt);
	if (code == SQLITE_ROW) {
		*ret_host = (struct rs_event_host){ .boot_offset = 0 };
		take_text(stmt, 0, ret_host->boot_id, sizeof(ret_host->boot_id));
		take_text(stmt, 1, ret_host->name, sizeof(ret_host->name));
		take_text(stmt, 2, ret_host->id, sizeof(ret_host->id));
		take_text(stmt, 3, ret_host->arch, sizeof(ret_host->arch));
		take_text(stmt, 4, ret_host->kernel, sizeof(ret_host->kernel));
	} else if (code == SQLITE_DONE) {
		r = rs_error_set(err, -EBADMSG, "a block of no boot");
	} else {
		r = fail(file, code, err);
	}
	sqlite3_reset(stmt);
	return r;
}

int rs_db_part(struct rs_db *file, int64_t block, unsigned part, const void **ret_data,
	       size_t *ret_size, struct rs_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int r = prepared(file, SQL_PART, &stmt, err), code;

	if (r < 0)
		return r;
	sqlite3_bind_int64(stmt, 1, block * RS_PARTS + part);
	code = sqlite3_step(stmt);
	if (code == SQLITE_DONE)
		return rs_error_set(err, -ENOENT, "a part of a block is missing");
	if (code != SQLITE_ROW)
		return fail(file, code, err);
	*ret_data = sqlite3_column_blob(stmt, 0);
	*ret_size = (size_t)sqlite3_column_bytes(stmt, 0);
	if (!*ret_data)
		return rs_error_set(err, -EBADMSG, "a part of a block is empty");
	return 0;
}

void rs_db_release(struct rs_db *file)
{
	if (file->stmt[SQL_PART])
		sqlite3_reset(file->stmt[SQL_PART]);
	if (!sqlite3_get_autocommit(file->db))
		simple(file, SQL_COMMIT, NULL);
}

int rs_db_hold(struct rs_db *file, struct rs_error *err)
{
	return simple(file, SQL_READ, err);
}
