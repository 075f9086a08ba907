/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles: the directory with a config.json that a runtime is given. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "enrich/metadata-internal.h"

#define NAMESPACES_MAX 64

/* Directories in which containerd keeps what runs. */
static const char *const containerd_dirs[] = {
	"/run/containerd",
	"/run/docker/containerd/daemon",            /* docker's own */
	"/run/k3s/containerd",                      /* k3s, rke2 */
	"/run/k0s/containerd",                      /* k0s */
	"/var/snap/microk8s/common/run/containerd", /* microk8s */
	"%/containerd",                             /* nerdctl without root */
	"%/docker/containerd/daemon",               /* docker without root */
};

static const char *const containerd_tasks[] = {
	"io.containerd.runtime.v2.task",
	"io.containerd.runtime.v1.linux",
};

void rs_metadata_resolve_rootfs(struct rs_metadata_reader *reader, const char *bundle)
{
	struct rs_metadata_build *build = reader->build;

	if (build->rootfs && *build->rootfs != '/')
		build->rootfs = rs_arena_printf(&build->arena, "%s/%s", bundle, build->rootfs);
	if (build->rootfs && strlen(build->rootfs) >= PATH_MAX)
		build->rootfs = NULL;
}

void rs_metadata_found(struct rs_metadata_reader *reader, const char *source, const char *runtime)
{
	struct rs_metadata_build *build = reader->build;

	reader->found = true;
	if (!build->source)
		build->source = source;
	rs_metadata_fill(build, &build->container.runtime, reader->question->runtime);
	if (!build->container.runtime)
		build->container.runtime = runtime;
}

/* Bundles of one runtime stand side by side: the sandbox's is where our id is replaced by its. */
static void read_pod(struct rs_metadata_reader *reader, const char *bundle)
{
	_cleanup_(rs_metadata_place_close) struct rs_metadata_place place = RS_METADATA_PLACE_INIT;
	const struct rs_metadata_build *build = reader->build;
	const char *id = reader->question->id, *sandbox = build->sandbox_id, *at;
	char path[PATH_MAX];
	int n;

	if (build->container.n_labels || !sandbox || strcmp(id, sandbox) == 0 ||
	    !rs_metadata_id_valid(sandbox))
		return;
	at = strstr(bundle, id);
	if (!at)
		return;
	n = snprintf(path, sizeof(path), "%.*s%s%s", (int)(at - bundle), bundle, sandbox,
		     at + strlen(id));
	if (n > 0 && (size_t)n < sizeof(path) &&
	    rs_metadata_place_open_bundle(reader, path, &place) == 0)
		rs_metadata_load(reader, &place, "config.json", RS_METADATA_OCI_POD, sandbox);
}

void rs_metadata_read_bundle(struct rs_metadata_reader *reader, const char *path,
			     const char *source)
{
	_cleanup_(rs_metadata_place_close) struct rs_metadata_place place = RS_METADATA_PLACE_INIT;

	if (rs_metadata_place_open_bundle(reader, path, &place) < 0 ||
	    !rs_metadata_load(reader, &place, "config.json", RS_METADATA_OCI, reader->question->id))
		return;
	rs_metadata_resolve_rootfs(reader, path);
	rs_metadata_found(reader, source, NULL);
	if (reader->build->container.pod_name)
		read_pod(reader, path);
}

/* --- containerd --- */

struct tasks {
	struct rs_metadata_reader *reader;
	const struct rs_metadata_place *place;
	const char *dir; /* in the place, of all namespaces */
	bool found;
};

/* docker has containers of its own in the namespace "moby", and their names elsewhere. */
static bool read_task(void *data, const char *namespace)
{
	struct tasks *tasks = data;
	struct rs_metadata_reader *reader = tasks->reader;
	const char *id = reader->question->id;
	bool moby = strcmp(namespace, "moby") == 0;
	char path[PATH_MAX], bundle[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s/%s/config.json", tasks->dir, namespace, id);
	if (!rs_metadata_load(reader, tasks->place, path, RS_METADATA_OCI, id))
		return false;
	snprintf(bundle, sizeof(bundle), "%s/%s/%s/%s", tasks->place->path, tasks->dir, namespace,
		 id);
	rs_metadata_resolve_rootfs(reader, bundle);
	rs_metadata_found(reader, "containerd", moby ? "docker" : "containerd");
	tasks->found = true;
	return true;
}

void rs_metadata_read_containerd(struct rs_metadata_reader *reader)
{
	struct tasks tasks = { .reader = reader };

	for (size_t i = 0; i < ARRAY_SIZE(containerd_dirs) && !tasks.found; i++) {
		_cleanup_(rs_metadata_place_close) struct rs_metadata_place place =
			RS_METADATA_PLACE_INIT;

		if (rs_metadata_place_open(reader, containerd_dirs[i], &place) < 0)
			continue;
		tasks.place = &place;
		for (size_t k = 0; k < ARRAY_SIZE(containerd_tasks) && !tasks.found; k++) {
			tasks.dir = containerd_tasks[k];
			rs_metadata_list(&place, tasks.dir, NAMESPACES_MAX, read_task, &tasks);
		}
	}
}

/* --- the maker --- */

/* A path as the maker meant it; false: cannot be told. */
static bool absolute(const char *cwd, const char *path, char out[static PATH_MAX])
{
	int n;

	if (!path)
		path = cwd;
	if (!path)
		return false;
	if (*path == '/')
		n = snprintf(out, PATH_MAX, "%s", path);
	else if (cwd && *cwd == '/')
		n = snprintf(out, PATH_MAX, "%s/%s", cwd, path);
	else
		return false;
	return n > 0 && n < PATH_MAX;
}

void rs_metadata_read_maker(struct rs_metadata_reader *reader)
{
	const struct rs_metadata_question *q = reader->question;
	struct rs_metadata_maker maker;
	char path[PATH_MAX];

	if (!rs_metadata_maker_parse(q->maker_args, q->maker_args_len, q->id, &maker))
		return;
	if (absolute(q->maker_cwd, maker.bundle, path))
		rs_metadata_read_bundle(reader, path, "bundle of the maker");
	if (!reader->found && maker.root && absolute(q->maker_cwd, maker.root, path))
		rs_metadata_read_state_below(reader, path, NULL);
}
