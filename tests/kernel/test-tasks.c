/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that were there before the agent: the kernel's list of them, and that they are named as
 * they name themselves when they do something at last.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/units.h"
#include "base/util.h"
#include "kern/sensors.h"
#include "kern/tasks.h"
#include "tests/kernel/lib/actor.h"
#include "tests/kernel/lib/check.h"
#include "tests/kernel/lib/stage.h"
#include "tests/kernel/lib/sys.h"

#define CHILDREN 64 /* that stay */
#define BUSY     4  /* that have children all the time */

struct list {
	struct rs_task *tasks;
	size_t n;
};

static const struct rs_task *find(const struct list *list, pid_t pid)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->tasks[i].pid == (uint32_t)pid)
			return &list->tasks[i];
	return NULL;
}

/* --- the list ----------------------------------------------------------------------------------- */

static struct rs_sensors *open_sensors(uint64_t identity)
{
	struct rs_sensors_options options = { .kinds = 1ull << RS_KIND_MKDIR,
					      .identity = identity };
	struct rs_error err = RS_ERROR_INIT;
	struct rs_sensors *sensors = NULL;

	if (rs_sensors_open(&options, &sensors, &err))
		tap_bail("%s", err.msg);
	return sensors;
}

static bool has_program(const struct rs_sensors *sensors)
{
	struct rs_program programs[64];
	size_t n = rs_sensors_programs(sensors, programs, ARRAY_SIZE(programs));

	for (size_t i = 0; i < n; i++)
		if (!strcmp(programs[i].name, "rs_list_tasks"))
			return true;
	return false;
}

static void read_list(struct list *ret_list)
{
	struct rs_sensors *sensors = open_sensors(1ull << RS_KIND_FORK);
	struct rs_task *tasks = NULL;
	struct rs_error err = RS_ERROR_INIT;
	uint64_t begin = boot_ns();
	size_t n;
	int r = rs_tasks_read(sensors, &ret_list->tasks, &ret_list->n, &err);

	if (!tap_ok(!r, "the list is there"))
		tap_bail("%s", err.msg);
	tap_diag("%zu processes in %llu us", ret_list->n,
		 (unsigned long long)(boot_ns() - begin) / 1000);
	tap_ok(!has_program(sensors), "its program is gone");
	tap_ok(rs_tasks_read(sensors, &tasks, &n, NULL) == -EOPNOTSUPP && !tasks, "it comes once");
	rs_sensors_close(&sensors);
}

/* The parent and the start of a process by /proc, in ticks; false: there is none. */
static bool read_stat(pid_t pid, uint32_t *ret_ppid, uint64_t *ret_ticks)
{
	char path[32], text[1024];
	const char *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	at = strrchr(text, ')');
	*ret_ppid = (uint32_t)strtoul(at + 4, NULL, 10);
	for (int i = 0; i < 20 && at; i++) /* from behind the second field to before the 22nd */
		at = strchr(at + 1, ' ');
	*ret_ticks = at ? strtoull(at, NULL, 10) : 0;
	return at;
}

/* As /proc has it. */
struct seen {
	pid_t pid;
	uint32_t ppid;
	uint64_t ticks;
};

/* Whether each process that /proc has, and had before as it has it now, is in the list, and as it says. */
static void compare(const struct list *list, const struct seen *before, size_t n)
{
	uint64_t tick = RS_NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK), ticks;
	size_t missing = 0, other = 0, twice = 0;

	for (size_t i = 0; i < n; i++) {
		const struct rs_task *task = find(list, before[i].pid), *parent;
		uint32_t ppid;

		/* Another by that number, or one whose parent has gone, is as it was at some moment. */
		if (!read_stat(before[i].pid, &ppid, &ticks) || ppid != before[i].ppid ||
		    ticks != before[i].ticks)
			continue;
		parent = task ? find(list, (pid_t)task->ppid) : NULL;
		missing += !task;
		other += task && (task->start / tick != ticks || task->ppid != ppid ||
				  (ppid && (!parent || parent->start != task->pstart)));
	}
	for (size_t i = 0; i < list->n; i++)
		twice += find(list, (pid_t)list->tasks[i].pid) != &list->tasks[i];
	tap_ok(!missing, "all that /proc has are in the list");
	tap_ok(!other, "with the start and the parent that /proc tells");
	tap_ok(!twice, "and none is in it twice");
	if (missing || other || twice)
		tap_diag("%zu of %zu missing, %zu differ, %zu twice", missing, n, other, twice);
}

static size_t list_proc(struct seen *seen, size_t max)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	size_t n = 0;

	while (dir && n < max && (entry = readdir(dir))) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		seen[n].pid = (pid_t)strtol(entry->d_name, NULL, 10);
		n += read_stat(seen[n].pid, &seen[n].ppid, &seen[n].ticks);
	}
	if (dir)
		closedir(dir);
	return n;
}

