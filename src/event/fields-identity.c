/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields about whom an event belongs to: container, pod, unit, control group, ancestors. Names are those
 * of Elastic's agents. Rows of the table say when these functions may be called (RS_WHEN_*): with a
 * container, with a pod.
 */
#include "event/fields.h"

#define LABELS_MAX 64 /* that are shown */

static const struct rs_event_container *container(const struct rs_event *event)
{
	return event->cgroup->container;
}

/* --- strings that are there already --- */

#define CONTAINER_STRING(fn, member)                                                               \
	struct rs_text rs_get_##fn(const struct rs_event *event)                                   \
	{                                                                                          \
		return rs_text_of(container(event)->member);                                       \
	}

CONTAINER_STRING(container_id, id)
CONTAINER_STRING(container_name, name)
CONTAINER_STRING(container_image, image)
CONTAINER_STRING(runtime, runtime)
CONTAINER_STRING(pod_namespace, namespace)
CONTAINER_STRING(pod_name, pod_name)
CONTAINER_STRING(pod_uid, pod_uid)
CONTAINER_STRING(pod_ip, pod_ip)
CONTAINER_STRING(node_name, node)
CONTAINER_STRING(owner_kind, owner_kind)

struct rs_text rs_get_orchestrator_type(const struct rs_event *event)
{
	(void)event;
	return rs_text_of("kubernetes");
}

struct rs_text rs_get_resource_type(const struct rs_event *event)
{
	(void)event;
	return rs_text_of("pod");
}

struct rs_text rs_get_systemd_unit(const struct rs_event *event)
{
	return rs_text_of(event->cgroup->unit);
}

struct rs_text rs_get_cgroup_path(const struct rs_event *event)
{
	return rs_text_of(event->cgroup->path);
}

void rs_field_container_owner(struct rs_render *r)
{
	uint32_t uid = container(r->event)->owner;

	if (!uid)
		return;
	rs_out_char(&r->out, '"');
	rs_out_u64(&r->out, uid);
	rs_out_char(&r->out, '"');
}

/* --- image --- */

struct image {
	struct rs_text name, tag, hash;
};

/* "registry:5000/shop/cart:1.2@sha256:12ab": all but the name may be missing. An image without a name
 * goes by its digest alone. */
static struct image split_image(const char *text)
{
	static const char digest[] = "sha256:";
	const char *end, *at, *name, *colon;
	struct image image = { 0 };

	if (!text)
		return image;
	if (strncmp(text, digest, sizeof(digest) - 1) == 0) {
		image.hash = rs_text_of(text);
		return image;
	}
	end = text + strlen(text);
	at = memchr(text, '@', (size_t)(end - text));
	if (at) {
		image.hash = rs_text_of(at + 1);
		end = at;
	}
	/* The colon before a slash is that of a port. */
	name = memrchr(text, '/', (size_t)(end - text));
	name = name ? name + 1 : text;
	colon = memchr(name, ':', (size_t)(end - name));
	if (colon) {
		image.tag = (struct rs_text){ colon + 1, (uint32_t)(end - colon - 1), 0 };
		end = colon;
	}
	image.name = (struct rs_text){ text, (uint32_t)(end - text), 0 };
	return image;
}

struct rs_text rs_get_image_name(const struct rs_event *event)
{
	return split_image(container(event)->image).name;
}

static void list_of_one(struct rs_render *r, struct rs_text text)
{
	if (!text.data || !text.len)
		return;
	rs_out_array_begin(&r->out);
	rs_out_string(&r->out, text.data, text.len);
	rs_out_next(&r->out);
	rs_out_array_end(&r->out);
}

void rs_field_image_tag(struct rs_render *r)
{
	list_of_one(r, split_image(container(r->event)->image).tag);
}

void rs_field_image_hash(struct rs_render *r)
{
	list_of_one(r, split_image(container(r->event)->image).hash);
}

/* --- labels --- */

/* Dots in the names of labels are shown as underscores: elsewhere they are objects. */
static inline char shown(char c)
{
	return c == '.' ? '_' : c;
}

bool rs_label_is(const struct rs_event_label *label, const char *key, size_t len)
{
	const char *own = label->key;

	for (size_t i = 0; i < len; i++, own++)
		if (!*own || (*own != key[i] && shown(*own) != key[i]))
			return false;
	return !*own;
}

/* Whether a label before this one is shown by the same name. */
static bool shown_before(const struct rs_event_label *labels, size_t i)
{
	const char *key = labels[i].key;

	for (size_t j = 0; j < i; j++) {
		const char *a = key, *b = labels[j].key;

		while (*a && shown(*a) == shown(*b))
			a++, b++;
		if (!*a && !*b)
			return true;
	}
	return false;
}

