/* SPDX-License-Identifier: Apache-2.0 */
/* Files, directories, descriptors, events on them. Included several times: see call.h for the words. */
/* clang-format off */
CALL(read, 0, 63, "d", NUM, FD(fd), OBUF(buf), UL(count))
CALL(write, 1, 64, "d", NUM, FD(fd), IBUF(buf, 2), UL(count))
X86(open, 2, "fd", FD, PATH(filename), F(flags, open), MODE(mode))
CALL(close, 3, 57, "d", NUM, FD(fd))
X86(stat, 4, "f1", NUM, PATH(filename), O(statbuf, stat))
CALL(fstat, 5, 80, "d3", NUM, FD(fd), O(statbuf, stat))
X86(lstat, 6, "f2", NUM, PATH(filename), O(statbuf, stat))
X86(poll, 7, "d", NUM, BOTHV(ufds, pollfd, 1), U(nfds), D(timeout_msecs))
CALL(lseek, 8, 62, "d", NUM, FD(fd), L(offset), E(whence, seek))
CALL(ioctl, 16, 29, "d", NUM, FD(fd), S(cmd, ioctl_cmd),
     S(arg, ioctl_arg, BYTES, ENTRY|EXIT|SHORTER, 0, 64))
CALL(pread64, 17, 67, "d", NUM, FD(fd), OBUF(buf), UL(count), L(pos))
CALL(pwrite64, 18, 68, "d", NUM, FD(fd), IBUF(buf, 2), UL(count), L(pos))
CALL(readv, 19, 65, "d", NUM, FD(fd), OVEC(vec, 2), UL(vlen))
CALL(writev, 20, 66, "d", NUM, FD(fd), IVEC(vec, 2), UL(vlen))
X86(access, 21, "f", NUM, PATH(filename), F(mode, access))
X86(pipe, 22, "d", NUM, O(fildes, fdpair))
X86(select, 23, "d", NUM, D(n), S(inp, fdset, BYTES, ENTRY|EXIT|SHORTER, 0, 128),
     S(outp, fdset, BYTES, ENTRY|EXIT|SHORTER, 0, 128), S(exp, fdset, BYTES, ENTRY|EXIT|SHORTER, 0, 128),
     BOTH(tvp, timeval))
CALL(dup, 32, 23, "d", FD, FD(fildes))
X86(dup2, 33, "d", FD, FD(oldfd), FD(newfd))
CALL(fcntl, 72, 25, "d", NUM, FD(fd), E(cmd, fcntl), S(arg, fcntl_arg, BYTES, ENTRY|EXIT, 0, 32))
CALL(flock, 73, 32, "d", NUM, FD(fd), F(cmd, flock))
CALL(fsync, 74, 82, "d", NUM, FD(fd))
CALL(fdatasync, 75, 83, "d", NUM, FD(fd))
CALL(truncate, 76, 45, "f", NUM, PATH(path), UL(length))
CALL(ftruncate, 77, 46, "d", NUM, FD(fd), UL(length))
X86(getdents, 78, "d", NUM, FD(fd), S(dirent, dirent, RESULT, EXIT, 0, 1), U(count))
CALL(getcwd, 79, 17, "f", NUM, OSTR(buf), UL(size))
CALL(chdir, 80, 49, "f", NUM, PATH(filename))
CALL(fchdir, 81, 50, "d", NUM, FD(fd))
X86(rename, 82, "f", NUM, PATH(oldname), PATH(newname))
X86(mkdir, 83, "f", NUM, PATH(pathname), MODE(mode))
X86(rmdir, 84, "f", NUM, PATH(pathname))
X86(creat, 85, "fd", FD, PATH(pathname), MODE(mode))
X86(link, 86, "f", NUM, PATH(oldname), PATH(newname))
X86(unlink, 87, "f", NUM, PATH(pathname))
X86(symlink, 88, "f", NUM, PATH(oldname), PATH(newname))
X86(readlink, 89, "f", NUM, PATH(path), OBUF(buf), D(bufsiz))
X86(chmod, 90, "f", NUM, PATH(filename), MODE(mode))
CALL(fchmod, 91, 52, "d", NUM, FD(fd), MODE(mode))
X86(chown, 92, "f", NUM, PATH(filename), ID(user), ID(group))
CALL(fchown, 93, 55, "d", NUM, FD(fd), ID(user), ID(group))
X86(lchown, 94, "f", NUM, PATH(filename), ID(user), ID(group))
X86(utime, 132, "f", NUM, PATH(filename), I(times, utimbuf))
X86(mknod, 133, "f", NUM, PATH(filename), S(mode, mknod_mode), S(dev, dev))
X86(uselib, 134, "f", NUM, PATH(library))
CALL(statfs, 137, 43, "f4", NUM, PATH(pathname), O(buf, statfs))
CALL(fstatfs, 138, 44, "d5", NUM, FD(fd), O(buf, statfs))
CALL(pivot_root, 155, 41, "f", NUM, PATH(new_root), PATH(put_old))
CALL(chroot, 161, 51, "f", NUM, PATH(filename))
CALL(acct, 163, 89, "f", NUM, PATH(name))
CALL(mount, 165, 40, "f", NUM, STR(dev_name), PATH(dir_name), STR(type), FL(flags, mount),
     S(data, mount_data, STRING, ENTRY|DATA, 0, 0))
