/* SPDX-License-Identifier: Apache-2.0 */
/* Building never fails at once; compiling says what was wrong first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "ir/testing-text.h"

/* Compiles what fits; -code, and that the message has the text. */
static void refused(struct fixture *x, int code, const char *text)
{
	const struct rs_ir_options options = { .cpu_v3 = true };
	struct rs_ir_image image;
	int r = rs_ir_compile(x->m, &options, &x->arena, &image, &x->err);

	assert_int_equal(r, code);
	assert_non_null(strstr(x->err.msg, text));
	fixture_done(x);
}

static void test_misuse(void **state)
{
	struct fixture x;
	rs_label label;

	(void)state;
	fixture_init(&x);
	rs_ir_return_imm(x.f, 0);
	assert_true(rs_ir_ended(x.f));
	assert_int_equal(rs_ir_const(x.f, 1), 0);
	assert_int_equal(rs_ir_const(x.f, 2), 0);
	refused(&x, -EINVAL, "outside of a block");

	fixture_init(&x);
	label = rs_ir_block_new(x.f);
	rs_ir_block_start(x.f, label);
	assert_false(rs_ir_ended(x.f));
	rs_ir_block_start(x.f, label);
	refused(&x, -EINVAL, "cannot be started");

	fixture_init(&x);
	rs_ir_jump(x.f, rs_ir_block_new(x.f));
	refused(&x, -EINVAL, "is empty");

	fixture_init(&x);
	rs_ir_const(x.f, 1);
	refused(&x, -EINVAL, "has no end");

	fixture_init(&x);
	rs_ir_return(x.f, rs_ir_reg_new(x.f));
	refused(&x, -EINVAL, "has no value");

	fixture_init(&x);
	rs_ir_return(x.f, 77);
	refused(&x, -EINVAL, "no register 77");
}

static void test_operands(void **state)
{
	struct fixture x;

	(void)state;
	fixture_init(&x);
	rs_ir_return(x.f, rs_ir_load(x.f, rs_ir_param(x.f, 0), 0, 3, false));
	refused(&x, -EINVAL, "3 bytes");

	fixture_init(&x);
	rs_ir_return(x.f, rs_ir_load(x.f, rs_ir_param(x.f, 0), 40000, 8, false));
	refused(&x, -EINVAL, "offset of 40000");

	fixture_init(&x);
	rs_ir_atomic_add(x.f, rs_ir_param(x.f, 0), 0, 2, rs_ir_const(x.f, 1));
	refused(&x, -EINVAL, "2 bytes");

	fixture_init(&x);
	rs_ir_return(x.f, rs_ir_param(x.f, 1));
	refused(&x, -EINVAL, "no parameter 1");

	fixture_init(&x);
	rs_ir_slot_address(x.f, (struct rs_ir_slot){ 3 });
	refused(&x, -EINVAL, "no slot 3");
}

static void test_frame(void **state)
{
	struct fixture x;
	struct rs_ir_slot a, b;
	rs_reg pa, pb;

	(void)state;
	fixture_init(&x);
	a = rs_ir_slot_new(x.f, 20);
	pa = rs_ir_slot_address(x.f, a);
	assert_int_equal(rs_ir_frame_used(x.f), 24);
	rs_ir_slot_free(x.f, a);
	assert_int_equal(rs_ir_frame_used(x.f), 0);
	b = rs_ir_slot_new(x.f, 8);
	pb = rs_ir_slot_address(x.f, b);
	rs_ir_call_of(x.f, 6, pa, pb);
	rs_ir_return_imm(x.f, 0);
	assert_string_equal(compiled(&x), "p: stack 24\n"
					  "   0: r1 = r10\n"
					  "   1: r1 += -24\n"
					  "   2: r2 = r10\n"
					  "   3: r2 += -8\n"
					  "   4: call 6\n"
					  "   5: r0 = 0\n"
					  "   6: exit\n");
	fixture_done(&x);

	fixture_init(&x);
	rs_ir_call_of(x.f, 6, rs_ir_slot_address(x.f, rs_ir_slot_new(x.f, 520)));
	rs_ir_return_imm(x.f, 0);
	refused(&x, -E2BIG, "520 bytes of stack");

	fixture_init(&x);
	rs_ir_slot_new(x.f, 1 << 30);
	refused(&x, -E2BIG, "no room on the stack");
}

