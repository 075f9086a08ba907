/* SPDX-License-Identifier: Apache-2.0 */

/* What is decided while compiling, and what stops: assert static_assert fail is_str ... kfunc_exist getopt. */

#include <stdlib.h>
#include <string.h>

#include "lang/fn-format.h"
#include "lang/printf.h"

/* ---- assert ---- */

static void check_assert(struct rs_sema *s, struct rs_node *call)
{
	const struct rs_node *text = rs_fn_arg(call, 1);

	call->type = &rs_type_none;
	rs_sema_arg_integer(s, call, 0);
	if (rs_fn_kind(text) != RS_TYPE_STRING && rs_fn_kind(text) != RS_TYPE_UNKNOWN)
		rs_sema_error(s, text->span, "assert: the message must be text, not %s",
			      rs_sema_text(s, text->type));
}

static struct rs_value lower_assert(struct rs_lower *l, struct rs_node *call)
{
	static const char format[] = "assert failed: %s";
	rs_label holds = rs_ir_block_new(l->f), fails = rs_ir_block_new(l->f);
	struct rs_action *action = rs_program_action(l->program, RS_ACTION_ERRORF, call->span);
	rs_reg code;

	rs_lower_condition(l, rs_fn_arg(call, 0), holds, fails);
	rs_ir_block_start(l->f, fails);
	rs_ir_block_cold(l->f);
	if (action) {
		action->format = format;
		action->format_len = sizeof(format) - 1;
		rs_fn_shown_all(l, &call->list, 1);
		rs_lower_record(l, action, call->list.items + 1, 1);
	}
	code = rs_ir_const(l->f, 1);
	rs_fn_send(l, call, RS_ACTION_EXIT, 1, &code);
	rs_lower_end(l);
	rs_ir_block_start(l->f, holds);
	return rs_value_none();
}

/* ---- static_assert, fail: leave no code ---- */

static struct rs_value lower_nothing(struct rs_lower *l, struct rs_node *call)
{
	(void)l;
	(void)call;
	return rs_value_none();
}

static void check_static_assert(struct rs_sema *s, struct rs_node *call)
{
	const struct rs_node *condition = rs_fn_arg(call, 0);
	const char *text;
	uint32_t len;

	call->type = &rs_type_none;
	if (!rs_sema_arg_text(s, call, 1, &text, &len) || rs_fn_kind(condition) == RS_TYPE_UNKNOWN)
		return;
	if (!condition->constant)
		rs_sema_error(s, condition->span,
			      "static_assert: the condition must be known while compiling");
	else if (!condition->number)
		rs_sema_error(s, call->span, "%s", *text ? text : "the assertion does not hold");
}

/* The value of a piece, which must be known. */
static void format_piece(struct rs_sema *s, struct rs_str *out, const struct rs_printf_piece *piece,
			 const struct rs_node *arg)
{
	if (arg->text_constant && (piece->what == RS_PRINTF_STRING || !arg->constant))
		rs_str_append(out, arg->text, arg->text_len);
	else if (!arg->constant)
		rs_sema_error(s, arg->span, "fail: the values must be known while compiling");
	else if (piece->what == RS_PRINTF_UNSIGNED)
		rs_str_appendf(out, piece->letter == 'u' ? "%llu" : "%llx",
			       (unsigned long long)arg->number);
	else
		rs_str_append_i64(out, (int64_t)arg->number);
}

static void check_fail(struct rs_sema *s, struct rs_node *call)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(4096);
	const struct rs_node *format = rs_fn_arg(call, 0);
	struct rs_printf parsed;
	unsigned next = 1;

	rs_fn_check_format(s, call, 0);
	if (!s->final || s->dead || !format->text_constant ||
	    rs_printf_parse(s->arena, format->text, format->text_len, &parsed) < 0)
		return;
	for (unsigned i = 0; i < parsed.n; i++) {
		if (parsed.pieces[i].what == RS_PRINTF_TEXT)
			rs_str_append(&out, parsed.pieces[i].text, parsed.pieces[i].len);
		else if (next < call->list.n)
			format_piece(s, &out, &parsed.pieces[i], rs_fn_arg(call, next++));
	}
	rs_sema_error(s, call->span, "%s", out.len ? rs_str_cstr(&out) : "the script fails here");
}

/* ---- what an expression is ---- */

static bool is_kind(const struct rs_node *arg, const char *name)
{
	const struct rs_type *type = arg->type;

	if (!strcmp(name, "is_str"))
		return type->kind == RS_TYPE_STRING;
	if (!strcmp(name, "is_ptr"))
		return type->kind == RS_TYPE_POINTER;
	if (!strcmp(name, "is_array"))
		return type->kind == RS_TYPE_ARRAY;
	if (!strcmp(name, "is_integer"))
		return type->kind == RS_TYPE_INT;
	if (!strcmp(name, "is_unsigned_integer"))
		return type->kind == RS_TYPE_INT && !type->is_signed;
	return arg->kind == RS_NODE_INT || arg->kind == RS_NODE_BOOL || arg->kind == RS_NODE_STRING;
}

