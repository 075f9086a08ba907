/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What runtimes leave on disk about a container: names, image, pod, labels. Asks nobody, reads files:
 *
 *  - containerd: <root>/run/containerd/io.containerd.runtime.v2.task/NAMESPACE/ID/config.json
 *  - CRI-O, podman: <root>/run/containers/storage/overlay-containers/ID/userdata/config.json, the same below
 *    /var/lib/containers and below a user's home and /run/user; names in containers.json
 *  - docker: <root>/var/lib/docker/containers/ID/config.v2.json
 *  - runc, crun, youki: <root>/run/runc/ID/state.json, and other --root directories, whose labels have the
 *    annotations and the bundle
 *  - the bundle that the maker's command line names (runc create --bundle DIR ID), or its working
 *    directory: there before the container runs
 *
 * Where the maker, or a parent of the container's process, has another root than ours (a node of kind is a
 * container itself), the same places are looked up below that root.
 *
 * All of it is hostile: sizes, depth, lists are capped; only regular files are opened, symbolic links
 * are not followed out of the place; a file is believed only if it belongs to root (or to whom the root
 * directory belongs: root of a user namespace); about a container of a user's only files that are his. What
 * is not from root's files tells no pod: container.owner says whose they were.
 */

#include "base/error.h"
#include "enrich/users.h"
#include "event/event.h"

#define RS_METADATA_ID_MAX    128
#define RS_METADATA_LABELS    64
#define RS_METADATA_MAPS      8
#define RS_METADATA_FILE_MAX  ((size_t)4 << 20)
#define RS_METADATA_VALUE_MAX 1024 /* bytes of one string; longer ones are cut */

/* Bytes of all that was read and not freed, in this process. */
#define RS_METADATA_BYTES_MAX ((size_t)16 << 20)

/* What is known already. All borrowed. */
struct rs_metadata_question {
	const char *id;      /* of the container, whole */
	const char *runtime; /* see rs_cgroup_match; may be NULL */
	uint32_t uid;        /* owner, 0: root; of another's only his own files are read */
	uint32_t pid;        /* a process in it, 0: none known */
	const char *cgroup;  /* path of its own group; NULL: any that is called as it is */
	uint32_t maker_pid;  /* who made the group, 0: not known, or systemd on behalf of another */
	uint32_t maker_uid;
	const char *maker_args; /* NUL after each argument; may be NULL */
	size_t maker_args_len;
	const char *maker_cwd; /* may be NULL */
	bool doubtful; /* nothing tells that it is one: a second look at the deadline, no others */
};

/* Users of a user namespace: id inside = first + (id - host), for host <= id < host + count. */
struct rs_metadata_map {
	uint32_t first, host, count;
};

enum rs_metadata_share {
	RS_METADATA_SHARE_LABELS,
	RS_METADATA_SHARE_USERS,
	RS_METADATA_SHARE_NAMES,
	RS_METADATA_SHARES,
};

/* What it takes of RS_METADATA_BYTES_MAX. */
struct rs_metadata_charge {
	size_t bytes[RS_METADATA_SHARES];
	bool of_user;
};

/* Owned, one block of memory, and the users: rs_metadata_free(). */
struct rs_metadata {
	struct rs_event_container container; /* id and what was found; strings in memory of ours */
	struct rs_users *users;              /* of its own /etc/passwd, NULL: none could be read */
	struct rs_metadata_map uid_map[RS_METADATA_MAPS], gid_map[RS_METADATA_MAPS];
	unsigned n_uid_map, n_gid_map; /* 0: no user namespace */
	struct rs_metadata_charge charge;
	bool partial;    /* there, but its name is not written yet: ask again a little later */
	char source[32]; /* where it was found: "containerd", "runc state", "bundle of the maker" */
};

/*
 * Directories are looked up below @root (NULL: "/"; the host's files in a container of our own), processes
 * in @proc (NULL: "/proc"). A container that is in no pod and that nobody named is called by its id, as
 * runc does; one that only holds a pod's namespaces "POD", as CRI-O does.
 *
 * -ENOENT: nothing is written about it (yet); -EBADMSG: something that makes no sense, half written
 * perhaps; -EINVAL: this is no id; -ENOBUFS: there is no room for more names; others. Labels and users for
 * which there is no room are left out. A file system of another may keep the caller waiting.
 */
int rs_metadata_read(const char *root, const char *proc,
		     const struct rs_metadata_question *question, struct rs_metadata **ret_metadata,
		     struct rs_error *err);
void rs_metadata_free(struct rs_metadata **metadata);
/* Without labels and users from now on. */
void rs_metadata_strip(struct rs_metadata *metadata);

/* Whether @id can be a container's: letters, digits and "._-+", no path. */
bool rs_metadata_id_valid(const char *id);
