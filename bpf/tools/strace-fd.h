/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What descriptors are, and whether a call is on a path that is asked for. */
#pragma once

#include "bpf/lib/socks.h"
#include "bpf/lib/walk.h"
#include "bpf/tools/strace-place.h"

/* Where paths are built. One at a time on each CPU; where programs can be preempted the second waits for nobody. */
struct scratch {
	__u64 busy;
	struct rs_walk walk;
	struct rs_strace_path key;
	__u8 room[RS_STRACE_PATH_KEY]; /* that the verifier asks for */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct scratch);
} rs_strace_scratch SEC(".maps");

#define S_IFMT   0170000
#define S_IFSOCK 0140000

static __always_inline struct scratch *hold_scratch(void)
{
	for (__u32 i = 0; i < 2; i++) {
		__u32 slot = i;
		struct scratch *s = bpf_map_lookup_elem(&rs_strace_scratch, &slot);

		if (!s)
			return NULL;
		if (rs_take(&s->busy))
			return s;
	}
	lost(RS_STRACE_LOST_FDS);
	return NULL;
}

static __always_inline void release_scratch(struct scratch *s)
{
	s->busy = 0;
}

/* Is the path that was walked one that is asked for? */
static __always_inline bool walk_wanted(struct scratch *s)
{
	__u32 start = s->walk.start & (RS_WALK_HALF - 1), len = RS_WALK_HALF - start;

	if (len >= RS_STRACE_PATH_KEY)
		return false;
	__builtin_memset(&s->key, 0, sizeof(s->key));
	bpf_probe_read_kernel(s->key.path, len & (RS_STRACE_PATH_KEY - 1), &s->walk.path[start]);
	return bpf_map_lookup_elem(&rs_strace_paths, &s->key);
}

/* The same of a path that the call is given, as it is spelt. */
static __always_inline bool arg_wanted(const struct rs_strace_thread *t, __u32 arg)
{
	struct scratch *s = hold_scratch();
	bool wanted;

	if (!s)
		return true; /* in doubt */
	__builtin_memset(&s->key, 0, sizeof(s->key));
	bpf_probe_read_user_str(s->key.path, sizeof(s->key.path), (void *)arg_of(t, arg));
	wanted = bpf_map_lookup_elem(&rs_strace_paths, &s->key);
	release_scratch(s);
	return wanted;
}

static __always_inline __u32 append_walk(struct rs_strace_thread *t, __u32 at, struct rs_walk *w)
{
	__u32 start = w->start, len;

	asm volatile("" : "+r"(start));
	start &= RS_WALK_HALF - 1;
	len = RS_WALK_HALF - start;
	if (len > RS_WALK_HALF)
		return 0;
	bpf_probe_read_kernel(&t->parts[at & (RS_STRACE_HALF - 1)], len, &w->path[start]);
	return len;
}

static __always_inline __u32 append_sun_path(struct rs_strace_thread *t, __u32 at, struct sock *sk)
{
	struct unix_sock *u = (void *)sk;
	struct unix_address *addr = BPF_CORE_READ(u, addr);
	int family_size = __builtin_offsetof(struct sockaddr_un, sun_path);
	__u32 n;

	if (!addr)
		return 0;
	n = BPF_CORE_READ(addr, len) - family_size;
	if (n > RS_SUN_PATH)
		return 0;
	asm volatile("" : "+r"(n));
	bpf_probe_read_kernel(&t->parts[at & (RS_STRACE_HALF - 1)], n & 127,
			      (void *)addr + bpf_core_field_offset(struct unix_address, name) +
				      family_size);
	return n;
}

static __always_inline void fill_socket(struct rs_strace_fd *fd, struct sock *sk)
{
	struct inet_sock *inet = (void *)sk;
	struct sock *peer;

	fd->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	fd->type = BPF_CORE_READ(sk, sk_type);
	fd->protocol = BPF_CORE_READ(sk, sk_protocol);
	if (fd->family == AF_UNIX) {
		peer = rs_unix_peer(sk);
		fd->peer = peer ? rs_sock_ino(peer) : 0;
	}
	if (fd->family != AF_INET && fd->family != AF_INET6)
		return;
	rs_sock_local(sk, fd->family, fd->local);
	fd->local_port = bpf_ntohs(BPF_CORE_READ(inet, inet_sport));
	if (!rs_sock_has_peer(sk))
		return;
	rs_sock_remote(sk, fd->family, fd->remote);
	fd->remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
}

