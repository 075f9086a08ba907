/* SPDX-License-Identifier: Apache-2.0 */
/* Modules as text. */
#include "ir/internal.h"

static const char *const op_signs[RS_IR_OP_COUNT] = {
	[RS_IR_ADD] = "+",  [RS_IR_SUB] = "-",  [RS_IR_MUL] = "*",   [RS_IR_DIV] = "/",
	[RS_IR_MOD] = "%",  [RS_IR_AND] = "&",  [RS_IR_OR] = "|",    [RS_IR_XOR] = "^",
	[RS_IR_SHL] = "<<", [RS_IR_SHR] = ">>", [RS_IR_SAR] = "s>>",
};

static const char *const cond_signs[RS_IR_COND_COUNT] = {
	[RS_IR_EQ] = "==",  [RS_IR_NE] = "!=",   [RS_IR_LT] = "<",     [RS_IR_LE] = "<=",
	[RS_IR_GT] = ">",   [RS_IR_GE] = ">=",   [RS_IR_SLT] = "s<",   [RS_IR_SLE] = "s<=",
	[RS_IR_SGT] = "s>", [RS_IR_SGE] = "s>=", [RS_IR_TEST] = "has",
};

static void dump_second(const struct rs_inst *inst, struct rs_str *out)
{
	if (inst->flags & RS_INST_IMM)
		rs_str_append_i64(out, inst->imm);
	else
		rs_str_appendf(out, "%%%u", inst->b);
}

static void dump_address(const struct rs_inst *inst, struct rs_str *out)
{
	rs_str_appendf(out, "%c%u[%%%u%+d]", inst->flags & RS_INST_SIGNED ? 's' : 'u',
		       inst->size * 8, inst->a, inst->off);
}

static void dump_call(const struct rs_ir_func *f, const struct rs_inst *inst, struct rs_str *out)
{
	if (inst->op == RS_INST_CALL)
		rs_str_appendf(out, "%s %lld(", inst->flags & RS_INST_PURE ? "pure" : "call",
			       (long long)inst->imm);
	else if (inst->op == RS_INST_CALL_KERNEL)
		rs_str_appendf(out, "call %s(", f->module->names[inst->imm]);
	else
		rs_str_appendf(out, "call %s(", f->module->funcs[inst->imm]->name);
	for (uint32_t i = 0; i < inst->n_args; i++)
		rs_str_appendf(out, "%s%%%u", i ? ", " : "", f->args[inst->args + i]);
	rs_str_append_char(out, ')');
}

static void dump_value(const struct rs_ir_func *f, const struct rs_inst *inst, struct rs_str *out)
{
	switch (inst->op) {
	case RS_INST_CONST:
		rs_str_append_i64(out, inst->imm);
		break;
	case RS_INST_SLOT:
		rs_str_appendf(out, "frame%+d", inst->off);
		break;
	case RS_INST_MAP:
		rs_str_appendf(out, "map %lld", (long long)inst->imm);
		break;
	case RS_INST_MAP_VALUE:
		rs_str_appendf(out, "map value %lld%+d", (long long)inst->imm, inst->off);
		break;
	case RS_INST_FUNC:
		rs_str_appendf(out, "function %s", f->module->funcs[inst->imm]->name);
		break;
	case RS_INST_COPY:
		rs_str_appendf(out, "%%%u", inst->a);
		break;
	case RS_INST_NEGATE:
		rs_str_appendf(out, "-%%%u", inst->a);
		break;
	case RS_INST_EXTEND:
		rs_str_appendf(out, "%c%u %%%u", inst->flags & RS_INST_SIGNED ? 's' : 'u',
			       inst->size * 8, inst->a);
		break;
	case RS_INST_SWAP:
		rs_str_appendf(out, "swap%u %%%u", inst->size * 8, inst->a);
		break;
	case RS_INST_ALU:
	case RS_INST_COMPARE:
		rs_str_appendf(out, "%%%u %s ", inst->a,
			       inst->op == RS_INST_ALU ? op_signs[inst->sub]
						       : cond_signs[inst->sub]);
		dump_second(inst, out);
		if (inst->op == RS_INST_COMPARE && inst->off)
			rs_str_appendf(out, " << %d", inst->off);
		break;
	case RS_INST_LOAD:
		dump_address(inst, out);
		break;
	default:
		dump_call(f, inst, out);
		break;
	}
}

static void dump_branch(const struct rs_ir_block *block, const struct rs_inst *inst,
			struct rs_str *out)
{
	rs_str_appendf(out, "if%s %%%u %s ", inst->flags & RS_INST_WIDE32 ? "32" : "", inst->a,
		       cond_signs[inst->sub]);
	dump_second(inst, out);
	rs_str_appendf(out, " goto b%u else b%u", block->succ[0], block->succ[1]);
}

static void dump_inst(const struct rs_ir_func *f, const struct rs_ir_block *block,
		      const struct rs_inst *inst, struct rs_str *out)
{
	rs_str_append_char(out, '\t');
	switch (inst->op) {
	case RS_INST_STORE:
	case RS_INST_ATOMIC:
		dump_address(inst, out);
		rs_str_append_cstr(out, inst->op == RS_INST_STORE ? " = " : " += ");
		dump_second(inst, out);
		break;
	case RS_INST_JUMP:
		rs_str_appendf(out, "goto b%u", block->succ[0]);
		break;
	case RS_INST_BRANCH:
		dump_branch(block, inst, out);
		break;
	case RS_INST_RETURN:
		rs_str_append_cstr(out, "return ");
		if (inst->a)
			rs_str_appendf(out, "%%%u", inst->a);
		else
			dump_second(inst, out);
		break;
	default:
		if (inst->dst)
			rs_str_appendf(out, "%%%u = ", inst->dst);
		dump_value(f, inst, out);
		break;
	}
	rs_str_append_char(out, '\n');
}

static void dump_func(const struct rs_ir_func *f, struct rs_str *out)
{
	rs_str_appendf(out, "%s(", f->name);
	for (uint32_t i = 1; i <= f->n_params; i++)
		rs_str_appendf(out, "%s%%%u", i > 1 ? ", " : "", i);
	rs_str_appendf(out, "): b%u\n", f->entry);
	for (rs_label label = 1; label < f->n_blocks; label++) {
		const struct rs_ir_block *block = &f->blocks[label];

		if (block->dead)
			continue;
		rs_str_appendf(out, "b%u:%s\n", label, block->cold ? " cold" : "");
		for (uint32_t i = block->first; i < block->first + block->n; i++)
			if (f->insts[i].op != RS_INST_NOP)
				dump_inst(f, block, &f->insts[i], out);
	}
}

int rs_ir_dump(const struct rs_ir_module *module, struct rs_str *out)
{
	for (uint32_t i = 0; module && i < module->n_funcs; i++)
		dump_func(module->funcs[i], out);
	return out->error;
}
