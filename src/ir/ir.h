/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The intermediate code: functions made of blocks made of instructions on virtual registers, and the way
 * from there to BPF instructions. What compiles to BPF (the tracing language, rules) builds this; nothing
 * here knows of languages, and nothing here makes a system call.
 *
 *	module = rs_ir_module_new(&arena)
 *	f = rs_ir_func_new(module, "probe", 1)      parameter 0 is the context
 *	a = rs_ir_load(f, rs_ir_param(f, 0), 16, 8, false)
 *	rs_ir_branch_imm(f, RS_IR_EQ, a, 0, yes, no)
 *	...
 *	rs_ir_compile(module, &options, &arena, &image, err)
 *
 * Virtual registers hold 64 bits and may be assigned any number of times (this is not SSA). A value that
 * is narrower than 64 bits is held extended to 64, by its own signedness; rs_ir_extend() does that.
 * Pointers (context, frame, map values, ring buffer records, kernel pointers that the verifier knows) are
 * values like others; passes must not make arithmetic on them that the verifier would refuse: a constant
 * added to a pointer is folded into the offset of loads and stores, nothing else is rearranged.
 *
 * Building never fails: out of memory, and misuse such as an instruction after a terminator, leave a
 * sticky error in the module, which rs_ir_compile() reports. After such an error the calls do nothing.
 */

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

typedef uint32_t rs_reg;   /* a virtual register; 0 is none */
typedef uint32_t rs_label; /* a block; 0 is none */

struct rs_ir_module;
struct rs_ir_func;

enum rs_ir_op {
	RS_IR_ADD,
	RS_IR_SUB,
	RS_IR_MUL,
	RS_IR_DIV, /* unsigned; by zero gives 0 */
	RS_IR_MOD, /* unsigned; by zero gives the dividend */
	RS_IR_AND,
	RS_IR_OR,
	RS_IR_XOR,
	RS_IR_SHL, /* counts are taken modulo 64 */
	RS_IR_SHR,
	RS_IR_SAR,
	RS_IR_OP_COUNT,
};

enum rs_ir_cond {
	RS_IR_EQ,
	RS_IR_NE,
	RS_IR_LT, /* unsigned */
	RS_IR_LE,
	RS_IR_GT,
	RS_IR_GE,
	RS_IR_SLT, /* signed */
	RS_IR_SLE,
	RS_IR_SGT,
	RS_IR_SGE,
	RS_IR_TEST, /* (a & b) != 0 */
	RS_IR_COND_COUNT,
};

/* Everything lives in the arena; there is nothing to free. NULL when out of memory. */
struct rs_ir_module *rs_ir_module_new(struct rs_arena *arena);

/* A function with its first block started. The first one of a module is the program; the others are
 * callbacks and subprograms. @n_params: 0 to 5. The name is copied. */
struct rs_ir_func *rs_ir_func_new(struct rs_ir_module *module, const char *name, unsigned n_params);

/* What the following instructions come from: any number of the caller, given back in the image's line
 * table. 0 is nothing. Stays until changed. */
void rs_ir_set_location(struct rs_ir_func *f, uint32_t location);

/* True after the terminator of the current block, when nothing can follow before rs_ir_block_start(). */
bool rs_ir_ended(const struct rs_ir_func *f);

/* Blocks: made first, filled later, in any order; each is started once. Where the current block has no
 * terminator yet, starting another makes a jump to it. */
rs_label rs_ir_block_new(struct rs_ir_func *f);
void rs_ir_block_start(struct rs_ir_func *f, rs_label label);
/* The block that is now being filled is unlikely to run (errors, first insertions): it is placed last. */
void rs_ir_block_cold(struct rs_ir_func *f);

/* A fresh register without a value, for variables that are assigned in several places. */
rs_reg rs_ir_reg_new(struct rs_ir_func *f);

