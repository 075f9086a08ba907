/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/dwarf.h"

#include <errno.h>
#include <stdlib.h>

#include "profile/dwarf-internal.h"

#define UNITS_MAX   (1u << 18)
#define RANGES_MAX  (4u << 20)
#define KEPT_MAX    (2u << 20) /* rows and functions of all units together */
#define STEPS_LEAST (1u << 20)
#define STEPS_MOST  (64u << 20)
#define STEPS_BYTE                                                                                 \
	16 /* steps for each byte of the file's tables: several times what an honest one takes */
#define OVERLAPS    16 /* stretches that are looked at for one that reaches as far as an address */
#define CHAIN_MAX   64 /* functions inlined into each other */
#define ORIGINS_MAX 8  /* entries that name each other as where the name stands */
#define STRINGS_MAX (256u << 10)

#define CODE (1u << RS_DWARF_LOW | 1u << RS_DWARF_RANGES_AT)
#define NAME (1u << RS_DWARF_NAME | 1u << RS_DWARF_LINKAGE | 1u << RS_DWARF_ORIGIN)

enum {
	UT_compile = 1,
	UT_partial = 3,
	UT_skeleton = 4,
};

const char *const rs_dwarf_section_names[RS_DWARF_SECTION_COUNT] = {
	[RS_DWARF_INFO] = ".debug_info",         [RS_DWARF_ABBREV] = ".debug_abbrev",
	[RS_DWARF_LINE] = ".debug_line",         [RS_DWARF_STR] = ".debug_str",
	[RS_DWARF_LINE_STR] = ".debug_line_str", [RS_DWARF_STR_OFFSETS] = ".debug_str_offsets",
	[RS_DWARF_ADDR] = ".debug_addr",         [RS_DWARF_RANGES] = ".debug_ranges",
	[RS_DWARF_RNGLISTS] = ".debug_rnglists",
};

static void drop_unit(struct rs_dwarf_unit *unit)
{
	rs_vec_done(&unit->functions);
	rs_dwarf_lines_done(&unit->lines);
	unit->have_functions = unit->have_lines = false;
}

void rs_dwarf_free(struct rs_dwarf **dwarf)
{
	struct rs_dwarf *d = TAKE_PTR(*dwarf);

	if (!d)
		return;
	rs_vec_foreach(&d->units, unit) drop_unit(unit);
	rs_vec_done(&d->units);
	rs_vec_done(&d->ranges);
	for (unsigned i = 0; i <= RS_DWARF_TABLES; i++) {
		struct rs_dwarf_abbrevs *table = i < RS_DWARF_TABLES ? &d->tables[i] : &d->first;

		rs_vec_done(&table->codes);
		rs_vec_done(&table->specs);
	}
	rs_str_done(&d->path);
	rs_arena_done(&d->strings);
	free(d);
}

static void allow_steps(struct rs_dwarf *dwarf)
{
	uint64_t size = 0;

	for (unsigned i = 0; i < RS_DWARF_SECTION_COUNT; i++)
		size += dwarf->sections[i].size;
	dwarf->steps = MIN(STEPS_LEAST + size * STEPS_BYTE, (uint64_t)STEPS_MOST);
}

/* ---- units ---- */

/* Reads a unit's header at the cursor and moves behind the unit. False: nothing more can be read. */
static bool read_unit(const struct rs_dwarf *dwarf, struct rs_dwarf_cursor *c,
		      struct rs_dwarf_unit *ret)
{
	const uint8_t *start = dwarf->sections[RS_DWARF_INFO].data;
	uint64_t length, version, kind = UT_compile;
	struct rs_dwarf_cursor body;

