/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What records tell of processes, and what events are told of theirs. The table itself is
 * processes-table.c, what /proc adds processes-look.c.
 */
#include "enrich/processes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "enrich/processes-internal.h"

/* --- parents --- */

/* What every record says of its process. */
static void take_header(struct rs_process *process, const struct rs_hdr *hdr)
{
	process->uid = hdr->uid;
	process->cgroup = hdr->cgroup;
}

/* The kernel's word on who the parent is now. */
static struct rs_process *find_parent(struct rs_processes *p, struct rs_process *process,
				      const struct rs_hdr *hdr)
{
	struct rs_process *parent = NULL;

	if (hdr->ppid && !hdr->pstart)
		return process->parent;
	rs_process_ref(&p->table, process);
	process->ppid = hdr->ppid;
	if (hdr->ppid)
		parent = rs_processes_look(p, hdr->ppid, hdr->pstart, NULL, hdr->time);
	rs_process_set_parent(&p->table, process, parent);
	rs_process_unref(&p->table, process);
	return process->parent;
}

/* The parent of a process, which may have got another one since: NULL where that is not known. */
static struct rs_process *follow_parent(struct rs_processes *p, struct rs_process *process,
					const struct rs_hdr *hdr)
{
	struct rs_process *parent = process->parent;

	if (likely(parent && parent->pid == hdr->ppid && parent->start == hdr->pstart &&
		   parent->told && parent->checked >= p->since))
		return parent;
	if (!parent && !hdr->ppid)
		return NULL; /* the first process */
	return find_parent(p, process, hdr);
}

/* --- records --- */

/* The process that a record is of; NULL: no room. */
static struct rs_process *enter(struct rs_processes *p, const struct rs_hdr *hdr)
{
	struct rs_process *process = rs_process_find(&p->table, hdr->pid, hdr->start);

	if (!process)
		process = rs_process_add(&p->table, hdr->pid, hdr->start, 0);
	if (process)
		take_header(process, hdr);
	return process;
}

static void set_told(struct rs_process *process, const struct rs_hdr *hdr, bool told)
{
	process->told = told || (hdr->flags & RS_HDR_KTHREAD);
	process->read = false;
	process->checked = hdr->time;
}

/* A child runs what its maker ran at that moment. */
static void inherit(struct rs_processes *p, struct rs_process *child, struct rs_process *maker)
{
	struct rs_process_table *table = &p->table;

	rs_process_set_text(table, &child->exe, rs_shared_text_ref(maker->exe));
	rs_process_set_text(table, &child->args, rs_shared_text_ref(maker->args));
	rs_process_set_text(table, &child->cwd, rs_shared_text_ref(maker->cwd));
}

static struct rs_process *find_maker(struct rs_processes *p, const struct rs_fork *fork)
{
	const struct rs_hdr *hdr = &fork->hdr;

	if (fork->maker && fork->maker_start)
		return rs_processes_look(p, fork->maker, fork->maker_start, NULL, hdr->time);
	return hdr->ppid && hdr->pstart
		       ? rs_processes_look(p, hdr->ppid, hdr->pstart, NULL, hdr->time)
		       : NULL;
}

/* A child that nothing is handed down to is looked at when it does something; one that was read from
 * /proc stays what it was then. */
static void on_fork(struct rs_processes *p, const struct rs_fork *fork)
{
	const struct rs_hdr *hdr = &fork->hdr;
	struct rs_process *child = enter(p, hdr), *maker;

	if (!child)
		return;
	rs_process_ref(&p->table, child);
	follow_parent(p, child, hdr);
	maker = find_maker(p, fork);
	if (maker && maker->exe && !rs_processes_doubt(p, maker, hdr->comm, hdr->time)) {
		inherit(p, child, maker);
		set_told(child, hdr, true);
	} else if (!child->read) {
		set_told(child, hdr, false);
	}
	if (!child->read)
		rs_process_set_name(child, hdr->comm);
	rs_process_unref(&p->table, child);
}

