/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The privilege sensor: calls that change what a process may do, or reach into another process or
 * into the kernel. A system call's record is made when it returns, whatever it returned.
 *
 * A signal that was sent comes from the tracepoint in the kernel's own sending (rs_signal): it knows
 * the target, sees each member of a process group, and every call there is for sending one. What
 * was refused never gets there: that comes from the system call.
 */
#include "bpf/abi/privilege.h"
#include "bpf/lib/filter.h"
#include "bpf/lib/name.h"
#include "bpf/lib/syscall.h"

#define PROT_READ         1
#define PROT_WRITE        2
#define PROT_EXEC         4
#define READ_IMPLIES_EXEC 0x0400000 /* personality(2) */

/* ptrace(2): what attaches or writes. The rest is a debugger's daily work. */
enum {
	PTRACE_TRACEME = 0,
	PTRACE_POKETEXT = 4,
	PTRACE_POKEDATA = 5,
	PTRACE_POKEUSR = 6,
	PTRACE_SETREGS = 13,   /* x86 */
	PTRACE_SETFPREGS = 15, /* x86 */
	PTRACE_ATTACH = 16,
	PTRACE_SETREGSET = 0x4205,
	PTRACE_SEIZE = 0x4206,
};

/* si_code of signals that a process may have asked for: include/uapi/asm-generic/siginfo.h */
enum {
	SI_TIMER = -2,
	SI_MESGQ = -3,
	SI_ASYNCIO = -4,
	SI_SIGIO = -5,
	SI_ASYNCNL = -60,
};

struct module {
	char name[56];
} __core;

/* Result of sending: include/trace/events/signal.h */
#define TRACE_SIGNAL_OVERFLOW_FAIL 3

#define MAX_ERRNO 4095
#define TRACEES   8 /* that we look through for the one that was meant */

/* The module that a thread is loading: only the kernel knows its name. Between rs_module and the
 * call's end, so a few are enough; nobody cleans up where the filters change meanwhile. */
struct module_name {
	char name[64];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 64);
	__type(key, __u32); /* thread */
	__type(value, struct module_name);
} rs_modules SEC(".maps");

/* A call, as far as it needs no memory of the process. */
struct act {
	const struct rs_call *call;
	__u64 a0, a1, a2;
	const void *name; /* string of the process, sent as NAME */
	const void *path; /* path of the process, sent as BASE and ARG */
	int file;         /* descriptor, sent as PATH */
	__u8 kind;
	__u8 op;
};

static __always_inline bool makes_wx(const struct rs_call *call)
{
	__u64 prot = rs_arg(call, 2);
	struct task_struct *task;

	if (!(prot & PROT_WRITE))
		return false;
	if ((prot & PROT_EXEC) || !(prot & PROT_READ))
		return prot & PROT_EXEC;
	task = (void *)bpf_get_current_task();
	return BPF_CORE_READ(task, personality) & READ_IMPLIES_EXEC;
}

static __always_inline bool ptrace_matters(__u64 request)
{
	switch (request) {
	case PTRACE_TRACEME:
	case PTRACE_POKETEXT:
	case PTRACE_POKEDATA:
	case PTRACE_POKEUSR:
	case PTRACE_ATTACH:
	case PTRACE_SETREGSET:
	case PTRACE_SEIZE:
		return true;
#if defined(__TARGET_ARCH_x86)
	case PTRACE_SETREGS:
	case PTRACE_SETFPREGS:
		return true;
#endif
	}
	return false;
}

/* Not what is done to single elements of maps, thousands of times a second by some programs. */
static __always_inline bool bpf_matters(__u64 command)
{
	switch (command) {
	case BPF_MAP_LOOKUP_ELEM:
	case BPF_MAP_UPDATE_ELEM:
	case BPF_MAP_DELETE_ELEM:
	case BPF_MAP_GET_NEXT_KEY:
	case BPF_MAP_LOOKUP_AND_DELETE_ELEM:
	case BPF_MAP_LOOKUP_BATCH:
	case BPF_MAP_LOOKUP_AND_DELETE_BATCH:
	case BPF_MAP_UPDATE_BATCH:
	case BPF_MAP_DELETE_BATCH:
		return false;
	}
	return true;
}

