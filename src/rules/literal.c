/* SPDX-License-Identifier: Apache-2.0 */
/* Turns literals into what the field's values are compared with. */
#include "rules/literal.h"

#include <errno.h>

#include "base/suggest.h"
#include "base/units.h"
#include "bpf/abi/control.h"

/* One literal into place i of expr. */
typedef int take_fn(struct rs_lexer *lexer, const struct rs_token *literal, struct rs_expr *expr,
		    size_t i);

static int refuse(struct rs_lexer *lexer, const struct rs_token *literal, const char *what)
{
	char shown[RS_TOKEN_SHOWN];

	if (lexer->mark)
		*lexer->mark = literal->mark;
	return rs_error_set(lexer->err, -EINVAL, "%s is %s", rs_token_show(lexer, literal, shown),
			    what);
}

static int no_memory(struct rs_lexer *lexer)
{
	return rs_error_set_errno(lexer->err, -ENOMEM, "reading the condition");
}

/* --- numbers --- */

bool rs_expr_is_number(const struct rs_token *literal)
{
	int64_t v;

	return literal->type == RS_TOKEN_WORD && !rs_units_parse_i64(literal->text.data, &v, NULL);
}

static bool with_unit(const char *text, enum rs_expr_unit unit, int64_t *ret_value)
{
	uint64_t v = 0;
	int r = -EINVAL;

	if (unit == RS_UNIT_TIME)
		r = rs_units_parse_duration(text, &v, NULL);
	else if (unit == RS_UNIT_SIZE)
		r = rs_units_parse_size(text, &v, NULL);
	if (r < 0 || v > INT64_MAX)
		return false;
	*ret_value = (int64_t)v;
	return true;
}

static int not_a_number(struct rs_lexer *lexer, const struct rs_token *literal,
			const struct rs_expr_name *name)
{
	static const char *const whats[] = {
		[RS_UNIT_NONE] = "not a number",
		[RS_UNIT_TIME] = "not a duration",
		[RS_UNIT_SIZE] = "not a size",
	};
	int r = refuse(lexer, literal, whats[name->unit]);

	if (!strcmp(name->text, "user.id"))
		rs_error_hint(lexer->err, "names are in user.name: write user == \"root\"");
	else if (literal->type == RS_TOKEN_STRING)
		rs_error_hint(lexer->err, "%s is a number: write it without quotes", name->text);
	else if (name->unit == RS_UNIT_TIME)
		rs_error_hint(lexer->err,
			      "write it as 100ms, 2s or 1m30s; without a unit it is ns");
	else if (name->unit == RS_UNIT_SIZE)
		rs_error_hint(lexer->err, "write it as 4096, 4K or 1.5M");
	else
		rs_error_hint(lexer->err, "%s is compared with numbers such as 42 or 0x2a",
			      name->text);
	return r;
}

static int take_number(struct rs_lexer *lexer, const struct rs_token *literal, struct rs_expr *expr,
		       size_t i)
{
	const char *text = literal->text.data;
	int64_t v;

	if (literal->type == RS_TOKEN_WORD &&
	    (!rs_units_parse_i64(text, &v, NULL) || with_unit(text, expr->name->unit, &v))) {
		expr->numbers[i] = v;
		return 0;
	}
	return not_a_number(lexer, literal, expr->name);
}

static int take_bool(struct rs_lexer *lexer, const struct rs_token *literal, struct rs_expr *expr,
		     size_t i)
{
	bool yes = !strcmp(literal->text.data, "true");

	if (literal->type == RS_TOKEN_WORD && (yes || !strcmp(literal->text.data, "false"))) {
		expr->numbers[i] = yes;
		return 0;
	}
	refuse(lexer, literal, "neither true nor false");
	rs_error_hint(lexer->err, "%s is compared with true or false, without quotes",
		      expr->name->text);
	return -EINVAL;
}

static int take_date(struct rs_lexer *lexer, const struct rs_token *literal, struct rs_expr *expr,
		     size_t i)
{
	if (rs_expr_parse_date(literal->text.data, literal->text.len, &expr->numbers[i]))
		return 0;
	refuse(lexer, literal, "not a date");
	rs_error_hint(lexer->err,
		      "write it as 2026-11-21T10:00:00Z or 2026-11-21T10:00:00.5+02:00");
	return -EINVAL;
}

