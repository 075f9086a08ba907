/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The inside of `ringside tree`: processes as they are (/proc) and were (events), and how they look. */

#include "base/arena.h"
#include "base/str.h"
#include "event/event.h"

#define RS_TREE_MAX 262144 /* processes; more are counted, not shown */

struct rs_tree_node {
	uint32_t pid, ppid;
	uint64_t start;  /* boot ns; of those from /proc only, rounded down to a tick */
	uint64_t pstart; /* 0: unknown */
	uint32_t boot;   /* number of the boot: 0 is this one */
	bool alive;
	bool ended; /* its exit was seen */
	bool kernel;
	bool told;                                    /* an event was its own */
	uint64_t life;                                /* ns, of one that ended */
	uint32_t code;                                /* as wait(2) has it */
	uint64_t cpu;                                 /* ns */
	uint64_t files, connections, execs, failures; /* events of it */
	const char *name;                             /* in the arena; never NULL */
	const char *command;                          /* arguments, joined; NULL: unknown */
	const char *user;                             /* NULL: unknown, then uid */
	const char *container;                        /* pod or container or unit; NULL: none */
	uint32_t uid;
	struct rs_tree_node *parent, *child, *last_child, *next;

	/* Ended children of one name, user and container: the first one has the sums of all. */
	struct rs_tree_node *alike; /* the first one; itself, where it is that */
	uint64_t n_alike;
	uint64_t alike_cpu, alike_files, alike_connections, alike_longest;
	bool wanted; /* to be shown */
};

struct rs_tree;

/* @proc: "/proc". -ENOMEM. */
int rs_tree_new(struct rs_tree **ret_tree);
void rs_tree_free(struct rs_tree **tree);

/* What an event tells of its process and of those above it. */
int rs_tree_add_event(struct rs_tree *tree, const struct rs_event *event,
		      const struct rs_event_host *host);

/* What runs now. @users may be NULL: numbers. */
struct rs_users;
int rs_tree_add_proc(struct rs_tree *tree, const char *proc, struct rs_users *users,
		     struct rs_error *err);

/* Before rs_tree_link(): only processes that have events of their own, and those above them. */
void rs_tree_only_of_events(struct rs_tree *tree);

/*
 * Links parents and children, and marks those that are wanted; nothing can be added after it. Children
 * stand in order of start. @pid: only processes of this number, those above and those below; 0: all.
 * @kernel: threads of the kernel too.
 */
int rs_tree_link(struct rs_tree *tree, uint32_t pid, bool kernel);

/* The first of those that have no parent; the others follow by next. */
const struct rs_tree_node *rs_tree_first(const struct rs_tree *tree);
size_t rs_tree_len(const struct rs_tree *tree);
bool rs_tree_has(const struct rs_tree *tree, uint32_t pid);
uint64_t rs_tree_left_out(const struct rs_tree *tree);
const char *rs_tree_boot_id(const struct rs_tree *tree, uint32_t boot);

/* --- as text --- */

struct rs_tree_view {
	unsigned width; /* columns; 0: any */
	bool color;
	bool all;     /* every process by itself */
	uint64_t now; /* boot ns */
	int64_t boot_offset;
};

int rs_tree_table(const struct rs_tree *tree, const struct rs_tree_view *view, struct rs_str *out);
int rs_tree_json(const struct rs_tree *tree, const struct rs_tree_view *view, struct rs_str *out);
