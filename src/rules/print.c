/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions as text again. */
#include "base/units.h"
#include "base/utf8.h"
#include "rules/tree.h"

/* It parses to the same bytes and is harmless on a terminal. */
int rs_expr_append_text(struct rs_str *out, const void *data, size_t len)
{
	rs_str_append_char(out, '"');
	for (size_t i = 0; i < len;) {
		const char *p = (const char *)data + i;
		uint32_t cp = 0;
		unsigned n = rs_utf8_decode(p, len - i, &cp);

		if (*p == '"' || *p == '\\')
			rs_str_append_char(out, '\\');
		if (n && !rs_utf8_is_unsafe(cp))
			rs_str_append(out, p, n);
		else
			for (unsigned k = 0; k < MAX(n, 1U); k++)
				rs_str_appendf(out, "\\x%02x", (unsigned char)p[k]);
		i += MAX(n, 1U);
	}
	return rs_str_append_char(out, '"');
}

static void append_text(const struct rs_text *text, struct rs_str *out)
{
	rs_expr_append_text(out, text->data, text->len);
}

static void append_date(int64_t ns, struct rs_str *out)
{
	struct rs_clock_text time = { 0 };
	char buf[RS_CLOCK_UTC_LEN];

	rs_clock_format_utc(&time, (uint64_t)ns, buf);
	rs_str_append(out, buf, sizeof(buf));
}

static void append_number(const struct rs_expr_name *name, int64_t v, struct rs_str *out)
{
	char buf[RS_UNITS_BUF];

	if (name->class == RS_CLASS_BOOL)
		rs_str_append_cstr(out, v ? "true" : "false");
	else if (name->class == RS_CLASS_DATE)
		append_date(v, out);
	else if (name->unit == RS_UNIT_TIME && v > 0)
		rs_str_append_cstr(out, rs_units_format_duration_exact(buf, (uint64_t)v));
	else if (name->unit == RS_UNIT_SIZE && v > 0)
		rs_str_append_cstr(out, rs_units_format_size_exact(buf, (uint64_t)v));
	else
		rs_str_append_i64(out, v);
}

static void append_literal(const struct rs_expr *expr, size_t i, struct rs_str *out)
{
	if (expr->nets)
		append_text(&expr->nets[i].text, out);
	else if (expr->numbers)
		append_number(expr->name, expr->numbers[i], out);
	else
		append_text(&expr->texts[i], out);
}

static void append_test(const struct rs_expr *expr, struct rs_str *out)
{
	enum rs_expr_op op = expr->op;

	/* A sensor stands for several kinds. */
	if (expr->n > 1 && op == RS_EXPR_NE)
		rs_str_append_cstr(out, "not ");
	if (expr->n > 1)
		op = RS_EXPR_IN;
	rs_str_append_cstr(out, expr->name->text);
	rs_str_appendf(out, " %s", rs_expr_op_to_str(op));
	if (op == RS_EXPR_EXISTS)
		return;
	rs_str_append_cstr(out, op == RS_EXPR_IN ? " (" : " ");
	for (size_t i = 0; i < expr->n; i++) {
		rs_str_append_cstr(out, i ? ", " : "");
		append_literal(expr, i, out);
	}
	rs_str_append_cstr(out, op == RS_EXPR_IN ? ")" : "");
}

static void append(const struct rs_expr *expr, struct rs_str *out);

static void append_child(const struct rs_expr *parent, const struct rs_expr *child,
			 struct rs_str *out)
{
	bool group = child->op == RS_EXPR_OR ||
		     (child->op == RS_EXPR_AND && parent->op != RS_EXPR_OR);

	rs_str_append_cstr(out, group ? "(" : "");
	append(child, out);
	rs_str_append_cstr(out, group ? ")" : "");
}

static void append(const struct rs_expr *expr, struct rs_str *out)
{
	if (expr->op == RS_EXPR_NOT) {
		rs_str_append_cstr(out, "not ");
		append_child(expr, expr->child[0], out);
		return;
	}
	if (expr->op != RS_EXPR_AND && expr->op != RS_EXPR_OR) {
		append_test(expr, out);
		return;
	}
	for (size_t i = 0; i < expr->n; i++) {
		if (i)
			rs_str_appendf(out, " %s ", rs_expr_op_to_str(expr->op));
		append_child(expr, expr->child[i], out);
	}
}

int rs_expr_to_str(const struct rs_expr *expr, struct rs_str *out)
{
	append(expr, out);
	return out->error;
}
