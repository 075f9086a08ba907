/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A program per probe:
 *
 *	stopped?  pid?  [scratch]  predicate  [scratch]  body  exit: give back, return 0
 *
 * All are lowered first; then it is known how much scratch memory they need, so that prologues can be filled and
 * the programs compiled.
 */

#include "lang/lower-private.h"

const struct rs_map *rs_lower_internal_map(struct rs_lower *l, enum rs_map_role role)
{
	static const struct rs_map nothing = { .name = "" };
	const struct rs_map *map = rs_program_map(l->program, role, 0);

	if (!map)
		l->program->diags->out_of_memory = true;
	return map ? map : &nothing;
}

void rs_lower_set_location(struct rs_lower *l, const struct rs_node *node)
{
	rs_ir_set_location(l->f, node && !node->span.source ? node->span.at + 1 : 0);
	if (node)
		l->state->at = node->span;
}

rs_reg rs_lower_state_word(struct rs_lower *l, unsigned word)
{
	rs_reg state = rs_ir_map_value(l->f, rs_lower_internal_map(l, RS_MAP_STATE)->id, word * 8);

	return rs_ir_load(l->f, state, 0, 8, false);
}

/* ---- failures ---- */

void rs_lower_count_failure(struct rs_lower *l, uint32_t site, rs_reg r)
{
	const struct rs_map *map = rs_lower_internal_map(l, RS_MAP_ERRORS);
	rs_reg at = rs_ir_map_value(l->f, map->id, site * 16);

	rs_ir_atomic_add(l->f, at, 0, 8, rs_ir_const(l->f, 1));
	rs_ir_store(l->f, at, 8, 8, r);
}

rs_reg rs_lower_map_result(struct rs_lower *l, rs_reg r)
{
	return rs_ir_extend(l->f, r, 4, true);
}

void rs_lower_check_failure(struct rs_lower *l, uint32_t site, rs_reg r)
{
	rs_label failed = rs_ir_block_new(l->f), fine = rs_ir_block_new(l->f);

	rs_ir_branch_imm(l->f, RS_IR_SLT, r, 0, failed, fine);
	rs_ir_block_start(l->f, failed);
	rs_ir_block_cold(l->f);
	rs_lower_count_failure(l, site, r);
	rs_ir_jump(l->f, fine);
	rs_ir_block_start(l->f, fine);
}

void rs_lower_watch(struct rs_lower *l, enum rs_site_kind kind, const char *helper, rs_reg r)
{
	if (l->sema->options->helper_errors)
		rs_lower_check_failure(
			l, rs_program_site(l->program, kind, l->state->at, helper, NULL), r);
}

void rs_lower_watch_lookup(struct rs_lower *l, const struct rs_node *node, rs_reg at)
{
	rs_label missing, on;
	uint32_t site;

	if (!l->sema->options->helper_errors)
		return;
	site = rs_program_site(l->program, RS_SITE_MAP_LOOKUP, node->span, "map_lookup_elem",
			       node->map);
	missing = rs_ir_block_new(l->f);
	on = rs_ir_block_new(l->f);
	rs_ir_branch_imm(l->f, RS_IR_EQ, at, 0, missing, on);
	rs_ir_block_start(l->f, missing);
	rs_ir_block_cold(l->f);
	rs_lower_count_failure(l, site, rs_ir_const(l->f, 0));
	rs_ir_jump(l->f, on);
	rs_ir_block_start(l->f, on);
}

/* ---- what belongs to the task ---- */

/* struct bpf_pidns_info: u32 pid, u32 tgid, as the namespace that we live in numbers them. */
static rs_reg pid_in_namespace(struct rs_lower *l)
{
	struct rs_ir_slot slot = rs_ir_slot_new(l->f, 8);
	rs_reg to = rs_ir_slot_address(l->f, slot), pid;

	rs_ir_store_imm(l->f, to, 0, 8, 0);
	rs_ir_call_of(l->f, RS_HELPER_get_ns_current_pid_tgid,
		      rs_lower_state_word(l, RS_STATE_PIDNS_DEV),
		      rs_lower_state_word(l, RS_STATE_PIDNS_INO), to, rs_ir_const(l->f, 8));
	pid = rs_ir_load(l->f, to, 0, 8,
			 false); /* tgid is in the upper half, as the helper's cousin has it */
	rs_ir_slot_free(l->f, slot);
	return pid;
}

rs_reg rs_lower_pid_tgid(struct rs_lower *l)
{
	if (l->program->uses_pid_namespace)
		return pid_in_namespace(l);
	return rs_ir_call(l->f, RS_HELPER_get_current_pid_tgid, RS_IR_CALL_PURE, 0, NULL);
}

rs_reg rs_lower_task(struct rs_lower *l, enum rs_space *ret_space)
{
	bool btf = rs_lang_has(l->sema->source, task_btf);

	if (ret_space)
		*ret_space = btf ? RS_SPACE_BTF : RS_SPACE_KERNEL;
	return rs_ir_call(l->f, btf ? RS_HELPER_get_current_task_btf : RS_HELPER_get_current_task,
			  RS_IR_CALL_PURE, 0, NULL);
}

