/* SPDX-License-Identifier: Apache-2.0 */

/* Maps and their elements: delete has_key len find. print, clear and zero are output. */

#include "lang/fn-stack.h"
#include "lang/lower-private.h"

/* ---- the element that is meant: f(@m, key), f(@m[key]), or f(@m) for maps without keys ---- */

static struct rs_node *map_of(const struct rs_node *call)
{
	struct rs_node *map = rs_fn_arg(call, 0);

	return map->kind == RS_NODE_MAP ? map : NULL;
}

/* @m[key] out of f(@m, key), for those who take nodes. NULL: out of memory. */
static struct rs_node *element_node(struct rs_sema *s, struct rs_node *call)
{
	struct rs_node *map = map_of(call);
	struct rs_node *node = rs_arena_new(s->arena, struct rs_node);
	struct rs_node **keys = rs_arena_alloc_array(s->arena, 1, sizeof(struct rs_node *));

	if (!node || !keys) {
		s->diags->out_of_memory = true;
		return NULL;
	}
	*node = *map;
	keys[0] = rs_fn_arg(call, 1);
	node->list = (struct rs_node_list){ keys, 1 };
	node->span = rs_span_join(map->span, keys[0]->span);
	return node;
}

/* Leaves the MAP node in call->extra. False, and a message: it means no element. */
static bool check_element(struct rs_sema *s, struct rs_node *call, unsigned key_at)
{
	struct rs_node *map = map_of(call);
	struct rs_node *key = rs_fn_arg(call, key_at);
	struct rs_map *of;

	if (!map) {
		rs_sema_arg_map(s, call, 0, &of);
		return false;
	}
	if (key && map->list.n) {
		rs_sema_error(s, call->span, "%s: the key is given twice", rs_fn_name(call));
		rs_sema_hint(s, "%s(%s, key)", rs_fn_name(call), map->text);
		return false;
	}
	if (key) {
		if (!rs_sema_arg_map(s, call, 0, &of))
			return false;
		if (!call->extra)
			call->extra = element_node(s, call);
		return call->extra && rs_sema_map_key(s, of, &key, 1, key->span);
	}
	call->extra = map;
	of = map->map = rs_sema_map(s, map);
	if (!map->list.n)
		return true;
	return rs_sema_map_key(s, of, map->list.items, map->list.n, map->span);
}

static struct rs_node *element(const struct rs_node *call)
{
	return (struct rs_node *)call->extra;
}

/* ---- delete ---- */

static void check_delete(struct rs_sema *s, struct rs_node *call)
{
	const struct rs_node *map = map_of(call);

	call->type = &rs_type_bool;
	if (!check_element(s, call, 1) || !s->final)
		return;
	if (!element(call)->list.n && map->map->used_keyed) {
		rs_sema_error(s, call->span, "delete: which key of %s?", map->text);
		rs_sema_hint(s, "delete(%s, key); clear(%s) empties it", map->text, map->text);
	}
}

static void zero(struct rs_lower *l, const struct rs_map *map, rs_reg at)
{
	const struct rs_place_in_memory all = { .reg = at, .size = map->value_size };

	rs_place_zero(l, &all);
}

/* What each CPU has counted; what others count meanwhile may stay. */
static void zero_cpus(struct rs_lower *l, struct rs_node *node)
{
	struct rs_ir_func *f = l->f;
	rs_label head = rs_ir_block_new(f), there = rs_ir_block_new(f), next = rs_ir_block_new(f),
		 end = rs_ir_block_new(f);
	unsigned n_cpus = l->sema->source->n_cpus ? l->sema->source->n_cpus : 1;
	rs_reg key = rs_lower_key(l, node), cpu = rs_ir_reg_new(f), at;

	rs_ir_assign_const(f, cpu, 0);
	rs_ir_block_start(f, head);
	at = rs_ir_call_of(f, RS_HELPER_map_lookup_percpu_elem, rs_ir_map(f, node->map->id), key,
			   cpu);
	rs_ir_branch_imm(f, RS_IR_NE, at, 0, there, next);
	rs_ir_block_start(f, there);
	zero(l, node->map, at);
	rs_ir_block_start(f, next);
	rs_ir_assign(f, cpu, rs_ir_binary_imm(f, RS_IR_ADD, cpu, 1));
	rs_ir_branch_imm(f, RS_IR_LT, cpu, n_cpus, head, end);
	rs_ir_block_start(f, end);
}

