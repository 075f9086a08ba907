/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Maps. One without keys is an array's only value and addressed directly; the others cost one lookup where the
 * entry is there. What is not there is inserted in code that is placed out of the way.
 */

#include "lang/lower-private.h"

#define UPDATE_ANY      0
#define UPDATE_NO_EXIST 1

bool rs_map_is_direct(const struct rs_map *map)
{
	return map->kind == RS_MAP_ARRAY;
}

bool rs_map_is_percpu(const struct rs_map *map)
{
	return map->kind == RS_MAP_PERCPU_ARRAY || map->kind == RS_MAP_PERCPU_HASH ||
	       map->kind == RS_MAP_PERCPU_LRU_HASH;
}

/* ---- keys ---- */

/* A key that is in memory as it should be: no copy. */
static bool has_key_in_place(struct rs_lower *l, struct rs_node *node, const struct rs_type *type,
			     rs_reg *ret_address)
{
	struct rs_value value;

	if (node->text_constant && node->type->kind == RS_TYPE_STRING &&
	    type->kind == RS_TYPE_STRING) {
		uint32_t slot = rs_type_slot(type);
		char *padded = rs_arena_alloc(l->program->arena, slot + node->text_len + 1);

		if (!padded || !slot)
			return false;
		memcpy(padded, node->text, MIN(node->text_len, slot - 1));
		*ret_address = rs_lower_constant_address(l, padded, slot);
		return true;
	}
	if (node->kind != RS_NODE_VAR && node->kind != RS_NODE_FIELD)
		return false;
	if (rs_type_is_word(type) || !rs_type_equal(node->type, type))
		return false;
	value = rs_lower_location(l, node);
	if (value.where != RS_VALUE_MEMORY || !rs_type_equal(value.type, type)) {
		struct rs_place_in_memory room = rs_lower_room(l, rs_type_slot(type));

		rs_value_store(l, &value, type, &room);
		*ret_address = rs_place_address(l, &room);
		return true;
	}
	*ret_address = value.offset ? rs_ir_binary_imm(l->f, RS_IR_ADD, value.reg, value.offset)
				    : value.reg;
	return true;
}

static void build_key(struct rs_lower *l, const struct rs_node_list *keys,
		      const struct rs_type *type, const struct rs_place_in_memory *room)
{
	if (keys->n == 1) {
		rs_lower_into_as(l, keys->items[0], type, room);
		return;
	}
	for (unsigned i = 0; i < keys->n && i < type->n_fields; i++) {
		const struct rs_field *field = &type->fields[i];
		struct rs_place_in_memory at = rs_place_at(room, field->offset,
							   rs_type_slot(field->type));

		rs_lower_into_as(l, keys->items[i], field->type, &at);
	}
}

rs_reg rs_lower_key_of(struct rs_lower *l, const struct rs_map *map,
		       const struct rs_node_list *keys)
{
	struct rs_place_in_memory room;
	rs_reg address;

	if (!map->key || !keys->n) {
		room = rs_lower_room(l, 8);
		rs_ir_store_imm(l->f, room.reg, room.offset, 8, 0);
		return rs_place_address(l, &room);
	}
	if (keys->n == 1 && has_key_in_place(l, keys->items[0], map->key, &address))
		return address;
	room = rs_lower_room(l, rs_type_slot(map->key));
	build_key(l, keys, map->key, &room);
	return rs_place_address(l, &room);
}

/* Whoever asks for a key does more than reading. */
rs_reg rs_lower_key(struct rs_lower *l, struct rs_node *node)
{
	rs_lower_forget_map(l, node->map);
	return rs_lower_key_of(l, node->map, &node->list);
}

/* ---- entries ---- */

rs_reg rs_lower_map_lookup(struct rs_lower *l, const struct rs_map *map, rs_reg key)
{
	return rs_ir_call_of(l->f, RS_HELPER_map_lookup_elem, rs_ir_map(l->f, map->id), key);
}

