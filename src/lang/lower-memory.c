/* SPDX-License-Identifier: Apache-2.0 */

/* Plain memory: places, copying, zeroing, constants, comparing. */

#include "lang/list.h"
#include "lang/lower-private.h"

/* ---- places ---- */

rs_reg rs_place_address(struct rs_lower *l, const struct rs_place_in_memory *to)
{
	return to->offset ? rs_ir_binary_imm(l->f, RS_IR_ADD, to->reg, to->offset) : to->reg;
}

struct rs_place_in_memory rs_place_at(const struct rs_place_in_memory *to, uint32_t offset,
				      uint32_t size)
{
	struct rs_place_in_memory at = *to;

	at.offset += (int32_t)offset;
	at.size = size;
	return at;
}

static bool is_far(const struct rs_place_in_memory *to, uint32_t size)
{
	return to->offset > RS_LOWER_OFFSET_MAX || (int64_t)to->offset + size > INT16_MAX;
}

static struct rs_place_in_memory near(struct rs_lower *l, const struct rs_place_in_memory *to)
{
	struct rs_place_in_memory at = *to;

	if (is_far(to, to->size)) {
		at.reg = rs_place_address(l, to);
		at.offset = 0;
	}
	return at;
}

/* A helper that copies is a memcpy() that reads from anywhere. */
static void copy_by_helper(struct rs_lower *l, const struct rs_place_in_memory *to, rs_reg from,
			   uint32_t size)
{
	rs_ir_call_of(l->f, RS_HELPER_probe_read_kernel, rs_place_address(l, to),
		      rs_ir_const(l->f, size), from);
}

void rs_place_zero(struct rs_lower *l, const struct rs_place_in_memory *to)
{
	uint32_t size = (to->size + 7) & ~7u;
	struct rs_place_in_memory at;

	if (to->zeroed || !size)
		return;
	if (size > RS_LOWER_ZERO_INLINE) {
		copy_by_helper(l, to, rs_lower_constant_address(l, NULL, size), size);
		return;
	}
	at = near(l, to);
	rs_ir_zero(l->f, at.reg, at.offset, size);
}

void rs_lower_copy(struct rs_lower *l, const struct rs_place_in_memory *to, rs_reg from,
		   int32_t offset, uint32_t size)
{
	struct rs_place_in_memory at;

	if (size > RS_LOWER_COPY_INLINE) {
		if (offset)
			from = rs_ir_binary_imm(l->f, RS_IR_ADD, from, offset);
		copy_by_helper(l, to, from, size);
		return;
	}
	at = near(l, to);
	rs_lower_normalise(l, &from, &offset);
	rs_ir_copy_memory(l->f, at.reg, at.offset, from, offset, size);
}

/* ---- constants ---- */

static bool has_bytes(const struct rs_map *map, uint32_t at, const void *data, uint32_t len)
{
	const uint8_t *have = map->initial;

	if (!have)
		return false;
	if (data)
		return !memcmp(have + at, data, len);
	for (uint32_t i = 0; i < len; i++)
		if (have[at + i])
			return false;
	return true;
}

uint32_t rs_lower_constant(struct rs_lower *l, const void *data, uint32_t len)
{
	struct rs_map *map = rs_program_map(l->program, RS_MAP_CONST, 0);
	uint32_t size = (len + 7) & ~7u, at;
	uint8_t *bytes;

	if (!map)
		return 0;
	if (!map->initial)
		map->value_size = 0;
	for (at = 0; (uint64_t)at + size <= map->value_size; at += 8)
		if (has_bytes(map, at, data, len))
			return at;
	at = map->value_size;
	if ((uint64_t)at + size > RS_LOWER_CONST_MAX) {
		rs_diag_error(l->program->diags, map->span,
			      "the script's texts are too long in all");
		return 0;
	}
	bytes = rs_arena_alloc(l->program->arena, at + size);
	if (!bytes) {
		l->program->diags->out_of_memory = true;
		return 0;
	}
	if (at)
		memcpy(bytes, map->initial, at);
	if (data)
		memcpy(bytes + at, data, len);
	map->kind = RS_MAP_ARRAY;
	map->max_entries = 1;
	map->key_size = 4;
	map->initial = bytes;
	map->value_size = at + size;
	return at;
}

rs_reg rs_lower_constant_address(struct rs_lower *l, const void *data, uint32_t len)
{
	uint32_t at = rs_lower_constant(l, data, len);

	return rs_ir_map_value(l->f, rs_lower_internal_map(l, RS_MAP_CONST)->id, at);
}

static uint64_t word_of(const char *text, uint32_t len, uint32_t at)
{
	uint64_t word = 0;

	if (at < len)
		memcpy(&word, text + at, MIN(len - at, 8u));
	return word;
}

/* Stores of constants up to here cost less than a helper that copies. */
#define TEXT_INLINE 96u

