/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which variable a $x is. A variable lives in the block of its let or of its first assignment, and in those
 * within. Releases before 0.22 knew only one scope, the probe: where a script reads a variable outside of the
 * blocks that assign it, the variable is hoisted to the probe and the probe is bound again.
 */

#include <string.h>

#include "base/suggest.h"
#include "lang/sema-private.h"

#define HOISTED_MAX   64
#define VARIABLES_MAX 4096
/* $1 ... of a script; and text of one. */
#define NUMBER_TEXT_MAX 24

struct scope {
	struct scope *outer;
	struct rs_variable **variables;
	unsigned n;
};

struct bind {
	struct rs_sema *s;
	struct rs_probe *probe;
	struct scope *scope, *outermost;
	/* Names assigned in blocks that are closed, and those of them that are hoisted. */
	const char **closed;
	unsigned n_closed;
	const char *hoisted[HOISTED_MAX];
	unsigned n_hoisted;
	bool again; /* one more name is hoisted */
	bool report;
	unsigned loop_depth, callback_depth;
	bool callback_ranges;
};

static void bind_node(struct bind *b, struct rs_node *node);

static void bind_list(struct bind *b, struct rs_node_list *list)
{
	for (unsigned i = 0; i < list->n; i++)
		bind_node(b, list->items[i]);
}

/* ---- scopes ---- */

