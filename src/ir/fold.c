/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions made simpler by what is known of their operands. An operand is replaced by what it was
 * computed from only if nobody else reads it: else nothing is saved, and what a branch found out about
 * it would not be known of the other.
 */
#include "ir/value.h"

static bool is_const(const struct rs_values *v, rs_reg reg, int64_t *ret_value)
{
	const struct rs_inst *def = reg ? rs_values_def(v, reg) : NULL;

	if (!def || def->op != RS_INST_CONST)
		return false;
	*ret_value = def->imm;
	return true;
}

/* How the operand was computed, if that can take its place. */
static const struct rs_inst *maker(const struct rs_values *v, rs_reg reg, enum rs_inst_op op)
{
	const struct rs_inst *def = reg ? rs_values_def(v, reg) : NULL;

	return def && def->op == op && rs_values_stand(v, def) ? def : NULL;
}

static const struct rs_inst *sole_maker(const struct rs_values *v, rs_reg reg, enum rs_inst_op op)
{
	return reg && v->of[reg].uses == 1 ? maker(v, reg, op) : NULL;
}

static const struct rs_inst *sole_alu(const struct rs_values *v, rs_reg reg, enum rs_ir_op op)
{
	const struct rs_inst *def = sole_maker(v, reg, RS_INST_ALU);

	return def && def->sub == op && def->flags & RS_INST_IMM ? def : NULL;
}

static void become(struct rs_values *v, struct rs_inst *inst, enum rs_inst_op op)
{
	inst->op = op;
	inst->sub = inst->size = inst->flags = 0;
	inst->imm = 0;
	inst->off = 0;
	if (inst->b)
		rs_values_set(v, &inst->b, 0);
}

static void become_const(struct rs_values *v, struct rs_inst *inst, int64_t value)
{
	become(v, inst, RS_INST_CONST);
	if (inst->a)
		rs_values_set(v, &inst->a, 0);
	inst->imm = value;
}

static void become_copy(struct rs_values *v, struct rs_inst *inst, rs_reg a)
{
	become(v, inst, RS_INST_COPY);
	if (inst->a != a)
		rs_values_set(v, &inst->a, a);
}

static void become_extend(struct rs_values *v, struct rs_inst *inst, unsigned size, bool is_signed)
{
	become(v, inst, RS_INST_EXTEND);
	inst->size = (uint8_t)size;
	inst->flags = is_signed ? RS_INST_SIGNED : 0;
}

static void become_alu(struct rs_values *v, struct rs_inst *inst, enum rs_ir_op op, int64_t imm)
{
	if (inst->op == RS_INST_ALU && inst->sub == op && inst->imm == imm && !inst->b)
		return;
	become(v, inst, RS_INST_ALU);
	inst->sub = op;
	inst->flags = RS_INST_IMM;
	inst->imm = imm;
}

/* (a cond b) << n */
static void become_compare(struct rs_values *v, struct rs_inst *inst, const struct rs_inst *from,
			   int64_t n)
{
	become(v, inst, RS_INST_COMPARE);
	rs_values_set(v, &inst->a, from->a);
	if (from->b)
		rs_values_set(v, &inst->b, from->b);
	inst->sub = from->sub;
	inst->flags = from->flags;
	inst->imm = from->imm;
	inst->off = (int32_t)(from->off + n);
}

/* A constant b becomes a number. */
static void constant_b(struct rs_values *v, struct rs_inst *inst)
{
	int64_t value;

	if (!inst->b || !is_const(v, inst->b, &value))
		return;
	rs_values_set(v, &inst->b, 0);
	inst->flags |= RS_INST_IMM;
	inst->imm = value;
}

static void swap_operands(struct rs_inst *inst)
{
	rs_reg a = inst->a;

	inst->a = inst->b;
	inst->b = a;
}

static bool is_power(int64_t value)
{
	return value > 0 && !(value & (value - 1));
}

static unsigned bits_of(uint64_t value)
{
	return value ? 64 - (unsigned)__builtin_clzll(value) : 0;
}

