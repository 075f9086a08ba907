/* SPDX-License-Identifier: Apache-2.0 */

/* Functions and builtins: found by name, their arguments counted and typed, the rest is their row's check. */

#include <string.h>

#include "lang/sema-private.h"

/* ---- calls ---- */

static bool is_map_word(const struct rs_node *node)
{
	return node->kind == RS_NODE_MAP && !node->list.n;
}

static void check_count(struct rs_sema *s, const struct rs_node *node,
			const struct rs_func_row *row)
{
	if (node->list.n >= row->min_args &&
	    (node->list.n <= row->max_args || row->max_args == 255))
		return;
	if (node->list.n < row->min_args)
		rs_sema_error(s, node->span, "%s() needs %u argument%s", row->name, row->min_args,
			      row->min_args == 1 ? "" : "s");
	else if (!row->max_args)
		rs_sema_error(s, node->span, "%s() takes no argument", row->name);
	else
		rs_sema_error(s, node->span, "%s() takes %u argument%s at most", row->name,
			      row->max_args, row->max_args == 1 ? "" : "s");
	if (row->usage)
		rs_sema_hint(s, "%s", row->usage);
}

static bool count_fits(const struct rs_node *node, const struct rs_func_row *row)
{
	return node->list.n >= row->min_args &&
	       (node->list.n <= row->max_args || row->max_args == 255);
}

static void type_arguments(struct rs_sema *s, struct rs_node *node, const struct rs_func_row *row)
{
	unsigned first = row->flags & RS_FUNC_MAP_FIRST ? 1 : 0;

	if (row->flags & RS_FUNC_TYPED_BY_CHECK && row->check)
		return;
	if (!row->check)
		first = 0;
	for (unsigned i = first; i < node->list.n; i++)
		rs_sema_expr(s, node->list.items[i]);
}

void rs_sema_call_row(struct rs_sema *s, struct rs_node *node, const struct rs_func_row *row)
{
	node->func = row;
	node->type = row->flags & RS_FUNC_STATEMENT ? &rs_type_none : &rs_type_unknown;
	if (!count_fits(node, row)) {
		check_count(s, node, row);
		return;
	}
	if (row->flags & RS_FUNC_UNSAFE && !rs_sema_need_unsafe(s, node))
		return;
	type_arguments(s, node, row);
	if (row->check)
		row->check(s, node);
	if (!node->type)
		node->type = &rs_type_unknown;
}

static void unknown_function(struct rs_sema *s, const struct rs_node *node)
{
	const char *nearest = rs_func_nearest(node->text);

	rs_sema_error(s, node->span, "unknown function \"%s\"", node->text);
	if (nearest)
		rs_sema_hint(s, "did you mean \"%s\"?", nearest);
}

static void builtin(struct rs_sema *s, struct rs_node *node, const struct rs_builtin_row *row)
{
	node->builtin = row;
	node->type = &rs_type_unknown;
	if (row->flags & RS_FUNC_UNSAFE && !rs_sema_need_unsafe(s, node))
		return;
	if (row->check)
		row->check(s, node);
	if (!node->type)
		node->type = &rs_type_unknown;
}

void rs_sema_call(struct rs_sema *s, struct rs_node *node)
{
	const struct rs_func_row *row = rs_func_find(node->text);
	const struct rs_builtin_row *word = row || node->list.n ? NULL
								: rs_builtin_find(node->text);

	node->type = &rs_type_unknown;
	if (word) {
		builtin(s, node, word);
	} else if (!row) {
		for (unsigned i = 0; i < node->list.n; i++)
			if (!is_map_word(node->list.items[i]))
				rs_sema_expr(s, node->list.items[i]);
		unknown_function(s, node);
	} else if (row->flags & RS_FUNC_AGGREGATE) {
		rs_sema_error(s, node->span, "%s() makes the value of a map", row->name);
		rs_sema_hint(s, "assign it to a map: @x = %s(...)", row->name);
	} else {
		rs_sema_call_row(s, node, row);
	}
}

/* ---- names ---- */

static bool enum_constant(struct rs_sema *s, struct rs_node *node)
{
	const struct rs_type *type = NULL;
	int64_t value;

	if (!rs_types_find_constant(s->types, node->text, &value, &type))
		return false;
	node->type = type ? type : rs_type_int64;
	node->constant = true;
	node->number = (uint64_t)value;
	return true;
}

