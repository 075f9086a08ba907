/* SPDX-License-Identifier: Apache-2.0 */

/* Constant expressions of C: array sizes, widths, the values of enums. Computed in 64 bits, wrapping. */

#include <string.h>

#include "lang/cparse-private.h"

static int64_t parse_ternary(struct rs_cparse *p);
static int64_t parse_unary(struct rs_cparse *p);

/* ---- sizes ---- */

static int64_t size_of_type(struct rs_cparse *p, bool align)
{
	const struct rs_type *t = rs_cparse_type_name(p);

	if (!t)
		return 0;
	t = rs_type_complete(p->types, t);
	return align ? t->align : rs_type_sizeof(t);
}

/* sizeof, _Alignof: of a type only. */
static int64_t parse_sizeof(struct rs_cparse *p, bool align)
{
	int64_t size = 0;

	if (!rs_cparse_expect(p, "("))
		return 0;
	if (rs_cparse_at_type(p))
		size = size_of_type(p, align);
	else
		rs_cparse_fail(p, "only the size of a type is known here");
	rs_cparse_expect(p, ")");
	return size;
}

/* offsetof(type, a.b) */
static int64_t parse_offsetof(struct rs_cparse *p)
{
	struct rs_field field = { 0 };
	const struct rs_type *t;
	int64_t offset = 0;

	if (!rs_cparse_expect(p, "("))
		return 0;
	t = rs_cparse_type_name(p);
	if (!t || !rs_cparse_expect(p, ","))
		return 0;
	do {
		const char *name = rs_cparse_word(p);

		if (!name || !rs_type_field(p->types, t, name, &field)) {
			rs_cparse_fail(p, "no member of that name");
			return 0;
		}
		offset += field.offset;
		t = field.type;
		rs_cparse_next(p);
	} while (rs_cparse_take(p, "."));
	rs_cparse_expect(p, ")");
	return offset;
}

/* ---- operands ---- */

static int64_t cast(const struct rs_type *t, int64_t value)
{
	unsigned shift = 64 - 8 * (t->size ? MIN(t->size, 8u) : 8);

	if (t->kind == RS_TYPE_BOOL)
		return value != 0;
	if (!rs_type_is_integer(t))
		return value;
	return t->is_signed ? (int64_t)((uint64_t)value << shift) >> shift
			    : (int64_t)((uint64_t)value << shift >> shift);
}

static int64_t parse_parens(struct rs_cparse *p)
{
	const struct rs_type *t;
	int64_t value;

	rs_cparse_next(p);
	if (!rs_cparse_at_type(p)) {
		value = parse_ternary(p);
		rs_cparse_expect(p, ")");
		return value;
	}
	t = rs_cparse_type_name(p);
	if (!t || !rs_cparse_expect(p, ")"))
		return 0;
	value = cast(t, parse_unary(p));
	p->is_unsigned = t->size == 8 && !t->is_signed;
	return value;
}

static int64_t parse_name(struct rs_cparse *p)
{
	const struct rs_type *type;
	struct rs_ctoken at = p->token;
	int64_t value = 0;
	char *name;

	if (rs_cparse_take(p, "sizeof"))
		return parse_sizeof(p, false);
	if (rs_cparse_take(p, "_Alignof") || rs_cparse_take(p, "__alignof__"))
		return parse_sizeof(p, true);
	if (rs_cparse_take(p, "offsetof") || rs_cparse_take(p, "__builtin_offsetof"))
		return parse_offsetof(p);
	name = rs_cparse_word(p);
	rs_cparse_next(p);
	if (!name || p->shallow || !rs_types_find_constant(p->types, name, &value, &type))
		rs_cparse_fail_at(p, &at, "\"%s\" is no constant that is known here",
				  name ? name : "");
	return value;
}

