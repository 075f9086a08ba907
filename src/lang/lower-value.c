/* SPDX-License-Identifier: Apache-2.0 */

/* Values: words in registers, memory, and what is still where it was found. */

#include "lang/lower-private.h"

struct rs_value rs_value_none(void)
{
	return (struct rs_value){ .where = RS_VALUE_NONE, .type = &rs_type_none };
}

struct rs_value rs_value_word(const struct rs_type *type, rs_reg reg)
{
	return (struct rs_value){ .where = RS_VALUE_WORD, .type = type, .reg = reg };
}

struct rs_value rs_value_memory(const struct rs_type *type, rs_reg reg, int32_t offset)
{
	return (struct rs_value){
		.where = RS_VALUE_MEMORY, .type = type, .reg = reg, .offset = offset
	};
}

struct rs_value rs_value_remote(const struct rs_type *type, enum rs_space space, rs_reg reg,
				int32_t offset)
{
	return (struct rs_value){
		.where = RS_VALUE_REMOTE, .type = type, .reg = reg, .offset = offset, .space = space
	};
}

enum rs_space rs_value_space(const struct rs_lower *l, const struct rs_value *value)
{
	enum rs_space space = value->space;

	if (value->where == RS_VALUE_MEMORY)
		return RS_SPACE_BPF;
	if (space == RS_SPACE_UNKNOWN)
		space = value->type->space;
	if (space == RS_SPACE_UNKNOWN)
		space = rs_probe_default_space(l->probe);
	return space;
}

void rs_lower_normalise(struct rs_lower *l, rs_reg *reg, int32_t *offset)
{
	if (*offset <= RS_LOWER_OFFSET_MAX && *offset >= -RS_LOWER_OFFSET_MAX)
		return;
	*reg = rs_ir_binary_imm(l->f, RS_IR_ADD, *reg, *offset);
	*offset = 0;
}

/* ---- words ---- */

/* A field of bits: the low bits of what was loaded, shifted to their place. */
static rs_reg take_bits(struct rs_lower *l, rs_reg word, const struct rs_field *bits,
			bool is_signed)
{
	unsigned up = 64 - bits->bit_offset - bits->bit_size;

	if (up)
		word = rs_ir_binary_imm(l->f, RS_IR_SHL, word, up);
	if (bits->bit_size >= 64)
		return word;
	return rs_ir_binary_imm(l->f, is_signed ? RS_IR_SAR : RS_IR_SHR, word, 64 - bits->bit_size);
}

static bool has_sign(const struct rs_type *type)
{
	return rs_type_is_integer(type) && type->is_signed;
}

static rs_reg read_bits(struct rs_lower *l, const struct rs_value *value)
{
	struct rs_type unit = *rs_type_int(value->type->size, false);
	rs_reg word = rs_lower_read(l, rs_value_space(l, value), value->reg, value->offset, &unit);

	return take_bits(l, word, &value->bits, has_sign(value->type));
}

rs_reg rs_value_to_word(struct rs_lower *l, const struct rs_value *value)
{
	int32_t offset = value->offset;
	rs_reg reg = value->reg;

	switch (value->where) {
	case RS_VALUE_WORD:
		return value->reg;
	case RS_VALUE_MEMORY:
		if (value->bits.bit_size)
			return read_bits(l, value);
		rs_lower_normalise(l, &reg, &offset);
		return rs_ir_load(l->f, reg, offset, 8, false);
	case RS_VALUE_REMOTE:
		if (value->bits.bit_size)
			return read_bits(l, value);
		return rs_lower_read(l, rs_value_space(l, value), reg, offset, value->type);
	default:
		return rs_ir_const(l->f, 0);
	}
}

