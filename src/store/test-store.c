/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "store/dir.h"
#include "store/testing-store.h"

#define SECOND 1000000000ull

static void expect_all(const char *dir, uint64_t n)
{
	struct rs_store_query query = { .dir = dir, .cancel_fd = -1 };
	struct check check = { .step = 1 };
	struct rs_store_found found;

	ask(&query, &check, &found);
	assert_int_equal(found.damaged, 0);
	assert_int_equal(check.n, n);
	assert_int_equal(found.matched, n);
}

static void test_round_trip(void **state)
{
	struct rs_store *store = open_store("events");

	(void)state;
	add_events(store, 0, 20000);
	rs_store_close(&store);
	expect_all("events", 20000);
	store = open_store("events");
	add_events(store, 20000, 20010);
	rs_store_close(&store);
	expect_all("events", 20010);
	assert_int_equal(access("events/events-20260701T12.db", F_OK), 0);
	assert_int_equal(access("events/events-20260701T12.db-wal", F_OK), -1);
}

/* Without its thread, what was added is written at the end. */
static void test_never_started(void **state)
{
	struct rs_store_options options = { .dir = "a/b/events", .max_age = TEST_FOREVER };
	struct rs_event_host host = test_host();
	struct rs_store *store = NULL;
	struct stat st;

	(void)state;
	assert_int_equal(rs_store_open(&options, &host, &store, NULL), 0);
	for (uint64_t n = 0; n < 3; n++) {
		struct test_event t;

		test_make(&t, n, TEST_PROCESSES, TEST_CONTAINERS);
		rs_store_add(store, &t.event, TEST_OFFSET);
	}
	rs_store_close(&store);
	expect_all("a/b/events", 3);
	assert_int_equal(stat("a/b/events", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat("a/b/events/events-20260701T12.db", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

/* The figures of a store that is finished are final: nothing waits. */
static void test_finished(void **state)
{
	struct rs_store *store = open_store("events");
	struct rs_store_stats stats;

	(void)state;
	for (uint64_t n = 0; n < 7; n++) {
		struct test_event t;

		test_make(&t, n, TEST_PROCESSES, TEST_CONTAINERS);
		rs_store_add(store, &t.event, TEST_OFFSET);
	}
	rs_store_finish(store);
	rs_store_stats(store, &stats);
	assert_int_equal(stats.waiting, 0);
	assert_int_equal(stats.stored, 7);
	rs_store_finish(store);
	rs_store_close(&store);
	rs_store_finish(store);
	expect_all("events", 7);
}

/* Handed over a few at a time, they end up in few blocks. */
static void test_merging(void **state)
{
	struct rs_store_query query = { .dir = "events", .cancel_fd = -1 };
	struct check check = { .step = 1 };
	struct rs_store *store = open_store("events");
	struct rs_store_found found;
	uint64_t n = 0;

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		add_events(store, n, n + 1 + i % 5);
		n += 1 + i % 5;
		wait_stored(store);
		if (i == 120) { /* goes on where it was */
			rs_store_close(&store);
			store = open_store("events");
		}
	}
	ask(&query, &check, &found);
	assert_int_equal(check.n, n);
	assert_in_range(found.blocks, 1, 14);
	rs_store_close(&store);
	expect_all("events", n);
}

static void test_one_writer(void **state)
{
	struct rs_store_options options = { .dir = "events" };
	struct rs_event_host host = test_host();
	struct rs_store *store = open_store("events"), *second = NULL;
	struct rs_error err = RS_ERROR_INIT;

	(void)state;
	assert_int_equal(rs_store_open(&options, &host, &second, &err), -EBUSY);
	assert_non_null(strstr(err.msg, "events/lock"));
	assert_null(second);
	rs_store_close(&store);
}

/* --- files --- */

static size_t count_files(const char *dir)
{
	struct rs_dir_files files = { 0 };
	size_t n;

	assert_int_equal(rs_dir_list(dir, &files, NULL), 0);
	n = files.len;
	rs_dir_files_done(&files);
	return n;
}

/* Events a second apart: a file for every ten. */
static void add_slowly(struct rs_store *store, uint64_t from, uint64_t to)
{
	static struct test_event t;

	for (uint64_t n = from; n < to; n++) {
		test_make(&t, n, TEST_PROCESSES, TEST_CONTAINERS);
		rs_store_add(store, &t.event, TEST_OFFSET + (int64_t)(n * SECOND));
	}
}

static int count_in_order(void *data, const struct rs_event *event,
			  const struct rs_event_host *host)
{
	uint64_t *last = data;
	uint64_t real = event->hdr->time + (uint64_t)host->boot_offset;

	assert_true(real >= last[0]);
	last[0] = real;
	last[1]++;
	return 0;
}

static uint64_t count_all(const char *dir, struct rs_store_found *found)
{
	struct rs_store_query query = { .dir = dir, .cancel_fd = -1 };
	uint64_t last[2] = { 0 };

	assert_int_equal(rs_store_query(&query, count_in_order, last, found, NULL), 0);
	return last[1];
}

static void test_rotation(void **state)
{
	struct rs_store *store = open_with(
		(struct rs_store_options){ .dir = "events", .file_span = 10 * SECOND });
	struct rs_store_found found;

	(void)state;
	add_slowly(store, 0, 100);
	wait_stored(store);
	assert_int_equal(count_files("events"), 10);
	/* A clock that is set back leads back to older files, and forward again. */
	add_slowly(store, 35, 36);
	add_slowly(store, 100, 101);
	rs_store_close(&store);
	assert_int_equal(count_files("events"), 11);
	assert_int_equal(count_all("events", &found), 102);
	assert_int_equal(found.damaged, 0);
	assert_int_equal(found.first, 1782907200 * SECOND);
}

static void test_age(void **state)
{
	struct rs_store *store = open_with((struct rs_store_options){
		.dir = "events", .file_span = 10 * SECOND, .max_age = 3600 * SECOND });
	struct rs_store_stats stats;

	(void)state;
	/* Of last year, or yet to come: the open file stays in either case. */
	add_slowly(store, 0, 100);
	stats = wait_stored(store);
	if (rs_clock_real() > 1782907200 * SECOND + 4 * 3600 * SECOND)
		assert_int_equal(stats.files_dropped, 9);
	assert_true(stats.files >= 1);
	rs_store_close(&store);
}

static void test_size(void **state)
{
	const uint64_t max = 4u << 20;
	struct rs_store *store = open_with(
		(struct rs_store_options){ .dir = "events", .max_bytes = max });
	struct rs_store_found found;
	struct rs_store_stats stats;
	uint64_t n = 0, left;

	(void)state;
	for (rs_store_stats(store, &stats); stats.files_dropped < 3 && n < 1000000;) {
		add_events(store, n, n + 5000);
		n += 5000;
		stats = wait_stored(store);
		assert_true(stats.bytes <= max + (1 << 20));
	}
	assert_true(stats.files_dropped >= 3);
	assert_int_equal(stats.stored, n);
	rs_store_close(&store);
	left = count_all("events", &found);
	assert_int_equal(found.damaged, 0);
	assert_true(left < n && left > 5000);
	assert_int_equal(found.last, 1782907200 * SECOND + (n - 1) * 10000);
}

/* --- disks that refuse --- */

static void note(void *data, const char *text)
{
	char(*notes)[2][256] = data;

	if (!(*notes)[0][0])
		snprintf((*notes)[0], sizeof((*notes)[0]), "%s", text);
	else if (!(*notes)[1][0])
		snprintf((*notes)[1], sizeof((*notes)[1]), "%s", text);
	else
		snprintf((*notes)[1], sizeof((*notes)[1]), "too many");
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = MIN(bytes, limit.rlim_max);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Adds events one by one until the store says whether it fails, as wanted. */
static uint64_t add_until(struct rs_store *store, uint64_t n, bool failing)
{
	uint64_t deadline = rs_clock_mono() + TEST_DEADLINE;
	struct rs_store_stats stats;

	do {
		add_events(store, n, n + 1);
		n++;
		stats = wait_stored(store);
		poll(NULL, 0, 10);
		assert_true(rs_clock_mono() < deadline);
	} while (stats.failing != failing);
	return n;
}

static void expect_note(const char *text, const char *want)
{
	uint64_t deadline = rs_clock_mono() + TEST_DEADLINE;

	while (strcmp(text, want) != 0) {
		assert_true(rs_clock_mono() < deadline);
		poll(NULL, 0, 1);
	}
}

/* It comes and goes, and that is told once, where it goes again in time: a slow disk may take longer. */
static void test_full_disk(void **state)
{
	const uint64_t steady = 3 * SECOND;
	char notes[2][256] = { "", "" };
	struct rs_store *store = open_with((struct rs_store_options){
		.dir = "events", .note = note, .data = notes, .steady = steady });
	struct rs_store_stats stats;
	struct rs_store_found found;
	uint64_t n = 20000, worked;
	bool in_time;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	add_events(store, 0, n);
	wait_stored(store);
	limit_files(1 << 19);
	add_events(store, n, 2 * n);
	n *= 2;
	stats = wait_stored(store);
	assert_true(stats.failing);
	assert_true(stats.not_stored > 0);
	assert_int_equal(stats.stored + stats.not_stored, n);
	limit_files(RLIM_INFINITY);
	worked = rs_clock_mono();
	n = add_until(store, n, false);
	limit_files(1 << 19);
	n = add_until(store, n, true);
	in_time = rs_clock_mono() - worked < steady;
	if (in_time)
		assert_string_equal(notes[1], "");
	limit_files(RLIM_INFINITY);
	n = add_until(store, n, false);
	if (in_time)
		expect_note(notes[1], "stores again"); /* without another event */
	stats = wait_stored(store);
	assert_int_equal(stats.stored + stats.not_stored, n);
	rs_store_close(&store);
	assert_memory_equal(notes[0], "stored no more: ", 16);
	if (in_time)
		assert_string_equal(notes[1], "stores again");
	assert_int_equal(count_all("events", &found), stats.stored);
	assert_int_equal(found.damaged, 0);
}

static const char *full_while; /* this file is there */

static ssize_t write_or_full(int fd, const void *data, size_t n, off_t at)
{
	if (full_while && access(full_while, F_OK) == 0) {
		errno = ENOSPC;
		return -1;
	}
	return pwrite(fd, data, n, at);
}

static void take_over_writes(sqlite3_syscall_ptr call)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	vfs->xSetSystemCall(vfs, "pwrite", call);
	vfs->xSetSystemCall(vfs, "pwrite64", call);
}

/* Without room the oldest make some: storing goes on. */
static void test_room(void **state)
{
	struct rs_store *store = open_with(
		(struct rs_store_options){ .dir = "events", .file_span = 10 * SECOND });
	struct rs_store_stats stats;

	(void)state;
	add_slowly(store, 0, 100);
	wait_stored(store);
	assert_int_equal(count_files("events"), 10);
	take_over_writes((sqlite3_syscall_ptr)write_or_full);
	full_while = "events/events-20260701T12.db";
	add_slowly(store, 100, 110);
	stats = wait_stored(store);
	full_while = NULL;
	assert_int_equal(stats.files_dropped, 1);
	assert_int_equal(stats.not_stored, 0);
	assert_int_equal(stats.stored, 110);
	assert_false(stats.failing);
	rs_store_close(&store);
	take_over_writes(NULL);
	assert_int_equal(count_files("events"), 10);
}

static int mkdir_fails; /* errno */

/* Instead of the C library's. */
int mkdir(const char *path, mode_t mode)
{
	if (mkdir_fails) {
		errno = mkdir_fails;
		return -1;
	}
	return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

/* A disk that refuses already at start is tried again; another reason is told at once. */
static void test_full_at_start(void **state)
{
	struct rs_store_options options = { .dir = "a/events" };
	char notes[2][256] = { "", "" };
	struct rs_event_host host = test_host();
	struct rs_store *store = NULL;
	struct rs_store_stats stats;
	uint64_t n = 100;

	(void)state;
	mkdir_fails = EACCES;
	assert_int_equal(rs_store_open(&options, &host, &store, NULL), -EACCES);
	mkdir_fails = ENOSPC;
	store = open_with((struct rs_store_options){
		.dir = "a/events", .note = note, .data = notes, .steady = 1 });
	assert_non_null(strstr(notes[0], "not kept for now"));
	assert_non_null(strstr(notes[0], strerror(ENOSPC)));
	add_events(store, 0, n);
	stats = wait_stored(store);
	assert_true(stats.failing);
	assert_int_equal(stats.not_stored, n);
	mkdir_fails = 0;
	n = add_until(store, n, false);
	stats = wait_stored(store);
	assert_true(stats.stored > 0);
	assert_int_equal(stats.stored + stats.not_stored, n);
	expect_note(notes[1], "stores again");
	rs_store_close(&store);
}

/* --- odd events --- */

static int check_ends(void *data, const struct rs_event *event, const struct rs_event_host *host)
{
	unsigned *n = data;

	(void)host;
	if (*n % 2) {
		assert_non_null(event->end);
		assert_int_equal(event->end->maxrss, *n);
		assert_int_equal(event->end->hdr.kind, RS_KIND_EXIT);
	} else {
		assert_null(event->end);
	}
	assert_int_equal(event->hdr->kind, RS_KIND_EXEC);
	assert_null(event->cgroup);
	assert_null(event->user);
	assert_int_equal(event->n_ancestors, 0);
	++*n;
	return 0;
}

/* Those that stand for a whole life; and nothing known of the process. */
static void test_ends(void **state)
{
	struct rs_store_query query = { .dir = "events", .cancel_fd = -1 };
	struct rs_store *store = open_store("events");
	static struct test_event t;
	struct rs_hdr *hdr = (struct rs_hdr *)(void *)t.record;
	unsigned n = 0;

	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		test_record(&t, RS_KIND_EXEC, NULL);
		hdr->time += i;
		rs_event_decode(hdr, hdr->size, &t.event);
		t.end.hdr = *hdr;
		t.end.hdr.kind = RS_KIND_EXIT;
		t.end.hdr.size = sizeof(t.end);
		t.end.maxrss = i;
		if (i % 2)
			t.event.end = &t.end;
		rs_store_add(store, &t.event, TEST_OFFSET);
		if (i % 100 == 50)
			wait_stored(store); /* merged ones keep them */
	}
	rs_store_close(&store);
	assert_int_equal(rs_store_query(&query, check_ends, &n, NULL, NULL), 0);
	assert_int_equal(n, 500);
}

/* Longer than is kept: cut, and counted as one. */
static void test_long_texts(void **state)
{
	struct rs_store_query query = { .dir = "events", .cancel_fd = -1 };
	struct rs_store *store = open_store("events");
	static struct test_event t;
	static char text[100000];
	struct rs_store_found found;
	struct rs_store_stats stats;
	uint64_t last[2] = { 0 };

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	test_make(&t, 0, TEST_PROCESSES, TEST_CONTAINERS);
	t.event.command_line = text;
	for (unsigned i = 0; i < 1000; i++)
		rs_store_add(store, &t.event, TEST_OFFSET);
	stats = wait_stored(store);
	assert_int_equal(stats.stored, 1000);
	rs_store_close(&store);
	assert_int_equal(rs_store_query(&query, count_in_order, last, &found, NULL), 0);
	assert_int_equal(last[1], 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_round_trip),    scratch_test(test_never_started),
		scratch_test(test_finished),      scratch_test(test_merging),
		scratch_test(test_one_writer),    scratch_test(test_rotation),
		scratch_test(test_age),           scratch_test(test_size),
		scratch_test(test_full_disk),     scratch_test(test_room),
		scratch_test(test_full_at_start), scratch_test(test_ends),
		scratch_test(test_long_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