static bool contains(const char *const *names, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static struct rs_variable *find_in(const struct scope *scope, const char *name)
{
	for (unsigned i = scope->n; i > 0; i--)
		if (strcmp(scope->variables[i - 1]->name, name) == 0)
			return scope->variables[i - 1];
	return NULL;
}

static struct rs_variable *find(const struct bind *b, const char *name)
{
	struct rs_variable *variable = NULL;

	for (const struct scope *scope = b->scope; scope && !variable; scope = scope->outer)
		variable = find_in(scope, name);
	return variable;
}

static struct rs_variable *add(struct bind *b, struct scope *scope, const struct rs_node *node,
			       const char *name)
{
	struct rs_arena *arena = b->s->arena;
	struct rs_probe *probe = b->probe;
	struct rs_variable *variable;

	if (probe->n_variables >= VARIABLES_MAX) {
		rs_diag_error(b->s->diags, node->span, "more than %u variables", VARIABLES_MAX);
		return NULL;
	}
	variable = rs_arena_new(arena, struct rs_variable);
	if (variable)
		*variable = (struct rs_variable){
			.name = name,
			.span = node->span,
			.type = &rs_type_unknown,
			.id = probe->n_variables,
			.callback_depth = scope == b->outermost ? 0 : b->callback_depth,
		};
	if (!variable || !rs_list_add(arena, scope->variables, scope->n, variable) ||
	    !rs_list_add(arena, probe->variables, probe->n_variables, variable)) {
		b->s->diags->out_of_memory = true;
		return NULL;
	}
	return variable;
}

static struct scope *enter(struct bind *b, struct scope *scope)
{
	*scope = (struct scope){ .outer = b->scope };
	b->scope = scope;
	return scope;
}

static void leave(struct bind *b)
{
	struct scope *scope = b->scope;

	for (unsigned i = 0; i < scope->n; i++) {
		const struct rs_variable *variable = scope->variables[i];

		/* Only those that an assignment made can have meant the whole probe. */
		if (variable->assigned && !contains(b->closed, b->n_closed, variable->name) &&
		    !rs_list_add(b->s->arena, b->closed, b->n_closed, variable->name))
			b->s->diags->out_of_memory = true;
	}
	b->scope = scope->outer;
}

static void bind_block(struct bind *b, struct rs_node_list *list)
{
	struct scope scope;

	enter(b, &scope);
	bind_list(b, list);
	leave(b);
}

/* ---- variables ---- */

static bool hoist(struct bind *b, const char *name)
{
	if (b->n_hoisted == HOISTED_MAX || !contains(b->closed, b->n_closed, name))
		return false;
	if (!contains(b->hoisted, b->n_hoisted, name))
		b->hoisted[b->n_hoisted++] = name;
	return b->again = true;
}

static void undefined(struct bind *b, const struct rs_node *node)
{
	struct rs_suggest suggest;
	const char *nearest;

	if (!b->report)
		return;
	rs_suggest_init(&suggest, node->text);
	for (const struct scope *scope = b->scope; scope; scope = scope->outer)
		for (unsigned i = 0; i < scope->n; i++)
			rs_suggest_offer(&suggest, scope->variables[i]->name);
	nearest = rs_suggest_best(&suggest);
	rs_diag_error(b->s->diags, node->span, "undefined variable \"%s\"", node->text);
	if (nearest && strlen(node->text) > 2)
		rs_diag_hint(b->s->diags, "did you mean \"%s\"?", nearest);
	else
		rs_diag_hint(b->s->diags, "give it a value before it is used: %s = ...",
			     node->text);
}

static void bind_read(struct bind *b, struct rs_node *node)
{
	struct rs_variable *variable = find(b, node->text);

	node->variable = variable;
	if (variable) {
		if (variable->callback_depth < b->callback_depth)
			variable->captured = true;
		return;
	}
	if (!hoist(b, node->text))
		undefined(b, node);
}

static void bind_write(struct bind *b, struct rs_node *node)
{
	struct rs_variable *variable = find(b, node->text);

	if (!variable && contains(b->hoisted, b->n_hoisted, node->text)) {
		variable = add(b, b->outermost, node, node->text);
		if (variable)
			variable->hoisted = true;
	}
	if (!variable)
		variable = add(b, b->scope, node, node->text);
	if (!variable)
		return;
	if (!variable->declared)
		variable->assigned = true;
	if (variable->callback_depth < b->callback_depth)
		variable->captured = true;
	node->variable = variable;
}

static void redeclared(struct bind *b, const struct rs_node *node, const char *name)
{
	if (!b->report)
		return;
	rs_diag_error(b->s->diags, node->span, "variable \"%s\" exists already", name);
	rs_diag_hint(b->s->diags, "an inner one can not hide an outer one: give it another name");
}

static void bind_let(struct bind *b, struct rs_node *node)
{
	if (node->a)
		bind_node(b, node->a);
	if (find(b, node->text))
		redeclared(b, node, node->text);
	node->variable = add(b, b->scope, node, node->text);
	if (!node->variable)
		return;
	node->variable->declared = node->type_name != NULL;
	node->variable->zero_first = !node->a;
	node->variable->assigned = false;
}

static void bind_assign(struct bind *b, struct rs_node *node)
{
	bind_node(b, node->b);
	if (node->a->kind != RS_NODE_VAR) {
		bind_node(b, node->a);
		return;
	}
	if (node->op != RS_OPERATOR_NONE)
		bind_read(b, node->a);
	else
		bind_write(b, node->a);
}

/* ---- loops ---- */

static void bind_loop_body(struct bind *b, struct rs_node *node, bool in_callback)
{
	struct scope scope;

	b->loop_depth++;
	b->callback_depth += in_callback;
	enter(b, &scope);
	if (node->kind == RS_NODE_FOR_MAP || node->kind == RS_NODE_FOR_RANGE) {
		struct rs_variable *shadowed = find(b, node->a->text);

		if (shadowed)
			redeclared(b, node->a, node->a->text);
		node->variable = add(b, &scope, node->a, node->a->text);
		node->a->variable = node->variable;
	}
	bind_list(b, &node->list);
	leave(b);
	b->callback_depth -= in_callback;
	b->loop_depth--;
}

static void bind_for_map(struct bind *b, struct rs_node *node)
{
	bind_node(b, node->b);
	bind_loop_body(b, node, true);
}

static void bind_for_range(struct bind *b, struct rs_node *node)
{
	bind_node(b, node->b);
	bind_node(b, node->c);
	bind_loop_body(b, node, b->callback_ranges);
}

static void bind_jump(struct bind *b, const struct rs_node *node)
{
	const char *word = node->kind == RS_NODE_BREAK ? "break" : "continue";

	if (b->loop_depth || !b->report)
		return;
	rs_diag_error(b->s->diags, node->span, "\"%s\" outside of a loop", word);
	rs_diag_hint(b->s->diags, "return ends the run of the probe");
}

/* ---- parameters of the command line ---- */

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* A number in decimal, 0x or 0 notation, with a sign. */
static bool parse_number(const char *text, uint64_t *ret_number)
{
	bool negative = *text == '-';
	uint64_t number = 0;
	unsigned base = 10;

	text += *text == '-' || *text == '+';
	if (text[0] == '0' && (text[1] | 0x20) == 'x') {
		base = 16;
		text += 2;
	} else if (text[0] == '0' && text[1]) {
		base = 8;
		text++;
	}
	if (!*text)
		return false;
	for (; *text; text++) {
		unsigned digit = (unsigned)digit_of(*text);

		if (digit >= base || __builtin_mul_overflow(number, base, &number) ||
		    __builtin_add_overflow(number, digit, &number))
			return false;
	}
	if (negative && number > (uint64_t)INT64_MAX + 1)
		return false;
	*ret_number = negative ? 0 - number : number;
	return true;
}

static void bind_param(struct bind *b, struct rs_node *node)
{
	const struct rs_lang_options *options = b->s->options;
	uint64_t i = node->number;
	char *count;

	if (node->text) /* bound before */
		return;
	node->text_constant = true;
	if (i == 0) {
		count = rs_arena_printf(b->s->arena, "%u", options->n_params);
		node->text = count ? count : "";
	} else {
		node->text = i <= options->n_params ? options->params[i - 1] : "";
	}
	node->text_len = (uint32_t)strlen(node->text);
	node->number = 0;
	node->constant = !*node->text || parse_number(node->text, &node->number);
}

/* ---- the tree ---- */

static void bind_if(struct bind *b, struct rs_node *node)
{
	bind_node(b, node->a);
	bind_block(b, &node->list);
	bind_block(b, &node->other);
}

static void bind_block_expr(struct bind *b, struct rs_node *node)
{
	struct scope scope;

	enter(b, &scope);
	bind_list(b, &node->list);
	if (node->a)
		bind_node(b, node->a);
	leave(b);
}

static void bind_type_name(struct bind *b, struct rs_type_name *name)
{
	if (!name)
		return;
	if (name->of)
		bind_node(b, (struct rs_node *)name->of);
	for (unsigned i = 0; i < name->n_elements; i++)
		bind_type_name(b, name->elements[i]);
}

static void bind_children(struct bind *b, struct rs_node *node)
{
	bind_type_name(b, node->type_name);
	if (node->a)
		bind_node(b, node->a);
	if (node->b)
		bind_node(b, node->b);
	if (node->c)
		bind_node(b, node->c);
	bind_list(b, &node->list);
	bind_list(b, &node->other);
}

static void bind_node(struct bind *b, struct rs_node *node)
{
	switch (node->kind) {
	case RS_NODE_PARAM:
		bind_param(b, node);
		break;
	case RS_NODE_VAR:
		bind_read(b, node);
		break;
	case RS_NODE_ASSIGN:
		bind_assign(b, node);
		break;
	case RS_NODE_LET:
		bind_type_name(b, node->type_name);
		bind_let(b, node);
		break;
	case RS_NODE_IF:
		bind_if(b, node);
		break;
	case RS_NODE_BLOCK:
		bind_block(b, &node->list);
		break;
	case RS_NODE_BLOCK_EXPR:
		bind_block_expr(b, node);
		break;
	case RS_NODE_WHILE:
	case RS_NODE_UNROLL:
		bind_node(b, node->a);
		bind_loop_body(b, node, false);
		break;
	case RS_NODE_FOR_MAP:
		bind_for_map(b, node);
		break;
	case RS_NODE_FOR_RANGE:
		bind_for_range(b, node);
		break;
	case RS_NODE_BREAK:
	case RS_NODE_CONTINUE:
		bind_jump(b, node);
		break;
	default:
		bind_children(b, node);
	}
}

static void bind_once(struct bind *b)
{
	struct scope outermost;

	b->probe->variables = NULL;
	b->probe->n_variables = 0;
	b->n_closed = 0;
	b->again = false;
	b->outermost = enter(b, &outermost);
	if (b->probe->predicate)
		bind_node(b, b->probe->predicate);
	bind_list(b, &b->probe->body->list);
	leave(b);
	b->outermost = NULL;
}

void rs_sema_bind(struct rs_sema *s, struct rs_probe *probe)
{
	const struct rs_lang_features *features = s->source ? &s->source->features : NULL;
	struct bind b = {
		.s = s,
		.probe = probe,
		.callback_ranges = features && features->loop && !features->iter_num,
	};

	/* Every round hoists one name more at least. */
	for (unsigned i = 0; i <= HOISTED_MAX; i++) {
		bind_once(&b);
		if (!b.again || s->diags->out_of_memory)
			break;
	}
	b.report = true;
	bind_once(&b);
}
