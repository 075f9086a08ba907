/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of .debug_info: their shapes in .debug_abbrev, their values by form. */
#include <errno.h>
#include <stdlib.h>

#include "profile/dwarf-internal.h"

#define CODES_MAX 16384  /* shapes of a unit */
#define SPECS_MAX 131072 /* attributes of those together */

enum {
	FORM_addr = 0x01,
	FORM_block2 = 0x03,
	FORM_block4,
	FORM_data2,
	FORM_data4,
	FORM_data8,
	FORM_string,
	FORM_block,
	FORM_block1,
	FORM_data1,
	FORM_flag,
	FORM_sdata,
	FORM_strp,
	FORM_udata,
	FORM_ref_addr,
	FORM_ref1,
	FORM_ref2,
	FORM_ref4,
	FORM_ref8,
	FORM_ref_udata,
	FORM_indirect,
	FORM_sec_offset,
	FORM_exprloc,
	FORM_flag_present,
	FORM_strx,
	FORM_addrx,
	FORM_ref_sup4,
	FORM_strp_sup,
	FORM_data16,
	FORM_line_strp,
	FORM_ref_sig8,
	FORM_implicit_const,
	FORM_loclistx,
	FORM_rnglistx,
	FORM_ref_sup8,
	FORM_strx1,
	FORM_strx2,
	FORM_strx3,
	FORM_strx4,
	FORM_addrx1,
	FORM_addrx2,
	FORM_addrx3,
	FORM_addrx4,
	FORM_GNU_ref_alt = 0x1f20,
	FORM_GNU_strp_alt,
};

uint64_t rs_dwarf_uleb(struct rs_dwarf_cursor *c)
{
	uint64_t v = 0;

	for (unsigned shift = 0; c->p < c->end; shift += 7) {
		uint8_t byte = *c->p++;

		if (shift < 64)
			v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return v;
	}
	c->bad = true;
	return 0;
}

int64_t rs_dwarf_sleb(struct rs_dwarf_cursor *c)
{
	uint64_t v = 0;

	for (unsigned shift = 0; c->p < c->end;) {
		uint8_t byte = *c->p++;

		if (shift < 64)
			v |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (byte & 0x80)
			continue;
		if (shift < 64 && (byte & 0x40))
			v |= ~0ull << shift;
		return (int64_t)v;
	}
	c->bad = true;
	return 0;
}

const char *rs_dwarf_cstr(struct rs_dwarf_cursor *c)
{
	const uint8_t *text = c->p, *nul = memchr(text, '\0', (size_t)(c->end - c->p));

	if (!nul) {
		c->bad = true;
		c->p = c->end;
		return NULL;
	}
	c->p = nul + 1;
	return (const char *)text;
}

struct rs_dwarf_cursor rs_dwarf_cursor_at(const struct rs_dwarf *dwarf,
					  enum rs_dwarf_section section, uint64_t offset)
{
	const struct rs_dwarf_bytes *bytes = &dwarf->sections[section];
	static const uint8_t none;

	if (!bytes->data || offset > bytes->size)
		return (struct rs_dwarf_cursor){ .p = &none, .end = &none, .bad = true };
	return (struct rs_dwarf_cursor){ .p = bytes->data + offset,
					 .end = bytes->data + bytes->size };
}

/* ---- shapes ---- */

static int attribute_of(uint64_t name)
{
	switch (name) {
	case 0x01:
		return RS_DWARF_SIBLING;
	case 0x03:
		return RS_DWARF_NAME;
	case 0x10:
		return RS_DWARF_STMT_LIST;
	case 0x11:
		return RS_DWARF_LOW;
	case 0x12:
		return RS_DWARF_HIGH;
	case 0x1b:
		return RS_DWARF_COMP_DIR;
	case 0x31: /* DW_AT_abstract_origin */
	case 0x47: /* DW_AT_specification */
		return RS_DWARF_ORIGIN;
	case 0x55:
		return RS_DWARF_RANGES_AT;
	case 0x58:
		return RS_DWARF_CALL_FILE;
	case 0x59:
		return RS_DWARF_CALL_LINE;
	case 0x6e:   /* DW_AT_linkage_name */
	case 0x2007: /* DW_AT_MIPS_linkage_name */
		return RS_DWARF_LINKAGE;
	case 0x72:
		return RS_DWARF_STR_BASE;
	case 0x73:
		return RS_DWARF_ADDR_BASE;
	case 0x74:
		return RS_DWARF_RNG_BASE;
	default:
		return -1;
	}
}