static void check_is(struct rs_sema *s, struct rs_node *call)
{
	const struct rs_node *arg = rs_fn_arg(call, 0);

	(void)s;
	rs_fn_set_number(call, &rs_type_bool, arg->type && is_kind(arg, call->func->name));
}

static struct rs_value lower_constant(struct rs_lower *l, struct rs_node *call)
{
	return rs_value_word(call->type, rs_ir_const(l->f, (int64_t)call->number));
}

static void check_kfunc(struct rs_sema *s, struct rs_node *call)
{
	const char *name;
	uint32_t len;

	rs_fn_set_number(call, &rs_type_bool, 0);
	if (rs_sema_arg_text(s, call, 0, &name, &len) && s->source->has_kfunc)
		call->number = s->source->has_kfunc(s->source->ctx, name);
}

/* ---- getopt ---- */

/* What was given for --name: its text, "" without one. NULL: it was not given. */
static const char *option_text(const struct rs_lang_options *options, const char *name)
{
	size_t n = strlen(name);

	for (unsigned i = 0; i < options->n_script_args; i++) {
		const char *arg = options->script_args[i];

		if (strncmp(arg, "--", 2) != 0 || strncmp(arg + 2, name, n) != 0)
			continue;
		if (!arg[2 + n])
			return "";
		if (arg[2 + n] == '=')
			return arg + 2 + n + 1;
	}
	return NULL;
}

static void option_bool(struct rs_sema *s, struct rs_node *call, const char *text, bool usual)
{
	bool yes = text && (!*text || !strcmp(text, "1") || !strcmp(text, "true"));
	bool no = text && (!strcmp(text, "0") || !strcmp(text, "false"));

	rs_fn_set_number(call, &rs_type_bool, text ? yes : usual);
	if (text && !yes && !no)
		rs_sema_error(s, call->span, "--%s is true or false, not \"%s\"",
			      rs_fn_arg(call, 0)->text, text);
}

static void option_number(struct rs_sema *s, struct rs_node *call, const char *text,
			  const struct rs_node *usual)
{
	char *end = NULL;

	rs_fn_set_number(call, rs_type_int64, usual->number);
	if (!text)
		return;
	call->number = (uint64_t)strtoll(text, &end, 0);
	if (!*text || *end)
		rs_sema_error(s, call->span, "--%s is a number, not \"%s\"",
			      rs_fn_arg(call, 0)->text, text);
}

static void check_getopt(struct rs_sema *s, struct rs_node *call)
{
	const struct rs_node *usual = rs_fn_arg(call, 1);
	const char *name, *text;
	uint32_t len;

	call->type = &rs_type_unknown;
	if (!rs_sema_arg_text(s, call, 0, &name, &len))
		return;
	if (call->list.n > 2 && !rs_sema_arg_text(s, call, 2, &text, &len))
		return;
	text = option_text(s->options, name);
	if (!usual || rs_fn_kind(usual) == RS_TYPE_BOOL)
		option_bool(s, call, text, usual && usual->number);
	else if (usual->text_constant && !usual->constant)
		rs_fn_set_text(s, call, text ? text : usual->text,
			       text ? strlen(text) : usual->text_len);
	else if (usual->constant)
		option_number(s, call, text, usual);
	else
		rs_sema_error(s, usual->span, "getopt: the default must be a literal");
}

/* ---- rows ---- */

#define ROW_IS(word)                                                                               \
	{                                                                                          \
		.name = word, .min_args = 1, .max_args = 1, .flags = RS_FUNC_CONSTANT,             \
		.usage = word "(expression)", .check = check_is, .lower = lower_constant           \
	}

const struct rs_func_row rs_func_check[] = {
	{ .name = "assert",
	  .min_args = 2,
	  .max_args = 2,
	  .flags = RS_FUNC_STATEMENT,
	  .usage = "assert(condition, \"message\")",
	  .check = check_assert,
	  .lower = lower_assert },
	{ .name = "static_assert",
	  .min_args = 2,
	  .max_args = 2,
	  .flags = RS_FUNC_STATEMENT,
	  .usage = "static_assert(condition, \"message\")",
	  .check = check_static_assert,
	  .lower = lower_nothing },
	{ .name = "fail",
	  .min_args = 1,
	  .max_args = 255,
	  .flags = RS_FUNC_STATEMENT,
	  .usage = "fail(\"format\"[, value, ...])",
	  .check = check_fail,
	  .lower = lower_nothing },
	ROW_IS("is_str"),
	ROW_IS("is_ptr"),
	ROW_IS("is_array"),
	ROW_IS("is_integer"),
	ROW_IS("is_unsigned_integer"),
	ROW_IS("is_literal"),
	{ .name = "kfunc_exist",
	  .aliases = { "kfunc_allowed" },
	  .min_args = 1,
	  .max_args = 1,
	  .flags = RS_FUNC_CONSTANT,
	  .usage = "kfunc_exist(\"name\")",
	  .check = check_kfunc,
	  .lower = lower_constant },
	{ .name = "getopt",
	  .min_args = 1,
	  .max_args = 3,
	  .usage = "getopt(\"name\"[, default[, \"description\"]])",
	  .check = check_getopt,
	  .lower = lower_constant,
	  .into = rs_fn_text_into },
	{ 0 },
};
