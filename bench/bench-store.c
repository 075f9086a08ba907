/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What storing costs, and asking: events of 5,000 processes in 500 containers, in memory beforehand.
 *
 * usage: bench-store DIRECTORY [MILLIONS [RATE]]    a fresh directory; RATE: events a second, 0: all at once
 *        bench-store --ask DIRECTORY                only asks
 */
#include <sys/resource.h>

#include "bench.h"
#include "rules/expr.h"
#include "store/query.h"
#include "store/store.h"
#include "store/testing.h"

#define PROCESSES  5000
#define CONTAINERS 500
#define SOME       10000 /* different events, in a row again and again */
#define STEP       10000 /* ns between two */

static uint64_t thread_cpu(void)
{
	return bench_clock(CLOCK_THREAD_CPUTIME_ID);
}

/* --- storing --- */

struct stream {
	struct rs_event *event; /* SOME */
	uint64_t n, rate;
};

/* Events of a process share what is known of it, as those of the agent do. */
static void make_events(struct stream *s)
{
	static struct test_event t;
	struct test_event **who = calloc(PROCESSES, sizeof(*who));

	s->event = calloc(SOME, sizeof(*s->event));
	for (unsigned i = 0; i < SOME && s->event && who; i++) {
		unsigned pid, size;
		char *record;

		test_make(&t, i, PROCESSES, CONTAINERS);
		pid = t.event.hdr->pid - 1000;
		size = (t.event.hdr->size + 7u) & ~7u;
		record = aligned_alloc(8, size);
		if (!who[pid])
			who[pid] = calloc(1, sizeof(t));
		if (!who[pid] || !record)
			bench_die("no memory");
		test_enrich(who[pid], pid, CONTAINERS);
		memcpy(record, t.record, size);
		s->event[i] = who[pid]->event;
		rs_event_decode(record, size, &t.event);
		memcpy(s->event[i].field, t.event.field, sizeof(t.event.field));
		s->event[i].hdr = t.event.hdr;
		s->event[i].marks = t.event.marks;
	}
	free(who);
}

static void add_all(struct rs_store *store, const struct stream *s)
{
	uint64_t started = bench_now(), cpu = 0;
	struct rs_store_stats stats;

	for (uint64_t i = 0; i < s->n;) {
		uint64_t before = thread_cpu();

		for (unsigned k = 0; k < 1000 && i < s->n; k++, i++) {
			struct rs_event *event = &s->event[i * 31 % SOME];
			struct rs_hdr *hdr = (struct rs_hdr *)(uintptr_t)event->hdr;

			hdr->time = TEST_BOOT + i * STEP;
			hdr->seq = i / 2 + 1;
			rs_store_add(store, event, TEST_OFFSET);
		}
		cpu += thread_cpu() - before;
		rs_store_tick(store, bench_now());
		rs_store_stats(store, &stats);
		while (s->rate ? bench_now() - started < i * 1000000000 / s->rate
			       : stats.waiting > 12000) {
			usleep(200);
			rs_store_stats(store, &stats);
		}
	}
	printf("caller %.3f us of CPU an event, %.1f s in all\n", (double)cpu / (double)s->n / 1000,
	       (double)(bench_now() - started) / 1e9);
}

static void store_all(const char *dir, const struct stream *s)
{
	struct rs_store_options options = { .dir = dir, .max_bytes = 8ull << 30 };
	struct rs_error err = RS_ERROR_INIT;
	struct rs_store *store = NULL;
	struct rs_store_stats stats;
	struct rs_event_host host;

	rs_event_sample_host(&host);
	if (rs_store_open(&options, &host, &store, &err) < 0 || rs_store_start(store, &err) < 0)
		bench_die("%s", err.msg);
	add_all(store, s);
	do {
		rs_store_tick(store, bench_now() + 2 * RS_STORE_FLUSH_NS);
		usleep(1000);
		rs_store_stats(store, &stats);
	} while (stats.waiting);
	printf("writer %.3f us of CPU an event; %llu stored, %llu not; %.1f bytes an event, %llu blocks, %llu files\n",
	       (double)stats.writer_ns / (double)s->n / 1000, (unsigned long long)stats.stored,
	       (unsigned long long)stats.not_stored, (double)stats.bytes / (double)stats.stored,
	       (unsigned long long)stats.blocks, (unsigned long long)stats.files);
	rs_store_close(&store);
}

/* --- asking --- */

static int count(void *data, const struct rs_event *event, const struct rs_event_host *host)
{
	(void)event;
	(void)host;
	++*(uint64_t *)data;
	return 0;
}

static void ask(const char *dir, const char *where, uint64_t limit)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(1 << 20);
	struct rs_store_query query = {
		.dir = dir, .cancel_fd = -1, .limit = limit, .newest = true
	};
	struct rs_store_found found;
	struct rs_error err = RS_ERROR_INIT;
	uint64_t n = 0, before = bench_now(), cpu = bench_clock(CLOCK_PROCESS_CPUTIME_ID);

	if (where && rs_expr_parse(where, &arena, &query.where, NULL, &err) < 0)
		bench_die("%s", err.msg);
	if (rs_store_query(&query, count, &n, &found, &err) < 0)
		bench_die("%s", err.msg);
	printf("%7.0f ms, %7.0f of CPU: %8llu events of %llu blocks read (of %llu): %s%s\n",
	       (double)(bench_now() - before) / 1e6,
	       (double)(bench_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu) / 1e6, (unsigned long long)n,
	       (unsigned long long)found.blocks_read, (unsigned long long)found.blocks,
	       where ? where : "all", limit ? ", the newest" : "");
	if (found.damaged)
		printf("damaged: %s\n", found.damage);
}

static void ask_all(const char *dir)
{
	ask(dir, "process.pid == 2345", 0);
	ask(dir, "path startswith \"/srv/app77/\"", 0);
	ask(dir, "path glob \"/srv/app77/data/3/**\"", 0);
	ask(dir, "container.name == \"app-123\"", 0);
	ask(dir, "pod == \"app-123-7d9c6b5f4-x123\"", 0);
	ask(dir, "process.pid == 999999", 0);
	ask(dir, "path startswith \"/nowhere/\"", 0);
	ask(dir, NULL, 100);
	ask(dir, "process.pid == 2345", 100);
}

static void say_memory(const char *what)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	printf("%s: %ld MiB at most\n", what, usage.ru_maxrss / 1024);
}

int main(int argc, char **argv)
{
	struct stream stream = { .n = 1000000 };

	if (argc > 2 && strcmp(argv[1], "--ask") == 0) {
		ask_all(argv[2]);
		say_memory("memory");
		return 0;
	}
	if (argc < 2)
		bench_die("where to?");
	if (argc > 2)
		stream.n = (uint64_t)(bench_number(argv[2]) * 1e6);
	if (argc > 3)
		stream.rate = (uint64_t)bench_number(argv[3]);
	make_events(&stream);
	say_memory("before");
	store_all(argv[1], &stream);
	say_memory("after");
	ask_all(argv[1]);
	return 0;
}
