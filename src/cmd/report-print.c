/* SPDX-License-Identifier: Apache-2.0 */
/* Reports as text and as JSON. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/units.h"
#include "base/vec.h"
#include "cmd/ask.h"
#include "cmd/report-grid.h"
#include "cmd/report.h"

#define INDENT 2

/* --- numbers of a row --- */

/* False: this cell is text, or there is no such number. */
static bool cell_number(const struct rs_report_row *row, enum rs_report_cell cell, uint64_t *ret_v)
{
	switch (cell) {
	case RS_CELL_COUNT:
		*ret_v = row->count;
		return true;
	case RS_CELL_FAILED:
		*ret_v = row->failed;
		return true;
	case RS_CELL_EXECS:
		*ret_v = row->execs;
		return true;
	case RS_CELL_ENDED:
		*ret_v = row->ended;
		return true;
	case RS_CELL_CPU:
		*ret_v = row->cpu;
		return true;
	case RS_CELL_CPU_EACH:
		*ret_v = row->ended ? row->cpu / row->ended : 0;
		return row->ended != 0;
	case RS_CELL_LIFE_EACH:
		*ret_v = row->ended ? row->life / row->ended : 0;
		return row->ended != 0;
	case RS_CELL_SENT:
		*ret_v = row->sent;
		return true;
	case RS_CELL_RECEIVED:
		*ret_v = row->received;
		return true;
	case RS_CELL_FIRST:
		*ret_v = row->first;
		return row->first != 0;
	default:
		return false;
	}
}

static bool is_text(enum rs_report_cell cell)
{
	return cell >= RS_CELL_PART0;
}

/* False: nothing is known. */
static bool cell_text(const struct rs_report_row *row, enum rs_report_cell cell,
		      const char **ret_data, size_t *ret_len)
{
	if (cell == RS_CELL_LABEL || cell == RS_CELL_IMAGE) {
		*ret_data = cell == RS_CELL_LABEL ? row->label : row->image;
		*ret_len = *ret_data ? strlen(*ret_data) : 0;
	} else {
		rs_report_row_part(row, cell - RS_CELL_PART0, ret_data, ret_len);
	}
	return *ret_len > 0;
}

/* --- table --- */

static void add_time(struct rs_grid *grid, const struct rs_report *report, uint64_t time)
{
	char text[RS_ASK_TIME_LEN];
	bool short_form = report->last - report->first < 20 * 3600 * RS_NSEC_PER_SEC;

	rs_ask_format_time(text, time);
	rs_grid_cstr(grid, text + (short_form && strlen(text) > 11 ? 11 : 0));
}

static void add_number(struct rs_grid *grid, const struct rs_report *report,
		       enum rs_report_cell cell, uint64_t v)
{
	char buf[RS_UNITS_BUF];

	switch (cell) {
	case RS_CELL_CPU:
	case RS_CELL_CPU_EACH:
	case RS_CELL_LIFE_EACH:
		rs_grid_duration(grid, v);
		break;
	case RS_CELL_SENT:
	case RS_CELL_RECEIVED:
		rs_grid_cstr(grid, rs_units_format_bytes(buf, v));
		break;
	case RS_CELL_FIRST:
		add_time(grid, report, v);
		break;
	default:
		rs_grid_count(grid, v);
		break;
	}
}

static void add_cell(struct rs_grid *grid, const struct rs_report *report,
		     const struct rs_report_row *row, enum rs_report_cell cell)
{
	const char *text;
	uint64_t v;
	size_t n;

	if (cell_number(row, cell, &v))
		add_number(grid, report, cell, v);
	else if (!is_text(cell))
		rs_grid_cstr(grid, NULL);
	else if (cell_text(row, cell, &text, &n))
		rs_grid_text(grid, text, n);
	else
		rs_grid_cstr(grid, cell == RS_CELL_LABEL ? "(no container)" : NULL);
}

/* The sums of the rows that are not shown, with the first text saying so. */
static void add_others(struct rs_grid *grid, const struct rs_report *report,
		       const struct rs_report_section *section,
		       const struct rs_report_ranked *ranked)
{
	bool said = false;

	for (const struct rs_report_column *c = section->columns; c->title; c++) {
		if (!is_text(c->cell)) {
			add_cell(grid, report, &ranked->others, c->cell);
		} else if (said) {
			rs_grid_cstr(grid, "");
		} else {
			rs_grid_printf(grid, "(%llu others%s)",
				       (unsigned long long)ranked->n_others,
				       ranked->full ? ", and more that had no room" : "");
			said = true;
		}
	}
}