	*ret = (struct rs_dwarf_unit){ .offset = (uint64_t)(c->p - start),
				       .offset_size = 4,
				       .stmt_list = UINT64_MAX };
	length = rs_dwarf_fixed(c, 4);
	if (length == UINT32_MAX) {
		length = rs_dwarf_fixed(c, 8);
		ret->offset_size = 8;
	}
	body = *c;
	rs_dwarf_skip(c, length);
	if (c->bad)
		return false;
	body.end = c->p;
	ret->end = (uint64_t)(c->p - start);
	version = rs_dwarf_fixed(&body, 2);
	ret->version = version >= 2 && version <= 5 ? (uint8_t)version : 0;
	if (ret->version >= 5) {
		kind = rs_dwarf_fixed(&body, 1);
		ret->address_size = (uint8_t)rs_dwarf_fixed(&body, 1);
		ret->abbrevs = rs_dwarf_fixed(&body, ret->offset_size);
		ret->str_base = ret->addr_base = 8;
	} else {
		ret->abbrevs = rs_dwarf_fixed(&body, ret->offset_size);
		ret->address_size = (uint8_t)rs_dwarf_fixed(&body, 1);
	}
	if (kind == UT_skeleton)
		rs_dwarf_skip(&body, 8);
	ret->dies = (uint64_t)(body.p - start);
	if (body.bad || (ret->address_size != 8 && ret->address_size != 4) ||
	    (kind != UT_compile && kind != UT_partial && kind != UT_skeleton))
		ret->version = 0; /* none that we read */
	return true;
}

static void set_base(const struct rs_dwarf_die *die, enum rs_dwarf_attribute attribute,
		     uint64_t *base)
{
	const struct rs_dwarf_value *value = rs_dwarf_get(die, attribute);

	if (value)
		*base = value->number;
}

struct gather {
	struct rs_dwarf *dwarf;
	uint32_t unit;
};

static int add_range(uint64_t start, uint64_t end, void *data)
{
	struct gather *gather = data;
	struct rs_dwarf_range range = { start, end, gather->unit };

	if (gather->dwarf->ranges.len >= RANGES_MAX)
		return -EFBIG;
	return rs_vec_push(&gather->dwarf->ranges, range);
}

/* What the first entry says of the whole unit. */
static int describe_unit(struct rs_dwarf *dwarf, uint32_t number)
{
	struct rs_dwarf_unit *unit = &dwarf->units.items[number];
	struct gather gather = { dwarf, number };
	const struct rs_dwarf_value *value;
	struct rs_dwarf_die die;
	int r;

	if (!rs_dwarf_die_first(dwarf, unit, &die))
		return 0;
	set_base(&die, RS_DWARF_STMT_LIST, &unit->stmt_list);
	set_base(&die, RS_DWARF_STR_BASE, &unit->str_base);
	set_base(&die, RS_DWARF_ADDR_BASE, &unit->addr_base);
	set_base(&die, RS_DWARF_RNG_BASE, &unit->rng_base);
	value = rs_dwarf_get(&die, RS_DWARF_COMP_DIR);
	if (value)
		unit->comp_dir = *value;
	value = rs_dwarf_get(&die, RS_DWARF_LOW);
	if (value && !rs_dwarf_address(dwarf, unit, value, &unit->low))
		unit->low = 0;
	if (die.tag != RS_DW_TAG_compile_unit)
		return 0;
	r = rs_dwarf_ranges(dwarf, unit, &die, add_range, &gather);
	return r == -ENOMEM ? r : 0;
}

static int read_units(struct rs_dwarf *dwarf)
{
	struct rs_dwarf_cursor c = rs_dwarf_cursor_at(dwarf, RS_DWARF_INFO, 0);
	struct rs_dwarf_unit unit;
	int r = 0;

	while (!r && c.p < c.end && dwarf->units.len < UNITS_MAX && rs_dwarf_step(dwarf) &&
	       read_unit(dwarf, &c, &unit)) {
		if (!unit.version)
			continue;
		r = rs_vec_push(&dwarf->units, unit);
		if (!r)
			r = describe_unit(dwarf, (uint32_t)dwarf->units.len - 1);
	}
	return r;
}

static int range_by_start(const void *a, const void *b)
{
	const struct rs_dwarf_range *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->unit > y->unit) - (x->unit < y->unit);
}

int rs_dwarf_new(const struct rs_dwarf_bytes sections[static RS_DWARF_SECTION_COUNT],
		 struct rs_dwarf *alt, struct rs_dwarf **ret_dwarf)
{
	_cleanup_(rs_dwarf_free) struct rs_dwarf *dwarf = calloc(1, sizeof(*dwarf));
	int r;

	if (!dwarf)
		return -ENOMEM;
	memcpy(dwarf->sections, sections, sizeof(dwarf->sections));
	dwarf->alt = alt;
	dwarf->path.max = STRINGS_MAX;
	rs_arena_init(&dwarf->strings, STRINGS_MAX);
	allow_steps(dwarf);
	r = read_units(dwarf);
	if (r < 0)
		return r;
	if (!dwarf->units.len)
		return -ENOEXEC;
	if (dwarf->ranges.len)
		qsort(dwarf->ranges.items, dwarf->ranges.len, sizeof(*dwarf->ranges.items),
		      range_by_start);
	*ret_dwarf = TAKE_PTR(dwarf);
	return 0;
}

