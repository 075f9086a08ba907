/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The network sensor: connect, accept, listen and bind when the call returns, and the first
 * datagram between a UDP socket and each peer. Close events are made in flow.bpf.c.
 *
 * What is not seen: datagrams sent or received by read(2), write(2), sendfile(2) or io_uring. Those
 * work without naming a peer only on connected sockets, whose connect is an event of its own.
 * Of the messages of one sendmmsg or recvmmsg, the peers of the first UDP_BATCH.
 */
#include "bpf/abi/net.h"
#include "bpf/lib/filter.h"
#include "bpf/lib/path.h"
#include "bpf/lib/sock.h"
#include "bpf/lib/syscall.h"

#define UDP_BATCH    8
#define MSG_ERRQUEUE 0x2000

#define EINTR       4
#define EAGAIN      11
#define EEXIST      17
#define EISCONN     106
#define EALREADY    114
#define EINPROGRESS 115
/* Results that never reach the process: the call begins anew or becomes -EINTR. */
#define ERESTARTSYS           512
#define ERESTART_RESTARTBLOCK 516

struct user_msghdr {
	__u64 name;
	__u32 namelen;
};

/* sizeof(struct mmsghdr) on 64-bit machines: seven words of msghdr, a length, padding */
#define MMSGHDR_SIZE 64

/* A UDP socket and somebody it talks to. Socket inodes are not used again for a long time. */
struct peer {
	__u64 ino;
	__u8 addr[16];
	__u16 port; /* host order */
	__u16 pad[3];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RS_UDP_ENTRIES);
	__type(key, struct peer);
	__type(value, __u32);
} rs_udp_peers SEC(".maps");

/* What a call is, in one number: what functions of numbers are told. */
struct how {
	union {
		__u64 all;
		struct {
			int fd;
			__u16 nr;
			__u8 kind;      /* enum rs_kind */
			__u8 hook : 4;  /* enum rs_hook */
			__u8 in : 1;    /* datagrams: received */
			__u8 apart : 1; /* from the error queue: no receiving */
		};
	};
};

/* Calls. */

/* The socket behind a descriptor: the file of a socket is known by the socket. */
static __always_inline struct socket *fd_socket(int fd)
{
	struct file *file = rs_fd_file(fd);
	struct socket *socket = file ? BPF_CORE_READ(file, private_data) : NULL;

	return socket && BPF_CORE_READ(socket, file) == file ? socket : NULL;
}

/* The socket's own state after a connect with these results is what the process asked for. */
static __always_inline bool connect_took(long ret)
{
	return !ret || ret == -EINPROGRESS || ret == -EALREADY || ret == -EISCONN || ret == -EINTR;
}

/* connect(fd, address, size). False: it was no connect, but dissolved one (AF_UNSPEC). */
static __always_inline bool connect_peer(struct rs_scratch *s, struct rs_net *rec, struct sock *sk,
					 const struct rs_call *call)
{
	const void *addr = (void *)rs_arg(call, 1);
	bool took = connect_took(call->ret);

	rec->direction = RS_DIR_OUT;
	if (rec->family == AF_UNIX) {
		struct sock *peer = took ? rs_unix_peer(sk) : NULL;

		if (peer) {
			rs_field_unix(s, peer);
			return true;
		}
	} else if (took && rs_sock_has_peer(sk)) {
		return true;
	}
	if (!call->ret)
		return false;
	rec->flags |= RS_NET_ARGUMENT;
	if (rec->family == AF_UNIX) {
		rs_field_sun_path(s, addr + 2, (int)rs_arg(call, 2) - 2, true);
		return true;
	}
	__builtin_memset(rec->remote, 0, sizeof(rec->remote));
	rec->remote_port = 0;
	rs_user_address(rec->remote, &rec->remote_port, rec->family, addr);
	return true;
}

/* bind(fd, address, size): the socket has the address unless the call failed. */
static __always_inline void bind_local(struct rs_scratch *s, struct rs_net *rec, struct sock *sk,
				       const struct rs_call *call)
{
	const void *addr = (void *)rs_arg(call, 1);

	if (!call->ret) {
		if (rec->family == AF_UNIX)
			rs_field_unix(s, sk);
		return;
	}
	rec->flags |= RS_NET_ARGUMENT;
	if (rec->family == AF_UNIX) {
		rs_field_sun_path(s, addr + 2, (int)rs_arg(call, 2) - 2, true);
		return;
	}
	__builtin_memset(rec->local, 0, sizeof(rec->local));
	rec->local_port = 0;
	rs_user_address(rec->local, &rec->local_port, rec->family, addr);
}

static __always_inline long result_of(const struct rs_call *call)
{
	return call->ret <= -ERESTARTSYS && call->ret >= -ERESTART_RESTARTBLOCK ? -EINTR
										: call->ret;
}

