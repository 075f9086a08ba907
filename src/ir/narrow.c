/* SPDX-License-Identifier: Apache-2.0 */
/* Comparisons of values that are only extended for that: BPF compares the low 32 bits itself. */
#include "ir/internal.h"

struct narrowing {
	struct rs_ir_func *f;
	const struct rs_inst **def; /* of registers with one definition */
	uint32_t *n_defs, *n_uses;
};

static int count(struct narrowing *n)
{
	struct rs_ir_func *f = n->f;
	struct rs_arena *arena = f->module->arena;

	n->def = rs_arena_alloc_array(arena, f->n_regs, sizeof(*n->def));
	n->n_defs = rs_arena_alloc_array(arena, f->n_regs, sizeof(*n->n_defs));
	n->n_uses = rs_arena_alloc_array(arena, f->n_regs, sizeof(*n->n_uses));
	if (!n->def || !n->n_defs || !n->n_uses)
		return -ENOMEM;
	for (rs_reg reg = 1; reg <= f->n_params; reg++)
		n->n_defs[reg] = 1;
	for (uint32_t i = 0; i < f->n_insts; i++) {
		rs_reg *uses[RS_IR_ARGS_MAX];
		unsigned k = rs_inst_uses(f, &f->insts[i], uses);

		while (k)
			n->n_uses[*uses[--k]]++;
		n->n_defs[f->insts[i].dst]++;
		n->def[f->insts[i].dst] = &f->insts[i];
	}
	return 0;
}

/* The extension that made the register, if nobody else wants it. */
static const struct rs_inst *extension(const struct narrowing *n, rs_reg reg, bool is_signed)
{
	const struct rs_inst *def = n->n_defs[reg] == 1 && n->n_uses[reg] == 1 ? n->def[reg] : NULL;

	if (!def || def->op != RS_INST_EXTEND || def->size != 4 || n->n_defs[def->a] != 1 ||
	    !(def->flags & RS_INST_SIGNED) != !is_signed)
		return NULL;
	return def;
}

static bool number_fits(int64_t imm, bool is_signed)
{
	return is_signed ? imm == (int32_t)imm : imm >= 0 && imm <= UINT32_MAX;
}

static bool narrow(const struct narrowing *n, struct rs_inst *inst, bool is_signed)
{
	bool orders = inst->sub >= RS_IR_LT && inst->sub <= RS_IR_SGE;
	const struct rs_inst *a = extension(n, inst->a, is_signed), *b = NULL;

	if (!a || (orders && is_signed != (inst->sub >= RS_IR_SLT)) ||
	    (is_signed && inst->sub == RS_IR_TEST))
		return false;
	if (!(inst->flags & RS_INST_IMM))
		b = extension(n, inst->b, is_signed);
	else if (!number_fits(inst->imm, is_signed))
		return false;
	if (!(inst->flags & RS_INST_IMM) && !b)
		return false;
	inst->a = a->a;
	inst->b = b ? b->a : 0;
	inst->flags |= RS_INST_WIDE32;
	return true;
}

int rs_ir_narrow(struct rs_ir_func *f)
{
	struct narrowing n = { .f = f };
	bool changed = false;

	if (count(&n) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < f->n_insts; i++) {
		struct rs_inst *inst = &f->insts[i];

		if (inst->op == RS_INST_BRANCH || inst->op == RS_INST_COMPARE)
			changed |= narrow(&n, inst, false) || narrow(&n, inst, true);
	}
	return changed;
}
