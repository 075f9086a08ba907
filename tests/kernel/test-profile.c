/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside profile`: what uses the CPU is what it shows. No figure is one of time: shares only, and wide ones. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"
#include "tests/kernel/lib/busy.h"
#include "tests/kernel/lib/tap.h"
#include "tests/kernel/lib/traced.h"

#define ENOUGH_MS  600 /* CPU time of a process that is looked at */
#define SHORT_ONES 8
#define SHORT_MS   150

/* --- what is done --- */

static void spin(int orders, int answers)
{
	(void)orders;
	(void)answers;
	busy_spin();
}

static void read_zeros(int orders, int answers)
{
	(void)orders;
	(void)answers;
	busy_read_zeros();
}

static void *spin_in_thread(void *name)
{
	prctl(PR_SET_NAME, name);
	busy_spin();
	return NULL;
}

static void spin_in_threads(int orders, int answers)
{
	pthread_t thread;

	(void)orders;
	(void)answers;
	pthread_create(&thread, NULL, spin_in_thread, (void *)"rs-one");
	pthread_create(&thread, NULL, spin_in_thread, (void *)"rs-two");
	pthread_join(thread, NULL);
}

/* One after the other, each a process of its own; then the end of `answers` tells that it is done. */
static void be_short(int orders, int answers)
{
	(void)answers;
	busy_wait_for_byte(orders);
	for (int i = 0; i < SHORT_ONES; i++) {
		pid_t pid = fork();

		if (!pid) {
			prctl(PR_SET_NAME, "rs-short");
			busy_short(SHORT_MS);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
}

/* --- samples --- */

/* Profiles the process until it has used enough. */
static bool profile_of(struct agent *agent, const struct busy *busy, const char *option)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", busy->pid);
	profile_start(agent, (const char *[]){ "profile", "-p", pid, "-F", "199", option, NULL });
	if (!busy_wait_cpu(busy->pid, ENOUGH_MS))
		tap_diag("the process gets no CPU time");
	return profile_stop(agent);
}

static bool at_least_half(const struct agent *agent, const struct profile_match *part, pid_t pid,
			  const char *name)
{
	json_int_t all = profile_sum(agent, "samples", &(struct profile_match){ .pid = pid });
	json_int_t with = profile_sum(agent, "samples", part);
	bool ok = tap_ok(all > 0 && with * 2 >= all, "%s", name);

	if (!ok) {
		tap_diag("%lld of %lld samples", (long long)with, (long long)all);
		profile_tell(agent);
	}
	return ok;
}

static void test_spinning(void)
{
	struct busy busy;
	struct agent agent;

	busy_start(&busy, "rs-spin", spin);
	tap_ok(profile_of(&agent, &busy, NULL), "a process is profiled");
	at_least_half(&agent,
		      &(struct profile_match){ .pid = busy.pid,
					       .process = "rs-spin",
					       .function = "busy_spin_inside" },
		      busy.pid, "the function that spins has most samples");
	at_least_half(
		&agent,
		&(struct profile_match){ .function = "busy_spin_inside", .caller = "busy_spin" },
		busy.pid, "and its caller is below it");
	at_least_half(
		&agent,
		&(struct profile_match){ .function = "busy_spin_inside", .caller = "rs-spin" },
		busy.pid, "the process is the outermost frame");
	tap_ok(profile_sum(&agent, "samples", &(struct profile_match){ 0 }) ==
		       profile_sum(&agent, "samples", &(struct profile_match){ .pid = busy.pid }),
	       "nobody else is in it");
	tap_ok(profile_sum(&agent, "cpu", &(struct profile_match){ 0 }) ==
		       profile_sum(&agent, "samples", &(struct profile_match){ 0 }) *
			       (1000000000 / 199),
	       "a sample stands for its time");
	agent_done(&agent);
	busy_end(&busy);
}

static void test_kernel(void)
{
	struct busy busy;
	struct agent agent;

	busy_start(&busy, "rs-zeros", read_zeros);
	tap_ok(profile_of(&agent, &busy, NULL), "a process that has the kernel work is profiled");
	at_least_half(&agent, &(struct profile_match){ .pid = busy.pid, .kind = "kernel" },
		      busy.pid, "most samples have the kernel's part");
	agent_done(&agent);
	tap_ok(profile_of(&agent, &busy, "-U"), "with -U");
	tap_ok(!profile_sum(&agent, "samples", &(struct profile_match){ .kind = "kernel" }),
	       "there is no kernel's part");
	agent_done(&agent);
	busy_end(&busy);
}

static void test_threads(void)
{
	struct busy busy;
	struct agent agent;
	unsigned one = 0, two = 0;

	busy_start(&busy, "rs-threads", spin_in_threads);
	tap_ok(profile_of(&agent, &busy, "--per-thread"), "threads are profiled");
	for (size_t i = 0; i < agent.n_events; i++) {
		const json_t *labels = json_object_get(agent.events[i], "labels");
		const char *thread = json_string_value(json_object_get(labels, "thread"));

		one += thread && !strcmp(thread, "rs-one");
		two += thread && !strcmp(thread, "rs-two");
	}
	tap_ok(one && two, "each of them by its name");
	agent_done(&agent);
	busy_end(&busy);
}

static void test_everybody(void)
{
	struct busy busy;
	struct agent agent;
	json_int_t mine;

	busy_start(&busy, "rs-spin", spin);
	profile_start(&agent, (const char *[]){ "profile", "-F", "199", "--by", "pid", NULL });
	busy_wait_cpu(busy.pid, ENOUGH_MS);
	tap_ok(profile_stop(&agent), "the whole machine is profiled");
	mine = profile_sum(
		&agent, "samples",
		&(struct profile_match){ .pid = busy.pid, .function = "busy_spin_inside" });
	tap_ok(mine > 0, "who spins is in it");
	tap_ok(!profile_sum(&agent, "samples", &(struct profile_match){ .process = "swapper/0" }),
	       "idle CPUs are not");
	agent_done(&agent);
	busy_end(&busy);
}

static void test_short_lived(void)
{
	struct busy busy;
	struct agent agent;
	json_int_t all, named;
	char pid[16], byte;

	busy_start(&busy, "rs-parent", be_short);
	snprintf(pid, sizeof(pid), "%d", busy.pid);
	profile_start(&agent, (const char *[]){ "profile", "-p", pid, "-f", "-F", "199", NULL });
	(void)!write(busy.orders, "x", 1);
	(void)!read(busy.answers, &byte, 1); /* its end */
	tap_ok(profile_stop(&agent), "processes that live shortly are profiled");
	all = profile_sum(&agent, "samples", &(struct profile_match){ .process = "rs-short" });
	named = profile_sum(
		&agent, "samples",
		&(struct profile_match){ .process = "rs-short", .function = "busy_short_inside" });
	if (!tap_ok(all > 0 && named * 2 >= all, "their functions have names when they are gone")) {
		tap_diag("%lld of %lld", (long long)named, (long long)all);
		profile_tell(&agent);
	}
	agent_done(&agent);
	busy_end(&busy);
}

/* --- outputs --- */

static char command[512];

static void run_once(struct outcome *outcome, const char *const more[])
{
	const char *args[24] = { "profile", "-q", "-F", "499", "-c", command };
	size_t n = 6;

	while (*more && n < ARRAY_SIZE(args) - 1)
		args[n++] = *more++;
	agent_run(outcome, args, NULL, NULL);
}

static bool has(const char *text, const char *what)
{
	return text && strstr(text, what);
}

/* What stands in the file can be read again, and has the function. */
static void test_format(const char *name, const char *file, const char *mark)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(64 << 20);
	char path[256];
	struct outcome made, read;

	snprintf(path, sizeof(path), "%s/%s", agent_root(), file);
	run_once(&made, (const char *[]){ "-w", path, NULL });
	tap_ok(made.code == 7, "%s: the command's own code is passed on", name);
	rs_fd_read_file(path, (size_t)64 << 20, &text, NULL);
	if (mark) {
		tap_ok(text.len > 0 && has(rs_str_cstr(&text), mark) &&
			       has(rs_str_cstr(&text), "busy_short_inside"),
		       "%s: has what it must have", name);
	} else {
		agent_run(&read, (const char *[]){ "flame", path, "-o", "folded", NULL }, NULL,
			  NULL);
		if (!tap_ok(!read.code && has(read.out, "busy_short_inside"), "%s: can be read",
			    name))
			tap_diag("%d %s", read.code, read.err);
		outcome_done(&read);
	}
	if (made.code != 7)
		tap_diag("%d %s", made.code, made.err);
	outcome_done(&made);
	unlink(path);
}

static void test_formats(void)
{
	char old[256];
	struct outcome outcome;

	snprintf(command, sizeof(command), "%s busy 300", traced_self());
	test_format("html", "p.html", "<html");
	test_format("svg", "p.svg", "<svg");
	test_format("folded", "p.folded", NULL);
	test_format("pprof", "p.pb.gz", NULL);
	test_format("speedscope", "p.speedscope.json", NULL);
	test_format("json", "p.json", NULL);
	run_once(&outcome, (const char *[]){ "-o", "table", NULL });
	tap_ok(has(outcome.out, "busy_short_inside"), "table: has the function");
	outcome_done(&outcome);
	run_once(&outcome, (const char *[]){ "-o", "none", NULL });
	tap_ok(!*outcome.out, "none: nothing");
	outcome_done(&outcome);
	snprintf(old, sizeof(old), "%s/old.folded", agent_root());
	run_once(&outcome, (const char *[]){ "-w", old, NULL });
	outcome_done(&outcome);
	run_once(&outcome, (const char *[]){ "-o", "html", "--diff", old, NULL });
	tap_ok(has(outcome.out, "<html") && outcome.code == 7, "--diff: a page that compares");
	outcome_done(&outcome);
	unlink(old);
}

/* --- wrong use --- */

static void test_mistake(int code, const char *words, const char *const args[])
{
	struct outcome outcome;

	agent_run(&outcome, args, NULL, NULL);
	if (!tap_ok(outcome.code == code && has(outcome.err, words), "mistake: %s %s", args[1],
		    args[2] ? args[2] : ""))
		tap_diag("%d %s", outcome.code, outcome.err);
	outcome_done(&outcome);
}

#define MISTAKE(code, words, ...)                                                                  \
	test_mistake(code, words, (const char *[]){ "profile", __VA_ARGS__, NULL })

static void test_mistakes(void)
{
	MISTAKE(2, "1 to 10000", "-F", "0");
	MISTAKE(2, "1 to 10000", "-F", "10001");
	MISTAKE(2, "at most 1048576", "--max-stacks", "4294967295");
	MISTAKE(2, "no CPU 8000", "--cpu", "0,8000");
	MISTAKE(2, "0,2-3", "--cpu", "first");
	MISTAKE(2, "table", "-o", "nonsense");
	MISTAKE(2, "no level", "--by", "proces");
	MISTAKE(2, "reasons", "--by", "reason");
	MISTAKE(2, "--pid", "-p", "0");
	MISTAKE(1, "", "-p", "4000000");
	MISTAKE(1, "/nonexistent", "-w", "/nonexistent/x.html");
	MISTAKE(1, "/nonexistent", "--diff", "/nonexistent/x.html");
	MISTAKE(2, "15 bytes", "--comm", "a-name-that-is-too-long");
	MISTAKE(2, "no such value", "--value", "9");
	MISTAKE(2, "", "--duration", "10");
	MISTAKE(2, "", "word", "word");
}

/* Compared with a profile of other things: that is said before anything is sampled. */
static void test_other_values(void)
{
	char old[256];
	FILE *file;

	snprintf(old, sizeof(old), "%s/other.folded", agent_root());
	file = fopen(old, "we");
	if (!file || fputs("main;work 3\n", file) < 0)
		tap_diag("no file");
	if (file)
		fclose(file);
	test_mistake(2, "no value in common", (const char *[]){ "offcpu", "--diff", old, NULL });
	test_mistake(2, "no such value",
		     (const char *[]){ "memleak", "--value", "9", "-p", "1", NULL });
	unlink(old);
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid;
}

/* Nobody reads what it writes at the end: there it stays, until it is told again. */
static void test_second_signal(void)
{
	uint64_t deadline = now_ms() + (uint64_t)agent_patience();
	struct agent agent = AGENT_INIT;
	char path[256];

	snprintf(path, sizeof(path), "%s/nobody-reads", agent_root());
	if (mkfifo(path, 0600) < 0)
		tap_diag("no pipe");
	agent_spawn(&agent, (const char *[]){ "profile", "-o", "json", "-w", path, NULL }, NULL,
		    NULL);
	agent_wait_err(&agent, "^C ends");
	do {
		kill(agent.pid, SIGINT);
		agent_pump(&agent, 20);
	} while (!has_ended(agent.pid) && now_ms() < deadline);
	if (!tap_ok(agent_wait_end(&agent) && agent_code(&agent) == 128 + SIGINT,
		    "a second ^C ends it at once"))
		tap_diag("%s", rs_str_cstr(&agent.err_text));
	agent_done(&agent);
	unlink(path);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "busy")) {
		busy_short((unsigned)atoi(argv[2]));
		return 7;
	}
	test_spinning();
	test_kernel();
	test_threads();
	test_everybody();
	test_short_lived();
	test_formats();
	test_mistakes();
	test_other_values();
	test_second_signal();
	return tap_done();
}