static rs_reg update(struct rs_lower *l, const struct rs_map *map, rs_reg key, rs_reg value,
		     int flags)
{
	return rs_lower_map_result(l, rs_ir_call_of(l->f, RS_HELPER_map_update_elem,
						    rs_ir_map(l->f, map->id), key, value,
						    rs_ir_const(l->f, flags)));
}

static uint32_t update_site(struct rs_lower *l, const struct rs_node *node)
{
	return rs_program_site(l->program, RS_SITE_MAP_UPDATE, node->span, "map_update_elem",
			       node->map);
}

rs_reg rs_lower_map_find(struct rs_lower *l, struct rs_node *node, rs_label missing)
{
	rs_label there;
	rs_reg at;

	if (rs_map_is_direct(node->map))
		return rs_ir_map_value(l->f, node->map->id, 0);
	at = rs_lower_map_lookup(l, node->map, rs_lower_key(l, node));
	if (!missing)
		return at;
	there = rs_ir_block_new(l->f);
	rs_ir_branch_imm(l->f, RS_IR_EQ, at, 0, missing, there);
	rs_ir_block_start(l->f, there);
	return at;
}

#define ZERO_ON_STACK 64u

/* Inserts zeroes; another CPU may have been faster, which is as good. */
static rs_reg insert_zeroes(struct rs_lower *l, const struct rs_map *map, rs_reg key)
{
	uint32_t size = (map->value_size + 7) & ~7u;
	struct rs_ir_slot slot;
	rs_reg zeroes, r;

	if (size > ZERO_ON_STACK)
		return update(l, map, key, rs_lower_constant_address(l, NULL, size),
			      UPDATE_NO_EXIST);
	slot = rs_ir_slot_new(l->f, size);
	zeroes = rs_ir_slot_address(l->f, slot);
	rs_ir_zero(l->f, zeroes, 0, size);
	r = update(l, map, key, zeroes, UPDATE_NO_EXIST);
	rs_ir_slot_free(l->f, slot);
	return r;
}

rs_reg rs_lower_map_element(struct rs_lower *l, struct rs_node *node, rs_label failed)
{
	struct rs_ir_func *f = l->f;
	const struct rs_map *map = node->map;
	rs_label there, missing, full;
	rs_reg at, key, r;

	if (rs_map_is_direct(map))
		return rs_ir_map_value(f, map->id, 0);
	if (map->kind == RS_MAP_PERCPU_ARRAY)
		return rs_lower_map_find(l, node, failed);
	there = rs_ir_block_new(f);
	missing = rs_ir_block_new(f);
	full = rs_ir_block_new(f);
	at = rs_ir_reg_new(f);
	key = rs_lower_key(l, node);
	rs_ir_assign(f, at, rs_lower_map_lookup(l, map, key));
	rs_ir_branch_imm(f, RS_IR_NE, at, 0, there, missing);
	rs_ir_block_start(f, missing);
	rs_ir_block_cold(f);
	r = insert_zeroes(l, map, key);
	rs_ir_assign(f, at, rs_lower_map_lookup(l, map, key));
	rs_ir_branch_imm(f, RS_IR_NE, at, 0, there, full);
	rs_ir_block_start(f, full);
	rs_ir_block_cold(f);
	rs_lower_check_failure(l, update_site(l, node), r);
	rs_ir_block_cold(f);
	rs_ir_jump(f, failed);
	rs_ir_block_start(f, there);
	return at;
}

/* ---- reading ---- */

/* Where a lookup for reading found the entry, or NULL. */
static rs_reg find_to_read(struct rs_lower *l, struct rs_node *node)
{
	rs_reg at = rs_lower_recall(l, node), found;

	if (at)
		return at;
	at = rs_ir_reg_new(l->f);
	found = rs_lower_map_lookup(l, node->map, rs_lower_key_of(l, node->map, &node->list));
	rs_ir_assign(l->f, at, found);
	rs_lower_watch_lookup(l, node, at);
	rs_lower_remember(l, node, at);
	return at;
}

static struct rs_value get_word(struct rs_lower *l, struct rs_node *node)
{
	rs_label there, end;
	rs_reg word, at;

