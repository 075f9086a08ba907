/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an event is what a condition says. Nothing is allocated, and nothing is asked twice. */
#include <errno.h>

#include "rules/tree.h"

#define LINEAR_MAX 8 /* longer lists are searched by halves */

struct rs_expr_run {
	struct rs_event_values *values;
};

int rs_expr_run_new(const struct rs_event_host *host, struct rs_expr_run **ret_run)
{
	struct rs_expr_run *run = calloc(1, sizeof(*run));
	int r;

	if (!run)
		return -ENOMEM;
	r = rs_event_values_new(host, &run->values);
	if (r < 0) {
		free(run);
		return r;
	}
	*ret_run = run;
	return 0;
}

void rs_expr_run_free(struct rs_expr_run **run)
{
	if (!*run)
		return;
	rs_event_values_free(&(*run)->values);
	free(*run);
	*run = NULL;
}

void rs_expr_run_set_host(struct rs_expr_run *run, const struct rs_event_host *host)
{
	rs_event_values_set_host(run->values, host);
}

/* --- one value against the literals --- */

static int compare_text(const struct rs_text *a, const struct rs_text *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return a->len ? memcmp(a->data, b->data, a->len) : 0;
}

/* The list is in order, see rs_expr_literals(). */
static bool in_texts(const struct rs_expr *expr, const struct rs_text *text)
{
	size_t low = 0, high = expr->n;

	if (expr->n <= LINEAR_MAX) {
		for (size_t i = 0; i < expr->n; i++) {
			if (compare_text(&expr->texts[i], text) == 0)
				return true;
		}
		return false;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_text(&expr->texts[middle], text);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool text_holds(const struct rs_expr *expr, const struct rs_text *text)
{
	const struct rs_text *literal = &expr->texts[0];

	switch (expr->op) {
	case RS_EXPR_EQ:
		return compare_text(literal, text) == 0;
	case RS_EXPR_NE:
		return compare_text(literal, text) != 0;
	case RS_EXPR_IN:
		return in_texts(expr, text);
	case RS_EXPR_GLOB:
		return text->len >= expr->prefix.len &&
		       memcmp(text->data, expr->prefix.data, expr->prefix.len) == 0 &&
		       rs_glob_match(literal->data, literal->len, text->data, text->len);
	case RS_EXPR_STARTSWITH:
		return text->len >= literal->len &&
		       memcmp(text->data, literal->data, literal->len) == 0;
	case RS_EXPR_ENDSWITH:
		return text->len >= literal->len && memcmp(text->data + text->len - literal->len,
							   literal->data, literal->len) == 0;
	case RS_EXPR_CONTAINS:
		return memmem(text->data, text->len, literal->data, literal->len) != NULL;
	default:
		return false;
	}
}

static bool number_holds(const struct rs_expr *expr, int64_t v)
{
	switch (expr->op) {
	case RS_EXPR_EQ:
		return v == expr->numbers[0];
	case RS_EXPR_NE:
		return v != expr->numbers[0];
	case RS_EXPR_LT:
		return v < expr->numbers[0];
	case RS_EXPR_LE:
		return v <= expr->numbers[0];
	case RS_EXPR_GT:
		return v > expr->numbers[0];
	case RS_EXPR_GE:
		return v >= expr->numbers[0];
	case RS_EXPR_IN:
		for (size_t i = 0; i < expr->n; i++) {
			if (v == expr->numbers[i])
				return true;
		}
		return false;
	default:
		return false;
	}
}

static bool id_holds(const struct rs_expr *expr, const struct rs_text *text)
{
	int64_t v = 0;

	if (!text->len)
		return false;
	for (uint32_t i = 0; i < text->len; i++) {
		if (text->data[i] < '0' || text->data[i] > '9' ||
		    __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, text->data[i] - '0', &v))
			return false;
	}
	return number_holds(expr, v);
}

static bool ip_holds(const struct rs_expr *expr, const struct rs_text *text)
{
	struct rs_expr_net ip;
	bool found = false;

	if (!rs_expr_net_parse(text->data, text->len, &ip))
		return false;
	for (size_t i = 0; i < expr->n && !found; i++)
		found = rs_expr_net_holds(&expr->nets[i], ip.addr);
	return found != (expr->op == RS_EXPR_NE);
}

static bool list_holds(const struct rs_expr *expr, const struct rs_value *value)
{
	bool numbers = expr->name->class == RS_CLASS_NUMBER;

	for (size_t i = 0; i < value->n_texts && (!numbers || value->numbers); i++) {
		if (numbers ? number_holds(expr, value->numbers[i])
			    : text_holds(expr, &value->texts[i]))
			return true;
	}
	return false;
}

static bool value_holds(const struct rs_expr *expr, const struct rs_value *value)
{
	if (value->type == RS_VALUE_NONE)
		return false;
	if (expr->op == RS_EXPR_EXISTS)
		return value->type != RS_VALUE_LIST || value->n_texts > 0;
	switch (expr->name->class) {
	case RS_CLASS_TEXT:
		if (value->type == RS_VALUE_LIST)
			return list_holds(expr, value);
		return value->type == RS_VALUE_TEXT && text_holds(expr, &value->text);
	case RS_CLASS_NUMBER:
		if (value->type == RS_VALUE_LIST)
			return list_holds(expr, value);
		return value->type == RS_VALUE_INT && number_holds(expr, value->number);
	case RS_CLASS_ID:
		return value->type == RS_VALUE_INT ? number_holds(expr, value->number)
						   : id_holds(expr, &value->text);
	case RS_CLASS_IP:
		return value->type == RS_VALUE_TEXT && ip_holds(expr, &value->text);
	default: /* a date, true or false */
		return number_holds(expr, value->number);
	}
}

/* --- a test on an event --- */

static bool kind_holds(const struct rs_expr *expr, enum rs_kind kind)
{
	if (expr->op == RS_EXPR_EXISTS)
		return true;
	return (expr->kinds >> kind & 1) != (expr->op == RS_EXPR_NE);
}

static bool test_holds(const struct rs_expr *expr, struct rs_expr_run *run,
		       const struct rs_event *event)
{
	const struct rs_expr_name *name = expr->name;
	unsigned kind = event->hdr->kind;
	struct rs_value value = { .type = RS_VALUE_NONE };

	if (name->class == RS_CLASS_KIND)
		return kind_holds(expr, kind);
	for (size_t i = 0; i < name->n; i++) {
		if (!(name->column[i]->kinds >> kind & 1))
			continue;
		if (name->column[i]->labels)
			rs_event_value_named(run->values, name->column[i], name->text,
					     strlen(name->text), event, &value);
		else
			rs_event_value(run->values, name->column[i], event, &value);
		if (value_holds(expr, &value))
			return true;
	}
	return false;
}

bool rs_expr_match(const struct rs_expr *expr, struct rs_expr_run *run,
		   const struct rs_event *event)
{
	if (!expr)
		return true;
	switch (expr->op) {
	case RS_EXPR_AND:
		for (size_t i = 0; i < expr->n; i++) {
			if (!rs_expr_match(expr->child[i], run, event))
				return false;
		}
		return true;
	case RS_EXPR_OR:
		for (size_t i = 0; i < expr->n; i++) {
			if (rs_expr_match(expr->child[i], run, event))
				return true;
		}
		return false;
	case RS_EXPR_NOT:
		return !rs_expr_match(expr->child[0], run, event);
	default:
		return test_holds(expr, run, event);
	}
}
