/* SPDX-License-Identifier: Apache-2.0 */
/* Random statements, loops and whole scripts. */
#include "tests/kernel/lib/meaning.h"

#include <string.h>

#include "tests/kernel/lib/meaning-internal.h"

#define STATEMENTS 14

/* --- statements --- */

static void statement(struct gen *g, unsigned depth);

static void want_number(struct gen *g, struct number n)
{
	if (!g->live)
		return;
	if (n.type->is_signed)
		rs_str_appendf(&g->want, "%lld\n", (long long)n.v);
	else
		rs_str_appendf(&g->want, "%llu\n", (unsigned long long)n.v);
}

static void print_variable(struct gen *g, unsigned i)
{
	rs_str_appendf(&g->script, "print($v%u);\n", i);
	want_number(g, g->now.vars[i]);
}

static void assign(struct gen *g)
{
	bool map = meaning_below(g, 3) == 0;
	unsigned i = meaning_below(g, map ? MAPS : VARIABLES);
	struct number *to = map ? &g->now.maps[i] : &g->now.vars[i], n;

	rs_str_appendf(&g->script, map ? "@m%u = " : "$v%u = ", i);
	n = meaning_casted(g, to->type, 4);
	meaning_say(g, ";\n");
	if (g->live)
		*to = n;
	if (!map)
		print_variable(g, i);
}

static void print_expression(struct gen *g)
{
	meaning_say(g, "print(");
	want_number(g, meaning_casted(g, meaning_type(g), 4));
	meaning_say(g, ");\n");
}

static void print_formatted(struct gen *g)
{
	struct number a, b;

	meaning_say(g, "printf(\"%lld|%llu\\n\", ");
	a = meaning_casted(g, &meaning_types[0], 3);
	meaning_say(g, ", ");
	b = meaning_casted(g, &meaning_types[1], 3);
	meaning_say(g, ");\n");
	if (g->live)
		rs_str_appendf(&g->want, "%lld|%llu\n", (long long)a.v, (unsigned long long)b.v);
}

static void text_statement(struct gen *g)
{
	static const char *const words[] = { "", "a", "ab", "abc", "xyzxyzxyz", "a b \\\"c" };
	unsigned i = meaning_below(g, TEXTS), k = meaning_below(g, ARRAY_SIZE(words));
	char joined[2 * TEXT_ROOM];

	if (meaning_below(g, 2)) {
		snprintf(joined, sizeof(joined), "%s", k == 5 ? "a b \"c" : words[k]);
		rs_str_appendf(&g->script, "$t%u = \"%s\";", i, words[k]);
	} else {
		unsigned from = meaning_below(g, TEXTS);

		snprintf(joined, sizeof(joined), "%s%s", g->now.texts[from],
			 k == 5 ? "a b \"c" : words[k]);
		rs_str_appendf(&g->script, "$t%u = str_concat(@t%u, \"%s\");", i, from, words[k]);
	}
	joined[TEXT_ROOM - 1] = '\0';
	rs_str_appendf(&g->script, " @t%u = $t%u; printf(\"[%%s]\\n\", $t%u);\n", i, i, i);
	if (!g->live)
		return;
	snprintf(g->now.texts[i], sizeof(g->now.texts[i]), "%.*s", TEXT_ROOM - 1, joined);
	rs_str_appendf(&g->want, "[%s]\n", joined);
}

static void keyed_statement(struct gen *g)
{
	unsigned k = meaning_below(g, KEYS);
	struct number n;

	rs_str_appendf(&g->script, "@k[%u, \"k%u\"] = ", k, k);
	n = meaning_casted(g, &meaning_types[0], 3);
	meaning_say(g, ";\n");
	if (g->live) {
		g->now.keyed[k].there = true;
		g->now.keyed[k].v = (int64_t)n.v;
	}
	k = meaning_below(g, KEYS);
	if (meaning_below(g, 2)) {
		rs_str_appendf(&g->script, "delete(@k, ((int64)%u, \"k%u\"));\n", k, k);
		if (g->live)
			g->now.keyed[k].there = false;
	}
	rs_str_appendf(&g->script, "print(@k[%u, \"k%u\"]);\n", k, k);
	n = (struct number){ g->now.keyed[k].there ? (uint64_t)g->now.keyed[k].v : 0,
			     &meaning_types[0] };
	want_number(g, n);
}