/* --- texts --- */

static int take_text(struct rs_lexer *lexer, const struct rs_token *literal, struct rs_expr *expr,
		     size_t i)
{
	struct rs_expr_name other, ids;

	if (literal->type == RS_TOKEN_WORD && memchr(literal->text.data, '.', literal->text.len) &&
	    rs_expr_name_find(literal->text.data, literal->text.len, &other, &ids) !=
		    RS_FIND_UNKNOWN) {
		refuse(lexer, literal, "a field, and fields are compared with values only");
		rs_error_hint(lexer->err, "write \"%.128s\" if the text is meant",
			      literal->text.data);
		return -EINVAL;
	}
	expr->texts[i] = literal->text;
	return 0;
}

/* The beginning of a glob up to its first wildcard, as text. */
static int set_prefix(struct rs_lexer *lexer, struct rs_expr *expr)
{
	const struct rs_text *glob = &expr->texts[0];
	char *prefix = rs_arena_alloc(lexer->arena, (size_t)glob->len + 1);
	uint32_t n = 0;

	if (!prefix)
		return no_memory(lexer);
	for (uint32_t i = 0; i < glob->len && !strchr("*?[", glob->data[i] ? glob->data[i] : 'x');
	     i++) {
		if (glob->data[i] == '\\' && i + 1 < glob->len)
			i++;
		prefix[n++] = glob->data[i];
	}
	expr->prefix = (struct rs_text){ .data = prefix, .len = n };
	return 0;
}

/* --- kinds --- */

static int no_kind(struct rs_lexer *lexer, const struct rs_token *literal)
{
	struct rs_suggest suggest;
	char shown[RS_TOKEN_SHOWN];

	rs_suggest_init(&suggest, literal->text.data);
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++)
		rs_suggest_offer(&suggest, rs_kind_to_str(kind));
	for (unsigned sensor = 0; sensor < RS_SENSOR_COUNT; sensor++)
		rs_suggest_offer(&suggest, rs_sensor_to_str(sensor));
	if (lexer->mark)
		*lexer->mark = literal->mark;
	rs_error_set(lexer->err, -EINVAL, "there is no kind %s",
		     rs_token_show(lexer, literal, shown));
	if (rs_suggest_best(&suggest))
		rs_error_hint(lexer->err, "did you mean \"%s\"?", rs_suggest_best(&suggest));
	else
		rs_error_hint(lexer->err,
			      "docs/events.md lists the kinds; a sensor (process, file, "
			      "network, ...) stands for all of its kinds");
	return -EINVAL;
}

/* A kind, or a sensor for all of its kinds. */
static int take_kind(struct rs_lexer *lexer, const struct rs_token *literal, struct rs_expr *expr,
		     size_t i)
{
	int kind = rs_kind_from_str(literal->text.data);

	(void)i;
	if (strlen(literal->text.data) != literal->text.len)
		return no_kind(lexer, literal);
	if (kind >= 0) {
		expr->kinds |= 1ull << kind;
		return 0;
	}
	for (unsigned sensor = 0; sensor < RS_SENSOR_COUNT; sensor++) {
		if (strcmp(rs_sensor_to_str(sensor), literal->text.data) != 0)
			continue;
		expr->kinds |= rs_sensor_kinds(sensor);
		return 0;
	}
	return no_kind(lexer, literal);
}

/* The names of the kinds, for who prints them or asks for demands. */
static int name_kinds(struct rs_lexer *lexer, struct rs_expr *expr)
{
	size_t n = 0;

	expr->n = (size_t)__builtin_popcountll(expr->kinds);
	expr->texts = rs_arena_alloc_array(lexer->arena, expr->n, sizeof(*expr->texts));
	if (!expr->texts)
		return no_memory(lexer);
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
		const char *name = rs_kind_to_str(kind);

		if (expr->kinds >> kind & 1)
			expr->texts[n++] = (struct rs_text){ name, (uint32_t)strlen(name), 0 };
	}
	return 0;
}

