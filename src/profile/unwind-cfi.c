/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/unwind-cfi.h"

#include <errno.h>
#include <stdlib.h>

#include "profile/unwind-bytes.h"
#include "profile/unwind-cie.h"

#define FUNCTIONS_MAX (2u << 20)
#define REMEMBER_MAX  16
#define GAP           16 /* bytes: smaller holes between functions are padding, which nobody returns to */

struct maker {
	const struct rs_unwind_section *section;
	struct rs_unwind_table *table; /* NULL: only functions are asked for */
	struct rs_unwind_functions functions;
	struct rs_unwind_cie cie; /* the last one; most functions have the same */
	uint64_t end;             /* of the last function */
};

/* ---- rows ---- */

static int add_row(struct maker *m, uint64_t pc, uint32_t rule)
{
	struct rs_unwind_table *t = m->table;
	uint64_t at = pc - t->base;

	if (at > UINT32_MAX)
		return -ERANGE;
	if (t->rows.len && rs_vec_last(&t->rows)->pc == at)
		t->rows.len--;
	if (t->rows.len && rs_vec_last(&t->rows)->rule == rule)
		return 0;
	if (t->rows.len >= RS_UNWIND_TABLE_ROWS_MAX)
		return -ERANGE;
	return rs_vec_push(&t->rows, (struct rs_unwind_row){ (uint32_t)at, rule });
}

/* ---- instructions ---- */

struct run {
	struct maker *maker;
	uint64_t pc, end; /* where we are in the function */
	struct rs_unwind_frame frame, kept[REMEMBER_MAX];
	unsigned n_kept;
	int r;
};

static void advance(struct run *run, uint64_t by)
{
	const struct rs_unwind_cie *cie = &run->maker->cie;

	if (by > UINT32_MAX || run->pc + by < run->pc)
		run->r = -EBADMSG;
	if (!by || run->r)
		return;
	run->r = add_row(run->maker, run->pc, rs_unwind_frame_rule(&run->frame, cie));
	run->pc += by;
}

/* Instructions that only make sense in a function. False: it is none of them. */
static bool run_one(struct run *run, uint8_t op, struct rs_unwind_bytes *b)
{
	const struct rs_unwind_cie *cie = &run->maker->cie;

	switch (op) {
	case 0x01: /* set_loc */
		advance(run, rs_unwind_address(b, run->maker->section, cie->encoding) - run->pc);
		return true;
	case 0x02 ... 0x04: /* advance_loc1, 2, 4 */
		advance(run, rs_unwind_fixed(b, 1u << (op - 2)) * cie->code_align);
		return true;
	case 0x0a: /* remember_state */
		if (run->n_kept == REMEMBER_MAX)
			run->r = -EBADMSG;
		else
			run->kept[run->n_kept++] = run->frame;
		return true;
	case 0x0b: /* restore_state */
		if (!run->n_kept)
			run->r = -EBADMSG;
		else
			run->frame = run->kept[--run->n_kept];
		return true;
	}
	if (op >> 6 != 1)
		return false;
	advance(run, (op & 63) * cie->code_align);
	return true;
}

static int run_function(struct maker *m, uint64_t pc, uint64_t end, struct rs_unwind_bytes b)
{
	struct run run = { .maker = m, .pc = pc, .end = end, .frame = m->cie.start };

	while (b.at < b.end && !b.bad && !run.r && run.pc < end) {
		uint8_t op = (uint8_t)rs_unwind_fixed(&b, 1);

		if (!run_one(&run, op, &b))
			run.r = rs_unwind_frame_apply(&run.frame, &m->cie, op, &b);
	}
	if (!run.r && !b.bad && run.pc < end)
		run.r = add_row(m, run.pc, rs_unwind_frame_rule(&run.frame, &m->cie));
	else if (!run.r && b.bad)
		run.r = -EBADMSG;
	return run.r;
}

/* ---- entries ---- */

/* Where an entry of the section is, and what. */
struct entry {
	struct rs_unwind_bytes body; /* behind the number that says what it is */
	uint64_t cie;                /* of a function: offset of its CIE */
	size_t next;                 /* offset */
	bool is_cie;
};

/* False: the section ends here. */
static bool read_entry(const struct rs_unwind_section *s, size_t at, struct entry *ret)
{
	struct rs_unwind_bytes b = { s->data + at, s->data + s->size, false };
	uint64_t length = rs_unwind_fixed(&b, 4), id;
	size_t id_size = 4, id_at;

	if (length == UINT32_MAX) {
		length = rs_unwind_fixed(&b, 8);
		id_size = s->is_debug ? 8 : 4;
	}
	if (b.bad || !length || length > rs_unwind_left(&b))
		return false;
	ret->body = rs_unwind_take(&b, length);
	ret->next = (size_t)(b.at - s->data);
	id_at = (size_t)(ret->body.at - s->data);
	id = rs_unwind_fixed(&ret->body, id_size);
	ret->is_cie = s->is_debug ? id == (id_size == 8 ? UINT64_MAX : UINT32_MAX) : !id;
	ret->cie = s->is_debug ? id : id_at - id;
	return true;
}

