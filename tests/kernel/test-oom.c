/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside oom`: a process grows in a group with a small limit until it is killed. */
#include <fcntl.h>
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

static pid_t grow(void)
{
	pid_t pid = fork();
	char *p;

	if (pid)
		return pid;
	if (!put(group, "cgroup.procs", "0"))
		_exit(1);
	p = mmap(NULL, 4 * LIMIT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		_exit(2);
	for (size_t i = 0; i < 4 * LIMIT; i += 4096)
		p[i] = 1;
	_exit(3);
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

int main(void)
{
	const char *args[] = { "oom", "-o", "json", "-n", "1", NULL };
	struct agent agent = AGENT_INIT;
	int status = 0;
	pid_t pid;

	if (!make_group()) {
		tap_skip("oom", "no control group of memory can be made here");
		return tap_done();
	}
	agent_spawn(&agent, args, NULL, NULL);
	if (!agent_wait_err(&agent, "waiting for kills"))
		tap_diag("%s", rs_str_cstr(&agent.err_text));
	pid = grow();
	waitpid(pid, &status, 0);
	if (!tap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "it is killed"))
		tap_diag("status %x", (unsigned)status);
	tap_ok(agent_wait_end(&agent) && agent_code(&agent) == 0, "-n 1 ends after it");
	check(&agent, pid);
	agent_done(&agent);
	remove_group();
	return tap_done();
}
