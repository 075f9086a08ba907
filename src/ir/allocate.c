/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Homes for registers. Those that a copy joins become one where their lives allow it; then each, the
 * most used first, gets a BPF register that is free all its life, by choice the one it came in or is
 * asked for in. What finds none goes to the stack, and it all begins again with the loads and stores
 * that this takes.
 *
 * Which BPF register is free where is a row of bits, two for each instruction.
 */
#include "ir/internal.h"

#define ROUNDS_MAX      24
#define JOIN_RANGES_MAX 256 /* more pieces than that are not joined with others */

struct allocation {
	struct rs_ir_func *f;
	struct rs_intervals in;
	rs_reg *leader;     /* by register: whom it was joined with */
	uint32_t *n_pieces; /* by leader */
	uint64_t *busy[RS_BPF_REGS];
	uint64_t *wanted[RS_BPF_REGS]; /* where someone would best have that one */
	size_t n_words;
	uint64_t **slots; /* the same for what is on the stack */
	uint32_t n_slots, cap_slots;
	uint32_t n_spilled;
};

/* ---- joining ---- */

static rs_reg leader_of(const struct allocation *a, rs_reg reg)
{
	while (a->leader[reg] != reg) {
		a->leader[reg] = a->leader[a->leader[reg]];
		reg = a->leader[reg];
	}
	return reg;
}

static bool overlap(const struct rs_intervals *in, uint32_t x, uint32_t y)
{
	while (x && y) {
		const struct rs_range *rx = &in->ranges[x], *ry = &in->ranges[y];

		if (rx->end <= ry->start)
			x = rx->next;
		else if (ry->end <= rx->start)
			y = ry->next;
		else
			return true;
	}
	return false;
}

static uint32_t merge(struct rs_intervals *in, uint32_t x, uint32_t y)
{
	uint32_t first = 0, *link = &first;

	while (x && y) {
		uint32_t *least = in->ranges[x].start < in->ranges[y].start ? &x : &y;

		*link = *least;
		link = &in->ranges[*least].next;
		*least = *link;
	}
	*link = x ? x : y;
	return first;
}

static void join(struct allocation *a, rs_reg x, rs_reg y)
{
	struct rs_interval *ix, *iy;

	x = leader_of(a, x);
	y = leader_of(a, y);
	ix = &a->in.of[x];
	iy = &a->in.of[y];
	if (x == y || a->f->reload_of[x] || a->f->reload_of[y] || !ix->first || !iy->first ||
	    a->n_pieces[x] + a->n_pieces[y] > JOIN_RANGES_MAX)
		return;
	if (overlap(&a->in, ix->first, iy->first))
		return;
	a->leader[y] = x;
	a->n_pieces[x] += a->n_pieces[y];
	ix->first = merge(&a->in, ix->first, iy->first);
	ix->weight += iy->weight;
	if (ix->hint < 0)
		ix->hint = iy->hint;
}

static int by_weight(const void *x, const void *y)
{
	const struct rs_move *a = x, *b = y;

	return (a->weight < b->weight) - (a->weight > b->weight);
}

static void join_all(struct allocation *a)
{
	bool sorted = true;

	for (rs_reg reg = 1; reg < a->f->n_regs; reg++) {
		a->leader[reg] = reg;
		for (uint32_t x = a->in.of[reg].first; x; x = a->in.ranges[x].next)
			a->n_pieces[reg]++;
	}
	for (uint32_t i = 1; i < a->in.n_moves && sorted; i++)
		sorted = a->in.moves[i - 1].weight >= a->in.moves[i].weight;
	if (!sorted)
		qsort(a->in.moves, a->in.n_moves, sizeof(*a->in.moves), by_weight);
	for (uint32_t i = 0; i < a->in.n_moves; i++)
		join(a, a->in.moves[i].a, a->in.moves[i].b);
}

/* ---- rows of bits ---- */