/* Bytes of a value in a unit with 4-byte offsets and 8-byte addresses; -1: they differ. */
static int size_of_form(uint16_t form)
{
	switch (form) {
	case FORM_flag_present:
	case FORM_implicit_const:
		return 0;
	case FORM_data1:
	case FORM_ref1:
	case FORM_flag:
	case FORM_strx1:
	case FORM_addrx1:
		return 1;
	case FORM_data2:
	case FORM_ref2:
	case FORM_strx2:
	case FORM_addrx2:
		return 2;
	case FORM_strx3:
	case FORM_addrx3:
		return 3;
	case FORM_data4:
	case FORM_ref4:
	case FORM_ref_sup4:
	case FORM_strx4:
	case FORM_addrx4:
	case FORM_strp:
	case FORM_line_strp:
	case FORM_sec_offset:
	case FORM_strp_sup:
	case FORM_GNU_ref_alt:
	case FORM_GNU_strp_alt:
		return 4;
	case FORM_addr:
	case FORM_data8:
	case FORM_ref8:
	case FORM_ref_sig8:
	case FORM_ref_sup8:
		return 8;
	case FORM_data16:
		return 16;
	default:
		return -1; /* DW_FORM_ref_addr among them: an address in version 2 */
	}
}

static int read_specs(struct rs_dwarf *dwarf, struct rs_dwarf_cursor *c,
		      struct rs_dwarf_abbrevs *table, struct rs_dwarf_abbrev *abbrev)
{
	abbrev->first = (uint32_t)table->specs.len;
	while (!c->bad && rs_dwarf_step(dwarf)) {
		uint64_t name = rs_dwarf_uleb(c), form = rs_dwarf_uleb(c);
		struct rs_dwarf_spec spec = { .form = (uint16_t)form };
		int attribute = attribute_of(name), size = size_of_form(spec.form);

		if (form == FORM_implicit_const)
			spec.constant = rs_dwarf_sleb(c);
		if (!name && !form)
			return 0;
		if (table->specs.len >= SPECS_MAX || form > UINT16_MAX)
			return -EFBIG;
		spec.attribute = (int8_t)attribute;
		if (attribute >= 0)
			abbrev->wanted |= 1u << attribute;
		abbrev->fixed = abbrev->fixed < 0 || size < 0 ? -1 : abbrev->fixed + size;
		if (rs_vec_push(&table->specs, spec) < 0)
			return -ENOMEM;
		abbrev->n++;
	}
	return -EINVAL;
}

/* Codes go from 1 on, nearly always without gaps. Up to the code @last, or all (0). */
static int read_abbrevs(struct rs_dwarf *dwarf, struct rs_dwarf_abbrevs *table, uint64_t last)
{
	struct rs_dwarf_cursor c = rs_dwarf_cursor_at(dwarf, RS_DWARF_ABBREV, table->offset);

	while (rs_dwarf_step(dwarf)) {
		uint64_t code = rs_dwarf_uleb(&c), tag;
		struct rs_dwarf_abbrev abbrev = { 0 };
		int r;

		if (!code || c.bad)
			return c.bad ? -EINVAL : 0;
		if (code > CODES_MAX)
			return -EFBIG;
		tag = rs_dwarf_uleb(&c);
		abbrev.tag = tag > UINT16_MAX ? 0 : (uint16_t)tag;
		abbrev.children = rs_dwarf_fixed(&c, 1);
		r = read_specs(dwarf, &c, table, &abbrev);
		while (!r && table->codes.len < code)
			r = rs_vec_push(&table->codes, (struct rs_dwarf_abbrev){ .fixed = -1 });
		if (r < 0)
			return r;
		table->codes.items[code - 1] = abbrev;
		if (code == last)
			return 0;
	}
	return -EFBIG;
}

static void start_table(struct rs_dwarf_abbrevs *table, uint64_t offset)
{
	rs_vec_reset(&table->codes);
	rs_vec_reset(&table->specs);
	table->offset = offset;
}

