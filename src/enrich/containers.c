/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/containers.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "enrich/containers-internal.h"

#define NOBODY 65534 /* how the kernel shows an id that a user namespace has no number for */

static void on_drop(void *value, void *data)
{
	rs_group_free(data, value);
}

static int make_maps(struct rs_containers *c, size_t max_containers)
{
	struct rs_hashmap_opts groups = {
		.max = c->max_groups, .evict = true, .drop = on_drop, .data = c
	};
	struct rs_hashmap_opts paths = { .max = c->max_groups }, roots = { .max = max_containers };
	int r = rs_hashmap_new_u64(&groups, &c->groups);

	if (r == 0)
		r = rs_hashmap_new_u64(&paths, &c->paths);
	if (r == 0)
		r = rs_hashmap_new_str(&roots, &c->roots);
	if (r < 0)
		return r;
	c->n_slots = (uint32_t)max_containers;
	c->slots = calloc(max_containers, sizeof(*c->slots));
	if (!c->slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->n_slots; i++)
		c->slots[i].next = i + 1;
	return 0;
}

int rs_containers_new(const struct rs_containers_options *options,
		      struct rs_containers **ret_containers, struct rs_error *err)
{
	_cleanup_(rs_containers_free) struct rs_containers *c = calloc(1, sizeof(*c));
	uint64_t now = rs_clock_mono();

	if (!c)
		return rs_error_set_errno(err, -ENOMEM, "making the table of containers");
	TAILQ_INIT(&c->gone);
	TAILQ_INIT(&c->pending);
	TAILQ_INIT(&c->order);
	TAILQ_INIT(&c->ended);
	c->tree = *options->tree;
	c->lookup = options->lookup;
	c->max_groups = options->max_cgroups ? options->max_cgroups : RS_CGROUPS_MAX;
	if (make_maps(c, options->max_containers ? options->max_containers : RS_CONTAINERS_MAX) < 0)
		return rs_error_set_errno(err, -ENOMEM, "making the table of containers");
	for (size_t i = 0; i < RS_CONTAINERS_SAMPLES; i++)
		c->times[i] = now;
	*ret_containers = TAKE_PTR(c);
	return 0;
}

void rs_containers_free(struct rs_containers **containers)
{
	struct rs_containers *c = *containers;

	if (!c)
		return;
	if (c->groups)
		rs_hashmap_free(&c->groups);
	if (c->paths)
		rs_hashmap_free(&c->paths);
	if (c->roots)
		rs_hashmap_free(&c->roots);
	free(c->slots);
	free(c);
	*containers = NULL;
}

int rs_containers_scan(struct rs_containers *containers, struct rs_error *err)
{
	return rs_group_scan(containers, 0, err);
}

void rs_containers_rescan(struct rs_containers *containers)
{
	containers->rescan_wanted = true;
	rs_group_rescan(containers, rs_clock_mono());
}

void rs_containers_set_kube(struct rs_containers *containers, struct rs_kube *kube)
{
	containers->kube = kube;
	containers->kube_version = 0;
	rs_container_lay_all(containers);
}

/* --- records --- */

/* The record's path as a string; false: none, or not whole. */
static bool get_path(const struct rs_event *event, char buf[static RS_PATH_MAX + 1])
{
	const struct rs_text *text = &event->field[RS_TAG_CGROUP];

	if (!text->data || !text->len || text->len > RS_PATH_MAX || (text->flags & RS_FIELD_CUT) ||
	    memchr(text->data, '\0', text->len))
		return false;
	memcpy(buf, text->data, text->len);
	buf[text->len] = '\0';
	return true;
}

static void feed_mkdir(struct rs_containers *c, const struct rs_event *event,
		       const struct rs_containers_maker *maker)
{
	const struct rs_cgroup_change *change = event->change;
	struct rs_group_origin origin = {
		.hdr = &change->hdr,
		.maker = maker,
		.parent = change->parent,
		.since = change->hdr.time,
	};
	struct rs_container *container;
	char path[RS_PATH_MAX + 1];
	struct rs_group *group;

	group = get_path(event, path) ? rs_group_add(c, change->id, path, &origin) : NULL;
	if (!group)
		return;
	/* It was known, or systemd made the container's group and this is one in it: whoever made this
	 * one may know more. */
	container = group->candidate ? group->candidate : group->container;
	if (container && maker && !rs_container_named(container) && !container->maker_asked)
		rs_container_ask(c, container, &origin);
}

void rs_containers_feed(struct rs_containers *containers, const struct rs_event *event,
			const struct rs_containers_maker *maker)
{
	struct rs_group *group;

	if (event->hdr->kind == RS_KIND_CGROUP_MKDIR) {
		feed_mkdir(containers, event, maker);
	} else if (event->hdr->kind == RS_KIND_CGROUP_RMDIR) {
		group = rs_hashmap_find_u64(containers->groups, event->change->id);
		if (group)
			rs_group_gone(containers, group, event->hdr->time);
	}
}

/* --- events --- */

/* Whoever runs a program in the container has the container's root; the first process may not yet. */
static void note_pid(struct rs_containers *c, struct rs_container *container,
		     const struct rs_hdr *hdr)
{
	bool exec = hdr->kind == RS_KIND_EXEC;

	if (!container->pid || exec)
		container->pid = hdr->pid;
	container->pid_sure = exec;
	/* Its users are read below its root. */
	if (exec && c->lookup && !(container->metadata && container->metadata->users))
		rs_container_ask(c, container, NULL);
}

