/* SPDX-License-Identifier: Apache-2.0 */
/* A running agent is asked for its numbers, and given another filter, over its control socket: with
 * the commands that users have for it. */
#include <linux/bpf.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/kernel/lib/actor.h"
#include "tests/kernel/lib/check.h"

static char dir[64];

static const char *at(const char *name)
{
	static char bufs[4][128];
	static unsigned turn;
	char *buf = bufs[turn++ % 4];

	snprintf(buf, sizeof(bufs[0]), "%s/%s", dir, name);
	return buf;
}

static bool seen(const struct agent *agent, const char *name)
{
	for (size_t i = 0; i < agent->n_events; i++)
		if (strcmp(event_str(agent->events[i], "file.path"), at(name)) == 0)
			return true;
	return false;
}

static bool wait_seen(struct agent *agent, const char *name)
{
	uint64_t deadline = now_ms() + (uint64_t)agent_patience();

	while (!seen(agent, name) && now_ms() < deadline && agent->out >= 0)
		agent_pump(agent, 100);
	return seen(agent, name);
}

/* `ringside COMMAND --root ROOT [OPTION VALUE]`; its code and text are as expected. */
static bool client(const char *command, const char *option, const char *value, int code,
		   const char *part)
{
	const char *args[] = { command, "--root", agent_root(), option, value, NULL };
	struct outcome outcome;
	bool ok;

	agent_run(&outcome, args, NULL, NULL);
	ok = outcome.code == code && (strstr(outcome.out, part) || strstr(outcome.err, part));
	if (!ok)
		tap_diag("%s %s %s: code %d, not \"%s\":\n%s%s", command, option ? option : "",
			 value ? value : "", outcome.code, part, outcome.out, outcome.err);
	outcome_done(&outcome);
	return ok;
}

/* Bit by bit from JSON: generated = delivered + filtered + lost, of one kind. */
static bool equation_holds(const char *kind, bool tell)
{
	static const char *const parts[] = { "delivered", "filtered", "undecoded", "unwritten" };
	const char *args[] = { "stats", "--root", agent_root(), "-o", "json", NULL };
	struct outcome outcome;
	json_int_t generated, sum = 0;
	json_t *root, *row, *lost;

	agent_run(&outcome, args, NULL, NULL);
	root = json_loads(outcome.out, 0, NULL);
	row = json_object_get(json_object_get(root, "kinds"), kind);
	lost = json_object_get(row, "lost");
	generated = json_integer_value(json_object_get(row, "generated"));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		sum += json_integer_value(json_object_get(row, parts[i]));
	sum += json_integer_value(json_object_get(lost, "ring")) +
	       json_integer_value(json_object_get(lost, "lane"));
	if (tell && (sum != generated || !generated))
		tap_diag("%s", outcome.out);
	outcome_done(&outcome);
	json_decref(root);
	return generated && sum == generated;
}

/* What waits in the buffer at that moment, of whoever else makes directories, is not in the sum. */
static void test_equation(struct agent *agent)
{
	uint64_t deadline = now_ms() + (uint64_t)agent_patience();
	bool ok = equation_holds("mkdir", false);

	while (!ok && now_ms() < deadline) {
		agent_pump(agent, 20);
		ok = equation_holds("mkdir", false);
	}
	tap_ok(ok || equation_holds("mkdir", true), "generated = delivered + filtered + lost");
}

static void test_filter(struct agent *agent, struct actor *actor)
{
	tap_ok(client("filter", NULL, NULL, 0, "conditions  none"), "no conditions at the start");
	actor_mkdir(actor, at("one/a"));
	tap_ok(wait_seen(agent, "one/a"), "everything is seen");
	tap_ok(client("filter", "--path", at("two"), 0, at("two")), "a path is set");
	actor_mkdir(actor, at("one/b"));
	actor_mkdir(actor, at("two/b"));
	tap_ok(wait_seen(agent, "two/b") && !seen(agent, "one/b"), "only that path is seen");
	tap_ok(client("filter", "--comm", "nobody-is-so", 0, "path"), "a name on top of it");
	actor_mkdir(actor, at("two/c"));
	tap_ok(client("filter", "--clear", NULL, 0, "conditions  none"), "all is cleared");
	actor_mkdir(actor, at("one/d"));
	tap_ok(wait_seen(agent, "one/d") && !seen(agent, "two/c"), "everything is seen again");
}

static void test_refused(struct agent *agent, struct actor *actor)
{
	tap_ok(client("filter", "--kinds", "unlink", 1, "unlink"), "a kind without a hook");
	tap_ok(client("filter", "--pid", "4194303", 1, "no such process"),
	       "a pid without a process");
	tap_ok(client("filter", "--comm", "a-name-of-more-than-15-bytes", 2, "15"), "a long name");
	tap_ok(client("filter", "--uid", "no-such-user", 2, "no-such-user"), "a user nobody is");
	tap_ok(client("filter", "--path", "/tmp/\xff", 2, "not UTF-8"), "a path that is not UTF-8");
	tap_ok(client("filter", NULL, NULL, 0, "conditions  none"), "the filter is as it was");
	actor_mkdir(actor, at("one/e"));
	tap_ok(wait_seen(agent, "one/e"), "and events come");
}

