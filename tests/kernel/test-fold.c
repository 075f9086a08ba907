/* SPDX-License-Identifier: Apache-2.0 */
/* A short life is one event: --aggregate, the table, and that nothing is lost or counted twice by it. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kernel/lib/ask.h"
#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/stage.h"
#include "tests/kernel/lib/summary.h"
#include "tests/kernel/lib/sys.h"

#define PROG     "true" /* busybox goes by that name */
#define PROGRAMS 30     /* that are executed */
#define FORKS    12     /* that end without */
#define TRIES    4 /* a busy machine may need more than the second that a short life may take */

/* --- one event --- */

/* Behind all that it did: what is held comes out before that. */
static void finish(struct scene *scene)
{
	must(mkdir(in_dir(scene, "done"), 0700));
}

static void act_program(struct scene *scene)
{
	copy_true(scene, in_dir(scene, PROG));
	run_program(scene, in_dir(scene, PROG));
	finish(scene);
}

static void end_with_3(struct scene *scene)
{
	must(mkdir(in_dir(scene, "by-child"), 0700));
	_exit(3);
}

static void act_fork(struct scene *scene)
{
	in_child(scene, "child", end_with_3);
	finish(scene);
}

static void end_by_signal(struct scene *scene)
{
	(void)scene;
	signal(SIGTERM, SIG_DFL);
	raise(SIGTERM);
}

static void act_signal(struct scene *scene)
{
	in_child(scene, "child", end_by_signal);
	finish(scene);
}

static void exec_twice(struct scene *scene)
{
	execl("/bin/sh", "sh", "-c", "exec \"$0\"", in_dir(scene, PROG), NULL);
}

static void act_twice(struct scene *scene)
{
	copy_true(scene, in_dir(scene, PROG));
	in_child(scene, "child", exec_twice);
	finish(scene);
}

#define CHILD IS("process.pid", "{child}")
#define WHOLE                                                                                      \
	IS("event.type.0", "start"), IS("event.type.1", "end"), AT_LEAST("event.duration", "1"),   \
		AT_MOST("event.duration", "999999999"), SOME("process.start"),                     \
		SOME("process.end"), AT_LEAST("ringside.usage.cpu_ns", "1")
#define SINGLE IS("event.type.0", "start"), NONE("event.duration"), NONE("process.end")

/* clang-format off */
static const struct check checks[] = {
	{ "a program that ends at once", act_program, {
		{ "exec", { CHILD, WHOLE, IS("process.executable", "{dir}/true"),
			    IS("process.args.0", "{dir}/true"), IS("process.exit_code", "0"),
			    IS("process.parent.pid", "{pid}"), IS("event.outcome", "success") }, WANT_ONE },
		{ "fork", { CHILD }, WANT_NONE },
		{ "exit", { CHILD }, WANT_NONE } } },
	{ "a child that executes nothing", act_fork, {
		{ "fork", { CHILD, WHOLE, IS("process.exit_code", "3") }, WANT_ONE },
		{ "mkdir", { CHILD, IS("file.path", "{dir}/by-child"), NONE("event.duration") }, WANT_ONE },
		{ "exit", { CHILD }, WANT_NONE } } },
	{ "one that dies of a signal", act_signal, {
		{ "fork", { CHILD, WHOLE, IS("ringside.exit.signal", "SIGTERM") }, WANT_ONE },
		{ "exit", { CHILD }, WANT_NONE } } },
	{ "one program after the other: the last one ends", act_twice, {
		{ "fork", { CHILD, SINGLE }, WANT_ONE },
		{ "exec", { CHILD, SINGLE, IS("process.name", "sh") }, WANT_ONE },
		{ "exec", { CHILD, WHOLE, IS("process.executable", "{dir}/true") }, WANT_ONE },
		{ "exit", { CHILD }, WANT_NONE } } },
};
/* clang-format on */

