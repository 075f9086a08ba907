/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the tests of the table of processes: records that are made up, and a /proc in the directory of
 * the test. A process begins at a time that goes with its pid, unless told else: its pid in seconds
 * after the boot, and a bit.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/test-scratch.h"
#include "base/units.h"
#include "enrich/processes.h"

#define MOMENT     RS_NSEC_PER_MSEC
#define START(pid) ((pid)*RS_NSEC_PER_SEC + 1234567)
#define ARGS(text) text, sizeof(text) /* "a\0b": with the NUL at the end */

struct record {
	union {
		struct rs_hdr hdr;
		struct rs_fork fork;
		struct rs_exec exec;
		struct rs_exit exit;
		struct rs_file file;
	};
};

static _unused_ struct rs_processes *open_processes(size_t max, size_t bytes)
{
	struct rs_processes_options options = { .proc = ".", .max = max, .bytes = bytes };
	struct rs_processes *processes = NULL;

	assert_int_equal(rs_processes_new(&options, &processes, NULL), 0);
	return processes;
}

/* --- /proc --- */

static _unused_ void put_file(uint32_t pid, const char *name, const char *data, size_t n)
{
	char path[64];

	snprintf(path, sizeof(path), "%u/%s", pid, name);
	assert_int_equal(rs_fd_replace_file(path, data, n, 0644, NULL), 0);
}

static _unused_ void put_child(uint32_t pid, uint32_t ppid, const char *comm, uint64_t start,
			       const char *exe)
{
	char dir[32], path[48], stat[256];
	uint64_t tick = RS_NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);

	snprintf(dir, sizeof(dir), "%u", pid);
	mkdir(dir, 0755);
	snprintf(path, sizeof(path), "%s/exe", dir);
	unlink(path);
	if (exe)
		assert_int_equal(symlink(exe, path), 0);
	snprintf(stat, sizeof(stat),
		 "%u (%s) S %u 1 1 0 -1 4194560 9 9 9 9 9 9 9 9 20 0 1 0 %llu 9 9\n", pid, comm,
		 ppid, (unsigned long long)(start / tick));
	put_file(pid, "stat", stat, strlen(stat));
}

static _unused_ void put_process(uint32_t pid, const char *comm, uint64_t start, const char *exe)
{
	put_child(pid, 0, comm, start, exe);
}

/* --- records --- */

static _unused_ struct rs_event event_of(struct record *r, enum rs_kind kind, uint32_t pid,
					 const char *comm)
{
	*r = (struct record){ .hdr = { .kind = (uint16_t)kind,
				       .pid = pid,
				       .tid = pid,
				       .start = START(pid),
				       .time = rs_clock_boot() } };
	memcpy(r->hdr.comm, comm, strnlen(comm, sizeof(r->hdr.comm)));
	return (struct rs_event){ .hdr = &r->hdr };
}

static _unused_ void parent_of(struct record *r, uint32_t ppid)
{
	r->hdr.ppid = ppid;
	r->hdr.pstart = START(ppid);
}

static _unused_ const char *name_of(const char *exe)
{
	const char *slash = strrchr(exe, '/');

	return slash ? slash + 1 : exe;
}

/* start, ppid: 0 for the usual one, none. */
static _unused_ void exec_with(struct rs_processes *p, uint32_t pid, uint64_t start, uint32_t ppid,
			       const char *exe, const char *args, size_t n)
{
	struct record r;
	struct rs_event event = event_of(&r, RS_KIND_EXEC, pid, name_of(exe));

	if (start)
		r.hdr.start = start;
	if (ppid)
		parent_of(&r, ppid);
	event.field[RS_TAG_EXE] = (struct rs_text){ exe, (uint32_t)strlen(exe), 0 };
	event.field[RS_TAG_ARGS] = (struct rs_text){ args, (uint32_t)n, 0 };
	event.field[RS_TAG_CWD] = (struct rs_text){ "/work", 5, 0 };
	rs_processes_feed(p, &event);
}

static _unused_ void exec_at(struct rs_processes *p, uint32_t pid, uint64_t start, const char *exe)
{
	exec_with(p, pid, start, 0, exe, NULL, 0);
}

static _unused_ void exec_of(struct rs_processes *p, uint32_t pid, const char *exe)
{
	exec_with(p, pid, 0, 0, exe, NULL, 0);
}

static _unused_ void fork_by(struct rs_processes *p, uint32_t maker, uint32_t ppid, uint32_t pid)
{
	struct record r;
	struct rs_event event = event_of(&r, RS_KIND_FORK, pid, "forked");

	parent_of(&r, ppid);
	r.fork.maker = maker;
	r.fork.maker_start = START(maker);
	rs_processes_feed(p, &event);
}

static _unused_ void fork_of(struct rs_processes *p, uint32_t ppid, uint32_t pid)
{
	fork_by(p, ppid, ppid, pid);
}

static _unused_ void exit_of(struct rs_processes *p, uint32_t pid, uint32_t ppid, uint64_t later)
{
	struct record r;
	struct rs_event event = event_of(&r, RS_KIND_EXIT, pid, "gone");

	if (ppid)
		parent_of(&r, ppid);
	r.hdr.time += later;
	rs_processes_feed(p, &event);
}

/* What an event of a process says. */
static struct record asked;

static _unused_ struct rs_event ask(struct rs_processes *p, uint32_t pid, uint32_t ppid,
				    const char *comm)
{
	struct rs_event event = event_of(&asked, RS_KIND_CREATE, pid, comm);

	if (ppid)
		parent_of(&asked, ppid);
	rs_processes_enrich(p, &event);
	return event;
}

static _unused_ void assert_exe(struct rs_processes *p, uint32_t pid, const char *exe)
{
	struct rs_event event = ask(p, pid, 0, "any");

	if (exe)
		assert_string_equal(event.executable, exe);
	else
		assert_null(event.executable);
	assert_null(event.parent_executable);
	assert_null(event.parent_name);
	assert_null(event.ancestors);
	assert_int_equal(event.n_ancestors, 0);
}

/* The pids of an event's ancestors, "3 2 1". */
static _unused_ const char *chain_of(const struct rs_event *event)
{
	static char text[RS_EVENT_ANCESTORS_MAX * 12];
	int n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < event->n_ancestors; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%u", i ? " " : "",
			      event->ancestors[i].pid);
	return text;
}

static _unused_ void assert_chain(struct rs_processes *p, uint32_t pid, uint32_t ppid,
				  const char *chain)
{
	struct rs_event event = ask(p, pid, ppid, "any");

	assert_string_equal(chain_of(&event), chain);
}
