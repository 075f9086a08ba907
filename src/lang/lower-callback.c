/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Loops whose body the kernel calls back: over maps, and over ranges where there is bpf_loop() but no iterator.
 *
 * The body is a function of its own. What it needs of the function around it stands in a frame on that one's
 * stack, whose address the kernel passes on: the context, the base of scratch memory, whether the run is to end, and
 * a word per variable that both use (the value of a word, the address of anything else). The words are read back
 * behind the loop.
 */

#include "lang/lower-private.h"

#define FRAME_CONTEXT 0
#define FRAME_SCRATCH 8
/* RS_FRAME_ENDED and RS_FRAME_ZERO are 16 and 24 */
#define FRAME_WORDS 32

/* A variable that the body shares with what is around it. */
struct shared {
	const struct rs_variable *variable;
	struct rs_home home; /* outside */
	unsigned offset;     /* in the frame; of pairs two words */
	bool assigned;
};

struct callback {
	struct rs_lower *l;
	struct rs_lower_func fn;
	struct shared shared[RS_LOWER_SHARED_MAX];
	unsigned n_shared;
	unsigned frame_size;
	rs_label prologue, body;
	bool too_many;
};

/* ---- what is shared ---- */

static struct shared *find_shared(struct callback *cb, const struct rs_variable *variable)
{
	for (unsigned i = 0; i < cb->n_shared; i++)
		if (cb->shared[i].variable == variable)
			return &cb->shared[i];
	return NULL;
}

static void share(struct callback *cb, const struct rs_variable *variable)
{
	const struct rs_home *home = rs_lower_home(cb->l, variable);

	if (home->kind == RS_HOME_NONE || find_shared(cb, variable))
		return;
	if (home->kind == RS_HOME_REG && !home->assigned) /* the body's own */
		return;
	if (cb->n_shared == ARRAY_SIZE(cb->shared)) {
		cb->too_many = true;
		return;
	}
	cb->shared[cb->n_shared++] = (struct shared){ variable, *home, cb->frame_size, false };
	cb->frame_size += home->kind == RS_HOME_PAIR ? 16 : 8;
}

static bool collect(struct rs_node *node, void *ctx)
{
	struct callback *cb = ctx;
	const struct rs_variable *assigned = rs_node_assigns(node);
	struct shared *shared;

	if (node->variable)
		share(cb, node->variable);
	if (!assigned)
		return true;
	share(cb, assigned);
	shared = find_shared(cb, assigned);
	if (shared)
		shared->assigned = true;
	return true;
}

static void collect_list(struct callback *cb, const struct rs_node_list *list)
{
	for (unsigned i = 0; i < list->n; i++)
		rs_node_walk(list->items[i], collect, cb);
}

/* ---- how deep ---- */

struct depth {
	struct rs_lower *l;
	unsigned deepest;
};

static bool measure(struct rs_node *node, void *ctx)
{
	struct depth *depth = ctx;
	unsigned most = 0;

	if (node->kind != RS_NODE_FOR_MAP &&
	    (node->kind != RS_NODE_FOR_RANGE || !rs_lower_range_needs_callback(depth->l)))
		return true;
	for (unsigned i = 0; i < node->list.n; i++)
		most = MAX(most, rs_lower_callback_depth(depth->l, node->list.items[i]));
	depth->deepest = MAX(depth->deepest, most + 1);
	return false;
}

unsigned rs_lower_callback_depth(struct rs_lower *l, struct rs_node *body)
{
	struct depth depth = { l, 0 };

	rs_node_walk(body, measure, &depth);
	return depth.deepest;
}

/* ---- the body's side ---- */

/* Until leave(), l is in the callback. */
static bool enter(struct callback *cb, unsigned n_params, unsigned frame_param)
{
	struct rs_lower *l = cb->l;
	struct rs_lower_state *st = l->state;
	struct rs_lower_func *fn = &cb->fn;
	char name[24];

	fn->outer = st->fn;
	fn->homes = rs_arena_alloc_array(l->program->arena, st->n_variables + 1,
					 sizeof(*fn->homes));
	if (!fn->homes) {
		l->program->diags->out_of_memory = true;
		return false;
	}
	snprintf(name, sizeof(name), "loop%u", ++st->callbacks);
	fn->f = rs_ir_func_new(l->module, name, n_params);
	fn->stack_budget = RS_LOWER_STACK_BUDGET / (st->callback_depth + 1);
	fn->ctx = rs_ir_reg_new(fn->f);
	fn->scratch = rs_ir_reg_new(fn->f);
	fn->frame = rs_ir_param(fn->f, frame_param);
	fn->exit = rs_ir_block_new(fn->f);
	cb->prologue = rs_ir_block_new(fn->f);
	cb->body = rs_ir_block_new(fn->f);
	st->fn = fn;
	l->f = fn->f;
	l->ctx = fn->ctx;
	l->exit = fn->exit;
	rs_ir_jump(l->f, cb->prologue);
	rs_ir_block_start(l->f, cb->body);
	return true;
}