rs_reg rs_lower_convert(struct rs_lower *l, rs_reg reg, const struct rs_type *from,
			const struct rs_type *to)
{
	if (to->kind == RS_TYPE_BOOL && from->kind != RS_TYPE_BOOL)
		return rs_ir_compare_imm(l->f, RS_IR_NE, reg, 0);
	if (!rs_type_is_integer(to) || to->kind == RS_TYPE_BOOL || to->size >= 8 || !to->size)
		return reg;
	if (from->kind == RS_TYPE_BOOL)
		return reg;
	if (rs_type_is_integer(from) && from->size <= to->size &&
	    (from->is_signed == to->is_signed || (!from->is_signed && from->size < to->size)))
		return reg;
	return rs_ir_extend(l->f, reg, to->size, to->is_signed);
}

struct rs_value rs_value_loaded(struct rs_lower *l, const struct rs_value *location)
{
	if (location->where != RS_VALUE_WORD && location->where != RS_VALUE_NONE &&
	    rs_type_is_word(location->type))
		return rs_value_word(location->type, rs_value_to_word(l, location));
	return *location;
}

/* The verifier refuses anything but additions on the pointers that it knows. Swapping the bytes twice makes a
 * number of one: nothing that it follows. */
rs_reg rs_lower_number(struct rs_lower *l, rs_reg pointer)
{
	return rs_ir_swap_bytes(l->f, rs_ir_swap_bytes(l->f, pointer, 8), 8);
}

static bool is_watched(const struct rs_type *type)
{
	return type->kind == RS_TYPE_POINTER &&
	       (type->space == RS_SPACE_BTF || type->space == RS_SPACE_BPF);
}

rs_reg rs_lower_unwatched(struct rs_lower *l, rs_reg reg, const struct rs_type *from,
			  const struct rs_type *to)
{
	return is_watched(from) && !is_watched(to) ? rs_lower_number(l, reg) : reg;
}

rs_reg rs_lower_unknown(struct rs_lower *l, rs_reg number)
{
	return rs_ir_binary(l->f, RS_IR_ADD, number, rs_lower_state_word(l, RS_STATE_ZERO));
}

rs_reg rs_value_as_number(struct rs_lower *l, const struct rs_value *value)
{
	rs_reg reg = rs_value_to_word(l, value);

	return is_watched(value->type) ? rs_lower_number(l, reg) : reg;
}

/* ---- fields ---- */

/* __data_loc: a u32 in the record tells where in the record the bytes are. */
static struct rs_value follow_data_loc(struct rs_lower *l, const struct rs_value *base,
				       const struct rs_field *field, const struct rs_type *type)
{
	const struct rs_type *unit = rs_type_int(4, false);
	struct rs_value word = *base;
	rs_reg at;

	word.type = unit;
	word.space = rs_value_space(l, base);
	word.offset += (int32_t)field->offset;
	at = rs_ir_binary_imm(l->f, RS_IR_AND,
			      rs_lower_read(l, word.space, word.reg, word.offset, unit), 0xffff);
	if (field->data_loc == 2)
		at = rs_ir_binary_imm(l->f, RS_IR_ADD, at, field->offset + 4);
	at = rs_ir_binary(l->f, RS_IR_ADD, base->reg, at);
	return rs_value_remote(type, RS_SPACE_KERNEL, at, base->offset);
}

/*
 * In tuples and in what we keep a word takes 8 bytes; in structs and arrays it has the size that C gave it,
 * also when they were copied to our memory. So what is inside of those is REMOTE, in space BPF.
 */
static void leave_slots(struct rs_value *at, const struct rs_value *base)
{
	if (at->where == RS_VALUE_MEMORY &&
	    (base->type->kind == RS_TYPE_STRUCT || base->type->kind == RS_TYPE_ARRAY))
		at->where = RS_VALUE_REMOTE;
}

struct rs_value rs_value_field(struct rs_lower *l, const struct rs_value *base,
			       const struct rs_field *field, const struct rs_type *type)
{
	struct rs_value at = *base;

	if (field->data_loc)
		return follow_data_loc(l, base, field, type);
	at.type = type;
	at.space = rs_value_space(l, base);
	at.offset += (int32_t)field->offset;
	at.bits = (struct rs_field){ 0 };
	leave_slots(&at, base);
	if (field->bit_size) {
		at.bits = *field;
		at.type = field->type;
	}
	return at;
}

