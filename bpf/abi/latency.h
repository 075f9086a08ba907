/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How long things take: histograms and slow ones, made by bpf/tools/latency.bpf.c. */
#pragma once

#include <linux/types.h>

#include "bpf/abi/capture.h"

/*
 * Histograms are log-linear: each power of two is an octave of 64 buckets of one width, so that no bucket is wider than a
 * 64th of its values (1.6 %). Values are nanoseconds; those below 64 have buckets of their own.
 *
 * A histogram is kept as pages, one for each octave that has something in it: most span ten of the 43. So a histogram costs
 * some 5 KB where a whole one would be 22 KB, an event one lookup, and reading them all out a few calls.
 */
#define RS_OCTAVE_BUCKETS 64
#define RS_OCTAVES        43
#define RS_HISTOGRAM_MOST ((1ull << 48) - 1) /* 78 hours; what is longer counts as that */

static inline __attribute__((always_inline)) __u32 rs_octave_of(__u64 value)
{
	__u32 log = 0;

	if (value >= 1ull << 32)
		log += 32, value >>= 32;
	if (value >= 1 << 16)
		log += 16, value >>= 16;
	if (value >= 1 << 8)
		log += 8, value >>= 8;
	if (value >= 1 << 4)
		log += 4, value >>= 4;
	if (value >= 1 << 2)
		log += 2, value >>= 2;
	log += value >= 2;
	return log < 6 ? 0 : log - 5;
}

/* The bucket within the octave. */
static inline __attribute__((always_inline)) __u32 rs_octave_bucket(__u64 value, __u32 octave)
{
	return (value >> (octave ? octave - 1 : 0)) & (RS_OCTAVE_BUCKETS - 1);
}

enum rs_latency_source {
	RS_LATENCY_SYSCALL,
	RS_LATENCY_BLOCK,
	RS_LATENCY_RUNQ,
	RS_LATENCY_TCP,
	RS_LATENCY_DNS,
	RS_LATENCY_FAULT,
	RS_LATENCY_SOURCES,
};

/* What has histograms of its own. */
enum {
	RS_LATENCY_BY_CALL =
		1
		<< 0, /* system call; or the kind of event, which the other sources always tell apart */
	RS_LATENCY_BY_FILE = 1 << 1,
	RS_LATENCY_BY_PEER = 1 << 2,
	RS_LATENCY_BY_CONTAINER = 1 << 3,
	RS_LATENCY_BY_PROCESS = 1 << 4,
	RS_LATENCY_BY_THREAD = 1 << 5,
	RS_LATENCY_BY_DEVICE = 1 << 6,
};

/* rs_latency_key.what of the sources that are no system calls. */
enum {
	RS_RUNQ_WOKEN,
	RS_RUNQ_PREEMPTED,
	RS_TCP_ROUND_TRIP = 0,
	RS_TCP_CONNECT,
	RS_TCP_FAILED, /* a connect that came to nothing */
	RS_DNS_QUERY = 0,
	RS_FAULT_MINOR = 0,
	RS_FAULT_MAJOR,
	/* block: the operation (REQ_OP_*) and one of these */
	RS_BLOCK_QUEUED = 0,
	RS_BLOCK_SERVED = 1 << 8,
	RS_BLOCK_WHOLE = 2 << 8, /* of devices that have no queue of their own: dm, md */
	RS_BLOCK_OP_MASK = 0xff,
};

struct rs_latency_peer {
	__u16 family; /* 0: none */
	__u16 port;
	__u32 pad;
	__u8 addr[16];
};

/* What is not asked for is 0. A file that is known by its path alone has RS_LATENCY_DEV_PATH and a hash for ino. */
struct rs_latency_key {
	__u32 what;
	__u32 id;  /* process or thread */
	__u32 dev; /* as the kernel has it: major << 20 | minor */
	__u16 octave;
	__u16 shard; /* so that CPUs seldom write the same page */
	__u64 cgroup;
	__u64 ino;
	struct rs_latency_peer peer;
};
#define RS_LATENCY_DEV_PATH 0xffffffffu

/* Value of the map rs_latency_pages. */
struct rs_latency_page {
	__u64 sum;
	__u64 max;
	__u64 counts[RS_OCTAVE_BUCKETS];
};

/* Names of what keys mean, kept when they are first met: rs_latency_files by (dev, ino). */
#define RS_LATENCY_PATH 256
struct rs_latency_file_key {
	__u64 ino;
	__u32 dev;
	__u32 pad;
};
struct rs_latency_file {
	__u16 mode; /* S_IF... */
	__u16 len;  /* of the path: its last bytes where it is longer than there is room */
	__u32 pad;
	char path[RS_LATENCY_PATH];
};

/* rs_latency_names, by process or thread. */
struct rs_latency_name {
	char comm[16];
	__u32 pid;
	__u32 pad;
	__u64 cgroup;
};

/* What is worth knowing of a system call: by number. */
struct rs_latency_call {
	__u8 wanted;
	__u8 fd;   /* argument that is a descriptor; RS_LATENCY_NO_ARG */
	__u8 path; /* argument that is a path */
	__u8 flags;
};
#define RS_LATENCY_NO_ARG 0xff
enum {
	RS_LATENCY_GIVES_FD = 1 << 0,
	RS_LATENCY_CLOSES = 1 << 1, /* the descriptor is gone at the end */
	RS_LATENCY_LOCKS = 1 << 2,  /* futex: who wakes us held it */
	RS_LATENCY_WAITS = 1 << 3, /* it lasts as long as its caller wants: not told of by itself */
};

