/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The table of processes itself: entries, their parents, and which of them goes first when there is
 * no more room.
 *
 * An entry is found by pid and start time, and counts its references: one of the table as long as it
 * is found there, one of each entry whose parent it is, and those of callers. So the chain of parents
 * of an entry stays whole when they end. All entries together have a cap, also those that only
 * references keep.
 *
 * To make room only entries without children are thrown out, for any other frees nothing: first those
 * that have ended, in the order in which they ended; then one that was not looked up since the last
 * round of the clock hand (second chance). There always is one, because chains have no loops: a
 * parent comes before its child in the order of (start, pid), and the order of an entry never changes.
 *
 * The start time that /proc/PID/stat tells (its 22nd field) is the kernel's start_boottime, the same
 * nanoseconds that rs_hdr.start has, divided by 10^9 / USER_HZ and rounded down (nsec_to_clock_t() in
 * the kernel's kernel/time/time.c). An entry that was made from /proc alone has only that; the first
 * record whose start gives the same when rounded down gives it the nanoseconds, too.
 */

#include <string.h>

#include "bpf/abi/event.h"
#include "enrich/processes-text.h"

#define RS_COMM_SIZE      sizeof(((struct rs_hdr *)0)->comm)
#define RS_PROCESS_TWINS  8 /* entries of one pid, at most, but for those with children */
#define RS_PROCESS_NOBODY UINT32_MAX
#define RS_PROCESS_EXPIRE 8 /* ended entries forgotten at a time */

struct rs_process {
	/* What the chain of an event needs, close together. */
	uint64_t start;             /* ns; 0: only `order` is known */
	struct rs_shared_text *exe; /* NULL: unknown, a kernel thread, none of our business */
	struct rs_process *parent;
	uint32_t pid, ppid;
	char comm[RS_COMM_SIZE];
	bool named;       /* comm is its name */
	bool told;        /* what it runs is known, or all that is to be had */
	bool read;        /* from /proc, not from a record */
	bool listed;      /* is found by pid */
	bool leaf;        /* is in one of the lists: `ended` tells which */
	bool used;        /* since the clock hand passed */
	uint64_t checked; /* boot ns at which what is here was so */

	struct rs_shared_text *args; /* NUL after each */
	struct rs_shared_text *cwd;
	uint64_t order;  /* start, or what /proc has of it: in whole ticks */
	uint64_t ended;  /* boot ns, 0: runs */
	uint64_t cgroup; /* 0: unknown */
	uint32_t uid;    /* RS_PROCESS_NOBODY: unknown */
	uint32_t refs;
	struct rs_process *twin; /* the next one of the same pid */
	struct rs_process *older, *newer;
};

struct rs_process_list {
	struct rs_process *oldest, *newest;
};

struct rs_process_table {
	struct rs_hashmap *map; /* by pid, the first of its twins */
	struct rs_shared_texts texts;
	struct rs_process_list running, ended; /* those without children */
	struct rs_process *last;               /* found last, NULL: gone */
	size_t count, max;
	uint64_t tick_ns; /* of /proc's clock */
	uint64_t evicted; /* for want of room */
	uint64_t refused; /* texts, the same */
};

/* -ENOMEM. rs_process_table_done() also after a failure. */
int rs_process_table_init(struct rs_process_table *table, size_t max, size_t bytes_max);
void rs_process_table_done(struct rs_process_table *table); /* all references are given back */

/* By its start in ns, NULL: not there. */
struct rs_process *rs_process_find(struct rs_process_table *table, uint32_t pid, uint64_t start);
/* The one that runs under a pid now, as far as we know; NULL: none. */
struct rs_process *rs_process_running(struct rs_process_table *table, uint32_t pid);

/*
 * A new entry for a process that is not there; @start in ns, 0 where only the ticks are known. An
 * older one of the same pid has ended, then. May throw out any other that nobody has a reference to.
 * NULL: no room, no memory.
 */
struct rs_process *rs_process_add(struct rs_process_table *table, uint32_t pid, uint64_t start,
				  uint64_t ticks);

struct rs_process *rs_process_ref(struct rs_process_table *table, struct rs_process *process);
void rs_process_unref(struct rs_process_table *table, struct rs_process *process); /* or NULL */

void rs_process_end(struct rs_process_table *table, struct rs_process *process, uint64_t when);
/* It runs after all, unless a younger one has its pid. */
void rs_process_revive(struct rs_process_table *table, struct rs_process *process);

/* NULL: none. False, and none: it cannot be the parent, for it is younger. */
bool rs_process_set_parent(struct rs_process_table *table, struct rs_process *process,
			   struct rs_process *parent);

void rs_process_set_name(struct rs_process *process, const char *comm);
static inline bool rs_process_has_name(const struct rs_process *process, const char *comm)
{
	return process->named && strncmp(process->comm, comm, RS_COMM_SIZE - 1) == 0;
}

/* Puts a text, whose reference it takes, in the place of the one that is there. */
void rs_process_set_text(struct rs_process_table *table, struct rs_shared_text **place,
			 struct rs_shared_text *text);
/* A reference to a text; NULL for an empty one, and where there is no room although everything that
 * has ended and that nobody has a reference to was thrown out for it. */
struct rs_shared_text *rs_process_text(struct rs_process_table *table, const char *data,
				       size_t len);

/* Forgets some of those that ended before @before. */
void rs_process_expire(struct rs_process_table *table, uint64_t before);
