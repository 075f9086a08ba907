/* SPDX-License-Identifier: Apache-2.0 */
/* What containers are called: questions to the disk and their answers, the pod list. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "enrich/containers-internal.h"
#include "enrich/metadata-internal.h"

#define LAID_MAX ((size_t)256 << 10) /* bytes kept of one pod */

/* --- questions --- */

/* Who made the group, unless systemd did, on behalf of somebody else. */
static void add_maker(struct rs_metadata_question *question, const struct rs_group_origin *origin)
{
	const struct rs_hdr *hdr = origin ? origin->hdr : NULL;

	/* Who makes groups in another's container has nothing to say about it. */
	if (!hdr || hdr->uid != question->uid || hdr->pid == 1 ||
	    strncmp(hdr->comm, "systemd", sizeof(hdr->comm)) == 0)
		return;
	question->maker_pid = hdr->pid;
	question->maker_uid = hdr->uid;
	if (!origin->maker)
		return;
	question->maker_args = origin->maker->args;
	question->maker_args_len = origin->maker->args ? origin->maker->args_len : 0;
	question->maker_cwd = origin->maker->cwd;
}

bool rs_container_made(const struct rs_group_origin *origin, const struct rs_cgroup_match *match)
{
	const struct rs_containers_maker *maker = origin->hdr ? origin->maker : NULL;
	struct rs_metadata_maker parsed;
	char id[RS_METADATA_ID_MAX + 1];

	if (!maker || !maker->args || match->id_len >= sizeof(id))
		return false;
	memcpy(id, match->id, match->id_len);
	id[match->id_len] = '\0';
	return rs_metadata_maker_parse(maker->args, maker->args_len, id, &parsed);
}

/* Where users are counted; those who share a place share what they may ask. */
static size_t quota_of(const struct rs_container *container)
{
	return 1 + container->owner % (RS_CONTAINERS_QUOTAS - 1);
}

static bool has_quota(const struct rs_containers *c, const struct rs_container *container)
{
	return !container->owner || container->pending ||
	       (c->quota[quota_of(container)] < RS_CONTAINERS_QUOTA &&
		c->quota[0] < RS_CONTAINERS_QUOTAS);
}

static void set_pending(struct rs_containers *c, struct rs_container *container)
{
	if (container->pending)
		return;
	container->pending = true;
	c->n_pending++;
	if (container->owner) {
		c->quota[0]++;
		c->quota[quota_of(container)]++;
	}
	TAILQ_INSERT_TAIL(&c->pending, container, in_pending);
}

void rs_container_settle(struct rs_containers *c, struct rs_container *container)
{
	if (!container->pending)
		return;
	container->pending = false;
	c->n_pending--;
	if (container->owner) {
		c->quota[0]--;
		c->quota[quota_of(container)]--;
	}
	TAILQ_REMOVE(&c->pending, container, in_pending);
}

static void count(struct rs_containers *c, struct rs_container *container)
{
	if (container->counted || container->candidate)
		return;
	container->counted = true;
	*(rs_container_named(container) ? &c->stats.named : &c->stats.unnamed) += 1;
}

void rs_container_ask(struct rs_containers *c, struct rs_container *container,
		      const struct rs_group_origin *origin)
{
	struct rs_metadata_question question = {
		.id = container->id,
		.runtime = container->runtime,
		.uid = container->owner,
		.pid = container->pid,
		.cgroup = container->root,
	};
	/* What is written about a container that runs is there already. */
	uint64_t patience = origin && origin->scanned ? RS_CONTAINERS_WAIT_NS
						      : RS_CONTAINERS_LATE_NS;
	int r;

	if (!c->lookup || !has_quota(c, container)) {
		count(c, container);
		return;
	}
	if (container->doubtful) {
		patience = RS_CONTAINERS_DOUBT_NS;
		question.doubtful = true;
	}
	add_maker(&question, origin);
	r = rs_lookup_ask(c->lookup, &question, rs_container_cookie(container),
			  rs_clock_mono() + patience);
	if (r == 0) {
		container->asked++;
		container->maker_asked |= question.maker_pid != 0;
	}
	/* Too many wait: what the maker said is lost, the rest is asked a little later. */
	container->ask_again = r == -EAGAIN;
	if (r == 0 || r == -EAGAIN)
		set_pending(c, container);
	else
		count(c, container);
}

/* --- answers --- */

