/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "event/schema.h"
#include "store/narrow.h"
#include "store/terms.h"

/* --- fields --- */

static const struct {
	const char *field;
	uint8_t column, string;
	int8_t term; /* enum rs_term, -1: none */
} fields[] = {
	{ "process.pid", RS_NARROW_PID, 0, RS_TERM_PID },
	{ "process.parent.pid", RS_NARROW_PPID, 0, -1 },
	{ "user.id", RS_NARROW_UID, 0, -1 },
	{ "user.group.id", RS_NARROW_GID, 0, -1 },
	{ "process.name", RS_NARROW_NAME, 0, RS_TERM_NAME },
	{ "process.executable", RS_NARROW_EXECUTABLE, 0, RS_TERM_EXECUTABLE },
	{ "user.name", RS_NARROW_USER, 0, RS_TERM_USER },
	{ "systemd.unit", RS_NARROW_UNIT, 0, RS_TERM_UNIT },
	{ "container.id", RS_NARROW_CONTAINER, RS_WHO_CT_ID, RS_TERM_CONTAINER_ID },
	{ "container.name", RS_NARROW_CONTAINER, RS_WHO_CT_NAME, RS_TERM_CONTAINER_NAME },
	{ "kubernetes.container.name", RS_NARROW_CONTAINER, RS_WHO_CT_NAME,
	  RS_TERM_CONTAINER_NAME },
	{ "kubernetes.pod.name", RS_NARROW_CONTAINER, RS_WHO_CT_POD_NAME, RS_TERM_POD_NAME },
	{ "orchestrator.resource.name", RS_NARROW_CONTAINER, RS_WHO_CT_POD_NAME, RS_TERM_POD_NAME },
	{ "kubernetes.pod.uid", RS_NARROW_CONTAINER, RS_WHO_CT_POD_UID, RS_TERM_POD_UID },
	{ "orchestrator.resource.id", RS_NARROW_CONTAINER, RS_WHO_CT_POD_UID, RS_TERM_POD_UID },
	{ "kubernetes.namespace", RS_NARROW_CONTAINER, RS_WHO_CT_NAMESPACE, RS_TERM_NAMESPACE },
	{ "orchestrator.namespace", RS_NARROW_CONTAINER, RS_WHO_CT_NAMESPACE, RS_TERM_NAMESPACE },
	{ "file.path", RS_NARROW_PATH, 0, RS_TERM_PATH },
	{ "file.target_path", RS_NARROW_PATH, 0, RS_TERM_PATH },
	{ "file.Ext.original.path", RS_NARROW_PATH, 0, RS_TERM_PATH },
	{ "source.ip", RS_NARROW_ADDRESS, 0, RS_TERM_ADDRESS },
	{ "destination.ip", RS_NARROW_ADDRESS, 0, RS_TERM_ADDRESS },
};

static uint64_t kinds_of_field(const char *name)
{
	uint64_t kinds = 0;

	for (size_t i = 0; i < rs_event_fields_count; i++)
		if (strcmp(rs_event_fields[i].name, name) == 0)
			kinds |= rs_event_fields[i].kinds;
	return kinds ? kinds : UINT64_MAX;
}

/* --- terms --- */

/* The hash that a block's filter has when it has this value; false: no telling. */
static bool text_term(enum rs_term term, const struct rs_text *text, uint64_t *ret_term)
{
	char buf[RS_EVENT_ADDR_MAX], plain[INET6_ADDRSTRLEN];
	uint8_t addr[16] = { 0 };
	size_t n = text->len;

	if (term == RS_TERM_NAME)
		n = MIN(n, (size_t)RS_TERM_NAME_MAX);
	if (term != RS_TERM_ADDRESS) {
		*ret_term = rs_term_text(term, text->data, n);
		return true;
	}
	if (n >= sizeof(plain))
		return false;
	memcpy(plain, text->data, n);
	plain[n] = '\0';
	if (inet_pton(AF_INET, plain, addr) == 1)
		n = rs_event_format_addr(AF_INET, addr, buf);
	else if (inet_pton(AF_INET6, plain, addr) == 1)
		n = rs_event_format_addr(AF_INET6, addr, buf);
	else
		return false;
	*ret_term = rs_term_text(term, buf, n);
	return true;
}

