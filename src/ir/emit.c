/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From instructions with homes to BPF. Each instruction of ours is one to five of BPF's; a jump to the
 * block behind is none. Jumps to blocks and calls of functions get their distance when all is placed.
 */
#include "ir/emit.h"
#include "ir/bpf.h"

static const uint8_t alu_codes[RS_IR_OP_COUNT] = {
	[RS_IR_ADD] = BPF_OP_ADD, [RS_IR_SUB] = BPF_OP_SUB, [RS_IR_MUL] = BPF_OP_MUL,
	[RS_IR_DIV] = BPF_OP_DIV, [RS_IR_MOD] = BPF_OP_MOD, [RS_IR_AND] = BPF_OP_AND,
	[RS_IR_OR] = BPF_OP_OR,   [RS_IR_XOR] = BPF_OP_XOR, [RS_IR_SHL] = BPF_OP_SHL,
	[RS_IR_SHR] = BPF_OP_SHR, [RS_IR_SAR] = BPF_OP_SAR,
};

static const uint8_t jump_codes[RS_IR_COND_COUNT] = {
	[RS_IR_EQ] = BPF_OP_JEQ,   [RS_IR_NE] = BPF_OP_JNE,    [RS_IR_LT] = BPF_OP_JLT,
	[RS_IR_LE] = BPF_OP_JLE,   [RS_IR_GT] = BPF_OP_JGT,    [RS_IR_GE] = BPF_OP_JGE,
	[RS_IR_SLT] = BPF_OP_JSLT, [RS_IR_SLE] = BPF_OP_JSLE,  [RS_IR_SGT] = BPF_OP_JSGT,
	[RS_IR_SGE] = BPF_OP_JSGE, [RS_IR_TEST] = BPF_OP_JSET,
};

static const uint8_t size_codes[9] = {
	[1] = BPF_SIZE_1,
	[2] = BPF_SIZE_2,
	[4] = BPF_SIZE_4,
	[8] = BPF_SIZE_8,
};

void rs_emit(struct rs_emitter *e, uint8_t code, unsigned dst, unsigned src, int off, int64_t imm)
{
	struct rs_ir_insn *insn;

	if (!rs_ir_grow(e->m, &e->insns, e->n_insns, &e->cap_insns, sizeof(*e->insns)))
		return;
	insn = &e->insns[e->n_insns++];
	insn->code = code;
	insn->regs = (uint8_t)(dst | src << 4);
	insn->off = (int16_t)off;
	insn->imm = (int32_t)imm;
}

/* A 16-byte load. */
static void emit_wide(struct rs_emitter *e, unsigned dst, unsigned kind, uint32_t low,
		      uint32_t high)
{
	rs_emit(e, BPF_CLASS_LD | BPF_MODE_IMM | BPF_SIZE_8, dst, kind, 0, (int32_t)low);
	rs_emit(e, 0, 0, 0, 0, (int32_t)high);
}

static void emit_alu_imm(struct rs_emitter *e, unsigned op, unsigned dst, int64_t imm)
{
	rs_emit(e, (uint8_t)(BPF_CLASS_ALU64 | BPF_WITH_IMM | op), dst, 0, 0, imm);
}

static void emit_alu(struct rs_emitter *e, unsigned op, unsigned dst, unsigned src)
{
	rs_emit(e, (uint8_t)(BPF_CLASS_ALU64 | BPF_WITH_REG | op), dst, src, 0, 0);
}

static void emit_load(struct rs_emitter *e, unsigned dst, unsigned base, int off, unsigned size)
{
	rs_emit(e, BPF_CLASS_LDX | BPF_MODE_MEM | size_codes[size], dst, base, off, 0);
}

void rs_emit_move(struct rs_emitter *e, unsigned dst, unsigned src)
{
	if (dst != src)
		emit_alu(e, BPF_OP_MOV, dst, src);
}

void rs_emit_store_place(struct rs_emitter *e, int32_t place, unsigned src)
{
	rs_emit(e, BPF_CLASS_STX | BPF_MODE_MEM | BPF_SIZE_8, BPF_FRAME, src, place, 0);
}

/* ---- fixups: for the caller, and for the end of this file's work ---- */

static void add_fixup(struct rs_emitter *e, enum rs_ir_fixup_kind kind, uint32_t map,
		      const char *name)
{
	if (!rs_ir_grow(e->m, &e->fixups, e->n_fixups, &e->cap_fixups, sizeof(*e->fixups)))
		return;
	e->fixups[e->n_fixups++] =
		(struct rs_ir_fixup){ .kind = kind, .insn = e->n_insns, .map = map, .name = name };
}

