/* SPDX-License-Identifier: Apache-2.0 */

/*
 * count(), sum(), hist() and so on: one lookup of this CPU's value, then plain loads and stores. An entry that is
 * not there is made of zeroes first, which is what all of them begin with.
 */

#include "lang/lower-private.h"

/* ---- buckets ---- */

/*
 * log2 of a number that is not 0, by halves: where it has bits above the lower half they are moved down. The
 * sign of (largest - n) tells that without a jump; large numbers are rare and get one.
 */
static rs_reg log2_of(struct rs_ir_func *f, rs_reg n)
{
	rs_label large = rs_ir_block_new(f), small = rs_ir_block_new(f);
	rs_reg rest = rs_ir_copy(f, n), power = rs_ir_reg_new(f);

	rs_ir_assign_const(f, power, 0);
	rs_ir_branch_imm(f, RS_IR_GT, n, UINT32_MAX, large, small);
	rs_ir_block_start(f, large);
	rs_ir_assign(f, rest, rs_ir_binary_imm(f, RS_IR_SHR, n, 32));
	rs_ir_assign_const(f, power, 32);
	rs_ir_block_start(f, small);
	for (unsigned i = 5; i-- > 0;) {
		int64_t largest = (1LL << (1u << i)) - 1;
		rs_reg is_above = rs_ir_binary(f, RS_IR_SUB, rs_ir_const(f, largest), rest);
		rs_reg shift;

		is_above = rs_ir_binary_imm(f, RS_IR_SHR, is_above, 63);
		shift = i ? rs_ir_binary_imm(f, RS_IR_SHL, is_above, i) : is_above;
		rs_ir_assign(f, power, rs_ir_binary(f, RS_IR_ADD, power, shift));
		if (i)
			rs_ir_assign(f, rest, rs_ir_binary(f, RS_IR_SHR, rest, shift));
	}
	return power;
}

/* Values up to 2^bits - 1 have buckets of their own, then each power of two has 2^bits of them. */
static rs_reg hist_bucket(struct rs_lower *l, rs_reg n, uint32_t bits)
{
	struct rs_ir_func *f = l->f;
	rs_label negative = rs_ir_block_new(f), positive = rs_ir_block_new(f),
		 large = rs_ir_block_new(f), end = rs_ir_block_new(f);
	int64_t mask = (1LL << bits) - 1;
	rs_reg bucket = rs_ir_reg_new(f), power, sub;

	rs_ir_assign_const(f, bucket, 0);
	rs_ir_branch_imm(f, RS_IR_SLT, n, 0, negative, positive);
	rs_ir_block_start(f, negative);
	rs_ir_block_cold(f);
	rs_ir_jump(f, end);
	rs_ir_block_start(f, positive);
	rs_ir_assign(f, bucket, rs_ir_binary_imm(f, RS_IR_ADD, n, 1));
	rs_ir_branch_imm(f, RS_IR_GT, n, mask, large, end);
	rs_ir_block_start(f, large);
	power = rs_ir_binary_imm(f, RS_IR_SUB, log2_of(f, n), bits);
	if (bits) {
		sub = rs_ir_binary(f, RS_IR_SHR, n, power);
		sub = rs_ir_binary_imm(f, RS_IR_AND, sub, mask);
		power = rs_ir_binary_imm(f, RS_IR_SHL, rs_ir_binary_imm(f, RS_IR_ADD, power, 1),
					 bits);
		power = rs_ir_binary(f, RS_IR_ADD, power, sub);
		rs_ir_assign(f, bucket, rs_ir_binary_imm(f, RS_IR_ADD, power, 1));
	} else {
		rs_ir_assign(f, bucket, rs_ir_binary_imm(f, RS_IR_ADD, power, 2));
	}
	rs_ir_block_start(f, end);
	return bucket;
}

/* Below, a bucket per step, above. */
static rs_reg lhist_bucket(struct rs_lower *l, rs_reg n, const struct rs_type *type)
{
	struct rs_ir_func *f = l->f;
	rs_label inside = rs_ir_block_new(f), above = rs_ir_block_new(f),
		 within = rs_ir_block_new(f), end = rs_ir_block_new(f);
	rs_reg bucket = rs_ir_reg_new(f), at;
	int64_t step = type->step > 0 ? type->step : 1;

	rs_ir_assign_const(f, bucket, 0);
	rs_ir_branch_imm(f, RS_IR_SLT, n, type->low, end, inside);
	rs_ir_block_start(f, inside);
	rs_ir_branch_imm(f, RS_IR_SGT, n, type->high, above, within);
	rs_ir_block_start(f, above);
	rs_ir_assign_const(f, bucket, (int64_t)type->count - 1);
	rs_ir_jump(f, end);
	rs_ir_block_start(f, within);
	at = type->low ? rs_ir_binary(f, RS_IR_SUB, n, rs_ir_const(f, type->low)) : n;
	at = rs_ir_binary_imm(f, RS_IR_DIV, at, step);
	rs_ir_assign(f, bucket, rs_ir_binary_imm(f, RS_IR_ADD, at, 1));
	rs_ir_block_start(f, end);
	return bucket;
}

