/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside offcpu`: waits that the test makes, and measures itself: what is shown is at least that long. */
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/util.h"
#include "tests/kernel/lib/busy.h"
#include "tests/kernel/lib/sys.h"
#include "tests/kernel/lib/tap.h"

#define WAIT_MS 300

/* --- what is done --- */

/* Waits for a byte, and tells that it came, until 'q'. */
static void wait_for_bytes(int orders, int answers)
{
	int byte;

	while ((byte = busy_wait_for_byte(orders)) >= 0 && byte != 'q')
		(void)!write(answers, "a", 1);
}

static void spin_on_first(int orders, int answers)
{
	cpu_set_t first;

	(void)orders;
	(void)answers;
	CPU_ZERO(&first);
	CPU_SET(first_cpu(), &first);
	sched_setaffinity(0, sizeof(first), &first);
	busy_spin();
}

static void pass_time(unsigned ms)
{
	poll(NULL, 0, (int)ms);
}

/* Wakes it, and waits until it waits again. */
static bool tap_on(const struct busy *busy)
{
	char byte;

	return write(busy->orders, "g", 1) == 1 && read(busy->answers, &byte, 1) == 1 &&
	       busy_wait_asleep(busy->pid);
}

/* --- watching it --- */

static void begin(struct agent *agent, const struct busy *busy, const char *const more[])
{
	const char *args[20] = { "offcpu", "-p" };
	size_t n = 3;
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", busy->pid);
	args[2] = pid;
	while (*more && n < ARRAY_SIZE(args) - 1)
		args[n++] = *more++;
	profile_start(agent, args);
}

/* One wait of at least *ret_ns, that begins and ends while it is watched. */
static bool one_wait(const struct busy *busy, uint64_t *ret_ns)
{
	uint64_t start;

	if (!tap_on(busy))
		return false;
	start = rs_clock_mono();
	pass_time(WAIT_MS);
	*ret_ns = rs_clock_mono() - start;
	return tap_on(busy);
}

static const struct profile_match in_pipe = { .process = "rs-wait",
					      .function = "busy_wait_inside",
					      .reason = "pipe" };

static void check_sum(const struct agent *agent, const struct profile_match *match, uint64_t least,
		      const char *name)
{
	json_int_t sum = profile_sum(agent, "offcpu", match);

	if (tap_ok(sum >= (json_int_t)least, "%s", name))
		return;
	tap_diag("%lld, and not at least %llu", (long long)sum, (unsigned long long)least);
	profile_tell(agent);
}

static void test_wait(void)
{
	struct busy busy;
	struct agent agent;
	uint64_t ns = UINT64_MAX;

	busy_start(&busy, "rs-wait", wait_for_bytes);
	busy_wait_asleep(busy.pid);
	begin(&agent, &busy, (const char *[]){ "--finished", NULL });
	tap_ok(one_wait(&busy, &ns), "a process waits for a pipe");
	tap_ok(profile_stop(&agent), "its waits are seen");
	check_sum(&agent, &in_pipe, ns, "as long as they were, in the function, with the reason");
	check_sum(&agent,
		  &(struct profile_match){ .function = "busy_wait_inside", .caller = "[pipe]" }, ns,
		  "the reason is a frame");
	check_sum(&agent,
		  &(struct profile_match){ .function = "busy_wait_inside",
					   .caller = "busy_wait_for_byte" },
		  ns, "whose caller is known");
	tap_ok(!profile_sum(&agent, "offcpu", &(struct profile_match){ .reason = "preempted" }),
	       "being preempted is no wait");
	agent_done(&agent);
	busy_end(&busy);
}

static void test_wakers(void)
{
	char name[16] = "";
	struct busy busy;
	struct agent agent;
	uint64_t ns = UINT64_MAX;
	struct profile_match woken = in_pipe,
			     chain = { .function = "-- woken by --", .caller = "busy_wait_inside" };

	prctl(PR_GET_NAME, name);
	busy_start(&busy, "rs-wait", wait_for_bytes);
	busy_wait_asleep(busy.pid);
	begin(&agent, &busy, (const char *[]){ "--wakers", NULL });
	tap_ok(one_wait(&busy, &ns), "a process is woken by us");
	tap_ok(profile_stop(&agent), "that is seen");
	woken.waker = name;
	check_sum(&agent, &woken, ns, "and we are named");
	check_sum(&agent, &chain, ns, "and stand upon its stack");
	agent_done(&agent);
	busy_end(&busy);
}

static void test_still_waiting(void)
{
	struct busy busy;
	struct agent agent;
	uint64_t start = 0;

	busy_start(&busy, "rs-wait", wait_for_bytes);
	busy_wait_asleep(busy.pid);
	for (int finished = 0; finished < 2; finished++) {
		begin(&agent, &busy,
		      (const char *[]){ "--min", "100ms", finished ? "--finished" : NULL, NULL });
		tap_ok(tap_on(&busy), "a process waits until the end");
		start = rs_clock_mono();
		pass_time(WAIT_MS);
		start = rs_clock_mono() - start;
		tap_ok(profile_stop(&agent), "and is watched");
		if (finished) {
			tap_ok(!profile_sum(&agent, "offcpu", &in_pipe),
			       "--finished: it does not count");
		} else {
			check_sum(&agent, &in_pipe, start, "it counts as long as it did");
			tap_ok(profile_noted(&agent, "still last"), "and that is told");
		}
		agent_done(&agent);
	}
	busy_end(&busy);
}

static void test_bounds(void)
{
	struct busy busy;
	struct agent agent;
	uint64_t ns = 0;

	busy_start(&busy, "rs-wait", wait_for_bytes);
	busy_wait_asleep(busy.pid);
	begin(&agent, &busy, (const char *[]){ "--min", "1h", NULL });
	tap_ok(one_wait(&busy, &ns) && profile_stop(&agent), "short waits");
	tap_ok(!profile_sum(&agent, "waits", &(struct profile_match){ 0 }),
	       "--min leaves them out");
	agent_done(&agent);
	begin(&agent, &busy, (const char *[]){ "--max", "1h", "--min", "100ms", NULL });
	tap_ok(one_wait(&busy, &ns) && profile_stop(&agent), "a wait between two bounds");
	check_sum(&agent, &in_pipe, ns, "counts");
	agent_done(&agent);
	busy_end(&busy);
}

static bool wait_state(pid_t pid, char state)
{
	uint64_t deadline = now_ms() + (uint64_t)agent_patience();

	while (now_ms() < deadline) {
		if (task_state(pid, pid) == state && task_off_cpu(pid))
			return true;
		pass_time(5);
	}
	return false;
}

static void test_stopped(void)
{
	struct busy busy;
	struct agent agent;
	uint64_t start = 0;

	busy_start(&busy, "rs-wait", wait_for_bytes);
	busy_wait_asleep(busy.pid);
	begin(&agent, &busy, (const char *[]){ "--state", "stopped", NULL });
	kill(busy.pid, SIGSTOP);
	tap_ok(wait_state(busy.pid, 'T'), "a process is stopped");
	start = rs_clock_mono();
	pass_time(WAIT_MS);
	start = rs_clock_mono() - start;
	kill(busy.pid, SIGCONT);
	tap_ok(tap_on(&busy) && profile_stop(&agent), "and goes on");
	check_sum(&agent, &(struct profile_match){ .process = "rs-wait", .reason = "stopped" },
		  start, "that counts as stopped");
	tap_ok(!profile_sum(&agent, "waits", &in_pipe), "and nothing else does");
	agent_done(&agent);
	busy_end(&busy);
}

/* Two that want the same CPU. */
static void test_preempted(void)
{
	struct busy one, two;
	struct agent agent;

	busy_start(&one, "rs-one", spin_on_first);
	busy_start(&two, "rs-two", spin_on_first);
	for (int runq = 0; runq < 2; runq++) {
		json_int_t preempted;

		begin(&agent, &one, (const char *[]){ runq ? "--runq" : NULL, NULL });
		busy_wait_cpu(one.pid, 300);
		tap_ok(profile_stop(&agent), "two processes on one CPU");
		preempted = profile_sum(&agent, "offcpu",
					&(struct profile_match){ .reason = "preempted" });
		if (runq)
			tap_ok(preempted > 0, "--runq: one waits for the other");
		else
			tap_ok(!preempted, "that is no wait");
		agent_done(&agent);
	}
	busy_end(&one);
	busy_end(&two);
}

static void test_mistake(int code, const char *words, const char *const args[])
{
	struct outcome outcome;

	agent_run(&outcome, args, NULL, NULL);
	if (!tap_ok(outcome.code == code && strstr(outcome.err, words), "mistake: %s %s", args[1],
		    args[2] ? args[2] : ""))
		tap_diag("%d %s", outcome.code, outcome.err);
	outcome_done(&outcome);
}

#define MISTAKE(code, words, ...)                                                                  \
	test_mistake(code, words, (const char *[]){ "offcpu", __VA_ARGS__, NULL })

int main(void)
{
	test_wait();
	test_wakers();
	test_still_waiting();
	test_bounds();
	test_stopped();
	test_preempted();
	MISTAKE(2, "--state", "--state", "nonsense");
	MISTAKE(2, "less than", "--min", "2s", "--max", "1s");
	MISTAKE(2, "--min", "--min", "10");
	return tap_done();
}