/* A map without keys has one element, which is always there: emptied; where no program can, by the runtime. */
static void delete_scalar(struct rs_lower *l, struct rs_node *call, const struct rs_map *map)
{
	struct rs_action *action;

	if (map->kind == RS_MAP_ARRAY) {
		zero(l, map, rs_ir_map_value(l->f, map->id, 0));
		return;
	}
	if (map->kind == RS_MAP_PERCPU_ARRAY && rs_lang_has(l->sema->source, lookup_percpu)) {
		zero_cpus(l, element(call));
		return;
	}
	action = rs_program_action(l->program, RS_ACTION_CLEAR, call->span);
	if (!action)
		return;
	action->map = map;
	rs_lower_record_words(l, action, 0, NULL);
}

static struct rs_value lower_delete(struct rs_lower *l, struct rs_node *call)
{
	struct rs_node *node = element(call);
	const struct rs_map *map = node->map;
	rs_reg r;

	if (!node->list.n) {
		delete_scalar(l, call, map);
		return rs_value_word(call->type, rs_ir_const(l->f, 1));
	}
	r = rs_ir_call_of(l->f, RS_HELPER_map_delete_elem, rs_ir_map(l->f, map->id),
			  rs_lower_key(l, node));
	rs_lower_set_location(l, call);
	rs_lower_watch(l, RS_SITE_MAP_DELETE, "map_delete_elem", rs_lower_map_result(l, r));
	return rs_value_word(call->type, rs_ir_compare_imm(l->f, RS_IR_EQ, r, 0));
}

/* ---- has_key ---- */

static void check_has_key(struct rs_sema *s, struct rs_node *call)
{
	call->type = &rs_type_bool;
	if (!check_element(s, call, 1) || element(call)->list.n)
		return;
	rs_sema_error(s, call->span, "%s: %s has no keys", rs_fn_name(call), element(call)->text);
}

static struct rs_value lower_has_key(struct rs_lower *l, struct rs_node *call)
{
	struct rs_node *node = element(call);
	rs_reg at = rs_ir_call_of(l->f, RS_HELPER_map_lookup_elem, rs_ir_map(l->f, node->map->id),
				  rs_lower_key(l, node));

	return rs_value_word(call->type, rs_ir_compare_imm(l->f, RS_IR_NE, at, 0));
}

/* ---- find: has_key, and the value in a variable ---- */

/* $v = @m[key] */
static struct rs_node *assignment(struct rs_sema *s, struct rs_node *call)
{
	struct rs_node *node = rs_arena_new(s->arena, struct rs_node);
	struct rs_node *from = element_node(s, call);

	if (!node || !from) {
		s->diags->out_of_memory = true;
		return NULL;
	}
	node->kind = RS_NODE_ASSIGN;
	node->span = call->span;
	node->a = rs_fn_arg(call, 2);
	node->b = from;
	return node;
}

static void check_find(struct rs_sema *s, struct rs_node *call)
{
	const struct rs_node *variable = rs_fn_arg(call, 2);
	struct rs_node *node = (struct rs_node *)call->extra;
	struct rs_map *map;

	call->type = &rs_type_bool;
	if (!rs_sema_arg_map(s, call, 0, &map))
		return;
	if (variable->kind != RS_NODE_VAR) {
		rs_sema_error(s, variable->span,
			      "find: the third argument is the variable that gets the value");
		return;
	}
	if (!node)
		call->extra = node = assignment(s, call);
	if (node)
		rs_sema_statements(s, &(struct rs_node_list){ &node, 1 });
}

static struct rs_value lower_find(struct rs_lower *l, struct rs_node *call)
{
	struct rs_node *assign = (struct rs_node *)call->extra;
	rs_label there = rs_ir_block_new(l->f), done = rs_ir_block_new(l->f);
	rs_reg found = rs_ir_reg_new(l->f);

	rs_ir_assign_const(l->f, found, 0);
	if (assign->b->map->kind == RS_MAP_ARRAY)
		return rs_value_word(call->type, found);
	rs_lower_map_find(l, assign->b, done);
	rs_ir_block_start(l->f, there);
	rs_lower_statement(l, assign);
	rs_ir_assign_const(l->f, found, 1);
	rs_ir_block_start(l->f, done);
	return rs_value_word(call->type, found);
}

