/* SPDX-License-Identifier: Apache-2.0 */

/* Texts and bytes that are looked at: strncmp memcmp strlen strcap strcontains strstr. */

#include <string.h>

#include "lang/fn.h"
#include "lang/lower-private.h"

/* ---- texts in plain memory ---- */

static bool is_text(const struct rs_node *node)
{
	enum rs_type_kind kind = rs_fn_kind(node);

	return kind == RS_TYPE_STRING || kind == RS_TYPE_ARRAY || rs_fn_is_address(node);
}

/* Message unless argument i is text, or points to some. */
static bool check_text(struct rs_sema *s, struct rs_node *call, unsigned i)
{
	const struct rs_node *arg = rs_fn_arg(call, i);

	if (is_text(arg))
		return true;
	rs_sema_error(s, arg->span, "%s: expects text, not %s", rs_fn_name(call),
		      rs_sema_text(s, arg->type));
	return false;
}

/* Bytes at most, the NUL of strings included; max where nobody knows. */
static uint64_t capacity(const struct rs_node *node, uint64_t max)
{
	if (rs_fn_kind(node) == RS_TYPE_STRING)
		return MIN(max, node->type->size);
	if (rs_fn_kind(node) == RS_TYPE_ARRAY && node->type->count)
		return MIN(max, rs_type_sizeof(node->type));
	return max;
}

static uint32_t words(uint64_t bytes)
{
	return (uint32_t)((bytes + 7) & ~(uint64_t)7);
}

/* The first n bytes, zeroes behind the text up to a multiple of 8. Arrays and what pointers point to are read. */
static struct rs_value text_of(struct rs_lower *l, struct rs_node *node, uint32_t n)
{
	struct rs_place_in_memory room;
	struct rs_fn_bytes from;
	struct rs_value value;

	if (rs_fn_kind(node) == RS_TYPE_STRING) {
		value = rs_lower_value(l, node);
		value = rs_value_to_memory(l, &value);
		rs_lower_normalise(l, &value.reg, &value.offset);
		return value;
	}
	room = rs_lower_room(l, words(n + 1));
	from = rs_fn_bytes(l, node);
	rs_place_zero(l, &room);
	rs_fn_read_string(l, &from, &room, 0, n + 1);
	value = rs_value_memory(rs_fn_string(l->sema, n + 1), room.reg, room.offset);
	rs_lower_normalise(l, &value.reg, &value.offset);
	return value;
}

/* ---- strncmp ---- */

static void check_strncmp(struct rs_sema *s, struct rs_node *call)
{
	uint64_t n = 0;

	call->type = rs_type_int64;
	if (!check_text(s, call, 0) || !check_text(s, call, 1) ||
	    !rs_sema_arg_constant(s, call, 2, &n))
		return;
	if ((int64_t)n < 0)
		rs_sema_error(s, rs_fn_arg(call, 2)->span,
			      "strncmp: the length can not be negative");
}

static uint64_t first_bytes(uint32_t n)
{
	return n >= 8 ? UINT64_MAX : ((uint64_t)1 << 8 * n) - 1;
}

/* Goes to no where a word of n bytes differs from what is expected: a register, or 0 and a number. */
static void branch_word(struct rs_lower *l, rs_reg a, rs_reg b, uint64_t number, uint32_t n,
			rs_label no)
{
	rs_label next = rs_ir_block_new(l->f);

	if (n < 8) {
		a = b ? rs_ir_binary(l->f, RS_IR_XOR, a, b)
		      : rs_ir_binary_imm(l->f, RS_IR_XOR, a, (int64_t)number);
		a = rs_ir_binary_imm(l->f, RS_IR_AND, a, (int64_t)first_bytes(n));
		rs_ir_branch_imm(l->f, RS_IR_NE, a, 0, no, next);
	} else if (b) {
		rs_ir_branch(l->f, RS_IR_NE, a, b, no, next);
	} else {
		rs_ir_branch_imm(l->f, RS_IR_NE, a, (int64_t)number, no, next);
	}
	rs_ir_block_start(l->f, next);
}

static uint64_t text_word(const struct rs_node *text, uint32_t at)
{
	uint64_t word = 0;

	if (at < text->text_len)
		memcpy(&word, text->text + at, MIN(text->text_len - at, 8u));
	return word;
}

static bool is_literal(const struct rs_node *node)
{
	return node->text_constant && rs_fn_kind(node) == RS_TYPE_STRING;
}

