/* SPDX-License-Identifier: Apache-2.0 */
/* Making nodes. */
#include "lang/list.h"
#include "lang/parse.h"

struct rs_node *rs_parse_node(struct rs_parser *p, enum rs_node_kind kind, struct rs_span span)
{
	struct rs_node *node = rs_arena_new(p->arena, struct rs_node);

	if (!node) {
		p->diags->out_of_memory = true;
		return NULL;
	}
	node->kind = kind;
	node->span = span;
	return node;
}

struct rs_node *rs_parse_finish(struct rs_parser *p, struct rs_node *node)
{
	node->span = rs_span_join(node->span, p->last.span);
	if (rs_node_measure(node))
		return node;
	if (!p->too_deep)
		rs_diag_error(p->diags, node->span, "this is nested more than %d levels deep",
			      RS_AST_HEIGHT_MAX);
	p->too_deep = true;
	return NULL;
}

bool rs_parse_add(struct rs_parser *p, struct rs_node_list *list, struct rs_node *node)
{
	if (node && !rs_list_add(p->arena, list->items, list->n, node))
		p->diags->out_of_memory = true;
	return node && !p->diags->out_of_memory;
}

char *rs_parse_copy(struct rs_parser *p, const char *text, size_t len)
{
	char *copy = rs_arena_strndup(p->arena, text, len);

	if (!copy)
		p->diags->out_of_memory = true;
	return copy;
}
