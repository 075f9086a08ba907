/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A path is read from left to right, a name at a time. The first row that a name fits says what it
 * is; the container that is met last is the innermost. What fits no row may be a container of a
 * runtime that was called by hand, whose group has any name: that is the last name of a path on
 * which no row was met, where systemd did not give it.
 */
#include "enrich/cgroup-match.h"

#include <string.h>

#define NAME_MAX_LEN 128

enum id {
	ID_WHOLE, /* the name is the prefix, nothing else */
	ID_HEX,   /* 12 to 64 hexadecimal digits */
	ID_HEX64, /* 64 of them */
	ID_BUILD, /* 25 of a-z and 0-9 */
	ID_TASK,  /* 32 hexadecimal digits, a dash, digits */
	ID_NAME,
};

enum what {
	CONTAINER,
	OTHER, /* it belongs to a runtime, and is none: monitors, levels in between */
	LEAVE, /* directly below a container's group, but not the container's */
};

#define BELOW_POD "*pod" /* the name above is a pod's */

struct shape {
	const char *name;
	const char *runtime;
	enum what what;
	enum id id;
	const char *parent; /* name above, BELOW_POD, or NULL: any */
	const char *prefix; /* begins with a colon: anywhere ("SLICE:PREFIX:ID"), NULL: none */
	const char *suffix;
};

