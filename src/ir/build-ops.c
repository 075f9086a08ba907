/* SPDX-License-Identifier: Apache-2.0 */
/* The instructions, as callers make them. */
#include "ir/internal.h"

/* An instruction with a fresh result; NULL when an operand is no register. 0 is no operand. */
static struct rs_inst *make(struct rs_ir_func *f, enum rs_inst_op op, rs_reg a, rs_reg b)
{
	struct rs_inst *inst;

	if (f->module->error || (a && !rs_ir_reg_ok(f, a)) || (b && !rs_ir_reg_ok(f, b)))
		return NULL;
	inst = rs_ir_emit(f, op);
	if (!inst)
		return NULL;
	inst->a = a;
	inst->b = b;
	inst->dst = rs_ir_reg_new(f);
	return inst;
}

static rs_reg result(const struct rs_inst *inst)
{
	return inst ? inst->dst : 0;
}

static bool size_ok(struct rs_ir_func *f, unsigned size, unsigned allowed)
{
	if (size <= 8 && (size & allowed) && (size & (size - 1)) == 0)
		return true;
	rs_ir_fail(f->module, -EINVAL, "function %s: %u bytes at once", f->name, size);
	return false;
}

static bool offset_ok(struct rs_ir_func *f, int offset)
{
	if (offset == (int16_t)offset)
		return true;
	rs_ir_fail(f->module, -EINVAL, "function %s: an offset of %d", f->name, offset);
	return false;
}

rs_reg rs_ir_const(struct rs_ir_func *f, int64_t value)
{
	struct rs_inst *inst = make(f, RS_INST_CONST, 0, 0);

	if (inst)
		inst->imm = value;
	return result(inst);
}

rs_reg rs_ir_copy(struct rs_ir_func *f, rs_reg a)
{
	return rs_ir_reg_ok(f, a) ? result(make(f, RS_INST_COPY, a, 0)) : 0;
}

void rs_ir_assign(struct rs_ir_func *f, rs_reg dst, rs_reg a)
{
	struct rs_inst *inst;

	if (f->module->error || !rs_ir_reg_ok(f, dst) || !rs_ir_reg_ok(f, a))
		return;
	inst = rs_ir_emit(f, RS_INST_COPY);
	if (!inst)
		return;
	inst->dst = dst;
	inst->a = a;
}

void rs_ir_assign_const(struct rs_ir_func *f, rs_reg dst, int64_t value)
{
	struct rs_inst *inst;

	if (f->module->error || !rs_ir_reg_ok(f, dst))
		return;
	inst = rs_ir_emit(f, RS_INST_CONST);
	if (!inst)
		return;
	inst->dst = dst;
	inst->imm = value;
}

static rs_reg two(struct rs_ir_func *f, enum rs_inst_op op, unsigned sub, rs_reg a, rs_reg b)
{
	struct rs_inst *inst;

	if (!rs_ir_reg_ok(f, a) || !rs_ir_reg_ok(f, b))
		return 0;
	inst = make(f, op, a, b);
	if (inst)
		inst->sub = sub;
	return result(inst);
}

static rs_reg one(struct rs_ir_func *f, enum rs_inst_op op, unsigned sub, rs_reg a, int64_t imm)
{
	struct rs_inst *inst;

	if (!rs_ir_reg_ok(f, a))
		return 0;
	inst = make(f, op, a, 0);
	if (!inst)
		return 0;
	inst->sub = sub;
	inst->imm = imm;
	inst->flags = RS_INST_IMM;
	return inst->dst;
}

rs_reg rs_ir_binary(struct rs_ir_func *f, enum rs_ir_op op, rs_reg a, rs_reg b)
{
	return two(f, RS_INST_ALU, op, a, b);
}

rs_reg rs_ir_binary_imm(struct rs_ir_func *f, enum rs_ir_op op, rs_reg a, int64_t imm)
{
	return one(f, RS_INST_ALU, op, a, imm);
}

rs_reg rs_ir_negate(struct rs_ir_func *f, rs_reg a)
{
	return rs_ir_reg_ok(f, a) ? result(make(f, RS_INST_NEGATE, a, 0)) : 0;
}

rs_reg rs_ir_compare(struct rs_ir_func *f, enum rs_ir_cond cond, rs_reg a, rs_reg b)
{
	return two(f, RS_INST_COMPARE, cond, a, b);
}

rs_reg rs_ir_compare_imm(struct rs_ir_func *f, enum rs_ir_cond cond, rs_reg a, int64_t imm)
{
	return one(f, RS_INST_COMPARE, cond, a, imm);
}

rs_reg rs_ir_extend(struct rs_ir_func *f, rs_reg a, unsigned size, bool is_signed)
{
	struct rs_inst *inst;

	if (!size_ok(f, size, 15) || !rs_ir_reg_ok(f, a))
		return 0;
	if (size == 8)
		return rs_ir_copy(f, a);
	inst = make(f, RS_INST_EXTEND, a, 0);
	if (!inst)
		return 0;
	inst->size = size;
	inst->flags = is_signed ? RS_INST_SIGNED : 0;
	return inst->dst;
}

