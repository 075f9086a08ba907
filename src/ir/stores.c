/* SPDX-License-Identifier: Apache-2.0 */
/* Stores to the frame that are overwritten, or gone with the frame, before anyone could see them. */
#include "ir/internal.h"

/* A bit for each byte of the stack that is written before it is read. */
struct hidden {
	uint64_t bits[RS_IR_STACK_MAX / 64];
};

struct frame_bases {
	const struct rs_inst **of; /* by register: the address in the frame that it always is */
};

static int find_bases(struct rs_ir_func *f, struct frame_bases *bases)
{
	uint8_t *n_defs = rs_arena_alloc_array(f->module->arena, f->n_regs, sizeof(*n_defs));

	bases->of = rs_arena_alloc_array(f->module->arena, f->n_regs, sizeof(*bases->of));
	if (!n_defs || !bases->of)
		return -ENOMEM;
	for (rs_reg reg = 1; reg <= f->n_params; reg++)
		n_defs[reg] = 1;
	for (uint32_t i = 0; i < f->n_insts; i++) {
		const struct rs_inst *inst = &f->insts[i];

		if (n_defs[inst->dst] < 2)
			n_defs[inst->dst]++;
		bases->of[inst->dst] = inst->dst && inst->op == RS_INST_SLOT &&
						       n_defs[inst->dst] == 1
					       ? inst
					       : NULL;
	}
	return 0;
}

/* Where on the stack, counted from its lowest byte; -1: elsewhere, or not known. */
static int place_of(const struct frame_bases *bases, const struct rs_inst *inst)
{
	const struct rs_inst *base = bases->of[inst->a];
	int at;

	if (!base)
		return -1;
	at = RS_IR_STACK_MAX + base->off + inst->off;
	return at >= 0 && at + inst->size <= RS_IR_STACK_MAX ? at : -1;
}

static bool all_hidden(const struct hidden *hidden, int at, unsigned size)
{
	for (unsigned i = (unsigned)at; i < (unsigned)at + size; i++)
		if (!(hidden->bits[i / 64] >> i % 64 & 1))
			return false;
	return true;
}

static void set_hidden(struct hidden *hidden, int at, unsigned size, bool value)
{
	for (unsigned i = (unsigned)at; i < (unsigned)at + size; i++) {
		uint64_t bit = UINT64_C(1) << i % 64;

		hidden->bits[i / 64] = value ? hidden->bits[i / 64] | bit
					     : hidden->bits[i / 64] & ~bit;
	}
}

static bool visit_store(struct hidden *hidden, struct rs_inst *inst, int at)
{
	if (at < 0)
		return false;
	if (all_hidden(hidden, at, inst->size)) {
		*inst = (struct rs_inst){ .op = RS_INST_NOP };
		return true;
	}
	set_hidden(hidden, at, inst->size, true);
	return false;
}

static bool visit_block(struct rs_ir_func *f, const struct frame_bases *bases,
			const struct rs_ir_block *block)
{
	struct hidden hidden = { { 0 } };
	bool changed = false;

	for (uint32_t i = block->first + block->n; i-- > block->first;) {
		struct rs_inst *inst = &f->insts[i];
		int at = -1;

		if (inst->op == RS_INST_STORE || inst->op == RS_INST_LOAD ||
		    inst->op == RS_INST_ATOMIC)
			at = place_of(bases, inst);
		if (inst->op == RS_INST_STORE)
			changed |= visit_store(&hidden, inst, at);
		else if (inst->op == RS_INST_RETURN)
			memset(&hidden, 0xff, sizeof(hidden));
		else if (at >= 0)
			set_hidden(&hidden, at, inst->size, false);
		else if (inst->op == RS_INST_LOAD || inst->op == RS_INST_ATOMIC ||
			 (rs_inst_is_call(inst) && !(inst->flags & RS_INST_PURE)))
			memset(&hidden, 0, sizeof(hidden));
	}
	return changed;
}

int rs_ir_remove_stores(struct rs_ir_func *f)
{
	struct frame_bases bases;
	bool changed = false;

	if (!f->n_slots)
		return 0;
	if (find_bases(f, &bases) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < f->n_order; i++)
		changed |= visit_block(f, &bases, &f->blocks[f->order[i]]);
	return changed;
}