static void write_labels(struct rs_render *r, const struct rs_event_container *c)
{
	struct rs_out *out = &r->out;
	size_t key;

	if (!c->n_labels)
		return;
	key = (size_t)(out->p - out->str->data);
	rs_out_char(out, '{');
	for (size_t i = 0; i < MIN(c->n_labels, (size_t)LABELS_MAX) && !out->failed; i++) {
		const struct rs_event_label *label = &c->labels[i];

		if (!label->key[0] || shown_before(c->labels, i))
			continue;
		key = (size_t)(out->p - out->str->data);
		rs_out_string(out, label->key, strlen(label->key));
		for (char *p = out->str->data + key; p < out->p; p++)
			*p = shown(*p);
		rs_out_char(out, ':');
		rs_out_string(out, label->value, strlen(label->value));
		rs_out_next(out);
	}
	if (out->p[-1] == '{')
		out->p--;
	else
		out->p[-1] = '}';
}

void rs_field_container_labels(struct rs_render *r)
{
	if (!rs_in_pod(container(r->event)))
		write_labels(r, container(r->event));
}

void rs_field_pod_labels(struct rs_render *r)
{
	write_labels(r, container(r->event));
}

/* --- who made the pod --- */

static struct rs_text owner(const struct rs_event *event, const char *kind)
{
	const struct rs_event_container *c = container(event);

	if (!c->owner_kind || strcmp(c->owner_kind, kind) != 0)
		return (struct rs_text){ 0 };
	return rs_text_of(c->owner_name);
}

/* A deployment's replica sets are called as itself, "-", and what their pods have as a label. */
struct rs_text rs_get_deployment_name(const struct rs_event *event)
{
	static const char hash_label[] = "pod-template-hash";
	const struct rs_event_container *c = container(event);
	struct rs_text set = owner(event, "ReplicaSet");

	for (size_t i = 0; set.data && i < c->n_labels; i++) {
		const char *hash = c->labels[i].value;
		size_t n = strlen(hash);

		if (strcmp(c->labels[i].key, hash_label) != 0)
			continue;
		if (!n || n + 1 >= set.len || set.data[set.len - n - 1] != '-' ||
		    memcmp(set.data + set.len - n, hash, n) != 0)
			break;
		set.len -= (uint32_t)n + 1;
		return set;
	}
	return owner(event, "Deployment");
}

#define OWNER(fn, kind)                                                                            \
	struct rs_text rs_get_##fn(const struct rs_event *event)                                   \
	{                                                                                          \
		return owner(event, kind);                                                         \
	}

OWNER(replicaset_name, "ReplicaSet")
OWNER(daemonset_name, "DaemonSet")
OWNER(statefulset_name, "StatefulSet")
OWNER(job_name, "Job")
OWNER(cronjob_name, "CronJob")

/* --- ancestors: lists side by side --- */

static size_t ancestors(const struct rs_event *event)
{
	return MIN(event->n_ancestors, (size_t)RS_EVENT_ANCESTORS_MAX);
}

void rs_field_ancestor_pids(struct rs_render *r)
{
	static_assert(RS_EVENT_ANCESTORS_MAX * 11 + 2 <= RS_OUT_ROOM, "room for all pids");

	rs_out_array_begin(&r->out);
	for (size_t i = 0; i < ancestors(r->event); i++) {
		rs_out_u64(&r->out, r->event->ancestors[i].pid);
		rs_out_next(&r->out);
	}
	rs_out_array_end(&r->out);
}

void rs_field_ancestor_names(struct rs_render *r)
{
	rs_out_array_begin(&r->out);
	for (size_t i = 0; i < ancestors(r->event) && !r->out.failed; i++) {
		const struct rs_event_ancestor *a = &r->event->ancestors[i];
		struct rs_text name = rs_name_whole(a->name ? a->name : "", a->executable);

		rs_out_string(&r->out, name.data, name.len);
		rs_out_next(&r->out);
	}
	rs_out_array_end(&r->out);
}

void rs_field_ancestor_ids(struct rs_render *r)
{
	size_t n = ancestors(r->event);

	if (!rs_out_need(&r->out, n * (RS_ENTITY_ID_LEN + 3) + 2))
		return;
	rs_out_array_begin(&r->out);
	for (size_t i = 0; i < n; i++) {
		if (r->event->ancestors[i].start)
			rs_out_entity_id(r, r->event->ancestors[i].pid,
					 r->event->ancestors[i].start);
		else /* when it began is not known; the lists stay in step */
			rs_out_lit(&r->out, "\"\"");
		rs_out_next(&r->out);
	}
	rs_out_array_end(&r->out);
}
