/* SPDX-License-Identifier: Apache-2.0 */
/* The structs that are no more than their members; those with ways of their own are in types-*.c. */
#include "syscall/types-own.h"

/* clang-format off */
#define N(name, off, size, kind)          { #name, off, size, KIND_##kind, 0, 0 }
#define NV(name, off, size, kind)         { #name, off, size, KIND_##kind, 0, FIELD_VERBOSE }
#define NAMED(name, off, size, list)      { #name, off, size, KIND_NAMES64, NAMES_##list, 0 }
#define NAMEDV(name, off, size, list)     { #name, off, size, KIND_NAMES64, NAMES_##list, FIELD_VERBOSE }
#define TYPED(name, off, type)            { #name, off, TYPE_SIZE_##type, 0, TYPE_##type, FIELD_TYPE }
#define TEXT(name, off, size, flags)      { #name, off, size, 0, 0, FIELD_TEXT | (flags) }

static const struct rs_field timezone_fields[] = { N(tz_minuteswest, 0, 4, D), N(tz_dsttime, 4, 4, D) };
static const struct rs_field itimerval_fields[] = { TYPED(it_interval, 0, timeval), TYPED(it_value, 16, timeval) };
static const struct rs_field itimerspec_fields[] = { TYPED(it_interval, 0, timespec), TYPED(it_value, 16, timespec) };
static const struct rs_field timex_fields[] = {
	NAMED(modes, 0, 4, timex_modes), N(offset, 8, 8, L), N(freq, 16, 8, L), N(maxerror, 24, 8, L), N(esterror, 32, 8, L),
	NAMED(status, 40, 4, timex_status), N(constant, 48, 8, L), N(precision, 56, 8, L), N(tolerance, 64, 8, L),
	TYPED(time, 72, timeval), N(tick, 88, 8, L), N(ppsfreq, 96, 8, L), N(jitter, 104, 8, L), N(shift, 112, 4, D),
	N(stabil, 120, 8, L), N(jitcnt, 128, 8, L), N(calcnt, 136, 8, L), N(errcnt, 144, 8, L), N(stbcnt, 152, 8, L),
	N(tai, 160, 4, D),
};
static const struct rs_field rusage_fields[] = {
	TYPED(ru_utime, 0, timeval), TYPED(ru_stime, 16, timeval), NV(ru_maxrss, 32, 8, UL), NV(ru_ixrss, 40, 8, UL),
	NV(ru_idrss, 48, 8, UL), NV(ru_isrss, 56, 8, UL), NV(ru_minflt, 64, 8, UL), NV(ru_majflt, 72, 8, UL),
	NV(ru_nswap, 80, 8, UL), NV(ru_inblock, 88, 8, UL), NV(ru_oublock, 96, 8, UL), NV(ru_msgsnd, 104, 8, UL),
	NV(ru_msgrcv, 112, 8, UL), NV(ru_nsignals, 120, 8, UL), NV(ru_nvcsw, 128, 8, UL), NV(ru_nivcsw, 136, 8, UL),
};
static const struct rs_field utsname_fields[] = {
	TEXT(sysname, 0, 65, 0), TEXT(nodename, 65, 65, 0), TEXT(release, 130, 65, FIELD_VERBOSE),
	TEXT(version, 195, 65, FIELD_VERBOSE), TEXT(machine, 260, 65, FIELD_VERBOSE), TEXT(domainname, 325, 65, FIELD_VERBOSE),
};
static const struct rs_field epoll_fields[] = {
	NAMED(events, 0, 4, epoll_events), { "data", TYPE_SIZE_epoll_event - 8, 8, 0, TYPE_epoll_data, FIELD_TYPE },
};
static const struct rs_field epoll_data_fields[] = { N(u32, 0, 4, U), N(u64, 0, 8, UL) };
static const struct rs_field pollfd_fields[] = { N(fd, 0, 4, FD), { "events", 4, 2, KIND_NAMES64, NAMES_poll_events, FIELD_IF_FD } };
static const struct rs_field stack_fields[] = { N(ss_sp, 0, 8, ADDRESS), NAMED(ss_flags, 8, 4, ss_flags), N(ss_size, 16, 8, UL) };
static const struct rs_field sembuf_fields[] = { N(sem_num, 0, 2, U), N(sem_op, 2, 2, D), NAMED(sem_flg, 4, 2, sem_flags) };
static const struct rs_field perm_fields[] = {
	N(uid, 4, 4, U), N(gid, 8, 4, U), N(mode, 20, 4, MODE), NV(key, 0, 4, U), NV(cuid, 12, 4, U), NV(cgid, 16, 4, U),
};
static const struct rs_field shmid_fields[] = {
	TYPED(shm_perm, 0, ipc_perm), N(shm_segsz, 48, 8, UL), N(shm_cpid, 80, 4, D), N(shm_lpid, 84, 4, D), N(shm_nattch, 88, 8, UL),
	N(shm_atime, 56, 8, UL), N(shm_dtime, 64, 8, UL), N(shm_ctime, 72, 8, UL),
};
static const struct rs_field msqid_fields[] = {
	TYPED(msg_perm, 0, ipc_perm), N(msg_stime, 48, 8, UL), N(msg_rtime, 56, 8, UL), N(msg_ctime, 64, 8, UL), N(msg_qnum, 80, 8, UL),
	N(msg_qbytes, 88, 8, UL), N(msg_lspid, 96, 4, D), N(msg_lrpid, 100, 4, D),
};
static const struct rs_field ustat_fields[] = {
	N(f_tfree, 0, 4, D), N(f_tinode, 8, 8, UL), TEXT(f_fname, 16, 6, 0), TEXT(f_fpack, 22, 6, 0),
};
static const struct rs_field sched_attr_fields[] = {
	N(size, 0, 4, U), NAMED(sched_policy, 4, 4, sched), NAMED(sched_flags, 8, 8, sched_flags), N(sched_nice, 16, 4, D),
	N(sched_priority, 20, 4, U), N(sched_runtime, 24, 8, UL), N(sched_deadline, 32, 8, UL), N(sched_period, 40, 8, UL),
	N(sched_util_min, 48, 4, U), N(sched_util_max, 52, 4, U),
};
static const struct rs_field cap_header_fields[] = { NAMED(version, 0, 4, cap_version), N(pid, 4, 4, D) };
static const struct rs_field mq_attr_fields[] = {
	NAMED(mq_flags, 0, 8, open), N(mq_maxmsg, 8, 8, L), N(mq_msgsize, 16, 8, L), N(mq_curmsgs, 24, 8, L),
};
static const struct rs_field futex_waitv_fields[] = { N(val, 0, 8, XL), N(uaddr, 8, 8, ADDRESS), NAMED(flags, 16, 4, futex2) };
static const struct rs_field io_event_fields[] = { N(data, 0, 8, XL), N(obj, 8, 8, XL), N(res, 16, 8, L), N(res2, 24, 8, L) };
static const struct rs_field landlock_fields[] = { NAMED(handled_access_fs, 0, 8, landlock_fs), N(handled_access_net, 8, 8, XL), N(scoped, 16, 8, XL) };
static const struct rs_field mount_attr_fields[] = {
	NAMED(attr_set, 0, 8, mount_attr), NAMED(attr_clr, 8, 8, mount_attr), NAMED(propagation, 16, 8, propagation), N(userns_fd, 24, 8, FD),
};
static const struct rs_field cachestat_range_fields[] = { N(off, 0, 8, UL), N(len, 8, 8, UL) };
static const struct rs_field cachestat_fields[] = {
	N(nr_cache, 0, 8, UL), N(nr_dirty, 8, 8, UL), N(nr_writeback, 16, 8, UL), N(nr_evicted, 24, 8, UL), N(nr_recently_evicted, 32, 8, UL),
};
static const struct rs_field mnt_id_req_fields[] = { N(size, 0, 4, U), N(mnt_ns_fd, 4, 4, U), N(mnt_id, 8, 8, XL), N(param, 16, 8, XL), N(mnt_ns_id, 24, 8, XL) };
static const struct rs_field ns_id_req_fields[] = { N(size, 0, 4, U), N(ns_id, 8, 8, UL), N(ns_type, 16, 4, X), N(user_ns_id, 24, 8, UL) };
static const struct rs_field statmount_fields[] = {
	N(size, 0, 4, U), N(mask, 8, 8, XL), N(sb_dev_major, 16, 4, U), N(sb_dev_minor, 20, 4, U), N(sb_magic, 24, 8, XL), NV(sb_flags, 32, 4, X),
	N(mnt_id, 40, 8, XL), N(mnt_parent_id, 48, 8, XL), NV(mnt_attr, 64, 8, XL), NV(mnt_propagation, 72, 8, XL), NV(mnt_ns_id, 104, 8, XL),
};
static const struct rs_field file_attr_fields[] = {
	N(fa_xflags, 0, 8, XL), N(fa_extsize, 8, 4, U), N(fa_nextents, 12, 4, U), N(fa_projid, 16, 4, U), N(fa_cowextsize, 20, 4, U),
};
static const struct rs_field xattr_args_fields[] = { N(value, 0, 8, ADDRESS), N(size, 8, 4, U), NAMED(flags, 12, 4, xattr) };
static const struct rs_field statfs_fields[] = {
	NAMED(f_type, 0, 8, fs_magic), N(f_bsize, 8, 8, UL), N(f_blocks, 16, 8, UL), N(f_bfree, 24, 8, UL), N(f_bavail, 32, 8, UL),
	N(f_files, 40, 8, UL), N(f_ffree, 48, 8, UL), TYPED(f_fsid, 56, fsid), N(f_namelen, 64, 8, UL), N(f_frsize, 72, 8, UL),
	NAMED(f_flags, 80, 8, statfs_flags),
};
static const struct rs_field io_sq_fields[] = {
	N(head, 0, 4, U), N(tail, 4, 4, U), N(ring_mask, 8, 4, U), N(ring_entries, 12, 4, U), N(flags, 16, 4, U), N(dropped, 20, 4, U), N(array, 24, 4, U),
};
static const struct rs_field io_cq_fields[] = {
	N(head, 0, 4, U), N(tail, 4, 4, U), N(ring_mask, 8, 4, U), N(ring_entries, 12, 4, U), N(overflow, 16, 4, U), N(cqes, 20, 4, U), N(flags, 24, 4, U),
};
static const struct rs_field io_uring_fields[] = {
	NAMED(flags, 8, 4, io_uring_setup), N(sq_thread_cpu, 12, 4, U), N(sq_thread_idle, 16, 4, U), { "wq_fd", 24, 4, KIND_FD, 0, FIELD_NONZERO },
	N(sq_entries, 0, 4, U), N(cq_entries, 4, 4, U), NAMED(features, 20, 4, io_uring_features), TYPED(sq_off, 40, io_sq), TYPED(cq_off, 80, io_cq),
};

