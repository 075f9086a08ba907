/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Paths from the kernel's own objects, built from the end towards the beginning. Who includes it may define
 * RS_WALK_FAILED(why), with enum rs_fail, before.
 */
#pragma once

#include "bpf/lib/kernel.h"

#ifndef RS_WALK_FAILED
#define RS_WALK_FAILED(why) ((void)(why))
#endif

/* The second half of `path` is room that the verifier asks for: an offset below the half plus a length below it. */
#define RS_WALK_HALF 4096
struct rs_walk {
	__u8 path[RS_WALK_HALF * 2];
	__u64 dentry; /* where it begins, and is */
	__u64 mnt;
	__u64 mount;
	__u64 root;
	__u32 start; /* the path is path[start .. RS_WALK_HALF) */
	__u32 flags; /* RS_FIELD_* */
};

/* Components of a path that we follow, mount points included. */
#define RS_WALK_DEPTH     2048
#define RS_WALK_DEPTH_OLD 96 /* where the verifier walks each of them */

/* One component in front of what is there; false when there is no room. */
static __always_inline bool rs_walk_prepend(struct rs_walk *w, struct dentry *dentry)
{
	__u32 len = BPF_CORE_READ(dentry, d_name.len);
	const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);
	__u32 start = w->start, at;

	len &= 0xff; /* NAME_MAX */
	if (start < len + 1)
		return false;
	start -= len;
	at = start;
	asm volatile("" : "+r"(at));
	at &= RS_WALK_HALF - 1;
	if (bpf_probe_read_kernel(&w->path[at], len, name))
		RS_WALK_FAILED(RS_FAIL_PATH_READ);
	start--;
	at = start;
	asm volatile("" : "+r"(at));
	w->path[at & (RS_WALK_HALF - 1)] = '/';
	w->start = start;
	return true;
}

static __always_inline bool rs_walk_unhashed(struct dentry *dentry)
{
	return !BPF_CORE_READ(dentry, d_hash.pprev);
}

/* Does the mount hang in a namespace's tree? Kernel-internal mounts carry an error pointer. */
static __always_inline bool rs_walk_in_tree(struct mount *mount)
{
	long ns = (long)BPF_CORE_READ(mount, mnt_ns);

	return ns && (ns < -4095 || ns > 0);
}

/* A file in no directory still has the name that its maker gave it: "memfd:NAME". */
static __always_inline void rs_walk_lone_name(struct rs_walk *w, struct dentry *dentry)
{
	const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);
	char first = 0;

	bpf_probe_read_kernel(&first, 1, name);
	if (first != '/')
		rs_walk_prepend(w, dentry);
}

/* From the root of a mount to the directory that it lies on; false at the top of the tree. */
static __always_inline bool rs_walk_cross(struct rs_walk *w, struct dentry *dentry)
{
	struct mount *mount = (void *)w->mount, *above = BPF_CORE_READ(mount, mnt_parent);

	if ((__u64)dentry != w->root) {
		w->flags |= RS_FIELD_DETACHED;
		rs_walk_lone_name(w, dentry);
		return false;
	}
	if (above == mount) {
		if (!rs_walk_in_tree(mount))
			w->flags |= RS_FIELD_DETACHED;
		return false;
	}
	w->dentry = (__u64)BPF_CORE_READ(mount, mnt_mountpoint);
	w->mount = (__u64)above;
	w->root = (__u64)BPF_CORE_READ(above, mnt.mnt_root);
	return true;
}

/* One component, or one mount point. False at the end. */
static __always_inline bool rs_walk_step(struct rs_walk *w)
{
	struct dentry *dentry = (void *)w->dentry, *parent = BPF_CORE_READ(dentry, d_parent);

	if ((__u64)dentry == w->root || dentry == parent)
		return rs_walk_cross(w, dentry);
	if (!rs_walk_prepend(w, dentry)) {
		w->flags |= RS_FIELD_CUT;
		RS_WALK_FAILED(RS_FAIL_PATH_LONG);
		return false;
	}
	w->dentry = (__u64)parent;
	return true;
}

static __always_inline void rs_walk_begin(struct rs_walk *w)
{
	struct dentry *dentry = (void *)w->dentry;
	struct vfsmount *mnt = (void *)w->mnt;

	w->start = RS_WALK_HALF;
	w->flags = 0;
	w->mount = w->mnt - bpf_core_field_offset(struct mount, mnt);
	w->root = (__u64)BPF_CORE_READ(mnt, mnt_root);
	if ((__u64)dentry != w->root && rs_walk_unhashed(dentry))
		w->flags = RS_FIELD_DELETED;
}

static long rs_walk_round(__u32 round, struct rs_walk **w)
{
	(void)round;
	return !rs_walk_step(*w);
}

/*
 * Leaves the absolute path of w->dentry on w->mnt in w. Where it is stands in memory, so that to the verifier each
 * round begins like the last.
 */
static __always_inline void rs_walk_run(struct rs_walk *w)
{
	rs_walk_begin(w);
	if (RS_REPEAT(RS_WALK_DEPTH, RS_WALK_DEPTH_OLD, rs_walk_round, &w)) {
		w->flags |= RS_FIELD_CUT;
		RS_WALK_FAILED(RS_FAIL_PATH_DEEP);
	}
	if (w->start == RS_WALK_HALF) { /* the root itself */
		w->start = RS_WALK_HALF - 1;
		w->path[RS_WALK_HALF - 1] = '/';
	}
}

/* The file behind a descriptor of the current process, NULL if there is none. */
static __always_inline struct file *rs_fd_file(int fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct file **files, *file = NULL;

	if (fd < 0 || (__u32)fd >= BPF_CORE_READ(fdt, max_fds))
		return NULL;
	files = BPF_CORE_READ(fdt, fd);
	if (bpf_probe_read_kernel(&file, sizeof(file), files + fd))
		RS_WALK_FAILED(RS_FAIL_FD_READ);
	return file;
}
