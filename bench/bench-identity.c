/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it costs to tell whose an event is, with the agent's own code on what really runs here
 * (bench-node): CPU time of this thread per event for all that the agent does between decoding and
 * output, feed(), wait() and enrich(), over made-up events of all processes that are in containers.
 *
 *	all       events of files, of processes in no order
 *	one       all of one process: what is left when everything is in the CPU's caches
 *	mixed     as `all`, and for each 16 of those a process that is forked, runs something and ends
 *
 * usage: bench-identity HOST_ROOT      the directory that bench-node made
 *
 * Prints "NAME median least most" (ns an event), and before that "seed MS CPU-MS" (until all is known
 * that runs), "names MS" (of containers, from disk) and "memory BYTES".
 */
#include <malloc.h>

#include "base/clock.h"
#include "base/units.h"
#include "bench/bench.h"
#include "enrich/identity.h"

#define OURS        "/kubepods/burstable/" /* groups of bench-node */
#define ROUNDS      9
#define EVENTS      (1u << 17)
#define SHORT_EVERY 16
#define PATIENCE_NS (60 * RS_NSEC_PER_SEC)
#define FIRST_SHORT                                                                                \
	4000000 /* pids that nobody has: beyond the kernel's highest, PID_MAX_LIMIT is 4194304 */

struct bench {
	struct rs_identity *identity;
	struct rs_loop *loop;
	const char *root;
	char proc[4096];
	struct rs_hdr *who; /* one for each process in a container */
	unsigned n, room;
	unsigned next_short;
	uint64_t now;
	uint64_t sum; /* so that nothing is left out */
	struct rs_file *events;
};

