/* SPDX-License-Identifier: Apache-2.0 */
/* .debug_line: a program for a small machine whose steps give a table of addresses and lines. */
#include <errno.h>
#include <stdlib.h>

#include "profile/dwarf-internal.h"

#define ROWS_MAX    (2u << 20) /* of one unit */
#define FILES_MAX   65536
#define FORMATS_MAX 16

enum {
	LNS_copy = 1,
	LNS_advance_pc,
	LNS_advance_line,
	LNS_set_file,
	LNS_set_column,
	LNS_negate_stmt,
	LNS_set_basic_block,
	LNS_const_add_pc,
	LNS_fixed_advance_pc,
};

enum {
	LNE_end_sequence = 1,
	LNE_set_address,
};

enum {
	LNCT_path = 1,
	LNCT_directory_index,
};

struct header {
	uint8_t offset_size, address_size, min_length, line_range, opcode_base;
	int8_t line_base;
	uint8_t lengths[256]; /* of the standard opcodes' operands */
};

struct machine {
	uint64_t address;
	uint64_t line; /* wraps, as programs may do */
	uint64_t file;
	size_t first; /* row of the sequence */
};

void rs_dwarf_lines_done(struct rs_dwarf_lines *lines)
{
	rs_vec_done(&lines->folders);
	rs_vec_done(&lines->files);
	rs_vec_done(&lines->rows);
}

/* ---- header ---- */

static int add_folder(struct rs_dwarf_lines *lines, const char *name)
{
	return lines->folders.len < FILES_MAX ? rs_vec_push(&lines->folders, name) : 0;
}

static int add_file(struct rs_dwarf_lines *lines, const char *name, uint64_t folder)
{
	struct rs_dwarf_file file = { name, (uint32_t)MIN(folder, (uint64_t)UINT32_MAX) };

	return lines->files.len < FILES_MAX ? rs_vec_push(&lines->files, file) : 0;
}

/* Before version 5: strings up to an empty one; files with three numbers each. */
static int read_names(struct rs_dwarf_cursor *c, struct rs_dwarf_lines *lines)
{
	const char *name;
	int r = 0;

	while (!r && (name = rs_dwarf_cstr(c)) && *name)
		r = add_folder(lines, name);
	while (!r && (name = rs_dwarf_cstr(c)) && *name) {
		uint64_t folder = rs_dwarf_uleb(c);

		rs_dwarf_uleb(c);
		rs_dwarf_uleb(c);
		r = add_file(lines, name, folder);
	}
	return r < 0 ? r : c->bad ? -EINVAL : 0;
}

struct format {
	unsigned n;
	uint64_t contents[FORMATS_MAX], forms[FORMATS_MAX];
};

static bool read_format(struct rs_dwarf_cursor *c, struct format *ret)
{
	ret->n = (unsigned)rs_dwarf_fixed(c, 1);
	for (unsigned i = 0; i < ret->n && i < FORMATS_MAX; i++) {
		ret->contents[i] = rs_dwarf_uleb(c);
		ret->forms[i] = rs_dwarf_uleb(c);
	}
	return !c->bad && ret->n <= FORMATS_MAX;
}

/* Version 5: the entries say how they are written. */
static int read_entries(struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit,
			struct rs_dwarf_cursor *c, struct rs_dwarf_lines *lines, bool files)
{
	struct format format;
	uint64_t n;
	int r = 0;

	if (!read_format(c, &format))
		return -EINVAL;
	n = rs_dwarf_uleb(c);
	for (uint64_t i = 0; i < n && !r && rs_dwarf_step(dwarf); i++) {
		struct rs_dwarf_value value;
		const char *name = NULL;
		uint64_t folder = 0;

		for (unsigned f = 0; f < format.n; f++) {
			if (!rs_dwarf_value_read(unit, c, (uint16_t)format.forms[f], 0, &value))
				return -EINVAL;
			if (format.contents[f] == LNCT_path)
				name = rs_dwarf_string(dwarf, unit, &value);
			else if (format.contents[f] == LNCT_directory_index)
				folder = value.number;
		}
		r = files ? add_file(lines, name ?: "", folder) : add_folder(lines, name ?: "");
	}
	return r;
}

/* Leaves the cursor at the program, which ends where it ends. */
static int read_header(struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit,
		       struct rs_dwarf_cursor *c, struct header *ret, struct rs_dwarf_lines *lines)
{
	struct rs_dwarf_unit like = *unit; /* whose sizes are the table's */
	struct rs_dwarf_cursor program;
	uint64_t length = rs_dwarf_fixed(c, 4);

