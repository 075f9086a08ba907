/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* System calls one by one: the records of bpf/tools/strace.bpf.c, and what it is told. */
#pragma once

#include <linux/types.h>

#include "bpf/abi/capture.h"
#include "bpf/abi/event.h"
#include "bpf/abi/stack.h"

enum rs_strace_kind {
	RS_STRACE_CALL,   /* struct rs_strace_call: a call that has ended, or never will */
	RS_STRACE_SIGNAL, /* struct rs_strace_signal: one that is delivered */
	RS_STRACE_NEW, /* struct rs_strace_new: a thread or a process that is watched from here on */
	RS_STRACE_END, /* struct rs_strace_end: of a thread */
	RS_STRACE_KINDS,
};

struct rs_strace_head {
	__u32 kind; /* enum rs_strace_kind */
	__u32 size; /* of the whole record */
	__u64 time; /* ns since boot */
	__u32 pid;  /* thread group */
	__u32 tid;
	char comm[16];
};

/* rs_strace_call.flags */
enum {
	RS_STRACE_COMPAT = 1 << 0, /* a call of 32 bits: its number is another table's */
	RS_STRACE_BEFORE =
		1 << 1, /* had begun before we came: when is unknown, and what memory held */
	RS_STRACE_NEVER = 1 << 2,   /* the thread ended in it */
	RS_STRACE_FULL = 1 << 3,    /* there was no room for all that it leads to */
	RS_STRACE_MATCHED = 1 << 4, /* it is on a path that is asked for */
};

/* Followed by parts: struct rs_strace_part. */
struct rs_strace_call {
	struct rs_strace_head head; /* time: when it ended */
	__u64 began;
	__s32 nr;
	__u32 flags;
	__u64 args[6];
	__s64 result;
	struct rs_stack_pair stacks;
};

enum rs_strace_part_kind {
	RS_STRACE_IN,  /* memory as it was at entry: see bpf/abi/capture.h */
	RS_STRACE_OUT, /* and at the end */
	RS_STRACE_FD,  /* struct rs_strace_fd: what a descriptor is */
};

#define RS_STRACE_RESULT 6 /* rs_strace_part.arg: not an argument, but what the call returned */

struct rs_strace_part {
	__u8 arg;
	__u8 kind;   /* enum rs_strace_part_kind */
	__u16 flags; /* RS_CAPTURE_FAULT ... */
	__u32 len;   /* bytes behind this header, without the padding to 8 */
};

/* Followed by the path, or a unix socket's name. */
struct rs_strace_fd {
	__u64 ino;
	__u32 dev;   /* as the kernel has it: major << 20 | minor */
	__u32 rdev;  /* of device files */
	__u32 flags; /* RS_FIELD_DELETED ... */
	__u16 mode;
	__u16 family; /* of sockets; AF_UNSPEC where the rest is not there */
	__u16 type, protocol;
	__u16 local_port, remote_port;
	__u8 local[16], remote[16];
	__u64 peer; /* inode of the other end of a unix socket; 0: none */
	__u32 len;  /* of what follows */
	__u32 pad;
};

struct rs_strace_signal {
	struct rs_strace_head head;
	__s32 signal;
	__u32 ignored; /* the process ignores it: it did not get it */
	__u8 info[48]; /* siginfo_t, as far as its fields go */
};

struct rs_strace_new {
	struct rs_strace_head head; /* who it is */
	__u32 parent;               /* the thread that made it */
	__u32 pad;
};

struct rs_strace_end {
	struct rs_strace_head head;
	__s32 code; /* as wait(2) has it */
	__u32 last; /* of its process */
};

/* Set before load. rs_strace_config.flags */
enum {
	RS_STRACE_SOME = 1 << 0,       /* only the calls in `wanted` */
	RS_STRACE_FAILED = 1 << 1,     /* only those that fail */
	RS_STRACE_SUCCESSFUL = 1 << 2, /* only those that do not */
	RS_STRACE_FDS = 1 << 3,        /* say what descriptors are */
	RS_STRACE_PATHS = 1 << 4,      /* only calls on the paths in rs_strace_paths */
	RS_STRACE_USER_STACK = 1 << 5,
	RS_STRACE_KERNEL_STACK = 1 << 6,
	RS_STRACE_NO_MEMORY = 1 << 7,  /* numbers alone */
	RS_STRACE_QUIET_ENDS = 1 << 8, /* no RS_STRACE_END: nobody is to see them */
};

struct rs_strace_config {
	__u32 flags;
	__u32 string_max; /* bytes of contents (RS_CAPTURE_DATA) */
	__u64 slower;     /* ns: calls that take less are left out */
	__u64 signals;    /* a bit each, from signal 1 on */
	__u32 execve;     /* its number */
	__u32 execveat;
	__u32 verbose;
	__u32 pad;
	__u64 wanted[RS_CALLS_MAX / 64];
};

/* A row of rs_strace_rows, by number of the call. */
struct rs_strace_row {
	struct rs_call_capture capture;
	__u8 entry; /* arguments whose memory is read before the call, a bit each */
	__u8 exit;  /* and behind it */
	__u8 fds;   /* that are descriptors; bit RS_STRACE_RESULT: the result */
	__u8 paths; /* that are paths */
	__u32 known;
};

/* Losses: indices of rs_strace_lost. */
enum rs_strace_loss {
	RS_STRACE_LOST_RING,    /* records: the buffer was full */
	RS_STRACE_LOST_THREADS, /* calls: no room for one more thread */
	RS_STRACE_LOST_FDS, /* descriptors: the scratch of this CPU was in use; their call is there */
	RS_STRACE_LOST_COUNT,
};

#define RS_STRACE_PATH_KEY 256 /* longest path to look for, NUL included */
struct rs_strace_path {
	char path[RS_STRACE_PATH_KEY]; /* filled up with zeroes */
};
#define RS_STRACE_PATHS_MAX 64

/*
 * A thread's place: value of the map rs_strace_threads, by tid. The record is made where it is kept. One that is
 * under way can be looked at there; it may change meanwhile.
 */
#define RS_STRACE_HALF  8192 /* bytes of parts */
#define RS_STRACE_PIECE 7680 /* longest part; and room for it behind the half */
struct rs_strace_thread {
	__u32 busy; /* not 0: a call is under way */
	__u32 used; /* bytes of `parts` */
	__u32 arg;  /* the argument whose memory is being read */
	__u32 again; /* arguments whose memory was not present: to be read again at the end, a bit each */
	struct rs_strace_call call;
	__u8 parts[RS_STRACE_HALF + RS_STRACE_PIECE + 64];
};

#define RS_STRACE_THREADS     4096
#define RS_STRACE_THREADS_OLD 256 /* where all are allocated from the start */

static_assert(sizeof(struct rs_strace_head) == 40, "struct rs_strace_head");
static_assert(sizeof(struct rs_strace_call) == 128, "struct rs_strace_call");
static_assert(sizeof(struct rs_strace_fd) == 80, "struct rs_strace_fd");
static_assert(sizeof(struct rs_strace_thread) <= 16384 - 64, "struct rs_strace_thread");
