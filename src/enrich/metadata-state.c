/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the runtimes below the others keep about each container: runc a state.json with its whole
 * configuration, crun a "status" and a copy of config.json, youki a state.json that names the bundle.
 */
#include <errno.h>
#include <string.h>

#include "enrich/metadata-internal.h"

#define NAMESPACES_MAX 64

/* Who calls it, when nothing else tells. */
static const struct {
	const char *dir;
	const char *runtime;
} roots[] = {
	{ "/run/runc", "runc" },
	{ "/run/crun", "crun" },
	{ "/run/youki", "youki" },
	{ "/run/docker/runtime-runc/moby", "docker" },
	{ "/run/docker/runtime-crun/moby", "docker" },
	{ "%/runc", "runc" },
	{ "%/crun", "crun" },
	{ "%/youki", "youki" },
	{ "%/docker/runtime-runc/moby", "docker" },
};

/* Below these there is one root for each namespace of containerd. */
static const char *const containerd_roots[] = { "/run/containerd/runc", "%/containerd/runc" };

struct namespaces {
	struct rs_metadata_reader *reader;
	const struct rs_metadata_place *place;
	bool found;
};

static bool read_state(struct rs_metadata_reader *reader, const struct rs_metadata_place *place,
		       const char *below, const char *runtime)
{
	struct rs_metadata_build *build = reader->build;
	const char *id = reader->question->id;
	char path[PATH_MAX], dir[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s%s/state.json", below, id);
	if (!rs_metadata_load(reader, place, path, RS_METADATA_STATE, id)) {
		snprintf(path, sizeof(path), "%s%s/status", below, id);
		if (!rs_metadata_load(reader, place, path, RS_METADATA_STATE, id))
			return false;
		snprintf(path, sizeof(path), "%s%s/config.json", below, id);
		rs_metadata_load(reader, place, path, RS_METADATA_OCI, id);
	}
	snprintf(dir, sizeof(dir), "%s/%s%s", place->path, below, id);
	rs_metadata_resolve_rootfs(reader, build->bundle ? build->bundle : dir);
	rs_metadata_found(reader, "runtime state", runtime);
	if (!build->rootfs && build->bundle)
		rs_metadata_read_bundle(reader, build->bundle, "runtime state");
	return true;
}

static bool read_namespace(void *data, const char *namespace)
{
	struct namespaces *namespaces = data;
	bool moby = strcmp(namespace, "moby") == 0;
	char below[300];

	snprintf(below, sizeof(below), "%s/", namespace);
	namespaces->found = read_state(namespaces->reader, namespaces->place, below,
				       moby ? "docker" : "containerd");
	return namespaces->found;
}

void rs_metadata_read_state_below(struct rs_metadata_reader *reader, const char *root,
				  const char *runtime)
{
	_cleanup_(rs_metadata_place_close) struct rs_metadata_place place = RS_METADATA_PLACE_INIT;

	if (rs_metadata_place_open_bundle(reader, root, &place) == 0)
		read_state(reader, &place, "", runtime);
}

void rs_metadata_read_state(struct rs_metadata_reader *reader)
{
	struct namespaces namespaces = { .reader = reader };
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(roots) && !found; i++) {
		_cleanup_(rs_metadata_place_close) struct rs_metadata_place place =
			RS_METADATA_PLACE_INIT;

		if (rs_metadata_place_open(reader, roots[i].dir, &place) == 0)
			found = read_state(reader, &place, "", roots[i].runtime);
	}
	for (size_t i = 0; i < ARRAY_SIZE(containerd_roots) && !found && !namespaces.found; i++) {
		_cleanup_(rs_metadata_place_close) struct rs_metadata_place place =
			RS_METADATA_PLACE_INIT;

		namespaces.place = &place;
		if (rs_metadata_place_open(reader, containerd_roots[i], &place) == 0)
			rs_metadata_list(&place, ".", NAMESPACES_MAX, read_namespace, &namespaces);
	}
}
