/* SPDX-License-Identifier: Apache-2.0 */
/* What holds before anything is done with a function. */
#include "ir/internal.h"

static int check_block(const struct rs_ir_func *f, rs_label label, struct rs_error *err)
{
	const struct rs_ir_block *block = &f->blocks[label];
	const struct rs_inst *insts = f->insts + block->first;

	if (!block->started)
		return rs_error_set(err, -EINVAL, "function %s: block %u is empty", f->name, label);
	if (!block->n || !rs_inst_is_end(&insts[block->n - 1]))
		return rs_error_set(err, -EINVAL, "function %s: block %u has no end", f->name,
				    label);
	for (uint32_t i = 0; i + 1 < block->n; i++)
		if (rs_inst_is_end(&insts[i]))
			return rs_error_set(err, -EINVAL,
					    "function %s: block %u goes on after its end", f->name,
					    label);
	for (uint32_t i = 0; i < block->n; i++) {
		if ((insts[i].op == RS_INST_FUNC || insts[i].op == RS_INST_CALL_LOCAL) &&
		    insts[i].imm >= f->module->n_funcs)
			return rs_error_set(err, -EINVAL, "function %s: no function %lld", f->name,
					    (long long)insts[i].imm);
	}
	return 0;
}

static int check_registers(struct rs_ir_func *f, struct rs_error *err)
{
	bool *defined = rs_arena_alloc_array(f->module->arena, f->n_regs, sizeof(*defined));

	if (!defined)
		return rs_error_set(err, -ENOMEM, "out of memory");
	for (rs_reg i = 1; i <= f->n_params; i++)
		defined[i] = true;
	for (uint32_t i = 0; i < f->n_insts; i++)
		defined[f->insts[i].dst] = true;
	for (uint32_t i = 0; i < f->n_insts; i++) {
		rs_reg *uses[RS_IR_ARGS_MAX];
		unsigned n = rs_inst_uses(f, &f->insts[i], uses);

		for (unsigned k = 0; k < n; k++)
			if (!defined[*uses[k]])
				return rs_error_set(err, -EINVAL,
						    "function %s: register %u has no value",
						    f->name, *uses[k]);
	}
	return 0;
}

int rs_ir_check(struct rs_ir_func *f, struct rs_error *err)
{
	int r = check_registers(f, err);

	if (r >= 0 && rs_ir_flow(f) < 0)
		r = rs_error_set(err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < f->n_order && r >= 0; i++)
		r = check_block(f, f->order[i], err);
	return r;
}

static int add_entry(struct rs_ir_func *f, const rs_reg *regs, uint32_t n)
{
	rs_label old = f->entry;

	f->current = 0;
	f->location = 0;
	f->entry = rs_ir_block_new(f);
	rs_ir_block_start(f, f->entry);
	for (uint32_t i = 0; i < n; i++)
		if (regs[i] > f->n_params)
			rs_ir_assign_const(f, regs[i], 0);
	rs_ir_jump(f, old);
	return f->module->error ? -ENOMEM : rs_ir_flow(f);
}

int rs_ir_define_all(struct rs_ir_func *f)
{
	struct rs_live live = { 0 };
	const rs_reg *regs;
	uint32_t n, undefined = 0;
	int r = rs_ir_live(f, NULL, &live);

	if (r < 0)
		return r;
	regs = live.regs + live.first[f->entry];
	n = live.first[f->entry + 1] - live.first[f->entry];
	for (uint32_t i = 0; i < n; i++)
		undefined += regs[i] > f->n_params;
	if (!undefined && !f->blocks[f->entry].n_preds)
		return 0;
	return add_entry(f, regs, n);
}
