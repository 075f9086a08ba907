/* SPDX-License-Identifier: Apache-2.0 */
/* The code of an entry: from one address to another, or a list of such stretches. */
#include <errno.h>

#include "profile/dwarf-internal.h"

enum {
	FORM_addr = 0x01,
	FORM_rnglistx = 0x23,
};

enum {
	RLE_end_of_list,
	RLE_base_addressx,
	RLE_startx_endx,
	RLE_startx_length,
	RLE_offset_pair,
	RLE_base_address,
	RLE_start_end,
	RLE_start_length,
};

/* What the linker left out stays listed, at 0 or 1, or at the end of all addresses. */
static int give(uint64_t start, uint64_t end, rs_dwarf_range_fn fn, void *data)
{
	return start <= 1 || end <= start ? 0 : fn(start, end, data);
}

/* .debug_ranges: pairs of addresses from the base on. */
static int give_pairs(struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit, uint64_t offset,
		      rs_dwarf_range_fn fn, void *data)
{
	struct rs_dwarf_cursor c = rs_dwarf_cursor_at(dwarf, RS_DWARF_RANGES, offset);
	uint64_t most = unit->address_size == 8 ? UINT64_MAX : UINT32_MAX, base = unit->low;
	int r = 0;

	while (!r && rs_dwarf_step(dwarf)) {
		uint64_t start = rs_dwarf_fixed(&c, unit->address_size);
		uint64_t end = rs_dwarf_fixed(&c, unit->address_size);

		if (c.bad || (!start && !end))
			break;
		if (start == most)
			base = end;
		else if (start > 1 || base)
			r = give(base + start, base + end, fn, data);
	}
	return r;
}

static bool indexed(const struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit,
		    struct rs_dwarf_cursor *c, uint64_t *ret)
{
	struct rs_dwarf_value value = { .form = 0x1b /* DW_FORM_addrx */ };

	value.number = rs_dwarf_uleb(c);
	return !c->bad && rs_dwarf_address(dwarf, unit, &value, ret);
}

/* One entry of .debug_rnglists. False: it is the last, or bad. *ret_end 0: it holds no stretch. */
static bool read_entry(const struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit,
		       struct rs_dwarf_cursor *c, uint64_t *base, uint64_t *ret_start,
		       uint64_t *ret_end)
{
	*ret_start = *ret_end = 0;
	switch (rs_dwarf_fixed(c, 1)) {
	case RLE_base_addressx:
		return indexed(dwarf, unit, c, base);
	case RLE_startx_endx:
		return indexed(dwarf, unit, c, ret_start) && indexed(dwarf, unit, c, ret_end);
	case RLE_startx_length:
		if (!indexed(dwarf, unit, c, ret_start))
			return false;
		*ret_end = *ret_start + rs_dwarf_uleb(c);
		return !c->bad;
	case RLE_offset_pair:
		*ret_start = *base + rs_dwarf_uleb(c);
		*ret_end = *base + rs_dwarf_uleb(c);
		return !c->bad;
	case RLE_base_address:
		*base = rs_dwarf_fixed(c, unit->address_size);
		return !c->bad;
	case RLE_start_end:
		*ret_start = rs_dwarf_fixed(c, unit->address_size);
		*ret_end = rs_dwarf_fixed(c, unit->address_size);
		return !c->bad;
	case RLE_start_length:
		*ret_start = rs_dwarf_fixed(c, unit->address_size);
		*ret_end = *ret_start + rs_dwarf_uleb(c);
		return !c->bad;
	default:
		return false; /* RLE_end_of_list among them */
	}
}

static int give_list(struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit, uint64_t offset,
		     rs_dwarf_range_fn fn, void *data)
{
	struct rs_dwarf_cursor c = rs_dwarf_cursor_at(dwarf, RS_DWARF_RNGLISTS, offset);
	uint64_t base = unit->low, start, end;
	int r = 0;

	while (!r && rs_dwarf_step(dwarf) && read_entry(dwarf, unit, &c, &base, &start, &end))
		r = give(start, end, fn, data);
	return r;
}

static bool list_offset(const struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit,
			const struct rs_dwarf_value *value, uint64_t *ret_offset)
{
	struct rs_dwarf_cursor c;
	uint64_t at;

	*ret_offset = value->number;
	if (value->form != FORM_rnglistx)
		return true;
	if (__builtin_mul_overflow(value->number, unit->offset_size, &at) ||
	    __builtin_add_overflow(at, unit->rng_base, &at))
		return false;
	c = rs_dwarf_cursor_at(dwarf, RS_DWARF_RNGLISTS, at);
	*ret_offset = unit->rng_base + rs_dwarf_fixed(&c, unit->offset_size);
	return !c.bad;
}

int rs_dwarf_ranges(struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit,
		    const struct rs_dwarf_die *die, rs_dwarf_range_fn fn, void *data)
{
	const struct rs_dwarf_value *ranges = rs_dwarf_get(die, RS_DWARF_RANGES_AT),
				    *low = rs_dwarf_get(die, RS_DWARF_LOW),
				    *high = rs_dwarf_get(die, RS_DWARF_HIGH);
	uint64_t offset, start, end;

	if (ranges) {
		if (!list_offset(dwarf, unit, ranges, &offset))
			return 0;
		return unit->version < 5 ? give_pairs(dwarf, unit, offset, fn, data)
					 : give_list(dwarf, unit, offset, fn, data);
	}
	if (!low || !high || !rs_dwarf_address(dwarf, unit, low, &start))
		return 0;
	if (!rs_dwarf_address(dwarf, unit, high, &end))
		end = start + high->number; /* any other form is a length */
	return give(start, end, fn, data);
}
