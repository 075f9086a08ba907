/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Part of latency.bpf.c: questions to name servers over UDP, and their answers: by the number of the question, the port it
 * was sent from and the network namespace, which translation of addresses leaves alone. RFC 1035, section 4.1.1.
 */
#pragma once

#include "bpf/lib/latency.h"

#define DNS_PORT   53
#define DNS_ANSWER 0x80 /* of the third byte */
#define DNS_HEADER 12
#define DNS_TEXT   RS_LATENCY_QUESTION
#define UDP_HEADER 8
#define IP6_HEADER 40

/* The same question sent again within that time (ns) is the same question still; resolvers give up before. */
#define DNS_REPEAT 30000000000ull

struct net_device {
	struct {
		struct net *net;
	} nd_net;
} __core;

struct sk_buff {
	struct sock *sk;
	struct net_device *dev;
	__u16 network_header;
	unsigned char *head, *data;
} __core;

struct dns_packet {
	__u16 from, to; /* ports */
	__u16 id;
	__u8 flags;
	__u64 text; /* where the question is */
	__u64 len;  /* of it and what follows */
	struct rs_latency_peer source, target;
};

static __always_inline void dns_address(struct rs_latency_peer *peer, __u64 at, bool v6)
{
	peer->family = v6 ? AF_INET6 : AF_INET;
	if (v6)
		bpf_probe_read_kernel(peer->addr, 16, (void *)at);
	else
		bpf_probe_read_kernel(peer->addr, 4, (void *)at);
}

/* Is it UDP from or to the port of name servers? @at: the IP header. */
static __always_inline bool dns_parse(__u64 at, struct dns_packet *p)
{
	__u8 head[10] = {}, proto;
	__u16 udp[3] = {}; /* ports, length */
	struct {
		__u16 id;
		__u8 flags;
	} __attribute__((packed)) dns = {};
	__u64 next;
	bool v6;

	if (bpf_probe_read_kernel(head, sizeof(head), (void *)at))
		return false;
	v6 = head[0] >> 4 == 6;
	if (!v6 && head[0] >> 4 != 4)
		return false;
	proto = v6 ? head[6] : head[9];
	if (proto != IPPROTO_UDP)
		return false;
	next = at + (v6 ? IP6_HEADER : (head[0] & 15) * 4);
	if (bpf_probe_read_kernel(udp, sizeof(udp), (void *)next))
		return false;
	p->from = bpf_ntohs(udp[0]);
	p->to = bpf_ntohs(udp[1]);
	if (p->from != DNS_PORT && p->to != DNS_PORT)
		return false;
	if (bpf_probe_read_kernel(&dns, sizeof(dns), (void *)next + UDP_HEADER))
		return false;
	p->id = dns.id;
	p->flags = dns.flags;
	p->text = next + UDP_HEADER + DNS_HEADER;
	p->len = bpf_ntohs(udp[2]);
	if (p->len < UDP_HEADER + DNS_HEADER)
		return false;
	p->len -= UDP_HEADER + DNS_HEADER;
	dns_address(&p->source, at + (v6 ? 8 : 12), v6);
	dns_address(&p->target, at + (v6 ? 24 : 16), v6);
	return true;
}

static __always_inline __u64 dns_key(__u32 netns, __u16 port, __u16 id)
{
	return (__u64)netns << 32 | (__u32)port << 16 | id;
}

static __always_inline void dns_question(struct dns_packet *p, struct rs_latency_start *start)
{
	__u64 len = p->len < DNS_TEXT ? p->len : DNS_TEXT;

	start->peer = p->target;
	start->peer.port = p->to;
	asm volatile("" : "+r"(len));
	if (len <= DNS_TEXT)
		bpf_probe_read_kernel(start->name, len, (void *)p->text);
}

static __always_inline bool dns_is_repeat(const struct rs_latency_start *first,
					  const struct rs_latency_start *again)
{
	const __u64 *a = (const void *)first->name, *b = (const void *)again->name;

	if (again->began - first->began > DNS_REPEAT)
		return false;
#pragma unroll
	for (int i = 0; i < DNS_TEXT / 8; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

/* Sent again it takes as long as from its first time on; another question under that number: the first got no answer. */
static __always_inline void dns_begin(__u64 key, struct rs_latency_start *start)
{
	struct rs_latency_start *first;

	if (!bpf_map_update_elem(&rs_latency_starts, &key, start, BPF_NOEXIST)) {
		latency_tally(RS_LATENCY_BEGUN);
		return;
	}
	first = bpf_map_lookup_elem(&rs_latency_starts, &key);
	if (first && dns_is_repeat(first, start))
		return;
	if (bpf_map_update_elem(&rs_latency_starts, &key, start, BPF_ANY)) {
		latency_lost(RS_LATENCY_LOST_STARTS);
		return;
	}
	latency_tally(RS_LATENCY_BEGUN);
	if (first)
		latency_tally(RS_LATENCY_REPLACED);
}

SEC("raw_tp/net_dev_queue") int rs_dns_sent(struct rs_raw *ctx)
{
	struct sk_buff *skb = (void *)ctx->args[0];
	struct sock *sk = BPF_CORE_READ(skb, sk);
	struct rs_latency_start start = {};
	struct dns_packet p = {};

	/* What is passed on by a router or a bridge is nobody's any more. */
	if (!sk || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_UDP)
		return 0;
	if (!dns_parse((__u64)BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, network_header), &p))
		return 0;
	if (p.to != DNS_PORT || (p.flags & DNS_ANSWER) || !rs_target_current())
		return 0;
	latency_start_current(&start);
	start.began = bpf_ktime_get_ns();
	dns_question(&p, &start);
	dns_begin(dns_key(BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum), p.from, p.id),
		  &start);
	return 0;
}

static __always_inline void dns_tell(struct rs_latency_start *start, __u64 now)
{
	struct rs_latency_outlier *o;

	if (!latency_is_slow(now - start->began))
		return;
	o = latency_outlier(RS_LATENCY_DNS, RS_DNS_QUERY, now, now - start->began);
	if (!o)
		return;
	latency_outlier_who(o, start);
	o->path_len = DNS_TEXT;
	__builtin_memcpy(o->path, start->name, DNS_TEXT);
	bpf_ringbuf_submit(o, 0);
}

SEC("raw_tp/netif_receive_skb") int rs_dns_received(struct rs_raw *ctx)
{
	struct sk_buff *skb = (void *)ctx->args[0];
	struct rs_latency_key key = { .what = RS_DNS_QUERY };
	struct rs_latency_start *start;
	struct dns_packet p = {};
	__u64 which, now;

	if (!dns_parse((__u64)BPF_CORE_READ(skb, data), &p) || p.from != DNS_PORT ||
	    !(p.flags & DNS_ANSWER))
		return 0;
	which = dns_key(BPF_CORE_READ(skb, dev, nd_net.net, ns.inum), p.to, p.id);
	start = bpf_map_lookup_elem(&rs_latency_starts, &which);
	if (!start)
		return 0;
	now = bpf_ktime_get_ns();
	latency_key_who(&key, start->pid, start->tid, start->comm, start->cgroup);
	if (rs_latency.by & RS_LATENCY_BY_PEER)
		key.peer = start->peer;
	latency_add(&key, now - start->began);
	dns_tell(start, now);
	latency_end(&which);
	return 0;
}