static void compare_literal(struct rs_lower *l, struct rs_node *node, const struct rs_node *text,
			    uint32_t n, rs_label no)
{
	struct rs_value a = text_of(l, node, n);

	for (uint32_t at = 0; at < n; at += 8)
		branch_word(l, rs_ir_load(l->f, a.reg, a.offset + (int)at, 8, false), 0,
			    text_word(text, at), n - at, no);
}

static void compare_texts(struct rs_lower *l, struct rs_node *x, struct rs_node *y, uint32_t n,
			  rs_label no)
{
	struct rs_value a = text_of(l, x, n), b = text_of(l, y, n);
	uint32_t whole = n & ~7u;
	rs_label rest = rs_ir_block_new(l->f);

	if (whole)
		rs_lower_branch_equal(l, &a, &b, whole, rest, no);
	rs_ir_block_start(l->f, rest);
	if (whole < n)
		branch_word(l, rs_ir_load(l->f, a.reg, a.offset + (int)whole, 8, false),
			    rs_ir_load(l->f, b.reg, b.offset + (int)whole, 8, false), 0, n - whole,
			    no);
}

/* 1 in the register unless the code between came here by falling through. */
static struct rs_value equal_or_one(struct rs_lower *l, const struct rs_type *type, rs_label differ)
{
	rs_label done = rs_ir_block_new(l->f);
	rs_reg r = rs_ir_reg_new(l->f);

	rs_ir_assign_const(l->f, r, 0);
	rs_ir_jump(l->f, done);
	rs_ir_block_start(l->f, differ);
	rs_ir_assign_const(l->f, r, 1);
	rs_ir_block_start(l->f, done);
	return rs_value_word(type, r);
}

static struct rs_value lower_strncmp(struct rs_lower *l, struct rs_node *call)
{
	struct rs_node *a = rs_fn_arg(call, 0), *b = rs_fn_arg(call, 1);
	uint64_t max = MIN(rs_fn_arg(call, 2)->number, l->program->config.max_strlen);
	uint32_t n = (uint32_t)MIN(capacity(a, max), capacity(b, max));
	rs_label differ = rs_ir_block_new(l->f);

	if (is_literal(b))
		compare_literal(l, a, b, n, differ);
	else if (is_literal(a))
		compare_literal(l, b, a, n, differ);
	else
		compare_texts(l, a, b, n, differ);
	return equal_or_one(l, call->type, differ);
}

/* ---- memcmp ---- */

static void check_memcmp(struct rs_sema *s, struct rs_node *call)
{
	uint64_t n = 0, max = s->program->config.max_strlen;

	call->type = rs_type_int64;
	if (!rs_sema_arg_constant(s, call, 2, &n))
		return;
	if (!n || n > max)
		rs_sema_error(s, rs_fn_arg(call, 2)->span,
			      "memcmp: the length is 1 to %llu (max_strlen)",
			      (unsigned long long)max);
	for (unsigned i = 0; i < 2; i++) {
		const struct rs_node *arg = rs_fn_arg(call, i);

		if (!is_text(arg) && rs_fn_kind(arg) != RS_TYPE_BUFFER)
			rs_sema_error(s, arg->span, "memcmp: %s has no bytes to compare",
				      rs_sema_text(s, arg->type));
		else if (capacity(arg, n) < n)
			rs_sema_error(s, arg->span, "memcmp: there are only %llu bytes here",
				      (unsigned long long)capacity(arg, n));
	}
}

static struct rs_value bytes_of(struct rs_lower *l, struct rs_node *node, uint32_t n)
{
	struct rs_place_in_memory room = rs_lower_room(l, words(n));
	struct rs_fn_bytes from = rs_fn_bytes(l, node);

	if (n & 7)
		rs_ir_store_imm(l->f, room.reg, room.offset + (int)(n & ~7u), 8, 0);
	rs_fn_read(l, &from, &room, 0, n);
	return rs_value_memory(&rs_type_unknown, room.reg, room.offset);
}

/* The word in which they differ, first byte most significant: its order is theirs. */
static struct rs_value lower_memcmp(struct rs_lower *l, struct rs_node *call)
{
	struct rs_ir_func *f = l->f;
	uint32_t n = (uint32_t)rs_fn_arg(call, 2)->number;
	struct rs_value a = bytes_of(l, rs_fn_arg(call, 0), n);
	struct rs_value b = bytes_of(l, rs_fn_arg(call, 1), n);
	rs_label differ = rs_ir_block_new(f), less = rs_ir_block_new(f), done = rs_ir_block_new(f);
	rs_reg x = rs_ir_reg_new(f), y = rs_ir_reg_new(f), r = rs_ir_reg_new(f);

