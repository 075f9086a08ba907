/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of dwarf.h share; nobody else includes it. Numbers and names by the DWARF 5 standard. */

#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"
#include "profile/dwarf.h"

/* A place in bytes that we read on. Reading past the end gives 0 and sets bad, for good. */
struct rs_dwarf_cursor {
	const uint8_t *p, *end;
	bool bad;
};

static inline uint64_t rs_dwarf_fixed(struct rs_dwarf_cursor *c, unsigned size)
{
	uint64_t v = 0;

	if ((size_t)(c->end - c->p) < size || size > sizeof(v)) {
		c->bad = true;
		c->p = c->end;
		return 0;
	}
	memcpy(&v, c->p,
	       size); /* both machines are little-endian, as are the files that they take */
	c->p += size;
	return v;
}

static inline void rs_dwarf_skip(struct rs_dwarf_cursor *c, uint64_t n)
{
	if ((uint64_t)(c->end - c->p) < n) {
		c->bad = true;
		c->p = c->end;
		return;
	}
	c->p += n;
}

uint64_t rs_dwarf_uleb(struct rs_dwarf_cursor *c);
int64_t rs_dwarf_sleb(struct rs_dwarf_cursor *c);
const char *rs_dwarf_cstr(struct rs_dwarf_cursor *c); /* NULL when bad */

/* ---- what dwarf-die.c reads ---- */

enum {
	RS_DW_TAG_compile_unit = 0x11,
	RS_DW_TAG_inlined_subroutine = 0x1d,
	RS_DW_TAG_lexical_block = 0x0b,
	RS_DW_TAG_subprogram = 0x2e,
};

/* The attributes that we look at, by our own numbers. */
enum rs_dwarf_attribute {
	RS_DWARF_SIBLING,
	RS_DWARF_NAME,
	RS_DWARF_LINKAGE,
	RS_DWARF_LOW,
	RS_DWARF_HIGH,
	RS_DWARF_RANGES_AT,
	RS_DWARF_ORIGIN, /* DW_AT_abstract_origin or DW_AT_specification */
	RS_DWARF_CALL_FILE,
	RS_DWARF_CALL_LINE,
	RS_DWARF_STMT_LIST,
	RS_DWARF_COMP_DIR,
	RS_DWARF_STR_BASE,
	RS_DWARF_ADDR_BASE,
	RS_DWARF_RNG_BASE,
	RS_DWARF_ATTRIBUTE_COUNT,
};

struct rs_dwarf_value {
	uint16_t form;
	uint64_t number;
	const char *text; /* DW_FORM_string */
};

/* One entry of the tree. */
struct rs_dwarf_die {
	uint16_t tag;
	bool children;
	uint32_t have; /* bits of rs_dwarf_attribute: which of values are set */
	struct rs_dwarf_value values[RS_DWARF_ATTRIBUTE_COUNT];
};

struct rs_dwarf_spec {
	uint16_t form;
	int8_t attribute; /* rs_dwarf_attribute or -1 */
	int64_t constant; /* DW_FORM_implicit_const */
};

struct rs_dwarf_abbrev {
	uint16_t tag;
	bool children;
	uint32_t first, n; /* in specs */
	int32_t fixed; /* bytes of all attributes in units of 4-byte offsets and 8-byte addresses; -1: it varies */
	uint32_t wanted; /* bits of the attributes that we look at */
};

struct rs_dwarf_abbrevs {
	bool used;
	uint64_t offset;
	RS_VEC(struct rs_dwarf_abbrev) codes; /* code - 1 */
	RS_VEC(struct rs_dwarf_spec) specs;
};

struct rs_dwarf_function {
	uint64_t start, end, die;
};

struct rs_dwarf_row {
	uint64_t address;
	uint32_t line;
	uint32_t file; /* RS_DWARF_ROW_END: the first address behind a sequence */
};
#define RS_DWARF_ROW_END UINT32_MAX

struct rs_dwarf_file {
	const char *name;
	uint32_t folder;
};

struct rs_dwarf_lines {
	uint16_t version;
	RS_VEC(const char *) folders; /* from 0 on in version 5, from 1 on before */
	RS_VEC(struct rs_dwarf_file) files;
	RS_VEC(struct rs_dwarf_row) rows; /* by address */
};

