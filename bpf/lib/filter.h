/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The filters that need nothing collected: kind, agent, uid, comm, cgroup, process scope. */
#pragma once

#include "bpf/lib/cgroup.h"

static __always_inline bool rs_kind_wanted(__u32 kind)
{
	return rs_config.kinds & (1ull << kind);
}

/* In core.bpf.c: is the current task in or below a cgroup that was asked for? */
int rs_cgroup_wanted(void);

/* Both of pid and executable must be there when both are asked for. */
static __always_inline bool rs_scope_wanted(__u32 tgid, __u32 filters)
{
	__u32 *bits = bpf_map_lookup_elem(&rs_scope, &tgid);
	__u32 has = bits ? *bits : 0;

	if ((filters & RS_FILTER_SCOPE) && !(has & RS_SCOPE_PID))
		return false;
	if ((filters & RS_FILTER_EXE) && !(has & RS_SCOPE_EXE))
		return false;
	return true;
}

/*
 * The name of the current task, 16 bytes; io_uring's threads, which the kernel names, act under
 * that of their process.
 */
static __always_inline void rs_process_comm(char *comm)
{
	struct task_struct *task = (void *)bpf_get_current_task(), *leader;

	if (!(BPF_CORE_READ(task, flags) & PF_IO_WORKER)) {
		bpf_get_current_comm(comm, 16);
		return;
	}
	leader = BPF_CORE_READ(task, group_leader);
	__builtin_memset(comm, 0, 16); /* what follows the name in the task is not always zero */
	bpf_probe_read_kernel_str(comm, 16, &leader->comm);
}

/* Cheapest first. The path filter comes later, when there is a path. */
static __always_inline bool rs_process_wanted(__u32 tgid)
{
	__u32 filters = rs_config.filters;

	if (tgid == rs_config.self)
		return false;
	if (!filters)
		return true;
	if (filters & RS_FILTER_UID) {
		__u32 uid = bpf_get_current_uid_gid();

		if (!bpf_map_lookup_elem(&rs_filter_uid, &uid))
			return false;
	}
	if (filters & RS_FILTER_COMM) {
		char comm[16] = {};

		rs_process_comm(comm);
		if (!bpf_map_lookup_elem(&rs_filter_comm, comm))
			return false;
	}
	if ((filters & (RS_FILTER_SCOPE | RS_FILTER_EXE)) && !rs_scope_wanted(tgid, filters))
		return false;
	if ((filters & RS_FILTER_CGROUP) && !rs_cgroup_wanted())
		return false;
	return true;
}

static __always_inline bool rs_wanted(__u32 kind)
{
	return rs_kind_wanted(kind) && rs_process_wanted(bpf_get_current_pid_tgid() >> 32);
}

/* Kinds without a path are shut out by a path filter. */
static __always_inline bool rs_wanted_pathless(__u32 kind)
{
	return !(rs_config.filters & RS_FILTER_PATH) && rs_wanted(kind);
}

/*
 * For the kinds that tell who is who: 0 where the filters want the event, RS_HDR_IDENTITY where only
 * the agent does, -1 where nobody does. @passes: what the path filter says of it. In core.bpf.c,
 * verified once; and what it yields is one case to the verifier, not two.
 */
int rs_identity_wanted(__u32 kind, __u32 passes);

static __always_inline int rs_identity_wanted_pathless(__u32 kind)
{
	return rs_identity_wanted(kind, !(rs_config.filters & RS_FILTER_PATH));
}
