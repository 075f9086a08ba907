/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a record in the ring buffer looks like, for the programs that write it and the agent that
 * reads it.
 *
 * A record is one fixed struct (it begins with struct rs_hdr, whose `kind` tells which struct it
 * is), followed by variable-length fields up to rs_hdr.size:
 *
 *	| struct rs_exec | rs_field EXE | bytes, padded to 4 | rs_field ARGS | bytes ... |
 *
 * Numbers are in the machine's byte order. A reader skips tags that it does not know, so that
 * adding a field breaks nobody. Bytes in fields come from processes and files: they are hostile,
 * not terminated, and not necessarily UTF-8.
 */
#pragma once

#include <linux/types.h>

#ifdef __bpf__
#define static_assert _Static_assert
#else
#include <assert.h>
#endif

/*
 * Every kind of event: identifier, name that users type and read, sensor.
 * Append only: the numbers are used in stored records.
 */
#define RS_KINDS(X)                                                                                \
	X(FORK, fork, PROCESS)                                                                     \
	X(EXEC, exec, PROCESS)                                                                     \
	X(EXIT, exit, PROCESS)                                                                     \
	X(OPEN, open, FILE)                                                                        \
	X(CREATE, create, FILE)                                                                    \
	X(UNLINK, unlink, FILE)                                                                    \
	X(RMDIR, rmdir, FILE)                                                                      \
	X(RENAME, rename, FILE)                                                                    \
	X(LINK, link, FILE)                                                                        \
	X(SYMLINK, symlink, FILE)                                                                  \
	X(MKDIR, mkdir, FILE)                                                                      \
	X(CHMOD, chmod, FILE)                                                                      \
	X(CHOWN, chown, FILE)                                                                      \
	X(TRUNCATE, truncate, FILE)                                                                \
	X(SETXATTR, setxattr, FILE)                                                                \
	X(MOUNT, mount, FILE)                                                                      \
	X(UMOUNT, umount, FILE)                                                                    \
	X(CONNECT, connect, NET)                                                                   \
	X(ACCEPT, accept, NET)                                                                     \
	X(LISTEN, listen, NET)                                                                     \
	X(BIND, bind, NET)                                                                         \
	X(CLOSE, close, NET)                                                                       \
	X(UDP, udp, NET)                                                                           \
	X(SETUID, setuid, PRIVILEGE)                                                               \
	X(SETGID, setgid, PRIVILEGE)                                                               \
	X(CAPSET, capset, PRIVILEGE)                                                               \
	X(PTRACE, ptrace, PRIVILEGE)                                                               \
	X(KILL, kill, PRIVILEGE)                                                                   \
	X(MODULE, module, PRIVILEGE)                                                               \
	X(BPF, bpf, PRIVILEGE)                                                                     \
	X(MEMFD, memfd, PRIVILEGE)                                                                 \
	X(WXMAP, wxmap, PRIVILEGE)                                                                 \
	X(UNSHARE, unshare, PRIVILEGE)                                                             \
	X(SETNS, setns, PRIVILEGE)                                                                 \
	X(CHROOT, chroot, PRIVILEGE)                                                               \
	X(PIVOT, pivot_root, PRIVILEGE)                                                            \
	X(CGROUP_MKDIR, cgroup_mkdir, CGROUP)                                                      \
	X(CGROUP_RMDIR, cgroup_rmdir, CGROUP)

enum rs_kind {
#define X(id, name, sensor) RS_KIND_##id,
	RS_KINDS(X)
#undef X
		RS_KIND_COUNT,
	RS_KIND_MAX = 64, /* room in the counters: the width of rs_config.kinds */
};

enum rs_sensor {
	RS_SENSOR_PROCESS,
	RS_SENSOR_FILE,
	RS_SENSOR_NET,
	RS_SENSOR_PRIVILEGE,
	RS_SENSOR_CGROUP,
	RS_SENSOR_COUNT,
};

/* The hook that made an event: identifier, name as shown. */
#define RS_HOOKS(X)                                                                                \
	X(NONE, "none")                                                                            \
	X(RAW_TP, "raw_tracepoint")                                                                \
	X(SYSCALL_TP, "syscall_tracepoint")                                                        \
	X(RAW_SYSCALL, "raw_syscall")                                                              \
	X(URING, "io_uring")