static void check_self(const struct list *list)
{
	const struct rs_task *self = find(list, getpid()), *daemon = find(list, 2);
	char name[16] = "";

	prctl(PR_GET_NAME, name);
	tap_ok(self && self->ppid == (uint32_t)getppid() && self->uid == getuid() &&
		       !(self->flags & RS_TASK_KTHREAD) && !strcmp(self->comm, name),
	       "this process is told of as it is");
	if (daemon && !strcmp(daemon->comm, "kthreadd"))
		tap_ok((daemon->flags & RS_TASK_KTHREAD) && !daemon->ppid,
		       "a kernel thread is one");
	else
		tap_skip("a kernel thread is one", "number 2 is another");
}

/* The number of its directory is the group's id. */
static void check_group(void)
{
	struct list list = { 0 };
	const struct rs_task *self;
	char dir[600], above[600];
	struct stat st;

	if (!cgroup_make(NULL, "tasks", dir, sizeof(dir)) || stat(dir, &st)) {
		tap_skip("the control group", "none can be made here");
		return;
	}
	snprintf(above, sizeof(above), "%.*s", (int)(strrchr(dir, '/') - dir), dir);
	if (!cgroup_move(dir, 0)) {
		tap_skip("the control group", "no process can be moved here");
		cgroup_remove(dir);
		return;
	}
	read_list(&list);
	self = find(&list, getpid());
	tap_ok(self && self->cgroup == st.st_ino, "the control group");
	free(list.tasks);
	if (cgroup_move(above, 0))
		cgroup_remove(dir);
}

/* --- while others come and go ------------------------------------------------------------------- */

static void be_busy(void)
{
	for (;;) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
}

static void make_children(pid_t *pids)
{
	pid_t test = getpid();

	for (size_t i = 0; i < CHILDREN + BUSY; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			tap_bail("fork: %m");
		if (pids[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == test && i % 17 == 0)
			be_busy();
		for (;;)
			pause();
	}
}

static void check_busy(void)
{
	pid_t pids[CHILDREN + BUSY];
	struct list list = { 0 };
	size_t there = 0;

	make_children(pids);
	read_list(&list);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		const struct rs_task *task = find(&list, pids[i]);

		there += task && task->ppid == (uint32_t)getpid();
	}
	if (!tap_ok(there == ARRAY_SIZE(pids), "while others come and go nobody is missing"))
		tap_diag("%zu of %zu", there, ARRAY_SIZE(pids));
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	free(list.tasks);
}

static void check_list(void)
{
	static struct seen before[65536];
	struct rs_sensors *sensors;
	struct list list = { 0 };
	size_t n = list_proc(before, ARRAY_SIZE(before));

	read_list(&list);
	compare(&list, before, n);
	check_self(&list);
	free(list.tasks);
	check_busy();
	check_group();
	sensors = open_sensors(0);
	tap_ok(!has_program(sensors), "without identity its program is not loaded");
	rs_sensors_close(&sensors);
}

/* --- the agent ---------------------------------------------------------------------------------- */

static const char *made(struct agent *agent, struct actor *actor, const char *file,
			const char *field)
{
	if (!actor_create(actor, at(file)) || !wait_seen(agent, file))
		return "";
	for (size_t i = 0; i < agent->n_events; i++)
		if (!strcmp(event_str(agent->events[i], "file.path"), at(file)))
			return event_str(agent->events[i], field);
	return "";
}

static void expect_same(const char *a, const char *b, const char *what)
{
	if (!tap_ok(a[0] && !strcmp(a, b), "%s", what))
		tap_diag("\"%s\" and \"%s\"", a, b);
}

/* Three of a family from before the agent. The youngest does something first, its parent next. */
static void check_family(void)
{
	struct agent agent = AGENT_INIT;
	struct actor old, middle, young;

	stage_make();
	actor_start(&old, NULL, NULL);
	actor_fork(&old, &middle);
	actor_fork(&middle, &young);
	agent_start(&agent, (const char *[]){ "--kinds", "create", NULL });
	made(&agent, &young, "young", "process.entity_id");
	expect_same(made(&agent, &young, "grandparent", "ringside.ancestors.entity_id.1"),
		    made(&agent, &old, "old", "process.entity_id"),
		    "the grandparent is named as it names itself later");
	expect_same(made(&agent, &young, "parent", "ringside.ancestors.entity_id.0"),
		    made(&agent, &middle, "middle", "process.entity_id"),
		    "the parent is named as it names itself later");
	expect_same(made(&agent, &old, "test", "ringside.ancestors.entity_id.0"),
		    made(&agent, &young, "oldest", "ringside.ancestors.entity_id.2"),
		    "their maker is the same to all of them");
	actor_end(&young);
	actor_end(&middle);
	actor_end(&old);
	tap_ok(agent_stop(&agent, SIGINT) == 0, "the agent ends with code 0");
	agent_done(&agent);
	stage_remove();
}

int main(void)
{
	if (geteuid() != 0) {
		tap_skip("tasks", "loading programs takes root");
		return tap_done();
	}
	check_list();
	check_family();
	return tap_done();
}