/* ---- to memory ---- */

static void store_word(struct rs_lower *l, const struct rs_value *value, const struct rs_type *type,
		       const struct rs_place_in_memory *to)
{
	rs_reg word = rs_value_to_word(l, value);

	if (rs_type_is_word(type))
		word = rs_lower_convert(l, word, value->type, type);
	rs_ir_store(l->f, to->reg, to->offset, 8, word);
	if (to->size > 8 && rs_type_slot(type) > 8) {
		struct rs_place_in_memory rest = rs_place_at(to, 8, rs_type_slot(type) - 8);

		rs_place_zero(l, &rest);
	}
}

/* Bytes of the text that are certainly there to be copied. */
static uint32_t text_bytes(const struct rs_type *type)
{
	if (type->kind == RS_TYPE_ARRAY)
		return type->count;
	return type->size;
}

static void zero_behind(struct rs_lower *l, const struct rs_place_in_memory *to, uint32_t used,
			uint32_t slot)
{
	struct rs_place_in_memory rest;

	used = (used + 7) & ~7u;
	if (to->loose || used >= slot)
		return;
	rest = rs_place_at(to, used, slot - used);
	rs_place_zero(l, &rest);
}

/* Text that is ours already, and padded: copied with its padding. */
static void store_own_string(struct rs_lower *l, const struct rs_value *value,
			     const struct rs_type *type, const struct rs_place_in_memory *to)
{
	uint32_t from = rs_type_slot(value->type), slot = rs_type_slot(type);
	uint32_t n = MIN(from, slot);

	rs_lower_copy(l, to, value->reg, value->offset, n);
	if (value->type->size > type->size)
		rs_ir_store_imm(l->f, to->reg, to->offset + (int)type->size - 1, 1, 0);
	zero_behind(l, to, n, slot);
}

/* An array of char that plain loads can read, where nobody minds what is behind its NUL. */
static bool is_copied_loose(struct rs_lower *l, const struct rs_value *value,
			    const struct rs_type *type, const struct rs_place_in_memory *to)
{
	uint32_t count = value->type->count;

	return to->loose && value->where == RS_VALUE_REMOTE && rs_type_is_text(value->type) &&
	       count && count <= RS_LOWER_PACK_FROM && type->size > count &&
	       rs_lower_can_load_words(l, rs_value_space(l, value), value->reg, value->offset);
}

static void copy_loose(struct rs_lower *l, const struct rs_value *value,
		       const struct rs_place_in_memory *to)
{
	rs_lower_copy(l, to, value->reg, value->offset, value->type->count);
	rs_ir_store_imm(l->f, to->reg, to->offset + (int)value->type->count, 1, 0);
}

/* Text from elsewhere: up to its NUL, the rest zeroes. */
static void read_string(struct rs_lower *l, const struct rs_value *value,
			const struct rs_type *type, const struct rs_place_in_memory *to)
{
	struct rs_place_in_memory whole = rs_place_at(to, 0, rs_type_slot(type));
	uint32_t has = text_bytes(value->type);
	uint32_t n = type->size;
	enum rs_space space = rs_value_space(l, value);
	rs_reg address = value->reg;

	if (has && has + 1 < n)
		n = has + 1;
	if (!to->loose)
		rs_place_zero(l, &whole);
	if (value->offset)
		address = rs_ir_binary_imm(l->f, RS_IR_ADD, address, value->offset);
	rs_lower_watch(l, RS_SITE_PROBE_READ, "probe_read_str",
		       rs_ir_call_of(l->f, rs_read_str_helper(space), rs_place_address(l, &whole),
				     rs_ir_const(l->f, n), address));
}

static void store_string(struct rs_lower *l, const struct rs_value *value,
			 const struct rs_type *type, const struct rs_place_in_memory *to)
{
	if (value->where == RS_VALUE_MEMORY && value->type->kind == RS_TYPE_STRING)
		store_own_string(l, value, type, to);
	else if (is_copied_loose(l, value, type, to))
		copy_loose(l, value, to);
	else
		read_string(l, value, type, to);
}

