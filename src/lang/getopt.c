/* SPDX-License-Identifier: Apache-2.0 */

/* The options that a script takes: every getopt() in it, also where it is never compiled. */

#include <string.h>

#include "lang/list.h"
#include "lang/sema.h"

static bool is_known(const struct rs_program *program, const char *name)
{
	for (unsigned i = 0; i < program->n_options; i++)
		if (!strcmp(program->options[i].name, name))
			return true;
	return false;
}

static void add(struct rs_sema *s, const struct rs_node *call)
{
	const struct rs_node *usual = call->list.n > 1 ? call->list.items[1] : NULL;
	const struct rs_node *help = call->list.n > 2 ? call->list.items[2] : NULL;
	struct rs_script_option option = { .name = call->list.items[0]->text, .usual = usual };

	if (help && help->kind == RS_NODE_STRING)
		option.help = help->text;
	if (!is_known(s->program, option.name) &&
	    !rs_list_add(s->arena, s->program->options, s->program->n_options, option))
		s->diags->out_of_memory = true;
}

static bool look(struct rs_node *node, void *ctx)
{
	if (node->kind == RS_NODE_CALL && !strcmp(node->text, "getopt") && node->list.n &&
	    node->list.items[0]->kind == RS_NODE_STRING)
		add(ctx, node);
	return true;
}

void rs_lang_find_options(struct rs_sema *s)
{
	const struct rs_script *script = s->program->script;

	for (unsigned i = 0; i < script->n_clauses; i++) {
		if (script->clauses[i].predicate)
			rs_node_walk(script->clauses[i].predicate, look, s);
		if (script->clauses[i].body)
			rs_node_walk(script->clauses[i].body, look, s);
	}
}
