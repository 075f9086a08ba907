/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Paths that are only a name given by the process, and the directory that the name starts from. */
#pragma once

#include "bpf/lib/path.h"

#define AT_FDCWD (-100)

/*
 * Is the current process's root directory not that of its mount namespace? At boot the root file
 * system is mounted over the first, empty one, so the top of a namespace may be two mounts deep:
 * what counts is that the root's mount lies on the root of its parent.
 */
static __always_inline bool rs_chrooted(struct task_struct *task)
{
	struct dentry *dentry = BPF_CORE_READ(task, fs, root.dentry);
	struct vfsmount *mnt = BPF_CORE_READ(task, fs, root.mnt);
	struct mount *mount = (void *)mnt - bpf_core_field_offset(struct mount, mnt);

	return dentry != BPF_CORE_READ(mnt, mnt_root) ||
	       BPF_CORE_READ(mount, mnt_mountpoint) !=
		       BPF_CORE_READ(mount, mnt_parent, mnt.mnt_root);
}

/* Appends the directory that the name at @arg of the record starts from. */
static __always_inline void rs_field_base(struct rs_scratch *s, __u32 slot, __u32 arg, int dir,
					  __u32 tag)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	const struct path *base;
	struct file *file;

	arg += sizeof(struct rs_field);
	asm volatile("" : "+r"(arg));
	if (s->record[arg & (RS_RECORD_HALF - 1)] == '/') {
		if (!rs_chrooted(task))
			return;
		base = &fs->root;
	} else if (dir == AT_FDCWD) {
		base = &fs->pwd;
	} else {
		file = rs_fd_file(dir);
		if (!file)
			return;
		base = &file->f_path;
	}
	rs_walk_path(slot, base);
	rs_field_walk(s, tag);
}

/* A name given by the process: the name, then where it starts. Does it pass the path filter? */
static __always_inline bool rs_name_fields(struct rs_scratch *s, __u32 slot, const void *name,
					   int dir, __u32 tag)
{
	__u32 at = s->used;

	rs_field_user_str(s, tag + 1, name);
	if (s->used == at)
		return true;
	rs_field_base(s, slot, at, dir, tag);
	return !(rs_config.filters & RS_FILTER_PATH) || rs_arg_wanted(slot, at);
}
