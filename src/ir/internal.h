/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The inside of a module, shared by the passes of this room.
 *
 * A function is one array of instructions; a block is a piece of it. Passes change instructions where
 * they stand and leave NOPs behind; lowering makes the array anew, in the order of the layout, and from
 * then on blocks are numbered in that order.
 *
 * Only copies and constants are written to registers that others write too; all other results are
 * fresh, so no instruction reads what it writes.
 *
 * A register with a single definition is called fixed. The checker sees to it that no register is
 * alive at the entry, so the definition of a fixed register dominates all its uses: its value may be
 * looked at from anywhere, as in SSA form.
 */

#include <errno.h>
#include <string.h>

#include "ir/ir.h"

#define RS_IR_INSTS_MAX (1u << 20) /* the kernel takes no program longer than that */
#define RS_IR_FRAME_MAX 32768      /* what slots may take while building, bytes */
#define RS_IR_STACK_MAX 512        /* what the kernel gives a program, callbacks included */
#define RS_IR_ARGS_MAX  5

enum rs_inst_op {
	RS_INST_NOP,
	RS_INST_CONST,       /* dst = imm */
	RS_INST_SLOT,        /* dst = frame + off, in or behind the slot that begins at imm */
	RS_INST_MAP,         /* dst = map number imm */
	RS_INST_MAP_VALUE,   /* dst = off bytes into the value of map number imm */
	RS_INST_FUNC,        /* dst = function number imm */
	RS_INST_COPY,        /* dst = a */
	RS_INST_ALU,         /* dst = a <sub: rs_ir_op> b */
	RS_INST_NEGATE,      /* dst = -a */
	RS_INST_COMPARE,     /* dst = (a <sub: rs_ir_cond> b) << off */
	RS_INST_EXTEND,      /* dst = low size bytes of a */
	RS_INST_SWAP,        /* dst = low size bytes of a, swapped */
	RS_INST_LOAD,        /* dst = *(a + off) */
	RS_INST_STORE,       /* *(a + off) = b */
	RS_INST_ATOMIC,      /* *(a + off) += b */
	RS_INST_CALL,        /* dst = helper imm */
	RS_INST_CALL_KERNEL, /* dst = kernel function, name number imm */
	RS_INST_CALL_LOCAL,  /* dst = function number imm */
	RS_INST_JUMP,        /* the last three end a block, whose succ says where to */
	RS_INST_BRANCH,      /* if a <sub: rs_ir_cond> b: succ[0], else succ[1] */
	RS_INST_RETURN,      /* a, or imm */
	RS_INST_OP_COUNT,
};

#define RS_INST_IMM    1u /* imm stands where b would (RETURN: a) */
#define RS_INST_SIGNED 2u
#define RS_INST_PURE   4u
#define RS_INST_WIDE32 8u /* BRANCH: compares the low 32 bits */

struct rs_inst {
	uint8_t op;
	uint8_t sub;
	uint8_t size;
	uint8_t flags;
	rs_reg dst; /* 0: none, or nobody wants it */
	rs_reg a, b;
	int32_t off;
	uint32_t location;
	int64_t imm;
	uint32_t args; /* calls: the first in f->args */
	uint32_t n_args;
};

struct rs_ir_block {
	uint32_t first, n; /* of f->insts */
	rs_label succ[2];
	uint8_t n_succ;
	bool started;
	bool cold;
	bool dead;      /* not reachable */
	uint32_t preds; /* the first in f->preds */
	uint32_t n_preds;
	uint32_t order; /* place in f->order */
	uint32_t depth; /* loops around it; after layout */
};

struct rs_ir_room {  /* a slot */
	int32_t off; /* of its lowest byte, from the frame's end: negative */
	uint32_t size;
	bool freed;
};

struct rs_ir_func {
	struct rs_ir_module *module;
	const char *name;
	uint32_t index;
	uint32_t n_params; /* registers 1 to n_params */
	uint32_t location;

