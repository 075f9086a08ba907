/* SPDX-License-Identifier: Apache-2.0 */
/* Structs as tables of their members, and arrays of them. */
#include "syscall/format.h"

static const uint16_t type_sizes[] = {
#define X(name, size, shorter) [TYPE_##name] = (size),
	RS_CALL_TYPES(X)
#undef X
};

static const bool type_shorter[] = {
#define X(name, size, shorter) [TYPE_##name] = (shorter) != 0,
	RS_CALL_TYPES(X)
#undef X
};

static void put_text(struct rs_fmt *f, const rs_memory *m, const struct rs_field *field)
{
	rs_memory text = rs_mem_sub(m, field->offset, field->size);
	size_t len = strnlen(text.data ? text.data : "", text.len);
	struct rs_call_print whole = *f->print;
	struct rs_fmt g = { f->event, &whole, f->out };

	whole.string_max = field->size;
	rs_fmt_bytes(&g, text.data ? text.data : "", len, len);
}

void rs_fmt_fields(struct rs_fmt *f, const struct rs_field *fields, size_t count,
		   const rs_memory *m)
{
	bool left_out = false, first = true;

	rs_fmt_text(f, "{");
	for (const struct rs_field *i = fields; i < fields + count; i++) {
		uint64_t v = rs_mem_get(m, i->offset, i->size);
		rs_memory sub = rs_mem_sub(m, i->offset, i->size);

		if (!rs_mem_has(m, i->offset, i->size))
			break;
		if (i->flags & FIELD_NONZERO && !v)
			continue;
		if (i->flags & FIELD_IF_FD && (int)rs_mem_get(m, 0, 4) < 0)
			continue;
		if (i->flags & FIELD_VERBOSE && !f->print->verbose) {
			left_out = true;
			continue;
		}
		rs_fmt_text(f, first ? "" : ", ");
		rs_fmt_text(f, i->name);
		rs_fmt_text(f, "=");
		if (i->flags & FIELD_TEXT)
			put_text(f, m, i);
		else if (!(i->flags & FIELD_TYPE))
			rs_fmt_scalar(f, i->kind, i->what, i->size, v);
		else if (!rs_fmt_type(f, i->what, &sub))
			rs_fmt_text(f, "???");
		first = false;
	}
	rs_fmt_text(f, left_out ? ", ...}" : "}");
}

bool rs_fmt_type(struct rs_fmt *f, enum rs_type type, const rs_memory *m)
{
	const struct rs_type_row *row = &rs_type_rows[type];

	if (!m->data || !m->len || (m->len < type_sizes[type] && !type_shorter[type]))
		return false;
	if (row->number) {
		rs_fmt_scalar(f, row->kind, row->what, type_sizes[type],
			      rs_mem_get(m, 0, type_sizes[type]));
		return true;
	}
	if (row->put)
		return row->put(f, m);
	rs_fmt_fields(f, row->fields, row->count, m);
	return true;
}

void rs_fmt_array(struct rs_fmt *f, enum rs_type type, const rs_memory *m, uint64_t count,
		  uint64_t address)
{
	size_t size = type_sizes[type], max = f->print->verbose ? SIZE_MAX : f->print->string_max;

	if (!address || (count && (!m->data || m->len < size))) {
		rs_fmt_address(f, address);
		return;
	}
	rs_fmt_text(f, "[");
	for (uint64_t i = 0; i < count; i++) {
		rs_memory one = rs_mem_sub(m, (size_t)i * size, size);

		rs_fmt_text(f, i ? ", " : "");
		if (i >= max || one.len < size || !rs_fmt_type(f, type, &one)) {
			rs_fmt_text(f, "...");
			break;
		}
	}
	rs_fmt_text(f, "]");
}
