/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/containers-json.h"

#include <string.h>

#define LABELS_MAX 64

static void text(struct rs_json *w, const char *name, const char *value)
{
	if (!value)
		return;
	rs_json_key(w, name, strlen(name));
	rs_json_cstr(w, value);
}

static void begin(struct rs_json *w, const char *name)
{
	rs_json_key(w, name, strlen(name));
	rs_json_begin_object(w);
}

static void labels(struct rs_json *w, const struct rs_event_container *container)
{
	if (!container->n_labels)
		return;
	begin(w, "labels");
	for (size_t i = 0; i < container->n_labels && i < LABELS_MAX; i++)
		text(w, container->labels[i].key, container->labels[i].value);
	rs_json_end_object(w);
}

static void write_container(struct rs_json *w, const struct rs_event_container *container)
{
	begin(w, "container");
	text(w, "id", container->id);
	text(w, "name", container->name);
	text(w, "runtime", container->runtime);
	if (container->image) {
		begin(w, "image");
		text(w, "name", container->image);
		rs_json_end_object(w);
	}
	if (!container->pod_name)
		labels(w, container);
	rs_json_end_object(w);
}

static void write_pod(struct rs_json *w, const struct rs_event_container *container)
{
	if (!container->pod_name && !container->pod_uid && !container->namespace)
		return;
	begin(w, "kubernetes");
	text(w, "namespace", container->namespace);
	begin(w, "pod");
	text(w, "name", container->pod_name);
	text(w, "uid", container->pod_uid);
	text(w, "ip", container->pod_ip);
	rs_json_end_object(w);
	if (container->node) {
		begin(w, "node");
		text(w, "name", container->node);
		rs_json_end_object(w);
	}
	if (container->owner_kind) {
		begin(w, "owner");
		text(w, "kind", container->owner_kind);
		text(w, "name", container->owner_name);
		rs_json_end_object(w);
	}
	if (container->pod_name)
		labels(w, container);
	rs_json_end_object(w);
}

static void write_own(struct rs_json *w, const struct rs_container_row *row, uint64_t now,
		      int64_t boot_offset)
{
	begin(w, "ringside");
	text(w, "cgroup", row->cgroup);
	text(w, "source", row->source);
	rs_json_key_lit(w, "sandbox");
	rs_json_bool(w, row->container->sandbox);
	rs_json_key_lit(w, "running");
	rs_json_bool(w, !row->gone);
	if (row->since) {
		rs_json_key_lit(w, "since");
		rs_json_time(w, row->since + (uint64_t)boot_offset);
	}
	if (row->gone) {
		rs_json_key_lit(w, "gone_ns");
		rs_json_u64(w, now > row->gone ? now - row->gone : 0);
	}
	rs_json_key_lit(w, "events");
	rs_json_u64(w, row->events);
	rs_json_key_lit(w, "rate");
	rs_json_double(w, row->rate);
	rs_json_end_object(w);
}

void rs_container_row_write(struct rs_json *w, const struct rs_container_row *row, uint64_t now,
			    int64_t boot_offset)
{
	rs_json_begin_object(w);
	write_container(w, row->container);
	write_pod(w, row->container);
	if (row->pid) {
		begin(w, "process");
		rs_json_key_lit(w, "pid");
		rs_json_u64(w, row->pid);
		rs_json_end_object(w);
	}
	write_own(w, row, now, boot_offset);
	rs_json_end_object(w);
}