	struct rs_inst *insts;
	uint32_t n_insts, cap_insts;
	struct rs_ir_block *blocks; /* by label; 0 is not used */
	uint32_t n_blocks, cap_blocks;
	rs_reg *args;
	uint32_t n_args, cap_args;
	uint32_t n_regs; /* registers are 1 to n_regs - 1 */
	rs_label entry;
	rs_label current; /* 0 after a terminator */

	struct rs_ir_room *slots;
	uint32_t n_slots, cap_slots;
	uint8_t *
		frame; /* a byte for each 8 bytes of stack, the ones next to the frame's end first */

	/* flow.c: reachable blocks in reverse postorder, and who jumps where */
	rs_label *order;
	uint32_t n_order;
	rs_label *preds;

	/* after lowering, by register */
	const struct rs_inst **remat; /* how to make the value again, NULL where it is kept */
	int32_t *spill;               /* where on the stack it lives; 0: in a register */
	int8_t *home;                 /* the BPF register, -1: none */
	rs_reg *reload_of;            /* what a short-lived register was loaded from */
	uint32_t n_homes;             /* registers that these arrays have room for */
	int32_t stack;                /* the lowest offset in use, 0 or negative */
	int32_t slots_end;            /* the same without what was spilled */
};

struct rs_ir_module {
	struct rs_arena *arena;
	struct rs_ir_func **funcs;
	uint32_t n_funcs, cap_funcs;
	const char **names; /* of kernel functions */
	uint32_t n_names, cap_names;
	int error;
	char why[160];
};

/* ---- build.c ---- */

/* Room for one more of an array in the module's arena; false leaves the sticky error. */
bool rs_ir_grow(struct rs_ir_module *m, void *items, uint32_t n, uint32_t *cap, size_t size);
/* The first error stays. */
void rs_ir_fail(struct rs_ir_module *m, int code, const char *fmt, ...) _printf_(3, 4);
/* Appends to the function, wherever that is; NULL after an error. */
struct rs_inst *rs_ir_append(struct rs_ir_func *f, enum rs_inst_op op);
/* In the current block; checks that there is one. */
struct rs_inst *rs_ir_emit(struct rs_ir_func *f, enum rs_inst_op op);
bool rs_ir_reg_ok(struct rs_ir_func *f, rs_reg reg);

/* ---- inst.c ---- */

/* Where an instruction names the registers that it reads. Returns how many. */
unsigned rs_inst_uses(const struct rs_ir_func *f, struct rs_inst *inst,
		      rs_reg *ret_uses[static RS_IR_ARGS_MAX]);
/* Its result is all that it is good for. */
bool rs_inst_removable(const struct rs_inst *inst);

static inline bool rs_inst_is_call(const struct rs_inst *inst)
{
	return inst->op >= RS_INST_CALL && inst->op <= RS_INST_CALL_LOCAL;
}

static inline bool rs_inst_is_end(const struct rs_inst *inst)
{
	return inst->op >= RS_INST_JUMP;
}

/* Costs nothing worth a register: made again wherever it is wanted. */
static inline bool rs_inst_is_remat(const struct rs_inst *inst)
{
	return inst->op >= RS_INST_CONST && inst->op <= RS_INST_FUNC;
}

static inline bool rs_ir_commutes(enum rs_ir_op op)
{
	return op == RS_IR_ADD || op == RS_IR_MUL || op == RS_IR_AND || op == RS_IR_OR ||
	       op == RS_IR_XOR;
}

static inline bool rs_ir_fits(int64_t imm)
{
	return imm == (int32_t)imm;
}

/* (a cond b) is (b mirrored a); (a cond b) is not (a inverted b), TEST has no inverse. */
enum rs_ir_cond rs_ir_cond_mirror(enum rs_ir_cond cond);
enum rs_ir_cond rs_ir_cond_invert(enum rs_ir_cond cond);
uint64_t rs_ir_evaluate(enum rs_ir_op op, uint64_t a, uint64_t b);
bool rs_ir_holds(enum rs_ir_cond cond, uint64_t a, uint64_t b);
uint64_t rs_ir_extended(uint64_t v, unsigned size, bool is_signed);
uint64_t rs_ir_swapped(uint64_t v, unsigned size);

