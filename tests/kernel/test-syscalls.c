/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside syscalls`: numbers that are known, counted by process, thread and call. */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "tests/kernel/lib/again.h"
#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/tap.h"
#include "tests/kernel/lib/traced.h"

#define CALLS  4321
#define ERRORS 17
#define RINGS  23

/* --- what is counted --- */

static void on_signal(int signal)
{
	(void)signal;
}

static int ring(void)
{
	signal(SIGUSR1, on_signal);
	for (int i = 0; i < RINGS; i++)
		raise(SIGUSR1);
	return 0;
}

/* getpid() as programs of 32 bits ask for it: its number is another call's in 64 bits. */
static int old_calls(void)
{
#ifdef __x86_64__
	for (int i = 0; i < RINGS; i++) {
		long result;

		__asm__ volatile("int $0x80"
				 : "=a"(result)
				 : "a"(20L)
				 : "memory", "r8", "r9", "r10", "r11");
		if ((pid_t)result != getpid())
			return 1;
	}
	return 0;
#else
	return 1;
#endif
}

static int deed(const char *word)
{
	pid_t pid = !strcmp(word, "child") ? fork() : 0;

	if (!strcmp(word, "ring"))
		return ring();
	if (!strcmp(word, "old"))
		return old_calls();
	if (pid > 0)
		return waitpid(pid, NULL, 0) < 0;
	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getpgid, 0);
	for (int i = 0; i < ERRORS; i++)
		syscall(SYS_getpgid, 0x3fffffff);
	return 0;
}

/* --- rows of the last object: the sums --- */

static json_t *last_of(const char *text)
{
	json_t *last = NULL, *one;
	json_error_t error;

	while ((one = json_loads(text, JSON_DISABLE_EOF_CHECK, &error))) {
		json_decref(last);
		last = one;
		text += error.position;
	}
	return last;
}

static json_t *sums(const char *const extra[], const char *word, struct outcome *ret_outcome)
{
	static char command[4200];
	const char *args[16] = { "syscalls", "-o", "json", "-i", "0", "-c", command };
	unsigned n = 7;

	snprintf(command, sizeof(command), "%s %s", traced_self(), word);
	for (unsigned i = 0; extra[i]; i++)
		args[n++] = extra[i];
	agent_run(ret_outcome, args, NULL, NULL);
	return last_of(ret_outcome->out);
}

static bool skipped_some(const struct outcome *outcome)
{
	return strstr(outcome->err, "a program was running on that CPU") != NULL;
}

static const json_t *row_of(const json_t *page, const char *key, const char *has)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(page, "rows"), i, row)
	{
		const char *text = json_string_value(json_object_get(row, key));

		if (text && strstr(text, has))
			return row;
	}
	return NULL;
}

static json_int_t number(const json_t *row, const char *key)
{
	return row ? json_integer_value(json_object_get(row, key)) : -1;
}

/* As many as were made; fewer only where the kernel says that it skipped some. */
static bool exact(json_int_t have, json_int_t want, const struct outcome *outcome)
{
	return have == want || (skipped_some(outcome) && have <= want);
}

static void test_calls(const char *name, const char *const extra[], const char *word, bool timed)
{
	struct outcome outcome;
	json_t *page = sums(extra, word, &outcome);
	const json_t *row = row_of(page, "syscall", "getpgid");
	bool ok = exact(number(row, "calls"), CALLS + ERRORS, &outcome) &&
		  exact(number(row, "errors"), ERRORS, &outcome) && outcome.code == 0;

	ok &= timed ? number(row, "ns") > 0 && number(row, "max_ns") > 0 &&
			      number(row, "max_ns") <= number(row, "ns")
		    : !json_object_get(row, "ns");
	if (!tap_ok(ok, "%s", name))
		tap_diag("ended with %d: %s %s", outcome.code, outcome.out, outcome.err);
	json_decref(page);
	outcome_done(&outcome);
}

static void test_process(void)
{
	struct outcome outcome;
	json_t *page = sums((const char *const[]){ "--by", "process", NULL }, "child", &outcome);
	json_int_t most = 0;
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(page, "rows"), i, row)
		most = MAX(most, number(row, "calls"));
	/* sanitizers have processes of their own */
	tap_ok(json_array_size(json_object_get(page, "rows")) >= 2 && most >= CALLS &&
		       most < 2 * CALLS,
	       "by process: the command and its child apart");
	json_decref(page);
	outcome_done(&outcome);
}

/* A child begins with the end of a call that it has not made. */
static void test_forks(void)
{
	static const char set[] = "clone,clone3,?fork,?vfork";
	struct outcome timed, untimed;
	json_t *with = sums((const char *const[]){ "--by", "syscall", "-e", set, NULL }, "child",
			    &timed),
	       *without = sums(
		       (const char *const[]){ "--by", "syscall", "-e", set, "--no-time", NULL },
		       "child", &untimed);

	if (!tap_ok(number(with, "calls") > 0 &&
			    (exact(number(without, "calls"), number(with, "calls"), &untimed) ||
			     skipped_some(&timed)),
		    "without times: a fork counts once"))
		tap_diag("%s%s%s%s", timed.out, timed.err, untimed.out, untimed.err);
	json_decref(with);
	json_decref(without);
	outcome_done(&timed);
	outcome_done(&untimed);
}

static void test_signals(const char *name, const char *how)
{
	struct outcome outcome;
	json_t *page = sums(
		(const char *const[]){ "--by", "syscall", "-e", "rt_sigreturn", how, NULL }, "ring",
		&outcome);

	if (!tap_ok(exact(number(row_of(page, "syscall", "rt_sigreturn"), "calls"), RINGS,
			  &outcome),
		    "%s", name))
		tap_diag("%s%s", outcome.out, outcome.err);
	json_decref(page);
	outcome_done(&outcome);
}

static bool has_old_calls(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		_exit(old_calls());
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

static void test_old_calls(void)
{
	struct outcome outcome;
	json_t *page;

	if (!has_old_calls()) {
		tap_skip("calls of 32 bits", "this kernel takes none");
		return;
	}
	page = sums((const char *const[]){ "--by", "syscall", NULL }, "old", &outcome);
	if (!tap_ok(exact(number(row_of(page, "syscall", "32-bit calls"), "calls"), RINGS,
			  &outcome),
		    "calls of 32 bits are counted as that"))
		tap_diag("%s%s", outcome.out, outcome.err);
	json_decref(page);
	outcome_done(&outcome);
	page = sums((const char *const[]){ "--by", "syscall", "-e", "getpgid", NULL }, "old",
		    &outcome);
	if (!tap_ok(!row_of(page, "syscall", "32") &&
			    (strstr(outcome.err, "23 calls of 32-bit programs are not counted") ||
			     skipped_some(&outcome)),
		    "where calls are chosen, it says how many of 32 bits there were"))
		tap_diag("%s%s", outcome.out, outcome.err);
	json_decref(page);
	outcome_done(&outcome);
}

/* --- more of who and what than there is room for --- */

#define FIRST    336 /* numbers that mean nothing, on any processor */
#define LAST     402
#define CHILDREN 150
#define BATCHES  8

static void make_children(void)
{
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();

		if (pid < 0)
			tap_bail("fork: %m");
		if (!pid) {
			for (long nr = FIRST; nr <= LAST; nr++)
				syscall(nr);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
}

static void wait_intervals(struct agent *agent, size_t n)
{
	uint64_t deadline = now_ms() + (uint64_t)agent_patience();
	size_t end = agent->n_events + n;

	while (agent->n_events < end && now_ms() < deadline)
		agent_pump(agent, 1000);
}

/* Calls that found no room, as it says at its end. */
static json_int_t refused_of(const char *text)
{
	const char *at = strstr(text, " calls are not counted: no room");

	while (at && at > text && at[-1] >= '0' && at[-1] <= '9')
		at--;
	return at ? strtoll(at, NULL, 10) : 0;
}

/* Those who are gone make room, and what they have called stays counted. */
static void test_room(void)
{
	const json_int_t all = (json_int_t)BATCHES * CHILDREN * (LAST - FIRST + 1);
	char set[512] = "", pid[16];
	struct agent agent;
	json_int_t calls, refused;
	int code;

	for (int nr = FIRST, n = 0; nr <= LAST; nr++)
		n += snprintf(set + n, sizeof(set) - (size_t)n, "%s%d", n ? "," : "", nr);
	snprintf(pid, sizeof(pid), "%d", getpid());
	agent_spawn(&agent,
		    (const char *const[]){ "syscalls", "-o", "json", "-i", "100ms", "-p", pid, "-f",
					   "--by", "process,syscall", "-e", set, "-n", "100",
					   NULL },
		    NULL, NULL);
	wait_intervals(&agent, 1);
	for (int i = 0; i < BATCHES; i++) {
		make_children();
		wait_intervals(&agent, 3);
	}
	code = agent_stop(&agent, SIGINT);
	calls = agent.n_events ? number(agent.events[agent.n_events - 1], "calls") : -1;
	refused = refused_of(rs_str_cstr(&agent.err_text));
	if (!tap_ok(code == 0 && (calls + refused == all ||
				  (calls < all && calls > 0 && agent.err_text.len &&
				   strstr(rs_str_cstr(&agent.err_text), "a program was running"))),
		    "more than there is room for: all are counted"))
		tap_diag("%lld of %lld, code %d\n%s", (long long)calls, (long long)all, code,
			 rs_str_cstr(&agent.err_text));
	/* A machine that is very busy may come too late for some. */
	tap_ok(refused * 10 < all, "more than there is room for: hardly any is refused");
	agent_done(&agent);
}

static void test_table(void)
{
	static char command[4200];
	struct outcome outcome;

	snprintf(command, sizeof(command), "%s loop", traced_self());
	agent_run(&outcome,
		  (const char *const[]){ "syscalls", "-c", command, "-i", "0", "--by", "syscall",
					 NULL },
		  NULL, NULL);
	tap_ok(outcome.code == 0 && strstr(outcome.out, "getpgid") &&
		       strstr(outcome.out, "CALLS/S"),
	       "as a table");
	outcome_done(&outcome);
	agent_run(&outcome, (const char *const[]){ "syscalls", "--by", "process,thread", NULL },
		  NULL, NULL);
	tap_ok(outcome.code == 2 && strstr(outcome.err, "--by"), "wrong use: two sorts of lines");
	outcome_done(&outcome);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return deed(argv[1]);
	test_calls("by call: each counted, errors too, with times",
		   (const char *const[]){ "--by", "syscall", NULL }, "loop", true);
	test_calls("by process and call",
		   (const char *const[]){ "--by", "process,syscall", "-e", "getpgid", NULL },
		   "loop", true);
	test_calls("by thread and call",
		   (const char *const[]){ "--by", "thread,syscall", "-e", "getpgid", NULL }, "loop",
		   true);
	test_calls("by container and call",
		   (const char *const[]){ "--by", "container,syscall", "-e", "getpgid", NULL },
		   "loop", true);
	test_calls("without times", (const char *const[]){ "--by", "syscall", "--no-time", NULL },
		   "loop", false);
	test_calls("a child's are counted with the command's",
		   (const char *const[]){ "--by", "syscall", NULL }, "child", true);
	again_plain(test_process);
	again_plain(test_forks);
	test_signals("returning from a signal", "--plain");
	test_signals("without times: returning from a signal", "--no-time");
	again_plain(test_old_calls);
	again_plain(test_room);
	again_plain(test_table);
	return tap_done();
}