static size_t memory(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void must(int r, const struct rs_error *err, const char *what)
{
	if (r < 0)
		bench_die("%s: %s", what, err && err->msg[0] ? err->msg : strerror(-r));
}

/* --- who is there --- */

/* What a record's header says of a process: start times as far as /proc tells them. */
static bool read_process(struct rs_hdr *hdr, unsigned pid, unsigned *ret_parent)
{
	const uint64_t tick = RS_NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);
	unsigned long long ticks;
	char path[64], text[1024], *open, *close;
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = '\0';
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (!open || !close ||
	    sscanf(close + 2,
		   "%*c %u %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		   ret_parent, &ticks) != 2)
		return false;
	*close = '\0';
	hdr->pid = hdr->tid = pid;
	hdr->ppid = *ret_parent;
	hdr->start = ticks * tick;
	snprintf(hdr->comm, sizeof(hdr->comm), "%s", open + 1);
	return true;
}

static void add_process(struct bench *bench, unsigned pid, uint64_t cgroup)
{
	struct rs_hdr hdr = { .kind = RS_KIND_OPEN, .cgroup = cgroup }, of_parent = { 0 };
	unsigned parent, ignored;

	if (!read_process(&hdr, pid, &parent) || !read_process(&of_parent, parent, &ignored))
		return;
	hdr.pstart = of_parent.start;
	if (bench->n == bench->room) {
		bench->room = bench->room ? 2 * bench->room : 1024;
		bench->who = reallocarray(bench->who, bench->room, sizeof(*bench->who));
		if (!bench->who)
			bench_die("no memory");
	}
	bench->who[bench->n++] = hdr;
}

static int add_group(void *data, uint64_t id, const char *path)
{
	struct bench *bench = data;
	char file[8192];
	unsigned pid;
	FILE *procs;

	if (strncmp(path, OURS, strlen(OURS)) != 0)
		return 0;
	snprintf(file, sizeof(file), "%s%s/cgroup.procs", bench->proc, path);
	procs = fopen(file, "re");
	if (!procs)
		return 0;
	while (fscanf(procs, "%u", &pid) == 1)
		add_process(bench, pid, id);
	fclose(procs);
	return 0;
}

/* In no order, as the kernel gives them to us. */
static void make_events(struct bench *bench)
{
	uint32_t seed = 1;

	bench->events = calloc(EVENTS, sizeof(*bench->events));
	if (!bench->events)
		bench_die("no memory");
	for (unsigned i = 0; i < EVENTS; i++) {
		seed = seed * 1664525 + 1013904223;
		bench->events[i].hdr = bench->who[(uint64_t)seed * bench->n >> 32];
	}
}

/* --- what the agent does --- */

static int on_news(void *data)
{
	(void)data;
	return 0;
}

static bool all_named(const struct bench *bench)
{
	struct rs_identity_stats stats;

	rs_identity_stats(bench->identity, &stats);
	return stats.containers.pending == 0;
}

static void open_identity(struct bench *bench)
{
	struct rs_identity_options options = { .host_root = bench->root, .proc = bench->proc };
	struct rs_error err = RS_ERROR_INIT;
	uint64_t start, cpu;

	must(rs_loop_new(&bench->loop, &err), &err, "the loop");
	must(rs_identity_new(&options, &bench->identity, &err), &err, "identity");
	start = bench_now();
	cpu = bench_clock(CLOCK_THREAD_CPUTIME_ID);
	must(rs_identity_seed(bench->identity, NULL, &err), &err, "seed");
	printf("seed %.1f %.1f\n", (double)(bench_now() - start) / 1e6,
	       (double)(bench_clock(CLOCK_THREAD_CPUTIME_ID) - cpu) / 1e6);
	start = bench_now();
	must(rs_identity_start(bench->identity, bench->loop, on_news, NULL, &err), &err, "start");
	while (!all_named(bench)) {
		must(rs_loop_iterate(bench->loop, 100), NULL, "waiting for names");
		if (bench_now() - start > PATIENCE_NS)
			bench_die("the names of containers did not come");
	}
	printf("names %.1f\n", (double)(bench_now() - start) / 1e6);
}

static void one_event(struct bench *bench, struct rs_event *event, uint64_t now)
{
	struct rs_hdr *hdr = (struct rs_hdr *)(uintptr_t)event->hdr;

	hdr->time = bench->now += 10000;
	rs_identity_feed(bench->identity, event);
	if (rs_identity_wait(bench->identity, event, now))
		bench->sum++;
	rs_identity_enrich(bench->identity, event);
	bench->sum += event->n_ancestors + (event->command_line != NULL) +
		      (event->cgroup && event->cgroup->container) + (event->user != NULL);
}

static unsigned round_all(struct bench *bench)
{
	for (unsigned i = 0; i < EVENTS; i++) {
		struct rs_event event = { .file = &bench->events[i] };

		one_event(bench, &event, bench->now);
	}
	return EVENTS;
}

static unsigned round_one(struct bench *bench)
{
	for (unsigned i = 0; i < EVENTS; i++) {
		struct rs_event event = { .file = &bench->events[0] };

		one_event(bench, &event, bench->now);
	}
	return EVENTS;
}

/* --- processes that live shortly --- */

static struct rs_hdr child(struct bench *bench, const struct rs_hdr *of, enum rs_kind kind)
{
	struct rs_hdr hdr = *of;

	hdr.kind = (uint16_t)kind;
	hdr.ppid = of->pid;
	hdr.pstart = of->start;
	hdr.pid = hdr.tid = FIRST_SHORT + bench->next_short % 100000;
	hdr.start = bench->next_short * 1000003ull + RS_NSEC_PER_SEC;
	return hdr;
}

static void live_shortly(struct bench *bench, const struct rs_hdr *of)
{
	static const char exe[] = "/usr/bin/some-tool", args[] = "some-tool\0--check\0/var/lib/app";
	struct rs_fork fork = { .hdr = child(bench, of, RS_KIND_FORK),
				.maker = of->pid,
				.maker_start = of->start };
	struct rs_exec exec = { .hdr = child(bench, of, RS_KIND_EXEC), .argc = 3 };
	struct rs_exit exit = { .hdr = child(bench, of, RS_KIND_EXIT) };
	struct rs_event event = { .fork = &fork };

	bench->next_short++;
	one_event(bench, &event, bench->now);
	event = (struct rs_event){ .exec = &exec };
	event.field[RS_TAG_EXE] = (struct rs_text){ .data = exe, .len = sizeof(exe) - 1 };
	event.field[RS_TAG_ARGS] = (struct rs_text){ .data = args, .len = sizeof(args) };
	event.field[RS_TAG_CWD] = (struct rs_text){ .data = "/", .len = 1 };
	one_event(bench, &event, bench->now);
	event = (struct rs_event){ .exit = &exit };
	one_event(bench, &event, bench->now);
}

static unsigned round_mixed(struct bench *bench)
{
	unsigned n = 0;

	for (unsigned i = 0; i < EVENTS; i++, n++) {
		struct rs_event event = { .file = &bench->events[i] };

		one_event(bench, &event, bench->now);
		if (i % SHORT_EVERY)
			continue;
		live_shortly(bench, event.hdr);
		n += 3;
	}
	return n;
}

/* --- rounds --- */

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(struct bench *bench, const char *name, unsigned (*round)(struct bench *))
{
	double ns[ROUNDS];

	round(bench);
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t start = bench_clock(CLOCK_THREAD_CPUTIME_ID);
		unsigned n = round(bench);

		ns[i] = (double)(bench_clock(CLOCK_THREAD_CPUTIME_ID) - start) / n;
		rs_identity_tick(bench->identity, rs_clock_mono());
	}
	qsort(ns, ROUNDS, sizeof(*ns), compare);
	printf("%s %.0f %.0f %.0f\n", name, ns[ROUNDS / 2], ns[0], ns[ROUNDS - 1]);
}

/* Whether it was done what we measured: everything found, nothing looked up on the way. */
static void check(struct bench *bench, uint64_t reads)
{
	struct rs_event event = { .file = &bench->events[0] };
	struct rs_identity_stats stats;

	rs_identity_enrich(bench->identity, &event);
	rs_identity_stats(bench->identity, &stats);
	if (!event.cgroup || !event.cgroup->container || !event.cgroup->container->pod_name ||
	    !event.command_line || !event.executable || !event.n_ancestors)
		bench_die("an event was not enriched");
	if (stats.processes.reads != reads)
		bench_die("%lu looks at /proc in between",
			  (unsigned long)(stats.processes.reads - reads));
	printf("processes %zu\ncontainers %zu\n", stats.processes.processes,
	       stats.containers.containers);
}

int main(int argc, char **argv)
{
	struct bench bench = { .root = argv[1] };
	struct rs_identity_stats stats;
	struct rs_error err = RS_ERROR_INIT;
	struct rs_cgroup_tree tree;
	size_t before;

	if (argc != 2)
		bench_die("usage: bench-identity HOST_ROOT");
	must(rs_cgroup_choose("/proc", &tree, &err), &err, "control groups");
	snprintf(bench.proc, sizeof(bench.proc), "%s", tree.mount);
	must(rs_cgroup_walk(&tree, add_group, &bench, &err), &err, "control groups");
	if (!bench.n)
		bench_die("there are no processes in containers: bench-node makes some");
	make_events(&bench);
	snprintf(bench.proc, sizeof(bench.proc), "%s/proc", bench.root);
	before = memory();
	open_identity(&bench);
	printf("memory %zu\n", memory() - before);
	bench.now = rs_clock_boot();
	round_all(&bench);
	rs_identity_stats(bench.identity, &stats);
	measure(&bench, "all", round_all);
	measure(&bench, "one", round_one);
	measure(&bench, "mixed", round_mixed);
	check(&bench, stats.processes.reads);
	rs_identity_free(&bench.identity);
	rs_loop_free(&bench.loop);
	free(bench.events);
	free(bench.who);
	return 0;
}