static void test_short(void)
{
	static const struct want done = { "mkdir", { IS("file.path", "{dir}/done") }, WANT_ANY };
	struct agent agent;

	agent_start(&agent, (const char *[]){ "--kinds", "process,mkdir", "--store", "none",
					      "--aggregate", NULL });
	check_again("a life is one event within a second only");
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		check_one(&agent, &checks[i], &done);
	check_again(NULL);
	check_end(&agent);
	agent_done(&agent);
}

/* --- a long life --- */

/* A process that runs until its input ends: `cat`. */
struct cat {
	pid_t pid;
	int in, out;
};

static void cat_start(struct cat *cat)
{
	int in[2], out[2];
	char byte;

	if (pipe(in) || pipe(out))
		tap_bail("pipe: %m");
	cat->pid = fork();
	if (!cat->pid) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		close(in[1]);
		close(out[0]);
		execlp("cat", "cat", NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	cat->in = in[1];
	cat->out = out[0];
	if (write(cat->in, "x", 1) != 1 || read(cat->out, &byte, 1) != 1)
		tap_bail("cat does not run");
}

static void cat_end(struct cat *cat)
{
	close(cat->in);
	close(cat->out);
	waitpid(cat->pid, NULL, 0);
}

/* The event of that kind and process; @wait: until it comes. */
static const json_t *event_of(struct agent *agent, const char *kind, pid_t pid, bool wait)
{
	uint64_t end = now_ms() + (wait ? (uint64_t)agent_patience() : 0);

	for (;;) {
		for (size_t i = 0; i < agent->n_events; i++)
			if (!strcmp(event_kind(agent->events[i]), kind) &&
			    event_int(agent->events[i], "process.pid") == pid)
				return agent->events[i];
		if (now_ms() >= end || agent->out < 0)
			return NULL;
		agent_pump(agent, 100);
	}
}

static bool is_single(const json_t *event)
{
	return event && !event_get(event, "event.duration");
}

static void start_own(struct agent *agent, const char *form)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	agent_start(agent, (const char *[]){ "--kinds", "process", "--store", "none", "-p", pid,
					     form, NULL });
}

static void test_long(void)
{
	struct agent agent;
	struct cat cat;

	start_own(&agent, "--aggregate");
	cat_start(&cat);
	tap_ok(is_single(event_of(&agent, "fork", cat.pid, true)) &&
		       is_single(event_of(&agent, "exec", cat.pid, true)),
	       "a long life: its start comes while it lasts");
	cat_end(&cat);
	tap_ok(event_of(&agent, "exit", cat.pid, true), "and its end when it ends");
	tap_ok(agent.n_events == 3, "three events, as without --aggregate");
	agent_stop(&agent, SIGINT);
	agent_done(&agent);
}

/* What is held comes out when the agent ends. */
static void test_end(void)
{
	struct agent agent;
	struct cat cat;
	const char *summary;

	start_own(&agent, "--aggregate");
	cat_start(&cat);
	tap_ok(agent_stop(&agent, SIGINT) == 0, "the agent ends while a life lasts");
	summary = rs_str_cstr(&agent.err_text);
	tap_ok(is_single(event_of(&agent, "fork", cat.pid, false)) &&
		       is_single(event_of(&agent, "exec", cat.pid, false)),
	       "what it held comes out");
	if (!tap_ok(summary_row(summary, "fork").events == 1 &&
			    summary_row(summary, "exec").events == 1 &&
			    summary_row(summary, "exit").events == 0,
		    "and is counted"))
		tap_diag("%s", summary);
	agent_done(&agent);
	cat_end(&cat);
}

/* --- counts --- */

