/* SPDX-License-Identifier: Apache-2.0 */

/* printf(), errorf(), cat(), system(): a constant format and its arguments. */

#include "lang/fn-format.h"

#include <errno.h>
#include <string.h>

#include "lang/printf.h"

/* Known to be a number: %d and the like. */
static bool is_number(const struct rs_type *type)
{
	switch (type->kind) {
	case RS_TYPE_INT:
	case RS_TYPE_BOOL:
	case RS_TYPE_ENUM:
	case RS_TYPE_POINTER:
	case RS_TYPE_KSYM:
	case RS_TYPE_USERNAME:
	case RS_TYPE_COUNT:
	case RS_TYPE_SUM:
	case RS_TYPE_AVG:
	case RS_TYPE_MIN:
	case RS_TYPE_MAX:
		return true;
	default:
		return false;
	}
}

static void hint_number(struct rs_sema *s, const struct rs_type *type)
{
	if (rs_type_is_text(type) || type->kind == RS_TYPE_STRING)
		rs_sema_hint(s, "text is printed with %%s");
	else if (type->kind == RS_TYPE_BUFFER)
		rs_sema_hint(s, "the bytes of buf() are printed with %%r, %%rx or %%rh");
	else
		rs_sema_hint(s, "%%s prints values of any type");
}

/* %s of a pointer to text shows its address: hardly ever what was meant. */
static void check_text_pointer(struct rs_sema *s, const struct rs_node *arg,
			       const struct rs_type *type)
{
	const struct rs_type *to = type->kind == RS_TYPE_POINTER ? type->element : NULL;

	if (!to || to->kind != RS_TYPE_INT || to->size != 1)
		return;
	rs_sema_warning(s, arg->span, "%%s prints the address that this pointer holds");
	rs_sema_hint(s, "str(...) reads the text that it points to");
}

static void check_argument(struct rs_sema *s, struct rs_node *call,
			   const struct rs_printf_piece *piece, const struct rs_node *arg)
{
	const struct rs_type *type = arg->type ? arg->type : &rs_type_unknown;
	bool fits = true;

	if (type->kind == RS_TYPE_UNKNOWN)
		return;
	switch (piece->what) {
	case RS_PRINTF_STRING:
		check_text_pointer(s, arg, type);
		break;
	case RS_PRINTF_BYTES:
	case RS_PRINTF_BYTES_ESCAPED:
	case RS_PRINTF_BYTES_SPACED:
		fits = type->kind == RS_TYPE_BUFFER;
		break;
	default:
		fits = is_number(type);
	}
	if (type->kind == RS_TYPE_NONE) {
		rs_sema_error(s, arg->span, "%s: this has no value to print", rs_fn_name(call));
	} else if (!fits) {
		rs_sema_error(s, arg->span, "%s: %.*s can not print a value of type %s",
			      rs_fn_name(call), (int)piece->len, piece->text,
			      rs_sema_text(s, type));
		hint_number(s, type);
	}
}

static void check_star(struct rs_sema *s, struct rs_node *call, const struct rs_node *arg)
{
	if (rs_fn_kind(arg) != RS_TYPE_UNKNOWN && !rs_type_is_integer(arg->type))
		rs_sema_error(s, arg->span, "%s: the width or precision of a * must be an integer",
			      rs_fn_name(call));
}

static void check_piece(struct rs_sema *s, struct rs_node *call,
			const struct rs_printf_piece *piece, unsigned *next)
{
	if (piece->what == RS_PRINTF_TEXT)
		return;
	if (piece->width_argument)
		check_star(s, call, rs_fn_arg(call, (*next)++));
	if (piece->precision_argument)
		check_star(s, call, rs_fn_arg(call, (*next)++));
	if (piece->what == RS_PRINTF_FLOAT) {
		rs_sema_error(s, rs_fn_arg(call, 0)->span,
			      "%s: %.*s: there are no floating-point values", rs_fn_name(call),
			      (int)piece->len, piece->text);
		(*next)++;
		return;
	}
	check_argument(s, call, piece, rs_fn_arg(call, (*next)++));
}

static void check_count(struct rs_sema *s, struct rs_node *call, unsigned have, unsigned want)
{
	rs_sema_error(s, call->span,
		      "%s: %s arguments for format string (%u supplied, %u expected)",
		      rs_fn_name(call), have < want ? "Not enough" : "Too many", have, want);
}

void rs_fn_check_format(struct rs_sema *s, struct rs_node *call, unsigned at)
{
	const char *text;
	uint32_t len;
	struct rs_printf parsed;
	unsigned have = call->list.n - MIN(call->list.n, at + 1);
	unsigned next = at + 1;
	int r;

	call->type = &rs_type_none;
	if (!s->final || !rs_sema_arg_text(s, call, at, &text, &len))
		return;
	r = rs_printf_parse(s->arena, text, len, &parsed);
	if (r == -E2BIG) {
		rs_sema_error(s, call->span, "%s: the format string has too many parts",
			      rs_fn_name(call));
		return;
	}
	if (r < 0) {
		s->diags->out_of_memory = true;
		return;
	}
	if (parsed.n_args != have) {
		check_count(s, call, have, parsed.n_args);
		return;
	}
	for (unsigned i = 0; i < parsed.n; i++)
		check_piece(s, call, &parsed.pieces[i], &next);
}

struct rs_action *rs_fn_format_action(struct rs_lower *l, struct rs_node *call, unsigned at,
				      enum rs_action_kind kind)
{
	struct rs_action *action = rs_program_action(l->program, kind, call->span);
	const struct rs_node *format = rs_fn_arg(call, at);

	if (!action)
		return NULL;
	action->format = format->text;
	action->format_len = format->text_len;
	return action;
}

uint32_t rs_fn_format_number(struct rs_lower *l, const struct rs_node *call,
			     enum rs_action_kind kind, const char *text, uint32_t len)
{
	const struct rs_program *program = l->program;
	struct rs_action *action;

	for (unsigned i = 0; i < program->n_actions; i++) {
		action = program->actions[i];
		if (action->kind == kind && action->format_len == len &&
		    !memcmp(action->format, text, len))
			return action->id;
	}
	action = rs_program_action(l->program, kind, call->span);
	if (!action)
		return 0;
	action->format = text;
	action->format_len = len;
	return action->id;
}

void rs_fn_send_format(struct rs_lower *l, struct rs_node *call, enum rs_action_kind kind)
{
	struct rs_action *action = rs_fn_format_action(l, call, 0, kind);

	if (!action)
		return;
	rs_fn_shown_all(l, &call->list, 1);
	rs_lower_record(l, action, call->list.items + 1, call->list.n - 1);
}