static size_t make_columns(const struct rs_report_section *section, struct rs_grid_column *columns)
{
	size_t n = 0;

	for (; n < RS_REPORT_COLUMNS_MAX && section->columns[n].title; n++) {
		const struct rs_report_column *c = &section->columns[n];

		columns[n] = (struct rs_grid_column){
			.title = c->title,
			.align = is_text(c->cell) ? RS_TERM_LEFT : RS_TERM_RIGHT,
			.cut = is_text(c->cell),
			.path = c->path,
		};
	}
	return n;
}

static int write_section(struct rs_report *report, enum rs_report_section_id id, size_t top,
			 unsigned width, bool color, struct rs_str *out)
{
	const struct rs_report_section *section = &rs_report_sections[id];
	struct rs_grid_column columns[RS_REPORT_COLUMNS_MAX];
	_cleanup_(rs_grid_done) struct rs_grid grid = { .columns = columns };
	struct rs_report_ranked ranked;
	int r;

	r = rs_report_rank(report->tally[id], section->order, top, &ranked);
	if (r < 0 || !ranked.n)
		return r;
	/* Without containers their table says nothing. */
	if (id == RS_REPORT_CONTAINERS && ranked.n == 1 && !ranked.rows[0]->label)
		return 0;
	grid.n = make_columns(section, columns);
	for (size_t i = 0; i < ranked.n; i++)
		for (size_t c = 0; c < grid.n; c++)
			add_cell(&grid, report, ranked.rows[i], section->columns[c].cell);
	if (ranked.n_others || ranked.full)
		add_others(&grid, report, section, &ranked);
	rs_str_appendf(out, "\n%s%s%s\n", rs_term_style(color, RS_TERM_BOLD), section->heading,
		       rs_term_style(color, RS_TERM_RESET));
	return rs_grid_write(&grid, INDENT, width, color, out);
}

struct kind_count {
	unsigned kind;
	uint64_t count;
};

static int compare_kinds(const void *a, const void *b)
{
	const struct kind_count *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return (int)x->kind - (int)y->kind;
}

/* "  120 exec, 118 exit, ...", in lines that end between two of them. */
static void write_kinds(const struct rs_report *report, unsigned width, struct rs_str *out)
{
	struct kind_count kinds[RS_KIND_COUNT];
	size_t column = 0;

	for (unsigned i = 0; i < RS_KIND_COUNT; i++)
		kinds[i] = (struct kind_count){ i, report->kinds[i] };
	qsort(kinds, RS_KIND_COUNT, sizeof(kinds[0]), compare_kinds);
	for (unsigned i = 0; i < RS_KIND_COUNT && kinds[i].count; i++) {
		char text[64];
		size_t n = (size_t)snprintf(text, sizeof(text), "%llu %s",
					    (unsigned long long)kinds[i].count,
					    rs_kind_to_str(kinds[i].kind));

		if (i)
			rs_str_append_char(out, ',');
		if (!i || column + n + 2 >= (width ? width : 100)) {
			rs_str_append_cstr(out, i ? "\n " : " ");
			column = 1;
		}
		rs_str_appendf(out, " %s", text);
		column += n + 2;
	}
	rs_str_append_char(out, '\n');
}

static void write_head(const struct rs_report *report, unsigned width, bool color,
		       struct rs_str *out)
{
	char from[RS_ASK_TIME_LEN], to[RS_ASK_TIME_LEN], span[RS_UNITS_BUF];

	rs_ask_format_time(from, report->first);
	rs_ask_format_time(to, report->last);
	rs_str_appendf(out, "%s%llu event%s%s", rs_term_style(color, RS_TERM_BOLD),
		       (unsigned long long)report->events, report->events == 1 ? "" : "s",
		       report->host[0] ? " of " : "");
	rs_str_append_escaped(out, report->host, strlen(report->host));
	rs_str_appendf(out, "%s, %s to %s (%s)", rs_term_style(color, RS_TERM_RESET), from, to,
		       rs_units_format_duration(span, report->last - report->first));
	if (report->failures)
		rs_str_appendf(out, ", %llu failed", (unsigned long long)report->failures);
	if (report->boots > 1)
		rs_str_appendf(out, ", %u boots", report->boots);
	rs_str_append_char(out, '\n');
	write_kinds(report, width, out);
}

int rs_report_table(struct rs_report *report, size_t top, unsigned width, bool color,
		    struct rs_str *out)
{
	int r = 0;

