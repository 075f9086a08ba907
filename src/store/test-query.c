/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>

#include "store/testing-store.h"

#define EVENTS 30000
#define FIRST  1782907200000000000ull /* real time of the first */
#define STEP   10000

/* --- conditions --- */

struct collected {
	uint64_t *seq;
	uint64_t n, stop_after;
	uint64_t last;
};

static int collect(void *data, const struct rs_event *event, const struct rs_event_host *host)
{
	struct collected *c = data;
	uint64_t real = event->hdr->time + (uint64_t)host->boot_offset;

	assert_true(real >= c->last);
	c->last = real;
	assert_true(c->n < EVENTS);
	c->seq[c->n++] = (real - FIRST) / STEP;
	return c->n == c->stop_after ? 77 : 0;
}

/* What the events themselves say. */
static uint64_t expect(const struct rs_expr *where, uint64_t kinds, uint64_t *seq)
{
	struct rs_event_host host = test_host();
	struct rs_expr_run *run = NULL;
	static struct test_event t;
	uint64_t n = 0;

	host.boot_offset = TEST_OFFSET;
	assert_int_equal(rs_expr_run_new(&host, &run), 0);
	for (uint64_t i = 0; i < EVENTS; i++) {
		test_make(&t, i, TEST_PROCESSES, TEST_CONTAINERS);
		if (kinds && !(kinds >> t.event.hdr->kind & 1))
			continue;
		if (rs_expr_match(where, run, &t.event))
			seq[n++] = i;
	}
	rs_expr_run_free(&run);
	return n;
}

struct store_of {
	struct rs_store *store;
	uint64_t *want, *got;
};

static void fill(struct store_of *s)
{
	s->store = open_store("events");
	add_events(s->store, 0, EVENTS);
	wait_stored(s->store);
	s->want = calloc(EVENTS, sizeof(*s->want));
	s->got = calloc(EVENTS, sizeof(*s->got));
	assert_true(s->want && s->got);
}

static void empty(struct store_of *s)
{
	rs_store_close(&s->store);
	free(s->want);
	free(s->got);
}

