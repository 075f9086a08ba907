/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What arguments point to, with its size in bytes, which is the kernel's. The third column: RS_CAPTURE_SHORTER where the
 * caller's may be smaller. */

#ifdef __x86_64__
#define SIZE_OF_STAT  144
#define SIZE_OF_EPOLL 12 /* packed there */
#else
#define SIZE_OF_STAT  128
#define SIZE_OF_EPOLL 16
#endif

/* clang-format off */
#define RS_CALL_TYPES(X) \
	X(cachestat, 40, 0) \
	X(cachestat_range, 16, 0) \
	X(cap_data, 24, 0) \
	X(cap_header, 8, 0) \
	X(epoll_data, 8, 0) \
	X(epoll_event, SIZE_OF_EPOLL, 0) \
	X(fdpair, 8, 0) \
	X(file_attr, 24, 0) \
	X(file_handle, 136, RS_CAPTURE_SHORTER) \
	X(fsid, 8, 0) \
	X(futex_waitv, 24, 0) \
	X(id, 4, 0) \
	X(int, 4, 0) \
	X(io_cq, 40, 0) \
	X(io_event, 32, 0) \
	X(io_sq, 40, 0) \
	X(io_uring_params, 120, 0) \
	X(ipc_perm, 48, 0) \
	X(itimerspec, 32, 0) \
	X(itimerval, 32, 0) \
	X(landlock_ruleset, 24, 0) \
	X(long, 8, 0) \
	X(lsm_id, 8, 0) \
	X(mempolicy, 4, 0) \
	X(mnt_id_req, 32, RS_CAPTURE_SHORTER) \
	X(mount_attr, 32, 0) \
	X(mq_attr, 64, 0) \
	X(msqid_ds, 120, 0) \
	X(ns_id_req, 40, RS_CAPTURE_SHORTER) \
	X(open_how, 24, 0) \
	X(perf_attr, 136, RS_CAPTURE_SHORTER) \
	X(pointer, 8, 0) \
	X(pollfd, 8, 0) \
	X(rlimit, 16, 0) \
	X(rusage, 144, 0) \
	X(sched_attr, 56, RS_CAPTURE_SHORTER) \
	X(sched_param, 4, 0) \
	X(sembuf, 6, 0) \
	X(shmid_ds, 112, 0) \
	X(sigaction, 32, 0) \
	X(sigevent, 64, 0) \
	X(siginfo, 128, 0) \
	X(sigset, 8, 0) \
	X(stack, 24, 0) \
	X(stat, SIZE_OF_STAT, 0) \
	X(statfs, 120, 0) \
	X(statmount, 512, 0) \
	X(statx, 256, 0) \
	X(sysinfo, 112, 0) \
	X(timespec, 16, 0) \
	X(timeval, 16, 0) \
	X(timeval2, 32, 0) \
	X(timex, 208, 0) \
	X(timezone, 8, 0) \
	X(tms, 32, 0) \
	X(uint, 4, 0) \
	X(ulong, 8, 0) \
	X(ulongx, 8, 0) \
	X(ustat, 32, 0) \
	X(utimbuf, 16, 0) \
	X(utimes, 32, 0) \
	X(utsname, 390, 0) \
	X(wstatus, 4, 0) \
	X(xattr_args, 16, 0)
/* clang-format on */

enum rs_type {
#define X(name, size, shorter) TYPE_##name,
	RS_CALL_TYPES(X)
#undef X
		TYPE_COUNT
};

enum {
#define X(name, size, shorter) TYPE_SIZE_##name = (size), TYPE_SHORTER_##name = (shorter),
	RS_CALL_TYPES(X)
#undef X
};
