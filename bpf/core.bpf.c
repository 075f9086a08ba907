/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What all sensors share: the maps, the path walk, the dispatcher of the fallback hook. */
#define RS_DEFINE
#include "bpf/lib/cputime.h"
#include "bpf/lib/filter.h"
#include "bpf/lib/name.h"
#include "bpf/lib/syscall.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

__noinline int rs_walk(__u32 slot)
{
	struct rs_scratch *s = bpf_map_lookup_elem(&rs_scratch, &slot);

	if (!s)
		return 0;
	rs_walk_run(&s->walk);
	return RS_WALK_HALF - s->walk.start;
}

/* Room for the key of the path filter: the second half of the walk's bytes, which the walk leaves alone. */
static __always_inline struct rs_prefix *prefix_key(struct rs_scratch *s)
{
	struct rs_prefix *key = (void *)&s->walk.path[RS_WALK_HALF + 512];

	__builtin_memset(key, 0, sizeof(*key));
	key->bits = RS_PREFIX_BYTES * 8;
	return key;
}

__noinline int rs_walk_wanted(__u32 slot)
{
	struct rs_scratch *s = bpf_map_lookup_elem(&rs_scratch, &slot);
	struct rs_prefix *key;
	__u32 start, len;

	if (!s)
		return 0;
	if (s->walk.flags & RS_FIELD_CUT)
		return 1;
	key = prefix_key(s);
	start = s->walk.start & (RS_WALK_HALF - 1);
	len = RS_WALK_HALF - start;
	if (len > RS_PREFIX_BYTES)
		len = RS_PREFIX_BYTES;
	bpf_probe_read_kernel(key->bytes, len, &s->walk.path[start]);
	return bpf_map_lookup_elem(&rs_filter_path, key) != NULL;
}

struct look {
	const struct rs_prefix *key;
	__u32 untidy;
};

/* Looks at one byte of the key and its neighbour. 1 when there is no need to look further. */
static long look_round(__u32 at, struct look *look)
{
	__u8 byte, next;

	asm volatile("" : "+r"(at));
	at &= 0xff;
	if (at >= RS_PREFIX_BYTES - 1) { /* it goes on behind the key: who knows where to */
		look->untidy = 1;
		return 1;
	}
	byte = look->key->bytes[at];
	next = look->key->bytes[at + 1];
	if (byte == '/' && (next == '.' || next == '/'))
		look->untidy = 1;
	return !byte || look->untidy;
}

/* "/." and "//" may mean another path than they spell. */
static __always_inline bool untidy(const struct rs_prefix *key)
{
	struct look look = { .key = key };

	RS_REPEAT(RS_PREFIX_BYTES, RS_PREFIX_BYTES, look_round, &look);
	return look.untidy;
}

__noinline int rs_arg_wanted(__u32 slot, __u32 off)
{
	struct rs_scratch *s = bpf_map_lookup_elem(&rs_scratch, &slot);
	struct rs_prefix *key;
	__u32 start, len = 0;
	__u8 *arg;

	if (!s)
		return 0;
	key = prefix_key(s);
	off += sizeof(struct rs_record_field);
	off &= RS_RECORD_HALF - 1;
	arg = &s->record[off];
	if (*arg != '/') {
		start = s->walk.start & (RS_WALK_HALF - 1);
		len = RS_WALK_HALF - start;
		if (len > RS_PREFIX_BYTES - 1)
			len = RS_PREFIX_BYTES - 1;
		bpf_probe_read_kernel(key->bytes, len, &s->walk.path[start]);
		key->bytes[len] = '/';
		if (len > 1)
			len++;
	}
	/* what does not fit lands behind the key, where nobody reads */
	bpf_probe_read_kernel_str(&key->bytes[len & 0xff], RS_PREFIX_BYTES, arg);
	return untidy(key) || bpf_map_lookup_elem(&rs_filter_path, key);
}

__noinline int rs_put_walk(__u32 slot, __u32 tag)
{
	struct rs_scratch *s = bpf_map_lookup_elem(&rs_scratch, &slot);
	__u32 off, start, len;
	__u8 *at = s ? rs_field_room(s, &off) : NULL;

	if (!at)
		return 0;
	start = s->walk.start;
	asm volatile("" : "+r"(start));
	start &= RS_WALK_HALF - 1;
	len = RS_WALK_HALF - start;
	if (len > RS_PATH_MAX)
		return 0;
	bpf_probe_read_kernel(at + sizeof(struct rs_record_field), len, &s->walk.path[start]);
	rs_field_end(s, at, off, tag, s->walk.flags, len);
	return 0;
}

__noinline int rs_put_str(__u32 slot, __u32 tag)
{
	struct rs_scratch *s = bpf_map_lookup_elem(&rs_scratch, &slot);
	__u32 off, flags = 0, len = 0;
	__u8 *at = s ? rs_field_room(s, &off) : NULL;
	long n;

	if (!at)
		return 0;
	if (s->kernel) {
		n = bpf_probe_read_kernel_str(at + sizeof(struct rs_record_field), RS_PATH_MAX,
					      (void *)s->str);
		flags = RS_FIELD_KERNEL;
	} else {
		n = bpf_probe_read_user_str(at + sizeof(struct rs_record_field), RS_PATH_MAX,
					    (void *)s->str);
	}
	if (n >= 0) {                /* 0: the empty string of a process, before Linux 5.19 */
		len = n ? n - 1 : 0; /* without the NUL */
		if (n == RS_PATH_MAX)
			flags |= RS_FIELD_CUT;
	} else {
		flags |= RS_FIELD_FAULT;
		rs_failed(RS_FAIL_ARG_FAULT);
	}
	rs_field_end(s, at, off, tag, flags, len & (RS_PATH_MAX - 1));
	return 0;
}

