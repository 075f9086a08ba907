/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/metadata.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "enrich/metadata-internal.h"

#define PARENTS_MAX 8

bool rs_metadata_id_valid(const char *id)
{
	size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+");

	return n && !id[n] && n <= RS_METADATA_ID_MAX && strcmp(id, ".") != 0 &&
	       strcmp(id, "..") != 0;
}

/* --- sources --- */

/* In the order in which they are tried when nothing tells which runtime it is: the last is below the others,
 * which use it. */
static const struct {
	void (*read)(struct rs_metadata_reader *reader);
	const char *runtimes[2]; /* whose it is */
} sources[] = {
	{ rs_metadata_read_containerd, { "containerd", NULL } },
	{ rs_metadata_read_docker, { "docker", NULL } },
	{ rs_metadata_read_storage, { "cri-o", "podman" } },
	{ rs_metadata_read_state, { "runc", NULL } },
};

static bool fits(size_t source, const char *runtime)
{
	for (size_t i = 0; runtime && i < ARRAY_SIZE(sources[source].runtimes); i++)
		if (sources[source].runtimes[i] && !strcmp(sources[source].runtimes[i], runtime))
			return true;
	return false;
}

/* Until one of them has the name. */
static void read_sources(struct rs_metadata_reader *reader)
{
	const char *runtime = reader->question->runtime;

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
			if (!reader->build->container.name && fits(i, runtime) == (pass == 0))
				sources[i].read(reader);
}

/* Looks at one root; true when the container is known there. */
static bool look(struct rs_metadata_reader *reader, int root_fd)
{
	struct stat st;

	if (fstat(root_fd, &st) < 0)
		return false;
	reader->root_fd = root_fd;
	reader->root_uid = st.st_uid;
	rs_metadata_read_owner(reader);
	rs_metadata_read_maker(reader);
	read_sources(reader);
	return reader->found;
}

/* --- roots of others --- */

/* Also false where it cannot be told. Two mount namespaces have different mounts of one directory. */
static bool differs(int a, int b)
{
	const unsigned mask = STATX_INO | STATX_MNT_ID;
	struct statx x, y;

	if (statx(a, "", AT_EMPTY_PATH, mask, &x) < 0 || statx(b, "", AT_EMPTY_PATH, mask, &y) < 0)
		return false;
	return x.stx_ino != y.stx_ino || x.stx_dev_major != y.stx_dev_major ||
	       x.stx_dev_minor != y.stx_dev_minor || x.stx_mnt_id != y.stx_mnt_id;
}

/* The parents of a process in a container: the first whose root is neither its nor ours is of whoever runs
 * containers inside a container. */
static int parents_root(const struct rs_metadata_reader *reader, int own_fd)
{
	_cleanup_(rs_cleanup_close) int inside = -1;
	uint32_t pid = reader->question->pid;

	if (!rs_metadata_process_in(reader->proc_fd, pid, reader->question))
		return -ESRCH;
	inside = rs_metadata_process_root(reader->proc_fd, pid);
	for (unsigned i = 0; inside >= 0 && i < PARENTS_MAX; i++) {
		_cleanup_(rs_cleanup_close) int fd = -1;

		pid = rs_metadata_process_parent(reader->proc_fd, pid);
		fd = pid ? rs_metadata_process_root(reader->proc_fd, pid) : -1;
		if (fd < 0)
			break;
		if (differs(fd, inside))
			return differs(fd, own_fd) ? TAKE_FD(fd) : -ENOENT;
	}
	return -ENOENT;
}

/* --- the answer --- */

static bool names_itself(const char *runtime)
{
	return runtime && (!strcmp(runtime, "docker") || !strcmp(runtime, "podman") ||
			   !strcmp(runtime, "cri-o"));
}

static const char **const_field(struct rs_event_container *container, size_t i)
{
	const char **fields[] = {
		&container->id,         &container->runtime,    &container->name,
		&container->image,      &container->pod_name,   &container->pod_uid,
		&container->namespace,  &container->node,       &container->pod_ip,
		&container->owner_kind, &container->owner_name,
	};

	return i < ARRAY_SIZE(fields) ? fields[i] : NULL;
}

static const char *move(char **to, const char *text)
{
	size_t n = text ? strlen(text) + 1 : 0;
	char *start = *to;

	if (!text)
		return NULL;
	memcpy(start, text, n);
	*to += n;
	return start;
}

static size_t text_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static size_t labels_size(const struct rs_metadata_build *build)
{
	size_t n = build->container.n_labels, size = n * sizeof(build->labels[0]);

	for (size_t i = 0; i < n; i++)
		size += text_size(build->labels[i].key) + text_size(build->labels[i].value);
	return size;
}

/* Labels that have no room are left out; without room for the names there is no answer. */
static int charge_names(struct rs_metadata_build *build, struct rs_metadata_charge *charge)
{
	size_t size = sizeof(struct rs_metadata);
	const char **field;

	charge->of_user = build->container.owner != 0;
	for (size_t i = 0; (field = const_field(&build->container, i)); i++)
		size += text_size(*field);
	if (!rs_metadata_charge(charge, RS_METADATA_SHARE_NAMES, size))
		return -ENOBUFS;
	if (!rs_metadata_charge(charge, RS_METADATA_SHARE_LABELS, labels_size(build)))
		build->container.n_labels = 0;
	return 0;
}

static void uncharge(struct rs_metadata_charge *charge)
{
	for (unsigned i = 0; i < RS_METADATA_SHARES; i++)
		rs_metadata_uncharge(charge, i);
}

