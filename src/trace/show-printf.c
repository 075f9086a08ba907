/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of printf() and the like: the parsed format and the arguments' bytes become text. The common
 * conversions (%d, %u, %x, %s without width) are written directly; the rest goes through snprintf().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lang/printf.h"
#include "trace/show-internal.h"

int rs_show_init(struct rs_show *show, const struct rs_program *program,
		 const struct rs_show_names *names, struct rs_arena *arena)
{
	*show = (struct rs_show){ .program = program, .names = names };
	if (!program->n_actions)
		return 0;
	show->formats = rs_arena_alloc_array(arena, program->n_actions, sizeof(*show->formats));
	if (!show->formats)
		return -ENOMEM;
	for (unsigned i = 0; i < program->n_actions; i++) {
		const struct rs_action *action = program->actions[i];
		int r = 0;

		if (action->format)
			r = rs_printf_parse(arena, action->format, action->format_len,
					    &show->formats[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

void rs_show_done(struct rs_show *show)
{
	rs_str_done(&show->scratch);
	rs_str_done(&show->field);
	rs_str_done(&show->wild);
}

bool rs_action_argument(const struct rs_action_arg *arg, const void *record, size_t size,
			const void **ret_data, size_t *ret_size)
{
	struct {
		uint32_t from, len;
	} packed;

	if (arg->offset > size)
		return false;
	if (!arg->packed) {
		*ret_data = (const char *)record + arg->offset;
		*ret_size = size - arg->offset;
		return *ret_size >= rs_type_slot(arg->type);
	}
	if (size - arg->offset < sizeof(packed))
		return false;
	memcpy(&packed, (const char *)record + arg->offset, sizeof(packed));
	if (packed.from > size || packed.len > size - packed.from)
		return false;
	*ret_data = (const char *)record + packed.from;
	*ret_size = packed.len;
	return true;
}

/* An argument on its way: its bytes, without the length in front of buffers. */
struct argument {
	const struct rs_type *type;
	const uint8_t *data;
	size_t size;
	bool packed;
};

static bool get_argument(const struct rs_action *action, unsigned i, const void *record,
			 size_t size, struct argument *arg)
{
	const void *data;

	if (i >= action->n_args ||
	    !rs_action_argument(&action->args[i], record, size, &data, &arg->size))
		return false;
	arg->type = action->args[i].type;
	arg->data = data;
	arg->packed = action->args[i].packed;
	return true;
}

static void buffer_bytes(const struct argument *arg, const uint8_t **ret_data, size_t *ret_n)
{
	uint64_t n = arg->size;

	*ret_data = arg->data;
	if (!arg->packed && arg->type->kind == RS_TYPE_BUFFER) {
		n = arg->size >= 8 ? (uint64_t)rs_show_integer(&rs_type_none, arg->data, 8, false)
				   : 0;
		*ret_data = arg->data + 8;
		if (n > arg->type->size)
			n = arg->type->size;
		if (n + 8 > arg->size)
			n = 0;
	} else if (!arg->packed && n > rs_type_sizeof(arg->type)) {
		n = rs_type_sizeof(arg->type);
	}
	*ret_n = n;
}

static void show_text(struct rs_show *show, const struct argument *arg, bool json,
		      struct rs_str *out)
{
	struct shower s = { .show = show, .out = out, .json = json };

	if (arg->packed && arg->type->kind == RS_TYPE_BUFFER && !json)
		rs_show_buffer(arg->data, arg->size, RS_BUFFER_ESCAPED, out);
	else
		rs_shower_value(&s, arg->type, arg->data, arg->size, false);
}

int rs_show_argument(struct rs_show *show, const struct rs_action *action, unsigned i,
		     const void *data, size_t size, bool json, struct rs_str *out)
{
	struct argument arg;

	if (!get_argument(action, i, data, size, &arg))
		return -EBADMSG;
	show_text(show, &arg, json, out);
	return out->error;
}

/* ---- one conversion ---- */

static uint64_t extend(uint64_t v, unsigned size, bool is_signed)
{
	unsigned shift;

	if (!size || size >= 8)
		return v;
	shift = 64 - size * 8;
	return is_signed ? (uint64_t)((int64_t)(v << shift) >> shift) : v << shift >> shift;
}

/* The argument as the number that its type says it is; the conversion's own length, if it has one, cuts that. */
static uint64_t number_of(const struct argument *arg, const struct rs_printf_piece *piece,
			  bool is_signed)
{
	uint64_t v = (uint64_t)rs_show_integer(&rs_type_none, arg->data, arg->size, false);
	unsigned own = rs_type_is_integer(arg->type) ? arg->type->size : 8;

	if (!piece->size && !is_signed)
		return extend(v, own, false); /* -1 of 32 bits is ffffffff */
	v = extend(v, own, own < 8 && arg->type->is_signed);
	return piece->size ? extend(v, piece->size, is_signed) : v;
}

static bool is_plain(const struct rs_printf_piece *piece)
{
	return !piece->flags && piece->width < 0 && piece->precision < 0 &&
	       !piece->width_argument && !piece->precision_argument;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
/* Through snprintf(), with the flags, width and precision of the script. */
static void formatted(struct rs_str *out, const struct rs_printf_piece *piece,
		      const char *conversion, int width, int precision, const void *value,
		      bool is_text)
{
	char format[24], *p = format;

	*p++ = '%';
	for (unsigned i = 0; i < 5; i++) {
		if (piece->flags & (1u << i))
			*p++ = "-+ #0"[i];
	}
	*p++ = '*';
	if (precision >= 0) {
		*p++ = '.';
		*p++ = '*';
	}
	snprintf(p, sizeof(format) - (size_t)(p - format), "%s", conversion);
	if (is_text && precision >= 0)
		rs_str_appendf(out, format, width, precision, (const char *)value);
	else if (is_text)
		rs_str_appendf(out, format, width, (const char *)value);
	else if (precision >= 0)
		rs_str_appendf(out, format, width, precision, *(const unsigned long long *)value);
	else
		rs_str_appendf(out, format, width, *(const unsigned long long *)value);
}
#pragma GCC diagnostic pop

static void show_number(const struct rs_printf_piece *piece, const struct argument *arg, int width,
			int precision, struct rs_str *out)
{
	bool is_signed = piece->what == RS_PRINTF_SIGNED;
	unsigned long long v = number_of(arg, piece, is_signed);
	char conversion[4] = { 'l', 'l', piece->letter, '\0' };

	if (!is_plain(piece))
		formatted(out, piece, conversion, width < 0 ? 0 : width, precision, &v, false);
	else if (is_signed)
		rs_str_append_i64(out, (int64_t)v);
	else if (piece->letter == 'u')
		rs_str_append_u64(out, v);
	else if (piece->letter == 'x')
		rs_str_append_hex(out, v);
	else
		formatted(out, piece, conversion, 0, -1, &v, false);
}

static void show_padded(const struct rs_printf_piece *piece, const char *text, size_t len,
			int width, int precision, struct rs_str *out)
{
	size_t pad;

	if (precision >= 0 && len > (size_t)precision)
		len = (size_t)precision;
	pad = width > 0 && (size_t)width > len ? (size_t)width - len : 0;
	if (!(piece->flags & RS_PRINTF_MINUS))
		rs_str_append_fill(out, ' ', pad);
	rs_str_append(out, text, len);
	if (piece->flags & RS_PRINTF_MINUS)
		rs_str_append_fill(out, ' ', pad);
}

/* The text of anything that is not a number. */
static void text_of(struct rs_show *show, const struct rs_printf_piece *piece,
		    const struct argument *arg, struct rs_str *out)
{
	const uint8_t *bytes;
	size_t n;
	char c;

	switch (piece->what) {
	case RS_PRINTF_CHAR:
		c = (char)rs_show_integer(&rs_type_none, arg->data, arg->size, false);
		rs_str_append_char(out, c);
		break;
	case RS_PRINTF_POINTER:
		rs_str_append_cstr(out, "0x");
		rs_str_append_hex(out, number_of(arg, piece, false));
		break;
	case RS_PRINTF_BYTES:
	case RS_PRINTF_BYTES_ESCAPED:
	case RS_PRINTF_BYTES_SPACED:
		buffer_bytes(arg, &bytes, &n);
		rs_show_buffer(bytes, n,
			       piece->what == RS_PRINTF_BYTES_SPACED    ? RS_BUFFER_HEX
			       : piece->what == RS_PRINTF_BYTES_ESCAPED ? RS_BUFFER_HEX_ESCAPED
									: RS_BUFFER_ESCAPED,
			       out);
		break;
	case RS_PRINTF_GFP:
		if (show->names && show->names->gfp)
			show->names->gfp(show->names->ctx, number_of(arg, piece, false), out);
		else
			show_text(show, arg, false, out);
		break;
	default:
		show_text(show, arg, false, out);
	}
}

static void show_piece(struct rs_show *show, const struct rs_printf_piece *piece,
		       const struct argument *arg, int width, int precision, struct rs_str *out)
{
	if (piece->what == RS_PRINTF_SIGNED || piece->what == RS_PRINTF_UNSIGNED) {
		show_number(piece, arg, width, precision, out);
		return;
	}
	if (is_plain(piece)) {
		text_of(show, piece, arg, out);
		return;
	}
	rs_str_reset(&show->field);
	text_of(show, piece, arg, &show->field);
	show_padded(piece, show->field.data ? show->field.data : "", show->field.len, width,
		    precision, out);
}

/* A width or precision that is an argument. */
static int star(const struct rs_action *action, unsigned *i, const void *record, size_t size)
{
	struct argument arg;
	int64_t v;

	if (!get_argument(action, (*i)++, record, size, &arg))
		return -1;
	v = rs_show_integer(&rs_type_none, arg.data, arg.size, false);
	return v < 0 ? -1 : v > RS_PRINTF_WIDTH_MAX ? RS_PRINTF_WIDTH_MAX : (int)v;
}

int rs_show_printf(struct rs_show *show, const struct rs_action *action, const void *data,
		   size_t size, struct rs_str *out)
{
	const struct rs_printf *format = &show->formats[action->id];
	unsigned next = 0;

	for (unsigned i = 0; i < format->n; i++) {
		const struct rs_printf_piece *piece = &format->pieces[i];
		int width = piece->width, precision = piece->precision;
		struct argument arg;

		if (piece->what == RS_PRINTF_TEXT) {
			rs_str_append(out, piece->text, piece->len);
			continue;
		}
		if (piece->width_argument)
			width = star(action, &next, data, size);
		if (piece->precision_argument)
			precision = star(action, &next, data, size);
		if (!get_argument(action, next++, data, size, &arg))
			return -EBADMSG;
		show_piece(show, piece, &arg, width, precision, out);
	}
	return out->error;
}
