/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values that were computed before are not computed again, copies are looked through, and with what is
 * then known of its operands each instruction is made as simple as it can be (fold.c).
 *
 * Blocks are visited in the order of the dominator tree, so that what was computed on the way to a block
 * is known there. Of registers with several definitions something is known only along blocks that have
 * no other predecessor. What is known is never used to read another register than the one that a branch
 * compared: what the verifier learned there must hold for what is used afterwards.
 */
#include "ir/value.h"

struct frame { /* a block on the way down the tree */
	rs_label block;
	rs_label next_child;
	uint32_t n_found, n_undo; /* to go back to */
	uint32_t since;           /* at the end of the block */
	uint32_t memory[RS_MEMORY_COUNT];
};

struct tree {
	rs_label *idom;
	rs_label *child, *sibling;
};

/* ---- what is known ---- */

static uint32_t version_of(const struct rs_values *v, rs_reg reg)
{
	return v->of[reg].fixed ? 0 : MAX(v->of[reg].version, v->since);
}

struct rs_inst *rs_values_def(const struct rs_values *v, rs_reg reg)
{
	const struct rs_known *known = &v->of[reg];

	return known->fixed || known->version > v->since ? known->def : NULL;
}

void rs_values_set(struct rs_values *v, rs_reg *operand, rs_reg reg)
{
	if (*operand)
		v->of[*operand].uses--;
	if (reg)
		v->of[reg].uses++;
	*operand = reg;
}

static enum rs_memory memory_behind(const struct rs_values *v, rs_reg base, unsigned depth)
{
	const struct rs_inst *def = v->of[base].fixed ? v->of[base].def : NULL;
	enum rs_memory a;

	if (!def)
		return v->of[base].fixed && base == 1 && !v->f->index ? RS_MEMORY_CONTEXT
								      : RS_MEMORY_ANY;
	if (def->op == RS_INST_SLOT)
		return RS_MEMORY_FRAME;
	if (def->op == RS_INST_MAP_VALUE || rs_inst_is_call(def))
		return RS_MEMORY_OTHER;
	if (def->op != RS_INST_ALU || def->sub != RS_IR_ADD || !depth)
		return RS_MEMORY_ANY;
	a = memory_behind(v, def->a, depth - 1);
	if (def->flags & RS_INST_IMM || a < RS_MEMORY_OTHER)
		return a;
	/* what a helper gave may be the distance */
	a = memory_behind(v, def->b, depth - 1);
	return a < RS_MEMORY_OTHER ? a : RS_MEMORY_ANY;
}

enum rs_memory rs_values_memory(const struct rs_values *v, rs_reg base)
{
	return memory_behind(v, base, 4);
}

static void wrote_memory(struct rs_values *v, enum rs_memory kind)
{
	v->counter++;
	if (kind == RS_MEMORY_ANY)
		for (unsigned i = 0; i < RS_MEMORY_COUNT; i++)
			v->memory[i] = v->counter;
	v->memory[kind] = v->memory[RS_MEMORY_ANY] = v->counter;
}

/* ---- the table of computed values ---- */

static uint32_t memory_of(const struct rs_values *v, const struct rs_inst *inst)
{
	return inst->op == RS_INST_LOAD ? v->memory[rs_values_memory(v, inst->a)] : 0;
}