static void unknown_name(struct rs_sema *s, const struct rs_node *node)
{
	const struct rs_func_row *row = rs_func_find(node->text);
	const char *nearest = rs_func_nearest(node->text);

	if (row) {
		rs_sema_error(s, node->span, "\"%s\" is a function", node->text);
		rs_sema_hint(s, "write %s(%s)", node->text, row->min_args ? "..." : "");
		return;
	}
	rs_sema_error(s, node->span, "unknown word \"%s\"", node->text);
	if (nearest)
		rs_sema_hint(s, "did you mean \"%s\"?", nearest);
	else
		rs_sema_hint(s, "a variable is $%s, a map @%s, a string \"%s\"", node->text,
			     node->text, node->text);
}

void rs_sema_name(struct rs_sema *s, struct rs_node *node)
{
	const struct rs_builtin_row *word = rs_builtin_find(node->text);
	const struct rs_func_row *row = word ? NULL : rs_func_find(node->text);

	node->type = &rs_type_unknown;
	if (word)
		builtin(s, node, word);
	else if (row && row->flags & RS_FUNC_BARE)
		rs_sema_call_row(s, node, row);
	else if (!enum_constant(s, node))
		unknown_name(s, node);
}

/* ---- arguments, for the checks ---- */

static const char *ordinal(unsigned i)
{
	static const char *const words[] = {
		"first", "second", "third", "fourth", "fifth", "sixth"
	};

	return i < ARRAY_SIZE(words) ? words[i] : "last";
}

static const char *name_of(const struct rs_node *call)
{
	return call->func ? call->func->name : call->text;
}

static bool has_argument(struct rs_sema *s, struct rs_node *call, unsigned i)
{
	if (i < call->list.n)
		return true;
	rs_sema_error(s, call->span, "%s() needs a %s argument", name_of(call), ordinal(i));
	if (call->func && call->func->usage)
		rs_sema_hint(s, "%s", call->func->usage);
	return false;
}

bool rs_sema_arg(struct rs_sema *s, struct rs_node *call, unsigned i)
{
	if (!has_argument(s, call, i))
		return false;
	rs_sema_expr(s, call->list.items[i]);
	return true;
}

static bool wrong(struct rs_sema *s, const struct rs_node *call, unsigned i, const char *wanted)
{
	const struct rs_node *arg = call->list.items[i];

	rs_sema_error(s, arg->span, "the %s argument of %s() must be %s%s%s", ordinal(i),
		      name_of(call), wanted,
		      arg->type && !rs_sema_unknown(arg->type) ? ", not " : "",
		      arg->type && !rs_sema_unknown(arg->type) ? rs_sema_text(s, arg->type) : "");
	return false;
}

bool rs_sema_arg_integer(struct rs_sema *s, struct rs_node *call, unsigned i)
{
	const struct rs_type *type;

	if (!rs_sema_arg(s, call, i))
		return false;
	type = call->list.items[i]->type;
	if (rs_sema_is_condition(type))
		return true;
	return wrong(s, call, i, "an integer");
}

bool rs_sema_arg_constant(struct rs_sema *s, struct rs_node *call, unsigned i, uint64_t *ret_value)
{
	const struct rs_node *arg;

	if (!rs_sema_arg(s, call, i))
		return false;
	arg = call->list.items[i];
	if (!arg->constant || !rs_type_is_integer(arg->type))
		return wrong(s, call, i, "a constant number");
	*ret_value = arg->number;
	return true;
}

bool rs_sema_arg_text(struct rs_sema *s, struct rs_node *call, unsigned i, const char **ret_text,
		      uint32_t *ret_len)
{
	const struct rs_node *arg;

	if (!rs_sema_arg(s, call, i))
		return false;
	arg = call->list.items[i];
	if (arg->kind == RS_NODE_CALL && arg->extra && arg->func && !strcmp(arg->func->name, "str"))
		arg = arg->extra; /* of a literal or a parameter */
	if (!arg->text_constant)
		return wrong(s, call, i, "a string literal");
	*ret_text = arg->text;
	*ret_len = arg->text_len;
	return true;
}

bool rs_sema_arg_map(struct rs_sema *s, struct rs_node *call, unsigned i, struct rs_map **ret_map)
{
	struct rs_node *arg;
	struct rs_map *map;

	if (!has_argument(s, call, i))
		return false;
	arg = call->list.items[i];
	if (arg->kind != RS_NODE_MAP) {
		if (!arg->type)
			rs_sema_expr(s, arg);
		return wrong(s, call, i, "a map");
	}
	if (arg->list.n) {
		rs_sema_error(s, arg->span, "%s() takes the whole map here", name_of(call));
		rs_sema_hint(s, "without the key: %s", arg->text);
		return false;
	}
	map = rs_sema_map(s, arg);
	arg->type = &rs_type_none;
	if (!map->assigned && !map->declared) {
		rs_sema_error(s, arg->span, "undefined map \"%s\"", arg->text);
		rs_sema_map_suggest(s, map);
	}
	*ret_map = map;
	return true;
}