/* The next instruction wants the distance to a block (of this function) or a function. */
static void add_jump(struct rs_emitter *e, uint32_t to, bool to_func)
{
	if (!rs_ir_grow(e->m, &e->jumps, e->n_jumps, &e->cap_jumps, sizeof(*e->jumps)))
		return;
	e->jumps[e->n_jumps++] =
		(struct rs_emit_jump){ .insn = e->n_insns, .to = to, .to_func = to_func };
}

static void emit_const(struct rs_emitter *e, unsigned dst, int64_t value)
{
	if (rs_ir_fits(value))
		emit_alu_imm(e, BPF_OP_MOV, dst, value);
	else if ((uint64_t)value <= UINT32_MAX)
		rs_emit(e, BPF_CLASS_ALU | BPF_WITH_IMM | BPF_OP_MOV, dst, 0, 0, (int32_t)value);
	else
		emit_wide(e, dst, 0, (uint32_t)value, (uint32_t)((uint64_t)value >> 32));
}

/* What rs_inst_is_remat() says, into a register. */
static void emit_made(struct rs_emitter *e, unsigned dst, const struct rs_inst *made)
{
	switch (made->op) {
	case RS_INST_CONST:
		emit_const(e, dst, made->imm);
		break;
	case RS_INST_SLOT:
		rs_emit_move(e, dst, BPF_FRAME);
		emit_alu_imm(e, BPF_OP_ADD, dst, made->off);
		break;
	case RS_INST_MAP:
		add_fixup(e, RS_IR_FIXUP_MAP, (uint32_t)made->imm, NULL);
		emit_wide(e, dst, BPF_LOAD_MAP, 0, 0);
		break;
	case RS_INST_MAP_VALUE:
		add_fixup(e, RS_IR_FIXUP_MAP_VALUE, (uint32_t)made->imm, NULL);
		emit_wide(e, dst, BPF_LOAD_MAP_VALUE, 0, (uint32_t)made->off);
		break;
	default:
		add_jump(e, (uint32_t)made->imm, true);
		emit_wide(e, dst, BPF_LOAD_FUNC, 0, 0);
		break;
	}
}

/* ---- operands ---- */

static unsigned home_of(const struct rs_emitter *e, rs_reg reg)
{
	return (unsigned)e->f->home[reg];
}

/* The value of a register, wherever it is, into a BPF register. */
static void emit_value(struct rs_emitter *e, unsigned dst, rs_reg reg)
{
	const struct rs_ir_func *f = e->f;

	if (f->remat[reg])
		emit_made(e, dst, f->remat[reg]);
	else if (f->spill[reg])
		emit_load(e, dst, BPF_FRAME, f->spill[reg], 8);
	else
		rs_emit_move(e, dst, home_of(e, reg));
}

/* The BPF register and the offset that address memory. */
static unsigned address_of(const struct rs_emitter *e, const struct rs_inst *inst, int *ret_off)
{
	const struct rs_inst *made = e->f->remat[inst->a];

	*ret_off = inst->off + (made ? made->off : 0);
	return made ? BPF_FRAME : home_of(e, inst->a);
}

/* ---- instructions ---- */

static void emit_copy(struct rs_emitter *e, const struct rs_inst *inst)
{
	int32_t place = e->f->spill[inst->dst];

	if (!place)
		emit_value(e, home_of(e, inst->dst), inst->a);
	else
		rs_emit_store_place(e, place, home_of(e, inst->a));
}

static void emit_constant(struct rs_emitter *e, const struct rs_inst *inst)
{
	int32_t place = e->f->spill[inst->dst];

	if (!place)
		emit_made(e, home_of(e, inst->dst), inst);
	else
		rs_emit(e, BPF_CLASS_ST | BPF_MODE_MEM | BPF_SIZE_8, BPF_FRAME, 0, place,
			inst->imm);
}

static void emit_arithmetic(struct rs_emitter *e, const struct rs_inst *inst)
{
	unsigned dst = home_of(e, inst->dst), op = alu_codes[inst->sub];

	if (inst->flags & RS_INST_IMM) {
		emit_value(e, dst, inst->a);
		emit_alu_imm(e, op, dst, inst->imm);
	} else if (inst->b != inst->a && home_of(e, inst->b) == dst) {
		emit_alu(e, op, dst, home_of(e, inst->a)); /* the two change places */
	} else {
		emit_value(e, dst, inst->a);
		emit_alu(e, op, dst, inst->b == inst->a ? dst : home_of(e, inst->b));
	}
}