static __always_inline void call_record(struct rs_held *held, struct sock *sk, __u32 kind, int fd,
					const struct rs_call *call)
{
	struct rs_scratch *s = rs_scratch_of(held->slot, sizeof(struct rs_net));
	struct rs_net *rec;

	if (!s)
		return;
	rec = (void *)s->record;
	rs_sock_fill(rec, sk);
	rec->fd = fd;
	if (kind == RS_KIND_CONNECT) {
		if (!connect_peer(s, rec, sk, call))
			return;
	} else if (kind == RS_KIND_BIND) {
		bind_local(s, rec, sk, call);
	} else {
		rec->direction = RS_DIR_IN;
		if (kind == RS_KIND_LISTEN)
			rec->backlog = rs_arg(call, 1);
		if (rec->family == AF_UNIX)
			rs_field_unix(s, sk);
	}
	rs_count_generated(held, kind);
	rs_head(&rec->hdr, held, kind, call->hook, 0, call->nr, call->ret);
	rs_output(held, s);
}

/* A function of numbers, so that it is verified once and apart from its caller. */
__noinline int rs_net_event(__u64 sk, __u64 how, long ret)
{
	struct how h = { .all = how };
	struct rs_call call = { .regs = rs_current_regs(), .ret = ret, .nr = h.nr, .hook = h.hook };
	struct rs_held held;

	if (!rs_hold(&held, h.kind))
		return 0;
	call_record(&held, (void *)sk, h.kind, h.fd, &call);
	rs_release(&held);
	return 0;
}

/* Nobody came, or a signal did. */
static __always_inline bool accept_idle(const struct rs_call *call)
{
	long ret = result_of(call);

	return ret == -EAGAIN || ret == -EINTR;
}

/* connect, accept, listen, bind. Also those whose own event is not wanted know owners of flows. */
static __always_inline int sock_call(const struct rs_call *call, __u32 op, __u32 kind, bool wanted)
{
	struct how how = { .kind = kind, .hook = call->hook, .nr = call->nr };
	struct socket *socket;
	struct sock *sk;

	if (!wanted && !rs_kind_wanted(RS_KIND_CLOSE))
		return 0;
	if (op == RS_OP_ACCEPT && accept_idle(call))
		return 0;
	how.fd = op == RS_OP_ACCEPT && call->ret >= 0 ? call->ret : rs_arg(call, 0);
	socket = fd_socket(how.fd);
	sk = socket ? rs_socket_sk(socket) : NULL;
	if (!sk || !rs_family_known(BPF_CORE_READ(sk, __sk_common.skc_family)))
		return 0;
	if (op == RS_OP_ACCEPT && call->ret >= 0)
		rs_flow_open((__u64)sk, RS_DIR_IN);
	if (wanted)
		rs_net_event((__u64)sk, how.all, result_of(call));
	if (op == RS_OP_CONNECT)
		rs_flow_connected((__u64)sk, call->ret);
	return 0;
}

/* Datagrams. */

/* The name of a message header in the process's memory; what a receive left empty is none. */
static __always_inline __u64 message_name(__u64 from)
{
	struct user_msghdr msg = {};

	if (bpf_probe_read_user(&msg, 12, (void *)from)) {
		rs_failed(RS_FAIL_ARG_FAULT);
		return 0;
	}
	return msg.namelen >= 16 ? msg.name : 0;
}

/* recvfrom gives the size of the address back through a pointer. */
static __always_inline __u64 received_name(__u64 name, __u64 size)
{
	__u32 len = 0;

	if (!name || bpf_probe_read_user(&len, sizeof(len), (void *)size))
		return 0;
	return len >= 16 ? name : 0;
}

static __always_inline void datagram_event(struct sock *sk, const struct peer *peer, struct how how,
					   bool argument, long ret)
{
	struct rs_held held;
	struct rs_net *rec;

	if (!rs_hold(&held, RS_KIND_UDP))
		return;
	rec = RS_RESERVE(&held, RS_KIND_UDP, struct rs_net);
	if (rec) {
		rs_head(&rec->hdr, &held, RS_KIND_UDP, how.hook, sizeof(*rec), how.nr, ret);
		rs_sock_fill(rec, sk);
		rec->fd = how.fd;
		rec->direction = how.in ? RS_DIR_IN : RS_DIR_OUT;
		rec->flags = argument ? RS_NET_ARGUMENT : 0;
		__builtin_memcpy(rec->remote, peer->addr, sizeof(rec->remote));
		rec->remote_port = peer->port;
		rs_submit(rec);
	}
	rs_release(&held);
}

/* Not UDP: echo requests of ICMP, for one. */
static __always_inline bool is_udp(struct sock *sk)
{
	__u32 protocol = BPF_CORE_READ(sk, sk_protocol);

	return protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE;
}

