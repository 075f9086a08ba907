/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Control groups as the kernel keeps them. A task is in one group of each hierarchy; @v1 says which is
 * meant: 0, cgroup v2; otherwise 1 + the index of a v1 controller (enum cgroup_subsys_id).
 */
#pragma once

#include "bpf/lib/kernel.h"

#define RS_CGROUP_LEVELS 16
#define RS_CGROUP_SUBSYS 16 /* controllers: 14 in 7.2 */

/* The group of @task. A controller that no v1 hierarchy has leads to the group in v2. */
static __always_inline struct cgroup *rs_cgroup_in(struct task_struct *task, __u32 v1)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup_subsys_state *css = NULL;

	if (!v1)
		return BPF_CORE_READ(set, dfl_cgrp);
	v1 = (v1 - 1) & (RS_CGROUP_SUBSYS - 1);
	bpf_probe_read_kernel(&css, sizeof(css),
			      (void *)set + bpf_core_field_offset(set->subsys) + v1 * sizeof(css));
	return BPF_CORE_READ(css, cgroup);
}

/* Until 6.0 a cgroup held its ancestors' ids (kernel commit 7f203bc89eb6 keeps pointers). */
struct cgroup___ids {
	__u64 ancestor_ids[1];
} __core;

/* The id of the group above (or at) a group, at a level, 0 being the root; 0 where it is not that deep. */
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
