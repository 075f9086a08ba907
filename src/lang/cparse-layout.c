/* SPDX-License-Identifier: Apache-2.0 */

/* Where the members of a struct lie: the rules of the System V ABI that x86-64 and arm64 share. */

#include <string.h>

#include "lang/cparse-private.h"

struct rs_layout_member {
	struct rs_layout_member *next;
	struct rs_field field;
};

void rs_layout_init(struct rs_layout *layout, struct rs_cparse *p, bool is_union)
{
	*layout = (struct rs_layout){ .p = p, .is_union = is_union, .align = 1 };
	layout->last = &layout->first;
}

static void append(struct rs_layout *layout, const struct rs_field *field)
{
	struct rs_layout_member *member = rs_arena_new(layout->p->types->arena,
						       struct rs_layout_member);

	if (!member || layout->n >= RS_TYPES_FIELDS_MAX) {
		rs_cparse_fail(layout->p, "too many members");
		return;
	}
	member->field = *field;
	*layout->last = member;
	layout->last = &member->next;
	layout->n++;
}

static void grow(struct rs_layout *layout, uint64_t end_bits)
{
	layout->size = MAX(layout->size, (end_bits + 7) / 8);
	if (layout->size > RS_TYPES_SIZE_MAX)
		rs_cparse_fail(layout->p, "the struct is too large");
	layout->bits = layout->is_union || layout->size > RS_TYPES_SIZE_MAX ? 0 : end_bits;
}

static uint32_t member_align(const struct rs_layout *layout, const struct rs_type *type)
{
	uint32_t align = type->align ? type->align : 1;

	if (layout->packed)
		return 1;
	return layout->p->pack ? MIN(align, layout->p->pack) : align;
}

void rs_layout_add(struct rs_layout *layout, const char *name, const struct rs_type *type,
		   uint32_t align)
{
	struct rs_field field = { .name = name, .type = type };
	uint64_t at;

	align = MAX(align, member_align(layout, type));
	at = rs_types_round(rs_types_round(layout->bits, 8) / 8, align);
	field.offset = (uint32_t)at;
	layout->align = MAX(layout->align, align);
	append(layout, &field);
	grow(layout, (at + rs_type_sizeof(type)) * 8);
}

/* The smallest integer that holds so many bits. */
static const struct rs_type *integer_for(uint64_t bits, bool is_signed)
{
	return rs_type_int(bits <= 8 ? 1 : bits <= 16 ? 2 : bits <= 32 ? 4 : 8, is_signed);
}

bool rs_field_set_bits(struct rs_field *field, uint64_t at, uint32_t width)
{
	uint64_t unit = (uint64_t)rs_type_sizeof(field->type) * 8;

	if (!unit || unit > 64 || !width || width > unit || at / 8 > RS_TYPES_SIZE_MAX)
		return false;
	if (at / unit == (at + width - 1) / unit) {
		field->offset = (uint32_t)(at / unit * (unit / 8));
	} else {
		/* Across the borders of its type: only in what is packed. */
		field->offset = (uint32_t)(at / 8);
		if (at % 8 + width > 64)
			return false;
		field->type = integer_for(at % 8 + width, field->type->is_signed);
	}
	field->bit_offset = (uint32_t)(at - (uint64_t)field->offset * 8);
	field->bit_size = width;
	return true;
}

void rs_layout_add_bits(struct rs_layout *layout, const char *name, const struct rs_type *type,
			uint32_t width)
{
	struct rs_field field = { .name = name, .type = type };
	uint64_t unit = (uint64_t)rs_type_sizeof(type) * 8;

	if (!rs_type_is_integer(type) || width > unit) {
		rs_cparse_fail(layout->p, "a bit field of %u bits does not fit its type", width);
		return;
	}
	if (!width) {
		grow(layout, rs_types_round(layout->bits, unit));
		return;
	}
	if (!layout->packed && layout->bits / unit != (layout->bits + width - 1) / unit)
		layout->bits = rs_types_round(layout->bits, unit);
	if (name) {
		layout->align = MAX(layout->align, member_align(layout, type));
		if (layout->packed && layout->bits % 8 + width <= unit)
			field.type = type->kind == RS_TYPE_INT
					     ? integer_for(layout->bits % 8 + width,
							   type->is_signed)
					     : type;
		if (!rs_field_set_bits(&field, layout->bits, width))
			rs_cparse_fail(layout->p, "a bit field lies across nine bytes");
		append(layout, &field);
	}
	grow(layout, layout->bits + width);
}

bool rs_layout_finish(struct rs_layout *layout, uint32_t align, struct rs_type *ret_type)
{
	struct rs_field *fields = rs_arena_alloc_array(layout->p->types->arena, MAX(layout->n, 1u),
						       sizeof(*fields));
	uint32_t n = 0;

	if (!fields || layout->p->failed)
		return false;
	for (const struct rs_layout_member *m = layout->first; m; m = m->next)
		fields[n++] = m->field;
	ret_type->align = MAX(align, layout->align);
	ret_type->size = (uint32_t)rs_types_round(layout->size, ret_type->align);
	ret_type->fields = fields;
	ret_type->n_fields = n;
	ret_type->is_union = layout->is_union;
	return true;
}