/* ---- this CPU's value ---- */

static void add_word(struct rs_lower *l, rs_reg at, int offset, rs_reg by)
{
	rs_reg now = rs_ir_load(l->f, at, offset, 8, false);

	now = by ? rs_ir_binary(l->f, RS_IR_ADD, now, by)
		 : rs_ir_binary_imm(l->f, RS_IR_ADD, now, 1);
	rs_ir_store(l->f, at, offset, 8, now);
}

/* The verifier does not know how large a bucket's number can be. */
static void count_bucket(struct rs_lower *l, rs_reg at, rs_reg bucket, uint32_t count)
{
	rs_label fine = rs_ir_block_new(l->f), end = rs_ir_block_new(l->f);

	rs_ir_branch_imm(l->f, RS_IR_LT, bucket, count, fine, end);
	rs_ir_block_start(l->f, fine);
	at = rs_ir_binary(l->f, RS_IR_ADD, at, rs_ir_binary_imm(l->f, RS_IR_SHL, bucket, 3));
	add_word(l, at, 0, 0);
	rs_ir_block_start(l->f, end);
}

static bool is_signed(const struct rs_type *type)
{
	return !type->element || type->element->is_signed;
}

/* { value, whether there is one } */
static void keep_extreme(struct rs_lower *l, rs_reg at, rs_reg n, const struct rs_type *type)
{
	struct rs_ir_func *f = l->f;
	rs_label is_set = rs_ir_block_new(f), store = rs_ir_block_new(f), end = rs_ir_block_new(f);
	bool largest = type->kind == RS_TYPE_MAX;
	enum rs_ir_cond cond = largest ? (is_signed(type) ? RS_IR_SGT : RS_IR_GT)
				       : (is_signed(type) ? RS_IR_SLT : RS_IR_LT);

	rs_ir_branch_imm(f, RS_IR_NE, rs_ir_load(f, at, 8, 8, false), 0, is_set, store);
	rs_ir_block_start(f, is_set);
	rs_ir_branch(f, cond, n, rs_ir_load(f, at, 0, 8, false), store, end);
	rs_ir_block_start(f, store);
	rs_ir_store(f, at, 0, 8, n);
	rs_ir_store_imm(f, at, 8, 8, 1);
	rs_ir_block_start(f, end);
}

static void apply(struct rs_lower *l, rs_reg at, rs_reg n, const struct rs_type *type)
{
	switch (type->kind) {
	case RS_TYPE_COUNT:
		add_word(l, at, 0, 0);
		break;
	case RS_TYPE_SUM:
		add_word(l, at, 0, n);
		break;
	case RS_TYPE_AVG:
	case RS_TYPE_STATS:
		add_word(l, at, 0, 0);
		add_word(l, at, 8, n);
		break;
	case RS_TYPE_MIN:
	case RS_TYPE_MAX:
		keep_extreme(l, at, n, type);
		break;
	default: /* the bucket's number */
		count_bucket(l, at, n, type->count);
		break;
	}
}

void rs_lower_aggregate(struct rs_lower *l, struct rs_node *node, struct rs_node *call)
{
	const struct rs_type *type = node->map->value;
	rs_label end = rs_ir_block_new(l->f);
	rs_reg n = 0, at;

	if (call->list.n)
		n = rs_lower_word(l, call->list.items[0]);
	if (type->kind == RS_TYPE_HIST)
		n = hist_bucket(l, n, type->bits);
	else if (type->kind == RS_TYPE_LHIST)
		n = lhist_bucket(l, n, type);
	at = rs_lower_map_element(l, node, end);
	if (n || type->kind == RS_TYPE_COUNT)
		apply(l, at, n, type);
	rs_ir_jump(l->f, end);
	rs_ir_block_start(l->f, end);
}

/* ---- reading ---- */

struct total {
	rs_reg value, count;
};

