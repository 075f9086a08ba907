/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of the system calls that can make an event. The native table takes its numbers from the
 * system's headers, so it is right on every architecture; the table of 32-bit calls is that of i386,
 * the only ones that 64-bit x86 kernels serve besides.
 */
#include <sys/syscall.h>

#include "event/names.h"

/* rows that #ifdef separates */
/* clang-format off */
#define X(name) [__NR_##name] = #name,
static const char *const native_names[] = {
	X(clone)
#ifdef __NR_fork
	X(fork)
#endif
#ifdef __NR_vfork
	X(vfork)
#endif
	X(clone3) X(execve) X(execveat) X(exit) X(exit_group)
#ifdef __NR_open
	X(open)
#endif
	X(openat) X(openat2)
#ifdef __NR_creat
	X(creat)
#endif
	X(open_by_handle_at)
#ifdef __NR_mknod
	X(mknod)
#endif
	X(mknodat) X(open_tree) X(close) X(close_range)
#ifdef __NR_dup2
	X(dup2)
#endif
	X(dup3)
#ifdef __NR_unlink
	X(unlink)
#endif
	X(unlinkat)
#ifdef __NR_rmdir
	X(rmdir)
#endif
#ifdef __NR_rename
	X(rename)
#endif
	X(renameat) X(renameat2)
#ifdef __NR_link
	X(link)
#endif
	X(linkat)
#ifdef __NR_symlink
	X(symlink)
#endif
	X(symlinkat)
#ifdef __NR_mkdir
	X(mkdir)
#endif
	X(mkdirat)
#ifdef __NR_chmod
	X(chmod)
#endif
	X(fchmod) X(fchmodat)
#ifdef __NR_fchmodat2
	X(fchmodat2)
#endif
#ifdef __NR_chown
	X(chown)
#endif
	X(fchown)
#ifdef __NR_lchown
	X(lchown)
#endif
	X(fchownat) X(truncate) X(ftruncate) X(setxattr) X(lsetxattr) X(fsetxattr)
#ifdef __NR_setxattrat
	X(setxattrat)
#endif
	X(removexattr) X(lremovexattr) X(fremovexattr)
#ifdef __NR_removexattrat
	X(removexattrat)
#endif
	X(mount) X(umount2) X(move_mount) X(mount_setattr) X(fsmount) X(fsopen) X(fsconfig)
	X(socket) X(connect) X(accept) X(accept4) X(listen) X(bind) X(shutdown) X(sendto)
	X(sendmsg) X(sendmmsg) X(recvfrom) X(recvmsg) X(recvmmsg) X(read) X(write) X(setuid)
	X(setgid) X(setreuid) X(setregid) X(setresuid) X(setresgid) X(setfsuid) X(setfsgid)
	X(setgroups) X(capset) X(prctl) X(ptrace) X(process_vm_writev) X(kill) X(tkill)
	X(tgkill) X(rt_sigqueueinfo) X(rt_tgsigqueueinfo) X(pidfd_send_signal) X(init_module)
	X(finit_module) X(delete_module) X(bpf) X(memfd_create) X(mmap) X(mprotect)
	X(pkey_mprotect) X(shmat) X(unshare) X(setns) X(chroot) X(pivot_root)
	X(io_uring_setup) X(io_uring_enter) X(io_uring_register)
};
#undef X
/* clang-format on */

#ifdef __x86_64__
static const char *const compat_names[] = {
	[1] = "exit",
	[2] = "fork",
	[3] = "read",
	[4] = "write",
	[5] = "open",
	[6] = "close",
	[8] = "creat",
	[9] = "link",
	[10] = "unlink",
	[11] = "execve",
	[14] = "mknod",
	[15] = "chmod",
	[16] = "lchown",
	[21] = "mount",
	[22] = "umount",
	[23] = "setuid",
	[26] = "ptrace",
	[37] = "kill",
	[38] = "rename",
	[39] = "mkdir",
	[40] = "rmdir",
	[46] = "setgid",
	[52] = "umount2",
	[61] = "chroot",
	[63] = "dup2",
	[70] = "setreuid",
	[71] = "setregid",
	[81] = "setgroups",
	[83] = "symlink",
	[90] = "mmap",
	[92] = "truncate",
	[93] = "ftruncate",
	[94] = "fchmod",
	[95] = "fchown",
	[102] = "socketcall",
	[117] = "ipc",
	[120] = "clone",
	[125] = "mprotect",
	[128] = "init_module",
	[129] = "delete_module",
	[138] = "setfsuid",
	[139] = "setfsgid",
	[164] = "setresuid",
	[170] = "setresgid",
	[172] = "prctl",
	[178] = "rt_sigqueueinfo",
	[182] = "chown",
	[185] = "capset",
	[190] = "vfork",
	[192] = "mmap2",
	[193] = "truncate64",
	[194] = "ftruncate64",
	[198] = "lchown32",
	[203] = "setreuid32",
	[204] = "setregid32",
	[206] = "setgroups32",
	[207] = "fchown32",
	[208] = "setresuid32",
	[210] = "setresgid32",
	[212] = "chown32",
	[213] = "setuid32",
	[214] = "setgid32",
	[215] = "setfsuid32",
	[216] = "setfsgid32",
	[217] = "pivot_root",
	[226] = "setxattr",
	[227] = "lsetxattr",
	[228] = "fsetxattr",
	[235] = "removexattr",
	[236] = "lremovexattr",
	[237] = "fremovexattr",
	[238] = "tkill",
	[252] = "exit_group",
	[270] = "tgkill",
	[295] = "openat",
	[296] = "mkdirat",
	[297] = "mknodat",
	[298] = "fchownat",
	[301] = "unlinkat",
	[302] = "renameat",
	[303] = "linkat",
	[304] = "symlinkat",
	[306] = "fchmodat",
	[310] = "unshare",
	[330] = "dup3",
	[335] = "rt_tgsigqueueinfo",
	[337] = "recvmmsg",
	[342] = "open_by_handle_at",
	[345] = "sendmmsg",
	[346] = "setns",
	[348] = "process_vm_writev",
	[350] = "finit_module",
	[353] = "renameat2",
	[356] = "memfd_create",
	[357] = "bpf",
	[358] = "execveat",
	[359] = "socket",
	[361] = "bind",
	[362] = "connect",
	[363] = "listen",
	[364] = "accept4",
	[369] = "sendto",
	[370] = "sendmsg",
	[371] = "recvfrom",
	[372] = "recvmsg",
	[373] = "shutdown",
	[380] = "pkey_mprotect",
	[397] = "shmat",
	[424] = "pidfd_send_signal",
	[425] = "io_uring_setup",
	[426] = "io_uring_enter",
	[427] = "io_uring_register",
	[428] = "open_tree",
	[429] = "move_mount",
	[430] = "fsopen",
	[431] = "fsconfig",
	[432] = "fsmount",
	[435] = "clone3",
	[436] = "close_range",
	[437] = "openat2",
	[442] = "mount_setattr",
	[452] = "fchmodat2",
	[463] = "setxattrat",
	[466] = "removexattrat",
};
#else
static const char *const compat_names[] = { NULL };
#endif

const char *rs_name_syscall(int nr, bool compat)
{
	const char *const *names = compat ? compat_names : native_names;
	size_t count = compat ? ARRAY_SIZE(compat_names) : ARRAY_SIZE(native_names);

	return nr >= 0 && (size_t)nr < count ? names[nr] : NULL;
}