static unsigned worth(const struct rs_metadata *metadata)
{
	const struct rs_event_container *k = &metadata->container;

	return !!k->name + !!k->image + !!k->pod_name + !!k->pod_uid + !!k->namespace +
	       !!k->n_labels + 2u * !!metadata->users + 4u * !metadata->partial;
}

/* Labels and lists of users may be long, and users make any number of containers. */
static bool is_kept(const struct rs_container *container)
{
	const struct rs_metadata *metadata = container->metadata;

	return container->owner && metadata && (metadata->users || metadata->container.n_labels);
}

void rs_container_drop_metadata(struct rs_containers *c, struct rs_container *container)
{
	c->kept[quota_of(container)] -= is_kept(container);
	rs_metadata_free(&container->metadata);
}

/* Takes the metadata. */
static void keep_better(struct rs_containers *c, struct rs_container *container,
			struct rs_metadata *metadata)
{
	uint16_t *kept = &c->kept[quota_of(container)];

	if (container->metadata && worth(metadata) < worth(container->metadata)) {
		rs_metadata_free(&metadata);
		return;
	}
	rs_container_drop_metadata(c, container);
	container->metadata = metadata;
	if (is_kept(container) && *kept >= RS_CONTAINERS_KEPT)
		rs_metadata_strip(metadata);
	*kept += is_kept(container);
}

/* Takes the metadata. */
static void take_answer(struct rs_containers *c, struct rs_container *container,
			struct rs_metadata *metadata)
{
	if (container->asked)
		container->asked--;
	if (metadata) {
		keep_better(c, container, metadata);
		if (container->candidate)
			rs_container_confirm(c, container);
		rs_container_lay(c, container);
	}
	if (rs_container_named(container))
		count(c, container);
	if (container->asked || container->ask_again)
		return;
	rs_container_settle(c, container);
	count(c, container);
	if (container->candidate)
		rs_container_deny(c, container);
}

static void take_answers(struct rs_containers *c)
{
	struct rs_metadata *metadata = NULL;
	struct rs_container *container;
	uint64_t cookie;

	while (rs_lookup_take(c->lookup, &cookie, &metadata)) {
		container = rs_container_of_cookie(c, cookie);
		if (container)
			take_answer(c, container, TAKE_PTR(metadata));
		else
			rs_metadata_free(&metadata);
	}
}

void rs_container_answers(struct rs_containers *c, uint64_t now)
{
	struct rs_container *container, *next;

	if (!c->lookup)
		return;
	take_answers(c);
	for (container = TAILQ_FIRST(&c->pending); container; container = next) {
		next = TAILQ_NEXT(container, in_pending);
		if (now > container->heard + RS_CONTAINERS_WAIT_NS)
			count(c, container);
		if (!container->ask_again)
			continue;
		rs_container_ask(c, container, NULL);
		/* It never got a turn. */
		if (container->ask_again && now > container->heard + RS_CONTAINERS_LATE_NS) {
			container->ask_again = false;
			if (!container->asked && container->candidate)
				rs_container_deny_unasked(c, container);
			else if (!container->asked)
				take_answer(c, container, NULL);
		}
	}
}

/* --- the pod list --- */

/* What a user calls a pod is none. */
static bool is_users(const struct rs_container *container)
{
	return container->of_user || (container->metadata && container->metadata->container.owner);
}

static int copy(struct rs_arena *arena, const char **place, const char *text)
{
	*place = text ? rs_arena_strdup(arena, text) : NULL;
	return text && !*place ? -ENOMEM : 0;
}

static int copy_labels(struct rs_arena *arena, const struct rs_event_container *from,
		       struct rs_event_container *to)
{
	struct rs_event_label *labels;
	int r = 0;

	labels = rs_arena_alloc_array(arena, from->n_labels, sizeof(*labels));
	if (!labels)
		return -ENOMEM;
	for (size_t i = 0; i < from->n_labels && r == 0; i++) {
		r = copy(arena, &labels[i].key, from->labels[i].key);
		if (r == 0)
			r = copy(arena, &labels[i].value, from->labels[i].value);
	}
	to->labels = labels;
	to->n_labels = from->n_labels;
	return r;
}

static int copy_pod(struct rs_arena *arena, const struct rs_kube_pod *pod, const char *id,
		    struct rs_event_container *to)
{
	const struct rs_event_container *from = &pod->pod;
	int r = copy_labels(arena, from, to);