static void add_users(struct rs_metadata_reader *reader, int own_fd, struct rs_metadata *metadata)
{
	struct rs_users *users = rs_metadata_read_users(reader, own_fd);

	if (users &&
	    !rs_metadata_charge(&metadata->charge, RS_METADATA_SHARE_USERS, rs_users_size(users)))
		rs_users_free(&users);
	metadata->users = users;
}

/* Labels first, for their alignment, then all strings. */
static struct rs_metadata *pack(struct rs_metadata_build *build, struct rs_metadata_charge *charge)
{
	size_t n_labels = build->container.n_labels, size = labels_size(build);
	struct rs_event_label *labels;
	struct rs_metadata *metadata;
	const char **field;
	char *to;

	for (size_t i = 0; (field = const_field(&build->container, i)); i++)
		size += text_size(*field);
	metadata = calloc(1, sizeof(*metadata) + size);
	if (!metadata)
		return NULL;
	metadata->charge = *charge;
	metadata->container = build->container;
	labels = (struct rs_event_label *)(metadata + 1);
	to = (char *)(labels + n_labels);
	for (size_t i = 0; (field = const_field(&metadata->container, i)); i++)
		*field = move(&to, *field);
	for (size_t i = 0; i < n_labels; i++) {
		labels[i].key = move(&to, build->labels[i].key);
		labels[i].value = move(&to, build->labels[i].value);
	}
	metadata->container.labels = n_labels ? labels : NULL;
	memcpy(metadata->uid_map, build->uid_map, sizeof(build->uid_map));
	memcpy(metadata->gid_map, build->gid_map, sizeof(build->gid_map));
	metadata->n_uid_map = build->n_uid_map;
	metadata->n_gid_map = build->n_gid_map;
	snprintf(metadata->source, sizeof(metadata->source), "%s", build->source);
	return metadata;
}

/* Pods are what root's files say. */
static void drop_pod(struct rs_event_container *container)
{
	container->pod_name = container->pod_uid = container->namespace = NULL;
	container->node = container->pod_ip = NULL;
	container->owner_kind = container->owner_name = NULL;
	container->sandbox = false;
}

static int answer(struct rs_metadata_reader *reader, int own_fd, struct rs_metadata **ret_metadata,
		  struct rs_error *err)
{
	struct rs_event_container *container = &reader->build->container;
	struct rs_metadata_charge charge = { 0 };
	bool partial = false;

	container->id = reader->question->id;
	container->owner = reader->file_owner;
	if (container->owner)
		drop_pod(container);
	if (!container->name && container->sandbox)
		container->name = "POD";
	if (!container->name && names_itself(container->runtime))
		partial = true;
	else if (!container->name)
		container->name = container->id;
	rs_metadata_read_maps(reader);
	if (charge_names(reader->build, &charge) < 0)
		return rs_error_set_errno(err, -ENOBUFS, "container \"%s\"", container->id);
	*ret_metadata = pack(reader->build, &charge);
	if (!*ret_metadata) {
		uncharge(&charge);
		return rs_error_set_errno(err, -ENOMEM, "container \"%s\"", container->id);
	}
	(*ret_metadata)->partial = partial;
	add_users(reader, own_fd, *ret_metadata);
	return 0;
}

static int no_answer(const struct rs_metadata_reader *reader, struct rs_error *err)
{
	const char *id = reader->question->id;

	if (!reader->problem.code)
		return rs_error_set(err, -ENOENT, "container \"%s\": nothing is written about it",
				    id);
	if (err)
		*err = reader->problem;
	rs_error_wrap(err, "container \"%s\"", id);
	return reader->problem.code;
}

int rs_metadata_read(const char *root, const char *proc,
		     const struct rs_metadata_question *question, struct rs_metadata **ret_metadata,
		     struct rs_error *err)
{
	_cleanup_(rs_metadata_build_done) struct rs_metadata_build build = {
		.arena = RS_ARENA_INIT(RS_METADATA_BUILD_MAX),
	};
	_cleanup_(rs_cleanup_close) int own_fd = -1, proc_fd = -1, other_fd = -1;
	struct rs_metadata_reader reader = { .question = question, .build = &build };
	struct stat st;

	if (!rs_metadata_id_valid(question->id))
		return rs_error_set(err, -EINVAL, "this is no container's id");
	root = root ? root : "/";
	proc = proc ? proc : "/proc";
	own_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (own_fd < 0)
		return rs_error_set_errno(err, -errno, "opening \"%s\"", root);
	reader.own_uid = fstat(own_fd, &st) < 0 ? 0 : st.st_uid;
	proc_fd = open(proc, O_PATH | O_DIRECTORY | O_CLOEXEC);
	reader.proc_fd = proc_fd;
	reader.owner = question->maker_pid ? question->maker_uid : question->uid;
	reader.owner_only = reader.owner != 0;
	if (question->maker_pid)
		other_fd = rs_metadata_process_root(proc_fd, question->maker_pid);
	if (other_fd >= 0 && differs(other_fd, own_fd) && look(&reader, other_fd))
		return answer(&reader, own_fd, ret_metadata, err);
	if (look(&reader, own_fd))
		return answer(&reader, own_fd, ret_metadata, err);
	rs_cleanup_close(&other_fd);
	other_fd = parents_root(&reader, own_fd);
	if (other_fd >= 0 && look(&reader, other_fd))
		return answer(&reader, own_fd, ret_metadata, err);
	return no_answer(&reader, err);
}

void rs_metadata_free(struct rs_metadata **metadata)
{
	if (!*metadata)
		return;
	rs_users_free(&(*metadata)->users);
	uncharge(&(*metadata)->charge);
	free(*metadata);
	*metadata = NULL;
}
