/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What all sensors share: the maps, the path walk, the dispatcher of the fallback hook. */
#define RS_DEFINE
#include "bpf/lib/path.h"
#include "bpf/lib/syscall.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Components of a path that we follow, mount points included. */
#define RS_WALK_DEPTH 160

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

__noinline int rs_walk(__u32 slot, __u64 dentry_, __u64 mnt_)
{
	struct dentry *dentry = (void *)dentry_, *parent, *root;
	struct vfsmount *mnt = (void *)mnt_;
	struct mount *mount = (void *)mnt_ - bpf_core_field_offset(struct mount, mnt), *above;
	struct rs_scratch *s = bpf_map_lookup_elem(&rs_scratch, &slot);
	int i;

	if (!s)
		return 0;
	s->walk_start = RS_WALK_HALF;
	s->walk_flags = 0;
	root = BPF_CORE_READ(mnt, mnt_root);
	if (dentry != root && unhashed(dentry))
		s->walk_flags = RS_FIELD_DELETED;
	for (i = 0; i < RS_WALK_DEPTH; i++) {
		parent = BPF_CORE_READ(dentry, d_parent);
		if (dentry == root || dentry == parent) {
			above = BPF_CORE_READ(mount, mnt_parent);
			if (above == mount || dentry != root) {
				if (dentry != root || !in_tree(mount))
					s->walk_flags |= RS_FIELD_DETACHED;
				break;
			}
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = above;
			root = BPF_CORE_READ(mount, mnt.mnt_root);
			continue;
		}
		if (!prepend(s, dentry)) {
			s->walk_flags |= RS_FIELD_CUT;
			rs_failed(RS_FAIL_PATH_LONG);
			break;
		}
		dentry = parent;
	}
	if (i == RS_WALK_DEPTH) {
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

/* "/." and "//" may mean another path than they spell. */
static __always_inline bool untidy(const struct rs_prefix *key)
{
	for (int i = 0; i < RS_PREFIX_BYTES - 1; i++) {
		if (!key->bytes[i])
			return false;
		if (key->bytes[i] == '/' && (key->bytes[i + 1] == '.' || key->bytes[i + 1] == '/'))
			return true;
	}
	return false;
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
	off += sizeof(struct rs_field);
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

	bpf_tail_call(ctx, &rs_calls, RS_REGS_NR(regs));
	return 0;
}

/* Run once, by the agent itself: who am I, as the first pid namespace counts? */
SEC("raw_tp") int rs_who_am_i(struct rs_raw *ctx)
{
	(void)ctx;
	rs_config.self = bpf_get_current_pid_tgid() >> 32;
	return 0;
}
