/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's types, as far as we read them. Offsets are relocated at load (CO-RE) against the
 * running kernel's BTF, so only names and nesting count here. A struct that changed over time
 * stands here once per shape, the others with a ___suffix that the loader ignores; the comment
 * names the release that changed it.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>
/* keep order: the next two need the types of the first */
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>

#include "bpf/abi/control.h"
#include "bpf/abi/event.h"

/*
 * Everything is compiled three times, for kernels from 6.2 on, for those from 5.17 on (RS_SLOW), and
 * for those before (RS_SLOW and RS_OLD). The agent takes the first that the kernel takes. Choosing
 * at load, by constants that let the verifier drop branches, costs more time than all the rest of
 * it, and old kernels refuse a program for what it would not even run.
 *
 * Reading kernel memory. Since 6.2 a number can be declared to be a pointer to a kernel type
 * (bpf_rdonly_cast, kernel commit a35b9af4ec2c), and be followed by plain loads that yield 0 where
 * nothing is mapped: about 1 ns each. Before, each step is a call of bpf_probe_read_kernel(), some
 * 25 ns.
 */
#ifndef RS_SLOW
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym;

#define RS_CAST(p)                                                                                 \
	((typeof(p))bpf_rdonly_cast((const void *)(p), bpf_core_type_id_kernel(typeof(*(p)))))

#undef BPF_CORE_READ
#define BPF_CORE_READ(src, ...) ___arrow(RS_CAST(src), __VA_ARGS__)
#endif

/*
 * Loops. RS_REPEAT(max, max_old, fn, ctx) calls fn(round, ctx), a static function, until it returns
 * 1: at most max times; yields whether it ran out of rounds. bpf_loop() is there since 5.17 (kernel
 * commit e6f2dd0f8067), and the verifier looks at the body once. Before, each round is verified,
 * max_old of them.
 */
#ifdef RS_OLD
#define RS_REPEAT(max, max_old, fn, ctx)                                                           \
	({                                                                                         \
		_Bool out_ = 1;                                                                    \
		for (__u32 i_ = 0; i_ < (max_old); i_++) {                                         \
			if (fn(i_, ctx)) {                                                         \
				out_ = 0;                                                          \
				break;                                                             \
			}                                                                          \
		}                                                                                  \
		out_;                                                                              \
	})
#else
#define RS_REPEAT(max, max_old, fn, ctx) (bpf_loop(max, fn, ctx, 0) == (max))
#endif

/*
 * Flags of hash maps whose entries are allocated as they come: without a use before 6.1 (kernel commit 7c8199e24fa0).
 * Older kernels refuse such maps in programs of perf events, and in others allocate where that may hang.
 */
#ifdef RS_OLD
#define RS_NO_PREALLOC 0
#else
#define RS_NO_PREALLOC BPF_F_NO_PREALLOC
#endif

typedef _Bool bool;
enum { false, true };

/*
 * Takes a mark of this CPU (0: free); whether it was free. To be given back by writing 0. Atomics that tell the old value
 * are there since 5.12 (kernel commit 5ca419f2864a); programs could not be preempted then, and one that interrupts another
 * is done before that goes on.
 */
static __always_inline bool rs_take(__u64 *mark)
{
#ifdef RS_OLD
	volatile __u64 *plain = mark;

	if (*plain)
		return false;
	*plain = 1;
	return true;
#else
	return !__sync_fetch_and_or(mark, 1);
#endif
}

#define __core __attribute__((preserve_access_index))

struct rs_kuid {
	__u32 val;
} __core;

/*
 * Capability sets: two u32 until 6.2, one u64 since; the same eight bytes in little endian. Read
 * whole, by RS_CAPS(cred, cap_effective), for nothing inside has kept its name.
 */
struct rs_kcap {
	__u64 val;
};

#define RS_CAPS(cred, set)                                                                         \
	({                                                                                         \
		struct rs_kcap caps_ = {};                                                         \
		bpf_core_read(&caps_, sizeof(caps_), &(cred)->set);                                \
		caps_.val;                                                                         \
	})

struct ns_common {
	unsigned int inum;
} __core;

struct mnt_namespace {
	struct ns_common ns;
} __core;

struct pid_namespace {
	struct ns_common ns;
} __core;

struct net {
	struct ns_common ns;
} __core;

struct uts_namespace {
	struct ns_common ns;
} __core;

struct ipc_namespace {
	struct ns_common ns;
} __core;

struct cgroup_namespace {
	struct ns_common ns;
} __core;

struct user_namespace {
	struct ns_common ns;
} __core;

struct nsproxy {
	struct uts_namespace *uts_ns;
	struct ipc_namespace *ipc_ns;
	struct mnt_namespace *mnt_ns;
	struct net *net_ns;
	struct cgroup_namespace *cgroup_ns;
} __core;

struct upid {
	int nr;
	struct pid_namespace *ns;
} __core;

struct pid {
	unsigned int level;
	struct upid numbers[1];
} __core;

