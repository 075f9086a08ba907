/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A load: one system call again and again, as fast as it goes or at a rate, from one CPU.
 *
 * usage: bench-load [-c CPU] [-n COUNT] [-s SECONDS] [-r CALLS_A_SECOND] CALL [PATH]
 *
 * Prints "calls wall-ns-per-call cpu-ns-per-call". The calls are below; PATH is the file that is
 * opened, or the program that is spawned.
 */
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"

#define BATCH 32 /* calls between two looks at the clock */

struct load {
	int cpu;
	uint64_t count;
	double seconds;
	double rate; /* 0: no limit */
	const char *path;
};

/* No sensor wants it. */
static void call_getppid(const char *path)
{
	(void)path;
	syscall(SYS_getppid);
}

/* Watched, and the cheapest: it fails at once, and its record is the smallest of any call. */
static void call_fchmod(const char *path)
{
	(void)path;
	syscall(SYS_fchmod, -1, 0);
}

static void call_unshare(const char *path)
{
	(void)path;
	syscall(SYS_unshare, 0);
}

static void call_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		bench_die("opening \"%s\": %s", path, strerror(errno));
	close(fd);
}

/* vfork and exec, as a shell does it. */
static void call_spawn(const char *path)
{
	char *argv[] = { (char *)path, NULL }, *envp[] = { NULL };
	int status;
	pid_t pid;

	if (posix_spawn(&pid, path, NULL, NULL, argv, envp) || waitpid(pid, &status, 0) != pid ||
	    status)
		bench_die("running \"%s\": %s", path, strerror(errno));
}

/* Two switches: a byte to another process on this CPU, and back. */
static void call_switch(const char *path)
{
	static int there[2], back[2];
	char byte = 0;

	(void)path;
	if (!there[1]) {
		if (pipe2(there, O_CLOEXEC) || pipe2(back, O_CLOEXEC))
			bench_die("pipe: %s", strerror(errno));
		if (!fork()) {
			close(there[1]);
			close(back[0]);
			while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1)
				;
			_exit(0);
		}
		close(there[0]);
		close(back[1]);
	}
	if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
		bench_die("passing a byte: %s", strerror(errno));
}

static const struct call {
	const char *name;
	void (*call)(const char *path);
	unsigned batch;
} calls[] = {
	{ "getppid", call_getppid, BATCH }, { "fchmod", call_fchmod, BATCH },
	{ "unshare", call_unshare, BATCH }, { "open", call_open, BATCH },
	{ "spawn", call_spawn, 1 },         { "switch", call_switch, BATCH },
};

static const struct call *find_call(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (!strcmp(calls[i].name, name))
			return &calls[i];
	bench_die("no such call: \"%s\"", name);
}

/* Not before the moment at which so many calls are due. */
static void pace(const struct load *load, uint64_t start, uint64_t done)
{
	uint64_t due = start + (uint64_t)((double)done / load->rate * 1e9);

	while (bench_now() < due)
		;
}

static uint64_t run(const struct load *load, const struct call *call, uint64_t start)
{
	uint64_t end = load->seconds > 0 ? start + (uint64_t)(load->seconds * 1e9) : UINT64_MAX;
	uint64_t done = 0;

	while (done < load->count && bench_now() < end) {
		for (unsigned i = 0; i < call->batch; i++)
			call->call(load->path);
		done += call->batch;
		if (load->rate > 0)
			pace(load, start, done);
	}
	return done;
}

int main(int argc, char **argv)
{
	struct load load = { .cpu = -1, .count = UINT64_MAX, .path = "/dev/null" };
	uint64_t start, cpu, done;
	int opt;

	while ((opt = getopt(argc, argv, "c:n:s:r:")) != -1) {
		switch (opt) {
		case 'c':
			load.cpu = (int)bench_number(optarg);
			break;
		case 'n':
			load.count = (uint64_t)bench_number(optarg);
			break;
		case 's':
			load.seconds = bench_number(optarg);
			break;
		case 'r':
			load.rate = bench_number(optarg);
			break;
		default:
			return 2;
		}
	}
	if (optind == argc || (load.count == UINT64_MAX && load.seconds <= 0))
		bench_die(
			"usage: bench-load [-c CPU] [-n COUNT] [-s SECONDS] [-r RATE] CALL [PATH]");
	if (optind + 1 < argc)
		load.path = argv[optind + 1];
	bench_pin(load.cpu);
	start = bench_now();
	cpu = bench_clock(CLOCK_PROCESS_CPUTIME_ID);
	done = run(&load, find_call(argv[optind]), start);
	cpu = bench_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	start = bench_now() - start;
	printf("%lu %.1f %.1f\n", (unsigned long)done, (double)start / (double)done,
	       (double)cpu / (double)done);
	return 0;
}
