/* SPDX-License-Identifier: Apache-2.0 */
/* Where file systems are mounted, as this process sees it: proc_pid_mountinfo(5). */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One line of mountinfo, names unescaped. */
struct rs_mount {
	char root[PATH_MAX];  /* directory of the file system that is mounted here, "/" mostly */
	char point[PATH_MAX]; /* where */
	char type[32];        /* "cgroup2" */
	char options[256];    /* of the file system, "rw,pids"; cut when longer */
	uint32_t dev;         /* as the kernel has it: major << 20 | minor */
	bool readonly;
};

/* Not 0 ends the walk, which returns it. The mount is valid during the call. */
typedef int rs_mounts_fn(void *arg, const struct rs_mount *mount);

/* Calls @fn for each line of the text of a mountinfo file; lines that make no sense are skipped. */
int rs_mounts_parse(const char *text, size_t size, rs_mounts_fn *fn, void *arg);

/* The same for this process's own mounts. What @fn returned, 0, or -errno from reading /proc. */
int rs_mounts_walk(rs_mounts_fn *fn, void *arg);

/*
 * Finds where a file system of @type with statfs(2) magic @magic can be reached: the magic tells
 * mounts that another one covers. Mounts of the file system's own root are preferred. 0, -ENOENT
 * when it is nowhere, -ENAMETOOLONG, or -errno from reading /proc.
 */
int rs_mounts_find(const char *type, long magic, char *buf, size_t size);

/*
 * A mount of our own of a file system without a device, in no tree (fsopen(2) and fsmount(2),
 * Linux 5.2): nobody else sees it and it is gone with its descriptor. For the kernel's own file
 * systems (tracefs, securityfs) it is the same instance that everybody mounts. Returns an O_PATH
 * descriptor, or -errno: -EPERM without CAP_SYS_ADMIN, -ENODEV for one that the kernel lacks.
 */
int rs_mounts_open_detached(const char *type);
