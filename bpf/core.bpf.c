/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What all sensors share: the maps, the path walk, the dispatcher of the fallback hook. */
#define RS_DEFINE
#include "bpf/lib/cputime.h"
#include "bpf/lib/filter.h"
#include "bpf/lib/name.h"
#include "bpf/lib/syscall.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Components of a path that we follow, mount points included. */
#define WALK_DEPTH     2048
#define WALK_DEPTH_OLD 96 /* where the verifier walks each of them */

/* One component in front of what is there; false when there is no room. */
static __always_inline bool prepend(struct rs_scratch *s, struct dentry *dentry)
{
	__u32 len = BPF_CORE_READ(dentry, d_name.len);
	const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);
	__u32 start = s->walk_start, at;

	len &= 0xff; /* NAME_MAX */
	if (start < len + 1)
		return false;
	start -= len;
	at = start;
	asm volatile("" : "+r"(at));
	at &= RS_WALK_HALF - 1;
	if (bpf_probe_read_kernel(&s->walk[at], len, name))
		rs_failed(RS_FAIL_PATH_READ);
	start--;
	at = start;
	asm volatile("" : "+r"(at));
	s->walk[at & (RS_WALK_HALF - 1)] = '/';
	s->walk_start = start;
	return true;
}

static __always_inline bool unhashed(struct dentry *dentry)
{
	return !BPF_CORE_READ(dentry, d_hash.pprev);
}

/* Does the mount hang in a namespace's tree? Kernel-internal mounts carry an error pointer. */
static __always_inline bool in_tree(struct mount *mount)
{
	long ns = (long)BPF_CORE_READ(mount, mnt_ns);

	return ns && (ns < -4095 || ns > 0);
}

/* A file in no directory still has the name that its maker gave it: "memfd:NAME". */
static __always_inline void lone_name(struct rs_scratch *s, struct dentry *dentry)
{
	const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);
	char first = 0;

	bpf_probe_read_kernel(&first, 1, name);
	if (first != '/')
		prepend(s, dentry);
}

/* From the root of a mount to the directory that it lies on; false at the top of the tree. */
static __always_inline bool cross_mount(struct rs_scratch *s, struct dentry *dentry)
{
	struct mount *mount = (void *)s->walk_mount, *above = BPF_CORE_READ(mount, mnt_parent);

	if ((__u64)dentry != s->walk_root) {
		s->walk_flags |= RS_FIELD_DETACHED;
		lone_name(s, dentry);
		return false;
	}
	if (above == mount) {
		if (!in_tree(mount))
			s->walk_flags |= RS_FIELD_DETACHED;
		return false;
	}
	s->walk_dentry = (__u64)BPF_CORE_READ(mount, mnt_mountpoint);
	s->walk_mount = (__u64)above;
	s->walk_root = (__u64)BPF_CORE_READ(above, mnt.mnt_root);
	return true;
}

/* One component, or one mount point. False at the end. */
static __always_inline bool step(struct rs_scratch *s)
{
	struct dentry *dentry = (void *)s->walk_dentry, *parent = BPF_CORE_READ(dentry, d_parent);

	if ((__u64)dentry == s->walk_root || dentry == parent)
		return cross_mount(s, dentry);
	if (!prepend(s, dentry)) {
		s->walk_flags |= RS_FIELD_CUT;
		rs_failed(RS_FAIL_PATH_LONG);
		return false;
	}
	s->walk_dentry = (__u64)parent;
	return true;
}

static __always_inline void walk_begin(struct rs_scratch *s)
{
	struct dentry *dentry = (void *)s->walk_dentry;
	struct vfsmount *mnt = (void *)s->walk_mnt;

	s->walk_start = RS_WALK_HALF;
	s->walk_flags = 0;
	s->walk_mount = s->walk_mnt - bpf_core_field_offset(struct mount, mnt);
	s->walk_root = (__u64)BPF_CORE_READ(mnt, mnt_root);
	if ((__u64)dentry != s->walk_root && unhashed(dentry))
		s->walk_flags = RS_FIELD_DELETED;
}

static long walk_round(__u32 round, struct rs_scratch **s)
{
	(void)round;
	return !step(*s);
}

/* Where it is stands in the scratch, so that to the verifier each round begins like the last. */
__noinline int rs_walk(__u32 slot)
{
	struct rs_scratch *s = bpf_map_lookup_elem(&rs_scratch, &slot);

	if (!s)
		return 0;
	walk_begin(s);
	if (RS_REPEAT(WALK_DEPTH, WALK_DEPTH_OLD, walk_round, &s)) {
		s->walk_flags |= RS_FIELD_CUT;
		rs_failed(RS_FAIL_PATH_DEEP);
	}
	if (s->walk_start == RS_WALK_HALF) { /* the root itself */
		s->walk_start = RS_WALK_HALF - 1;
		s->walk[RS_WALK_HALF - 1] = '/';
	}
	return RS_WALK_HALF - s->walk_start;
}

/* Room for the key of the path filter: the second half of `walk`, which the walk leaves alone. */
static __always_inline struct rs_prefix *prefix_key(struct rs_scratch *s)
{
	struct rs_prefix *key = (void *)&s->walk[RS_WALK_HALF + 512];

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
	if (s->walk_flags & RS_FIELD_CUT)
		return 1;
	key = prefix_key(s);
	start = s->walk_start & (RS_WALK_HALF - 1);
	len = RS_WALK_HALF - start;
	if (len > RS_PREFIX_BYTES)
		len = RS_PREFIX_BYTES;
	bpf_probe_read_kernel(key->bytes, len, &s->walk[start]);
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
		start = s->walk_start & (RS_WALK_HALF - 1);
		len = RS_WALK_HALF - start;
		if (len > RS_PREFIX_BYTES - 1)
			len = RS_PREFIX_BYTES - 1;
		bpf_probe_read_kernel(key->bytes, len, &s->walk[start]);
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
	start = s->walk_start;
	asm volatile("" : "+r"(start));
	start &= RS_WALK_HALF - 1;
	len = RS_WALK_HALF - start;
	if (len > RS_PATH_MAX)
		return 0;
	bpf_probe_read_kernel(at + sizeof(struct rs_record_field), len, &s->walk[start]);
	rs_field_end(s, at, off, tag, s->walk_flags, len);
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
	return first != '/' && !(s->walk_flags & RS_FIELD_CUT);
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
