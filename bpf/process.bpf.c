/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The process sensor: fork, exec, exit, from the scheduler's tracepoints. They also keep rs_scope,
 * so that the filters by pid and by executable follow descendants.
 */
#include "bpf/abi/process.h"
#include "bpf/lib/cputime.h"
#include "bpf/lib/filter.h"
#include "bpf/lib/path.h"

#define EEXIST 17

/* KiB of a page; set before load. */
const volatile __u32 rs_page_kb = 4;

static __always_inline __u32 pid_nr(struct pid *pid, bool own)
{
	__u32 level = own ? BPF_CORE_READ(pid, level) : 0;
	__u32 nr = 0;
	void *numbers = (void *)pid + bpf_core_field_offset(struct pid, numbers);

	if (level > 32) /* MAX_PID_NS_LEVEL */
		return 0;
	bpf_probe_read_kernel(&nr, sizeof(nr), numbers + level * bpf_core_type_size(struct upid));
	return nr;
}

/* The session or process group of a task, as the first pid namespace counts. */
static __always_inline __u32 group_nr(struct task_struct *task, int type)
{
	struct pid *pid = type == PIDTYPE_SID ? BPF_CORE_READ(task, signal, pids[PIDTYPE_SID])
					      : BPF_CORE_READ(task, signal, pids[PIDTYPE_PGID]);

	return pid_nr(pid, false);
}

static __always_inline __u32 vpid(struct task_struct *task)
{
	return pid_nr(BPF_CORE_READ(task, group_leader, thread_pid), true);
}

static __always_inline void scope_inherit(__u32 parent, __u32 child)
{
	__u32 *bits = bpf_map_lookup_elem(&rs_scope, &parent);

	if (!bits)
		bpf_map_delete_elem(&rs_scope,
				    &child); /* left by an earlier bearer of the number */
	else if (bpf_map_update_elem(&rs_scope, &child, bits, BPF_ANY))
		rs_failed(RS_FAIL_SCOPE_FULL);
}

SEC("raw_tp/sched_process_fork") int rs_fork(struct rs_raw *ctx)
{
	struct task_struct *parent = (void *)ctx->args[0], *child = (void *)ctx->args[1];
	__u32 pid = BPF_CORE_READ(child, pid), tgid = BPF_CORE_READ(child, tgid);
	struct rs_held held;
	struct rs_fork *rec;
	int flags;

	if (pid != tgid)
		return 0;
	rs_unaccounted(parent); /* keeps the distance of the clocks fresh */
	if (rs_config.filters & (RS_FILTER_SCOPE | RS_FILTER_EXE))
		scope_inherit(BPF_CORE_READ(parent, tgid), tgid);
	flags = rs_identity_wanted_pathless(RS_KIND_FORK);
	if (flags < 0 || !rs_hold(&held, RS_KIND_FORK))
		return 0;
	rec = RS_RESERVE(&held, RS_KIND_FORK, struct rs_fork);
	rs_leave_sequence(&held, flags);
	if (rec) {
		rs_head(&rec->hdr, &held, RS_KIND_FORK, RS_HOOK_RAW_TP, sizeof(*rec), -1, 0);
		rec->hdr.pid = rec->hdr.tid = tgid;
		rec->hdr.cgroup = rs_cgroup_id_of(child); /* clone3(2) may have put it elsewhere */
		rs_head_task(&rec->hdr, child);
		if (BPF_CORE_READ(child, flags) & PF_KTHREAD)
			flags |= RS_HDR_KTHREAD;
		rs_head_flags(&rec->hdr, &held, flags);
		rec->vpid = vpid(child);
		rec->sid = group_nr(child, PIDTYPE_SID);
		rec->pgid = group_nr(child, PIDTYPE_PGID);
		rec->maker = BPF_CORE_READ(parent, tgid);
		rec->maker_start = BPF_CORE_READ(parent, group_leader, start_boottime);
		rs_submit(rec);
	}
	rs_release(&held);
	return 0;
}

/* Appends @len bytes of the process's memory, at most RS_PATH_MAX of them. */
static __always_inline void field_block(struct rs_scratch *s, __u32 tag, __u64 from, __u64 to,
					__u32 cut_fail)
{
	__u32 off, flags = 0, len;
	__u8 *at = rs_field_room(s, &off);

	if (!at || to <= from)
		return;
	if (to - from > RS_PATH_MAX) {
		to = from + RS_PATH_MAX;
		flags = RS_FIELD_CUT;
		rs_failed(cut_fail);
	}
	len = to - from;
	if (len > RS_PATH_MAX)
		return;
	if (bpf_probe_read_user(at + sizeof(struct rs_record_field), len, (void *)from)) {
		flags |= RS_FIELD_FAULT;
		len = 0;
		rs_failed(RS_FAIL_ARG_FAULT);
	}
	rs_field_end(s, at, off, tag, flags, len);
}