CALL(umount2, 166, 39, "f", NUM, PATH(name), F(flags, umount))
CALL(swapon, 167, 224, "f", NUM, PATH(specialfile), S(swap_flags, swap))
CALL(swapoff, 168, 225, "f", NUM, PATH(specialfile))
CALL(quotactl, 179, 60, "f", NUM, S(cmd, quota_cmd), PATH(special), U(id), P(addr))
CALL(readahead, 187, 213, "d", NUM, FD(fd), L(offset), UL(count))
CALL(setxattr, 188, 5, "f", NUM, PATH(pathname), STR(name), IBUF(value, 3), UL(size),
     F(flags, xattr))
CALL(lsetxattr, 189, 6, "f", NUM, PATH(pathname), STR(name), IBUF(value, 3), UL(size),
     F(flags, xattr))
CALL(fsetxattr, 190, 7, "d", NUM, FD(fd), STR(name), IBUF(value, 3), UL(size), F(flags, xattr))
CALL(getxattr, 191, 8, "f", NUM, PATH(pathname), STR(name), OBUF(value), UL(size))
CALL(lgetxattr, 192, 9, "f", NUM, PATH(pathname), STR(name), OBUF(value), UL(size))
CALL(fgetxattr, 193, 10, "d", NUM, FD(fd), STR(name), OBUF(value), UL(size))
CALL(listxattr, 194, 11, "f", NUM, PATH(pathname), OBUF(list), UL(size))
CALL(llistxattr, 195, 12, "f", NUM, PATH(pathname), OBUF(list), UL(size))
CALL(flistxattr, 196, 13, "d", NUM, FD(fd), OBUF(list), UL(size))
CALL(removexattr, 197, 14, "f", NUM, PATH(pathname), STR(name))
CALL(lremovexattr, 198, 15, "f", NUM, PATH(pathname), STR(name))
CALL(fremovexattr, 199, 16, "d", NUM, FD(fd), STR(name))
X86(epoll_create, 213, "d", FD, D(size))
CALL(getdents64, 217, 61, "d", NUM, FD(fd), S(dirent, dirent64, RESULT, EXIT, 0, 1), U(count))
CALL(fadvise64, 221, 223, "d", NUM, FD(fd), L(offset), UL(len), E(advice, fadvise))
CALL(epoll_ctl, 233, 21, "d", NUM, FD(epfd), E(op, epoll_ctl), FD(fd), I(event, epoll_event))
CALL(mq_open, 240, 180, "d", FD, STR(u_name), F(oflag, open), MODE(mode), I(u_attr, mq_attr))
CALL(mq_timedsend, 242, 182, "d", NUM, FD(mqdes), IBUF(u_msg_ptr, 2), UL(msg_len), U(msg_prio),
     I(u_abs_timeout, timespec))
CALL(mq_timedreceive, 243, 183, "d", NUM, FD(mqdes), OBUF(u_msg_ptr), UL(msg_len),
     O(u_msg_prio, uint), I(u_abs_timeout, timespec))
CALL(mq_notify, 244, 184, "d", NUM, FD(mqdes), I(u_notification, sigevent))
CALL(mq_getsetattr, 245, 185, "d", NUM, FD(mqdes), I(u_mqstat, mq_attr), O(u_omqstat, mq_attr))
X86(inotify_init, 253, "d", FD)
CALL(inotify_add_watch, 254, 27, "fd", NUM, FD(fd), PATH(pathname), F(mask, inotify))
CALL(inotify_rm_watch, 255, 28, "d", NUM, FD(fd), D(wd))
CALL(openat, 257, 56, "fd", FD, DIRFD(dfd), PATH(filename), F(flags, open), MODE(mode))
CALL(mkdirat, 258, 34, "fd", NUM, DIRFD(dfd), PATH(pathname), MODE(mode))
CALL(mknodat, 259, 33, "fd", NUM, DIRFD(dfd), PATH(filename), S(mode, mknod_mode), S(dev, dev))
CALL(fchownat, 260, 54, "fd", NUM, DIRFD(dfd), PATH(filename), ID(user), ID(group), F(flag, at))
CALL(newfstatat, 262, 79, "fd3", NUM, DIRFD(dfd), PATH(filename), O(statbuf, stat), F(flag, at))
CALL(unlinkat, 263, 35, "fd", NUM, DIRFD(dfd), PATH(pathname), F(flag, unlinkat))
CALL(renameat, 264, 38, "fd", NUM, DIRFD(olddfd), PATH(oldname), DIRFD(newdfd), PATH(newname))
CALL(linkat, 265, 37, "fd", NUM, DIRFD(olddfd), PATH(oldname), DIRFD(newdfd), PATH(newname),
     F(flags, at))