rs_reg rs_ir_param(struct rs_ir_func *f, unsigned i);
rs_reg rs_ir_const(struct rs_ir_func *f, int64_t value);
rs_reg rs_ir_copy(struct rs_ir_func *f, rs_reg a);
void rs_ir_assign(struct rs_ir_func *f, rs_reg dst, rs_reg a); /* dst = a */
void rs_ir_assign_const(struct rs_ir_func *f, rs_reg dst, int64_t value);

rs_reg rs_ir_binary(struct rs_ir_func *f, enum rs_ir_op op, rs_reg a, rs_reg b);
rs_reg rs_ir_binary_imm(struct rs_ir_func *f, enum rs_ir_op op, rs_reg a, int64_t imm);
rs_reg rs_ir_negate(struct rs_ir_func *f, rs_reg a);
/* 1 or 0 */
rs_reg rs_ir_compare(struct rs_ir_func *f, enum rs_ir_cond cond, rs_reg a, rs_reg b);
rs_reg rs_ir_compare_imm(struct rs_ir_func *f, enum rs_ir_cond cond, rs_reg a, int64_t imm);
/* The low @size bytes (1, 2, 4) of a, extended to 64 bits; 8 is a copy. */
rs_reg rs_ir_extend(struct rs_ir_func *f, rs_reg a, unsigned size, bool is_signed);
/* The low @size bytes (2, 4, 8) of a in the other byte order, zero-extended. */
rs_reg rs_ir_swap_bytes(struct rs_ir_func *f, rs_reg a, unsigned size);

/* size: 1, 2, 4, 8; offset: signed 16 bits */
rs_reg rs_ir_load(struct rs_ir_func *f, rs_reg base, int offset, unsigned size, bool is_signed);
void rs_ir_store(struct rs_ir_func *f, rs_reg base, int offset, unsigned size, rs_reg value);
void rs_ir_store_imm(struct rs_ir_func *f, rs_reg base, int offset, unsigned size, int64_t value);
/* *(base + offset) += value, atomically; size 4 or 8 */
void rs_ir_atomic_add(struct rs_ir_func *f, rs_reg base, int offset, unsigned size, rs_reg value);
/* Zeroes @size bytes (a multiple of 8, base 8-aligned) with stores. */
void rs_ir_zero(struct rs_ir_func *f, rs_reg base, int offset, unsigned size);
/* Copies @size bytes by loads and stores of 8 (then 4, 2, 1); both readable by BPF directly. */
void rs_ir_copy_memory(struct rs_ir_func *f, rs_reg dst, int dst_offset, rs_reg src, int src_offset,
		       unsigned size);

/* The address of @size bytes of the stack, 8-aligned. Slots of one function whose lives do not overlap
 * may share memory only when the caller says so: rs_ir_slot_free() gives the room back for later slots. */
struct rs_ir_slot {
	uint32_t id;
};
struct rs_ir_slot rs_ir_slot_new(struct rs_ir_func *f, unsigned size);
void rs_ir_slot_free(struct rs_ir_func *f, struct rs_ir_slot slot);
rs_reg rs_ir_slot_address(struct rs_ir_func *f, struct rs_ir_slot slot);
/* Bytes of stack that slots take now, spills not included. */
unsigned rs_ir_frame_used(const struct rs_ir_func *f);

/* Maps are numbers of the caller; the image says where the descriptor belongs (a fixup). */
rs_reg rs_ir_map(struct rs_ir_func *f, uint32_t map);
/* The address of @offset in the only value of an array map. */
rs_reg rs_ir_map_value(struct rs_ir_func *f, uint32_t map, uint32_t offset);
/* A function of the module as a callback. */
rs_reg rs_ir_func_pointer(struct rs_ir_func *f, const struct rs_ir_func *target);

/* Helper by number, up to five arguments; the result is always there, unused ones are dropped. A helper
 * may be marked pure (same arguments, same result, no effect: so equal calls within a program are one). */
