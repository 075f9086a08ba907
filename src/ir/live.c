/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which registers are alive at the start of each block. Found register by register: from each block
 * that reads one before writing it, backwards to the blocks that write it. The work is proportional to
 * the answer, so that a large program of many small lives costs little.
 */
#include "ir/internal.h"

struct event { /* a block that reads or writes a register */
	uint32_t next;
	rs_label block;
};

struct search {
	struct rs_ir_func *f;
	const bool *ignore;
	uint32_t *reads, *writes; /* by register: the first of its events */
	struct event *events;     /* 0 is not used */
	uint32_t n_events, cap_events;
	rs_label *read_in, *written_in; /* by register: the block seen last */
	rs_reg *alive, *kills;          /* by block: the register seen last */
	rs_label *todo;
	struct {
		rs_label block;
		rs_reg reg;
	} * found;
	uint32_t n_found, cap_found;
};

static bool add_event(struct search *s, uint32_t *head, rs_label block)
{
	if (!rs_ir_grow(s->f->module, &s->events, s->n_events, &s->cap_events, sizeof(*s->events)))
		return false;
	s->events[s->n_events] = (struct event){ .next = *head, .block = block };
	*head = s->n_events++;
	return true;
}

static int scan_block(struct search *s, rs_label label)
{
	struct rs_ir_func *f = s->f;
	struct rs_inst *inst = f->insts + f->blocks[label].first;

	for (struct rs_inst *end = inst + f->blocks[label].n; inst < end; inst++) {
		rs_reg *uses[RS_IR_ARGS_MAX];
		unsigned n = rs_inst_uses(f, inst, uses);

		for (unsigned i = 0; i < n; i++) {
			rs_reg reg = *uses[i];

			if ((s->ignore && s->ignore[reg]) || s->written_in[reg] == label ||
			    s->read_in[reg] == label)
				continue;
			s->read_in[reg] = label;
			if (!add_event(s, &s->reads[reg], label))
				return -ENOMEM;
		}
		if (!inst->dst || (s->ignore && s->ignore[inst->dst]) ||
		    s->written_in[inst->dst] == label)
			continue;
		s->written_in[inst->dst] = label;
		if (!add_event(s, &s->writes[inst->dst], label))
			return -ENOMEM;
	}
	return 0;
}

static bool add_found(struct search *s, rs_label block, rs_reg reg)
{
	if (!rs_ir_grow(s->f->module, &s->found, s->n_found, &s->cap_found, sizeof(*s->found)))
		return false;
	s->found[s->n_found].block = block;
	s->found[s->n_found++].reg = reg;
	s->alive[block] = reg;
	return true;
}

static int follow(struct search *s, rs_reg reg)
{
	uint32_t n = 0;

	for (uint32_t e = s->writes[reg]; e; e = s->events[e].next)
		s->kills[s->events[e].block] = reg;
	for (uint32_t e = s->reads[reg]; e; e = s->events[e].next) {
		s->todo[n++] = s->events[e].block;
		if (!add_found(s, s->events[e].block, reg))
			return -ENOMEM;
	}
	while (n) {
		const struct rs_ir_block *block = &s->f->blocks[s->todo[--n]];

		for (uint32_t i = 0; i < block->n_preds; i++) {
			rs_label pred = s->f->preds[block->preds + i];

			if (s->alive[pred] == reg || s->kills[pred] == reg)
				continue;
			s->todo[n++] = pred;
			if (!add_found(s, pred, reg))
				return -ENOMEM;
		}
	}
	return 0;
}

/* Sorts what was found by block. */
static int collect(const struct search *s, struct rs_live *live)
{
	struct rs_arena *arena = s->f->module->arena;
	uint32_t n_blocks = s->f->n_blocks;

	live->n = s->n_found;
	live->first = rs_arena_alloc_array(arena, (size_t)n_blocks + 2, sizeof(*live->first));
	live->regs = rs_arena_alloc_array(arena, s->n_found, sizeof(*live->regs));
	if (!live->first || !live->regs)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->n_found; i++)
		live->first[s->found[i].block + 2]++;
	for (uint32_t i = 2; i < n_blocks + 2; i++)
		live->first[i] += live->first[i - 1];
	for (uint32_t i = 0; i < s->n_found; i++)
		live->regs[live->first[s->found[i].block + 1]++] = s->found[i].reg;
	return 0;
}

static int search_init(struct search *s)
{
	struct rs_arena *arena = s->f->module->arena;
	uint32_t n_regs = s->f->n_regs, n_blocks = s->f->n_blocks;

	s->n_events = 1;
	s->cap_events = n_regs + 16;
	s->events = rs_arena_alloc_array(arena, s->cap_events, sizeof(*s->events));
	s->reads = rs_arena_alloc_array(arena, n_regs, sizeof(*s->reads));
	s->writes = rs_arena_alloc_array(arena, n_regs, sizeof(*s->writes));
	s->read_in = rs_arena_alloc_array(arena, n_regs, sizeof(*s->read_in));
	s->written_in = rs_arena_alloc_array(arena, n_regs, sizeof(*s->written_in));
	s->alive = rs_arena_alloc_array(arena, n_blocks, sizeof(*s->alive));
	s->kills = rs_arena_alloc_array(arena, n_blocks, sizeof(*s->kills));
	s->todo = rs_arena_alloc_array(arena, n_blocks, sizeof(*s->todo));
	return s->events && s->reads && s->writes && s->read_in && s->written_in && s->alive &&
			       s->kills && s->todo
		       ? 0
		       : -ENOMEM;
}

int rs_ir_live(struct rs_ir_func *f, const bool *ignore, struct rs_live *ret_live)
{
	struct search s = { .f = f, .ignore = ignore };
	int r = search_init(&s);

	for (uint32_t i = 0; i < f->n_order && r >= 0; i++)
		r = scan_block(&s, f->order[i]);
	for (rs_reg reg = 1; reg < f->n_regs && r >= 0; reg++)
		if (s.reads[reg])
			r = follow(&s, reg);
	return r < 0 ? r : collect(&s, ret_live);
}
