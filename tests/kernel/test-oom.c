/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside oom`: a process grows in a group with a small limit until it is killed. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kernel/lib/agent.h"
#include "tests/kernel/lib/tap.h"

#define LIMIT (32 << 20)
#define NAME  "ringside-test-oom"

/* Where groups of memory are, and what a limit is called there. */
static const struct {
	const char *root, *limit, *swap, *controllers;
} places[] = {
	{ "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", NULL },
	{ "/sys/fs/cgroup", "memory.max", "memory.swap.max", "cgroup.subtree_control" },
};

static char group[256];

static bool put(const char *dir, const char *file, const char *text)
{
	char path[512];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = write(fd, text, strlen(text));
	close(fd);
	return n == (ssize_t)strlen(text);
}

static bool make_group(void)
{
	char limit[32], probe[512];

	snprintf(limit, sizeof(limit), "%d", LIMIT);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (places[i].controllers)
			put(places[i].root, places[i].controllers, "+memory");
		snprintf(group, sizeof(group), "%s/%s", places[i].root, NAME);
		if (mkdir(group, 0755) < 0)
			rmdir(group);
		mkdir(group, 0755);
		snprintf(probe, sizeof(probe), "%s/%s", group, places[i].limit);
		if (!access(probe, W_OK) && put(group, places[i].limit, limit)) {
			put(group, places[i].swap, places[i].controllers ? "0" : limit);
			return true;
		}
		rmdir(group);
	}
	return false;
}

/* The rest of what it held may take a while to be given back. */
static void remove_group(void)
{
	for (int i = 0; i < 500 && rmdir(group) < 0; i++)
		usleep(10000); /* sleep: nothing tells when it is empty */
}

/* @data: a thread whose end is waited for first; NULL: none. */
static void *fill(void *data)
{
	char *p = mmap(NULL, 4 * LIMIT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(2);
	if (data && pthread_join(*(pthread_t *)data, NULL))
		_exit(4);
	for (size_t i = 0; i < 4 * LIMIT; i += 4096)
		p[i] = 1;
	_exit(3);
}

/* @headless: the process's first thread has ended by then. */
static pid_t grow(bool headless)
{
	static pthread_t first;
	pid_t pid = fork();
	pthread_t thread;

	if (pid)
		return pid;
	if (!put(group, "cgroup.procs", "0"))
		_exit(1);
	if (!headless)
		fill(NULL);
	first = pthread_self();
	if (pthread_create(&thread, NULL, fill, &first))
		_exit(5);
	pthread_exit(NULL);
}

static json_int_t at(const json_t *event, const char *key, const char *inner)
{
	const json_t *v = json_object_get(event, key);

	return json_integer_value(inner ? json_object_get(v, inner) : v);
}

static const char *text_at(const json_t *event, const char *key, const char *inner)
{
	const json_t *v = json_object_get(event, key);
	const char *text = json_string_value(inner ? json_object_get(v, inner) : v);

	return text ? text : "";
}

static const json_t *kill_of(const struct agent *agent, pid_t pid)
{
	for (size_t i = 0; i < agent->n_events; i++)
		if (at(agent->events[i], "pid", NULL) == pid)
			return agent->events[i];
	return NULL;
}

/* Whether the victim is among the processes that are told, as one that the limit holds for. */
static bool is_listed(const json_t *event, pid_t pid)
{
	const json_t *process;
	size_t i;

	json_array_foreach(json_object_get(event, "processes"), i, process)
	{
		if (json_integer_value(json_object_get(process, "pid")) == pid)
			return json_is_true(json_object_get(process, "limited"));
	}
	return false;
}

static void check(struct agent *agent, pid_t pid)
{
	const json_t *event = kill_of(agent, pid);
	char *dump;

	if (!tap_ok(event != NULL, "the kill is told")) {
		tap_diag("%s", rs_str_cstr(&agent->err_text));
		return;
	}
	dump = json_dumps(event, JSON_COMPACT);
	tap_ok(!strcmp(text_at(event, "reason", NULL), "limit"), "the reason is a limit");
	tap_ok(strstr(text_at(event, "limit", "cgroup"), NAME) != NULL, "whose limit");
	tap_ok(at(event, "limit", "max") == LIMIT, "how much that is");
	/* Counters of each CPU are not in yet. */
	tap_ok(at(event, "limit", "usage") > LIMIT - (2 << 20), "how much is used");
	tap_ok(at(event, "victim", "anon") > LIMIT / 2 && at(event, "victim", "anon") < 2 * LIMIT,
	       "what the victim had");
	tap_ok(at(event, "trigger", "pid") > 0, "who asked for memory");
	tap_ok(is_listed(event, pid), "the victim is among the processes");
	if (!tap_ok(json_is_true(json_object_get(event, "complete")) &&
			    at(event, "processes_seen", NULL) ==
				    (json_int_t)json_array_size(
					    json_object_get(event, "processes")),
		    "all processes are there"))
		tap_diag("%.2000s", dump);
	free(dump);
}

static void run(const char *what, bool headless)
{
	const char *args[] = { "oom", "-o", "json", "-n", "1", NULL };
	struct agent agent = AGENT_INIT;
	int status = 0;
	pid_t pid;

	tap_diag("%s", what);
	agent_spawn(&agent, args, NULL, NULL);
	if (!agent_wait_err(&agent, "waiting for kills"))
		tap_diag("%s", rs_str_cstr(&agent.err_text));
	pid = grow(headless);
	waitpid(pid, &status, 0);
	if (!tap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "it is killed"))
		tap_diag("status %x", (unsigned)status);
	tap_ok(agent_wait_end(&agent) && agent_code(&agent) == 0, "-n 1 ends after it");
	check(&agent, pid);
	agent_done(&agent);
}

/* --- the whole machine: only where it is ours alone --- */

static bool is_guest(void)
{
	char line[4096] = "";
	FILE *file = fopen("/proc/cmdline", "re");
	bool is = file && fgets(line, sizeof(line), file) && strstr(line, "ringside.mode=test");

	if (file)
		fclose(file);
	return is;
}

static unsigned long available_mib(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long kib = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %lu", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib / 1024;
}

/* Takes most of the memory away, without touching it, so that the rest is soon full; 0: gives it back. */
static void reserve(unsigned long mib)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", mib / 2);
	put("/proc/sys/vm", "nr_hugepages", text);
}

static pid_t grow_without_limit(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	put("/proc/self", "oom_score_adj", "1000");
	for (;;) {
		char *p = mmap(NULL, LIMIT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);

		for (size_t i = 0; p != MAP_FAILED && i < LIMIT; i += 4096)
			p[i] = 1;
	}
}

static void run_machine(void)
{
	const char *args[] = { "oom", "-o", "json", "-n", "1", NULL };
	struct agent agent = AGENT_INIT;
	unsigned long mib = available_mib();
	const json_t *event;
	int status = 0;
	pid_t pid;

	agent_spawn(&agent, args, NULL, NULL);
	if (!agent_wait_err(&agent, "waiting for kills"))
		tap_diag("%s", rs_str_cstr(&agent.err_text));
	reserve(mib > 256 ? mib - 192 : 0);
	pid = grow_without_limit();
	waitpid(pid, &status, 0);
	reserve(0);
	if (!tap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "a full machine kills"))
		tap_diag("status %x", (unsigned)status);
	tap_ok(agent_wait_end(&agent) && agent_code(&agent) == 0, "and that is told");
	event = kill_of(&agent, pid);
	tap_ok(event && !strcmp(text_at(event, "reason", NULL), "machine") &&
		       !json_object_get(event, "limit"),
	       "the reason is the machine's memory");
	tap_ok(event && at(event, "victim", "anon") > 0 &&
		       at(event, "victim", "oom_score_adj") == 1000,
	       "who it was");
	if (!event || json_is_false(json_object_get(event, "complete")))
		tap_diag("%s", rs_str_cstr(&agent.err_text));
	agent_done(&agent);
}

int main(void)
{
	if (is_guest())
		run_machine();
	else
		tap_skip("a full machine", "others use it, too");
	if (!make_group()) {
		tap_skip("oom", "no control group of memory can be made here");
		return tap_done();
	}
	run("a process with one thread", false);
	run("a process whose first thread has ended", true);
	remove_group();
	return tap_done();
}