static void leave(struct callback *cb)
{
	struct rs_lower *l = cb->l;
	struct rs_lower_func *outer = cb->fn.outer;

	l->state->fn = outer;
	l->f = outer->f;
	l->ctx = outer->ctx;
	l->exit = outer->exit;
}

/* Words stay in the frame, where both sides see them; of the others it has the addresses. */
static void settle_shared(struct callback *cb)
{
	struct rs_lower *l = cb->l;

	for (unsigned i = 0; i < cb->n_shared; i++) {
		const struct shared *shared = &cb->shared[i];
		struct rs_home *home = rs_lower_home(l, shared->variable);
		int at = (int)shared->offset;

		*home = shared->home;
		if (home->kind == RS_HOME_REG) {
			home->kind = RS_HOME_WORD;
			home->forget = rs_lower_can_forget(shared->variable);
			home->place = (struct rs_place_in_memory){ .reg = cb->fn.frame,
								   .offset = at,
								   .size = 8 };
			continue;
		}
		home->place.reg = rs_ir_load(l->f, cb->fn.frame, at, 8, false);
		home->place.offset = 0;
		if (home->kind == RS_HOME_PAIR)
			home->value = rs_ir_load(l->f, cb->fn.frame, at + 8, 8, false);
	}
}

/* The variables' homes, then the statements; break ends the loop by returning 1. */
static void lower_body(struct callback *cb, struct rs_node *node)
{
	struct rs_lower *l = cb->l;
	rs_label stop = rs_ir_block_new(l->f), next = rs_ir_block_new(l->f);

	for (unsigned i = 0; i < node->list.n; i++)
		rs_lower_declare(l, node->list.items[i]);
	rs_lower_loop_body(l, node, stop, next);
	rs_ir_jump(l->f, next);
	rs_ir_block_start(l->f, next);
	rs_ir_return_imm(l->f, 0);
	rs_ir_block_start(l->f, stop);
	rs_ir_return_imm(l->f, 1);
	rs_ir_block_start(l->f, cb->fn.exit);
	rs_ir_return_imm(l->f, 1);
	rs_ir_block_start(l->f, cb->prologue);
	rs_ir_assign(l->f, cb->fn.ctx, rs_ir_load(l->f, cb->fn.frame, FRAME_CONTEXT, 8, false));
	if (cb->fn.uses_scratch)
		rs_ir_assign(l->f, cb->fn.scratch,
			     rs_ir_load(l->f, cb->fn.frame, FRAME_SCRATCH, 8, false));
	rs_ir_jump(l->f, cb->body);
}

/* ---- the side around ---- */

static void store_shared(struct callback *cb, rs_reg frame)
{
	struct rs_lower *l = cb->l;

	rs_ir_store(l->f, frame, FRAME_CONTEXT, 8, l->ctx);
	if (cb->fn.uses_scratch)
		rs_ir_store(l->f, frame, FRAME_SCRATCH, 8, l->state->fn->scratch);
	rs_ir_store_imm(l->f, frame, RS_FRAME_ENDED, 8, 0);
	if (cb->n_shared)
		rs_ir_store(l->f, frame, RS_FRAME_ZERO, 8, rs_lower_state_word(l, RS_STATE_ZERO));
	for (unsigned i = 0; i < cb->n_shared; i++) {
		const struct shared *shared = &cb->shared[i];
		const struct rs_home *home = &shared->home;
		int at = (int)shared->offset;

		if (home->kind == RS_HOME_REG)
			rs_ir_store(l->f, frame, at, 8, home->place.reg);
		else
			rs_ir_store(l->f, frame, at, 8, rs_place_address(l, &home->place));
		if (home->kind == RS_HOME_PAIR)
			rs_ir_store(l->f, frame, at + 8, 8, home->value);
	}
}