/* ---- arithmetic ---- */

static void fold_shift(struct rs_values *v, struct rs_inst *inst)
{
	const struct rs_inst *def;
	int64_t n = inst->imm &= 63;

	if (!n) {
		become_copy(v, inst, inst->a);
		return;
	}
	def = sole_maker(v, inst->a, RS_INST_COMPARE);
	if (def && inst->sub == RS_IR_SHL && def->off + n < 31) {
		become_compare(v, inst, def, n);
		return;
	}
	def = sole_alu(v, inst->a, inst->sub);
	if (def && (inst->sub == RS_IR_SAR || def->imm + n < 64)) {
		inst->imm = MIN(def->imm + n, 63);
		rs_values_set(v, &inst->a, def->a);
		return;
	}
	def = sole_alu(v, inst->a, inst->sub == RS_IR_SHL ? RS_IR_SHR : RS_IR_SHL);
	if (!def || def->imm != n)
		return;
	if (inst->sub == RS_IR_SHL && n < 32) {
		rs_values_set(v, &inst->a, def->a);
		become_alu(v, inst, RS_IR_AND, -(INT64_C(1) << n));
	} else if (inst->sub == RS_IR_SHR && n > 32) {
		rs_values_set(v, &inst->a, def->a);
		become_alu(v, inst, RS_IR_AND, (INT64_C(1) << (64 - n)) - 1);
	} else if (inst->sub != RS_IR_SHL &&
		   (n == 32 || (inst->sub == RS_IR_SAR && (n == 48 || n == 56)))) {
		rs_values_set(v, &inst->a, def->a);
		become_extend(v, inst, (64 - (unsigned)n) / 8, inst->sub == RS_IR_SAR);
	}
}

static void fold_and(struct rs_values *v, struct rs_inst *inst)
{
	const struct rs_inst *def;
	unsigned bits;
	uint64_t low;

	if (!inst->imm) {
		become_const(v, inst, 0);
		return;
	}
	if (inst->imm > 0 && (def = sole_maker(v, inst->a, RS_INST_EXTEND)) &&
	    bits_of((uint64_t)inst->imm) <= 8u * def->size)
		rs_values_set(v, &inst->a, def->a);
	if ((def = sole_alu(v, inst->a, RS_IR_AND))) {
		inst->imm &= def->imm;
		rs_values_set(v, &inst->a, def->a);
	}
	bits = v->of[inst->a].width.bits;
	low = bits < 64 ? (UINT64_C(1) << bits) - 1 : UINT64_MAX;
	if (((uint64_t)inst->imm & low) == low)
		become_copy(v, inst, inst->a);
	else if (inst->imm == UINT32_MAX)
		become_extend(v, inst, 4, false);
}

/* Known addresses stay so. */
static bool fold_address(struct rs_values *v, struct rs_inst *inst)
{
	const struct rs_inst *def = rs_values_def(v, inst->a);
	int64_t off;

	if (!def || (def->op != RS_INST_SLOT && def->op != RS_INST_MAP_VALUE))
		return false;
	off = def->off + inst->imm;
	if (def->op == RS_INST_SLOT ? off < -RS_IR_FRAME_MAX || off > 0
				    : off < 0 || off > INT32_MAX)
		return false;
	become(v, inst, def->op);
	inst->off = (int32_t)off;
	inst->imm = def->imm;
	rs_values_set(v, &inst->a, 0);
	return true;
}

static void fold_add(struct rs_values *v, struct rs_inst *inst)
{
	const struct rs_inst *def = sole_alu(v, inst->a, RS_IR_ADD);

	if (def && !__builtin_add_overflow(def->imm, inst->imm, &(int64_t){ 0 })) {
		inst->imm += def->imm;
		rs_values_set(v, &inst->a, def->a);
	}
	if (!inst->imm)
		become_copy(v, inst, inst->a);
	else
		fold_address(v, inst);
}

