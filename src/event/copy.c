/* SPDX-License-Identifier: Apache-2.0 */
/* An event in one block of memory: first a walk that only adds up, then the same walk that writes. */
#include "event/copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN 8

/* base NULL: only adds up. */
struct packer {
	char *base;
	size_t used;
};

static void *put(struct packer *p, const void *data, size_t size)
{
	char *at = p->base ? p->base + p->used : NULL;

	if (at && size)
		memcpy(at, data, size);
	p->used += (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	return at;
}

static void put_text(struct packer *p, const char **text)
{
	if (*text)
		*text = put(p, *text, strlen(*text) + 1);
}

static void put_labels(struct packer *p, struct rs_event_container *container)
{
	const struct rs_event_label *from = container->labels;
	struct rs_event_label *to = put(p, from, container->n_labels * sizeof(*from));

	for (size_t i = 0; i < container->n_labels; i++) {
		struct rs_event_label label = from[i];

		put_text(p, &label.key);
		put_text(p, &label.value);
		if (to)
			to[i] = label;
	}
	container->labels = to;
}

static void put_container(struct packer *p, const struct rs_event_container **place)
{
	struct rs_event_container container = **place, *to = put(p, *place, sizeof(container));

	put_text(p, &container.id);
	put_text(p, &container.runtime);
	put_text(p, &container.name);
	put_text(p, &container.image);
	put_text(p, &container.pod_name);
	put_text(p, &container.pod_uid);
	put_text(p, &container.namespace);
	put_text(p, &container.node);
	put_text(p, &container.pod_ip);
	put_text(p, &container.owner_kind);
	put_text(p, &container.owner_name);
	put_labels(p, &container);
	if (to)
		*to = container;
	*place = to;
}

static void put_cgroup(struct packer *p, const struct rs_event_cgroup **place)
{
	struct rs_event_cgroup cgroup, *to;

	if (!*place)
		return;
	cgroup = **place;
	to = put(p, *place, sizeof(cgroup));
	put_text(p, &cgroup.path);
	put_text(p, &cgroup.unit);
	if (cgroup.container)
		put_container(p, &cgroup.container);
	if (to)
		*to = cgroup;
	*place = to;
}

static void put_ancestors(struct packer *p, struct rs_event *event)
{
	const struct rs_event_ancestor *from = event->ancestors;
	struct rs_event_ancestor *to = put(p, from, event->n_ancestors * sizeof(*from));

	for (size_t i = 0; i < event->n_ancestors; i++) {
		struct rs_event_ancestor ancestor = from[i];

		put_text(p, &ancestor.name);
		put_text(p, &ancestor.executable);
		if (to)
			to[i] = ancestor;
	}
	event->ancestors = to;
}

/* The fields point into the record: they move with it. */
static void put_record(struct packer *p, struct rs_event *event)
{
	const char *from = (const char *)event->hdr;
	char *to = put(p, from, event->hdr->size);

	for (unsigned i = 0; to && i < RS_TAG_COUNT; i++) {
		if (event->field[i].data)
			event->field[i].data = to + (event->field[i].data - from);
	}
	event->hdr = (const struct rs_hdr *)(const void *)to;
}

/* @event becomes the copy, where there is memory to write to. */
static void put_event(struct packer *p, struct rs_event *event)
{
	put_record(p, event);
	put_text(p, &event->user);
	put_text(p, &event->group);
	put_text(p, &event->executable);
	put_text(p, &event->parent_executable);
	put_text(p, &event->parent_name);
	put_text(p, &event->command_line);
	put_cgroup(p, &event->cgroup);
	put_ancestors(p, event);
	event->end = NULL;
}

int rs_event_copy_set(struct rs_event_copy *copy, const struct rs_event *event)
{
	struct rs_event scratch = *event;
	struct packer measure = { 0 }, write = { 0 };

	put_event(&measure, &scratch);
	if (copy->cap < measure.used) {
		void *data = realloc(copy->data, measure.used);

		if (!data)
			return -ENOMEM;
		copy->data = data;
		copy->cap = measure.used;
	}
	write.base = copy->data;
	copy->event = *event;
	put_event(&write, &copy->event);
	copy->set = true;
	return 0;
}

void rs_event_copy_clear(struct rs_event_copy *copy, size_t keep)
{
	copy->set = false;
	if (copy->cap <= keep)
		return;
	free(copy->data);
	copy->data = NULL;
	copy->cap = 0;
}
