/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Temporary memory: the stack while a room is small and the function's budget lasts, scratch memory otherwise.
 *
 * Scratch is the value of one array map (role RS_MAP_SCRATCH), addressed directly, a piece of it per CPU:
 *
 *	at cpu * stride:	depth, a word	for programs that may interrupt each other
 *				exclusive	for programs that never do
 *				slot 0 .. slot 3
 *
 * so that it costs the number of the CPU, a multiplication and an addition: no lookup, no key, no NULL.
 *
 * Who shares it with whom. The kernel runs one program at most, per CPU, of those that hang on perf events,
 * trace events and kprobes: they count bpf_prog_active and give way when it is not zero, also when the one
 * before them was preempted. They all use "exclusive" and need nothing else. The others (uprobes, usdt,
 * fentry, raw tracepoints, iterators, BEGIN and END) may interrupt each other, and, as some are preemptible, be
 * left in the middle for another task that runs such a program on this CPU. For them preemption is disabled
 * while they hold a slot, where the kernel offers that (6.10); then, as on kernels where these programs are not
 * preemptible, they end in the reverse order of their beginning, and the slot is a depth that is counted up
 * and down. Who finds it too deep counts itself as lost (RS_SITE_NO_SCRATCH) and returns. Without preemption's
 * disabling (fentry and uprobes, 5.12 to 6.9, kernels that preempt fully) the depth can be wrong after three
 * preemptions within one another: a text may then be mixed up, never the kernel's memory.
 *
 * How much a program needs is known only when all of it is lowered. So a place for the prologue is kept in the
 * program, before its predicate when that needs scratch and behind it otherwise, and filled at the end.
 */

#include "lang/lower-private.h"

#define DEPTH_SIZE   64 /* a line of the cache, for one word */
#define ALIGN_CPU    64
#define SIZE_MAX_ALL (1u << 28) /* verifier's limit for offsets is twice that */

/* ---- rooms ---- */

static bool fits_stack(const struct rs_lower *l, const struct rs_lower_func *fn, uint32_t size)
{
	return size <= MAX(l->program->config.on_stack_limit, (uint64_t)RS_LOWER_ON_STACK) &&
	       fn->stack_used + size <= fn->stack_budget && fn->n_slots < ARRAY_SIZE(fn->slots);
}

static struct rs_place_in_memory stack_room(struct rs_lower *l, uint32_t size)
{
	struct rs_lower_func *fn = l->state->fn;
	struct rs_ir_slot slot = rs_ir_slot_new(l->f, size);

	fn->slots[fn->n_slots] = slot;
	fn->slot_sizes[fn->n_slots++] = size;
	fn->stack_used += size;
	return (struct rs_place_in_memory){ .reg = rs_ir_slot_address(l->f, slot), .size = size };
}

struct rs_place_in_memory rs_lower_scratch_room(struct rs_lower *l, uint32_t size)
{
	struct rs_lower_state *st = l->state;
	struct rs_place_in_memory at = { .offset = (int32_t)st->scratch_at, .size = size };

	if (st->scratch_at + (uint64_t)size > SIZE_MAX_ALL) {
		if (!st->too_deep)
			rs_diag_error(l->program->diags, l->probe->body->span,
				      "this probe needs too much memory for its strings");
		st->too_deep = true;
		size = 0;
	}
	for (struct rs_lower_func *fn = st->fn; fn; fn = fn->outer)
		fn->uses_scratch = true;
	at.reg = st->fn->scratch;
	rs_lower_normalise(l, &at.reg, &at.offset);
	st->scratch_at += size;
	st->scratch_peak = MAX(st->scratch_peak, st->scratch_at);
	return at;
}

struct rs_place_in_memory rs_lower_room(struct rs_lower *l, uint32_t size)
{
	size = (MAX(size, 1u) + 7) & ~7u;
	if (fits_stack(l, l->state->fn, size))
		return stack_room(l, size);
	return rs_lower_scratch_room(l, size);
}

struct rs_room_mark rs_lower_room_mark(struct rs_lower *l)
{
	return (struct rs_room_mark){ l->state->scratch_at, l->state->fn->n_slots };
}

void rs_lower_room_reset(struct rs_lower *l, struct rs_room_mark mark)
{
	struct rs_lower_func *fn = l->state->fn;

	l->state->scratch_at = mark.scratch;
	while (fn->n_slots > mark.n_slots) {
		fn->n_slots--;
		fn->stack_used -= fn->slot_sizes[fn->n_slots];
		rs_ir_slot_free(l->f, fn->slots[fn->n_slots]);
	}
}

/* ---- layout ---- */

bool rs_lower_is_exclusive(const struct rs_probe *probe)
{
	switch (probe->provider) {
	case RS_PROVIDER_TRACEPOINT:
		return probe->type == RS_PROGRAM_TRACEPOINT;
	case RS_PROVIDER_KPROBE:
	case RS_PROVIDER_KRETPROBE:
	case RS_PROVIDER_PROFILE:
	case RS_PROVIDER_INTERVAL:
	case RS_PROVIDER_SOFTWARE:
	case RS_PROVIDER_HARDWARE:
	case RS_PROVIDER_WATCHPOINT:
		return true;
	default:
		return false;
	}
}

static uint32_t aligned(uint32_t size)
{
	return (size + ALIGN_CPU - 1) & ~(ALIGN_CPU - 1u);
}

static unsigned n_cpus(const struct rs_sema *sema)
{
	return sema->source && sema->source->n_cpus ? sema->source->n_cpus : 1;
}

