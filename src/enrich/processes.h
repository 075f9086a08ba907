/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Who did it: what a process runs, with which arguments, and the chain of its parents. Events of
 * files, the network and privileges carry only the process's number and name.
 *
 * What is known comes from three places:
 *
 *  - Records: EXEC says it, FORK hands it down, EXIT ends it. What they say holds for every later
 *    record, in the order in which things happened, also of processes that are gone meanwhile.
 *  - rs_processes_seed(): what ran before the first record, from the kernel's list and /proc. A record of a process counts
 *    for more than what was read of it.
 *  - For a process that neither told of, one look at /proc. That is a moment after the event, so it
 *    is an answer only where the process still has the start time and the name that the event has;
 *    one that is gone, or that we have no right to look at, stays unknown.
 *
 * A process is named by its pid and its start time (rs_hdr.pid, rs_hdr.start): a pid that is used
 * again is another process. Who its parent is every event says anew, for a process whose parent ends
 * gets another. A parent that has ended stays as long as it is in the chain of somebody.
 *
 * Both the number of processes and the bytes of their texts have a cap: ended ones go first, the
 * oldest before the others; then those that nobody asked for lately. Never one that has children
 * here.
 */

#include "base/error.h"
#include "bpf/abi/tasks.h"
#include "event/event.h"

#define RS_PROCESSES_MAX     65536              /* processes remembered, ended ones included */
#define RS_PROCESSES_BYTES   ((size_t)16 << 20) /* of all their texts, each kept once */
#define RS_PROCESSES_KEEP_NS 30000000000ull     /* how long one that ended stays known */
#define RS_PROCESSES_TRUST_NS                                                                      \
	1000000000ull           /* how long what is known holds while records do not tell */
#define RS_PROCESSES_READS 1000 /* looks at /proc a second, at most */

struct rs_processes;

/* All zero: the defaults. */
struct rs_processes_options {
	const char *proc; /* directory to read instead of "/proc"; borrowed for the call */
	size_t max;       /* instead of RS_PROCESSES_MAX */
	size_t bytes;     /* instead of RS_PROCESSES_BYTES */
};

struct rs_processes_stats {
	size_t processes; /* those included that only their children keep */
	size_t texts;     /* different paths and argument vectors */
	size_t bytes;     /* of them */
	uint64_t evicted; /* processes thrown out for want of room */
	uint64_t refused; /* texts not kept for want of room */
	uint64_t reads;   /* looks at /proc, but for the seed */
};

/* A /proc that cannot be opened is an empty one. -ENOMEM. */
int rs_processes_new(const struct rs_processes_options *options,
		     struct rs_processes **ret_processes, struct rs_error *err);
void rs_processes_free(struct rs_processes **processes);

/*
 * Reads what runs now. To be called once the sensors are attached, so that nothing that begins in
 * between is missed, and while the rights are there to look at other users' processes.
 * @tasks: what rs_tasks_read() says, so that each has its exact start time; borrowed for the call. May
 * be NULL: of those that are not there, only /proc tells.
 */
void rs_processes_seed(struct rs_processes *processes, const struct rs_task *tasks, size_t n);

/*
 * Whether FORK and EXEC records of all processes come (as is assumed at first), or a filter keeps
 * some away. Without them what is known is compared with /proc again after RS_PROCESSES_TRUST_NS,
 * and when a process's name changes.
 */
void rs_processes_set_complete(struct rs_processes *processes, bool complete);

/* What the table has of one process, borrowed until the next call; NULL members where unknown. */
struct rs_process_info {
	uint64_t start;
	uint64_t cgroup; /* 0: unknown */
	uint32_t pid, ppid;
	uint32_t uid;    /* UINT32_MAX: unknown */
	uint64_t pstart; /* 0: unknown */
	uint64_t ended;  /* boot ns; 0: runs */
	const char *name, *executable;
	const char *args; /* NUL after each; the first 1024 bytes of them */
	size_t args_len;
	const char *cwd; /* as at exec; NULL where that was before we started */
};
/* Looks at nothing but the table. */
bool rs_processes_find(struct rs_processes *processes, uint32_t pid, uint64_t start,
		       struct rs_process_info *ret_info);

/* Learns from a FORK, EXEC or EXIT record; others say nothing. */
void rs_processes_feed(struct rs_processes *processes, const struct rs_event *event);

/*
 * Sets the event's executable, parent_executable, parent_name, command_line and ancestors, NULL where
 * unknown. All are valid until the next call. Allocates only for what was not known: a process, or the
 * form of its arguments with spaces.
 */
void rs_processes_enrich(struct rs_processes *processes, struct rs_event *event);

struct rs_processes_stats rs_processes_stats(const struct rs_processes *processes);
