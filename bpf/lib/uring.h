/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's io_uring: its tracepoints and requests, in all their shapes. */
#pragma once

#include "bpf/lib/kernel.h"

/* include/uapi/linux/io_uring.h */
enum {
	IORING_OP_ACCEPT = 13,
	IORING_OP_CONNECT = 16,
	IORING_OP_OPENAT = 18,
	IORING_OP_OPENAT2 = 28,
	IORING_OP_RENAMEAT = 35,
	IORING_OP_UNLINKAT = 36,
	IORING_OP_MKDIRAT = 37,
	IORING_OP_SYMLINKAT = 38,
	IORING_OP_LINKAT = 39,
	IORING_OP_BIND = 56,
	IORING_OP_LISTEN = 57,
};
#define IORING_CQE_F_MORE 2

/* io_kiocb.flags. The first byte is that of the process: IOSQE_*. */
#define REQ_F_FIXED_FILE   (1 << 0)
#define REQ_F_CQE_SKIP     (1 << 6)
#define REQ_F_NEED_CLEANUP (1 << 13) /* names not given back; asked for in 5.10 only */

/* Tracepoints. */

struct rs_any {
	int x;
};

/* submit_req in 6.12; submit_sqe before, which had other arguments in front before 6.0. */
typedef void (*btf_trace_io_uring_submit_req)(void *, struct rs_any *);
typedef void (*btf_trace_io_uring_submit_sqe___req)(void *, struct rs_any *, bool);

/* The result: in a struct (6.18, 7.2); in arguments (6.1, 6.12); without the request (5.10). */
typedef void (*btf_trace_io_uring_complete___cqe)(void *, struct rs_any *, void *, struct rs_any *);
typedef void (*btf_trace_io_uring_complete___old)(void *, void *, __u64, int, unsigned int);

#define RS_URING_ANONYMOUS bpf_core_type_exists(btf_trace_io_uring_complete___old)

/* Requests. Their first bytes are one of the structs below, by opcode. */

struct io_cqe {
	int fd;
} __core;

struct io_kiocb {
	struct file *file;
	__u8 opcode;
	unsigned int flags;
	struct io_cqe cqe; /* not in 5.10 */
	struct io_ring_ctx *ctx;
} __core;

struct io_kiocb___old {
	__u64 user_data;
} __core;

struct io_cqe___new {
	__u64 user_data;
} __core;

struct io_kiocb___new {
	struct io_cqe___new cqe;
} __core;

struct io_uring_cqe {
	__u64 user_data;
	int res;
	__u32 flags;
} __core;

struct filename {
	const char *name;
} __core;

struct open_how {
	__u64 flags, mode;
} __core;

struct io_open {
	int dfd;
	__u32 file_slot;
	struct filename *filename;
	struct open_how how;
} __core;

struct io_unlink {
	int dfd, flags;
	struct filename *filename;
} __core;

struct io_mkdir {
	int dfd;
	unsigned short mode;
	struct filename *filename;
} __core;

struct io_rename {
	int old_dfd, new_dfd, flags;
	struct filename *oldpath, *newpath;
} __core;

/* Both hard and symbolic links. */
struct io_link {
	int old_dfd, new_dfd, flags;
	struct filename *oldpath, *newpath;
} __core;

/* These before there was io_link (6.0). */
struct io_hardlink {
	int old_dfd, new_dfd, flags;
	struct filename *oldpath, *newpath;
} __core;

struct io_symlink {
	int new_dfd;
	struct filename *oldpath, *newpath;
} __core;

struct io_connect {
	const void *addr; /* in the process */
	int addr_len;
} __core;

struct io_accept {
	__u32 file_slot;
} __core;

/* Not in 5.10 and 6.1. */
struct io_listen {
	int backlog;
} __core;

/* Newer kernels wrap the names (7.2 does, 6.18 did not). */
struct delayed_filename {
	struct filename *__incomplete_filename;
} __core;

struct io_open___delayed {
	struct delayed_filename filename;
} __core;

struct io_unlink___delayed {
	struct delayed_filename filename;
} __core;

struct io_mkdir___delayed {
	struct delayed_filename filename;
} __core;

struct io_rename___delayed {
	struct delayed_filename oldpath, newpath;
} __core;

struct io_link___delayed {
	struct delayed_filename oldpath, newpath;
} __core;

/* The name in @field of a request that is a struct @type. */
/* clang-format off */
#define RS_URING_NAME(req, type, field)                                                            \
	(bpf_core_type_exists(struct delayed_filename)                                             \
		 ? ({ struct type##___delayed *r_ = (void *)(req);                                 \
		      BPF_CORE_READ(r_, field.__incomplete_filename); })                           \
		 : ({ struct type *r_ = (void *)(req); BPF_CORE_READ(r_, field); }))
/* clang-format on */