static int64_t parse_operand(struct rs_cparse *p)
{
	int64_t value = p->token.value;

	if (p->token.kind == RS_CTOKEN_NUMBER) {
		if (value < 0 && *p->token.text != '\'')
			p->is_unsigned = true;
		rs_cparse_next(p);
		return value;
	}
	if (p->token.kind == RS_CTOKEN_WORD)
		return parse_name(p);
	if (rs_ctoken_is(&p->token, "("))
		return parse_parens(p);
	rs_cparse_fail(p, "expected a constant");
	return 0;
}

static int64_t parse_unary(struct rs_cparse *p)
{
	int64_t value;

	if (!rs_cparse_enter(p))
		return 0;
	if (rs_cparse_take(p, "-"))
		value = (int64_t)(0 - (uint64_t)parse_unary(p));
	else if (rs_cparse_take(p, "+"))
		value = parse_unary(p);
	else if (rs_cparse_take(p, "~"))
		value = ~parse_unary(p);
	else if (rs_cparse_take(p, "!"))
		value = !parse_unary(p);
	else
		value = parse_operand(p);
	p->depth--;
	return value;
}

/* ---- operators ---- */

/* Loosest first; one level a row. */
static const char *const levels[][5] = {
	{ "||" },
	{ "&&" },
	{ "|" },
	{ "^" },
	{ "&" },
	{ "==", "!=" },
	{ "<=", ">=", "<", ">" },
	{ "<<", ">>" },
	{ "+", "-" },
	{ "*", "/", "%" },
};

static int64_t divide(struct rs_cparse *p, bool modulo, int64_t a, int64_t b)
{
	if (b == 0)
		rs_cparse_fail(p, "a division by zero");
	if (b == 0 || (a == INT64_MIN && b == -1))
		return 0;
	return modulo ? a % b : a / b;
}

static int64_t compare(const char *op, int64_t a, int64_t b)
{
	switch (op[0]) {
	case '=':
		return a == b;
	case '!':
		return a != b;
	case '<':
		return op[1] ? a <= b : a < b;
	default:
		return op[1] ? a >= b : a > b;
	}
}

static int64_t shift(bool left, int64_t a, int64_t b)
{
	if (b < 0 || b > 63)
		return 0;
	return left ? (int64_t)((uint64_t)a << b) : a >> b;
}

static int64_t apply(struct rs_cparse *p, const char *op, int64_t a, int64_t b)
{
	uint64_t x = (uint64_t)a, y = (uint64_t)b;

	if (strcmp(op, "<<") == 0 || strcmp(op, ">>") == 0)
		return shift(op[0] == '<', a, b);
	switch (op[0]) {
	case '|':
		return op[1] ? a || b : a | b;
	case '&':
		return op[1] ? a && b : a & b;
	case '^':
		return a ^ b;
	case '+':
		return (int64_t)(x + y);
	case '-':
		return (int64_t)(x - y);
	case '*':
		return (int64_t)(x * y);
	case '/':
	case '%':
		return divide(p, op[0] == '%', a, b);
	default:
		return compare(op, a, b);
	}
}

static int64_t parse_level(struct rs_cparse *p, unsigned level)
{
	int64_t value;

	if (level == ARRAY_SIZE(levels))
		return parse_unary(p);
	value = parse_level(p, level + 1);
	for (unsigned i = 0; i < ARRAY_SIZE(levels[0]) && levels[level][i]; i++)
		if (rs_cparse_take(p, levels[level][i])) {
			value = apply(p, levels[level][i], value, parse_level(p, level + 1));
			i = (unsigned)-1; /* the next operator of this level may be any */
		}
	return value;
}

static int64_t parse_ternary(struct rs_cparse *p)
{
	int64_t value, yes, no;

	if (!rs_cparse_enter(p))
		return 0;
	value = parse_level(p, 0);
	if (rs_cparse_take(p, "?")) {
		yes = parse_ternary(p);
		rs_cparse_expect(p, ":");
		no = parse_ternary(p);
		value = value ? yes : no;
	}
	p->depth--;
	return value;
}

int64_t rs_cparse_constant(struct rs_cparse *p)
{
	return parse_ternary(p);
}