/* ---- len ---- */

static bool is_stack(const struct rs_node *node)
{
	return rs_fn_kind(node) == RS_TYPE_KSTACK || rs_fn_kind(node) == RS_TYPE_USTACK;
}

static void check_len_of_map(struct rs_sema *s, struct rs_node *call)
{
	struct rs_map *map;

	if (!rs_sema_arg_map(s, call, 0, &map))
		return;
	if (s->final && !rs_lang_has(s->source, map_sum_elem_count) &&
	    !rs_lang_has(s->source, for_each))
		rs_sema_error(s, call->span,
			      "len of a map needs a kernel whose programs can walk maps: 5.13");
}

static void check_len(struct rs_sema *s, struct rs_node *call)
{
	struct rs_node *what = rs_fn_arg(call, 0);

	call->type = rs_type_int64;
	if (what->kind == RS_NODE_MAP && !what->list.n) {
		check_len_of_map(s, call);
		return;
	}
	rs_sema_expr(s, what);
	if (rs_fn_kind(what) == RS_TYPE_UNKNOWN)
		return;
	if (!is_stack(what)) {
		rs_sema_error(s, what->span, "len: expects a map or a stack, not %s",
			      rs_sema_text(s, what->type));
		rs_sema_hint(s, "strlen() is the length of a text");
	} else if (!what->func) {
		rs_sema_error(s, what->span,
			      "len: a stack that was stored can not be measured any more");
		rs_sema_hint(s, "store len(%s) beside it",
			     rs_fn_kind(what) == RS_TYPE_KSTACK ? "kstack" : "ustack");
	}
}

/* Called for every element: goes on. The helper itself counts. */
static const struct rs_ir_func *next_element(struct rs_lower *l)
{
	struct rs_ir_func *f = rs_ir_func_new(l->module, "count_element", 4);

	if (f)
		rs_ir_return_imm(f, 0);
	return f;
}

static rs_reg count_elements(struct rs_lower *l, const struct rs_map *map)
{
	rs_reg arg = rs_ir_map(l->f, map->id);

	if (rs_lang_has(l->sema->source, map_sum_elem_count))
		return rs_ir_call_kernel(l->f, "bpf_map_sum_elem_count", 1, &arg);
	return rs_ir_call_of(l->f, RS_HELPER_for_each_map_elem, arg,
			     rs_ir_func_pointer(l->f, next_element(l)), rs_ir_const(l->f, 0),
			     rs_ir_const(l->f, 0));
}

static struct rs_value lower_len(struct rs_lower *l, struct rs_node *call)
{
	struct rs_node *what = rs_fn_arg(call, 0);

	if (what->kind != RS_NODE_MAP)
		return rs_value_word(call->type, rs_fn_stack_depth(l, what));
	if (!what->map->used_keyed)
		return rs_value_word(call->type, rs_ir_const(l->f, 1));
	return rs_value_word(call->type, count_elements(l, what->map));
}

/* ---- rows ---- */

const struct rs_func_row rs_func_map[] = {
	{ .name = "delete",
	  .min_args = 1,
	  .max_args = 2,
	  .flags = RS_FUNC_MAP_FIRST,
	  .usage = "delete(@map, key)",
	  .check = check_delete,
	  .lower = lower_delete },
	{ .name = "has_key",
	  .min_args = 1,
	  .max_args = 2,
	  .flags = RS_FUNC_MAP_FIRST,
	  .usage = "has_key(@map, key)",
	  .check = check_has_key,
	  .lower = lower_has_key },
	{ .name = "find",
	  .min_args = 3,
	  .max_args = 3,
	  .flags = RS_FUNC_TYPED_BY_CHECK,
	  .usage = "find(@map, key, $variable)",
	  .check = check_find,
	  .lower = lower_find },
	{ .name = "len",
	  .min_args = 1,
	  .max_args = 1,
	  .flags = RS_FUNC_MAP_FIRST,
	  .usage = "len(@map) or len(stack)",
	  .check = check_len,
	  .lower = lower_len },
	{ 0 },
};
