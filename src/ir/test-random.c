/* SPDX-License-Identifier: Apache-2.0 */
/* Random programs do as images what they do as modules, with and without optimisation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ir/testing.h"

#define SEEDS 10000
#define VARS  24

struct gen {
	uint64_t random;
	struct rs_ir_func *f;
	struct rs_ir_func *callee;
	rs_reg context; /* 64 bytes to read and write */
	rs_reg vars[VARS];
	bool calls;
	unsigned n_vars;
	struct rs_ir_slot slots[3];
	unsigned depth;
	unsigned budget;
	unsigned loop; /* how deep in loops */
};

static uint64_t any(struct gen *g)
{
	g->random += UINT64_C(0x9e3779b97f4a7c15);
	return mix(g->random);
}

static unsigned below(struct gen *g, unsigned n)
{
	return (unsigned)(any(g) % n);
}

static int64_t number(struct gen *g)
{
	static const int64_t interesting[] = {
		0,
		1,
		-1,
		2,
		8,
		255,
		256,
		65535,
		-128,
		INT32_MAX,
		INT32_MIN,
		UINT32_MAX,
		INT64_MAX,
		INT64_MIN,
		1LL << 32,
		1LL << 40,
		0x123456789aLL,
		7,
	};

	if (below(g, 3))
		return interesting[below(g, ARRAY_SIZE(interesting))];
	return (int64_t)any(g) >> below(g, 64);
}

static rs_reg expression(struct gen *g);

static rs_reg variable(struct gen *g)
{
	return g->vars[below(g, g->n_vars)];
}

static rs_reg memory_base(struct gen *g, int *ret_off, unsigned size)
{
	unsigned which = below(g, 5);
	rs_reg base;

	if (which == 4 && g->calls)
		base = rs_ir_call(g->f, HELPER_POINTER, 0, 0, NULL);
	else if (which >= 3)
		base = g->context;
	else
		base = rs_ir_slot_address(g->f, g->slots[which]);

	*ret_off = (int)(below(g, 16 / size) * size);
	if (!below(g, 3)) {
		base = rs_ir_binary_imm(g->f, RS_IR_ADD, base, 8);
		*ret_off -= 8;
		if (!below(g, 2))
			*ret_off += 8 - *ret_off % 8 - 8;
	}
	if (!below(g, 4))
		base = rs_ir_copy(g->f, base);
	if (size == 1 && g->calls && below(g, 2)) /* helper 0 gives 0 to 3 */
		base = rs_ir_binary(g->f, RS_IR_ADD, rs_ir_call(g->f, 0, 0, 0, NULL), base);
	return base;
}

static rs_reg load(struct gen *g)
{
	unsigned size = 1u << below(g, 4);
	int off;
	rs_reg base = memory_base(g, &off, size);

	return rs_ir_load(g->f, base, off, size, below(g, 2));
}

static rs_reg call(struct gen *g)
{
	unsigned helper = below(g, 12) + (below(g, 2) ? HELPER_PURE : 0), n = helper_args(helper);
	rs_reg args[5];

	if (below(g, 4) == 0 && g->callee) {
		args[0] = expression(g);
		args[1] = below(g, 2) ? g->context : rs_ir_slot_address(g->f, g->slots[0]);
		for (unsigned i = 2; i < 5; i++)
			args[i] = variable(g);
		return rs_ir_call_local(g->f, g->callee, 5, args);
	}
	if (below(g, 6) == 0) {
		args[0] = rs_ir_slot_address(g->f, g->slots[below(g, 3)]);
		args[1] = expression(g);
		return rs_ir_call(g->f, HELPER_WRITE, 0, 2, args);
	}
	for (unsigned i = 0; i < n; i++)
		args[i] = below(g, 3) ? variable(g) : expression(g);
	return rs_ir_call(g->f, helper, helper >= HELPER_PURE ? RS_IR_CALL_PURE : 0, n, args);
}