static void emit_jump_insn(struct rs_emitter *e, const struct rs_inst *inst, enum rs_ir_cond cond,
			   int off)
{
	unsigned class = inst->flags & RS_INST_WIDE32 ? BPF_CLASS_JMP32 : BPF_CLASS_JMP;
	unsigned a = home_of(e, inst->a);

	if (inst->flags & RS_INST_IMM)
		rs_emit(e, (uint8_t)(class | BPF_WITH_IMM | jump_codes[cond]), a, 0, off,
			inst->imm);
	else
		rs_emit(e, (uint8_t)(class | BPF_WITH_REG | jump_codes[cond]), a,
			home_of(e, inst->b), off, 0);
}

static void emit_compare(struct rs_emitter *e, const struct rs_inst *inst)
{
	unsigned dst = home_of(e, inst->dst);

	emit_alu_imm(e, BPF_OP_MOV, dst, INT64_C(1) << inst->off);
	emit_jump_insn(e, inst, inst->sub, 1);
	emit_alu_imm(e, BPF_OP_MOV, dst, 0);
}

static void emit_sign(struct rs_emitter *e, unsigned dst, unsigned size)
{
	emit_alu_imm(e, BPF_OP_SHL, dst, 64 - 8 * size);
	emit_alu_imm(e, BPF_OP_SAR, dst, 64 - 8 * size);
}

static void emit_extend(struct rs_emitter *e, const struct rs_inst *inst)
{
	unsigned dst = home_of(e, inst->dst);

	if (inst->flags & RS_INST_SIGNED || inst->size < 4) {
		emit_value(e, dst, inst->a);
		if (inst->flags & RS_INST_SIGNED)
			emit_sign(e, dst, inst->size);
		else
			emit_alu_imm(e, BPF_OP_AND, dst, (1 << 8 * inst->size) - 1);
		return;
	}
	if (!rs_ir_in_register(e->f, inst->a))
		emit_value(e, dst, inst->a);
	/* a 32-bit move clears the upper half */
	rs_emit(e, BPF_CLASS_ALU | BPF_WITH_REG | BPF_OP_MOV, dst,
		rs_ir_in_register(e->f, inst->a) ? home_of(e, inst->a) : dst, 0, 0);
}

static void emit_memory(struct rs_emitter *e, const struct rs_inst *inst)
{
	int off;
	unsigned base = address_of(e, inst, &off), size = size_codes[inst->size];

	if (off != (int16_t)off)
		rs_ir_fail(e->m, -EINVAL, "function %s: an offset of %d", e->f->name, off);
	if (inst->op == RS_INST_LOAD) {
		emit_load(e, home_of(e, inst->dst), base, off, inst->size);
		if (inst->flags & RS_INST_SIGNED)
			emit_sign(e, home_of(e, inst->dst), inst->size);
	} else if (inst->op == RS_INST_ATOMIC) {
		rs_emit(e, (uint8_t)(BPF_CLASS_STX | BPF_MODE_ATOMIC | size), base,
			home_of(e, inst->b), off, BPF_OP_ADD);
	} else if (inst->flags & RS_INST_IMM) {
		rs_emit(e, (uint8_t)(BPF_CLASS_ST | BPF_MODE_MEM | size), base, 0, off, inst->imm);
	} else {
		rs_emit(e, (uint8_t)(BPF_CLASS_STX | BPF_MODE_MEM | size), base,
			home_of(e, inst->b), off, 0);
	}
}

static void emit_call(struct rs_emitter *e, const struct rs_inst *inst)
{
	const struct rs_ir_func *f = e->f;
	/* Where nobody has arguments there is no array. */
	const rs_reg *args = inst->n_args ? f->args + inst->args : NULL;
	int8_t to[RS_IR_ARGS_MAX], from[RS_IR_ARGS_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < inst->n_args; i++) {
		if (!rs_ir_in_register(f, args[i]))
			continue;
		to[n] = (int8_t)(i + 1);
		from[n++] = f->home[args[i]];
	}
	rs_emit_moves(e, to, from, n);
	for (unsigned i = 0; i < inst->n_args; i++)
		if (!rs_ir_in_register(f, args[i]))
			emit_value(e, i + 1, args[i]);
	if (inst->op == RS_INST_CALL_LOCAL)
		add_jump(e, (uint32_t)inst->imm, true);
	if (inst->op == RS_INST_CALL_KERNEL)
		add_fixup(e, RS_IR_FIXUP_KFUNC, 0, e->m->names[inst->imm]);
	rs_emit(e, BPF_CLASS_JMP | BPF_OP_CALL, 0,
		inst->op == RS_INST_CALL         ? BPF_CALL_HELPER
		: inst->op == RS_INST_CALL_LOCAL ? BPF_CALL_LOCAL
						 : BPF_CALL_KERNEL,
		0, inst->op == RS_INST_CALL ? inst->imm : 0);
	if (!inst->dst)
		return;
	if (f->spill[inst->dst])
		rs_emit_store_place(e, f->spill[inst->dst], 0);
	else
		rs_emit_move(e, home_of(e, inst->dst), 0);
}