	ret->offset_size = length == UINT32_MAX ? 8 : 4;
	if (length == UINT32_MAX)
		length = rs_dwarf_fixed(c, 8);
	if (c->bad || length > (uint64_t)(c->end - c->p))
		return -EINVAL;
	c->end = c->p + length;
	lines->version = (uint16_t)rs_dwarf_fixed(c, 2);
	if (lines->version < 2 || lines->version > 5)
		return -EINVAL;
	ret->address_size = lines->version < 5 ? unit->address_size : (uint8_t)rs_dwarf_fixed(c, 1);
	if (lines->version >= 5)
		rs_dwarf_skip(c, 1); /* size of segment selectors */
	length = rs_dwarf_fixed(c, ret->offset_size);
	program = *c;
	rs_dwarf_skip(&program, length);
	ret->min_length = (uint8_t)rs_dwarf_fixed(c, 1);
	if (lines->version >= 4)
		rs_dwarf_skip(c, 1); /* operations of an instruction: 1 on our machines */
	rs_dwarf_skip(c, 1);         /* is_stmt at first */
	ret->line_base = (int8_t)rs_dwarf_fixed(c, 1);
	ret->line_range = (uint8_t)rs_dwarf_fixed(c, 1);
	ret->opcode_base = (uint8_t)rs_dwarf_fixed(c, 1);
	for (unsigned i = 1; i < ret->opcode_base; i++)
		ret->lengths[i] = (uint8_t)rs_dwarf_fixed(c, 1);
	if (c->bad || program.bad || !ret->line_range || !ret->opcode_base)
		return -EINVAL;
	like.offset_size = ret->offset_size;
	like.address_size = ret->address_size;
	if (lines->version < 5) {
		if (read_names(c, lines) < 0)
			return -EINVAL;
	} else if (read_entries(dwarf, &like, c, lines, false) < 0 ||
		   read_entries(dwarf, &like, c, lines, true) < 0) {
		return -EINVAL;
	}
	*c = program;
	return 0;
}

/* ---- program ---- */

static int add_row(struct rs_dwarf_lines *lines, const struct machine *m, bool end)
{
	struct rs_dwarf_row row = { m->address, (uint32_t)m->line, (uint32_t)m->file };
	struct rs_dwarf_row *last = rs_vec_last(&lines->rows);

	if (end)
		row.file = RS_DWARF_ROW_END;
	/* Of several at one address the last counts, and equal neighbours say nothing new. */
	if (lines->rows.len > m->first) {
		if (row.address < last->address)
			return 0;
		if (row.address == last->address) {
			*last = row;
			return 0;
		}
		if (row.line == last->line && row.file == last->file)
			return 0;
	}
	return lines->rows.len < ROWS_MAX ? rs_vec_push(&lines->rows, row) : -EFBIG;
}

static void restart(struct machine *m, const struct rs_dwarf_lines *lines)
{
	*m = (struct machine){ .line = 1, .file = 1, .first = lines->rows.len };
}

/* What the linker left out has its table still, at 0. */
static void end_sequence(struct machine *m, struct rs_dwarf_lines *lines)
{
	if (lines->rows.len > m->first && lines->rows.items[m->first].address <= 1)
		lines->rows.len = m->first;
	restart(m, lines);
}

static int run_extended(const struct header *h, struct rs_dwarf_cursor *c, struct machine *m,
			struct rs_dwarf_lines *lines)
{
	uint64_t length = rs_dwarf_uleb(c);
	struct rs_dwarf_cursor body = *c;
	int r = 0;

	rs_dwarf_skip(c, length);
	if (c->bad || !length)
		return c->bad ? -EINVAL : 0;
	body.end = c->p;
	switch (rs_dwarf_fixed(&body, 1)) {
	case LNE_end_sequence:
		r = add_row(lines, m, true);
		end_sequence(m, lines);
		break;
	case LNE_set_address:
		m->address = rs_dwarf_fixed(&body, h->address_size);
		break;
	}
	return r;
}

static int run_standard(const struct header *h, unsigned opcode, struct rs_dwarf_cursor *c,
			struct machine *m, struct rs_dwarf_lines *lines)
{
	switch (opcode) {
	case LNS_copy:
		return add_row(lines, m, false);
	case LNS_advance_pc:
		m->address += rs_dwarf_uleb(c) * h->min_length;
		break;
	case LNS_advance_line:
		m->line += (uint64_t)rs_dwarf_sleb(c);
		break;
	case LNS_set_file:
		m->file = rs_dwarf_uleb(c);
		break;
	case LNS_const_add_pc:
		m->address += (uint64_t)((255 - h->opcode_base) / h->line_range) * h->min_length;
		break;
	case LNS_fixed_advance_pc:
		m->address += rs_dwarf_fixed(c, 2);
		break;
	default:
		for (unsigned i = 0; i < h->lengths[opcode]; i++)
			rs_dwarf_uleb(c);
	}
	return 0;
}

