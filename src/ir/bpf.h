/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* BPF's instruction set as far as it is used here (RFC 9669); no more than Linux 5.10 knows. */

/* classes */
#define BPF_CLASS_LD    0x00
#define BPF_CLASS_LDX   0x01
#define BPF_CLASS_ST    0x02
#define BPF_CLASS_STX   0x03
#define BPF_CLASS_ALU   0x04
#define BPF_CLASS_JMP   0x05
#define BPF_CLASS_JMP32 0x06
#define BPF_CLASS_ALU64 0x07

/* what the second operand is */
#define BPF_WITH_IMM 0x00
#define BPF_WITH_REG 0x08

/* arithmetic */
#define BPF_OP_ADD 0x00
#define BPF_OP_SUB 0x10
#define BPF_OP_MUL 0x20
#define BPF_OP_DIV 0x30
#define BPF_OP_OR  0x40
#define BPF_OP_AND 0x50
#define BPF_OP_SHL 0x60
#define BPF_OP_SHR 0x70
#define BPF_OP_NEG 0x80
#define BPF_OP_MOD 0x90
#define BPF_OP_XOR 0xa0
#define BPF_OP_MOV 0xb0
#define BPF_OP_SAR 0xc0
#define BPF_OP_END 0xd0

/* jumps */
#define BPF_OP_JA   0x00
#define BPF_OP_JEQ  0x10
#define BPF_OP_JGT  0x20
#define BPF_OP_JGE  0x30
#define BPF_OP_JSET 0x40
#define BPF_OP_JNE  0x50
#define BPF_OP_JSGT 0x60
#define BPF_OP_JSGE 0x70
#define BPF_OP_CALL 0x80
#define BPF_OP_EXIT 0x90
#define BPF_OP_JLT  0xa0
#define BPF_OP_JLE  0xb0
#define BPF_OP_JSLT 0xc0
#define BPF_OP_JSLE 0xd0

/* memory: sizes, modes */
#define BPF_SIZE_4      0x00
#define BPF_SIZE_2      0x08
#define BPF_SIZE_1      0x10
#define BPF_SIZE_8      0x18
#define BPF_MODE_IMM    0x00
#define BPF_MODE_MEM    0x60
#define BPF_MODE_ATOMIC 0xc0

/* src of a 16-byte load */
#define BPF_LOAD_MAP       1
#define BPF_LOAD_MAP_VALUE 2
#define BPF_LOAD_FUNC      4
/* src of a call */
#define BPF_CALL_HELPER 0
#define BPF_CALL_LOCAL  1
#define BPF_CALL_KERNEL 2

#define BPF_FRAME 10

/* TO_BE on a little-endian machine, TO_LE on a big-endian one: either swaps */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BPF_END_SWAP BPF_WITH_REG
#else
#define BPF_END_SWAP BPF_WITH_IMM
#endif
