/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The file sensor: one program for the system calls that name files, driven by the rows of
 * rs_shapes. An open file is resolved from the kernel's own objects; so is what a hook inside the
 * call saw (resolve.bpf.c). Where only a name was given, and nothing is left of it when the call
 * returns, the name is the process's argument, and the directory it starts from is the kernel's.
 */
#include "bpf/abi/file.h"
#include "bpf/lib/filter.h"
#include "bpf/lib/name.h"
#include "bpf/lib/syscall.h"

#define AT_REMOVEDIR 0x200
/* O_CREAT | O_WRONLY | O_TRUNC: the same numbers on x86 and arm64 */
#define CREAT_FLAGS 01101
#define O_CREAT     0100
/* fmode_t: the open made the file; since 4.19 (73a09dd94377) */
#define FMODE_CREATED 0x100000

struct open_how {
	__u64 flags, mode, resolve;
};

struct file___mode {
	unsigned int f_mode;
} __core;

/* What one call is about, gathered before the record is written. */
struct subject {
	const volatile struct rs_shape *shape;
	struct rs_scratch *s; /* holds the arguments */
	struct file *file;    /* the open file, where there is one */
	__u32 kind;
	__u32 flags;
	__u32 mode;
	int fd;
};

static __always_inline void subject_open(struct subject *sub, const struct rs_call *call)
{
	__u8 how = sub->shape->how;
	struct file *file;
	struct file___mode *file_mode;

	sub->fd = call->ret < 0 ? -1 : call->ret;
	sub->file = file = rs_fd_file(sub->fd);
	if (how & RS_SHAPE_CREAT)
		sub->flags = CREAT_FLAGS;
	if (how & RS_SHAPE_HOW) {
		struct open_how open_how = {};

		bpf_probe_read_user(&open_how, sizeof(open_how),
				    (void *)rs_row_arg(sub->s, sub->shape->flags));
		sub->flags = open_how.flags;
		sub->mode = open_how.mode;
	}
	file_mode = (void *)file;
	if (file && (BPF_CORE_READ(file_mode, f_mode) & FMODE_CREATED))
		sub->kind = RS_KIND_CREATE;
}

static __always_inline void subject_fill(struct subject *sub, const struct rs_call *call)
{
	const volatile struct rs_shape *shape = sub->shape;

	sub->kind = shape->kind;
	sub->flags = rs_row_arg(sub->s, shape->flags);
	sub->mode = rs_row_arg(sub->s, shape->mode);
	sub->fd = -1;
	sub->file = NULL;
	if (shape->how & RS_SHAPE_CREATES) {
		subject_open(sub, call);
	} else if (shape->fd != RS_NO_ARG) {
		sub->fd = rs_row_arg(sub->s, shape->fd);
		sub->file = rs_fd_file(sub->fd);
	} else if ((shape->how & RS_SHAPE_UNLINKAT) && (sub->flags & AT_REMOVEDIR)) {
		sub->kind = RS_KIND_RMDIR;
	}
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

static __always_inline void file_fixed(struct rs_file *rec, const struct subject *sub)
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
		rec->uid = rs_row_arg(sub->s, shape->a);
		rec->gid = rs_row_arg(sub->s, shape->b);
	}
	if (shape->how & RS_SHAPE_LENGTH)
		rec->length = rs_row_arg(sub->s, shape->a);
}

static __always_inline int dir_of(const struct subject *sub, __u8 index)
{
	return index == RS_NO_ARG ? AT_FDCWD : (int)rs_row_arg(sub->s, index);
}

/*
 * Takes the path that a hook inside the call left for us (resolve.bpf.c), as if it had been walked
 * just now. False where there is none, or one of another call, which did not come to its end.
 */
static __always_inline bool take_stash(const struct subject *sub, const struct rs_call *call,
				       __u32 which)
{
	struct rs_stash_key key = { .tid = bpf_get_current_pid_tgid(), .which = which };
	struct rs_stash *entry = rs_resolved ? bpf_map_lookup_elem(&rs_stash, &key) : NULL;
	bool fits;
	__u32 len;

	if (!entry)
		return false;
	fits = entry->nr == call->nr && entry->args == rs_args_mixed(call->regs);
	len = entry->len;
	asm volatile("" : "+r"(len));
	len &= RS_PATH_MAX - 1;
	sub->s->walk.flags = entry->flags;
	sub->s->walk.start = RS_WALK_HALF - len;
	bpf_probe_read_kernel(&sub->s->walk.path[(RS_WALK_HALF - len) & (RS_WALK_HALF - 1)], len,
			      entry->path);
	bpf_map_delete_elem(&rs_stash, &key);
	return fits;
}

