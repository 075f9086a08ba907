/* SPDX-License-Identifier: Apache-2.0 */
/* Random expressions and conditions, and what they are. */
#include <string.h>

#include "tests/kernel/lib/meaning-internal.h"

const struct type meaning_types[] = {
	{ "int64", 8, true }, { "uint64", 8, false }, { "int32", 4, true }, { "uint32", 4, false },
	{ "int16", 2, true }, { "uint16", 2, false }, { "int8", 1, true },  { "uint8", 1, false },
};

/* --- chance --- */

static uint64_t any(struct gen *g)
{
	uint64_t v = g->random += UINT64_C(0x9e3779b97f4a7c15);

	v = (v ^ (v >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	v = (v ^ (v >> 27)) * UINT64_C(0x94d049bb133111eb);
	return v ^ (v >> 31);
}

unsigned meaning_below(struct gen *g, unsigned n)
{
	return (unsigned)(any(g) % n);
}

int64_t meaning_number(struct gen *g)
{
	static const int64_t edges[] = { 0,         1,          2,          -1,
					 127,       -128,       255,        256,
					 INT16_MAX, INT16_MIN,  UINT16_MAX, INT32_MAX,
					 INT32_MIN, UINT32_MAX, INT64_MAX,  INT64_MIN };

	if (meaning_below(g, 2))
		return edges[meaning_below(g, ARRAY_SIZE(edges))];
	return (int64_t)any(g) >> meaning_below(g, 64);
}

const struct type *meaning_type(struct gen *g)
{
	return &meaning_types[meaning_below(g, ARRAY_SIZE(meaning_types))];
}

/* --- what things mean --- */

struct number meaning_cast(uint64_t v, const struct type *type)
{
	unsigned up = 64 - 8 * type->size;

	v <<= up;
	return (struct number){ type->is_signed ? (uint64_t)((int64_t)v >> up) : v >> up, type };
}

/* Of two: signed, unless one is unsigned and has 64 bits, or both are unsigned. */
static bool both_signed(const struct type *a, const struct type *b)
{
	if (a->is_signed == b->is_signed)
		return a->is_signed;
	return (a->is_signed ? b : a)->size < 8;
}

static uint64_t divide(uint64_t a, uint64_t b, bool is_signed, bool rest)
{
	if (!b)
		return 1;
	if (!is_signed)
		return rest ? a % b : a / b;
	if (b == UINT64_MAX)
		return rest ? 0 : 0 - a;
	return rest ? (uint64_t)((int64_t)a % (int64_t)b) : (uint64_t)((int64_t)a / (int64_t)b);
}

const char *const meaning_operators[] = { "+", "*", "&", "|", "^", "/", "%", "-", "<<", ">>" };

struct number meaning_compute(unsigned op, struct number a, struct number b, bool is_signed)
{
	const struct type *type = is_signed ? &meaning_types[0] : &meaning_types[1];

	switch (op) {
	case 0:
		return (struct number){ a.v + b.v, type };
	case 1:
		return (struct number){ a.v * b.v, type };
	case 2:
		return (struct number){ a.v & b.v, type };
	case 3:
		return (struct number){ a.v | b.v, type };
	case 4:
		return (struct number){ a.v ^ b.v, type };
	case 5:
	case 6:
		return (struct number){ divide(a.v, b.v, is_signed, op == 6), type };
	case 7:
		return (struct number){ a.v - b.v, &meaning_types[0] };
	case 8:
		return (struct number){ a.v << (b.v & 63),
					a.type->is_signed ? &meaning_types[0] : &meaning_types[1] };
	default:
		return (struct number){ a.type->is_signed ? (uint64_t)((int64_t)a.v >> (b.v & 63))
							  : a.v >> (b.v & 63),
					a.type->is_signed ? &meaning_types[0] : &meaning_types[1] };
	}
}

static bool compare(unsigned op, struct number a, struct number b)
{
	bool less = both_signed(a.type, b.type) ? (int64_t)a.v < (int64_t)b.v : a.v < b.v;

	switch (op) {
	case 0:
		return a.v == b.v;
	case 1:
		return a.v != b.v;
	case 2:
		return less;
	case 3:
		return less || a.v == b.v;
	case 4:
		return !less && a.v != b.v;
	default:
		return !less;
	}
}

/* --- expressions --- */

void meaning_say(struct gen *g, const char *text)
{
	rs_str_append_cstr(&g->script, text);
}

static struct number leaf(struct gen *g)
{
	bool map = meaning_below(g, 3) == 0;
	unsigned i = meaning_below(g, map ? MAPS : VARIABLES);

	rs_str_appendf(&g->script, map ? "@m%u" : "$v%u", i);
	return map ? g->now.maps[i] : g->now.vars[i];
}

/* As the type. */
struct number meaning_casted(struct gen *g, const struct type *type, unsigned depth)
{
	struct number n;

	rs_str_appendf(&g->script, "(%s)(", type->name);
	n = meaning_cast(meaning_expression(g, depth).v, type);
	meaning_say(g, ")");
	return n;
}

/* A number as it is written; one that is not negative takes the sign of what is beside it. */
static struct number literal(struct gen *g, const struct type *beside)
{
	int64_t v = meaning_number(g);

	if (v == INT64_MIN)
		v++;
	if (v < 0)
		rs_str_appendf(&g->script, "(%lld)", (long long)v);
	else if (meaning_below(g, 2))
		rs_str_appendf(&g->script, "%lld", (long long)v);
	else
		rs_str_appendf(&g->script, "0x%llx", (unsigned long long)v);
	return (struct number){ (uint64_t)v, v < 0 ? &meaning_types[0] : beside };
}

static struct number binary(struct gen *g, unsigned depth)
{
	unsigned op = meaning_below(g, ARRAY_SIZE(meaning_operators));
	struct number a, b;

	meaning_say(g, "(");
	a = meaning_expression(g, depth);
	rs_str_appendf(&g->script, " %s ", meaning_operators[op]);
	if (op >= 8 && meaning_below(g, 2)) {
		b = (struct number){ meaning_below(g, 64), &meaning_types[1] };
		rs_str_appendf(&g->script, "%u", (unsigned)b.v);
	} else if (op >= 8) {
		meaning_say(g, "(");
		b = (struct number){ meaning_expression(g, depth).v & 63, &meaning_types[1] };
		meaning_say(g, " & 63)");
	} else if ((op == 5 || op == 6) && meaning_below(g, 2)) {
		b = (struct number){ 1 + meaning_below(g, 1000), a.type };
		rs_str_appendf(&g->script, "%u", (unsigned)b.v);
	} else if (op != 5 && op != 6 && meaning_below(g, 2)) {
		b = literal(g, a.type);
	} else {
		b = meaning_expression(g, depth);
	}
	meaning_say(g, ")");
	return meaning_compute(op, a, b, both_signed(a.type, b.type));
}

static struct number unary(struct gen *g, unsigned depth)
{
	bool negate = meaning_below(g, 2);
	struct number a;

	meaning_say(g, negate ? "(-" : "(~");
	a = meaning_expression(g, depth);
	meaning_say(g, ")");
	if (negate)
		return (struct number){ 0 - a.v, &meaning_types[0] };
	return (struct number){ ~a.v, a.type->is_signed ? &meaning_types[0] : &meaning_types[1] };
}

static struct number choice(struct gen *g, unsigned depth)
{
	static const char *const words[][3] = { { "(", " ? ", " : " },
						{ "(if ", " { ", " } else { " } };
	const struct type *type = meaning_type(g);
	unsigned form = meaning_below(g, 2);
	struct number a, b;
	bool first;

	meaning_say(g, words[form][0]);
	first = meaning_condition(g, depth);
	meaning_say(g, words[form][1]);
	a = meaning_casted(g, type, depth);
	meaning_say(g, words[form][2]);
	b = meaning_casted(g, type, depth);
	meaning_say(g, form ? " })" : ")");
	return first ? a : b;
}

static struct number or_else(struct gen *g, unsigned depth)
{
	const struct type *type = meaning_type(g);
	struct number a, b;

	meaning_say(g, "(");
	a = meaning_casted(g, type, depth);
	meaning_say(g, " ?: ");
	b = meaning_casted(g, type, depth);
	meaning_say(g, ")");
	return a.v ? a : b;
}

static struct number inner_block(struct gen *g, unsigned depth)
{
	unsigned name = g->names++, op = meaning_below(g, 5);
	struct number a, b;

	rs_str_appendf(&g->script, "({ let $b%u = ", name);
	a = meaning_casted(g, meaning_type(g), depth);
	rs_str_appendf(&g->script, "; $b%u %s ", name, meaning_operators[op]);
	b = meaning_expression(g, depth);
	meaning_say(g, " })");
	return meaning_compute(op, a, b, both_signed(a.type, b.type));
}

static struct number of_tuple(struct gen *g, unsigned depth)
{
	bool record = meaning_below(g, 2);
	unsigned which = meaning_below(g, 2);
	struct number parts[2];

	meaning_say(g, record ? "(a=" : "(");
	parts[0] = meaning_casted(g, meaning_type(g), depth);
	meaning_say(g, record ? ", b=\"x\", c=" : ", (\"x\", ");
	parts[1] = meaning_casted(g, meaning_type(g), depth);
	if (record)
		rs_str_appendf(&g->script, ").%s", which ? "c" : "a");
	else
		rs_str_appendf(&g->script, ")).%s", which ? "1.1" : "0");
	return parts[which];
}

static struct number of_bytes(struct gen *g, unsigned depth)
{
	unsigned which = meaning_below(g, 8);
	struct number all;

	meaning_say(g, "((uint8[8])");
	all = meaning_casted(g, &meaning_types[1], depth);
	rs_str_appendf(&g->script, ")[%u]", which);
	return meaning_cast(all.v >> (8 * which), &meaning_types[7]);
}

static struct number of_condition(struct gen *g, unsigned depth)
{
	const struct type *type = meaning_type(g);
	bool yes;

	rs_str_appendf(&g->script, "(%s)(", type->name);
	yes = meaning_condition(g, depth);
	meaning_say(g, ")");
	return meaning_cast(yes, type);
}

static const char *text(struct gen *g)
{
	unsigned i = meaning_below(g, TEXTS);

	rs_str_appendf(&g->script, meaning_below(g, 2) ? "$t%u" : "@t%u", i);
	return g->now.texts[i];
}

static struct number of_text(struct gen *g)
{
	const char *a;

	meaning_say(g, "(int64)strlen(");
	a = text(g);
	meaning_say(g, ")");
	return (struct number){ strlen(a), &meaning_types[0] };
}

struct number meaning_expression(struct gen *g, unsigned depth)
{
	if (!depth)
		return leaf(g);
	switch (meaning_below(g, 14)) {
	case 0:
	case 1:
		return leaf(g);
	case 2:
		return meaning_casted(g, meaning_type(g), depth - 1);
	case 3:
		return unary(g, depth - 1);
	case 4:
		return choice(g, depth - 1);
	case 5:
		return or_else(g, depth - 1);
	case 6:
		return inner_block(g, depth - 1);
	case 7:
		return of_tuple(g, depth - 1);
	case 8:
		return of_bytes(g, depth - 1);
	case 9:
		return of_condition(g, depth - 1);
	case 10:
		return of_text(g);
	default:
		return binary(g, depth - 1);
	}
}

/* --- conditions --- */

static bool text_condition(struct gen *g)
{
	static const char *const words[] = { "a", "ab", "bc", "xyz", "" };
	const char *word = words[meaning_below(g, ARRAY_SIZE(words))], *a;
	unsigned form = meaning_below(g, 4), n;
	bool yes;

	switch (form) {
	case 0:
		meaning_say(g, "(");
		a = text(g);
		meaning_say(g, " == ");
		yes = !strcmp(a, text(g));
		break;
	case 1:
		meaning_say(g, "(");
		a = text(g);
		rs_str_appendf(&g->script, " != \"%s\"", word);
		yes = strcmp(a, word) != 0;
		break;
	case 2:
		n = meaning_below(g, 5);
		meaning_say(g, "(strncmp(");
		a = text(g);
		rs_str_appendf(&g->script, ", \"%s\", %u) == 0", word, n);
		yes = !strncmp(a, word, n);
		break;
	default:
		word = words[meaning_below(g, 4)];
		meaning_say(g, "strcontains(");
		a = text(g);
		rs_str_appendf(&g->script, ", \"%s\"", word);
		yes = strstr(a, word) != NULL;
	}
	meaning_say(g, ")");
	return yes;
}

static bool logical(struct gen *g, unsigned depth)
{
	bool both = meaning_below(g, 2), a, b;

	meaning_say(g, "(");
	a = meaning_condition(g, depth);
	meaning_say(g, both ? " && " : " || ");
	b = meaning_condition(g, depth);
	meaning_say(g, ")");
	return both ? a && b : a || b;
}

static bool comparison(struct gen *g, unsigned depth)
{
	static const char *const words[] = { "==", "!=", "<", "<=", ">", ">=" };
	unsigned op = meaning_below(g, ARRAY_SIZE(words));
	struct number a, b;

	meaning_say(g, "(");
	a = meaning_expression(g, depth);
	rs_str_appendf(&g->script, " %s ", words[op]);
	b = meaning_below(g, 2) ? literal(g, a.type) : meaning_expression(g, depth);
	meaning_say(g, ")");
	return compare(op, a, b);
}

bool meaning_condition(struct gen *g, unsigned depth)
{
	bool yes;

	switch (depth ? meaning_below(g, 6) : 5) {
	case 0:
		return logical(g, depth - 1);
	case 1:
		meaning_say(g, "!");
		return !meaning_condition(g, depth - 1);
	case 2:
		return text_condition(g);
	case 3:
		meaning_say(g, "(bool)(");
		yes = meaning_expression(g, depth - 1).v != 0;
		meaning_say(g, ")");
		return yes;
	default:
		return comparison(g, depth ? depth - 1 : 0);
	}
}
