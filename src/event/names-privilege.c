/* SPDX-License-Identifier: Apache-2.0 */
/* Names of capabilities, ptrace(2) requests, bpf(2) commands and types, and flags around them. */
#include <linux/capability.h>
#include <linux/memfd.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/sched.h>

#include "event/names-flags.h"

#define X(name) [CAP_##name] = "CAP_" #name,
static const char *const capability_names[] = {
	/* clang-format off */
	X(CHOWN) X(DAC_OVERRIDE) X(DAC_READ_SEARCH) X(FOWNER) X(FSETID) X(KILL) X(SETGID) X(SETUID)
	X(SETPCAP) X(LINUX_IMMUTABLE) X(NET_BIND_SERVICE) X(NET_BROADCAST) X(NET_ADMIN) X(NET_RAW)
	X(IPC_LOCK) X(IPC_OWNER) X(SYS_MODULE) X(SYS_RAWIO) X(SYS_CHROOT) X(SYS_PTRACE) X(SYS_PACCT)
	X(SYS_ADMIN) X(SYS_BOOT) X(SYS_NICE) X(SYS_RESOURCE) X(SYS_TIME) X(SYS_TTY_CONFIG) X(MKNOD)
	X(LEASE) X(AUDIT_WRITE) X(AUDIT_CONTROL) X(SETFCAP) X(MAC_OVERRIDE) X(MAC_ADMIN) X(SYSLOG)
	X(WAKE_ALARM) X(BLOCK_SUSPEND) X(AUDIT_READ) X(PERFMON) X(BPF) X(CHECKPOINT_RESTORE)
	/* clang-format on */
};
#undef X
static_assert(ARRAY_SIZE(capability_names) == CAP_CHECKPOINT_RESTORE + 1, "the highest one");

/* ptrace(2): those that attach, or write. */
static const struct {
	uint64_t request;
	const char *name;
} ptrace_names[] = {
	{ PTRACE_TRACEME, "PTRACE_TRACEME" },
	{ PTRACE_PEEKTEXT, "PTRACE_PEEKTEXT" },
	{ PTRACE_PEEKDATA, "PTRACE_PEEKDATA" },
	{ PTRACE_PEEKUSR, "PTRACE_PEEKUSER" },
	{ PTRACE_POKETEXT, "PTRACE_POKETEXT" },
	{ PTRACE_POKEDATA, "PTRACE_POKEDATA" },
	{ PTRACE_POKEUSR, "PTRACE_POKEUSER" },
	{ PTRACE_CONT, "PTRACE_CONT" },
	{ PTRACE_KILL, "PTRACE_KILL" },
	{ PTRACE_SINGLESTEP, "PTRACE_SINGLESTEP" },
	{ 12, "PTRACE_GETREGS" }, /* x86 only, as the next three */
	{ 13, "PTRACE_SETREGS" },
	{ 14, "PTRACE_GETFPREGS" },
	{ 15, "PTRACE_SETFPREGS" },
	{ PTRACE_ATTACH, "PTRACE_ATTACH" },
	{ PTRACE_DETACH, "PTRACE_DETACH" },
	{ PTRACE_SYSCALL, "PTRACE_SYSCALL" },
	{ PTRACE_SETOPTIONS, "PTRACE_SETOPTIONS" },
	{ PTRACE_GETEVENTMSG, "PTRACE_GETEVENTMSG" },
	{ PTRACE_GETSIGINFO, "PTRACE_GETSIGINFO" },
	{ PTRACE_SETSIGINFO, "PTRACE_SETSIGINFO" },
	{ PTRACE_GETREGSET, "PTRACE_GETREGSET" },
	{ PTRACE_SETREGSET, "PTRACE_SETREGSET" },
	{ PTRACE_SEIZE, "PTRACE_SEIZE" },
	{ PTRACE_INTERRUPT, "PTRACE_INTERRUPT" },
	{ PTRACE_LISTEN, "PTRACE_LISTEN" },
};

static const struct rs_flag memfd_flags[] = {
	FLAG(MFD_CLOEXEC),      FLAG(MFD_ALLOW_SEALING),
	FLAG(MFD_HUGETLB),      { 8, 8, "MFD_NOEXEC_SEAL" }, /* Linux 6.3, newer than our headers */
	{ 16, 16, "MFD_EXEC" },
};

static const struct rs_flag module_flags[] = {
	FLAG(MODULE_INIT_IGNORE_MODVERSIONS),
	FLAG(MODULE_INIT_IGNORE_VERMAGIC),
	{ 4, 4, "MODULE_INIT_COMPRESSED_FILE" },
};

static const struct rs_flag clone_flags[] = {
	FLAG(CLONE_NEWNS),   FLAG(CLONE_NEWPID),  FLAG(CLONE_NEWNET),    FLAG(CLONE_NEWUTS),
	FLAG(CLONE_NEWIPC),  FLAG(CLONE_NEWUSER), FLAG(CLONE_NEWCGROUP), FLAG(CLONE_NEWTIME),
	FLAG(CLONE_FS),      FLAG(CLONE_FILES),   FLAG(CLONE_SYSVSEM),   FLAG(CLONE_THREAD),
	FLAG(CLONE_SIGHAND), FLAG(CLONE_VM),
};

static const struct rs_flag protection_flags[] = {
	FLAG(PROT_READ),      FLAG(PROT_WRITE),   FLAG(PROT_EXEC),
	FLAG(PROT_GROWSDOWN), FLAG(PROT_GROWSUP),
};

const struct rs_flags rs_flags_memfd = FLAGS(memfd_flags, 0);
const struct rs_flags rs_flags_module = FLAGS(module_flags, 0);
const struct rs_flags rs_flags_clone = FLAGS(clone_flags, 0);
const struct rs_flags rs_flags_protection = FLAGS(protection_flags, 0);

const char *rs_name_capability(unsigned bit)
{
	return bit < ARRAY_SIZE(capability_names) ? capability_names[bit] : NULL;
}

unsigned rs_name_capability_count(void)
{
	return ARRAY_SIZE(capability_names);
}

const char *rs_name_ptrace(uint64_t request)
{
	for (size_t i = 0; i < ARRAY_SIZE(ptrace_names); i++)
		if (ptrace_names[i].request == request)
			return ptrace_names[i].name;
	return NULL;
}
