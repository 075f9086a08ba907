/* SPDX-License-Identifier: Apache-2.0 */

/*
 * join(argv): the texts that an array of pointers points to, as one line. They are arguments of a record
 * like any others, so that they are packed, but read only up to the first NULL: behind it is the environment.
 */

#include "lang/fn.h"

#define JOIN_MAX 16 /* texts */

/* Shared by the parts of one join(). */
struct join {
	rs_reg argv; /* address of the pointers */
	rs_reg more; /* 0 behind the first NULL */
	enum rs_space space;
};

/* ---- a part: a node of its own, made while lowering ---- */

static const struct join *join_of(const struct rs_node *part)
{
	return part->extra;
}

/* The text at the place; the register: bytes with the NUL. */
static rs_reg part_packed(struct rs_lower *l, struct rs_node *part,
			  const struct rs_place_in_memory *to)
{
	const struct join *join = join_of(part);
	rs_label fetch = rs_ir_block_new(l->f), read = rs_ir_block_new(l->f);
	rs_label end = rs_ir_block_new(l->f), done = rs_ir_block_new(l->f);
	rs_reg used = rs_ir_reg_new(l->f);
	struct rs_fn_bytes from = { .space = join->space };

	rs_ir_branch_imm(l->f, RS_IR_NE, join->more, 0, fetch, end);
	rs_ir_block_start(l->f, fetch);
	from.address = rs_lower_read(l, join->space, join->argv, 8 * (int32_t)part->number,
				     rs_type_uint64);
	rs_ir_branch_imm(l->f, RS_IR_NE, from.address, 0, read, end);
	rs_ir_block_start(l->f, read);
	rs_ir_assign(l->f, used,
		     rs_fn_string_used(l, rs_fn_read_string(l, &from, to, 0, part->type->size)));
	rs_ir_jump(l->f, done);
	rs_ir_block_start(l->f, end);
	rs_ir_assign_const(l->f, join->more, 0);
	rs_ir_store_imm(l->f, to->reg, to->offset, 1, 0);
	rs_ir_assign_const(l->f, used, 1);
	rs_ir_block_start(l->f, done);
	return used;
}

static void part_into(struct rs_lower *l, struct rs_node *part, const struct rs_place_in_memory *to)
{
	rs_fn_pad(l, to);
	part_packed(l, part, to);
}

static const struct rs_func_row part_row = { .name = "join",
					     .into = part_into,
					     .packed = part_packed };

static struct rs_node *part_new(struct rs_lower *l, const struct rs_node *call,
				const struct join *join, unsigned i)
{
	struct rs_node *part = rs_arena_new(l->sema->arena, struct rs_node);

	if (!part) {
		l->sema->diags->out_of_memory = true;
		return NULL;
	}
	part->kind = RS_NODE_CALL;
	part->span = call->span;
	part->text = part_row.name;
	part->func = &part_row;
	part->type = rs_fn_string(l->sema, l->program->config.max_strlen);
	part->number = i;
	part->extra = join;
	return part;
}

/* ---- join ---- */

static void check_join(struct rs_sema *s, struct rs_node *call)
{
	const struct rs_node *argv = rs_fn_arg(call, 0);
	const struct rs_type *type = argv->type;
	const char *text;
	uint32_t len;

	call->type = &rs_type_none;
	if (call->list.n > 1)
		rs_sema_arg_text(s, call, 1, &text, &len);
	if (rs_fn_kind(argv) == RS_TYPE_UNKNOWN || rs_fn_kind(argv) == RS_TYPE_INT)
		return;
	if ((type->kind == RS_TYPE_POINTER || type->kind == RS_TYPE_ARRAY) && type->element &&
	    (type->element->kind == RS_TYPE_POINTER || type->element->kind == RS_TYPE_INT))
		return;
	rs_sema_error(
		s, argv->span,
		"join: expects pointers to text one after the other, such as args.argv, not %s",
		rs_sema_text(s, type));
}

static struct rs_value lower_join(struct rs_lower *l, struct rs_node *call)
{
	struct rs_action *action = rs_program_action(l->program, RS_ACTION_JOIN, call->span);
	struct join *join = rs_arena_new(l->sema->arena, struct join);
	struct rs_fn_bytes argv = rs_fn_bytes(l, rs_fn_arg(call, 0));
	struct rs_node *parts[JOIN_MAX];

	if (!action || !join)
		return rs_value_none();
	join->argv = argv.address;
	join->space = argv.space;
	join->more = rs_ir_reg_new(l->f);
	rs_ir_assign_const(l->f, join->more, 1);
	for (unsigned i = 0; i < JOIN_MAX; i++) {
		parts[i] = part_new(l, call, join, i);
		if (!parts[i])
			return rs_value_none();
	}
	action->separator = call->list.n > 1 ? rs_fn_arg(call, 1)->text : " ";
	action->number = JOIN_MAX;
	rs_lower_record(l, action, parts, JOIN_MAX);
	return rs_value_none();
}

const struct rs_func_row rs_func_join[] = {
	{ .name = "join",
	  .min_args = 1,
	  .max_args = 2,
	  .flags = RS_FUNC_STATEMENT,
	  .usage = "join(argv[, \"separator\"])",
	  .check = check_join,
	  .lower = lower_join },
	{ 0 },
};
