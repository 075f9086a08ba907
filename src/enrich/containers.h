/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Control groups by id, and the containers behind them.
 *
 *  - rs_containers_scan(): the tree as it is.
 *  - Records CGROUP_MKDIR and CGROUP_RMDIR, which come in the order of things: before the first event
 *    of a process in the group.
 *  - For an id that neither told of: one look at the kernel (rs_cgroup_path()), limited in rate.
 *
 * Names come from metadata on disk (metadata.h), read by a thread; and from the pod list, where one is
 * configured (kube.h). What is gone stays known for RS_CONTAINERS_KEEP_NS.
 */

#include "enrich/kube.h"
#include "enrich/lookup.h"
#include "kern/cgroup.h"

#define RS_CONTAINERS_MAX     8192           /* containers remembered */
#define RS_CGROUPS_MAX        32768          /* groups remembered */
#define RS_CONTAINERS_KEEP_NS 60000000000ull /* of one that is gone */
#define RS_CONTAINERS_WAIT_NS 250000000ull   /* how long an event waits for a name, at most */

struct rs_containers;

struct rs_containers_options {
	const struct rs_cgroup_tree *tree;  /* copied */
	struct rs_lookup *lookup;           /* borrowed; NULL: no names from disk */
	size_t max_cgroups, max_containers; /* 0: RS_CGROUPS_MAX, RS_CONTAINERS_MAX */
};

struct rs_containers_stats {
	size_t cgroups, containers; /* remembered */
	size_t running;             /* containers that are not gone */
	size_t pending;             /* containers whose answer from the lookup has not come yet */
	uint64_t named, unnamed;    /* containers whose name came, or did not within the wait */
	/* events that left without their container's name, or while nobody could tell whether they are of one */
	uint64_t events_unnamed;
	uint64_t events_unknown; /* events of a cgroup that nobody knows */
	uint64_t evicted;        /* for want of room */
};

int rs_containers_new(const struct rs_containers_options *options,
		      struct rs_containers **ret_containers, struct rs_error *err);
void rs_containers_free(struct rs_containers **containers);

/* To be called once the sensors are attached. */
int rs_containers_scan(struct rs_containers *containers, struct rs_error *err);

/* To be called when records CGROUP_* were lost: finds what came, and what went. Not more often than every ten
 * seconds: what is asked for earlier is done then, by rs_containers_tick(). */
void rs_containers_rescan(struct rs_containers *containers);

/* Who made a group, for CGROUP_MKDIR: what the table of processes knows of hdr.pid. May be NULL. */
struct rs_containers_maker {
	const char *args; /* NUL after each */
	size_t args_len;
	const char *cwd;
};
void rs_containers_feed(struct rs_containers *containers, const struct rs_event *event,
			const struct rs_containers_maker *maker);

/*
 * The group of an event, and through it the container; NULL where unknown. Borrowed until the next
 * call that is not const. Counts the event for the container's rate.
 */
const struct rs_event_cgroup *rs_containers_find(struct rs_containers *containers,
						 const struct rs_hdr *hdr);

/* Whether the container of this event is new, its name not there yet, and RS_CONTAINERS_WAIT_NS since
 * we first heard of it not over: @now is CLOCK_MONOTONIC. */
bool rs_containers_wait(struct rs_containers *containers, const struct rs_hdr *hdr, uint64_t now);

/* Names of a container's own users; false: the host's hold (not in a container). *ret_users NULL: numbers
 * only. *ret_uid, *ret_gid: as the container itself counts. */
bool rs_containers_users(struct rs_containers *containers, const struct rs_hdr *hdr,
			 struct rs_users **ret_users, uint32_t *ret_uid, uint32_t *ret_gid);

/* Takes answers of the lookup, and changes of the pod list; forgets what is long gone. Now and then, and
 * when rs_lookup_fd() or rs_kube_fd() is readable. */
void rs_containers_tick(struct rs_containers *containers, uint64_t now);

/* The pod list: what it says is laid over what the disk says. @kube is borrowed; NULL: none. */
void rs_containers_set_kube(struct rs_containers *containers, struct rs_kube *kube);

/* All that are remembered, for `ringside containers`. */
struct rs_container_row {
	const struct rs_event_container *container;
	const char *cgroup; /* path of its own group */
	uint64_t since;     /* CLOCK_BOOTTIME ns at which we heard of it; 0: before we started */
	uint64_t gone;      /* 0: runs */
	uint64_t events;    /* delivered so far */
	double rate;        /* events a second, over the last ten or so */
	uint32_t pid;       /* first process, 0: none */
	const char *source; /* where its names are from; NULL: nowhere */
};
typedef void rs_container_row_fn(void *data, const struct rs_container_row *row);
void rs_containers_list(struct rs_containers *containers, uint64_t now, rs_container_row_fn *fn,
			void *data);

void rs_containers_stats(const struct rs_containers *containers,
			 struct rs_containers_stats *ret_stats);
