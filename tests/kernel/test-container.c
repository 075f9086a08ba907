/* SPDX-License-Identifier: Apache-2.0 */
/* Events of real containers, however short they live: container, pod, namespace, users; and asking for
 * them afterwards, also after the agent was killed. */
#include <glob.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kernel/lib/ask.h"
#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/runc.h"

/* 64 digits, as the runtimes make them; one per bundle. */
#define ID(c)   c "f0a1b2c3d4e5f60718293a4b5c6d7e8f9a0b1c2d3e4f5061728394a5b6c7d8e"
#define POD_UID "5c9a6e2c-0b1f-4a8e-9d52-7d1c2f3e4a5b"

/* Reads a file, makes one, tries to connect, and is gone. */
#define SCRIPT "busybox cat /etc/passwd; : >/tmp/made; busybox nc 127.0.0.1 9; busybox usleep 30000"

#define CONTAINERD                                                                                 \
	"\"io.kubernetes.cri.container-type\":\"container\","                                      \
	"\"io.kubernetes.cri.container-name\":\"web\","                                            \
	"\"io.kubernetes.cri.image-name\":\"registry.example/shop/web:1.4\","                      \
	"\"io.kubernetes.cri.sandbox-id\":\"aaaa\","                                               \
	"\"io.kubernetes.cri.sandbox-name\":\"checkout-7d9f\","                                    \
	"\"io.kubernetes.cri.sandbox-namespace\":\"shop\","                                        \
	"\"io.kubernetes.cri.sandbox-uid\":\"" POD_UID "\""

#define CRIO                                                                                       \
	"\"io.kubernetes.container.name\":\"db\","                                                 \
	"\"io.kubernetes.pod.name\":\"orders-0\","                                                 \
	"\"io.kubernetes.pod.namespace\":\"store\","                                               \
	"\"io.kubernetes.pod.uid\":\"" POD_UID "\","                                               \
	"\"io.kubernetes.cri-o.ContainerType\":\"container\","                                     \
	"\"io.kubernetes.cri-o.ImageName\":\"registry.example/db:9\""

static void run_bundle(struct scene *scene, const struct bundle *bundle, const char *state)
{
	int status;

	runc_path(scene);
	bundle_make(scene, bundle);
	status = bundle_run(scene, bundle, state);
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 1) /* nc was refused */
		scene_fail(scene, "runc ended with status %#x", status);
}

static void act_containerd(struct scene *scene)
{
	const struct bundle bundle = { ID("1"), "/kubepods/burstable/pod" POD_UID "/" ID("1"),
				       CONTAINERD, SCRIPT, false };

	run_bundle(scene, &bundle, "state");
}

static void act_crio(struct scene *scene)
{
	const struct bundle bundle = { ID("2"), "/kubepods/besteffort/pod" POD_UID "/crio-" ID("2"),
				       CRIO, SCRIPT, false };

	run_bundle(scene, &bundle, "state");
}

/* Any name, runc's own place for its state, no annotations at all. */
static void act_by_hand(struct scene *scene)
{
	const struct bundle bundle = { "ringside-by-hand", NULL, "", SCRIPT, false };

	run_bundle(scene, &bundle, NULL);
}

#define IN_POD(id, pod, namespace, name)                                                           \
	IS("container.id", id), IS("container.name", name), IS("kubernetes.pod.name", pod),        \
		IS("kubernetes.namespace", namespace), IS("orchestrator.type", "kubernetes"),      \
		IS("user.name", "inside"), IS("user.group.name", "innergroup")

#define WEB IN_POD(ID("1"), "checkout-7d9f", "shop", "web")
#define DB  IN_POD(ID("2"), "orders-0", "store", "db")

/* clang-format off */
static const struct check checks[] = {
	{ "a pod of containerd's that lives 30 ms", act_containerd, {
		{ "exec", { HAS("process.args", "cat"), WEB,
			    IS("container.image.name", "registry.example/shop/web"),
			    HAS("container.image.tag", "1.4"),
			    IS("kubernetes.pod.uid", POD_UID) }, WANT_ONE },
		{ "open", { IS("file.path", "/etc/passwd"), IS("process.name", "busybox"), WEB }, WANT_ANY },
		{ "create", { HAS("file.path", "/tmp/made"), WEB }, WANT_ONE },
		{ "connect", { IS("destination.port", "9"), WEB }, WANT_ONE },
		{ "exit", { WEB }, WANT_ANY } } },
	{ "a pod of CRI-O's that lives 30 ms", act_crio, {
		{ "exec", { HAS("process.args", "cat"), DB }, WANT_ONE },
		{ "create", { HAS("file.path", "/tmp/made"), DB }, WANT_ONE },
		{ "connect", { IS("destination.port", "9"), DB }, WANT_ONE } } },
	{ "a container that somebody ran by hand", act_by_hand, {
		{ "exec", { HAS("process.args", "cat"), IS("container.id", "ringside-by-hand"),
			    NONE("kubernetes.pod.name"), IS("user.name", "inside") }, WANT_ONE },
		{ "connect", { IS("destination.port", "9"),
			       IS("container.id", "ringside-by-hand") }, WANT_ONE } } },
};
/* clang-format on */