const struct rs_dwarf_abbrevs *rs_dwarf_abbrevs_get(struct rs_dwarf *dwarf, uint64_t offset)
{
	struct rs_dwarf_abbrevs *table = &dwarf->tables[(offset ^ offset >> 9) % RS_DWARF_TABLES];

	if (table->used && table->offset == offset)
		return table;
	start_table(table, offset);
	/* What was read before the bad place is of use. */
	table->used = read_abbrevs(dwarf, table, 0) != -ENOMEM;
	return table->used ? table : NULL;
}

/* ---- values ---- */

/* Skips or reads the forms whose size the value itself tells. */
static bool read_varying(struct rs_dwarf_cursor *c, uint16_t form, struct rs_dwarf_value *ret)
{
	switch (form) {
	case FORM_block1:
		rs_dwarf_skip(c, rs_dwarf_fixed(c, 1));
		return !c->bad;
	case FORM_block2:
		rs_dwarf_skip(c, rs_dwarf_fixed(c, 2));
		return !c->bad;
	case FORM_block4:
		rs_dwarf_skip(c, rs_dwarf_fixed(c, 4));
		return !c->bad;
	case FORM_block:
	case FORM_exprloc:
		rs_dwarf_skip(c, rs_dwarf_uleb(c));
		return !c->bad;
	case FORM_string:
		ret->text = rs_dwarf_cstr(c);
		return !c->bad;
	case FORM_sdata:
		ret->number = (uint64_t)rs_dwarf_sleb(c);
		return !c->bad;
	case FORM_udata:
	case FORM_ref_udata:
	case FORM_strx:
	case FORM_addrx:
	case FORM_loclistx:
	case FORM_rnglistx:
		ret->number = rs_dwarf_uleb(c);
		return !c->bad;
	default:
		c->bad = true;
		return false;
	}
}

bool rs_dwarf_value_read(const struct rs_dwarf_unit *unit, struct rs_dwarf_cursor *c, uint16_t form,
			 int64_t constant, struct rs_dwarf_value *ret)
{
	int size;

	if (form == FORM_indirect) {
		form = (uint16_t)rs_dwarf_uleb(c);
		if (form == FORM_indirect || form == FORM_implicit_const)
			c->bad = true;
	}
	*ret = (struct rs_dwarf_value){ .form = form };
	switch (form) {
	case FORM_flag_present:
		ret->number = 1;
		return !c->bad;
	case FORM_implicit_const:
		ret->number = (uint64_t)constant;
		return !c->bad;
	case FORM_data16:
		rs_dwarf_skip(c, 16);
		return !c->bad;
	case FORM_addr:
		size = unit->address_size;
		break;
	case FORM_ref_addr:
		size = unit->version < 3 ? unit->address_size : unit->offset_size;
		break;
	case FORM_strp:
	case FORM_line_strp:
	case FORM_sec_offset:
	case FORM_strp_sup:
	case FORM_GNU_ref_alt:
	case FORM_GNU_strp_alt:
		size = unit->offset_size;
		break;
	default:
		size = size_of_form(form);
		break;
	}
	if (size < 0)
		return read_varying(c, form, ret);
	ret->number = rs_dwarf_fixed(c, (unsigned)size);
	return !c->bad;
}

bool rs_dwarf_die_read(const struct rs_dwarf_unit *unit, const struct rs_dwarf_abbrevs *abbrevs,
		       struct rs_dwarf_cursor *cursor, uint32_t needed,
		       struct rs_dwarf_die *ret_die)
{
	uint64_t code = rs_dwarf_uleb(cursor);
	const struct rs_dwarf_abbrev *abbrev;
	struct rs_dwarf_value value;

	ret_die->have = 0;
	if (!code)
		return false;
	if (code > abbrevs->codes.len) {
		cursor->bad = true;
		return false;
	}
	abbrev = &abbrevs->codes.items[code - 1];
	ret_die->tag = abbrev->tag;
	ret_die->children = abbrev->children;
	if (!(abbrev->wanted & needed) && abbrev->fixed >= 0 && unit->offset_size == 4 &&
	    unit->address_size == 8) {
		rs_dwarf_skip(cursor, (uint64_t)abbrev->fixed);
		return !cursor->bad;
	}
	for (uint32_t i = 0; i < abbrev->n; i++) {
		const struct rs_dwarf_spec *spec = &abbrevs->specs.items[abbrev->first + i];

		if (!rs_dwarf_value_read(unit, cursor, spec->form, spec->constant, &value))
			return false;
		if (spec->attribute < 0)
			continue;
		ret_die->values[spec->attribute] = value;
		ret_die->have |= 1u << spec->attribute;
	}
	return true;
}

