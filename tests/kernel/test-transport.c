/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The promise of the transport: what was generated was delivered, or is counted as lost. A consumer
 * that does not consume, a buffer that is too small, and a number of events that only we know.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/summary.h"
#include "tests/kernel/lib/sys.h"

#define LANES_MAX 1024 /* more than CPUs times lanes */

/* What came out: how many of each kind, and the sequence of each (CPU, lane). */
struct tally {
	uint64_t mkdirs, rmdirs, links, other;
	uint64_t tried; /* symlinks that we made */
	struct {
		uint64_t last, count;
	} lanes[LANES_MAX];
	unsigned disorder; /* numbers that did not grow */
};

static void count_event(void *data, json_t *event)
{
	struct tally *tally = data;
	const char *kind = event_kind(event);
	json_int_t lane = event_int(event, "ringside.cpu") * 8 + event_int(event, "ringside.lane");
	uint64_t seq = (uint64_t)event_int(event, "event.sequence");

	if (strcmp(kind, "mkdir") == 0)
		tally->mkdirs++;
	else if (strcmp(kind, "rmdir") == 0)
		tally->rmdirs++;
	else if (strcmp(kind, "symlink") == 0)
		tally->links++;
	else
		tally->other++;
	if (lane < 0 || lane >= LANES_MAX)
		return;
	tally->disorder += seq <= tally->lanes[lane].last;
	tally->lanes[lane].last = seq;
	tally->lanes[lane].count++;
}

static uint64_t holes(const struct tally *tally)
{
	uint64_t n = 0;

	for (size_t i = 0; i < LANES_MAX; i++)
		n += tally->lanes[i].last - tally->lanes[i].count;
	return n;
}