/* Returns the blocks read. */
static uint64_t compare(struct store_of *s, const char *text, uint64_t kinds, bool some)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(1 << 20);
	struct rs_store_query query = { .dir = "events", .cancel_fd = -1, .kinds = kinds };
	struct collected c = { .seq = s->got };
	struct rs_error err = RS_ERROR_INIT;
	struct rs_store_found found;
	uint64_t n;

	if (rs_expr_parse(text, &arena, &query.where, NULL, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	n = expect(query.where, kinds, s->want);
	assert_int_equal(rs_store_query(&query, collect, &c, &found, &err), 0);
	if (c.n != n)
		fail_msg("%s: %llu events instead of %llu", text, (unsigned long long)c.n,
			 (unsigned long long)n);
	assert_memory_equal(s->got, s->want, n * sizeof(*s->got));
	assert_int_equal(n > 0, some);
	assert_int_equal(found.matched, n);
	assert_int_equal(found.damaged, 0);
	return found.blocks_read;
}

static void test_conditions(void **state)
{
	static const char *const texts[] = {
		"process.pid == 1017",
		"process.pid in (1001, 1017, 4000)",
		"process.pid >= 1290",
		"process.parent.pid == 4100 and process.pid < 1003",
		"process.name == \"program7\"",
		"process.name startswith \"program4\"",
		"process.executable == \"/usr/bin/program7\"",
		"process.executable == \"/usr/bin/python3.11\"",
		"exe startswith \"/usr/bin/py\"",
		"user.name == \"user3\"",
		"user.id == 1000 and pid == 1005",
		"container.id startswith \"000000\" and pid == 1005",
		"container.name == \"app-13\"",
		"container == \"app-13\"",
		"pod == \"app-13-7d9c6b5f4-x13\"",
		"kubernetes.pod.name startswith \"app-1\"",
		"namespace == \"namespace-3\"",
		"path startswith \"/srv/app77/\"",
		"path startswith \"/srv/app7\"",
		"path glob \"/srv/app*/data/3/**\"",
		"path glob \"/srv/app77/data/3/*.log\"",
		"path == \"/home/ann/site/index.html\"",
		"file.Ext.original.path == \"/home/ann/site/index.html.part\"",
		"destination.ip == \"10.0.0.1\" and pid == 1009",
		"destination.ip in (\"10.0.0.0/8\")",
		"ringside.kind == \"kill\"",
		"kind in (\"exec\", \"kill\") and pid == 1009",
		"path startswith \"/srv/app77/\" or process.pid == 1020",
		"not process.pid == 1020",
		"process.command_line contains \"--worker 9\"",
		"kubernetes.labels.app == \"app-3\"",
	};
	struct store_of s;

	(void)state;
	fill(&s);
	for (unsigned i = 0; i < ARRAY_SIZE(texts); i++)
		compare(&s, texts[i], 0, true);
	compare(&s, "process.pid >= 1200", 1ull << RS_KIND_EXEC | 1ull << RS_KIND_OPEN, true);
	empty(&s);
}

/* What is nowhere is not looked for. */
static void test_filters(void **state)
{
	static const char *const texts[] = {
		"process.pid == 77777",
		"process.name == \"nobody\"",
		"process.executable == \"/usr/bin/nothing\"",
		"user.name == \"nobody\"",
		"container.id == \"abc\"",
		"container.name == \"nothing\"",
		"container == \"nothing\"",
		"pod == \"nothing\"",
		"namespace == \"nothing\"",
		"path == \"/srv/app77/data\"",
		"path startswith \"/nowhere/a\"",
		"path glob \"/nowhere/**\"",
		"destination.ip == \"9.9.9.9\"",
		"kind == \"module\"",
	};
	struct store_of s;

	(void)state;
	fill(&s);
	for (unsigned i = 0; i < ARRAY_SIZE(texts); i++) {
		uint64_t blocks = compare(&s, texts[i], 0, false);

		if (blocks > 1) /* a filter may err */
			fail_msg("%s: %llu blocks read", texts[i], (unsigned long long)blocks);
	}
	empty(&s);
}

/* --- spans and limits --- */

static void query_range(struct store_of *s, struct rs_store_query query, uint64_t first, uint64_t n)
{
	struct collected c = { .seq = s->got };
	struct rs_store_found found;

	query.dir = "events";
	query.cancel_fd = -1;
	assert_int_equal(rs_store_query(&query, collect, &c, &found, NULL), 0);
	assert_int_equal(c.n, n);
	for (uint64_t i = 0; i < n; i++)
		assert_int_equal(s->got[i], first + i);
	assert_int_equal(found.first, FIRST);
	assert_int_equal(found.last, FIRST + (EVENTS - 1) * STEP);
}

static void test_spans(void **state)
{
	const uint64_t at = FIRST + 12345 * STEP;
	struct store_of s;

	(void)state;
	fill(&s);
	query_range(&s, (struct rs_store_query){ .since = at }, 12345, EVENTS - 12345);
	query_range(&s, (struct rs_store_query){ .until = at }, 0, 12346);
	query_range(&s, (struct rs_store_query){ .since = at, .until = at }, 12345, 1);
	query_range(&s, (struct rs_store_query){ .since = at + 1, .until = at + 9 }, 0, 0);
	query_range(&s, (struct rs_store_query){ .since = UINT64_MAX }, 0, 0);
	query_range(&s, (struct rs_store_query){ .limit = 5000 }, 0, 5000);
	query_range(&s, (struct rs_store_query){ .limit = 7, .since = at }, 12345, 7);
	query_range(&s, (struct rs_store_query){ .limit = 5000, .newest = true }, EVENTS - 5000,
		    5000);
	query_range(&s, (struct rs_store_query){ .limit = 1, .newest = true }, EVENTS - 1, 1);
	query_range(&s, (struct rs_store_query){ .limit = 6, .newest = true, .until = at }, 12340,
		    6);
	query_range(&s, (struct rs_store_query){ .limit = 1000000, .newest = true }, 0, EVENTS);
	empty(&s);
}

static void test_newest_of_some(void **state)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(1 << 20);
	struct rs_store_query query = {
		.dir = "events", .cancel_fd = -1, .limit = 10, .newest = true
	};
	struct collected c = { 0 };
	struct store_of s;
	uint64_t n;

	(void)state;
	fill(&s);
	c.seq = s.got;
	assert_int_equal(rs_expr_parse("process.pid == 1017", &arena, &query.where, NULL, NULL), 0);
	n = expect(query.where, 0, s.want);
	assert_int_equal(rs_store_query(&query, collect, &c, NULL, NULL), 0);
	assert_int_equal(c.n, 10);
	assert_memory_equal(s.got, s.want + n - 10, 10 * sizeof(*s.got));
	empty(&s);
}

