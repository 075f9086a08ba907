/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Part of latency.bpf.c: round trips of TCP, as the kernel measures them for each acknowledgement (struct tcp_rack), and how
 * long connections take to be made. Whose a socket is shows when it connects, and when somebody reads from it.
 */
#pragma once

#include "bpf/lib/latency.h"

struct tcp_rack {
	__u64 mstamp; /* when what was acknowledged last was sent, us */
	__u32 rtt_us;
} __core;

struct tcp_sock___rtt {
	struct tcp_rack rack;
} __core;

/* `began`: of a connection that is being made. `issued`: the sample that was taken last. */
static __always_inline struct rs_latency_start *tcp_entry(struct sock *sk, bool owned)
{
	__u64 key = (__u64)sk;
	struct rs_latency_start *start = bpf_map_lookup_elem(&rs_latency_starts, &key), fresh = {};
	long r;

	if (start && (start->pid || !owned))
		return start;
	if (owned ? !rs_target_current() : rs_target.flags)
		return NULL;
	if (start) {
		latency_start_current(start);
		return start;
	}
	if (owned)
		latency_start_current(&fresh);
	latency_peer(sk, &fresh.peer);
	r = bpf_map_update_elem(&rs_latency_starts, &key, &fresh, BPF_NOEXIST);
	if (!r)
		latency_tally(RS_LATENCY_BEGUN);
	else if (r != -EEXIST)
		latency_lost(RS_LATENCY_LOST_STARTS);
	return bpf_map_lookup_elem(&rs_latency_starts, &key);
}

static __always_inline void tcp_add(struct rs_latency_start *start, __u32 what, __u64 ns)
{
	struct rs_latency_key key = { .what = what };
	struct rs_latency_outlier *o;

	latency_key_who(&key, start->pid, start->tid, start->comm, start->cgroup);
	if (rs_latency.by & RS_LATENCY_BY_PEER)
		key.peer = start->peer;
	latency_add(&key, ns);
	if (!latency_is_slow(ns))
		return;
	o = latency_outlier(RS_LATENCY_TCP, what, bpf_ktime_get_ns(), ns);
	if (!o)
		return;
	latency_outlier_who(o, start);
	bpf_ringbuf_submit(o, 0);
}

/* The sample that the kernel took last, if it is new. */
static __always_inline void tcp_sample(struct sock *sk, struct rs_latency_start *start)
{
	struct tcp_sock___rtt *tp = (void *)sk;
	__u64 stamp = BPF_CORE_READ(tp, rack.mstamp);

	if (!stamp || stamp == start->issued)
		return;
	start->issued = stamp;
	tcp_add(start, RS_TCP_ROUND_TRIP, (__u64)BPF_CORE_READ(tp, rack.rtt_us) * 1000);
}

/* Each segment that arrives, before what it acknowledges is looked at. */
SEC("raw_tp/tcp_probe") int rs_tcp_segment(struct rs_raw *ctx)
{
	struct sock *sk = (void *)ctx->args[0];
	struct rs_latency_start *start = tcp_entry(sk, false);

	if (start)
		tcp_sample(sk, start);
	return 0;
}

/* Somebody has read. */
SEC("raw_tp/tcp_rcv_space_adjust") int rs_tcp_read(struct rs_raw *ctx)
{
	struct sock *sk = (void *)ctx->args[0];
	struct rs_latency_start *start = tcp_entry(sk, true);

	if (start)
		tcp_sample(sk, start);
	return 0;
}

SEC("raw_tp/tcp_destroy_sock") int rs_tcp_end(struct rs_raw *ctx)
{
	__u64 key = ctx->args[0];
	struct rs_latency_start *start = bpf_map_lookup_elem(&rs_latency_starts, &key);

	if (!start)
		return 0;
	tcp_sample((void *)key, start);
	latency_end(&key);
	return 0;
}

SEC("raw_tp/inet_sock_set_state") int rs_tcp_state(struct rs_raw *ctx)
{
	struct sock *sk = (void *)ctx->args[0];
	int old = ctx->args[1], new = ctx->args[2];
	struct rs_latency_start *start;
	__u64 key = (__u64)sk;

	if (new == TCP_SYN_SENT) {
		/* It may have connected before; or another was at this place, whose end was not seen. */
		latency_end(&key);
		start = tcp_entry(sk, true);
		if (start)
			start->began = bpf_ktime_get_ns();
		return 0;
	}
	if ((old != TCP_SYN_SENT && old != TCP_SYN_RECV) || new == TCP_SYN_RECV)
		return 0;
	start = bpf_map_lookup_elem(&rs_latency_starts, &key);
	if (!start || !start->began)
		return 0;
	tcp_add(start, new == TCP_ESTABLISHED ? RS_TCP_CONNECT : RS_TCP_FAILED,
		bpf_ktime_get_ns() - start->began);
	start->began = 0;
	return 0;
}
