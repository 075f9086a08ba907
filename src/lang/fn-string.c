/* SPDX-License-Identifier: Apache-2.0 */

/* Text and bytes that are read: str kstr ustr buf, and what is said of a number in words: strerror ... */

#include "lang/fn.h"
#include "lang/lower-private.h"

/* ---- str ---- */

/* The text of str($1) and str("literal"): known. False: it is not. */
static bool known_text(const struct rs_node *arg, const char **ret_text, uint32_t *ret_len)
{
	if (!arg->text_constant)
		return false;
	*ret_text = arg->text;
	*ret_len = arg->text_len;
	return true;
}

/* Bytes that the text may have with its NUL: by the length that was given, by what is there, by the limit. */
static uint64_t str_size(struct rs_sema *s, struct rs_node *call)
{
	const struct rs_node *length = rs_fn_arg(call, 1);
	const struct rs_type *type = rs_fn_arg(call, 0)->type;
	uint64_t max = s->program->config.max_strlen;
	uint64_t size = max;

	if (rs_type_is_text(type) && type->count)
		size = MIN(size, (uint64_t)type->count + 1);
	if (type->kind == RS_TYPE_STRING)
		size = MIN(size, type->size);
	if (!length || !length->constant)
		return MAX(size, 1);
	if (length->type->is_signed && (int64_t)length->number < 0) {
		rs_sema_error(s, length->span, "%s: the length can not be negative",
			      rs_fn_name(call));
		return 1;
	}
	if (length->number >= max) {
		rs_sema_warning(s, length->span, "%s: the length is cut to %llu bytes",
				rs_fn_name(call), (unsigned long long)max - 1);
		rs_sema_hint(s, "config = { max_strlen = %llu } allows for it",
			     (unsigned long long)length->number + 1);
	}
	return MAX(MIN(size, MIN(length->number, max) + 1), 1);
}

/* What has bytes that can be read. */
static bool is_readable(const struct rs_node *node)
{
	enum rs_type_kind kind = rs_fn_kind(node);

	return rs_fn_is_address(node) || kind == RS_TYPE_STRING || kind == RS_TYPE_ARRAY;
}

/* Text that the limit may have cut is shown as such; what the script asked for is not. */
static const struct rs_type *read_text(struct rs_sema *s, uint64_t size)
{
	const struct rs_type *type = rs_fn_string(s, size);
	struct rs_type *cut;

	if (size < s->program->config.max_strlen)
		return type;
	cut = rs_type_copy(s->types, type);
	if (!cut) {
		s->diags->out_of_memory = true;
		return type;
	}
	cut->may_be_cut = true;
	return cut;
}

static void check_str(struct rs_sema *s, struct rs_node *call)
{
	const struct rs_node *what = rs_fn_arg(call, 0);
	const char *text;
	uint32_t len;

	call->type = rs_fn_string(s, s->program->config.max_strlen);
	if (call->list.n > 1 && !rs_sema_arg_integer(s, call, 1))
		return;
	if (!is_readable(what)) {
		rs_sema_error(s, what->span,
			      "%s: expects a pointer, an address or an array, not %s",
			      rs_fn_name(call), rs_sema_text(s, what->type));
		return;
	}
	if (call->list.n < 2 && known_text(what, &text, &len)) {
		if (!call->extra)
			rs_fn_set_text(s, call, text, MIN(len, s->program->config.max_strlen - 1));
		else
			call->type = ((const struct rs_node *)call->extra)->type;
		return;
	}
	call->type = read_text(s, str_size(s, call));
}

/* Where it is read from: as the type says, or as kstr() and ustr() say. A $1 given as a number is text too. */
static struct rs_fn_bytes str_source(struct rs_lower *l, struct rs_node *call)
{
	struct rs_node *what = rs_fn_arg(call, 0);
	struct rs_node *text = what;
	struct rs_fn_bytes from;

	if (what->text_constant && what->kind != RS_NODE_STRING)
		text = rs_fn_text_node(l->sema, what->span, what->text, what->text_len);
	from = rs_fn_bytes(l, text ? text : what);
	if (from.space == RS_SPACE_BPF)
		return from;
	if (call->func->name[0] == 'k')
		from.space = RS_SPACE_KERNEL;
	else if (call->func->name[0] == 'u')
		from.space = RS_SPACE_USER;
	return from;
}

/* The bytes to read: 0 and a number in ret_number where it is constant. */
static rs_reg str_length(struct rs_lower *l, struct rs_node *call, uint32_t *ret_number)
{
	struct rs_node *length = rs_fn_arg(call, 1);
	rs_reg n;

	*ret_number = call->type->size;
	if (!length || length->constant || call->type->size < 2)
		return 0;
	n = rs_fn_at_most(l, length, call->type->size - 1);
	return rs_ir_binary_imm(l->f, RS_IR_ADD, n, 1);
}

