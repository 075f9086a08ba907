/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/pod.h"

#include <errno.h>

/* Longest strings passed on: names of Kubernetes have 253 bytes at most, label keys 317, label
 * values 63. A string that is longer is none of these, and left out. */
#define NAME_MAX_LEN  317
#define IMAGE_MAX_LEN 1024

/* 1 to max bytes, none of them a control character. */
static bool is_sane(const char *text, size_t n, size_t max)
{
	for (size_t i = 0; i < MIN(n, max); i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
	}
	return n && n <= max;
}

/* The text of a string that is sane, else NULL. */
static const char *text_of(const struct rs_json_value *v, size_t max)
{
	return v && v->type == RS_JSON_STRING && is_sane(v->str, v->len, max) ? v->str : NULL;
}

static const char *member_text(const struct rs_json_value *v, const char *key, size_t max)
{
	return text_of(rs_json_member(v, key), max);
}

static bool is_word(const char *text, size_t max)
{
	size_t n = strspn(text,
			  "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._-");

	return n > 0 && n <= max && !text[n];
}

const char *rs_pod_uid(const struct rs_json_value *pod)
{
	const char *uid = member_text(rs_json_member(pod, "metadata"), "uid", 64);

	return uid && is_word(uid, 64) ? uid : NULL;
}

static void write_text(struct rs_json *w, const char *key, const char *text)
{
	if (!text)
		return;
	rs_json_key(w, key, strlen(key));
	rs_json_cstr(w, text);
}

static void write_labels(struct rs_json *w, const struct rs_json_value *labels)
{
	size_t n = 0;

	if (!labels || labels->type != RS_JSON_OBJECT)
		return;
	rs_json_key_lit(w, "labels");
	rs_json_begin_object(w);
	for (const struct rs_json_value *v = labels->child; v && n < RS_POD_LABELS_MAX;
	     v = v->next) {
		/* An empty value is a label, too. */
		const char *value = v->type == RS_JSON_STRING && !v->len ? "" : text_of(v, 253);

		if (!value || !is_sane(v->key, v->key_len, NAME_MAX_LEN))
			continue;
		rs_json_key(w, v->key, v->key_len);
		rs_json_cstr(w, value);
		n++;
	}
	rs_json_end_object(w);
}

/* The owner that controls the pod, else the first. */
static const struct rs_json_value *find_owner(const struct rs_json_value *metadata)
{
	const struct rs_json_value *owners = rs_json_member(metadata, "ownerReferences");

	if (!owners || owners->type != RS_JSON_ARRAY)
		return NULL;
	for (const struct rs_json_value *v = owners->child; v; v = v->next) {
		if (v->type == RS_JSON_OBJECT && rs_json_get_bool(v, "controller", false))
			return v;
	}
	return owners->child;
}

/* Length of a deployment's name, when @name is that of one of its replica sets: the deployment's, a
 * dash, and the hash that the pods have as a label. 0: it is not. */
static size_t deployment_len(const struct rs_json_value *metadata, const char *name)
{
	const char *hash = member_text(rs_json_member(metadata, "labels"), "pod-template-hash", 63);
	size_t n = strlen(name), tail = hash ? strlen(hash) + 1 : 0;

	if (!hash || n <= tail || name[n - tail] != '-' || strcmp(name + n - tail + 1, hash) != 0)
		return 0;
	return n - tail;
}

static void write_owner(struct rs_json *w, const struct rs_json_value *metadata)
{
	const struct rs_json_value *owner = find_owner(metadata);
	const char *kind = member_text(owner, "kind", 63);
	const char *name = member_text(owner, "name", NAME_MAX_LEN);
	size_t n;

	if (!kind || !name)
		return;
	n = !strcmp(kind, "ReplicaSet") ? deployment_len(metadata, name) : 0;
	rs_json_key_lit(w, "owner");
	rs_json_begin_object(w);
	write_text(w, "kind", n ? "Deployment" : kind);
	rs_json_key_lit(w, "name");
	rs_json_string(w, name, n ? n : strlen(name));
	rs_json_end_object(w);
}

/* "containerd://1234" -> "1234"; NULL: none, or it looks like none. */
static const char *container_id(const struct rs_json_value *holder)
{
	const char *id = member_text(holder, "containerID", 160);
	const char *bare = id ? strstr(id, "://") : NULL;

	return bare && is_word(bare + 3, 128) ? bare + 3 : NULL;
}

static void write_container(struct rs_json *w, const struct rs_json_value *status, const char *id,
			    size_t *n)
{
	if (!id || *n >= RS_POD_CONTAINERS_MAX)
		return;
	++*n;
	rs_json_begin_object(w);
	write_text(w, "id", id);
	write_text(w, "name", member_text(status, "name", NAME_MAX_LEN));
	write_text(w, "image", member_text(status, "image", IMAGE_MAX_LEN));
	rs_json_end_object(w);
}

/* Each container as it runs now, and as it was before it was last started again: its events may be on
 * their way still. */
static void write_statuses(struct rs_json *w, const struct rs_json_value *list, size_t *n)
{
	if (!list || list->type != RS_JSON_ARRAY)
		return;
	for (const struct rs_json_value *v = list->child; v; v = v->next) {
		const struct rs_json_value *last = rs_json_member(rs_json_member(v, "lastState"),
								  "terminated");
		const char *id = container_id(v), *before = container_id(last);

		write_container(w, v, id, n);
		if (before && (!id || strcmp(before, id) != 0))
			write_container(w, v, before, n);
	}
}

static void write_containers(struct rs_json *w, const struct rs_json_value *status)
{
	size_t n = 0;

	rs_json_key_lit(w, "containers");
	rs_json_begin_array(w);
	write_statuses(w, rs_json_member(status, "containerStatuses"), &n);
	write_statuses(w, rs_json_member(status, "initContainerStatuses"), &n);
	write_statuses(w, rs_json_member(status, "ephemeralContainerStatuses"), &n);
	rs_json_end_array(w);
}

int rs_pod_write(const struct rs_json_value *pod, struct rs_str *out, struct rs_error *err)
{
	const struct rs_json_value *metadata = rs_json_member(pod, "metadata");
	const struct rs_json_value *status = rs_json_member(pod, "status");
	const char *mirror;
	struct rs_json w;

	if (!rs_pod_uid(pod) || !member_text(metadata, "name", NAME_MAX_LEN) ||
	    !member_text(metadata, "namespace", NAME_MAX_LEN))
		return rs_error_set(err, -EBADMSG, "a pod has no uid, name or namespace");
	rs_json_init(&w, out);
	rs_json_begin_object(&w);
	rs_json_key_lit(&w, "op");
	rs_json_cstr(&w, "pod");
	write_text(&w, "uid", rs_pod_uid(pod));
	mirror = member_text(rs_json_member(metadata, "annotations"), "kubernetes.io/config.mirror",
			     64);
	if (mirror && is_word(mirror, 64))
		write_text(&w, "static_uid", mirror);
	write_text(&w, "name", member_text(metadata, "name", NAME_MAX_LEN));
	write_text(&w, "namespace", member_text(metadata, "namespace", NAME_MAX_LEN));
	write_text(&w, "node", member_text(rs_json_member(pod, "spec"), "nodeName", NAME_MAX_LEN));
	write_text(&w, "ip", member_text(status, "podIP", 64));
	write_labels(&w, rs_json_member(metadata, "labels"));
	write_owner(&w, metadata);
	write_containers(&w, status);
	rs_json_end_object(&w);
	rs_str_append_char(out, '\n');
	return out->error ? rs_error_set_errno(err, out->error, "writing a pod") : 0;
}