/* How many of the sorted items begin at or before the address. */
#define COUNT_UP_TO(v, member, address)                                                            \
	({                                                                                         \
		size_t low_ = 0, high_ = (v)->len;                                                 \
		while (low_ < high_) {                                                             \
			size_t middle_ = low_ + (high_ - low_) / 2;                                \
			if ((v)->items[middle_].member <= (address))                               \
				low_ = middle_ + 1;                                                \
			else                                                                       \
				high_ = middle_;                                                   \
		}                                                                                  \
		low_;                                                                              \
	})

static struct rs_dwarf_unit *unit_of_address(struct rs_dwarf *dwarf, uint64_t address)
{
	size_t n = COUNT_UP_TO(&dwarf->ranges, start, address);

	for (unsigned i = 0; n && i < OVERLAPS; i++) {
		const struct rs_dwarf_range *range = &dwarf->ranges.items[--n];

		if (address < range->end)
			return &dwarf->units.items[range->unit];
	}
	return NULL;
}

static const struct rs_dwarf_unit *unit_of_entry(const struct rs_dwarf *dwarf, uint64_t offset)
{
	size_t n = COUNT_UP_TO(&dwarf->units, offset, offset);
	const struct rs_dwarf_unit *unit = n ? &dwarf->units.items[n - 1] : NULL;

	return unit && offset >= unit->dies && offset < unit->end ? unit : NULL;
}

/* A cursor that stays inside of the unit. */
static struct rs_dwarf_cursor entry_at(const struct rs_dwarf *dwarf,
				       const struct rs_dwarf_unit *unit, uint64_t offset)
{
	struct rs_dwarf_cursor c = rs_dwarf_cursor_at(dwarf, RS_DWARF_INFO, offset);

	if (!c.bad)
		c.end = dwarf->sections[RS_DWARF_INFO].data + unit->end;
	return c;
}

/* ---- functions ---- */

struct collect {
	struct rs_dwarf *dwarf;
	struct rs_dwarf_unit *unit;
	uint64_t die;
};

static int add_function(uint64_t start, uint64_t end, void *data)
{
	struct collect *collect = data;
	struct rs_dwarf_function function = { start, end, collect->die };

	if (collect->unit->functions.len >= KEPT_MAX)
		return -EFBIG;
	return rs_vec_push(&collect->unit->functions, function);
}

static int function_by_start(const void *a, const void *b)
{
	const struct rs_dwarf_function *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->die > y->die) - (x->die < y->die);
}

static int collect_functions(struct collect *collect)
{
	struct rs_dwarf *dwarf = collect->dwarf;
	const struct rs_dwarf_unit *unit = collect->unit;
	const struct rs_dwarf_abbrevs *abbrevs = rs_dwarf_abbrevs_get(dwarf, unit->abbrevs);
	struct rs_dwarf_cursor c = entry_at(dwarf, unit, unit->dies);
	const uint8_t *start = dwarf->sections[RS_DWARF_INFO].data;
	struct rs_dwarf_die die;
	int r = 0;

	/* In the order of the file: how deep an entry stands does not matter. */
	while (abbrevs && c.p < c.end && !r && rs_dwarf_step(dwarf)) {
		collect->die = (uint64_t)(c.p - start);
		if (!rs_dwarf_die_read(unit, abbrevs, &c, CODE, &die)) {
			if (c.bad)
				break;
			continue;
		}
		if (die.tag == RS_DW_TAG_subprogram)
			r = rs_dwarf_ranges(dwarf, unit, &die, add_function, collect);
	}
	return abbrevs ? r : -ENOMEM;
}

static int load_functions(struct rs_dwarf *dwarf, struct rs_dwarf_unit *unit)
{
	struct collect collect = { .dwarf = dwarf, .unit = unit };

	if (unit->have_functions)
		return 0;
	unit->have_functions = true;
	if (collect_functions(&collect) == -ENOMEM)
		return -ENOMEM;
	if (unit->functions.len)
		qsort(unit->functions.items, unit->functions.len, sizeof(*unit->functions.items),
		      function_by_start);
	dwarf->kept += unit->functions.len;
	return 0;
}

