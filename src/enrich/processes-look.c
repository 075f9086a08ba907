/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks at what runs: at all processes at the start, and at one that no record told of.
 *
 * While records do not tell of every exec, a name that differs from the one that goes with the
 * executable means that there may have been one: before the event, then /proc knows by now; or after
 * it, then nobody knows any more.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/units.h"
#include "enrich/processes-internal.h"

/* Whether one more look is allowed at this moment. */
static bool may_read(struct rs_processes *p, uint64_t now)
{
	if (now / RS_NSEC_PER_SEC != p->second) {
		p->second = now / RS_NSEC_PER_SEC;
		p->reads = 0;
	}
	if (p->reads >= RS_PROCESSES_READS)
		return false;
	p->reads++;
	p->reads_all++;
	return true;
}

/* The caller has a reference to the process, for texts may have others thrown out. */
static void take_reading(struct rs_processes *p, struct rs_process *process, uint64_t now)
{
	const struct rs_process_reading *reading = &p->reading;
	struct rs_process_table *table = &p->table;

	rs_process_set_name(process, reading->comm);
	rs_process_set_text(table, &process->exe,
			    rs_process_text(table, reading->exe, reading->exe_len));
	rs_process_set_text(table, &process->args,
			    rs_process_text(table, reading->args, reading->args_len));
	if (process->uid == RS_PROCESS_NOBODY)
		process->uid = reading->uid;
	if (!process->parent)
		process->ppid = reading->ppid;
	process->checked = now;
	process->told = process->read = true;
}

/* --- the chain of parents --- */

/* Adds the process that has a pid now; NULL: none, no room. */
static struct rs_process *read_pid(struct rs_processes *p, uint32_t pid)
{
	struct rs_process *process;

	if (rs_process_read(p->proc, pid, &p->reading) < 0)
		return NULL;
	process = rs_process_add(&p->table, pid, 0, p->reading.ticks);
	if (!process)
		return NULL;
	rs_process_ref(&p->table, process);
	take_reading(p, process, rs_clock_boot());
	rs_process_unref(&p->table, process);
	return process;
}

/* Finds the parents of a process of which /proc told only the parent's pid. The caller has a reference
 * to it. */
static void climb(struct rs_processes *p, struct rs_process *process)
{
	for (unsigned i = 0; i < RS_EVENT_ANCESTORS_MAX; i++) {
		struct rs_process *parent;

		if (process->parent || !process->ppid)
			return;
		parent = rs_process_running(&p->table, process->ppid);
		if (!parent && may_read(p, rs_clock_boot()))
			parent = read_pid(p, process->ppid);
		if (!parent || !rs_process_set_parent(&p->table, process, parent))
			return;
		process = parent; /* which its child has a reference to */
	}
}

/* --- one process --- */

/* Whether what was read is of the process that was asked for. */
static bool is_of(const struct rs_processes *p, const struct rs_process *process)
{
	return p->reading.ticks == process->start / p->table.tick_ns;
}

static bool is_gone(const struct rs_processes *p, const struct rs_process *process, int r)
{
	return r == -ENOENT || (!r && !is_of(p, process));
}

/* Of a process that nothing told of. That nothing is to be had is remembered, too. */
static void read_first(struct rs_processes *p, struct rs_process *process)
{
	uint64_t now = rs_clock_boot();
	int r;

	if (!may_read(p, now))
		return;
	r = rs_process_read(p->proc, process->pid, &p->reading);
	process->told = true;
	process->checked = now;
	rs_process_ref(&p->table, process);
	if (is_gone(p, process, r))
		rs_process_end(&p->table, process, now);
	else if (!r) {
		take_reading(p, process, now);
		climb(p, process);
	}
	rs_process_unref(&p->table, process);
}

/* Compares what is known with what is. Of a process that is gone it stays as it was. */
static void read_again(struct rs_processes *p, struct rs_process *process)
{
	uint64_t now = rs_clock_boot();
	int r;

	if (!may_read(p, now))
		return;
	r = rs_process_read(p->proc, process->pid, &p->reading);
	process->checked = now;
	if (is_gone(p, process, r))
		rs_process_end(&p->table, process, now);
	else if (!r && (p->reading.exe_len || !rs_process_has_name(process, p->reading.comm))) {
		rs_process_ref(&p->table, process);
		take_reading(p, process, now);
		rs_process_unref(&p->table, process);
	}
}

