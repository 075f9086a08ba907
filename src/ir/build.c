/* SPDX-License-Identifier: Apache-2.0 */
/* Modules, functions, blocks, registers, the frame. */
#include <stdarg.h>

#include "ir/internal.h"

void rs_ir_fail(struct rs_ir_module *m, int code, const char *fmt, ...)
{
	va_list ap;

	if (m->error)
		return;
	m->error = code;
	va_start(ap, fmt);
	vsnprintf(m->why, sizeof(m->why), fmt, ap);
	va_end(ap);
}

bool rs_ir_grow(struct rs_ir_module *m, void *items, uint32_t n, uint32_t *cap, size_t size)
{
	uint32_t new_cap = MAX(*cap * 2, 16u);
	void *old, *grown;

	if (n < *cap)
		return true;
	grown = rs_arena_alloc_array(m->arena, new_cap, size);
	if (!grown) {
		rs_ir_fail(m, -ENOMEM, "out of memory");
		return false;
	}
	memcpy(&old, items, sizeof(old));
	if (*cap && n)
		memcpy(grown, old, n * size);
	memcpy(items, &grown, sizeof(grown));
	*cap = new_cap;
	return true;
}

struct rs_ir_module *rs_ir_module_new(struct rs_arena *arena)
{
	struct rs_ir_module *m = rs_arena_new(arena, struct rs_ir_module);

	if (m)
		m->arena = arena;
	return m;
}

/* A function that nothing can be added to: what is asked of a failed module goes there. */
static struct rs_ir_func *failed_func(struct rs_ir_module *m)
{
	static struct rs_ir_module nothing = { .error = -ENOMEM };
	static struct rs_ir_func dead = { .module = &nothing };

	if (m)
		rs_ir_fail(m, -ENOMEM, "out of memory");
	return &dead;
}

struct rs_ir_func *rs_ir_func_new(struct rs_ir_module *m, const char *name, unsigned n_params)
{
	struct rs_ir_func *f;

	if (!m)
		return failed_func(NULL);
	f = rs_arena_new(m->arena, struct rs_ir_func);
	if (!f || !rs_ir_grow(m, &m->funcs, m->n_funcs, &m->cap_funcs, sizeof(*m->funcs)))
		return failed_func(m);
	f->module = m;
	f->name = rs_arena_strdup(m->arena, name);
	f->frame = rs_arena_alloc(m->arena, RS_IR_FRAME_MAX / 8);
	if (!f->name || !f->frame)
		return failed_func(m);
	if (n_params > RS_IR_ARGS_MAX)
		rs_ir_fail(m, -EINVAL, "function %s has %u parameters", name, n_params);
	f->index = m->n_funcs;
	m->funcs[m->n_funcs++] = f;
	f->n_params = MIN(n_params, (unsigned)RS_IR_ARGS_MAX);
	f->n_regs = f->n_params + 1;
	f->n_blocks = 1;
	f->entry = rs_ir_block_new(f);
	rs_ir_block_start(f, f->entry);
	return f;
}

void rs_ir_set_location(struct rs_ir_func *f, uint32_t location)
{
	if (!f->module->error)
		f->location = location;
}

bool rs_ir_ended(const struct rs_ir_func *f)
{
	return !f->current;
}

struct rs_inst *rs_ir_append(struct rs_ir_func *f, enum rs_inst_op op)
{
	struct rs_ir_module *m = f->module;
	struct rs_inst *inst;

	if (m->error)
		return NULL;
	if (f->n_insts >= RS_IR_INSTS_MAX) {
		rs_ir_fail(m, -E2BIG, "function %s has more than %u instructions", f->name,
			   RS_IR_INSTS_MAX);
		return NULL;
	}
	if (!rs_ir_grow(m, &f->insts, f->n_insts, &f->cap_insts, sizeof(*f->insts)))
		return NULL;
	inst = &f->insts[f->n_insts++];
	*inst = (struct rs_inst){ .op = op, .location = f->location };
	return inst;
}

struct rs_inst *rs_ir_emit(struct rs_ir_func *f, enum rs_inst_op op)
{
	struct rs_inst *inst;

	if (!f->current) {
		rs_ir_fail(f->module, -EINVAL, "function %s: an instruction outside of a block",
			   f->name);
		return NULL;
	}
	inst = rs_ir_append(f, op);
	if (inst)
		f->blocks[f->current].n++;
	return inst;
}

