/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups by number and by path, as a tree. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "enrich/containers-internal.h"

#define PATH_BYTES  4096
#define NEGATIVE_NS 1000000000ull
#define RESCAN_NS   10000000000ull /* between walks for want of the right to look at one group */
#define EXPIRE_MAX  256            /* forgotten at a time */

/* --- by path --- */

static struct rs_group *find_path(struct rs_containers *c, const char *path, size_t len)
{
	struct rs_group *group = rs_hashmap_find_u64(c->paths, rs_hash_bytes(path, len));

	if (!group || group->path_len != len || memcmp(group->view.path, path, len) != 0)
		return NULL;
	return group;
}

static void drop_path(struct rs_containers *c, struct rs_group *group)
{
	uint64_t hash = rs_hash_bytes(group->view.path, group->path_len);

	if (rs_hashmap_find_u64(c->paths, hash) == group)
		rs_hashmap_remove_u64(c->paths, hash);
}

/* Bytes of the path up to the parent: "/a" has "/", which has none (0). */
static size_t parent_len(const char *path, size_t len)
{
	size_t n = len;

	while (n && path[n - 1] != '/')
		n--;
	if (n <= 1)
		return len > 1 ? n : 0;
	return n - 1;
}

/* --- one group --- */

void rs_group_free(struct rs_containers *c, struct rs_group *group)
{
	struct rs_group *child;

	while ((child = LIST_FIRST(&group->children))) {
		LIST_REMOVE(child, in_parent);
		child->parent = NULL;
	}
	if (group->parent)
		LIST_REMOVE(group, in_parent);
	if (group->candidate)
		rs_container_deny(c, group->candidate);
	rs_group_set_unasked(c, group, false);
	if (group->gone)
		TAILQ_REMOVE(&c->gone, group, in_gone);
	rs_group_attach(c, group, NULL);
	drop_path(c, group);
	if (c->last == group)
		c->last = NULL;
	free(group);
}

void rs_group_forget(struct rs_containers *c, struct rs_group *group)
{
	rs_hashmap_remove_u64(c->groups, group->id);
	rs_group_free(c, group);
}

void rs_group_gone(struct rs_containers *c, struct rs_group *group, uint64_t when)
{
	struct rs_container *container = group->container;

	if (group->gone)
		return;
	group->gone = when ? when : 1;
	TAILQ_INSERT_TAIL(&c->gone, group, in_gone);
	if (group->candidate)
		rs_lookup_hurry(c->lookup, rs_container_cookie(group->candidate));
	if (container && --container->live == 0)
		rs_container_set_gone(c, container, group->gone);
}

void rs_group_expire(struct rs_containers *c, uint64_t now)
{
	struct rs_group *group;

	group = TAILQ_LAST(&c->gone, rs_groups_gone);
	for (; group && !group->expires; group = TAILQ_PREV(group, rs_groups_gone, in_gone))
		group->expires = now + RS_CONTAINERS_KEEP_NS;
	for (unsigned i = 0; i < EXPIRE_MAX && (group = TAILQ_FIRST(&c->gone)); i++) {
		if (now < group->expires)
			return;
		rs_group_forget(c, group);
	}
}

static struct rs_group *group_new(uint64_t id, const char *path,
				  const struct rs_cgroup_match *match)
{
	size_t len = strlen(path);
	struct rs_group *group = calloc(1, sizeof(*group) + len + 1 + match->unit_len + 1);

	if (!group)
		return NULL;
	group->id = id;
	group->path_len = len;
	memcpy(group->text, path, len + 1);
	group->view.path = group->text;
	if (match->unit) {
		memcpy(group->text + len + 1, match->unit, match->unit_len);
		group->unit = group->text + len + 1;
	}
	group->view.unit = group->unit;
	LIST_INIT(&group->children);
	return group;
}