/* The first that fits counts. */
static const struct shape shapes[] = {
	/* Kubernetes, runtimes with the systemd driver */
	{ "cri-containerd scope", "containerd", CONTAINER, ID_HEX, NULL, "cri-containerd-",
	  ".scope" },
	{ "crio conmon", NULL, OTHER, ID_NAME, NULL, "crio-conmon-", NULL },
	{ "crio scope", "cri-o", CONTAINER, ID_HEX, NULL, "crio-", ".scope" },
	{ "crio", "cri-o", CONTAINER, ID_HEX, NULL, "crio-", NULL },
	/* the names that systemd was to be given, taken for a directory */
	{ "cri-containerd colon", "containerd", CONTAINER, ID_HEX, NULL, ":cri-containerd:", NULL },
	{ "crio colon", "cri-o", CONTAINER, ID_HEX, NULL, ":crio:", NULL },
	{ "docker colon", "docker", CONTAINER, ID_HEX, NULL, ":docker:", NULL },
	{ "libpod colon", "podman", CONTAINER, ID_HEX, NULL, ":libpod:", NULL },
	{ "nerdctl colon", "containerd", CONTAINER, ID_HEX, NULL, ":nerdctl:", NULL },
	/* docker and its builder */
	{ "docker scope", "docker", CONTAINER, ID_HEX, NULL, "docker-", ".scope" },
	{ "docker", "docker", CONTAINER, ID_HEX64, "docker", NULL, NULL },
	{ "docker root", NULL, OTHER, ID_WHOLE, NULL, "docker", NULL },
	{ "buildkit", "buildkit", CONTAINER, ID_BUILD, "buildkit", NULL, NULL },
	{ "buildkit root", NULL, OTHER, ID_WHOLE, NULL, "buildkit", NULL },
	/* podman */
	{ "libpod conmon", NULL, OTHER, ID_NAME, NULL, "libpod-conmon-", NULL },
	{ "libpod payload", "podman", CONTAINER, ID_HEX, NULL, "libpod-payload-", NULL },
	{ "libpod scope", "podman", CONTAINER, ID_HEX, NULL, "libpod-", ".scope" },
	{ "libpod", "podman", CONTAINER, ID_HEX, NULL, "libpod-", NULL },
	{ "libpod pod", NULL, OTHER, ID_HEX64, "libpod_parent", NULL, NULL },
	{ "libpod pod's conmon", NULL, OTHER, ID_WHOLE, "libpod_parent", "conmon", NULL },
	{ "libpod root", NULL, OTHER, ID_WHOLE, NULL, "libpod_parent", NULL },
	/* containerd without Kubernetes */
	{ "nerdctl scope", "containerd", CONTAINER, ID_HEX, NULL, "nerdctl-", ".scope" },
	{ "containerd k8s.io", "containerd", CONTAINER, ID_HEX64, "k8s.io", NULL, NULL },
	{ "containerd default", "containerd", CONTAINER, ID_HEX64, "default", NULL, NULL },
	{ "k8s.io root", NULL, OTHER, ID_WHOLE, NULL, "k8s.io", NULL },
	/* runtimes by hand, with the systemd driver */
	{ "runc scope", "runc", CONTAINER, ID_NAME, NULL, "runc-", ".scope" },
	{ "crun scope", "crun", CONTAINER, ID_NAME, NULL, "crun-", ".scope" },
	/* kata */
	{ "kata", "kata", CONTAINER, ID_HEX, NULL, "kata_", NULL },
	{ "kata overhead", NULL, OTHER, ID_NAME, "kata_overhead", NULL, NULL },
	{ "kata overhead root", NULL, OTHER, ID_WHOLE, NULL, "kata_overhead", NULL },
	/* LXC, LXD, Incus */
	{ "lxc.monitor name", NULL, OTHER, ID_NAME, NULL, "lxc.monitor.", NULL },
	{ "lxc.monitor", NULL, OTHER, ID_NAME, "lxc.monitor", NULL, NULL },
	{ "lxc.monitor root", NULL, OTHER, ID_WHOLE, NULL, "lxc.monitor", NULL },
	{ "lxc pivot", NULL, OTHER, ID_WHOLE, NULL, "lxc.pivot", NULL },
	{ "lxc.payload name", "lxc", CONTAINER, ID_NAME, NULL, "lxc.payload.", NULL },
	{ "lxc.payload", "lxc", CONTAINER, ID_NAME, "lxc.payload", NULL, NULL },
	{ "lxc.payload root", NULL, OTHER, ID_WHOLE, NULL, "lxc.payload", NULL },
	{ "lxc", "lxc", CONTAINER, ID_NAME, "lxc", NULL, NULL },
	{ "lxc root", NULL, OTHER, ID_WHOLE, NULL, "lxc", NULL },
	/* systemd-nspawn; machines of other kinds are no containers */
	{ "virtual machine", NULL, OTHER, ID_NAME, "machine.slice", "machine-qemu\\x2d", NULL },
	{ "libvirt lxc", "lxc", CONTAINER, ID_NAME, "machine.slice", "machine-lxc\\x2d", ".scope" },
	{ "nspawn scope", "nspawn", CONTAINER, ID_NAME, "machine.slice", "machine-", ".scope" },
	{ "nspawn service", "nspawn", CONTAINER, ID_NAME, NULL, "systemd-nspawn@", ".service" },
	{ "nspawn supervisor", "nspawn", LEAVE, ID_WHOLE, NULL, "supervisor", NULL },
	/* others */
	{ "garden", "garden", CONTAINER, ID_NAME, "garden", NULL, NULL },
	{ "garden root", NULL, OTHER, ID_WHOLE, NULL, "garden", NULL },
	{ "mesos", "mesos", CONTAINER, ID_NAME, "mesos", NULL, NULL },
	{ "mesos root", NULL, OTHER, ID_WHOLE, NULL, "mesos", NULL },
	{ "fargate", "containerd", CONTAINER, ID_TASK, NULL, NULL, NULL },
	{ "ecs task", NULL, OTHER, ID_NAME, "ecs", NULL, NULL },
	{ "ecs root", NULL, OTHER, ID_WHOLE, NULL, "ecs", NULL },
	/* levels of the kubelet */
	{ "kubepods", NULL, OTHER, ID_WHOLE, NULL, "kubepods", NULL },
	{ "kubelet", NULL, OTHER, ID_WHOLE, NULL, "kubelet", NULL },
	{ "burstable", NULL, OTHER, ID_WHOLE, NULL, "burstable", NULL },
	{ "besteffort", NULL, OTHER, ID_WHOLE, NULL, "besteffort", NULL },
	{ "guaranteed", NULL, OTHER, ID_WHOLE, NULL, "guaranteed", NULL },
	/* no telling whose; all OCI runtimes' managers give such ids */
	{ "pod's child", NULL, CONTAINER, ID_HEX, BELOW_POD, NULL, NULL },
	{ "id", NULL, CONTAINER, ID_HEX64, NULL, NULL, NULL },
};

/* Ends of the names that systemd gives. */
static const char *const unit_ends[] = { ".service", ".scope", ".socket", ".mount", ".swap" };

struct piece {
	const char *data;
	size_t len;
};

struct reading {
	struct rs_cgroup_match *match;
	struct piece name, above;
	struct piece pod;
	bool kube; /* below a "kubepods" */
	bool above_is_pod;
	bool other; /* the name is known to be no container's */
	size_t end; /* of the path up to and with this name */
};

/* --- pieces --- */

static bool is(const struct piece *piece, const char *text)
{
	return piece->len && piece->len == strlen(text) &&
	       memcmp(piece->data, text, piece->len) == 0;
}

