/* SPDX-License-Identifier: Apache-2.0 */
/* Functions one behind the other, their jumps and calls, tables. */
#include "ir/emit.h"

void rs_emit_location(struct rs_emitter *e, uint32_t location)
{
	struct rs_ir_line *last = e->n_lines ? &e->lines[e->n_lines - 1] : NULL;

	if (last ? last->location == location : !location)
		return;
	if (last && last->insn == e->n_insns) {
		last->location = location;
		return;
	}
	if (!rs_ir_grow(e->m, &e->lines, e->n_lines, &e->cap_lines, sizeof(*e->lines)))
		return;
	e->lines[e->n_lines++] = (struct rs_ir_line){ .insn = e->n_insns, .location = location };
}

/* Parameters come in r1 to r5. */
static void emit_params(struct rs_emitter *e)
{
	const struct rs_ir_func *f = e->f;
	int8_t to[RS_IR_ARGS_MAX], from[RS_IR_ARGS_MAX];
	unsigned n = 0;

	for (rs_reg reg = 1; reg <= f->n_params; reg++)
		if (f->spill[reg])
			rs_emit_store_place(e, f->spill[reg], reg);
	for (rs_reg reg = 1; reg <= f->n_params; reg++) {
		if (f->spill[reg] || f->home[reg] < 0)
			continue;
		to[n] = f->home[reg];
		from[n++] = (int8_t)reg;
	}
	rs_emit_moves(e, to, from, n);
}

static int too_far(struct rs_emitter *e, struct rs_error *err)
{
	int r = rs_error_set(err, -E2BIG, "function %s: a jump over more than 32767 instructions",
			     e->f->name);

	rs_error_hint(err, "it is too large");
	return r;
}

/* Jumps to blocks get their distances; those to functions stay for later. */
static int place_jumps(struct rs_emitter *e, uint32_t first, const uint32_t *starts,
		       struct rs_error *err)
{
	uint32_t n = first;

	for (uint32_t i = first; i < e->n_jumps; i++) {
		const struct rs_emit_jump *jump = &e->jumps[i];
		int64_t distance;

		if (jump->to_func) {
			e->jumps[n++] = *jump;
			continue;
		}
		distance = (int64_t)starts[jump->to] - jump->insn - 1;
		if (distance != (int16_t)distance)
			return too_far(e, err);
		e->insns[jump->insn].off = (int16_t)distance;
	}
	e->n_jumps = n;
	return 0;
}

static int check_stack(const struct rs_ir_func *f, struct rs_error *err)
{
	int r;

	if (f->stack >= -RS_IR_STACK_MAX)
		return 0;
	r = rs_error_set(err, -E2BIG, "function %s needs %d bytes of stack, %d are allowed",
			 f->name, -f->stack, RS_IR_STACK_MAX);
	rs_error_hint(err, "%d of them are slots, %d for values that no register was left for",
		      -f->slots_end, f->slots_end - f->stack);
	return r;
}

static int emit_func(struct rs_emitter *e, struct rs_ir_image_func *out, struct rs_error *err)
{
	const struct rs_ir_func *f = e->f;
	uint32_t *starts = rs_arena_alloc_array(e->m->arena, f->n_blocks, sizeof(*starts));
	uint32_t first = e->n_jumps;
	int r = check_stack(f, err);

	if (r < 0)
		return r;
	if (!starts)
		return rs_error_set(err, -ENOMEM, "out of memory");
	*out = (struct rs_ir_image_func){ .name = f->name,
					  .insn = e->n_insns,
					  .n_params = f->n_params,
					  .stack = (uint32_t)-f->stack };
	emit_params(e);
	for (rs_label label = 1; label < f->n_blocks; label++) {
		starts[label] = e->n_insns;
		rs_emit_block(e, label);
	}
	if (e->m->error)
		return rs_error_set(err, e->m->error, "%s", e->m->why);
	return place_jumps(e, first, starts, err);
}

/* Calls and pointers of functions, when all have their places. */
static void place_calls(struct rs_emitter *e, const uint32_t *places)
{
	for (uint32_t i = 0; i < e->n_jumps; i++) {
		const struct rs_emit_jump *jump = &e->jumps[i];

		e->insns[jump->insn].imm = (int32_t)((int64_t)places[jump->to] - jump->insn - 1);
	}
}

static void *copy_of(struct rs_arena *arena, const void *items, uint32_t n, size_t size)
{
	void *copy = rs_arena_alloc_array(arena, n, size);

	if (copy && n)
		memcpy(copy, items, n * size);
	return copy;
}

static int take_image(const struct rs_emitter *e, struct rs_arena *arena,
		      const struct rs_ir_image_func *funcs, uint32_t n_funcs,
		      struct rs_ir_image *ret_image, struct rs_error *err)
{
	struct rs_ir_image image = { .n_insns = e->n_insns,
				     .n_fixups = e->n_fixups,
				     .n_lines = e->n_lines,
				     .n_funcs = n_funcs };

	image.insns = copy_of(arena, e->insns, e->n_insns, sizeof(*e->insns));
	image.fixups = copy_of(arena, e->fixups, e->n_fixups, sizeof(*e->fixups));
	image.lines = copy_of(arena, e->lines, e->n_lines, sizeof(*e->lines));
	image.funcs = copy_of(arena, funcs, n_funcs, sizeof(*funcs));
	if (!image.insns || !image.fixups || !image.lines || !image.funcs)
		return rs_error_set(err, -ENOMEM, "out of memory");
	*ret_image = image;
	return 0;
}

/* What the functions so far call or point to and is not there yet; UINT32_MAX: nothing. */
static uint32_t next_func(const struct rs_emitter *e, const uint32_t *places, uint32_t *seen)
{
	for (; *seen < e->n_jumps; ++*seen)
		if (places[e->jumps[*seen].to] == UINT32_MAX)
			return e->jumps[*seen].to;
	return UINT32_MAX;
}

/* The program first, then what it needs: the kernel refuses functions that nobody calls. */
int rs_ir_emit_module(struct rs_ir_module *m, struct rs_arena *arena, struct rs_ir_image *ret_image,
		      struct rs_error *err)
{
	struct rs_emitter e = { .m = m };
	struct rs_ir_image_func *funcs = rs_arena_alloc_array(m->arena, m->n_funcs, sizeof(*funcs));
	uint32_t *places = rs_arena_alloc_array(m->arena, m->n_funcs, sizeof(*places));
	uint32_t n = 0, seen = 0;

	if (!funcs || !places)
		return rs_error_set(err, -ENOMEM, "out of memory");
	memset(places, 0xff, m->n_funcs * sizeof(*places));
	for (uint32_t i = 0; i != UINT32_MAX; i = next_func(&e, places, &seen)) {
		int r;

		e.f = m->funcs[i];
		places[i] = e.n_insns;
		r = emit_func(&e, &funcs[n++], err);
		if (r < 0)
			return r;
	}
	place_calls(&e, places);
	return take_image(&e, arena, funcs, n, ret_image, err);
}