static __always_inline void exec_ids(struct rs_exec *rec, struct task_struct *task)
{
	struct cred *cred = BPF_CORE_READ(task, real_cred);
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct nsproxy *ns = BPF_CORE_READ(task, nsproxy);
	__u32 level = BPF_CORE_READ(pid, level);
	struct pid_namespace *pid_ns = NULL;

	rec->euid = BPF_CORE_READ(cred, euid.val);
	rec->egid = BPF_CORE_READ(cred, egid.val);
	rec->cap_effective = RS_CAPS(cred, cap_effective);
	rec->cap_permitted = RS_CAPS(cred, cap_permitted);
	rec->loginuid = BPF_CORE_READ(task, loginuid.val);
	rec->vpid = vpid(task);
	rec->sid = group_nr(task, PIDTYPE_SID);
	rec->pgid = group_nr(task, PIDTYPE_PGID);
	if (level <= 32)
		bpf_probe_read_kernel(&pid_ns, sizeof(pid_ns),
				      (void *)pid + bpf_core_field_offset(struct pid, numbers) +
					      level * bpf_core_type_size(struct upid) +
					      bpf_core_field_offset(struct upid, ns));
	rec->ns[RS_NS_PID] = BPF_CORE_READ(pid_ns, ns.inum);
	rec->ns[RS_NS_MNT] = BPF_CORE_READ(ns, mnt_ns, ns.inum);
	rec->ns[RS_NS_NET] = BPF_CORE_READ(ns, net_ns, ns.inum);
	rec->ns[RS_NS_UTS] = BPF_CORE_READ(ns, uts_ns, ns.inum);
	rec->ns[RS_NS_IPC] = BPF_CORE_READ(ns, ipc_ns, ns.inum);
	rec->ns[RS_NS_CGROUP] = BPF_CORE_READ(ns, cgroup_ns, ns.inum);
	rec->ns[RS_NS_USER] = BPF_CORE_READ(cred, user_ns, ns.inum);
}

static __always_inline void exec_file(struct rs_exec *rec, struct linux_binprm *bprm)
{
	struct inode *inode = BPF_CORE_READ(bprm, file, f_inode);

	rec->ino = BPF_CORE_READ(inode, i_ino);
	rec->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	rec->mode = BPF_CORE_READ(inode, i_mode);
	rec->links = BPF_CORE_READ(inode, i_nlink);
	rec->file_uid = BPF_CORE_READ(inode, i_uid.val);
	rec->file_gid = BPF_CORE_READ(inode, i_gid.val);
	rec->argc = BPF_CORE_READ(bprm, argc);
	rec->flags = BPF_CORE_READ_BITFIELD_PROBED(bprm, secureexec) ? RS_EXEC_SETID : 0;
}

/* The executable decides anew, at each exec, whether the process is in the scope by executable. */
static __always_inline void scope_exec(struct rs_scratch *s, __u32 tgid)
{
	struct rs_exe_key *key = (void *)&s->walk.path[RS_WALK_HALF + 512];
	__u32 start = s->walk.start & (RS_WALK_HALF - 1), len = RS_WALK_HALF - start;
	__u32 *old = bpf_map_lookup_elem(&rs_scope, &tgid);
	__u32 bits = old ? *old & ~RS_SCOPE_EXE : 0;

	__builtin_memset(key, 0, sizeof(*key));
	if (len < sizeof(key->path)) {
		bpf_probe_read_kernel(key->path, len, &s->walk.path[start]);
		if (bpf_map_lookup_elem(&rs_filter_exe, key))
			bits |= RS_SCOPE_EXE;
	}
	if (bits) {
		if (bpf_map_update_elem(&rs_scope, &tgid, &bits, BPF_ANY))
			rs_failed(RS_FAIL_SCOPE_FULL);
	} else if (old) {
		bpf_map_delete_elem(&rs_scope, &tgid);
	}
}

static __always_inline void exec_record(struct rs_scratch *s, struct rs_held *held,
					struct task_struct *task, struct linux_binprm *bprm,
					int flags)
{
	struct rs_exec *rec = (void *)s->record;
	struct tty_struct *tty = BPF_CORE_READ(task, signal, tty);
	struct mm_struct *mm = BPF_CORE_READ(task, mm);

	rs_head(&rec->hdr, held, RS_KIND_EXEC, RS_HOOK_RAW_TP, 0, -1, 0);
	rs_head_flags(&rec->hdr, held, flags);
	exec_ids(rec, task);
	exec_file(rec, bprm);
	__builtin_memset(rec->tty, 0, sizeof(rec->tty));
	if (tty)
		bpf_probe_read_kernel_str(rec->tty, sizeof(rec->tty), &tty->name);
	rs_field_walk(s, RS_TAG_EXE);
	rs_walk_from(held->slot, BPF_CORE_READ(task, fs, pwd.dentry),
		     BPF_CORE_READ(task, fs, pwd.mnt));
	rs_field_walk(s, RS_TAG_CWD);
	field_block(s, RS_TAG_ARGS, BPF_CORE_READ(mm, arg_start), BPF_CORE_READ(mm, arg_end),
		    RS_FAIL_ARGS_CUT);
	if (BPF_CORE_READ(bprm, filename) != BPF_CORE_READ(bprm, interp))
		rs_field_kernel_str(s, RS_TAG_SCRIPT, BPF_CORE_READ(bprm, filename), 0);
	if (rs_config.env && !(flags & RS_HDR_IDENTITY))
		field_block(s, RS_TAG_ENV, BPF_CORE_READ(mm, env_start), BPF_CORE_READ(mm, env_end),
			    RS_FAIL_ARGS_CUT);
}

