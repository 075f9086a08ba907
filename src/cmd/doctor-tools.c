/* SPDX-License-Identifier: Apache-2.0 */
/* Where events come from: which hooks are here, and what the commands with programs of their own take of them. */
#include <string.h>

#include "base/util.h"
#include "cmd/doctor.h"

#define CALLS "raw_syscalls:sys_enter + raw_syscalls:sys_exit"
#define NO_CALLS                                                                                   \
	"`ringside events` shows the calls that sensors watch, by each call's own tracepoint"

const struct rs_doctor_tool rs_doctor_tools[RS_DOCTOR_TOOLS] = {
	{ "strace", "the system calls of processes, decoded", { CALLS }, NO_CALLS },
	{ "syscalls", "system calls counted and timed", { CALLS }, NO_CALLS },
	{ "latency", "how long system calls take, and where they wait", { CALLS }, NO_CALLS },
	{ "latency --source block",
	  "how long block devices take",
	  { "block_rq_issue + block_rq_complete" },
	  "the times of fsync, read and write by `ringside latency`" },
	{ "latency --source runq",
	  "how long threads wait for a CPU",
	  { "sched_switch + sched_wakeup + sched_wakeup_new" },
	  "/proc/PID/schedstat" },
	{ "latency --source tcp",
	  "TCP's round trips and connects",
	  { "tcp_probe + tcp_rcv_space_adjust + tcp_destroy_sock + inet_sock_set_state" },
	  "the times of connect, by `ringside latency --syscall connect`" },
	{ "latency --source dns",
	  "DNS queries over UDP",
	  { "net_dev_queue + netif_receive_skb" },
	  "the times of recvmsg and poll, by `ringside latency`" },
	{ "latency --source fault",
	  "how long page faults take",
	  { "page_fault_user + page_fault_kernel + perf_software_clock" },
	  "their number, by `ringside stacks software:page-faults:1`" },
	{ "profile",
	  "where CPU time goes",
	  { "perf_hardware", "perf_software_clock" },
	  "nothing: there is no beat to sample by" },
	{ "offcpu",
	  "where threads wait",
	  { "sched_switch" },
	  "the waits of system calls, by latency" },
	{ "offcpu --wakers",
	  "who ended the wait",
	  { "sched_switch + sched_waking" },
	  "offcpu without --wakers" },
	{ "stacks FUNC",
	  "who calls a function of the kernel",
	  { "fentry", "kprobe" },
	  "tracepoints: `ringside stacks tracepoint:GROUP:NAME`" },
	{ "stacks FILE:FUNC",
	  "who calls a function of a program or library",
	  { "uprobe_multi", "uprobe" },
	  "profile, by chance" },
	{ "memleak",
	  "memory of processes that is not given back",
	  { "uprobe_session", "uprobe_multi", "uprobe" },
	  "--kernel: the kernel's own memory" },
	{ "memleak --kernel",
	  "memory of the kernel that is not given back",
	  { "kmalloc + kfree + kmem_cache_alloc + kmem_cache_free" },
	  "/proc/slabinfo" },
	{ "memleak --kernel-pages",
	  "pages that the kernel does not give back",
	  { "mm_page_alloc + mm_page_free" },
	  "/proc/buddyinfo" },
	{ "oom",
	  "whom the kernel kills for want of memory",
	  { "mark_victim" },
	  "the kernel's log" },
	{ "oom: the reason",
	  "what was asked for, by whom, under which limit",
	  { "kprobe" },
	  "the limit that is all but reached is taken for the reason" },
};

/* One word of a hook's name. Every tracepoint has a type of its name in the kernel's BTF. */
static enum rs_answer ask_part(struct rs_features *features, const char *name)
{
	static const struct {
		const char *name;
		enum rs_feature feature;
	} known[] = {
		{ "syscalls:sys_exit_*", RS_FEATURE_SYSCALL_TP },
		{ "syscalls:sys_enter_*", RS_FEATURE_SYSCALL_TP },
		{ "raw_syscalls:sys_exit", RS_FEATURE_RAW_SYSCALL },
		{ "raw_syscalls:sys_enter", RS_FEATURE_RAW_SYSCALL },
	};
	enum rs_answer raw;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strcmp(known[i].name, name) == 0)
			return rs_features_ask(features, known[i].feature)->answer;
	}
	for (unsigned i = 0; i < RS_FEATURE_COUNT; i++) {
		if (strcmp(rs_feature_info(i).name, name) == 0)
			return rs_features_ask(features, i)->answer;
	}
	raw = rs_features_ask(features, RS_FEATURE_RAW_TP)->answer;
	if (raw != RS_ANSWER_YES)
		return raw;
	return rs_features_tracepoint(features, name) ? RS_ANSWER_YES : RS_ANSWER_NO;
}

/* "x + y" needs both. */
static enum rs_answer ask_hook(struct rs_features *features, const char *name)
{
	enum rs_answer answer = RS_ANSWER_YES;

	while (*name) {
		char part[64];
		const char *end = strstr(name, " + ");
		size_t n = end ? (size_t)(end - name) : strlen(name);
		enum rs_answer one;

		snprintf(part, sizeof(part), "%.*s", (int)n, name);
		one = ask_part(features, part);
		if (one != RS_ANSWER_YES && answer != RS_ANSWER_NO)
			answer = one;
		name = end ? end + 3 : name + n;
	}
	return answer;
}

void rs_doctor_ask_hooks(struct rs_features *features, const char *const *names, size_t n,
			 struct rs_doctor_kind *ret_kind)
{
	ret_kind->used = -1;
	for (size_t i = 0; i < n && i < RS_DOCTOR_HOOKS && names[i]; i++) {
		ret_kind->hooks[i].name = names[i];
		ret_kind->hooks[i].answer = ask_hook(features, names[i]);
		if (ret_kind->used < 0 && ret_kind->hooks[i].answer == RS_ANSWER_YES)
			ret_kind->used = (int)i;
	}
}
