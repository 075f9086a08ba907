/* SPDX-License-Identifier: Apache-2.0 */
/* What a node has: containers of a real containerd; labels and owners of pods over HTTPS. Where these
 * programs are not installed, that is said. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "base/util.h"
#include "tests/kernel/lib/ask.h"
#include "tests/kernel/lib/box.h"
#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/stage.h"

/* --- programs of others --- */

static bool is_installed(const char *name)
{
	static const char *const dirs[] = { "/usr/bin", "/usr/local/bin", "/usr/sbin", "/bin" };
	char path[128];

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", dirs[i], name);
		if (!access(path, X_OK))
			return true;
	}
	return false;
}

struct program {
	pid_t pid;
	int in;  /* its standard input; -1: empty */
	int out; /* both its outputs */
	struct rs_str text;
};

/* Its end comes with ours at the latest. */
static void program_start(struct program *program, const char *const argv[])
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		tap_bail("pipe: %m");
	fflush(stdout);
	*program = (struct program){ .pid = fork(), .in = in[1], .out = out[0] };
	if (!program->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		execvp(argv[0], (char **)argv);
		dprintf(STDERR_FILENO, "%s: %m\n", argv[0]);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
}

/* Takes in what it says, until that has the text; NULL: until it says no more. */
static bool program_wait(struct program *program, const char *text)
{
	uint64_t end = now_ms() + (uint64_t)agent_patience();
	char buf[4096];
	ssize_t n = 1;

	while (n > 0 && now_ms() < end) {
		struct pollfd fd = { program->out, POLLIN, 0 };

		if (text && strstr(rs_str_cstr(&program->text), text))
			return true;
		if (poll(&fd, 1, 100) <= 0)
			continue;
		n = read(program->out, buf, sizeof(buf));
		if (n > 0)
			rs_str_append(&program->text, buf, (size_t)n);
	}
	return !text && n == 0;
}

static int program_end(struct program *program, int signal)
{
	int status;

	if (signal)
		kill(program->pid, signal);
	rs_cleanup_close(&program->in);
	rs_cleanup_close(&program->out);
	waitpid(program->pid, &status, 0);
	rs_str_done(&program->text);
	return status;
}

/* Runs it to its end; what it said is told where that was no good one. */
static bool run(const char *const argv[])
{
	struct program program;
	bool ended;
	int status;

	program_start(&program, argv);
	rs_cleanup_close(&program.in);
	ended = program_wait(&program, NULL);
	if (!ended)
		kill(program.pid, SIGKILL);
	waitpid(program.pid, &status, 0);
	if (!ended || status)
		tap_diag("%s ended with status %#x: %s", argv[0], (unsigned)status,
			 rs_str_cstr(&program.text));
	rs_cleanup_close(&program.out);
	rs_str_done(&program.text);
	return ended && !status;
}

/* --- containerd --- */

#define SOCKET  "/run/containerd/containerd.sock"
#define POD_UID "7c9a6e2c-0b1f-4a8e-9d52-7d1c2f3e4a5b"
#define POD_DIR "/kubepods/burstable/pod" POD_UID
#define SCRIPT  "busybox cat /etc/passwd; : >/tmp/made; busybox usleep 30000"

static bool containerd_runs(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SOCKET };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool runs = connect(fd, (void *)&address, sizeof(address)) == 0;

	close(fd);
	return runs;
}

/* Only the root is taken of it: the bundle is containerd's own. The id is new each time, for what an
 * interrupted run left is there still. */
static void make_root(struct scene *scene, const char *id, char rootfs[static 200])
{
	const struct bundle bundle = { "", NULL, "", SCRIPT, false };

	runc_path(scene);
	bundle_make(scene, &bundle);
	snprintf(rootfs, 200, "%s/bundle/rootfs", scene->dir);
	fact(scene, "id", "%s%08x", id, (unsigned)getpid());
}

static void run_ctr(struct scene *scene, const char *const argv[], const char *cgroup)
{
	const struct bundle bundle = { .cgroup = cgroup };
	bool ran = run(argv);

	bundle_remove_groups(&bundle);
	if (!ran)
		scene_fail(scene, "ctr failed");
}

