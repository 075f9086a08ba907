/* SPDX-License-Identifier: Apache-2.0 */
/* Processes, threads, signals, scheduling, rights. Included several times: see call.h for the words. */
/* clang-format off */
CALL(rt_sigaction, 13, 134, "s", NUM, SIG(sig), I(act, sigaction), O(oact, sigaction),
     UL(sigsetsize))
CALL(rt_sigprocmask, 14, 135, "s", NUM, E(how, sig_how), I(nset, sigset), O(oset, sigset),
     UL(sigsetsize))
CALL(rt_sigreturn, 15, 139, "s", NUM)
CALL(sched_yield, 24, 124, "", NUM)
X86(pause, 34, "s", NUM)
CALL(getpid, 39, 172, "u", NUM)
CALL(clone, 56, 220, "p", NUM, S(clone_flags, clone_flags), P(newsp), O(parent_tidptr, int),
     P(child_tidptr), XL(tls))
X86(fork, 57, "p", NUM)
X86(vfork, 58, "p", NUM)
CALL(execve, 59, 221, "fp", NUM, PATH(filename), S(argv, argv, STRINGS, ENTRY, 0, 0),
     S(envp, envp, STRINGS, ENTRY|COUNT, 0, 0))
CALL(exit, 60, 93, "p", NUM, D(error_code))
CALL(wait4, 61, 260, "p", NUM, D(upid), O(stat_addr, wstatus), F(options, wait), O(ru, rusage))
CALL(kill, 62, 129, "ps", NUM, D(pid), SIG(sig))
CALL(getrlimit, 97, 163, "", NUM, E(resource, rlimit), O(rlim, rlimit))
CALL(getrusage, 98, 165, "", NUM, E(who, rusage), O(ru, rusage))
CALL(times, 100, 153, "", NUM, O(tbuf, tms))
CALL(ptrace, 101, 117, "", NUM, EL(request, ptrace), D(pid), S(addr, ptrace_addr),
     S(data, ptrace_data))
CALL(getuid, 102, 174, "cu", NUM)
CALL(getgid, 104, 176, "cu", NUM)
CALL(setuid, 105, 146, "c", NUM, ID(uid))
CALL(setgid, 106, 144, "c", NUM, ID(gid))
CALL(geteuid, 107, 175, "cu", NUM)
CALL(getegid, 108, 177, "cu", NUM)
CALL(setpgid, 109, 154, "", NUM, D(pid), D(pgid))
CALL(getppid, 110, 173, "u", NUM)
X86(getpgrp, 111, "u", NUM)
CALL(setsid, 112, 157, "", NUM)
CALL(setreuid, 113, 145, "c", NUM, ID(ruid), ID(euid))
CALL(setregid, 114, 143, "c", NUM, ID(rgid), ID(egid))
CALL(getgroups, 115, 158, "c", NUM, D(gidsetsize), OVR(grouplist, id))
CALL(setgroups, 116, 159, "c", NUM, D(gidsetsize), IV(grouplist, id, 0))
CALL(setresuid, 117, 147, "c", NUM, ID(ruid), ID(euid), ID(suid))
CALL(getresuid, 118, 148, "c", NUM, O(ruidp, id), O(euidp, id), O(suidp, id))
CALL(setresgid, 119, 149, "c", NUM, ID(rgid), ID(egid), ID(sgid))
CALL(getresgid, 120, 150, "c", NUM, O(rgidp, id), O(egidp, id), O(sgidp, id))
CALL(getpgid, 121, 155, "", NUM, D(pid))
CALL(setfsuid, 122, 151, "c", NUM, ID(uid))
CALL(setfsgid, 123, 152, "c", NUM, ID(gid))
CALL(getsid, 124, 156, "", NUM, D(pid))
CALL(capget, 125, 90, "c", NUM, I(header, cap_header), O(dataptr, cap_data))
CALL(capset, 126, 91, "c", NUM, I(header, cap_header), I(data, cap_data))
CALL(rt_sigpending, 127, 136, "s", NUM, O(uset, sigset), UL(sigsetsize))
CALL(rt_sigtimedwait, 128, 137, "s", NUM, I(uthese, sigset), O(uinfo, siginfo), I(uts, timespec),
     UL(sigsetsize))
