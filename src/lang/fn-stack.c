/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Stacks: kstack, ustack.
 *
 * A stack is kept once, in a map of the kernel's own kind (RS_MAP_STACK), and a value refers to it
 * (struct rs_stack_ref), so that equal stacks are equal keys. The kernel's map has one place for each hash of
 * a stack: where another one is there already it says -EEXIST. Such a stack goes to a hash of ours
 * (RS_MAP_STACK_SPILL): key u32, value { u64 ips[depth]; u64 0; u64 hash }. Its key is made of its hash, the next
 * ones are tried when that is taken by yet another stack: so it is found again there, and none is lost until
 * that map is full too.
 *
 * The order of both makes refs of equal stacks equal: what is in the kernel's map stays there (nothing is ever
 * replaced), so a stack that met -EEXIST once meets it always.
 */

#include "lang/fn-stack.h"

#define FLAG_USER     256 /* BPF_F_USER_STACK */
#define SPILL_TAIL    16  /* bytes: the end of the stack, its hash */
#define SPILL_TRIES   4
#define SPILL_ENTRIES 16384
#define MAP_ENTRIES   16384 /* of a kilobyte each: they are made at start */
#define BPF_NOEXIST   1

/* By enum rs_stack_mode. */
static const char *const modes[] = { "bpftrace", "perf", "raw", "build_id" };

/* ---- checking ---- */

/* One argument: a mode or the depth, in any order. */
static void check_argument(struct rs_sema *s, struct rs_node *call, unsigned i, uint8_t *mode,
			   uint64_t *depth)
{
	struct rs_node *arg = rs_fn_arg(call, i);
	int word = rs_fn_word_of(arg, modes, ARRAY_SIZE(modes));

	if (word == RS_STACK_BUILD_ID) {
		rs_sema_error(s, arg->span, "%s: stacks by build id are not known here",
			      rs_fn_name(call));
		return;
	}
	if (word >= 0) {
		*mode = (uint8_t)word;
		return;
	}
	if (!rs_sema_arg_constant(s, call, i, depth))
		return;
	if (!*depth || *depth > 1024) {
		rs_sema_error(s, arg->span, "%s: the number of frames is 1 to 1024",
			      rs_fn_name(call));
		*depth = RS_STACK_DEPTH;
	} else if (*depth > RS_STACK_DEPTH) {
		rs_sema_warning(s, arg->span, "%s: the kernel gives %u frames at most",
				rs_fn_name(call), RS_STACK_DEPTH);
		*depth = RS_STACK_DEPTH;
	}
}

void rs_fn_check_stack(struct rs_sema *s, struct rs_node *call)
{
	bool user = call->func->name[0] == 'u';
	uint8_t mode = (uint8_t)s->program->config.stack_mode;
	uint64_t depth = RS_STACK_DEPTH;
	struct rs_type *type;

	for (unsigned i = 0; i < call->list.n; i++)
		check_argument(s, call, i, &mode, &depth);
	type = rs_type_copy(s->types, rs_fn_simple(s, user ? RS_TYPE_USTACK : RS_TYPE_KSTACK));
	call->type = type ? type : &rs_type_unknown;
	if (!type || type->kind == RS_TYPE_UNKNOWN)
		return;
	type->mode = mode;
	type->count = (uint32_t)depth;
}

/* ---- maps ---- */

static struct rs_map *stack_map(struct rs_lower *l, uint32_t depth)
{
	struct rs_map *map = rs_program_map(l->program, RS_MAP_STACK, depth);

	if (!map)
		return NULL;
	map->kind = RS_MAP_STACK_TRACE;
	map->key_size = 4;
	map->value_size = 8 * depth;
	map->max_entries = MAP_ENTRIES;
	map->stack_depth = depth;
	return map;
}

static struct rs_map *spill_map(struct rs_lower *l, uint32_t depth)
{
	struct rs_map *map = rs_program_map(l->program, RS_MAP_STACK_SPILL, depth);

	if (!map)
		return NULL;
	map->kind = RS_MAP_HASH;
	map->key_size = 4;
	map->value_size = 8 * depth + SPILL_TAIL;
	map->max_entries = SPILL_ENTRIES;
	map->no_prealloc = true;
	map->stack_depth = depth;
	return map;
}

static struct rs_map *scratch_map(struct rs_lower *l, uint32_t depth)
{
	struct rs_map *map = rs_program_map(l->program, RS_MAP_SCRATCH, depth);

