/* SPDX-License-Identifier: Apache-2.0 */
/* Where registers are alive, found block by block from the end, and what they would like. */
#include "ir/internal.h"

struct finding {
	struct rs_ir_func *f;
	struct rs_intervals *out;
	struct rs_live live;
	uint32_t *end; /* by register: where its life ends, going backwards; 0: not alive */
	rs_reg *open;  /* those that are, or were, in this block */
	uint32_t n_open, cap_open;
	float weight; /* of an instruction in this block */
};

/* Ranges are found last first, so they are put in front. */
static bool add_range(struct finding *s, rs_reg reg, uint32_t start, uint32_t end)
{
	struct rs_intervals *out = s->out;
	struct rs_interval *interval = &out->of[reg];
	struct rs_range *first = &out->ranges[interval->first];

	if (interval->first && end >= first->start) {
		first->start = MIN(first->start, start);
		return true;
	}
	if (!rs_ir_grow(s->f->module, &out->ranges, out->n_ranges, &out->cap_ranges,
			sizeof(*out->ranges)))
		return false;
	out->ranges[out->n_ranges] =
		(struct rs_range){ .start = start, .end = end, .next = interval->first };
	interval->first = out->n_ranges++;
	return true;
}

static bool has_interval(const struct finding *s, rs_reg reg)
{
	return reg && rs_ir_in_register(s->f, reg);
}

static bool alive_until(struct finding *s, rs_reg reg, uint32_t end)
{
	if (!has_interval(s, reg) || s->end[reg])
		return true;
	if (!rs_ir_grow(s->f->module, &s->open, s->n_open, &s->cap_open, sizeof(*s->open)))
		return false;
	s->end[reg] = end;
	s->open[s->n_open++] = reg;
	return true;
}

static bool defined_at(struct finding *s, rs_reg reg, uint32_t at)
{
	uint32_t end;

	if (!has_interval(s, reg))
		return true;
	end = MAX(s->end[reg], at + 1);
	s->end[reg] = 0;
	s->out->of[reg].weight += s->weight;
	return add_range(s, reg, at, end);
}

static bool add_move(struct finding *s, rs_reg a, rs_reg b)
{
	struct rs_intervals *out = s->out;

	if (a == b || !has_interval(s, a) || !has_interval(s, b))
		return true;
	if (!rs_ir_grow(s->f->module, &out->moves, out->n_moves, &out->cap_moves,
			sizeof(*out->moves)))
		return false;
	out->moves[out->n_moves++] = (struct rs_move){ .a = a, .b = b, .weight = s->weight };
	return true;
}

static bool note_call(struct finding *s, const struct rs_inst *inst, uint32_t at)
{
	struct rs_intervals *out = s->out;

	if (inst->dst && has_interval(s, inst->dst) && out->of[inst->dst].hint < 0)
		out->of[inst->dst].hint = 0;
	for (uint32_t i = 0; i < inst->n_args; i++) {
		rs_reg arg = s->f->args[inst->args + i];

		if (has_interval(s, arg) && !s->end[arg])
			out->of[arg].hint = (int8_t)(i + 1);
	}
	if (!rs_ir_grow(s->f->module, &out->calls, out->n_calls, &out->cap_calls,
			sizeof(*out->calls)))
		return false;
	out->calls[out->n_calls++] = at;
	return true;
}

/* b is still read when dst is written already. */
static bool reads_late(const struct finding *s, const struct rs_inst *inst)
{
	if (inst->op == RS_INST_COMPARE)
		return true;
	return inst->op == RS_INST_ALU &&
	       !(rs_ir_commutes(inst->sub) && rs_ir_in_register(s->f, inst->a));
}

static bool note_uses(struct finding *s, struct rs_inst *inst, uint32_t at)
{
	rs_reg *uses[RS_IR_ARGS_MAX];
	unsigned n = rs_inst_uses(s->f, inst, uses);
	bool late = reads_late(s, inst);
	/* A register that a branch found the bounds of should stay where it is. */
	bool bound = inst->op == RS_INST_BRANCH && inst->sub >= RS_IR_LT && inst->sub <= RS_IR_SGE;

	for (unsigned i = 0; i < n; i++) {
		rs_reg reg = *uses[i];
		bool this_late = late && (inst->op == RS_INST_COMPARE || reg == inst->b);

		if (!alive_until(s, reg, at + (this_late ? 2 : 1)))
			return false;
		if (has_interval(s, reg))
			s->out->of[reg].weight += bound ? 4 * s->weight : s->weight;
	}
	return true;
}

