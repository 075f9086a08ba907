/* SPDX-License-Identifier: Apache-2.0 */

/* What is printed, and what runs in user space: printf print time join cat system exit. */

#include <string.h>

#include "lang/fn-format.h"
#include "lang/lower-private.h"

/* ---- printf and its like ---- */

static void check_format(struct rs_sema *s, struct rs_node *call)
{
	rs_fn_check_format(s, call, 0);
}

static struct rs_value lower_printf(struct rs_lower *l, struct rs_node *call)
{
	rs_fn_send_format(l, call, RS_ACTION_PRINTF);
	return rs_value_none();
}

static struct rs_value lower_errorf(struct rs_lower *l, struct rs_node *call)
{
	rs_fn_send_format(l, call, RS_ACTION_ERRORF);
	return rs_value_none();
}

static struct rs_value lower_warnf(struct rs_lower *l, struct rs_node *call)
{
	if (l->sema->options->warnings)
		rs_fn_send_format(l, call, RS_ACTION_WARNF);
	return rs_value_none();
}

static struct rs_value lower_debugf(struct rs_lower *l, struct rs_node *call)
{
	rs_fn_send_format(l, call, RS_ACTION_DEBUGF);
	return rs_value_none();
}

static struct rs_value lower_cat(struct rs_lower *l, struct rs_node *call)
{
	rs_fn_send_format(l, call, RS_ACTION_CAT);
	return rs_value_none();
}

static struct rs_value lower_system(struct rs_lower *l, struct rs_node *call)
{
	rs_fn_send_format(l, call, RS_ACTION_SYSTEM);
	return rs_value_none();
}

/* ---- print ---- */

/* print(@x): the whole map. */
static bool is_whole_map(const struct rs_node *node)
{
	return node->kind == RS_NODE_MAP && !node->list.n;
}

static void check_print_map(struct rs_sema *s, struct rs_node *call)
{
	struct rs_map *map;
	uint64_t number;

	if (!rs_sema_arg_map(s, call, 0, &map))
		return;
	for (unsigned i = 1; i < call->list.n; i++)
		rs_sema_arg_constant(s, call, i, &number);
	if (s->final && call->list.n > 1 && map->value && map->value->kind == RS_TYPE_STATS)
		rs_sema_warning(s, call->span, "print: top and div mean nothing for stats() maps");
}

static void check_print_value(struct rs_sema *s, struct rs_node *call)
{
	struct rs_node *value = rs_fn_arg(call, 0);

	rs_sema_expr(s, value);
	if (call->list.n > 1) {
		rs_sema_error(s, call->span, "print: top and div go with a whole map only");
		return;
	}
	if (rs_fn_kind(value) == RS_TYPE_NONE)
		rs_sema_error(s, value->span, "print: this has no value to print");
	else if (rs_type_is_aggregate(value->type))
		rs_sema_error(
			s, value->span,
			"print: single values of a map of %s can not be printed, only the whole map",
			rs_sema_text(s, value->type));
}

static void check_print(struct rs_sema *s, struct rs_node *call)
{
	struct rs_node *what = rs_fn_arg(call, 0);

	call->type = &rs_type_none;
	if (is_whole_map(what))
		check_print_map(s, call);
	else
		check_print_value(s, call);
}

static void print_map(struct rs_lower *l, struct rs_node *call)
{
	struct rs_action *action = rs_program_action(l->program, RS_ACTION_PRINT_MAP, call->span);
	const struct rs_node *top = rs_fn_arg(call, 1), *div = rs_fn_arg(call, 2);
	rs_reg words[2];

	if (!action)
		return;
	action->map = rs_fn_arg(call, 0)->map;
	words[0] = rs_ir_const(l->f, top ? (int64_t)top->number : 0);
	words[1] = rs_ir_const(l->f, div ? (int64_t)div->number : 0);
	rs_lower_record_words(l, action, 2, words);
}

static struct rs_value lower_print(struct rs_lower *l, struct rs_node *call)
{
	struct rs_node *what = rs_fn_arg(call, 0);
	struct rs_action *action;