/* Whether the group, or one above, may still turn out to be a container. */
static bool may_be_container(const struct rs_containers *c, const struct rs_group *group)
{
	if (likely(!c->n_pending && !c->n_unasked))
		return false;
	for (; group && !group->container; group = group->parent) {
		if (group->candidate || group->unasked)
			return true;
	}
	return false;
}

const struct rs_event_cgroup *rs_containers_find(struct rs_containers *containers,
						 const struct rs_hdr *hdr)
{
	struct rs_group *group = rs_group_find(containers, hdr->cgroup);
	struct rs_container *container;

	if (unlikely(!group)) {
		containers->stats.events_unknown++;
		return NULL;
	}
	container = group->container;
	if (container) {
		container->events++;
		if (unlikely(!container->pid_sure))
			note_pid(containers, container, hdr);
		if (unlikely(!rs_container_named(container)))
			containers->stats.events_unnamed++;
	} else if (unlikely(may_be_container(containers, group))) {
		containers->stats.events_unnamed++;
	}
	return &group->view;
}

static bool in_time(const struct rs_container *container, uint64_t now)
{
	return container && container->pending && !rs_container_named(container) &&
	       now < container->heard + RS_CONTAINERS_WAIT_NS;
}

bool rs_containers_wait(struct rs_containers *containers, const struct rs_hdr *hdr, uint64_t now)
{
	struct rs_group *group = rs_group_find(containers, hdr->cgroup);

	if (likely(!containers->n_pending) || !group)
		return false;
	/* One above may turn out to be a container, too. */
	for (; group; group = group->parent) {
		if (in_time(group->candidate, now) || in_time(group->container, now))
			return true;
		if (group->container)
			break;
	}
	return false;
}

static uint32_t map_id(uint32_t id, const struct rs_metadata_map *map, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (id >= map[i].host && id - map[i].host < map[i].count)
			return map[i].first + (id - map[i].host);
	}
	return n ? NOBODY : id;
}

bool rs_containers_users(struct rs_containers *containers, const struct rs_hdr *hdr,
			 struct rs_users **ret_users, uint32_t *ret_uid, uint32_t *ret_gid)
{
	struct rs_group *group = rs_group_find(containers, hdr->cgroup);
	const struct rs_metadata *metadata;

	if (!group || !group->container)
		return false;
	metadata = group->container->metadata;
	*ret_users = metadata ? metadata->users : NULL;
	*ret_uid = metadata ? map_id(hdr->uid, metadata->uid_map, metadata->n_uid_map) : hdr->uid;
	*ret_gid = metadata ? map_id(hdr->gid, metadata->gid_map, metadata->n_gid_map) : hdr->gid;
	return true;
}

/* --- time --- */

static void take_samples(struct rs_containers *c, uint64_t now)
{
	struct rs_container *container;
	size_t next = (c->sample + 1) % RS_CONTAINERS_SAMPLES;

	if (now < c->times[c->sample] + RS_NSEC_PER_SEC)
		return;
	for (container = TAILQ_FIRST(&c->order); container;
	     container = TAILQ_NEXT(container, in_order))
		container->samples[next] = container->events;
	c->times[next] = now;
	c->sample = next;
	rs_container_check(c);
}

void rs_containers_tick(struct rs_containers *containers, uint64_t now)
{
	rs_container_answers(containers, now);
	rs_container_lay_all(containers);
	take_samples(containers, now);
	rs_group_expire(containers, now);
	if (containers->rescan_wanted)
		rs_group_rescan(containers, now);
}

/* --- all of them --- */

static double rate(const struct rs_containers *c, const struct rs_container *container,
		   uint64_t now)
{
	size_t oldest = (c->sample + 1) % RS_CONTAINERS_SAMPLES;
	uint64_t since = c->times[oldest];
	uint64_t span = now > since + RS_NSEC_PER_SEC ? now - since : RS_NSEC_PER_SEC;

	return (double)(container->events - container->samples[oldest]) * RS_NSEC_PER_SEC /
	       (double)span;
}

void rs_containers_list(struct rs_containers *containers, uint64_t now, rs_container_row_fn *fn,
			void *data)
{
	struct rs_container *container;

	for (container = TAILQ_FIRST(&containers->order); container;
	     container = TAILQ_NEXT(container, in_order)) {
		struct rs_container_row row = {
			.container = &container->view,
			.cgroup = container->root,
			.since = container->since,
			.gone = container->gone,
			.events = container->events,
			.rate = rate(containers, container, now),
			.pid = container->pid,
		};

		if (container->candidate)
			continue;
		if (container->metadata)
			row.source = container->metadata->source;
		else if (container->has_pod)
			row.source = "pod list";
		fn(data, &row);
	}
}

void rs_containers_stats(const struct rs_containers *containers,
			 struct rs_containers_stats *ret_stats)
{
	struct rs_containers_stats stats = containers->stats;
	struct rs_container *container;

	stats.cgroups = rs_hashmap_len(containers->groups);
	stats.pending = containers->n_pending;
	stats.evicted += rs_hashmap_stats(containers->groups).evicted;
	for (container = TAILQ_FIRST(&containers->order); container;
	     container = TAILQ_NEXT(container, in_order)) {
		if (container->candidate)
			continue;
		stats.containers++;
		stats.running += !container->gone;
	}
	*ret_stats = stats;
}