	for (uint32_t at = 0; at < n; at += 8) {
		rs_label next = rs_ir_block_new(f);

		rs_ir_assign(f, x, rs_ir_load(f, a.reg, a.offset + (int)at, 8, false));
		rs_ir_assign(f, y, rs_ir_load(f, b.reg, b.offset + (int)at, 8, false));
		rs_ir_branch(f, RS_IR_NE, x, y, differ, next);
		rs_ir_block_start(f, next);
	}
	rs_ir_assign_const(f, r, 0);
	rs_ir_jump(f, done);
	rs_ir_block_start(f, differ);
	rs_ir_assign_const(f, r, 1);
	rs_ir_branch(f, RS_IR_LT, rs_ir_swap_bytes(f, x, 8), rs_ir_swap_bytes(f, y, 8), less, done);
	rs_ir_block_start(f, less);
	rs_ir_assign_const(f, r, -1);
	rs_ir_block_start(f, done);
	return rs_value_word(call->type, r);
}

/* ---- strlen, strcap ---- */

static uint64_t text_length(const struct rs_node *text)
{
	return strnlen(text->text, text->text_len);
}

static void check_strlen(struct rs_sema *s, struct rs_node *call)
{
	const struct rs_node *text = rs_fn_arg(call, 0);

	call->type = rs_type_uint64;
	if (check_text(s, call, 0) && is_literal(text))
		rs_fn_set_number(call, rs_type_uint64, text_length(text));
}

/* Which byte of the word is its first zero, by the bits that mark zero bytes. */
static rs_reg first_zero(struct rs_lower *l, rs_reg marks)
{
	rs_reg n = rs_ir_reg_new(l->f), bits = rs_ir_reg_new(l->f);

	rs_ir_assign_const(l->f, n, 0);
	rs_ir_assign(l->f, bits, marks);
	for (unsigned half = 4; half; half /= 2) {
		rs_label upper = rs_ir_block_new(l->f), next = rs_ir_block_new(l->f);

		rs_ir_branch_imm(l->f, RS_IR_TEST, bits, (int64_t)first_bytes(half), next, upper);
		rs_ir_block_start(l->f, upper);
		rs_ir_assign(l->f, n, rs_ir_binary_imm(l->f, RS_IR_ADD, n, half));
		rs_ir_assign(l->f, bits, rs_ir_binary_imm(l->f, RS_IR_SHR, bits, 8 * half));
		rs_ir_block_start(l->f, next);
	}
	return n;
}

/* The bits 7 of bytes that are zero; those behind the first may be wrong. */
static rs_reg zero_marks(struct rs_lower *l, rs_reg word)
{
	rs_reg less = rs_ir_binary_imm(l->f, RS_IR_SUB, word, 0x0101010101010101);
	rs_reg not_word = rs_ir_binary_imm(l->f, RS_IR_XOR, word, -1);
	rs_reg marks = rs_ir_binary(l->f, RS_IR_AND, less, not_word);

	return rs_ir_binary_imm(l->f, RS_IR_AND, marks, (int64_t)0x8080808080808080);
}

/* Word by word to the one with the NUL. */
static rs_reg length_of(struct rs_lower *l, const struct rs_value *text, uint32_t size)
{
	struct rs_ir_func *f = l->f;
	rs_label loop = rs_ir_block_new(f), look = rs_ir_block_new(f), next = rs_ir_block_new(f);
	rs_label found = rs_ir_block_new(f), done = rs_ir_block_new(f);
	rs_reg i = rs_ir_reg_new(f), marks = rs_ir_reg_new(f), at;

	rs_ir_assign_const(f, i, 0);
	rs_ir_block_start(f, loop);
	rs_ir_branch_imm(f, RS_IR_LT, i, words(size), look, done);
	rs_ir_block_start(f, look);
	at = rs_ir_binary(f, RS_IR_ADD, text->reg, i);
	rs_ir_assign(f, marks, zero_marks(l, rs_ir_load(f, at, text->offset, 8, false)));
	rs_ir_branch_imm(f, RS_IR_NE, marks, 0, found, next);
	rs_ir_block_start(f, next);
	rs_ir_assign(f, i, rs_ir_binary_imm(f, RS_IR_ADD, i, 8));
	rs_ir_jump(f, loop);
	rs_ir_block_start(f, found);
	rs_ir_assign(f, i, rs_ir_binary(f, RS_IR_ADD, i, first_zero(l, marks)));
	rs_ir_block_start(f, done);
	return rs_lower_unknown(l, i);
}

/* The verifier walks through every round of that loop, and gives up where they are too many: longer text is read once
 * more, for which the helper tells its length. */