	if (!map)
		return NULL;
	map->kind = RS_MAP_PERCPU_ARRAY;
	map->key_size = 4;
	map->value_size = 8 + 8 * depth;
	map->max_entries = 1;
	return map;
}

/* ---- the spill ---- */

struct spill {
	const struct rs_map *map, *scratch;
	uint32_t depth;
	int64_t flags;
	rs_reg hash, key;
	rs_reg id, error; /* what comes out */
};

/* hash of bytes at ips, beginning with their number. */
static void hash_words(struct rs_lower *l, struct spill *spill, rs_reg ips, rs_reg bytes)
{
	struct rs_ir_func *f = l->f;
	rs_label loop = rs_ir_block_new(f), more = rs_ir_block_new(f), done = rs_ir_block_new(f);
	rs_label next = rs_ir_block_new(f);
	rs_reg i = rs_ir_reg_new(f), at, word;

	rs_ir_assign(f, spill->hash, bytes);
	rs_ir_assign_const(f, i, 0);
	rs_ir_block_start(f, loop);
	rs_ir_block_cold(f);
	rs_ir_branch_imm(f, RS_IR_LT, i, 8 * (int64_t)spill->depth, next, done);
	rs_ir_block_start(f, next);
	rs_ir_block_cold(f);
	rs_ir_branch(f, RS_IR_LT, i, bytes, more, done);
	rs_ir_block_start(f, more);
	rs_ir_block_cold(f);
	at = rs_ir_binary(f, RS_IR_ADD, ips, i);
	word = rs_ir_binary(f, RS_IR_XOR, spill->hash, rs_ir_load(f, at, 0, 8, false));
	word = rs_ir_binary_imm(f, RS_IR_MUL, word, 0x2545f491);
	rs_ir_assign(f, spill->hash,
		     rs_ir_binary(f, RS_IR_XOR, word, rs_ir_binary_imm(f, RS_IR_SHR, word, 29)));
	rs_ir_assign(f, i, rs_ir_binary_imm(f, RS_IR_ADD, i, 8));
	rs_ir_jump(f, loop);
	rs_ir_block_start(f, done);
	rs_ir_block_cold(f);
}

static rs_reg fetch(struct rs_lower *l, rs_reg to, uint32_t depth, int64_t flags)
{
	return rs_ir_call_of(l->f, RS_HELPER_get_stack, l->ctx, to,
			     rs_ir_const(l->f, 8 * (int64_t)depth), rs_ir_const(l->f, flags));
}

/*
 * Fetches the stack to hash it; goes to failed with an error. Its memory is this CPU's: { u64 users; u64 ips[] }.
 * A program that interrupts another one here finds that it is not the only user, and gives up.
 */
static void hash_stack(struct rs_lower *l, struct spill *spill, rs_reg key_at, rs_label failed)
{
	struct rs_ir_func *f = l->f;
	rs_label room = rs_ir_block_new(f), alone = rs_ir_block_new(f), got = rs_ir_block_new(f);
	rs_label drop = rs_ir_block_new(f), after = rs_ir_block_new(f);
	rs_reg at, ips, bytes;

	spill->hash = rs_ir_reg_new(f);
	rs_ir_assign_const(f, spill->hash, 0);
	rs_ir_store_imm(f, key_at, 0, 4, 0);
	at = rs_ir_call_of(f, RS_HELPER_map_lookup_elem, rs_ir_map(f, spill->scratch->id), key_at);
	rs_ir_branch_imm(f, RS_IR_NE, at, 0, room, failed);
	rs_ir_block_start(f, room);
	rs_ir_block_cold(f);
	rs_ir_atomic_add(f, at, 0, 8, rs_ir_const(f, 1));
	rs_ir_branch_imm(f, RS_IR_EQ, rs_ir_load(f, at, 0, 8, false), 1, alone, drop);
	rs_ir_block_start(f, alone);
	rs_ir_block_cold(f);
	ips = rs_ir_binary_imm(f, RS_IR_ADD, at, 8);
	bytes = fetch(l, ips, spill->depth, spill->flags);
	rs_ir_branch_imm(f, RS_IR_SGT, bytes, 0, got, drop);
	rs_ir_block_start(f, got);
	rs_ir_block_cold(f);
	hash_words(l, spill, ips, bytes);
	rs_ir_block_start(f, drop);
	rs_ir_block_cold(f);
	rs_ir_atomic_add(f, at, 0, 8, rs_ir_const(f, -1));
	rs_ir_branch_imm(f, RS_IR_NE, spill->hash, 0, after, failed);
	rs_ir_block_start(f, after);
	rs_ir_block_cold(f);
}