static rs_reg expression(struct gen *g)
{
	struct rs_ir_func *f = g->f;
	unsigned kind = g->depth > 4 ? below(g, 3) : below(g, 17);
	rs_reg a, b, v = 0;

	g->depth++;
	switch (kind) {
	case 0:
	case 1:
		v = variable(g);
		break;
	case 2:
		v = rs_ir_const(f, number(g));
		break;
	case 3:
	case 4:
	case 5:
		a = expression(g);
		b = expression(g);
		v = rs_ir_binary(f, below(g, RS_IR_OP_COUNT), a, b);
		break;
	case 6:
	case 7:
	case 8:
		a = expression(g);
		v = rs_ir_binary_imm(f, below(g, RS_IR_OP_COUNT), a,
				     below(g, 2) ? (int64_t)below(g, 64) : number(g));
		break;
	case 9:
		v = rs_ir_negate(f, expression(g));
		break;
	case 10:
		a = expression(g);
		v = below(g, 2) ? rs_ir_compare(f, below(g, RS_IR_COND_COUNT), a, expression(g))
				: rs_ir_compare_imm(f, below(g, RS_IR_COND_COUNT), a, number(g));
		break;
	case 11:
		v = rs_ir_extend(f, expression(g), 1u << below(g, 4), below(g, 2));
		break;
	case 12:
		v = rs_ir_swap_bytes(f, expression(g), 2u << below(g, 3));
		break;
	case 13:
	case 14:
		v = load(g);
		break;
	case 15:
		v = expression(g);
		a = rs_ir_const(f, 8 * (1 + below(g, 7)));
		v = rs_ir_binary(f, RS_IR_SHL + below(g, 3), v, a);
		v = rs_ir_binary(f, RS_IR_SHL + below(g, 3), v, a);
		break;
	default:
		v = g->calls ? call(g) : variable(g);
		break;
	}
	g->depth--;
	return v;
}

static void branch(struct gen *g, rs_label yes, rs_label no)
{
	rs_reg a = expression(g);

	if (below(g, 3) == 0)
		rs_ir_branch_imm(g->f, RS_IR_NE,
				 rs_ir_compare_imm(g->f, below(g, RS_IR_COND_COUNT), a, number(g)),
				 0, yes, no);
	else if (below(g, 2))
		rs_ir_branch_imm(g->f, below(g, RS_IR_COND_COUNT), a, number(g), yes, no);
	else
		rs_ir_branch(g->f, below(g, RS_IR_COND_COUNT), a, expression(g), yes, no);
}

static void statements(struct gen *g, unsigned n);

static void conditional(struct gen *g)
{
	rs_label yes = rs_ir_block_new(g->f), no = rs_ir_block_new(g->f);
	rs_label after = rs_ir_block_new(g->f);

	branch(g, yes, no);
	rs_ir_block_start(g->f, yes);
	if (!below(g, 3))
		rs_ir_block_cold(g->f);
	statements(g, below(g, 4));
	if (!rs_ir_ended(g->f))
		rs_ir_jump(g->f, after);
	rs_ir_block_start(g->f, no);
	statements(g, below(g, 3));
	if (!rs_ir_ended(g->f))
		rs_ir_jump(g->f, after);
	rs_ir_block_start(g->f, after);
}

/* The value of a condition in a variable, as && and || are made. */
static void logical(struct gen *g)
{
	rs_label second = rs_ir_block_new(g->f), no = rs_ir_block_new(g->f);
	rs_label after = rs_ir_block_new(g->f), yes = rs_ir_block_new(g->f);
	rs_label end = rs_ir_block_new(g->f);
	rs_reg v = rs_ir_reg_new(g->f);

	branch(g, second, no);
	rs_ir_block_start(g->f, second);
	rs_ir_assign(g->f, v, rs_ir_compare_imm(g->f, RS_IR_NE, expression(g), 0));
	rs_ir_jump(g->f, after);
	rs_ir_block_start(g->f, no);
	rs_ir_assign_const(g->f, v, 0);
	rs_ir_block_start(g->f, after);
	rs_ir_branch_imm(g->f, RS_IR_NE, v, 0, yes, end);
	rs_ir_block_start(g->f, yes);
	statements(g, 1 + below(g, 2));
	if (!rs_ir_ended(g->f))
		rs_ir_jump(g->f, end);
	rs_ir_block_start(g->f, end);
}

static void loop(struct gen *g)
{
	struct rs_ir_func *f = g->f;
	rs_label head = rs_ir_block_new(f), body = rs_ir_block_new(f), after = rs_ir_block_new(f);
	rs_reg i = rs_ir_reg_new(f);

	if (g->loop > 1)
		return;
	g->loop++;
	rs_ir_assign_const(f, i, 0);
	rs_ir_block_start(f, head);
	rs_ir_branch_imm(f, RS_IR_LT, i, 1 + below(g, 5), body, after);
	rs_ir_block_start(f, body);
	statements(g, 1 + below(g, 4));
	if (!rs_ir_ended(f)) {
		rs_ir_assign(f, i, rs_ir_binary_imm(f, RS_IR_ADD, i, 1));
		rs_ir_jump(f, head);
	}
	rs_ir_block_start(f, after);
	g->loop--;
}

