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
	const char *
		pod_uid; /* with dashes or underscores, as the path has it; also of a pod's own group */
	size_t pod_uid_len;
	/* "nginx.service", a scope, socket, mount or swap too; the innermost outside of containers */
	const char *unit;
	size_t unit_len;
	size_t root_len; /* of the path up to and with the container's own group: below it are its own */
	/* static: "containerd", "cri-o", "docker", "podman", "runc", "crun", "kata", "buildkit", "lxc",
	 * "nspawn", "garden", "mesos", or NULL: no telling */
	const char *runtime;
	const char *shape; /* static: name of the table's row; "name": none */
	uint32_t uid;      /* user in whose tree it is: user@UID.service, user-UID.slice; else 0 */
	/* The shape belongs to a runtime. False: any name ("/mine/abc123"), the last of the path, which
	 * only metadata on disk can confirm (runc by hand). */
	bool sure;
};

/* False: no container, only perhaps a unit. @ret_match is filled in either case. */
bool rs_cgroup_match(const char *path, struct rs_cgroup_match *ret_match);

/* "a1b2_..." as Kubernetes writes it, with dashes: out holds len bytes and a NUL. */
void rs_cgroup_pod_uid(const char *uid, size_t len, char *out);
