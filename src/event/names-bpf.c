/* SPDX-License-Identifier: Apache-2.0 */
/* Names of bpf(2): commands, types of programs and of maps. Types are named as bpftool(8) does. What
 * is newer than the headers we build with is given by number. */
#include <linux/bpf.h>

#include "event/names.h"

#define X(name) [BPF_##name] = "BPF_" #name,
static const char *const command_names[] = {
	/* clang-format off */
	X(MAP_CREATE) X(MAP_LOOKUP_ELEM) X(MAP_UPDATE_ELEM) X(MAP_DELETE_ELEM) X(MAP_GET_NEXT_KEY)
	X(PROG_LOAD) X(OBJ_PIN) X(OBJ_GET) X(PROG_ATTACH) X(PROG_DETACH) X(PROG_TEST_RUN)
	X(PROG_GET_NEXT_ID) X(MAP_GET_NEXT_ID) X(PROG_GET_FD_BY_ID) X(MAP_GET_FD_BY_ID)
	X(OBJ_GET_INFO_BY_FD) X(PROG_QUERY) X(RAW_TRACEPOINT_OPEN) X(BTF_LOAD) X(BTF_GET_FD_BY_ID)
	X(TASK_FD_QUERY) X(MAP_LOOKUP_AND_DELETE_ELEM) X(MAP_FREEZE) X(BTF_GET_NEXT_ID)
	X(MAP_LOOKUP_BATCH) X(MAP_LOOKUP_AND_DELETE_BATCH) X(MAP_UPDATE_BATCH) X(MAP_DELETE_BATCH)
	X(LINK_CREATE) X(LINK_UPDATE) X(LINK_GET_FD_BY_ID) X(LINK_GET_NEXT_ID) X(ENABLE_STATS)
	X(ITER_CREATE) X(LINK_DETACH) X(PROG_BIND_MAP)
								/* clang-format on */
								[36] = "BPF_TOKEN_CREATE",
};
#undef X
static_assert(BPF_PROG_BIND_MAP == 35, "the last one before the token");

#define X(id, name) [BPF_PROG_TYPE_##id] = name,
static const char *const prog_type_names[] = {
	/* clang-format off */
	X(UNSPEC, "unspec") X(SOCKET_FILTER, "socket_filter") X(KPROBE, "kprobe")
	X(SCHED_CLS, "sched_cls") X(SCHED_ACT, "sched_act") X(TRACEPOINT, "tracepoint") X(XDP, "xdp")
	X(PERF_EVENT, "perf_event") X(CGROUP_SKB, "cgroup_skb") X(CGROUP_SOCK, "cgroup_sock")
	X(LWT_IN, "lwt_in") X(LWT_OUT, "lwt_out") X(LWT_XMIT, "lwt_xmit") X(SOCK_OPS, "sock_ops")
	X(SK_SKB, "sk_skb") X(CGROUP_DEVICE, "cgroup_device") X(SK_MSG, "sk_msg")
	X(RAW_TRACEPOINT, "raw_tracepoint") X(CGROUP_SOCK_ADDR, "cgroup_sock_addr")
	X(LWT_SEG6LOCAL, "lwt_seg6local") X(LIRC_MODE2, "lirc_mode2")
	X(SK_REUSEPORT, "sk_reuseport") X(FLOW_DISSECTOR, "flow_dissector")
	X(CGROUP_SYSCTL, "cgroup_sysctl") X(RAW_TRACEPOINT_WRITABLE, "raw_tracepoint_writable")
	X(CGROUP_SOCKOPT, "cgroup_sockopt") X(TRACING, "tracing") X(STRUCT_OPS, "struct_ops")
	X(EXT, "ext") X(LSM, "lsm") X(SK_LOOKUP, "sk_lookup") X(SYSCALL, "syscall")
									/* clang-format on */
									[32] = "netfilter",
};
#undef X
static_assert(BPF_PROG_TYPE_SYSCALL == 31, "the last one before netfilter");

#define X(id, name) [BPF_MAP_TYPE_##id] = name,
static const char *const map_type_names[] = {
	/* clang-format off */
	X(UNSPEC, "unspec") X(HASH, "hash") X(ARRAY, "array") X(PROG_ARRAY, "prog_array")
	X(PERF_EVENT_ARRAY, "perf_event_array") X(PERCPU_HASH, "percpu_hash")
	X(PERCPU_ARRAY, "percpu_array") X(STACK_TRACE, "stack_trace") X(CGROUP_ARRAY, "cgroup_array")
	X(LRU_HASH, "lru_hash") X(LRU_PERCPU_HASH, "lru_percpu_hash") X(LPM_TRIE, "lpm_trie")
	X(ARRAY_OF_MAPS, "array_of_maps") X(HASH_OF_MAPS, "hash_of_maps") X(DEVMAP, "devmap")
	X(SOCKMAP, "sockmap") X(CPUMAP, "cpumap") X(XSKMAP, "xskmap") X(SOCKHASH, "sockhash")
	X(CGROUP_STORAGE, "cgroup_storage") X(REUSEPORT_SOCKARRAY, "reuseport_sockarray")
	X(PERCPU_CGROUP_STORAGE, "percpu_cgroup_storage") X(QUEUE, "queue") X(STACK, "stack")
	X(SK_STORAGE, "sk_storage") X(DEVMAP_HASH, "devmap_hash") X(STRUCT_OPS, "struct_ops")
	X(RINGBUF, "ringbuf") X(INODE_STORAGE, "inode_storage") X(TASK_STORAGE, "task_storage")
	X(BLOOM_FILTER, "bloom_filter") X(USER_RINGBUF, "user_ringbuf")
									/* clang-format on */
									[32] = "cgrp_storage",
	[33] = "arena",
};
#undef X
static_assert(BPF_MAP_TYPE_USER_RINGBUF == 31, "the last one before cgrp_storage");

const char *rs_name_bpf_command(uint64_t command)
{
	return command < ARRAY_SIZE(command_names) ? command_names[command] : NULL;
}

const char *rs_name_bpf_prog_type(uint64_t type)
{
	return type < ARRAY_SIZE(prog_type_names) ? prog_type_names[type] : NULL;
}

const char *rs_name_bpf_map_type(uint64_t type)
{
	return type < ARRAY_SIZE(map_type_names) ? map_type_names[type] : NULL;
}

bool rs_name_bpf_typed(uint64_t command)
{
	return command == BPF_PROG_LOAD || command == BPF_MAP_CREATE;
}

const char *rs_name_bpf_type(uint64_t command, uint64_t type)
{
	if (command == BPF_PROG_LOAD)
		return rs_name_bpf_prog_type(type);
	return command == BPF_MAP_CREATE ? rs_name_bpf_map_type(type) : NULL;
}
