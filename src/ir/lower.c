/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From instructions with any operands to those that BPF has. Constants, addresses in the frame, maps
 * and functions have no register: what uses them makes them, directly where the instruction allows it,
 * else in a short-lived register. Registers on the stack are loaded and stored in the same way.
 *
 * A short-lived register serves until the next call, and, where it holds what is on the stack, also in
 * the blocks that only follow this one: what a branch found out about it holds there. If there is no
 * home for it, it gives way to one for each instruction, which always finds one.
 */
#include "ir/internal.h"

#define CACHE_MAX 8

struct cache {
	struct {
		rs_reg of, is;
	} entries[CACHE_MAX];
	uint32_t next;
	rs_reg refresh_of, refresh; /* what the branch at the end looked at */
};

struct lowering {
	struct rs_ir_func *f;
	struct cache cache;
	struct cache *after; /* by block; NULL: nothing is on the stack */
};

/* ---- what is known by register ---- */

static int grow_homes(struct rs_ir_func *f, uint32_t need)
{
	struct rs_arena *arena = f->module->arena;
	uint32_t n = need + need / 2 + 16;
	const struct rs_inst **remat = rs_arena_alloc_array(arena, n, sizeof(*remat));
	int32_t *spill = rs_arena_alloc_array(arena, n, sizeof(*spill));
	int8_t *home = rs_arena_alloc_array(arena, n, sizeof(*home));
	rs_reg *reload_of = rs_arena_alloc_array(arena, n, sizeof(*reload_of));

	if (!remat || !spill || !home || !reload_of)
		return -ENOMEM;
	if (f->n_homes) {
		memcpy(remat, f->remat, f->n_homes * sizeof(*remat));
		memcpy(spill, f->spill, f->n_homes * sizeof(*spill));
		memcpy(reload_of, f->reload_of, f->n_homes * sizeof(*reload_of));
	}
	memset(home, -1, n);
	f->remat = remat;
	f->spill = spill;
	f->home = home;
	f->reload_of = reload_of;
	f->n_homes = n;
	return 0;
}

/* Loops that were turned around have the same twice. */
static bool same_made(const struct rs_inst *x, const struct rs_inst *y)
{
	return x->op == y->op && x->imm == y->imm && x->off == y->off;
}

int rs_ir_lower_init(struct rs_ir_func *f)
{
	uint8_t *n_defs = rs_arena_alloc_array(f->module->arena, f->n_regs, sizeof(*n_defs));
	int r = grow_homes(f, f->n_regs);

	if (!n_defs || r < 0)
		return -ENOMEM;
	for (rs_reg i = 1; i <= f->n_params; i++)
		n_defs[i] = 1;
	for (uint32_t i = 0; i < f->n_insts; i++) {
		const struct rs_inst *inst = &f->insts[i];

		if (inst->op == RS_INST_SLOT)
			f->stack = MIN(f->stack, (int32_t)inst->imm);
		if (!n_defs[inst->dst]++ && rs_inst_is_remat(inst))
			f->remat[inst->dst] = inst;
		else if (!f->remat[inst->dst] || !same_made(f->remat[inst->dst], inst))
			f->remat[inst->dst] = NULL;
		n_defs[inst->dst] = MIN(n_defs[inst->dst], (uint8_t)2);
	}
	f->remat[0] = NULL;
	return 0;
}

/* A register that lives shortly, in the place of @of. */
static rs_reg new_short(struct lowering *l, rs_reg of)
{
	struct rs_ir_func *f = l->f;
	rs_reg reg = f->n_regs;

	if (reg >= f->n_homes && grow_homes(f, reg) < 0) {
		rs_ir_fail(f->module, -ENOMEM, "out of memory");
		return of;
	}
	f->n_regs++;
	f->reload_of[reg] = of && !f->reload_of[of] ? of : reg;
	return reg;
}

/* ---- short-lived registers that serve several times ---- */

static rs_reg cached(const struct cache *cache, rs_reg of)
{
	for (unsigned i = 0; i < CACHE_MAX; i++)
		if (cache->entries[i].of == of)
			return cache->entries[i].is;
	return 0;
}

static void forget(struct cache *cache, rs_reg of)
{
	for (unsigned i = 0; i < CACHE_MAX; i++)
		if (cache->entries[i].of == of)
			cache->entries[i].of = 0;
}

static void remember(struct lowering *l, rs_reg of, rs_reg is)
{
	struct cache *cache = &l->cache;

	if (l->f->reload_of[is] == is)
		return;
	forget(cache, of);
	cache->entries[cache->next].of = of;
	cache->entries[cache->next].is = is;
	cache->next = (cache->next + 1) % CACHE_MAX;
}

static struct rs_inst *put(struct lowering *l, const struct rs_inst *inst)
{
	struct rs_inst *out = rs_ir_append(l->f, inst->op);

	if (out)
		*out = *inst;
	return out;
}

