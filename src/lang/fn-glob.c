/* SPDX-License-Identifier: Apache-2.0 */

/*
 * globmatch(text, "pattern"): the pattern becomes a set of states, one bit for each of its parts, and a table that says
 * which parts a byte fits. All ways through the pattern are followed at once, so that a byte of the text is looked at
 * once, whatever the pattern; nothing is ever tried again.
 */

#include <string.h>

#include "lang/fn.h"
#include "lang/lower-private.h"

#define PARTS_MAX 62 /* and a bit for the end */

struct glob {
	uint64_t fits[256]; /* the parts that a byte goes past, or stays in */
	uint64_t stars;
	unsigned n;
};

/* ---- the pattern ---- */

static bool in_range(unsigned char c, unsigned char from, unsigned char to)
{
	return c >= from && c <= to;
}

/* [a-z], [!abc]; a ] that comes first is itself. 0: there is no end, so that the [ stands for itself. */
static size_t read_class(struct glob *glob, const char *text, size_t len, uint64_t bit)
{
	bool inverted = len > 1 && (text[1] == '!' || text[1] == '^');
	size_t first = 1 + inverted, i = first;
	bool has[256] = { false };

	for (; i < len && (text[i] != ']' || i == first); i++) {
		unsigned char from = (unsigned char)text[i], to = from;

		if (i + 2 < len && text[i + 1] == '-' && text[i + 2] != ']') {
			to = (unsigned char)text[i + 2];
			i += 2;
		}
		for (unsigned c = 0; c < 256; c++)
			has[c] |= in_range((unsigned char)c, from, to);
	}
	if (i >= len)
		return 0;
	for (unsigned c = 0; c < 256; c++)
		if (has[c] != inverted)
			glob->fits[c] |= bit;
	return i + 1;
}

static void fits_all(struct glob *glob, uint64_t bit)
{
	for (unsigned c = 0; c < 256; c++)
		glob->fits[c] |= bit;
}

/* Reads one part; returns its bytes. */
static size_t read_part(struct glob *glob, const char *text, size_t len)
{
	uint64_t bit = (uint64_t)1 << glob->n;
	size_t n = 1;

	switch (*text) {
	case '*':
		glob->stars |= bit;
		fits_all(glob, bit);
		while (n < len && text[n] == '*')
			n++;
		break;
	case '?':
		fits_all(glob, bit);
		break;
	case '[':
		n = read_class(glob, text, len, bit);
		if (n)
			break;
		n = 1;
		_fallthrough_;
	default:
		glob->fits[(unsigned char)*text] |= bit;
	}
	glob->n++;
	return n;
}

/* False: it has too many parts. */
static bool read_glob(struct glob *glob, const char *text, size_t len)
{
	*glob = (struct glob){ 0 };
	len = strnlen(text, len);
	for (size_t at = 0; at < len; at += read_part(glob, text + at, len - at))
		if (glob->n == PARTS_MAX)
			return false;
	return true;
}

/* ---- the call ---- */

static void check_globmatch(struct rs_sema *s, struct rs_node *call)
{
	enum rs_type_kind kind = rs_fn_kind(rs_fn_arg(call, 0));
	const char *pattern;
	struct glob glob;
	uint32_t len;

	call->type = &rs_type_bool;
	if (kind != RS_TYPE_STRING && kind != RS_TYPE_ARRAY && kind != RS_TYPE_UNKNOWN &&
	    !rs_fn_is_address(rs_fn_arg(call, 0)))
		rs_sema_error(s, rs_fn_arg(call, 0)->span, "globmatch: expects text, not %s",
			      rs_sema_text(s, rs_fn_arg(call, 0)->type));
	if (rs_sema_arg_text(s, call, 1, &pattern, &len) && !read_glob(&glob, pattern, len))
		rs_sema_error(s, rs_fn_arg(call, 1)->span,
			      "globmatch: a pattern has %u parts at most", PARTS_MAX);
}

/* The text's bytes, of which *ret_n can be looked at. */
static struct rs_place_in_memory text_of(struct rs_lower *l, struct rs_node *text, uint32_t *ret_n)
{
	uint32_t n = l->program->config.max_strlen;
	struct rs_fn_bytes from = rs_fn_bytes(l, text);
	struct rs_place_in_memory room;

