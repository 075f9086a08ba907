/* SPDX-License-Identifier: Apache-2.0 */
/* For people at a terminal: the functions with most of their own, and the heaviest stacks. */
#include <errno.h>
#include <string.h>

#include "base/term.h"
#include "profile/amount.h"
#include "profile/flame.h"
#include "profile/forms.h"

#define TOP_FUNCTIONS 20
#define TOP_STACKS    8 /* they are long */
#define WIDTH_DEFAULT 100
#define AMOUNT_WIDTH  10
#define PERCENT_WIDTH 7
#define MODULE_WIDTH  24
#define NARROW        70 /* columns: below, no module */

struct row {
	uint32_t number; /* of a function or a node */
	int64_t self, total, old_self;
};

struct table {
	const struct rs_profile *profile;
	const struct rs_profile_write *how;
	struct rs_flame *flame;
	const struct rs_profile_type *type;
	size_t width;
	size_t names; /* columns of the longest of the functions that are shown */
	RS_VEC(struct row) rows;
	struct rs_str *out;
};

static void table_done(struct table *t)
{
	rs_flame_free(&t->flame);
	rs_vec_done(&t->rows);
}

static const char *style(const struct table *t, enum rs_term_style style)
{
	return rs_term_style(t->how->color, style);
}

/* How many of the rows are shown. */
static size_t top(const struct table *t, size_t usual)
{
	return MIN(t->rows.len, t->how->top ? t->how->top : usual);
}

static int64_t whole(const struct table *t)
{
	return rs_flame_total(t->flame, 0, 0)[t->how->value];
}

/* --- cells --- */

static void put(const struct table *t, const char *text, size_t width, enum rs_term_align align)
{
	rs_term_append_fit(t->out, text, strlen(text), width, align);
}

static void put_amount(const struct table *t, int64_t value)
{
	char buf[RS_AMOUNT_BUF];

	put(t, rs_amount_format(buf, t->type->unit, value), AMOUNT_WIDTH, RS_TERM_RIGHT);
}

static void put_percent(const struct table *t, int64_t value)
{
	char buf[RS_AMOUNT_BUF];

	put(t, rs_amount_percent(buf, value, whole(t)), PERCENT_WIDTH, RS_TERM_RIGHT);
}

/* What came and what went, in the colours of flame graphs. */
static void put_change(const struct table *t, int64_t now, int64_t before)
{
	char buf[RS_AMOUNT_BUF], text[RS_AMOUNT_BUF + 1];
	int64_t change;

	if (__builtin_sub_overflow(now, before, &change))
		change = now > before ? INT64_MAX : INT64_MIN + 1;
	snprintf(text, sizeof(text), "%s%s", change > 0 ? "+" : "",
		 rs_amount_format(buf, t->type->unit, change));
	rs_str_append_cstr(t->out, style(t, change > 0 ? RS_TERM_RED : RS_TERM_BLUE));
	put(t, change ? text : "=", AMOUNT_WIDTH + 1, RS_TERM_RIGHT);
	rs_str_append_cstr(t->out, style(t, RS_TERM_RESET));
}

static void put_heading(const struct table *t, const char *text)
{
	rs_str_append_cstr(t->out, style(t, RS_TERM_BOLD));
	put(t, text, t->width, RS_TERM_NOPAD);
	rs_str_append_cstr(t->out, style(t, RS_TERM_RESET));
	rs_str_append_char(t->out, '\n');
}

/* --- head --- */

static void put_head(const struct table *t)
{
	const struct rs_profile_options *options = rs_profile_options_of(t->profile);
	char buf[RS_AMOUNT_BUF], line[256];
	size_t n;

	if (options->title)
		put_heading(t, options->title);
	n = (size_t)snprintf(line, sizeof(line), "%s of %.40s",
			     rs_amount_format(buf, t->type->unit, whole(t)), t->type->name);
	if (options->duration)
		n += (size_t)snprintf(line + n, sizeof(line) - n, " in %s",
				      rs_units_format_duration(buf, options->duration));
	snprintf(line + n, sizeof(line) - n, ", %zu stacks", rs_profile_samples(t->profile));
	put(t, line, t->width, RS_TERM_NOPAD);
	rs_str_append_char(t->out, '\n');
	for (size_t i = 0; i < rs_profile_notes(t->profile); i++) {
		rs_str_append_cstr(t->out, style(t, RS_TERM_YELLOW));
		put(t, rs_profile_note_at(t->profile, i), t->width, RS_TERM_NOPAD);
		rs_str_append_cstr(t->out, style(t, RS_TERM_RESET));
		rs_str_append_char(t->out, '\n');
	}
}