static uint64_t mask_of(uint32_t start, uint32_t end, size_t word)
{
	uint64_t mask = UINT64_MAX;

	if (word == start / 64)
		mask &= UINT64_MAX << (start % 64);
	if (word == (end - 1) / 64)
		mask &= UINT64_MAX >> (63 - (end - 1) % 64);
	return mask;
}

static bool is_free(const struct allocation *a, const uint64_t *row, uint32_t range)
{
	for (; range; range = a->in.ranges[range].next) {
		const struct rs_range *r = &a->in.ranges[range];

		for (size_t w = r->start / 64; w <= (r->end - 1) / 64; w++)
			if (row[w] & mask_of(r->start, r->end, w))
				return false;
	}
	return true;
}

static void take(const struct allocation *a, uint64_t *row, uint32_t range)
{
	for (; range; range = a->in.ranges[range].next) {
		const struct rs_range *r = &a->in.ranges[range];

		for (size_t w = r->start / 64; w <= (r->end - 1) / 64; w++)
			row[w] |= mask_of(r->start, r->end, w);
	}
}

/* ---- the stack ---- */

/* A place of the stack that nobody else needs meanwhile. */
static int spill(struct allocation *a, rs_reg leader)
{
	struct rs_ir_func *f = a->f;
	uint32_t first = a->in.of[leader].first, i = 0;

	while (i < a->n_slots && !is_free(a, a->slots[i], first))
		i++;
	if (i == a->n_slots) {
		if (!rs_ir_grow(f->module, &a->slots, i, &a->cap_slots, sizeof(*a->slots)))
			return -ENOMEM;
		a->slots[i] = rs_arena_alloc_array(f->module->arena, a->n_words,
						   sizeof(**a->slots));
		if (!a->slots[i])
			return -ENOMEM;
		a->n_slots++;
	}
	take(a, a->slots[i], first);
	f->spill[leader] = f->stack - 8 * (int32_t)(i + 1);
	a->n_spilled++;
	return 0;
}

/* What was short-lived was not short enough: each use has its own. */
static int give_way(struct allocation *a, rs_reg reg)
{
	struct rs_ir_func *f = a->f;
	rs_reg of = f->reload_of[reg];

	if (!of)
		return spill(a, reg);
	if (of == reg) {
		rs_ir_fail(f->module, -E2BIG, "function %s: too many values at once", f->name);
		return -E2BIG;
	}
	f->remat[reg] = f->remat[of];
	f->spill[reg] = f->spill[of];
	a->n_spilled++;
	return 0;
}

/* ---- assigning ---- */

struct candidate {
	rs_reg reg;
	float weight; /* for each place where it is alive */
};

static int by_candidate(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;

	if (a->weight != b->weight)
		return a->weight < b->weight ? 1 : -1;
	return a->reg < b->reg ? -1 : 1;
}

static struct candidate *list_candidates(const struct allocation *a, uint32_t *ret_n)
{
	const struct rs_ir_func *f = a->f;
	struct candidate *list = rs_arena_alloc_array(f->module->arena, f->n_regs, sizeof(*list));
	uint32_t n = 0;

	for (rs_reg reg = 1; list && reg < f->n_regs; reg++) {
		const struct rs_interval *interval = &a->in.of[reg];
		float length = 1;

		if (!interval->first || a->leader[reg] != reg)
			continue;
		for (uint32_t x = interval->first; x; x = a->in.ranges[x].next)
			length += (float)(a->in.ranges[x].end - a->in.ranges[x].start);
		list[n].reg = reg;
		list[n].weight = interval->weight / length;
		if (interval->hint >= 0)
			list[n].weight *= 2;
		if (f->reload_of[reg])
			list[n].weight *= f->reload_of[reg] == reg ? 1e20F : 1e6F;
		n++;
	}
	if (list)
		qsort(list, n, sizeof(*list), by_candidate);
	*ret_n = n;
	return list;
}

