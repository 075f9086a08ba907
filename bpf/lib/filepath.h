/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The path of a file, for the objects in bpf/tools: as the root of its mount namespace sees it, written from its end towards
 * its beginning. What does not fit is left out in front: the path then does not begin with "/".
 */
#pragma once

#include "bpf/lib/kernel.h"

#define RS_FILEPATH_MAX   256 /* bytes */
#define RS_FILEPATH_DEPTH 40
#define RS_FILEPATH_OLD   16 /* where loops are verified round by round */

/* The path is text[start .. RS_FILEPATH_MAX). The second half is room that the verifier asks for. */
struct rs_filepath {
	__u64 dentry, mount, root;
	__u32 start;
	__u32 cut;
	char text[2 * RS_FILEPATH_MAX];
};

static __always_inline bool rs_filepath_prepend(struct rs_filepath *p, struct dentry *dentry)
{
	__u32 len = BPF_CORE_READ(dentry, d_name.len), start = p->start;

	if (len + 1 > start) {
		p->cut = 1;
		return false;
	}
	start -= len;
	asm volatile("" : "+r"(start), "+r"(len));
	bpf_probe_read_kernel(&p->text[start & (RS_FILEPATH_MAX - 1)], len & (RS_FILEPATH_MAX - 1),
			      BPF_CORE_READ(dentry, d_name.name));
	start--;
	asm volatile("" : "+r"(start));
	p->text[start & (RS_FILEPATH_MAX - 1)] = '/';
	p->start = start;
	return true;
}

/* From the root of a mount to the directory that it lies on; false at the top. */
static __always_inline bool rs_filepath_cross(struct rs_filepath *p)
{
	struct mount *mount = (void *)p->mount, *above = BPF_CORE_READ(mount, mnt_parent);

	if (p->dentry != p->root || above == mount)
		return false;
	p->dentry = (__u64)BPF_CORE_READ(mount, mnt_mountpoint);
	p->mount = (__u64)above;
	p->root = (__u64)BPF_CORE_READ(above, mnt.mnt_root);
	return true;
}

static long rs_filepath_step(__u32 round, struct rs_filepath **ctx)
{
	struct rs_filepath *p = *ctx;
	struct dentry *dentry = (void *)p->dentry, *parent = BPF_CORE_READ(dentry, d_parent);

	(void)round;
	if (p->dentry == p->root || dentry == parent)
		return !rs_filepath_cross(p);
	if (!rs_filepath_prepend(p, dentry))
		return 1;
	p->dentry = (__u64)parent;
	return 0;
}

/* Begins at the file's own name; its length, which may be 0 (pipes, sockets). */
static __always_inline __u32 rs_filepath(struct rs_filepath *p, struct file *file)
{
	struct vfsmount *mnt = BPF_CORE_READ(file, f_path.mnt);

	p->dentry = (__u64)BPF_CORE_READ(file, f_path.dentry);
	p->mount = (__u64)mnt - bpf_core_field_offset(struct mount, mnt);
	p->root = (__u64)BPF_CORE_READ(mnt, mnt_root);
	p->start = RS_FILEPATH_MAX;
	p->cut = 0;
	RS_REPEAT(RS_FILEPATH_DEPTH, RS_FILEPATH_OLD, rs_filepath_step, &p);
	return RS_FILEPATH_MAX - p->start;
}

/* The file behind a descriptor of the current process; NULL: none. */
static __always_inline struct file *rs_file_of_fd(__u32 fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct file **files, *file = NULL;

	if (fd >= BPF_CORE_READ(fdt, max_fds))
		return NULL;
	files = BPF_CORE_READ(fdt, fd);
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file;
}
