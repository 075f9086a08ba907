/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "enrich/metadata-internal.h"

void rs_metadata_build_done(struct rs_metadata_build *build)
{
	rs_arena_done(&build->arena);
}

/* At most max bytes, not in the middle of a character. */
static size_t cut(const char *value, size_t max)
{
	size_t n = strnlen(value, max + 1);

	if (n <= max)
		return n;
	for (n = max; n && ((unsigned char)value[n] & 0xc0) == 0x80; n--)
		;
	return n;
}

static const char *keep(struct rs_metadata_build *build, const char *value)
{
	return rs_arena_strndup(&build->arena, value, cut(value, RS_METADATA_VALUE_MAX));
}

void rs_metadata_fill(struct rs_metadata_build *build, const char **field, const char *value)
{
	if (!*field && value && *value)
		*field = keep(build, value);
}

void rs_metadata_fill_path(struct rs_metadata_build *build, const char **field, const char *path)
{
	if (!*field && path && *path && strlen(path) < PATH_MAX)
		*field = rs_arena_strdup(&build->arena, path);
}

/* --- annotations --- */

/* Which key tells what: earlier rows first. The kubelet's own labels are what docker and CRI-O have. */
static const struct {
	const char *key;
	size_t field; /* in struct rs_metadata_build */
	bool kube;    /* counts in a pod only */
} keys[] = {
#define FIELD(name) offsetof(struct rs_metadata_build, name)
	{ "io.kubernetes.cri.container-name", FIELD(container.name), true },
	{ "io.kubernetes.container.name", FIELD(container.name), true },
	{ "nerdctl/name", FIELD(container.name), false },
	{ "io.kubernetes.cri.image-name", FIELD(container.image), true },
	{ "io.kubernetes.cri.podsandbox.image-name", FIELD(container.image), true },
	{ "io.kubernetes.cri-o.ImageName", FIELD(container.image), true },
	{ "org.opencontainers.image.ref.name", FIELD(container.image), false },
	{ "io.kubernetes.cri.sandbox-name", FIELD(container.pod_name), true },
	{ "io.kubernetes.pod.name", FIELD(container.pod_name), true },
	{ "io.kubernetes.cri.sandbox-namespace", FIELD(container.namespace), true },
	{ "io.kubernetes.pod.namespace", FIELD(container.namespace), true },
	{ "io.kubernetes.cri-o.Namespace", FIELD(container.namespace), true },
	{ "io.kubernetes.cri.sandbox-uid", FIELD(container.pod_uid), true },
	{ "io.kubernetes.pod.uid", FIELD(container.pod_uid), true },
	{ "io.kubernetes.cri-o.IP.0", FIELD(container.pod_ip), true },
	{ "io.kubernetes.cri.sandbox-id", FIELD(sandbox_id), true },
	{ "io.kubernetes.cri-o.SandboxID", FIELD(sandbox_id), true },
	{ "io.kubernetes.sandbox.id", FIELD(sandbox_id), true },
#undef FIELD
};

/* "sandbox" and "podsandbox" are the container that only holds the namespaces. */
static const char *const type_keys[] = {
	"io.kubernetes.cri.container-type",
	"io.kubernetes.cri-o.ContainerType",
	"io.kubernetes.docker.type",
};

/* What only means something to the runtime that wrote it. */
static const char *const inner_prefixes[] = {
	"io.kubernetes.",
	"io.container.manager",
	"io.podman.annotations.",
	"io.containerd.",
	"nerdctl/",
	"run.oci.",
	"org.systemd.property.",
	"org.opencontainers.image.stopSignal",
	"annotation.", /* of the pod, as docker's shim has them */
	"bundle",      /* runc's, in the list of its state */
};

static const char *find(const struct rs_event_label *pairs, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(pairs[i].key, key) == 0)
			return pairs[i].value;
	return NULL;
}

static bool is_inner(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(inner_prefixes); i++)
		if (strncmp(key, inner_prefixes[i], strlen(inner_prefixes[i])) == 0)
			return true;
	return false;
}

static void add_labels(struct rs_metadata_build *build, const struct rs_event_label *pairs,
		       size_t n)
{
	struct rs_event_container *container = &build->container;

	if (container->n_labels) /* of another document, and the same */
		return;
	for (size_t i = 0; i < n && container->n_labels < RS_METADATA_LABELS; i++) {
		struct rs_event_label label;

		if (!pairs[i].key[0] || is_inner(pairs[i].key))
			continue;
		label.key = keep(build, pairs[i].key);
		label.value = keep(build, pairs[i].value);
		if (label.key && label.value)
			build->labels[container->n_labels++] = label;
	}
}

static void fill_type(struct rs_metadata_build *build, const struct rs_event_label *pairs, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(type_keys); i++) {
		const char *type = find(pairs, n, type_keys[i]);

		if (type && (!strcmp(type, "sandbox") || !strcmp(type, "podsandbox")))
			build->container.sandbox = true;
	}
}

static void fill_manager(struct rs_metadata_build *build, const struct rs_event_label *pairs,
			 size_t n)
{
	const char *manager = find(pairs, n, "io.container.manager");

	if (build->container.runtime)
		return;
	if (manager && strcmp(manager, "libpod") == 0)
		build->container.runtime = "podman";
	else if (manager && strcmp(manager, "cri-o") == 0)
		build->container.runtime = "cri-o";
	else if (find(pairs, n, "nerdctl/name") ||
		 find(pairs, n, "io.kubernetes.cri.container-type"))
		build->container.runtime = "containerd";
}

static const char **field_of(struct rs_metadata_build *build, size_t offset)
{
	void *field = (char *)build + offset;

	return field;
}

void rs_metadata_annotations(struct rs_metadata_build *build, const struct rs_event_label *pairs,
			     size_t n, unsigned what)
{
	bool pod = find(pairs, n, "io.kubernetes.cri.sandbox-name") ||
		   find(pairs, n, "io.kubernetes.pod.name");

	if (what & (RS_METADATA_NAMES | RS_METADATA_KUBE)) {
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			if (keys[i].kube ? pod : (what & RS_METADATA_NAMES) != 0)
				rs_metadata_fill(build, field_of(build, keys[i].field),
						 find(pairs, n, keys[i].key));
		if (pod)
			fill_type(build, pairs, n);
		fill_manager(build, pairs, n);
	}
	if (what & RS_METADATA_LABELLED)
		add_labels(build, pairs, n);
}
