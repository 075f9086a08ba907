/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of blocks: what follows usually stands behind what it follows, loops stay together, and
 * what rarely runs comes last.
 */
#include "ir/internal.h"

#define DEPTH_MAX 6

struct placing {
	struct rs_ir_func *f;
	rs_label *out;
	uint32_t n;
	bool *placed;
};

/* Only reached from blocks that rarely run: rarely runs. */
static void spread_cold(struct rs_ir_func *f)
{
	for (uint32_t i = 1; i < f->n_order; i++) {
		struct rs_ir_block *block = &f->blocks[f->order[i]];
		bool cold = true;

		for (uint32_t k = 0; k < block->n_preds && cold; k++)
			cold = f->blocks[f->preds[block->preds + k]].cold;
		block->cold |= cold;
	}
}

/* The blocks from which the loop's last one is reached without passing its head. */
static uint32_t deepen_loop(struct rs_ir_func *f, rs_label head, rs_label last, rs_label *seen,
			    rs_label *todo, rs_label mark)
{
	uint32_t n = 0, work = 0;

	if (seen[head] != mark)
		f->blocks[head].depth++;
	seen[head] = mark;
	if (seen[last] != mark)
		todo[n++] = last;
	seen[last] = mark;
	while (n) {
		struct rs_ir_block *block = &f->blocks[todo[--n]];

		block->depth++;
		work++;
		for (uint32_t i = 0; i < block->n_preds; i++) {
			rs_label pred = f->preds[block->preds + i];

			if (seen[pred] == mark)
				continue;
			seen[pred] = mark;
			todo[n++] = pred;
		}
	}
	return work;
}

static int find_loops(struct rs_ir_func *f)
{
	struct rs_arena *arena = f->module->arena;
	rs_label *seen = rs_arena_alloc_array(arena, f->n_blocks, sizeof(*seen));
	rs_label *todo = rs_arena_alloc_array(arena, f->n_blocks, sizeof(*todo));
	uint32_t left = 16 * f->n_blocks; /* deep nests are only guessed at */

	if (!seen || !todo)
		return -ENOMEM;
	for (uint32_t i = 0; i < f->n_order; i++)
		f->blocks[f->order[i]].depth = 0;
	for (uint32_t i = f->n_order; i-- > 0;) {
		rs_label head = f->order[i];
		const struct rs_ir_block *block = &f->blocks[head];

		for (uint32_t k = 0; k < block->n_preds && left; k++) {
			rs_label pred = f->preds[block->preds + k];

			if (f->blocks[pred].order >= block->order)
				left -= MIN(left, deepen_loop(f, head, pred, seen, todo, head));
		}
	}
	return 0;
}

/* All that runs before it, as far as that often happens, has its place. */
static bool is_ready(const struct placing *p, rs_label label)
{
	const struct rs_ir_func *f = p->f;
	const struct rs_ir_block *block = &f->blocks[label];

	for (uint32_t i = 0; i < block->n_preds; i++) {
		rs_label pred = f->preds[block->preds + i];

		if (!p->placed[pred] && f->blocks[pred].order < block->order &&
		    f->blocks[pred].cold <= block->cold)
			return false;
	}
	return true;
}

/* What should follow the block, 0: nothing in particular. */
static rs_label choose_next(const struct placing *p, rs_label label)
{
	const struct rs_ir_block *block = &p->f->blocks[label];
	rs_label best = 0;

	for (unsigned i = 0; i < block->n_succ; i++) {
		rs_label to = block->succ[i];

		if (p->placed[to] || p->f->blocks[to].cold != block->cold || !is_ready(p, to))
			continue;
		if (!best || p->f->blocks[to].depth > p->f->blocks[best].depth)
			best = to;
	}
	return best;
}

static void place(struct placing *p, bool cold)
{
	for (uint32_t i = 0; i < p->f->n_order; i++) {
		rs_label at = p->f->order[i];

		if (p->f->blocks[at].cold != cold)
			continue;
		while (at && !p->placed[at]) {
			p->placed[at] = true;
			p->out[p->n++] = at;
			at = choose_next(p, at);
		}
	}
}

/* Blocks and instructions anew, in the chosen order. */
static int rebuild(struct rs_ir_func *f, const rs_label *out, uint32_t n)
{
	struct rs_arena *arena = f->module->arena;
	struct rs_inst *insts = rs_arena_alloc_array(arena, f->n_insts, sizeof(*insts));
	struct rs_ir_block *blocks = rs_arena_alloc_array(arena, n + 1, sizeof(*blocks));
	rs_label *number = rs_arena_alloc_array(arena, f->n_blocks, sizeof(*number));
	uint32_t at = 0;

	if (!insts || !blocks || !number)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		number[out[i]] = i + 1;
	for (uint32_t i = 0; i < n; i++) {
		struct rs_ir_block *block = &blocks[i + 1];
		const struct rs_inst *inst = f->insts + f->blocks[out[i]].first;

		*block = f->blocks[out[i]];
		for (unsigned k = 0; k < block->n_succ; k++)
			block->succ[k] = number[block->succ[k]];
		block->first = at;
		for (const struct rs_inst *end = inst + block->n; inst < end; inst++)
			if (inst->op != RS_INST_NOP)
				insts[at++] = *inst;
		block->n = at - block->first;
	}
	f->cap_insts = f->n_insts;
	f->insts = insts;
	f->n_insts = at;
	f->blocks = blocks;
	f->n_blocks = f->cap_blocks = n + 1;
	f->entry = 1;
	return 0;
}

int rs_ir_layout(struct rs_ir_func *f)
{
	struct rs_arena *arena = f->module->arena;
	struct placing p = {
		.f = f,
		.out = rs_arena_alloc_array(arena, f->n_order, sizeof(*p.out)),
		.placed = rs_arena_alloc_array(arena, f->n_blocks, sizeof(*p.placed)),
	};
	int r;

	if (!p.out || !p.placed)
		return -ENOMEM;
	f->blocks[f->entry].cold = false;
	spread_cold(f);
	r = find_loops(f);
	if (r < 0)
		return r;
	place(&p, false);
	place(&p, true);
	r = rebuild(f, p.out, p.n);
	if (r < 0)
		return r;
	r = rs_ir_flow(f);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < f->n_order; i++)
		f->order[i] = i + 1; /* from here on this is the order that counts */
	for (uint32_t i = 0; i < f->n_order; i++)
		f->blocks[i + 1].order = i;
	return 0;
}
