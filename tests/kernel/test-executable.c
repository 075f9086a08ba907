/* SPDX-License-Identifier: Apache-2.0 */
/* Executables of processes and of their parents in events of other sensors, whichever way the agent
 * may learn of them. */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/kernel/lib/actor.h"
#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/stage.h"

static char self[PATH_MAX];
static char name[16];

static void create(struct scene *scene)
{
	must(open(in_dir(scene, "made"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

static void tell_ourselves(struct scene *scene)
{
	fact(scene, "self", "%s", self);
	fact(scene, "name", "%s", name);
}

static void act_fork(struct scene *scene)
{
	tell_ourselves(scene);
	in_child(scene, "child", create);
}

static void run_shell(struct scene *scene)
{
	char command[256];

	snprintf(command, sizeof(command), ": > %s", in_dir(scene, "made"));
	execl(in_dir(scene, "sh"), "sh", "-c", command, NULL);
	_exit(127);
}

static void act_exec(struct scene *scene)
{
	tell_ourselves(scene);
	if (!copy_program("/bin/sh", in_dir(scene, "sh")))
		scene_fail(scene, "copying /bin/sh: %m");
	if (in_child(scene, "child", run_shell))
		scene_fail(scene, "the shell failed");
}

/* The same process before and after: what it was at each moment. */
static void create_then_run(struct scene *scene)
{
	must(open(in_dir(scene, "before"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	run_shell(scene);
}

static void act_both(struct scene *scene)
{
	tell_ourselves(scene);
	if (!copy_program("/bin/sh", in_dir(scene, "sh")))
		scene_fail(scene, "copying /bin/sh: %m");
	if (in_child(scene, "child", create_then_run))
		scene_fail(scene, "the shell failed");
}

/* clang-format off */
static const struct check checks[] = {
	{ "a process that was forked", act_fork, {
		{ "create", { IS("file.path", "{dir}/made"), IS("process.pid", "{child}"),
			      IS("process.executable", "{self}"),
			      IS("process.parent.pid", "{pid}"), IS("process.parent.name", "{name}"),
			      IS("process.parent.executable", "{self}") },
		  WANT_ONE },
		{ "fork", { IS("process.pid", "{child}"), IS("process.executable", "{self}"),
			    IS("process.parent.executable", "{self}") },
		  WANT_ONE },
		{ "exit", { IS("process.pid", "{child}"), IS("process.executable", "{self}") },
		  WANT_ONE } } },
	{ "a process that runs something else", act_exec, {
		{ "create", { IS("file.path", "{dir}/made"), IS("process.pid", "{child}"),
			      IS("process.name", "sh"), IS("process.executable", "{dir}/sh"),
			      IS("process.parent.name", "{name}"),
			      IS("process.parent.executable", "{self}") },
		  WANT_ONE },
		{ "exec", { IS("process.pid", "{child}"), IS("process.executable", "{dir}/sh"),
			    IS("process.parent.name", "{name}"),
			    IS("process.parent.executable", "{self}") },
		  WANT_ONE } } },
	{ "a process before and after exec", act_both, {
		{ "create", { IS("file.path", "{dir}/before"), IS("process.executable", "{self}") },
		  WANT_ONE },
		{ "create", { IS("file.path", "{dir}/made"), IS("process.executable", "{dir}/sh") },
		  WANT_ONE } } },
};
/* clang-format on */

static const json_t *event_at(const struct agent *agent, const char *file)
{
	for (size_t i = 0; i < agent->n_events; i++)
		if (strcmp(event_str(agent->events[i], "file.path"), at(file)) == 0)
			return agent->events[i];
	return NULL;
}

static void expect_self(struct agent *agent, struct actor *actor, const char *file,
			const char *what)
{
	bool made = actor_create(actor, at(file));
	const json_t *event = wait_seen(agent, file) ? event_at(agent, file) : NULL;

	tap_ok(made && event && !strcmp(event_str(event, "process.executable"), self) &&
		       !strcmp(event_str(event, "process.parent.executable"), self) &&
		       !strcmp(event_str(event, "process.parent.name"), name),
	       "%s", what);
	if (event)
		tap_diag("%s, parent %s (%s)", event_str(event, "process.executable"),
			 event_str(event, "process.parent.executable"),
			 event_str(event, "process.parent.name"));
}

/* No record tells of processes. */
static void check_creations_alone(void)
{
	struct agent agent = AGENT_INIT;
	struct actor early, late;

	stage_make();
	actor_start(&early, NULL, NULL);
	agent_start(&agent, (const char *[]){ "--kinds", "create", NULL });
	actor_start(&late, NULL, NULL);
	expect_self(&agent, &early, "early", "creations alone: a process from before the agent");
	expect_self(&agent, &late, "late", "creations alone: a process from after");
	actor_name(&late, "renamed");
	expect_self(&agent, &late, "renamed", "creations alone: a process that renamed itself");
	actor_end(&early);
	actor_end(&late);
	tap_ok(agent_stop(&agent, SIGINT) == 0, "the agent ends with code 0");
	agent_done(&agent);
	stage_remove();
}

int main(void)
{
	struct agent agent = AGENT_INIT;
	char pid[16];

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		tap_bail("/proc/self/exe: %m");
	prctl(PR_GET_NAME, name);
	agent_start(&agent, (const char *[]){ "--kinds", "process,create", NULL });
	check_all(&agent, checks, ARRAY_SIZE(checks));
	check_end(&agent);
	agent_done(&agent);

	snprintf(pid, sizeof(pid), "%d", getpid());
	agent_start(&agent, (const char *[]){ "--pid", pid, "--kinds", "process,create", NULL });
	check_all(&agent, checks, ARRAY_SIZE(checks));
	check_end(&agent);
	agent_done(&agent);

	check_creations_alone();
	return tap_done();
}
