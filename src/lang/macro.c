/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Macros of the language: the tree of a body takes the place of a use, with the arguments in it. A
 * macro sees nothing that it was not given: its own variables get a number that makes them new at
 * each use ("$x#3"), and maps must be parameters. Arguments keep the place where they stand; what
 * is from the body lies in the body, with the number of the use (rs_span.expansion).
 */
#include "lang/list.h"
#include "lang/parse.h"

#define USES_MAX  32                  /* one in the other */
#define DEPTH_MAX 1000                /* of the walk through all of them */
#define NODES_MAX ((unsigned)1 << 17) /* made, in all */

struct use {
	const struct rs_macro *macro; /* NULL: the script itself */
	struct rs_node_list args;
	unsigned number; /* of the variables */
	const struct use *outer;
	unsigned level;
};

struct expander {
	struct rs_parser *p;
	const struct rs_node *statement; /* a use here needs no value */
	unsigned depth, n_nodes, n_uses;
	bool full; /* said so */
};

static void expand(struct expander *e, const struct use *use, struct rs_node **slot);

/* ---- copies ---- */

struct stamp {
	unsigned n;
	uint16_t expansion; /* 0: leave it */
};

static bool stamp_node(struct rs_node *node, void *ctx)
{
	struct stamp *stamp = ctx;

	stamp->n++;
	if (stamp->expansion && !node->span.expansion)
		node->span.expansion = stamp->expansion;
	return true;
}

/* NULL (and a message) when too much was made. */
static struct rs_node *copy(struct expander *e, const struct rs_node *node, uint16_t expansion,
			    struct rs_span span)
{
	struct stamp stamp = { .expansion = expansion };
	struct rs_node *made = e->full ? NULL : rs_node_clone(e->p->arena, node);

	if (!made) {
		e->p->diags->out_of_memory |= !e->full;
		return NULL;
	}
	rs_node_walk(made, stamp_node, &stamp);
	e->n_nodes += stamp.n;
	if (e->n_nodes <= NODES_MAX)
		return made;
	rs_diag_error(e->p->diags, span,
		      "the macros make so much of this script that it ends here");
	e->full = true;
	return NULL;
}

/* ---- which one is meant ---- */

static bool is_bare(const struct rs_node *node, enum rs_node_kind kind)
{
	return node->kind == kind && (kind != RS_NODE_MAP || !node->list.n);
}

/* How well the arguments fit; 0 not at all. */
static unsigned fit(const struct rs_macro *macro, const struct rs_node_list *args)
{
	unsigned sum = 1;

	if (macro->n_params != args->n)
		return 0;
	for (unsigned i = 0; i < args->n; i++) {
		enum rs_node_kind kind = macro->params[i].kind;

		if (kind == RS_NODE_NAME)
			continue;
		if (!is_bare(args->items[i], kind))
			return 0;
		sum++;
	}
	return sum;
}

static const struct rs_macro *find(const struct rs_parser *p, const char *name,
				   const struct rs_node_list *args, const struct rs_macro **ret_any)
{
	const struct rs_macro *best = NULL;
	unsigned best_fit = 0;

	*ret_any = NULL;
	for (const struct rs_macro *m = p->script->macros; m; m = m->next) {
		unsigned fits;

		if (strcmp(m->name, name) != 0)
			continue;
		*ret_any = m;
		fits = fit(m, args);
		if (fits > best_fit) {
			best = m;
			best_fit = fits;
		}
	}
	return best;
}

static const char *kind_text(enum rs_node_kind kind)
{
	return kind == RS_NODE_VAR ? "a variable such as $x" : "a whole map such as @m";
}

static void append_form(struct rs_str *out, const struct rs_macro *macro)
{
	rs_str_appendf(out, "%s(", macro->name);
	for (unsigned i = 0; i < macro->n_params; i++)
		rs_str_appendf(out, "%s%s", i ? ", " : "", macro->params[i].name);
	rs_str_append_char(out, ')');
}

