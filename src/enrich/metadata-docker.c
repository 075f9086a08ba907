/* SPDX-License-Identifier: Apache-2.0 */
/* docker: one directory a container, config.v2.json in it. */
#include <string.h>

#include "enrich/metadata-internal.h"

static const char *const docker_dirs[] = {
	"/var/lib/docker", "/var/snap/docker/common/var-lib-docker",
	"~/.local/share/docker", /* without root */
};

#define REMAPPED_MAX 8

struct data_dir {
	struct rs_metadata_reader *reader;
	const struct rs_metadata_place *place;
};

static bool read_container(struct rs_metadata_reader *reader, const struct rs_metadata_place *place,
			   const char *below)
{
	struct rs_metadata_build *build = reader->build;
	const char *id = reader->question->id;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%scontainers/%s/config.v2.json", below, id);
	if (!rs_metadata_load(reader, place, path, RS_METADATA_DOCKER, id))
		return false;
	rs_metadata_found(reader, "docker", "docker");
	if (!build->container.n_labels && build->sandbox_id &&
	    rs_metadata_id_valid(build->sandbox_id)) {
		snprintf(path, sizeof(path), "%scontainers/%s/config.v2.json", below,
			 build->sandbox_id);
		rs_metadata_load(reader, place, path, RS_METADATA_DOCKER_POD, build->sandbox_id);
	}
	return true;
}

/* "165536.165536": where docker keeps all when it maps users. */
static bool read_remapped(void *data, const char *name)
{
	struct data_dir *dir = data;
	char below[300];

	if (!strchr(name, '.') || name[strspn(name, "0123456789.")])
		return false;
	snprintf(below, sizeof(below), "%s/", name);
	return read_container(dir->reader, dir->place, below);
}

void rs_metadata_read_docker(struct rs_metadata_reader *reader)
{
	for (size_t i = 0; i < ARRAY_SIZE(docker_dirs) && !reader->build->container.name; i++) {
		_cleanup_(rs_metadata_place_close) struct rs_metadata_place place =
			RS_METADATA_PLACE_INIT;
		struct data_dir dir = { reader, &place };

		if (rs_metadata_place_open(reader, docker_dirs[i], &place) < 0)
			continue;
		if (!read_container(reader, &place, ""))
			rs_metadata_list(&place, ".", REMAPPED_MAX, read_remapped, &dir);
	}
	/* How users count and where its root is, stands in the bundle. */
	if (reader->build->source && !strcmp(reader->build->source, "docker") &&
	    !reader->build->rootfs)
		rs_metadata_read_containerd(reader);
}