/* Whether it is time to compare. */
static bool stale(const struct rs_process *process, const char *comm, uint64_t time)
{
	if (process->ended || time < process->checked)
		return false;
	return time >= process->checked + RS_PROCESSES_TRUST_NS ||
	       (comm && !rs_process_has_name(process, comm));
}

struct rs_process *rs_processes_look(struct rs_processes *p, uint32_t pid, uint64_t start,
				     const char *comm, uint64_t time)
{
	struct rs_process *process = rs_process_find(&p->table, pid, start);

	if (likely(process && process->told && process->checked >= p->since))
		return process;
	if (!process)
		process = rs_process_add(&p->table, pid, start, 0);
	if (!process)
		return NULL;
	if (!process->told)
		read_first(p, process);
	else if (stale(process, comm, time))
		read_again(p, process);
	return process;
}

bool rs_processes_doubt(const struct rs_processes *p, const struct rs_process *process,
			const char *comm, uint64_t time)
{
	if (likely(process->checked >= p->since && (!process->read || time >= process->checked)))
		return false;
	return comm && !rs_process_has_name(process, comm);
}

/* --- all processes --- */

/* One that the kernel tells of; what it runs is for /proc to say. */
static void seed_task(struct rs_processes *p, const struct rs_task *task)
{
	struct rs_process_table *table = &p->table;
	struct rs_process *process = rs_process_find(table, task->pid, task->start);

	if (!process)
		process = rs_process_add(table, task->pid, task->start, 0);
	if (!process || process->told)
		return;
	rs_process_ref(table, process);
	process->uid = task->uid;
	process->cgroup = task->cgroup;
	rs_process_set_name(process, task->comm);
	if (task->flags & RS_TASK_KTHREAD) { /* it runs nothing */
		process->told = true;
		process->checked = rs_clock_boot();
	} else if (!rs_process_read(p->proc, task->pid, &p->reading) && is_of(p, process)) {
		take_reading(p, process, rs_clock_boot());
	}
	process->ppid = task->ppid;
	rs_process_unref(table, process);
}

static void link_task(struct rs_process_table *table, const struct rs_task *task)
{
	struct rs_process *process = rs_process_find(table, task->pid, task->start), *parent;

	if (!process || process->parent || !task->ppid)
		return;
	parent = rs_process_find(table, task->ppid, task->pstart);
	if (parent)
		rs_process_set_parent(table, process, parent);
}

static void seed_tasks(struct rs_processes *p, const struct rs_task *tasks, size_t n)
{
	n = MIN(n, p->table.max - MIN(p->table.count, p->table.max));
	for (size_t i = 0; i < n; i++)
		seed_task(p, &tasks[i]);
	for (size_t i = 0; i < n; i++)
		link_task(&p->table, &tasks[i]);
}

static void seed_one(struct rs_processes *p, const char *name)
{
	uint64_t pid;

	if (rs_units_parse_u64(name, UINT32_MAX, &pid, NULL) >= 0 &&
	    !rs_process_running(&p->table, (uint32_t)pid))
		read_pid(p, (uint32_t)pid);
}

/* Parents among those that were read. */
static void link_all(struct rs_process_table *table)
{
	struct rs_hashmap_entry entry;
	size_t pos = 0;

	while (rs_hashmap_next(table->map, &pos, &entry)) {
		struct rs_process *process = entry.value, *parent;

		if (process->parent || !process->ppid)
			continue;
		parent = rs_process_running(table, process->ppid);
		if (parent)
			rs_process_set_parent(table, process, parent);
	}
}

void rs_processes_seed(struct rs_processes *processes, const struct rs_task *tasks, size_t n)
{
	int fd = processes->proc < 0
			 ? -1
			 : openat(processes->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	seed_tasks(processes, tasks, n);
	if (!dir) {
		rs_cleanup_close(&fd);
		return;
	}
	while ((entry = readdir(dir)) && processes->table.count < processes->table.max) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			seed_one(processes, entry->d_name);
	}
	closedir(dir);
	link_all(&processes->table);
}