static struct rs_shared_text *path_of(struct rs_processes *p, const struct rs_event *event,
				      enum rs_tag tag)
{
	struct rs_path path;

	if (!rs_event_kernel_path(&event->field[tag], p->path, &path))
		return NULL;
	return rs_process_text(&p->table, path.data, strnlen(path.data, path.len));
}

static struct rs_shared_text *args_of(struct rs_processes *p, const struct rs_event *event)
{
	const struct rs_text *args = &event->field[RS_TAG_ARGS];
	char buf[RS_PROCESS_ARGS_MAX];

	return rs_process_text(&p->table, buf, rs_process_copy_args(buf, args->data, args->len));
}

static void on_exec(struct rs_processes *p, const struct rs_event *event)
{
	const struct rs_hdr *hdr = event->hdr;
	struct rs_process *process = enter(p, hdr);
	struct rs_process_table *table = &p->table;

	if (!process)
		return;
	rs_process_ref(table, process); /* not to be thrown out meanwhile */
	rs_process_revive(table, process);
	rs_process_set_text(table, &process->exe, path_of(p, event, RS_TAG_EXE));
	rs_process_set_text(table, &process->args, args_of(p, event));
	rs_process_set_text(table, &process->cwd, path_of(p, event, RS_TAG_CWD));
	rs_process_set_name(process, hdr->comm);
	set_told(process, hdr, process->exe);
	follow_parent(p, process, hdr);
	rs_process_unref(table, process);
}

/* One that nothing told of has nothing to tell any more, but late events still find its parents. */
static void on_exit_record(struct rs_processes *p, const struct rs_hdr *hdr)
{
	struct rs_process *process = enter(p, hdr);

	if (!process)
		return;
	if (!process->named)
		rs_process_set_name(process, hdr->comm);
	process->told = true;
	rs_process_end(&p->table, process, hdr->time);
	follow_parent(p, process, hdr);
}

void rs_processes_feed(struct rs_processes *processes, const struct rs_event *event)
{
	const struct rs_hdr *hdr = event->hdr;

	if (likely(hdr->kind > RS_KIND_EXIT) || !hdr->start)
		return;
	if (hdr->kind == RS_KIND_FORK)
		on_fork(processes, event->fork);
	else if (hdr->kind == RS_KIND_EXEC)
		on_exec(processes, event);
	else
		on_exit_record(processes, hdr);
	if (hdr->time > RS_PROCESSES_KEEP_NS)
		rs_process_expire(&processes->table, hdr->time - RS_PROCESSES_KEEP_NS);
}

/* --- events --- */

/* The process of an event; NULL: unknown. */
static struct rs_process *find_own(struct rs_processes *p, const struct rs_hdr *hdr,
				   const char *comm)
{
	struct rs_process *process;

	if (!hdr->start)
		return NULL;
	if (hdr->flags & RS_HDR_KTHREAD) {
		process = enter(p, hdr);
		if (process)
			process->told = true; /* it runs nothing */
	} else {
		process = rs_processes_look(p, hdr->pid, hdr->start, comm, hdr->time);
	}
	if (process)
		take_header(process, hdr);
	return process;
}

static void tell_own(struct rs_processes *p, struct rs_event *event, struct rs_process *process)
{
	const struct rs_hdr *hdr = event->hdr;
	/* Threads have names of their own. */
	const char *comm = hdr->tid == hdr->pid ? hdr->comm : NULL;

	if (rs_processes_doubt(p, process, comm, hdr->time))
		return;
	if (comm && unlikely(!rs_process_has_name(process, comm)))
		rs_process_set_name(process, comm); /* it renamed itself */
	event->executable = process->exe ? process->exe->data : NULL;
	if (process->args && hdr->kind != RS_KIND_EXEC)
		event->command_line = rs_shared_text_join(&p->table.texts, process->args);
}