	if (is_whole_map(what)) {
		print_map(l, call);
		return rs_value_none();
	}
	action = rs_program_action(l->program, RS_ACTION_PRINT_VALUE, call->span);
	if (!action)
		return rs_value_none();
	if (what->kind == RS_NODE_MAP)
		action->label = what->text;
	what = rs_fn_shown(l, what);
	rs_lower_record(l, action, &what, 1);
	return rs_value_none();
}

/* ---- maps as a whole ---- */

static void check_map_statement(struct rs_sema *s, struct rs_node *call)
{
	struct rs_map *map;

	call->type = &rs_type_none;
	rs_sema_arg_map(s, call, 0, &map);
}

static struct rs_value lower_map_action(struct rs_lower *l, struct rs_node *call,
					enum rs_action_kind kind)
{
	struct rs_action *action = rs_program_action(l->program, kind, call->span);

	if (action) {
		action->map = rs_fn_arg(call, 0)->map;
		rs_lower_record_words(l, action, 0, NULL);
	}
	return rs_value_none();
}

static struct rs_value lower_clear(struct rs_lower *l, struct rs_node *call)
{
	return lower_map_action(l, call, RS_ACTION_CLEAR);
}

static struct rs_value lower_zero(struct rs_lower *l, struct rs_node *call)
{
	return lower_map_action(l, call, RS_ACTION_ZERO);
}

/* ---- exit ---- */

static void check_exit(struct rs_sema *s, struct rs_node *call)
{
	call->type = &rs_type_none;
	if (call->list.n)
		rs_sema_arg_integer(s, call, 0);
}

/* Behind the record, so that whoever finds it here and no record knows that there is none. */
static void note_exit(struct rs_lower *l, rs_reg code)
{
	const struct rs_map *state = rs_lower_internal_map(l, RS_MAP_STATE);
	rs_reg word = rs_ir_binary_imm(l->f, RS_IR_AND, code, 0xff);

	word = rs_ir_binary_imm(l->f, RS_IR_OR, word, 0x100);
	rs_ir_store(l->f, rs_ir_map_value(l->f, state->id, RS_STATE_EXIT * 8), 0, 8, word);
}

static struct rs_value lower_exit(struct rs_lower *l, struct rs_node *call)
{
	struct rs_node *code = rs_fn_arg(call, 0);
	rs_reg word = code ? rs_lower_word(l, code) : rs_ir_const(l->f, 0);

	rs_fn_send(l, call, RS_ACTION_EXIT, 1, &word);
	note_exit(l, word);
	rs_lower_end(l);
	return rs_value_none();
}

/* ---- time ---- */

static void check_time(struct rs_sema *s, struct rs_node *call)
{
	const char *text;
	uint32_t len;

	call->type = &rs_type_none;
	if (call->list.n)
		rs_sema_arg_text(s, call, 0, &text, &len);
}

static struct rs_value lower_time(struct rs_lower *l, struct rs_node *call)
{
	static const char usual[] = "%H:%M:%S\n";
	struct rs_action *action = rs_program_action(l->program, RS_ACTION_TIME, call->span);
	const struct rs_node *format = rs_fn_arg(call, 0);

	if (!action)
		return rs_value_none();
	action->format = format ? format->text : usual;
	action->format_len = format ? format->text_len : sizeof(usual) - 1;
	rs_lower_record_words(l, action, 0, NULL);
	return rs_value_none();
}

/* strftime(format, nanoseconds): kept as it is and made text when it is printed. */
static void check_strftime(struct rs_sema *s, struct rs_node *call)
{
	const char *text;
	uint32_t len;
	const struct rs_type *plain = rs_fn_simple(s, RS_TYPE_TIMESTAMP);
	struct rs_type *type;

	call->type = plain;
	rs_sema_arg_text(s, call, 0, &text, &len);
	if (!rs_sema_arg_integer(s, call, 1) || rs_fn_kind(rs_fn_arg(call, 1)) != RS_TYPE_INT)
		return;
	if (!rs_fn_arg(call, 1)->type->mode || plain->kind != RS_TYPE_TIMESTAMP)
		return;
	type = rs_type_copy(s->types, plain);
	if (!type)
		return;
	type->mode = rs_fn_arg(call, 1)->type->mode;
	call->type = type;
}