/* Room of a struct rs_strace_fd and its text behind the header at @off. */
static __always_inline __u32 fill_fd(struct rs_strace_thread *t, __u32 off, struct file *file,
				     struct rs_walk *w)
{
	struct rs_strace_fd *fd = (void *)&t->parts[(off & (RS_STRACE_HALF - 1)) + 8];
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct socket *socket;
	struct sock *sk;

	__builtin_memset(fd, 0, sizeof(*fd));
	fd->ino = BPF_CORE_READ(inode, i_ino);
	fd->mode = BPF_CORE_READ(inode, i_mode);
	fd->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	fd->rdev = BPF_CORE_READ(inode, i_rdev);
	fd->flags = w->flags;
	off += sizeof(struct rs_strace_part) + sizeof(*fd);
	asm volatile("" : "+r"(off));
	if ((fd->mode & S_IFMT) != S_IFSOCK) {
		fd->len = append_walk(t, off, w);
		return sizeof(*fd) + fd->len;
	}
	socket = BPF_CORE_READ(file, private_data);
	sk = rs_socket_sk(socket);
	if (!sk)
		return sizeof(*fd);
	fill_socket(fd, sk);
	if (fd->family == AF_UNIX)
		fd->len = append_sun_path(t, off, sk);
	return sizeof(*fd) + fd->len;
}

/* Descriptors are numbers of 32 bits, whatever stands above them. */
static __always_inline int fd_of(const struct rs_strace_thread *t, __u32 arg)
{
	return arg < 6 ? (int)arg_of(t, arg) : (int)t->call.result;
}

static __always_inline void walk_file(struct scratch *s, struct file *file)
{
	s->walk.dentry = (__u64)BPF_CORE_READ(file, f_path.dentry);
	s->walk.mnt = (__u64)BPF_CORE_READ(file, f_path.mnt);
	rs_walk_run(&s->walk);
}

#define AT_FDCWD (-100)

/* Where AT_FDCWD leads. */
static __always_inline void walk_directory(struct scratch *s)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	s->walk.dentry = (__u64)BPF_CORE_READ(task, fs, pwd.dentry);
	s->walk.mnt = (__u64)BPF_CORE_READ(task, fs, pwd.mnt);
	rs_walk_run(&s->walk);
}

/* What the descriptor is that is argument @arg, or the result: appended where that is wanted, and compared. */
__noinline int rs_strace_take_fd(__u32 arg)
{
	struct rs_strace_thread *t = my_place();
	struct scratch *s;
	struct file *file;
	__u32 off, len;
	int fd;

	if (!t)
		return 0;
	fd = fd_of(t, arg);
	file = rs_fd_file(fd);
	if (!file && fd != AT_FDCWD)
		return 0;
	s = hold_scratch();
	if (!s)
		return 0;
	if (file)
		walk_file(s, file);
	else
		walk_directory(s);
	if ((rs_strace_config.flags & RS_STRACE_PATHS) && file && walk_wanted(s))
		t->call.flags |= RS_STRACE_MATCHED;
	if ((rs_strace_config.flags & RS_STRACE_FDS) && part_room(t, &off)) {
		len = fill_fd(t, off, file, &s->walk);
		part_head(t, off, arg, RS_STRACE_FD, 0, len);
		part_end(t, off, len);
	}
	release_scratch(s);
	return 0;
}

static __always_inline void take_fds(const struct rs_strace_row *row)
{
	if (!(rs_strace_config.flags & (RS_STRACE_FDS | RS_STRACE_PATHS)))
		return;
	for (__u32 arg = 0; arg < 6; arg++)
		if (row->fds & 1u << arg)
			rs_strace_take_fd(arg);
}

/* Before the call: paths that it is given. */
__noinline int rs_strace_take_paths(__u32 args)
{
	struct rs_strace_thread *t = my_place();

	if (!t)
		return 0;
	for (__u32 arg = 0; arg < 6; arg++)
		if (args & 1u << arg && arg_wanted(t, arg))
			t->call.flags |= RS_STRACE_MATCHED;
	return 0;
}