/* Set before load. */
struct rs_latency_config {
	__u32 by;       /* RS_LATENCY_BY_* */
	__u32 shards;   /* a mask */
	__u64 outlier;  /* ns from which on one is told of by itself; 0: none */
	__u32 arg_bio;  /* what the tracepoint is about is its second argument: it has moved */
	__u32 arg_done; /* the same for block_bio_complete */
	__u32 arg_rq;   /* and for block_rq_insert and block_rq_issue */
	__u32 execve;   /* number of the call */
	struct rs_latency_call calls[RS_CALLS_MAX];
	struct rs_call_capture capture[RS_CALLS_MAX];
};

/* Why something is in no histogram, or a slow one not told of: indices of rs_latency_lost. */
enum rs_latency_loss {
	RS_LATENCY_LOST_PAGES,   /* no room for one more page */
	RS_LATENCY_LOST_STARTS,  /* no room to remember when it began */
	RS_LATENCY_LOST_NAMES,   /* no room for a name: numbers are shown */
	RS_LATENCY_LOST_RING,    /* a slow one was not told of */
	RS_LATENCY_LOST_COMPAT,  /* calls of 32 bits, which are not looked at */
	RS_LATENCY_LOST_SCRATCH, /* the scratch of this CPU was in use */
	RS_LATENCY_LOST_COUNT,
};

/* What became of the entries of rs_latency_starts: indices of rs_latency_tally. Those that are in none of the last two and
 * not there any more had to make room for newer ones. */
enum rs_latency_tally_of {
	RS_LATENCY_BEGUN,
	RS_LATENCY_ENDED,
	RS_LATENCY_REPLACED, /* DNS: nothing came, and another question has taken the number */
	RS_LATENCY_TALLIES,
};

/* --- slow ones --- */

/* What a thread did while its call lasted, besides running. */
enum rs_wait_how {
	RS_WAIT_IO,        /* blocked, as the kernel says for I/O */
	RS_WAIT_HARD,      /* blocked, and no signal would have ended it */
	RS_WAIT_SOFT,      /* blocked until something comes */
	RS_WAIT_WOKEN,     /* could run, and waited for a CPU */
	RS_WAIT_PREEMPTED, /* had to leave the CPU to others */
	RS_WAIT_COUNT,
};

/* A block I/O. */
struct rs_wait_io {
	__u64 sector;
	__u64 ns; /* from issue to end; 0: unknown */
	__u32 dev;
	__u32 bytes;
	__u32 op; /* REQ_OP_* */
	__u32 pad;
};

/* Value of the map rs_latency_starts: something that has begun and whose end is seen elsewhere. */
#define RS_LATENCY_QUESTION 64
struct rs_latency_start {
	__u64 began; /* bpf_ktime_get_ns(); TCP: of a connect that lasts, else 0 */
	__u64 issued;
	__u64 cgroup;
	__u32 pid, tid;
	char comm[16];
	struct rs_wait_io io;
	struct rs_latency_peer peer;
	__u8 name[RS_LATENCY_QUESTION]; /* DNS: the question, or its beginning; zeros behind it */
};

#define RS_WAIT_DEPTH 48

/* One wait: how long, where, and who ended it. */
struct rs_wait_one {
	__u64 ns;
	__u32 how; /* enum rs_wait_how */
	__u32 waker_pid, waker_tid;
	char waker_comm[16];
	__u32 n_ips, n_waker_ips; /* frames of the kernel, the innermost first */
	__u32 pad;
	__u64 waker_user;     /* key of rs_stacks; 0: none */
	struct rs_wait_io io; /* whose end woke it; dev 0: none */
	__u64 ips[RS_WAIT_DEPTH];
	__u64 waker_ips[RS_WAIT_DEPTH];
};

#define RS_LATENCY_ARG_BYTES 64

struct rs_latency_memory {
	__u16 len;
	__u8 flags; /* RS_LATENCY_MEMORY_* */
	__u8 pad[5];
	__u8 data[RS_LATENCY_ARG_BYTES];
};
enum {
	RS_LATENCY_MEMORY_THERE = 1 << 0,
	RS_LATENCY_MEMORY_FAULT = 1 << 1,
	RS_LATENCY_MEMORY_CUT = 1 << 2,
};

/* A record of rs_latency_ring. Sources other than system calls send what lies before `wait` only. */
struct rs_latency_outlier {
	__u32 source;
	__u32 what; /* system call or kind */
	__u64 end;  /* bpf_ktime_get_ns() */
	__u64 ns;
	__u64 cgroup;
	__u32 pid, tid;
	char comm[16];
	__u64 ino;
	__u32 dev; /* of the file system, or the block device */
	__u32 mode;
	struct rs_latency_peer peer;
	struct rs_wait_io io; /* block: this one; system calls: the first that the thread issued */
	__u32 n_io;           /* how many it issued */
	__u32 rival_pid;      /* runq: who ran last before */
	char rival_comm[16];
	__u64 address;   /* fault */
	__u64 user;      /* stack of its own code: key of rs_stacks */
	__u64 device_ns; /* block: of ns, in the device */
	__u32 path_len;  /* of the file, or the name that was asked for in DNS' own form */
	__u32 switches;  /* how often it left the CPU */
	char path[RS_LATENCY_PATH];

	struct rs_wait_one wait; /* the longest */
	__u64 sums[RS_WAIT_COUNT];
	__u64 args[6];
	__s64 result;
	struct rs_latency_memory memory[6];
};
#define RS_LATENCY_SHORT __builtin_offsetof(struct rs_latency_outlier, wait)

_Static_assert(sizeof(struct rs_latency_key) == 56, "no holes");
_Static_assert(__builtin_offsetof(struct rs_latency_start, name) % 8 == 0, "compared by words");
_Static_assert(sizeof(struct rs_wait_one) % 8 == 0, "no holes");