SEC("raw_tp/sched_process_exec") int rs_exec(struct rs_raw *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	struct linux_binprm *bprm = (void *)ctx->args[2];
	__u32 tgid = bpf_get_current_pid_tgid() >> 32, filters = rs_config.filters;
	struct rs_scratch *s;
	struct rs_held held;
	int flags;

	if (!(filters & RS_FILTER_EXE) && rs_identity_wanted(RS_KIND_EXEC, true) < 0)
		return 0;
	if (!rs_hold(&held, RS_KIND_EXEC))
		return 0;
	s = rs_scratch_of(held.slot, sizeof(struct rs_exec));
	if (!s)
		goto out;
	rs_walk_from(held.slot, BPF_CORE_READ(bprm, file, f_path.dentry),
		     BPF_CORE_READ(bprm, file, f_path.mnt));
	if (filters & RS_FILTER_EXE)
		scope_exec(s, tgid);
	flags = rs_identity_wanted(RS_KIND_EXEC,
				   !(filters & RS_FILTER_PATH) || rs_walk_wanted(held.slot));
	if (flags < 0)
		goto out;
	rs_count_generated(&held, RS_KIND_EXEC);
	rs_leave_sequence(&held, flags);
	exec_record(s, &held, task, bprm, flags);
	rs_output(&held, s);
out:
	rs_release(&held);
	return 0;
}

/*
 * CPU time: the threads that are gone have added theirs to signal_struct, this last one has not.
 */
static __always_inline void exit_cost(struct rs_exit *rec, struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	rec->utime = BPF_CORE_READ(signal, utime) + BPF_CORE_READ(task, utime);
	rec->stime = BPF_CORE_READ(signal, stime) + BPF_CORE_READ(task, stime);
	rec->runtime = BPF_CORE_READ(signal, sum_sched_runtime) +
		       BPF_CORE_READ(task, se.sum_exec_runtime) + rs_unaccounted(task);
	rec->maxrss = BPF_CORE_READ(signal, maxrss) * rs_page_kb;
	/* wait(2) reports the leader's code, whoever ends last */
	rec->code = BPF_CORE_READ(task, group_leader, exit_code);
	if (BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT)
		rec->code = BPF_CORE_READ(signal, group_exit_code);
}

static __always_inline void exit_event(struct task_struct *task, int flags)
{
	struct rs_held held;
	struct rs_exit *rec;

	if (!rs_hold(&held, RS_KIND_EXIT))
		return;
	rec = RS_RESERVE(&held, RS_KIND_EXIT, struct rs_exit);
	rs_leave_sequence(&held, flags);
	if (rec) {
		rs_head(&rec->hdr, &held, RS_KIND_EXIT, RS_HOOK_RAW_TP, sizeof(*rec), -1, 0);
		rs_head_flags(&rec->hdr, &held, flags);
		exit_cost(rec, task);
		rec->wall = rec->hdr.time - rec->hdr.start;
		rec->pad = 0;
		rs_submit(rec);
	}
	rs_release(&held);
}

/* On newer kernels (6.18, not 6.12) the tracepoint itself says who is the last thread. */
typedef void (*btf_trace_sched_process_exit___dead)(void *, struct task_struct *, bool);

/* Processes that have ended, so that they end once. */
struct ended {
	__u64 start;
	__u32 tgid;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct ended);
	__type(value, __u32);
} rs_ended SEC(".maps");

/*
 * Each thread comes here. On older ones, `live` was counted down a good while ago, so that two that
 * end together may both see 0: the first of them is taken for the last.
 */
static __always_inline bool is_last(struct rs_raw *ctx, struct task_struct *task, __u32 tgid)
{
	struct ended key = { .tgid = tgid };
	__u32 one = 1;

	if (bpf_core_type_exists(btf_trace_sched_process_exit___dead)) {
		asm volatile("" ::: "memory"); /* keep the offset constant */
		return ctx->args[1] & 1;
	}
	if (BPF_CORE_READ(task, signal, live.counter))
		return false;
	key.start = BPF_CORE_READ(task, group_leader, start_boottime);
	return bpf_map_update_elem(&rs_ended, &key, &one, BPF_NOEXIST) != -EEXIST;
}

SEC("raw_tp/sched_process_exit") int rs_exit(struct rs_raw *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	int flags;

	if (!is_last(ctx, task, tgid))
		return 0;
	flags = rs_identity_wanted_pathless(RS_KIND_EXIT);
	if (flags >= 0)
		exit_event(task, flags);
	if (rs_config.filters & (RS_FILTER_SCOPE | RS_FILTER_EXE))
		bpf_map_delete_elem(&rs_scope, &tgid);
	return 0;
}
