/* SPDX-License-Identifier: Apache-2.0 */
/* Types as written: in casts, sizeof, offsetof, let. */
#include "lang/list.h"
#include "lang/parse.h"

/* Words that make up C's own types, and may stand together. */
static const char *const c_words[] = { "unsigned", "signed", "char",  "short",
				       "int",      "long",   "const", "volatile" };
/* Words that are a type alone. */
static const char *const words[] = {
	"void",      "bool",      "string",  "buffer",  "inet",     "int8",     "int16",
	"int32",     "int64",     "uint8",   "uint16",  "uint32",   "uint64",   "int8_t",
	"int16_t",   "int32_t",   "int64_t", "uint8_t", "uint16_t", "uint32_t", "uint64_t",
	"size_t",    "ssize_t",   "min_t",   "max_t",   "sum_t",    "count_t",  "avg_t",
	"stats_t",   "umin_t",    "umax_t",  "usum_t",  "ucount_t", "uavg_t",   "ustats_t",
	"timestamp", "macaddr_t", "ksym_t",  "usym_t",  "kstack_t", "ustack_t", "float",
	"double",
};

static bool is_one_of(const struct rs_token *token, const char *const *names, size_t n)
{
	if (token->kind != RS_TOKEN_NAME)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(token->text, names[i]) == 0)
			return true;
	return false;
}

static bool is_c_word(const struct rs_token *token)
{
	return is_one_of(token, c_words, ARRAY_SIZE(c_words));
}

static bool is_tag(const struct rs_token *token)
{
	return rs_token_is(token, "struct") || rs_token_is(token, "union") ||
	       rs_token_is(token, "enum");
}

bool rs_parse_is_type(struct rs_parser *p, unsigned i)
{
	const struct rs_token *token = rs_parse_peek(p, i);

	if (is_tag(token) || is_c_word(token))
		return true;
	if (is_one_of(token, words, ARRAY_SIZE(words))) {
		enum rs_token_kind next = rs_parse_peek(p, i + 1)->kind;

		/* "string" ... may also name something else. */
		return next == RS_TOKEN_RPAREN || next == RS_TOKEN_MUL ||
		       next == RS_TOKEN_LBRACKET || next == RS_TOKEN_COMMA;
	}
	return rs_token_is(token, "typeof") && rs_parse_peek(p, i + 1)->kind == RS_TOKEN_LPAREN;
}

/* What may follow a cast; an operator that can have two sides does not count. */
static bool is_operand(const struct rs_token *token)
{
	switch (token->kind) {
	case RS_TOKEN_INT:
	case RS_TOKEN_STRING:
	case RS_TOKEN_VAR:
	case RS_TOKEN_MAP:
	case RS_TOKEN_PARAM:
	case RS_TOKEN_LPAREN:
	case RS_TOKEN_NOT:
	case RS_TOKEN_BIT_NOT:
		return true;
	default:
		return token->kind == RS_TOKEN_NAME;
	}
}

bool rs_parse_is_cast(struct rs_parser *p)
{
	unsigned i = 2;

	if (rs_parse_is_type(p, 1))
		return true;
	if (rs_parse_peek(p, 1)->kind != RS_TOKEN_NAME)
		return false;
	while (i < RS_PARSE_AHEAD - 2 && rs_parse_peek(p, i)->kind == RS_TOKEN_MUL)
		i++;
	if (rs_parse_peek(p, i)->kind == RS_TOKEN_RPAREN)
		return i > 2 || is_operand(rs_parse_peek(p, i + 1));
	if (rs_parse_peek(p, i)->kind != RS_TOKEN_LBRACKET)
		return false;
	i += rs_parse_peek(p, i + 1)->kind == RS_TOKEN_INT;
	return rs_parse_peek(p, i + 1)->kind == RS_TOKEN_RBRACKET &&
	       rs_parse_peek(p, i + 2)->kind == RS_TOKEN_RPAREN &&
	       is_operand(rs_parse_peek(p, i + 3));
}

/* ---- reading ---- */

static void add_word(struct rs_str *base, const char *word)
{
	if (base->len)
		rs_str_append_char(base, ' ');
	rs_str_append_cstr(base, word);
}

