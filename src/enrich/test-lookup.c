/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/test-metadata.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include "base/clock.h"
#include "base/units.h"
#include "enrich/lookup.h"

#define FAR  (rs_clock_mono() + 60 * RS_NSEC_PER_SEC)
#define SOON (rs_clock_mono() + 20 * RS_NSEC_PER_MSEC)

static struct rs_lookup *open_lookup(void)
{
	struct rs_lookup *lookup = NULL;

	assert_int_equal(rs_lookup_new("root", "proc", &lookup, NULL), 0);
	assert_false(rs_lookup_take(lookup, &(uint64_t){ 0 }, &(struct rs_metadata *){ NULL }));
	return lookup;
}

static struct rs_lookup *start_lookup(void)
{
	struct rs_lookup *lookup = open_lookup();

	assert_int_equal(rs_lookup_start(lookup, NULL), 0);
	return lookup;
}

static void ask_for(struct rs_lookup *lookup, const char *id, uint64_t cookie, uint64_t deadline)
{
	struct rs_metadata_question question = { .id = id };

	assert_int_equal(rs_lookup_ask(lookup, &question, cookie, deadline), 0);
}

static bool readable(const struct rs_lookup *lookup, int timeout_ms)
{
	struct pollfd wait = { .fd = rs_lookup_fd(lookup), .events = POLLIN };

	return poll(&wait, 1, timeout_ms) == 1;
}

/* Waits for an answer; the caller's. */
static struct rs_metadata *take(struct rs_lookup *lookup, uint64_t *ret_cookie)
{
	struct rs_metadata *metadata = NULL;

	assert_true(readable(lookup, 60000));
	assert_true(rs_lookup_take(lookup, ret_cookie, &metadata));
	return metadata;
}

static void test_answers(void **state)
{
	_cleanup_(rs_lookup_free) struct rs_lookup *lookup = start_lookup();
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;
	struct rs_lookup_stats stats;
	uint64_t cookie = 0;

	(void)state;
	put("root/run/runc/box/state.json", "{\"id\":\"box\"}");
	ask_for(lookup, "box", 7, FAR);
	m = take(lookup, &cookie);
	assert_int_equal(cookie, 7);
	assert_non_null(m);
	assert_string_equal(m->container.name, "box");
	assert_false(readable(lookup, 0));
	rs_metadata_free(&m);
	ask_for(lookup, "box", UINT64_MAX, 0); /* a deadline that is over */
	m = take(lookup, &cookie);
	assert_non_null(m);
	assert_true(cookie == UINT64_MAX);
	rs_lookup_stats(lookup, &stats);
	assert_int_equal(stats.waiting, 0);
	assert_int_equal(stats.answers, 2);
	assert_int_equal(stats.empty, 0);
}

/* A look fails, the file comes, a later look finds it. */
static void test_later(void **state)
{
	_cleanup_(rs_lookup_free) struct rs_lookup *lookup = start_lookup();
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;
	uint64_t cookie = 0;

	(void)state;
	ask_for(lookup, "late", 1, FAR);
	ask_for(lookup, "none", 2, SOON);
	m = take(lookup, &cookie); /* by now "late" was looked for too */
	assert_int_equal(cookie, 2);
	assert_null(m);
	assert_false(readable(lookup, 0));
	put("root/run/runc/late/x", "{}");
	put("root/x", "{\"id\":\"late\"}");
	assert_int_equal(rename("root/x", "root/run/runc/late/state.json"), 0);
	m = take(lookup, &cookie);
	assert_int_equal(cookie, 1);
	assert_non_null(m);
}

