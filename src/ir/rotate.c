/* SPDX-License-Identifier: Apache-2.0 */
/* A loop that begins with its condition gets another copy of it at its end: one jump less each time. */
#include "ir/internal.h"

#define HEAD_MAX 6 /* instructions */

static uint32_t count_insts(const struct rs_ir_func *f, const struct rs_ir_block *block)
{
	uint32_t n = 0;

	for (uint32_t i = block->first; i < block->first + block->n; i++)
		n += f->insts[i].op != RS_INST_NOP;
	return n;
}

/* A copy of the block, behind all others. */
static rs_label copy_block(struct rs_ir_func *f, rs_label label)
{
	rs_label copy = rs_ir_block_new(f);
	struct rs_ir_block *to;

	if (!copy)
		return 0;
	to = &f->blocks[copy];
	*to = f->blocks[label];
	to->first = f->n_insts;
	to->n = 0;
	for (uint32_t i = 0; i < f->blocks[label].n; i++) {
		struct rs_inst inst = f->insts[f->blocks[label].first + i];
		struct rs_inst *out = rs_ir_append(f, inst.op);

		if (!out)
			return 0;
		*out = inst;
		to->n++;
	}
	return copy;
}

static bool is_short_head(const struct rs_ir_func *f, rs_label label)
{
	const struct rs_ir_block *block = &f->blocks[label];

	for (uint32_t i = block->first; i < block->first + block->n; i++)
		if (rs_inst_is_call(&f->insts[i])) /* its arguments are its own */
			return false;
	return f->insts[block->first + block->n - 1].op == RS_INST_BRANCH &&
	       block->succ[0] != label && block->succ[1] != label &&
	       count_insts(f, block) <= HEAD_MAX;
}

int rs_ir_rotate_loops(struct rs_ir_func *f)
{
	bool changed = false;
	int r;

	for (uint32_t i = 0; i < f->n_order; i++) {
		rs_label last = f->order[i], head = f->blocks[last].succ[0], copy;

		if (f->blocks[last].n_succ != 1 || f->blocks[head].order > f->blocks[last].order ||
		    !is_short_head(f, head))
			continue;
		copy = copy_block(f, head);
		if (!copy)
			return -ENOMEM;
		f->blocks[last].succ[0] = copy;
		changed = true;
	}
	r = changed ? rs_ir_flow(f) : 0;
	return r < 0 ? r : changed;
}