static bool has_start(const struct piece *piece, const char *text)
{
	size_t n = strlen(text);

	return piece->len >= n && memcmp(piece->data, text, n) == 0;
}

static bool has_end(const struct piece *piece, const char *text)
{
	size_t n = strlen(text);

	return piece->len >= n && memcmp(piece->data + piece->len - n, text, n) == 0;
}

static const char *find_last(const struct piece *piece, const char *text)
{
	size_t n = strlen(text);

	for (size_t i = piece->len + 1; i-- > n;) {
		const char *p = piece->data + i - n;

		if (memcmp(p, text, n) == 0)
			return p;
	}
	return NULL;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool is_lower(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z');
}

/* What runc and crun take for a name. */
static bool is_plain(char c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '.' ||
	       c == '+';
}

/* And what others do; the backslash is what systemd escapes with. */
static bool is_name(char c)
{
	return is_plain(c) || c == ':' || c == '@' || c == '\\';
}

static bool is_uid(char c)
{
	return is_hex(c) || c == '-' || c == '_';
}

static size_t count(const char *p, size_t len, bool (*fits)(char c))
{
	size_t n = 0;

	while (n < len && fits(p[n]))
		n++;
	return n;
}

static bool is_task(const char *p, size_t len)
{
	size_t n = count(p, len, is_hex);

	return n == 32 && len > 33 && p[n] == '-' && count(p + 33, len - 33, is_digit) == len - 33;
}

static bool id_fits(enum id id, const char *p, size_t len)
{
	switch (id) {
	case ID_WHOLE:
		return len == 0;
	case ID_HEX:
		return len >= 12 && len <= 64 && count(p, len, is_hex) == len;
	case ID_HEX64:
		return len == 64 && count(p, len, is_hex) == len;
	case ID_BUILD:
		return len == 25 && count(p, len, is_lower) == len;
	case ID_TASK:
		return is_task(p, len);
	case ID_NAME:
		return len && len <= NAME_MAX_LEN && p[0] != '.' && count(p, len, is_name) == len;
	}
	return false;
}

/* --- a name --- */

/* The uid in "kubepods-burstable-pod<uid>.slice" or "pod<uid>"; false: no pod's name. */
static bool find_pod(const struct piece *name, bool kube, struct piece *ret_uid)
{
	struct piece uid = { 0 }, rest;
	const char *p;

	if (kube && has_start(name, "pod")) {
		uid = (struct piece){ name->data + 3, name->len - 3 };
	} else if (has_end(name, ".slice") && (p = find_last(name, "-pod"))) {
		rest = (struct piece){ name->data, (size_t)(p - name->data) };
		if (!find_last(&rest, "kubepods"))
			return false;
		uid.data = p + 4;
		uid.len = name->len - rest.len - 4 - strlen(".slice");
	}
	if (uid.len < 8 || uid.len > 64 || count(uid.data, uid.len, is_uid) != uid.len)
		return false;
	*ret_uid = uid;
	return true;
}

static bool parent_fits(const struct reading *reading, const char *parent)
{
	if (!parent)
		return true;
	if (strcmp(parent, BELOW_POD) == 0)
		return reading->above_is_pod;
	return is(&reading->above, parent);
}

/* The id's piece, where the shape fits. */
static bool shape_fits(const struct reading *reading, const struct shape *shape,
		       struct piece *ret_id)
{
	const struct piece *name = &reading->name;
	const char *prefix = shape->prefix ? shape->prefix : "", *p = name->data;
	const char *suffix = shape->suffix ? shape->suffix : "";
	size_t left;

	if (!parent_fits(reading, shape->parent) || !has_end(name, suffix))
		return false;
	if (prefix[0] == ':')
		p = find_last(name, prefix);
	else if (!has_start(name, prefix))
		return false;
	if (!p)
		return false;
	p += strlen(prefix);
	left = name->len - (size_t)(p - name->data);
	if (left < strlen(suffix) || !id_fits(shape->id, p, left - strlen(suffix)))
		return false;
	*ret_id = (struct piece){ p, left - strlen(suffix) };
	return true;
}

static bool is_unit(const struct piece *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(unit_ends); i++) {
		if (has_end(name, unit_ends[i]))
			return true;
	}
	return false;
}

static void set_unit(struct rs_cgroup_match *match, const struct piece *name)
{
	match->unit = name->data;
	match->unit_len = name->len;
}

