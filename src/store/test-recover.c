/* SPDX-License-Identifier: Apache-2.0 */
/* Writers that are killed, and files that were torn or changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "store/dir.h"
#include "store/testing-store.h"

#define KILLS 15
#define TEARS 25

/* --- kill -9 --- */

/* Stores numbered events as fast as it can and tells after each how many are on disk. */
_noreturn_ static void store_until_killed(int fd, uint64_t n)
{
	struct rs_store *store = open_store("events");
	static struct test_event t;
	struct rs_store_stats stats;
	uint64_t before = n;

	for (uint64_t i = 0;; i++) {
		test_make(&t, n++, TEST_PROCESSES, TEST_CONTAINERS);
		rs_store_add(store, &t.event, TEST_OFFSET);
		if (i % 50 == 0)
			rs_store_tick(store, UINT64_MAX / 2); /* small ones, that are merged */
		rs_store_stats(store, &stats);
		if (stats.not_stored)
			_exit(1);
		while (stats.waiting > 400)
			rs_store_stats(store, &stats);
		if (write(fd, &(uint64_t){ before + stats.stored }, 8) != 8)
			_exit(1);
	}
}

/* How many a child got onto the disk before it was killed. */
static uint64_t kill_one(uint64_t n, unsigned round)
{
	uint64_t told = n, value;
	int fds[2], status;
	unsigned reads = 0;
	pid_t pid;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(fds[0]);
		store_until_killed(fds[1], n);
	}
	close(fds[1]);
	/* After some number of words; what it still says up to its death counts, too. */
	while (read(fds[0], &value, sizeof(value)) == sizeof(value)) {
		told = value;
		if (++reads == 100 + round * 397 % 6000)
			kill(pid, SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	close(fds[0]);
	return told;
}

/* All there are, in order, without a hole: returns how many. */
static uint64_t expect_whole(void)
{
	struct rs_store_query query = { .dir = "events", .cancel_fd = -1 };
	struct check check = { .step = 1 };
	struct rs_store_found found;

	ask(&query, &check, &found);
	if (found.damaged)
		fail_msg("%s", found.damage);
	return check.n;
}

static void test_killed(void **state)
{
	uint64_t n = 0;

	(void)state;
	for (unsigned round = 0; round < KILLS; round++) {
		uint64_t told = kill_one(n, round), have = expect_whole();

		if (have < told)
			fail_msg("round %u: %llu were on disk, %llu are", round,
				 (unsigned long long)told, (unsigned long long)have);
		n = have;
	}
	assert_true(n > 1000);
}

/* --- torn files --- */

static void fill(const char *dir, unsigned n)
{
	struct rs_store *store = open_store(dir);

	add_events(store, 0, n);
	rs_store_close(&store);
}

static void copy(const char *from, const char *to, struct rs_str *bytes)
{
	rs_str_reset(bytes);
	assert_int_equal(rs_fd_read_file(from, 64 << 20, bytes, NULL), 0);
	assert_int_equal(rs_fd_replace_file(to, bytes->data, bytes->len, 0600, NULL), 0);
}

static int look(void *data, const struct rs_event *event, const struct rs_event_host *host)
{
	struct rs_str *line = data;

	(void)host;
	rs_str_reset(line);
	rs_event_summary(line, event);
	return 0;
}

/* Never more than what there was, and a word where it is less. */
static uint64_t query_damaged(const char *dir, uint64_t stored)
{
	_cleanup_(rs_str_done) struct rs_str line = { 0 };
	struct rs_store_query query = { .dir = dir, .cancel_fd = -1 };
	struct rs_store_found found;

	assert_int_equal(rs_store_query(&query, look, &line, &found, NULL), 0);
	assert_true(found.matched <= stored);
	if (found.damaged)
		assert_true(found.damage[0]);
	return found.matched + (found.damaged ? 1 : 0);
}

#define NAME "/events-20260701T12.db"

static uint32_t random_number(void)
{
	static uint64_t x = 88172645463325252ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 16);
}

/* A writer opens it all the same, and goes on. */
static void write_on(const char *dir)
{
	struct rs_store *store = open_store(dir);
	struct rs_store_stats stats;

	add_events(store, 20000, 20500);
	stats = wait_stored(store);
	if (stats.not_stored) { /* what met the damage; the next go to a new file */
		add_events(store, 20500, 21000);
		stats = wait_stored(store);
		assert_true(stats.stored >= 500);
		assert_int_equal(stats.set_aside, 1);
	}
	assert_false(stats.failing);
	rs_store_close(&store);
}

