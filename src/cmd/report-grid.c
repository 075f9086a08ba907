/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/report-grid.h"

#include "base/units.h"
#include "base/vec.h"

#define GAP       2
#define NARROWEST 8 /* a column is not cut further */

void rs_grid_done(struct rs_grid *grid)
{
	rs_str_done(&grid->text);
	free(grid->ends);
	grid->ends = NULL;
	grid->len = grid->cap = 0;
}

void rs_grid_reset(struct rs_grid *grid)
{
	rs_str_reset(&grid->text);
	grid->len = 0;
	grid->error = 0;
}

static void end_cell(struct rs_grid *grid)
{
	size_t *ends = grid->ends;

	if (grid->len == grid->cap)
		ends = rs_vec_grow(grid->ends, &grid->cap, grid->len + 1, sizeof(*ends));
	if (!ends || grid->text.error) {
		grid->error = ends ? grid->text.error : -ENOMEM;
		return;
	}
	grid->ends = ends;
	grid->ends[grid->len++] = grid->text.len;
}

void rs_grid_text(struct rs_grid *grid, const void *data, size_t n)
{
	rs_str_append(&grid->text, data, n);
	end_cell(grid);
}

void rs_grid_cstr(struct rs_grid *grid, const char *text)
{
	rs_str_append_cstr(&grid->text, text ? text : "-");
	end_cell(grid);
}

void rs_grid_printf(struct rs_grid *grid, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	rs_str_vappendf(&grid->text, fmt, ap);
	va_end(ap);
	end_cell(grid);
}

void rs_grid_count(struct rs_grid *grid, uint64_t count)
{
	rs_str_append_u64(&grid->text, count);
	end_cell(grid);
}

void rs_grid_duration(struct rs_grid *grid, uint64_t ns)
{
	char buf[RS_UNITS_BUF];

	rs_grid_cstr(grid, rs_units_format_duration(buf, ns));
}

/* --- writing --- */

static const char *cell(const struct rs_grid *grid, size_t i, size_t *ret_len)
{
	size_t start = i ? grid->ends[i - 1] : 0;

	*ret_len = grid->ends[i] - start;
	return grid->text.data + start;
}

static void measure(const struct rs_grid *grid, size_t widths[static RS_GRID_COLUMNS_MAX])
{
	for (size_t c = 0; c < grid->n; c++)
		widths[c] = strlen(grid->columns[c].title);
	for (size_t i = 0; i < rs_grid_rows(grid) * grid->n; i++) {
		size_t n, *width = &widths[i % grid->n];
		const char *text = cell(grid, i, &n);

		*width = MAX(*width, rs_term_columns(text, n));
	}
}

/* Takes what is too much from the widest that may be cut, column by column. */
static void shrink(const struct rs_grid *grid, size_t widths[static RS_GRID_COLUMNS_MAX],
		   size_t width)
{
	size_t total = GAP * (grid->n - 1);

	for (size_t c = 0; c < grid->n; c++)
		total += widths[c];
	while (total > width) {
		size_t widest = grid->n;

		for (size_t c = 0; c < grid->n; c++) {
			if (grid->columns[c].cut && widths[c] > NARROWEST &&
			    (widest == grid->n || widths[c] > widths[widest]))
				widest = c;
		}
		if (widest == grid->n)
			return;
		widths[widest]--;
		total--;
	}
}

static void write_cell(const struct rs_grid *grid, size_t c, const char *text, size_t n,
		       size_t width, struct rs_str *out)
{
	enum rs_term_align align = grid->columns[c].align;

	if (grid->columns[c].path)
		rs_term_append_fit_path(out, text, n, width, align);
	else
		rs_term_append_fit(out, text, n, width, align);
	if (c + 1 < grid->n)
		rs_str_append_fill(out, ' ', GAP);
}

/* There are no blanks at the end of lines. */
static void trim(struct rs_str *out)
{
	while (out->data && out->len && out->data[out->len - 1] == ' ')
		out->len--;
}

static void end_line(struct rs_str *out)
{
	trim(out);
	rs_str_append_char(out, '\n');
}

int rs_grid_write(const struct rs_grid *grid, unsigned indent, unsigned width, bool color,
		  struct rs_str *out)
{
	size_t widths[RS_GRID_COLUMNS_MAX], n;

	if (grid->error)
		return grid->error;
	measure(grid, widths);
	if (width)
		shrink(grid, widths, width > indent ? width - indent : 1);
	rs_str_append_fill(out, ' ', indent);
	rs_str_append_cstr(out, rs_term_style(color, RS_TERM_DIM));
	for (size_t c = 0; c < grid->n; c++)
		write_cell(grid, c, grid->columns[c].title, strlen(grid->columns[c].title),
			   widths[c], out);
	trim(out);
	rs_str_append_cstr(out, rs_term_style(color, RS_TERM_RESET));
	for (size_t i = 0; i < rs_grid_rows(grid) * grid->n; i++) {
		const char *text = cell(grid, i, &n);

		if (i % grid->n == 0) {
			end_line(out);
			rs_str_append_fill(out, ' ', indent);
		}
		write_cell(grid, i % grid->n, text, n, widths[i % grid->n], out);
	}
	end_line(out);
	return out->error;
}