/* Does the call make an event at all? The frequent ones first, for they tax everybody. */
static __always_inline bool matters(const struct act *act)
{
	switch (act->op) {
	case RS_OP_MMAP:
	case RS_OP_MPROTECT:
		return makes_wx(act->call);
	case RS_OP_PTRACE:
		return ptrace_matters(rs_arg(act->call, 0));
	case RS_OP_KILL:
	case RS_OP_TKILL:
	case RS_OP_TGKILL: /* signal 0 only asks whether one could */
		return act->call->ret < 0 &&
		       (int)rs_arg(act->call, act->op == RS_OP_TGKILL ? 2 : 1);
	case RS_OP_BPF:
		return bpf_matters((__u32)rs_arg(act->call, 0)); /* the kernel takes an int */
	}
	return true;
}

/* The kernel's own number of a task as the pid namespace at @level calls it. */
static __always_inline int nr_at(struct task_struct *task, __u32 level)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	int nr = 0;

	if (level > 32) /* MAX_PID_NS_LEVEL */
		return 0;
	bpf_probe_read_kernel(&nr, sizeof(nr),
			      (void *)pid + bpf_core_field_offset(struct pid, numbers) +
				      level * bpf_core_type_size(struct upid));
	return nr;
}

static __always_inline void target_task(struct rs_privilege *rec, struct task_struct *task)
{
	rec->target_pid = BPF_CORE_READ(task, tgid);
	rec->target_uid = BPF_CORE_READ(task, real_cred, uid.val);
	rec->target_start = BPF_CORE_READ(task, group_leader, start_boottime);
	__builtin_memset(rec->target_comm, 0, sizeof(rec->target_comm));
	bpf_probe_read_kernel_str(rec->target_comm, sizeof(rec->target_comm), &task->comm);
}

/* One of the tasks that the caller traces, the newest of which is first in its list. */
static __always_inline void target_tracee(struct rs_privilege *rec, int nr)
{
	struct task_struct *self = (void *)bpf_get_current_task(), *task;
	__u32 level = BPF_CORE_READ(self, thread_pid, level);
	struct list_head *head = (void *)self + bpf_core_field_offset(struct task_struct, ptraced);
	struct list_head *at = BPF_CORE_READ(head, next);

	for (int i = 0; i < TRACEES && at != head; i++) {
		task = (void *)at - bpf_core_field_offset(struct task_struct, ptrace_entry);
		if (nr_at(task, level) == nr) {
			target_task(rec, task);
			return;
		}
		at = BPF_CORE_READ(at, next);
	}
}

static __always_inline void act_ptrace(struct rs_privilege *rec, struct act *act)
{
	struct task_struct *self = (void *)bpf_get_current_task();

	rec->arg[0] = act->a0;
	if (act->a0 == PTRACE_TRACEME) {
		if (!act->call->ret)
			target_task(rec, BPF_CORE_READ(self, real_parent));
		return;
	}
	rec->arg[1] = (__s64)(int)act->a1;
	rec->arg[2] = act->a2;
	if (act->call->ret >= 0)
		target_tracee(rec, act->a1);
}

/* A name inside the attributes of bpf(2), which end at @size. */
static __always_inline const void *attr_name(struct act *act, __u32 off)
{
	return act->a2 >= off + BPF_OBJ_NAME_LEN ? (void *)(act->a1 + off) : NULL;
}

/* A string that the attributes of bpf(2) point to. */
static __always_inline const void *attr_pointer(struct act *act)
{
	__u64 at = 0;

	bpf_probe_read_user(&at, sizeof(at), (void *)act->a1);
	return (void *)at;
}

static __always_inline void act_bpf(struct rs_privilege *rec, struct act *act)
{
	__u32 type = 0;

	rec->arg[0] = (__u32)act->a0;
	switch ((__u32)act->a0) {
	case BPF_MAP_CREATE:
		act->name = attr_name(act, __builtin_offsetof(union bpf_attr, map_name));
		break;
	case BPF_PROG_LOAD:
		act->name = attr_name(act, __builtin_offsetof(union bpf_attr, prog_name));
		break;
	case BPF_RAW_TRACEPOINT_OPEN:
		act->name = attr_pointer(act);
		return;
	case BPF_OBJ_PIN:
	case BPF_OBJ_GET:
		act->path = attr_pointer(act);
		return;
	default:
		return;
	}
	bpf_probe_read_user(&type, sizeof(type), (void *)act->a1); /* first in both */
	rec->arg[1] = type;
}