static void test_cut(void **state)
{
	_cleanup_(rs_str_done) struct rs_str bytes = RS_STR_INIT(64 << 20);
	struct stat st;

	(void)state;
	fill("whole", 20000);
	assert_int_equal(stat("whole" NAME, &st), 0);
	mkdir("torn", 0700);
	for (unsigned i = 0; i < TEARS; i++) {
		copy("whole" NAME, "torn" NAME, &bytes);
		assert_int_equal(truncate("torn" NAME, random_number() % st.st_size), 0);
		query_damaged("torn", 20000);
		if (i % 6 == 0)
			write_on("torn");
		query_damaged("torn", 21000);
		assert_int_equal(system("rm -f torn/events-*"), 0);
	}
}

static void test_flipped(void **state)
{
	_cleanup_(rs_str_done) struct rs_str bytes = RS_STR_INIT(64 << 20);
	unsigned noticed = 0;

	(void)state;
	fill("whole", 20000);
	mkdir("torn", 0700);
	for (unsigned i = 0; i < TEARS; i++) {
		copy("whole" NAME, "torn" NAME, &bytes);
		for (unsigned k = 0; k < 1 + i % 20; k++)
			bytes.data[random_number() % bytes.len] ^= (char)(1 +
									  random_number() % 255);
		assert_int_equal(rs_fd_replace_file("torn" NAME, bytes.data, bytes.len, 0600, NULL),
				 0);
		noticed += query_damaged("torn", 200000) != 20000;
		if (i % 6 == 0)
			write_on("torn");
		assert_int_equal(system("rm -f torn/events-*"), 0);
	}
	assert_true(noticed > TEARS / 2);
}

/* A log that was cut, as power loss may leave it. */
static void test_cut_log(void **state)
{
	_cleanup_(rs_str_done) struct rs_str bytes = RS_STR_INIT(64 << 20);
	struct rs_store *store = open_store("live");
	struct rs_store_stats stats;
	struct stat st;

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		add_events(store, i * 500, i * 500 + 500);
		wait_stored(store);
	}
	assert_int_equal(stat("live" NAME "-wal", &st), 0);
	mkdir("torn", 0700);
	for (unsigned i = 0; i < TEARS / 3; i++) {
		copy("live" NAME, "torn" NAME, &bytes);
		copy("live" NAME "-wal", "torn" NAME "-wal", &bytes);
		assert_int_equal(truncate("torn" NAME "-wal", random_number() % st.st_size), 0);
		query_damaged("torn", 5000);
		write_on("torn");
		query_damaged("torn", 6000);
		assert_int_equal(system("rm -f torn/events-*"), 0);
	}
	rs_store_stats(store, &stats);
	assert_int_equal(stats.stored, 5000);
	rs_store_close(&store);
}

/* Not ours at all. */
static void test_set_aside(void **state)
{
	static const char garbage[] =
		"this is no database, whatever its name says; nobody wrote one here";
	struct rs_store *store;
	struct rs_store_stats stats;

	(void)state;
	mkdir("events", 0700);
	assert_int_equal(rs_fd_replace_file("events" NAME, garbage, sizeof(garbage), 0600, NULL),
			 0);
	assert_int_equal(query_damaged("events", 0), 1);
	assert_int_equal(rs_fd_replace_file("events" NAME "-wal", "x", 1, 0600, NULL), 0);
	store = open_store("events");
	rs_store_stats(store, &stats);
	assert_int_equal(stats.set_aside, 1);
	assert_int_equal(access("events" NAME ".broken", F_OK), 0);
	assert_int_equal(access("events" NAME "-wal", F_OK), -1);
	add_events(store, 0, 100);
	stats = wait_stored(store);
	assert_int_equal(stats.stored, 100);
	rs_store_close(&store);
	assert_int_equal(expect_whole(), 100);
}

/* Of a program that we do not know: left as it is, by writers too. */
static void test_other_version(void **state)
{
	struct rs_store_query query = { .dir = "events", .cancel_fd = -1 };
	_cleanup_(rs_str_done) struct rs_str line = { 0 };
	struct rs_store_found found;
	struct rs_store_stats stats;
	struct rs_store *store;
	int fd;

	(void)state;
	fill("events", 1000);
	fd = open("events" NAME, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "\0\0\0\143", 4, 60), 4); /* user_version */
	close(fd);
	store = open_store("events");
	add_events(store, 1000, 1500);
	stats = wait_stored(store);
	assert_int_equal(stats.stored, 500);
	assert_int_equal(stats.set_aside, 0);
	rs_store_close(&store);
	assert_int_equal(access("events" NAME, F_OK), 0);
	assert_int_equal(access("events/events-20260701T12-2.db", F_OK), 0);
	assert_int_equal(rs_store_query(&query, look, &line, &found, NULL), 0);
	assert_int_equal(found.matched, 500);
	assert_int_equal(found.damaged, 1);
	if (!strstr(found.damage, "of version 99"))
		fail_msg("%s", found.damage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_killed),    scratch_test(test_cut),
		scratch_test(test_flipped),   scratch_test(test_cut_log),
		scratch_test(test_set_aside), scratch_test(test_other_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