#define RS_IR_CALL_PURE 1u
rs_reg rs_ir_call(struct rs_ir_func *f, uint32_t helper, unsigned flags, unsigned n_args,
		  const rs_reg *args);
#define rs_ir_call_of(f, helper, ...)                                                              \
	({                                                                                         \
		const rs_reg call_args_[] = { __VA_ARGS__ };                                       \
		rs_ir_call((f), (helper), 0, sizeof(call_args_) / sizeof(call_args_[0]),           \
			   call_args_);                                                            \
	})
/* Kernel function by name (kfunc): a fixup. */
rs_reg rs_ir_call_kernel(struct rs_ir_func *f, const char *name, unsigned n_args,
			 const rs_reg *args);
rs_reg rs_ir_call_local(struct rs_ir_func *f, const struct rs_ir_func *target, unsigned n_args,
			const rs_reg *args);

/* Terminators. */
void rs_ir_jump(struct rs_ir_func *f, rs_label to);
void rs_ir_branch(struct rs_ir_func *f, enum rs_ir_cond cond, rs_reg a, rs_reg b, rs_label yes,
		  rs_label no);
void rs_ir_branch_imm(struct rs_ir_func *f, enum rs_ir_cond cond, rs_reg a, int64_t imm,
		      rs_label yes, rs_label no);
void rs_ir_return(struct rs_ir_func *f, rs_reg value);
void rs_ir_return_imm(struct rs_ir_func *f, int64_t value);

/* ---- the way to BPF ---- */

/* One BPF instruction, as the kernel's struct bpf_insn has it. */
struct rs_ir_insn {
	uint8_t code;
	uint8_t regs; /* dst in the low half, src in the high one */
	int16_t off;
	int32_t imm;
};

enum rs_ir_fixup_kind {
	RS_IR_FIXUP_MAP, /* 16-byte load: the map's descriptor */
	RS_IR_FIXUP_MAP_VALUE, /* 16-byte load: descriptor, and @offset in the second half's imm (already there) */
	RS_IR_FIXUP_KFUNC, /* call: the BTF id of function @name */
};

struct rs_ir_fixup {
	enum rs_ir_fixup_kind kind;
	uint32_t insn; /* index */
	uint32_t map;
	const char *name;
};

struct rs_ir_line {
	uint32_t insn;     /* from this instruction on ... */
	uint32_t location; /* ... this is what it comes from */
};

struct rs_ir_image_func {
	const char *name;
	uint32_t insn; /* where it begins */
	uint32_t n_params;
	uint32_t stack; /* bytes */
};

/* Lives in the arena given to rs_ir_compile(). */
struct rs_ir_image {
	struct rs_ir_insn *insns;
	uint32_t n_insns;
	struct rs_ir_fixup *fixups;
	uint32_t n_fixups;
	struct rs_ir_line *lines; /* by insn */
	uint32_t n_lines;
	struct rs_ir_image_func *funcs; /* the program first, then what it needs */
	uint32_t n_funcs;
};

struct rs_ir_options {
	bool cpu_v3;      /* 32-bit ALU compares (always there since 5.3; false is for tests) */
	bool no_optimize; /* for tests */
};

/*
 * Optimises, allocates registers, emits. The module is changed and of no further use but for dumps.
 * -ENOMEM; -EINVAL for misuse; -E2BIG: a function needs more than 512 bytes of stack (hint says what of).
 */
int rs_ir_compile(struct rs_ir_module *module, const struct rs_ir_options *options,
		  struct rs_arena *arena, struct rs_ir_image *ret_image, struct rs_error *err);
/* Only the passes before register allocation: for dumps and tests. */
int rs_ir_optimize(struct rs_ir_module *module, struct rs_error *err);

/* Text of the module, and of an image, for people and golden files. 0 or -ENOMEM. */
int rs_ir_dump(const struct rs_ir_module *module, struct rs_str *out);
int rs_ir_dump_image(const struct rs_ir_image *image, struct rs_str *out);