static void does_not_fit(struct expander *e, const struct rs_node *node,
			 const struct rs_macro *macro, const struct rs_node_list *args)
{
	_cleanup_(rs_str_done) struct rs_str forms = RS_STR_INIT(200);
	struct rs_diags *diags = e->p->diags;
	unsigned n = 0;

	for (const struct rs_macro *m = e->p->script->macros; m; m = m->next) {
		if (strcmp(m->name, macro->name) != 0)
			continue;
		if (n++)
			rs_str_append_cstr(&forms, ", ");
		append_form(&forms, m);
	}
	if (macro->n_params != args->n || n > 1) {
		rs_diag_error(diags, node->span,
			      "the macro \"%s\" cannot be used with %s%u argument%s", macro->name,
			      n > 1 ? "these " : "", args->n, args->n == 1 ? "" : "s");
		rs_diag_hint(diags, "it is written %s", rs_str_cstr(&forms));
		return;
	}
	for (unsigned i = 0; i < args->n; i++) {
		enum rs_node_kind kind = macro->params[i].kind;

		if (kind == RS_NODE_NAME || is_bare(args->items[i], kind))
			continue;
		rs_diag_error(diags, args->items[i]->span, "the macro \"%s\" wants %s here",
			      macro->name, kind_text(kind));
		rs_diag_hint(diags, "it is written %s", rs_str_cstr(&forms));
		return;
	}
}

/* ---- one use ---- */

static bool is_recursive(struct expander *e, const struct use *use, const struct rs_macro *macro,
			 struct rs_span span)
{
	for (const struct use *u = use; u; u = u->outer) {
		if (u->macro != macro)
			continue;
		rs_diag_error(e->p->diags, span, "the macro \"%s\" uses itself", macro->name);
		return true;
	}
	if (!use || use->level < USES_MAX)
		return false;
	rs_diag_error(e->p->diags, span, "macros use one another more than %d levels deep",
		      USES_MAX);
	return true;
}

/* The node is a use with the arguments, which are expanded already. */
static void use_macro(struct expander *e, const struct use *outer, struct rs_node **slot,
		      const struct rs_macro *macro, const struct rs_node_list *args)
{
	struct rs_span span = (*slot)->span;
	struct use use = {
		.macro = macro,
		.args = *args,
		.number = e->n_uses + 1,
		.outer = outer,
		.level = outer->level + 1,
	};
	bool statement = e->statement == *slot;
	struct rs_node *body;

	if (is_recursive(e, outer, macro, span))
		return;
	if (macro->body->kind == RS_NODE_BLOCK_EXPR && !macro->body->a && !statement) {
		rs_diag_error(e->p->diags, span, "the macro \"%s\" has no value", macro->name);
		rs_diag_hint(e->p->diags,
			     "a macro's value is its last expression, without a ; behind it");
		return;
	}
	e->n_uses++;
	body = copy(e, macro->body, rs_diags_add_expansion(e->p->diags, macro->name, span), span);
	if (!body)
		return;
	if (body->kind == RS_NODE_BLOCK_EXPR && body->a && !body->list.n)
		body = body->a;
	if (statement)
		e->statement = body;
	*slot = body;
	expand(e, &use, slot);
}

/* A name or call: true when a macro took its place (or should have). */
static bool try_macro(struct expander *e, const struct use *use, struct rs_node **slot)
{
	const struct rs_node_list args = (*slot)->list;
	const struct rs_macro *any, *macro = find(e->p, (*slot)->text, &args, &any);

	if (macro)
		use_macro(e, use, slot, macro, &args);
	else if (any)
		does_not_fit(e, *slot, any, &args);
	return any;
}

/* ---- inside of a body ---- */

static int param_index(const struct use *use, enum rs_node_kind kind, const char *name)
{
	for (unsigned i = 0; use->macro && i < use->macro->n_params; i++)
		if (use->macro->params[i].kind == kind &&
		    strcmp(use->macro->params[i].name, name) == 0)
			return (int)i;
	return -1;
}

static void rename_variable(struct expander *e, const struct use *use, struct rs_node *node)
{
	int param = param_index(use, RS_NODE_VAR, node->text);

	if (node->kind == RS_NODE_LET && param >= 0) {
		rs_diag_error(e->p->diags, node->span, "\"%s\" is a parameter of the macro already",
			      node->text);
		return;
	}
	node->text = param >= 0 ? use->args.items[param]->text
				: rs_arena_printf(e->p->arena, "%s#%u", node->text, use->number);
	if (!node->text) {
		e->p->diags->out_of_memory = true;
		node->text = "$";
	}
	node->text_len = (uint32_t)strlen(node->text);
}

