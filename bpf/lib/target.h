/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who is watched, for the objects in bpf/tools: maps, the question, and the programs that keep the maps (children
 * of a process that is followed, groups made below a group). Included by one file of an object.
 */
#pragma once

#include "bpf/abi/target.h"
#include "bpf/lib/cgroups.h"

const volatile struct rs_target_config rs_target;

/* Our own thread group, never watched. Written by rs_target_self. */
__u32 rs_target_own;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RS_TARGET_PID_ENTRIES);
	__uint(map_flags, RS_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u32);
} rs_target_pids SEC(".maps");

struct rs_target_comm {
	char text[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RS_TARGET_COMM_ENTRIES);
	__uint(map_flags, RS_NO_PREALLOC);
	__type(key, struct rs_target_comm);
	__type(value, __u32);
} rs_target_comms SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RS_TARGET_UID_ENTRIES);
	__uint(map_flags, RS_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u32);
} rs_target_uids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RS_TARGET_CGROUP_ENTRIES);
	__uint(map_flags, RS_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u32);
} rs_target_cgroups SEC(".maps");

/* How many children and groups are not watched for want of room. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} rs_target_lost SEC(".maps");

static __always_inline void rs_target_full(void)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&rs_target_lost, &zero);

	if (count)
		__sync_fetch_and_add(count, 1);
}

/* The id of a task's control group. */
static __always_inline __u64 rs_target_cgroup_of(struct task_struct *task)
{
	struct cgroup *cgroup = rs_cgroup_in(task, rs_target.cgroup_v1);

	return BPF_CORE_READ(cgroup, kn, id);
}

static __always_inline bool rs_target_has_comm(struct task_struct *task)
{
	struct rs_target_comm comm = {};

	bpf_probe_read_kernel_str(comm.text, sizeof(comm.text), &task->comm);
	return bpf_map_lookup_elem(&rs_target_comms, &comm);
}

/* Is this task, of thread group @tgid, watched? The idle task (0) never is. Cheapest first. */
static __always_inline bool rs_target_is(struct task_struct *task, __u32 tgid)
{
	__u32 flags = rs_target.flags, uid;
	__u64 cgroup;

	if (!tgid || tgid == rs_target_own)
		return false;
	if ((flags & RS_TARGET_PIDS) && !bpf_map_lookup_elem(&rs_target_pids, &tgid))
		return false;
	if ((flags & RS_TARGET_COMMS) && !rs_target_has_comm(task))
		return false;
	if (flags & RS_TARGET_UIDS) {
		uid = BPF_CORE_READ(task, real_cred, uid.val);
		if (!bpf_map_lookup_elem(&rs_target_uids, &uid))
			return false;
	}
	if (flags & RS_TARGET_CGROUPS) {
		cgroup = rs_target_cgroup_of(task);
		if (!bpf_map_lookup_elem(&rs_target_cgroups, &cgroup))
			return false;
	}
	return true;
}

/* The same of the task that runs. */
static __always_inline bool rs_target_current(void)
{
	return rs_target_is((void *)bpf_get_current_task(), bpf_get_current_pid_tgid() >> 32);
}

/* Run once by user space, for its number as the first pid namespace counts. */
SEC("raw_tp") int rs_target_self(struct rs_raw *ctx)
{
	rs_target_own = bpf_get_current_pid_tgid() >> 32;
	return 0;
}

SEC("raw_tp/sched_process_fork") int rs_target_fork(struct rs_raw *ctx)
{
	struct task_struct *parent = (void *)ctx->args[0], *child = (void *)ctx->args[1];
	__u32 from = BPF_CORE_READ(parent, tgid), to = BPF_CORE_READ(child, tgid), *how;

	if (from == to)
		return 0;
	how = bpf_map_lookup_elem(&rs_target_pids, &from);
	if (how && bpf_map_update_elem(&rs_target_pids, &to, how, BPF_ANY))
		rs_target_full();
	return 0;
}

/* Attached after the tool's own programs, which may still want to know. */
SEC("raw_tp/sched_process_exit") int rs_target_exit(struct rs_raw *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	if (!BPF_CORE_READ(task, signal, live.counter))
		bpf_map_delete_elem(&rs_target_pids, &tgid);
	return 0;
}

/* A group that is made in a group that is watched belongs to it. */
SEC("raw_tp/cgroup_mkdir") int rs_target_mkdir(struct rs_raw *ctx)
{
	struct cgroup *made = (void *)ctx->args[0];
	__u64 above = rs_cgroup_at(made, BPF_CORE_READ(made, level) - 1);
	__u64 id = BPF_CORE_READ(made, kn, id);
	__u32 *how = bpf_map_lookup_elem(&rs_target_cgroups, &above);

	if (how && bpf_map_update_elem(&rs_target_cgroups, &id, how, BPF_ANY))
		rs_target_full();
	return 0;
}