static void add_one_cpu(struct rs_lower *l, const struct rs_type *type, rs_reg at,
			const struct total *total)
{
	struct rs_ir_func *f = l->f;
	rs_reg first = rs_ir_load(f, at, 0, 8, false), second;
	rs_label more, better, take, end;
	bool largest = type->kind == RS_TYPE_MAX;

	if (type->kind == RS_TYPE_COUNT || type->kind == RS_TYPE_SUM) {
		rs_ir_assign(f, total->value, rs_ir_binary(f, RS_IR_ADD, total->value, first));
		return;
	}
	second = rs_ir_load(f, at, 8, 8, false);
	if (type->kind == RS_TYPE_AVG || type->kind == RS_TYPE_STATS) {
		rs_ir_assign(f, total->count, rs_ir_binary(f, RS_IR_ADD, total->count, first));
		rs_ir_assign(f, total->value, rs_ir_binary(f, RS_IR_ADD, total->value, second));
		return;
	}
	more = rs_ir_block_new(f);
	better = rs_ir_block_new(f);
	take = rs_ir_block_new(f);
	end = rs_ir_block_new(f);
	rs_ir_branch_imm(f, RS_IR_NE, second, 0, more, end);
	rs_ir_block_start(f, more);
	rs_ir_branch_imm(f, RS_IR_EQ, total->count, 0, take, better);
	rs_ir_block_start(f, better);
	rs_ir_branch(f,
		     largest ? (is_signed(type) ? RS_IR_SGT : RS_IR_GT)
			     : (is_signed(type) ? RS_IR_SLT : RS_IR_LT),
		     first, total->value, take, end);
	rs_ir_block_start(f, take);
	rs_ir_assign(f, total->value, first);
	rs_ir_assign_const(f, total->count, 1);
	rs_ir_block_start(f, end);
}

/* Division without a sign, of the number without its sign. */
static rs_reg average(struct rs_lower *l, const struct rs_type *type, const struct total *total)
{
	struct rs_ir_func *f = l->f;
	rs_reg sign, n;

	if (!is_signed(type))
		return rs_ir_binary(f, RS_IR_DIV, total->value, total->count);
	sign = rs_ir_binary_imm(f, RS_IR_SAR, total->value, 63);
	n = rs_ir_binary(f, RS_IR_SUB, rs_ir_binary(f, RS_IR_XOR, total->value, sign), sign);
	n = rs_ir_binary(f, RS_IR_DIV, n, total->count);
	return rs_ir_binary(f, RS_IR_SUB, rs_ir_binary(f, RS_IR_XOR, n, sign), sign);
}

static bool can_sum(struct rs_lower *l, const struct rs_map *map)
{
	if (rs_lang_has(l->sema->source, lookup_percpu))
		return true;
	rs_diag_error(l->program->diags, map->span,
		      "this kernel can not read what %s counted on other CPUs (5.19 and later can)",
		      map->name);
	rs_diag_hint(l->program->diags, "print(%s) prints it", map->name);
	return false;
}

rs_reg rs_lower_aggregate_sum(struct rs_lower *l, const struct rs_map *map, rs_reg key)
{
	struct rs_ir_func *f = l->f;
	struct total total = { rs_ir_reg_new(f), rs_ir_reg_new(f) };
	rs_label head = rs_ir_block_new(f), there = rs_ir_block_new(f), next = rs_ir_block_new(f),
		 end = rs_ir_block_new(f);
	unsigned n_cpus = l->sema->source->n_cpus ? l->sema->source->n_cpus : 1;
	rs_reg cpu = rs_ir_reg_new(f), at;

	if (!can_sum(l, map))
		return rs_ir_const(f, 0);
	rs_ir_assign_const(f, total.value, 0);
	rs_ir_assign_const(f, total.count, 0);
	rs_ir_assign_const(f, cpu, 0);
	rs_ir_jump(f, head);
	rs_ir_block_start(f, head);
	at = rs_ir_call_of(f, RS_HELPER_map_lookup_percpu_elem, rs_ir_map(f, map->id), key, cpu);
	rs_ir_branch_imm(f, RS_IR_NE, at, 0, there, next);
	rs_ir_block_start(f, there);
	add_one_cpu(l, map->value, at, &total);
	rs_ir_jump(f, next);
	rs_ir_block_start(f, next);
	rs_ir_assign(f, cpu, rs_ir_binary_imm(f, RS_IR_ADD, cpu, 1));
	rs_ir_branch_imm(f, RS_IR_LT, cpu, n_cpus, head, end);
	rs_ir_block_start(f, end);
	if (map->value->kind == RS_TYPE_AVG || map->value->kind == RS_TYPE_STATS)
		return average(l, map->value, &total);
	return total.value;
}