static void test_deadline(void **state)
{
	_cleanup_(rs_lookup_free) struct rs_lookup *lookup = start_lookup();
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;
	uint64_t cookie = 0, deadline = SOON;
	struct rs_lookup_stats stats;

	(void)state;
	put("root/run/containerd/io.containerd.runtime.v2.task/moby/half/config.json",
	    "{\"annotations\":{\"a\":\"b\"}}");
	ask_for(lookup, "none", 1, deadline);
	m = take(lookup, &cookie);
	assert_null(m);
	assert_true(rs_clock_mono() >= deadline);
	deadline = SOON;
	ask_for(lookup, "half", 2, deadline);
	m = take(lookup, &cookie);
	assert_true(rs_clock_mono() >= deadline);
	assert_non_null(m);
	assert_true(m->partial);
	rs_metadata_free(&m);
	ask_for(lookup, "../x", 3, FAR); /* nothing to wait for */
	m = take(lookup, &cookie);
	assert_null(m);
	rs_lookup_stats(lookup, &stats);
	assert_int_equal(stats.empty, 2);
}

/* The caller's memory is his own again when he has asked. */
static void test_copies(void **state)
{
	_cleanup_(rs_lookup_free) struct rs_lookup *lookup = open_lookup();
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;
	char id[] = "box", runtime[] = "runc", args[] = "runc\0run\0-b\0b\0box", cwd[] = "/here";
	struct rs_metadata_question question = {
		.id = id,
		.runtime = runtime,
		.maker_pid = 12,
		.maker_args = args,
		.maker_args_len = sizeof(args),
		.maker_cwd = cwd,
	};
	uint64_t cookie;

	(void)state;
	put("root/here/b/config.json", "{\"annotations\":{\"a\":\"b\"}}");
	assert_int_equal(rs_lookup_ask(lookup, &question, 0, FAR), 0);
	memset(id, 'x', sizeof(id));
	memset(runtime, 'x', sizeof(runtime));
	memset(args, 'x', sizeof(args));
	memset(cwd, 'x', sizeof(cwd));
	assert_int_equal(rs_lookup_start(lookup, NULL), 0);
	m = take(lookup, &cookie);
	assert_non_null(m);
	assert_string_equal(m->container.id, "box");
	assert_string_equal(m->source, "bundle of the maker");
}

/* Answers that nobody takes count too. */
static void test_full(void **state)
{
	_cleanup_(rs_lookup_free) struct rs_lookup *lookup = open_lookup();
	struct rs_metadata_question question = { .id = "none" };
	static bool seen[RS_LOOKUP_WAITING_MAX];
	struct rs_lookup_stats stats;
	uint64_t cookie = 0;

	(void)state;
	memset(seen, 0, sizeof(seen));
	for (unsigned i = 0; i < RS_LOOKUP_WAITING_MAX; i++)
		ask_for(lookup, i % 2 ? "../not" : ".", i, i % 3 ? 0 : FAR);
	assert_int_equal(rs_lookup_ask(lookup, &question, 0, 0), -EAGAIN);
	rs_lookup_stats(lookup, &stats);
	assert_int_equal(stats.refused, 1);
	assert_int_equal(stats.waiting, RS_LOOKUP_WAITING_MAX);
	assert_int_equal(rs_lookup_start(lookup, NULL), 0);
	for (unsigned i = 0; i < RS_LOOKUP_WAITING_MAX; i++) {
		assert_null(take(lookup, &cookie));
		assert_true(cookie < RS_LOOKUP_WAITING_MAX);
		assert_false(seen[cookie]);
		seen[cookie] = true;
	}
	assert_false(readable(lookup, 0));
	assert_int_equal(rs_lookup_ask(lookup, &question, 0, 0), 0);
}

/* What is due first comes first, in whatever order it was asked for. */
static void test_order(void **state)
{
	_cleanup_(rs_lookup_free) struct rs_lookup *lookup = open_lookup();
	static const unsigned order[] = { 3, 0, 4, 1, 2 };
	uint64_t cookie = 0, base = SOON;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		ask_for(lookup, "none", order[i], base + order[i] * 5 * RS_NSEC_PER_MSEC);
	assert_int_equal(rs_lookup_start(lookup, NULL), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(order); i++) {
		assert_null(take(lookup, &cookie));
		assert_true(rs_clock_mono() >= base + cookie * 5 * RS_NSEC_PER_MSEC);
	}
}

