/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What programs send. A record without long strings is built in the ring buffer itself; one with them is built in
 * scratch memory, each string behind the one before it, and sent with the bytes that are used. What finds no
 * room is counted for the action.
 *
 * While a record is reserved nothing may end the run. So arguments that do something (@x++, blocks) are computed
 * before, as they are when there is no room for the record.
 */

#include "lang/lower-private.h"

#define CURRENT_CPU 0xffffffffu /* BPF_F_CURRENT_CPU */

struct record {
	struct rs_action *action;
	struct rs_node *const *nodes;
	struct rs_value *values; /* of those that were computed before; where NONE: not yet */
	unsigned n;
	bool packs;
};

/* ---- layout ---- */

static bool is_packed(const struct rs_type *type)
{
	return (type->kind == RS_TYPE_STRING || type->kind == RS_TYPE_BUFFER) &&
	       rs_type_slot(type) > RS_LOWER_PACK_FROM;
}

static uint32_t align8(uint32_t size)
{
	return (size + 7) & ~7u;
}

static bool lay_out(struct rs_lower *l, struct record *record)
{
	struct rs_action_arg *args = rs_arena_alloc_array(l->program->arena, record->n + 1,
							  sizeof(*args));
	uint32_t at = sizeof(struct rs_record), more = 0;

	record->values = rs_arena_alloc_array(l->program->arena, record->n + 1,
					      sizeof(*record->values));
	if (!args || !record->values) {
		l->program->diags->out_of_memory = true;
		return false;
	}
	for (unsigned i = 0; i < record->n; i++) {
		const struct rs_type *type = record->nodes[i]->type;

		args[i] = (struct rs_action_arg){ type, at, is_packed(type) };
		at += args[i].packed ? 8 : rs_type_slot(type);
		/* 8 more: the verifier does not see that what is rounded up stays aligned. */
		more += args[i].packed ? align8(type->size) + 8 : 0;
	}
	record->packs = more > 0;
	record->action->args = args;
	record->action->n_args = record->n;
	record->action->size = at;
	record->action->max_size = at + more;
	return true;
}

/* ---- arguments that do something ---- */

static bool look_for_effects(struct rs_node *node, void *ctx)
{
	bool *found = ctx;

	if (node->kind == RS_NODE_BLOCK_EXPR || node->kind == RS_NODE_ASSIGN ||
	    (node->kind == RS_NODE_UNARY && node->op >= RS_OPERATOR_PRE_INC) ||
	    (node->kind == RS_NODE_CALL && node->func &&
	     (!strcmp(node->func->name, "delete") || !strcmp(node->func->name, "find"))))
		*found = true;
	return !*found;
}

static bool has_effects(struct rs_node *node)
{
	bool found = false;

	rs_node_walk(node, look_for_effects, &found);
	return found;
}

/* All up to the last of them, so that each sees what those before it have done and nothing else. */
static void compute_before(struct rs_lower *l, struct record *record)
{
	unsigned n = record->n;

	while (n && !has_effects(record->nodes[n - 1]))
		n--;
	for (unsigned i = 0; i < n; i++) {
		struct rs_node *node = record->nodes[i];

		if (!node->constant && !node->text_constant)
			record->values[i] = rs_lower_value(l, node);
	}
}

static void store_argument(struct rs_lower *l, const struct record *record, unsigned i,
			   const struct rs_place_in_memory *base)
{
	const struct rs_action_arg *arg = &record->action->args[i];
	struct rs_place_in_memory to = rs_place_at(base, arg->offset, rs_type_slot(arg->type));

	to.loose = true;
	if (record->values[i].where != RS_VALUE_NONE)
		rs_value_store(l, &record->values[i], arg->type, &to);
	else
		rs_lower_into(l, record->nodes[i], &to);
}

/* ---- in the ring buffer ---- */

static void count_lost(struct rs_lower *l, const struct rs_action *action)
{
	const struct rs_map *map = rs_lower_internal_map(l, RS_MAP_LOST);
	rs_reg at = rs_ir_map_value(l->f, map->id, action->id * 8);

	rs_ir_block_cold(l->f);
	rs_ir_atomic_add(l->f, at, 0, 8, rs_ir_const(l->f, 1));
}

static void store_header(struct rs_lower *l, const struct rs_action *action,
			 const struct rs_place_in_memory *to, rs_reg size)
{
	rs_ir_store_imm(l->f, to->reg, to->offset, 4, action->id);
	if (size)
		rs_ir_store(l->f, to->reg, to->offset + 4, 4, size);
	else
		rs_ir_store_imm(l->f, to->reg, to->offset + 4, 4, action->size);
}