static __always_inline void act_map(struct rs_privilege *rec, struct act *act)
{
	long ret = act->call->ret;
	bool failed = ret < 0 && ret >= -MAX_ERRNO;

	rec->hdr.ret = failed ? ret : 0; /* an address does not fit there */
	rec->arg[0] = act->op == RS_OP_MMAP && !failed ? (__u64)ret : act->a0;
	rec->arg[1] = act->a1;
	rec->arg[2] = act->a2;
	rec->arg[3] = act->op == RS_OP_MMAP ? (__s64)(int)rs_arg(act->call, 4) : -1;
}

/* What the arguments say: fills arg[], the target, and what act_fields() appends. */
static __always_inline void act_args(struct rs_privilege *rec, struct act *act)
{
	switch (act->op) {
	case RS_OP_PTRACE:
		act_ptrace(rec, act);
		break;
	case RS_OP_TGKILL:
		act->a1 = act->a2;
		/* fallthrough */
	case RS_OP_KILL:
	case RS_OP_TKILL:
		rec->arg[0] = (__s64)(int)act->a0;
		rec->arg[1] = (__u32)act->a1;
		break;
	case RS_OP_MODULE_FLOAD:
		act->file = act->a0;
		rec->arg[1] = (__u32)act->a2;
		break;
	case RS_OP_MODULE_UNLOAD:
		act->name = (void *)act->a0;
		rec->arg[0] = 1;
		rec->arg[1] = (__u32)act->a1;
		break;
	case RS_OP_BPF:
		act_bpf(rec, act);
		break;
	case RS_OP_MEMFD:
		act->name = (void *)act->a0;
		rec->arg[0] = (__u32)act->a1;
		break;
	case RS_OP_MMAP:
	case RS_OP_MPROTECT:
		act_map(rec, act);
		break;
	case RS_OP_SETNS:
		rec->arg[0] = (__u32)act->a1;
		rec->arg[1] = (__s64)(int)act->a0;
		break;
	case RS_OP_SETIDS:
	case RS_OP_UNSHARE:
		rec->arg[0] = (__u32)act->a0;
		break;
	case RS_OP_CHROOT:
	case RS_OP_PIVOT:
		act->path = (void *)act->a0;
		break;
	}
}

static __always_inline void module_field(struct rs_scratch *s)
{
	__u32 thread = bpf_get_current_pid_tgid();
	struct module_name *module = bpf_map_lookup_elem(&rs_modules, &thread);

	if (!module)
		return;
	rs_field_kernel_str(s, RS_TAG_NAME, module->name, 0);
	bpf_map_delete_elem(&rs_modules, &thread);
}

/* Appends what act_args() found; whether the event passes the path filter. */
static __always_inline bool act_fields(struct rs_scratch *s, __u32 slot, const struct act *act)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct path *path = NULL;
	struct file *file;

	if (act->op == RS_OP_MODULE_LOAD || act->op == RS_OP_MODULE_FLOAD)
		module_field(s);
	if (act->op == RS_OP_CHROOT && act->call->ret >= 0) {
		path = &fs->root; /* there it is: the name would start from another root now */
	} else if (act->file >= 0) {
		file = rs_fd_file(act->file);
		if (file)
			path = &file->f_path;
	}
	if (path) {
		rs_walk_path(slot, path);
		rs_field_walk(s, RS_TAG_PATH);
		return !(rs_config.filters & RS_FILTER_PATH) || rs_walk_wanted(slot);
	}
	if (act->path)
		return rs_name_fields(s, slot, act->path, AT_FDCWD, RS_TAG_BASE);
	if (act->name)
		rs_field_user_str(s, RS_TAG_NAME, act->name);
	return !(rs_config.filters & RS_FILTER_PATH);
}

static __always_inline void ids(struct rs_privilege *rec)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct cred *cred = BPF_CORE_READ(task, real_cred);

	rec->id[RS_ID_UID] = BPF_CORE_READ(cred, uid.val);
	rec->id[RS_ID_EUID] = BPF_CORE_READ(cred, euid.val);
	rec->id[RS_ID_SUID] = BPF_CORE_READ(cred, suid.val);
	rec->id[RS_ID_FSUID] = BPF_CORE_READ(cred, fsuid.val);
	rec->id[RS_ID_GID] = BPF_CORE_READ(cred, gid.val);
	rec->id[RS_ID_EGID] = BPF_CORE_READ(cred, egid.val);
	rec->id[RS_ID_SGID] = BPF_CORE_READ(cred, sgid.val);
	rec->id[RS_ID_FSGID] = BPF_CORE_READ(cred, fsgid.val);
	rec->cap_effective = RS_CAPS(cred, cap_effective);
	rec->cap_permitted = RS_CAPS(cred, cap_permitted);
	rec->cap_inheritable = RS_CAPS(cred, cap_inheritable);
}

