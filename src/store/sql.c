/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sql.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

static int errno_of(sqlite3 *db, int code)
{
	int system = db ? sqlite3_system_errno(db) : 0;

	switch (code & 0xff) {
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CANTOPEN:
		return system ? -system : -ENOENT;
	case SQLITE_IOERR:
		if (code == SQLITE_IOERR_SHORT_READ)
			return -EBADMSG;
		return system ? -system : -EIO;
	default: /* CORRUPT, NOTADB; ERROR: a table is missing */
		return -EBADMSG;
	}
}

int rs_sql_fail(sqlite3 *db, int code, struct rs_error *err)
{
	int r = errno_of(db, code);

	if (r == -EBADMSG)
		return rs_error_set(err, r, "damaged: %s", sqlite3_errmsg(db));
	return rs_error_set_errno(err, r, "database");
}

int rs_sql_exec(sqlite3 *db, const char *text, struct rs_error *err)
{
	int code = sqlite3_exec(db, text, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : rs_sql_fail(db, code, err);
}

int rs_sql_number(sqlite3 *db, const char *text, int64_t *ret_number, struct rs_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(db, text, -1, &stmt, NULL), r = 0;

	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	if (code == SQLITE_ROW)
		*ret_number = sqlite3_column_int64(stmt, 0);
	else
		r = rs_sql_fail(db, code, err);
	sqlite3_finalize(stmt);
	return r;
}

/* A file may be forged: nothing in it is run. */
static void distrust(sqlite3 *db)
{
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_extended_result_codes(db, 1);
	sqlite3_busy_timeout(db, RS_SQL_BUSY_MS);
}

/* As root, SQLite gives the files beside a database to the database's owner each time it opens them. Where
 * they are the owner's already that would only be one more change of a file: which the agent reports, and
 * stores, and whoever follows the store wakes up for. */
static int change_owner(int fd, uid_t uid, gid_t gid)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && st.st_uid == uid && st.st_gid == gid)
		return 0;
	return fchown(fd, uid, gid);
}

static void set_up(void)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	if (vfs && vfs->iVersion >= 3)
		vfs->xSetSystemCall(vfs, "fchown", (sqlite3_syscall_ptr)change_owner);
}

int rs_sql_open(const char *path, int flags, sqlite3 **ret_db, struct rs_error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	sqlite3 *db = NULL;
	int code, r;

	pthread_once(&once, set_up);
	code = sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL);
	if (code != SQLITE_OK) {
		r = errno_of(db, db ? sqlite3_extended_errcode(db) : code);
		sqlite3_close(db);
		return rs_error_set_errno(err, r, "opening \"%s\"", path);
	}
	distrust(db);
	*ret_db = db;
	return 0;
}