/* Reserves; goes on where that is done. The label is where the code goes when all is over. */
static struct rs_place_in_memory reserve(struct rs_lower *l, const struct rs_action *action,
					 rs_label end)
{
	struct rs_ir_func *f = l->f;
	rs_label lost = rs_ir_block_new(f), fine = rs_ir_block_new(f);
	const struct rs_map *ring = rs_lower_internal_map(l, RS_MAP_RING);
	struct rs_place_in_memory to = { .size = action->size, .loose = true };

	to.reg = rs_ir_call_of(f, RS_HELPER_ringbuf_reserve, rs_ir_map(f, ring->id),
			       rs_ir_const(f, action->size), rs_ir_const(f, 0));
	rs_ir_branch_imm(f, RS_IR_NE, to.reg, 0, fine, lost);
	rs_ir_block_start(f, lost);
	count_lost(l, action);
	rs_ir_jump(f, end);
	rs_ir_block_start(f, fine);
	store_header(l, action, &to, 0);
	return to;
}

/* Whether the record wakes the runtime, which is for that to say: under load it comes by itself. */
static rs_reg ring_flags(struct rs_lower *l)
{
	if (l->probe->type == RS_PROGRAM_ONCE)
		return rs_ir_const(l->f, 0);
	return rs_lower_state_word(l, RS_STATE_RING_FLAGS);
}

static void submit(struct rs_lower *l, const struct rs_place_in_memory *to, rs_label end)
{
	rs_ir_call_of(l->f, RS_HELPER_ringbuf_submit, to->reg, ring_flags(l));
	rs_ir_jump(l->f, end);
	rs_ir_block_start(l->f, end);
}

/* ---- in memory of ours ---- */

static void output(struct rs_lower *l, const struct rs_action *action,
		   const struct rs_place_in_memory *from, rs_reg size)
{
	struct rs_ir_func *f = l->f;
	rs_label lost = rs_ir_block_new(f), end = rs_ir_block_new(f);
	const struct rs_map *ring = rs_lower_internal_map(l, RS_MAP_RING);
	rs_reg data = rs_place_address(l, from), r;

	if (rs_lang_has(l->sema->source, ringbuf))
		r = rs_ir_call_of(f, RS_HELPER_ringbuf_output, rs_ir_map(f, ring->id), data, size,
				  ring_flags(l));
	else
		r = rs_ir_call_of(f, RS_HELPER_perf_event_output, l->ctx, rs_ir_map(f, ring->id),
				  rs_ir_const(f, CURRENT_CPU), data, size);
	rs_ir_branch_imm(f, RS_IR_SLT, r, 0, lost, end);
	rs_ir_block_start(f, lost);
	count_lost(l, action);
	rs_ir_jump(f, end);
	rs_ir_block_start(f, end);
}

/* The bytes that a read of a string used, its NUL included; an empty string after a failure. */
static rs_reg string_used(struct rs_lower *l, const struct rs_place_in_memory *to, rs_reg r)
{
	rs_label failed = rs_ir_block_new(l->f), fine = rs_ir_block_new(l->f);
	rs_reg used = rs_ir_reg_new(l->f);

	rs_ir_assign(l->f, used, r);
	rs_ir_branch_imm(l->f, RS_IR_GT, r, to->size, failed, fine);
	rs_ir_block_start(l->f, failed);
	rs_ir_block_cold(l->f);
	rs_ir_store_imm(l->f, to->reg, to->offset, 1, 0);
	rs_ir_assign_const(l->f, used, 1);
	rs_ir_block_start(l->f, fine);
	return used;
}

static rs_reg address_of(struct rs_lower *l, const struct rs_value *value, int32_t more)
{
	if (!value->offset && !more)
		return value->reg;
	return rs_ir_binary_imm(l->f, RS_IR_ADD, value->reg, value->offset + more);
}

static rs_reg pack_string(struct rs_lower *l, const struct rs_value *value,
			  const struct rs_place_in_memory *to)
{
	enum rs_space space = rs_value_space(l, value);
	rs_reg r = rs_ir_call_of(l->f, rs_read_str_helper(space), rs_place_address(l, to),
				 rs_ir_const(l->f, to->size), address_of(l, value, 0));

	return string_used(l, to, r);
}

static rs_reg pack_buffer(struct rs_lower *l, const struct rs_value *value,
			  const struct rs_place_in_memory *to)
{
	struct rs_ir_func *f = l->f;
	rs_label large = rs_ir_block_new(f), fine = rs_ir_block_new(f);
	rs_reg len = rs_ir_reg_new(f);

	rs_ir_assign(f, len, rs_ir_load(f, address_of(l, value, 0), 0, 8, false));
	rs_ir_branch_imm(f, RS_IR_GT, len, to->size, large, fine);
	rs_ir_block_start(f, large);
	rs_ir_block_cold(f);
	rs_ir_assign_const(f, len, to->size);
	rs_ir_block_start(f, fine);
	rs_ir_call_of(f, RS_HELPER_probe_read_kernel, rs_place_address(l, to), len,
		      address_of(l, value, 8));
	return len;
}

