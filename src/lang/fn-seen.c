/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Addresses of processes get their names when they are printed, which may be after the process has ended. So the
 * first time that a program makes a value with such addresses (ustack, usym) it tells the runtime, which then keeps what
 * the process has mapped. What was told is in an LRU map, by process and stack: a lookup each time, a record once.
 */

#include "lang/fn.h"

#define TOLD_MAX    16384
#define BPF_NOEXIST 1

static struct rs_map *seen_map(struct rs_program *program)
{
	struct rs_map *map = rs_program_map(program, RS_MAP_SEEN, 0);

	if (!map)
		return NULL;
	map->kind = RS_MAP_LRU_HASH;
	map->key_size = 8;
	map->value_size = 8;
	map->max_entries = TOLD_MAX;
	return map;
}

static struct rs_action *seen_action(struct rs_program *program)
{
	for (unsigned i = 0; i < program->n_actions; i++)
		if (program->actions[i]->kind == RS_ACTION_SEEN)
			return program->actions[i];
	return rs_program_action(program, RS_ACTION_SEEN, (struct rs_span){ 0 });
}

/* key: 8 bytes, the process in the upper half. */
static void tell(struct rs_lower *l, rs_reg key, const rs_reg words[3])
{
	struct rs_ir_func *f = l->f;
	const struct rs_map *map = seen_map(l->program);
	struct rs_action *action = seen_action(l->program);
	struct rs_ir_slot key_slot = rs_ir_slot_new(f, 8), value_slot = rs_ir_slot_new(f, 8);
	rs_label met = rs_ir_block_new(f), first = rs_ir_block_new(f), added = rs_ir_block_new(f);
	rs_reg found, r;

	if (!map || !action)
		return;
	rs_ir_store(f, rs_ir_slot_address(f, key_slot), 0, 8, key);
	found = rs_ir_call_of(f, RS_HELPER_map_lookup_elem, rs_ir_map(f, map->id),
			      rs_ir_slot_address(f, key_slot));
	rs_ir_branch_imm(f, RS_IR_EQ, found, 0, first, met);
	rs_ir_block_start(f, first);
	rs_ir_block_cold(f);
	rs_ir_store_imm(f, rs_ir_slot_address(f, value_slot), 0, 8, 0);
	r = rs_ir_call_of(f, RS_HELPER_map_update_elem, rs_ir_map(f, map->id),
			  rs_ir_slot_address(f, key_slot), rs_ir_slot_address(f, value_slot),
			  rs_ir_const(f, BPF_NOEXIST));
	rs_ir_branch_imm(f, RS_IR_EQ, r, 0, added, met);
	rs_ir_block_start(f, added);
	rs_ir_block_cold(f);
	rs_lower_record_words(l, action, 3, words);
	rs_ir_jump(f, met);
	rs_ir_block_start(f, met);
	rs_ir_slot_free(f, key_slot);
	rs_ir_slot_free(f, value_slot);
}

static rs_reg joined(struct rs_lower *l, rs_reg high, rs_reg low)
{
	rs_reg upper = rs_ir_binary_imm(l->f, RS_IR_SHL, high, 32);

	return rs_ir_binary(l->f, RS_IR_OR, upper, rs_ir_extend(l->f, low, 4, false));
}

void rs_fn_tell_stack(struct rs_lower *l, rs_reg tgid, rs_reg id, rs_reg map)
{
	tell(l, joined(l, tgid, id),
	     (const rs_reg[]){ tgid, rs_ir_const(l->f, 0), joined(l, map, id) });
}

/* By page: what lies in the same one is mapped together. */
void rs_fn_tell_address(struct rs_lower *l, rs_reg tgid, rs_reg address)
{
	tell(l, joined(l, tgid, rs_ir_binary_imm(l->f, RS_IR_SHR, address, 12)),
	     (const rs_reg[]){ tgid, address, rs_ir_const(l->f, UINT32_MAX) });
}