/* As the kubelet has it done: what the pod is stands in the annotations. */
static void act_pod(struct scene *scene)
{
	static const char *const notes[] = {
		"io.kubernetes.cri.container-type=container",
		"io.kubernetes.cri.container-name=api",
		"io.kubernetes.cri.image-name=registry.example/api:2",
		"io.kubernetes.cri.sandbox-name=api-0",
		"io.kubernetes.cri.sandbox-namespace=shop",
		("io.kubernetes.cri.sandbox-uid=" POD_UID),
	};
	const char *argv[40] = { "ctr", "--namespace", "k8s.io", "run", "--rm", "--null-io" };
	char rootfs[200], id[80], cgroup[200];
	size_t n = 6;

	make_root(scene, "c0ffee00d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5061728394a5b6c7d8e", rootfs);
	snprintf(id, sizeof(id), "%s", scene_expand(scene, "{id}"));
	snprintf(cgroup, sizeof(cgroup), POD_DIR "/%s", id);
	argv[n++] = "--cgroup";
	argv[n++] = cgroup;
	for (size_t i = 0; i < ARRAY_SIZE(notes); i++) {
		argv[n++] = "--annotation";
		argv[n++] = notes[i];
	}
	argv[n++] = "--rootfs";
	argv[n++] = rootfs;
	argv[n++] = id;
	argv[n++] = "/bin/sh";
	argv[n++] = "-c";
	argv[n++] = SCRIPT;
	run_ctr(scene, argv, cgroup);
}

/* As somebody does by hand: containerd chooses everything. */
static void act_plain(struct scene *scene)
{
	char rootfs[200], id[80], cgroup[200];
	const char *argv[] = { "ctr",       "run",      "--rm", "--null-io", "--label",
			       "team=ring", "--rootfs", rootfs, id,          "/bin/sh",
			       "-c",        SCRIPT,     NULL };

	make_root(scene, "ringside-test-", rootfs);
	snprintf(id, sizeof(id), "%s", scene_expand(scene, "{id}"));
	snprintf(cgroup, sizeof(cgroup), "/default/%s", id);
	run_ctr(scene, argv, cgroup);
}

#define POD                                                                                        \
	IS("container.id", "{id}"), IS("container.runtime", "containerd"),                         \
		IS("container.name", "api"), IS("kubernetes.pod.name", "api-0"),                   \
		IS("kubernetes.namespace", "shop"), IS("kubernetes.pod.uid", POD_UID),             \
		IS("user.name", "inside")

/* clang-format off */
static const struct check checks[] = {
	{ "containerd: a pod that lives 30 ms", act_pod, {
		{ "exec", { HAS("process.args", "cat"), POD,
			    IS("container.image.name", "registry.example/api") }, WANT_ONE },
		{ "create", { HAS("file.path", "/tmp/made"), POD }, WANT_ONE },
		{ "exit", { IS("process.name", "busybox"), POD }, WANT_ANY } } },
	{ "containerd: a container that somebody ran with ctr", act_plain, {
		{ "exec", { HAS("process.args", "cat"), IS("container.id", "{id}"),
			    IS("container.runtime", "containerd"), NONE("kubernetes.pod.name"),
			    IS("user.name", "inside") }, WANT_ONE },
		{ "create", { HAS("file.path", "/tmp/made"), IS("container.id", "{id}") },
		  WANT_ONE } } },
};
/* clang-format on */

static void check_containerd(void)
{
	struct agent agent;

	agent_start(&agent,
		    (const char *[]){ "--kinds", "process,create", "--store", "none", NULL });
	check_all(&agent, checks, ARRAY_SIZE(checks));
	check_end(&agent);
	agent_done(&agent);
}

static void test_containerd(void)
{
	const char *what = "containers of containerd", *why = "containerd does not come up here";
	struct program program = { 0 };
	bool ours;

	if (!is_installed("containerd") || !is_installed("ctr") || !is_installed("runc")) {
		tap_skip(what, "containerd, ctr and runc are not all installed");
		return;
	}
	ours = !containerd_runs();
	if (ours)
		program_start(&program, (const char *[]){ "containerd", NULL });
	if (ours && !program_wait(&program, "containerd successfully booted")) {
		tap_diag("%s", rs_str_cstr(&program.text));
		tap_skip(what, why);
	} else {
		check_containerd();
	}
	if (ours)
		program_end(&program, SIGTERM);
}

/* --- Kubernetes --- */

/* The pod that kube-server.py has, and its container. */
#define KUBE_UID "11111111-aaaa-4bbb-8ccc-000000000001"
#define KUBE_ID  "00000000000000000000000000000000000000000000000000000000000000a1"

static bool make_certificate(void)
{
	return run((const char *[]){
		"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
		"-nodes", "-subj", "/CN=ringside-test", "-addext", "subjectAltName=IP:127.0.0.1",
		"-days", "30", "-keyout", at("key"), "-out", at("crt"), NULL });
}

/* The server of the tests in shell; NULL: it is not here. */
static const char *server_path(void)
{
	static char path[PATH_MAX];
	static const char name[] = "tests/scripts/kube-server.py";
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 128);

	if (!access(name, R_OK))
		return name;
	if (n <= 0)
		return NULL;
	path[n] = '\0';
	*strrchr(path, '/') = '\0'; /* BUILD/tests, in the folder of the sources */
	strcat(path, "/../../");
	strcat(path, name);
	return access(path, R_OK) ? NULL : path;
}