/* Where the hash is in an element. */
static int hash_at(const struct spill *spill)
{
	return (int)(8 * spill->depth + 8);
}

/* An empty element is there: the stack goes to it, its hash last. */
static void spill_fill(struct rs_lower *l, struct spill *spill, rs_reg at)
{
	fetch(l, at, spill->depth, spill->flags);
	rs_ir_store(l->f, at, hash_at(spill), 8, spill->hash);
}

static rs_reg spill_find(struct rs_lower *l, const struct spill *spill, rs_reg key_at)
{
	return rs_ir_call_of(l->f, RS_HELPER_map_lookup_elem, rs_ir_map(l->f, spill->map->id),
			     key_at);
}

/* Looks for the key, puts the stack there when it is free: done. Where another stack is it goes on behind this,
 * with the next key. */
static void spill_try(struct rs_lower *l, struct spill *spill, rs_reg key_at, rs_label done)
{
	struct rs_ir_func *f = l->f;
	rs_label there = rs_ir_block_new(f), missing = rs_ir_block_new(f),
		 made = rs_ir_block_new(f);
	rs_label fill = rs_ir_block_new(f), found = rs_ir_block_new(f), other = rs_ir_block_new(f);
	rs_label next = rs_ir_block_new(f);
	rs_reg zeroes = rs_lower_constant_address(l, NULL, 8 * spill->depth + SPILL_TAIL);
	rs_reg at, r;

	rs_ir_store(f, key_at, 0, 4, spill->key);
	at = spill_find(l, spill, key_at);
	rs_ir_branch_imm(f, RS_IR_EQ, at, 0, missing, there);

	rs_ir_block_start(f, missing);
	rs_ir_block_cold(f);
	r = rs_ir_call_of(f, RS_HELPER_map_update_elem, rs_ir_map(f, spill->map->id), key_at,
			  zeroes, rs_ir_const(f, BPF_NOEXIST));
	rs_ir_assign(f, spill->error, rs_lower_map_result(l, r));
	rs_ir_branch_imm(f, RS_IR_EQ, r, 0, made, next);
	rs_ir_block_start(f, made);
	rs_ir_block_cold(f);
	r = spill_find(l, spill, key_at);
	rs_ir_branch_imm(f, RS_IR_NE, r, 0, fill, next);
	rs_ir_block_start(f, fill);
	rs_ir_block_cold(f);
	spill_fill(l, spill, r);
	rs_ir_jump(f, found);

	rs_ir_block_start(f, there);
	rs_ir_block_cold(f);
	rs_ir_branch(f, RS_IR_EQ, rs_ir_load(f, at, hash_at(spill), 8, false), spill->hash, found,
		     other);
	rs_ir_block_start(f, other);
	rs_ir_block_cold(f);
	rs_ir_assign(f, spill->key, rs_ir_binary_imm(f, RS_IR_ADD, spill->key, 1));
	rs_ir_jump(f, next);

	rs_ir_block_start(f, found);
	rs_ir_block_cold(f);
	rs_ir_assign(f, spill->id, rs_ir_extend(f, spill->key, 4, false));
	rs_ir_assign_const(f, spill->error, 0);
	rs_ir_jump(f, done);
	rs_ir_block_start(f, next);
	rs_ir_block_cold(f);
}

/* Fills id and error; ends in done. */
static void spill_stack(struct rs_lower *l, struct spill *spill, rs_label done)
{
	struct rs_ir_func *f = l->f;
	struct rs_ir_slot slot = rs_ir_slot_new(f, 8);
	rs_reg key_at = rs_ir_slot_address(f, slot);

	hash_stack(l, spill, key_at, done);
	spill->key = rs_ir_reg_new(f);
	rs_ir_assign(f, spill->key,
		     rs_ir_binary(f, RS_IR_XOR, spill->hash,
				  rs_ir_binary_imm(f, RS_IR_SHR, spill->hash, 32)));
	for (unsigned i = 0; i < SPILL_TRIES; i++)
		spill_try(l, spill, key_at, done);
	rs_ir_jump(f, done);
	rs_ir_slot_free(f, slot);
}

/* ---- the value ---- */

static int64_t flags_of(const struct rs_type *type)
{
	return type->kind == RS_TYPE_USTACK ? FLAG_USER : 0;
}

