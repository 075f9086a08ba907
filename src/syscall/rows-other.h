/* SPDX-License-Identifier: Apache-2.0 */
/* Time, System V objects, modules, the machine. Included several times: see call.h for the words. */
/* clang-format off */
CALL(shmget, 29, 194, "i", NUM, S(key, key), UL(size), S(shmflg, shmflg))
CALL(shmctl, 31, 195, "i", NUM, D(shmid), E(cmd, shmctl), O(buf, shmid_ds))
CALL(nanosleep, 35, 101, "", NUM, I(rqtp, timespec), OF(rmtp, timespec))
CALL(getitimer, 36, 102, "", NUM, E(which, itimer), O(value, itimerval))
X86(alarm, 37, "", NUM, U(seconds))
CALL(setitimer, 38, 103, "", NUM, E(which, itimer), I(value, itimerval), O(ovalue, itimerval))
CALL(uname, 63, 160, "", NUM, O(name, utsname))
CALL(semget, 64, 190, "i", NUM, S(key, key), D(nsems), S(semflg, shmflg))
CALL(semop, 65, 193, "i", NUM, D(semid), IV(tsops, sembuf, 2), U(nsops))
CALL(semctl, 66, 191, "i", NUM, D(semid), D(semnum), E(cmd, semctl), S(arg, semarg))
CALL(msgget, 68, 186, "i", NUM, S(key, key), S(msgflg, shmflg))
CALL(msgsnd, 69, 189, "i", NUM, D(msqid), S(msgp, msgbuf, BUFFER, ENTRY, 2, 1), UL(msgsz),
     F(msgflg, msgflg))
CALL(msgrcv, 70, 188, "i", NUM, D(msqid), S(msgp, msgbuf, RESULT, EXIT, 0, 1), UL(msgsz),
     L(msgtyp), F(msgflg, msgflg))
CALL(msgctl, 71, 187, "i", NUM, D(msqid), E(cmd, msgctl), O(buf, msqid_ds))
CALL(umask, 95, 166, "", NUM, MODE(mask))
CALL(gettimeofday, 96, 169, "t", NUM, O(tv, timeval), O(tz, timezone))
CALL(sysinfo, 99, 179, "", NUM, O(info, sysinfo))
CALL(syslog, 103, 116, "", NUM, S(type, syslog_type), S(buf, syslog_buf, RESULT, EXIT|DATA, 0, 1),
     D(len))
X86(ustat, 136, "7", NUM, S(dev, dev), O(ubuf, ustat))
X86(sysfs, 139, "", NUM, X(option), XL(arg1), XL(arg2))
CALL(vhangup, 153, 58, "", NUM)
X86(_sysctl, 156, "", NUM, P(args))
CALL(adjtimex, 159, 171, "t", NUM, O(txc_p, timex))
CALL(sync, 162, 81, "", NUM)
CALL(settimeofday, 164, 170, "t", NUM, I(tv, timeval), I(tz, timezone))
CALL(reboot, 169, 142, "", NUM, E(magic1, reboot_magic), E(magic2, reboot_magic), E(cmd, reboot),
     P(arg))
CALL(sethostname, 170, 161, "", NUM, IBUF(name, 1), U(len))
CALL(setdomainname, 171, 162, "", NUM, IBUF(name, 1), U(len))
X86(create_module, 174, "", NUM, STR(name), UL(size))
CALL(init_module, 175, 105, "", NUM, P(umod), UL(len), STR(uargs))
CALL(delete_module, 176, 106, "", NUM, STR(name_user), F(flags, delete_module))
X86(get_kernel_syms, 177, "", NUM, P(table))
X86(query_module, 178, "", NUM, STR(name), D(which), P(buf), UL(bufsize), P(ret))
CALL(nfsservctl, 180, 42, "", NUM, D(cmd), P(argp), P(resp))
X86(afs_syscall, 183, "", NUM, XL(a0), XL(a1), XL(a2), XL(a3), XL(a4))
X86(tuxcall, 184, "", NUM, XL(a0), XL(a1), XL(a2))
X86(security, 185, "", NUM, XL(a0), XL(a1), XL(a2))
X86(time, 201, "t", NUM, O(tloc, long))
CALL(io_getevents, 208, 4, "", NUM, XL(ctx_id), L(min_nr), L(nr), OVR(events, io_event),
     I(timeout, timespec))