/* The chain ends where the table does not know who it was. */
static void tell_ancestors(struct rs_processes *p, struct rs_event *event,
			   const struct rs_process *process)
{
	size_t n = 0;

	event->parent_executable = process && process->exe ? process->exe->data : NULL;
	event->parent_name = process && process->named ? process->comm : NULL;
	for (; process && process->named && n < RS_EVENT_ANCESTORS_MAX; process = process->parent)
		p->ancestors[n++] = (struct rs_event_ancestor){
			.start = process->start ? process->start : process->order,
			.pid = process->pid,
			.name = process->comm,
			.executable = process->exe ? process->exe->data : NULL,
		};
	event->ancestors = n ? p->ancestors : NULL;
	event->n_ancestors = n;
}

void rs_processes_enrich(struct rs_processes *processes, struct rs_event *event)
{
	const struct rs_hdr *hdr = event->hdr;
	const char *comm = hdr->tid == hdr->pid ? hdr->comm : NULL;
	struct rs_process *process = find_own(processes, hdr, comm), *parent = NULL;

	event->executable = event->command_line = NULL;
	if (process)
		parent = follow_parent(processes, process, hdr);
	else if (hdr->ppid && hdr->pstart)
		parent = rs_processes_look(processes, hdr->ppid, hdr->pstart, NULL, hdr->time);
	/* From here on nothing leaves the table. */
	if (process)
		tell_own(processes, event, process);
	tell_ancestors(processes, event, parent);
}

static const char *text_of(const struct rs_shared_text *text)
{
	return text ? text->data : NULL;
}

bool rs_processes_find(struct rs_processes *processes, uint32_t pid, uint64_t start,
		       struct rs_process_info *ret_info)
{
	const struct rs_process *process = rs_process_find(&processes->table, pid, start);

	if (!process)
		return false;
	*ret_info = (struct rs_process_info){
		.start = process->start,
		.cgroup = process->cgroup,
		.pid = process->pid,
		.ppid = process->ppid,
		.uid = process->uid,
		.pstart = process->parent ? process->parent->start : 0,
		.ended = process->ended,
		.name = process->named ? process->comm : NULL,
		.executable = text_of(process->exe),
		.args = text_of(process->args),
		.args_len = process->args ? process->args->len : 0,
		.cwd = text_of(process->cwd),
	};
	return true;
}

/* --- life --- */

void rs_processes_set_complete(struct rs_processes *processes, bool complete)
{
	if (complete == (processes->since != UINT64_MAX))
		return;
	processes->since = complete ? rs_clock_boot() : UINT64_MAX;
}

int rs_processes_new(const struct rs_processes_options *options,
		     struct rs_processes **ret_processes, struct rs_error *err)
{
	static const struct rs_processes_options defaults;
	_cleanup_(rs_processes_free) struct rs_processes *p = calloc(1, sizeof(*p));
	int r = p ? 0 : -ENOMEM;

	if (!options)
		options = &defaults;
	if (p) {
		p->proc = open(options->proc ? options->proc : "/proc",
			       O_PATH | O_DIRECTORY | O_CLOEXEC);
		r = rs_process_table_init(&p->table, options->max ? options->max : RS_PROCESSES_MAX,
					  options->bytes ? options->bytes : RS_PROCESSES_BYTES);
	}
	if (r < 0)
		return rs_error_set_errno(err, r, "remembering processes");
	*ret_processes = TAKE_PTR(p);
	return 0;
}

void rs_processes_free(struct rs_processes **processes)
{
	struct rs_processes *p = *processes;

	if (!p)
		return;
	rs_process_table_done(&p->table);
	rs_cleanup_close(&p->proc);
	free(p);
	*processes = NULL;
}

struct rs_processes_stats rs_processes_stats(const struct rs_processes *processes)
{
	const struct rs_process_table *table = &processes->table;

	return (struct rs_processes_stats){
		.processes = table->count,
		.texts = table->texts.count,
		.bytes = table->texts.bytes,
		.evicted = table->evicted,
		.refused = table->refused,
		.reads = processes->reads_all,
	};
}