static void store_bytes(struct rs_lower *l, const struct rs_value *value, uint32_t size,
			uint32_t slot, const struct rs_place_in_memory *to)
{
	enum rs_space space = rs_value_space(l, value);
	bool whole = size % 8 == 0;

	if (!whole) /* the last word's end: before, so that the copy may stand in front of it */
		rs_ir_store_imm(l->f, to->reg, to->offset + (int)(size & ~7u), 8, 0);
	if (value->where == RS_VALUE_MEMORY ||
	    (space == RS_SPACE_BTF && rs_type_is_text(value->type) && size <= RS_LOWER_PACK_FROM))
		rs_lower_copy(l, to, value->reg, value->offset, size);
	else
		rs_lower_read_bytes(l, space, value->reg, value->offset, size, to);
	zero_behind(l, to, size, slot);
}

static const struct rs_field *field_named(const struct rs_type *type, const struct rs_field *like,
					  unsigned i)
{
	if (type->kind == RS_TYPE_RECORD && like->name && *like->name) {
		for (unsigned k = 0; k < type->n_fields; k++)
			if (type->fields[k].name && !strcmp(type->fields[k].name, like->name))
				return &type->fields[k];
	}
	return i < type->n_fields ? &type->fields[i] : NULL;
}

static bool is_tuple(const struct rs_type *type)
{
	return type->kind == RS_TYPE_TUPLE || type->kind == RS_TYPE_RECORD;
}

/* Tuples whose elements may be narrower than those of the place. */
static void store_tuple(struct rs_lower *l, const struct rs_value *value,
			const struct rs_type *type, const struct rs_place_in_memory *to)
{
	for (unsigned i = 0; i < type->n_fields; i++) {
		const struct rs_field *want = &type->fields[i];
		const struct rs_field *have = field_named(value->type, want, i);
		struct rs_place_in_memory at = rs_place_at(to, want->offset,
							   rs_type_slot(want->type));
		struct rs_value part;

		if (!have)
			continue;
		part = rs_value_field(l, value, have, have->type);
		rs_value_store(l, &part, want->type, &at);
	}
}

void rs_value_store(struct rs_lower *l, const struct rs_value *value, const struct rs_type *type,
		    const struct rs_place_in_memory *to)
{
	uint32_t slot = rs_type_slot(type);

	if (value->where == RS_VALUE_NONE)
		rs_place_zero(l, to);
	else if (type->kind == RS_TYPE_STRING && value->where != RS_VALUE_WORD)
		store_string(l, value, type, to);
	else if (value->where == RS_VALUE_WORD || rs_type_is_word(value->type))
		store_word(l, value, type, to);
	else if (is_tuple(type) && is_tuple(value->type) && value->where == RS_VALUE_MEMORY &&
		 !rs_type_equal(type, value->type))
		store_tuple(l, value, type, to);
	else if (value->where == RS_VALUE_REMOTE)
		store_bytes(l, value, MIN(rs_type_sizeof(value->type), slot), slot, to);
	else
		store_bytes(l, value, MIN(rs_type_slot(value->type), slot), slot, to);
}

/* A type of our own memory that holds it: text of an array becomes a string. */
static const struct rs_type *type_at_home(struct rs_lower *l, const struct rs_type *type)
{
	const struct rs_type *string;

	if (!rs_type_is_text(type))
		return type;
	string = rs_type_string(l->sema->types, type->count ? type->count + 1 : 64);
	return string ? string : type;
}

struct rs_value rs_value_to_memory(struct rs_lower *l, const struct rs_value *value)
{
	const struct rs_type *type = value->type;
	struct rs_place_in_memory room;

	if (value->where == RS_VALUE_MEMORY && !value->bits.bit_size && !rs_type_is_text(type))
		return *value;
	type = type_at_home(l, type);
	room = rs_lower_room(l, MAX(rs_type_slot(type), 8u));
	rs_value_store(l, value, type, &room);
	return rs_value_memory(type, room.reg, room.offset);
}
