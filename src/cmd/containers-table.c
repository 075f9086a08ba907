/* SPDX-License-Identifier: Apache-2.0 */
/* Containers as a table. */
#include <errno.h>
#include <string.h>

#include "base/term.h"
#include "base/units.h"
#include "cmd/containers.h"

#define ID_LEN 12 /* as the runtimes' own tools show ids */

struct row {
	const struct rs_json_value *value;
	const char *namespace, *pod, *name, *image, *id, *runtime;
};

enum {
	COLUMN_ID,
	COLUMN_RUNTIME,
	COLUMN_PID,
	COLUMN_POD,
	COLUMN_NAME,
	COLUMN_RATE,
	COLUMN_IMAGE,
	COLUMN_COUNT
};

static const char *const titles[COLUMN_COUNT] = { "ID",   "RUNTIME", "PID",  "POD",
						  "NAME", "RATE",    "IMAGE" };

struct cells {
	char text[COLUMN_COUNT][256];
};

static const char *get(const struct rs_json_value *value, const char *path)
{
	return rs_json_get_str(value, path, "");
}

static void read_row(const struct rs_json_value *value, struct row *row)
{
	*row = (struct row){
		.value = value,
		.namespace = get(value, "kubernetes.namespace"),
		.pod = get(value, "kubernetes.pod.name"),
		.name = get(value, "container.name"),
		.image = get(value, "container.image.name"),
		.id = get(value, "container.id"),
		.runtime = get(value, "container.runtime"),
	};
}

static int compare(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int r = strcmp(x->namespace, y->namespace);

	if (!r)
		r = strcmp(x->pod, y->pod);
	if (!r)
		r = strcmp(x->name, y->name);
	return r ? r : strcmp(x->id, y->id);
}

static void fill_cells(const struct row *row, bool rates, struct cells *cells)
{
	uint64_t pid = rs_json_get_u64(row->value, "process.pid", 0);
	bool gone = !rs_json_get_bool(row->value, "ringside.running", true);
	char rate[RS_UNITS_BUF];

#define CELL(column, ...) snprintf(cells->text[column], sizeof(cells->text[column]), __VA_ARGS__)
	CELL(COLUMN_ID, "%.*s", ID_LEN, row->id);
	CELL(COLUMN_RUNTIME, "%s", *row->runtime ? row->runtime : "-");
	if (gone)
		CELL(COLUMN_PID, "gone");
	else if (pid)
		CELL(COLUMN_PID, "%llu", (unsigned long long)pid);
	else
		CELL(COLUMN_PID, "-");
	if (*row->pod)
		CELL(COLUMN_POD, "%s/%s", row->namespace, row->pod);
	else
		CELL(COLUMN_POD, "-");
	if (rs_json_get_bool(row->value, "ringside.sandbox", false))
		CELL(COLUMN_NAME, "(sandbox)");
	else
		CELL(COLUMN_NAME, "%s", *row->name ? row->name : "-");
	rs_units_format_rate(rate, rs_json_get_double(row->value, "ringside.rate", 0));
	CELL(COLUMN_RATE, "%s", rates ? rate : "-");
	CELL(COLUMN_IMAGE, "%s", *row->image ? row->image : "-");
#undef CELL
}

static void widen(const struct cells *cells, size_t widths[COLUMN_COUNT])
{
	for (unsigned i = 0; i < COLUMN_COUNT; i++)
		widths[i] = MAX(widths[i], rs_term_columns(cells->text[i], strlen(cells->text[i])));
}

/* Pods' names give way first, then images: both are cut in the middle. */
static void shrink(size_t widths[COLUMN_COUNT], unsigned width)
{
	static const unsigned order[] = { COLUMN_IMAGE, COLUMN_POD, COLUMN_NAME };
	size_t sum = 2 * (COLUMN_COUNT - 1);

	for (unsigned i = 0; i < COLUMN_COUNT; i++)
		sum += widths[i];
	for (unsigned i = 0; width && i < ARRAY_SIZE(order) && sum > width; i++) {
		size_t *w = &widths[order[i]], least = MIN(*w, (size_t)16);
		size_t take = MIN(*w - least, sum - width);

		*w -= take;
		sum -= take;
	}
}

static void append_line(const struct cells *cells, const size_t widths[COLUMN_COUNT],
			struct rs_str *out)
{
	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		bool last = i == COLUMN_COUNT - 1;
		enum rs_term_align align = i == COLUMN_PID || i == COLUMN_RATE ? RS_TERM_RIGHT
									       : RS_TERM_LEFT;

		rs_term_append_fit_path(out, cells->text[i], strlen(cells->text[i]), widths[i],
					last ? RS_TERM_NOPAD : align);
		if (!last)
			rs_str_append_cstr(out, "  ");
	}
	rs_str_append_char(out, '\n');
}

int rs_containers_table(const struct rs_containers_table *table,
			const struct rs_json_value *const *rows, size_t count, struct rs_str *out)
{
	_cleanup_(rs_cleanup_free) struct row *sorted = calloc(count + 1, sizeof(*sorted));
	_cleanup_(rs_cleanup_free) struct cells *cells = calloc(count + 1, sizeof(*cells));
	size_t widths[COLUMN_COUNT] = { 0 };

	if (!sorted || !cells)
		return -ENOMEM;
	for (unsigned i = 0; i < COLUMN_COUNT; i++)
		snprintf(cells[0].text[i], sizeof(cells[0].text[i]), "%s", titles[i]);
	for (size_t i = 0; i < count; i++)
		read_row(rows[i], &sorted[i]);
	qsort(sorted, count, sizeof(*sorted), compare);
	for (size_t i = 0; i < count; i++)
		fill_cells(&sorted[i], table->rates, &cells[i + 1]);
	for (size_t i = 0; i <= count; i++)
		widen(&cells[i], widths);
	shrink(widths, table->width);
	rs_str_append_cstr(out, rs_term_style(table->color, RS_TERM_BOLD));
	append_line(&cells[0], widths, out);
	rs_str_append_cstr(out, rs_term_style(table->color, RS_TERM_RESET));
	for (size_t i = 1; i <= count; i++)
		append_line(&cells[i], widths, out);
	return out->error;
}