void rs_lower_text(struct rs_lower *l, const char *text, uint32_t len,
		   const struct rs_place_in_memory *to)
{
	uint32_t slot = (to->size + 7) & ~7u;
	uint32_t used = MIN(len + 1, slot), words = (used + 7) & ~7u;
	struct rs_place_in_memory rest = rs_place_at(to, words, slot - words), at = near(l, to);

	len = MIN(len, slot ? slot - 1 : 0);
	if (words > TEXT_INLINE) {
		char *padded = rs_arena_alloc(l->program->arena, words);

		if (!padded)
			return;
		memcpy(padded, text, len);
		rs_lower_copy(l, to, rs_lower_constant_address(l, padded, words), 0, words);
	} else {
		for (uint32_t i = 0; i < words; i += 8)
			rs_ir_store_imm(l->f, at.reg, at.offset + (int)i, 8,
					(int64_t)word_of(text, len, i));
	}
	if (!to->loose && rest.size)
		rs_place_zero(l, &rest);
}

/* ---- comparing ---- */

/* More words than this are compared in a loop. */
#define COMPARE_UNROLLED 8u

static void compare_words(struct rs_lower *l, const struct rs_value *a, const struct rs_value *b,
			  uint32_t n, rs_label no)
{
	for (uint32_t i = 0; i < n; i++) {
		rs_label next = rs_ir_block_new(l->f);

		rs_ir_branch(l->f, RS_IR_NE,
			     rs_ir_load(l->f, a->reg, a->offset + (int)i * 8, 8, false),
			     rs_ir_load(l->f, b->reg, b->offset + (int)i * 8, 8, false), no, next);
		rs_ir_block_start(l->f, next);
	}
}

/* For strings a word of zeroes ends it: behind it both have zeroes only. */
static void compare_in_loop(struct rs_lower *l, const struct rs_value *a, const struct rs_value *b,
			    uint32_t n, bool strings, rs_label yes, rs_label no)
{
	struct rs_ir_func *f = l->f;
	rs_reg i = rs_ir_reg_new(f), x, y;
	rs_label head = rs_ir_block_new(f), same = rs_ir_block_new(f), more = rs_ir_block_new(f);
	rs_reg from_a = rs_ir_binary_imm(f, RS_IR_ADD, a->reg, a->offset);
	rs_reg from_b = rs_ir_binary_imm(f, RS_IR_ADD, b->reg, b->offset);

	rs_ir_assign_const(f, i, 0);
	rs_ir_jump(f, head);
	rs_ir_block_start(f, head);
	x = rs_ir_load(f, rs_ir_binary(f, RS_IR_ADD, from_a, i), 0, 8, false);
	y = rs_ir_load(f, rs_ir_binary(f, RS_IR_ADD, from_b, i), 0, 8, false);
	rs_ir_branch(f, RS_IR_NE, x, y, no, same);
	rs_ir_block_start(f, same);
	if (strings)
		rs_ir_branch_imm(f, RS_IR_EQ, x, 0, yes, more);
	else
		rs_ir_jump(f, more);
	rs_ir_block_start(f, more);
	rs_ir_assign(f, i, rs_ir_binary_imm(f, RS_IR_ADD, i, 8));
	rs_ir_branch_imm(f, RS_IR_LT, i, (int64_t)n * 8, head, yes);
}

static void compare(struct rs_lower *l, const struct rs_value *a, const struct rs_value *b,
		    uint32_t words, bool strings, rs_label yes, rs_label no)
{
	if (words > COMPARE_UNROLLED) {
		compare_in_loop(l, a, b, words, strings, yes, no);
		return;
	}
	compare_words(l, a, b, words, no);
	rs_ir_jump(l->f, yes);
}

void rs_lower_branch_equal(struct rs_lower *l, const struct rs_value *a, const struct rs_value *b,
			   uint32_t size, rs_label yes, rs_label no)
{
	struct rs_value x = *a, y = *b;

	rs_lower_normalise(l, &x.reg, &x.offset);
	rs_lower_normalise(l, &y.reg, &y.offset);
	compare(l, &x, &y, (size + 7) / 8, false, yes, no);
}

/*
 * Strings that differ in size: where the words of the shorter are equal, its NUL is there in the longer too,
 * and what is behind it in both is zero.
 */
void rs_lower_branch_strings(struct rs_lower *l, const struct rs_value *a, const struct rs_value *b,
			     rs_label yes, rs_label no)
{
	uint32_t size = MIN(rs_type_slot(a->type), rs_type_slot(b->type));
	struct rs_value x = *a, y = *b;

	rs_lower_normalise(l, &x.reg, &x.offset);
	rs_lower_normalise(l, &y.reg, &y.offset);
	compare(l, &x, &y, size / 8, true, yes, no);
}

rs_reg rs_lower_strings_equal(struct rs_lower *l, const struct rs_value *a,
			      const struct rs_value *b)
{
	rs_label yes = rs_ir_block_new(l->f), no = rs_ir_block_new(l->f),
		 end = rs_ir_block_new(l->f);
	struct rs_value x = rs_value_to_memory(l, a), y = rs_value_to_memory(l, b);
	rs_reg result = rs_ir_reg_new(l->f);

	rs_lower_branch_strings(l, &x, &y, yes, no);
	rs_ir_block_start(l->f, yes);
	rs_ir_assign_const(l->f, result, 1);
	rs_ir_jump(l->f, end);
	rs_ir_block_start(l->f, no);
	rs_ir_assign_const(l->f, result, 0);
	rs_ir_block_start(l->f, end);
	return result;
}