/* Of a beginning only the directories are in the filter. */
static bool prefix_term(enum rs_term term, const struct rs_text *text, uint64_t *ret_term)
{
	const char *slash = text->len > 1 ? memrchr(text->data + 1, '/', text->len - 1) : NULL;

	if (term != RS_TERM_PATH || !slash)
		return false;
	*ret_term = rs_term_text(RS_TERM_DIRECTORY, text->data, (size_t)(slash - text->data) + 1);
	return true;
}

static void make_terms(struct rs_arena *arena, struct rs_narrow_atom *atom, enum rs_term term)
{
	uint64_t *terms;

	if (atom->op == RS_DEMAND_RANGE || !atom->n)
		return;
	terms = rs_arena_alloc_array(arena, atom->n, sizeof(*terms));
	if (!terms)
		return;
	for (size_t i = 0; i < atom->n; i++) {
		bool known = true;

		if (atom->numbers)
			terms[i] = rs_term_number(term, (uint64_t)atom->numbers[i]);
		else if (atom->op == RS_DEMAND_IN)
			known = text_term(term, &atom->texts[i], &terms[i]);
		else
			known = prefix_term(term, &atom->texts[i], &terms[i]);
		if (!known)
			return;
	}
	atom->terms = terms;
	atom->n_terms = atom->n;
}

/* --- atoms --- */

static int copy_values(struct rs_arena *arena, const struct rs_expr_demand *demand,
		       struct rs_narrow_atom *atom)
{
	struct rs_text *texts;
	int64_t *numbers;

	atom->op = demand->op;
	atom->low = demand->low;
	atom->high = demand->high;
	atom->n = demand->op == RS_DEMAND_RANGE ? 0 : demand->n;
	if (!atom->n)
		return 0;
	if (demand->numeric) {
		numbers = rs_arena_alloc_array(arena, atom->n, sizeof(*numbers));
		if (!numbers)
			return -ENOMEM;
		memcpy(numbers, demand->numbers, atom->n * sizeof(*numbers));
		atom->numbers = numbers;
		return 0;
	}
	texts = rs_arena_alloc_array(arena, atom->n, sizeof(*texts));
	if (!texts)
		return -ENOMEM;
	for (size_t i = 0; i < atom->n; i++) {
		texts[i] = demand->texts[i];
		texts[i].data = rs_arena_strndup(arena, demand->texts[i].data,
						 demand->texts[i].len);
		if (!texts[i].data)
			return -ENOMEM;
	}
	atom->texts = texts;
	return 0;
}

static bool is_number(enum rs_narrow_column column)
{
	return column >= RS_NARROW_PID && column <= RS_NARROW_GID;
}

static uint64_t named_kinds(const struct rs_expr_demand *demand)
{
	uint64_t kinds = 0;

	for (size_t i = 0; i < demand->n; i++)
		for (unsigned k = 0; k < RS_KIND_COUNT; k++) {
			const char *name = rs_kind_to_str(k);
			const struct rs_text *text = &demand->texts[i];
			size_t n = strlen(name);

			if (demand->op == RS_DEMAND_IN ? n == text->len : n >= text->len)
				if (!text->len || memcmp(name, text->data, text->len) == 0)
					kinds |= 1ull << k;
		}
	return kinds;
}

static int make_atom(struct rs_arena *arena, const struct rs_expr_demand *demand,
		     struct rs_narrow_atom *atom)
{
	int r;

	*atom = (struct rs_narrow_atom){ .kinds = kinds_of_field(demand->field) };
	if (strcmp(demand->field, "ringside.kind") == 0 && demand->op != RS_DEMAND_RANGE &&
	    !demand->numeric) {
		atom->kinds = named_kinds(demand);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (strcmp(demand->field, fields[i].field) != 0)
			continue;
		if (is_number(fields[i].column) !=
		    (demand->numeric || demand->op == RS_DEMAND_RANGE))
			return 0; /* we do not know how they compare */
		r = copy_values(arena, demand, atom);
		if (r < 0)
			return r;
		atom->column = fields[i].column;
		atom->string = fields[i].string;
		if (fields[i].term >= 0)
			make_terms(arena, atom, (enum rs_term)fields[i].term);
	}
	return 0;
}

struct collect {
	struct rs_narrow *narrow;
	int r;
};

static void note_needs(struct rs_narrow *narrow, const struct rs_narrow_atom *atom)
{
	switch (atom->column) {
	case RS_NARROW_OTHER:
	case RS_NARROW_ADDRESS:
		break;
	case RS_NARROW_PATH:
		narrow->paths = true;
		break;
	case RS_NARROW_EXECUTABLE:
		narrow->paths = narrow->who = true;
		break;
	default:
		narrow->who = true;
	}
}