static rs_reg str_read(struct rs_lower *l, struct rs_node *call,
		       const struct rs_place_in_memory *to)
{
	uint32_t number;
	rs_reg size = str_length(l, call, &number);
	struct rs_fn_bytes from = str_source(l, call);

	return rs_fn_read_string(l, &from, to, size, number);
}

static void str_into(struct rs_lower *l, struct rs_node *call, const struct rs_place_in_memory *to)
{
	if (call->extra) {
		rs_fn_text_into(l, call, to);
		return;
	}
	rs_fn_pad(l, to);
	str_read(l, call, to);
}

static rs_reg str_packed(struct rs_lower *l, struct rs_node *call,
			 const struct rs_place_in_memory *to)
{
	if (call->extra) {
		rs_fn_text_into(l, call, to);
		return rs_ir_const(l->f, call->type->size);
	}
	return rs_fn_string_used(l, str_read(l, call, to));
}

/* ---- buf ---- */

static uint64_t buf_size(struct rs_sema *s, struct rs_node *call)
{
	const struct rs_node *length = rs_fn_arg(call, 1);
	const struct rs_node *what = rs_fn_arg(call, 0);
	uint64_t max = s->program->config.max_strlen;
	uint64_t size = max;

	if (!length)
		size = rs_type_sizeof(what->type);
	else if (length->constant)
		size = length->number;
	if (length && length->constant && !length->number)
		rs_sema_error(s, length->span, "buf: the length can not be 0");
	if (size > max) {
		rs_sema_warning(s, call->span, "buf: the length is cut to %llu bytes",
				(unsigned long long)max);
		rs_sema_hint(s, "config = { max_strlen = %llu } allows for it",
			     (unsigned long long)size);
	}
	return MAX(MIN(size, max), 1);
}

static void check_buf(struct rs_sema *s, struct rs_node *call)
{
	const struct rs_node *what = rs_fn_arg(call, 0);
	const struct rs_type *type;

	call->type = &rs_type_unknown;
	if (call->list.n > 1 && !rs_sema_arg_integer(s, call, 1))
		return;
	if (rs_fn_kind(what) == RS_TYPE_UNKNOWN)
		return;
	if (!is_readable(what) && rs_fn_kind(what) != RS_TYPE_STRUCT) {
		rs_sema_error(s, what->span,
			      "buf: expects a pointer, an address or an array, not %s",
			      rs_sema_text(s, what->type));
		return;
	}
	if (call->list.n < 2 && rs_fn_is_address(what)) {
		rs_sema_error(s, call->span,
			      "buf: how many bytes? Only arrays have a length of their own");
		rs_sema_hint(s, "buf(data, length)");
		return;
	}
	type = rs_type_buffer(s->types, (uint32_t)buf_size(s, call));
	call->type = type ? type : &rs_type_unknown;
}

/* Bytes that are wanted, as a register; never more than there is room for. */
static rs_reg buf_length(struct rs_lower *l, struct rs_node *call)
{
	struct rs_node *length = rs_fn_arg(call, 1);

	if (!length || length->constant)
		return rs_ir_const(l->f, call->type->size);
	return rs_fn_at_most(l, length, call->type->size);
}

static void buf_read(struct rs_lower *l, struct rs_node *call, const struct rs_fn_bytes *from,
		     rs_reg length, const struct rs_place_in_memory *to)
{
	/* Behind the end of our own memory is nothing: zeroes. */
	if (from->space == RS_SPACE_BPF && from->size && from->size < call->type->size) {
		rs_place_zero(l, to);
		rs_fn_read(l, from, to, rs_fn_limit(l, length, from->size), 0);
		return;
	}
	rs_fn_read(l, from, to, length, 0);
}

static void buf_into(struct rs_lower *l, struct rs_node *call, const struct rs_place_in_memory *to)
{
	struct rs_fn_bytes from = rs_fn_bytes(l, rs_fn_arg(call, 0));
	struct rs_place_in_memory bytes = rs_place_at(to, 8, to->size - 8);
	rs_reg length = buf_length(l, call);

	rs_fn_pad(l, to);
	rs_ir_store(l->f, to->reg, to->offset, 8, length);
	buf_read(l, call, &from, length, &bytes);
}

static rs_reg buf_packed(struct rs_lower *l, struct rs_node *call,
			 const struct rs_place_in_memory *to)
{
	struct rs_fn_bytes from = rs_fn_bytes(l, rs_fn_arg(call, 0));
	rs_reg length = buf_length(l, call);

	buf_read(l, call, &from, length, to);
	return length;
}

/* ---- str_concat ---- */

/* Bytes of one side with its NUL. */
static uint32_t side_size(const struct rs_node *side, uint32_t max)
{
	const struct rs_type *type = side->type;

	if (type->kind == RS_TYPE_STRING)
		return MIN(type->size, max);
	if (rs_type_is_text(type) && type->count)
		return MIN(type->count + 1, max);
	return max;
}