/* A module that had no memory takes everything and refuses to compile. */
static void test_memory(void **state)
{
	struct rs_arena small = RS_ARENA_INIT(100);
	struct rs_ir_module *m = rs_ir_module_new(&small);
	struct rs_ir_func *f = rs_ir_func_new(m, "p", 1);
	const struct rs_ir_options options = { 0 };
	struct rs_error err = RS_ERROR_INIT;
	struct rs_ir_image image;

	(void)state;
	rs_ir_return(f, rs_ir_load(f, rs_ir_param(f, 0), 0, 8, false));
	assert_int_equal(rs_ir_compile(m, &options, &small, &image, &err), -ENOMEM);
	rs_arena_done(&small);
}

/* Every way to run out of memory while compiling is -ENOMEM and no crash. */
static void test_memory_later(void **state)
{
	int r = -ENOMEM;

	(void)state;
	for (size_t max = 6000; r == -ENOMEM; max += 64) {
		struct fixture x;
		const struct rs_ir_options options = { 0 };
		struct rs_ir_image image;
		rs_label yes, no;
		rs_reg v;

		fixture_init(&x);
		x.arena.max = max;
		yes = rs_ir_block_new(x.f);
		no = rs_ir_block_new(x.f);
		v = rs_ir_call_of(x.f, 1, rs_ir_map(x.f, 1), rs_ir_param(x.f, 0));
		rs_ir_branch_imm(x.f, RS_IR_EQ, v, 0, yes, no);
		rs_ir_block_start(x.f, yes);
		rs_ir_return_imm(x.f, 0);
		rs_ir_block_start(x.f, no);
		rs_ir_atomic_add(x.f, v, 0, 8, rs_ir_const(x.f, 1));
		rs_ir_return_imm(x.f, 0);
		r = rs_ir_compile(x.m, &options, &x.arena, &image, &x.err);
		fixture_done(&x);
	}
	assert_int_equal(r, 0);
}

static void test_lines(void **state)
{
	const struct rs_ir_options options = { .cpu_v3 = true };
	struct fixture x;
	struct rs_ir_image image;
	rs_reg a;

	(void)state;
	fixture_init(&x);
	rs_ir_set_location(x.f, 5);
	a = rs_ir_load(x.f, rs_ir_param(x.f, 0), 0, 8, false);
	rs_ir_set_location(x.f, 6);
	rs_ir_store(x.f, rs_ir_map_value(x.f, 4, 8), 0, 8, a);
	rs_ir_return_imm(x.f, 0);
	assert_int_equal(rs_ir_compile(x.m, &options, &x.arena, &image, &x.err), 0);
	assert_int_equal(image.n_lines, 2);
	assert_int_equal(image.lines[0].insn, 0);
	assert_int_equal(image.lines[0].location, 5);
	assert_int_equal(image.lines[1].insn, 1);
	assert_int_equal(image.lines[1].location, 6);
	assert_int_equal(image.n_fixups, 1);
	assert_int_equal(image.fixups[0].kind, RS_IR_FIXUP_MAP_VALUE);
	assert_int_equal(image.fixups[0].insn, 1);
	assert_int_equal(image.fixups[0].map, 4);
	assert_int_equal(image.insns[2].imm, 8);
	assert_int_equal(image.n_funcs, 1);
	assert_string_equal(image.funcs[0].name, "p");
	assert_int_equal(image.funcs[0].n_params, 1);
	fixture_done(&x);
}

static void test_too_far(void **state)
{
	struct fixture x;
	rs_label yes, no;

	(void)state;
	fixture_init(&x);
	yes = rs_ir_block_new(x.f);
	no = rs_ir_block_new(x.f);
	rs_ir_branch_imm(x.f, RS_IR_EQ, rs_ir_load(x.f, rs_ir_param(x.f, 0), 0, 8, false), 0, yes,
			 no);
	rs_ir_block_start(x.f, yes);
	for (int i = 0; i < 40000; i++)
		rs_ir_call_of(x.f, 5, rs_ir_const(x.f, i));
	rs_ir_block_start(x.f, no);
	rs_ir_return(x.f, rs_ir_call(x.f, 5, 0, 0, NULL));
	refused(&x, -E2BIG, "a jump over more than 32767 instructions");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_misuse),       cmocka_unit_test(test_operands),
		cmocka_unit_test(test_frame),        cmocka_unit_test(test_memory),
		cmocka_unit_test(test_memory_later), cmocka_unit_test(test_lines),
		cmocka_unit_test(test_too_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