	if (!report->events)
		return 0;
	write_head(report, width, color, out);
	for (unsigned i = 0; i < RS_REPORT_SECTIONS && !r; i++)
		r = write_section(report, i, top, width, color, out);
	return r ? r : out->error;
}

/* --- JSON --- */

static void json_cell(struct rs_json *w, const struct rs_report_row *row, enum rs_report_cell cell)
{
	const char *text;
	uint64_t v;
	size_t n;

	if (cell_number(row, cell, &v)) {
		if (cell == RS_CELL_FIRST)
			rs_json_time(w, v);
		else
			rs_json_u64(w, v);
	} else if (is_text(cell) && cell_text(row, cell, &text, &n)) {
		rs_json_string(w, text, n);
	} else {
		rs_json_null(w);
	}
}

static void json_row(struct rs_json *w, const struct rs_report_section *section,
		     const struct rs_report_row *row, bool texts)
{
	for (size_t c = 0; c < RS_REPORT_COLUMNS_MAX && section->columns[c].title; c++) {
		const struct rs_report_column *column = &section->columns[c];

		if (is_text(column->cell) && !texts)
			continue;
		rs_json_key(w, column->name, strlen(column->name));
		json_cell(w, row, column->cell);
	}
}

static int json_section(struct rs_report *report, enum rs_report_section_id id, size_t top,
			struct rs_json *w)
{
	const struct rs_report_section *section = &rs_report_sections[id];
	const struct rs_report_ranked none = { 0 };
	struct rs_report_ranked ranked = none;
	int r = rs_report_rank(report->tally[id], section->order, top, &ranked);

	if (r < 0)
		return r;
	rs_json_key(w, section->name, strlen(section->name));
	rs_json_begin_object(w);
	rs_json_key_lit(w, "rows");
	rs_json_begin_array(w);
	for (size_t i = 0; i < ranked.n; i++) {
		const char *container;
		size_t n;

		rs_json_begin_object(w);
		json_row(w, section, ranked.rows[i], true);
		rs_report_row_part(ranked.rows[i], 0, &container, &n);
		if (id == RS_REPORT_CONTAINERS && n) {
			rs_json_key_lit(w, "id");
			rs_json_string(w, container, n);
		}
		rs_json_end_object(w);
	}
	rs_json_end_array(w);
	if (ranked.n_others || ranked.full) {
		rs_json_key_lit(w, "others");
		rs_json_begin_object(w);
		rs_json_key_lit(w, "rows");
		rs_json_u64(w, ranked.n_others);
		rs_json_key_lit(w, "more");
		rs_json_bool(w, ranked.full);
		json_row(w, section, &ranked.others, false);
		rs_json_end_object(w);
	}
	rs_json_end_object(w);
	return 0;
}

static void json_time(struct rs_json *w, uint64_t time)
{
	if (time)
		rs_json_time(w, time);
	else
		rs_json_null(w);
}

static void json_head(const struct rs_report *report, struct rs_json *w)
{
	rs_json_key_lit(w, "since");
	json_time(w, report->since);
	rs_json_key_lit(w, "until");
	json_time(w, report->until);
	rs_json_key_lit(w, "first");
	json_time(w, report->first);
	rs_json_key_lit(w, "last");
	json_time(w, report->last);
	rs_json_key_lit(w, "host");
	rs_json_cstr(w, report->host[0] ? report->host : NULL);
	rs_json_key_lit(w, "boots");
	rs_json_u64(w, report->boots);
	rs_json_key_lit(w, "events");
	rs_json_u64(w, report->events);
	rs_json_key_lit(w, "failed");
	rs_json_u64(w, report->failures);
	rs_json_key_lit(w, "kinds");
	rs_json_begin_object(w);
	for (unsigned i = 0; i < RS_KIND_COUNT; i++) {
		if (!report->kinds[i])
			continue;
		rs_json_key(w, rs_kind_to_str(i), strlen(rs_kind_to_str(i)));
		rs_json_u64(w, report->kinds[i]);
	}
	rs_json_end_object(w);
}

int rs_report_json(struct rs_report *report, size_t top, struct rs_str *out)
{
	struct rs_json w;
	int r = 0;

	rs_json_init(&w, out);
	rs_json_begin_object(&w);
	json_head(report, &w);
	for (unsigned i = 0; i < RS_REPORT_SECTIONS && !r; i++)
		r = json_section(report, i, top, &w);
	rs_json_end_object(&w);
	rs_str_append_char(out, '\n');
	return r ? r : out->error;
}