static void put_copy(struct lowering *l, rs_reg dst, rs_reg a, uint32_t location)
{
	struct rs_inst copy = { .op = RS_INST_COPY, .dst = dst, .a = a, .location = location };

	put(l, &copy);
}

/* The operand in a BPF register. */
static rs_reg in_register(struct lowering *l, rs_reg reg, uint32_t location)
{
	struct rs_ir_func *f = l->f;
	rs_reg is;

	if (rs_ir_in_register(f, reg))
		return reg;
	is = cached(&l->cache, reg);
	if (is)
		return is;
	is = new_short(l, reg);
	if (f->remat[reg]) {
		struct rs_inst made = *f->remat[reg];

		made.dst = is;
		made.location = location;
		put(l, &made);
	} else {
		put_copy(l, is, reg, location);
	}
	remember(l, reg, is);
	return is;
}

static bool is_const(const struct rs_ir_func *f, rs_reg reg)
{
	return reg && f->remat[reg] && f->remat[reg]->op == RS_INST_CONST;
}

/* What is on the stack but already loaded. */
static void use_loaded(struct lowering *l, rs_reg *reg)
{
	rs_reg is = *reg && l->f->spill[*reg] ? cached(&l->cache, *reg) : 0;

	if (is)
		*reg = is;
}

/* ---- operands ---- */

/* b, or the constant that stands for it, as a number if @fits says so. */
static void lower_b(struct lowering *l, struct rs_inst *inst, bool fits)
{
	if (is_const(l->f, inst->b)) {
		inst->imm = l->f->remat[inst->b]->imm;
		inst->flags |= RS_INST_IMM;
		inst->b = 0;
		fits = rs_ir_fits(inst->imm) && fits;
	}
	if (inst->flags & RS_INST_IMM && !fits) {
		struct rs_inst made = { .op = RS_INST_CONST,
					.imm = inst->imm,
					.dst = new_short(l, 0),
					.location = inst->location };

		put(l, &made);
		inst->b = made.dst;
		inst->flags &= (uint8_t)~RS_INST_IMM;
	} else if (inst->b) {
		inst->b = in_register(l, inst->b, inst->location);
	}
}

/* A number may stand on the right only. */
static void swap_const(struct rs_ir_func *f, struct rs_inst *inst, bool can)
{
	rs_reg a = inst->a;

	if (!can || inst->flags & RS_INST_IMM || !is_const(f, a) || is_const(f, inst->b))
		return;
	inst->a = inst->b;
	inst->b = a;
	if (inst->op != RS_INST_ALU)
		inst->sub = rs_ir_cond_mirror(inst->sub);
}

static void lower_alu(struct lowering *l, struct rs_inst *inst)
{
	bool commutes = rs_ir_commutes(inst->sub);
	bool shifts = inst->sub >= RS_IR_SHL;
	bool divides = inst->sub == RS_IR_DIV || inst->sub == RS_IR_MOD;

	swap_const(l->f, inst, commutes);
	if (inst->flags & RS_INST_IMM && shifts)
		inst->imm &= 63;
	if (is_const(l->f, inst->b) && shifts) {
		inst->imm = l->f->remat[inst->b]->imm & 63;
		inst->b = 0;
		inst->flags |= RS_INST_IMM;
	}
	if (is_const(l->f, inst->b) && divides && !l->f->remat[inst->b]->imm)
		inst->b = in_register(l, inst->b, inst->location);
	lower_b(l, inst, rs_ir_fits(inst->imm) && !(divides && !inst->imm));
	use_loaded(l, &inst->a);
}

/* In front of a branch: what it finds out is known of the register, not of the stack. */
static void note_branch(struct lowering *l, const struct rs_inst *before,
			const struct rs_inst *after)
{
	bool of_order = before->sub >= RS_IR_LT && before->sub <= RS_IR_SGE;

	if (before->op != RS_INST_BRANCH || !of_order)
		return;
	if (l->f->spill[before->a] && before->a != after->a) {
		l->cache.refresh_of = before->a;
		l->cache.refresh = after->a;
	}
}

static void lower_compare(struct lowering *l, struct rs_inst *inst)
{
	const struct rs_inst before = *inst;
	bool wide32 = inst->flags & RS_INST_WIDE32;

	swap_const(l->f, inst, true);
	lower_b(l, inst, rs_ir_fits(inst->imm) || wide32);
	inst->a = in_register(l, inst->a, inst->location);
	note_branch(l, &before, inst);
}

static void lower_base(struct lowering *l, struct rs_inst *inst)
{
	const struct rs_inst *made = l->f->remat[inst->a];

	if (!made || made->op != RS_INST_SLOT)
		inst->a = in_register(l, inst->a, inst->location);
}

static void lower_store(struct lowering *l, struct rs_inst *inst)
{
	if (is_const(l->f, inst->b) && inst->size < 8) {
		inst->imm = l->f->remat[inst->b]->imm;
		inst->b = 0;
		inst->flags |= RS_INST_IMM;
	}
	if (inst->flags & RS_INST_IMM && inst->size < 8)
		inst->imm = (int64_t)rs_ir_extended((uint64_t)inst->imm, inst->size, true);
	lower_b(l, inst, rs_ir_fits(inst->imm));
	lower_base(l, inst);
}