static const struct rs_dwarf_function *find_function(const struct rs_dwarf_unit *unit,
						     uint64_t address)
{
	size_t n = COUNT_UP_TO(&unit->functions, start, address);

	for (unsigned i = 0; n && i < OVERLAPS; i++) {
		const struct rs_dwarf_function *function = &unit->functions.items[--n];

		if (address < function->end)
			return function;
	}
	return NULL;
}

/* ---- what was inlined ---- */

struct call {
	uint64_t die;        /* of the function, or of its inlined copy */
	uint64_t file, line; /* from where an inlined one is called */
};

struct chain {
	struct call calls[CHAIN_MAX]; /* the outermost first */
	size_t n;
};

static int is_inside(uint64_t start, uint64_t end, void *data)
{
	uint64_t address = *(const uint64_t *)data;

	return address >= start && address < end;
}

static uint64_t number_of(const struct rs_dwarf_die *die, enum rs_dwarf_attribute attribute)
{
	const struct rs_dwarf_value *value = rs_dwarf_get(die, attribute);

	return value ? value->number : 0;
}

/* Does the address lie in this entry's code? Blocks are looked through: compilers forget some of their code. */
static bool enters(struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit,
		   const struct rs_dwarf_die *die, uint64_t address)
{
	if (die->tag == RS_DW_TAG_lexical_block)
		return true;
	return die->tag == RS_DW_TAG_inlined_subroutine &&
	       rs_dwarf_ranges(dwarf, unit, die, is_inside, &address) > 0;
}

/* Moves behind the children of an entry that was just read. */
static void skip_children(struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit,
			  const struct rs_dwarf_abbrevs *abbrevs, const struct rs_dwarf_die *die,
			  struct rs_dwarf_cursor *c)
{
	const struct rs_dwarf_value *sibling = rs_dwarf_get(die, RS_DWARF_SIBLING);
	const uint8_t *start = dwarf->sections[RS_DWARF_INFO].data;
	struct rs_dwarf *in;
	uint64_t depth = 1, offset;
	struct rs_dwarf_die child;

	if (sibling && rs_dwarf_reference(dwarf, unit, sibling, &in, &offset) && in == dwarf &&
	    offset > (uint64_t)(c->p - start) && offset < unit->end) {
		c->p = start + offset;
		return;
	}
	while (depth && !c->bad && c->p < c->end && rs_dwarf_step(dwarf)) {
		if (rs_dwarf_die_read(unit, abbrevs, c, 0, &child))
			depth += child.children;
		else
			depth--;
	}
}

/* Walks down from a function's entry to the innermost code that has the address. */
static void follow(struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit, uint64_t function,
		   uint64_t address, struct chain *chain)
{
	const struct rs_dwarf_abbrevs *abbrevs = rs_dwarf_abbrevs_get(dwarf, unit->abbrevs);
	struct rs_dwarf_cursor c = entry_at(dwarf, unit, function);
	const uint8_t *start = dwarf->sections[RS_DWARF_INFO].data;
	struct rs_dwarf_die die;
	uint64_t blocks = 0; /* that we are inside of */

	chain->calls[chain->n++] = (struct call){ .die = function };
	if (!abbrevs || !rs_dwarf_die_read(unit, abbrevs, &c, CODE, &die) || !die.children)
		return;
	while (chain->n < CHAIN_MAX && c.p < c.end && rs_dwarf_step(dwarf)) {
		uint64_t offset = (uint64_t)(c.p - start);

		if (!rs_dwarf_die_read(unit, abbrevs, &c, CODE, &die)) {
			/* The end of what has the address: this is the innermost. Or of a block in it. */
			if (c.bad || !blocks--)
				return;
			continue;
		}
		if (!enters(dwarf, unit, &die, address)) {
			if (die.children)
				skip_children(dwarf, unit, abbrevs, &die, &c);
			continue;
		}
		if (die.tag == RS_DW_TAG_lexical_block) {
			blocks += die.children;
			continue;
		}
		chain->calls[chain->n++] =
			(struct call){ .die = offset,
				       .file = number_of(&die, RS_DWARF_CALL_FILE),
				       .line = number_of(&die, RS_DWARF_CALL_LINE) };
		blocks = 0;
		if (!die.children)
			return;
	}
}

/* ---- answers ---- */

