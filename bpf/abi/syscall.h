/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * System calls as data. The agent fills one row per system call number before load, from its own
 * table; one program per sensor then serves every call of its shape, on every architecture.
 */
#pragma once

#include "bpf/abi/event.h"

#define RS_NR_MAX 512 /* system call numbers are below; more than any architecture has */
#define RS_NO_ARG 0xff

/* rs_shape.how */
enum {
	RS_SHAPE_CREATES = 1 << 0,  /* open: RS_KIND_CREATE where the call made the file */
	RS_SHAPE_HOW = 1 << 1,      /* openat2: flags and mode are in user memory, behind `flags` */
	RS_SHAPE_UNLINKAT = 1 << 2, /* unlinkat: AT_REMOVEDIR makes it a rmdir */
	RS_SHAPE_NAME2 = 1 << 3,    /* path2 is a bare string (symlink's content), sent as NAME */
	RS_SHAPE_SOURCE = 1 << 4,   /* path2 is a mount source, sent as it is */
	RS_SHAPE_COPY_OWNER = 1 << 5, /* a and b are the new uid and gid */
	RS_SHAPE_LENGTH = 1 << 6,     /* a is the new length */
	RS_SHAPE_CREAT = 1 << 7, /* creat: the flags are O_CREAT, O_WRONLY and O_TRUNC, unsaid */
};

/* A call of the file sensor: which argument is what; RS_NO_ARG where there is none. */
struct rs_shape {
	__u8 kind; /* enum rs_kind */
	__u8 how;  /* RS_SHAPE_* */
	__u8 dir;  /* directory descriptor of `path` */
	__u8 path;
	__u8 dir2;
	__u8 path2;
	__u8 fd; /* acts on a descriptor, there is no path */
	__u8 flags;
	__u8 mode;
	__u8 a;
	__u8 b;
	__u8 name;  /* a string sent as NAME */
	__u8 type;  /* a string sent as TYPE */
	__u8 op;    /* enum rs_op, for the other sensors */
	__u8 known; /* 0: no row */
	__u8 pad;
};

/* What a call of the network and privilege sensors is. */
enum rs_op {
	RS_OP_NONE,
	RS_OP_CONNECT,
	RS_OP_ACCEPT,
	RS_OP_LISTEN,
	RS_OP_BIND,
	RS_OP_SENDTO,
	RS_OP_SENDMSG,
	RS_OP_SENDMMSG,
	RS_OP_RECVFROM,
	RS_OP_RECVMSG,
	RS_OP_RECVMMSG,
	RS_OP_SETIDS,
	RS_OP_CAPSET,
	RS_OP_PTRACE,
	RS_OP_KILL,
	RS_OP_TKILL,
	RS_OP_TGKILL,
	RS_OP_MODULE_LOAD,   /* init_module(image, len, parameters) */
	RS_OP_MODULE_FLOAD,  /* finit_module(fd, parameters, flags) */
	RS_OP_MODULE_UNLOAD, /* delete_module(name, flags) */
	RS_OP_BPF,
	RS_OP_MEMFD,
	RS_OP_MMAP,
	RS_OP_MPROTECT,
	RS_OP_UNSHARE,
	RS_OP_SETNS,
	RS_OP_CHROOT,
	RS_OP_PIVOT,
	RS_OP_COUNT,
};

static_assert(sizeof(struct rs_shape) == 16, "struct rs_shape");
