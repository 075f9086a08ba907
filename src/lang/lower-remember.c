/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One lookup for two: a predicate that asks for an entry (/@start[tid]/) runs before the whole body, so the body may
 * use the address that it found, as long as nothing was done with the map since. Only for keys that are the same
 * throughout a run, and not in loops, where what is written behind may run before.
 */

#include "lang/lower-private.h"

/* What is the same however often a run asks. */
static bool is_stable_name(const char *name)
{
	static const char *const names[] = { "pid", "tid", "uid", "gid", "cpu", "cgroup", "args" };

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return !strncmp(name, "arg", 3) && name[3] >= '0' && name[3] <= '9';
}

/* Texts and memory are left out: what comes by a helper may differ the next time. */
static bool is_same(const struct rs_node *a, const struct rs_node *b)
{
	if (a->constant || b->constant)
		return a->constant && b->constant && a->number == b->number;
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case RS_NODE_NAME:
	case RS_NODE_CALL:
		return !a->list.n && !b->list.n && !strcmp(a->text, b->text) &&
		       is_stable_name(a->text);
	case RS_NODE_FIELD: /* of args itself: the context does not change */
		return (a->a->kind == RS_NODE_NAME || a->a->kind == RS_NODE_CALL) &&
		       !strcmp(a->text, b->text) && is_same(a->a, b->a);
	case RS_NODE_CAST:
		return rs_type_equal(a->type, b->type) && is_same(a->a, b->a);
	default:
		return false;
	}
}

static bool same_keys(const struct rs_node_list *a, const struct rs_node_list *b)
{
	if (a->n != b->n)
		return false;
	for (unsigned i = 0; i < a->n; i++)
		if (!is_same(a->items[i], b->items[i]))
			return false;
	return true;
}

rs_reg rs_lower_recall(struct rs_lower *l, const struct rs_node *node)
{
	const struct rs_lower_state *st = l->state;

	if (st->fn->outer || st->fn->break_to)
		return 0;
	for (unsigned i = 0; i < st->n_memories; i++)
		if (st->memories[i].map == node->map &&
		    same_keys(st->memories[i].keys, &node->list))
			return st->memories[i].at;
	return 0;
}

void rs_lower_remember(struct rs_lower *l, const struct rs_node *node, rs_reg at)
{
	struct rs_lower_state *st = l->state;

	if (!st->remembers || st->n_memories == ARRAY_SIZE(st->memories) ||
	    !same_keys(&node->list, &node->list))
		return;
	st->memories[st->n_memories++] = (struct rs_memory){ node->map, &node->list, at };
}

void rs_lower_forget_map(struct rs_lower *l, const struct rs_map *map)
{
	struct rs_lower_state *st = l->state;

	for (unsigned i = 0; i < st->n_memories;) {
		if (st->memories[i].map == map)
			st->memories[i] = st->memories[--st->n_memories];
		else
			i++;
	}
}