	r = r < 0 ? r : copy(arena, &to->pod_name, from->pod_name);
	r = r < 0 ? r : copy(arena, &to->pod_uid, from->pod_uid);
	r = r < 0 ? r : copy(arena, &to->namespace, from->namespace);
	r = r < 0 ? r : copy(arena, &to->node, from->node);
	r = r < 0 ? r : copy(arena, &to->pod_ip, from->pod_ip);
	r = r < 0 ? r : copy(arena, &to->owner_kind, from->owner_kind);
	r = r < 0 ? r : copy(arena, &to->owner_name, from->owner_name);
	for (size_t i = 0; i < pod->n_containers && r == 0; i++) {
		if (!pod->containers[i].id || strcmp(pod->containers[i].id, id) != 0)
			continue;
		r = copy(arena, &to->name, pod->containers[i].name);
		return r < 0 ? r : copy(arena, &to->image, pod->containers[i].image);
	}
	return r;
}

static const struct rs_kube_pod *find_pod(struct rs_containers *c,
					  const struct rs_container *container)
{
	const struct rs_metadata *metadata = container->metadata;
	const char *uid = metadata && metadata->container.pod_uid ? metadata->container.pod_uid
								  : container->pod_uid;
	const struct rs_kube_pod *pod = uid ? rs_kube_find(c->kube, uid) : NULL;

	return pod ? pod : rs_kube_find_container(c->kube, container->id);
}

void rs_container_lay(struct rs_containers *c, struct rs_container *container)
{
	bool believed = c->kube && !is_users(container);
	const struct rs_kube_pod *pod = believed ? find_pod(c, container) : NULL;
	struct rs_arena arena = RS_ARENA_INIT(LAID_MAX);
	struct rs_event_container laid = { 0 };

	/* A pod that is listed no more keeps what the list had of it. */
	if (pod && copy_pod(&arena, pod, container->id, &laid) == 0) {
		rs_arena_done(&container->laid);
		container->laid = arena;
		container->pod = laid;
		container->has_pod = true;
	} else {
		rs_arena_done(&arena);
	}
	rs_container_compose(container);
	if (believed && !pod && container->pod_uid && !container->gone && !container->candidate)
		rs_kube_ask(c->kube);
}

void rs_container_lay_all(struct rs_containers *c)
{
	struct rs_container *container;

	if (!c->kube || rs_kube_version(c->kube) == c->kube_version)
		return;
	c->kube_version = rs_kube_version(c->kube);
	for (container = TAILQ_FIRST(&c->order); container;
	     container = TAILQ_NEXT(container, in_order))
		rs_container_lay(c, container);
}

/* --- what is handed out --- */

static void prefer(const char **place, const char *text)
{
	if (text)
		*place = text;
}

/* What the pod list says of a container's own name and image is less than what the disk says; but one that
 * goes by its id has no name there. */
static void lay_over(struct rs_event_container *view, const struct rs_event_container *pod)
{
	if (!view->name || (pod->name && strcmp(view->name, view->id) == 0))
		view->name = pod->name;
	if (!view->image)
		view->image = pod->image;
	prefer(&view->pod_name, pod->pod_name);
	prefer(&view->pod_uid, pod->pod_uid);
	prefer(&view->namespace, pod->namespace);
	prefer(&view->node, pod->node);
	prefer(&view->pod_ip, pod->pod_ip);
	prefer(&view->owner_kind, pod->owner_kind);
	prefer(&view->owner_name, pod->owner_name);
	if (pod->n_labels) {
		view->labels = pod->labels;
		view->n_labels = pod->n_labels;
	}
}

static void drop_pod(struct rs_event_container *view)
{
	view->pod_name = view->pod_uid = view->namespace = view->node = view->pod_ip = NULL;
	view->owner_kind = view->owner_name = NULL;
	view->sandbox = false;
}

void rs_container_compose(struct rs_container *container)
{
	struct rs_event_container *view = &container->view;

	*view = container->metadata ? container->metadata->container
				    : (struct rs_event_container){ 0 };
	view->id = container->id;
	if (!view->runtime)
		view->runtime = container->runtime;
	if (!view->pod_uid)
		view->pod_uid = container->pod_uid;
	if (is_users(container))
		drop_pod(view);
	else if (container->has_pod)
		lay_over(view, &container->pod);
	if (!view->owner)
		view->owner = container->owner;
}
