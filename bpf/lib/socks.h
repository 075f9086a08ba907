/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel's own objects tell of a socket: who it is, and whom it talks to. */
#pragma once

#include "bpf/lib/kernel.h"

#define RS_SUN_PATH 108 /* sizeof(sockaddr_un.sun_path) */

/* The inode number: what /proc/PID/fd and ss(8) call the socket. 0 when it has no file any more. */
static __always_inline __u64 rs_socket_ino(struct socket *socket)
{
	struct inode *inode = (void *)socket +
			      bpf_core_field_offset(struct socket_alloc, vfs_inode);

	return BPF_CORE_READ(inode, i_ino);
}

static __always_inline __u64 rs_sock_ino(struct sock *sk)
{
	struct socket *socket = BPF_CORE_READ(sk, sk_socket);

	return socket ? rs_socket_ino(socket) : 0;
}

/*
 * The sock of a socket, read such that the verifier takes it for a number: functions that it is
 * given to are verified apart.
 */
static __always_inline struct sock *rs_socket_sk(struct socket *socket)
{
	struct sock *sk = NULL;

	bpf_core_read(&sk, sizeof(sk), &socket->sk);
	return sk;
}

/* The families that have events. */
static __always_inline bool rs_family_known(__u32 family)
{
	return family == AF_INET || family == AF_INET6 || family == AF_UNIX;
}

/*
 * Has an IPv4 or IPv6 socket a peer? Connected datagram sockets are "established", too, and may
 * have port 0. A connection that failed keeps the address for some time, but never the port.
 */
static __always_inline bool rs_sock_has_peer(struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_dport) ||
	       BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_ESTABLISHED;
}

/* The peer's address, 16 bytes of zeroes before. */
static __always_inline void rs_sock_remote(struct sock *sk, __u32 family, __u8 *addr)
{
	if (family == AF_INET)
		*(__u32 *)addr = BPF_CORE_READ(sk, __sk_common.skc_daddr);
	else if (family == AF_INET6 && bpf_core_field_exists(sk->__sk_common.skc_v6_daddr))
		bpf_core_read(addr, 16, &sk->__sk_common.skc_v6_daddr);
}

static __always_inline void rs_sock_local(struct sock *sk, __u32 family, __u8 *addr)
{
	if (family == AF_INET)
		*(__u32 *)addr = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
	else if (family == AF_INET6 && bpf_core_field_exists(sk->__sk_common.skc_v6_rcv_saddr))
		bpf_core_read(addr, 16, &sk->__sk_common.skc_v6_rcv_saddr);
}

/* The other end of a connected unix socket, NULL where there is none. */
static __always_inline struct sock *rs_unix_peer(struct sock *sk)
{
	struct unix_sock *u = (void *)sk;

	return BPF_CORE_READ(u, peer);
}