static bool note_moves(struct finding *s, const struct rs_inst *inst)
{
	switch (inst->op) {
	case RS_INST_COPY:
	case RS_INST_ALU:
	case RS_INST_NEGATE:
	case RS_INST_SWAP:
	case RS_INST_EXTEND:
		if (inst->op == RS_INST_EXTEND && inst->size == 4 &&
		    !(inst->flags & RS_INST_SIGNED))
			return true; /* moves as it clears */
		if (!add_move(s, inst->dst, inst->a))
			return false;
		return inst->op != RS_INST_ALU || !rs_ir_commutes(inst->sub) ||
		       add_move(s, inst->dst, inst->b);
	case RS_INST_RETURN:
		if (has_interval(s, inst->a) && s->out->of[inst->a].hint < 0)
			s->out->of[inst->a].hint = 0;
		return true;
	default:
		return true;
	}
}

static bool note_inst(struct finding *s, uint32_t i)
{
	struct rs_inst *inst = &s->f->insts[i];
	uint32_t at = 2 * i;
	bool calls = rs_inst_is_call(inst);

	if (inst->dst && has_interval(s, inst->dst) && !s->end[inst->dst] && calls)
		inst->dst = 0; /* nobody asks */
	if (!defined_at(s, inst->dst, calls ? at + 2 : at + 1))
		return false;
	if (calls && !note_call(s, inst, at + 1))
		return false;
	return note_uses(s, inst, at) && note_moves(s, inst);
}

static bool find_in_block(struct finding *s, const struct rs_ir_block *block)
{
	uint32_t start = 2 * block->first, end = 2 * (block->first + block->n);

	s->n_open = 0;
	s->weight = block->cold ? 0.0625F : 1;
	for (uint32_t i = 0; i < block->depth && i < 6; i++)
		s->weight *= 8;
	for (unsigned k = 0; k < block->n_succ; k++) {
		const uint32_t *first = &s->live.first[block->succ[k]];

		for (uint32_t i = first[0]; i < first[1]; i++)
			if (!alive_until(s, s->live.regs[i], end))
				return false;
	}
	for (uint32_t i = block->first + block->n; i-- > block->first;)
		if (!note_inst(s, i))
			return false;
	for (uint32_t i = 0; i < s->n_open; i++) {
		rs_reg reg = s->open[i];

		if (s->end[reg] && !add_range(s, reg, start, s->end[reg]))
			return false;
		s->end[reg] = 0;
	}
	return true;
}

static bool *homeless(const struct rs_ir_func *f)
{
	bool *ignore = rs_arena_alloc_array(f->module->arena, f->n_regs, sizeof(*ignore));

	for (rs_reg reg = 1; ignore && reg < f->n_regs; reg++)
		ignore[reg] = !rs_ir_in_register(f, reg);
	return ignore;
}

int rs_ir_find_intervals(struct rs_ir_func *f, struct rs_intervals *out)
{
	struct rs_arena *arena = f->module->arena;
	struct finding s = { .f = f, .out = out };
	const bool *ignore = homeless(f);
	int r;

	*out = (struct rs_intervals){ .n_ranges = 1, .cap_ranges = f->n_regs + 16 };
	out->of = rs_arena_alloc_array(arena, f->n_regs, sizeof(*out->of));
	out->ranges = rs_arena_alloc_array(arena, out->cap_ranges, sizeof(*out->ranges));
	s.end = rs_arena_alloc_array(arena, f->n_regs, sizeof(*s.end));
	if (!ignore || !out->of || !out->ranges || !s.end)
		return -ENOMEM;
	r = rs_ir_live(f, ignore, &s.live);
	if (r < 0)
		return r;
	for (rs_reg reg = 1; reg < f->n_regs; reg++)
		out->of[reg].hint = -1;
	for (rs_label label = f->n_blocks; label-- > 1;)
		if (!find_in_block(&s, &f->blocks[label]))
			return -ENOMEM;
	for (rs_reg reg = 1; reg <= f->n_params; reg++)
		if (out->of[reg].first)
			out->of[reg].hint = (int8_t)reg;
	return 0;
}
