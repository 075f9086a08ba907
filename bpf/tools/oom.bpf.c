/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel has chosen whom to kill for want of memory: who it is, and what all processes have at that moment. The kernel
 * does this one at a time (oom_lock), so there is one walk.
 */
#include "bpf/abi/oom.h"
#include "bpf/lib/arch.h"
#include "bpf/lib/cgroups.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile struct rs_oom_config rs_oom;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RS_OOM_RING_BYTES);
} rs_oom_ring SEC(".maps");

/* Kills of which nothing could be told. */
__u64 rs_oom_lost;

/* Rounds of rounds of rounds, as in bpf/tasks.bpf.c. */
#define TASKS 16
#define SOME  64
#define MORE  64

struct rs_oom_walk rs_oom_walk;
struct rs_oom_call rs_oom_call;

/* --- the kernel's --- */

struct rs_oom_long {
	long counter;
} __core;

struct page_counter {
	struct rs_oom_long usage;
	unsigned long max;
	struct page_counter *parent;
} __core;

struct cgroup_subsys_state___oom {
	struct cgroup *cgroup;
	struct cgroup_subsys_state___oom *parent;
} __core;

struct mem_cgroup {
	struct cgroup_subsys_state___oom css;
	struct page_counter memory;
} __core;

enum oom_constraint {
	CONSTRAINT_NONE,
};

struct oom_control {
	struct mem_cgroup *memcg;
	unsigned int gfp_mask;
	int order;
	unsigned long totalpages;
	enum oom_constraint constraint;
} __core;

struct signal_struct___oom {
	struct list_head thread_head;
	short oom_score_adj;
} __core;

struct task_struct___oom {
	struct list_head thread_node;
	struct mm_struct *mm;
	int pid;
} __core;

/* Since 6.2 (kernel commit f1a7941243c1) a counter for each CPU and what they have in common, before that one number. */
struct percpu_counter {
	__s64 count;
} __core;

struct mm_struct___percpu {
	struct percpu_counter rss_stat[4];
} __core;

struct mm_rss_stat {
	struct rs_oom_long count[4];
} __core;

struct mm_struct___plain {
	struct mm_rss_stat rss_stat;
} __core;

struct mm_struct___oom {
	struct rs_oom_long pgtables_bytes;
	unsigned long total_vm;
} __core;

enum cgroup_subsys_id___oom {
	memory_cgrp_id___oom,
};

/* Until 6.10 (kernel commit 72ba14deb40a) the tracepoint is given the number of the thread, then the task. */
struct trace_event_raw_mark_victim {
	int pid;
} __core;

struct trace_event_raw_mark_victim___task {
	short oom_score_adj;
} __core;

enum { MM_FILE, MM_ANON, MM_SWAP, MM_SHMEM };

static __always_inline __s64 counter(struct mm_struct *mm, int which)
{
	struct mm_struct___plain *plain = (void *)mm;
	struct mm_struct___percpu *percpu = (void *)mm;
	__s64 n = 0;

	if (bpf_core_type_exists(struct mm_rss_stat))
		bpf_probe_read_kernel(&n, sizeof(n),
				      (void *)mm + bpf_core_field_offset(plain->rss_stat) +
					      which * sizeof(n));
	else
		bpf_probe_read_kernel(&n, sizeof(n),
				      (void *)mm + bpf_core_field_offset(percpu->rss_stat) +
					      which * bpf_core_type_size(struct percpu_counter) +
					      bpf_core_field_offset(struct percpu_counter, count));
	return n > 0 ? n : 0;
}

/* --- groups --- */

static __always_inline struct cgroup_subsys_state___oom *memory_of(struct task_struct *task)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup_subsys_state___oom *css = NULL;
	__u32 index;

	if (!bpf_core_enum_value_exists(enum cgroup_subsys_id___oom, memory_cgrp_id___oom))
		return NULL;
	index = bpf_core_enum_value(enum cgroup_subsys_id___oom, memory_cgrp_id___oom);
	bpf_probe_read_kernel(&css, sizeof(css),
			      (void *)set + bpf_core_field_offset(set->subsys) +
				      (index & (RS_CGROUP_SUBSYS - 1)) * sizeof(css));
	return css;
}

static __always_inline void put_group(struct rs_oom_group *group,
				      struct cgroup_subsys_state___oom *css)
{
	struct mem_cgroup *memcg = (void *)css - bpf_core_field_offset(struct mem_cgroup, css);

	group->id = BPF_CORE_READ(css, cgroup, kn, id);
	group->usage = BPF_CORE_READ(memcg, memory.usage.counter);
	group->max = BPF_CORE_READ(memcg, memory.max);
}