static uint32_t hash_of(const struct rs_values *v, const struct rs_inst *inst)
{
	uint64_t h = inst->op | (uint64_t)inst->sub << 8 | (uint64_t)inst->size << 16 |
		     (uint64_t)inst->flags << 24 | (uint64_t)inst->a << 32;

	h = (h ^ h >> 31) * UINT64_C(0x9e3779b97f4a7c15);
	h += inst->b + ((uint64_t)(uint32_t)inst->off << 32) + (uint64_t)inst->imm;
	h = (h ^ h >> 30) * UINT64_C(0x94d049bb133111eb);
	h += (uint64_t)memory_of(v, inst) << 32;
	h += (inst->a ? version_of(v, inst->a) : 0) + 3 * (inst->b ? version_of(v, inst->b) : 0);
	if (rs_inst_is_call(inst))
		for (uint32_t i = 0; i < inst->n_args; i++)
			h = h * 31 + v->f->args[inst->args + i];
	h = (h ^ h >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
	return (uint32_t)(h >> 32) & (v->n_buckets - 1);
}

static bool same_call(const struct rs_values *v, const struct rs_inst *x, const struct rs_inst *y)
{
	if (x->n_args != y->n_args)
		return false;
	for (uint32_t i = 0; i < x->n_args; i++)
		if (v->f->args[x->args + i] != v->f->args[y->args + i])
			return false;
	return true;
}

static bool same_value(const struct rs_values *v, const struct rs_found *found,
		       const struct rs_inst *y)
{
	const struct rs_inst *x = found->inst;

	return x->op == y->op && x->sub == y->sub && x->size == y->size && x->flags == y->flags &&
	       x->a == y->a && x->b == y->b && x->off == y->off && x->imm == y->imm &&
	       (!rs_inst_is_call(x) || same_call(v, x, y)) &&
	       found->versions[0] == (x->a ? version_of(v, x->a) : 0) &&
	       found->versions[1] == (x->b ? version_of(v, x->b) : 0) &&
	       found->versions[2] == version_of(v, x->dst) && found->memory == memory_of(v, y);
}

static const struct rs_inst *find_value(const struct rs_values *v, const struct rs_inst *inst)
{
	for (uint32_t i = v->buckets[hash_of(v, inst)]; i; i = v->found[i].next)
		if (same_value(v, &v->found[i], inst))
			return v->found[i].inst;
	return NULL;
}

static void add_value(struct rs_values *v, struct rs_inst *inst)
{
	uint32_t bucket = hash_of(v, inst);
	struct rs_found *found;

	if (!rs_ir_grow(v->f->module, &v->found, v->n_found, &v->cap_found, sizeof(*v->found)))
		return;
	found = &v->found[v->n_found];
	*found = (struct rs_found){
		.inst = inst,
		.next = v->buckets[bucket],
		.bucket = bucket,
		.memory = memory_of(v, inst),
	};
	found->versions[0] = inst->a ? version_of(v, inst->a) : 0;
	found->versions[1] = inst->b ? version_of(v, inst->b) : 0;
	found->versions[2] = version_of(v, inst->dst);
	v->buckets[bucket] = v->n_found++;
}

bool rs_values_stand(const struct rs_values *v, const struct rs_inst *def)
{
	if ((!def->a || v->of[def->a].fixed) && (!def->b || v->of[def->b].fixed))
		return true;
	return find_value(v, def) == def;
}

/* Worth remembering: what a register holds instead, and calls only where they may be one. */
static bool is_value(const struct rs_values *v, const struct rs_inst *inst)
{
	if (!inst->dst || inst->op == RS_INST_COPY || inst->op == RS_INST_NOP)
		return false;
	if (inst->op != RS_INST_CALL)
		return inst->op <= RS_INST_LOAD;
	if (!(inst->flags & RS_INST_PURE))
		return false;
	for (uint32_t i = 0; i < inst->n_args; i++)
		if (!v->of[v->f->args[inst->args + i]].fixed)
			return false;
	return true;
}

/* ---- the walk ---- */

static void look_through_copies(struct rs_values *v, struct rs_inst *inst)
{
	rs_reg *uses[RS_IR_ARGS_MAX];
	unsigned n = rs_inst_uses(v->f, inst, uses);

	for (unsigned i = 0; i < n; i++) {
		rs_reg same = v->of[*uses[i]].same;

		if (same && same != *uses[i])
			rs_values_set(v, uses[i], same);
	}
}

static void computed_before(struct rs_values *v, struct rs_inst *inst)
{
	const struct rs_inst *before;

	if (!is_value(v, inst))
		return;
	before = find_value(v, inst);
	if (!before || !v->of[before->dst].fixed ||
	    (rs_inst_is_remat(inst) && !v->of[inst->dst].fixed))
		return;
	if (inst->a)
		rs_values_set(v, &inst->a, 0);
	if (inst->b)
		rs_values_set(v, &inst->b, 0);
	*inst = (struct rs_inst){ .op = RS_INST_COPY,
				  .dst = inst->dst,
				  .location = inst->location };
	rs_values_set(v, &inst->a, before->dst);
}

static void assigned(struct rs_values *v, struct rs_inst *inst)
{
	struct rs_known *known = &v->of[inst->dst];

	if (!inst->dst)
		return;
	if (known->fixed) {
		known->def = inst;
		known->width = rs_ir_width(v, inst);
		if (inst->op == RS_INST_COPY && v->of[inst->a].fixed)
			known->same = inst->a;
		return;
	}
	if (!rs_ir_grow(v->f->module, &v->undo, v->n_undo, &v->cap_undo, sizeof(*v->undo)))
		return;
	v->undo[v->n_undo++] =
		(struct rs_undo){ .reg = inst->dst, .version = known->version, .def = known->def };
	known->version = ++v->counter;
	known->def = inst;
}

/* What was stored whole need not be loaded. */
static void stored(struct rs_values *v, const struct rs_inst *inst)
{
	struct rs_inst *load;

	if (inst->size != 8 || !inst->b || !v->of[inst->b].fixed)
		return;
	load = rs_arena_new(v->f->module->arena, struct rs_inst);
	if (!load)
		return;
	*load = (struct rs_inst){
		.op = RS_INST_LOAD, .size = 8, .a = inst->a, .off = inst->off, .dst = inst->b
	};
	add_value(v, load);
}

static void did(struct rs_values *v, struct rs_inst *inst)
{
	if (inst->op == RS_INST_STORE || inst->op == RS_INST_ATOMIC)
		wrote_memory(v, rs_values_memory(v, inst->a));
	else if (rs_inst_is_call(inst) && !(inst->flags & RS_INST_PURE))
		wrote_memory(v, RS_MEMORY_ANY);
	assigned(v, inst);
	if (inst->op == RS_INST_STORE)
		stored(v, inst);
	else if (is_value(v, inst))
		add_value(v, inst);
}

static void visit_block(struct rs_values *v, struct rs_ir_block *block)
{
	v->block = block;
	for (uint32_t i = block->first; i < block->first + block->n; i++) {
		struct rs_inst *inst = &v->f->insts[i];

		if (inst->op == RS_INST_NOP)
			continue;
		look_through_copies(v, inst);
		if (inst->op == RS_INST_BRANCH)
			rs_ir_fold_branch(v, inst, block);
		else
			rs_ir_fold(v, inst);
		computed_before(v, inst);
		did(v, inst);
	}
}

static void enter(struct rs_values *v, struct frame *frame, const struct frame *parent)
{
	const struct rs_ir_block *block = &v->f->blocks[frame->block];

	frame->n_found = v->n_found;
	frame->n_undo = v->n_undo;
	if (parent && block->n_preds == 1) {
		v->since = parent->since;
		memcpy(v->memory, parent->memory, sizeof(v->memory));
	} else {
		v->since = ++v->counter;
		wrote_memory(v, RS_MEMORY_ANY);
	}
	visit_block(v, &v->f->blocks[frame->block]);
	frame->since = v->since;
	memcpy(frame->memory, v->memory, sizeof(v->memory));
}

static void leave(struct rs_values *v, const struct frame *frame)
{
	while (v->n_found > frame->n_found) {
		const struct rs_found *found = &v->found[--v->n_found];

		v->buckets[found->bucket] = found->next;
	}
	while (v->n_undo > frame->n_undo) {
		const struct rs_undo *undo = &v->undo[--v->n_undo];

		v->of[undo->reg].version = undo->version;
		v->of[undo->reg].def = undo->def;
	}
}

static void walk(struct rs_values *v, const struct tree *tree, struct frame *stack)
{
	uint32_t depth = 0;

	stack[depth++] = (struct frame){ .block = v->f->entry,
					 .next_child = tree->child[v->f->entry] };
	enter(v, &stack[0], NULL);
	while (depth) {
		struct frame *top = &stack[depth - 1];
		rs_label next = top->next_child;

		if (!next) {
			leave(v, top);
			depth--;
			continue;
		}
		top->next_child = tree->sibling[next];
		stack[depth] = (struct frame){ .block = next, .next_child = tree->child[next] };
		enter(v, &stack[depth++], top);
	}
}

/* Children in reverse postorder, which loses nothing and is pleasant to read in dumps. */
static int make_tree(struct rs_ir_func *f, struct tree *tree)
{
	struct rs_arena *arena = f->module->arena;

	tree->idom = rs_ir_dominators(f);
	tree->child = rs_arena_alloc_array(arena, f->n_blocks, sizeof(*tree->child));
	tree->sibling = rs_arena_alloc_array(arena, f->n_blocks, sizeof(*tree->sibling));
	if (!tree->idom || !tree->child || !tree->sibling)
		return -ENOMEM;
	for (uint32_t i = f->n_order; i-- > 1;) {
		rs_label label = f->order[i], parent = tree->idom[label];

		tree->sibling[label] = tree->child[parent];
		tree->child[parent] = label;
	}
	return 0;
}

static void count(struct rs_values *v)
{
	struct rs_ir_func *f = v->f;

	for (rs_reg reg = 1; reg < f->n_regs; reg++) {
		v->of[reg].fixed = reg > f->n_params;
		v->of[reg].width = (struct rs_width){ 64, 64 };
	}
	for (rs_reg reg = 1; reg <= f->n_params; reg++)
		v->of[reg].fixed = true;
	for (uint32_t i = 0; i < f->n_order; i++) {
		const struct rs_ir_block *block = &f->blocks[f->order[i]];

		for (uint32_t k = block->first; k < block->first + block->n; k++) {
			struct rs_inst *inst = &f->insts[k];
			rs_reg *uses[RS_IR_ARGS_MAX];
			unsigned n = rs_inst_uses(f, inst, uses);

			for (unsigned u = 0; u < n; u++)
				v->of[*uses[u]].uses++;
			if (!inst->dst)
				continue;
			if (v->of[inst->dst].def || inst->dst <= f->n_params)
				v->of[inst->dst].fixed = false;
			v->of[inst->dst].def = inst;
		}
	}
	for (rs_reg reg = 1; reg < f->n_regs; reg++)
		v->of[reg].def = NULL; /* until the walk comes there */
}

int rs_ir_number_values(struct rs_ir_func *f)
{
	struct rs_arena *arena = f->module->arena;
	struct rs_values v = { .f = f, .n_buckets = 64, .n_found = 1 };
	struct tree tree;
	struct frame *stack = rs_arena_alloc_array(arena, f->n_order, sizeof(*stack));
	int r = make_tree(f, &tree);

	while (v.n_buckets < f->n_insts && v.n_buckets < 65536)
		v.n_buckets *= 2;
	v.buckets = rs_arena_alloc_array(arena, v.n_buckets, sizeof(*v.buckets));
	v.of = rs_arena_alloc_array(arena, f->n_regs, sizeof(*v.of));
	v.cap_found = 64;
	v.found = rs_arena_alloc_array(arena, v.cap_found, sizeof(*v.found));
	if (r < 0 || !stack || !v.buckets || !v.of || !v.found)
		return -ENOMEM;
	count(&v);
	walk(&v, &tree, stack);
	return f->module->error ? f->module->error : v.decided;
}