#define WALKED_MOST 4096

static rs_reg length_by_helper(struct rs_lower *l, const struct rs_value *text)
{
	struct rs_place_in_memory room = rs_lower_room(l, words(text->type->size));
	rs_reg at = rs_ir_binary_imm(l->f, RS_IR_ADD, text->reg, text->offset);
	rs_reg n = rs_ir_call_of(l->f, RS_HELPER_probe_read_kernel_str, rs_place_address(l, &room),
				 rs_ir_const(l->f, text->type->size), at);

	return rs_ir_binary_imm(l->f, RS_IR_SUB, n, 1);
}

/* Of text that is being read anyway the helper tells the length. */
static rs_reg read_length(struct rs_lower *l, struct rs_node *text)
{
	uint32_t n = (uint32_t)capacity(text, l->program->config.max_strlen - 1);
	struct rs_place_in_memory room = rs_lower_room(l, words(n + 1));
	struct rs_fn_bytes from;
	rs_reg r;

	if (rs_fn_kind(text) == RS_TYPE_STRING) {
		r = text->func->packed(l, text, &room);
	} else {
		from = rs_fn_bytes(l, text);
		r = rs_fn_string_used(l, rs_fn_read_string(l, &from, &room, 0, n + 1));
	}
	return rs_ir_binary_imm(l->f, RS_IR_SUB, r, 1);
}

static struct rs_value lower_strlen(struct rs_lower *l, struct rs_node *call)
{
	struct rs_node *text = rs_fn_arg(call, 0);
	struct rs_value value;

	if (call->constant)
		return rs_value_word(call->type, rs_ir_const(l->f, (int64_t)call->number));
	if (rs_fn_kind(text) != RS_TYPE_STRING ||
	    (text->func && text->func->packed && !text->extra))
		return rs_value_word(call->type, read_length(l, text));
	value = text_of(l, text, text->type->size);
	return rs_value_word(call->type, value.type->size > WALKED_MOST
						 ? length_by_helper(l, &value)
						 : length_of(l, &value, value.type->size));
}

static void check_strcap(struct rs_sema *s, struct rs_node *call)
{
	const struct rs_node *text = rs_fn_arg(call, 0);

	call->type = rs_type_int64;
	if (check_text(s, call, 0) &&
	    (rs_fn_kind(text) == RS_TYPE_STRING || rs_fn_kind(text) == RS_TYPE_ARRAY))
		rs_fn_set_number(call, rs_type_int64, capacity(text, UINT64_MAX));
}

/* ---- strstr, strcontains ---- */

static void check_find(struct rs_sema *s, struct rs_node *call, const struct rs_type *type)
{
	const struct rs_node *needle = rs_fn_arg(call, 1);

	call->type = type;
	if (!check_text(s, call, 0) || !check_text(s, call, 1) || is_literal(needle) || !s->final)
		return;
	if (!rs_lang_has(s->source, strnstr_kfunc)) {
		rs_sema_error(s, needle->span, "%s: what is looked for must be a literal",
			      rs_fn_name(call));
		rs_sema_hint(s, "kernels from 6.17 on search for any text");
	}
}

static void check_strstr(struct rs_sema *s, struct rs_node *call)
{
	check_find(s, call, rs_type_int64);
}

static void check_strcontains(struct rs_sema *s, struct rs_node *call)
{
	check_find(s, call, &rs_type_bool);
}

/* Goes to missing unless the needle is at p. */
static void match_at(struct rs_lower *l, rs_reg p, int offset, const char *needle, uint32_t n,
		     rs_label missing)
{
	for (uint32_t at = 0, size; at < n; at += size) {
		rs_label next = rs_ir_block_new(l->f);
		uint64_t want = 0;

		/* Where it begins is not aligned: byte by byte is what every kernel takes. */
		size = 1;
		memcpy(&want, needle + at, size);
		rs_ir_branch_imm(l->f, RS_IR_EQ, rs_ir_load(l->f, p, offset + (int)at, size, false),
				 (int64_t)want, next, missing);
		rs_ir_block_start(l->f, next);
	}
}