/* Makes m->cie the one at this offset. */
static int need_cie(struct maker *m, uint64_t at)
{
	struct entry entry;

	if (m->cie.valid && m->cie.at == at)
		return 0;
	m->cie.valid = false;
	if (at >= m->section->size || !read_entry(m->section, at, &entry) || !entry.is_cie)
		return -EBADMSG;
	m->cie.at = at;
	return rs_unwind_cie_read(m->section, entry.body, &m->cie);
}

/* Reads a function's head; entry->body is then at its instructions. */
static int read_function(struct maker *m, struct entry *entry, uint64_t *ret_pc, uint64_t *ret_size)
{
	int r = need_cie(m, entry->cie);

	if (r < 0)
		return r;
	*ret_pc = rs_unwind_address(&entry->body, m->section, m->cie.encoding);
	*ret_size = rs_unwind_address(&entry->body, m->section, m->cie.encoding & 15);
	if (m->cie.has_data)
		rs_unwind_take(&entry->body, rs_unwind_uleb(&entry->body));
	return entry->body.bad ? -EBADMSG : 0;
}

static int collect(struct maker *m)
{
	struct entry entry;

	for (size_t at = 0; at < m->section->size && read_entry(m->section, at, &entry);
	     at = entry.next) {
		uint64_t pc, size;

		if (entry.is_cie)
			continue;
		if (m->functions.list.len >= FUNCTIONS_MAX ||
		    read_function(m, &entry, &pc, &size) < 0 || pc + size < pc) {
			m->functions.skipped++;
			continue;
		}
		if (!pc || !size) /* left out by the linker */
			continue;
		if (size > UINT32_MAX || pc + size < pc)
			m->functions.skipped++;
		else if (rs_vec_push(&m->functions.list,
				     (struct rs_unwind_function){ pc, (uint32_t)size,
								  (uint32_t)at }) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int compare_functions(const void *a, const void *b)
{
	const struct rs_unwind_function *x = a, *y = b;

	return x->pc < y->pc ? -1 : x->pc > y->pc;
}

static int collect_sorted(struct maker *m)
{
	int r = m->section->size > UINT32_MAX ? -EFBIG : collect(m);

	if (r < 0)
		return r;
	if (!m->functions.list.len)
		return -ENODATA;
	qsort(m->functions.list.items, m->functions.list.len, sizeof(*m->functions.list.items),
	      compare_functions);
	return 0;
}

/* What went wrong inside a function leaves it without rows from there on. */
static int add_function(struct maker *m, const struct rs_unwind_function *function)
{
	uint64_t pc, size;
	struct entry entry;
	int r;

	if (m->end && function->pc > m->end + GAP && add_row(m, m->end, RS_UNWIND_NONE) == -ENOMEM)
		return -ENOMEM;
	if (function->pc < m->end || !read_entry(m->section, function->at, &entry) ||
	    read_function(m, &entry, &pc, &size) < 0 || pc + size < pc) {
		m->table->skipped++;
		return 0;
	}
	m->end = pc + size;
	r = run_function(m, pc, m->end, entry.body);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		m->table->skipped++;
		m->end = pc + 1; /* some rows may be there; the rest is unknown */
		while (m->table->rows.len &&
		       rs_vec_last(&m->table->rows)->pc >= pc - m->table->base)
			m->table->rows.len--;
		return add_row(m, pc, RS_UNWIND_NONE) == -ENOMEM ? -ENOMEM : 0;
	}
	return 0;
}

static int make(struct maker *m)
{
	int r = collect_sorted(m);

	m->table->skipped += m->functions.skipped;
	if (r < 0)
		return r;
	m->table->base = m->functions.list.items[0].pc;
	rs_vec_foreach(&m->functions.list, function)
	{
		r = add_function(m, function);
		if (r < 0)
			return r;
	}
	return add_row(m, m->end, RS_UNWIND_NONE) == -ENOMEM ? -ENOMEM : 0;
}

int rs_unwind_table_parse(const struct rs_unwind_section *section, struct rs_unwind_table *table)
{
	struct maker maker = { .section = section, .table = table };
	int r = make(&maker);

	rs_unwind_functions_done(&maker.functions);
	return r;
}

void rs_unwind_table_done(struct rs_unwind_table *table)
{
	rs_vec_done(&table->rows);
}

uint32_t rs_unwind_table_rule(const struct rs_unwind_table *table, uint64_t address)
{
	size_t low = 0, high = table->rows.len;

	if (address < table->base)
		return RS_UNWIND_NONE;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->rows.items[middle].pc <= address - table->base)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? table->rows.items[low - 1].rule : RS_UNWIND_NONE;
}

/* ---- functions alone ---- */

int rs_unwind_functions_parse(const struct rs_unwind_section *section,
			      struct rs_unwind_functions *functions)
{
	struct maker maker = { .section = section };
	int r = collect_sorted(&maker);

	if (r < 0) {
		rs_unwind_functions_done(&maker.functions);
		return r;
	}
	*functions = maker.functions;
	return 0;
}

void rs_unwind_functions_done(struct rs_unwind_functions *functions)
{
	rs_vec_done(&functions->list);
}

bool rs_unwind_functions_find(const struct rs_unwind_functions *functions, uint64_t address,
			      uint64_t *ret_pc)
{
	const struct rs_unwind_function *items = functions->list.items;
	size_t low = 0, high = functions->list.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (items[middle].pc <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || address - items[low - 1].pc >= items[low - 1].size)
		return false;
	*ret_pc = items[low - 1].pc;
	return true;
}