static int run(struct rs_dwarf *dwarf, const struct header *h, struct rs_dwarf_cursor *c,
	       struct rs_dwarf_lines *lines)
{
	struct machine m;
	int r = 0;

	restart(&m, lines);
	while (!r && !c->bad && c->p < c->end && rs_dwarf_step(dwarf)) {
		unsigned opcode = *c->p++;

		if (!opcode) {
			r = run_extended(h, c, &m, lines);
		} else if (opcode < h->opcode_base) {
			r = run_standard(h, opcode, c, &m, lines);
		} else {
			opcode -= h->opcode_base;
			m.address += (uint64_t)(opcode / h->line_range) * h->min_length;
			m.line += (uint64_t)(int64_t)(h->line_base + (int)(opcode % h->line_range));
			r = add_row(lines, &m, false);
		}
	}
	lines->rows.len = m.first; /* a sequence without an end */
	return r;
}

/* Where one sequence ends and another begins, the beginning counts: it comes behind. */
static int by_address(const void *a, const void *b)
{
	const struct rs_dwarf_row *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return (y->file == RS_DWARF_ROW_END) - (x->file == RS_DWARF_ROW_END);
}

static bool is_sorted(const struct rs_dwarf_lines *lines)
{
	for (size_t i = 1; i < lines->rows.len; i++)
		if (by_address(&lines->rows.items[i - 1], &lines->rows.items[i]) > 0)
			return false;
	return true;
}

int rs_dwarf_lines_load(struct rs_dwarf *dwarf, struct rs_dwarf_unit *unit)
{
	struct rs_dwarf_cursor c = rs_dwarf_cursor_at(dwarf, RS_DWARF_LINE, unit->stmt_list);
	struct rs_dwarf_lines *lines = &unit->lines;
	struct header header = { 0 };

	if (unit->have_lines)
		return 0;
	unit->have_lines = true;
	if (!c.bad && read_header(dwarf, unit, &c, &header, lines) == 0 &&
	    run(dwarf, &header, &c, lines) == -ENOMEM)
		return -ENOMEM;
	if (lines->rows.len && !is_sorted(lines))
		qsort(lines->rows.items, lines->rows.len, sizeof(*lines->rows.items), by_address);
	dwarf->kept += lines->rows.len + lines->files.len + lines->folders.len;
	return 0;
}

/* ---- answers ---- */

const struct rs_dwarf_row *rs_dwarf_lines_find(const struct rs_dwarf_lines *lines, uint64_t address)
{
	size_t low = 0, high = lines->rows.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (lines->rows.items[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || lines->rows.items[low - 1].file == RS_DWARF_ROW_END)
		return NULL;
	return &lines->rows.items[low - 1];
}

static void append_folder(struct rs_dwarf *dwarf, const char *folder)
{
	if (!folder || !*folder)
		return;
	if (*folder == '/')
		rs_str_reset(&dwarf->path);
	rs_str_append_cstr(&dwarf->path, folder);
	if (folder[strlen(folder) - 1] != '/')
		rs_str_append_char(&dwarf->path, '/');
}

const char *rs_dwarf_lines_path(struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit,
				uint64_t number)
{
	const struct rs_dwarf_lines *lines = &unit->lines;
	uint64_t first = lines->version < 5;
	const struct rs_dwarf_file *file;
	const char *path;

	if (number < first || number - first >= lines->files.len)
		return NULL;
	file = &lines->files.items[number - first];
	if (!file->name || !*file->name)
		return NULL;
	rs_str_reset(&dwarf->path);
	if (*file->name != '/') {
		append_folder(dwarf, rs_dwarf_string(dwarf, unit, &unit->comp_dir));
		if (file->folder >= first && file->folder - first < lines->folders.len)
			append_folder(dwarf, lines->folders.items[file->folder - first]);
	}
	rs_str_append_cstr(&dwarf->path, file->name);
	path = dwarf->path.error
		       ? NULL
		       : rs_arena_strndup(&dwarf->strings, dwarf->path.data, dwarf->path.len);
	return path;
}
