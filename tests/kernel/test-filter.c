/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters: what they let pass and what not. Everything happens while one agent watches; at the end
 * somebody who passes makes the directory "end", and by then all that was to come has come.
 */
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/kernel/lib/actor.h"
#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/stage.h"
#include "tests/kernel/lib/sys.h"

/* An agent for some kinds, with the filter named by option and value (NULL: none). */
static void start(struct agent *agent, const char *kinds, const char *option, const char *value)
{
	agent_start(agent, (const char *[]){ "--kinds", kinds, option, value, NULL });
}

/* The actor, who passes the filter, ends the case; `passed` and `stopped` are lists ended by NULL. */
static void finish(struct agent *agent, struct actor *actor, const char *what,
		   const char *const passed[], const char *const stopped[])
{
	bool ok = actor_mkdir(actor, at("end"));

	if (!ok)
		tap_diag("mkdir: %m");
	if (!wait_seen(agent, "end")) {
		tap_diag("the last event did not come");
		ok = false;
	}
	for (; *passed; passed++) {
		if (seen(agent, *passed))
			continue;
		tap_diag("\"%s\" should have passed", *passed);
		ok = false;
	}
	for (; *stopped; stopped++) {
		if (!seen(agent, *stopped))
			continue;
		tap_diag("\"%s\" should have been stopped", *stopped);
		ok = false;
	}
	tap_ok(ok, "%s", what);
	agent_done(agent);
	rmdir(at("end"));
}

#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void test_pid(void)
{
	struct agent agent;
	struct actor root, child, grandchild, late, other;
	char pid[16];

	actor_start(&root, NULL, NULL);
	actor_start(&other, NULL, NULL);
	actor_fork(&root, &child);
	actor_fork(&child, &grandchild);
	snprintf(pid, sizeof(pid), "%d", root.pid);
	start(&agent, "mkdir", "--pid", pid);
	actor_fork(&grandchild, &late);
	actor_mkdir(&root, at("pid-root"));
	actor_mkdir(&child, at("pid-child"));
	actor_mkdir(&grandchild, at("pid-grandchild"));
	actor_mkdir(&late, at("pid-late"));
	actor_mkdir(&other, at("pid-other"));
	finish(&agent, &root, "--pid: a process and its descendants, old and new",
	       NAMES("pid-root", "pid-child", "pid-grandchild", "pid-late"), NAMES("pid-other"));
	actor_end(&other);
	actor_end(&root);
	kill(child.pid, SIGKILL);
	kill(grandchild.pid, SIGKILL);
	kill(late.pid, SIGKILL);
}

static void test_comm(void)
{
	struct agent agent;
	struct actor actor, other;

	actor_start(&actor, NULL, NULL);
	actor_start(&other, NULL, NULL);
	actor_name(&other, "rs-fifteen-byte");
	start(&agent, "mkdir", "--comm", "rs-wanted,rs-fifteen-byte");
	actor_mkdir(&actor, at("comm-before"));
	actor_mkdir(&other, at("comm-fifteen"));
	actor_name(&actor, "rs-wanted");
	actor_mkdir(&actor, at("comm-named"));
	actor_name(&actor, "rs-wanted2");
	actor_mkdir(&actor, at("comm-longer"));
	actor_name(&actor, "rs-wante");
	actor_mkdir(&actor, at("comm-shorter"));
	finish(&agent, &other, "--comm: whole names", NAMES("comm-fifteen", "comm-named"),
	       NAMES("comm-before", "comm-longer", "comm-shorter"));
	actor_end(&actor);
	actor_end(&other);
}

