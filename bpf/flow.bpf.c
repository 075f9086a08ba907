/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The network sensor's close events: ends of TCP connections, from the tracepoint of the state
 * machine. A connection often ends in an interrupt or a timer, when whoever runs is not whose it
 * is; so its owner is remembered when it begins.
 *
 * Of an MPTCP connection, the ends are those of its TCP subflows; those accepted have no owner.
 */
#include "bpf/lib/filter.h"
#include "bpf/lib/sock.h"

#define SOCK_DONE   1 /* bit of skc_flags: the peer's FIN was received */
#define EINPROGRESS 115

/* A TCP connection whose beginning we saw. */
struct flow {
	struct rs_hdr who; /* `time` is that of the beginning */
	__u64 ino;
	__u8 direction; /* enum rs_direction */
	__u8 state;     /* of an outgoing one: FLOW_* */
	__u8 pad[6];
};

enum {
	FLOW_BEGUN,  /* the call that connects has not returned */
	FLOW_FAILED, /* and the connection is over already */
	FLOW_TOLD,   /* it has returned: failure is the close's to tell */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RS_FLOW_ENTRIES);
	__type(key, __u64); /* struct sock * */
	__type(value, struct flow);
} rs_flows SEC(".maps");

static __always_inline bool is_tcp(struct sock *sk)
{
	__u32 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	return (family == AF_INET || family == AF_INET6) &&
	       BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP;
}

/* The agent's own connections are kept too, so that their close is known to be the agent's. */
__noinline int rs_flow_open(__u64 key, __u32 direction)
{
	struct sock *sk = (void *)key;
	struct flow flow = {};

	if (!rs_kind_wanted(RS_KIND_CLOSE) || !is_tcp(sk))
		return 0;
	rs_head_self(&flow.who);
	if (flow.who.pid != rs_config.self && !rs_wanted_pathless(RS_KIND_CLOSE))
		return 0;
	flow.who.time = bpf_ktime_get_boot_ns();
	flow.ino = rs_sock_ino(sk);
	flow.direction = direction;
	if (bpf_map_update_elem(&rs_flows, &key, &flow, BPF_ANY))
		rs_failed(RS_FAIL_FLOW_FULL);
	else if (BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_CLOSE &&
		 direction == RS_DIR_IN) /* reset before it was accepted: nothing will come */
		bpf_map_delete_elem(&rs_flows, &key);
	return 0;
}

/*
 * The kernel's byte counters count SYN and FIN, too. What was acknowledged cannot be more than what
 * was sent, which counts without them; and SOCK_DONE says that the peer's FIN came.
 */
static __always_inline void close_bytes(struct rs_net *rec, struct sock *sk)
{
	struct tcp_sock *tcp = (void *)sk;
	__u64 acked = BPF_CORE_READ(tcp, bytes_acked);
	__u64 sent = BPF_CORE_READ(tcp, bytes_sent) - BPF_CORE_READ(tcp, bytes_retrans);

	if (rec->direction == RS_DIR_OUT && acked)
		acked--;
	rec->sent = acked < sent ? acked : sent;
	rec->received = BPF_CORE_READ(tcp, bytes_received);
	if (rec->received && BPF_CORE_READ(sk, __sk_common.skc_flags) & (1 << SOCK_DONE))
		rec->received--;
}

/* Connections older than the agent, and those nobody accepted, belong to pid 0. */
static __always_inline void close_owner(struct rs_net *rec, struct sock *sk,
					const struct flow *flow)
{
	if (flow) {
		rec->hdr = flow->who;
		return;
	}
	__builtin_memset(&rec->hdr, 0, sizeof(rec->hdr));
	rec->hdr.uid = BPF_CORE_READ(sk, sk_uid.val);
	rec->hdr.gid = -1;
}

static __always_inline void close_event(struct sock *sk, const struct flow *flow)
{
	struct rs_held held;
	struct rs_net *rec;

	if (!rs_hold(&held, RS_KIND_CLOSE))
		return;
	rec = RS_RESERVE(&held, RS_KIND_CLOSE, struct rs_net);
	if (rec) {
		close_owner(rec, sk, flow);
		rs_head_event(&rec->hdr, &held, RS_KIND_CLOSE, RS_HOOK_RAW_TP, sizeof(*rec));
		rec->hdr.nr = -1;
		rec->hdr.ret = -BPF_CORE_READ(sk, sk_err);
		rs_sock_fill(rec, sk);
		if (flow) {
			rec->sock = flow->ino;
			rec->direction = flow->direction;
			rec->duration = rec->hdr.time - flow->who.time;
		}
		close_bytes(rec, sk);
		rs_submit(rec);
	}
	rs_release(&held);
}

/* The filters were asked when the connection began: an entry means yes. */
static __always_inline bool close_wanted(const struct flow *flow, int old)
{
	if (!rs_kind_wanted(RS_KIND_CLOSE) || (rs_config.filters & RS_FILTER_PATH))
		return false;
	if (flow)
		return flow->who.pid != rs_config.self;
	return !rs_config.filters && old != TCP_SYN_SENT && old != TCP_SYN_RECV;
}

/*
 * A connect that fails while the process waits for it is told by its own event. Where the process
 * did not wait the event says -EINPROGRESS, and the failure is told as a close, which comes second
 * even if the connection was refused before the call returned.
 */
__noinline int rs_flow_connected(__u64 key, int ret)
{
	struct flow *flow = bpf_map_lookup_elem(&rs_flows, &key);

	if (!flow)
		return 0;
	if (flow->state == FLOW_FAILED) {
		if (ret == -EINPROGRESS && close_wanted(flow, TCP_SYN_SENT))
			close_event((void *)key, flow);
		bpf_map_delete_elem(&rs_flows, &key);
	} else {
		flow->state = FLOW_TOLD;
	}
	return 0;
}

/*
 * Entering SYN_SENT happens in the task that connects; entering CLOSE anywhere. A connection that
 * comes in starts without an entry, whatever an earlier one at this address left.
 */
SEC("raw_tp/inet_sock_set_state") int rs_net_state(struct rs_raw *ctx)
{
	__u64 key = ctx->args[0];
	struct sock *sk = (void *)key;
	int old = ctx->args[1], new = ctx->args[2];
	struct flow *flow;

	if (new == TCP_SYN_SENT)
		return rs_flow_open(key, RS_DIR_OUT);
	if (new != TCP_CLOSE && (new != TCP_ESTABLISHED || old != TCP_SYN_RECV))
		return 0;
	if (old == TCP_CLOSE || old == TCP_LISTEN || !is_tcp(sk))
		return 0;
	flow = bpf_map_lookup_elem(&rs_flows, &key);
	if (new == TCP_ESTABLISHED && (!flow || flow->direction != RS_DIR_IN))
		return 0;
	if (old == TCP_SYN_SENT && flow && flow->state == FLOW_BEGUN) {
		flow->state = FLOW_FAILED;
		return 0;
	}
	if (new == TCP_CLOSE && close_wanted(flow, old))
		close_event(sk, flow);
	if (flow)
		bpf_map_delete_elem(&rs_flows, &key);
	return 0;
}
