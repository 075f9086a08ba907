/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row per feature: why we want it, what we do without, how it is tried. The comment says which
 * release brought it.
 */
#include <linux/capability.h>

#include "kern/bpfcall.h"
#include "kern/caps.h"
#include "kern/probes.h"

#define NET   RS_CAP_BIT(CAP_NET_ADMIN)
#define ADMIN RS_CAP_BIT(CAP_SYS_ADMIN)

const struct rs_feature_row rs_feature_rows[RS_FEATURE_COUNT] = {
	/* --- hooks --- */
	[RS_FEATURE_RAW_TP] = { /* 4.17 */
		.why = "processes: fork, exec and exit",
		.config = "BPF_EVENTS", .probe = rs_probe_raw_tp, .needed = true,
	},
	[RS_FEATURE_RAW_SYSCALL] = { /* 4.17 */
		.why = "one hook for all system calls, where they have none of their own",
		.instead = "each system call's own tracepoint",
		.config = "FTRACE FTRACE_SYSCALLS", .probe = rs_probe_raw_syscall,
	},
	[RS_FEATURE_SYSCALL_TP] = { /* 4.7 */
		.why = "files, network, privileges: a hook that taxes only the calls it watches",
		.instead = "raw_syscall, which every system call pays for",
		.config = "FTRACE FTRACE_SYSCALLS", .probe = rs_probe_syscall_tp, .caps = ADMIN,
	},
	[RS_FEATURE_PERF_TP] = { /* 4.7 */
		.why = "kernel events with stable names, in scripts",
		.instead = "raw_tracepoint",
		.config = "BPF_EVENTS", .probe = rs_probe_perf_tp, .caps = ADMIN,
	},
	[RS_FEATURE_BTF_TP] = { /* 5.5 */
		.why = "raw tracepoints with typed arguments and helpers of their own",
		.instead = "raw_tracepoint",
		.config = "BPF_EVENTS", .probe = rs_probe_btf_tp,
	},
	[RS_FEATURE_URING_TP] = { /* 5.1 */
		.why = "what programs ask of the kernel through io_uring instead of system calls",
		.instead = "requests made through io_uring are not seen",
		.config = "IO_URING", .probe = rs_probe_uring_tp,
	},
	[RS_FEATURE_FENTRY] = { /* 5.5 */
		.why = "any kernel function, at the lowest cost",
		.instead = "tracepoints, and the kernel's objects read from there",
		.config = "FUNCTION_TRACER DYNAMIC_FTRACE", .probe = rs_probe_trampoline,
		.number = BPF_TRACE_FENTRY,
	},
	[RS_FEATURE_FEXIT] = { /* 5.5 */
		.why = "what a kernel function returned, together with its arguments",
		.instead = "tracepoints at the end of system calls",
		.config = "FUNCTION_TRACER DYNAMIC_FTRACE", .probe = rs_probe_trampoline,
		.number = BPF_TRACE_FEXIT,
	},
	[RS_FEATURE_LSM] = { /* 5.7 */
		.why = "refusing what a rule forbids, before it happens",
		.instead = "a rule's event is reported, the deed is not refused",
		.config = "BPF_LSM", .probe = rs_probe_lsm,
	},
	[RS_FEATURE_KPROBE] = { /* 4.1 */
		.why = "any kernel function, in scripts",
		.instead = "tracepoints",
		.config = "KPROBES KPROBE_EVENTS", .probe = rs_probe_kprobe, .caps = ADMIN,
	},
	[RS_FEATURE_KPROBE_MULTI] = { /* 5.18 */
		.why = "thousands of kernel functions attached at once",
		.instead = "one kprobe at a time where there are kprobes, else tracepoints",
		.config = "KPROBES FPROBE", .probe = rs_probe_kprobe_multi,
	},
	[RS_FEATURE_UPROBE] = { /* 4.1 */
		.why = "functions of programs and libraries, and their static probes (USDT)",
		.instead = "nothing: what happens inside programs is not seen",
		.config = "UPROBES UPROBE_EVENTS", .probe = rs_probe_uprobe, .caps = ADMIN,
	},
	[RS_FEATURE_UPROBE_MULTI] = { /* 6.6 */
		.why = "many functions of a program attached at once",
		.instead = "one uprobe at a time",
		.config = "UPROBES UPROBE_EVENTS", .probe = rs_probe_uprobe_multi,
		.number = RS_BPF_TRACE_UPROBE_MULTI,
	},
	[RS_FEATURE_UPROBE_SESSION] = { /* 6.13 */
		.why = "a function's entry and its return at once, the return only where it is wanted",
		.instead = "uprobe_multi, one at the entry and one at the return",
		.config = "UPROBES UPROBE_EVENTS", .probe = rs_probe_uprobe_multi,
		.number = RS_BPF_TRACE_UPROBE_SESSION,
	},
	[RS_FEATURE_ITERATOR] = { /* 5.8 */
		.why = "a list of all processes as the kernel sees them",
		.instead = "test_run_raw_tracepoint, and reading /proc",
		.probe = rs_probe_iterator,
	},
	[RS_FEATURE_PERF_CLOCK] = { /* 4.9 */
		.why = "profiles of where CPU time goes",
		.instead = "perf_hardware",
		.config = "PERF_EVENTS", .probe = rs_probe_perf_clock,
	},
	[RS_FEATURE_PMU] = { /* 4.9 */
		.why = "cycles, cache misses and other counters of the processor",
		.instead = "perf_software_clock: time instead of cycles",
		.config = "PERF_EVENTS", .probe = rs_probe_pmu,
	},
	[RS_FEATURE_TC] = { /* 4.5 */
		.why = "packets and verdicts on an interface, both ways",
		.instead = "tcx",
		.config = "NET_CLS_BPF", .probe = rs_probe_tc, .caps = NET | ADMIN,
	},
	[RS_FEATURE_TCX] = { /* 6.6 */
		.why = "the same, with an owner: it goes when we go",
		.instead = "tc_clsact, removed by us at the end",
		.probe = rs_probe_tcx, .caps = NET | ADMIN,
	},
	[RS_FEATURE_XDP] = { /* 4.8, links since 5.9; on loopback it is the generic kind */
		.why = "packets before the kernel has spent anything on them",
		.instead = "tcx or tc_clsact",
		.probe = rs_probe_xdp, .caps = NET | ADMIN,
	},
	[RS_FEATURE_CGROUP_SKB] = { /* 4.10, links since 5.7 */
		.why = "packets of one container",
		.instead = "tcx or tc_clsact on its interface",
		.config = "CGROUP_BPF", .probe = rs_probe_cgroup_skb, .caps = NET,
	},
	[RS_FEATURE_CGROUP_CONNECT] = { /* 4.17, links since 5.7 */
		.why = "refusing a container's connections before they are made",
		.instead = "verdicts on packets",
		.config = "CGROUP_BPF", .probe = rs_probe_cgroup_connect, .caps = NET,
	},

	/* --- types, maps, verifier, commands, helpers --- */
	[RS_FEATURE_KERNEL_BTF] = { /* 5.2 */
		.why = "where fields lie in this kernel's structures",
		.config = "DEBUG_INFO DEBUG_INFO_BTF", .probe = rs_probe_kernel_btf, .needed = true,
	},
	[RS_FEATURE_SENSOR_TYPES] = {
		.why = "the structures and fields that our sensors read",
		.config = "DEBUG_INFO DEBUG_INFO_BTF", .probe = rs_probe_sensor_types, .needed = true,
	},
	[RS_FEATURE_MEMCG] = { /* 5.11; came with the change that charges BPF memory to the cgroup */
		.why = "memory of maps is charged to our cgroup, not to the limit of locked memory",
		.instead = "the limit of locked memory is raised, which needs CAP_SYS_RESOURCE",
		.probe = rs_probe_helper, .number = BPF_FUNC_ktime_get_coarse_ns,
		.type = BPF_PROG_TYPE_SOCKET_FILTER,
	},
	[RS_FEATURE_RINGBUF] = { /* 5.8 */
		.why = "events come through it",
		.probe = rs_probe_ringbuf, .needed = true,
	},
	[RS_FEATURE_MMAP_ARRAY] = { /* 5.5 */
		.why = "filters and counters shared with our programs without system calls",
		.probe = rs_probe_mmap_array, .needed = true,
	},
	[RS_FEATURE_LPM_TRIE] = { /* 4.11 */
		.why = "the filter by path prefix",
		.probe = rs_probe_lpm_trie, .needed = true,
	},
	[RS_FEATURE_BATCH] = { /* 5.6 */
		.why = "reading and clearing large maps in one call",
		.instead = "one call per element",
		.probe = rs_probe_batch,
	},
	[RS_FEATURE_TASK_STORAGE] = { /* 5.11 */
		.why = "data kept with a task, freed with it",
		.instead = "a hash by thread id",
		.probe = rs_probe_local_storage, .number = BPF_MAP_TYPE_TASK_STORAGE,
	},
	[RS_FEATURE_CGROUP_STORAGE] = { /* 6.2 */
		.why = "data kept with a cgroup, freed with it",
		.instead = "a hash by cgroup id",
		.probe = rs_probe_local_storage, .number = RS_BPF_MAP_TYPE_CGRP_STORAGE,
	},
	[RS_FEATURE_TAIL_CALL] = { /* 4.2 */
		.why = "one program handing over to another",
		.probe = rs_probe_tail_call, .needed = true,
	},
	[RS_FEATURE_BIG_PROGRAM] = { /* 5.2 */
		.why = "programs of more than 4096 instructions",
		.probe = rs_probe_big_program, .needed = true,
	},
	[RS_FEATURE_BOUNDED_LOOP] = { /* 5.3 */
		.why = "loops, in the walk along a path",
		.probe = rs_probe_bounded_loop, .needed = true,
	},
	[RS_FEATURE_BPF_LOOP] = { /* 5.17 */
		.why = "long loops that the verifier checks once",
		.instead = "bounded_loop, shorter",
		.probe = rs_probe_helper, .number = BPF_FUNC_loop, .type = BPF_PROG_TYPE_RAW_TRACEPOINT,
	},
	[RS_FEATURE_ATOMIC_FETCH] = { /* 5.12 */
		.why = "atomic operations that return the old value",
		.instead = "atomic addition, and reading the sum",
		.probe = rs_probe_atomic_fetch,
	},
	[RS_FEATURE_TEST_RUN] = { /* 4.12 */
		.why = "running our packet programs on made-up packets",
		.instead = "real packets in the tests",
		.probe = rs_probe_test_run, .caps = NET,
	},
	[RS_FEATURE_TEST_RUN_RAW] = { /* 5.10 */
		.why = "asking our programs who we are and what runs already, to the nanosecond",
		.instead = "our own getpid(2), and /proc with start times of 10 ms",
		.probe = rs_probe_test_run_raw,
	},
	[RS_FEATURE_ENABLE_STATS] = { /* 5.8 */
		.why = "runs and time of each program, ours and others'",
		.instead = "sysctl kernel.bpf_stats_enabled=1, by hand",
		.probe = rs_probe_enable_stats, .caps = ADMIN,
	},
	[RS_FEATURE_PROBE_READ] = { /* 5.5; not under lockdown=confidentiality */
		.why = "reading the kernel's objects",
		.probe = rs_probe_helper, .number = BPF_FUNC_probe_read_kernel,
		.type = BPF_PROG_TYPE_RAW_TRACEPOINT, .needed = true,
	},
	[RS_FEATURE_BOOT_CLOCK] = { /* 5.8 */
		.why = "times that go on while the machine is suspended",
		.probe = rs_probe_helper, .number = BPF_FUNC_ktime_get_boot_ns,
		.type = BPF_PROG_TYPE_RAW_TRACEPOINT, .needed = true,
	},
	[RS_FEATURE_CURRENT_TASK_BTF] = { /* 5.11 */
		.why = "reading the current task without a helper call per field",
		.instead = "bpf_get_current_task and bpf_probe_read_kernel",
		.probe = rs_probe_helper, .number = BPF_FUNC_get_current_task_btf,
		.type = BPF_PROG_TYPE_TRACING,
	},
	[RS_FEATURE_TASK_PT_REGS] = { /* 5.15 */
		.why = "a system call's arguments when it returns",
		.instead = "the saved registers, found from the task's stack",
		.probe = rs_probe_helper, .number = BPF_FUNC_task_pt_regs,
		.type = BPF_PROG_TYPE_TRACING,
	},
	[RS_FEATURE_ANCESTOR_CGROUP] = { /* 5.6, in tracing programs later */
		.why = "the filter by cgroup and everything below it",
		.instead = "the cgroup's ancestors, read from the kernel's objects",
		.probe = rs_probe_helper, .number = BPF_FUNC_get_current_ancestor_cgroup_id,
		.type = BPF_PROG_TYPE_RAW_TRACEPOINT,
	},
	[RS_FEATURE_ATTACH_COOKIE] = { /* 5.15 */
		.why = "one program at many probes that knows which one called it",
		.instead = "one program per probe",
		.probe = rs_probe_helper, .number = BPF_FUNC_get_attach_cookie,
		.type = BPF_PROG_TYPE_TRACEPOINT,
	},
	[RS_FEATURE_GET_STACK] = { /* 4.18 */
		.why = "stacks of the kernel and of programs",
		.instead = "stack maps, which may mix up two stacks",
		.probe = rs_probe_helper, .number = BPF_FUNC_get_stack,
		.type = BPF_PROG_TYPE_RAW_TRACEPOINT,
	},
	[RS_FEATURE_D_PATH] = { /* 5.10 */
		.why = "a file's path as the kernel spells it",
		.instead = "walking the kernel's directory entries and mounts",
		.probe = rs_probe_d_path,
	},
	[RS_FEATURE_COPY_FROM_USER] = { /* 5.10 */
		.why = "arguments that are paged out",
		.instead = "such an argument is marked as not readable",
		.probe = rs_probe_copy_from_user,
	},
	[RS_FEATURE_SEND_SIGNAL] = { /* 5.3 */
		.why = "stopping a process from the kernel, at the event",
		.instead = "kill(2) from the agent, a moment later",
		.probe = rs_probe_helper, .number = BPF_FUNC_send_signal,
		.type = BPF_PROG_TYPE_RAW_TRACEPOINT,
	},
	[RS_FEATURE_OVERRIDE_RETURN] = { /* 4.16 */
		.why = "making a system call fail",
		.instead = "lsm",
		.config = "KPROBES BPF_KPROBE_OVERRIDE", .probe = rs_probe_helper,
		.number = BPF_FUNC_override_return, .type = BPF_PROG_TYPE_KPROBE,
	},
};