#define FIELDS(type, list)  [TYPE_##type] = { .fields = list, .count = ARRAY_SIZE(list) }
#define OWN(type)           [TYPE_##type] = { .put = rs_type_##type }
/* A single number: in brackets where a pointer leads to it. */
#define NUMBER(type, kind_, what_) [TYPE_##type] = { .number = true, .kind = KIND_##kind_, .what = what_ }

const struct rs_type_row rs_type_rows[] = {
	NUMBER(int, D, 0), NUMBER(uint, U, 0), NUMBER(long, L, 0), NUMBER(ulong, UL, 0), NUMBER(ulongx, XL, 0),
	NUMBER(pointer, ADDRESS, 0), NUMBER(id, ID, 0), NUMBER(sched_param, D, 0), NUMBER(lsm_id, NAMES64, NAMES_lsm_id),
	NUMBER(mempolicy, NAMES64, NAMES_mempolicy_mode),
	FIELDS(timezone, timezone_fields), FIELDS(itimerval, itimerval_fields), FIELDS(itimerspec, itimerspec_fields),
	OWN(tms), FIELDS(timex, timex_fields), FIELDS(rusage, rusage_fields), FIELDS(utsname, utsname_fields),
	FIELDS(epoll_event, epoll_fields), FIELDS(epoll_data, epoll_data_fields), FIELDS(pollfd, pollfd_fields),
	FIELDS(stack, stack_fields), FIELDS(sembuf, sembuf_fields), FIELDS(ipc_perm, perm_fields), FIELDS(shmid_ds, shmid_fields),
	FIELDS(msqid_ds, msqid_fields), FIELDS(ustat, ustat_fields), FIELDS(sched_attr, sched_attr_fields),
	FIELDS(cap_header, cap_header_fields), FIELDS(mq_attr, mq_attr_fields), FIELDS(futex_waitv, futex_waitv_fields),
	FIELDS(io_event, io_event_fields), FIELDS(landlock_ruleset, landlock_fields), FIELDS(mount_attr, mount_attr_fields),
	FIELDS(cachestat_range, cachestat_range_fields), FIELDS(cachestat, cachestat_fields), FIELDS(mnt_id_req, mnt_id_req_fields),
	FIELDS(ns_id_req, ns_id_req_fields), FIELDS(statmount, statmount_fields), FIELDS(file_attr, file_attr_fields),
	FIELDS(xattr_args, xattr_args_fields), FIELDS(statfs, statfs_fields),
	FIELDS(io_uring_params, io_uring_fields), FIELDS(io_sq, io_sq_fields), FIELDS(io_cq, io_cq_fields),
	OWN(stat), OWN(statx), OWN(timespec), OWN(timeval), OWN(timeval2), OWN(utimes), OWN(utimbuf), OWN(sigset), OWN(sigaction),
	OWN(siginfo), OWN(sigevent), OWN(fdpair), OWN(wstatus), OWN(rlimit), OWN(sysinfo), OWN(cap_data), OWN(open_how),
	OWN(file_handle), OWN(perf_attr), OWN(fsid),
};
static_assert(ARRAY_SIZE(rs_type_rows) == TYPE_COUNT, "a row for each type");
/* clang-format on */