/* On one CPU, so that every hole is closed by a later event there. */
static void stay_on_one_cpu(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(first_cpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
}

/* As many calls of each kind as asked for; they fail, and leave nothing behind. */
static void generate(unsigned mkdirs, unsigned rmdirs)
{
	pid_t pid = fork();

	if (pid < 0)
		tap_bail("fork: %m");
	if (pid) {
		waitpid(pid, NULL, 0);
		return;
	}
	stay_on_one_cpu();
	while (mkdirs || rmdirs) {
		if (mkdirs && mkdirs--)
			mkdir("/tmp", 0755);
		if (rmdirs && rmdirs--)
			rmdir("/ringside-is-not-here");
	}
	_exit(0);
}

static void make_link(void)
{
	char path[64];
	pid_t pid = fork();

	if (pid < 0)
		tap_bail("fork: %m");
	if (!pid) {
		stay_on_one_cpu();
		snprintf(path, sizeof(path), "/tmp/ringside-resume-%d", getpid());
		if (symlink("x", path) == 0)
			unlink(path);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

/* Waits for one more symlink. */
static bool link_comes(struct agent *agent, const struct tally *tally, uint64_t before, int ms)
{
	uint64_t deadline = now_ms() + (uint64_t)ms;

	while (tally->links == before && now_ms() < deadline && agent->out >= 0)
		agent_pump(agent, 100);
	return tally->links > before;
}

/* The stream goes on: a symlink, from the same CPU, arrives. The first ones may still meet a full
 * buffer and be lost like others. */
static bool resumes(struct agent *agent, struct tally *tally)
{
	uint64_t before = tally->links;
	struct agent_wait wait;

	agent_wait_begin(&wait, agent);
	do {
		make_link();
		tally->tried++;
	} while (!link_comes(agent, tally, before, 2000) && agent_wait_on(&wait, agent));
	return tally->links > before;
}

static void start(struct agent *agent, struct tally *tally, const char *size)
{
	char pid[16];

	memset(tally, 0, sizeof(*tally));
	snprintf(pid, sizeof(pid), "%d", getpid());
	agent_start(agent, (const char *[]){ "--pid", pid, "--kinds", "mkdir,rmdir,symlink",
					     "--ring-size", size, NULL });
	agent->on_event = count_event;
	agent->data = tally;
}

/* Ends the agent and holds its summary against what came and what we know. */
static void settle(struct agent *agent, const struct tally *tally, const char *what,
		   uint64_t mkdirs, uint64_t rmdirs, bool some_lost)
{
	int code = agent_stop(agent, SIGINT);
	const char *text = rs_str_cstr(&agent->err_text);
	struct summary_row made = summary_row(text, "mkdir"), gone = summary_row(text, "rmdir");
	struct summary_row links = summary_row(text, "symlink");
	uint64_t lost = made.lost + gone.lost + links.lost;
	bool ok = true;

	ok &= tap_ok(code == 0, "%s: the agent ends with code 0", what);
	ok &= tap_ok(made.events == tally->mkdirs && gone.events == tally->rmdirs &&
			     links.events == tally->links,
		     "%s: it delivered as many as it says", what);
	ok &= tap_ok(made.events + made.lost == mkdirs, "%s: generated = delivered + lost (mkdir)",
		     what);
	ok &= tap_ok(gone.events + gone.lost == rmdirs, "%s: generated = delivered + lost (rmdir)",
		     what);
	ok &= tap_ok(links.events + links.lost == tally->tried,
		     "%s: generated = delivered + lost (symlink)", what);
	ok &= tap_ok(!some_lost == !lost, "%s: %s", what,
		     some_lost ? "there were losses" : "there were none");
	ok &= tap_ok(!tally->disorder, "%s: no sequence number comes twice", what);
	ok &= tap_ok(holes(tally) == lost, "%s: the sequence has a hole for each loss", what);
	ok &= tap_ok(!agent->bad_lines && !tally->other, "%s: nothing else came", what);
	tap_diag("%s: of %lu and %lu events %lu and %lu delivered, %lu and %lu lost; holes: %lu",
		 what, (unsigned long)mkdirs, (unsigned long)rmdirs, (unsigned long)made.events,
		 (unsigned long)gone.events, (unsigned long)made.lost, (unsigned long)gone.lost,
		 (unsigned long)holes(tally));
	if (!ok)
		tap_diag("%s", text);
}

/* Several times what fits in the small buffer, the pipe and what the agent holds; within a minute where it is slow. */
#define MANY (getenv("RINGSIDE_VM") ? 6000u : 30000u)
#define FEW  (getenv("RINGSIDE_VM") ? 4000u : 20000u)

static void test_stopped(void)
{
	static struct tally tally;
	struct agent agent;

	start(&agent, &tally, "64K");
	tap_ok(resumes(&agent, &tally), "stopped: an event before");
	kill(agent.pid, SIGSTOP);
	waitpid(agent.pid, NULL, WUNTRACED);
	generate(MANY, FEW);
	kill(agent.pid, SIGCONT);
	tap_ok(resumes(&agent, &tally), "stopped: the stream resumes");
	generate(10, 10);
	tap_ok(resumes(&agent, &tally), "stopped: and goes on");
	settle(&agent, &tally, "stopped", MANY + 10, FEW + 10, true);
	agent_done(&agent);
}

/* The agent runs, but nobody reads what it writes. */
static void test_slow_reader(void)
{
	static struct tally tally;
	struct agent agent;

	start(&agent, &tally, "64K");
	generate(MANY, FEW);
	tap_ok(resumes(&agent, &tally), "slow reader: the stream resumes");
	settle(&agent, &tally, "slow reader", MANY, FEW, true);
	agent_done(&agent);
}

static void test_enough_room(void)
{
	static struct tally tally;
	struct agent agent;

	start(&agent, &tally, "32M");
	kill(agent.pid, SIGSTOP);
	waitpid(agent.pid, NULL, WUNTRACED);
	generate(MANY, FEW);
	kill(agent.pid, SIGCONT);
	tap_ok(resumes(&agent, &tally), "enough room: the stream resumes");
	settle(&agent, &tally, "enough room", MANY, FEW, false);
	agent_done(&agent);
}

int main(void)
{
	test_stopped();
	test_slow_reader();
	test_enough_room();
	return tap_done();
}