static void fold_multiply(struct rs_values *v, struct rs_inst *inst)
{
	if (!inst->imm)
		become_const(v, inst, 0);
	else if (inst->imm == 1)
		become_copy(v, inst, inst->a);
	else if (inst->imm == -1)
		become(v, inst, RS_INST_NEGATE);
	else if (is_power(inst->imm))
		become_alu(v, inst, RS_IR_SHL, __builtin_ctzll((uint64_t)inst->imm));
}

static void fold_divide(struct rs_values *v, struct rs_inst *inst)
{
	if (!inst->imm)
		become_const(v, inst, 0);
	else if (inst->imm == 1)
		become_copy(v, inst, inst->a);
	else if (is_power(inst->imm))
		become_alu(v, inst, RS_IR_SHR, __builtin_ctzll((uint64_t)inst->imm));
}

static void fold_modulo(struct rs_values *v, struct rs_inst *inst)
{
	if (!inst->imm) {
		become_copy(v, inst, inst->a);
	} else if (is_power(inst->imm)) {
		become_alu(v, inst, RS_IR_AND, inst->imm - 1);
		fold_and(v, inst);
	}
}

static void fold_or(struct rs_values *v, struct rs_inst *inst)
{
	const struct rs_inst *def = sole_alu(v, inst->a, inst->sub);

	if (def) {
		inst->imm = inst->sub == RS_IR_OR ? inst->imm | def->imm : inst->imm ^ def->imm;
		rs_values_set(v, &inst->a, def->a);
	}
	if (!inst->imm)
		become_copy(v, inst, inst->a);
	else if (inst->sub == RS_IR_OR && inst->imm == -1)
		become_const(v, inst, -1);
}

static void fold_alu_number(struct rs_values *v, struct rs_inst *inst)
{
	if (inst->sub == RS_IR_SUB)
		become_alu(v, inst, RS_IR_ADD, (int64_t) - (uint64_t)inst->imm);
	switch (inst->sub) {
	case RS_IR_ADD:
		fold_add(v, inst);
		break;
	case RS_IR_MUL:
		fold_multiply(v, inst);
		break;
	case RS_IR_DIV:
		fold_divide(v, inst);
		break;
	case RS_IR_MOD:
		fold_modulo(v, inst);
		break;
	case RS_IR_AND:
		fold_and(v, inst);
		break;
	case RS_IR_OR:
	case RS_IR_XOR:
		fold_or(v, inst);
		break;
	default:
		fold_shift(v, inst);
		break;
	}
}

static void fold_alu(struct rs_values *v, struct rs_inst *inst)
{
	int64_t a;

	if (inst->b && is_const(v, inst->a, &a) && rs_ir_commutes(inst->sub))
		swap_operands(inst);
	constant_b(v, inst);
	if (inst->flags & RS_INST_IMM) {
		if (is_const(v, inst->a, &a))
			become_const(v, inst,
				     (int64_t)rs_ir_evaluate(inst->sub, (uint64_t)a,
							     (uint64_t)inst->imm));
		else
			fold_alu_number(v, inst);
	} else if (inst->a == inst->b) {
		if (inst->sub == RS_IR_SUB || inst->sub == RS_IR_XOR)
			become_const(v, inst, 0);
		else if (inst->sub == RS_IR_AND || inst->sub == RS_IR_OR)
			become_copy(v, inst, inst->a);
	}
}

/* ---- widths ---- */

