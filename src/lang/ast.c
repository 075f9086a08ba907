/* SPDX-License-Identifier: Apache-2.0 */
/* The tree: names of operators and probes, measuring, copying and walking. */
#include <strings.h>

#include "lang/ast.h"

const char *rs_operator_text(enum rs_operator op)
{
	static const char *const texts[RS_OPERATOR_COUNT] = {
		[RS_OPERATOR_NONE] = "",       [RS_OPERATOR_ADD] = "+",
		[RS_OPERATOR_SUB] = "-",       [RS_OPERATOR_MUL] = "*",
		[RS_OPERATOR_DIV] = "/",       [RS_OPERATOR_MOD] = "%",
		[RS_OPERATOR_BIT_AND] = "&",   [RS_OPERATOR_BIT_OR] = "|",
		[RS_OPERATOR_BIT_XOR] = "^",   [RS_OPERATOR_SHL] = "<<",
		[RS_OPERATOR_SHR] = ">>",      [RS_OPERATOR_EQ] = "==",
		[RS_OPERATOR_NE] = "!=",       [RS_OPERATOR_LT] = "<",
		[RS_OPERATOR_LE] = "<=",       [RS_OPERATOR_GT] = ">",
		[RS_OPERATOR_GE] = ">=",       [RS_OPERATOR_AND] = "&&",
		[RS_OPERATOR_OR] = "||",       [RS_OPERATOR_NOT] = "!",
		[RS_OPERATOR_BIT_NOT] = "~",   [RS_OPERATOR_NEG] = "-",
		[RS_OPERATOR_DEREF] = "*",     [RS_OPERATOR_ADDRESS] = "&",
		[RS_OPERATOR_PRE_INC] = "++",  [RS_OPERATOR_PRE_DEC] = "--",
		[RS_OPERATOR_POST_INC] = "++", [RS_OPERATOR_POST_DEC] = "--",
	};

	return op < RS_OPERATOR_COUNT ? texts[op] : "?";
}

const struct rs_provider_row rs_provider_table[RS_PROVIDER_COUNT] = {
	[RS_PROVIDER_BEGIN] = { "begin", { NULL }, "begin" },
	[RS_PROVIDER_END] = { "end", { NULL }, "end" },
	[RS_PROVIDER_TRACEPOINT] = { "tracepoint", { "t" }, "tracepoint:GROUP:EVENT" },
	[RS_PROVIDER_RAWTRACEPOINT] = { "rawtracepoint", { "rt" }, "rawtracepoint:EVENT" },
	[RS_PROVIDER_KPROBE] = { "kprobe", { "k" }, "kprobe:FUNCTION" },
	[RS_PROVIDER_KRETPROBE] = { "kretprobe", { "kr" }, "kretprobe:FUNCTION" },
	[RS_PROVIDER_FENTRY] = { "fentry", { "f", "kfunc" }, "fentry:FUNCTION" },
	[RS_PROVIDER_FEXIT] = { "fexit", { "fr", "kretfunc" }, "fexit:FUNCTION" },
	[RS_PROVIDER_UPROBE] = { "uprobe", { "u" }, "uprobe:BINARY:FUNCTION" },
	[RS_PROVIDER_URETPROBE] = { "uretprobe", { "ur" }, "uretprobe:BINARY:FUNCTION" },
	[RS_PROVIDER_USDT] = { "usdt", { "U" }, "usdt:BINARY:PROVIDER:NAME" },
	[RS_PROVIDER_PROFILE] = { "profile", { "p" }, "profile:hz:99" },
	[RS_PROVIDER_INTERVAL] = { "interval", { "i" }, "interval:s:1" },
	[RS_PROVIDER_SOFTWARE] = { "software", { "s" }, "software:EVENT:COUNT" },
	[RS_PROVIDER_HARDWARE] = { "hardware", { "h" }, "hardware:EVENT:COUNT" },
	[RS_PROVIDER_WATCHPOINT] = { "watchpoint", { "w" }, "watchpoint:ADDRESS:LENGTH:MODE" },
	[RS_PROVIDER_ITER] = { "iter", { "it" }, "iter:KIND" },
	[RS_PROVIDER_SELF] = { "self", { NULL }, "self:signal:SIGUSR1" },
};

/* "U" is usdt and "u" is uprobe: one letter counts as written, all else without regard to case. */
static bool is_called(const char *name, const char *called)
{
	return name[0] && name[1] ? strcasecmp(name, called) == 0 : strcmp(name, called) == 0;
}

int rs_provider_find(const char *name)
{
	for (int i = 0; name && i < RS_PROVIDER_COUNT; i++) {
		const struct rs_provider_row *row = &rs_provider_table[i];

		if (is_called(name, row->name))
			return i;
		for (unsigned a = 0; a < ARRAY_SIZE(row->aliases) && row->aliases[a]; a++)
			if (is_called(name, row->aliases[a]))
				return i;
	}
	return -1;
}

