/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records of the control group sensor: cgroup_mkdir, cgroup_rmdir. */
#pragma once

#include "bpf/abi/event.h"

/*
 * Field CGROUP: the path. The header is that of whoever made or removed the group. Of all hierarchies
 * only the one that rs_config.cgroup_v1 names is reported.
 */
struct rs_cgroup_change {
	struct rs_hdr hdr;
	__u64 id; /* as in rs_hdr.cgroup of processes in it */
	__u64 parent;
	__u32 level;     /* 0 is the root */
	__u32 hierarchy; /* its number, as in /proc/cgroups; 0 is version 2 */
};

static_assert(sizeof(struct rs_cgroup_change) == 120, "struct rs_cgroup_change");