/* --- functions --- */

static int compare_rows(const void *x, const void *y)
{
	const struct row *a = x, *b = y;

	if (a->self != b->self)
		return a->self > b->self ? -1 : 1;
	if (a->total != b->total)
		return a->total > b->total ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

static void sort_rows(struct table *t)
{
	if (t->rows.len)
		qsort(t->rows.items, t->rows.len, sizeof(*t->rows.items), compare_rows);
}

/* Of a function that calls itself, only the outermost counts for its total: @inside counts how often it is on the
 * way to the node. */
static void count_node(struct table *t, uint32_t node, const uint32_t *inside)
{
	size_t value = t->how->value;
	uint32_t function = t->flame->nodes.items[node].function;
	struct row *row = &t->rows.items[function];

	rs_amount_add(&row->self, rs_flame_self(t->flame, node, 0)[value]);
	rs_amount_add(&row->old_self, rs_flame_self(t->flame, node, RS_FLAME_OLD)[value]);
	if (!inside[function])
		rs_amount_add(&row->total, rs_flame_total(t->flame, node, 0)[value]);
}

static int count_functions(struct table *t)
{
	const struct rs_flame *f = t->flame;
	_cleanup_(rs_cleanup_free) uint32_t *inside = calloc(f->functions.len + 1, sizeof(*inside));
	uint32_t node = 0;

	if (!inside || rs_vec_reserve(&t->rows, f->functions.len) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < f->functions.len; i++)
		t->rows.items[t->rows.len++] = (struct row){ .number = i };
	for (;;) { /* down, and up again */
		if (node) {
			count_node(t, node, inside);
			inside[f->nodes.items[node].function]++;
		}
		if (f->nodes.items[node].first_child) {
			node = f->nodes.items[node].first_child;
			continue;
		}
		while (node) {
			inside[f->nodes.items[node].function]--;
			if (f->nodes.items[node].sibling)
				break;
			node = f->nodes.items[node].parent;
		}
		if (!node)
			return 0;
		node = f->nodes.items[node].sibling;
	}
}

static void put_function(const struct table *t, const struct row *row)
{
	const struct rs_flame_function *f = &t->flame->functions.items[row->number];
	size_t used = 2 * (AMOUNT_WIDTH + PERCENT_WIDTH) + 2, rest;

	put_amount(t, row->self);
	put_percent(t, row->self);
	put_amount(t, row->total);
	put_percent(t, row->total);
	if (t->flame->diff) {
		put_change(t, row->self, row->old_self);
		used += AMOUNT_WIDTH + 1;
	}
	rs_str_append_cstr(t->out, "  ");
	rest = t->width > used + 8 ? t->width - used : 8;
	if (t->width < NARROW || !f->module || rest < MODULE_WIDTH + 12) {
		put(t, f->function, rest, RS_TERM_NOPAD);
	} else {
		put(t, f->function, MIN(rest - MODULE_WIDTH - 1, t->names), RS_TERM_LEFT);
		rs_str_append_char(t->out, ' ');
		rs_str_append_cstr(t->out, style(t, RS_TERM_DIM));
		rs_term_append_fit_path(t->out, f->module, strlen(f->module),
					MAX(rest - MIN(rest - MODULE_WIDTH - 1, t->names) - 1,
					    (size_t)MODULE_WIDTH),
					RS_TERM_NOPAD);
		rs_str_append_cstr(t->out, style(t, RS_TERM_RESET));
	}
	rs_str_append_char(t->out, '\n');
}

static int put_functions(struct table *t)
{
	char head[128];

	if (count_functions(t) < 0)
		return -ENOMEM;
	sort_rows(t);
	for (size_t i = 0; i < top(t, TOP_FUNCTIONS); i++) {
		const char *name = t->flame->functions.items[t->rows.items[i].number].function;

		t->names = MAX(t->names, rs_term_columns(name, strlen(name)));
	}
	snprintf(head, sizeof(head), "%*s%*s%*s  FUNCTION", AMOUNT_WIDTH + PERCENT_WIDTH, "SELF",
		 AMOUNT_WIDTH + PERCENT_WIDTH, "TOTAL", t->flame->diff ? AMOUNT_WIDTH + 1 : 0,
		 t->flame->diff ? "CHANGE" : "");
	rs_str_append_char(t->out, '\n');
	put_heading(t, head);
	for (size_t i = 0; i < top(t, TOP_FUNCTIONS); i++) {
		const struct row *row = &t->rows.items[i];

		if (row->self || row->old_self)
			put_function(t, row);
	}
	return 0;
}

/* --- stacks --- */

static int collect_stacks(struct table *t)
{
	rs_vec_reset(&t->rows);
	for (uint32_t node = 0; node < t->flame->nodes.len; node++) {
		struct row row = {
			.number = node,
			.self = rs_flame_self(t->flame, node, 0)[t->how->value],
			.old_self = rs_flame_self(t->flame, node, RS_FLAME_OLD)[t->how->value],
		};

		if (row.self && rs_vec_push(&t->rows, row) < 0)
			return -ENOMEM;
	}
	sort_rows(t);
	return 0;
}

static enum rs_term_style style_of(enum rs_frame_kind kind)
{
	switch (kind) {
	case RS_FRAME_KERNEL:
	case RS_FRAME_MODULE:
		return RS_TERM_CYAN;
	case RS_FRAME_JIT:
		return RS_TERM_GREEN;
	case RS_FRAME_INLINED:
	case RS_FRAME_OTHER:
		return RS_TERM_DIM;
	case RS_FRAME_PROCESS:
		return RS_TERM_BOLD;
	default:
		return RS_TERM_RESET;
	}
}

/* The first line has the numbers, in as many columns as the others are indented. */
static void put_stack(const struct table *t, const struct row *row)
{
	size_t indent = AMOUNT_WIDTH + PERCENT_WIDTH + (t->flame->diff ? AMOUNT_WIDTH + 1 : 0);
	size_t rest = t->width > indent + 10 ? t->width - indent - 2 : 8;
	uint32_t node = row->number;

	rs_str_append_char(t->out, '\n');
	put_amount(t, row->self);
	put_percent(t, row->self);
	if (t->flame->diff)
		put_change(t, row->self, row->old_self);
	if (!node)
		rs_str_append_cstr(t->out, "  [no stack]\n");
	while (node) {
		const struct rs_flame_node *at = &t->flame->nodes.items[node];
		const struct rs_flame_function *f = &t->flame->functions.items[at->function];

		if (node != row->number)
			rs_str_append_fill(t->out, ' ', indent);
		rs_str_append_cstr(t->out, "  ");
		rs_str_append_cstr(t->out, style(t, style_of(f->kind)));
		put(t, f->function, rest, RS_TERM_NOPAD);
		rs_str_append_cstr(t->out, style(t, RS_TERM_RESET));
		rs_str_append_char(t->out, '\n');
		node = at->parent;
	}
}

static int put_stacks(struct table *t)
{
	if (collect_stacks(t) < 0)
		return -ENOMEM;
	rs_str_append_char(t->out, '\n');
	put_heading(t, "Stacks, innermost function first");
	for (size_t i = 0; i < top(t, TOP_STACKS); i++)
		put_stack(t, &t->rows.items[i]);
	if (t->rows.len > top(t, TOP_STACKS))
		rs_str_appendf(t->out, "\nand %zu more\n", t->rows.len - top(t, TOP_STACKS));
	return 0;
}

int rs_profile_write_table(const struct rs_profile *profile, const struct rs_profile_write *how,
			   struct rs_str *out, struct rs_error *err)
{
	_cleanup_(table_done) struct table t = {
		.profile = profile,
		.how = how,
		.type = &rs_profile_options_of(profile)->types[how->value],
		.width = how->width ? how->width : WIDTH_DEFAULT,
		.out = out,
	};
	int r = rs_flame_new(profile, how->old, &t.flame, err);

	if (r < 0)
		return r;
	r = rs_flame_sort(t.flame, how->value);
	put_head(&t);
	if (!r && whole(&t))
		r = put_functions(&t);
	if (!r && whole(&t))
		r = put_stacks(&t);
	return r < 0 ? rs_error_set_errno(err, r, "writing the table") : 0;
}
