/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Control groups. A task is in one group of each hierarchy; which of them is meant, in all records
 * and filters, says rs_config.cgroup_v1.
 */
#pragma once

#include "bpf/lib/cgroups.h"
#include "bpf/lib/maps.h"

/* The group of @task. */
static __always_inline struct cgroup *rs_cgroup_of(struct task_struct *task)
{
	return rs_cgroup_in(task, rs_config.cgroup_v1);
}

static __always_inline __u64 rs_cgroup_id_of(struct task_struct *task)
{
	struct cgroup *cgroup = rs_cgroup_of(task);

	return BPF_CORE_READ(cgroup, kn, id);
}

/* The id of the current task's group. In core.bpf.c: one case to the verifier, not two. */
__u64 rs_cgroup_id(void);