/* Many of one moment: neither more nor fewer than asked for. */
static void test_newest_of_one_time(void **state)
{
	struct rs_store_query query = {
		.dir = "events", .cancel_fd = -1, .limit = 10, .newest = true
	};
	struct rs_store *store = open_store("events");
	struct collected c = { .seq = calloc(EVENTS, sizeof(uint64_t)) };
	static struct test_event t;

	(void)state;
	for (unsigned i = 0; i < 6000; i++) {
		test_make(&t, 5, TEST_PROCESSES, TEST_CONTAINERS);
		rs_store_add(store, &t.event, TEST_OFFSET);
	}
	wait_stored(store);
	assert_int_equal(rs_store_query(&query, collect, &c, NULL, NULL), 0);
	assert_int_equal(c.n, 10);
	rs_store_close(&store);
	free(c.seq);
}

/* Blocks that are too old are not read again. */
static void test_newest_reads_few(void **state)
{
	struct rs_store_query query = {
		.dir = "events", .cancel_fd = -1, .limit = 1, .newest = true
	};
	struct collected c = { 0 };
	struct rs_store_found found;
	struct store_of s;

	(void)state;
	fill(&s);
	c.seq = s.got;
	assert_int_equal(rs_store_query(&query, collect, &c, &found, NULL), 0);
	assert_int_equal(c.n, 1);
	assert_true(found.blocks > 5);
	assert_int_equal(found.blocks_read, 1);
	empty(&s);
}

static void test_stop(void **state)
{
	struct rs_store_query query = { .dir = "events", .cancel_fd = -1 };
	struct collected c = { .stop_after = 5 };
	struct store_of s;

	(void)state;
	fill(&s);
	c.seq = s.got;
	assert_int_equal(rs_store_query(&query, collect, &c, NULL, NULL), 77);
	assert_int_equal(c.n, 5);
	empty(&s);
}

static void test_nothing(void **state)
{
	struct rs_store_query query = { .dir = "nowhere", .cancel_fd = -1 };
	struct collected c = { 0 };
	struct rs_error err = RS_ERROR_INIT;
	struct rs_store *store;
	struct rs_store_found found;

	(void)state;
	assert_int_equal(rs_store_query(&query, collect, &c, NULL, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "nowhere"));
	store = open_store("nowhere");
	assert_int_equal(rs_store_query(&query, collect, &c, &found, NULL), 0);
	assert_int_equal(found.last, 0);
	rs_store_close(&store);
}

/* --- order --- */

/* A clock that jumps makes blocks whose times overlap; they come out in order of time. */
static void test_overlap(void **state)
{
	struct rs_store_query query = { .dir = "events", .cancel_fd = -1 };
	struct rs_store *store = open_store("events");
	struct collected c = { .seq = calloc(EVENTS, sizeof(uint64_t)) };
	static struct test_event t;

	(void)state;
	for (unsigned round = 0; round < 5; round++)
		for (uint64_t n = 0; n < 4000; n++) {
			/* Each round runs through the same time, and late ones come in between. */
			test_make(&t, n, TEST_PROCESSES, TEST_CONTAINERS);
			((struct rs_hdr *)(void *)t.record)->time += round * 1000 + n % 7 * 20000;
			rs_store_add(store, &t.event, TEST_OFFSET);
		}
	wait_stored(store);
	assert_int_equal(rs_store_query(&query, collect, &c, NULL, NULL), 0);
	assert_int_equal(c.n, 20000);
	rs_store_close(&store);
	free(c.seq);
}

/* --- following --- */

struct following {
	pthread_t thread;
	int cancel_fd;
	uint64_t since;
	_Atomic uint64_t n;
	uint64_t seen[EVENTS];
	int r;
};

static int follow_event(void *data, const struct rs_event *event, const struct rs_event_host *host)
{
	struct following *f = data;
	uint64_t i = (event->hdr->time + (uint64_t)host->boot_offset - FIRST) / STEP;

	if (i < EVENTS)
		f->seen[i]++;
	f->n++;
	return 0;
}

static void *follow(void *data)
{
	struct following *f = data;
	struct rs_store_query query = {
		.dir = "events",
		.since = f->since,
		.cancel_fd = f->cancel_fd,
		.follow = true,
		.limit = 0,
	};

	f->r = rs_store_query(&query, follow_event, f, NULL, NULL);
	return NULL;
}

static void expect_seen(struct following *f, uint64_t n)
{
	uint64_t deadline = rs_clock_mono() + TEST_DEADLINE;

	while (f->n < n) {
		assert_true(rs_clock_mono() < deadline);
		poll(NULL, 0, 1);
	}
}