static void test_end(struct agent *agent)
{
	struct stat st;
	char path[128];

	snprintf(path, sizeof(path), "%s/run/ringside/control.sock", agent_root());
	tap_ok(!stat(path, &st) && (st.st_mode & 0777) == 0600, "only root reaches the socket");
	tap_ok(agent_stop(agent, SIGTERM) == 0, "the agent ends with code 0");
	tap_ok(stat(path, &st) < 0, "the socket is gone");
	tap_ok(client("stats", NULL, NULL, 1, "no agent is running"), "nobody there: said so");
}

/* kill -9 leaves the socket; the next agent takes it over. */
static void test_killed(void)
{
	struct agent agent;

	agent_start(&agent, (const char *[]){ "--kinds", "mkdir", NULL });
	agent_stop(&agent, SIGKILL);
	agent_done(&agent);
	tap_ok(client("stats", NULL, NULL, 1, "no agent is running"), "a dead agent's socket");
	agent_start(&agent, (const char *[]){ "--kinds", "mkdir", NULL });
	tap_ok(client("stats", NULL, NULL, 0, "watches 1 kind"), "is taken over by the next");
	agent_stop(&agent, SIGTERM);
	agent_done(&agent);
}

/* The filter can be changed after a process that it asks for has died; a dead one cannot be added. */
static void test_dead_pid(struct actor *actor)
{
	struct actor other;
	struct agent agent;
	char pids[32], dead[16];

	actor_start(&other, NULL, NULL);
	snprintf(dead, sizeof(dead), "%d", other.pid);
	snprintf(pids, sizeof(pids), "%d,%d", other.pid, actor->pid);
	agent_start(&agent, (const char *[]){ "--kinds", "mkdir", "--pid", pids, NULL });
	actor_end(&other);
	tap_ok(client("filter", "--path", at("one"), 0, at("one")),
	       "a process that was asked for has died: other conditions can change");
	actor_mkdir(actor, at("one/g"));
	tap_ok(wait_seen(&agent, "one/g"), "and the other process is still seen");
	tap_ok(client("filter", "--pid", dead, 1, "no such process"), "but not asked for anew");
	agent_stop(&agent, SIGTERM);
	agent_done(&agent);
}

/* While anybody has the kernel measure, it counts the runs of everybody's programs: what an agent
 * tells stops with its own measuring. */
static void test_measuring(struct actor *actor)
{
	const char *args[] = { "stats", "--root", agent_root(), "-o", "json", NULL };
	union bpf_attr attr = { .enable_stats.type = BPF_STATS_RUN_TIME };
	int stats = (int)syscall(SYS_bpf, BPF_ENABLE_STATS, &attr, sizeof(attr));
	json_int_t runs = 0;
	struct outcome outcome;
	struct agent agent;
	json_t *root;

	if (stats < 0) {
		tap_skip("figures of programs", "the kernel does not measure");
		return;
	}
	agent_start(&agent, (const char *[]){ "--kinds", "mkdir", "--measure", "off", NULL });
	actor_mkdir(actor, at("one/f"));
	tap_ok(wait_seen(&agent, "one/f"), "not measured: an event comes");
	agent_run(&outcome, args, NULL, NULL);
	root = json_loads(outcome.out, 0, NULL);
	for (size_t i = 0; i < json_array_size(json_object_get(root, "programs")); i++)
		runs += event_int(json_array_get(json_object_get(root, "programs"), i), "runs");
	tap_ok(json_array_size(json_object_get(root, "programs")) && !runs,
	       "not measured: no figures, though the kernel has some");
	json_decref(root);
	outcome_done(&outcome);
	agent_stop(&agent, SIGTERM);
	agent_done(&agent);
	close(stats);
}

int main(void)
{
	char command[128];
	struct agent agent;
	struct actor actor;

	strcpy(dir, "/tmp/ringside-control-XXXXXX");
	if (!mkdtemp(dir))
		tap_bail("making %s: %m", dir);
	actor_start(&actor, NULL, NULL);
	actor_mkdir(&actor, at("one"));
	actor_mkdir(&actor, at("two"));
	agent_start(&agent, (const char *[]){ "--kinds", "mkdir", NULL });
	test_filter(&agent, &actor);
	test_refused(&agent, &actor);
	test_equation(&agent);
	test_end(&agent);
	agent_done(&agent);
	test_killed();
	test_dead_pid(&actor);
	test_measuring(&actor);
	actor_end(&actor);
	snprintf(command, sizeof(command), "rm -rf -- '%s'", dir);
	(void)!system(command);
	return tap_done();
}
