/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row per system call: section 2 of the manual pages has the arguments. Architectures without
 * a call (arm64 has only the ...at forms) leave its row out.
 */
#include "kern/syscalls.h"

#include <sys/syscall.h>

#include "base/util.h"

/* The same numbers on all processors; the headers may be older than the kernel we run on. */
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452 /* Linux 6.6 */
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat 463 /* Linux 6.13 */
#endif

#define K(id) (1ull << RS_KIND_##id)
#define N     RS_NO_ARG

/* clang-format off */
#define FILE_CALL(call, kinds, kind, how, dir, path, dir2, path2, fd, flags, mode, a, b, name, type) \
	{ #call, SYS_##call, RS_SENSOR_FILE, kinds, \
	  { RS_KIND_##kind, how, dir, path, dir2, path2, fd, flags, mode, a, b, name, type, 0, 1, 0 }, NULL }
#define OP_CALL(call, sensor, kinds, kind, op) \
	{ #call, SYS_##call, RS_SENSOR_##sensor, kinds, \
	  { RS_KIND_##kind, 0, N, N, N, N, N, N, N, N, N, N, N, RS_OP_##op, 1, 0 }, NULL }

const struct rs_syscall rs_syscalls[] = {
	/*                                                      dir path dir2 path2 fd flags mode a b name type */
#ifdef SYS_open
	FILE_CALL(open, K(OPEN) | K(CREATE), OPEN, RS_SHAPE_CREATES, N, 0, N, N, N, 1, 2, N, N, N, N),
	FILE_CALL(creat, K(OPEN) | K(CREATE), OPEN, RS_SHAPE_CREATES | RS_SHAPE_CREAT, N, 0, N, N, N, N, 1, N, N, N, N),
	FILE_CALL(unlink, K(UNLINK), UNLINK, 0, N, 0, N, N, N, N, N, N, N, N, N),
	FILE_CALL(rmdir, K(RMDIR), RMDIR, 0, N, 0, N, N, N, N, N, N, N, N, N),
	FILE_CALL(rename, K(RENAME), RENAME, 0, N, 0, N, 1, N, N, N, N, N, N, N),
	FILE_CALL(link, K(LINK), LINK, 0, N, 0, N, 1, N, N, N, N, N, N, N),
	FILE_CALL(symlink, K(SYMLINK), SYMLINK, RS_SHAPE_NAME2, N, 1, N, 0, N, N, N, N, N, N, N),
	FILE_CALL(mkdir, K(MKDIR), MKDIR, 0, N, 0, N, N, N, N, 1, N, N, N, N),
	FILE_CALL(mknod, K(CREATE), CREATE, 0, N, 0, N, N, N, N, 1, N, N, N, N),
	FILE_CALL(chmod, K(CHMOD), CHMOD, 0, N, 0, N, N, N, N, 1, N, N, N, N),
	FILE_CALL(chown, K(CHOWN), CHOWN, RS_SHAPE_COPY_OWNER, N, 0, N, N, N, N, N, 1, 2, N, N),
	FILE_CALL(lchown, K(CHOWN), CHOWN, RS_SHAPE_COPY_OWNER, N, 0, N, N, N, N, N, 1, 2, N, N),
#endif
#ifdef SYS_renameat
	FILE_CALL(renameat, K(RENAME), RENAME, 0, 0, 1, 2, 3, N, N, N, N, N, N, N),
#endif
#ifdef SYS_openat2
	FILE_CALL(openat2, K(OPEN) | K(CREATE), OPEN, RS_SHAPE_CREATES | RS_SHAPE_HOW, 0, 1, N, N, N, 2, N, N, N, N, N),
#endif
#ifdef SYS_move_mount /* what mount(8) uses since util-linux 2.39 */
	FILE_CALL(move_mount, K(MOUNT), MOUNT, 0, 2, 3, 0, 1, N, 4, N, N, N, N, N),
#endif
	FILE_CALL(fchmodat2, K(CHMOD), CHMOD, 0, 0, 1, N, N, N, N, 2, N, N, N, N),
	FILE_CALL(setxattrat, K(SETXATTR), SETXATTR, 0, 0, 1, N, N, N, 2, N, N, N, 3, N),
	FILE_CALL(openat, K(OPEN) | K(CREATE), OPEN, RS_SHAPE_CREATES, 0, 1, N, N, N, 2, 3, N, N, N, N),
	FILE_CALL(unlinkat, K(UNLINK) | K(RMDIR), UNLINK, RS_SHAPE_UNLINKAT, 0, 1, N, N, N, 2, N, N, N, N, N),
	FILE_CALL(renameat2, K(RENAME), RENAME, 0, 0, 1, 2, 3, N, 4, N, N, N, N, N),
	FILE_CALL(linkat, K(LINK), LINK, 0, 0, 1, 2, 3, N, 4, N, N, N, N, N),
	FILE_CALL(symlinkat, K(SYMLINK), SYMLINK, RS_SHAPE_NAME2, 1, 2, N, 0, N, N, N, N, N, N, N),
	FILE_CALL(mknodat, K(CREATE), CREATE, 0, 0, 1, N, N, N, N, 2, N, N, N, N),
	FILE_CALL(open_by_handle_at, K(OPEN), OPEN, RS_SHAPE_CREATES, N, N, N, N, N, 2, N, N, N, N, N),
	FILE_CALL(mkdirat, K(MKDIR), MKDIR, 0, 0, 1, N, N, N, N, 2, N, N, N, N),
	FILE_CALL(fchmod, K(CHMOD), CHMOD, 0, N, N, N, N, 0, N, 1, N, N, N, N),
	FILE_CALL(fchmodat, K(CHMOD), CHMOD, 0, 0, 1, N, N, N, N, 2, N, N, N, N),
	FILE_CALL(fchown, K(CHOWN), CHOWN, RS_SHAPE_COPY_OWNER, N, N, N, N, 0, N, N, 1, 2, N, N),
	FILE_CALL(fchownat, K(CHOWN), CHOWN, RS_SHAPE_COPY_OWNER, 0, 1, N, N, N, 4, N, 2, 3, N, N),
	FILE_CALL(truncate, K(TRUNCATE), TRUNCATE, RS_SHAPE_LENGTH, N, 0, N, N, N, N, N, 1, N, N, N),
	FILE_CALL(ftruncate, K(TRUNCATE), TRUNCATE, RS_SHAPE_LENGTH, N, N, N, N, 0, N, N, 1, N, N, N),
	FILE_CALL(setxattr, K(SETXATTR), SETXATTR, 0, N, 0, N, N, N, 4, N, N, N, 1, N),
	FILE_CALL(lsetxattr, K(SETXATTR), SETXATTR, 0, N, 0, N, N, N, 4, N, N, N, 1, N),
	FILE_CALL(fsetxattr, K(SETXATTR), SETXATTR, 0, N, N, N, N, 0, 4, N, N, N, 1, N),
	FILE_CALL(mount, K(MOUNT), MOUNT, RS_SHAPE_SOURCE, N, 1, N, 0, N, 3, N, N, N, N, 2),
	{ "umount2", SYS_umount2, RS_SENSOR_FILE, K(UMOUNT),
	  { RS_KIND_UMOUNT, 0, N, 0, N, N, N, 1, N, N, N, N, N, 0, 1, 0 }, "umount" },

	OP_CALL(connect, NET, K(CONNECT) | K(CLOSE), CONNECT, CONNECT),
#ifdef SYS_accept
	OP_CALL(accept, NET, K(ACCEPT) | K(CLOSE), ACCEPT, ACCEPT),
#endif
	OP_CALL(accept4, NET, K(ACCEPT) | K(CLOSE), ACCEPT, ACCEPT),
	OP_CALL(listen, NET, K(LISTEN), LISTEN, LISTEN),
	OP_CALL(bind, NET, K(BIND), BIND, BIND),
	OP_CALL(sendto, NET, K(UDP), UDP, SENDTO),
	OP_CALL(sendmsg, NET, K(UDP), UDP, SENDMSG),
	OP_CALL(sendmmsg, NET, K(UDP), UDP, SENDMMSG),
	OP_CALL(recvfrom, NET, K(UDP), UDP, RECVFROM),
	OP_CALL(recvmsg, NET, K(UDP), UDP, RECVMSG),
	OP_CALL(recvmmsg, NET, K(UDP), UDP, RECVMMSG),

	OP_CALL(setuid, PRIVILEGE, K(SETUID), SETUID, SETIDS),
	OP_CALL(setreuid, PRIVILEGE, K(SETUID), SETUID, SETIDS),
	OP_CALL(setresuid, PRIVILEGE, K(SETUID), SETUID, SETIDS),
	OP_CALL(setfsuid, PRIVILEGE, K(SETUID), SETUID, SETIDS),
	OP_CALL(setgid, PRIVILEGE, K(SETGID), SETGID, SETIDS),
	OP_CALL(setregid, PRIVILEGE, K(SETGID), SETGID, SETIDS),
	OP_CALL(setresgid, PRIVILEGE, K(SETGID), SETGID, SETIDS),
	OP_CALL(setfsgid, PRIVILEGE, K(SETGID), SETGID, SETIDS),
	OP_CALL(capset, PRIVILEGE, K(CAPSET), CAPSET, CAPSET),
	OP_CALL(ptrace, PRIVILEGE, K(PTRACE), PTRACE, PTRACE),
	OP_CALL(kill, PRIVILEGE, K(KILL), KILL, KILL),
	OP_CALL(tkill, PRIVILEGE, K(KILL), KILL, TKILL),
	OP_CALL(tgkill, PRIVILEGE, K(KILL), KILL, TGKILL),
	OP_CALL(rt_sigqueueinfo, PRIVILEGE, K(KILL), KILL, KILL),
	OP_CALL(rt_tgsigqueueinfo, PRIVILEGE, K(KILL), KILL, TGKILL),
	OP_CALL(init_module, PRIVILEGE, K(MODULE), MODULE, MODULE_LOAD),
	OP_CALL(finit_module, PRIVILEGE, K(MODULE), MODULE, MODULE_FLOAD),
	OP_CALL(delete_module, PRIVILEGE, K(MODULE), MODULE, MODULE_UNLOAD),
	OP_CALL(bpf, PRIVILEGE, K(BPF), BPF, BPF),
	OP_CALL(memfd_create, PRIVILEGE, K(MEMFD), MEMFD, MEMFD),
	OP_CALL(mmap, PRIVILEGE, K(WXMAP), WXMAP, MMAP),
	OP_CALL(mprotect, PRIVILEGE, K(WXMAP), WXMAP, MPROTECT),
#ifdef SYS_pkey_mprotect
	OP_CALL(pkey_mprotect, PRIVILEGE, K(WXMAP), WXMAP, MPROTECT),
#endif
	OP_CALL(unshare, PRIVILEGE, K(UNSHARE), UNSHARE, UNSHARE),
	OP_CALL(setns, PRIVILEGE, K(SETNS), SETNS, SETNS),
	OP_CALL(chroot, PRIVILEGE, K(CHROOT), CHROOT, CHROOT),
	OP_CALL(pivot_root, PRIVILEGE, K(PIVOT), PIVOT, PIVOT),
};
/* clang-format on */

const size_t rs_n_syscalls = ARRAY_SIZE(rs_syscalls);