static void fold_extend(struct rs_values *v, struct rs_inst *inst)
{
	bool is_signed = inst->flags & RS_INST_SIGNED;
	unsigned bits = 8u * inst->size;
	const struct rs_inst *def;
	struct rs_inst *load;
	int64_t a;

	if (is_const(v, inst->a, &a)) {
		become_const(v, inst, (int64_t)rs_ir_extended((uint64_t)a, inst->size, is_signed));
		return;
	}
	if ((def = sole_maker(v, inst->a, RS_INST_EXTEND)) && def->size >= inst->size)
		rs_values_set(v, &inst->a, def->a);
	if (is_signed ? v->of[inst->a].width.sbits <= bits : v->of[inst->a].width.bits <= bits) {
		become_copy(v, inst, inst->a);
		return;
	}
	/* who alone wants the zero-extension of a load can have it from the load */
	load = v->of[inst->a].uses == 1 ? rs_values_def(v, inst->a) : NULL;
	if (load && load->op == RS_INST_LOAD && !is_signed && load->size == inst->size) {
		load->flags &= (uint8_t)~RS_INST_SIGNED;
		v->of[inst->a].width = rs_ir_width(v, load);
		become_copy(v, inst, inst->a);
	} else if (!is_signed && inst->size < 4) {
		become_alu(v, inst, RS_IR_AND, (1 << bits) - 1);
		fold_and(v, inst);
	}
}

static struct rs_width at_most(unsigned bits)
{
	return (struct rs_width){ (uint8_t)MIN(bits, 64u), (uint8_t)MIN(bits + 1, 64u) };
}

static struct rs_width width_alu(const struct rs_values *v, const struct rs_inst *inst)
{
	struct rs_width a = v->of[inst->a].width, b = inst->b ? v->of[inst->b].width : a;
	bool number = inst->flags & RS_INST_IMM;

	if (number)
		b = at_most(bits_of((uint64_t)inst->imm));
	switch (inst->sub) {
	case RS_IR_AND:
		return at_most(MIN(a.bits, b.bits));
	case RS_IR_OR:
	case RS_IR_XOR:
		return at_most(MAX(a.bits, b.bits));
	case RS_IR_SHR:
		return at_most(!number              ? a.bits
			       : a.bits > inst->imm ? a.bits - (unsigned)inst->imm
						    : 0);
	case RS_IR_SHL:
		return at_most(number ? a.bits + (unsigned)inst->imm : 64);
	default: /* the verifier does not follow divisions, so neither do we */
		return at_most(64);
	}
}

struct rs_width rs_ir_width(const struct rs_values *v, const struct rs_inst *inst)
{
	unsigned bits = 8u * inst->size;

	switch (inst->op) {
	case RS_INST_CONST:
		if (inst->imm >= 0)
			return at_most(bits_of((uint64_t)inst->imm));
		return (struct rs_width){ 64, (uint8_t)(bits_of(~(uint64_t)inst->imm) + 1) };
	case RS_INST_COPY:
		return v->of[inst->a].width;
	case RS_INST_COMPARE:
		return at_most(1 + (unsigned)inst->off);
	case RS_INST_EXTEND:
	case RS_INST_LOAD:
		if (inst->flags & RS_INST_SIGNED)
			return (struct rs_width){ 64, (uint8_t)bits };
		return at_most(bits);
	case RS_INST_SWAP:
		return at_most(bits);
	case RS_INST_ALU:
		return width_alu(v, inst);
	default:
		return at_most(64);
	}
}

/* ---- conditions ---- */

/* Comparisons with the ends of the unsigned numbers are equalities. */
static void simplify_bound(struct rs_inst *inst)
{
	if (inst->imm == 1 && (inst->sub == RS_IR_LT || inst->sub == RS_IR_GE)) {
		inst->sub = inst->sub == RS_IR_LT ? RS_IR_EQ : RS_IR_NE;
		inst->imm = 0;
	} else if (!inst->imm && (inst->sub == RS_IR_GT || inst->sub == RS_IR_LE)) {
		inst->sub = inst->sub == RS_IR_LE ? RS_IR_EQ : RS_IR_NE;
	} else if (inst->imm == -1 && inst->sub == RS_IR_TEST) {
		inst->sub = RS_IR_NE;
		inst->imm = 0;
	}
}