static void add_clause(void *data, const struct rs_expr_demand *demand)
{
	struct collect *c = data;
	struct rs_narrow *narrow = c->narrow;
	bool any = demand->op == RS_DEMAND_ANY;
	size_t n = any ? demand->n : 1;
	struct rs_narrow_atom *atoms;
	uint64_t kinds = 0;
	bool terms = true;

	if (c->r < 0 || narrow->n == RS_NARROW_CLAUSES || !n)
		return;
	atoms = rs_arena_alloc_array(&narrow->arena, n, sizeof(*atoms));
	if (!atoms)
		c->r = -ENOMEM;
	for (size_t i = 0; i < n && c->r >= 0; i++) {
		const struct rs_expr_demand *part = any ? &demand->parts[i] : demand;

		if (part->op == RS_DEMAND_ANY)
			return;
		c->r = make_atom(&narrow->arena, part, &atoms[i]);
		kinds |= atoms[i].kinds;
		terms = terms && atoms[i].terms;
	}
	if (c->r < 0)
		return;
	for (size_t i = 0; i < n; i++)
		note_needs(narrow, &atoms[i]);
	narrow->clause[narrow->n].atoms = atoms;
	narrow->clause[narrow->n].n = n;
	narrow->clause[narrow->n++].terms = terms;
	narrow->terms = narrow->terms || terms;
	narrow->kinds &= kinds;
}

int rs_narrow_init(struct rs_narrow *narrow, const struct rs_expr *where, uint64_t kinds)
{
	struct collect collect = { .narrow = narrow };

	*narrow = (struct rs_narrow){ .kinds = kinds ? kinds : UINT64_MAX };
	if (where)
		rs_expr_demands(where, add_clause, &collect);
	return collect.r;
}

void rs_narrow_done(struct rs_narrow *narrow)
{
	rs_arena_done(&narrow->arena);
}

/* --- filters --- */

static bool clause_in_filter(const struct rs_narrow_atom *atoms, size_t n, const void *filter,
			     size_t size)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < atoms[i].n_terms; k++)
			if (rs_bloom_has(filter, size, atoms[i].terms[k]))
				return true;
	return false;
}

bool rs_narrow_filter(const struct rs_narrow *narrow, const void *filter, size_t size)
{
	for (unsigned i = 0; i < narrow->n; i++)
		if (narrow->clause[i].terms &&
		    !clause_in_filter(narrow->clause[i].atoms, narrow->clause[i].n, filter, size))
			return false;
	return true;
}

/* --- events --- */

static bool text_holds(const struct rs_narrow_atom *atom, const char *text, size_t n)
{
	for (size_t i = 0; i < atom->n; i++) {
		size_t len = atom->texts[i].len;

		if (atom->column == RS_NARROW_NAME) /* of which the kernel keeps that much */
			len = MIN(len, (size_t)RS_TERM_NAME_MAX);
		if (atom->op == RS_DEMAND_IN ? n == len : n >= len)
			if (memcmp(text, atom->texts[i].data, len) == 0)
				return true;
	}
	return false;
}

static bool number_holds(const struct rs_narrow_atom *atom, int64_t number)
{
	if (atom->op == RS_DEMAND_RANGE)
		return number >= atom->low && number <= atom->high;
	for (size_t i = 0; i < atom->n; i++)
		if (atom->numbers[i] == number)
			return true;
	return false;
}

/* Whether a string of the block holds; callers ask for many in a row that are the same. */
struct asked {
	uint32_t number;
	bool holds;
};

static bool string_holds(const struct rs_narrow_atom *atom, const struct rs_block *b,
			 uint32_t number, struct asked *asked)
{
	const char *text;

	if (number == asked->number)
		return asked->holds;
	text = rs_block_string(b, number);
	*asked = (struct asked){ number, text && text_holds(atom, text, strlen(text)) };
	return asked->holds;
}

static uint32_t container_string(const struct rs_narrow_atom *atom, const struct rs_block *b,
				 uint32_t who)
{
	uint32_t group = rs_block_u32(b, RS_WHO_GROUP, who);
	uint32_t ct = group ? rs_block_u32(b, RS_WHO_GROUP_CONTAINER, group - 1) : 0;

	return ct ? rs_block_u32(b, atom->string, ct - 1) : 0;
}