/* ---- one probe ---- */

/* Their descriptors take long to close: until that is done their programs do nothing. */
static bool is_slow_to_detach(const struct rs_probe *probe)
{
	switch (probe->type) {
	case RS_PROGRAM_KPROBE:
	case RS_PROGRAM_TRACEPOINT:
	case RS_PROGRAM_PERF_EVENT:
		return true;
	default:
		return false;
	}
}

/* An iterator calls once more when all is done, with nothing: its object, the last pointer, is NULL. */
static void leave_at_end(struct rs_lower *l)
{
	const struct rs_type *args = l->probe->args;
	rs_label next = rs_ir_block_new(l->f);
	uint32_t object = 0;

	for (uint32_t i = 0; i < args->n_fields; i++)
		if (args->fields[i].type->kind == RS_TYPE_POINTER)
			object = args->fields[i].offset;
	rs_ir_branch_imm(l->f, RS_IR_EQ, rs_ir_load(l->f, l->ctx, (int)object, 8, false), 0,
			 l->state->done, next);
	rs_ir_block_start(l->f, next);
}

static void lower_entry(struct rs_lower *l)
{
	struct rs_ir_func *f = l->f;
	rs_label next;

	if (l->probe->type == RS_PROGRAM_ITER && l->probe->args)
		leave_at_end(l);
	if (is_slow_to_detach(l->probe)) {
		next = rs_ir_block_new(f);
		rs_ir_branch_imm(f, RS_IR_NE, rs_lower_state_word(l, RS_STATE_STOPPED), 0,
				 l->state->done, next);
		rs_ir_block_start(f, next);
	}
	if (l->probe->filter_pid && l->sema->options->pid) {
		rs_reg pid = rs_ir_binary_imm(f, RS_IR_SHR, rs_lower_pid_tgid(l), 32);

		next = rs_ir_block_new(f);
		rs_ir_branch_imm(f, RS_IR_NE, pid, (int64_t)l->sema->options->pid, l->state->done,
				 next);
		rs_ir_block_start(f, next);
	}
}

/* A place for code that is written later. */
static void leave_prologue(struct rs_lower *l, unsigned i)
{
	struct rs_lower_state *st = l->state;

	st->prologues[i] = rs_ir_block_new(l->f);
	st->after[i] = rs_ir_block_new(l->f);
	rs_ir_jump(l->f, st->prologues[i]);
	rs_ir_block_start(l->f, st->after[i]);
}

static void lower_predicate(struct rs_lower *l, rs_label no)
{
	struct rs_room_mark mark = rs_lower_room_mark(l);
	rs_label yes = rs_ir_block_new(l->f);

	rs_lower_set_location(l, l->probe->predicate);
	l->state->remembers = true;
	rs_lower_condition(l, l->probe->predicate, yes, no);
	l->state->remembers = false;
	rs_lower_room_reset(l, mark);
	rs_ir_block_start(l->f, yes);
}

static bool init_func(struct rs_lower *l)
{
	struct rs_lower_state *st = l->state;
	struct rs_lower_func *fn = &st->program;
	unsigned depth = rs_lower_callback_depth(l, l->probe->body);

	st->fn = fn;
	st->callback_depth = depth;
	st->n_variables = l->probe->n_variables;
	fn->homes = rs_arena_alloc_array(l->program->arena, st->n_variables + 1,
					 sizeof(*fn->homes));
	l->probe->module = rs_ir_module_new(l->program->arena);
	if (!fn->homes || !l->probe->module)
		return false;
	l->module = l->probe->module;
	l->f = fn->f = rs_ir_func_new(l->module, "probe", 1);
	l->ctx = fn->ctx = rs_ir_param(l->f, 0);
	l->exit = fn->exit = rs_ir_block_new(l->f);
	fn->stack_budget = RS_LOWER_STACK_BUDGET / (depth + 1);
	fn->scratch = rs_ir_reg_new(l->f);
	st->depth_word = rs_ir_reg_new(l->f);
	st->done = rs_ir_block_new(l->f);
	return true;
}

static int lower_probe(struct rs_lower *l)
{
	struct rs_lower_state *st = l->state;
	rs_label no;

	if (!init_func(l))
		return -ENOMEM;
	lower_entry(l);
	no = rs_ir_block_new(l->f);
	leave_prologue(l, 0);
	if (l->probe->predicate)
		lower_predicate(l, no);
	if (!st->program.uses_scratch)
		st->prologue = 1;
	leave_prologue(l, 1);
	rs_lower_declare(l, l->probe->body);
	rs_lower_statements(l, &l->probe->body->list);
	if (!rs_ir_ended(l->f))
		rs_ir_jump(l->f, l->exit);
	rs_ir_block_start(l->f, no);
	rs_ir_jump(l->f, st->prologue == 0 ? l->exit : st->done);
	l->probe->scratch_size = st->scratch_peak;
	return 0;
}