static __always_inline void act_record(struct rs_held *held, struct act *act)
{
	struct rs_scratch *s = rs_scratch_of(held->slot, sizeof(struct rs_privilege));
	struct rs_privilege *rec;

	if (!s)
		return;
	rec = (void *)s->record;
	__builtin_memset(rec, 0, sizeof(*rec));
	act->a0 = rs_arg(act->call, 0);
	act->a1 = rs_arg(act->call, 1);
	act->a2 = rs_arg(act->call, 2);
	act->file = -1;
	act->name = act->path = NULL;
	rec->hdr.ret = act->call->ret;
	act_args(rec, act);
	if (!act_fields(s, held->slot, act))
		return;
	rs_count_generated(held, act->kind);
	rs_head(&rec->hdr, held, act->kind, act->call->hook, 0, act->call->nr, rec->hdr.ret);
	ids(rec);
	rs_output(held, s);
}

static __always_inline int privilege_call(const struct rs_call *call)
{
	const volatile struct rs_shape *shape = rs_shape_of(call);
	struct act act = { .call = call };
	struct rs_held held;

	if (!shape)
		return 0;
	act.op = shape->op;
	act.kind = shape->kind;
	if (!matters(&act) || !rs_wanted(act.kind & (RS_KIND_MAX - 1)) || !rs_hold(&held, act.kind))
		return 0;
	act_record(&held, &act);
	rs_release(&held);
	return 0;
}

RS_SYSCALL_PROGRAMS(priv, privilege_call)

/* Was the signal asked for by the current process, or did the kernel think of it? */
static __always_inline bool asked_for(struct kernel_siginfo *info, struct task_struct *self)
{
	int code;

	if (!info) /* SEND_SIG_NOINFO: from a process, unless it is an exit's last wish */
		return !(BPF_CORE_READ(self, flags) & PF_EXITING);
	if (info == (void *)1) /* SEND_SIG_PRIV */
		return false;
	code = BPF_CORE_READ(info, si_code);
	return code <= 0 && code != SI_TIMER && code != SI_MESGQ && code != SI_ASYNCIO &&
	       code != SI_SIGIO && code != SI_ASYNCNL;
}

static __always_inline void signal_record(struct rs_held *held, int sig, struct task_struct *task)
{
	struct rs_privilege *rec = RS_RESERVE(held, RS_KIND_KILL, struct rs_privilege);

	if (!rec)
		return;
	rs_head(&rec->hdr, held, RS_KIND_KILL, RS_HOOK_RAW_TP, sizeof(*rec), -1, 0);
	ids(rec);
	target_task(rec, task);
	rec->arg[0] = rec->target_pid;
	rec->arg[1] = sig;
	rec->arg[2] = rec->arg[3] = 0;
	rs_submit(rec);
}

/* Sending a signal, in the sender's context. What overflows a queue fails the system call too. */
SEC("raw_tp/signal_generate") int rs_signal(struct rs_raw *ctx)
{
	struct task_struct *task = (void *)ctx->args[2], *self = (void *)bpf_get_current_task();
	struct rs_held held;

	if (BPF_CORE_READ(task, tgid) == bpf_get_current_pid_tgid() >> 32 ||
	    ctx->args[4] == TRACE_SIGNAL_OVERFLOW_FAIL)
		return 0;
	if (!asked_for((void *)ctx->args[1], self) || !rs_wanted_pathless(RS_KIND_KILL) ||
	    !rs_hold(&held, RS_KIND_KILL))
		return 0;
	signal_record(&held, ctx->args[0], task);
	rs_release(&held);
	return 0;
}

/* In the midst of init_module(2) or finit_module(2): the image says how the module is called. */
SEC("raw_tp/module_load") int rs_module(struct rs_raw *ctx)
{
	struct module *module = (void *)ctx->args[0];
	__u32 thread = bpf_get_current_pid_tgid();
	struct module_name stash = {};

	if (!rs_wanted(RS_KIND_MODULE))
		return 0;
	bpf_core_read_str(stash.name, sizeof(stash.name), &module->name);
	bpf_map_update_elem(&rs_modules, &thread, &stash, BPF_ANY);
	return 0;
}
