/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The end of a system call: by then the kernel has read the arguments (so their pages are there)
 * and the result is known. Seen through the tracepoint of that one call, or, where the kernel has
 * none, through the raw tracepoint of all calls and a table of programs.
 */
#pragma once

#include "bpf/abi/syscall.h"
#include "bpf/lib/arch.h"
#include "bpf/lib/maps.h"

#ifdef RS_DEFINE
const volatile struct rs_shape rs_shapes[RS_NR_MAX] = {};
#else
extern const volatile struct rs_shape rs_shapes[RS_NR_MAX];
#endif

/* What perf passes to programs at syscalls:sys_exit_*: kernel/trace/trace_syscalls.c. */
struct rs_tp_exit {
	__u64 regs; /* not ours to read */
	long nr;
	long ret;
};

struct rs_call {
	struct pt_regs *regs;
	long ret;
	int nr;
	__u32 hook; /* enum rs_hook */
};

/* A function of its own in each program, for there are many callers. */
static __noinline __u64 rs_regs_arg(struct pt_regs *regs, __u32 index)
{
	switch (index) {
	case 0:
		return RS_REGS_ARG0(regs);
	case 1:
		return RS_REGS_ARG1(regs);
	case 2:
		return RS_REGS_ARG2(regs);
	case 3:
		return RS_REGS_ARG3(regs);
	case 4:
		return RS_REGS_ARG4(regs);
	case 5:
		return RS_REGS_ARG5(regs);
	}
	return 0;
}

static __always_inline __u64 rs_arg(const struct rs_call *call, __u32 index)
{
	return rs_regs_arg(call->regs, index);
}

/* The row of the call; NULL for numbers that no table has. */
static __always_inline const volatile struct rs_shape *rs_shape_of(const struct rs_call *call)
{
	__u32 nr = call->nr;

	if (nr >= RS_NR_MAX)
		return NULL;
	asm volatile("" : "+r"(nr));
	return &rs_shapes[nr & (RS_NR_MAX - 1)];
}

/* A number that tells this call from the thread's other calls of the same kind. */
static __always_inline __u64 rs_args_mixed(struct pt_regs *regs)
{
	return RS_REGS_ARG0(regs) * 3 + RS_REGS_ARG1(regs) * 5 + RS_REGS_ARG2(regs) * 7;
}

/* All arguments into the scratch, for programs that take them by the numbers of a row. */
static __always_inline void rs_args_to_scratch(const struct rs_call *call, struct rs_scratch *s)
{
	struct pt_regs *regs = call->regs;

	s->arg[0] = RS_REGS_ARG0(regs);
	s->arg[1] = RS_REGS_ARG1(regs);
	s->arg[2] = RS_REGS_ARG2(regs);
	s->arg[3] = RS_REGS_ARG3(regs);
	s->arg[4] = RS_REGS_ARG4(regs);
	s->arg[5] = RS_REGS_ARG5(regs);
	s->arg[6] = s->arg[7] = 0;
}

/* The argument that a row names; 0 for RS_NO_ARG. */
static __always_inline __u64 rs_row_arg(const struct rs_scratch *s, __u32 index)
{
	asm volatile("" : "+r"(index));
	return s->arg[index & 7];
}

/* Defines the two programs of a handler: rs_t_NAME for tracepoints, rs_r_NAME for the table. */
#define RS_SYSCALL_PROGRAMS(name, handler)                                                         \
	SEC("tp") int rs_t_##name(struct rs_tp_exit *ctx)                                          \
	{                                                                                          \
		struct rs_call call = {                                                            \
			.regs = rs_current_regs(),                                                 \
			.ret = ctx->ret,                                                           \
			.nr = ctx->nr,                                                             \
			.hook = RS_HOOK_SYSCALL_TP,                                                \
		};                                                                                 \
		return handler(&call);                                                             \
	}                                                                                          \
	SEC("raw_tp") int rs_r_##name(struct rs_raw *ctx)                                          \
	{                                                                                          \
		struct pt_regs *regs = (void *)ctx->args[0];                                       \
		struct rs_call call = {                                                            \
			.regs = regs,                                                              \
			.ret = ctx->args[1],                                                       \
			.nr = RS_REGS_NR(regs),                                                    \
			.hook = RS_HOOK_RAW_SYSCALL,                                               \
		};                                                                                 \
		return handler(&call);                                                             \
	}