/* ---- check.c ---- */

/* Blocks that are whole, jumps to blocks that exist, registers that are defined somewhere. -EINVAL.
 * Needs nothing and leaves rs_ir_flow() done. */
int rs_ir_check(struct rs_ir_func *f, struct rs_error *err);
/* Registers that may be read before they are written begin as 0, in an entry block that nothing jumps
 * to. After that no register but parameters is alive at the entry. */
int rs_ir_define_all(struct rs_ir_func *f);

/* ---- flow.c ---- */

/* Finds reachable blocks, f->order and f->preds. */
int rs_ir_flow(struct rs_ir_func *f);

/* ---- live.c ---- */

/* Registers alive at the start of each block: regs[first[label]] to regs[first[label + 1]]. */
struct rs_live {
	uint32_t *first;
	rs_reg *regs;
	uint32_t n;
};

/* Needs rs_ir_flow(). Registers with @ignore set are left out; NULL: all count. */
int rs_ir_live(struct rs_ir_func *f, const bool *ignore, struct rs_live *ret_live);

/* ---- passes; each needs rs_ir_flow() and returns 1 where others have something to do then, or -ENOMEM ---- */

/* Jumps go where they end up; what is only a branch or a return stands in place of the jump to it. */
int rs_ir_simplify_flow(struct rs_ir_func *f);
/* 1: some branches became jumps. */
int rs_ir_number_values(struct rs_ir_func *f);
int rs_ir_remove_dead(struct rs_ir_func *f);
int rs_ir_remove_stores(struct rs_ir_func *f);
/* After these two the others must not run again: they know nothing of 32-bit comparisons, and take a
 * register with one definition for one with one value. */
int rs_ir_narrow(struct rs_ir_func *f);
int rs_ir_rotate_loops(struct rs_ir_func *f);

/* ---- from here to BPF ---- */

/* Decides on the order of blocks and makes insts anew in that order, without NOPs. */
int rs_ir_layout(struct rs_ir_func *f);
/* Finds what is made again at each use (f->remat); all else has neither a home nor a place. */
int rs_ir_lower_init(struct rs_ir_func *f);
/* Gives operands that BPF instructions cannot have short-lived registers: what is made again, and what
 * f->spill says is on the stack. Run again whenever more is spilled. */
int rs_ir_lower(struct rs_ir_func *f);
/* Gives every register a home, in BPF registers or on the stack. */
int rs_ir_allocate(struct rs_ir_func *f, struct rs_error *err);
/* The whole module, with every function allocated. */
int rs_ir_emit_module(struct rs_ir_module *m, struct rs_arena *arena, struct rs_ir_image *ret_image,
		      struct rs_error *err);

static inline bool rs_ir_in_register(const struct rs_ir_func *f, rs_reg reg)
{
	return !f->remat[reg] && !f->spill[reg];
}

/* ---- interval.c ---- */

#define RS_BPF_REGS 10 /* r0 to r9; r10 is the frame */

/*
 * Where a register is alive. Instruction i reads at 2i and writes at 2i + 1; a call's result is there
 * from 2i + 2 on, because the call destroys r0 to r5 at 2i + 1.
 */
struct rs_range {
	uint32_t start, end; /* end excluded */
	uint32_t next;
};

struct rs_interval {
	uint32_t first; /* range; 0: the register is not used */
	float weight;   /* how often it is read and written, roughly */
	int8_t hint;    /* the BPF register that it would best be in, -1: any */
	bool crosses;   /* a call */
};

struct rs_move { /* one of these would be saved if both had the same home */
	rs_reg a, b;
	float weight;
};

struct rs_intervals {
	struct rs_interval *of; /* by register */
	struct rs_range *ranges;
	uint32_t n_ranges, cap_ranges;
	struct rs_move *moves;
	uint32_t n_moves, cap_moves;
	uint32_t *calls; /* positions that destroy r0 to r5 */
	uint32_t n_calls, cap_calls;
};

int rs_ir_find_intervals(struct rs_ir_func *f, struct rs_intervals *ret_intervals);