bool rs_dwarf_die_first(struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit,
			struct rs_dwarf_die *ret_die)
{
	struct rs_dwarf_cursor c = rs_dwarf_cursor_at(dwarf, RS_DWARF_INFO, unit->dies), code = c;

	start_table(&dwarf->first, unit->abbrevs);
	return read_abbrevs(dwarf, &dwarf->first, rs_dwarf_uleb(&code)) == 0 &&
	       rs_dwarf_die_read(unit, &dwarf->first, &c, UINT32_MAX, ret_die);
}

/* ---- what values stand for ---- */

static const char *string_at(const struct rs_dwarf *dwarf, enum rs_dwarf_section section,
			     uint64_t offset)
{
	struct rs_dwarf_cursor c = rs_dwarf_cursor_at(dwarf, section, offset);

	return c.bad ? NULL : rs_dwarf_cstr(&c);
}

const char *rs_dwarf_string(const struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit,
			    const struct rs_dwarf_value *value)
{
	struct rs_dwarf_cursor c;
	uint64_t offset;

	switch (value->form) {
	case FORM_string:
		return value->text;
	case FORM_strp:
		return string_at(dwarf, RS_DWARF_STR, value->number);
	case FORM_line_strp:
		return string_at(dwarf, RS_DWARF_LINE_STR, value->number);
	case FORM_strp_sup:
	case FORM_GNU_strp_alt:
		return dwarf->alt ? string_at(dwarf->alt, RS_DWARF_STR, value->number) : NULL;
	case FORM_strx:
	case FORM_strx1:
	case FORM_strx2:
	case FORM_strx3:
	case FORM_strx4:
		break;
	default:
		return NULL;
	}
	if (__builtin_mul_overflow(value->number, unit->offset_size, &offset) ||
	    __builtin_add_overflow(offset, unit->str_base, &offset))
		return NULL;
	c = rs_dwarf_cursor_at(dwarf, RS_DWARF_STR_OFFSETS, offset);
	offset = rs_dwarf_fixed(&c, unit->offset_size);
	return c.bad ? NULL : string_at(dwarf, RS_DWARF_STR, offset);
}

bool rs_dwarf_address(const struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit,
		      const struct rs_dwarf_value *value, uint64_t *ret_address)
{
	struct rs_dwarf_cursor c;
	uint64_t offset;

	switch (value->form) {
	case FORM_addr:
		*ret_address = value->number;
		return true;
	case FORM_addrx:
	case FORM_addrx1:
	case FORM_addrx2:
	case FORM_addrx3:
	case FORM_addrx4:
		break;
	default:
		return false;
	}
	if (__builtin_mul_overflow(value->number, unit->address_size, &offset) ||
	    __builtin_add_overflow(offset, unit->addr_base, &offset))
		return false;
	c = rs_dwarf_cursor_at(dwarf, RS_DWARF_ADDR, offset);
	*ret_address = rs_dwarf_fixed(&c, unit->address_size);
	return !c.bad;
}

bool rs_dwarf_reference(struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit,
			const struct rs_dwarf_value *value, struct rs_dwarf **ret_dwarf,
			uint64_t *ret_offset)
{
	*ret_dwarf = dwarf;
	switch (value->form) {
	case FORM_ref1:
	case FORM_ref2:
	case FORM_ref4:
	case FORM_ref8:
	case FORM_ref_udata:
		return !__builtin_add_overflow(unit->offset, value->number, ret_offset);
	case FORM_ref_addr:
		*ret_offset = value->number;
		return true;
	case FORM_ref_sup4:
	case FORM_ref_sup8:
	case FORM_GNU_ref_alt:
		*ret_dwarf = dwarf->alt;
		*ret_offset = value->number;
		return dwarf->alt;
	default:
		return false;
	}
}