static void load_shared(struct callback *cb, rs_reg frame)
{
	struct rs_lower *l = cb->l;
	rs_label ended, on;

	for (unsigned i = 0; i < cb->n_shared; i++) {
		const struct shared *shared = &cb->shared[i];

		if (shared->assigned && shared->home.kind == RS_HOME_REG)
			rs_ir_assign(l->f, shared->home.place.reg,
				     rs_ir_load(l->f, frame, (int)shared->offset, 8, false));
	}
	if (!cb->fn.ends)
		return;
	ended = rs_ir_block_new(l->f);
	on = rs_ir_block_new(l->f);
	rs_ir_branch_imm(l->f, RS_IR_NE, rs_ir_load(l->f, frame, RS_FRAME_ENDED, 8, false), 0,
			 ended, on);
	rs_ir_block_start(l->f, ended);
	rs_lower_end(l);
	rs_ir_jump(l->f, on);
	rs_ir_block_start(l->f, on);
}

static struct callback *callback_new(struct rs_lower *l, struct rs_node *node)
{
	struct callback *cb = rs_arena_new(l->program->arena, struct callback);

	if (!cb) {
		l->program->diags->out_of_memory = true;
		return NULL;
	}
	cb->l = l;
	cb->frame_size = FRAME_WORDS;
	collect_list(cb, &node->list);
	if (cb->too_many) {
		rs_diag_error(l->program->diags, node->span,
			      "the loop uses more than %u variables of outside",
			      RS_LOWER_SHARED_MAX);
		return NULL;
	}
	if (l->state->callback_depth > RS_LOWER_LOOPS_MAX) {
		rs_diag_error(l->program->diags, node->span, "loops over maps are nested too deep");
		return NULL;
	}
	return cb;
}

/* ---- for ($kv : @map) ---- */

void rs_lower_for_map(struct rs_lower *l, struct rs_node *node)
{
	struct callback *cb = callback_new(l, node);
	const struct rs_map *map = node->b->map;
	struct rs_ir_slot slot;
	struct rs_home *home;
	rs_reg frame;

	if (!cb)
		return;
	if (!rs_lang_has(l->sema->source, for_each)) {
		rs_diag_error(l->program->diags, node->span,
			      "this kernel can not go through maps (5.13 and later can)");
		return;
	}
	if (!enter(cb, 4, 3)) /* map, key, value, frame */
		return;
	settle_shared(cb);
	home = rs_lower_home(l, node->variable);
	*home = (struct rs_home){ .kind = RS_HOME_PAIR,
				  .place = { .reg = rs_ir_param(l->f, 1) },
				  .value = rs_ir_param(l->f, 2),
				  .map = map };
	lower_body(cb, node);
	leave(cb);
	slot = rs_ir_slot_new(l->f, cb->frame_size);
	frame = rs_ir_slot_address(l->f, slot);
	store_shared(cb, frame);
	rs_ir_call_of(l->f, RS_HELPER_for_each_map_elem, rs_ir_map(l->f, map->id),
		      rs_ir_func_pointer(l->f, cb->fn.f), frame, rs_ir_const(l->f, 0));
	load_shared(cb, frame);
	rs_ir_slot_free(l->f, slot);
}

/* ---- for ($i : a..b) by bpf_loop() ---- */

void rs_lower_for_callback(struct rs_lower *l, struct rs_node *node, rs_reg start, rs_reg count)
{
	struct callback *cb = callback_new(l, node);
	unsigned start_at;
	struct rs_ir_slot slot;
	rs_reg frame, i;

	if (!cb)
		return;
	start_at = cb->frame_size;
	cb->frame_size += 8;
	if (!enter(cb, 2, 1)) /* index, frame */
		return;
	settle_shared(cb);
	i = rs_ir_extend(l->f, rs_ir_param(l->f, 0), 4, false);
	i = rs_ir_binary(l->f, RS_IR_ADD, rs_ir_load(l->f, cb->fn.frame, (int)start_at, 8, false),
			 i);
	rs_lower_variable_set(l, node->variable, i);
	lower_body(cb, node);
	leave(cb);
	slot = rs_ir_slot_new(l->f, cb->frame_size);
	frame = rs_ir_slot_address(l->f, slot);
	store_shared(cb, frame);
	rs_ir_store(l->f, frame, (int)start_at, 8, start);
	rs_ir_call_of(l->f, RS_HELPER_loop, count, rs_ir_func_pointer(l->f, cb->fn.f), frame,
		      rs_ir_const(l->f, 0));
	load_shared(cb, frame);
	rs_ir_slot_free(l->f, slot);
}
