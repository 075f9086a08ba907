/* SPDX-License-Identifier: Apache-2.0 */
/* Shorter ways through a function. */
#include "ir/internal.h"

#define HOPS_MAX 16

/* The only instruction of a block, NULL: there are more. */
static const struct rs_inst *sole_inst(const struct rs_ir_func *f, rs_label label)
{
	const struct rs_ir_block *block = &f->blocks[label];

	for (uint32_t i = block->first; i + 1 < block->first + block->n; i++)
		if (f->insts[i].op != RS_INST_NOP)
			return NULL;
	return &f->insts[block->first + block->n - 1];
}

static rs_label destination(const struct rs_ir_func *f, rs_label label)
{
	for (unsigned i = 0; i < HOPS_MAX; i++) {
		const struct rs_inst *inst = sole_inst(f, label);

		if (!inst || inst->op != RS_INST_JUMP)
			break;
		label = f->blocks[label].succ[0];
	}
	return label;
}

/* A jump to a block that is only a branch or a return: that, instead. */
static bool pull_end(struct rs_ir_func *f, struct rs_ir_block *block, struct rs_inst *inst)
{
	const struct rs_ir_block *to = &f->blocks[block->succ[0]];
	const struct rs_inst *end = sole_inst(f, block->succ[0]);

	if (!end || end->op == RS_INST_JUMP || to == block)
		return false;
	*inst = *end;
	block->n_succ = to->n_succ;
	block->succ[0] = to->succ[0];
	block->succ[1] = to->succ[1];
	return true;
}

static bool simplify_block(struct rs_ir_func *f, struct rs_ir_block *block)
{
	struct rs_inst *inst = &f->insts[block->first + block->n - 1];
	bool changed = false;

	for (unsigned k = 0; k < block->n_succ; k++) {
		rs_label to = destination(f, block->succ[k]);

		changed |= to != block->succ[k];
		block->succ[k] = to;
	}
	if (inst->op == RS_INST_BRANCH && block->succ[0] == block->succ[1]) {
		*inst = (struct rs_inst){ .op = RS_INST_JUMP, .location = inst->location };
		block->n_succ = 1;
		changed = true;
	}
	if (inst->op == RS_INST_JUMP)
		changed |= pull_end(f, block, inst);
	return changed;
}

int rs_ir_simplify_flow(struct rs_ir_func *f)
{
	bool changed = false;
	int r;

	for (uint32_t i = 0; i < f->n_order; i++)
		changed |= simplify_block(f, &f->blocks[f->order[i]]);
	r = rs_ir_flow(f);
	return r < 0 ? r : changed;
}
