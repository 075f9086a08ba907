/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What runtimes leave on disk about a container: names, image, pod, labels. Asks nobody, reads files:
 *
 *  - containerd: <root>/run/containerd/io.containerd.runtime.v2.task/NAMESPACE/ID/config.json
 *  - CRI-O, podman: <root>/run/containers/storage/overlay-containers/ID/userdata/config.json, the same below
 *    /var/lib/containers and below a user's home and /run/user; names in containers.json
 *  - docker: <root>/var/lib/docker/containers/ID/config.v2.json
 *  - runc: <root>/run/runc/ID/state.json, and other --root directories, whose labels have the
 *    annotations and the bundle
 *  - the bundle that the maker's command line names (runc create --bundle DIR ID), or its working
 *    directory: there before the container runs
 *
 * All of it is hostile: sizes, depth, lists are capped; only regular files are opened, symbolic links
 * are not followed out of the place; a bundle is believed only if its config.json belongs to root or to
 * the user who made the container.
 */

#include "base/error.h"
#include "enrich/users.h"
#include "event/event.h"

#define RS_METADATA_LABELS    64
#define RS_METADATA_FILE_MAX  ((size_t)4 << 20)
#define RS_METADATA_VALUE_MAX 1024 /* bytes of one string; longer ones are cut */

/* What is known already. All borrowed. */
struct rs_metadata_question {
	const char *id;      /* of the container, whole */
	const char *runtime; /* see rs_cgroup_match; may be NULL */
	uint32_t uid;        /* owner, 0: root */
	uint32_t pid;        /* a process in it, 0: none known */
	uint32_t maker_pid;  /* who made the group, 0: not known, or systemd on behalf of another */
	uint32_t maker_uid;
	const char *maker_args; /* NUL after each argument; may be NULL */
	size_t maker_args_len;
	const char *maker_cwd;
};

/* Owned, one block of memory: rs_metadata_free(). */
struct rs_metadata {
	struct rs_event_container container; /* id and what was found; strings in memory of ours */
	struct rs_users *users;              /* of its own /etc/passwd, NULL: none could be read */
	struct { /* users of a user namespace: id inside = first + (uid - host) */
		uint32_t first, host, count;
	} uid_map[8], gid_map[8];
	unsigned n_uid_map, n_gid_map; /* 0: no user namespace */
	char source[64]; /* where it was found: "containerd", "runc state", "bundle of the maker" */
	struct rs_arena *arena;
};

/* Directories are looked up below @root (NULL: "/"; the host's files in a container of our own).
 * -ENOENT: nothing is written about it (yet); -EBADMSG: something that makes no sense; others. */
int rs_metadata_read(const char *root, const char *proc,
		     const struct rs_metadata_question *question, struct rs_metadata **ret_metadata,
		     struct rs_error *err);
void rs_metadata_free(struct rs_metadata **metadata);

/*
 * A thread that reads, so that a slow disk holds up nobody. Questions are copied; answers are taken
 * from the caller's own loop. A question whose answer is not there yet is asked again, after 5, 10, 20, ...
 * ms, until @deadline (CLOCK_MONOTONIC ns), then it is answered with what there is, nothing perhaps.
 */
struct rs_lookup;
int rs_lookup_new(const char *root, const char *proc, struct rs_lookup **ret_lookup,
		  struct rs_error *err);
int rs_lookup_start(struct rs_lookup *lookup, struct rs_error *err); /* the thread */
void rs_lookup_free(struct rs_lookup **lookup);                      /* ends and joins it */
int rs_lookup_fd(const struct rs_lookup *lookup); /* readable: there are answers */
#define RS_LOOKUP_WAITING_MAX 4096
/* -EAGAIN: too many are waiting. @cookie comes back with the answer. */
int rs_lookup_ask(struct rs_lookup *lookup, const struct rs_metadata_question *question,
		  uint64_t cookie, uint64_t deadline);
/* Takes one answer: true, and *ret_metadata (NULL: nothing was found) is the caller's. */
bool rs_lookup_take(struct rs_lookup *lookup, uint64_t *ret_cookie,
		    struct rs_metadata **ret_metadata);
