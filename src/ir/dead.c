/* SPDX-License-Identifier: Apache-2.0 */
/* What nobody needs: results that are not used, and stores to the frame that nobody sees. */
#include "ir/internal.h"

struct marking {
	struct rs_ir_func *f;
	uint32_t *makers; /* by register: the last instruction that writes it, counted from 1 */
	uint32_t *other;  /* by instruction: the one before it that writes the same register */
	bool *needed;     /* by register */
	rs_reg *todo;
	uint32_t n_todo;
};

static void need_operands(struct marking *m, struct rs_inst *inst)
{
	rs_reg *uses[RS_IR_ARGS_MAX];
	unsigned n = rs_inst_uses(m->f, inst, uses);

	for (unsigned i = 0; i < n; i++) {
		if (m->needed[*uses[i]])
			continue;
		m->needed[*uses[i]] = true;
		m->todo[m->n_todo++] = *uses[i];
	}
}

static void index_block(struct marking *m, const struct rs_ir_block *block)
{
	for (uint32_t i = block->first; i < block->first + block->n; i++) {
		struct rs_inst *inst = &m->f->insts[i];

		if (!rs_inst_removable(inst))
			need_operands(m, inst);
		if (!inst->dst)
			continue;
		m->other[i] = m->makers[inst->dst];
		m->makers[inst->dst] = i + 1;
	}
}

/* Whatever needed registers are made of is needed. */
static void spread(struct marking *m)
{
	while (m->n_todo) {
		rs_reg reg = m->todo[--m->n_todo];

		for (uint32_t i = m->makers[reg]; i; i = m->other[i - 1])
			need_operands(m, &m->f->insts[i - 1]);
	}
}

static bool drop(struct rs_inst *inst)
{
	if (!inst->dst)
		return false;
	if (rs_inst_removable(inst)) {
		*inst = (struct rs_inst){ .op = RS_INST_NOP };
		return true;
	}
	inst->dst = 0; /* a call that is wanted for what it does */
	return false;
}

static int remove_unneeded(struct rs_ir_func *f)
{
	struct rs_arena *arena = f->module->arena;
	struct marking m = { .f = f };
	bool changed = false;

	m.makers = rs_arena_alloc_array(arena, f->n_regs, sizeof(*m.makers));
	m.other = rs_arena_alloc_array(arena, f->n_insts, sizeof(*m.other));
	m.needed = rs_arena_alloc_array(arena, f->n_regs, sizeof(*m.needed));
	m.todo = rs_arena_alloc_array(arena, f->n_regs, sizeof(*m.todo));
	if (!m.makers || !m.other || !m.needed || !m.todo)
		return -ENOMEM;
	for (uint32_t i = 0; i < f->n_order; i++)
		index_block(&m, &f->blocks[f->order[i]]);
	spread(&m);
	for (uint32_t i = 0; i < f->n_order; i++) {
		const struct rs_ir_block *block = &f->blocks[f->order[i]];

		for (uint32_t k = block->first; k < block->first + block->n; k++)
			if (!m.needed[f->insts[k].dst])
				changed |= drop(&f->insts[k]);
	}
	return changed;
}

/* What is written again before it is read. */
static bool remove_overwritten(struct rs_ir_func *f, const struct rs_ir_block *block, bool *alive)
{
	bool changed = false;

	for (uint32_t i = block->first + block->n; i-- > block->first;) {
		struct rs_inst *inst = &f->insts[i];
		rs_reg *uses[RS_IR_ARGS_MAX], dst = inst->dst;
		unsigned n;

		if (dst && !alive[dst])
			changed |= drop(inst);
		alive[dst] = false;
		n = rs_inst_uses(f, inst, uses);
		for (unsigned k = 0; k < n; k++)
			alive[*uses[k]] = true;
	}
	for (uint32_t i = block->first; i < block->first + block->n; i++) {
		rs_reg *uses[RS_IR_ARGS_MAX];
		unsigned n = rs_inst_uses(f, &f->insts[i], uses);

		for (unsigned k = 0; k < n; k++)
			alive[*uses[k]] = false;
	}
	return changed;
}

static int remove_dead(struct rs_ir_func *f)
{
	bool *alive = rs_arena_alloc_array(f->module->arena, f->n_regs, sizeof(*alive));
	struct rs_live live;
	bool changed = false;
	int r = rs_ir_live(f, NULL, &live);

	if (r < 0 || !alive)
		return -ENOMEM;
	for (uint32_t i = 0; i < f->n_order; i++) {
		const struct rs_ir_block *block = &f->blocks[f->order[i]];

		for (unsigned k = 0; k < block->n_succ; k++)
			for (uint32_t n = live.first[block->succ[k]];
			     n < live.first[block->succ[k] + 1]; n++)
				alive[live.regs[n]] = true;
		changed |= remove_overwritten(f, block, alive);
		for (unsigned k = 0; k < block->n_succ; k++)
			for (uint32_t n = live.first[block->succ[k]];
			     n < live.first[block->succ[k] + 1]; n++)
				alive[live.regs[n]] = false;
	}
	return changed;
}

int rs_ir_remove_dead(struct rs_ir_func *f)
{
	int unneeded = remove_unneeded(f), dead = unneeded < 0 ? unneeded : remove_dead(f);

	return dead < 0 ? dead : unneeded || dead;
}