static void to_nobody(void *data)
{
	(void)data;
	if (setgroups(0, NULL) || setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		_exit(1);
}

static void test_uid(const char *user, const char *what)
{
	struct agent agent;
	struct actor nobody, root;

	actor_start(&nobody, to_nobody, NULL);
	actor_start(&root, NULL, NULL);
	start(&agent, "mkdir", "--uid", user);
	actor_mkdir(&root, at("uid-root"));
	actor_mkdir(&nobody, at("uid-nobody"));
	finish(&agent, &nobody, what, NAMES("uid-nobody"), NAMES("uid-root"));
	actor_end(&nobody);
	actor_end(&root);
	rmdir(at("uid-root"));
	rmdir(at("uid-nobody"));
}

/* A shell that makes a file when it is told to, and says so. */
struct shell {
	FILE *in, *out;
	pid_t pid;
};

static void shell_start(struct shell *shell, const char *path)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		tap_bail("pipe: %m");
	shell->pid = fork();
	if (!shell->pid) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execl(path, "sh", NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	shell->in = fdopen(in[1], "w");
	shell->out = fdopen(out[0], "r");
}

static void shell_create(struct shell *shell, const char *path)
{
	char line[16];

	fprintf(shell->in, ": >%s; echo\n", path);
	fflush(shell->in);
	if (!fgets(line, sizeof(line), shell->out))
		tap_diag("the shell is gone");
}

static void shell_end(struct shell *shell)
{
	fclose(shell->in);
	fclose(shell->out);
	waitpid(shell->pid, NULL, 0);
}

static void test_exe(void)
{
	struct agent agent;
	struct shell before, after, other;
	bool ok;

	if (!copy_program("/bin/sh", at("sh")))
		tap_bail("copying the shell: %m");
	shell_start(&before, at("sh"));
	shell_start(&other, "/bin/sh");
	shell_create(&before, at("exe-warm")); /* it runs by now */
	start(&agent, "create", "--exe", at("sh"));
	shell_start(&after, at("sh"));
	shell_create(&other, at("exe-other"));
	shell_create(&before, at("exe-before"));
	shell_create(&after, at("exe-after"));
	ok = wait_seen(&agent, "exe-after");
	tap_ok(ok, "--exe: started after the agent");
	tap_ok(seen(&agent, "exe-before"), "--exe: running already");
	tap_ok(!seen(&agent, "exe-other"), "--exe: not another executable");
	shell_end(&before);
	shell_end(&after);
	shell_end(&other);
	agent_done(&agent);
}

static void test_cgroup(void)
{
	struct agent agent;
	struct actor actor, below, other;
	char group[512], sub[600];

	if (!cgroup_make(NULL, "filter", group, sizeof(group)) ||
	    !cgroup_make(group, "sub", sub, sizeof(sub))) {
		tap_skip("--cgroup: a cgroup and all below", "no cgroup v2 that we may write to");
		return;
	}
	actor_start(&actor, NULL, NULL);
	actor_start(&below, NULL, NULL);
	actor_start(&other, NULL, NULL);
	if (!cgroup_move(group, actor.pid) || !cgroup_move(sub, below.pid))
		tap_diag("moving to a cgroup: %m");
	start(&agent, "mkdir", "--cgroup", group);
	actor_mkdir(&actor, at("cgroup-in"));
	actor_mkdir(&below, at("cgroup-below"));
	actor_mkdir(&other, at("cgroup-out"));
	finish(&agent, &actor, "--cgroup: a cgroup and all below",
	       NAMES("cgroup-in", "cgroup-below"), NAMES("cgroup-out"));
	actor_end(&actor);
	actor_end(&below);
	actor_end(&other);
	cgroup_remove(sub);
	cgroup_remove(group);
}

static void test_path(void)
{
	struct agent agent;
	struct actor actor;

	actor_start(&actor, NULL, NULL);
	actor_mkdir(&actor, at("in"));
	actor_mkdir(&actor, at("out"));
	actor_mkdir(&actor, at("in2"));
	if (symlink("in", at("way")))
		tap_bail("symlink: %m");
	start(&agent, "mkdir,create,rename", "--path", at("in"));
	actor_mkdir(&actor, at("in/a"));
	actor_mkdir(&actor, at("out/a"));
	actor_mkdir(&actor, at("in2/a"));
	actor_create(&actor, at("out/file"));
	actor_create(&actor, at("in/file"));
	actor_chdir(&actor, at("out"));
	actor_mkdir(&actor, "../in/b");
	actor_mkdir(&actor, "b");
	actor_create(&actor, at("out/../in/c"));
	actor_create(&actor, at("in/../out/c"));
	actor_create(&actor, at("way/d"));
	actor_chdir(&actor, at("in/a"));
	actor_mkdir(&actor, "e");
	actor_mkdir(&actor, "../../out/e");
	actor_mkdir(&actor, at("in"));
	actor_rename(&actor, at("in/a"), at("out/was-in"));
	actor_rename(&actor, at("out/a"), at("in/was-out"));
	actor_chdir(&actor, "/");
	actor_mkdir(&actor, at("in/end"));
	if (!wait_seen(&agent, "in/end"))
		tap_diag("the last event did not come");
	tap_ok(seen(&agent, "in/a") && seen(&agent, "in/file"), "--path: below");
	tap_ok(!seen(&agent, "out/a") && !seen(&agent, "out/file"), "--path: not beside");
	tap_ok(!seen(&agent, "in2/a"), "--path: not what only begins alike");
	tap_ok(seen(&agent, "in"), "--path: the directory itself");
	tap_ok(seen(&agent, "in/b") && !seen(&agent, "out/b"), "--path: from beside, by ..");
	tap_ok(seen(&agent, "in/c") && !seen(&agent, "out/c"), "--path: through .. in the middle");
	tap_ok(seen(&agent, "in/d"), "--path: through a symbolic link");
	tap_ok(seen(&agent, "in/a/e") && !seen(&agent, "out/e"), "--path: relative");
	tap_ok(seen(&agent, "out/was-in"), "--path: renamed out of it");
	tap_ok(seen(&agent, "in/was-out"), "--path: renamed into it");
	agent_done(&agent);
	actor_end(&actor);
}

static void test_two(void)
{
	struct agent agent;
	struct actor actor, other;
	char pid[16];

	actor_start(&actor, NULL, NULL);
	actor_start(&other, NULL, NULL);
	actor_name(&actor, "rs-two");
	actor_name(&other, "rs-two");
	snprintf(pid, sizeof(pid), "%d", actor.pid);
	agent_start(&agent, (const char *[]){ "--kinds", "mkdir", "--pid", pid, "--comm",
					      "rs-two,x", NULL });
	actor_mkdir(&other, at("two-other"));
	actor_mkdir(&actor, at("two-both"));
	actor_symlink(&actor, at("two-kind"));
	finish(&agent, &actor, "different filters must all agree, and the kind too",
	       NAMES("two-both"), NAMES("two-other", "two-kind"));
	actor_end(&actor);
	actor_end(&other);
}

/* The agent reads files and writes what it saw; nothing of that is anybody's business. */
static void test_self(void)
{
	struct agent agent;
	struct actor actor;
	size_t own = 0;
	pid_t pid;

	actor_start(&actor, NULL, NULL);
	start(&agent, "all", NULL, NULL);
	pid = agent.pid;
	/* Everybody's events come: one may find no room in the buffer, and is counted as lost. */
	for (int i = 0; i < 10 && !seen(&agent, "self"); i++) {
		uint64_t end = now_ms() + (uint64_t)agent_patience() / 10;

		actor_mkdir(&actor, at("self"));
		while (!seen(&agent, "self") && now_ms() < end)
			agent_pump(&agent, 100);
	}
	if (!seen(&agent, "self"))
		tap_diag("the last event did not come");
	agent_stop(&agent, SIGTERM);
	for (size_t i = 0; i < agent.n_events; i++)
		own += event_int(agent.events[i], "process.pid") == pid;
	tap_ok(seen(&agent, "self") && !own, "the agent does not report itself");
	agent_done(&agent);
	actor_end(&actor);
}

int main(void)
{
	stage_make();
	test_pid();
	test_comm();
	test_uid("65534", "--uid: a number");
	test_uid("nobody", "--uid: a name");
	test_exe();
	test_cgroup();
	test_path();
	test_two();
	test_self();
	stage_remove();
	return tap_done();
}