static void statement(struct gen *g)
{
	struct rs_ir_func *f = g->f;
	unsigned size = 1u << below(g, 4), kind = below(g, 20);
	rs_reg base;
	int off;

	rs_ir_set_location(f, below(g, 5));
	if (kind < 8) {
		rs_ir_assign(f, variable(g), expression(g));
	} else if (kind < 9) {
		rs_ir_assign_const(f, variable(g), number(g));
	} else if (kind < 11) {
		rs_reg v = expression(g);

		base = memory_base(g, &off, size);
		rs_ir_store(f, base, off, size, v);
	} else if (kind < 12) {
		base = memory_base(g, &off, size);
		rs_ir_store_imm(f, base, off, size, number(g));
	} else if (kind < 13) {
		rs_reg v = expression(g);

		size = size < 4 ? 4 : size;
		base = memory_base(g, &off, size);
		rs_ir_atomic_add(f, base, off & -(int)size, size, v);
	} else if (kind < 14 && g->calls) {
		call(g);
	} else if (kind < 17) {
		conditional(g);
	} else if (kind < 18) {
		logical(g);
	} else if (kind < 19) {
		loop(g);
	} else if (!below(g, 6)) {
		rs_ir_return(f, expression(g));
	}
}

static void statements(struct gen *g, unsigned n)
{
	while (n-- && g->budget && !rs_ir_ended(g->f)) {
		g->budget--;
		statement(g);
	}
}

static void function(struct gen *g)
{
	rs_reg sum;

	for (unsigned i = 0; i < ARRAY_SIZE(g->slots); i++)
		g->slots[i] = rs_ir_slot_new(g->f, 24);
	g->calls = below(g, 3);
	g->n_vars = 1 + below(g, g->calls ? VARS / 2 : VARS);
	for (unsigned i = 0; i < g->n_vars; i++) {
		g->vars[i] = rs_ir_reg_new(g->f);
		if (i < g->f->n_params && i != 1 && g->f->n_params > 1)
			rs_ir_assign(g->f, g->vars[i], rs_ir_param(g->f, i));
		else if (below(g, 8))
			rs_ir_assign_const(g->f, g->vars[i], number(g));
		else
			rs_ir_assign(g->f, g->vars[i], load(g));
	}
	statements(g, g->budget);
	if (rs_ir_ended(g->f))
		return;
	sum = g->vars[0];
	for (unsigned i = 1; i < g->n_vars; i++)
		sum = rs_ir_binary(g->f, RS_IR_ADD, rs_ir_binary_imm(g->f, RS_IR_MUL, sum, 31),
				   g->vars[i]);
	rs_ir_return(g->f, sum);
}

static struct rs_ir_module *generate(uint64_t seed, struct rs_arena *arena)
{
	struct rs_ir_module *m = rs_ir_module_new(arena);
	struct gen g = { .random = seed };
	struct rs_ir_func *main = rs_ir_func_new(m, "main", 1), *callee = NULL;

	if (seed % 3 == 0) {
		callee = rs_ir_func_new(m, "callee", 5);
		g = (struct gen){ .random = seed, .f = callee };
		g.context = rs_ir_param(callee, 1);
		g.budget = below(&g, 8);
		function(&g);
	}
	g = (struct gen){ .random = seed * 77, .f = main, .callee = callee };
	g.context = rs_ir_param(main, 0);
	g.budget = 3 + below(&g, seed % 16 == 0 ? 60 : 16);
	function(&g);
	return m;
}

/* NULL: the image did what was wanted; else what it did. */
static const char *check_run(uint64_t seed, const struct machine *want,
			     const struct rs_ir_options *options)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
	static struct rs_error err;
	struct rs_ir_module *m = generate(seed, &arena);
	struct rs_ir_image image;
	struct machine got;

	if (rs_ir_compile(m, options, &arena, &image, &err) < 0)
		return err.msg;
	machine_init(&got);
	run_image(&got, &image);
	if (got.fault)
		return got.fault;
	if (got.result != want->result || got.sum != want->sum ||
	    memcmp(got.context, want->context, sizeof(got.context)) != 0)
		return "another result";
	return NULL;
}

static const char *check_seed(uint64_t seed)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
	const struct rs_ir_options plain = { .no_optimize = true, .cpu_v3 = true };
	const struct rs_ir_options best = { .cpu_v3 = seed % 4 != 0 };
	struct rs_ir_module *m = generate(seed, &arena);
	struct machine want;
	const char *wrong;

	machine_init(&want);
	run_module(&want, m);
	wrong = want.fault ? want.fault : check_run(seed, &want, &plain);
	return wrong ? wrong : check_run(seed, &want, &best);
}

/* SEED=n in the environment: only that one. */
static void test_random(void **state)
{
	const char *only = getenv("SEED");
	uint64_t first = only ? strtoull(only, NULL, 0) : 1;

	(void)state;
	for (uint64_t seed = first; seed <= (only ? first : SEEDS); seed++) {
		const char *wrong = check_seed(seed);

		if (wrong)
			fail_msg("seed %llu: %s", (unsigned long long)seed, wrong);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