/* --- addresses --- */

static int take_net(struct rs_lexer *lexer, const struct rs_token *literal, struct rs_expr *expr,
		    size_t i)
{
	if (rs_expr_net_parse(literal->text.data, literal->text.len, &expr->nets[i]))
		return 0;
	refuse(lexer, literal, "not an IP address");
	rs_error_hint(lexer->err, "write it as 10.0.0.1, 10.0.0.0/8, fd00::1 or fd00::/8");
	return -EINVAL;
}

/* Whole addresses as events write them; left out where a block is among them. */
static int name_addresses(struct rs_lexer *lexer, struct rs_expr *expr)
{
	const unsigned family = 10; /* AF_INET6: shows IPv4 in IPv6 as IPv4 */
	struct rs_text *texts;

	for (size_t i = 0; i < expr->n; i++) {
		if (expr->nets[i].bits < 128)
			return 0;
	}
	texts = rs_arena_alloc_array(lexer->arena, expr->n, sizeof(*texts));
	if (!texts)
		return no_memory(lexer);
	for (size_t i = 0; i < expr->n; i++) {
		char *buf = rs_arena_alloc(lexer->arena, RS_EVENT_ADDR_MAX);

		if (!buf)
			return no_memory(lexer);
		texts[i].len = (uint32_t)rs_event_format_addr(family, expr->nets[i].addr, buf);
		texts[i].data = buf;
	}
	expr->texts = texts;
	return 0;
}

/* --- all --- */

static const struct {
	take_fn *take;
	bool numbers, texts, nets; /* where its values go */
} classes[] = {
	[RS_CLASS_TEXT] = { .take = take_text, .texts = true },
	[RS_CLASS_NUMBER] = { .take = take_number, .numbers = true },
	[RS_CLASS_ID] = { .take = take_number, .numbers = true },
	[RS_CLASS_BOOL] = { .take = take_bool, .numbers = true },
	[RS_CLASS_DATE] = { .take = take_date, .numbers = true },
	[RS_CLASS_IP] = { .take = take_net, .nets = true },
	[RS_CLASS_KIND] = { .take = take_kind },
};
static_assert(ARRAY_SIZE(classes) == RS_CLASS_COUNT, "a row for every class");

static int make_room(struct rs_lexer *lexer, struct rs_expr *expr)
{
	enum rs_expr_class class = expr->name->class;
	struct rs_arena *arena = lexer->arena;

	if (classes[class].numbers)
		expr->numbers = rs_arena_alloc_array(arena, expr->n, sizeof(*expr->numbers));
	if (classes[class].texts)
		expr->texts = rs_arena_alloc_array(arena, expr->n, sizeof(*expr->texts));
	if (classes[class].nets)
		expr->nets = rs_arena_alloc_array(arena, expr->n, sizeof(*expr->nets));
	if ((classes[class].numbers && !expr->numbers) || (classes[class].texts && !expr->texts) ||
	    (classes[class].nets && !expr->nets))
		return no_memory(lexer);
	return 0;
}

/* The order of long lists of texts: length first, as that is cheap. */
static int compare_texts(const void *a, const void *b)
{
	const struct rs_text *x = a, *y = b;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->data, y->data, x->len);
}

int rs_expr_literals(struct rs_lexer *lexer, const struct rs_token *literals, size_t n,
		     struct rs_expr *expr)
{
	int r;

	expr->n = n;
	r = make_room(lexer, expr);
	for (size_t i = 0; i < n && !r; i++)
		r = classes[expr->name->class].take(lexer, &literals[i], expr, i);
	if (r < 0)
		return r;
	if (expr->op == RS_EXPR_GLOB)
		return set_prefix(lexer, expr);
	if (expr->op == RS_EXPR_IN && expr->name->class == RS_CLASS_TEXT)
		qsort(expr->texts, n, sizeof(*expr->texts), compare_texts);
	if (expr->name->class == RS_CLASS_KIND)
		return name_kinds(lexer, expr);
	if (expr->name->class == RS_CLASS_IP)
		return name_addresses(lexer, expr);
	return 0;
}
