/* SPDX-License-Identifier: Apache-2.0 */
/*
 * containers/storage, which CRI-O and podman share: a directory a container with its bundle, and lists of
 * all containers with their names. podman has its names only in the lists.
 */
#include <errno.h>
#include <string.h>

#include "enrich/metadata-internal.h"

static const char *const storage_dirs[] = {
	"/run/containers/storage",
	"/var/lib/containers/storage",
	"%/containers", /* without root */
	"~/.local/share/containers/storage",
};

/* By the driver of the file system. */
static const char *const drivers[] = {
	"overlay-containers",
	"vfs-containers",
	"btrfs-containers",
	"zfs-containers",
};

/* The second has those that go when they end (podman run --rm). */
static const char *const lists[] = { "containers.json", "volatile-containers.json" };

static const char *runtime_of(const struct rs_metadata_reader *reader)
{
	const char *hint = reader->question->runtime;

	if (reader->build->container.pod_name || (hint && strcmp(hint, "cri-o") == 0))
		return "cri-o";
	return "podman";
}

static void read_bundle(struct rs_metadata_reader *reader, const struct rs_metadata_place *place,
			const char *driver)
{
	struct rs_metadata_build *build = reader->build;
	const char *id = reader->question->id;
	char path[PATH_MAX], bundle[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s/userdata/config.json", driver, id);
	if (!rs_metadata_load(reader, place, path, RS_METADATA_OCI, id))
		return;
	snprintf(bundle, sizeof(bundle), "%s/%s/%s/userdata", place->path, driver, id);
	rs_metadata_resolve_rootfs(reader, bundle);
	rs_metadata_found(reader, "container storage", runtime_of(reader));
	/* Labels of the pod are its sandbox's. */
	if (!build->container.pod_name || build->container.n_labels || !build->sandbox_id ||
	    !rs_metadata_id_valid(build->sandbox_id))
		return;
	snprintf(path, sizeof(path), "%s/%s/userdata/config.json", driver, build->sandbox_id);
	rs_metadata_load(reader, place, path, RS_METADATA_OCI_POD, build->sandbox_id);
}

static void read_lists(struct rs_metadata_reader *reader, const struct rs_metadata_place *place,
		       const char *driver)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(lists) && !reader->build->container.name; i++) {
		snprintf(path, sizeof(path), "%s/%s", driver, lists[i]);
		if (rs_metadata_load(reader, place, path, RS_METADATA_STORAGE,
				     reader->question->id))
			rs_metadata_found(reader, "container storage", runtime_of(reader));
	}
}

void rs_metadata_read_storage(struct rs_metadata_reader *reader)
{
	const struct rs_event_container *container = &reader->build->container;

	for (size_t i = 0; i < ARRAY_SIZE(storage_dirs) && !container->name; i++) {
		_cleanup_(rs_metadata_place_close) struct rs_metadata_place place =
			RS_METADATA_PLACE_INIT;

		if (rs_metadata_place_open(reader, storage_dirs[i], &place) < 0)
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(drivers) && !container->name; k++) {
			read_bundle(reader, &place, drivers[k]);
			if (!container->pod_name)
				read_lists(reader, &place, drivers[k]);
		}
	}
}