/* ---- the rest, when all are there ---- */

static void fill_prologues(struct rs_lower *l, const struct rs_scratch_layout *layout)
{
	struct rs_lower_state *st = l->state;

	for (unsigned i = 0; i < ARRAY_SIZE(st->prologues); i++) {
		rs_ir_block_start(l->f, st->prologues[i]);
		if (st->program.uses_scratch && st->prologue == i)
			rs_scratch_take(l, layout, st->after[i]);
		else
			rs_ir_jump(l->f, st->after[i]);
	}
}

/* The code is complete then. */
static void finish_probe(struct rs_lower *l, const struct rs_scratch_layout *layout)
{
	rs_lower_set_location(l, NULL);
	fill_prologues(l, layout);
	rs_ir_block_start(l->f, l->state->program.exit);
	if (l->state->program.uses_scratch)
		rs_scratch_give(l, layout);
	rs_ir_jump(l->f, l->state->done);
	rs_ir_block_start(l->f, l->state->done);
	rs_ir_return_imm(l->f, 0);
}

static int compile_probe(struct rs_lower *l)
{
	struct rs_ir_options options = { .cpu_v3 = true };
	struct rs_error err = RS_ERROR_INIT;
	int r = rs_ir_compile(l->module, &options, l->program->arena, &l->probe->image, &err);

	if (r == -ENOMEM || r >= 0)
		return r;
	rs_diag_error(l->program->diags, l->probe->body->span, "%s", err.msg);
	if (*err.hint)
		rs_diag_hint(l->program->diags, "%s", err.hint);
	return 0;
}

/* One value that programs address directly. */
static void make_array(struct rs_map *map, uint32_t value_size)
{
	map->kind = RS_MAP_ARRAY;
	map->key_size = 4;
	map->max_entries = 1;
	map->value_size = value_size;
}

static void make_ring(struct rs_map *map, bool ringbuf)
{
	map->kind = ringbuf ? RS_MAP_RINGBUF : RS_MAP_PERF_ARRAY;
	map->key_size = map->value_size = ringbuf ? 0 : 4;
}

/* What the internal maps are, when all that is counted in them is known. */
static void make_internal_maps(struct rs_sema *s)
{
	struct rs_program *program = s->program;

	for (unsigned i = 0; i < program->n_maps; i++) {
		struct rs_map *map = program->maps[i];

		if (map->role == RS_MAP_RING)
			make_ring(map, rs_lang_has(s->source, ringbuf));
		else if (map->role == RS_MAP_LOST)
			make_array(map, 8 * MAX(program->n_actions, 1u));
		else if (map->role == RS_MAP_ERRORS)
			make_array(map, 16 * MAX(program->n_sites, 1u));
		else if (map->role == RS_MAP_STATE)
			make_array(map, 8 * RS_STATE_WORDS);
	}
}

static int lower_all(struct rs_sema *s, struct rs_lower *all)
{
	struct rs_program *program = s->program;
	struct rs_scratch_layout layout;
	int r;

	for (unsigned i = 0; i < program->n_probes; i++) {
		struct rs_lower *l = &all[i];

		*l = (struct rs_lower){ .sema = s,
					.program = program,
					.probe = program->probes[i] };
		l->state = rs_arena_new(program->arena, struct rs_lower_state);
		if (!l->state)
			return -ENOMEM;
		s->probe = l->probe;
		r = lower_probe(l);
		if (r < 0)
			return r;
	}
	r = rs_scratch_layout(s, &layout);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < program->n_probes; i++) {
		s->probe = all[i].probe;
		finish_probe(&all[i], &layout);
	}
	make_internal_maps(s);
	return 0;
}

static void dump(struct rs_sema *s, const char *stage)
{
	if (s->options->dump)
		s->options->dump(s->options->dump_ctx, stage, s->program);
}

static int optimize_all(struct rs_sema *s)
{
	int r = 0;

	if (!s->options->dump) /* compiling does it */
		return 0;
	for (unsigned i = 0; i < s->program->n_probes && r >= 0; i++)
		r = rs_ir_optimize(s->program->probes[i]->module, NULL);
	dump(s, "ir-opt");
	return r == -ENOMEM ? r : 0;
}

int rs_lang_lower(struct rs_sema *s)
{
	struct rs_lower *all = rs_arena_alloc_array(s->arena, s->program->n_probes + 1,
						    sizeof(*all));
	int r = all ? lower_all(s, all) : -ENOMEM;

	if (r < 0 || s->diags->n_errors)
		return r < 0 ? r : -EINVAL;
	dump(s, "ir");
	r = optimize_all(s);
	for (unsigned i = 0; i < s->program->n_probes && r >= 0; i++)
		r = compile_probe(&all[i]);
	if (r < 0 || s->diags->out_of_memory)
		return -ENOMEM;
	return s->diags->n_errors ? -EINVAL : 0;
}
