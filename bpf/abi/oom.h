/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel kills for want of memory: records of the ring buffer rs_oom_ring. A kill comes first, then the groups that
 * the victim is in and all processes as they were at that moment, then the end.
 */
#pragma once

#include <linux/types.h>

enum rs_oom_type {
	RS_OOM_KILL,
	RS_OOM_GROUPS,
	RS_OOM_TASK,
	RS_OOM_END,
};

/* enum oom_constraint of the kernel, and what it has not: where functions cannot be traced nobody says. */
enum rs_oom_constraint {
	RS_OOM_NONE, /* the whole machine */
	RS_OOM_CPUSET,
	RS_OOM_POLICY, /* a policy of memory nodes */
	RS_OOM_MEMCG,
	RS_OOM_UNKNOWN = 255,
};

struct rs_oom_config {
	__u32 cgroup_v1; /* as rs_config.cgroup_v1 */
};

/* How every record begins. */
struct rs_oom_hdr {
	__u32 type;
	__u32 number; /* of the kill, from 1 */
};

struct rs_oom_kill {
	struct rs_oom_hdr hdr;
	__u64 time; /* CLOCK_BOOTTIME */
	__u32 victim; /* a thread group; on older kernels a thread of one whose first has ended, see rs_oom_end */
	__u32 trigger_pid;
	char trigger_comm[16];
	__u32 constraint; /* enum rs_oom_constraint */
	__s32 order;      /* of the pages that were asked for; -1: unknown */
	__u64 gfp;
	__u64 total_pages; /* that could have been had; 0: unknown */
};

/* A memory control group of the victim's, sizes in pages. */
struct rs_oom_group {
	__u64 id;
	__u64 usage, max;
};
#define RS_OOM_LEVELS 8

struct rs_oom_groups {
	struct rs_oom_hdr hdr;
	__u32 n; /* the innermost first */
	__u32 pad;
	struct rs_oom_group groups[RS_OOM_LEVELS];
};

/* A process with memory, sizes in pages. */
struct rs_oom_task {
	struct rs_oom_hdr hdr;
	__u32 pid, uid;
	__s64 anon, file, shmem, swap; /* may be off by some pages of each CPU */
	__u64 page_tables;             /* bytes */
	__u64 total;                   /* address space */
	__u64 cgroup;                  /* in the hierarchy of containers */
	__u64 memory_group;            /* its memory control group */
	__s32 adj;                     /* oom_score_adj */
	__u32 pad;
	char comm[16];
};

struct rs_oom_end {
	struct rs_oom_hdr hdr;
	__u32 tasks;    /* with memory */
	__u32 lost;     /* of these: no room in the buffer */
	__u32 complete; /* all were looked at */
	__u32 victim; /* a thread group, where struct rs_oom_kill had the number of a thread only; 0: as it was */
};

/* --- the programs' own state --- */

enum rs_oom_walk_state {
	RS_OOM_WALK_GOES_ON,
	RS_OOM_WALK_COMPLETE,
	RS_OOM_WALK_ASTRAY,
};

struct rs_oom_walk {
	__u64 first, at; /* tasks */
	__u64 pointer;
	__u32 state;
	__u32 number;
	__u32 victim;
	__u32 tasks, lost;
	__u32 pad;
};

/* What out_of_memory() was called with, and by which thread. */
struct rs_oom_call {
	__u64 control;
	__u64 thread;
};

#define RS_OOM_RING_BYTES (4u << 20)