/* The index in the register; -1. */
static rs_reg find_literal(struct rs_lower *l, const struct rs_value *hay, uint32_t hay_size,
			   const char *needle, uint32_t n)
{
	struct rs_ir_func *f = l->f;
	rs_label loop = rs_ir_block_new(f), look = rs_ir_block_new(f), next = rs_ir_block_new(f);
	rs_label none = rs_ir_block_new(f), step = rs_ir_block_new(f), done = rs_ir_block_new(f);
	rs_reg i = rs_ir_reg_new(f), p;

	rs_ir_assign_const(f, i, 0);
	rs_ir_block_start(f, loop);
	rs_ir_branch_imm(f, RS_IR_LT, i, n < hay_size ? hay_size - n : 0, look, none);
	rs_ir_block_start(f, look);
	p = rs_ir_binary(f, RS_IR_ADD, hay->reg, i);
	match_at(l, p, hay->offset, needle, n, next);
	rs_ir_jump(f, done);
	rs_ir_block_start(f, next);
	rs_ir_branch_imm(f, RS_IR_EQ, rs_ir_load(f, p, hay->offset, 1, false), 0, none, step);
	rs_ir_block_start(f, step);
	rs_ir_assign(f, i, rs_ir_binary_imm(f, RS_IR_ADD, i, 1));
	rs_ir_jump(f, loop);
	rs_ir_block_start(f, none);
	rs_ir_assign_const(f, i, -1);
	rs_ir_block_start(f, done);
	return rs_lower_unknown(l, i);
}

static rs_reg address_of_value(struct rs_lower *l, const struct rs_value *value)
{
	return value->offset ? rs_ir_binary_imm(l->f, RS_IR_ADD, value->reg, value->offset)
			     : value->reg;
}

static rs_reg find_any(struct rs_lower *l, const struct rs_value *hay, uint32_t hay_size,
		       struct rs_node *needle)
{
	uint32_t n = (uint32_t)capacity(needle, l->program->config.max_strlen - 1);
	struct rs_value text = text_of(l, needle, n);
	rs_label none = rs_ir_block_new(l->f), done = rs_ir_block_new(l->f);
	rs_reg args[3], r;

	args[0] = address_of_value(l, hay);
	args[1] = address_of_value(l, &text);
	args[2] = rs_ir_const(l->f, hay_size);
	r = rs_ir_extend(l->f, rs_ir_call_kernel(l->f, "bpf_strnstr", 3, args), 4, true);
	rs_ir_branch_imm(l->f, RS_IR_SLT, r, 0, none, done);
	rs_ir_block_start(l->f, none);
	rs_ir_assign_const(l->f, r, -1);
	rs_ir_block_start(l->f, done);
	return r;
}

static rs_reg find(struct rs_lower *l, struct rs_node *call)
{
	struct rs_node *hay = rs_fn_arg(call, 0), *needle = rs_fn_arg(call, 1);
	uint32_t n = (uint32_t)capacity(hay, l->program->config.max_strlen - 1);
	struct rs_value text = text_of(l, hay, n);

	if (is_literal(needle) && !text_length(needle))
		return rs_ir_const(l->f, 0);
	if (is_literal(needle))
		return find_literal(l, &text, text.type->size, needle->text,
				    (uint32_t)text_length(needle));
	return find_any(l, &text, text.type->size, needle);
}

static struct rs_value lower_strstr(struct rs_lower *l, struct rs_node *call)
{
	return rs_value_word(call->type, find(l, call));
}

static struct rs_value lower_strcontains(struct rs_lower *l, struct rs_node *call)
{
	return rs_value_word(call->type, rs_ir_compare_imm(l->f, RS_IR_SGE, find(l, call), 0));
}

/* ---- rows ---- */

const struct rs_func_row rs_func_compare[] = {
	{ .name = "strncmp",
	  .min_args = 3,
	  .max_args = 3,
	  .usage = "strncmp(text, text, length)",
	  .check = check_strncmp,
	  .lower = lower_strncmp },
	{ .name = "memcmp",
	  .min_args = 3,
	  .max_args = 3,
	  .usage = "memcmp(bytes, bytes, length)",
	  .check = check_memcmp,
	  .lower = lower_memcmp },
	{ .name = "strlen",
	  .min_args = 1,
	  .max_args = 1,
	  .usage = "strlen(text)",
	  .check = check_strlen,
	  .lower = lower_strlen },
	{ .name = "strcap",
	  .min_args = 1,
	  .max_args = 1,
	  .usage = "strcap(text)",
	  .check = check_strcap,
	  .lower = lower_strlen },
	{ .name = "strstr",
	  .min_args = 2,
	  .max_args = 2,
	  .usage = "strstr(text, what)",
	  .check = check_strstr,
	  .lower = lower_strstr },
	{ .name = "strcontains",
	  .min_args = 2,
	  .max_args = 2,
	  .usage = "strcontains(text, what)",
	  .check = check_strcontains,
	  .lower = lower_strcontains },
	{ 0 },
};