static void test_follow(void **state)
{
	struct following *f = calloc(1, sizeof(*f));
	struct rs_store *store = open_store("events");
	uint64_t n = 3000;

	(void)state;
	assert_non_null(f);
	f->cancel_fd = eventfd(0, EFD_CLOEXEC);
	add_events(store, 0, n);
	wait_stored(store);
	assert_int_equal(pthread_create(&f->thread, NULL, follow, f), 0);
	expect_seen(f, n);
	/* Small blocks, which are merged with those that were seen. */
	for (unsigned i = 0; i < 60; i++) {
		add_events(store, n, n + 11);
		n += 11;
		wait_stored(store);
		if (i % 20 == 0)
			expect_seen(f, n);
	}
	add_events(store, n, n + 15000);
	n += 15000;
	rs_store_close(&store);
	store = open_store("events");
	add_events(store, n, n + 50);
	n += 50;
	wait_stored(store);
	expect_seen(f, n);
	assert_int_equal(eventfd_write(f->cancel_fd, 1), 0);
	pthread_join(f->thread, NULL);
	assert_int_equal(f->r, 0);
	assert_int_equal(f->n, n);
	for (uint64_t i = 0; i < n; i++)
		assert_int_equal(f->seen[i], 1);
	rs_store_close(&store);
	close(f->cancel_fd);
	free(f);
}

static struct following *begin_following(uint64_t since)
{
	struct following *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->cancel_fd = eventfd(0, EFD_CLOEXEC);
	f->since = since;
	assert_int_equal(pthread_create(&f->thread, NULL, follow, f), 0);
	return f;
}

static void end_following(struct following *f, uint64_t n)
{
	assert_int_equal(eventfd_write(f->cancel_fd, 1), 0);
	pthread_join(f->thread, NULL);
	assert_int_equal(f->r, 0);
	assert_int_equal(f->n, n);
	close(f->cancel_fd);
	free(f);
}

static void store_some(uint64_t from, uint64_t to)
{
	struct rs_store *store = open_store("events");

	add_events(store, from, to);
	rs_store_close(&store);
}

/* Files that are made again under the same name, with fewer events than were seen of the former one. */
static void test_follow_remade(void **state)
{
	struct following *f;
	uint64_t n = 100;

	(void)state;
	store_some(0, n);
	f = begin_following(0);
	expect_seen(f, n);
	for (unsigned i = 40; i > 36; i--) {
		assert_int_equal(unlink("events/events-20260701T12.db"), 0);
		store_some(0, i);
		n += i;
		expect_seen(f, n);
	}
	end_following(f, n);
}

/* The clock was set back: what is new is shown, whatever its time. */
static void test_follow_clock(void **state)
{
	struct following *f;

	(void)state;
	store_some(0, 2000);
	f = begin_following(FIRST + 1000 * STEP);
	expect_seen(f, 1000);
	store_some(100, 150);
	expect_seen(f, 1050);
	end_following(f, 1050);
}

static void test_follow_gone(void **state)
{
	struct following *f;

	(void)state;
	store_some(0, 10);
	f = begin_following(0);
	expect_seen(f, 10);
	store_some(10, 20); /* it is waiting for news when this is seen */
	expect_seen(f, 20);
	assert_int_equal(rename("events", "elsewhere"), 0);
	pthread_join(f->thread, NULL);
	assert_int_equal(f->r, -ENOENT);
	close(f->cancel_fd);
	free(f);
}

static int cancel(void *data, const struct rs_event *event, const struct rs_event_host *host)
{
	struct following *f = data;

	(void)event;
	(void)host;
	if (!f->n++)
		assert_int_equal(eventfd_write(f->cancel_fd, 1), 0);
	return 0;
}

/* Not only while it waits. */
static void test_cancel(void **state)
{
	struct rs_store_query query = { .dir = "events" };
	static struct following f;
	struct store_of s;

	(void)state;
	fill(&s);
	f.cancel_fd = query.cancel_fd = eventfd(0, EFD_CLOEXEC);
	assert_int_equal(rs_store_query(&query, cancel, &f, NULL, NULL), 0);
	assert_in_range(f.n, 1, EVENTS / 2);
	f.n = 0;
	query.follow = true;
	assert_int_equal(rs_store_query(&query, cancel, &f, NULL, NULL), 0);
	assert_int_equal(f.n, 0);
	close(f.cancel_fd);
	empty(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_conditions),
		scratch_test(test_filters),
		scratch_test(test_spans),
		scratch_test(test_newest_of_some),
		scratch_test(test_newest_of_one_time),
		scratch_test(test_newest_reads_few),
		scratch_test(test_stop),
		scratch_test(test_nothing),
		scratch_test(test_overlap),
		scratch_test(test_follow),
		scratch_test(test_follow_remade),
		scratch_test(test_follow_clock),
		scratch_test(test_follow_gone),
		scratch_test(test_cancel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
