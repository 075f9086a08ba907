/* SPDX-License-Identifier: Apache-2.0 */
/* Containers, held by the groups that belong to them: a container goes with the last one. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "enrich/containers-internal.h"

#define CHECK_MAX 64 /* groups looked at, whether they are still there, at a time */
#define CHECK_PID 8  /* as many of them is it to look for a process */

/* --- slots --- */

uint64_t rs_container_cookie(const struct rs_container *container)
{
	return (uint64_t)container->generation << 32 | container->slot;
}

struct rs_container *rs_container_of_cookie(struct rs_containers *c, uint64_t cookie)
{
	uint32_t slot = (uint32_t)cookie;

	if (slot >= c->n_slots || c->slots[slot].generation != cookie >> 32)
		return NULL;
	return c->slots[slot].container;
}

/* The longest gone, else a candidate (anybody may make groups), else the longest known. */
static struct rs_container *choose_victim(struct rs_containers *c)
{
	struct rs_container *container = TAILQ_FIRST(&c->ended);

	if (container)
		return container;
	container = TAILQ_FIRST(&c->pending);
	while (container && !container->candidate)
		container = TAILQ_NEXT(container, in_pending);
	return container ? container : TAILQ_FIRST(&c->order);
}

/* With its groups, which come back when they are heard of. */
static void evict(struct rs_containers *c)
{
	struct rs_container *oldest = choose_victim(c);
	struct rs_group *group, *next;

	c->stats.evicted++;
	if (oldest->candidate) {
		rs_container_deny_unasked(c, oldest);
		return;
	}
	/* The last one takes the container along. */
	for (group = LIST_FIRST(&oldest->groups); group; group = next) {
		next = LIST_NEXT(group, in_container);
		rs_group_forget(c, group);
	}
}

static void take_slot(struct rs_containers *c, struct rs_container *container)
{
	struct rs_containers_slot *slot;

	if (c->free_slot == c->n_slots)
		evict(c);
	slot = &c->slots[c->free_slot];
	container->slot = c->free_slot;
	c->free_slot = slot->next;
	slot->container = container;
	container->generation = ++slot->generation;
	TAILQ_INSERT_TAIL(&c->order, container, in_order);
}

static void give_slot(struct rs_containers *c, struct rs_container *container)
{
	struct rs_containers_slot *slot = &c->slots[container->slot];

	TAILQ_REMOVE(&c->order, container, in_order);
	slot->container = NULL;
	slot->next = c->free_slot;
	c->free_slot = container->slot;
}

/* --- one container --- */

void rs_container_set_gone(struct rs_containers *c, struct rs_container *container, uint64_t when)
{
	if (container->gone)
		TAILQ_REMOVE(&c->ended, container, in_ended);
	container->gone = when;
	if (when)
		TAILQ_INSERT_TAIL(&c->ended, container, in_ended);
}

void rs_container_free(struct rs_containers *c, struct rs_container *container)
{
	size_t len = strlen(container->root);

	if (rs_hashmap_find_str(c->roots, container->root, len) == container)
		rs_hashmap_remove_str(c->roots, container->root, len);
	rs_container_settle(c, container);
	rs_container_set_gone(c, container, 0);
	give_slot(c, container);
	rs_container_drop_metadata(c, container);
	rs_arena_done(&container->laid);
	free(container->id);
	free(container->root);
	free(container->pod_uid);
	free(container);
}

/*
 * Whose a container is: of whoever made its group. Where nobody saw that, the directory tells: one of root's
 * only root can have made; another's may be root's too, who gives the groups of containers to their users, so
 * that the directory above counts.
 */
static uint32_t owner_of(struct rs_containers *c, const struct rs_cgroup_match *match,
			 const char *path, const struct rs_group_origin *origin)
{
	uint32_t uid;

	if (origin->hdr && !path[match->root_len])
		return origin->hdr->uid;
	return rs_cgroup_maker(&c->tree, path, match->root_len, &uid) == 0 ? uid : match->uid;
}

static void set_owner(struct rs_containers *c, struct rs_container *container,
		      const struct rs_cgroup_match *match, const char *path,
		      const struct rs_group_origin *origin)
{
	container->owner = owner_of(c, match, path, origin);
	container->of_user = container->owner || match->uid;
	container->runtime = match->runtime;
	if (container->of_user && (match->pod_uid || (match->shape && strstr(match->shape, "cri"))))
		container->runtime = NULL; /* a shape of Kubernetes */
}

static int set_strings(struct rs_container *container, const struct rs_cgroup_match *match,
		       const char *path)
{
	container->id = strndup(match->id, match->id_len);
	container->root = strndup(path, match->root_len);
	if (match->pod_uid && !container->of_user) {
		container->pod_uid = malloc(match->pod_uid_len + 1);
		if (container->pod_uid)
			rs_cgroup_pod_uid(match->pod_uid, match->pod_uid_len, container->pod_uid);
	}
	if (!container->id || !container->root ||
	    (match->pod_uid && !container->of_user && !container->pod_uid))
		return -ENOMEM;
	return 0;
}

/* A record may have waited for us: what counts is when the thing happened. CLOCK_MONOTONIC. */
static uint64_t heard_at(const struct rs_group_origin *origin)
{
	uint64_t now = rs_clock_mono(), boot = rs_clock_boot(), age;

	if (!origin->hdr || origin->hdr->time >= boot)
		return now;
	age = boot - origin->hdr->time;
	return age < now ? now - age : 0;
}

