/* SPDX-License-Identifier: Apache-2.0 */
/* The filter of a running agent is changed: by its configuration file and SIGHUP. */
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/kernel/lib/actor.h"
#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/stage.h"

static char config[256];

static void write_config(const char *fmt, const char *value)
{
	FILE *file = fopen(config, "we");

	if (!file)
		tap_bail("writing %s: %m", config);
	fprintf(file, "watch:\n  kinds: [mkdir, symlink]\n  %s: [%s]\n", fmt, value);
	fclose(file);
}

/* Has the file read again; waits for the agent to say how that went. */
static bool reload(struct agent *agent, const char *outcome)
{
	rs_str_reset(&agent->err_text);
	kill(agent->pid, SIGHUP);
	if (agent_wait_err(agent, outcome))
		return true;
	tap_diag("it does not say \"%s\" but: %s", outcome, rs_str_cstr(&agent->err_text));
	return false;
}

#define IN_FORCE "is in force"

static void test_paths(struct agent *agent, struct actor *actor)
{
	actor_mkdir(actor, at("two/a"));
	actor_mkdir(actor, at("one/a"));
	tap_ok(wait_seen(agent, "one/a") && !seen(agent, "two/a"), "the file's filter is in force");

	write_config("path", at("two"));
	tap_ok(reload(agent, IN_FORCE), "SIGHUP: read again");
	actor_mkdir(actor, at("one/b"));
	actor_mkdir(actor, at("two/b"));
	tap_ok(wait_seen(agent, "two/b") && !seen(agent, "one/b"), "another path");
}

static void test_comm(struct agent *agent, struct actor *actor)
{
	write_config("comm", "rs-renamed");
	tap_ok(reload(agent, IN_FORCE), "SIGHUP: another sort of filter");
	actor_mkdir(actor, at("two/c"));
	actor_name(actor, "rs-renamed");
	actor_mkdir(actor, at("one/c"));
	tap_ok(wait_seen(agent, "one/c") && !seen(agent, "two/c"), "a name instead of a path");
}

static void test_pid(struct agent *agent, struct actor *actor, struct actor *other)
{
	struct actor child;
	char pid[16];

	actor_fork(actor, &child);
	snprintf(pid, sizeof(pid), "%d", actor->pid);
	write_config("pid", pid);
	tap_ok(reload(agent, IN_FORCE), "SIGHUP: a process");
	actor_mkdir(other, at("one/d"));
	actor_mkdir(&child, at("one/e"));
	tap_ok(wait_seen(agent, "one/e") && !seen(agent, "one/d"),
	       "a descendant that was there already");
	kill(child.pid, SIGKILL);
}

/* The old process and its descendants are not watched any more, nor what they fork from now on. */
static void test_other_pid(struct agent *agent, struct actor *actor, struct actor *other)
{
	struct actor child, grandchild;
	char pid[16];

	actor_fork(actor, &child);
	snprintf(pid, sizeof(pid), "%d", other->pid);
	write_config("pid", pid);
	tap_ok(reload(agent, IN_FORCE), "SIGHUP: another process");
	actor_fork(&child, &grandchild);
	actor_mkdir(actor, at("one/g"));
	actor_mkdir(&child, at("one/h"));
	actor_mkdir(&grandchild, at("one/i"));
	actor_mkdir(other, at("one/j"));
	tap_ok(wait_seen(agent, "one/j") && !seen(agent, "one/g") && !seen(agent, "one/h") &&
		       !seen(agent, "one/i"),
	       "the one that was asked for before is not seen, nor are its descendants");
	kill(grandchild.pid, SIGKILL);
	kill(child.pid, SIGKILL);
	snprintf(pid, sizeof(pid), "%d", actor->pid);
	write_config("pid", pid);
	tap_ok(reload(agent, IN_FORCE), "SIGHUP: the first process again");
}

static void test_mistake(struct agent *agent, struct actor *actor)
{
	write_config("pat", at("two"));
	tap_ok(reload(agent, "keeping the old"), "SIGHUP with a mistake: the old filter is kept");
	tap_ok(strstr(rs_str_cstr(&agent->err_text), "line 3"),
	       "the mistake is told with its line");
	actor_mkdir(actor, at("one/f"));
	tap_ok(wait_seen(agent, "one/f"), "and it goes on");
}

int main(void)
{
	struct agent agent;
	struct actor actor, other;

	stage_make();
	snprintf(config, sizeof(config), "%s", at("ringside.yaml"));
	actor_start(&actor, NULL, NULL);
	actor_start(&other, NULL, NULL);
	actor_mkdir(&actor, at("one"));
	actor_mkdir(&actor, at("two"));
	write_config("path", at("one"));
	agent_start(&agent, (const char *[]){ "--config", config, "-v", NULL });
	test_paths(&agent, &actor);
	test_comm(&agent, &actor);
	test_pid(&agent, &actor, &other);
	test_other_pid(&agent, &actor, &other);
	test_mistake(&agent, &actor);
	tap_ok(agent_stop(&agent, SIGTERM) == 0, "the agent ends with code 0");
	agent_done(&agent);
	actor_end(&actor);
	actor_end(&other);
	stage_remove();
	return tap_done();
}
