/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the parts of latency.bpf.c share: maps, keys of histograms, records of slow ones. Included once. */
#pragma once

#include "bpf/abi/latency.h"
#include "bpf/lib/arch.h"
#include "bpf/lib/counters.h"
#include "bpf/lib/histogram.h"
#include "bpf/lib/target.h"
#include "bpf/lib/wait.h"
#include "bpf/lib/walk.h"

const volatile struct rs_latency_config rs_latency;

RS_COUNTERS(RS_LATENCY_LOST_COUNT) rs_latency_lost SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} rs_latency_ring SEC(".maps");

/* Names of what is met; user space takes those of new rows once an interval, and counts those that are gone by then. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1); /* set before load */
	__type(key, struct rs_latency_file_key);
	__type(value, struct rs_latency_file);
} rs_latency_files SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1); /* set before load */
	__type(key, __u32);
	__type(value, struct rs_latency_name);
} rs_latency_names SEC(".maps");

/*
 * Things that have begun, by what they are known by: requests, sockets, questions. Old ones make room, which no program
 * gets to know: what was begun and what was ended is counted, and user space subtracts.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1); /* set before load */
	__type(key, __u64);
	__type(value, struct rs_latency_start);
} rs_latency_starts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RS_LATENCY_TALLIES);
	__type(key, __u32);
	__type(value, __u64);
} rs_latency_tally SEC(".maps");

#define EEXIST 17

static __always_inline void latency_lost(__u32 why)
{
	rs_counters_add(&rs_latency_lost, why, 1);
}

static __always_inline void latency_tally(__u32 what)
{
	__u64 *n = bpf_map_lookup_elem(&rs_latency_tally, &what);

	if (n)
		__sync_fetch_and_add(n, 1);
}

/* Its end was seen. */
static __always_inline void latency_end(__u64 *key)
{
	if (!bpf_map_delete_elem(&rs_latency_starts, key))
		latency_tally(RS_LATENCY_ENDED);
}

/* A thread that ends takes its entries with it; those that it would make after that would stay for ever. */
static __always_inline bool latency_is_ending(struct task_struct *task)
{
	return BPF_CORE_READ(task, flags) & PF_EXITING;
}

static __always_inline void latency_add(struct rs_latency_key *key, __u64 ns)
{
	if (!rs_histogram_add(key, rs_latency.shards, ns))
		latency_lost(RS_LATENCY_LOST_PAGES);
}

static __always_inline __u64 latency_cgroup(void)
{
	return rs_target_cgroup_of((void *)bpf_get_current_task());
}

/* The name goes with the number, for the process may have ended before anybody looks. */
static __always_inline void latency_introduce(__u32 id, __u32 pid, const char *comm, __u64 cgroup)
{
	struct rs_latency_name name = { .pid = pid, .cgroup = cgroup }, *known;

	known = bpf_map_lookup_elem(&rs_latency_names, &id);
	if (known) { /* it may have executed something else */
		__builtin_memcpy(known->comm, comm, sizeof(known->comm));
		return;
	}
	__builtin_memcpy(name.comm, comm, sizeof(name.comm));
	if (bpf_map_update_elem(&rs_latency_names, &id, &name, BPF_ANY))
		latency_lost(RS_LATENCY_LOST_NAMES);
}

/* Whose it is. */
static __always_inline void latency_key_who(struct rs_latency_key *key, __u32 pid, __u32 tid,
					    const char *comm, __u64 cgroup)
{
	if (rs_latency.by & RS_LATENCY_BY_THREAD)
		key->id = tid;
	else if (rs_latency.by & RS_LATENCY_BY_PROCESS)
		key->id = pid;
	if (key->id)
		latency_introduce(key->id, pid, comm, cgroup);
	if (rs_latency.by & RS_LATENCY_BY_CONTAINER)
		key->cgroup = cgroup;
}

static __always_inline void latency_key_current(struct rs_latency_key *key)
{
	__u64 ids = bpf_get_current_pid_tgid();
	char comm[16] = {};
	__u64 cgroup = 0;

	if (rs_latency.by & (RS_LATENCY_BY_THREAD | RS_LATENCY_BY_PROCESS))
		bpf_get_current_comm(comm, sizeof(comm));
	if (rs_latency.by &
	    (RS_LATENCY_BY_CONTAINER | RS_LATENCY_BY_THREAD | RS_LATENCY_BY_PROCESS))
		cgroup = latency_cgroup();
	latency_key_who(key, ids >> 32, ids, comm, cgroup);
}

static __always_inline bool latency_is_slow(__u64 ns)
{
	return rs_latency.outlier && ns >= rs_latency.outlier;
}

/* The record of a source without waits, to be filled in and submitted; NULL: no room. */
static __always_inline struct rs_latency_outlier *latency_outlier(__u32 source, __u32 what,
								  __u64 end, __u64 ns)
{
	struct rs_latency_outlier *o = bpf_ringbuf_reserve(&rs_latency_ring, RS_LATENCY_SHORT, 0);

	if (!o) {
		latency_lost(RS_LATENCY_LOST_RING);
		return NULL;
	}
	__builtin_memset(o, 0, __builtin_offsetof(struct rs_latency_outlier, path));
	o->source = source;
	o->what = what;
	o->end = end;
	o->ns = ns;
	return o;
}

static __always_inline void latency_outlier_who(struct rs_latency_outlier *o,
						const struct rs_latency_start *start)
{
	o->pid = start->pid;
	o->tid = start->tid;
	o->cgroup = start->cgroup;
	o->peer = start->peer;
	o->io = start->io;
	__builtin_memcpy(o->comm, start->comm, sizeof(o->comm));
}

static __always_inline void latency_start_current(struct rs_latency_start *start)
{
	__u64 ids = bpf_get_current_pid_tgid();

	start->pid = ids >> 32;
	start->tid = ids;
	start->cgroup = latency_cgroup();
	bpf_get_current_comm(start->comm, sizeof(start->comm));
}

/* Ports from here on are picked by the kernel for whoever connects. */
#define FIRST_PICKED_PORT 32768

/* Whom a socket talks to. Those who connected to us are told apart by address alone. */
static __always_inline void latency_peer(struct sock *sk, struct rs_latency_peer *peer)
{
	struct inet_sock *inet = (void *)sk;
	__u16 own;

	peer->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (peer->family != AF_INET && peer->family != AF_INET6)
		return;
	peer->port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	/* One that connects has no port of its own yet. */
	own = bpf_ntohs(BPF_CORE_READ(inet, inet_sport));
	if (peer->port >= FIRST_PICKED_PORT && own && own < FIRST_PICKED_PORT)
		peer->port = 0;
	if (peer->family == AF_INET)
		*(__u32 *)peer->addr = BPF_CORE_READ(sk, __sk_common.skc_daddr);
	else if (bpf_core_field_exists(sk->__sk_common.skc_v6_daddr))
		bpf_core_read(peer->addr, 16, &sk->__sk_common.skc_v6_daddr);
}