bool rs_ir_reg_ok(struct rs_ir_func *f, rs_reg reg)
{
	if (reg && reg < f->n_regs)
		return true;
	rs_ir_fail(f->module, -EINVAL, "function %s: no register %u", f->name, reg);
	return false;
}

/* ---- blocks ---- */

rs_label rs_ir_block_new(struct rs_ir_func *f)
{
	struct rs_ir_module *m = f->module;

	if (m->error || !rs_ir_grow(m, &f->blocks, f->n_blocks, &f->cap_blocks, sizeof(*f->blocks)))
		return 0;
	f->blocks[f->n_blocks] = (struct rs_ir_block){ 0 };
	return f->n_blocks++;
}

void rs_ir_block_start(struct rs_ir_func *f, rs_label label)
{
	if (f->module->error)
		return;
	if (!label || label >= f->n_blocks || f->blocks[label].started) {
		rs_ir_fail(f->module, -EINVAL, "function %s: block %u cannot be started", f->name,
			   label);
		return;
	}
	if (f->current)
		rs_ir_jump(f, label);
	if (f->module->error)
		return;
	f->blocks[label].started = true;
	f->blocks[label].first = f->n_insts;
	f->current = label;
}

void rs_ir_block_cold(struct rs_ir_func *f)
{
	if (!f->module->error && f->current)
		f->blocks[f->current].cold = true;
}

/* ---- registers ---- */

rs_reg rs_ir_reg_new(struct rs_ir_func *f)
{
	if (f->module->error)
		return 0;
	return f->n_regs++;
}

rs_reg rs_ir_param(struct rs_ir_func *f, unsigned i)
{
	if (!f->module->error && i >= f->n_params)
		rs_ir_fail(f->module, -EINVAL, "function %s has no parameter %u", f->name, i);
	return f->module->error ? 0 : i + 1;
}

/* ---- the frame ---- */

/* The first gap of @n units, counted from the frame's end. */
static unsigned find_gap(const uint8_t *frame, unsigned n)
{
	unsigned run = 0;

	for (unsigned i = 0; i < RS_IR_FRAME_MAX / 8; i++) {
		run = frame[i] ? 0 : run + 1;
		if (run == n)
			return i + 1 - n;
	}
	return UINT32_MAX;
}

struct rs_ir_slot rs_ir_slot_new(struct rs_ir_func *f, unsigned size)
{
	struct rs_ir_module *m = f->module;
	unsigned n = (size + 7) / 8, at;

	if (m->error || !rs_ir_grow(m, &f->slots, f->n_slots, &f->cap_slots, sizeof(*f->slots)))
		return (struct rs_ir_slot){ 0 };
	n = MAX(n, 1u);
	at = size <= RS_IR_FRAME_MAX ? find_gap(f->frame, n) : UINT32_MAX;
	if (at == UINT32_MAX) {
		rs_ir_fail(m, -E2BIG, "function %s: no room on the stack for %u bytes", f->name,
			   size);
		return (struct rs_ir_slot){ 0 };
	}
	memset(f->frame + at, 1, n);
	f->slots[f->n_slots] = (struct rs_ir_room){ .off = -8 * (int32_t)(at + n), .size = 8 * n };
	return (struct rs_ir_slot){ ++f->n_slots };
}

static struct rs_ir_room *slot_of(struct rs_ir_func *f, struct rs_ir_slot slot)
{
	if (f->module->error)
		return NULL;
	if (!slot.id || slot.id > f->n_slots || f->slots[slot.id - 1].freed) {
		rs_ir_fail(f->module, -EINVAL, "function %s: no slot %u", f->name, slot.id);
		return NULL;
	}
	return &f->slots[slot.id - 1];
}

void rs_ir_slot_free(struct rs_ir_func *f, struct rs_ir_slot slot)
{
	struct rs_ir_room *room = slot_of(f, slot);

	if (!room)
		return;
	memset(f->frame + (unsigned)-room->off / 8 - room->size / 8, 0, room->size / 8);
	room->freed = true;
}

rs_reg rs_ir_slot_address(struct rs_ir_func *f, struct rs_ir_slot slot)
{
	struct rs_ir_room *room = slot_of(f, slot);
	struct rs_inst *inst = room ? rs_ir_emit(f, RS_INST_SLOT) : NULL;

	if (!inst)
		return 0;
	inst->off = room->off;
	inst->imm = room->off;
	return inst->dst = rs_ir_reg_new(f);
}

unsigned rs_ir_frame_used(const struct rs_ir_func *f)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < f->n_slots; i++)
		n += f->slots[i].freed ? 0 : f->slots[i].size;
	return n;
}