/*
 * Is the current process's root directory not that of its mount namespace? At boot the root file
 * system is mounted over the first, empty one, so the top of a namespace may be two mounts deep:
 * what counts is that the root's mount lies on the root of its parent.
 */
static __always_inline bool chrooted(struct task_struct *task)
{
	struct dentry *dentry = BPF_CORE_READ(task, fs, root.dentry);
	struct vfsmount *mnt = BPF_CORE_READ(task, fs, root.mnt);
	struct mount *mount = (void *)mnt - bpf_core_field_offset(struct mount, mnt);

	return dentry != BPF_CORE_READ(mnt, mnt_root) ||
	       BPF_CORE_READ(mount, mnt_mountpoint) !=
		       BPF_CORE_READ(mount, mnt_parent, mnt.mnt_root);
}

/*
 * Appends the directory that the name at @arg of the record starts from; and, where the name climbs
 * in a chroot, how far that goes. Whether the path filter can decide: the name stands alone, or the
 * scratch has the whole of where it starts.
 */
static __always_inline bool put_base(struct rs_scratch *s, __u32 slot, __u32 arg, __u32 tag)
{
	int dir = s->dir;
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct path *base;
	struct file *file;
	__u8 first;

	arg += sizeof(struct rs_record_field);
	asm volatile("" : "+r"(arg));
	first = s->record[arg & (RS_RECORD_HALF - 1)];
	if (first == '.' && chrooted(task)) {
		rs_walk_path(slot, &fs->root);
		rs_put_walk(slot, RS_TAG_ROOT);
	}
	if (first == '/') {
		if (!chrooted(task))
			return true;
		base = &fs->root;
	} else if (dir == AT_FDCWD) {
		base = &fs->pwd;
	} else {
		file = rs_fd_file(dir);
		if (!file)
			return false;
		base = &file->f_path;
	}
	rs_walk_path(slot, base);
	rs_put_walk(slot, tag);
	return first != '/' && !(s->walk.flags & RS_FIELD_CUT);
}

__noinline int rs_put_name(__u32 slot, __u32 tag)
{
	struct rs_scratch *s = bpf_map_lookup_elem(&rs_scratch, &slot);
	__u32 at;

	if (!s)
		return 0;
	at = s->used;
	rs_put_str(slot, tag + 1);
	if (s->used == at)
		return 1;
	if (!put_base(s, slot, at, tag) || !(rs_config.filters & RS_FILTER_PATH))
		return 1;
	return rs_arg_wanted(slot, at);
}

struct cgroup_search {
	struct cgroup *cgroup;
	__u64 levels;
	int found;
};

/* One level; 1 when the cgroup there was asked for, or there is no such level. */
static long cgroup_round(__u32 level, struct cgroup_search *search)
{
	__u64 id;

	if (!(search->levels >> (level & 63)))
		return 1;
	if (!(search->levels & (1ull << (level & 63))))
		return 0;
	id = rs_cgroup_at(search->cgroup, level & 63);
	search->found = id && bpf_map_lookup_elem(&rs_filter_cgroup, &id);
	return search->found;
}

__noinline int rs_cgroup_wanted(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct cgroup_search search = {
		.cgroup = rs_cgroup_of(task),
		.levels = rs_config.cgroup_levels,
	};

	RS_REPEAT(RS_CGROUP_LEVELS, RS_CGROUP_LEVELS, cgroup_round, &search);
	return search.found;
}

__noinline __u64 rs_cgroup_id(void)
{
	if (!rs_config.cgroup_v1)
		return bpf_get_current_cgroup_id();
	return rs_cgroup_id_of((void *)bpf_get_current_task());
}

__noinline int rs_identity_wanted(__u32 kind, __u32 passes)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	kind &= RS_KIND_MAX - 1;
	if (tgid == rs_config.self)
		return -1;
	if (passes && rs_kind_wanted(kind) && rs_process_wanted(tgid))
		return 0;
	return rs_config.identity & (1ull << kind) ? RS_HDR_IDENTITY : -1;
}

/* Which program serves which system call, for the fallback. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, RS_NR_MAX);
	__uint(key_size, 4);
	__uint(value_size, 4);
} rs_calls SEC(".maps");

SEC("raw_tp/sys_exit") int rs_sys_exit(struct rs_raw *ctx)
{
	struct pt_regs *regs = (void *)ctx->args[0];
	struct task_struct *task = (void *)bpf_get_current_task();

	if (RS_COMPAT(task)) /* numbers of another table */
		return 0;
	bpf_tail_call(ctx, &rs_calls, RS_REGS_NR(regs));
	return 0;
}

/*
 * Run by the agent itself, on each CPU: who am I, as the first pid namespace counts, and how far is
 * the scheduler's clock behind (see cputime.h)?
 */
SEC("raw_tp") int rs_who_am_i(struct rs_raw *ctx)
{
	(void)ctx;
	rs_config.self = bpf_get_current_pid_tgid() >> 32;
	rs_unaccounted((void *)bpf_get_current_task());
	return 0;
}