rs_reg rs_ir_swap_bytes(struct rs_ir_func *f, rs_reg a, unsigned size)
{
	struct rs_inst *inst;

	if (!size_ok(f, size, 14) || !rs_ir_reg_ok(f, a))
		return 0;
	inst = make(f, RS_INST_SWAP, a, 0);
	if (inst)
		inst->size = size;
	return result(inst);
}

/* ---- memory ---- */

rs_reg rs_ir_load(struct rs_ir_func *f, rs_reg base, int offset, unsigned size, bool is_signed)
{
	struct rs_inst *inst;

	if (!size_ok(f, size, 15) || !offset_ok(f, offset) || !rs_ir_reg_ok(f, base))
		return 0;
	inst = make(f, RS_INST_LOAD, base, 0);
	if (!inst)
		return 0;
	inst->off = offset;
	inst->size = size;
	inst->flags = is_signed && size < 8 ? RS_INST_SIGNED : 0;
	return inst->dst;
}

static struct rs_inst *store(struct rs_ir_func *f, enum rs_inst_op op, rs_reg base, int offset,
			     unsigned size)
{
	struct rs_inst *inst;

	if (f->module->error || !size_ok(f, size, op == RS_INST_ATOMIC ? 12 : 15) ||
	    !offset_ok(f, offset) || !rs_ir_reg_ok(f, base))
		return NULL;
	inst = rs_ir_emit(f, op);
	if (!inst)
		return NULL;
	inst->a = base;
	inst->off = offset;
	inst->size = size;
	return inst;
}

void rs_ir_store(struct rs_ir_func *f, rs_reg base, int offset, unsigned size, rs_reg value)
{
	struct rs_inst *inst = rs_ir_reg_ok(f, value) ? store(f, RS_INST_STORE, base, offset, size)
						      : NULL;

	if (inst)
		inst->b = value;
}

void rs_ir_store_imm(struct rs_ir_func *f, rs_reg base, int offset, unsigned size, int64_t value)
{
	struct rs_inst *inst = store(f, RS_INST_STORE, base, offset, size);

	if (!inst)
		return;
	inst->imm = value;
	inst->flags = RS_INST_IMM;
}

void rs_ir_atomic_add(struct rs_ir_func *f, rs_reg base, int offset, unsigned size, rs_reg value)
{
	struct rs_inst *inst = rs_ir_reg_ok(f, value) ? store(f, RS_INST_ATOMIC, base, offset, size)
						      : NULL;

	if (inst)
		inst->b = value;
}

void rs_ir_zero(struct rs_ir_func *f, rs_reg base, int offset, unsigned size)
{
	if (size % 8)
		rs_ir_fail(f->module, -EINVAL, "function %s: zeroing %u bytes", f->name, size);
	for (unsigned i = 0; i < size && !f->module->error; i += 8)
		rs_ir_store_imm(f, base, offset + (int)i, 8, 0);
}

void rs_ir_copy_memory(struct rs_ir_func *f, rs_reg dst, int dst_offset, rs_reg src, int src_offset,
		       unsigned size)
{
	unsigned unit = 8;

	for (unsigned i = 0; i < size && !f->module->error; i += unit) {
		while (unit > size - i)
			unit /= 2;
		rs_ir_store(f, dst, dst_offset + (int)i, unit,
			    rs_ir_load(f, src, src_offset + (int)i, unit, false));
	}
}

/* ---- maps, functions, calls ---- */

rs_reg rs_ir_map(struct rs_ir_func *f, uint32_t map)
{
	struct rs_inst *inst = make(f, RS_INST_MAP, 0, 0);

	if (inst)
		inst->imm = map;
	return result(inst);
}

rs_reg rs_ir_map_value(struct rs_ir_func *f, uint32_t map, uint32_t offset)
{
	struct rs_inst *inst;

	if (offset > INT32_MAX)
		rs_ir_fail(f->module, -EINVAL, "function %s: %u bytes into a map's value", f->name,
			   offset);
	inst = make(f, RS_INST_MAP_VALUE, 0, 0);
	if (!inst)
		return 0;
	inst->imm = map;
	inst->off = (int32_t)offset;
	return inst->dst;
}

rs_reg rs_ir_func_pointer(struct rs_ir_func *f, const struct rs_ir_func *target)
{
	struct rs_inst *inst = make(f, RS_INST_FUNC, 0, 0);

	if (inst)
		inst->imm = target->index;
	return result(inst);
}