/* By the width of a: 1 or 0, -1: not known. */
static int decide_by_width(const struct rs_inst *inst, unsigned bits)
{
	uint64_t most = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
	uint64_t b = (uint64_t)inst->imm;

	switch (inst->sub) {
	case RS_IR_EQ:
		return b > most ? 0 : -1;
	case RS_IR_NE:
		return b > most ? 1 : -1;
	case RS_IR_LT:
		return b > most ? 1 : b ? -1 : 0;
	case RS_IR_GE:
		return b > most ? 0 : b ? -1 : 1;
	case RS_IR_LE:
		return b >= most ? 1 : -1;
	case RS_IR_GT:
		return b >= most ? 0 : -1;
	case RS_IR_TEST:
		return b & most ? -1 : 0;
	default:
		return -1;
	}
}

/* Makes it simpler. 1 or 0 where the outcome is certain, else -1. */
static int fold_condition(struct rs_values *v, struct rs_inst *inst)
{
	int64_t a;

	if (inst->b && is_const(v, inst->a, &a)) {
		swap_operands(inst);
		inst->sub = (uint8_t)rs_ir_cond_mirror(inst->sub);
	}
	constant_b(v, inst);
	if (inst->a == inst->b) {
		if (inst->sub != RS_IR_TEST)
			return rs_ir_holds(inst->sub, 0, 0);
		inst->sub = RS_IR_NE;
		rs_values_set(v, &inst->b, 0);
		inst->flags |= RS_INST_IMM;
		inst->imm = 0;
	}
	if (!(inst->flags & RS_INST_IMM))
		return -1;
	if (is_const(v, inst->a, &a))
		return rs_ir_holds(inst->sub, (uint64_t)a, (uint64_t)inst->imm);
	simplify_bound(inst);
	if (v->of[inst->a].width.bits <= 1 && inst->imm == 1 &&
	    (inst->sub == RS_IR_EQ || inst->sub == RS_IR_NE)) {
		inst->sub = inst->sub == RS_IR_EQ ? RS_IR_NE : RS_IR_EQ;
		inst->imm = 0;
	}
	return decide_by_width(inst, v->of[inst->a].width.bits);
}

static bool is_truth(const struct rs_inst *inst, enum rs_ir_cond cond)
{
	return inst->flags & RS_INST_IMM && !inst->imm && inst->sub == cond;
}

/* The condition of another instruction in place of this one's. */
static void take_condition(struct rs_values *v, struct rs_inst *inst, const struct rs_inst *from,
			   enum rs_ir_cond cond)
{
	rs_values_set(v, &inst->a, from->a);
	if (from->b)
		rs_values_set(v, &inst->b, from->b);
	inst->flags = from->flags;
	inst->imm = from->imm;
	inst->sub = (uint8_t)cond;
}

static void fold_compare(struct rs_values *v, struct rs_inst *inst)
{
	const struct rs_inst *def;
	int outcome = fold_condition(v, inst);

	if (outcome >= 0) {
		become_const(v, inst, (int64_t)outcome << inst->off);
		return;
	}
	if (is_truth(inst, RS_IR_NE) && !inst->off && v->of[inst->a].width.bits <= 1)
		become_copy(v, inst, inst->a);
	else if (is_truth(inst, RS_IR_EQ) && (def = sole_maker(v, inst->a, RS_INST_COMPARE)) &&
		 def->sub != RS_IR_TEST)
		take_condition(v, inst, def, rs_ir_cond_invert(def->sub));
	else if (is_truth(inst, RS_IR_NE) && (def = sole_maker(v, inst->a, RS_INST_ALU)) &&
		 def->sub == RS_IR_AND)
		take_condition(v, inst, def, RS_IR_TEST);
}

static bool in_block(const struct rs_values *v, const struct rs_inst *inst)
{
	const struct rs_inst *first = v->f->insts + v->block->first;

	return inst >= first && inst < first + v->block->n;
}

