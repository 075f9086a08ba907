/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it costs to tell whose an event is: CPU time of this thread per event, the best of several
 * rounds; and the memory that the table of processes takes. The processes stand in chains of six
 * parents, each with arguments of its own, a few hundred executables among them.
 *
 *	enrich      events of files, of processes in no order
 *	short-lived  for each 16 of those a process that is forked, runs something and ends
 *
 * usage: bench-enrich [PROCESSES]
 */
#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <time.h>

#include "base/units.h"
#include "enrich/processes.h"

#define ROUNDS      7
#define EVENTS      (1 << 17)
#define SHORT_EVERY 16
#define DEPTH       6
#define EXECUTABLES 300
#define PROCESSES   5000
#define MAKERS      64 /* whose children the short-lived ones are */

struct bench {
	struct rs_processes *table;
	struct rs_file *events;
	uint32_t n; /* processes */
	uint32_t next_pid;
	uint64_t now;
	uint64_t sum; /* so that nothing is left out */
};

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * RS_NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static size_t memory(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* --- records --- */

static uint64_t start_of(uint32_t pid)
{
	return pid * 1000000ull;
}

/* Six in a row, each the child of the one before; the first one's parent is pid 1. */
static uint32_t parent_of(uint32_t pid)
{
	return pid == 1 ? 0 : (pid - 2) % DEPTH ? pid - 1 : 1;
}

static void header(struct bench *bench, struct rs_hdr *hdr, enum rs_kind kind, uint32_t pid,
		   uint32_t ppid)
{
	*hdr = (struct rs_hdr){ .kind = (uint16_t)kind,
				.time = bench->now += 1000,
				.pid = pid,
				.tid = pid,
				.ppid = ppid,
				.start = start_of(pid),
				.pstart = start_of(ppid) };
	snprintf(hdr->comm, sizeof(hdr->comm), "tool%u", pid % EXECUTABLES);
}

static void feed_fork(struct bench *bench, uint32_t pid, uint32_t ppid)
{
	struct rs_fork fork = { .maker = ppid, .maker_start = start_of(ppid) };
	struct rs_event event = { .fork = &fork };

	header(bench, &fork.hdr, RS_KIND_FORK, pid, ppid);
	rs_processes_feed(bench->table, &event);
	rs_processes_enrich(bench->table, &event);
}

static void feed_exec(struct bench *bench, uint32_t pid, uint32_t ppid)
{
	char exe[64], args[128];
	struct rs_exec exec = { .argc = 3 };
	struct rs_event event = { .exec = &exec };
	int n = snprintf(exe, sizeof(exe), "/usr/lib/some-package/bin/tool%u", pid % EXECUTABLES);
	int m = snprintf(args, sizeof(args), "tool%u%c--number=%u%c/var/lib/some-package/%u",
			 pid % EXECUTABLES, 0, pid, 0, pid);

	header(bench, &exec.hdr, RS_KIND_EXEC, pid, ppid);
	event.field[RS_TAG_EXE] = (struct rs_text){ .data = exe, .len = (uint32_t)n };
	event.field[RS_TAG_ARGS] = (struct rs_text){ .data = args, .len = (uint32_t)m + 1 };
	event.field[RS_TAG_CWD] = (struct rs_text){ .data = "/", .len = 1 };
	rs_processes_feed(bench->table, &event);
	rs_processes_enrich(bench->table, &event);
}

static void feed_exit(struct bench *bench, uint32_t pid, uint32_t ppid)
{
	struct rs_exit exit = { .code = 0 };
	struct rs_event event = { .exit = &exit };

	header(bench, &exit.hdr, RS_KIND_EXIT, pid, ppid);
	rs_processes_feed(bench->table, &event);
	rs_processes_enrich(bench->table, &event);
}

static void make_processes(struct bench *bench)
{
	for (uint32_t pid = 1; pid <= bench->n; pid++) {
		if (pid > 1)
			feed_fork(bench, pid, parent_of(pid));
		feed_exec(bench, pid, parent_of(pid));
	}
}

static void make_events(struct bench *bench)
{
	uint32_t seed = 1;

	for (unsigned i = 0; i < EVENTS; i++) {
		uint32_t pid;

		seed = seed * 1664525 + 1013904223;
		pid = 1 + (uint32_t)((uint64_t)seed * bench->n >> 32);
		header(bench, &bench->events[i].hdr, RS_KIND_OPEN, pid, parent_of(pid));
	}
}

/* --- rounds --- */

static void enrich(struct bench *bench, unsigned i)
{
	struct rs_event event = { .file = &bench->events[i] };

	rs_processes_feed(bench->table, &event);
	rs_processes_enrich(bench->table, &event);
	bench->sum += event.n_ancestors + (event.command_line != NULL);
}

static unsigned round_of_files(struct bench *bench)
{
	for (unsigned i = 0; i < EVENTS; i++)
		enrich(bench, i);
	return EVENTS;
}

static unsigned round_of_short_lived(struct bench *bench)
{
	unsigned n = 0;

	for (unsigned i = 0; i < EVENTS; i++, n++) {
		uint32_t pid, ppid = 1 + i % MAKERS;

		enrich(bench, i);
		if (i % SHORT_EVERY)
			continue;
		pid = bench->next_pid++;
		feed_fork(bench, pid, ppid);
		feed_exec(bench, pid, ppid);
		feed_exit(bench, pid, ppid);
		n += 3;
	}
	return n;
}

static void measure(struct bench *bench, const char *name, unsigned (*round)(struct bench *))
{
	uint64_t best = UINT64_MAX;
	unsigned n = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t start = cpu_ns();

		n = round(bench);
		best = MIN(best, cpu_ns() - start);
	}
	printf("%-12s %6.0f ns/event\n", name, (double)best / n);
}

static int run(struct bench *bench)
{
	size_t before = memory();
	struct rs_processes_stats stats;
	int r = rs_processes_new(NULL, &bench->table, NULL);

	if (r < 0)
		return r;
	bench->now = start_of(bench->n) + RS_NSEC_PER_SEC;
	bench->next_pid = bench->n + 1;
	make_processes(bench);
	printf("%u processes: %.1f MB\n", bench->n, (double)(memory() - before) / 1e6);
	bench->events = calloc(EVENTS, sizeof(*bench->events));
	if (!bench->events)
		return -ENOMEM;
	make_events(bench);
	measure(bench, "enrich", round_of_files);
	measure(bench, "short-lived", round_of_short_lived);
	stats = rs_processes_stats(bench->table);
	if (stats.reads || !bench->sum)
		return -EIO; /* it was something else that we measured */
	return 0;
}

int main(int argc, char **argv)
{
	struct bench bench = { .n = PROCESSES };
	uint64_t n = PROCESSES;
	int r = argc > 1 ? rs_units_parse_u64(argv[1], RS_PROCESSES_MAX, &n, NULL) : 0;

	bench.n = (uint32_t)MAX(n, MAKERS);
	if (r >= 0)
		r = run(&bench);
	if (r < 0)
		fprintf(stderr, "bench-enrich: %s\n", strerror(-r));
	rs_processes_free(&bench.table);
	free(bench.events);
	return r < 0;
}
