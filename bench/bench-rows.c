/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store is compared with: SQLite, an event a row, with indexes. The events are those of
 * bench-store, in the same order; a row has less of them than the store keeps (no labels, ancestors,
 * groups, ports, ids of threads).
 *
 * usage: bench-rows DIRECTORY MILLIONS [COLUMN...]  a fresh directory, and indexes from the start
 *        bench-rows --index DIRECTORY COLUMN        one more
 *        bench-rows --ask DIRECTORY SQL      prints what the statement returns, with tabs between
 *
 * Storing prints "EVENTS CPU-US-AN-EVENT SECONDS BYTES-AN-EVENT".
 */
#include <sqlite3.h>
#include <sys/stat.h>

#include "bench/bench.h"
#include "store/testing.h"

#define PROCESSES  5000 /* these four as bench-store has them */
#define CONTAINERS 500
#define SOME       10000
#define STEP       10000
#define BATCH      8192 /* rows in a transaction */

static const char *const schema[] = {
	"PRAGMA journal_mode=WAL",
	"PRAGMA synchronous=NORMAL",
	"PRAGMA cache_size=-65536",
	"CREATE TABLE events(time INTEGER, kind TEXT, pid INTEGER, ppid INTEGER, uid INTEGER,"
	" user TEXT, comm TEXT, exe TEXT, args TEXT, path TEXT, container TEXT, container_id TEXT,"
	" image TEXT, pod TEXT, namespace TEXT)",
};

#define INSERT "INSERT INTO events VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"

static void must(sqlite3 *db, int r, const char *what)
{
	if (r != SQLITE_OK && r != SQLITE_ROW && r != SQLITE_DONE)
		bench_die("%s: %s", what, sqlite3_errmsg(db));
}

static void run(sqlite3 *db, const char *sql)
{
	must(db, sqlite3_exec(db, sql, NULL, NULL, NULL), sql);
}

static const char *file_of(const char *dir)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/rows.db", dir);
	return path;
}

static sqlite3 *open_db(const char *dir, int flags)
{
	sqlite3 *db = NULL;

	must(db, sqlite3_open_v2(file_of(dir), &db, flags, NULL), dir);
	return db;
}

/* --- storing --- */

/* An event that was made, and its path. */
struct row {
	struct test_event made;
	char path[RS_EVENT_PATH_MAX];
	size_t path_len; /* 0: none */
};

static void make_row(struct row *row, uint64_t n)
{
	struct rs_path path;
	char buf[RS_EVENT_PATH_MAX];

	test_make(&row->made, n, PROCESSES, CONTAINERS);
	if (!rs_event_path(&row->made.event, 0, buf, &path))
		return;
	row->path_len = path.len;
	memcpy(row->path, path.data, path.len);
}

static void bind_text(sqlite3_stmt *insert, int at, const char *text)
{
	sqlite3_bind_text(insert, at, text, -1, SQLITE_STATIC);
}

static void insert_row(sqlite3 *db, sqlite3_stmt *insert, const struct row *row, uint64_t number)
{
	const struct rs_event *event = &row->made.event;
	const struct rs_event_container *container = event->cgroup->container;

	sqlite3_bind_int64(insert, 1, TEST_OFFSET + (int64_t)(TEST_BOOT + number * STEP));
	bind_text(insert, 2, rs_kind_to_str((enum rs_kind)event->hdr->kind));
	sqlite3_bind_int64(insert, 3, event->hdr->pid);
	sqlite3_bind_int64(insert, 4, event->hdr->ppid);
	sqlite3_bind_int64(insert, 5, event->hdr->uid);
	bind_text(insert, 6, event->user);
	bind_text(insert, 7, event->hdr->comm);
	bind_text(insert, 8, event->executable);
	bind_text(insert, 9, event->command_line);
	sqlite3_bind_text(insert, 10, row->path_len ? row->path : NULL, (int)row->path_len,
			  SQLITE_STATIC);
	bind_text(insert, 11, container->name);
	bind_text(insert, 12, container->id);
	bind_text(insert, 13, container->image);
	bind_text(insert, 14, container->pod_name);
	bind_text(insert, 15, container->namespace);
	must(db, sqlite3_step(insert), "inserting");
	sqlite3_reset(insert);
}

static void create_index(sqlite3 *db, const char *column)
{
	char sql[256];

	snprintf(sql, sizeof(sql), "CREATE INDEX by_%s ON events(%s)", column, column);
	run(db, sql);
}

static void store(const char *dir, uint64_t n, char **columns)
{
	sqlite3 *db = open_db(dir, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
	struct row *rows = calloc(SOME, sizeof(*rows));
	sqlite3_stmt *insert = NULL;
	uint64_t start, cpu;
	struct stat st;

	if (!rows)
		bench_die("no memory");
	for (unsigned i = 0; i < SOME; i++)
		make_row(&rows[i], i);
	for (size_t i = 0; i < ARRAY_SIZE(schema); i++)
		run(db, schema[i]);
	for (; *columns; columns++)
		create_index(db, *columns);
	must(db, sqlite3_prepare_v2(db, INSERT, -1, &insert, NULL), "preparing");
	start = bench_now();
	cpu = bench_clock(CLOCK_PROCESS_CPUTIME_ID);
	for (uint64_t i = 0; i < n; i++) {
		if (i % BATCH == 0)
			run(db, i ? "COMMIT; BEGIN" : "BEGIN");
		insert_row(db, insert, &rows[i * 31 % SOME], i);
	}
	run(db, "COMMIT");
	sqlite3_finalize(insert);
	must(db, sqlite3_close(db), "closing");
	cpu = bench_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	start = bench_now() - start;
	if (stat(file_of(dir), &st))
		bench_die("\"%s\": %s", file_of(dir), strerror(errno));
	printf("%lu %.3f %.1f %.1f\n", (unsigned long)n, (double)cpu / (double)n / 1000,
	       (double)start / 1e9, (double)st.st_size / (double)n);
	free(rows);
}

/* --- asking --- */

static void ask(const char *dir, const char *sql)
{
	sqlite3 *db = open_db(dir, SQLITE_OPEN_READONLY);
	sqlite3_stmt *query = NULL;
	int r;

	must(db, sqlite3_prepare_v2(db, sql, -1, &query, NULL), sql);
	while ((r = sqlite3_step(query)) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(query); i++) {
			const char *text = (const char *)sqlite3_column_text(query, i);

			if (i)
				putchar_unlocked('\t');
			fputs(text ? text : "", stdout);
		}
		putchar_unlocked('\n');
	}
	must(db, r, sql);
	sqlite3_finalize(query);
	sqlite3_close(db);
}

static void add_index(const char *dir, const char *column)
{
	sqlite3 *db = open_db(dir, SQLITE_OPEN_READWRITE);

	create_index(db, column);
	must(db, sqlite3_close(db), "closing");
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "--ask"))
		ask(argv[2], argv[3]);
	else if (argc == 4 && !strcmp(argv[1], "--index"))
		add_index(argv[2], argv[3]);
	else if (argc >= 3)
		store(argv[1], (uint64_t)(bench_number(argv[2]) * 1e6), argv + 3);
	else
		bench_die("usage: bench-rows DIRECTORY MILLIONS [COLUMN...]");
	return 0;
}
