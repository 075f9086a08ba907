/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of containers.h share. */
#pragma once

/*
 *	containers.c         the room's door: records, events, time
 *	containers-groups.c  control groups by number and by path, as a tree
 *	containers-table.c   containers, held by the groups that belong to them
 *	containers-names.c   questions and answers, the pod list, what is handed out
 *
 * A group whose path names a container belongs to it, wherever it is. One that any name may have
 * been given to (see rs_cgroup_match.sure) has a candidate: a container that nobody sees until metadata
 * confirm it, and which is dropped when there are none. What is below a confirmed one belongs to it.
 */

#include <sys/queue.h>

#include "base/arena.h"
#include "base/hashmap.h"
#include "enrich/cgroup-match.h"
#include "enrich/containers.h"
#include "enrich/lookup.h"

#define RS_CONTAINERS_SAMPLES  11            /* one a second, for the rates */
#define RS_CONTAINERS_LATE_NS  2000000000ull /* how long the disk is asked for a name */
#define RS_CONTAINERS_DOUBT_NS 50000000ull   /* the same of what is probably none */
#define RS_CONTAINERS_QUOTA    64            /* questions of one user's that wait */
#define RS_CONTAINERS_QUOTAS   1024          /* questions of all users, but root's */
#define RS_CONTAINERS_NEGATIVE 256           /* numbers remembered for which there is no group */
#define RS_CONTAINERS_KEPT     64            /* containers of one user's with labels or users */
#define RS_CONTAINERS_LOOKS    1000          /* rs_cgroup_path() a second, at most */

struct rs_container {
	struct rs_event_container view;
	char *id;
	char *root;    /* path of its own group */
	char *pod_uid; /* from the path; NULL: none */
	const char *runtime;
	uint32_t owner; /* who made it: only his files are read; 0: root */
	bool of_user;   /* a user made it, or it is in his tree: he may call it a pod, it is none */
	uint32_t slot, generation;
	bool sure; /* its path says that it is a container */
	struct rs_group
		*candidate; /* of this group, which does not belong to it yet; NULL: it is one */
	bool counted;       /* as named or unnamed */
	bool maker_asked;   /* the disk was asked with what its maker told */
	bool ask_again;     /* in the next tick */
	bool pid_sure;      /* pid runs in the container's own root */
	bool pending;       /* in the list of those that wait for an answer */
	bool doubtful;      /* nothing but its name tells that it may be one */
	unsigned asked;     /* questions that were not answered yet */
	uint32_t pid;
	uint64_t heard;       /* CLOCK_MONOTONIC */
	uint64_t since, gone; /* CLOCK_BOOTTIME */
	uint64_t events;
	uint64_t samples[RS_CONTAINERS_SAMPLES];
	struct rs_metadata *metadata;
	struct rs_arena laid; /* strings of the pod list */
	struct rs_event_container pod;
	bool has_pod;
	size_t live; /* groups that are not gone */
	LIST_HEAD(, rs_group) groups;
	TAILQ_ENTRY(rs_container) in_pending;
	TAILQ_ENTRY(rs_container) in_order; /* of creation */
	TAILQ_ENTRY(rs_container) in_ended; /* when gone is not 0 */
};

struct rs_group {
	struct rs_event_cgroup view;
	uint64_t id;
	uint64_t gone;    /* CLOCK_BOOTTIME */
	uint64_t seen;    /* number of the last walk that met it */
	uint64_t expires; /* CLOCK_MONOTONIC; 0: with the next tick it is known */
	struct rs_container *container, *candidate;
	bool own;     /* is a container's own, and not its parent's */
	bool unasked; /* it may be a container: there was no time or room to find out */
	size_t path_len;
	const char *unit;
	struct rs_group *parent;
	LIST_HEAD(, rs_group) children;
	LIST_ENTRY(rs_group) in_parent;
	LIST_ENTRY(rs_group) in_container;
	TAILQ_ENTRY(rs_group) in_gone;
	char text[]; /* path and unit, NUL after each */
};

struct rs_containers_slot {
	struct rs_container *container; /* NULL: free */
	uint32_t generation;
	uint32_t next; /* of those that are free */
};

struct rs_containers {
	struct rs_cgroup_tree tree;
	struct rs_lookup *lookup;
	struct rs_kube *kube;
	uint64_t kube_version;
	size_t max_groups;
	struct rs_hashmap *groups; /* by number */
	struct rs_hashmap *paths;  /* by hash of the path: the newest of that path */
	struct rs_hashmap *roots;  /* containers by their own path: ids are anybody's to give */
	TAILQ_HEAD(rs_groups_gone, rs_group) gone;
	TAILQ_HEAD(rs_containers_pending, rs_container) pending;
	TAILQ_HEAD(rs_containers_order, rs_container) order;
	TAILQ_HEAD(rs_containers_ended, rs_container) ended;
	struct rs_containers_slot *slots;
	uint32_t n_slots, free_slot; /* n_slots: none */
	size_t n_pending;
	size_t n_unasked;                     /* groups */
	uint16_t quota[RS_CONTAINERS_QUOTAS]; /* pending, by owner; [0] is all of them */
	uint16_t kept[RS_CONTAINERS_QUOTAS];  /* with labels or users, by owner */
	struct rs_group *last;                /* found last */
	struct {
		uint64_t id, until;
	} negative[RS_CONTAINERS_NEGATIVE];
	uint64_t look_second;
	uint64_t rescan; /* when the next walk may be, CLOCK_MONOTONIC */
	uint64_t walk;   /* number of the last */
	bool rescan_wanted;
	unsigned looks;
	uint64_t times[RS_CONTAINERS_SAMPLES];
	size_t sample;
	uint32_t next_check; /* slot to be looked at next, whether it is still there */
	struct rs_containers_stats stats;
};