int rs_scratch_layout(struct rs_sema *sema, struct rs_scratch_layout *ret)
{
	struct rs_program *program = sema->program;
	struct rs_scratch_layout layout = { 0 };
	struct rs_map *map;
	uint64_t all;

	for (unsigned i = 0; i < program->n_probes; i++) {
		const struct rs_probe *probe = program->probes[i];
		uint32_t *size = rs_lower_is_exclusive(probe) ? &layout.exclusive : &layout.slot;

		*size = MAX(*size, aligned(probe->scratch_size));
	}
	if (layout.exclusive || layout.slot) {
		layout.stride = layout.exclusive;
		if (layout.slot)
			layout.stride += DEPTH_SIZE + RS_LOWER_NEST_MAX * layout.slot;
		all = (uint64_t)layout.stride * n_cpus(sema);
		map = rs_program_map(program, RS_MAP_SCRATCH, 0);
		if (!map)
			return -ENOMEM;
		if (all > SIZE_MAX_ALL) {
			rs_diag_error(sema->diags, program->probes[0]->body->span,
				      "the script needs %llu bytes for its strings on %u CPUs",
				      (unsigned long long)all, n_cpus(sema));
			rs_diag_hint(sema->diags, "a smaller max_strlen needs less");
			return -EINVAL;
		}
		map->kind = RS_MAP_ARRAY;
		map->key_size = 4;
		map->max_entries = 1;
		map->value_size = (uint32_t)all;
		layout.map = map->id;
	}
	program->scratch_size = layout.stride;
	*ret = layout;
	return 0;
}

/* ---- taking and giving back ---- */

static bool disables_preemption(struct rs_lower *l)
{
	return rs_lang_has(l->sema->source, preempt_kfuncs);
}

/* This CPU's piece; goes on at done, which is never, when the CPU has none. */
static rs_reg cpu_piece(struct rs_lower *l, const struct rs_scratch_layout *layout, rs_label failed)
{
	struct rs_ir_func *f = l->f;
	unsigned n = n_cpus(l->sema);
	rs_reg cpu, base = rs_ir_map_value(f, layout->map, 0);
	rs_label fine;

	if (n == 1)
		return base;
	fine = rs_ir_block_new(f);
	cpu = rs_ir_call(f, RS_HELPER_get_smp_processor_id, RS_IR_CALL_PURE, 0, NULL);
	rs_ir_branch_imm(f, RS_IR_GE, cpu, n, failed, fine);
	rs_ir_block_start(f, fine);
	return rs_ir_binary(f, RS_IR_ADD, base,
			    rs_ir_binary_imm(f, RS_IR_MUL, cpu, layout->stride));
}

/* Counts the lost run, and enables preemption again. */
static void too_deep(struct rs_lower *l, rs_label label)
{
	uint32_t site = rs_program_site(l->program, RS_SITE_NO_SCRATCH, l->probe->body->span,
					"get_smp_processor_id", NULL);

	rs_ir_block_start(l->f, label);
	rs_ir_block_cold(l->f);
	rs_lower_count_failure(l, site, rs_ir_const(l->f, -EBUSY));
	if (disables_preemption(l))
		rs_ir_call_kernel(l->f, "bpf_preempt_enable", 0, NULL);
	rs_ir_jump(l->f, l->state->done);
}

static void take_slot(struct rs_lower *l, const struct rs_scratch_layout *layout, rs_label next)
{
	struct rs_ir_func *f = l->f;
	rs_label failed = rs_ir_block_new(f), fine = rs_ir_block_new(f);
	rs_reg piece, depth, at;

	if (disables_preemption(l))
		rs_ir_call_kernel(f, "bpf_preempt_disable", 0, NULL);
	piece = cpu_piece(l, layout, failed);
	depth = rs_ir_load(f, piece, 0, 8, false);
	rs_ir_branch_imm(f, RS_IR_GE, depth, RS_LOWER_NEST_MAX, failed, fine);
	rs_ir_block_start(f, fine);
	rs_ir_store(f, piece, 0, 8, rs_ir_binary_imm(f, RS_IR_ADD, depth, 1));
	rs_ir_assign(f, l->state->depth_word, piece);
	at = rs_ir_binary_imm(f, RS_IR_MUL, depth, layout->slot);
	at = rs_ir_binary(f, RS_IR_ADD, piece, at);
	rs_ir_assign(f, l->state->program.scratch,
		     rs_ir_binary_imm(f, RS_IR_ADD, at, DEPTH_SIZE + layout->exclusive));
	rs_ir_jump(f, next);
	too_deep(l, failed);
}

void rs_scratch_take(struct rs_lower *l, const struct rs_scratch_layout *layout, rs_label next)
{
	rs_reg piece;

	if (!rs_lower_is_exclusive(l->probe)) {
		take_slot(l, layout, next);
		return;
	}
	piece = cpu_piece(l, layout, l->state->done);
	if (layout->slot)
		piece = rs_ir_binary_imm(l->f, RS_IR_ADD, piece, DEPTH_SIZE);
	rs_ir_assign(l->f, l->state->program.scratch, piece);
	rs_ir_jump(l->f, next);
}

void rs_scratch_give(struct rs_lower *l, const struct rs_scratch_layout *layout)
{
	rs_reg word = l->state->depth_word, depth;

	(void)layout;
	if (rs_lower_is_exclusive(l->probe))
		return;
	depth = rs_ir_load(l->f, word, 0, 8, false);
	rs_ir_store(l->f, word, 0, 8, rs_ir_binary_imm(l->f, RS_IR_SUB, depth, 1));
	if (disables_preemption(l))
		rs_ir_call_kernel(l->f, "bpf_preempt_enable", 0, NULL);
}