/* Writes the bytes that are used; how many. */
static rs_reg pack(struct rs_lower *l, const struct record *record, unsigned i,
		   const struct rs_place_in_memory *to)
{
	struct rs_node *node = record->nodes[i];
	struct rs_value value = record->values[i];
	bool computed = value.where != RS_VALUE_NONE;

	if (!computed && node->text_constant) {
		rs_lower_text(l, node->text, node->text_len, to);
		return rs_ir_const(l->f, MIN(node->text_len + 1, to->size));
	}
	if (!computed && node->func && node->func->packed)
		return node->func->packed(l, node, to);
	if (!computed)
		value = rs_lower_value(l, node);
	if (value.where == RS_VALUE_WORD || value.where == RS_VALUE_NONE)
		return rs_ir_const(l->f, 0);
	return node->type->kind == RS_TYPE_STRING ? pack_string(l, &value, to)
						  : pack_buffer(l, &value, to);
}

/* { from, len } of the bytes; returns where the next ones begin. */
static rs_reg pack_argument(struct rs_lower *l, const struct record *record, unsigned i,
			    const struct rs_place_in_memory *base, rs_reg from)
{
	const struct rs_action_arg *arg = &record->action->args[i];
	struct rs_place_in_memory at = rs_place_at(base, arg->offset, 8);
	struct rs_place_in_memory to = { .size = arg->type->size, .loose = true };
	struct rs_ir_func *f = l->f;
	rs_reg used, len;

	to.reg = rs_ir_binary(f, RS_IR_ADD, rs_place_address(l, base), from);
	used = len = pack(l, record, i, &to);
	if (arg->type->kind == RS_TYPE_STRING)
		len = rs_ir_binary_imm(f, RS_IR_SUB, used, 1);
	rs_ir_store(f, at.reg, at.offset, 4, from);
	rs_ir_store(f, at.reg, at.offset + 4, 4, len);
	used = rs_ir_binary(f, RS_IR_ADD, from, rs_ir_binary_imm(f, RS_IR_ADD, used, 7));
	return rs_ir_binary_imm(f, RS_IR_AND, used, -8);
}

static void send_from_memory(struct rs_lower *l, const struct record *record)
{
	struct rs_action *action = record->action;
	struct rs_place_in_memory room = rs_lower_room(l, action->max_size);
	rs_reg size = rs_ir_const(l->f, action->size);

	for (unsigned i = 0; i < record->n; i++) {
		if (action->args[i].packed)
			size = pack_argument(l, record, i, &room, size);
		else
			store_argument(l, record, i, &room);
	}
	store_header(l, action, &room, size);
	output(l, action, &room, size);
}

/* ---- both ---- */

void rs_lower_record(struct rs_lower *l, struct rs_action *action, struct rs_node *const *args,
		     unsigned n_args)
{
	struct record record = { .action = action, .nodes = args, .n = n_args };
	struct rs_place_in_memory to;
	rs_label end;

	if (!lay_out(l, &record))
		return;
	compute_before(l, &record);
	if (record.packs || !rs_lang_has(l->sema->source, ringbuf)) {
		send_from_memory(l, &record);
		return;
	}
	end = rs_ir_block_new(l->f);
	to = reserve(l, action, end);
	for (unsigned i = 0; i < n_args; i++)
		store_argument(l, &record, i, &to);
	submit(l, &to, end);
}

static bool lay_out_words(struct rs_lower *l, struct rs_action *action, unsigned n)
{
	struct rs_action_arg *args = rs_arena_alloc_array(l->program->arena, n + 1, sizeof(*args));

	if (!args) {
		l->program->diags->out_of_memory = true;
		return false;
	}
	for (unsigned i = 0; i < n; i++)
		args[i] = (struct rs_action_arg){ rs_type_uint64, sizeof(struct rs_record) + i * 8,
						  false };
	action->args = args;
	action->n_args = n;
	action->size = action->max_size = sizeof(struct rs_record) + n * 8;
	return true;
}

void rs_lower_record_words(struct rs_lower *l, struct rs_action *action, unsigned n,
			   const rs_reg *words)
{
	bool ringbuf = rs_lang_has(l->sema->source, ringbuf);
	struct rs_place_in_memory to;
	rs_label end;

	if (!lay_out_words(l, action, n))
		return;
	end = rs_ir_block_new(l->f);
	if (ringbuf) {
		to = reserve(l, action, end);
	} else {
		to = rs_lower_room(l, action->size);
		store_header(l, action, &to, 0);
	}
	for (unsigned i = 0; i < n; i++)
		rs_ir_store(l->f, to.reg, to.offset + (int)action->args[i].offset, 8, words[i]);
	if (ringbuf) {
		submit(l, &to, end);
		return;
	}
	output(l, action, &to, rs_ir_const(l->f, action->size));
	rs_ir_jump(l->f, end);
	rs_ir_block_start(l->f, end);
}
