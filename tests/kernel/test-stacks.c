/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside stacks`: a place is reached so many times, and what is added up is exact. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "tests/kernel/lib/busy.h"
#include "tests/kernel/lib/tap.h"
#include "tests/kernel/lib/traced.h"
#include "tests/kernel/lib/tracing.h"

#define TIMES 1000

/* --- what is done --- */

static void close_numbers(int orders, int answers)
{
	while (busy_wait_for_byte(orders) >= 0) {
		busy_close_numbers(TIMES);
		(void)!write(answers, "a", 1);
	}
}

static void call(int orders, int answers)
{
	while (busy_wait_for_byte(orders) >= 0) {
		for (int i = 0; i < TIMES; i++)
			busy_called(i - 10);
		(void)!write(answers, "a", 1);
	}
}

/* --- */

static void begin(struct agent *agent, const struct busy *busy, const char *function,
		  const char *sum)
{
	const char *args[] = { "stacks", "-p", NULL, function, sum ? "--sum" : NULL, sum, NULL };
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", busy->pid);
	args[2] = pid;
	profile_start(agent, args);
}

static bool have_it_done(const struct busy *busy)
{
	char byte;

	return write(busy->orders, "g", 1) == 1 && read(busy->answers, &byte, 1) == 1;
}

/* Where hooks can be preempted the kernel leaves runs out, and says how many: what is exact else is then bounded. */
static void check_exact(const struct agent *agent, const char *value,
			const struct profile_match *match, json_int_t want, const char *name)
{
	json_int_t sum = profile_sum(agent, value, match);

	if (sum != want && sum < want && profile_noted(agent, "did not run")) {
		tap_skip(name, "the kernel left runs out, and said so");
		return;
	}
	if (tap_ok(sum == want, "%s", name))
		return;
	tap_diag("%lld, and not %lld", (long long)sum, (long long)want);
	profile_tell(agent);
}

static void test_tracepoint(void)
{
	const struct profile_match match = { .process = "rs-close",
					     .function = "busy_close_numbers" };
	const json_int_t sum = (json_int_t)TIMES * 100000 + TIMES * (TIMES - 1) / 2;
	struct busy busy;
	struct agent agent;

	busy_start(&busy, "rs-close", close_numbers);
	begin(&agent, &busy, "tracepoint:syscalls:sys_enter_close", NULL);
	tap_ok(have_it_done(&busy) && profile_stop(&agent), "a tracepoint is reached");
	check_exact(&agent, "calls", &match, TIMES, "as often as it was");
	agent_done(&agent);
	begin(&agent, &busy, "tracepoint:syscalls:sys_enter_close", "fd");
	tap_ok(have_it_done(&busy) && profile_stop(&agent), "a field of it is added up");
	check_exact(&agent, "fd", &match, sum, "to what it was");
	check_exact(&agent, "calls", &match, TIMES, "and hits are counted, too");
	agent_done(&agent);
	begin(&agent, &busy, "rawtracepoint:sys_enter", NULL);
	tap_ok(have_it_done(&busy) && profile_stop(&agent), "a raw tracepoint is reached");
	check_exact(&agent, "calls", &match, TIMES, "as often as it was");
	agent_done(&agent);
	busy_end(&busy);
}

static void test_function(void)
{
	const struct profile_match match = { .process = "rs-call", .function = "busy_called" };
	json_int_t sum = 0;
	struct busy busy;
	struct agent agent;
	char function[512];

	for (int i = 0; i < TIMES; i++)
		sum += i - 10;
	snprintf(function, sizeof(function), "uprobe:%s:busy_called", traced_self());
	busy_start(&busy, "rs-call", call);
	begin(&agent, &busy, function, NULL);
	tap_ok(have_it_done(&busy) && profile_stop(&agent), "a function of a program is called");
	check_exact(&agent, "calls", &match, TIMES, "as often as it was");
	tap_ok(!profile_sum(&agent, "calls", &(struct profile_match){ .kind = "kernel" }),
	       "without the kernel's part");
	agent_done(&agent);
	begin(&agent, &busy, function + strlen("uprobe:"), "arg0:int32");
	tap_ok(have_it_done(&busy) && profile_stop(&agent), "its argument is added up");
	check_exact(&agent, "arg0:int32", &match, sum, "with its sign");
	agent_done(&agent);
	busy_end(&busy);
}

static void test_kernel_function(void)
{
	const char *lacks = tracing_lacks(NEED_KPROBE);
	struct outcome outcome;
	struct busy busy;
	struct agent agent;

	if (lacks) {
		agent_run(&outcome, (const char *[]){ "stacks", "vfs_read", NULL }, NULL, NULL);
		tap_ok(outcome.code == 3 && strstr(outcome.err, "vfs_read"),
		       "no functions of the kernel here: that is told");
		outcome_done(&outcome);
		tap_skip("a function of the kernel", lacks);
		return;
	}
	busy_start(&busy, "rs-close", close_numbers);
	begin(&agent, &busy, "vfs_read", NULL);
	tap_ok(have_it_done(&busy) && have_it_done(&busy) && profile_stop(&agent),
	       "a function of the kernel is called");
	tap_ok(profile_sum(&agent, "calls",
			   &(struct profile_match){ .process = "rs-close",
						    .function = "busy_wait_inside" }) > 0,
	       "by whom is known");
	agent_done(&agent);
	begin(&agent, &busy, "kprobe:vfs_rea*", "arg2");
	tap_ok(have_it_done(&busy) && have_it_done(&busy) && profile_stop(&agent),
	       "several functions of the kernel are called");
	tap_ok(profile_sum(&agent, "arg2",
			   &(struct profile_match){ .function = "busy_wait_inside" }) > 0,
	       "an argument of them is added up");
	agent_done(&agent);
	busy_end(&busy);
}

static void test_mistake(int code, const char *words, const char *const args[])
{
	struct outcome outcome;

	agent_run(&outcome, args, NULL, NULL);
	if (!tap_ok(outcome.code == code && strstr(outcome.err, words), "mistake: %s %s",
		    args[1] ? args[1] : "", args[1] && args[2] ? args[2] : ""))
		tap_diag("%d %s", outcome.code, outcome.err);
	outcome_done(&outcome);
}

#define MISTAKE(code, words, ...)                                                                  \
	test_mistake(code, words, (const char *[]){ "stacks", __VA_ARGS__, NULL })

static void test_mistakes(void)
{
	MISTAKE(2, "which function", "-q");
	MISTAKE(2, "one function", "one", "two");
	MISTAKE(2, "no function", "a b");
	MISTAKE(2, "no function", "x{}");
	MISTAKE(2, "no stacks", "profile:hz:99");
	MISTAKE(1, "did you mean", "tracepoint:syscalls:sys_enter_clos");
	MISTAKE(1, "nonexistent", "uprobe:/nonexistent:x");
	MISTAKE(2, ", fd", "tracepoint:syscalls:sys_enter_close", "--sum", "nothing");
	MISTAKE(2, "argument", "rawtracepoint:sys_enter", "--sum", "arg9");
	MISTAKE(2, "int8", "rawtracepoint:sys_enter", "--sum", "arg1:float");
	MISTAKE(2, "--sum", "rawtracepoint:sys_enter", "--unit", "bytes");
}

int main(void)
{
	test_tracepoint();
	test_function();
	test_kernel_function();
	test_mistakes();
	return tap_done();
}
