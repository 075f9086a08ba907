/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps and variables that all sensors share. core.bpf.c defines them (RS_DEFINE), the other
 * objects refer to them; bpftool's static linker joins them into one.
 */
#pragma once

#include "bpf/lib/kernel.h"

#ifdef RS_DEFINE
#define RS_SHARED
#else
#define RS_SHARED extern
#endif

/* enum rs_fail -> times. */
struct rs_fails_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, RS_FAIL_MAX);
	__type(key, __u32);
	__type(value, __u64);
};
RS_SHARED struct rs_fails_map rs_fails SEC(".maps");

static __always_inline void rs_failed(__u32 fail)
{
	__u64 *n = bpf_map_lookup_elem(&rs_fails, &fail);

	if (n)
		__sync_fetch_and_add(n, 1);
}

/* What goes wrong on the way along a path is counted, too. */
#define RS_WALK_FAILED(why) rs_failed(why)
#include "bpf/lib/walk.h"

/* The events. The size is set before load. */
struct rs_ring_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
};
RS_SHARED struct rs_ring_map rs_ring SEC(".maps");

/* See struct rs_lane; RS_LANE_SLOTS per CPU. Sized before load, read by the agent through mmap. */
struct rs_lanes_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, RS_LANE_SLOTS);
	__type(key, __u32);
	__type(value, struct rs_lane);
};
RS_SHARED struct rs_lanes_map rs_lanes SEC(".maps");

/*
 * Scratch of a lane. A path is built in `walk`; a record with fields is put together in `record`, whose second half is
 * room that the verifier asks for: an offset below the half plus a length below it.
 */
#define RS_RECORD_HALF 16384
struct rs_scratch {
	struct rs_walk walk;
	__u32 slot;   /* of the lane */
	__u32 used;   /* bytes of `record` */
	__s32 dir;    /* rs_put_name(): directory descriptor */
	__u64 str;    /* rs_put_...(): the string in the process's memory */
	__u32 kernel; /* or, not 0, in the kernel's; until rs_scratch_of() */
	__u64 arg[8]; /* of the system call; [7] is 0, for arguments that are not there */
	__u8 record[RS_RECORD_HALF + RS_PATH_MAX + 64];
};

struct rs_scratch_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RS_LANES);
	__type(key, __u32);
	__type(value, struct rs_scratch);
};
RS_SHARED struct rs_scratch_map rs_scratch SEC(".maps");

/* Filters: see struct rs_config. Room for two: while one takes the place of another, both are there. */
struct rs_scope_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RS_SCOPE_ENTRIES);
	__type(key, __u32);   /* thread group */
	__type(value, __u32); /* RS_SCOPE_* */
};
RS_SHARED struct rs_scope_map rs_scope SEC(".maps");

struct rs_comm_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * RS_COMM_ENTRIES);
	__uint(key_size, 16);
	__uint(value_size, 4);
};
RS_SHARED struct rs_comm_map rs_filter_comm SEC(".maps");

struct rs_uid_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * RS_UID_ENTRIES);
	__type(key, __u32);
	__type(value, __u32);
};
RS_SHARED struct rs_uid_map rs_filter_uid SEC(".maps");

struct rs_cgroup_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * RS_CGROUP_ENTRIES);
	__type(key, __u64);
	__type(value, __u32);
};
RS_SHARED struct rs_cgroup_map rs_filter_cgroup SEC(".maps");

struct rs_exe_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * RS_EXE_ENTRIES);
	__type(key, struct rs_exe_key);
	__type(value, __u32);
};
RS_SHARED struct rs_exe_map rs_filter_exe SEC(".maps");

struct rs_path_map {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 2 * RS_PREFIX_ENTRIES);
	__type(key, struct rs_prefix);
	__type(value, __u32); /* 1: all below too; 2: this very path */
};
RS_SHARED struct rs_path_map rs_filter_path SEC(".maps");

/* See struct rs_stash. rs_resolved is set before load where there are programs that fill it. */
#ifdef RS_DEFINE
const volatile _Bool rs_resolved = 0;
#else
extern const volatile _Bool rs_resolved;
#endif

struct rs_stash_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH); /* a thread that dies in the call leaves its entry */
	__uint(max_entries, RS_STASH_ENTRIES);
	__type(key, struct rs_stash_key);
	__type(value, struct rs_stash);
};
RS_SHARED struct rs_stash_map rs_stash SEC(".maps");

/* Written by the agent through mmap at any time. */
RS_SHARED struct rs_config rs_config;
RS_SHARED struct rs_wake rs_wake;
