/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Arguments whose meaning is that of one system call: a function each. */

/* clang-format off */
#define RS_CALL_SPECIALS(X) \
	X(arch_prctl_arg) X(clone_flags) X(argv) X(bpf_attr) X(clone_args) X(cpuset) X(dev) \
	X(dirent) X(dirent64) X(envp) X(fcntl_arg) X(fdset) X(fsconfig_value) \
	X(futex_op) X(futex_time) X(futex_val) X(futex_val3) X(ioctl_arg) X(ioctl_cmd) \
	X(iocbs) X(ioprio) X(key) X(key_serial) X(keyctl_arg) X(landlock_rule) X(mknod_mode) X(mmsghdr) X(mount_data) \
	X(msgbuf) X(msghdr) X(optname) X(personality) X(prctl_arg) X(prctl_rest) X(protocol) \
	X(ptrace_addr) X(ptrace_data) X(quota_arg) X(quota_cmd) X(quota_id) X(seccomp_arg) X(semarg) X(shmflg) X(sigarg) \
	X(sockopt) X(swap) X(syslog_buf) X(syslog_type) X(waitid_id)
/* clang-format on */

enum rs_special {
#define X(name) SPECIAL_##name,
	RS_CALL_SPECIALS(X)
#undef X
		SPECIAL_COUNT
};