static void emit_goto(struct rs_emitter *e, rs_label to)
{
	add_jump(e, to, false);
	rs_emit(e, BPF_CLASS_JMP | BPF_OP_JA, 0, 0, 0, 0);
}

static void emit_branch(struct rs_emitter *e, const struct rs_inst *inst,
			const struct rs_ir_block *block, rs_label behind)
{
	bool invert = block->succ[0] == behind && inst->sub != RS_IR_TEST;

	if (block->succ[0] == block->succ[1]) {
		if (block->succ[0] != behind)
			emit_goto(e, block->succ[0]);
		return;
	}
	add_jump(e, block->succ[invert], false);
	emit_jump_insn(e, inst, invert ? rs_ir_cond_invert(inst->sub) : inst->sub, 0);
	if (!invert && block->succ[1] != behind)
		emit_goto(e, block->succ[1]);
}

static void emit_return(struct rs_emitter *e, const struct rs_inst *inst)
{
	if (inst->flags & RS_INST_IMM)
		emit_const(e, 0, inst->imm);
	else
		emit_value(e, 0, inst->a);
	rs_emit(e, BPF_CLASS_JMP | BPF_OP_EXIT, 0, 0, 0, 0);
}

static void emit_simple(struct rs_emitter *e, const struct rs_inst *inst)
{
	unsigned dst = home_of(e, inst->dst);

	emit_value(e, dst, inst->a);
	if (inst->op == RS_INST_NEGATE)
		rs_emit(e, BPF_CLASS_ALU64 | BPF_OP_NEG, dst, 0, 0, 0);
	else
		rs_emit(e, BPF_CLASS_ALU | BPF_END_SWAP | BPF_OP_END, dst, 0, 0, 8 * inst->size);
}

static void emit_inst(struct rs_emitter *e, const struct rs_inst *inst,
		      const struct rs_ir_block *block, rs_label behind)
{
	switch (inst->op) {
	case RS_INST_NOP:
		break;
	case RS_INST_CONST:
	case RS_INST_SLOT:
	case RS_INST_MAP:
	case RS_INST_MAP_VALUE:
	case RS_INST_FUNC:
		emit_constant(e, inst);
		break;
	case RS_INST_COPY:
		emit_copy(e, inst);
		break;
	case RS_INST_ALU:
		emit_arithmetic(e, inst);
		break;
	case RS_INST_NEGATE:
	case RS_INST_SWAP:
		emit_simple(e, inst);
		break;
	case RS_INST_COMPARE:
		emit_compare(e, inst);
		break;
	case RS_INST_EXTEND:
		emit_extend(e, inst);
		break;
	case RS_INST_LOAD:
	case RS_INST_STORE:
	case RS_INST_ATOMIC:
		emit_memory(e, inst);
		break;
	case RS_INST_CALL:
	case RS_INST_CALL_KERNEL:
	case RS_INST_CALL_LOCAL:
		emit_call(e, inst);
		break;
	case RS_INST_JUMP:
		if (block->succ[0] != behind)
			emit_goto(e, block->succ[0]);
		break;
	case RS_INST_BRANCH:
		emit_branch(e, inst, block, behind);
		break;
	default:
		emit_return(e, inst);
		break;
	}
}

void rs_emit_block(struct rs_emitter *e, rs_label label)
{
	const struct rs_ir_block *block = &e->f->blocks[label];
	rs_label behind = label + 1 < e->f->n_blocks ? label + 1 : 0;

	for (uint32_t i = block->first; i < block->first + block->n; i++) {
		const struct rs_inst *inst = &e->f->insts[i];

		rs_emit_location(e, inst->location);
		emit_inst(e, inst, block, behind);
	}
}