static void set_container(struct reading *reading, const struct shape *shape,
			  const struct piece *id)
{
	struct rs_cgroup_match *match = reading->match;
	struct piece slice = { reading->name.data, (size_t)(id->data - reading->name.data) };
	const char *colon = memchr(slice.data, ':', slice.len);

	/* "kubepods-burstable-pod<uid>.slice:cri-containerd:<id>" */
	slice.len = colon ? (size_t)(colon - slice.data) : 0;
	if (find_pod(&slice, false, &reading->pod))
		reading->kube = true;
	match->id = id->data;
	match->id_len = id->len;
	match->runtime = shape->runtime;
	match->shape = shape->name;
	match->sure = true;
	match->root_len = reading->end;
	match->pod_uid = reading->pod.data;
	match->pod_uid_len = reading->pod.len;
}

/* The supervisor beside the payload of a container of systemd-nspawn. */
static bool leave_container(struct reading *reading, const struct shape *shape)
{
	struct rs_cgroup_match *match = reading->match;

	if (!match->id || match->root_len + 1 + reading->name.len != reading->end ||
	    match->runtime != shape->runtime)
		return false;
	match->id = match->runtime = match->shape = NULL;
	match->id_len = match->root_len = 0;
	match->sure = false;
	set_unit(match, &reading->above);
	return true;
}

/* user@1000.service and user-1000.slice: what is below belongs to that user. */
static uint32_t uid_of(const struct piece *name)
{
	bool slice = has_start(name, "user-") && has_end(name, ".slice");
	size_t end = slice ? strlen(".slice") : strlen(".service");
	uint64_t uid = 0;

	if (!slice && (!has_start(name, "user@") || !has_end(name, ".service")))
		return 0;
	for (size_t i = 5; i < name->len - end; i++) {
		if (!is_digit(name->data[i]) || uid > UINT32_MAX)
			return 0;
		uid = uid * 10 + (uint64_t)(name->data[i] - '0');
	}
	return uid < UINT32_MAX ? (uint32_t)uid : 0;
}

static void read_name(struct reading *reading)
{
	struct rs_cgroup_match *match = reading->match;
	struct piece id;

	reading->other = false;
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		if (!shape_fits(reading, &shapes[i], &id))
			continue;
		if (shapes[i].what == CONTAINER) {
			set_container(reading, &shapes[i], &id);
			return;
		}
		if (shapes[i].what == LEAVE && !leave_container(reading, &shapes[i]))
			continue;
		reading->other = true;
		break;
	}
	if (match->id)
		return;
	match->uid = uid_of(&reading->name) ? uid_of(&reading->name) : match->uid;
	if (is_unit(&reading->name))
		set_unit(match, &reading->name);
}

/* A name that a runtime could have been told by hand. */
static bool may_be_container(const struct reading *reading)
{
	const struct piece *name = &reading->name;

	return !reading->other && id_fits(ID_NAME, name->data, name->len) &&
	       count(name->data, name->len, is_plain) == name->len && !is_unit(name) &&
	       !has_end(name, ".slice");
}

static bool is_dots(const struct piece *piece)
{
	return is(piece, ".") || is(piece, "..");
}

static bool next_name(const char **p, struct piece *ret_name)
{
	while (**p == '/')
		(*p)++;
	if (!**p)
		return false;
	ret_name->data = *p;
	ret_name->len = strcspn(*p, "/");
	*p += ret_name->len;
	return true;
}

bool rs_cgroup_match(const char *path, struct rs_cgroup_match *ret_match)
{
	struct rs_cgroup_match match = { 0 };
	struct reading reading = { .match = &match };
	const char *p = path;
	bool pod = false;

	while (next_name(&p, &reading.name)) {
		if (is_dots(&reading.name)) /* a path as seen in a namespace of cgroups */
			continue;
		reading.above_is_pod = pod;
		reading.end = (size_t)(p - path);
		pod = find_pod(&reading.name, reading.kube, &reading.pod);
		reading.kube = reading.kube || find_last(&reading.name, "kubepods");
		reading.other = pod;
		if (!pod)
			read_name(&reading);
		reading.above = reading.name;
	}
	if (!match.id && !pod && may_be_container(&reading)) {
		match.id = reading.name.data;
		match.id_len = reading.name.len;
		match.root_len = reading.end;
		match.shape = "name";
	}
	if (!match.sure) {
		match.pod_uid = reading.pod.data;
		match.pod_uid_len = reading.pod.len;
	}
	*ret_match = match;
	return match.id != NULL;
}

void rs_cgroup_pod_uid(const char *uid, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
		out[i] = uid[i] == '_' ? '-' : uid[i];
	out[len] = '\0';
}
