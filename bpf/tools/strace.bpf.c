/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * System calls one by one, for `ringside strace`. Each thread that is watched has a place of its own (struct
 * rs_strace_thread) in which the record of its call is made: at entry the arguments and the memory that they lead to,
 * at the end the result and what the call has filled in. So nothing is shared between threads, nothing is kept on a
 * CPU, and what nobody wants (too quick, not failed, another path) is never sent. The record leaves in one piece when
 * the call ends; one that is under way can be looked at in the map.
 *
 * Memory that is not present at entry (a page that nobody has touched) is read again when the call has ended: by then
 * the kernel has.
 */
#include "bpf/abi/strace.h"
#include "bpf/lib/arch.h"
#include "bpf/lib/stack.h"
#include "bpf/lib/target.h"
#include "bpf/lib/wake.h"
#include "bpf/tools/strace-fd.h"
#include "bpf/tools/strace-memory.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* --- beginning --- */

static __always_inline bool is_held(void)
{
	return rs_strace_held && rs_strace_held == bpf_get_current_pid_tgid() >> 32;
}

static __always_inline bool wanted(__u32 nr)
{
	if (!(rs_strace_config.flags & RS_STRACE_SOME))
		return true;
	return nr < RS_CALLS_MAX && rs_strace_config.wanted[nr / 64] >> (nr % 64) & 1;
}

static __always_inline void head_of(struct rs_strace_head *head, __u32 kind, __u32 size)
{
	__u64 ids = bpf_get_current_pid_tgid();

	head->kind = kind;
	head->size = size;
	head->time = bpf_ktime_get_boot_ns();
	head->pid = ids >> 32;
	head->tid = ids;
	bpf_get_current_comm(head->comm, sizeof(head->comm));
}

static __always_inline void begin(struct rs_strace_thread *t, struct pt_regs *regs, __u32 nr)
{
	struct rs_strace_call *call = &t->call;
	struct rs_strace_row *row;

	t->used = 0;
	t->again = 0;
	call->nr = nr;
	call->flags = RS_COMPAT((void *)bpf_get_current_task()) ? RS_STRACE_COMPAT : 0;
	call->args[0] = RS_REGS_ARG0(regs);
	call->args[1] = RS_REGS_ARG1(regs);
	call->args[2] = RS_REGS_ARG2(regs);
	call->args[3] = RS_REGS_ARG3(regs);
	call->args[4] = RS_REGS_ARG4(regs);
	call->args[5] = RS_REGS_ARG5(regs);
	call->result = 0;
	call->stacks.kernel = call->stacks.user = 0;
	head_of(&call->head, RS_STRACE_CALL, 0);
	call->began = call->head.time;
	if (call->flags & RS_STRACE_COMPAT)
		return;
	row = row_of(nr);
	if (!row)
		return;
	take_fds(row);
	if ((rs_strace_config.flags & RS_STRACE_PATHS) && row->paths)
		rs_strace_take_paths(row->paths);
	if (row->entry)
		take_all(row->entry, RS_STRACE_IN);
}

SEC("raw_tp/sys_enter") int rs_strace_enter(struct rs_raw *ctx)
{
	struct rs_strace_thread *t;
	__u32 nr = ctx->args[1];

	if (!rs_target_current())
		return 0;
	if (is_held() ? nr != rs_strace_config.execve : !wanted(nr))
		return 0;
	t = make_place();
	if (!t) {
		lost(RS_STRACE_LOST_THREADS);
		return 0;
	}
	begin(t, (void *)ctx->args[0], nr);
	t->busy = 1;
	return 0;
}

/* --- end --- */

static __always_inline bool failed(long result)
{
	return result < 0 && result >= -4095;
}

/* Is this the end that the user asks for? */
static __always_inline bool end_wanted(const struct rs_strace_call *call, long result, __u64 now)
{
	__u32 flags = rs_strace_config.flags;

	if ((flags & RS_STRACE_FAILED) && !failed(result))
		return false;
	if ((flags & RS_STRACE_SUCCESSFUL) && failed(result))
		return false;
	return !rs_strace_config.slower || !call->began ||
	       now - call->began >= rs_strace_config.slower;
}

static __always_inline void send(struct rs_strace_thread *t)
{
	__u32 size = t->used;

	if (size > RS_STRACE_HALF + RS_STRACE_PIECE)
		size = RS_STRACE_HALF + RS_STRACE_PIECE;
	size += sizeof(t->call);
	t->call.head.size = size;
	if (bpf_ringbuf_output(&rs_strace_ring, &t->call, size,
			       rs_wake_for(&rs_strace_ring, &rs_strace_wake)))
		lost(RS_STRACE_LOST_RING);
}

