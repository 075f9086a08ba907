/* SPDX-License-Identifier: Apache-2.0 */
/* What an expression demands of every event that it can match. */
#include "rules/tree.h"

/* Parts of which one holds for every event that matches. */
struct parts {
	struct rs_expr_demand item[RS_DEMAND_PARTS_MAX];
	size_t n;
};

static bool range(enum rs_expr_op op, int64_t v, struct rs_expr_demand *ret_demand)
{
	struct rs_expr_demand d = { .op = RS_DEMAND_RANGE, .numeric = true };

	d.low = INT64_MIN;
	d.high = INT64_MAX;
	if (op == RS_EXPR_GE || (op == RS_EXPR_GT && v < INT64_MAX))
		d.low = v + (op == RS_EXPR_GT);
	else if (op == RS_EXPR_LE || (op == RS_EXPR_LT && v > INT64_MIN))
		d.high = v - (op == RS_EXPR_LT);
	else
		return false;
	*ret_demand = d;
	return true;
}

static bool of_numbers(const struct rs_expr *expr, struct rs_expr_demand *ret_demand)
{
	if (expr->op != RS_EXPR_EQ && expr->op != RS_EXPR_IN)
		return range(expr->op, expr->numbers[0], ret_demand);
	*ret_demand = (struct rs_expr_demand){
		.op = RS_DEMAND_IN, .numeric = true, .numbers = expr->numbers, .n = expr->n
	};
	return true;
}

static bool of_texts(const struct rs_expr *expr, struct rs_expr_demand *ret_demand)
{
	struct rs_expr_demand d = { .texts = expr->texts, .n = expr->n };

	switch (expr->op) {
	case RS_EXPR_EQ:
	case RS_EXPR_IN:
		d.op = RS_DEMAND_IN;
		break;
	case RS_EXPR_STARTSWITH:
		d.op = RS_DEMAND_PREFIX;
		break;
	case RS_EXPR_GLOB:
		d.op = RS_DEMAND_PREFIX;
		d.texts = &expr->prefix;
		break;
	default:
		return false;
	}
	if (!d.texts || (d.op == RS_DEMAND_PREFIX && !d.texts[0].len))
		return false;
	*ret_demand = d;
	return true;
}

/* The same for each field that the name stands for. */
static bool of_test(const struct rs_expr *expr, struct parts *parts)
{
	struct rs_expr_demand d;
	bool has;

	if (expr->op == RS_EXPR_NE || expr->op == RS_EXPR_EXISTS)
		return false;
	switch (expr->name->class) {
	case RS_CLASS_NUMBER:
	case RS_CLASS_ID:
	case RS_CLASS_DATE:
		has = of_numbers(expr, &d);
		break;
	case RS_CLASS_TEXT:
	case RS_CLASS_KIND:
	case RS_CLASS_IP:
		has = of_texts(expr, &d);
		break;
	default:
		has = false;
		break;
	}
	for (size_t i = 0; has && i < expr->name->n; i++) {
		const struct rs_event_column *column = expr->name->column[i];

		if (parts->n == RS_DEMAND_PARTS_MAX || column->labels ||
		    column->type == RS_TYPE_KEYWORDS || column->type == RS_TYPE_LONGS)
			return false;
		d.field = column->name;
		parts->item[parts->n++] = d;
	}
	return has;
}

static bool collect(const struct rs_expr *expr, struct parts *parts)
{
	size_t before = parts->n;

	switch (expr->op) {
	case RS_EXPR_AND: /* any of the terms will do */
		for (size_t i = 0; i < expr->n; i++) {
			if (collect(expr->child[i], parts))
				return true;
			parts->n = before;
		}
		return false;
	case RS_EXPR_OR:
		for (size_t i = 0; i < expr->n; i++) {
			if (!collect(expr->child[i], parts))
				return false;
		}
		return true;
	case RS_EXPR_NOT:
		return false;
	default:
		return of_test(expr, parts);
	}
}

void rs_expr_demands(const struct rs_expr *expr, rs_expr_demand_fn *fn, void *data)
{
	struct parts parts = { .n = 0 };
	struct rs_expr_demand any = { .field = "", .op = RS_DEMAND_ANY, .parts = parts.item };

	if (!expr)
		return;
	if (expr->op == RS_EXPR_AND) {
		for (size_t i = 0; i < expr->n; i++)
			rs_expr_demands(expr->child[i], fn, data);
		return;
	}
	if (!collect(expr, &parts))
		return;
	any.n = parts.n;
	fn(data, parts.n == 1 ? &parts.item[0] : &any);
}