static void rename_map(struct expander *e, const struct use *use, struct rs_node *node)
{
	int param = param_index(use, RS_NODE_MAP, node->text);

	if (param >= 0) {
		node->text = use->args.items[param]->text;
		node->text_len = use->args.items[param]->text_len;
		return;
	}
	rs_diag_error(e->p->diags, node->span, "the macro \"%s\" was not given the map \"%s\"",
		      use->macro->name, node->text);
	rs_diag_hint(e->p->diags, "make it a parameter: macro %s(%s)", use->macro->name,
		     node->text);
}

/* An expression that was passed: its own names are of where it came from. True when it took the
 * place. */
static bool take_argument(struct expander *e, const struct use *use, struct rs_node **slot)
{
	int param = param_index(use, RS_NODE_NAME, (*slot)->text);
	struct rs_node *argument;

	if (param < 0)
		return false;
	argument = copy(e, use->args.items[param], 0, (*slot)->span);
	if (argument)
		*slot = argument;
	return true;
}

/* ---- the walk ---- */

static void expand_list(struct expander *e, const struct use *use, struct rs_node_list *list)
{
	for (unsigned i = 0; i < list->n; i++)
		expand(e, use, &list->items[i]);
}

struct place {
	struct expander *e;
	const struct use *use;
};

static bool expand_typeof(struct rs_node **of, void *ctx)
{
	struct place *place = ctx;

	expand(place->e, place->use, of);
	return true;
}

static void expand_below(struct expander *e, const struct use *use, struct rs_node *node)
{
	struct rs_node **parts[] = { &node->a, &node->b, &node->c };

	for (unsigned i = 0; i < ARRAY_SIZE(parts); i++)
		if (*parts[i])
			expand(e, use, parts[i]);
	expand_list(e, use, &node->list);
	expand_list(e, use, &node->other);
	rs_type_name_each(node->type_name, expand_typeof, &(struct place){ e, use });
}

/* "f();" where f has no value is its block. */
static void expand_statement(struct expander *e, const struct use *use, struct rs_node *node)
{
	e->statement = node->a;
	expand(e, use, &node->a);
	if (node->a->kind != RS_NODE_BLOCK_EXPR || node->a->a)
		return;
	node->kind = RS_NODE_BLOCK;
	node->list = node->a->list;
	node->a = NULL;
}

static void expand_node(struct expander *e, const struct use *use, struct rs_node **slot)
{
	struct rs_node *node = *slot;

	if (use->macro && (node->kind == RS_NODE_VAR || node->kind == RS_NODE_LET))
		rename_variable(e, use, node);
	if (use->macro && node->kind == RS_NODE_MAP)
		rename_map(e, use, node);
	if (node->kind == RS_NODE_NAME && (take_argument(e, use, slot) || try_macro(e, use, slot)))
		return;
	if (node->kind == RS_NODE_EXPR_STMT && !node->discard)
		expand_statement(e, use, node);
	else
		expand_below(e, use, node);
	if (node->kind == RS_NODE_CALL && try_macro(e, use, slot))
		return;
	if (rs_node_measure(node) || e->full)
		return;
	rs_diag_error(e->p->diags, node->span, "macros nest this more than %d levels deep",
		      RS_AST_HEIGHT_MAX);
	e->full = true;
}

static void expand(struct expander *e, const struct use *use, struct rs_node **slot)
{
	if (e->full || e->p->diags->out_of_memory)
		return;
	if (++e->depth > DEPTH_MAX) {
		rs_diag_error(e->p->diags, (*slot)->span, "macros nest this too deep");
		e->full = true;
	} else {
		expand_node(e, use, slot);
	}
	e->depth--;
}

void rs_macro_expand_all(struct rs_parser *p)
{
	struct expander e = { .p = p };
	const struct use none = { 0 };

	if (!p->script->macros)
		return;
	for (unsigned i = 0; i < p->script->n_clauses; i++) {
		struct rs_clause *clause = &p->script->clauses[i];

		if (clause->predicate)
			expand(&e, &none, &clause->predicate);
		expand(&e, &none, &clause->body);
	}
}