static struct rs_inst *call(struct rs_ir_func *f, enum rs_inst_op op, unsigned n_args,
			    const rs_reg *args)
{
	uint32_t first = f->n_args;
	struct rs_inst *inst;

	if (n_args > RS_IR_ARGS_MAX)
		rs_ir_fail(f->module, -EINVAL, "function %s: a call with %u arguments", f->name,
			   n_args);
	if (f->module->error)
		return NULL;
	for (unsigned i = 0; i < n_args; i++) {
		if (!rs_ir_reg_ok(f, args[i]) ||
		    !rs_ir_grow(f->module, &f->args, f->n_args, &f->cap_args, sizeof(*f->args)))
			return NULL;
		f->args[f->n_args++] = args[i];
	}
	inst = make(f, op, 0, 0);
	if (!inst)
		return NULL;
	inst->args = first;
	inst->n_args = n_args;
	return inst;
}

rs_reg rs_ir_call(struct rs_ir_func *f, uint32_t helper, unsigned flags, unsigned n_args,
		  const rs_reg *args)
{
	struct rs_inst *inst = call(f, RS_INST_CALL, n_args, args);

	if (!inst)
		return 0;
	inst->imm = helper;
	inst->flags = flags & RS_IR_CALL_PURE ? RS_INST_PURE : 0;
	return inst->dst;
}

/* The number of a name in the module: one for each call, the fixups name it anyway. */
rs_reg rs_ir_call_kernel(struct rs_ir_func *f, const char *name, unsigned n_args,
			 const rs_reg *args)
{
	struct rs_ir_module *m = f->module;
	struct rs_inst *inst = call(f, RS_INST_CALL_KERNEL, n_args, args);

	if (!inst || !rs_ir_grow(m, &m->names, m->n_names, &m->cap_names, sizeof(*m->names)))
		return 0;
	inst->imm = m->n_names;
	m->names[m->n_names] = rs_arena_strdup(m->arena, name);
	if (!m->names[m->n_names++])
		rs_ir_fail(m, -ENOMEM, "out of memory");
	return inst->dst;
}

rs_reg rs_ir_call_local(struct rs_ir_func *f, const struct rs_ir_func *target, unsigned n_args,
			const rs_reg *args)
{
	struct rs_inst *inst = call(f, RS_INST_CALL_LOCAL, n_args, args);

	if (!inst)
		return 0;
	if (target->n_params != n_args)
		rs_ir_fail(f->module, -EINVAL, "function %s: calls %s with %u arguments", f->name,
			   target->name ? target->name : "?", n_args);
	inst->imm = target->index;
	return inst->dst;
}

/* ---- terminators ---- */

static struct rs_inst *end(struct rs_ir_func *f, enum rs_inst_op op, unsigned n_succ, rs_label yes,
			   rs_label no)
{
	struct rs_inst *inst;
	struct rs_ir_block *block;

	if (f->module->error)
		return NULL;
	if ((n_succ > 0 && (!yes || yes >= f->n_blocks)) ||
	    (n_succ > 1 && (!no || no >= f->n_blocks))) {
		rs_ir_fail(f->module, -EINVAL, "function %s: a jump to no block", f->name);
		return NULL;
	}
	inst = rs_ir_emit(f, op);
	if (!inst)
		return NULL;
	block = &f->blocks[f->current];
	block->n_succ = n_succ;
	block->succ[0] = yes;
	block->succ[1] = no;
	f->current = 0;
	return inst;
}

void rs_ir_jump(struct rs_ir_func *f, rs_label to)
{
	end(f, RS_INST_JUMP, 1, to, 0);
}

void rs_ir_branch(struct rs_ir_func *f, enum rs_ir_cond cond, rs_reg a, rs_reg b, rs_label yes,
		  rs_label no)
{
	struct rs_inst *inst;

	if (!rs_ir_reg_ok(f, a) || !rs_ir_reg_ok(f, b))
		return;
	inst = end(f, RS_INST_BRANCH, 2, yes, no);
	if (!inst)
		return;
	inst->sub = cond;
	inst->a = a;
	inst->b = b;
}

void rs_ir_branch_imm(struct rs_ir_func *f, enum rs_ir_cond cond, rs_reg a, int64_t imm,
		      rs_label yes, rs_label no)
{
	struct rs_inst *inst;

	if (!rs_ir_reg_ok(f, a))
		return;
	inst = end(f, RS_INST_BRANCH, 2, yes, no);
	if (!inst)
		return;
	inst->sub = cond;
	inst->a = a;
	inst->imm = imm;
	inst->flags = RS_INST_IMM;
}

void rs_ir_return(struct rs_ir_func *f, rs_reg value)
{
	struct rs_inst *inst = rs_ir_reg_ok(f, value) ? end(f, RS_INST_RETURN, 0, 0, 0) : NULL;

	if (inst)
		inst->a = value;
}

void rs_ir_return_imm(struct rs_ir_func *f, int64_t value)
{
	struct rs_inst *inst = end(f, RS_INST_RETURN, 0, 0, 0);

	if (!inst)
		return;
	inst->imm = value;
	inst->flags = RS_INST_IMM;
}
