/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Rows of aligned columns, for tables that are known before they are written. Columns are as wide as
 * what is in them; where the terminal is narrower, the widest of those that may be cut give way.
 */

#include "base/str.h"
#include "base/term.h"

struct rs_grid_column {
	const char *title;
	enum rs_term_align align; /* left or right */
	bool cut;                 /* may be made narrower */
	bool path;                /* cut in the middle */
};

#define RS_GRID_COLUMNS_MAX 16

/* Cells are added row by row. Zero-initialise and set columns and n; release with done. */
struct rs_grid {
	const struct rs_grid_column *columns; /* borrowed */
	size_t n;
	struct rs_str text; /* all cells, one behind the other */
	size_t *ends;       /* of each cell in it; a vector */
	size_t len, cap;
	int error;
};

void rs_grid_done(struct rs_grid *grid);
void rs_grid_reset(struct rs_grid *grid); /* forgets the rows */

/* The next cell. Errors are sticky, and told by rs_grid_write(). */
void rs_grid_text(struct rs_grid *grid, const void *data, size_t n);
void rs_grid_cstr(struct rs_grid *grid, const char *text); /* NULL: "-" */
void rs_grid_printf(struct rs_grid *grid, const char *fmt, ...) _printf_(2, 3);
void rs_grid_count(struct rs_grid *grid, uint64_t count);
void rs_grid_duration(struct rs_grid *grid, uint64_t ns);

static inline size_t rs_grid_rows(const struct rs_grid *grid)
{
	return grid->n ? grid->len / grid->n : 0;
}

/* Appends the header and the rows. @width 0: as wide as they get. 0 or an error. */
int rs_grid_write(const struct rs_grid *grid, unsigned indent, unsigned width, bool color,
		  struct rs_str *out);
