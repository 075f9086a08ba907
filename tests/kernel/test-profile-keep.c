/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles that are kept, by `ringside profile --keep` and by the agent, and asked for afterwards. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/kernel/lib/agent.h"
#include "tests/kernel/lib/tap.h"

#define NAME   "rs-spinner"
#define CPU_NS 2000000000ull /* some two hundred samples */

static char dir[64], file[96];

static volatile uint64_t sink;

__attribute__((noinline, noclone)) static void spin_in_keep(uint64_t until)
{
	struct timespec used;

	do {
		for (int i = 0; i < 100000; i++)
			sink += (uint64_t)i * sink;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	} while ((uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec < until);
	sink++; /* no tail call */
}

static pid_t start_spinner(uint64_t until)
{
	pid_t pid = fork();

	if (pid < 0)
		tap_bail("fork: %m");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0, 0, 0);
	prctl(PR_SET_NAME, NAME, 0, 0, 0);
	spin_in_keep(until);
	_exit(0);
}

static void end_spinner(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Asks; the output, of which the caller frees the outcome. */
static void ask(struct outcome *ret, const char *option, const char *value)
{
	agent_run(ret,
		  (const char *[]){ "profile", "--since", "1h", "--store", dir, "-o", "folded",
				    option, value, NULL },
		  NULL, NULL);
}

static bool has_spinner(const struct outcome *outcome)
{
	return outcome->code == 0 && strstr(outcome->out, NAME ";") &&
	       strstr(outcome->out, "spin_in_keep");
}

static void expect(const char *option, const char *value, bool found)
{
	struct outcome outcome;

	ask(&outcome, option, value);
	if (!tap_ok(found ? has_spinner(&outcome) : outcome.code == 1 && !*outcome.out, "%s %s: %s",
		    option, value, found ? "it is there" : "nothing"))
		tap_diag("code %d\n%.2000s\n%.1000s", outcome.code, outcome.out, outcome.err);
	outcome_done(&outcome);
}

static void test_by_hand(void)
{
	struct agent agent = AGENT_INIT;
	char pid_text[16];
	pid_t pid;

	agent_spawn(&agent, (const char *[]){ "profile", "--keep", file, "--slice", "1s", NULL },
		    NULL, NULL);
	if (!agent_wait_err(&agent, "keeping profiles"))
		tap_bail("it does not begin: %s", rs_str_cstr(&agent.err_text));
	pid = start_spinner(CPU_NS);
	waitpid(pid, NULL, 0);
	tap_ok(agent_stop(&agent, SIGINT) == 0, "it ends with code 0");
	agent_done(&agent);
	snprintf(pid_text, sizeof(pid_text), "%d", pid);
	expect("--comm", NAME, true);
	expect("--pid", pid_text, true);
	expect("--function", "spin_in_*", true);
	expect("--comm", "rs-nobody", false);
	expect("--function", "no_such_*", false);
	expect("--until", "1s", true);
	expect("--until", "59m", false);
}

/* The agent's profiler begins when it does; then a slice takes ten seconds. */
static bool wait_kept(struct agent *agent)
{
	uint64_t deadline = now_ms() + 15000 + 3 * (uint64_t)agent_patience();

	while (now_ms() < deadline) {
		struct outcome outcome;
		bool found;

		ask(&outcome, "--comm", NAME);
		found = has_spinner(&outcome);
		outcome_done(&outcome);
		if (found)
			return true;
		agent_pump(agent, 500);
	}
	return false;
}

static void test_by_agent(void)
{
	struct agent agent = AGENT_INIT;
	pid_t pid = start_spinner(UINT64_MAX);
	struct stat st;

	agent_start(&agent, (const char *[]){ "--kinds", "mkdir", "--store", dir, "--profile", "49",
					      NULL });
	if (!tap_ok(wait_kept(&agent), "the agent keeps profiles"))
		tap_diag("%s", rs_str_cstr(&agent.err_text));
	tap_ok(agent_stop(&agent, SIGINT) == 0, "and ends with code 0");
	agent_done(&agent);
	end_spinner(pid);
	tap_ok(!stat(file, &st) && (st.st_mode & 0777) == 0600, "the file is 0600");
}

static void test_mistakes(void)
{
	static const char *const rows[][7] = {
		{ "profile", "--keep", "/tmp/x", "--since", "1h" },
		{ "profile", "--keep", "/tmp/x", "--slice", "1ms" },
		{ "profile", "--keep", "/tmp/x", "-c", "true" },
		{ "profile", "--since", "1h", "--uid", "0" },
		{ "profile", "--since", "1h", "--until", "2h" },
		{ "run", "--profile", "5000" },
		{ "run", "--profile", "11", "--store", "none" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct outcome outcome;

		agent_run(&outcome, rows[i], NULL, NULL);
		if (!tap_ok(outcome.code == 2 && *outcome.err, "%s %s %s %s %s: a wrong use",
			    rows[i][0], rows[i][1], rows[i][2], rows[i][3] ? rows[i][3] : "",
			    rows[i][4] ? rows[i][4] : ""))
			tap_diag("code %d: %s", outcome.code, outcome.err);
		outcome_done(&outcome);
	}
}

int main(void)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char command[128];

	strcpy(dir, "/tmp/rs-keep-XXXXXX");
	if (!mkdtemp(dir))
		tap_bail("mkdtemp: %m");
	snprintf(file, sizeof(file), "%s/profiles.db", dir);
	test_mistakes();
	test_by_hand();
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		snprintf(command, sizeof(command), "%s%s", file, ends[i]);
		unlink(command);
	}
	test_by_agent();
	snprintf(command, sizeof(command), "rm -r %s", dir);
	if (system(command))
		tap_diag("\"%s\" failed", command);
	return tap_done();
}