static void test_ends(void **state)
{
	struct rs_lookup *lookup = open_lookup();

	(void)state;
	put("root/run/runc/box/state.json", "{\"id\":\"box\"}");
	ask_for(lookup, "box", 0, FAR);
	rs_lookup_free(&lookup); /* never started */
	assert_null(lookup);
	rs_lookup_free(&lookup);
	lookup = start_lookup();
	ask_for(lookup, "box", 0, FAR); /* one answered, one that waits long */
	assert_true(readable(lookup, 60000));
	ask_for(lookup, "none", 0, FAR);
	rs_lookup_free(&lookup);
}

/* Whether our thread runs; and its SigBlk, from /proc. */
static bool thread_runs(unsigned long long *ret_blocked)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	bool runs = false;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		char path[300], text[4096], *line;

		snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
		if (rs_fd_read_buf_at(AT_FDCWD, path, text, sizeof(text)) <= 0 ||
		    !strstr(text, "rs-lookup"))
			continue;
		line = strstr(text, "SigBlk:");
		assert_non_null(line);
		assert_int_equal(sscanf(line, "SigBlk: %llx", ret_blocked), 1);
		runs = true;
	}
	closedir(dir);
	return runs;
}

static void test_signals(void **state)
{
	_cleanup_(rs_lookup_free) struct rs_lookup *lookup = start_lookup();
	unsigned long long blocked = 0;
	sigset_t own;

	(void)state;
	assert_true(thread_runs(&blocked));
	assert_true(blocked & 1ull << (SIGTERM - 1));
	assert_true(blocked & 1ull << (SIGINT - 1));
	assert_true(blocked & 1ull << (SIGCHLD - 1));
	pthread_sigmask(SIG_SETMASK, NULL, &own);
	assert_false(sigismember(&own, SIGTERM));
	assert_int_equal(rs_lookup_start(lookup, NULL), -EALREADY);
}