/* The comparison whose outcome a branch looks at, or the masking. */
static bool take_over(struct rs_values *v, struct rs_inst *inst, struct rs_ir_block *block)
{
	bool inverse = is_truth(inst, RS_IR_EQ);
	const struct rs_inst *def;
	enum rs_ir_cond cond;

	if (!inverse && !is_truth(inst, RS_IR_NE))
		return false;
	def = maker(v, inst->a, RS_INST_COMPARE);
	if (def && (v->of[inst->a].uses == 1 || in_block(v, def))) {
		cond = def->sub;
	} else {
		def = sole_maker(v, inst->a, RS_INST_ALU);
		if (!def || def->sub != RS_IR_AND)
			return false;
		cond = RS_IR_TEST;
	}
	take_condition(v, inst, def, cond);
	if (inverse) {
		rs_label yes = block->succ[0];

		block->succ[0] = block->succ[1];
		block->succ[1] = yes;
	}
	return true;
}

void rs_ir_fold_branch(struct rs_values *v, struct rs_inst *inst, struct rs_ir_block *block)
{
	int outcome = fold_condition(v, inst);

	while (outcome < 0 && take_over(v, inst, block))
		outcome = fold_condition(v, inst);
	if (outcome < 0 && block->succ[0] != block->succ[1])
		return;
	block->succ[0] = block->succ[outcome < 0 ? 0 : !outcome];
	block->n_succ = 1;
	v->decided = true;
	become(v, inst, RS_INST_JUMP);
	rs_values_set(v, &inst->a, 0);
}

/* ---- the rest ---- */

/* A constant distance belongs into the instruction. */
static void fold_base(struct rs_values *v, struct rs_inst *inst)
{
	const struct rs_inst *def;

	while ((def = maker(v, inst->a, RS_INST_ALU)) && def->sub == RS_IR_ADD &&
	       def->flags & RS_INST_IMM) {
		int64_t off;

		if (__builtin_add_overflow(inst->off, def->imm, &off) || off != (int16_t)off)
			return;
		inst->off = (int32_t)off;
		rs_values_set(v, &inst->a, def->a);
	}
}

/* Bytes that are not stored need not be cleared before. */
static void fold_stored(struct rs_values *v, struct rs_inst *inst)
{
	const struct rs_inst *def;
	int64_t b, low = inst->size < 8 ? (INT64_C(1) << 8 * inst->size) - 1 : -1;

	if (!inst->b)
		return;
	if (is_const(v, inst->b, &b) && (rs_ir_fits(b) || inst->size < 8))
		constant_b(v, inst);
	else if ((def = sole_maker(v, inst->b, RS_INST_EXTEND)) && def->size >= inst->size)
		rs_values_set(v, &inst->b, def->a);
	else if ((def = sole_alu(v, inst->b, RS_IR_AND)) && (def->imm & low) == low)
		rs_values_set(v, &inst->b, def->a);
}

void rs_ir_fold(struct rs_values *v, struct rs_inst *inst)
{
	int64_t a;

	switch (inst->op) {
	case RS_INST_COPY:
		if (is_const(v, inst->a, &a))
			become_const(v, inst, a);
		break;
	case RS_INST_ALU:
		fold_alu(v, inst);
		break;
	case RS_INST_NEGATE:
		if (is_const(v, inst->a, &a))
			become_const(v, inst, (int64_t) - (uint64_t)a);
		break;
	case RS_INST_COMPARE:
		fold_compare(v, inst);
		break;
	case RS_INST_EXTEND:
		fold_extend(v, inst);
		break;
	case RS_INST_SWAP:
		if (is_const(v, inst->a, &a))
			become_const(v, inst, (int64_t)rs_ir_swapped((uint64_t)a, inst->size));
		break;
	case RS_INST_STORE:
		fold_stored(v, inst);
		fold_base(v, inst);
		break;
	case RS_INST_LOAD:
	case RS_INST_ATOMIC:
		fold_base(v, inst);
		break;
	case RS_INST_RETURN:
		if (inst->a && is_const(v, inst->a, &a)) {
			rs_values_set(v, &inst->a, 0);
			inst->flags = RS_INST_IMM;
			inst->imm = a;
		}
		break;
	default:
		break;
	}
}