static void start(struct rs_containers *c, struct rs_container *container,
		  const struct rs_group_origin *origin)
{
	container->heard = heard_at(origin);
	container->since = origin->since;
	rs_container_set_gone(c, container, 0);
	container->pid = origin->scanned ? rs_cgroup_first_pid(&c->tree, container->root) : 0;
	container->pid_sure = container->pid != 0;
	container->maker_asked = false;
}

static struct rs_container *container_new(struct rs_containers *c,
					  const struct rs_cgroup_match *match, const char *path,
					  const struct rs_group_origin *origin)
{
	struct rs_container *container = calloc(1, sizeof(*container));

	if (!container)
		return NULL;
	set_owner(c, container, match, path, origin);
	if (set_strings(container, match, path) < 0) {
		free(container->id);
		free(container->root);
		free(container->pod_uid);
		free(container);
		return NULL;
	}
	container->sure = match->sure;
	LIST_INIT(&container->groups);
	take_slot(c, container);
	start(c, container, origin);
	rs_container_compose(container);
	return container;
}

struct rs_container *rs_container_new_candidate(struct rs_containers *c,
						const struct rs_cgroup_match *match,
						const char *path,
						const struct rs_group_origin *origin)
{
	return container_new(c, match, path, origin);
}

struct rs_container *rs_container_get(struct rs_containers *c, const struct rs_cgroup_match *match,
				      const char *path, const struct rs_group_origin *origin)
{
	struct rs_container *container = rs_hashmap_find_str(c->roots, path, match->root_len);

	/* Started again it is another: what it is called may have changed, and events of the first are
	 * still to come. */
	if (container && !container->gone)
		return container;
	container = container_new(c, match, path, origin);
	if (!container)
		return NULL;
	if (rs_hashmap_put_str(c->roots, container->root, match->root_len, container) < 0) {
		rs_container_free(c, container);
		return NULL;
	}
	rs_container_lay(c, container);
	rs_container_ask(c, container, origin);
	return container;
}

/* --- whose a group is --- */

static void detach(struct rs_containers *c, struct rs_group *group)
{
	struct rs_container *container = group->container;

	LIST_REMOVE(group, in_container);
	group->container = NULL;
	if (!group->gone)
		container->live--;
	if (LIST_EMPTY(&container->groups))
		rs_container_free(c, container);
}

void rs_group_attach(struct rs_containers *c, struct rs_group *group,
		     struct rs_container *container)
{
	if (group->container == container)
		return;
	if (group->container)
		detach(c, group);
	group->container = container;
	group->view.container = container ? &container->view : NULL;
	group->view.unit = container ? NULL : group->unit;
	if (!container)
		return;
	LIST_INSERT_HEAD(&container->groups, group, in_container);
	if (!group->gone)
		container->live++;
}

struct rs_group *rs_group_next_below(struct rs_group *top, struct rs_group *group, bool deeper)
{
	if (deeper && !LIST_EMPTY(&group->children))
		return LIST_FIRST(&group->children);
	while (group != top && !LIST_NEXT(group, in_parent))
		group = group->parent;
	return group == top ? NULL : LIST_NEXT(group, in_parent);
}

void rs_container_confirm(struct rs_containers *c, struct rs_container *container)
{
	struct rs_group *top = container->candidate, *group;
	bool deeper = true;

	container->candidate = NULL;
	top->candidate = NULL;
	top->own = true;
	rs_group_attach(c, top, container);
	for (group = top; (group = rs_group_next_below(top, group, deeper));) {
		deeper = !group->own;
		if (deeper)
			rs_group_attach(c, group, container);
	}
	if (!container->live)
		rs_container_set_gone(c, container, top->gone);
	rs_container_lay(c, container);
}

void rs_group_set_unasked(struct rs_containers *c, struct rs_group *group, bool unasked)
{
	c->n_unasked += unasked;
	c->n_unasked -= group->unasked;
	group->unasked = unasked;
}

void rs_container_deny_unasked(struct rs_containers *c, struct rs_container *container)
{
	rs_group_set_unasked(c, container->candidate, true);
	rs_container_deny(c, container);
}

void rs_container_deny(struct rs_containers *c, struct rs_container *container)
{
	container->candidate->candidate = NULL;
	rs_container_free(c, container);
}

/* --- gone without a record --- */

/* What was removed while records were lost. Returns how many groups were looked at. */
static unsigned check_one(struct rs_containers *c, struct rs_container *container)
{
	struct rs_group *group;
	unsigned checked = 0;
	uint64_t id = 0;

	/* Its number may be another's by now. */
	if (container->pid) {
		uint32_t pid = rs_cgroup_same_pid(&c->tree, container->root, container->pid);

		container->pid_sure = container->pid_sure && pid;
		container->pid = pid;
		checked += CHECK_PID;
	}
	for (group = LIST_FIRST(&container->groups); group;
	     group = LIST_NEXT(group, in_container)) {
		int r;

		if (group->gone)
			continue;
		checked++;
		r = rs_cgroup_id(&c->tree, group->view.path, &id);
		if (r == -ENOENT || (r == 0 && id != group->id))
			rs_group_gone(c, group, rs_clock_boot());
	}
	return checked;
}

void rs_container_check(struct rs_containers *c)
{
	unsigned checked = 0;
	uint64_t id;

	if (rs_cgroup_id(&c->tree, "/", &id) < 0)
		return;
	for (uint32_t i = 0; i < c->n_slots && checked < CHECK_MAX; i++) {
		struct rs_container *container = c->slots[c->next_check].container;

		c->next_check = (c->next_check + 1) % c->n_slots;
		if (!container || container->candidate || !container->live)
			continue;
		checked += check_one(c, container);
	}
}