static bool who_holds(const struct rs_narrow_atom *atom, const struct rs_block *b, uint32_t who,
		      struct asked *asked)
{
	uint64_t comm[2];
	uint32_t group;

	switch (atom->column) {
	case RS_NARROW_PID:
	case RS_NARROW_PPID:
	case RS_NARROW_UID:
	case RS_NARROW_GID:
		return number_holds(
			atom, rs_block_u32(b, RS_WHO_PID + atom->column - RS_NARROW_PID, who));
	case RS_NARROW_NAME:
		comm[0] = rs_block_u64(b, RS_WHO_COMM, who);
		comm[1] = rs_block_u64(b, RS_WHO_COMM2, who);
		return text_holds(atom, (const char *)comm,
				  strnlen((const char *)comm, RS_TERM_NAME_MAX));
	case RS_NARROW_EXECUTABLE:
		return string_holds(atom, b, rs_block_u32(b, RS_WHO_EXE, who), asked);
	case RS_NARROW_USER:
		return string_holds(atom, b, rs_block_u32(b, RS_WHO_USER, who), asked);
	case RS_NARROW_UNIT:
		group = rs_block_u32(b, RS_WHO_GROUP, who);
		return string_holds(
			atom, b, group ? rs_block_u32(b, RS_WHO_GROUP_UNIT, group - 1) : 0, asked);
	default:
		return string_holds(atom, b, container_string(atom, b, who), asked);
	}
}

static_assert(RS_WHO_PPID == RS_WHO_PID + 1 && RS_WHO_UID == RS_WHO_PID + 2 &&
		      RS_WHO_GID == RS_WHO_PID + 3 && RS_NARROW_GID == RS_NARROW_PID + 3,
	      "who_holds");

static void mark_paths(const struct rs_narrow_atom *atom, const struct rs_block *b, uint8_t *holds)
{
	size_t n;

	holds[0] = 0;
	for (uint32_t i = 1; i <= b->n_paths; i++) {
		const char *path = rs_block_path(b, i, &n);

		holds[i] = text_holds(atom, path, n);
	}
}

static void mark_whos(const struct rs_narrow_atom *atom, const struct rs_block *b, uint8_t *holds)
{
	struct asked asked = { 0 };

	for (uint32_t i = 0; i < b->n_who; i++)
		holds[i] = who_holds(atom, b, i, &asked);
}

static bool kind_holds(const struct rs_narrow_atom *atom, const struct rs_block *b, unsigned i)
{
	return atom->kinds >> (b->what[i] & ~RS_WHAT_END) & 1;
}

/* Marks the events for which an atom may hold. */
static void mark_events(const struct rs_narrow_atom *atom, const struct rs_block *b, uint8_t *mark)
{
	uint8_t who[RS_BLOCK_EVENTS], path[2 * RS_BLOCK_EVENTS + 1];
	bool by_path = atom->column == RS_NARROW_PATH || atom->column == RS_NARROW_EXECUTABLE;
	bool by_who = atom->column != RS_NARROW_OTHER && atom->column != RS_NARROW_ADDRESS &&
		      atom->column != RS_NARROW_PATH;

	if (by_path)
		mark_paths(atom, b, path);
	if (by_who)
		mark_whos(atom, b, who);
	for (unsigned i = 0; i < b->n; i++) {
		bool exec = (b->what[i] & ~RS_WHAT_END) == RS_KIND_EXEC;

		if (!kind_holds(atom, b, i))
			continue;
		if (atom->column == RS_NARROW_PATH)
			mark[i] |= path[b->path[0][i]] | path[b->path[1][i]];
		else if (atom->column == RS_NARROW_EXECUTABLE && exec && b->path[0][i])
			mark[i] |= path[b->path[0][i]]; /* the record's own */
		else
			mark[i] |= !by_who || who[b->who[i]];
	}
}

bool rs_narrow_events(const struct rs_narrow *narrow, const struct rs_block *b, uint8_t *keep)
{
	uint8_t mark[RS_BLOCK_EVENTS];
	unsigned left = 1;

	for (unsigned c = 0; c < narrow->n && left; c++) {
		memset(mark, 0, b->n);
		for (size_t i = 0; i < narrow->clause[c].n; i++)
			mark_events(&narrow->clause[c].atoms[i], b, mark);
		left = 0;
		for (unsigned i = 0; i < b->n; i++)
			left |= keep[i] &= mark[i];
	}
	return left;
}