/* Names stand where a function is declared: entries refer to each other for them, also across units and files. */
static void name_entry(struct rs_dwarf *dwarf, uint64_t offset, struct rs_dwarf_frame *frame)
{
	for (unsigned i = 0; dwarf && i < ORIGINS_MAX; i++) {
		const struct rs_dwarf_unit *unit = unit_of_entry(dwarf, offset);
		const struct rs_dwarf_abbrevs *abbrevs;
		const struct rs_dwarf_value *value;
		struct rs_dwarf_cursor c;
		struct rs_dwarf_die die;

		abbrevs = unit ? rs_dwarf_abbrevs_get(dwarf, unit->abbrevs) : NULL;
		if (!abbrevs)
			return;
		c = entry_at(dwarf, unit, offset);
		if (!rs_dwarf_die_read(unit, abbrevs, &c, NAME, &die))
			return;
		value = rs_dwarf_get(&die, RS_DWARF_LINKAGE);
		if (value && !frame->linkage)
			frame->linkage = rs_dwarf_string(dwarf, unit, value);
		value = rs_dwarf_get(&die, RS_DWARF_NAME);
		if (value && !frame->name)
			frame->name = rs_dwarf_string(dwarf, unit, value);
		value = rs_dwarf_get(&die, RS_DWARF_ORIGIN);
		if (!value || frame->linkage ||
		    !rs_dwarf_reference(dwarf, unit, value, &dwarf, &offset))
			return;
	}
}

static void place_frame(struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit, uint64_t file,
			uint64_t line, struct rs_dwarf_frame *frame)
{
	frame->file = rs_dwarf_lines_path(dwarf, unit, file);
	frame->line = frame->file ? (uint32_t)MIN(line, (uint64_t)UINT32_MAX) : 0;
}

static size_t describe(struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit,
		       const struct chain *chain, uint64_t address, bool lines,
		       struct rs_dwarf_frame *frames, size_t max)
{
	const struct rs_dwarf_row *row = lines ? rs_dwarf_lines_find(&unit->lines, address) : NULL;
	size_t n = 0;

	for (size_t i = chain->n; i-- && n < max;) {
		struct rs_dwarf_frame *frame = &frames[n++];

		*frame = (struct rs_dwarf_frame){ .inlined = i > 0 };
		name_entry(dwarf, chain->calls[i].die, frame);
		if (lines && i + 1 < chain->n)
			place_frame(dwarf, unit, chain->calls[i + 1].file, chain->calls[i + 1].line,
				    frame);
		else if (row)
			place_frame(dwarf, unit, row->file, row->line, frame);
	}
	return n;
}

/* Without an entry for the function (assembler) there may still be a line. */
static size_t line_only(struct rs_dwarf *dwarf, const struct rs_dwarf_unit *unit, uint64_t address,
			struct rs_dwarf_frame *frames)
{
	const struct rs_dwarf_row *row = rs_dwarf_lines_find(&unit->lines, address);

	frames[0] = (struct rs_dwarf_frame){ 0 };
	if (row)
		place_frame(dwarf, unit, row->file, row->line, &frames[0]);
	return frames[0].file ? 1 : 0;
}

size_t rs_dwarf_find(struct rs_dwarf *dwarf, uint64_t address, bool lines,
		     struct rs_dwarf_frame *frames, size_t max)
{
	struct rs_dwarf_unit *unit = max ? unit_of_address(dwarf, address) : NULL;
	const struct rs_dwarf_function *function;
	struct chain chain = { .n = 0 };
	size_t n = 0;

	if (!unit || dwarf->hopeless)
		return 0;
	rs_arena_done(&dwarf->strings);
	allow_steps(dwarf);
	if (dwarf->alt)
		allow_steps(dwarf->alt);
	if (dwarf->kept > KEPT_MAX) {
		rs_vec_foreach(&dwarf->units, u) drop_unit(u);
		dwarf->kept = 0;
	}
	if (load_functions(dwarf, unit) < 0 || (lines && rs_dwarf_lines_load(dwarf, unit) < 0))
		return 0;
	function = find_function(unit, address);
	if (function) {
		follow(dwarf, unit, function->die, address, &chain);
		n = describe(dwarf, unit, &chain, address, lines, frames, max);
	} else if (lines) {
		n = line_only(dwarf, unit, address, frames);
	}
	dwarf->hopeless = !dwarf->steps;
	return n;
}