/* runc removes its own group only. */
static void remove_groups(void)
{
	static const char *const names[] = { "burstable/pod" POD_UID, "besteffort/pod" POD_UID,
					     "burstable", "besteffort", "" };
	static const char *const places[] = { "/sys/fs/cgroup/kubepods",
					      "/sys/fs/cgroup/*/kubepods" };
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		glob_t found = { 0 };

		if (glob(places[i], 0, NULL, &found))
			continue;
		for (size_t at = 0; at < found.gl_pathc; at++)
			for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++) {
				snprintf(path, sizeof(path), "%s/%s", found.gl_pathv[at], names[n]);
				rmdir(path);
			}
		globfree(&found);
	}
}

/* --- afterwards --- */

/* Runs one command below our root and returns how many lines of its output have the text. */
static size_t count_lines(const char *const args[], const char *text)
{
	struct outcome outcome;
	size_t n = 0;

	agent_run(&outcome, args, NULL, NULL);
	if (outcome.code)
		tap_diag("%s ended with %d: %s", args[0], outcome.code, outcome.err);
	for (char *line = strtok(outcome.out, "\n"); line; line = strtok(NULL, "\n"))
		n += strstr(line, text) != NULL;
	outcome_done(&outcome);
	return n;
}

static bool saw_connect(const struct agent *agent)
{
	for (size_t i = 0; i < agent->n_events; i++)
		if (!strcmp(event_kind(agent->events[i]), "connect") &&
		    !strcmp(event_str(agent->events[i], "kubernetes.pod.name"), "checkout-7d9f"))
			return true;
	return false;
}

static bool wait_connect(struct agent *agent)
{
	struct agent_wait wait;

	agent_wait_begin(&wait, agent);
	while (!saw_connect(agent) && agent_wait_on(&wait, agent))
		agent_pump(agent, 100);
	return saw_connect(agent);
}

static void check_asking(const char *when)
{
	const char *pod[] = { "events", "--pod",  "checkout-*", "-o",
			      "json",   "--root", agent_root(), NULL };
	const char *other[] = { "events", "--pod",  "nobody",     "-o",
				"json",   "--root", agent_root(), NULL };
	const char *where[] = {
		"events",     "--where", "kubernetes.namespace == \"shop\" and kind == connect",
		"-o",         "json",    "--root",
		agent_root(), NULL
	};

	tap_ok(count_lines(pod, "\"checkout-7d9f\"") >= 4, "%s: events of the pod", when);
	tap_ok(count_lines(where, "\"action\":\"connection_attempted\"") >= 2,
	       "%s: a connection of each of its runs", when);
	tap_ok(count_lines(other, "{") == 0, "%s: none of another pod", when);
}

static void check_store(void)
{
	struct scene *scene = scene_new();
	struct agent agent = AGENT_INIT;
	enum scene_end end;

	agent_start(&agent, (const char *[]){ "--kinds", "process,create,connect", "--pid",
					      pid_of_test(), NULL });
	end = scene_end(scene, scene_begin(scene, act_containerd));
	if (end != SCENE_DONE) {
		if (end == SCENE_SKIPPED)
			tap_skip("events of a pod, afterwards", scene->note);
		else
			tap_ok(false, "events of a pod, afterwards: %s", scene->note);
	} else if (tap_ok(wait_connect(&agent) && ask_wait_stored(&agent),
			  "a pod's events are stored")) {
		check_asking("the agent runs");
		agent_stop(&agent, SIGKILL);
		check_asking("the agent was killed");
		agent_done(&agent);
		agent = (struct agent)AGENT_INIT;
		agent_start(&agent, (const char *[]){ "--kinds", "exec", NULL });
		check_asking("another agent runs");
	}
	agent_stop(&agent, SIGINT);
	agent_done(&agent);
	scene_free(&scene);
}

int main(void)
{
	struct agent agent = AGENT_INIT;

	agent_start(&agent, (const char *[]){ "--kinds", "process,open,create,connect", "--pid",
					      pid_of_test(), "--ring-size", "64M", NULL });
	check_all(&agent, checks, sizeof(checks) / sizeof(*checks));
	check_end(&agent);
	agent_done(&agent);
	check_store();
	remove_groups();
	return tap_done();
}