static __always_inline void tell_groups(struct task_struct *task)
{
	struct cgroup_subsys_state___oom *css = memory_of(task);
	struct rs_oom_groups *r = bpf_ringbuf_reserve(&rs_oom_ring, sizeof(*r), 0);

	if (!r)
		return;
	r->hdr.type = RS_OOM_GROUPS;
	r->hdr.number = rs_oom_walk.number;
	r->n = 0;
	r->pad = 0;
#pragma unroll
	for (int i = 0; i < RS_OOM_LEVELS; i++) {
		if (css) {
			put_group(&r->groups[i], css);
			r->n = i + 1;
			css = BPF_CORE_READ(css, parent);
		}
	}
	bpf_ringbuf_submit(r, 0);
}

/* --- processes --- */

static __always_inline void tell_task(struct task_struct *task, struct mm_struct *mm)
{
	struct rs_oom_task *r = bpf_ringbuf_reserve(&rs_oom_ring, sizeof(*r), 0);
	struct mm_struct___oom *sizes = (void *)mm;
	struct cgroup_subsys_state___oom *css;
	struct signal_struct___oom *signal;
	struct cgroup *cgroup;

	rs_oom_walk.tasks++;
	if (!r) {
		rs_oom_walk.lost++;
		return;
	}
	r->hdr.type = RS_OOM_TASK;
	r->hdr.number = rs_oom_walk.number;
	r->pad = 0;
	r->pid = BPF_CORE_READ(task, tgid);
	r->uid = BPF_CORE_READ(task, real_cred, uid.val);
	r->anon = counter(mm, MM_ANON);
	r->file = counter(mm, MM_FILE);
	r->shmem = counter(mm, MM_SHMEM);
	r->swap = counter(mm, MM_SWAP);
	r->page_tables = BPF_CORE_READ(sizes, pgtables_bytes.counter);
	r->total = BPF_CORE_READ(sizes, total_vm);
	cgroup = rs_cgroup_in(task, rs_oom.cgroup_v1);
	r->cgroup = BPF_CORE_READ(cgroup, kn, id);
	css = memory_of(task);
	r->memory_group = BPF_CORE_READ(css, cgroup, kn, id);
	signal = (void *)BPF_CORE_READ(task, signal);
	r->adj = BPF_CORE_READ(signal, oom_score_adj);
	bpf_probe_read_kernel_str(r->comm, sizeof(r->comm), &task->comm);
	bpf_ringbuf_submit(r, 0);
}

/* A number that the verifier does not take for a pointer: it can be reckoned with. */
static __always_inline __u64 plain(const void *pointer)
{
	volatile __u64 *slot = &rs_oom_walk.pointer;

	*slot = (__u64)pointer;
	return *slot;
}

/* The thread behind the leader: threads that end leave the list, but for the leader. NULL: there is none. */
static __always_inline struct task_struct___oom *second_thread(struct task_struct *leader)
{
	struct task_struct___oom *thread = (void *)leader;
	__u64 head = plain(BPF_CORE_READ(leader, signal)) +
		     bpf_core_field_offset(struct signal_struct___oom, thread_head);
	__u64 next = plain(BPF_CORE_READ(thread, thread_node.next));

	if (!next || next == head)
		return NULL;
	return (void *)(next - bpf_core_field_offset(struct task_struct___oom, thread_node));
}

/* The process's memory. Where its first thread has ended, another one has it, and may be who is meant by the victim. */
static __always_inline struct mm_struct *memory_held(struct task_struct *leader)
{
	struct mm_struct *mm = BPF_CORE_READ(leader, mm);
	struct task_struct___oom *thread;

	if (mm || (BPF_CORE_READ(leader, flags) & PF_KTHREAD))
		return mm;
	thread = second_thread(leader);
	if (!thread)
		return NULL;
	if (BPF_CORE_READ(thread, pid) == (int)rs_oom_walk.victim)
		rs_oom_walk.victim = BPF_CORE_READ(leader, tgid);
	return BPF_CORE_READ(thread, mm);
}