/* How we came to know of a group. */
struct rs_group_origin {
	const struct rs_hdr *hdr; /* who made it; NULL: unknown */
	const struct rs_containers_maker *maker;
	uint64_t parent; /* number, 0: find it by the path */
	uint64_t since;  /* CLOCK_BOOTTIME, 0: before we started */
	bool scanned;    /* it may have processes by now */
};

/* --- groups --- */

/* The group of that number, new or not; NULL: no memory, or a path that is none. */
struct rs_group *rs_group_add(struct rs_containers *c, uint64_t id, const char *path,
			      const struct rs_group_origin *origin);
/* Known, or looked up in the kernel. */
struct rs_group *rs_group_find(struct rs_containers *c, uint64_t id);
int rs_group_scan(struct rs_containers *c, uint64_t since, struct rs_error *err);
/* The same once more, and what is not there is gone. Waits for its time: @now is CLOCK_MONOTONIC. */
void rs_group_rescan(struct rs_containers *c, uint64_t now);
void rs_group_gone(struct rs_containers *c, struct rs_group *group, uint64_t when);
/* Forgets what has been gone for long. */
void rs_group_expire(struct rs_containers *c, uint64_t now);
/* Forgets it now. */
void rs_group_forget(struct rs_containers *c, struct rs_group *group);
/* For a group that is in the map no more. */
void rs_group_free(struct rs_containers *c, struct rs_group *group);

/* --- containers --- */

/* The next one below @top, in the order of a walk; passes over what is below @group if not @deeper. */
struct rs_group *rs_group_next_below(struct rs_group *top, struct rs_group *group, bool deeper);
/* Belongs to the container from now on; NULL: to none. */
void rs_group_attach(struct rs_containers *c, struct rs_group *group,
		     struct rs_container *container);
/* The one that runs at the match's root, or a new one; NULL: no memory. */
struct rs_container *rs_container_get(struct rs_containers *c, const struct rs_cgroup_match *match,
				      const char *path, const struct rs_group_origin *origin);
struct rs_container *rs_container_new_candidate(struct rs_containers *c,
						const struct rs_cgroup_match *match,
						const char *path,
						const struct rs_group_origin *origin);
/* By the number that a question was asked under; NULL: gone meanwhile. */
struct rs_container *rs_container_of_cookie(struct rs_containers *c, uint64_t cookie);
uint64_t rs_container_cookie(const struct rs_container *container);
/* A candidate is a container: from now on its group belongs to it, and what is below. */
void rs_container_confirm(struct rs_containers *c, struct rs_container *container);
/* It is none. */
void rs_container_deny(struct rs_containers *c, struct rs_container *container);
/* The same where nobody knows. */
void rs_container_deny_unasked(struct rs_containers *c, struct rs_container *container);
void rs_group_set_unasked(struct rs_containers *c, struct rs_group *group, bool unasked);
void rs_container_free(struct rs_containers *c, struct rs_container *container);
/* When it went, 0: it runs (again). */
void rs_container_set_gone(struct rs_containers *c, struct rs_container *container, uint64_t when);
/* Notices containers that went without a record: a few at a time. */
void rs_container_check(struct rs_containers *c);

/* --- names --- */

static inline bool rs_container_named(const struct rs_container *container)
{
	return container->metadata || container->has_pod;
}

/* Whether the group's maker is a runtime, and this the container that it makes. */
bool rs_container_made(const struct rs_group_origin *origin, const struct rs_cgroup_match *match);
/* Asks the disk. @origin may be NULL. */
void rs_container_ask(struct rs_containers *c, struct rs_container *container,
		      const struct rs_group_origin *origin);
/* Takes answers, asks what could not be asked before. */
void rs_container_answers(struct rs_containers *c, uint64_t now);
/* No answer is waited for any more. */
void rs_container_settle(struct rs_containers *c, struct rs_container *container);
/* Forgets what the disk told. */
void rs_container_drop_metadata(struct rs_containers *c, struct rs_container *container);
/* Makes what is handed out from all that is known. */
void rs_container_compose(struct rs_container *container);
/* What the pod list has of it. */
void rs_container_lay(struct rs_containers *c, struct rs_container *container);
void rs_container_lay_all(struct rs_containers *c);