static unsigned read_port(void)
{
	FILE *file = fopen(at("port"), "re");
	unsigned port = 0;

	if (file && fscanf(file, "%u", &port) != 1)
		port = 0;
	if (file)
		fclose(file);
	return port;
}

/* The port, once it listens: then the file with that number is put there. 0: it does not. */
static unsigned server_start(struct program *server, const char *path)
{
	int news = inotify_init1(IN_CLOEXEC);
	struct pollfd fd = { news, POLLIN, 0 };
	unsigned port;
	char buf[4096];

	inotify_add_watch(news, at("."), IN_MOVED_TO);
	program_start(server, (const char *[]){ "python3", path, at("crt"), at("key"), at("port"),
						at("log"), NULL });
	while (!(port = read_port()) && poll(&fd, 1, agent_patience()) > 0)
		(void)!read(news, buf, sizeof(buf));
	close(news);
	return port;
}

static const char *why_not(void)
{
	char kube[PATH_MAX + 16];

	snprintf(kube, sizeof(kube), "%s-kube", agent_binary());
	if (access(kube, X_OK))
		return "ringside-kube is not beside ringside";
	if (!is_installed("python3") || !is_installed("openssl"))
		return "there is no python3 to serve with, or no openssl for its certificate";
	return server_path() ? NULL : "the server of the tests is not here";
}

/* An event of the container's that has what only Kubernetes knows; what is asked comes in its time. */
static const json_t *wait_labelled(struct agent *agent, struct box *box)
{
	uint64_t end = now_ms() + (uint64_t)agent_patience();
	static unsigned number;

	while (now_ms() < end) {
		char name[32];

		snprintf(name, sizeof(name), "labelled-%u", number++);
		if (!box_mkdir(box, name))
			return NULL;
		agent_pump(agent, 100);
		for (size_t i = 0; i < agent->n_events; i++)
			if (event_get(agent->events[i], "kubernetes.labels"))
				return agent->events[i];
	}
	return NULL;
}

static void check_source(struct box *box, unsigned port, const char *source, const char *mode)
{
	static const struct want want = {
		"mkdir",
		{ IS("container.id", KUBE_ID), IS("container.name", "nginx"),
		  IS("kubernetes.pod.name", "web-6d4b75cb6d-hx2zk"),
		  IS("kubernetes.pod.uid", KUBE_UID), IS("kubernetes.namespace", "shop"),
		  IS("kubernetes.labels.app", "web"), IS("kubernetes.deployment.name", "web"),
		  IS("kubernetes.node.name", "node-1"), IS("user.name", "inside") },
		WANT_ONE
	};
	char url[128], *dump;
	struct agent agent;
	const json_t *event;

	snprintf(url, sizeof(url), "https://127.0.0.1:%u/%s", port, mode);
	agent_start(&agent,
		    (const char *[]){ "--kinds", "mkdir", "--container", "*", "--store", "none",
				      "--kubernetes", source, "--kubernetes-url", url,
				      "--kubernetes-ca", at("crt"), "--kubernetes-token",
				      at("token"), "--kubernetes-node", "node-1", NULL });
	event = wait_labelled(&agent, box);
	if (!tap_ok(event && event_fits(box->scene, event, &want),
		    "--kubernetes %s: labels and the owner of a pod", source)) {
		dump = event ? json_dumps(event, JSON_COMPACT) : strdup("no event with labels");
		tap_diag("%s\n%s", dump, rs_str_cstr(&agent.err_text));
		free(dump);
	}
	tap_ok(ask_stat("kubernetes.pods") > 0, "--kubernetes %s: pods are counted", source);
	tap_ok(agent_stop(&agent, SIGINT) == 0, "--kubernetes %s: the agent ends", source);
	agent_done(&agent);
}

static void test_kubernetes(void)
{
	static const struct bundle bundle = { KUBE_ID,
					      "/kubepods/burstable/pod" KUBE_UID "/" KUBE_ID, "",
					      NULL, false };
	const char *what = "labels and owners of pods", *why = why_not();
	struct program server;
	struct box box;
	unsigned port;
	FILE *token;

	if (why) {
		tap_skip(what, why);
		return;
	}
	token = fopen(at("token"), "we");
	if (!token || fputs("first-token\n", token) < 0 || fclose(token))
		tap_bail("writing the token: %m");
	if (!make_certificate() || !box_start(&box, &bundle, what))
		return;
	port = server_start(&server, server_path());
	if (tap_ok(port, "a server of pods listens")) {
		check_source(&box, port, "api", "quiet-watch");
		check_source(&box, port, "kubelet", "good");
	}
	program_end(&server, SIGTERM);
	box_end(&box);
}

int main(void)
{
	stage_make();
	test_containerd();
	test_kubernetes();
	stage_remove();
	return tap_done();
}