	if (rs_map_is_direct(node->map)) {
		at = rs_lower_map_find(l, node, 0);
		return rs_value_word(node->type, rs_ir_load(l->f, at, 0, 8, false));
	}
	there = rs_ir_block_new(l->f);
	end = rs_ir_block_new(l->f);
	word = rs_ir_reg_new(l->f);
	rs_ir_assign_const(l->f, word, 0);
	at = find_to_read(l, node);
	rs_ir_branch_imm(l->f, RS_IR_NE, at, 0, there, end);
	rs_ir_block_start(l->f, there);
	rs_ir_assign(l->f, word, rs_ir_load(l->f, at, 0, 8, false));
	rs_ir_block_start(l->f, end);
	return rs_value_word(node->type, word);
}

/* What is not there reads as zeroes, of which there are enough in the constants. */
static struct rs_value get_memory(struct rs_lower *l, struct rs_node *node)
{
	const struct rs_type *type = node->map->value;
	rs_label there, missing;
	rs_reg at, found;

	if (rs_map_is_direct(node->map))
		return rs_value_memory(type, rs_lower_map_find(l, node, 0), 0);
	there = rs_ir_block_new(l->f);
	missing = rs_ir_block_new(l->f);
	at = rs_ir_reg_new(l->f);
	found = rs_lower_map_find(l, node, 0);
	rs_ir_assign(l->f, at, found);
	rs_lower_watch_lookup(l, node, at);
	rs_ir_branch_imm(l->f, RS_IR_NE, at, 0, there, missing);
	rs_ir_block_start(l->f, missing);
	rs_ir_assign(l->f, at, rs_lower_constant_address(l, NULL, rs_type_slot(type)));
	rs_ir_block_start(l->f, there);
	return rs_value_memory(type, at, 0);
}

struct rs_value rs_lower_map_get(struct rs_lower *l, struct rs_node *node)
{
	const struct rs_type *type = node->map->value;

	if (rs_type_is_aggregate(type) && rs_type_is_word(node->type))
		return rs_value_word(node->type,
				     rs_lower_aggregate_sum(l, node->map, rs_lower_key(l, node)));
	if (rs_type_is_word(type))
		return get_word(l, node);
	return get_memory(l, node);
}

/* ---- writing ---- */

static void set_direct(struct rs_lower *l, struct rs_node *node, struct rs_node *value)
{
	const struct rs_type *type = node->map->value;
	struct rs_place_in_memory to = { .size = rs_type_slot(type) };

	if (rs_type_is_word(type)) {
		rs_reg word = rs_lower_convert(l, rs_lower_word(l, value), value->type, type);

		rs_ir_store(l->f, rs_ir_map_value(l->f, node->map->id, 0), 0, 8, word);
		return;
	}
	to.reg = rs_ir_map_value(l->f, node->map->id, 0);
	if (value->kind != RS_NODE_MAP && rs_node_mentions(value, NULL, node->map))
		rs_lower_into_apart(l, value, type, &to);
	else
		rs_lower_into_as(l, value, type, &to);
}

static void insert_word(struct rs_lower *l, struct rs_node *node, rs_reg key, rs_reg word)
{
	struct rs_ir_slot slot = rs_ir_slot_new(l->f, 8);
	rs_reg at = rs_ir_slot_address(l->f, slot);

	rs_ir_store(l->f, at, 0, 8, word);
	rs_lower_check_failure(l, update_site(l, node), update(l, node->map, key, at, UPDATE_ANY));
	rs_ir_slot_free(l->f, slot);
}

