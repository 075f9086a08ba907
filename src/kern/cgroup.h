/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups, version 2 and version 1: cgroups(7). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * The mount point of cgroup v2, also where version 1 holds the controllers (hybrid mode, mostly
 * /sys/fs/cgroup/unified). Goes into @buf with its NUL. -ENOENT when it is not mounted,
 * -ENAMETOOLONG.
 */
int rs_cgroup2_mount(char *buf, size_t size, struct rs_error *err);

/* The hierarchy in which this node keeps its containers. */
struct rs_cgroup_tree {
	char mount[512];     /* where it is mounted; "" where it is not */
	char controller[32]; /* of version 1, "pids"; "": version 2 */
	uint32_t v1;         /* as rs_config.cgroup_v1; 0: version 2 */
};

/*
 * Version 2 where no controller of version 1 is mounted, and on hybrid nodes where version 2 tells at
 * least as many groups of processes apart (systemd and newer runtimes make a group in both) and lacks no group of
 * theirs (docker, kubepods, in a slice) that version 1 has; else the
 * v1 hierarchy that most runtimes use first: pids, memory, cpu, then any that has a controller (which
 * name=systemd has not, so that the programs cannot ask for it). @proc: "/proc", or the host's, of which
 * self/mountinfo and PID/cgroup are read. -ENOENT: there is none at all.
 */
int rs_cgroup_choose(const char *proc, struct rs_cgroup_tree *ret_tree, struct rs_error *err);

/* Calls @fn for every group, parents first, with its id (as rs_hdr.cgroup) and its path from the
 * hierarchy's root ("/" for that). Not 0 ends the walk, which returns that. Groups that vanish
 * meanwhile are passed over. */
typedef int rs_cgroup_fn(void *data, uint64_t id, const char *path);
int rs_cgroup_walk(const struct rs_cgroup_tree *tree, rs_cgroup_fn *fn, void *data,
		   struct rs_error *err);

/* The path of one group by its id (open_by_handle_at(2), which takes CAP_DAC_READ_SEARCH): without
 * a walk. -ENOENT: gone, or never was; -EPERM; -EOPNOTSUPP: this kernel cannot. */
int rs_cgroup_path(const struct rs_cgroup_tree *tree, uint64_t id, char *buf, size_t size);

/* The other way round. -ENOENT. */
int rs_cgroup_id(const struct rs_cgroup_tree *tree, const char *path, uint64_t *ret_id);

/* The group that a process is in, of this hierarchy. @proc: "/proc". -ENOENT: there is no such process, or the group is
 * not below ours. */
int rs_cgroup_of_process(const struct rs_cgroup_tree *tree, const char *proc, uint32_t pid,
			 uint64_t *ret_id);

/* Who made the group at the first @len bytes of @path: root (0) when the directory is root's (that of the mount's
 * owner), else whose the directory above is, for root gives groups to others. -ENOENT. */
int rs_cgroup_maker(const struct rs_cgroup_tree *tree, const char *path, size_t len,
		    uint32_t *ret_uid);

/* A process in the group or below it, the lowest number; 0: none. */
uint32_t rs_cgroup_first_pid(const struct rs_cgroup_tree *tree, const char *path);
/* The same pid as long as it is one of them, else as above. */
uint32_t rs_cgroup_same_pid(const struct rs_cgroup_tree *tree, const char *path, uint32_t pid);
