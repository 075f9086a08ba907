/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The filters that need nothing collected: kind, agent, uid, comm, cgroup, process scope. */
#pragma once

#include "bpf/lib/maps.h"

#define RS_CGROUP_LEVELS 16

static __always_inline bool rs_kind_wanted(__u32 kind)
{
	return rs_config.kinds & (1ull << kind);
}

/* Until 6.0 a cgroup held its ancestors' ids (kernel commit 7f203bc89eb6 keeps pointers). */
struct cgroup___ids {
	__u64 ancestor_ids[1];
} __core;

/* The id of the current task's cgroup at a level, 0 being the root; 0 where it is not that deep. */
static __always_inline __u64 rs_cgroup_at(struct cgroup *cgroup, int level)
{
	struct cgroup___ids *old = (void *)cgroup;
	struct cgroup *above = NULL;
	__u64 id = 0;

	if (level > BPF_CORE_READ(cgroup, level))
		return 0;
	if (bpf_core_field_exists(old->ancestor_ids)) {
		bpf_probe_read_kernel(&id, sizeof(id),
				      (void *)cgroup + bpf_core_field_offset(old->ancestor_ids) +
					      level * sizeof(id));
		return id;
	}
	bpf_probe_read_kernel(&above, sizeof(above),
			      (void *)cgroup + bpf_core_field_offset(cgroup->ancestors) +
				      level * sizeof(above));
	return BPF_CORE_READ(above, kn, id);
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
