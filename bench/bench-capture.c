/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The capture path by itself: from the kernel, through the ring buffer, to decoded records. One or
 * more loads, each on a CPU of its own, and this process, which reads as the agent does.
 *
 * usage: bench-capture [-m] [-s SECONDS] [-q QUIET_SECONDS] LOADS KIND CALL [PATH]
 *
 * -m has the kernel measure the programs, which costs some itself.
 * Prints: events-per-second load-cpu-ns-per-call lost bytes-per-event consumer-ns-per-event bpf-ns-per-run
 */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"
#include "event/event.h"
#include "kern/ring.h"
#include "kern/sensors.h"

#define LOADS_MAX 16
#define TICK_MS   10 /* the kernel wakes us earlier where the buffer fills */
#define PROGRAMS  64

struct tally {
	uint64_t events, bad;
	uint64_t sum; /* so that decoding cannot be left out */
};

struct load {
	pid_t pid;
	FILE *out;
};

static int on_record(void *arg, const void *record, size_t size)
{
	struct tally *tally = arg;
	struct rs_event event;

	if (rs_event_decode(record, size, &event))
		tally->bad++;
	else
		tally->sum += event.hdr->seq + event.field[RS_TAG_PATH].len;
	tally->events++;
	return 0;
}

static void start_load(struct load *load, int cpu, char *const args[])
{
	const char *program = bench_sibling("bench-load");
	char number[16];
	char *argv[16] = { (char *)program, (char *)"-c", number };
	int fds[2];

	snprintf(number, sizeof(number), "%d", cpu);
	for (size_t i = 0; args[i] && i < 12; i++)
		argv[3 + i] = args[i];
	if (pipe(fds) || (load->pid = fork()) < 0)
		bench_die("starting a load: %s", strerror(errno));
	if (!load->pid) {
		dup2(fds[1], STDOUT_FILENO);
		execv(program, argv);
		_exit(127);
	}
	close(fds[1]);
	load->out = fdopen(fds[0], "r");
}

/* Reads like the agent: all there is, then waits for the threshold, or for a tick. */
static void consume_until_dead(struct rs_ring *ring, struct tally *tally, size_t loads)
{
	struct pollfd wake = { .fd = rs_ring_fd(ring), .events = POLLIN };
	size_t alive = loads, count;

	rs_ring_disarm(ring);
	while (alive) {
		rs_ring_consume(ring, on_record, tally, 0, &count);
		while (alive && waitpid(-1, NULL, WNOHANG) > 0)
			alive--;
		if (alive && rs_ring_pending(ring) < rs_ring_size(ring) / 8)
			poll(&wake, 1, TICK_MS);
	}
	do
		rs_ring_consume(ring, on_record, tally, 0, &count);
	while (count);
}

static uint64_t counted_lost(const struct rs_counters *counters, enum rs_kind kind)
{
	uint64_t lost = 0;

	for (unsigned i = 0; i < RS_LOSS_COUNT; i++)
		lost += counters->lost[i][kind];
	return lost;
}

static double ns_per_run(const struct rs_sensors *sensors)
{
	struct rs_program programs[PROGRAMS];
	size_t n = rs_sensors_programs(sensors, programs, PROGRAMS);
	const struct rs_program *most = &programs[0];

	for (size_t i = 0; i < MIN(n, (size_t)PROGRAMS); i++)
		if (programs[i].runs > most->runs)
			most = &programs[i];
	return n && most->runs ? (double)most->run_ns / (double)most->runs : 0;
}

static void report(struct rs_sensors *sensors, enum rs_kind kind, const struct tally *tally,
		   struct load *loads, size_t n, double cpu_ns)
{
	double rate = 0, call_ns = 0;
	unsigned long calls, all = 0;
	struct rs_counters counters;

	for (size_t i = 0; i < n; i++) {
		double wall, cpu;

		if (fscanf(loads[i].out, "%lu %lf %lf", &calls, &wall, &cpu) != 3)
			bench_die("a load did not run");
		all += calls;
		rate += 1e9 / wall;
		call_ns += cpu / (double)n;
	}
	rs_sensors_counters(sensors, &counters);
	if (tally->bad)
		bench_die("%lu records could not be decoded", (unsigned long)tally->bad);
	if (counters.generated[kind] < all ||
	    tally->events + counted_lost(&counters, kind) < counters.generated[kind])
		bench_die("%lu calls made %lu events, of which %lu came: none may be missing", all,
			  (unsigned long)counters.generated[kind], (unsigned long)tally->events);
	printf("%.0f %.1f %lu %.0f %.1f %.1f\n",
	       rate * (double)tally->events / (double)MAX(counters.generated[kind], 1u), call_ns,
	       (unsigned long)counted_lost(&counters, kind),
	       (double)counters.bytes / (double)MAX(counters.generated[kind], 1u),
	       cpu_ns / (double)MAX(tally->events, 1u), ns_per_run(sensors));
}

static void wait_quiet(const char *seconds)
{
	char command[4200];

	snprintf(command, sizeof(command), "'%s' %.8s", bench_sibling("bench-quiet"), seconds);
	if (system(command) == -1)
		bench_die("waiting for quiet: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	_cleanup_(rs_sensors_close) struct rs_sensors *sensors = NULL;
	struct rs_sensors_options options = { 0 };
	struct rs_error err = RS_ERROR_INIT;
	struct load loads[LOADS_MAX];
	struct tally tally = { 0 };
	const char *wait = "5";
	char *args[6] = { (char *)"-s", (char *)"1" };
	int opt, n, kind;
	uint64_t cpu;

	while ((opt = getopt(argc, argv, "ms:q:")) != -1) {
		if (opt == 'm')
			options.measure = true;
		else if (opt == 's')
			args[1] = optarg;
		else if (opt == 'q')
			wait = optarg;
		else
			return 2;
	}
	if (argc - optind < 3)
		bench_die(
			"usage: bench-capture [-m] [-s SECONDS] [-q SECONDS] LOADS KIND CALL [PATH]");
	n = (int)MIN(bench_number(argv[optind]), LOADS_MAX);
	kind = rs_kind_from_str(argv[optind + 1]);
	if (kind < 0)
		bench_die("no such kind: \"%s\"", argv[optind + 1]);
	for (int i = 0; i < 2 && optind + 2 + i < argc; i++)
		args[2 + i] = argv[optind + 2 + i];
	options.kinds = 1ull << kind;
	if (rs_sensors_open(&options, &sensors, &err) || rs_sensors_attach(sensors, &err))
		bench_die("%s", err.msg);
	wait_quiet(wait);
	cpu = bench_clock(CLOCK_PROCESS_CPUTIME_ID);
	for (int i = 0; i < n; i++) /* from the last CPU on: we stay where we are let */
		start_load(&loads[i], (int)sysconf(_SC_NPROCESSORS_ONLN) - 1 - i, args);
	consume_until_dead(rs_sensors_ring(sensors), &tally, (size_t)n);
	report(sensors, kind, &tally, loads, (size_t)n,
	       (double)(bench_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu));
	return 0;
}