/* "struct sock", "unsigned long", "uint64", "pid_t" */
static bool read_base(struct rs_parser *p, struct rs_str *base)
{
	bool tag = false, c_type = false;

	for (;;) {
		const struct rs_token *token = rs_parse_peek(p, 0);

		if (rs_token_is(token, "const") || rs_token_is(token, "volatile")) {
			rs_parse_take(p);
			continue;
		}
		if (is_tag(token) && !base->len)
			tag = true;
		else if (is_c_word(token) && (!base->len || c_type))
			c_type = true;
		else if (token->kind != RS_TOKEN_NAME || c_type || (base->len && !tag))
			break;
		else
			tag = false;
		add_word(base, token->text);
		rs_parse_take(p);
		if (!tag && !c_type)
			break;
	}
	if (base->len && !tag)
		return true;
	rs_parse_wrong(p, tag ? "the name of the type" : "a type");
	return false;
}

static bool read_typeof(struct rs_parser *p, struct rs_type_name *type)
{
	rs_parse_take(p);
	if (!rs_parse_expect(p, RS_TOKEN_LPAREN, "behind typeof"))
		return false;
	if (rs_parse_is_type(p, 0)) {
		struct rs_type_name *same = rs_parse_type(p);

		if (!same)
			return false;
		*type = *same;
	} else {
		type->base = "typeof";
		type->of = rs_parse_expr(p);
		if (!type->of)
			return false;
	}
	return rs_parse_expect(p, RS_TOKEN_RPAREN, "behind what typeof asks for");
}

static bool read_tuple(struct rs_parser *p, struct rs_type_name *type)
{
	type->base = "tuple";
	rs_parse_take(p);
	do {
		struct rs_type_name *element = rs_parse_type(p);

		if (!element)
			return false;
		if (!rs_list_add(p->arena, type->elements, type->n_elements, element))
			p->diags->out_of_memory = true;
	} while (rs_parse_accept(p, RS_TOKEN_COMMA));
	return rs_parse_expect(p, RS_TOKEN_RPAREN, "behind the types of a tuple");
}

/* "*" and "[4]" behind the name. */
static bool read_suffix(struct rs_parser *p, struct rs_type_name *type)
{
	while (rs_parse_accept(p, RS_TOKEN_MUL) || rs_parse_accept_word(p, "const"))
		type->pointers += p->last.kind == RS_TOKEN_MUL;
	while (rs_parse_accept(p, RS_TOKEN_LBRACKET)) {
		if (type->n_dims >= ARRAY_SIZE(type->dims)) {
			rs_diag_error(p->diags, p->last.span, "an array has at most %zu dimensions",
				      ARRAY_SIZE(type->dims));
			return false;
		}
		type->n_dims++;
		if (rs_parse_accept(p, RS_TOKEN_RBRACKET))
			continue;
		if (!rs_parse_is(p, RS_TOKEN_INT)) {
			rs_parse_wrong(p, "the number of elements of the array");
			return false;
		}
		type->dims[type->n_dims - 1] = rs_parse_take(p).number;
		if (!rs_parse_expect(p, RS_TOKEN_RBRACKET, "behind the number of elements"))
			return false;
	}
	return true;
}

static bool read_type(struct rs_parser *p, struct rs_type_name *type)
{
	_cleanup_(rs_str_done) struct rs_str base = RS_STR_INIT(4096);

	type->span = rs_parse_peek(p, 0)->span;
	if (rs_parse_is(p, RS_TOKEN_LPAREN)) {
		if (!read_tuple(p, type))
			return false;
	} else if (rs_parse_is_word(p, "typeof")) {
		if (!read_typeof(p, type))
			return false;
	} else {
		if (!read_base(p, &base))
			return false;
		type->base = rs_parse_copy(p, rs_str_cstr(&base), base.len);
		if (!type->base)
			return false;
	}
	if (!read_suffix(p, type))
		return false;
	type->span = rs_span_join(type->span, p->last.span);
	return true;
}

struct rs_type_name *rs_parse_type(struct rs_parser *p)
{
	struct rs_type_name *type = rs_arena_new(p->arena, struct rs_type_name);
	bool ok;

	if (!type) {
		p->diags->out_of_memory = true;
		return NULL;
	}
	ok = rs_parse_enter(p) && read_type(p, type);
	rs_parse_leave(p);
	return ok ? type : NULL;
}
