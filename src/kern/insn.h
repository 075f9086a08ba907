/* SPDX-License-Identifier: Apache-2.0 */
/* The few BPF instructions that our probe programs are made of (kernel: bpf/standardization). */
#pragma once

#include <linux/bpf.h>

#define RS_INSN(op, dst, src, offset, value)                                                       \
	((struct bpf_insn){ .code = (op),                                                          \
			    .dst_reg = (dst),                                                      \
			    .src_reg = (src),                                                      \
			    .off = (offset),                                                       \
			    .imm = (value) })

#define RS_INSN_MOV(dst, src)       RS_INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define RS_INSN_MOV_IMM(dst, value) RS_INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value)
#define RS_INSN_ADD_IMM(dst, value) RS_INSN(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, value)
#define RS_INSN_STORE_IMM(dst, offset, value)                                                      \
	RS_INSN(BPF_ST | BPF_MEM | BPF_DW, dst, 0, offset, value)
/* dst[offset] += src, atomically; with BPF_FETCH in @op src gets the old value */
#define RS_INSN_ATOMIC(op, dst, offset, src)                                                       \
	RS_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, dst, src, offset, op)
#define RS_INSN_JLT_IMM(dst, value, offset)                                                        \
	RS_INSN(BPF_JMP | BPF_JLT | BPF_K, dst, 0, offset, value)
#define RS_INSN_CALL(helper) RS_INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define RS_INSN_EXIT         RS_INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/* Two instructions each: a map, and the value of an array map's element 0. */
#define RS_INSN_LD_MAP(dst, fd)                                                                    \
	RS_INSN(BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_FD, 0, fd), RS_INSN(0, 0, 0, 0, 0)
#define RS_INSN_LD_MAP_VALUE(dst, fd)                                                              \
	RS_INSN(BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_VALUE, 0, fd), RS_INSN(0, 0, 0, 0, 0)