CALL(rt_sigqueueinfo, 129, 138, "ps", NUM, D(pid), SIG(sig), I(uinfo, siginfo))
CALL(rt_sigsuspend, 130, 133, "s", NUM, I(unewset, sigset), UL(sigsetsize))
CALL(sigaltstack, 131, 132, "s", NUM, I(uss, stack), O(uoss, stack))
CALL(personality, 135, 92, "", NUM, S(personality, personality))
CALL(getpriority, 140, 141, "", NUM, E(which, prio), D(who))
CALL(setpriority, 141, 140, "", NUM, E(which, prio), D(who), D(niceval))
CALL(sched_setparam, 142, 118, "", NUM, D(pid), I(param, sched_param))
CALL(sched_getparam, 143, 121, "", NUM, D(pid), O(param, sched_param))
CALL(sched_setscheduler, 144, 119, "", NUM, D(pid), E(policy, sched_policy), I(param, sched_param))
CALL(sched_getscheduler, 145, 120, "", NUM, D(pid))
CALL(sched_get_priority_max, 146, 125, "", NUM, E(policy, sched))
CALL(sched_get_priority_min, 147, 126, "", NUM, E(policy, sched))
CALL(sched_rr_get_interval, 148, 127, "", NUM, D(pid), O(interval, timespec))
X86(modify_ldt, 154, "", NUM, D(func), P(ptr), UL(bytecount))
CALL(prctl, 157, 167, "c", NUM, E(option, prctl),
     S(arg2, prctl_arg, BYTES, ENTRY|EXIT|SHORTER, 0, 16), S(arg3, prctl_rest), S(arg4, prctl_rest), S(arg5, prctl_rest, STRING, ENTRY|DATA, 0, 0))
X86(arch_prctl, 158, "", NUM, E(option, arch_prctl), S(arg2, arch_prctl_arg, BYTES, EXIT, 0, 8))
CALL(setrlimit, 160, 164, "", NUM, E(resource, rlimit), I(rlim, rlimit))
X86(iopl, 172, "", NUM, D(level))
X86(ioperm, 173, "", NUM, XL(from), XL(num), D(turn_on))
CALL(gettid, 186, 178, "u", NUM)
CALL(tkill, 200, 130, "ps", NUM, D(pid), SIG(sig))
CALL(futex, 202, 98, "", NUM, P(uaddr), S(op, futex_op), S(val, futex_val),
     S(utime, futex_time, BYTES, ENTRY, 0, 16), P(uaddr2), S(val3, futex_val3))
CALL(sched_setaffinity, 203, 122, "", NUM, D(pid), U(len),
     S(user_mask_ptr, cpuset, BUFFER, ENTRY, 1, 1))
CALL(sched_getaffinity, 204, 123, "", NUM, D(pid), U(len),
     S(user_mask_ptr, cpuset, RESULT, EXIT, 0, 1))
X86(set_thread_area, 205, "", NUM, P(u_info))
X86(get_thread_area, 211, "", NUM, P(u_info))
X86(epoll_wait_old, 215, "", NUM, FD(epfd), P(events), D(maxevents), D(timeout))
CALL(set_tid_address, 218, 96, "", NUM, P(tidptr))
CALL(restart_syscall, 219, 128, "", NUM)
CALL(exit_group, 231, 94, "p", NUM, D(error_code))
X86(epoll_wait, 232, "d", NUM, FD(epfd), OVR(events, epoll_event), D(maxevents), D(timeout))
CALL(tgkill, 234, 131, "ps", NUM, D(tgid), D(pid), SIG(sig))
X86(utimes, 235, "f", NUM, PATH(filename), I(utimes, timeval2))
CALL(kexec_load, 246, 104, "", NUM, P(entry), UL(nr_segments), P(segments), FL(flags, kexec))
CALL(waitid, 247, 95, "p", NUM, E(which, waitid), S(upid, waitid_id), O(infop, siginfo),
     F(options, wait), O(ru, rusage))
X86(futimesat, 261, "fd", NUM, DIRFD(dfd), PATH(filename), I(utimes, timeval2))
CALL(unshare, 272, 97, "", NUM, FX(unshare_flags, clone))
CALL(set_robust_list, 273, 99, "", NUM, P(head), UL(len))
CALL(get_robust_list, 274, 100, "", NUM, D(pid), O(head_ptr, ulongx), O(len_ptr, ulong))
CALL(epoll_pwait, 281, 22, "d", NUM, FD(epfd), OVR(events, epoll_event), D(maxevents), D(timeout),
     I(sigmask, sigset), UL(sigsetsize))
X86(signalfd, 282, "ds", FD, FD(ufd), I(user_mask, sigset), UL(sizemask))
CALL(signalfd4, 289, 74, "ds", FD, FD(ufd), I(user_mask, sigset), UL(sizemask),
     F(flags, signalfd))
CALL(rt_tgsigqueueinfo, 297, 240, "ps", NUM, D(tgid), D(pid), SIG(sig), I(uinfo, siginfo))
CALL(prlimit64, 302, 261, "", NUM, D(pid), E(resource, rlimit), I(new_rlim, rlimit),
     O(old_rlim, rlimit))