/* One that hangs in a file system is left behind, and frees what it has when it comes back. */
static void test_hangs(void **state)
{
	struct rs_metadata_question question = { .id = "box", .pid = 30 };
	struct rs_lookup *lookup = start_lookup();
	unsigned long long blocked;
	uint64_t until = FAR;
	int fd = -1;

	(void)state;
	mkdir("proc/30", 0755);
	assert_int_equal(mkfifo("proc/30/cgroup", 0644), 0);
	assert_int_equal(rs_lookup_ask(lookup, &question, 0, FAR), 0);
	ask_for(lookup, "other", 0, FAR);
	/* Its end of the pipe is open as soon as ours can be. */
	while (fd < 0 && rs_clock_mono() < until) {
		fd = open("proc/30/cgroup", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		poll(NULL, 0, 1);
	}
	assert_true(fd >= 0);
	rs_lookup_free(&lookup);
	assert_true(thread_runs(&blocked));
	close(fd);
	while (thread_runs(&blocked) && rs_clock_mono() < until)
		poll(NULL, 0, 1);
	assert_false(thread_runs(&blocked));
}

/* --- who goes first --- */

/* A look that hangs until the pipe is opened and closed. */
static void ask_hanging(struct rs_lookup *lookup, uint64_t cookie)
{
	struct rs_metadata_question question = { .id = "hanging", .pid = 30 };

	mkdir("proc/30", 0755);
	assert_int_equal(mkfifo("proc/30/cgroup", 0644), 0);
	assert_int_equal(rs_lookup_ask(lookup, &question, cookie, 0), 0);
}

static int open_pipe(void)
{
	uint64_t until = FAR;
	int fd = -1;

	while (fd < 0 && rs_clock_mono() < until) {
		fd = open("proc/30/cgroup", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		poll(NULL, 0, 1);
	}
	assert_true(fd >= 0);
	return fd;
}

static void test_first_looks(void **state)
{
	_cleanup_(rs_lookup_free) struct rs_lookup *lookup = open_lookup();
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;
	uint64_t cookie = 0, deadline = SOON;
	int fd;

	(void)state;
	put("root/run/runc/box/state.json", "{\"id\":\"box\"}");
	ask_for(lookup, "none", 1, deadline);
	ask_hanging(lookup, 2);
	assert_int_equal(rs_lookup_start(lookup, NULL), 0);
	fd = open_pipe();
	while (rs_clock_mono() < deadline)
		poll(NULL, 0, 1);
	ask_for(lookup, "box", 3, FAR); /* later than the other's second look is due */
	close(fd);
	assert_null(take(lookup, &cookie));
	assert_int_equal(cookie, 2);
	m = take(lookup, &cookie);
	assert_int_equal(cookie, 3);
	assert_non_null(m);
	assert_null(take(lookup, &cookie));
	assert_int_equal(cookie, 1);
}

static void test_hurry(void **state)
{
	_cleanup_(rs_lookup_free) struct rs_lookup *lookup = open_lookup();
	_cleanup_(rs_metadata_free) struct rs_metadata *m = NULL;
	struct rs_metadata_question question = { .id = "box", .doubtful = true };
	uint64_t cookie = 0;

	(void)state;
	put("root/run/runc/box/state.json", "{\"id\":\"box\"}");
	assert_int_equal(rs_lookup_ask(lookup, &question, 1, FAR), 0);
	rs_lookup_hurry(lookup, 1);
	assert_int_equal(rs_lookup_start(lookup, NULL), 0);
	assert_null(take(lookup, &cookie)); /* not even looked for */
	ask_for(lookup, "none", 2, FAR);
	rs_lookup_hurry(lookup, 2);
	rs_lookup_hurry(lookup, 77);
	assert_null(take(lookup, &cookie));
	assert_int_equal(cookie, 2);
	assert_int_equal(rs_lookup_ask(lookup, &question, 3, FAR), 0);
	m = take(lookup, &cookie);
	assert_non_null(m);
}

/* What hangs holds up nobody else. */
static void test_next_thread(void **state)
{
	struct rs_lookup *lookup = start_lookup();
	struct rs_metadata *m = NULL;
	unsigned long long blocked;
	struct rs_lookup_stats stats;
	uint64_t cookie = 0, until = FAR;
	int fd;

	(void)state;
	put("root/run/runc/box/state.json", "{\"id\":\"box\"}");
	ask_hanging(lookup, 1);
	fd = open_pipe();
	ask_for(lookup, "box", 2, FAR);
	while (!rs_lookup_take(lookup, &cookie, &m) && rs_clock_mono() < until)
		poll(NULL, 0, 1);
	assert_int_equal(cookie, 1); /* given up */
	assert_null(m);
	m = take(lookup, &cookie);
	assert_int_equal(cookie, 2);
	assert_non_null(m);
	rs_metadata_free(&m);
	rs_lookup_stats(lookup, &stats);
	assert_int_equal(stats.hung, 1);
	assert_int_equal(stats.waiting, 0);
	rs_lookup_free(&lookup);
	assert_true(thread_runs(&blocked)); /* the one that hangs has the rest */
	close(fd);
	while (thread_runs(&blocked) && rs_clock_mono() < until)
		poll(NULL, 0, 1);
	assert_false(thread_runs(&blocked));
}

/* A stack larger than all memory: the thread cannot be made. */
static void test_no_thread(void **state)
{
	struct rs_lookup *lookup = open_lookup();
	struct rs_error err = RS_ERROR_INIT;
	pthread_attr_t before, huge;

	(void)state;
	assert_int_equal(pthread_getattr_default_np(&before), 0);
	assert_int_equal(pthread_attr_init(&huge), 0);
	assert_int_equal(pthread_attr_setstacksize(&huge, (size_t)1 << 46), 0);
	assert_int_equal(pthread_setattr_default_np(&huge), 0);
	assert_true(rs_lookup_start(lookup, &err) < 0);
	assert_true(err.code < 0);
	assert_int_equal(pthread_setattr_default_np(&before), 0);
	pthread_attr_destroy(&huge);
	pthread_attr_destroy(&before);
	ask_for(lookup, "none", 0, 0);
	rs_lookup_free(&lookup);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_answers),     test(test_later),       test(test_deadline),
		test(test_copies),      test(test_full),        test(test_order),
		test(test_ends),        test(test_signals),     test(test_hangs),
		test(test_no_thread),   test(test_first_looks), test(test_hurry),
		test(test_next_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
