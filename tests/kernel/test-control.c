/* SPDX-License-Identifier: Apache-2.0 */
/* A running agent is asked and told: `ringside stats` and `ringside filter`. */
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/kernel/lib/actor.h"
#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/stage.h"

static struct actor actor;

/* Runs a command against our agent's socket; the answer is the caller's. */
static struct outcome ask(const char *command, const char *const args[])
{
	const char *all[16] = { command, "--root", agent_root() };
	struct outcome outcome;
	size_t n = 3;

	while (*args && n < ARRAY_SIZE(all) - 1)
		all[n++] = *args++;
	agent_run(&outcome, all, NULL, NULL);
	return outcome;
}

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NO_ARGS   ((const char *const[]){ NULL })

/* It must end with the code and say the text, on either output. */
static void asked(const char *what, struct outcome outcome, int code, const char *says)
{
	if (!tap_ok(outcome.code == code &&
			    (strstr(outcome.out, says) || strstr(outcome.err, says)),
		    "%s", what))
		tap_diag("code %d\n%s%s", outcome.code, outcome.out, outcome.err);
	outcome_done(&outcome);
}

static json_t *stats(void)
{
	struct outcome outcome = ask("stats", ARGS("-o", "json"));
	json_t *root = json_loads(outcome.out, 0, NULL);

	if (!root)
		tap_diag("code %d\n%s%s", outcome.code, outcome.out, outcome.err);
	outcome_done(&outcome);
	return root;
}

static json_int_t count(const json_t *root, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "kinds.mkdir.%s", name);
	return event_int(root, path);
}

static void test_stats(struct agent *agent)
{
	json_t *root;

	for (int i = 0; i < 100; i++)
		actor_mkdir(&actor, at(""));
	actor_mkdir(&actor, at("stats"));
	tap_ok(wait_seen(agent, "stats"), "events before");
	asked("stats", ask("stats", NO_ARGS), 0, "mkdir");
	root = stats();
	tap_ok(event_int(root, "pid") == agent->pid, "stats as JSON: the agent's pid");
	tap_ok(count(root, "delivered") == 101 && count(root, "generated") == 101 &&
		       count(root, "lost.ring") == 0 && event_int(root, "ring.pending_bytes") == 0,
	       "stats as JSON: generated = delivered + lost");
	tap_ok(event_int(root, "agent.memory_bytes") > 0 && json_is_array(event_get(root, "programs")),
	       "stats as JSON: what it costs");
	json_decref(root);
}

static void test_filter(struct agent *agent)
{
	asked("filter: shown", ask("filter", NO_ARGS), 0, at(""));
	asked("filter: a name too", ask("filter", ARGS("--comm", "rs-told")), 0, "rs-told");
	actor_mkdir(&actor, at("a"));
	actor_name(&actor, "rs-told");
	actor_mkdir(&actor, at("b"));
	tap_ok(wait_seen(agent, "b") && !seen(agent, "a"), "filter: it is in force at once");
	asked("filter: fewer kinds", ask("filter", ARGS("--kinds", "symlink")), 0, "symlink");
	actor_mkdir(&actor, at("c"));
	actor_symlink(&actor, at("d"));
	tap_ok(wait_seen(agent, "d") && !seen(agent, "c"), "filter: another kind");
	asked("filter: a kind without hooks", ask("filter", ARGS("--kinds", "exec")), 3, "exec");
	asked("filter: no such user", ask("filter", ARGS("--uid", "no-such-user")), 1, "no-such-user");
	actor_symlink(&actor, at("e"));
	tap_ok(wait_seen(agent, "e"), "filter: what was refused changed nothing");
	asked("filter: cleared", ask("filter", ARGS("--clear")), 0, "none");
	actor_name(&actor, "rs-other");
	actor_mkdir(&actor, at("f"));
	tap_ok(wait_seen(agent, "f"), "filter: everything again");
}

static void to_nobody(void *data)
{
	(void)data;
	if (setgroups(0, NULL) || setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		_exit(1);
}

static void test_rights(void)
{
	struct outcome outcome;

	agent_run(&outcome, ARGS("stats", "--root", agent_root()), to_nobody, NULL);
	tap_ok(outcome.code == 1 || outcome.code == 3, "stats: not for everybody");
	tap_diag("code %d: %s", outcome.code, outcome.err);
	outcome_done(&outcome);
}

int main(void)
{
	struct agent agent;

	stage_make();
	actor_start(&actor, NULL, NULL);
	asked("stats: no agent", ask("stats", NO_ARGS), 1, "no agent is running");
	asked("filter: no agent", ask("filter", NO_ARGS), 1, "no agent is running");
	agent_start(&agent, ARGS("--kinds", "mkdir,symlink", "--path", at("")));
	test_stats(&agent);
	test_filter(&agent);
	test_rights();
	tap_ok(agent_stop(&agent, SIGTERM) == 0, "the agent ends with code 0");
	asked("stats: no agent any more", ask("stats", NO_ARGS), 1, "no agent is running");
	agent_done(&agent);
	actor_end(&actor);
	stage_remove();
	return tap_done();
}