	if (from.size && from.size < n)
		n = from.size + 1;
	room = rs_lower_room(l, (n + 7) & ~7u);
	rs_place_zero(l, &room);
	rs_fn_read_string(l, &from, &room, 0, n);
	*ret_n = n;
	return room;
}

/* Where a * begins, its part may as well be over already. */
static rs_reg past_stars(struct rs_lower *l, const struct glob *glob, rs_reg states)
{
	rs_reg at_stars;

	if (!glob->stars)
		return states;
	at_stars = rs_ir_binary(l->f, RS_IR_AND, states, rs_ir_const(l->f, (int64_t)glob->stars));
	return rs_ir_binary(l->f, RS_IR_OR, states, rs_ir_binary_imm(l->f, RS_IR_SHL, at_stars, 1));
}

/* The states behind the byte c. */
static rs_reg step(struct rs_lower *l, const struct glob *glob, rs_reg table, rs_reg states,
		   rs_reg c)
{
	rs_reg entry = rs_ir_binary(l->f, RS_IR_ADD, table,
				    rs_ir_binary_imm(l->f, RS_IR_SHL, c, 3));
	rs_reg fits = rs_ir_binary(l->f, RS_IR_AND, states, rs_ir_load(l->f, entry, 0, 8, false));
	rs_reg on = rs_ir_binary(l->f, RS_IR_AND, fits, rs_ir_const(l->f, (int64_t)~glob->stars));
	rs_reg stay = rs_ir_binary(l->f, RS_IR_AND, fits, rs_ir_const(l->f, (int64_t)glob->stars));

	on = rs_ir_binary_imm(l->f, RS_IR_SHL, on, 1);
	return past_stars(l, glob, rs_ir_binary(l->f, RS_IR_OR, on, stay));
}

static struct rs_value lower_globmatch(struct rs_lower *l, struct rs_node *call)
{
	const struct rs_node *pattern = rs_fn_arg(call, 1);
	struct rs_ir_func *f = l->f;
	rs_label loop = rs_ir_block_new(f), look = rs_ir_block_new(f), next = rs_ir_block_new(f);
	rs_label done = rs_ir_block_new(f);
	rs_reg i = rs_ir_reg_new(f), states = rs_ir_reg_new(f), base, table, c;
	struct rs_place_in_memory text;
	struct glob glob;
	uint64_t start;
	uint32_t n;

	if (!read_glob(&glob, pattern->text, pattern->text_len))
		return rs_value_word(call->type, rs_ir_const(f, 0));
	text = text_of(l, rs_fn_arg(call, 0), &n);
	base = rs_place_address(l, &text);
	table = rs_lower_constant_address(l, glob.fits, sizeof(glob.fits));
	start = 1 | (glob.stars & 1) << 1;
	rs_ir_assign(f, states, rs_lower_unknown(l, rs_ir_const(f, (int64_t)start)));
	rs_ir_assign_const(f, i, 0);
	rs_ir_block_start(f, loop);
	rs_ir_branch_imm(f, RS_IR_LT, i, n, look, done);
	rs_ir_block_start(f, look);
	c = rs_ir_load(f, rs_ir_binary(f, RS_IR_ADD, base, i), 0, 1, false);
	rs_ir_branch_imm(f, RS_IR_EQ, c, 0, done, next);
	rs_ir_block_start(f, next);
	rs_ir_assign(f, states, step(l, &glob, table, states, c));
	rs_ir_assign(f, i, rs_ir_binary_imm(f, RS_IR_ADD, i, 1));
	rs_ir_branch_imm(f, RS_IR_NE, states, 0, loop, done);
	rs_ir_block_start(f, done);
	return rs_value_word(
		call->type,
		rs_ir_binary_imm(f, RS_IR_AND, rs_ir_binary_imm(f, RS_IR_SHR, states, glob.n), 1));
}

/* ---- rows ---- */

const struct rs_func_row rs_func_glob[] = {
	{ .name = "globmatch",
	  .min_args = 2,
	  .max_args = 2,
	  .usage = "globmatch(text, \"pattern\")",
	  .check = check_globmatch,
	  .lower = lower_globmatch },
	{ 0 },
};