static __always_inline void take_exit(struct rs_strace_thread *t, struct rs_strace_row *row)
{
	bool error = failed(t->call.result);

	for (__u32 arg = 0; arg < 6; arg++) {
		__u32 when = row->capture.args[arg].when;

		if (row->exit & 1u << arg && (!error || when & RS_CAPTURE_FAILED))
			rs_strace_take(arg, RS_STRACE_OUT);
	}
}

static __always_inline bool path_wanted(const struct rs_strace_call *call)
{
	return !(rs_strace_config.flags & RS_STRACE_PATHS) || call->flags & RS_STRACE_MATCHED;
}

static __always_inline void take_result(struct rs_strace_thread *t)
{
	if (rs_strace_config.flags & (RS_STRACE_FDS | RS_STRACE_PATHS))
		rs_strace_take_fd(RS_STRACE_RESULT);
}

/* The first execve of the command that has worked: from here on it is its own. */
static __always_inline bool still_held(long result)
{
	if (!is_held())
		return false;
	if (result)
		return true;
	rs_strace_held = 0;
	return false;
}

static __always_inline void take_stacks(void *ctx, struct rs_strace_call *call)
{
	__u32 flags = rs_strace_config.flags;

	if (flags & (RS_STRACE_USER_STACK | RS_STRACE_KERNEL_STACK))
		rs_stacks_take(ctx,
			       (flags & RS_STRACE_USER_STACK ? RS_STACKS_USER : 0) |
				       (flags & RS_STRACE_KERNEL_STACK ? RS_STACKS_KERNEL : 0),
			       0, &call->stacks);
}

/* What an execve was given is gone with the memory of the old program. */
static __always_inline bool nr_is_execve(const struct rs_strace_thread *t)
{
	return t->call.nr == (int)rs_strace_config.execve ||
	       t->call.nr == (int)rs_strace_config.execveat;
}

SEC("raw_tp/sys_exit") int rs_strace_exit(struct rs_raw *ctx)
{
	struct rs_strace_thread *t = my_place();
	long result = ctx->args[1];
	struct rs_strace_row *row;
	__u64 now;

	if (!t || !t->busy)
		return 0;
	t->busy = 0;
	now = bpf_ktime_get_boot_ns();
	if (still_held(result) || !wanted(t->call.nr) || !end_wanted(&t->call, result, now))
		return 0;
	t->call.head.time = now;
	t->call.result = result;
	row = t->call.flags & RS_STRACE_COMPAT ? NULL : row_of(t->call.nr);
	if (row && row->fds & 1u << RS_STRACE_RESULT && result >= 0)
		take_result(t);
	if (!path_wanted(&t->call))
		return 0;
	if (row && t->again && !(nr_is_execve(t) && !result))
		take_all(t->again, RS_STRACE_IN);
	if (row && row->exit)
		take_exit(t, row);
	take_stacks(ctx, &t->call);
	send(t);
	return 0;
}

/* --- what else a line is made of --- */

/* Small records have a fixed size and are made in the buffer. */
static __always_inline void *reserve(__u32 size)
{
	void *record = bpf_ringbuf_reserve(&rs_strace_ring, size, 0);

	if (!record)
		lost(RS_STRACE_LOST_RING);
	return record;
}

static __always_inline void submit(void *record)
{
	bpf_ringbuf_submit(record, rs_wake_for(&rs_strace_ring, &rs_strace_wake));
}

static __always_inline void head_of_task(struct rs_strace_head *head, struct task_struct *task)
{
	head->pid = BPF_CORE_READ(task, tgid);
	head->tid = BPF_CORE_READ(task, pid);
	bpf_probe_read_kernel_str(head->comm, sizeof(head->comm), &task->comm);
}

static __always_inline bool signal_wanted(int signal)
{
	return signal > 0 && signal <= 64 && rs_strace_config.signals >> (signal - 1) & 1;
}

#define SI_KERNEL 0x80

/* Senders that leave no more to know: the process that runs, or the kernel. The members of siginfo_t. */
static __always_inline void fill_info(struct rs_strace_signal *s, __u64 sender)
{
	__u32 *info = (void *)s->info;

	if (sender) {
		info[2] = SI_KERNEL; /* si_code */
		return;
	}
	info[4] = bpf_get_current_pid_tgid() >> 32; /* si_pid, si_uid */
	info[5] = bpf_get_current_uid_gid();
}

static __always_inline void send_signal(struct task_struct *task, int signal, const void *info,
					bool ignored)
{
	struct rs_strace_signal *s = reserve(sizeof(*s));

	if (!s)
		return;
	head_of(&s->head, RS_STRACE_SIGNAL, sizeof(*s));
	head_of_task(&s->head, task);
	s->signal = signal;
	s->ignored = ignored;
	__builtin_memset(s->info, 0, sizeof(s->info));
	if ((__u64)info > 2)
		bpf_probe_read_kernel(s->info, sizeof(s->info), info);
	else
		fill_info(s, (__u64)info);
	submit(s);
}

