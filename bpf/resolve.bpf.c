/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names resolved by the kernel. Between the start and the end of an unlink, rename, mkdir ... the
 * kernel asks its security modules, with the very objects that it is about to change. Where
 * functions can be traced (fentry), these programs take the paths there and leave them for the end
 * of the call, which has the result. What the process said, and may have changed since, is then not
 * used at all.
 *
 * The security_path_* functions have had the same arguments since 5.10; the index of an argument is
 * its place in the traced function's list.
 */
#include "bpf/lib/filter.h"
#include "bpf/lib/path.h"
#include "bpf/lib/syscall.h"

/*
 * The call that we are in, if it is one that will ask for a path of this kind at its end: these
 * functions are also reached from other calls (open truncates, io_uring does everything), and by
 * calls that name a descriptor.
 */
static __always_inline bool awaited(__u32 kind, int *nr, __u64 *args)
{
	struct pt_regs *regs = rs_current_regs();
	const volatile struct rs_shape *shape;
	__u32 index;

	*nr = RS_REGS_NR(regs);
	*args = rs_args_mixed(regs);
	index = *nr;
	if (index >= RS_NR_MAX)
		return false;
	asm volatile("" : "+r"(index));
	shape = &rs_shapes[index & (RS_NR_MAX - 1)];
	return shape->known && shape->fd == RS_NO_ARG &&
	       (shape->kind == kind || (shape->how & RS_SHAPE_UNLINKAT));
}

/* The record of the scratch is where the entry is put together. */
static __always_inline void stash(struct rs_held *held, int nr, __u64 args, __u32 which,
				  struct vfsmount *mnt, struct dentry *dentry)
{
	struct rs_stash_key key = { .tid = bpf_get_current_pid_tgid(), .which = which };
	struct rs_scratch *s = rs_scratch_of(held->slot, 0);
	struct rs_stash *entry;
	__u32 start, len;

	if (!s)
		return;
	rs_walk_from(held->slot, dentry, mnt);
	entry = (void *)s->record;
	start = s->walk.start;
	asm volatile("" : "+r"(start));
	start &= RS_WALK_HALF - 1;
	len = RS_WALK_HALF - start;
	if (len >= RS_PATH_MAX) /* what takes it out again reads 12 bits */
		return;
	entry->args = args;
	entry->nr = nr;
	entry->len = len;
	/* a name that is about to be made is not in the tree yet: that is no deletion */
	entry->flags = s->walk.flags & ~RS_FIELD_DELETED;
	bpf_probe_read_kernel(entry->path, len, &s->walk.path[start]);
	if (bpf_map_update_elem(&rs_stash, &key, entry, BPF_ANY))
		rs_failed(RS_FAIL_STASH_FULL);
}

/* Two names, each in a directory; one when @dentry2 is NULL. */
static __always_inline int two(__u32 kind, struct vfsmount *mnt, struct dentry *dentry,
			       struct vfsmount *mnt2, struct dentry *dentry2)
{
	struct rs_held held;
	__u64 args;
	int nr;

	if (!rs_wanted(kind) || !awaited(kind, &nr, &args) || !rs_hold(&held, RS_KIND_MAX - 1))
		return 0;
	stash(&held, nr, args, 0, mnt, dentry);
	if (dentry2)
		stash(&held, nr, args, 1, mnt2, dentry2);
	rs_release(&held);
	return 0;
}

/* One path: a name in a directory, or, when @dentry is NULL, what the struct path is. */
static __always_inline int one(__u32 kind, struct path *path, struct dentry *dentry)
{
	return two(kind, BPF_CORE_READ(path, mnt), dentry ? dentry : BPF_CORE_READ(path, dentry),
		   NULL, NULL);
}

SEC("fentry/security_path_unlink") int rs_f_unlink(__u64 *ctx)
{
	return one(RS_KIND_UNLINK, (void *)ctx[0], (void *)ctx[1]);
}

SEC("fentry/security_path_rmdir") int rs_f_rmdir(__u64 *ctx)
{
	return one(RS_KIND_RMDIR, (void *)ctx[0], (void *)ctx[1]);
}

SEC("fentry/security_path_mkdir") int rs_f_mkdir(__u64 *ctx)
{
	return one(RS_KIND_MKDIR, (void *)ctx[0], (void *)ctx[1]);
}

SEC("fentry/security_path_symlink") int rs_f_symlink(__u64 *ctx)
{
	return one(RS_KIND_SYMLINK, (void *)ctx[0], (void *)ctx[1]);
}

SEC("fentry/security_path_truncate") int rs_f_truncate(__u64 *ctx)
{
	return one(RS_KIND_TRUNCATE, (void *)ctx[0], NULL);
}

SEC("fentry/security_path_chmod") int rs_f_chmod(__u64 *ctx)
{
	return one(RS_KIND_CHMOD, (void *)ctx[0], NULL);
}

SEC("fentry/security_path_chown") int rs_f_chown(__u64 *ctx)
{
	return one(RS_KIND_CHOWN, (void *)ctx[0], NULL);
}

SEC("fentry/security_sb_mount") int rs_f_mount(__u64 *ctx)
{
	return one(RS_KIND_MOUNT, (void *)ctx[1], NULL);
}

/* What is unmounted is seen by the root of its mount. */
SEC("fentry/security_sb_umount") int rs_f_umount(__u64 *ctx)
{
	struct vfsmount *mnt = (void *)ctx[0];

	return two(RS_KIND_UMOUNT, mnt, BPF_CORE_READ(mnt, mnt_root), NULL, NULL);
}

/* security_path_link(old_dentry, new_dir, new_dentry): both on the same mount */
SEC("fentry/security_path_link") int rs_f_link(__u64 *ctx)
{
	struct path *dir = (void *)ctx[1];
	struct vfsmount *mnt = BPF_CORE_READ(dir, mnt);

	return two(RS_KIND_LINK, mnt, (void *)ctx[0], mnt, (void *)ctx[2]);
}

/* security_path_rename(old_dir, old_dentry, new_dir, new_dentry, flags) */
SEC("fentry/security_path_rename") int rs_f_rename(__u64 *ctx)
{
	struct path *from = (void *)ctx[0], *to = (void *)ctx[2];

	return two(RS_KIND_RENAME, BPF_CORE_READ(from, mnt), (void *)ctx[1], BPF_CORE_READ(to, mnt),
		   (void *)ctx[3]);
}