static void aggregate(struct gen *g)
{
	unsigned name = g->names++;
	int64_t v;

	rs_str_appendf(&g->script, "$b%u = ", name);
	v = (int64_t)meaning_casted(g, &meaning_types[0], 3).v;
	rs_str_appendf(&g->script,
		       "; @ac = count(); @as = sum($b%u); @ai = min($b%u); @ax = max($b%u);\n",
		       name, name, name);
	if (!g->live)
		return;
	g->now.min = g->now.count ? MIN(g->now.min, v) : v;
	g->now.max = g->now.count ? MAX(g->now.max, v) : v;
	g->now.count++;
	g->now.sum = (int64_t)((uint64_t)g->now.sum + (uint64_t)v);
}

/* Both are written, one of them runs. */
static void branch(struct gen *g, unsigned depth)
{
	bool live = g->live, yes;

	meaning_say(g, "if (");
	yes = meaning_condition(g, 3);
	meaning_say(g, ") {\n");
	g->live = live && yes;
	for (unsigned i = meaning_below(g, 3); i + 1; i--)
		statement(g, depth);
	meaning_say(g, "} else {\n");
	g->live = live && !yes;
	for (unsigned i = meaning_below(g, 3); i + 1; i--)
		statement(g, depth);
	meaning_say(g, "}\n");
	g->live = live;
}

/* One step of a loop's body: variable = (its type)(variable op number), or op the loop's own. */
struct step {
	unsigned target, op;
	int64_t by;
	bool own;
};

struct loop {
	unsigned name, n_steps;
	struct step steps[3];
	int leave_at, skip_at; /* -100: never */
};

static void loop_body(struct gen *g, struct loop *loop)
{
	if (meaning_below(g, 2)) {
		loop->skip_at = (int)meaning_below(g, 8);
		rs_str_appendf(&g->script, " if ($i%u == %d) { continue; }", loop->name,
			       loop->skip_at);
	}
	loop->n_steps = 1 + meaning_below(g, 3);
	for (unsigned i = 0; i < loop->n_steps; i++) {
		struct step *step = &loop->steps[i];

		*step = (struct step){ meaning_below(g, VARIABLES), meaning_below(g, 5),
				       (int64_t)meaning_below(g, 1000), meaning_below(g, 2) };
		rs_str_appendf(&g->script, " $v%u = (%s)($v%u %s ", step->target,
			       g->now.vars[step->target].type->name, step->target,
			       meaning_operators[step->op]);
		if (step->own)
			rs_str_appendf(&g->script, "(int64)$i%u);", loop->name);
		else
			rs_str_appendf(&g->script, "%lld);", (long long)step->by);
	}
	if (meaning_below(g, 2)) {
		loop->leave_at = (int)meaning_below(g, 8);
		rs_str_appendf(&g->script, " if ($i%u == %d) { break; }", loop->name,
			       loop->leave_at);
	}
	meaning_say(g, " }\n");
}

static void run_loop(struct gen *g, const struct loop *loop, int from, int to)
{
	for (int i = from; i < to && g->live; i++) {
		if (i == loop->skip_at)
			continue;
		for (unsigned k = 0; k < loop->n_steps; k++) {
			const struct step *step = &loop->steps[k];
			struct number *at = &g->now.vars[step->target];
			struct number by = { (uint64_t)(step->own ? i : step->by),
					     &meaning_types[0] };

			*at = meaning_cast(meaning_compute(step->op, *at, by, true).v, at->type);
		}
		if (i == loop->leave_at)
			break;
	}
	for (unsigned k = 0; k < loop->n_steps; k++)
		print_variable(g, loop->steps[k].target);
}

static void loop(struct gen *g)
{
	struct loop loop = { .name = g->names++, .leave_at = -100, .skip_at = -100 };
	int from = (int)meaning_below(g, 6) - 3, to = from + (int)meaning_below(g, 14);

	switch (meaning_below(g, 3)) {
	case 0:
		rs_str_appendf(&g->script, "for ($i%u : %d..%d) {", loop.name, from, to);
		break;
	case 1: /* ends that only the run knows */
		rs_str_appendf(&g->script,
			       "@from = (int64)%d; @to = (int64)%d; for $i%u : @from..@to {", from,
			       to, loop.name);
		break;
	default:
		rs_str_appendf(&g->script, "let $i%u = (int64)%d; while ($i%u < %d) { $i%u++;",
			       loop.name, from - 1, loop.name, to - 1, loop.name);
	}
	loop_body(g, &loop);
	run_loop(g, &loop, from, to);
}