struct cred {
	struct rs_kuid uid, gid, suid, sgid, euid, egid, fsuid, fsgid;
	struct rs_kcap cap_inheritable, cap_permitted, cap_effective;
	struct user_namespace *user_ns;
} __core;

struct qstr {
	__u32 len;
	const unsigned char *name;
} __core;

struct hlist_bl_node {
	void **pprev;
} __core;

struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
} __core;

struct inode {
	unsigned short i_mode;
	__u32 i_rdev;
	struct rs_kuid i_uid, i_gid;
	struct super_block *i_sb;
	unsigned long i_ino; /* u64 on all architectures since 7.1: the same width here */
	unsigned int i_nlink;
	long long i_size;
} __core;

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
} __core;

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
} __core;

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
} __core;

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
} __core;

struct file {
	struct path f_path;
	struct inode *f_inode;
	void *private_data;
	unsigned int f_flags;
} __core;

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
} __core;

struct files_struct {
	struct fdtable *fdt;
} __core;

struct fs_struct {
	struct path root;
	struct path pwd;
} __core;

struct mm_struct {
	unsigned long arg_start, arg_end, env_start, env_end;
} __core;

struct tty_struct {
	char name[64];
} __core;

typedef struct {
	int counter;
} rs_atomic;

struct signal_struct {
	rs_atomic live;
	struct pid *pids[4]; /* PIDTYPE_PID, TGID, PGID, SID */
	struct tty_struct *tty;
	__u64 utime, stime;
	unsigned long long sum_sched_runtime;
	unsigned long maxrss; /* pages */
	int group_exit_code;
	unsigned int flags;
} __core;

struct sched_entity {
	__u64 exec_start;
	__u64 sum_exec_runtime;
} __core;

struct list_head {
	struct list_head *next, *prev;
} __core;

struct kernfs_node {
	__u64 id;
} __core;

struct cgroup_root {
	int hierarchy_id;
} __core;

struct cgroup {
	struct kernfs_node *kn;
	int level;
	struct cgroup_root *root;
	struct cgroup *ancestors[1];
} __core;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
} __core;

struct css_set {
	struct cgroup_subsys_state *subsys[1]; /* by enum cgroup_subsys_id */
	struct cgroup *dfl_cgrp;               /* of cgroup v2 */
} __core;

struct task_struct {
	void *stack;
	unsigned int flags;
	unsigned int personality;
	struct list_head ptraced, ptrace_entry; /* what we trace; where our tracer keeps us */
	struct sched_entity se;
	struct list_head tasks; /* of leaders of thread groups */
	struct mm_struct *mm;
	int exit_code;
	int pid, tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	__u64 utime, stime;
	__u64 start_boottime;
	struct cred *real_cred;
	char comm[16];
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct css_set *cgroups;
	struct signal_struct *signal;
	struct rs_kuid loginuid;
} __core;

struct kernel_siginfo {
	int si_code;
} __core;

struct linux_binprm {
	struct file *file;
	int argc;
	const char *filename;
	const char *interp;
	unsigned int secureexec : 1;
} __core;

enum { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID };

#define PF_EXITING        0x00000004
#define PF_IO_WORKER      0x00000010
#define PF_KTHREAD        0x00200000
#define SIGNAL_GROUP_EXIT 0x00000004

/* Sockets. */
struct in6_addr {
	__u8 s6_addr[16];
};

struct sock_common {
	__be32 skc_daddr, skc_rcv_saddr;
	__be16 skc_dport;
	unsigned short skc_family;
	unsigned char skc_state;
	struct {
		struct net *net;
	} skc_net;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
	unsigned long skc_flags;
} __core;

struct sock {
	struct sock_common __sk_common;
	struct socket *sk_socket;
	__u16 sk_type, sk_protocol; /* bit fields before 5.6 */
	struct rs_kuid sk_uid;
	int sk_err;
} __core;

struct inet_sock {
	__be16 inet_sport;
} __core;

struct tcp_sock {
	__u64 bytes_received, bytes_acked, bytes_sent, bytes_retrans;
} __core;

struct socket {
	short type;
	struct file *file;
	struct sock *sk;
} __core;

struct socket_alloc {
	struct socket socket;
	struct inode vfs_inode;
} __core;

struct sockaddr_un {
	__u16 sun_family;
	char sun_path[108];
};

struct unix_address {
	int len;
	struct sockaddr_un name[1];
} __core;

struct unix_sock {
	struct unix_address *addr;
	struct sock *peer;
} __core;

#define AF_UNIX  1
#define AF_INET  2
#define AF_INET6 10

#define SOCK_DGRAM      2
#define IPPROTO_TCP     6
#define IPPROTO_UDP     17
#define IPPROTO_UDPLITE 136

#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT    2
#define TCP_SYN_RECV    3
#define TCP_CLOSE       7
#define TCP_LISTEN      10

/* Tracepoint arguments of a raw tracepoint program. */
struct rs_raw {
	__u64 args[8];
};
