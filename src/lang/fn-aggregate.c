/* SPDX-License-Identifier: Apache-2.0 */

/* What maps add up: count sum avg min max stats hist lhist. Their code is in lower-aggregate.c. */

#include "lang/fn.h"

#define HIST_BITS_MAX   5
#define LHIST_STEPS_MAX 1000

static const struct rs_type *aggregate(struct rs_sema *s, const struct rs_type *details)
{
	struct rs_type *type = rs_type_copy(s->types, details);

	if (type)
		return type;
	s->diags->out_of_memory = true;
	return &rs_type_unknown;
}

static void check_count(struct rs_sema *s, struct rs_node *call)
{
	const struct rs_type type = { .kind = RS_TYPE_COUNT, .size = 8, .align = 8 };

	call->type = aggregate(s, &type);
}

/* sum(n), and the others that tell signed from unsigned numbers. */
static void check_number(struct rs_sema *s, struct rs_node *call)
{
	static const struct {
		const char *name;
		enum rs_type_kind kind;
	} kinds[] = {
		{ "sum", RS_TYPE_SUM }, { "avg", RS_TYPE_AVG },     { "min", RS_TYPE_MIN },
		{ "max", RS_TYPE_MAX }, { "stats", RS_TYPE_STATS },
	};
	struct rs_type type = { .kind = RS_TYPE_UNKNOWN, .align = 8 };
	const struct rs_type *of;

	call->type = &rs_type_unknown;
	if (!rs_sema_arg_integer(s, call, 0))
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].name, rs_fn_name(call)))
			type.kind = kinds[i].kind;
	of = rs_fn_arg(call, 0)->type;
	type.element = rs_type_int(8, of->kind != RS_TYPE_INT || of->is_signed);
	type.size = type.kind == RS_TYPE_SUM ? 8 : 16;
	call->type = aggregate(s, &type);
}

static void check_hist(struct rs_sema *s, struct rs_node *call)
{
	struct rs_type type = { .kind = RS_TYPE_HIST, .align = 8 };
	uint64_t bits = 0;

	call->type = &rs_type_unknown;
	if (!rs_sema_arg_integer(s, call, 0))
		return;
	if (rs_fn_arg(call, 1) && !rs_sema_arg_constant(s, call, 1, &bits))
		return;
	if (bits > HIST_BITS_MAX) {
		rs_sema_error(s, rs_fn_arg(call, 1)->span, "hist: %lld bits for each power of two",
			      (long long)bits);
		rs_sema_hint(s, "0 to %d are possible", HIST_BITS_MAX);
		return;
	}
	type.bits = (uint32_t)bits;
	type.count = ((64 - type.bits) << type.bits) + 1;
	type.size = type.count * 8;
	call->type = aggregate(s, &type);
}

/* Mistakes of lhist's borders; the message is at the one that is wrong. */
static bool check_borders(struct rs_sema *s, struct rs_node *call, const int64_t *low,
			  const int64_t *high, const int64_t *step)
{
	uint64_t width;

	if (*step < 1) {
		rs_sema_error(s, rs_fn_arg(call, 3)->span, "lhist: the step must be 1 or more");
		return false;
	}
	if (*low > *high) {
		rs_sema_error(s, rs_fn_arg(call, 2)->span,
			      "lhist: the largest value, %lld, is below "
			      "the smallest, %lld",
			      (long long)*high, (long long)*low);
		return false;
	}
	width = (uint64_t)*high - (uint64_t)*low;
	if (width / (uint64_t)*step > LHIST_STEPS_MAX) {
		rs_sema_error(s, call->span, "lhist: more than %d steps", LHIST_STEPS_MAX);
		width = width / LHIST_STEPS_MAX + 1;
		rs_sema_hint(s, "a step of %llu is possible", (unsigned long long)width);
		return false;
	}
	return true;
}

static void check_lhist(struct rs_sema *s, struct rs_node *call)
{
	struct rs_type type = { .kind = RS_TYPE_LHIST, .align = 8 };
	uint64_t values[3];

	call->type = &rs_type_unknown;
	if (!rs_sema_arg_integer(s, call, 0))
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(values); i++)
		if (!rs_sema_arg_constant(s, call, i + 1, &values[i]))
			return;
	type.low = (int64_t)values[0];
	type.high = (int64_t)values[1];
	type.step = (int64_t)values[2];
	if (!check_borders(s, call, &type.low, &type.high, &type.step))
		return;
	type.count = (uint32_t)(((uint64_t)type.high - (uint64_t)type.low) / (uint64_t)type.step) +
		     2;
	type.size = type.count * 8;
	call->type = aggregate(s, &type);
}

static void check_tseries(struct rs_sema *s, struct rs_node *call)
{
	call->type = &rs_type_unknown;
	rs_sema_error(s, call->span, "tseries() is not there yet");
	rs_sema_hint(s, "@x[nsecs / 1000000000] = count() counts per second");
}

const struct rs_func_row rs_func_aggregate[] = {
	{ .name = "count",
	  .max_args = 0,
	  .flags = RS_FUNC_AGGREGATE,
	  .usage = "@x = count()",
	  .check = check_count },
	{ .name = "sum",
	  .min_args = 1,
	  .max_args = 1,
	  .flags = RS_FUNC_AGGREGATE,
	  .usage = "@x = sum(number)",
	  .check = check_number },
	{ .name = "avg",
	  .min_args = 1,
	  .max_args = 1,
	  .flags = RS_FUNC_AGGREGATE,
	  .usage = "@x = avg(number)",
	  .check = check_number },
	{ .name = "min",
	  .min_args = 1,
	  .max_args = 1,
	  .flags = RS_FUNC_AGGREGATE,
	  .usage = "@x = min(number)",
	  .check = check_number },
	{ .name = "max",
	  .min_args = 1,
	  .max_args = 1,
	  .flags = RS_FUNC_AGGREGATE,
	  .usage = "@x = max(number)",
	  .check = check_number },
	{ .name = "stats",
	  .min_args = 1,
	  .max_args = 1,
	  .flags = RS_FUNC_AGGREGATE,
	  .usage = "@x = stats(number)",
	  .check = check_number },
	{ .name = "hist",
	  .min_args = 1,
	  .max_args = 2,
	  .flags = RS_FUNC_AGGREGATE,
	  .usage = "@x = hist(number[, bits])",
	  .check = check_hist },
	{ .name = "lhist",
	  .min_args = 4,
	  .max_args = 4,
	  .flags = RS_FUNC_AGGREGATE,
	  .usage = "@x = lhist(number, min, max, step)",
	  .check = check_lhist },
	{ .name = "tseries",
	  .min_args = 3,
	  .max_args = 4,
	  .flags = RS_FUNC_AGGREGATE,
	  .usage = "@x = tseries(number, interval, intervals[, function])",
	  .check = check_tseries },
	{ 0 },
};