CALL(symlinkat, 266, 36, "fd", NUM, PATH(oldname), DIRFD(newdfd), PATH(newname))
CALL(readlinkat, 267, 78, "fd", NUM, DIRFD(dfd), PATH(pathname), OBUF(buf), D(bufsiz))
CALL(fchmodat, 268, 53, "fd", NUM, DIRFD(dfd), PATH(filename), MODE(mode))
CALL(faccessat, 269, 48, "fd", NUM, DIRFD(dfd), PATH(filename), F(mode, access))
CALL(pselect6, 270, 72, "d", NUM, D(n), S(inp, fdset, BYTES, ENTRY|EXIT|SHORTER, 0, 128),
     S(outp, fdset, BYTES, ENTRY|EXIT|SHORTER, 0, 128), S(exp, fdset, BYTES, ENTRY|EXIT|SHORTER, 0, 128),
     BOTH(tsp, timespec), I(sig, sigarg))
CALL(ppoll, 271, 73, "d", NUM, BOTHV(ufds, pollfd, 1), U(nfds), BOTH(tsp, timespec),
     I(sigmask, sigset), UL(sigsetsize))
CALL(splice, 275, 76, "d", NUM, FD(fd_in), I(off_in, long), FD(fd_out), I(off_out, long),
     UL(len), F(flags, splice))
CALL(tee, 276, 77, "d", NUM, FD(fdin), FD(fdout), UL(len), F(flags, splice))
CALL(sync_file_range, 277, 84, "d", NUM, FD(fd), L(offset), L(nbytes), F(flags, sync_file_range))
CALL(vmsplice, 278, 75, "d", NUM, FD(fd), IVEC(uiov, 2), UL(nr_segs), F(flags, splice))
CALL(utimensat, 280, 88, "fd", NUM, DIRFD(dfd), PATH(filename), I(utimes, utimes), F(flags, at))
CALL(timerfd_create, 283, 85, "d", FD, E(clockid, clock), F(flags, timerfd))
X86(eventfd, 284, "d", FD, U(count))
CALL(fallocate, 285, 47, "d", NUM, FD(fd), F(mode, fallocate), L(offset), L(len))
CALL(timerfd_settime, 286, 86, "d", NUM, FD(ufd), F(flags, timerfd_set), I(utmr, itimerspec),
     O(otmr, itimerspec))
CALL(timerfd_gettime, 287, 87, "d", NUM, FD(ufd), O(otmr, itimerspec))
CALL(eventfd2, 290, 19, "d", FD, U(count), F(flags, eventfd))
CALL(epoll_create1, 291, 20, "d", FD, F(flags, epoll_create))
CALL(dup3, 292, 24, "d", FD, FD(oldfd), FD(newfd), F(flags, dup3))
CALL(pipe2, 293, 59, "d", NUM, O(fildes, fdpair), F(flags, pipe))
CALL(inotify_init1, 294, 26, "d", FD, F(flags, inotify_init))
CALL(preadv, 295, 69, "d", NUM, FD(fd), OVEC(vec, 2), UL(vlen), L(pos_l), HIDE(pos_h))
CALL(pwritev, 296, 70, "d", NUM, FD(fd), IVEC(vec, 2), UL(vlen), L(pos_l), HIDE(pos_h))
CALL(perf_event_open, 298, 241, "d", FD, I(attr_uptr, perf_attr), D(pid), D(cpu), FD(group_fd),
     FL(flags, perf_open))
CALL(fanotify_init, 300, 262, "d", FD, F(flags, fanotify_init), F(event_f_flags, open))
CALL(fanotify_mark, 301, 263, "fd", NUM, FD(fanotify_fd), F(flags, fanotify_mark),
     FX(mask, fanotify_event), DIRFD(dfd), PATH(pathname))
CALL(name_to_handle_at, 303, 264, "fd", NUM, DIRFD(dfd), PATH(name), IO(handle, file_handle),
     O(mnt_id, int), F(flag, at))
CALL(open_by_handle_at, 304, 265, "d", FD, DIRFD(mountdirfd), I(handle, file_handle),
     F(flags, open))
