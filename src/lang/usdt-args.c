/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Arguments of USDT probes as <sys/sdt.h> leaves them in the note: SIZE@OPERAND, separated by blanks, the
 * operand as the assembler of the machine writes it.
 *
 *	x86-64	-4@%edi  8@$5  8@-8(%rbp)  4@(%rax,%rbx,4)  8@counter(%rip)
 *	arm64	-4@w0  8@5  8@[sp]  8@[sp, 16]  8@[x19, x20]
 *
 * Both are understood everywhere: which registers there are decides rs_regs_offset().
 */

#include <errno.h>
#include <string.h>

#include "lang/sema.h"

#define NAME_MAX_BYTES 16

struct reader {
	struct rs_arena *arena;
	const char *at, *end;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static void skip_blanks(struct reader *r)
{
	while (r->at < r->end && is_blank(*r->at))
		r->at++;
}

static bool take(struct reader *r, char c)
{
	skip_blanks(r);
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

/* ---- splitting ---- */

/* Blanks within brackets belong to the operand: "8@[sp, 16]". */
static const char *end_of_argument(const char *at)
{
	unsigned depth = 0;

	for (; *at && (depth || !is_blank(*at)); at++) {
		if (*at == '[' || *at == '(')
			depth++;
		else if ((*at == ']' || *at == ')') && depth)
			depth--;
	}
	return at;
}

static const char *next_argument(const char **at)
{
	const char *begin = *at;

	while (is_blank(*begin))
		begin++;
	*at = end_of_argument(begin);
	return *begin ? begin : NULL;
}

unsigned rs_usdt_arg_count(const char *args)
{
	unsigned n = 0;

	while (next_argument(&args))
		n++;
	return n;
}

/* ---- pieces ---- */

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

static bool read_number(struct reader *r, int64_t *ret)
{
	unsigned base = 10;
	uint64_t number = 0;
	const char *begin;
	bool negative;

	skip_blanks(r);
	negative = r->at < r->end && *r->at == '-';
	if (r->at < r->end && (*r->at == '-' || *r->at == '+'))
		r->at++;
	if (r->end - r->at > 2 && r->at[0] == '0' && (r->at[1] | 0x20) == 'x') {
		base = 16;
		r->at += 2;
	}
	begin = r->at;
	for (; r->at < r->end && (unsigned)digit_of(*r->at) < base; r->at++)
		if (__builtin_mul_overflow(number, base, &number) ||
		    __builtin_add_overflow(number, (unsigned)digit_of(*r->at), &number))
			return false;
	if (r->at == begin)
		return false;
	*ret = (int64_t)(negative ? 0 - number : number);
	return true;
}

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* The name of a register without %, in lower case. */
static bool read_name(struct reader *r, char name[NAME_MAX_BYTES])
{
	unsigned n = 0;

	skip_blanks(r);
	if (r->at < r->end && *r->at == '%')
		r->at++;
	for (; r->at < r->end && is_name_byte(*r->at); r->at++) {
		if (n + 1 == NAME_MAX_BYTES)
			return false;
		name[n++] = *r->at >= 'A' && *r->at <= 'Z' ? (char)(*r->at | 0x20) : *r->at;
	}
	name[n] = '\0';
	return n > 0;
}

/* ---- registers: the whole one, and the bytes that the name means ---- */

static const char *const x86_words[] = { "ax", "bx", "cx", "dx", "si", "di", "bp", "sp", "ip" };

static bool ends_in(const char *text, char c)
{
	size_t n = strlen(text);

	return n && text[n - 1] == c;
}

/* al, ah is refused: it is not where the whole register begins. sil, dil. */
static unsigned x86_byte_name(const char *name, char word[NAME_MAX_BYTES])
{
	size_t n = strlen(name);

	if (n == 2 && name[1] == 'l' && strchr("abcd", name[0]))
		snprintf(word, NAME_MAX_BYTES, "%cx", name[0]);
	else if (n == 3 && name[2] == 'l')
		snprintf(word, NAME_MAX_BYTES, "%c%c", name[0], name[1]);
	else
		return 0;
	return 1;
}

static unsigned x86_named(const char *name, char whole[NAME_MAX_BYTES])
{
	char word[NAME_MAX_BYTES];
	unsigned size = x86_byte_name(name, word);

	if (!size) {
		size = *name == 'r' ? 8 : *name == 'e' ? 4 : 2;
		snprintf(word, sizeof(word), "%s", name + (size != 2));
	}
	for (size_t i = 0; i < ARRAY_SIZE(x86_words); i++)
		if (strcmp(word, x86_words[i]) == 0) {
			snprintf(whole, NAME_MAX_BYTES, "r%.2s", word);
			return size;
		}
	return 0;
}

/* r8, r8d, r8w, r8b */
static unsigned x86_numbered(const char *name, char whole[NAME_MAX_BYTES])
{
	size_t digits = strspn(name + 1, "0123456789");
	const char *suffix = name + 1 + digits;

	if (*name != 'r' || !digits || digits > 2 || strlen(suffix) > 1)
		return 0;
	snprintf(whole, NAME_MAX_BYTES, "%.*s", (int)(1 + digits), name);
	return !*suffix               ? 8
	       : *suffix == 'd'       ? 4
	       : *suffix == 'w'       ? 2
	       : ends_in(suffix, 'b') ? 1
				      : 0;
}

/* x0, w0, sp */
static unsigned arm_name(const char *name, char whole[NAME_MAX_BYTES])
{
	if (strcmp(name, "sp") == 0) {
		snprintf(whole, NAME_MAX_BYTES, "sp");
		return 8;
	}
	if ((*name != 'x' && *name != 'w') || !name[1] || strlen(name) > 3 ||
	    strspn(name + 1, "0123456789") != strlen(name + 1))
		return 0;
	snprintf(whole, NAME_MAX_BYTES, "x%s", name + 1);
	return *name == 'x' ? 8 : 4;
}

/* Bytes of the register, 0: no such. */
static unsigned find_register(const char *name, bool percent, char whole[NAME_MAX_BYTES])
{
	unsigned size;

	if (!percent)
		return arm_name(name, whole);
	size = x86_named(name, whole);
	return size ? size : x86_numbered(name, whole);
}

static bool read_register(struct reader *r, bool percent, const char **ret_name, unsigned *ret_size)
{
	char name[NAME_MAX_BYTES], whole[NAME_MAX_BYTES];
	unsigned size;

	skip_blanks(r);
	if (percent != (r->at < r->end && *r->at == '%') || !read_name(r, name))
		return false;
	size = find_register(name, percent, whole);
	if (!size)
		return false;
	*ret_name = rs_arena_strdup(r->arena, whole);
	*ret_size = size;
	return *ret_name != NULL;
}

/* ---- operands ---- */

/* OFFSET(BASE,INDEX,SCALE), each part optional but one register. */
static bool x86_memory(struct reader *r, struct rs_usdt_arg *arg)
{
	unsigned size;
	int64_t scale = 1;

	arg->kind = RS_USDT_MEMORY;
	arg->scale = 1;
	if (!take(r, ','))
		if (!read_register(r, true, &arg->reg, &arg->reg_size))
			return false;
	if (arg->reg && take(r, ')'))
		return true;
	if (arg->reg && !take(r, ','))
		return false;
	if (!read_register(r, true, &arg->index, &size))
		return false;
	if (take(r, ',') && !read_number(r, &scale))
		return false;
	if (scale != 1 && scale != 2 && scale != 4 && scale != 8)
		return false;
	arg->scale = (unsigned)scale;
	return take(r, ')');
}

/* [BASE], [BASE, OFFSET], [BASE, INDEX] */
static bool arm_memory(struct reader *r, struct rs_usdt_arg *arg)
{
	unsigned size;

	arg->kind = RS_USDT_MEMORY;
	arg->scale = 1;
	if (!read_register(r, false, &arg->reg, &arg->reg_size))
		return false;
	if (take(r, ']'))
		return true;
	if (!take(r, ','))
		return false;
	take(r, '#');
	if (!read_number(r, &arg->value) && !read_register(r, false, &arg->index, &size))
		return false;
	return take(r, ']');
}

static bool read_constant(struct reader *r, struct rs_usdt_arg *arg)
{
	arg->kind = RS_USDT_CONST;
	return read_number(r, &arg->value);
}

static bool read_operand(struct reader *r, struct rs_usdt_arg *arg)
{
	if (take(r, '$'))
		return read_constant(r, arg);
	if (take(r, '['))
		return arm_memory(r, arg);
	if (take(r, '('))
		return x86_memory(r, arg);
	if (r->at < r->end && *r->at == '%') {
		arg->kind = RS_USDT_REG;
		return read_register(r, true, &arg->reg, &arg->reg_size);
	}
	if (read_number(r, &arg->value)) {
		if (take(r, '('))
			return x86_memory(r, arg);
		arg->kind = RS_USDT_CONST;
		return true;
	}
	arg->kind = RS_USDT_REG;
	return read_register(r, false, &arg->reg, &arg->reg_size);
}

static bool read_size(struct reader *r, struct rs_usdt_arg *arg)
{
	const char *begin = r->at;
	int64_t size;

	if (!memchr(r->at, '@', (size_t)(r->end - r->at))) { /* older notes: a whole word */
		arg->size = 8;
		return true;
	}
	if (!read_number(r, &size) || !take(r, '@')) {
		r->at = begin;
		return false;
	}
	arg->is_signed = size < 0;
	arg->size = (unsigned)(size < 0 ? -(uint64_t)size : (uint64_t)size);
	return arg->size == 1 || arg->size == 2 || arg->size == 4 || arg->size == 8;
}

int rs_usdt_arg_parse(struct rs_arena *arena, const char *args, unsigned i, struct rs_usdt_arg *ret)
{
	struct rs_usdt_arg arg = { 0 };
	struct reader r = { .arena = arena };

	do {
		r.at = next_argument(&args);
		if (!r.at)
			return -ENOENT;
	} while (i--);
	r.end = args;
	if (!read_size(&r, &arg) || !read_operand(&r, &arg))
		return -EINVAL;
	skip_blanks(&r);
	if (r.at != r.end)
		return -EINVAL;
	*ret = arg;
	return 0;
}