enum rs_hook {
#define X(id, name) RS_HOOK_##id,
	RS_HOOKS(X)
#undef X
		RS_HOOK_COUNT,
};

/* rs_hdr.flags */
enum {
	RS_HDR_COMPAT =
		1 << 0, /* a 32-bit system call: `nr` is of the other table; no hook sees one yet */
	RS_HDR_KTHREAD = 1 << 1,   /* a kernel thread did it */
	RS_HDR_NO_RESULT = 1 << 2, /* io_uring: sent before the result; `ret` is -EINPROGRESS */
	RS_HDR_IDENTITY = 1 << 3,  /* no filter wants it: it only tells who is who, see rs_config */
};

struct rs_hdr {
	__u16 kind; /* enum rs_kind */
	__u8 hook;  /* enum rs_hook */
	__u8 flags; /* RS_HDR_* */
	__u32 size; /* bytes of the whole record, this header included */
	__u64 seq; /* position in the sequence of (cpu, lane), from 1, without holes; with RS_HDR_IDENTITY, in
		     * another one */
	__u64 time; /* ns, CLOCK_BOOTTIME */
	__u16 cpu;
	__u8 lane; /* see struct rs_lane in control.h */
	__u8 pad;
	__s32 nr;  /* number of the system call, -1 where there is none */
	__u32 pid; /* thread group, as the first pid namespace counts */
	__u32 tid;
	__u32 ppid; /* thread group of the parent */
	__u32 uid;
	__u32 gid;
	__s32 ret;    /* result: 0 or more, or a negative errno */
	__u64 start;  /* of the thread group: ns, CLOCK_BOOTTIME; with pid it names the process */
	__u64 pstart; /* the same of the parent */
	__u64 cgroup; /* id of the control group: see rs_config.cgroup_v1 */
	char comm[16];
};

/* Tags of the variable-length fields. Append only. */
enum rs_tag {
	RS_TAG_NONE,
	RS_TAG_EXE,    /* executable, absolute path */
	RS_TAG_CWD,    /* working directory, absolute path */
	RS_TAG_ARGS,   /* argument vector, each argument ended by NUL */
	RS_TAG_ENV,    /* environment block, each entry ended by NUL */
	RS_TAG_SCRIPT, /* file name given to execve, where it is not the executable */
	RS_TAG_PATH,   /* absolute path from the kernel's own objects */
	RS_TAG_BASE,   /* directory that RS_TAG_ARG starts from, from the kernel's own objects */
	RS_TAG_ARG,    /* path as the process gave it */
	RS_TAG_PATH2,  /* the same for a second path: new name, link, mount source */
	RS_TAG_BASE2,
	RS_TAG_ARG2,
	RS_TAG_NAME, /* a name: extended attribute, module, memfd, BPF program, symlink's content */
	RS_TAG_TYPE, /* file system type */
	RS_TAG_SOCKET, /* unix socket address: a path, or NUL and an abstract name */
	RS_TAG_ROOT, /* of a process in a chroot, where the argument begins with a dot: ".." goes no higher */
	RS_TAG_CGROUP, /* of a control group, from the root of its hierarchy */
	RS_TAG_COUNT,
};

/* rs_field.flags */
enum {
	RS_FIELD_CUT =
		1 << 0, /* longer than we keep: paths lose their beginning, others their end */
	RS_FIELD_DELETED = 1 << 1, /* the file has no name any more */
	RS_FIELD_DETACHED =
		1 << 2,           /* below a mount that is not in any tree: the path begins there */
	RS_FIELD_FAULT = 1 << 3,  /* the process's memory could not be read */
	RS_FIELD_KERNEL = 1 << 4, /* an RS_TAG_ARG that is the kernel's own copy */
};

struct rs_record_field {
	__u8 tag;   /* enum rs_tag */
	__u8 flags; /* RS_FIELD_* */
	__u16 len;  /* bytes that follow, without the padding to the next multiple of 4 */
};

#define RS_PATH_MAX   4096 /* longest path, argument vector or environment kept, bytes */
#define RS_RECORD_MAX (RS_PATH_MAX * 4 + 1024) /* longest record, bytes */

static_assert(sizeof(struct rs_hdr) == 96, "struct rs_hdr");
static_assert(sizeof(struct rs_record_field) == 4, "struct rs_record_field");
static_assert(RS_KIND_COUNT <= RS_KIND_MAX, "RS_KIND_MAX");
