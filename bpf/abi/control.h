/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the agent tells the programs (configuration, filters) and what they count for it. */
#pragma once

#include "bpf/abi/event.h"

/*
 * Lanes. A program that makes events may be interrupted, on its CPU, by another one (an interrupt,
 * or preemption on kernels where programs can be preempted). Each CPU therefore has a few lanes:
 * scratch space, sequence numbers and counters that one program at a time holds. Who finds all of
 * them taken counts its event as lost in the last lane, atomically.
 *
 * For each kind, at any time at which no program is running:
 *	sum of generated = records delivered + sum of lost
 */
#define RS_LANES       4        /* that can be held */
#define RS_LANE_SHARED RS_LANES /* counters of those that found none */
#define RS_LANE_SLOTS  8        /* lanes per CPU in the map, a power of two */

enum rs_loss {
	RS_LOSS_RING, /* the ring buffer was full */
	RS_LOSS_LANE, /* no lane was free: more nesting than we provide for */
	RS_LOSS_COUNT,
};

struct rs_lane {
	__u64 busy; /* holders; 1 when held */
	__u64 seq;  /* last sequence number given out */
	__u64 generated[RS_KIND_MAX];
	__u64 lost[RS_LOSS_COUNT][RS_KIND_MAX];
	__u64 bytes; /* written to the ring buffer */
	__u64 slot;  /* which lane of its CPU this is; written by the agent before it attaches */
	__u64 identity; /* last sequence number of records with RS_HDR_IDENTITY, which have their own */
	__u64 pad[3]; /* whole cache lines */
};

/* Things that went wrong without costing a whole event: identifier, place, reason. */
#define RS_FAILS(X)                                                                                \
	X(PATH_DEEP, "path", "deeper than the walk goes; its beginning is missing")                \
	X(PATH_LONG, "path", "longer than 4096 bytes; its beginning is missing")                   \
	X(PATH_READ, "path", "a directory entry could not be read")                                \
	X(ARG_FAULT, "argument", "the process's memory was not present")                           \
	X(ARGS_CUT, "arguments", "longer than 4096 bytes; the end is missing")                     \
	X(FIELD_FULL, "record", "no room left for a field")                                        \
	X(STASH_FULL, "path stash", "no room to keep the kernel's path until the call returns")    \
	X(SCOPE_FULL, "process scope", "no room for one more process: descendants not followed")   \
	X(FLOW_FULL, "flows", "no room for one more connection: its close has no owner")           \
	X(URING_FULL, "io_uring", "no room for one more request under way")                        \
	X(FD_READ, "descriptor", "the file behind it could not be read")

enum rs_fail {
#define X(id, place, reason) RS_FAIL_##id,
	RS_FAILS(X)
#undef X
		RS_FAIL_COUNT,
	RS_FAIL_MAX = 32,
};

/* rs_config.filters: the filters that are set. All set ones must let an event pass. */
enum {
	RS_FILTER_SCOPE = 1 << 0, /* pid and its descendants: rs_scope */
	RS_FILTER_COMM = 1 << 1,
	RS_FILTER_UID = 1 << 2,
	RS_FILTER_CGROUP = 1 << 3, /* and everything below */
	RS_FILTER_EXE = 1 << 4,    /* rs_scope too, computed at exec */
	RS_FILTER_PATH = 1 << 5,   /* prefix; kinds without a path do not pass */
};

/* Written by the agent at any time, read by the programs at each event. */
struct rs_config {
	__u64 kinds;         /* bit per enum rs_kind: wanted */
	__u64 cgroup_levels; /* bit per level at which rs_filter_cgroup has ids, 0 being the root */
	__u32 filters;       /* RS_FILTER_* */
	__u32 self;          /* thread group that is never reported: the agent */
	__u32 env;           /* not 0: collect the environment at exec */
	/*
	 * Which hierarchy rs_hdr.cgroup is of: 0, cgroup v2; otherwise 1 + the index of a v1 controller
	 * (enum cgroup_subsys_id of the running kernel), on nodes that keep their containers there.
	 */
	__u32 cgroup_v1;
	/*
	 * Kinds that the agent needs to know who is who (fork, exec, exit, cgroup_*), a bit each: where
	 * `kinds` or a filter would keep one away, it is sent all the same, with RS_HDR_IDENTITY.
	 */
	__u64 identity;
	__u32 pad[6];
};

/*
 * Wake-ups. The consumer sets `armed` before it blocks for long: the next record wakes it. While
 * it is awake, or sleeps for one tick only, nobody wakes it until `threshold` bytes wait.
 */
struct rs_wake {
	__u32 armed;
	__u32 threshold;
	__u32 pad[14];
};

/* Values of rs_scope, a hash of thread groups. */
enum {
	RS_SCOPE_PID = 1 << 0, /* a process asked for by pid, or a descendant of one */
	RS_SCOPE_EXE = 1 << 1, /* runs an executable that was asked for */
};

#define RS_SCOPE_ENTRIES  16384
#define RS_COMM_ENTRIES   256
#define RS_UID_ENTRIES    256
#define RS_CGROUP_ENTRIES 1024
#define RS_EXE_ENTRIES    256
#define RS_PREFIX_ENTRIES 1024
#define RS_PREFIX_BYTES   252 /* longest prefix that can be asked for */
#define RS_FLOW_ENTRIES   16384
#define RS_UDP_ENTRIES    8192 /* peers of UDP sockets; the ones longest unused are forgotten */
#define RS_URING_ENTRIES  1024
#define RS_STASH_ENTRIES  1024

/*
 * Paths that a hook inside the kernel resolved, kept until the system call returns: rs_stash, by
 * thread and by which path of the call it is (0 or 1).
 */
struct rs_stash_key {
	__u32 tid;
	__u32 which;
};

struct rs_stash {
	__u64 args; /* of the system call that it belongs to, mixed */
	__s32 nr;   /* that call */
	__u16 len;
	__u16 flags; /* RS_FIELD_* */
	__u8 path[RS_PATH_MAX];
};

/* Key of rs_filter_path, a longest-prefix-match trie over bytes. */
struct rs_prefix {
	__u32 bits;
	__u8 bytes[RS_PREFIX_BYTES];
};

/* Key of rs_filter_exe: a path, zero-filled. Executables with longer paths cannot be asked for. */
struct rs_exe_key {
	char path[256];
};

static_assert(sizeof(struct rs_config) == 64, "struct rs_config");
static_assert(sizeof(struct rs_wake) == 64, "struct rs_wake");
static_assert(sizeof(struct rs_lane) % 64 == 0, "struct rs_lane");
