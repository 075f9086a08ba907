/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/where.h"

#include <errno.h>
#include <string.h>

/* "glob" as a string of the language. */
static void append_quoted(struct rs_str *out, const char *text)
{
	rs_str_append_char(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			rs_str_append_char(out, '\\');
		rs_str_append_char(out, *text);
	}
	rs_str_append_char(out, '"');
}

/* One of the list's globs matches one of the fields. */
static void append_list(struct rs_str *out, const struct rs_opt_list *list, const char *field,
			const char *id_field)
{
	if (!list->len)
		return;
	rs_str_append_cstr(out, out->len ? " and (" : "(");
	for (size_t i = 0; i < list->len; i++) {
		rs_str_appendf(out, "%s%s glob ", i ? " or " : "", field);
		append_quoted(out, list->items[i]);
		if (!id_field)
			continue;
		rs_str_appendf(out, " or %s startswith ", id_field);
		append_quoted(out, list->items[i]);
	}
	rs_str_append_char(out, ')');
}

static int parse_where(const char *text, struct rs_arena *arena, const struct rs_expr **ret_expr,
		       struct rs_error *err)
{
	struct rs_expr_mark mark = { 0 };
	int r = rs_expr_parse(text, arena, ret_expr, &mark, err);

	if (r == -EINVAL)
		rs_error_wrap(err, "--where: at character %zu", mark.at + 1);
	else if (r < 0)
		rs_error_wrap(err, "--where");
	return r;
}

int rs_where_make(const struct rs_agent_options *options, struct rs_arena *arena,
		  const struct rs_expr **ret_where, struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(RS_EXPR_MAX);
	const struct rs_expr *whole = NULL, *part;
	int r = 0;

	append_list(&text, &options->containers, "container.name", "container.id");
	append_list(&text, &options->pods, "kubernetes.pod.name", NULL);
	append_list(&text, &options->namespaces, "kubernetes.namespace", NULL);
	if (text.error)
		return rs_error_set_errno(err, text.error, "--container, --pod, --namespace");
	if (text.len)
		r = rs_expr_parse(rs_str_cstr(&text), arena, &whole, NULL, err);
	for (size_t i = 0; i < options->where.len && !r; i++) {
		r = parse_where(options->where.items[i], arena, &part, err);
		if (!r && rs_expr_and(arena, whole, part, &whole) < 0)
			r = rs_error_set_errno(err, -ENOMEM, "keeping the condition");
	}
	if (!r)
		*ret_where = whole;
	return r;
}
