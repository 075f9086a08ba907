/* SPDX-License-Identifier: Apache-2.0 */
/* Dominators, after Cooper, Harvey and Kennedy ("A Simple, Fast Dominance Algorithm", 2001). */
#include "ir/value.h"

static rs_label intersect(const struct rs_ir_func *f, const rs_label *idom, rs_label a, rs_label b)
{
	while (a != b) {
		while (f->blocks[a].order > f->blocks[b].order)
			a = idom[a];
		while (f->blocks[b].order > f->blocks[a].order)
			b = idom[b];
	}
	return a;
}

static bool improve(const struct rs_ir_func *f, rs_label *idom, rs_label label)
{
	const struct rs_ir_block *block = &f->blocks[label];
	rs_label best = 0;

	for (uint32_t i = 0; i < block->n_preds; i++) {
		rs_label pred = f->preds[block->preds + i];

		if (idom[pred])
			best = best ? intersect(f, idom, best, pred) : pred;
	}
	if (idom[label] == best)
		return false;
	idom[label] = best;
	return true;
}

rs_label *rs_ir_dominators(struct rs_ir_func *f)
{
	rs_label *idom = rs_arena_alloc_array(f->module->arena, f->n_blocks, sizeof(*idom));
	bool changed = idom;

	if (idom)
		idom[f->entry] = f->entry;
	while (changed) {
		changed = false;
		for (uint32_t i = 1; i < f->n_order; i++)
			changed |= improve(f, idom, f->order[i]);
	}
	if (idom)
		idom[f->entry] = 0;
	return idom;
}