static int choose_home(const struct allocation *a, rs_reg reg)
{
	static const int8_t order[RS_BPF_REGS] = { 5, 4, 3, 2, 0, 1, 6, 7, 8, 9 };
	const struct rs_interval *interval = &a->in.of[reg];
	int second = -1;

	if (interval->hint >= 0 && is_free(a, a->busy[interval->hint], interval->first))
		return interval->hint;
	for (unsigned i = 0; i < RS_BPF_REGS; i++) {
		if (!is_free(a, a->busy[order[i]], interval->first))
			continue;
		if (is_free(a, a->wanted[order[i]], interval->first))
			return order[i];
		second = second < 0 ? order[i] : second;
	}
	return second;
}

static int assign(struct allocation *a)
{
	uint32_t n;
	struct candidate *list = list_candidates(a, &n);

	if (!list)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		const struct rs_interval *interval = &a->in.of[list[i].reg];

		if (interval->hint >= 0)
			take(a, a->wanted[interval->hint], interval->first);
	}
	for (uint32_t i = 0; i < n; i++) {
		rs_reg reg = list[i].reg;
		int home = choose_home(a, reg);
		int r = 0;

		a->f->home[reg] = (int8_t)home;
		if (home >= 0)
			take(a, a->busy[home], a->in.of[reg].first);
		else
			r = give_way(a, reg);
		if (r < 0)
			return r;
	}
	for (rs_reg reg = 1; reg < a->f->n_regs; reg++) {
		rs_reg leader = leader_of(a, reg);

		if (leader == reg)
			continue;
		a->f->home[reg] = a->f->home[leader];
		a->f->spill[reg] = a->f->spill[leader];
	}
	return 0;
}

/* ---- a round ---- */

static int prepare(struct allocation *a)
{
	struct rs_arena *arena = a->f->module->arena;

	a->n_words = (size_t)a->f->n_insts * 2 / 64 + 1;
	for (unsigned i = 0; i < RS_BPF_REGS; i++) {
		a->busy[i] = rs_arena_alloc_array(arena, a->n_words, sizeof(**a->busy));
		a->wanted[i] = rs_arena_alloc_array(arena, a->n_words, sizeof(**a->wanted));
		if (!a->busy[i] || !a->wanted[i])
			return -ENOMEM;
	}
	for (uint32_t i = 0; i < a->in.n_calls; i++)
		for (unsigned reg = 0; reg <= 5; reg++)
			a->busy[reg][a->in.calls[i] / 64] |= UINT64_C(1) << (a->in.calls[i] % 64);
	a->leader = rs_arena_alloc_array(arena, a->f->n_regs, sizeof(*a->leader));
	a->n_pieces = rs_arena_alloc_array(arena, a->f->n_regs, sizeof(*a->n_pieces));
	return a->leader && a->n_pieces ? 0 : -ENOMEM;
}

static int allocate_once(struct rs_ir_func *f, uint32_t *ret_spilled)
{
	struct allocation a = { .f = f };
	int r;

	memset(f->home, -1, f->n_homes);
	r = rs_ir_find_intervals(f, &a.in);
	if (r < 0)
		return r;
	r = prepare(&a);
	if (r < 0)
		return r;
	join_all(&a);
	r = assign(&a);
	f->stack -= 8 * (int32_t)a.n_slots;
	*ret_spilled = a.n_spilled;
	return r;
}

int rs_ir_allocate(struct rs_ir_func *f, struct rs_error *err)
{
	uint32_t spilled = 1;

	f->slots_end = f->stack;
	for (unsigned i = 0; i < ROUNDS_MAX && spilled; i++) {
		int r = i ? rs_ir_lower(f) : 0;

		if (r >= 0)
			r = allocate_once(f, &spilled);
		if (r < 0 && f->module->error)
			return rs_error_set(err, f->module->error, "%s", f->module->why);
		if (r < 0)
			return rs_error_set_errno(err, r, "function %s: allocating registers",
						  f->name);
	}
	if (spilled)
		return rs_error_set(err, -E2BIG, "function %s: too many values at once", f->name);
	return 0;
}