/* Whether the kernel still has it; true where that cannot be told. */
static bool exists(const struct rs_containers *c, const struct rs_group *group)
{
	uint64_t id = 0;
	int r = rs_cgroup_id(&c->tree, group->view.path, &id);

	return r == 0 ? id == group->id : r != -ENOENT;
}

/*
 * Two groups cannot be at one path: either the record of the other's end was lost, and of those below, or a
 * walk found the newer one before the record of the older one's making came (false).
 */
static bool replace(struct rs_containers *c, struct rs_group *other)
{
	uint64_t now = rs_clock_boot();

	if (!other->gone && exists(c, other))
		return false;
	for (struct rs_group *group = other; group; group = rs_group_next_below(other, group, true))
		rs_group_gone(c, group, now);
	return true;
}

/* Takes the group into the maps, or frees it. May throw out any other. */
static struct rs_group *enter(struct rs_containers *c, struct rs_group *group)
{
	struct rs_group *other = find_path(c, group->view.path, group->path_len);
	bool newest = !other || replace(c, other);

	if (rs_hashmap_len(c->groups) >= c->max_groups && !TAILQ_EMPTY(&c->gone)) {
		c->stats.evicted++;
		rs_group_forget(c, TAILQ_FIRST(&c->gone));
	}
	if (rs_hashmap_put_u64(c->groups, group->id, group) < 0) {
		free(group);
		return NULL;
	}
	/* What cannot be found by its path has no groups below it, as if it were not there. */
	if (newest && rs_hashmap_put_u64(c->paths, rs_hash_bytes(group->view.path, group->path_len),
					 group) < 0)
		c->stats.evicted++;
	return group;
}

static void find_parent(struct rs_containers *c, struct rs_group *group, uint64_t parent)
{
	size_t len = parent_len(group->view.path, group->path_len);

	group->parent = parent ? rs_hashmap_find_u64(c->groups, parent) : NULL;
	if (!group->parent && len)
		group->parent = find_path(c, group->view.path, len);
	if (group->parent == group)
		group->parent = NULL;
	if (group->parent)
		LIST_INSERT_HEAD(&group->parent->children, group, in_parent);
}

/* Any name may be a container's, but most are none: only for what a runtime made the disk is asked for long,
 * and nothing is asked about what others make in a user's own tree. */
static void ask_candidate(struct rs_containers *c, struct rs_group *group,
			  const struct rs_cgroup_match *match, const struct rs_group_origin *origin)
{
	bool made = rs_container_made(origin, match);
	struct rs_container *candidate;

	if (match->uid && origin->hdr && !made)
		return;
	candidate = rs_container_new_candidate(c, match, group->view.path, origin);
	if (!candidate) {
		rs_group_set_unasked(c, group, true);
		return;
	}
	group->candidate = candidate;
	candidate->candidate = group;
	candidate->doubtful = origin->hdr && !made;
	rs_container_ask(c, candidate, origin);
	if (!candidate->pending)
		rs_container_deny_unasked(c, candidate);
}

/* The container that a group belongs to, or may. */
static void find_container(struct rs_containers *c, struct rs_group *group,
			   const struct rs_cgroup_match *match,
			   const struct rs_group_origin *origin)
{
	struct rs_container *above = group->parent ? group->parent->container : NULL;
	const char *path = group->view.path;

	if (match->sure) {
		group->own = true;
		rs_group_attach(c, group, rs_container_get(c, match, path, origin));
	} else if (above && !above->sure) {
		rs_group_attach(c, group, above);
	} else if (match->id && c->lookup) {
		ask_candidate(c, group, match, origin);
	}
}

struct rs_group *rs_group_add(struct rs_containers *c, uint64_t id, const char *path,
			      const struct rs_group_origin *origin)
{
	struct rs_group *group = rs_hashmap_find_u64(c->groups, id);
	struct rs_cgroup_match match;

	if (group || path[0] != '/' || !id)
		return group;
	rs_cgroup_match(path, &match);
	group = group_new(id, path, &match);
	if (group)
		group = enter(c, group);
	if (!group)
		return NULL;
	find_parent(c, group, origin->parent);
	find_container(c, group, &match, origin);
	return group;
}