SEC("raw_tp/signal_deliver") int rs_strace_deliver(struct rs_raw *ctx)
{
	int signal = ctx->args[0];

	if (signal_wanted(signal) && rs_target_current() && !is_held())
		send_signal((void *)bpf_get_current_task(), signal, (void *)ctx->args[1], false);
	return 0;
}

/* What a process ignores is never delivered; ptrace(2) would have changed that. */
SEC("raw_tp/signal_generate") int rs_strace_generate(struct rs_raw *ctx)
{
	struct task_struct *task = (void *)ctx->args[2];
	int signal = ctx->args[0];

	if ((int)ctx->args[4] != 1 /* TRACE_SIGNAL_IGNORED */ || !signal_wanted(signal) ||
	    !rs_target_is(task, BPF_CORE_READ(task, tgid)))
		return 0;
	send_signal(task, signal, (void *)ctx->args[1], true);
	return 0;
}

SEC("raw_tp/sched_process_fork") int rs_strace_fork(struct rs_raw *ctx)
{
	struct task_struct *parent = (void *)ctx->args[0], *child = (void *)ctx->args[1];
	__u32 from = BPF_CORE_READ(parent, tgid), to = BPF_CORE_READ(child, tgid);
	struct rs_strace_new *new;

	if (is_held() || !rs_target_is(parent, from))
		return 0;
	if (from != to && (rs_target.flags & RS_TARGET_PIDS) &&
	    !(rs_target.flags & RS_TARGET_FOLLOW))
		return 0;
	new = reserve(sizeof(*new));
	if (!new)
		return 0;
	head_of(&new->head, RS_STRACE_NEW, sizeof(*new));
	new->parent = new->head.tid;
	new->pad = 0;
	head_of_task(&new->head, child);
	submit(new);
	return 0;
}

/* What a thread was in when it ended. */
static __always_inline void send_unfinished(struct rs_strace_thread *t)
{
	t->busy = 0;
	if ((rs_strace_config.flags & (RS_STRACE_FAILED | RS_STRACE_SUCCESSFUL)) ||
	    !path_wanted(&t->call) || !end_wanted(&t->call, 0, bpf_ktime_get_boot_ns()))
		return;
	t->call.head.time = bpf_ktime_get_boot_ns();
	t->call.flags |= RS_STRACE_NEVER;
	send(t);
}

SEC("raw_tp/sched_process_exit") int rs_strace_end(struct rs_raw *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	__u32 tid = bpf_get_current_pid_tgid();
	struct rs_strace_thread *t = place_of(tid);
	struct rs_strace_end *end;

	if (t && t->busy)
		send_unfinished(t);
	if (t)
		bpf_map_delete_elem(&rs_strace_threads, &tid);
	if (!rs_target_current() || is_held() || (rs_strace_config.flags & RS_STRACE_QUIET_ENDS))
		return 0;
	end = reserve(sizeof(*end));
	if (!end)
		return 0;
	head_of(&end->head, RS_STRACE_END, sizeof(*end));
	end->code = BPF_CORE_READ(task, exit_code);
	end->last = !BPF_CORE_READ(task, signal, live.counter);
	submit(end);
	return 0;
}

/* The name that execve was given, where its page was not there at entry: the kernel has a copy. */
static __always_inline void take_name(struct rs_strace_thread *t, struct linux_binprm *bprm)
{
	const char *name = BPF_CORE_READ(bprm, filename);
	__u32 off;
	long n;

	if (!t->busy || !(t->again & 1) || t->call.nr != (int)rs_strace_config.execve ||
	    !part_room(t, &off))
		return;
	n = bpf_probe_read_kernel_str(&t->parts[(off & (RS_STRACE_HALF - 1)) + 8], MOST_STRUCT,
				      name);
	if (n <= 0 || n > MOST_STRUCT)
		return;
	part_head(t, off, 0, RS_STRACE_IN, 0, n - 1);
	part_end(t, off, n - 1);
}

/* A thread that executes becomes the first of its process: its place moves with it. */
SEC("raw_tp/sched_process_exec") int rs_strace_exec(struct rs_raw *ctx)
{
	__u32 old = ctx->args[1], tid = bpf_get_current_pid_tgid();
	struct rs_strace_thread *t = place_of(old);

	if (t)
		take_name(t, (void *)ctx->args[2]);
	if (old == tid || !t)
		return 0;
	if (bpf_map_update_elem(&rs_strace_threads, &tid, t, BPF_ANY))
		lost(RS_STRACE_LOST_THREADS);
	bpf_map_delete_elem(&rs_strace_threads, &old);
	return 0;
}
