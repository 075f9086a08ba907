/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The file sensor: one program for the system calls that name files, driven by the rows of
 * rs_shapes. An open file is resolved from the kernel's own objects. Where only a name was given
 * and nothing is left of it when the call returns (unlink, rename), the name is the process's
 * argument, and the directory it starts from is the kernel's.
 */
#include "bpf/abi/file.h"
#include "bpf/lib/filter.h"
#include "bpf/lib/name.h"
#include "bpf/lib/syscall.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define AT_REMOVEDIR 0x200
/* O_CREAT | O_WRONLY | O_TRUNC: the same numbers on x86 and arm64 */
#define CREAT_FLAGS 01101
/* fmode_t: the open made the file; since 4.19 (73a09dd94377) */
#define FMODE_CREATED 0x100000

struct open_how {
	__u64 flags, mode, resolve;
};

struct file___mode {
	unsigned int f_mode;
} __core;

/* What one call is about, gathered before a record is begun. */
struct subject {
	const volatile struct rs_shape *shape;
	struct file *file; /* the open file, where there is one */
	__u32 kind;
	__u32 flags;
	__u32 mode;
	int fd;
};

static __always_inline __u64 shape_arg(const struct rs_call *call, __u8 index, __u64 none)
{
	return index == RS_NO_ARG ? none : rs_arg(call, index);
}

static __always_inline void subject_open(struct subject *sub, const struct rs_call *call)
{
	const volatile struct rs_shape *shape = sub->shape;
	struct file *file;
	struct file___mode *file_mode;

	sub->fd = call->ret < 0 ? -1 : call->ret;
	sub->file = file = rs_fd_file(sub->fd);
	if (shape->how & RS_SHAPE_CREAT)
		sub->flags = CREAT_FLAGS;
	if (shape->how & RS_SHAPE_HOW) {
		struct open_how how = {};

		bpf_probe_read_user(&how, sizeof(how), (void *)rs_arg(call, shape->flags));
		sub->flags = how.flags;
		sub->mode = how.mode;
	}
	file_mode = (void *)file;
	if (file && (BPF_CORE_READ(file_mode, f_mode) & FMODE_CREATED))
		sub->kind = RS_KIND_CREATE;
}

static __always_inline bool subject_of(struct subject *sub, const struct rs_call *call)
{
	const volatile struct rs_shape *shape = sub->shape = rs_shape_of(call);

	if (!shape || !shape->known)
		return false;
	sub->kind = shape->kind;
	sub->flags = shape_arg(call, shape->flags, 0);
	sub->mode = shape_arg(call, shape->mode, 0);
	sub->fd = -1;
	sub->file = NULL;
	if (shape->how & RS_SHAPE_CREATES) {
		subject_open(sub, call);
	} else if (shape->fd != RS_NO_ARG) {
		sub->fd = rs_arg(call, shape->fd);
		sub->file = rs_fd_file(sub->fd);
	} else if ((shape->how & RS_SHAPE_UNLINKAT) && (sub->flags & AT_REMOVEDIR)) {
		sub->kind = RS_KIND_RMDIR;
	}
	return true;
}

static __always_inline void file_inode(struct rs_file *rec, struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	rec->ino = BPF_CORE_READ(inode, i_ino);
	rec->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	rec->uid = BPF_CORE_READ(inode, i_uid.val);
	rec->gid = BPF_CORE_READ(inode, i_gid.val);
	if (!rec->mode)
		rec->mode = BPF_CORE_READ(inode, i_mode);
}

static __always_inline void file_fixed(struct rs_file *rec, const struct subject *sub,
				       const struct rs_call *call)
{
	const volatile struct rs_shape *shape = sub->shape;

	rec->ino = 0;
	rec->dev = 0;
	rec->uid = rec->gid = -1;
	rec->length = 0;
	rec->mode = sub->mode;
	rec->flags = sub->flags;
	rec->fd = sub->fd;
	if (sub->file)
		file_inode(rec, sub->file);
	if (shape->how & RS_SHAPE_COPY_OWNER) {
		rec->uid = shape_arg(call, shape->a, 0);
		rec->gid = shape_arg(call, shape->b, 0);
	}
	if (shape->how & RS_SHAPE_LENGTH)
		rec->length = shape_arg(call, shape->a, 0);
}

/* The paths of the event; whether it passes the path filter by one of them. */
static __always_inline bool file_paths(struct rs_scratch *s, __u32 slot, const struct subject *sub,
				       const struct rs_call *call)
{
	const volatile struct rs_shape *shape = sub->shape;
	bool wanted = true;

	if (sub->file) {
		rs_walk_path(slot, &sub->file->f_path);
		rs_field_walk(s, RS_TAG_PATH);
		if (rs_config.filters & RS_FILTER_PATH)
			wanted = rs_walk_wanted(slot);
	} else if (shape->path != RS_NO_ARG) {
		wanted = rs_name_fields(s, slot, (void *)rs_arg(call, shape->path),
					shape_arg(call, shape->dir, AT_FDCWD), RS_TAG_BASE);
	}
	if (shape->path2 == RS_NO_ARG)
		return wanted;
	if (shape->how & (RS_SHAPE_NAME2 | RS_SHAPE_SOURCE)) {
		rs_field_user_str(s, shape->how & RS_SHAPE_NAME2 ? RS_TAG_NAME : RS_TAG_ARG2,
				  (void *)rs_arg(call, shape->path2));
		return wanted;
	}
	return rs_name_fields(s, slot, (void *)rs_arg(call, shape->path2),
			      shape_arg(call, shape->dir2, AT_FDCWD), RS_TAG_BASE2) ||
	       wanted;
}

static __always_inline void file_record(struct rs_held *held, const struct subject *sub,
					const struct rs_call *call)
{
	const volatile struct rs_shape *shape = sub->shape;
	struct rs_scratch *s = rs_scratch_of(held->slot, sizeof(struct rs_file));
	struct rs_file *rec;

	if (!s || !file_paths(s, held->slot, sub, call))
		return;
	rs_count_generated(held, sub->kind);
	rec = (void *)s->record;
	rs_head(&rec->hdr, held, sub->kind, call->hook, 0, call->nr, call->ret);
	file_fixed(rec, sub, call);
	if (shape->name != RS_NO_ARG)
		rs_field_user_str(s, RS_TAG_NAME, (void *)rs_arg(call, shape->name));
	if (shape->type != RS_NO_ARG && rs_arg(call, shape->type))
		rs_field_user_str(s, RS_TAG_TYPE, (void *)rs_arg(call, shape->type));
	rs_output(held, s);
}

static __always_inline int file_call(const struct rs_call *call)
{
	struct subject sub;
	struct rs_held held;

	if (!rs_process_wanted(bpf_get_current_pid_tgid() >> 32) || !subject_of(&sub, call))
		return 0;
	if (!rs_kind_wanted(sub.kind & 63) || !rs_hold(&held, sub.kind))
		return 0;
	file_record(&held, &sub, call);
	rs_release(&held);
	return 0;
}

RS_SYSCALL_PROGRAMS(file, file_call)