struct rs_dwarf_unit {
	uint64_t offset, dies, end; /* of the header, of the first entry, in .debug_info */
	uint64_t abbrevs;
	uint64_t low;
	uint64_t stmt_list; /* UINT64_MAX: none */
	uint64_t str_base, addr_base, rng_base;
	struct rs_dwarf_value comp_dir;
	uint8_t version, offset_size, address_size;
	bool have_functions, have_lines;
	RS_VEC(struct rs_dwarf_function) functions; /* by start */
	struct rs_dwarf_lines lines;
};

/* Stretches of code that units say are theirs. */
struct rs_dwarf_range {
	uint64_t start, end;
	uint32_t unit;
};

#define RS_DWARF_TABLES 32

struct rs_dwarf {
	struct rs_dwarf_bytes sections[RS_DWARF_SECTION_COUNT];
	struct rs_dwarf *alt;
	RS_VEC(struct rs_dwarf_unit) units;   /* by offset */
	RS_VEC(struct rs_dwarf_range) ranges; /* by start */
	struct rs_dwarf_abbrevs tables[RS_DWARF_TABLES];
	struct rs_dwarf_abbrevs first; /* what the last unit's first entry took */
	struct rs_str path;            /* being put together */
	struct rs_arena strings;       /* of the frames of one call */
	uint64_t steps;                /* that the call may still take */
	size_t kept;                   /* rows and functions of all units */
	bool hopeless;                 /* it took too many */
};

/* One more step of work; false: enough of it. */
static inline bool rs_dwarf_step(struct rs_dwarf *dwarf)
{
	if (!dwarf->steps)
		return false;
	dwarf->steps--;
	return true;
}

/* The bytes of a section from an offset on; none (bad) where it ends before. */
struct rs_dwarf_cursor rs_dwarf_cursor_at(const struct rs_dwarf *dwarf,
					  enum rs_dwarf_section section, uint64_t offset);

/* The table of a unit, parsed at most once as long as it is in use. NULL: bad or no memory. */
const struct rs_dwarf_abbrevs *rs_dwarf_abbrevs_get(struct rs_dwarf *dwarf, uint64_t offset);

/* Reads the entry at the cursor and moves behind it; its values may be skipped where it has none of those needed (bits
 * of rs_dwarf_attribute). False: it is the end of a list of children, or cannot be read (then the cursor is bad). */
bool rs_dwarf_die_read(const struct rs_dwarf_unit *unit, const struct rs_dwarf_abbrevs *abbrevs,
		       struct rs_dwarf_cursor *cursor, uint32_t needed,
		       struct rs_dwarf_die *ret_die);

/* Reads the unit's first entry, with no more of its table than that takes. */
bool rs_dwarf_die_first(struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit,
			struct rs_dwarf_die *ret_die);

/* Values, for what they stand for. */
bool rs_dwarf_value_read(const struct rs_dwarf_unit *unit, struct rs_dwarf_cursor *c, uint16_t form,
			 int64_t constant, struct rs_dwarf_value *ret);
const char *rs_dwarf_string(const struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit,
			    const struct rs_dwarf_value *value);
bool rs_dwarf_address(const struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit,
		      const struct rs_dwarf_value *value, uint64_t *ret_address);
/* The entry that a value refers to, and the file it is in: this or the alt one. */
bool rs_dwarf_reference(struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit,
			const struct rs_dwarf_value *value, struct rs_dwarf **ret_dwarf,
			uint64_t *ret_offset);

static inline const struct rs_dwarf_value *rs_dwarf_get(const struct rs_dwarf_die *die,
							enum rs_dwarf_attribute attribute)
{
	return die->have & 1u << attribute ? &die->values[attribute] : NULL;
}

/* ---- dwarf-ranges.c ---- */

/* Calls fn for each stretch of code of an entry; not 0 from fn ends it and is returned. */
typedef int (*rs_dwarf_range_fn)(uint64_t start, uint64_t end, void *data);
int rs_dwarf_ranges(struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit,
		    const struct rs_dwarf_die *die, rs_dwarf_range_fn fn, void *data);

/* ---- dwarf-line.c ---- */

/* Runs the unit's line program. 0 or -ENOMEM; what is bad ends it early. */
int rs_dwarf_lines_load(struct rs_dwarf *dwarf, struct rs_dwarf_unit *unit);
void rs_dwarf_lines_done(struct rs_dwarf_lines *lines);
/* The row of an address, or NULL. */
const struct rs_dwarf_row *rs_dwarf_lines_find(const struct rs_dwarf_lines *lines,
					       uint64_t address);
/* The path of a file of the table; NULL: none of that number. In the arena of the call. */
const char *rs_dwarf_lines_path(struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit,
				uint64_t file);
