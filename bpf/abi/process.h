/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records of the process sensor: fork, exec, exit. */
#pragma once

#include "bpf/abi/event.h"

/* RS_KIND_FORK: the header is the child's. Threads make no events. */
struct rs_fork {
	struct rs_hdr hdr;
	__u32 vpid;        /* in the child's own pid namespace */
	__u32 sid;         /* session */
	__u64 maker_start; /* who called fork: with CLONE_PARENT that is not the parent */
	__u32 maker;       /* its thread group */
	__u32 pgid;
};

enum rs_ns {
	RS_NS_MNT,
	RS_NS_PID,
	RS_NS_NET,
	RS_NS_UTS,
	RS_NS_IPC,
	RS_NS_USER,
	RS_NS_CGROUP,
	RS_NS_COUNT
};

/* rs_exec.flags */
enum {
	RS_EXEC_SETID =
		1 << 0, /* the file raised privileges: set-uid, set-gid or file capabilities */
};

/* RS_KIND_EXEC: fields EXE, CWD, ARGS, SCRIPT, and ENV when asked for (not with RS_HDR_IDENTITY). */
struct rs_exec {
	struct rs_hdr hdr;
	__u64 ino;
	__u64 cap_effective;
	__u64 cap_permitted;
	__u32 dev;      /* kernel encoding: major << 20 | minor */
	__u32 mode;     /* of the executable */
	__u32 file_uid; /* owner of the executable */
	__u32 file_gid;
	__u32 euid;
	__u32 egid;
	__u32 loginuid; /* 0xffffffff where unset */
	__u32 vpid;
	__u32 sid;
	__u32 pgid;
	__u32 argc;
	__u32 flags;           /* RS_EXEC_* */
	__u32 ns[RS_NS_COUNT]; /* inode numbers */
	__u32 links;  /* of the executable: 0 for one that was never linked or is deleted */
	char tty[32]; /* name of the controlling terminal, empty where there is none */
};

/* RS_KIND_EXIT: the whole process is gone, its last thread included. */
struct rs_exit {
	struct rs_hdr hdr;
	__u64 wall;    /* ns since the process started */
	__u64 runtime; /* ns on a CPU, exact */
	__u64 utime;   /* ns, the kernel's samples: only their ratio to stime is to be trusted */
	__u64 stime;
	__u64 maxrss; /* peak resident memory, KiB */
	__u32 code;   /* as wait(2) has it: status << 8 | core << 7 | signal */
	__u32 pad;
};

static_assert(sizeof(struct rs_fork) == 120, "struct rs_fork");
static_assert(sizeof(struct rs_exec) == 232, "struct rs_exec");
static_assert(sizeof(struct rs_exit) == 144, "struct rs_exit");