CALL(io_submit, 209, 2, "", NUM, XL(ctx_id), L(nr), IV(iocbpp, pointer, 1))
CALL(io_cancel, 210, 3, "", NUM, XL(ctx_id), P(iocb), P(result))
CALL(lookup_dcookie, 212, 18, "", NUM, XL(cookie), OBUF(buf), UL(len))
X86(epoll_ctl_old, 214, "", NUM, FD(epfd), D(op), FD(fd), P(event))
CALL(semtimedop, 220, 192, "i", NUM, D(semid), IV(tsops, sembuf, 2), U(nsops),
     I(timeout, timespec))
CALL(timer_create, 222, 107, "", NUM, E(which_clock, clock), I(timer_event_spec, sigevent),
     O(created_timer_id, int))
CALL(timer_settime, 223, 110, "", NUM, D(timer_id), F(flags, timer), I(new_setting, itimerspec),
     O(old_setting, itimerspec))
CALL(timer_gettime, 224, 108, "", NUM, D(timer_id), O(setting, itimerspec))
CALL(timer_getoverrun, 225, 109, "", NUM, D(timer_id))
CALL(timer_delete, 226, 111, "", NUM, D(timer_id))
CALL(clock_settime, 227, 112, "t", NUM, E(which_clock, clock), I(tp, timespec))
CALL(clock_gettime, 228, 113, "t", NUM, E(which_clock, clock), O(tp, timespec))
CALL(clock_getres, 229, 114, "t", NUM, E(which_clock, clock), O(tp, timespec))
CALL(clock_nanosleep, 230, 115, "", NUM, E(which_clock, clock), F(flags, timer),
     I(rqtp, timespec), OF(rmtp, timespec))
X86(vserver, 236, "", NUM, XL(a0), XL(a1), XL(a2), XL(a3), XL(a4))
CALL(mq_unlink, 241, 181, "", NUM, STR(u_name))
CALL(add_key, 248, 217, "", NUM, STR(_type), STR(_description), IBUF(_payload, 3), UL(plen),
     E(ringid, key_spec))
CALL(request_key, 249, 218, "", NUM, STR(_type), STR(_description), STR(_callout_info),
     E(destringid, key_spec))
CALL(keyctl, 250, 219, "", NUM, E(option, keyctl), E(arg2, key_spec), XL(arg3), XL(arg4), XL(arg5))
CALL(ioprio_set, 251, 30, "", NUM, E(which, ioprio_who), D(who), S(ioprio, ioprio))
CALL(ioprio_get, 252, 31, "", NUM, E(which, ioprio_who), D(who))
CALL(clock_adjtime, 305, 266, "t", NUM, E(which_clock, clock), O(utx, timex))
CALL(getrandom, 318, 278, "", NUM, OHEX(ubuf), UL(len), F(flags, getrandom))
CALL(pkey_alloc, 330, 289, "", NUM, XL(flags), FL(init_val, pkey))
CALL(pkey_free, 331, 290, "", NUM, D(pkey))
CALL(io_pgetevents, 333, 292, "", NUM, XL(ctx_id), L(min_nr), L(nr), OVR(events, io_event),
     I(timeout, timespec), I(usig, sigarg))
X86(uretprobe, 335, "", NUM)
X86(uprobe, 336, "", NUM)
CALL(close_range, 436, 436, "", NUM, U(fd), U(max_fd), F(flags, close_range))
CALL(statmount, 457, 457, "", NUM, I(req, mnt_id_req), OS(buf, statmount, 2), UL(bufsize),
     X(flags))
CALL(listmount, 458, 458, "", NUM, I(req, mnt_id_req), OVR(mnt_ids, ulongx), UL(nr_mnt_ids),
     F(flags, listmount))
/* clang-format on */