/* One of them, and on to the next. Only leaders of thread groups are in the list. */
__noinline int rs_oom_one(void)
{
	struct rs_oom_walk *w = &rs_oom_walk;
	struct task_struct *task = (void *)w->at;
	struct mm_struct *mm = memory_held(task);

	if (BPF_CORE_READ(task, tgid) == (int)*(volatile __u32 *)&w->victim)
		tell_groups(task);
	if (mm && !(BPF_CORE_READ(task, flags) & PF_KTHREAD))
		tell_task(task, mm);
	w->at = (__u64)BPF_CORE_READ(task, tasks.next);
	if (!*(volatile __u64 *)&w->at)
		w->state = RS_OOM_WALK_ASTRAY;
	*(volatile __u64 *)&w->at -= bpf_core_field_offset(struct task_struct, tasks);
	if (w->at == w->first)
		w->state = RS_OOM_WALK_COMPLETE;
	return 0;
}

static __always_inline long ended(void)
{
	return *(volatile __u32 *)&rs_oom_walk.state != RS_OOM_WALK_GOES_ON;
}

static long task_round(__u32 round, void *ctx)
{
	(void)round;
	(void)ctx;
	rs_oom_one();
	return ended();
}

__noinline int rs_oom_some(void)
{
	return RS_REPEAT(TASKS, TASKS, task_round, NULL);
}

static long some_round(__u32 round, void *ctx)
{
	(void)round;
	(void)ctx;
	rs_oom_some();
	return ended();
}

__noinline int rs_oom_more(void)
{
	return RS_REPEAT(SOME, SOME, some_round, NULL);
}

static long more_round(__u32 round, void *ctx)
{
	(void)round;
	(void)ctx;
	rs_oom_more();
	return ended();
}

/* --- hooks --- */

SEC("kprobe/out_of_memory") int rs_oom_called(struct rs_call_regs *ctx)
{
	rs_oom_call.control = RS_CALL_ARG0(ctx);
	rs_oom_call.thread = bpf_get_current_pid_tgid();
	return 0;
}

static __always_inline void put_reason(struct rs_oom_kill *r)
{
	struct oom_control *control = (void *)rs_oom_call.control;

	r->constraint = RS_OOM_UNKNOWN;
	r->order = -1;
	r->gfp = r->total_pages = 0;
	if (!control || rs_oom_call.thread != bpf_get_current_pid_tgid())
		return;
	r->constraint = BPF_CORE_READ(control, constraint);
	r->order = BPF_CORE_READ(control, order);
	r->gfp = BPF_CORE_READ(control, gfp_mask);
	r->total_pages = BPF_CORE_READ(control, totalpages);
	/* Asked for with a group: the group's limit, whatever else. */
	if (BPF_CORE_READ(control, memcg))
		r->constraint = RS_OOM_MEMCG;
}

static __always_inline __u32 victim_of(struct rs_raw *ctx)
{
	struct trace_event_raw_mark_victim___task *event = 0;
	struct task_struct *task;

	if (!bpf_core_field_exists(event->oom_score_adj))
		return ctx->args[0];
	task = (void *)ctx->args[0];
	return BPF_CORE_READ(task, tgid);
}

SEC("raw_tp/mark_victim") int rs_oom_mark_victim(struct rs_raw *ctx)
{
	struct task_struct *self = (void *)bpf_get_current_task();
	__u32 victim = victim_of(ctx), number = ++rs_oom_walk.number;
	struct rs_oom_kill *r = bpf_ringbuf_reserve(&rs_oom_ring, sizeof(*r), 0);
	struct rs_oom_end *end;

	if (!r) {
		__sync_fetch_and_add(&rs_oom_lost, 1);
		return 0;
	}
	r->hdr.type = RS_OOM_KILL;
	r->hdr.number = number;
	r->time = bpf_ktime_get_boot_ns();
	r->victim = victim;
	r->trigger_pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(r->trigger_comm, sizeof(r->trigger_comm));
	put_reason(r);
	bpf_ringbuf_submit(r, 0);

	rs_oom_walk.victim = victim;
	rs_oom_walk.tasks = rs_oom_walk.lost = 0;
	rs_oom_walk.state = RS_OOM_WALK_GOES_ON;
	rs_oom_walk.first = (__u64)BPF_CORE_READ(self, group_leader);
	rs_oom_walk.at = rs_oom_walk.first;
	RS_REPEAT(MORE, MORE, more_round, NULL);

	end = bpf_ringbuf_reserve(&rs_oom_ring, sizeof(*end), 0);
	if (!end) {
		__sync_fetch_and_add(&rs_oom_lost, 1);
		return 0;
	}
	end->hdr.type = RS_OOM_END;
	end->hdr.number = number;
	end->tasks = rs_oom_walk.tasks;
	end->lost = rs_oom_walk.lost;
	end->complete = rs_oom_walk.state == RS_OOM_WALK_COMPLETE;
	end->victim = rs_oom_walk.victim;
	bpf_ringbuf_submit(end, 0);
	return 0;
}
