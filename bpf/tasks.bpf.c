/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which processes run. The agent runs this program once (BPF_PROG_TEST_RUN), which the kernel does
 * inside one RCU read-side section: so the list of tasks can be followed as the kernel itself does in
 * for_each_process(). A task that ends meanwhile is taken out of the list but still leads on, and its
 * memory, and that of its parent, stays until we are done.
 */
#include "bpf/abi/tasks.h"
#include "bpf/lib/cgroup.h"

/*
 * Rounds of rounds of rounds, each in a function that is verified on its own: so that a verifier that
 * walks each of them (before 5.17) has few to walk.
 */
#define TASKS 16
#define SOME  64
#define MORE  (RS_TASKS_MAX / TASKS / SOME)

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set before load */
	__type(key, __u32);
	__type(value, struct rs_task);
} rs_tasks SEC(".maps");

struct rs_tasks_walk rs_tasks_walk;

static __always_inline void put_task(struct rs_task *row, struct task_struct *task)
{
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);

	row->pid = BPF_CORE_READ(task, tgid);
	row->ppid = BPF_CORE_READ(parent, tgid);
	row->start = BPF_CORE_READ(task, start_boottime);
	row->pstart = BPF_CORE_READ(parent, group_leader, start_boottime);
	row->uid = BPF_CORE_READ(task, real_cred, uid.val);
	row->cgroup = rs_cgroup_id_of(task);
	row->flags = BPF_CORE_READ(task, flags) & PF_KTHREAD ? RS_TASK_KTHREAD : 0;
	bpf_probe_read_kernel_str(row->comm, sizeof(row->comm), &task->comm);
}

/* One task, and on to the next; 1 at the end. Only the leaders of thread groups are in the list, and
 * the task that idles, whose number is 0. */
static long task_round(__u32 round, struct rs_tasks_walk **walk)
{
	struct rs_tasks_walk *w = *walk;
	struct task_struct *task = (void *)w->at;
	__u32 key = w->found;
	struct rs_task *row;

	(void)round;
	if (BPF_CORE_READ(task, tgid)) {
		row = bpf_map_lookup_elem(&rs_tasks, &key);
		if (row)
			put_task(row, task);
		w->found = key + 1;
	}
	w->at = (__u64)BPF_CORE_READ(task, tasks.next);
	if (!*(volatile __u64 *)&w->at)
		w->end = RS_TASKS_ASTRAY;
	*(volatile __u64 *)&w->at -= bpf_core_field_offset(struct task_struct, tasks);
	if (w->at == w->first)
		w->end = RS_TASKS_COMPLETE;
	return w->end != RS_TASKS_GOES_ON;
}

static __always_inline long ended(void)
{
	return *(volatile __u32 *)&rs_tasks_walk.end != RS_TASKS_GOES_ON;
}

__noinline int rs_tasks_some(void)
{
	struct rs_tasks_walk *walk = &rs_tasks_walk;

	return RS_REPEAT(TASKS, TASKS, task_round, &walk);
}

static long some_round(__u32 round, void *ctx)
{
	(void)round;
	(void)ctx;
	rs_tasks_some();
	return ended();
}

__noinline int rs_tasks_more(void)
{
	return RS_REPEAT(SOME, SOME, some_round, NULL);
}

static long more_round(__u32 round, void *ctx)
{
	(void)round;
	(void)ctx;
	rs_tasks_more();
	return ended();
}

SEC("raw_tp") int rs_list_tasks(struct rs_raw *ctx)
{
	struct task_struct *self = (void *)bpf_get_current_task();

	(void)ctx;
	rs_tasks_walk.first = (__u64)BPF_CORE_READ(self, group_leader);
	rs_tasks_walk.at = rs_tasks_walk.first;
	RS_REPEAT(MORE, MORE, more_round, NULL);
	return 0;
}
