/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who is watched by a tool: set before its object is loaded (constants: what is not asked for costs nothing). */
#pragma once

#include <linux/types.h>

/* rs_target.flags: what must agree; within one of them the entries of its map are alternatives. */
enum {
	RS_TARGET_PIDS = 1 << 0,    /* thread groups in rs_target_pids */
	RS_TARGET_COMMS = 1 << 1,   /* names in rs_target_comms, of threads */
	RS_TARGET_UIDS = 1 << 2,    /* rs_target_uids */
	RS_TARGET_CGROUPS = 1 << 3, /* exactly these groups, by id: rs_target_cgroups */
	RS_TARGET_FOLLOW = 1 << 4,  /* children of those in rs_target_pids too */
};

struct rs_target_config {
	__u32 flags;     /* RS_TARGET_*; 0: everybody */
	__u32 cgroup_v1; /* as rs_config.cgroup_v1 */
};

#define RS_TARGET_PID_ENTRIES    16384
#define RS_TARGET_COMM_ENTRIES   256
#define RS_TARGET_UID_ENTRIES    256
#define RS_TARGET_CGROUP_ENTRIES 16384