static void walk(struct gen *g)
{
	unsigned target = meaning_below(g, VARIABLES);
	struct number *to = &g->now.vars[target];

	rs_str_appendf(&g->script,
		       "for ($kv : @k) { $v%u = (%s)($v%u + $kv.1 * ($kv.0.0 + 1)); }\n", target,
		       to->type->name, target);
	for (unsigned i = 0; i < KEYS && g->live; i++)
		if (g->now.keyed[i].there)
			*to = meaning_cast(to->v + (uint64_t)g->now.keyed[i].v * (i + 1), to->type);
	print_variable(g, target);
}

static void statement(struct gen *g, unsigned depth)
{
	switch (meaning_below(g, depth ? 12 : 9)) {
	case 0:
	case 1:
	case 2:
		assign(g);
		break;
	case 3:
		print_expression(g);
		break;
	case 4:
		print_formatted(g);
		break;
	case 5:
		text_statement(g);
		break;
	case 6:
		keyed_statement(g);
		break;
	case 7:
		aggregate(g);
		break;
	case 8:
		if (g->walks) {
			walk(g);
			break;
		}
		_fallthrough_;
	case 9:
	case 10:
		loop(g);
		break;
	default:
		branch(g, depth - 1);
	}
}

/* --- a script --- */

/* In a block of their own, so that the next one can not know them. */
static void begin(struct gen *g)
{
	meaning_say(g, "BEGIN {\n");
	for (unsigned i = 0; i < VARIABLES + MAPS; i++) {
		struct number *to = i < VARIABLES ? &g->now.vars[i] : &g->now.maps[i - VARIABLES];
		int64_t v = meaning_number(g);

		*to = meaning_cast((uint64_t)v, meaning_type(g));
		if (i < VARIABLES)
			rs_str_appendf(&g->script, "@i%u = (int64)0x%llx;\n", i,
				       (unsigned long long)v);
		else
			rs_str_appendf(&g->script, "@m%u = (%s)0x%llx;\n", i - VARIABLES,
				       to->type->name, (unsigned long long)v);
	}
	for (unsigned i = 0; i < TEXTS; i++) {
		snprintf(g->now.texts[i], sizeof(g->now.texts[i]), "%.*s", (int)i, "abc");
		rs_str_appendf(&g->script, "@t%u = \"%s\";\n", i, g->now.texts[i]);
	}
	meaning_say(g, "}\n");
}

static void write_script(struct gen *g)
{
	/* what strings may hold, and what a tick may do in which others are not stopped by it */
	meaning_say(g, "config = { max_strlen = 64; print_maps_on_exit = 0 }\n");
	begin(g);
	meaning_say(g, meaning_below(g, 2) ? "BEGIN {\n" : "interval:ms:1 /!@once/ { @once = 1;\n");
	for (unsigned i = 0; i < VARIABLES; i++)
		rs_str_appendf(&g->script, "$v%u = (%s)@i%u;\n", i, g->now.vars[i].type->name, i);
	for (unsigned i = 0; i < TEXTS; i++)
		rs_str_appendf(&g->script, "$t%u = @t%u;\n", i, i);
	g->live = true;
	keyed_statement(g);
	aggregate(g);
	for (unsigned i = 0; i < STATEMENTS; i++)
		statement(g, 2);
	meaning_say(g, "exit();\n}\nEND { print(@ac); print(@as); print(@ai); print(@ax); }\n");
	rs_str_appendf(&g->want, "@ac: %lld\n@as: %lld\n@ai: %lld\n@ax: %lld\n",
		       (long long)g->now.count, (long long)g->now.sum, (long long)g->now.min,
		       (long long)g->now.max);
}

void meaning_write(struct meaning *ret, uint64_t seed, bool walks)
{
	struct gen g = { .random = seed, .walks = walks };

	write_script(&g);
	*ret = (struct meaning){ g.script, g.want };
}

void meaning_done(struct meaning *meaning)
{
	rs_str_done(&meaning->script);
	rs_str_done(&meaning->want);
}