/* --- from the kernel --- */

struct scan {
	struct rs_containers *c;
	uint64_t since;
};

static int see_group(void *data, uint64_t id, const char *path)
{
	struct scan *scan = data;
	struct rs_group *group;
	struct rs_group_origin origin = { .since = scan->since, .scanned = true };

	group = rs_group_add(scan->c, id, path, &origin);
	if (group)
		group->seen = scan->c->walk;
	return 0;
}

int rs_group_scan(struct rs_containers *c, uint64_t since, struct rs_error *err)
{
	struct scan scan = { .c = c, .since = since };

	c->walk++;
	return rs_cgroup_walk(&c->tree, see_group, &scan, err);
}

/* A walk meets what was there all the time, but it does not go to any depth. */
static bool is_there(const struct rs_containers *c, const struct rs_group *group)
{
	return group->seen == c->walk || exists(c, group);
}

void rs_group_rescan(struct rs_containers *c, uint64_t now)
{
	struct rs_hashmap_entry entry;
	uint64_t boot = rs_clock_boot();
	size_t pos = 0;

	if (now < c->rescan)
		return;
	c->rescan = now + RESCAN_NS;
	c->rescan_wanted = false;
	if (rs_group_scan(c, boot, NULL) < 0)
		return;
	while (rs_hashmap_next(c->groups, &pos, &entry)) {
		struct rs_group *group = entry.value;

		if (!group->gone && !is_there(c, group))
			rs_group_gone(c, group, boot);
	}
}

/* Groups above one that came alone: whether it is in a container by hand is theirs to say. */
static void add_above(struct rs_containers *c, const char *path,
		      const struct rs_group_origin *origin)
{
	char above[PATH_BYTES];
	uint64_t id;

	for (size_t n = 1; path[n]; n++) {
		if (path[n] != '/')
			continue;
		memcpy(above, path, n);
		above[n] = '\0';
		if (!find_path(c, above, n) && rs_cgroup_id(&c->tree, above, &id) == 0)
			(void)rs_group_add(c, id, above, origin);
	}
}

static bool may_look(struct rs_containers *c, uint64_t now)
{
	if (now / RS_NSEC_PER_SEC != c->look_second) {
		c->look_second = now / RS_NSEC_PER_SEC;
		c->looks = 0;
	}
	return c->looks++ < RS_CONTAINERS_LOOKS;
}

static struct rs_group *look(struct rs_containers *c, uint64_t id, uint64_t now)
{
	struct rs_group_origin origin = { .since = rs_clock_boot(), .scanned = true };
	char path[PATH_BYTES];
	int r = rs_cgroup_path(&c->tree, id, path, sizeof(path));

	if (r == 0) {
		add_above(c, path, &origin);
		return rs_group_add(c, id, path, &origin);
	}
	if ((r == -EPERM || r == -EOPNOTSUPP) && now >= c->rescan) {
		rs_group_rescan(c, now);
		return rs_hashmap_find_u64(c->groups, id);
	}
	return NULL;
}

static struct rs_group *look_up(struct rs_containers *c, uint64_t id)
{
	size_t at = rs_hash_u64(id) % RS_CONTAINERS_NEGATIVE;
	uint64_t now = rs_clock_mono();
	struct rs_group *group;

	if (!id || (c->negative[at].id == id && now < c->negative[at].until) || !may_look(c, now))
		return NULL;
	group = look(c, id, now);
	if (!group) {
		c->negative[at].id = id;
		c->negative[at].until = now + NEGATIVE_NS;
	}
	return group;
}

struct rs_group *rs_group_find(struct rs_containers *c, uint64_t id)
{
	struct rs_group *group = c->last;

	if (likely(group && group->id == id))
		return group;
	group = rs_hashmap_find_u64(c->groups, id);
	if (unlikely(!group))
		group = look_up(c, id);
	c->last = group;
	return group;
}
