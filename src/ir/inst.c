/* SPDX-License-Identifier: Apache-2.0 */
/* What instructions read, do and mean. */
#include "ir/internal.h"

unsigned rs_inst_uses(const struct rs_ir_func *f, struct rs_inst *inst,
		      rs_reg *ret_uses[static RS_IR_ARGS_MAX])
{
	unsigned n = 0;

	if (rs_inst_is_call(inst)) {
		for (; n < inst->n_args; n++)
			ret_uses[n] = &f->args[inst->args + n];
		return n;
	}
	if (inst->a)
		ret_uses[n++] = &inst->a;
	if (inst->b)
		ret_uses[n++] = &inst->b;
	return n;
}

bool rs_inst_removable(const struct rs_inst *inst)
{
	if (inst->op == RS_INST_CALL)
		return inst->flags & RS_INST_PURE;
	return inst->op <= RS_INST_LOAD;
}

enum rs_ir_cond rs_ir_cond_mirror(enum rs_ir_cond cond)
{
	static const uint8_t mirrored[RS_IR_COND_COUNT] = {
		[RS_IR_EQ] = RS_IR_EQ,   [RS_IR_NE] = RS_IR_NE,     [RS_IR_LT] = RS_IR_GT,
		[RS_IR_LE] = RS_IR_GE,   [RS_IR_GT] = RS_IR_LT,     [RS_IR_GE] = RS_IR_LE,
		[RS_IR_SLT] = RS_IR_SGT, [RS_IR_SLE] = RS_IR_SGE,   [RS_IR_SGT] = RS_IR_SLT,
		[RS_IR_SGE] = RS_IR_SLE, [RS_IR_TEST] = RS_IR_TEST,
	};

	return mirrored[cond];
}

enum rs_ir_cond rs_ir_cond_invert(enum rs_ir_cond cond)
{
	static const uint8_t inverted[RS_IR_COND_COUNT] = {
		[RS_IR_EQ] = RS_IR_NE,   [RS_IR_NE] = RS_IR_EQ,     [RS_IR_LT] = RS_IR_GE,
		[RS_IR_LE] = RS_IR_GT,   [RS_IR_GT] = RS_IR_LE,     [RS_IR_GE] = RS_IR_LT,
		[RS_IR_SLT] = RS_IR_SGE, [RS_IR_SLE] = RS_IR_SGT,   [RS_IR_SGT] = RS_IR_SLE,
		[RS_IR_SGE] = RS_IR_SLT, [RS_IR_TEST] = RS_IR_TEST,
	};

	return inverted[cond];
}

uint64_t rs_ir_evaluate(enum rs_ir_op op, uint64_t a, uint64_t b)
{
	switch (op) {
	case RS_IR_ADD:
		return a + b;
	case RS_IR_SUB:
		return a - b;
	case RS_IR_MUL:
		return a * b;
	case RS_IR_DIV:
		return b ? a / b : 0;
	case RS_IR_MOD:
		return b ? a % b : a;
	case RS_IR_AND:
		return a & b;
	case RS_IR_OR:
		return a | b;
	case RS_IR_XOR:
		return a ^ b;
	case RS_IR_SHL:
		return a << (b & 63);
	case RS_IR_SHR:
		return a >> (b & 63);
	case RS_IR_SAR:
		return (uint64_t)((int64_t)a >> (b & 63));
	case RS_IR_OP_COUNT:
		break;
	}
	return 0;
}

bool rs_ir_holds(enum rs_ir_cond cond, uint64_t a, uint64_t b)
{
	int64_t sa = (int64_t)a, sb = (int64_t)b;

	switch (cond) {
	case RS_IR_EQ:
		return a == b;
	case RS_IR_NE:
		return a != b;
	case RS_IR_LT:
		return a < b;
	case RS_IR_LE:
		return a <= b;
	case RS_IR_GT:
		return a > b;
	case RS_IR_GE:
		return a >= b;
	case RS_IR_SLT:
		return sa < sb;
	case RS_IR_SLE:
		return sa <= sb;
	case RS_IR_SGT:
		return sa > sb;
	case RS_IR_SGE:
		return sa >= sb;
	case RS_IR_TEST:
		return a & b;
	case RS_IR_COND_COUNT:
		break;
	}
	return false;
}

uint64_t rs_ir_extended(uint64_t v, unsigned size, bool is_signed)
{
	unsigned unused = 64 - 8 * size;

	v <<= unused;
	return is_signed ? (uint64_t)((int64_t)v >> unused) : v >> unused;
}

uint64_t rs_ir_swapped(uint64_t v, unsigned size)
{
	return __builtin_bswap64(v) >> (64 - 8 * size);
}