static void store_ref(struct rs_lower *l, const struct rs_type *type,
		      const struct rs_place_in_memory *to, const rs_reg words[3])
{
	rs_reg pid = type->kind == RS_TYPE_USTACK ? rs_fn_tgid(l) : rs_ir_const(l->f, 0);

	rs_ir_store(l->f, to->reg, to->offset, 4, words[0]);
	rs_ir_store(l->f, to->reg, to->offset + 4, 4, words[1]);
	rs_ir_store(l->f, to->reg, to->offset + 8, 4, pid);
	rs_ir_store(l->f, to->reg, to->offset + 12, 4, words[2]);
	if (type->kind == RS_TYPE_USTACK && type->mode != RS_STACK_RAW)
		rs_fn_tell_stack(l, pid, words[0], words[1]);
}

/* The kernel's map refused, as another stack is in that place or no place is left: id, map and error of what is done about it. */
static void handle_refusal(struct rs_lower *l, struct rs_node *call, struct spill *spill,
			   rs_reg which, rs_reg r)
{
	struct rs_ir_func *f = l->f;
	uint32_t site = rs_program_site(l->program, RS_SITE_STACK, call->span, "get_stackid", NULL);
	rs_label collided = rs_ir_block_new(f), spilled = rs_ir_block_new(f);
	rs_label lost = rs_ir_block_new(f), done = rs_ir_block_new(f), none = rs_ir_block_new(f);

	rs_ir_assign_const(f, spill->id, UINT32_MAX);
	rs_ir_assign(f, spill->error, r);
	/* -EFAULT: a task without memory has no user stack. Nothing failed, there is none. */
	rs_ir_branch_imm(f, RS_IR_NE, r, -14, collided, none);
	rs_ir_block_start(f, collided);
	rs_ir_block_cold(f);
	rs_ir_assign_const(f, which, spill->map->id);
	spill_stack(l, spill, spilled);
	rs_ir_block_start(f, spilled);
	rs_ir_block_cold(f);
	rs_ir_branch_imm(f, RS_IR_EQ, spill->error, 0, done, lost);
	rs_ir_block_start(f, lost);
	rs_ir_block_cold(f);
	rs_lower_count_failure(l, site, spill->error);
	rs_ir_block_start(f, none);
	rs_ir_block_cold(f);
	rs_ir_assign(f, spill->error, rs_ir_negate(f, spill->error));
	rs_ir_block_start(f, done);
	rs_ir_block_cold(f);
}

void rs_fn_stack_into(struct rs_lower *l, struct rs_node *call, const struct rs_place_in_memory *to)
{
	struct rs_ir_func *f = l->f;
	const struct rs_type *type = call->type;
	const struct rs_map *map = stack_map(l, type->count);
	struct spill spill = { .map = spill_map(l, type->count),
			       .scratch = scratch_map(l, type->count),
			       .depth = type->count,
			       .flags = flags_of(type),
			       .id = rs_ir_reg_new(f) };
	rs_label failed = rs_ir_block_new(f), done = rs_ir_block_new(f);
	rs_reg which = rs_ir_reg_new(f);
	rs_reg r;

	if (!map || !spill.map || !spill.scratch)
		return;
	spill.error = rs_ir_reg_new(f);
	r = rs_ir_call_of(f, RS_HELPER_get_stackid, l->ctx, rs_ir_map(f, map->id),
			  rs_ir_const(f, spill.flags));
	rs_ir_assign(f, spill.id, r);
	rs_ir_assign_const(f, spill.error, 0);
	rs_ir_assign_const(f, which, map->id);
	rs_ir_branch_imm(f, RS_IR_SLT, r, 0, failed, done);
	rs_ir_block_start(f, failed);
	rs_ir_block_cold(f);
	handle_refusal(l, call, &spill, which, r);
	rs_ir_jump(f, done);
	rs_ir_block_start(f, done);
	store_ref(l, type, to, (const rs_reg[]){ spill.id, which, spill.error });
}

rs_reg rs_fn_stack_depth(struct rs_lower *l, struct rs_node *call)
{
	const struct rs_type *type = call->type;
	struct rs_place_in_memory room = rs_lower_room(l, 8 * type->count);
	rs_label failed = rs_ir_block_new(l->f), done = rs_ir_block_new(l->f);
	rs_reg r = rs_ir_reg_new(l->f);

	rs_ir_assign(l->f, r, fetch(l, rs_place_address(l, &room), type->count, flags_of(type)));
	rs_ir_branch_imm(l->f, RS_IR_SLT, r, 0, failed, done);
	rs_ir_block_start(l->f, failed);
	rs_ir_block_cold(l->f);
	rs_ir_assign_const(l->f, r, 0);
	rs_ir_block_start(l->f, done);
	return rs_ir_binary_imm(l->f, RS_IR_SHR, r, 3);
}