static void fork_many(void)
{
	for (unsigned i = 0; i < PROGRAMS + FORKS; i++) {
		pid_t pid = fork();

		if (!pid) {
			if (i < PROGRAMS)
				execl("/bin/true", "true", NULL);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
}

static bool counts_are(const struct agent *agent, const char *summary)
{
	char headline[64];

	(void)agent;
	snprintf(headline, sizeof(headline), "%u events in ", 3 * PROGRAMS + 2 * FORKS);
	return summary_row(summary, "fork").events == PROGRAMS + FORKS &&
	       summary_row(summary, "exec").events == PROGRAMS &&
	       summary_row(summary, "exit").events == PROGRAMS + FORKS &&
	       strstr(summary, headline) && !strstr(summary, "please report this");
}

static size_t count_whole(const struct agent *agent)
{
	size_t n = 0;

	for (size_t i = 0; i < agent->n_events; i++)
		n += event_get(agent->events[i], "event.duration") != NULL;
	return n;
}

static void run_many(struct agent *agent)
{
	struct agent_wait wait;

	start_own(agent, "--aggregate");
	fork_many();
	agent_wait_begin(&wait, agent);
	while (agent->n_events < PROGRAMS + FORKS && agent_wait_on(&wait, agent))
		agent_pump(agent, 100);
	tap_ok(agent_stop(agent, SIGINT) == 0, "the agent ends");
}

/* Where a life takes more than a second, or the agent does, it is several events, and everything is done again. */
static void test_counts(void)
{
	struct agent agent;
	const char *summary;

	run_many(&agent);
	for (int i = 1; i < TRIES && count_whole(&agent) < PROGRAMS + FORKS; i++) {
		tap_diag("%zu whole lives; once more", count_whole(&agent));
		agent_done(&agent);
		run_many(&agent);
	}
	if (!tap_ok(agent.n_events == PROGRAMS + FORKS && count_whole(&agent) == agent.n_events,
		    "%u lives are as many events", PROGRAMS + FORKS))
		tap_diag("%zu events, %zu of whole lives", agent.n_events, count_whole(&agent));
	summary = rs_str_cstr(&agent.err_text);
	if (!tap_ok(counts_are(&agent, summary), "the summary counts what was made"))
		tap_diag("%s", summary);
	agent_done(&agent);
}

/* --- the table --- */

static size_t count_lines(struct rs_str *text, const char *what)
{
	const char *p = rs_str_cstr(text);
	size_t n = 0;

	while ((p = strstr(p, what))) {
		n++;
		p = strchr(p, '\n');
		if (!p)
			break;
	}
	return n;
}

/* Lines of one program of ours. */
static size_t table_lines(const char *form, size_t wanted)
{
	uint64_t end = now_ms() + (uint64_t)agent_patience();
	char own[16], mark[32];
	struct agent agent;
	size_t n = 0;
	pid_t pid;

	snprintf(own, sizeof(own), "%d", getpid());
	agent_spawn(&agent,
		    (const char *[]){ "run", "--root", agent_root(), "-o", "table", "--kinds",
				      "process", "--store", "none", "-p", own, form, NULL },
		    NULL, NULL);
	agent.raw = true;
	if (!agent_wait_err(&agent, "watching"))
		tap_bail("the agent does not come up");
	pid = fork();
	if (!pid) {
		execl("/bin/true", "true", NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	snprintf(mark, sizeof(mark), " %d ", pid);
	while (n < wanted && now_ms() < end && agent.out >= 0) {
		agent_pump(&agent, 100);
		n = count_lines(&agent.line, mark);
	}
	agent_stop(&agent, SIGINT);
	n = count_lines(&agent.line, mark);
	if (n != wanted)
		tap_diag("%s", rs_str_cstr(&agent.line));
	agent_done(&agent);
	return n;
}

static void test_table(void)
{
	size_t lines = table_lines(NULL, 1);
	struct outcome outcome;

	for (int i = 1; i < TRIES && lines != 1; i++)
		lines = table_lines(NULL, 1);
	tap_ok(lines == 1, "a table has one line for a short life");
	tap_ok(table_lines("--single", 3) == 3, "with --single it has three");
	agent_run(&outcome,
		  (const char *[]){ "run", "--root", agent_root(), "--single", "--aggregate", "-c",
				    "true", NULL },
		  NULL, NULL);
	tap_ok(outcome.code == 2 && strstr(outcome.err, "exclude each other"),
	       "--single and --aggregate exclude each other");
	outcome_done(&outcome);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	test_short();
	test_long();
	test_end();
	test_counts();
	test_table();
	return tap_done();
}