static void lower_operands(struct lowering *l, struct rs_inst *inst)
{
	switch (inst->op) {
	case RS_INST_ALU:
		lower_alu(l, inst);
		break;
	case RS_INST_COMPARE:
	case RS_INST_BRANCH:
		lower_compare(l, inst);
		break;
	case RS_INST_LOAD:
		lower_base(l, inst);
		break;
	case RS_INST_STORE:
		lower_store(l, inst);
		break;
	case RS_INST_ATOMIC:
		inst->b = in_register(l, inst->b, inst->location);
		lower_base(l, inst);
		break;
	case RS_INST_CALL:
	case RS_INST_CALL_KERNEL:
	case RS_INST_CALL_LOCAL:
		for (uint32_t i = 0; i < inst->n_args; i++)
			use_loaded(l, &l->f->args[inst->args + i]);
		break;
	default:
		use_loaded(l, &inst->a);
		break;
	}
}

/* ---- instructions ---- */

/* A copy to the stack: from a register, or a number that a store can hold. */
static void lower_to_stack(struct lowering *l, struct rs_inst *inst)
{
	struct rs_ir_func *f = l->f;
	rs_reg dst = inst->dst;

	if (inst->op == RS_INST_COPY && f->spill[inst->a] == f->spill[dst]) {
		rs_reg is = cached(&l->cache, inst->a);

		forget(&l->cache, dst);
		if (is && inst->a != dst)
			remember(l, dst, is);
		return;
	}
	if (inst->op == RS_INST_COPY && is_const(f, inst->a) &&
	    rs_ir_fits(f->remat[inst->a]->imm)) {
		inst->op = RS_INST_CONST;
		inst->imm = f->remat[inst->a]->imm;
		inst->a = 0;
	}
	if (inst->op == RS_INST_CONST && rs_ir_fits(inst->imm)) {
		forget(&l->cache, dst);
		put(l, inst);
		return;
	}
	if (inst->op == RS_INST_COPY) {
		inst->a = in_register(l, inst->a, inst->location);
		forget(&l->cache, dst);
		put(l, inst);
		return;
	}
	lower_operands(l, inst);
	inst->dst = new_short(l, dst);
	put(l, inst);
	put_copy(l, dst, inst->dst, inst->location);
	remember(l, dst, inst->dst);
}

static void lower_call(struct lowering *l, struct rs_inst *inst)
{
	lower_operands(l, inst);
	memset(l->cache.entries, 0, sizeof(l->cache.entries));
	put(l, inst);
}

static void lower_inst(struct lowering *l, const struct rs_inst *old)
{
	struct rs_inst inst = *old;

	if (inst.dst && l->f->remat[inst.dst])
		return;
	if (rs_inst_is_call(&inst)) {
		lower_call(l, &inst);
	} else if (inst.dst && l->f->spill[inst.dst]) {
		lower_to_stack(l, &inst);
	} else {
		lower_operands(l, &inst);
		put(l, &inst);
	}
}

/* Only values of the stack outlive a block; made again they cost the same anywhere. */
static void start_block(struct lowering *l, const struct rs_ir_block *block)
{
	rs_label pred = block->n_preds == 1 ? l->f->preds[block->preds] : 0;

	memset(&l->cache, 0, sizeof(l->cache));
	if (!l->after || !pred || l->f->blocks[pred].order >= block->order)
		return;
	l->cache = l->after[pred];
	for (unsigned i = 0; i < CACHE_MAX; i++)
		if (l->cache.entries[i].of && !l->f->spill[l->cache.entries[i].of])
			l->cache.entries[i].of = 0;
	if (l->cache.refresh)
		put_copy(l, l->cache.refresh_of, l->cache.refresh, 0);
	l->cache.refresh = 0;
}

int rs_ir_lower(struct rs_ir_func *f)
{
	struct lowering l = { .f = f };
	const struct rs_inst *old = f->insts;
	uint32_t n = f->n_insts;

	for (rs_reg i = 1; i < f->n_regs && !l.after; i++)
		if (f->spill[i])
			l.after = rs_arena_alloc_array(f->module->arena, f->n_blocks,
						       sizeof(*l.after));
	f->cap_insts = n + n / 8 + 16;
	f->n_insts = 0;
	f->insts = rs_arena_alloc_array(f->module->arena, f->cap_insts, sizeof(*f->insts));
	if (!f->insts)
		return -ENOMEM;
	for (rs_label label = 1; label < f->n_blocks; label++) {
		struct rs_ir_block *block = &f->blocks[label];
		const struct rs_inst *inst = old + block->first, *end = inst + block->n;

		block->first = f->n_insts;
		start_block(&l, block);
		for (; inst < end; inst++)
			lower_inst(&l, inst);
		block->n = f->n_insts - block->first;
		if (l.after)
			l.after[label] = l.cache;
	}
	return f->module->error;
}
