/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the path of a control group tells: which container, which pod, which unit of systemd. A table
 * of the shapes that runtimes make (cgroup-match.c); no system calls.
 *
 *	/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod<uid>.slice/cri-containerd-<id>.scope
 *	/kubepods/besteffort/pod<uid>/<id>
 *	/system.slice/docker-<id>.scope          /docker/<id>
 *	/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-<id>.scope/container
 *	/system.slice/nginx.service
 */

#include "base/error.h"
#include "base/str.h"

struct rs_cgroup_match {
	/* Pieces of the path, not terminated; NULL: none. Of several containers inside each other the
	 * innermost counts. */
	const char *id;
	size_t id_len;
	const char *pod_uid; /* with dashes or underscores, as the path has it */
	size_t pod_uid_len;
	const char
		*unit; /* "nginx.service", a scope too; the innermost that is not a container's */
	size_t unit_len;
	size_t root_len; /* of the path up to and with the container's own group: below it are its own */
	const char *
		runtime; /* static: "containerd", "cri-o", "docker", "podman", or NULL: no telling */
	const char *shape; /* static: name of the table's row */
	uint32_t uid;      /* owner of a rootless container, from user-UID.slice; else 0 */
	bool sure; /* the shape belongs to a runtime; false: an id by its looks ("/mine/abc123"), which only
		    * metadata on disk can confirm (runc by hand, any name) */
};

/* False: no container, only perhaps a unit. @ret_match is filled in either case. */
bool rs_cgroup_match(const char *path, struct rs_cgroup_match *ret_match);

/* "a1b2_..." as Kubernetes writes it, with dashes: out holds len bytes and a NUL. */
void rs_cgroup_pod_uid(const char *uid, size_t len, char *out);
