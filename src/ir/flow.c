/* SPDX-License-Identifier: Apache-2.0 */
/* Which blocks can be reached, in which order, and from where. */
#include "ir/internal.h"

struct step { /* of the depth-first walk */
	rs_label block;
	uint32_t next; /* successor to look at */
};

/* Blocks in postorder, from the end of f->order to its beginning; those not met stay dead. */
static void walk(struct rs_ir_func *f, struct step *stack)
{
	uint32_t depth = 0, at = f->n_blocks;

	stack[depth++] = (struct step){ .block = f->entry };
	f->blocks[f->entry].dead = false;
	while (depth) {
		struct step *top = &stack[depth - 1];
		struct rs_ir_block *block = &f->blocks[top->block];
		rs_label next;

		if (top->next == block->n_succ) {
			f->order[--at] = top->block;
			depth--;
			continue;
		}
		/* the last one looked at stands right behind this block */
		next = block->succ[top->next++];
		if (!f->blocks[next].dead)
			continue;
		f->blocks[next].dead = false;
		stack[depth++] = (struct step){ .block = next };
	}
	f->n_order = f->n_blocks - at;
	memmove(f->order, f->order + at, f->n_order * sizeof(*f->order));
	for (uint32_t i = 0; i < f->n_order; i++)
		f->blocks[f->order[i]].order = i;
}

static int find_preds(struct rs_ir_func *f)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->n_order; i++) {
		struct rs_ir_block *block = &f->blocks[f->order[i]];

		for (unsigned k = 0; k < block->n_succ; k++)
			f->blocks[block->succ[k]].n_preds++;
		n += block->n_succ;
	}
	f->preds = rs_arena_alloc_array(f->module->arena, n, sizeof(*f->preds));
	if (!f->preds)
		return -ENOMEM;
	n = 0;
	for (uint32_t i = 0; i < f->n_order; i++) {
		struct rs_ir_block *block = &f->blocks[f->order[i]];

		block->preds = n;
		n += block->n_preds;
		block->n_preds = 0;
	}
	for (uint32_t i = 0; i < f->n_order; i++) {
		struct rs_ir_block *block = &f->blocks[f->order[i]];

		for (unsigned k = 0; k < block->n_succ; k++) {
			struct rs_ir_block *to = &f->blocks[block->succ[k]];

			f->preds[to->preds + to->n_preds++] = f->order[i];
		}
	}
	return 0;
}

int rs_ir_flow(struct rs_ir_func *f)
{
	struct step *stack = rs_arena_alloc_array(f->module->arena, f->n_blocks, sizeof(*stack));

	f->order = rs_arena_alloc_array(f->module->arena, f->n_blocks, sizeof(*f->order));
	if (!stack || !f->order)
		return -ENOMEM;
	for (rs_label i = 1; i < f->n_blocks; i++) {
		f->blocks[i].dead = true;
		f->blocks[i].n_preds = 0;
	}
	walk(f, stack);
	return find_preds(f);
}
