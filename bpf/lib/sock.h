/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sockets from the kernel's own objects: who they are, whom they talk to, and whose connections
 * they are. Addresses are read from struct sock, never from the process, but for those functions
 * that say otherwise.
 */
#pragma once

#include "bpf/abi/net.h"
#include "bpf/lib/record.h"
#include "bpf/lib/socks.h"

/*
 * Remembers that the current process made the TCP connection @sk (enum rs_direction tells how), so
 * that its close, which may happen in an interrupt, has an owner. For accept: an outgoing one is
 * seen by the state machine itself, whoever submitted it. Nothing happens to other sockets, and to
 * those whose close nobody wants.
 */
int rs_flow_open(__u64 sk, __u32 direction);

/* The call that connects @sk returned @ret and has its event. Call it for every connect. */
int rs_flow_connected(__u64 sk, int ret);

/*
 * Fills all of @rec but the header: from @sk where the socket knows it, else with "none". The
 * local port comes from inet_sock, for sock_common's is gone when a connection closes.
 */
static __always_inline void rs_sock_fill(struct rs_net *rec, struct sock *sk)
{
	struct inet_sock *inet = (void *)sk;
	__u32 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	__builtin_memset((void *)rec + sizeof(rec->hdr), 0, sizeof(*rec) - sizeof(rec->hdr));
	rec->sock = rs_sock_ino(sk);
	rec->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	rec->fd = -1;
	rec->family = family;
	rec->type = BPF_CORE_READ(sk, sk_type);
	rec->protocol = BPF_CORE_READ(sk, sk_protocol);
	if (family != AF_INET && family != AF_INET6)
		return;
	rs_sock_local(sk, family, rec->local);
	rec->local_port = bpf_ntohs(BPF_CORE_READ(inet, inet_sport));
	if (!rs_sock_has_peer(sk))
		return;
	rs_sock_remote(sk, family, rec->remote);
	rec->remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
}

struct sockaddr_in6 {
	__u16 family;
	__be16 port;
	__u32 addr4; /* where sockaddr_in has its address */
	__u8 addr6[16];
	__u32 scope;
};

/*
 * An address in the process's memory, as a socket of @family means it; @addr is zero before. IPv4
 * on an IPv6 socket becomes ::ffff:a.b.c.d, what the kernel makes of it.
 */
static __always_inline void rs_user_address(__u8 *addr, __u16 *port, __u32 family, const void *from)
{
	struct sockaddr_in6 sa = {};

	if (bpf_probe_read_user(&sa, 16, from)) { /* sizeof(struct sockaddr_in) */
		rs_failed(RS_FAIL_ARG_FAULT);
		return;
	}
	if (family == AF_INET && (sa.family == AF_INET || !sa.family)) {
		__builtin_memcpy(addr, &sa.addr4, 4);
	} else if (family == AF_INET6 && sa.family == AF_INET) {
		addr[10] = addr[11] = 0xff;
		__builtin_memcpy(addr + 12, &sa.addr4, 4);
	} else if (family == AF_INET6 && sa.family == AF_INET6) {
		if (bpf_probe_read_user(&sa, sizeof(sa), from))
			rs_failed(RS_FAIL_ARG_FAULT);
		__builtin_memcpy(addr, sa.addr6, 16);
	} else {
		return;
	}
	*port = bpf_ntohs(sa.port);
}

/*
 * Appends sun_path, of @len bytes, as RS_TAG_SOCKET: an abstract name as it is, with its NUL in
 * front, a path without the one behind. @user: it is in the process's memory.
 */
static __always_inline void rs_field_sun_path(struct rs_scratch *s, const void *path, int len,
					      bool user)
{
	__u32 off, flags = 0, n = len;
	__u8 *at = rs_field_room(s, &off), *bytes = at + sizeof(struct rs_record_field);
	long err;

	if (!at || len <= 0)
		return;
	if (n > RS_SUN_PATH)
		n = RS_SUN_PATH;
	asm volatile("" : "+r"(n));
	n &= 127;
	err = user ? bpf_probe_read_user(bytes, n, path) : bpf_probe_read_kernel(bytes, n, path);
	if (!err && bytes[0]) {
		err = bpf_probe_read_kernel_str(bytes, n + 1, bytes);
		if (err > 0)
			n = err - 1;
	}
	if (err < 0) {
		flags = RS_FIELD_FAULT;
		rs_failed(RS_FAIL_ARG_FAULT);
		n = 0;
	}
	rs_field_end(s, at, off, RS_TAG_SOCKET, flags, n);
}

/* Appends the address that a unix socket is bound to, if it is. */
static __always_inline void rs_field_unix(struct rs_scratch *s, struct sock *sk)
{
	struct unix_sock *u = (void *)sk;
	struct unix_address *addr = BPF_CORE_READ(u, addr);
	int family_size = __builtin_offsetof(struct sockaddr_un, sun_path);

	if (!addr)
		return;
	rs_field_sun_path(
		s, (void *)addr + bpf_core_field_offset(struct unix_address, name) + family_size,
		BPF_CORE_READ(addr, len) - family_size, false);
}