static void check_str_concat(struct rs_sema *s, struct rs_node *call)
{
	uint32_t max = s->program->config.max_strlen, size = 0;

	for (unsigned i = 0; i < 2; i++) {
		const struct rs_node *side = rs_fn_arg(call, i);

		if (rs_fn_kind(side) == RS_TYPE_UNKNOWN)
			continue;
		if (!is_readable(side))
			rs_sema_error(s, side->span, "str_concat: expects text, not %s",
				      rs_sema_text(s, side->type));
		size += side_size(side, max) - 1;
		/* What is put together again and again has no length that could be known. */
		if (side->kind == RS_NODE_VAR || side->kind == RS_NODE_MAP)
			size = max;
	}
	call->type = rs_fn_string(s, MIN(size + 1, max));
}

/* Behind what was read so far; the room is large enough for both, whatever their length. */
static rs_reg append(struct rs_lower *l, struct rs_node *side, uint32_t size,
		     const struct rs_place_in_memory *room, rs_reg used)
{
	struct rs_fn_bytes from = rs_fn_bytes(l, side);
	struct rs_place_in_memory at = *room;
	rs_reg r;

	if (used) {
		at.reg = rs_ir_binary(l->f, RS_IR_ADD, rs_place_address(l, room), used);
		at.offset = 0;
	}
	at.size = size;
	r = rs_fn_string_used(l, rs_fn_read_string(l, &from, &at, 0, size));
	return rs_ir_binary_imm(l->f, RS_IR_SUB, rs_fn_limit(l, r, size), 1);
}

static void str_concat_into(struct rs_lower *l, struct rs_node *call,
			    const struct rs_place_in_memory *to)
{
	uint32_t max = l->program->config.max_strlen, slot = rs_type_slot(call->type);
	struct rs_node *a = rs_fn_arg(call, 0), *b = rs_fn_arg(call, 1);
	uint32_t a_size = side_size(a, max), b_size = side_size(b, max);
	struct rs_place_in_memory room = rs_lower_room(l, MAX((a_size + b_size + 7) & ~7u, slot));

	rs_place_zero(l, &room);
	append(l, b, b_size, &room, append(l, a, a_size, &room, 0));
	rs_lower_copy(l, to, room.reg, room.offset, slot);
	if (call->type->size < a_size + b_size - 1)
		rs_ir_store_imm(l->f, to->reg, to->offset + (int)call->type->size - 1, 1, 0);
}

/* ---- numbers in words: made text when they are printed ---- */

static void check_word(struct rs_sema *s, struct rs_node *call, enum rs_type_kind kind)
{
	call->type = rs_fn_simple(s, kind);
	rs_sema_arg_integer(s, call, 0);
}

static void check_strerror(struct rs_sema *s, struct rs_node *call)
{
	check_word(s, call, RS_TYPE_STRERROR);
}

static void check_signal_name(struct rs_sema *s, struct rs_node *call)
{
	check_word(s, call, RS_TYPE_SIGNAL_NAME);
}

static void check_syscall_name(struct rs_sema *s, struct rs_node *call)
{
	check_word(s, call, RS_TYPE_SYSCALL_NAME);
}

/* All of them are int in C. */
static struct rs_value lower_number(struct rs_lower *l, struct rs_node *call)
{
	rs_reg word = rs_lower_word(l, rs_fn_arg(call, 0));

	return rs_value_word(call->type, rs_ir_extend(l->f, word, 4, true));
}

/* ---- rows ---- */

const struct rs_func_row rs_func_string[] = {
	{ .name = "str",
	  .min_args = 1,
	  .max_args = 2,
	  .usage = "str(pointer[, length])",
	  .check = check_str,
	  .into = str_into,
	  .packed = str_packed },
	{ .name = "kstr",
	  .min_args = 1,
	  .max_args = 2,
	  .usage = "kstr(pointer[, length])",
	  .check = check_str,
	  .into = str_into,
	  .packed = str_packed },
	{ .name = "ustr",
	  .min_args = 1,
	  .max_args = 2,
	  .usage = "ustr(pointer[, length])",
	  .check = check_str,
	  .into = str_into,
	  .packed = str_packed },
	{ .name = "buf",
	  .min_args = 1,
	  .max_args = 2,
	  .usage = "buf(data[, length])",
	  .check = check_buf,
	  .into = buf_into,
	  .packed = buf_packed },
	{ .name = "str_concat",
	  .min_args = 2,
	  .max_args = 2,
	  .usage = "str_concat(text, text)",
	  .check = check_str_concat,
	  .into = str_concat_into },
	{ .name = "strerror",
	  .min_args = 1,
	  .max_args = 1,
	  .usage = "strerror(errno)",
	  .check = check_strerror,
	  .lower = lower_number },
	{ .name = "signal_name",
	  .min_args = 1,
	  .max_args = 1,
	  .usage = "signal_name(number)",
	  .check = check_signal_name,
	  .lower = lower_number },
	{ .name = "syscall_name",
	  .min_args = 1,
	  .max_args = 1,
	  .usage = "syscall_name(number)",
	  .check = check_syscall_name,
	  .lower = lower_number },
	{ 0 },
};