/* ---- walking ---- */

bool rs_type_name_each(struct rs_type_name *type, bool (*fn)(struct rs_node **of, void *ctx),
		       void *ctx)
{
	if (!type)
		return true;
	for (unsigned i = 0; i < type->n_elements; i++)
		if (!rs_type_name_each(type->elements[i], fn, ctx))
			return false;
	return !type->of || fn(&type->of, ctx);
}

static bool add_height(struct rs_node **of, void *ctx)
{
	unsigned *height = ctx;

	*height = MAX(*height, (*of)->height + 1U);
	return true;
}

static unsigned list_height(const struct rs_node_list *list)
{
	unsigned height = 0;

	for (unsigned i = 0; i < list->n; i++)
		height = MAX(height, list->items[i]->height + 1U);
	return height;
}

bool rs_node_measure(struct rs_node *node)
{
	const struct rs_node *const parts[] = { node->a, node->b, node->c };
	unsigned height = MAX(list_height(&node->list), list_height(&node->other));

	for (unsigned i = 0; i < ARRAY_SIZE(parts); i++)
		if (parts[i])
			height = MAX(height, parts[i]->height + 1U);
	rs_type_name_each(node->type_name, add_height, &height);
	if (height > RS_AST_HEIGHT_MAX)
		return false;
	node->height = (uint16_t)height;
	return true;
}

static void walk_list(struct rs_node_list *list, bool (*fn)(struct rs_node *node, void *ctx),
		      void *ctx)
{
	for (unsigned i = 0; i < list->n; i++)
		rs_node_walk(list->items[i], fn, ctx);
}

struct walk {
	bool (*fn)(struct rs_node *node, void *ctx);
	void *ctx;
};

static bool walk_typeof(struct rs_node **of, void *ctx)
{
	struct walk *walk = ctx;

	rs_node_walk(*of, walk->fn, walk->ctx);
	return true;
}

void rs_node_walk(struct rs_node *node, bool (*fn)(struct rs_node *node, void *ctx), void *ctx)
{
	struct walk walk = { fn, ctx };

	if (!node || !fn(node, ctx))
		return;
	rs_type_name_each(node->type_name, walk_typeof, &walk);
	rs_node_walk(node->a, fn, ctx);
	rs_node_walk(node->b, fn, ctx);
	rs_node_walk(node->c, fn, ctx);
	walk_list(&node->list, fn, ctx);
	walk_list(&node->other, fn, ctx);
}

/* ---- copying ---- */

static bool clone_list(struct rs_arena *arena, const struct rs_node_list *from,
		       struct rs_node_list *to)
{
	*to = (struct rs_node_list){ 0 };
	if (!from->n)
		return true;
	to->items = rs_arena_alloc_array(arena, from->n, sizeof(struct rs_node *));
	if (!to->items)
		return false;
	for (; to->n < from->n; to->n++) {
		to->items[to->n] = rs_node_clone(arena, from->items[to->n]);
		if (!to->items[to->n])
			return false;
	}
	return true;
}

static bool clone_part(struct rs_arena *arena, struct rs_node **part)
{
	if (*part)
		*part = rs_node_clone(arena, *part);
	else
		return true;
	return *part;
}

static struct rs_type_name *clone_type_name(struct rs_arena *arena, const struct rs_type_name *name)
{
	struct rs_type_name *copy = rs_arena_new(arena, struct rs_type_name);

	if (!copy)
		return NULL;
	*copy = *name;
	if (!clone_part(arena, &copy->of))
		return NULL;
	if (copy->n_elements)
		copy->elements = rs_arena_alloc_array(arena, copy->n_elements, sizeof(copy));
	for (unsigned i = 0; copy->elements && i < copy->n_elements; i++) {
		copy->elements[i] = clone_type_name(arena, name->elements[i]);
		if (!copy->elements[i])
			return NULL;
	}
	return copy->n_elements && !copy->elements ? NULL : copy;
}

struct rs_node *rs_node_clone(struct rs_arena *arena, const struct rs_node *node)
{
	struct rs_node *copy = rs_arena_new(arena, struct rs_node);

	if (!copy)
		return NULL;
	*copy = *node;
	copy->type = NULL;
	copy->constant = copy->text_constant = false;
	copy->variable = NULL;
	copy->map = NULL;
	copy->func = NULL;
	copy->builtin = NULL;
	copy->extra = NULL;
	if (!clone_part(arena, &copy->a) || !clone_part(arena, &copy->b) ||
	    !clone_part(arena, &copy->c) || !clone_list(arena, &node->list, &copy->list) ||
	    !clone_list(arena, &node->other, &copy->other))
		return NULL;
	if (node->type_name) {
		copy->type_name = clone_type_name(arena, node->type_name);
		if (!copy->type_name)
			return NULL;
	}
	return copy;
}