CALL(syncfs, 306, 267, "d", NUM, FD(fd))
CALL(finit_module, 313, 273, "d", NUM, FD(fd), STR(uargs), F(flags, module_init))
CALL(renameat2, 316, 276, "fd", NUM, DIRFD(olddfd), PATH(oldname), DIRFD(newdfd), PATH(newname),
     F(flags, rename))
CALL(memfd_create, 319, 279, "d", FD, STR(uname), F(flags, memfd))
CALL(bpf, 321, 280, "d", FD, E(cmd, bpf), S(uattr, bpf_attr, BUFFER, ENTRY, 2, 1), U(size))
CALL(userfaultfd, 323, 282, "d", FD, F(flags, userfaultfd))
CALL(copy_file_range, 326, 285, "d", NUM, FD(fd_in), I(off_in, long), FD(fd_out),
     I(off_out, long), UL(len), X(flags))
CALL(preadv2, 327, 286, "d", NUM, FD(fd), OVEC(vec, 2), UL(vlen), L(pos_l), HIDE(pos_h),
     F(flags, rwf))
CALL(pwritev2, 328, 287, "d", NUM, FD(fd), IVEC(vec, 2), UL(vlen), L(pos_l), HIDE(pos_h),
     F(flags, rwf))
CALL(statx, 332, 291, "fd3", NUM, DIRFD(dfd), PATH(filename), F(flags, statx_at),
     F(mask, statx_mask), O(buffer, statx))
CALL(io_uring_setup, 425, 425, "d", FD, U(entries), IO(params, io_uring_params))
CALL(open_tree, 428, 428, "fd", FD, DIRFD(dfd), PATH(filename), F(flags, open_tree))
CALL(move_mount, 429, 429, "fd", NUM, DIRFD(from_dfd), PATH(from_pathname), DIRFD(to_dfd),
     PATH(to_pathname), F(flags, move_mount))
CALL(fsopen, 430, 430, "d", FD, STR(_fs_name), F(flags, fsopen))
CALL(fsconfig, 431, 431, "fd", NUM, FD(fd), E(cmd, fsconfig), STR(_key),
     S(_value, fsconfig_value, STRING, ENTRY|DATA, 0, 0), D(aux))
CALL(fsmount, 432, 432, "d", FD, FD(fs_fd), F(flags, fsmount), F(attr_flags, mount_attr))
CALL(fspick, 433, 433, "fd", FD, DIRFD(dfd), PATH(path), F(flags, fspick))
CALL(openat2, 437, 437, "fd", FD, DIRFD(dfd), PATH(filename), IS(how, open_how, 3), UL(usize))
CALL(faccessat2, 439, 439, "fd", NUM, DIRFD(dfd), PATH(filename), F(mode, access),
     F(flags, faccessat))
CALL(mount_setattr, 442, 442, "fd", NUM, DIRFD(dfd), PATH(path), F(flags, mount_setattr),
     IS(uattr, mount_attr, 4), UL(usize))
CALL(quotactl_fd, 443, 443, "d", NUM, FD(fd), S(cmd, quota_cmd), U(id), P(addr))
CALL(memfd_secret, 447, 447, "d", FD, F(flags, memfd_secret))
CALL(cachestat, 451, 451, "d", NUM, FD(fd), I(cstat_range, cachestat_range), O(cstat, cachestat),
     X(flags))
CALL(fchmodat2, 452, 452, "df", NUM, DIRFD(dfd), PATH(filename), MODE(mode), F(flags, at))
CALL(setxattrat, 463, 463, "df", NUM, DIRFD(dfd), PATH(pathname), F(at_flags, at), STR(name),
     IS(uargs, xattr_args, 5), UL(usize))
CALL(getxattrat, 464, 464, "df", NUM, DIRFD(dfd), PATH(pathname), F(at_flags, at), STR(name),
     IS(uargs, xattr_args, 5), UL(usize))
CALL(listxattrat, 465, 465, "df", NUM, DIRFD(dfd), PATH(pathname), F(at_flags, at), OBUF(list),
     UL(size))
CALL(removexattrat, 466, 466, "df", NUM, DIRFD(dfd), PATH(pathname), F(at_flags, at), STR(name))
CALL(open_tree_attr, 467, 467, "df", FD, DIRFD(dfd), PATH(filename), F(flags, open_tree),
     IS(uattr, mount_attr, 4), UL(usize))
CALL(file_getattr, 468, 468, "df", NUM, DIRFD(dfd), PATH(filename), OS(ufattr, file_attr, 3),
     UL(usize), F(at_flags, at))
CALL(file_setattr, 469, 469, "df", NUM, DIRFD(dfd), PATH(filename), IS(ufattr, file_attr, 3),
     UL(usize), F(at_flags, at))
/* clang-format on */