CALL(setns, 308, 268, "d", NUM, FD(fd), F(flags, clone))
CALL(getcpu, 309, 168, "", NUM, O(cpup, uint), O(nodep, uint), P(unused))
CALL(process_vm_readv, 310, 270, "", NUM, D(pid), OVEC(lvec, 2), UL(liovcnt), IVEC0(rvec, 4),
     UL(riovcnt), XL(flags))
CALL(process_vm_writev, 311, 271, "", NUM, D(pid), IVEC(lvec, 2), UL(liovcnt), IVEC0(rvec, 4),
     UL(riovcnt), XL(flags))
CALL(kcmp, 312, 272, "", NUM, D(pid1), D(pid2), E(type, kcmp), FD(idx1), FD(idx2))
CALL(sched_setattr, 314, 274, "", NUM, D(pid), I(uattr, sched_attr), U(flags))
CALL(sched_getattr, 315, 275, "", NUM, D(pid), OS(uattr, sched_attr, 2), U(usize), U(flags))
CALL(seccomp, 317, 277, "", NUM, E(op, seccomp_op), F(flags, seccomp_flags),
     S(uargs, seccomp_arg, BYTES, ENTRY, 0, 16))
CALL(kexec_file_load, 320, 294, "d", NUM, FD(kernel_fd), FD(initrd_fd), UL(cmdline_len),
     STR(cmdline_ptr), FL(flags, kexec_file))
CALL(execveat, 322, 281, "fdp", NUM, DIRFD(fd), PATH(filename),
     S(argv, argv, STRINGS, ENTRY, 0, 0), S(envp, envp, STRINGS, ENTRY|COUNT, 0, 0),
     F(flags, execveat))
CALL(membarrier, 324, 283, "", NUM, E(cmd, membarrier), F(flags, membarrier_flags), D(cpu_id))
CALL(rseq, 334, 293, "", NUM, P(rseq), X(rseq_len), F(flags, rseq), X(sig))
CALL(pidfd_send_signal, 424, 424, "dps", NUM, FD(pidfd), SIG(sig), I(info, siginfo), U(flags))
CALL(io_uring_enter, 426, 426, "ds", NUM, FD(fd), U(to_submit), U(min_complete),
     F(flags, io_uring_enter), I(argp, sigset), UL(argsz))
CALL(pidfd_open, 434, 434, "d", FD, D(pid), F(flags, pidfd_open))
CALL(clone3, 435, 435, "p", NUM, S(uargs, clone_args, BUFFER, ENTRY|EXIT, 1, 1), UL(size))
CALL(pidfd_getfd, 438, 438, "d", FD, FD(pidfd), FD(fd), X(flags))
CALL(process_madvise, 440, 440, "d", NUM, FD(pidfd), IVEC0(vec, 2), UL(vlen), E(behavior, madvise),
     X(flags))
CALL(epoll_pwait2, 441, 441, "d", NUM, FD(epfd), OVR(events, epoll_event), D(maxevents),
     I(timeout, timespec), I(sigmask, sigset), UL(sigsetsize))
CALL(landlock_create_ruleset, 444, 444, "d", FD, IS(attr, landlock_ruleset, 1), UL(size),
     F(flags, landlock_create))
CALL(landlock_add_rule, 445, 445, "d", NUM, FD(ruleset_fd), E(rule_type, landlock_rule),
     S(rule_attr, landlock_rule, BYTES, ENTRY, 0, 12), X(flags))
CALL(landlock_restrict_self, 446, 446, "d", NUM, FD(ruleset_fd), X(flags))
CALL(process_mrelease, 448, 448, "d", NUM, FD(pidfd), X(flags))
CALL(futex_waitv, 449, 449, "", NUM, IV(waiters, futex_waitv, 1), U(nr_futexes), X(flags),
     I(timeout, timespec), E(clockid, clock))
CALL(futex_wake, 454, 454, "", NUM, P(uaddr), XL(mask), D(nr), F(flags, futex2))
CALL(futex_wait, 455, 455, "", NUM, P(uaddr), XL(val), XL(mask), F(flags, futex2),
     I(timeout, timespec), E(clockid, clock))
CALL(futex_requeue, 456, 456, "", NUM, IV2(waiters, futex_waitv), U(flags), D(nr_wake),
     D(nr_requeue))
CALL(lsm_get_self_attr, 459, 459, "", NUM, E(attr, lsm_attr), P(ctx), IO(size, uint),
     F(flags, lsm_flags))
CALL(lsm_set_self_attr, 460, 460, "", NUM, E(attr, lsm_attr), P(ctx), U(size), X(flags))
CALL(lsm_list_modules, 461, 461, "", NUM, OVR(ids, lsm_id), IO(size, uint), X(flags))
CALL(listns, 470, 470, "", NUM, I(req, ns_id_req), OVR(ns_ids, ulong), UL(nr_ns_ids), X(flags))
CALL(rseq_slice_yield, 471, 471, "", NUM)
/* clang-format on */
