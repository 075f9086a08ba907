/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Paths from the kernel's own objects. */
#pragma once

#include "bpf/lib/record.h"

/*
 * Leaves the absolute path of walk.dentry on walk.mnt in the scratch of lane @slot: walk,
 * walk.start, walk.flags. Absolute means up to the root of the mount namespace, whatever the
 * process's root directory is. Returns its length. The pointers come through the scratch, which
 * makes numbers of them, so that the function is verified once and not for each caller.
 */
int rs_walk(__u32 slot);

/* Does the path that rs_walk() left pass the path filter? */
int rs_walk_wanted(__u32 slot);

/*
 * The same for a path given by the process, whose field begins at @off of the record, relative to
 * what rs_walk() left (or absolute). Passes when in doubt: the agent decides after tidying it up.
 */
int rs_arg_wanted(__u32 slot, __u32 off);

static __always_inline int rs_walk_from(__u32 slot, struct dentry *dentry, struct vfsmount *mnt)
{
	struct rs_scratch *s = bpf_map_lookup_elem(&rs_scratch, &slot);

	if (!s)
		return 0;
	s->walk.dentry = (__u64)dentry;
	s->walk.mnt = (__u64)mnt;
	return rs_walk(slot);
}

static __always_inline int rs_walk_path(__u32 slot, struct path *path)
{
	return rs_walk_from(slot, BPF_CORE_READ(path, dentry), BPF_CORE_READ(path, mnt));
}