/*
 * One datagram of @sock, whose inode is @ino, with the address that the process gave or got at
 * @name, or 0. A function of numbers, so that it is verified once.
 */
__noinline int rs_datagram(__u64 sock, __u64 ino, __u64 name, __u64 how, long ret)
{
	struct how h = { .all = how };
	struct peer peer = { .ino = ino };
	struct sock *sk = (void *)sock;
	__u32 seen = 1, family = BPF_CORE_READ(sk, __sk_common.skc_family);
	long err;

	if ((h.in || !name) && BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_ESTABLISHED) {
		name = 0;
		rs_sock_remote(sk, family, peer.addr);
		peer.port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	} else if (name) {
		rs_user_address(peer.addr, &peer.port, family, (void *)name);
	}
	if (bpf_map_lookup_elem(&rs_udp_peers, &peer) || h.apart || !is_udp(sk))
		return 0;
	err = bpf_map_update_elem(&rs_udp_peers, &peer, &seen, BPF_NOEXIST);
	if (err == -EEXIST) /* another thread was first */
		return 0;
	if (err)
		rs_failed(RS_FAIL_FLOW_FULL);
	datagram_event(sk, &peer, h, name != 0, ret);
	return 0;
}

/* sendmmsg and recvmmsg(fd, messages, ...): the result is how many there were. */
static __always_inline int datagrams(struct sock *sk, __u64 ino, const struct rs_call *call,
				     __u64 how)
{
	__u64 at = rs_arg(call, 1);

	for (int i = 0; i < UDP_BATCH; i++, at += MMSGHDR_SIZE) {
		if (i >= call->ret)
			break;
		rs_datagram((__u64)sk, ino, message_name(at), how, call->ret);
	}
	return 0;
}

static __always_inline int datagram_of(struct sock *sk, __u64 ino, const struct rs_call *call,
				       __u32 op, struct how how)
{
	__u64 name;

	switch (op) {
	case RS_OP_SENDTO:
		name = rs_arg(call, 4);
		break;
	case RS_OP_RECVFROM:
		how.apart = !!(rs_arg(call, 3) & MSG_ERRQUEUE);
		name = received_name(rs_arg(call, 4), rs_arg(call, 5));
		break;
	case RS_OP_RECVMSG:
		how.apart = !!(rs_arg(call, 2) & MSG_ERRQUEUE);
		name = message_name(rs_arg(call, 1));
		break;
	case RS_OP_SENDMSG:
		name = message_name(rs_arg(call, 1));
		break;
	case RS_OP_RECVMMSG:
		how.apart = !!(rs_arg(call, 3) & MSG_ERRQUEUE);
		return datagrams(sk, ino, call, how.all);
	default:
		return datagrams(sk, ino, call, how.all);
	}
	return rs_datagram((__u64)sk, ino, name, how.all, call->ret);
}

/* Send and receive calls are frequent, most of them on TCP sockets: what says no comes first. */
static __always_inline int datagram_call(const struct rs_call *call, __u32 op)
{
	struct how how = { .hook = call->hook, .nr = call->nr, .in = op >= RS_OP_RECVFROM };
	struct socket *socket;
	struct file *file;
	struct sock *sk;
	__u32 family;

	if (call->ret < 0)
		return 0;
	how.fd = rs_arg(call, 0);
	file = rs_fd_file(how.fd);
	socket = BPF_CORE_READ(file, private_data);
	if (BPF_CORE_READ(socket, type) != SOCK_DGRAM || BPF_CORE_READ(socket, file) != file)
		return 0;
	sk = rs_socket_sk(socket);
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (family != AF_INET && family != AF_INET6)
		return 0;
	return datagram_of(sk, rs_socket_ino(socket), call, op, how);
}

static __always_inline __u32 kind_of(__u32 op)
{
	switch (op) {
	case RS_OP_CONNECT:
		return RS_KIND_CONNECT;
	case RS_OP_ACCEPT:
		return RS_KIND_ACCEPT;
	case RS_OP_LISTEN:
		return RS_KIND_LISTEN;
	case RS_OP_BIND:
		return RS_KIND_BIND;
	}
	return RS_KIND_UDP;
}

static __always_inline int net_call(const struct rs_call *call)
{
	const volatile struct rs_shape *shape = rs_shape_of(call);
	__u32 op = shape ? shape->op : RS_OP_NONE, kind;
	bool wanted;

	if (op < RS_OP_CONNECT || op > RS_OP_RECVMMSG)
		return 0;
	kind = kind_of(op);
	wanted = rs_wanted_pathless(kind);
	if (kind != RS_KIND_UDP)
		return sock_call(call, op, kind, wanted);
	return wanted ? datagram_call(call, op) : 0;
}

RS_SYSCALL_PROGRAMS(net, net_call)