static void strftime_into(struct rs_lower *l, struct rs_node *call,
			  const struct rs_place_in_memory *to)
{
	const struct rs_node *format = rs_fn_arg(call, 0);
	rs_reg nsecs = rs_lower_word(l, rs_fn_arg(call, 1));
	uint32_t number = rs_fn_format_number(l, call, RS_ACTION_STRFTIME, format->text,
					      format->text_len);

	rs_ir_store(l->f, to->reg, to->offset, 8, nsecs);
	rs_ir_store_imm(l->f, to->reg, to->offset + 8, 8, number);
}

/* ---- rows ---- */

const struct rs_func_row rs_func_output[] = {
	{ .name = "printf",
	  .min_args = 1,
	  .max_args = 255,
	  .flags = RS_FUNC_STATEMENT,
	  .usage = "printf(\"format\"[, value, ...])",
	  .check = check_format,
	  .lower = lower_printf },
	{ .name = "errorf",
	  .min_args = 1,
	  .max_args = 255,
	  .flags = RS_FUNC_STATEMENT,
	  .usage = "errorf(\"format\"[, value, ...])",
	  .check = check_format,
	  .lower = lower_errorf },
	{ .name = "warnf",
	  .min_args = 1,
	  .max_args = 255,
	  .flags = RS_FUNC_STATEMENT,
	  .usage = "warnf(\"format\"[, value, ...])",
	  .check = check_format,
	  .lower = lower_warnf },
	{ .name = "debugf",
	  .min_args = 1,
	  .max_args = 255,
	  .flags = RS_FUNC_STATEMENT,
	  .usage = "debugf(\"format\"[, value, ...])",
	  .check = check_format,
	  .lower = lower_debugf },
	{ .name = "print",
	  .min_args = 1,
	  .max_args = 3,
	  .flags = RS_FUNC_STATEMENT | RS_FUNC_MAP_FIRST,
	  .usage = "print(value) or print(@map[, top[, div]])",
	  .check = check_print,
	  .lower = lower_print },
	{ .name = "clear",
	  .min_args = 1,
	  .max_args = 1,
	  .flags = RS_FUNC_STATEMENT | RS_FUNC_MAP_FIRST,
	  .usage = "clear(@map)",
	  .check = check_map_statement,
	  .lower = lower_clear },
	{ .name = "zero",
	  .min_args = 1,
	  .max_args = 1,
	  .flags = RS_FUNC_STATEMENT | RS_FUNC_MAP_FIRST,
	  .usage = "zero(@map)",
	  .check = check_map_statement,
	  .lower = lower_zero },
	{ .name = "exit",
	  .min_args = 0,
	  .max_args = 1,
	  .flags = RS_FUNC_STATEMENT,
	  .usage = "exit([code])",
	  .check = check_exit,
	  .lower = lower_exit },
	{ .name = "time",
	  .min_args = 0,
	  .max_args = 1,
	  .flags = RS_FUNC_STATEMENT,
	  .usage = "time([\"format\"])",
	  .check = check_time,
	  .lower = lower_time },
	{ .name = "strftime",
	  .min_args = 2,
	  .max_args = 2,
	  .usage = "strftime(\"format\", nanoseconds)",
	  .check = check_strftime,
	  .into = strftime_into },
	{ .name = "cat",
	  .min_args = 1,
	  .max_args = 255,
	  .flags = RS_FUNC_STATEMENT,
	  .usage = "cat(\"path format\"[, value, ...])",
	  .check = check_format,
	  .lower = lower_cat },
	{ .name = "system",
	  .min_args = 1,
	  .max_args = 255,
	  .flags = RS_FUNC_STATEMENT | RS_FUNC_UNSAFE,
	  .usage = "system(\"command format\"[, value, ...])",
	  .check = check_format,
	  .lower = lower_system },
	{ 0 },
};
