/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one file that knows the processor: where a system call's number and arguments lie in the
 * registers that were saved at entry, and where those lie.
 */
#pragma once

#include "bpf/lib/kernel.h"

#if defined(__TARGET_ARCH_x86)

struct thread_info {
	unsigned int status;
} __core;

struct task_struct___arch {
	struct thread_info thread_info;
} __core;

/* Is the current system call, of @task, one of 32 bits? TS_COMPAT */
#define RS_COMPAT(task)                                                                            \
	({                                                                                         \
		struct task_struct___arch *compat_ = (void *)(task);                               \
		BPF_CORE_READ(compat_, thread_info.status) & 2;                                    \
	})

struct pt_regs {
	unsigned long r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, sp, bp, cs;
} __core;

#define RS_REGS_ARG0(r) BPF_CORE_READ(r, di)
#define RS_REGS_ARG1(r) BPF_CORE_READ(r, si)
#define RS_REGS_ARG2(r) BPF_CORE_READ(r, dx)
#define RS_REGS_ARG3(r) BPF_CORE_READ(r, r10)
#define RS_REGS_ARG4(r) BPF_CORE_READ(r, r8)
#define RS_REGS_ARG5(r) BPF_CORE_READ(r, r9)
#define RS_REGS_NR(r)   ((int)BPF_CORE_READ(r, orig_ax))

/* Was user code of 64 bits interrupted? __USER_CS */
#define RS_REGS_64BIT(r) ((__u16)BPF_CORE_READ(r, cs) == 0x33)

/*
 * User code that is interrupted at a function's entry or return, of a program's own context (read directly):
 * arguments, result, stack pointer, the place; and how much lower the stack pointer is at the entry than after the
 * return.
 */
#define rs_call_regs      pt_regs
#define RS_CALL_ARG0(r)   ((r)->di)
#define RS_CALL_ARG1(r)   ((r)->si)
#define RS_CALL_ARG2(r)   ((r)->dx)
#define RS_CALL_ARG3(r)   ((r)->cx)
#define RS_CALL_ARG4(r)   ((r)->r8)
#define RS_CALL_ARG5(r)   ((r)->r9)
#define RS_CALL_RESULT(r) ((r)->ax)
#define RS_CALL_SP(r)     ((r)->sp)
#define RS_CALL_IP(r)     ((r)->ip)
#define RS_CALL_POP       8

/* Size of the stack of a task and what lies above the registers on it: x86-64, no KASAN. */
#define RS_STACK_SIZE 16384
#define RS_STACK_PAD  0

#elif defined(__TARGET_ARCH_arm64)

struct thread_info {
	unsigned long flags;
} __core;

struct task_struct___arch {
	struct thread_info thread_info;
} __core;

/* TIF_32BIT */
#define RS_COMPAT(task)                                                                            \
	({                                                                                         \
		struct task_struct___arch *compat_ = (void *)(task);                               \
		BPF_CORE_READ(compat_, thread_info.flags) & (1 << 22);                             \
	})

struct user_pt_regs {
	__u64 regs[31];
	__u64 sp, pc;
} __core;

struct pt_regs {
	union {
		struct user_pt_regs user_regs;
		__u64 regs[31];
	};
	__u64 orig_x0;
	int syscallno;
} __core;

#define RS_REGS_ARG0(r) BPF_CORE_READ(r, orig_x0)
#define RS_REGS_ARG1(r) BPF_CORE_READ(r, regs[1])
#define RS_REGS_ARG2(r) BPF_CORE_READ(r, regs[2])
#define RS_REGS_ARG3(r) BPF_CORE_READ(r, regs[3])
#define RS_REGS_ARG4(r) BPF_CORE_READ(r, regs[4])
#define RS_REGS_ARG5(r) BPF_CORE_READ(r, regs[5])
#define RS_REGS_NR(r)   BPF_CORE_READ(r, syscallno)

#define rs_call_regs      user_pt_regs
#define RS_CALL_ARG0(r)   ((r)->regs[0])
#define RS_CALL_ARG1(r)   ((r)->regs[1])
#define RS_CALL_ARG2(r)   ((r)->regs[2])
#define RS_CALL_ARG3(r)   ((r)->regs[3])
#define RS_CALL_ARG4(r)   ((r)->regs[4])
#define RS_CALL_ARG5(r)   ((r)->regs[5])
#define RS_CALL_RESULT(r) ((r)->regs[0])
#define RS_CALL_SP(r)     ((r)->sp)
#define RS_CALL_IP(r)     ((r)->pc)
#define RS_CALL_POP       0

#define RS_STACK_SIZE 16384
#define RS_STACK_PAD  16

#else
#error "unknown processor: teach bpf/lib/arch.h where system call arguments are"
#endif

/* The registers with which the current task entered the kernel. bpf_task_pt_regs() is there since 5.15; before, they lie
 * at the top of the stack. */
static __always_inline struct pt_regs *rs_current_regs(void)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return (void *)bpf_task_pt_regs(bpf_get_current_task_btf());

	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, stack) + RS_STACK_SIZE - RS_STACK_PAD -
	       bpf_core_type_size(struct pt_regs);
}