static __always_inline bool put_walk(__u32 slot, __u32 tag)
{
	rs_put_walk(slot, tag);
	return !(rs_config.filters & RS_FILTER_PATH) || rs_walk_wanted(slot);
}

/* The first path; whether it passes the path filter. */
static __always_inline bool first_path(const struct subject *sub, const struct rs_call *call,
				       __u32 slot)
{
	const volatile struct rs_shape *shape = sub->shape;
	struct file *file = sub->file;

	if (file) {
		rs_walk_path(slot, &file->f_path);
		return put_walk(slot, RS_TAG_PATH);
	}
	if (take_stash(sub, call, 0))
		return put_walk(slot, RS_TAG_PATH);
	if (shape->path == RS_NO_ARG)
		return !(rs_config.filters & RS_FILTER_PATH);
	return rs_name_fields(sub->s, slot, (void *)rs_row_arg(sub->s, shape->path),
			      dir_of(sub, shape->dir), RS_TAG_BASE);
}

/* The second one, or the string that takes its place. */
static __always_inline bool second_path(const struct subject *sub, const struct rs_call *call,
					__u32 slot)
{
	const volatile struct rs_shape *shape = sub->shape;
	void *name = (void *)rs_row_arg(sub->s, shape->path2);

	if (shape->path2 == RS_NO_ARG)
		return false;
	if (shape->how & (RS_SHAPE_NAME2 | RS_SHAPE_SOURCE)) {
		rs_field_user_str(sub->s, shape->how & RS_SHAPE_NAME2 ? RS_TAG_NAME : RS_TAG_ARG2,
				  name);
		return false;
	}
	if (take_stash(sub, call, 1))
		return put_walk(slot, RS_TAG_PATH2);
	return rs_name_fields(sub->s, slot, name, dir_of(sub, shape->dir2), RS_TAG_BASE2);
}

static __always_inline void file_record(struct rs_held *held, const struct subject *sub,
					const struct rs_call *call)
{
	const volatile struct rs_shape *shape = sub->shape;
	struct rs_file *rec = (void *)sub->s->record;
	bool wanted = first_path(sub, call, held->slot);

	wanted |= second_path(sub, call, held->slot);
	if (!wanted)
		return;
	rs_count_generated(held, sub->kind);
	rs_head(&rec->hdr, held, sub->kind, call->hook, 0, call->nr, call->ret);
	file_fixed(rec, sub);
	if (shape->name != RS_NO_ARG)
		rs_field_user_str(sub->s, RS_TAG_NAME, (void *)rs_row_arg(sub->s, shape->name));
	if (shape->type != RS_NO_ARG && rs_row_arg(sub->s, shape->type))
		rs_field_user_str(sub->s, RS_TAG_TYPE, (void *)rs_row_arg(sub->s, shape->type));
	rs_output(held, sub->s);
}

/*
 * An open that can make no file, where only made ones are asked for: known by its flags, before
 * anything else is looked at, for opens are what programs do most.
 */
static __always_inline bool makes_nothing(const volatile struct rs_shape *shape,
					  const struct rs_call *call)
{
	return (shape->how & RS_SHAPE_CREATES) && !(shape->how & (RS_SHAPE_HOW | RS_SHAPE_CREAT)) &&
	       !rs_kind_wanted(RS_KIND_OPEN) && !(rs_arg(call, shape->flags) & O_CREAT);
}

static __always_inline int file_call(const struct rs_call *call)
{
	struct subject sub = { .shape = rs_shape_of(call) };
	struct rs_held held;

	if (!sub.shape || !sub.shape->known || makes_nothing(sub.shape, call) ||
	    !rs_process_wanted(bpf_get_current_pid_tgid() >> 32) ||
	    !rs_hold(&held, sub.shape->kind))
		return 0;
	sub.s = rs_scratch_of(held.slot, sizeof(struct rs_file));
	if (sub.s) {
		rs_args_to_scratch(call, sub.s);
		subject_fill(&sub, call);
		if (rs_kind_wanted(sub.kind & 63))
			file_record(&held, &sub, call);
	}
	rs_release(&held);
	return 0;
}

RS_SYSCALL_PROGRAMS(file, file_call)