static void set_word(struct rs_lower *l, struct rs_node *node, struct rs_node *value)
{
	const struct rs_type *type = node->map->value;
	rs_label there = rs_ir_block_new(l->f), missing = rs_ir_block_new(l->f);
	rs_label end = rs_ir_block_new(l->f);
	rs_reg key = rs_lower_key(l, node);
	rs_reg word = rs_lower_convert(l, rs_lower_word(l, value), value->type, type);
	rs_reg at = rs_lower_map_lookup(l, node->map, key);

	rs_ir_branch_imm(l->f, RS_IR_NE, at, 0, there, missing);
	rs_ir_block_start(l->f, missing);
	rs_ir_block_cold(l->f);
	insert_word(l, node, key, word);
	rs_ir_block_cold(l->f);
	rs_ir_jump(l->f, end);
	rs_ir_block_start(l->f, there);
	rs_ir_store(l->f, at, 0, 8, word);
	rs_ir_block_start(l->f, end);
}

/* Texts and other large values are replaced as a whole, so that nobody reads half of one. */
static void set_memory(struct rs_lower *l, struct rs_node *node, struct rs_node *value)
{
	const struct rs_type *type = node->map->value;
	rs_reg key = rs_lower_key(l, node), at;
	struct rs_place_in_memory room;

	if (!has_key_in_place(l, value, type, &at)) {
		room = rs_lower_room(l, rs_type_slot(type));
		rs_lower_into_as(l, value, type, &room);
		at = rs_place_address(l, &room);
	}
	rs_lower_check_failure(l, update_site(l, node), update(l, node->map, key, at, UPDATE_ANY));
}

void rs_lower_map_set(struct rs_lower *l, struct rs_node *node, struct rs_node *value)
{
	if (rs_map_is_direct(node->map))
		set_direct(l, node, value);
	else if (rs_type_is_word(node->map->value))
		set_word(l, node, value);
	else
		set_memory(l, node, value);
}

/* ---- changing ---- */

static bool is_atomic(const struct rs_map *map, enum rs_operator op)
{
	const struct rs_type *type = map->value;

	if (op != RS_OPERATOR_ADD && op != RS_OPERATOR_SUB)
		return false;
	return !rs_map_is_percpu(map) &&
	       (type->kind == RS_TYPE_POINTER || (type->kind == RS_TYPE_INT && type->size == 8));
}

/* The other value is computed as well where somebody wants it: not in one with the addition. */
static rs_reg step_atomic(struct rs_lower *l, rs_reg at, enum rs_operator op, rs_reg by,
			  enum rs_step_result wanted)
{
	rs_reg old = 0;

	if (op == RS_OPERATOR_SUB)
		by = rs_ir_negate(l->f, by);
	if (wanted != RS_STEP_NOTHING)
		old = rs_ir_load(l->f, at, 0, 8, false);
	rs_ir_atomic_add(l->f, at, 0, 8, by);
	return wanted == RS_STEP_NEW ? rs_ir_binary(l->f, RS_IR_ADD, old, by) : old;
}

static rs_reg step_plain(struct rs_lower *l, struct rs_node *node, rs_reg at, enum rs_operator op,
			 struct rs_node *by, enum rs_step_result wanted)
{
	rs_reg old = rs_ir_load(l->f, at, 0, 8, false);
	rs_reg now = rs_lower_arithmetic(l, op, old, node, by);

	now = rs_lower_convert(l, now, rs_type_int64, node->map->value);
	rs_ir_store(l->f, at, 0, 8, now);
	return wanted == RS_STEP_NEW ? now : old;
}

struct rs_value rs_lower_map_step(struct rs_lower *l, struct rs_node *node, enum rs_operator op,
				  struct rs_node *by, enum rs_step_result wanted)
{
	rs_label end = rs_ir_block_new(l->f);
	rs_reg result = rs_ir_reg_new(l->f), word = 0, at;
	bool atomic = is_atomic(node->map, op);

	rs_ir_assign_const(l->f, result, 0);
	if (atomic)
		word = rs_lower_word(l, by);
	at = rs_lower_map_element(l, node, end);
	if (atomic)
		word = step_atomic(l, at, op, word, wanted);
	else
		word = step_plain(l, node, at, op, by, wanted);
	if (wanted != RS_STEP_NOTHING)
		rs_ir_assign(l->f, result, word);
	rs_ir_jump(l->f, end);
	rs_ir_block_start(l->f, end);
	return rs_value_word(node->type, result);
}
