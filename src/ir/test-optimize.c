/* SPDX-License-Identifier: Apache-2.0 */
/* What passes make of small functions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ir/testing-text.h"

/* Arithmetic on constants is done, and what has no effect is gone. */
static void test_constants(void **state)
{
	struct fixture x;

	(void)state;
	fixture_init(&x);
	rs_reg v = rs_ir_binary_imm(x.f, RS_IR_MUL, rs_ir_const(x.f, 6), 7);
	rs_reg w = rs_ir_load(x.f, rs_ir_param(x.f, 0), 8, 8, false);

	v = rs_ir_binary(x.f, RS_IR_ADD, rs_ir_const(x.f, 0), v);
	rs_ir_binary(x.f, RS_IR_DIV, w, rs_ir_const(x.f, 0));
	rs_ir_return(x.f, v);
	assert_string_equal(optimized(&x), "p(%1): b1\n"
					   "b1:\n"
					   "\treturn 42\n");
	fixture_done(&x);
}

/* Powers of two, and constants that come together. */
static void test_strength(void **state)
{
	struct fixture x;

	(void)state;
	fixture_init(&x);
	rs_reg a = rs_ir_load(x.f, rs_ir_param(x.f, 0), 8, 8, false);
	rs_reg b = rs_ir_binary_imm(x.f, RS_IR_MUL, a, 8);

	b = rs_ir_binary_imm(x.f, RS_IR_DIV, b, 1024);
	b = rs_ir_binary_imm(x.f, RS_IR_MOD, b, 64);
	b = rs_ir_binary_imm(x.f, RS_IR_SUB, b, 5);
	b = rs_ir_binary_imm(x.f, RS_IR_ADD, b, 7);
	rs_ir_return(x.f, b);
	assert_string_equal(optimized(&x), "p(%1): b1\n"
					   "b1:\n"
					   "\t%2 = u64[%1+8]\n"
					   "\t%3 = %2 << 3\n"
					   "\t%4 = %3 >> 10\n"
					   "\t%5 = %4 & 63\n"
					   "\t%7 = %5 + 2\n"
					   "\treturn %7\n");
	fixture_done(&x);
}

/* What is extended already is not extended again, and nothing is extended to be stored. */
static void test_widths(void **state)
{
	struct fixture x;

	(void)state;
	fixture_init(&x);
	rs_reg ctx = rs_ir_param(x.f, 0);
	rs_reg a = rs_ir_extend(x.f, rs_ir_load(x.f, ctx, 0, 4, false), 4, false);
	rs_reg b = rs_ir_extend(x.f, rs_ir_load(x.f, ctx, 4, 2, true), 2, false);
	rs_reg c = rs_ir_load(x.f, ctx, 8, 8, false);
	rs_reg d = rs_ir_slot_address(x.f, rs_ir_slot_new(x.f, 16));

	c = rs_ir_binary_imm(x.f, RS_IR_SHL, c, 32);
	c = rs_ir_binary_imm(x.f, RS_IR_SHR, c, 32);
	rs_ir_store(x.f, d, 0, 2, rs_ir_extend(x.f, c, 4, true));
	rs_ir_store(x.f, d, 8, 8, rs_ir_binary_imm(x.f, RS_IR_AND, b, 0xffff));
	rs_ir_call_of(x.f, 6, d, rs_ir_const(x.f, 16));
	rs_ir_return(x.f, a);
	assert_string_equal(optimized(&x), "p(%1): b1\n"
					   "b1:\n"
					   "\t%2 = u32[%1+0]\n"
					   "\t%4 = u16[%1+4]\n"
					   "\t%6 = u64[%1+8]\n"
					   "\t%7 = frame-16\n"
					   "\tu16[%7+0] = %6\n"
					   "\tu64[%7+8] = %4\n"
					   "\t%12 = 16\n"
					   "\tcall 6(%7, %12)\n"
					   "\treturn %2\n");
	fixture_done(&x);
}

/* Pure calls and arithmetic are done once, loads as long as nobody writes there. */
static void test_common(void **state)
{
	struct fixture x;

	(void)state;
	fixture_init(&x);
	rs_reg ctx = rs_ir_param(x.f, 0), v = rs_ir_call(x.f, 1, 0, 0, NULL);
	rs_reg pid = rs_ir_binary_imm(x.f, RS_IR_SHR, rs_ir_call(x.f, 14, RS_IR_CALL_PURE, 0, NULL),
				      32);
	rs_label yes = rs_ir_block_new(x.f), no = rs_ir_block_new(x.f);

	rs_ir_branch(x.f, RS_IR_EQ, pid, rs_ir_load(x.f, ctx, 0, 8, false), yes, no);
	rs_ir_block_start(x.f, yes);
	rs_ir_store(x.f, v, 0, 8, rs_ir_load(x.f, ctx, 0, 8, false));
	rs_ir_store(x.f, v, 8, 8, rs_ir_load(x.f, v, 0, 8, false));
	rs_ir_block_start(x.f, no);
	pid = rs_ir_binary_imm(x.f, RS_IR_SHR, rs_ir_call(x.f, 14, RS_IR_CALL_PURE, 0, NULL), 32);
	rs_ir_store(x.f, v, 16, 8, rs_ir_load(x.f, ctx, 0, 8, false));
	rs_ir_return(x.f, pid);
	assert_string_equal(optimized(&x), "p(%1): b1\n"
					   "b1:\n"
					   "\t%2 = call 1()\n"
					   "\t%3 = pure 14()\n"
					   "\t%4 = %3 >> 32\n"
					   "\t%5 = u64[%1+0]\n"
					   "\tif %4 == %5 goto b2 else b3\n"
					   "b2:\n"
					   "\tu64[%2+0] = %5\n"
					   "\tu64[%2+8] = %5\n"
					   "\tgoto b3\n"
					   "b3:\n"
					   "\t%10 = u64[%1+0]\n"
					   "\tu64[%2+16] = %10\n"
					   "\treturn %4\n");
	fixture_done(&x);
}

/* Constant distances are part of loads and stores. */
static void test_addresses(void **state)
{
	struct fixture x;

	(void)state;
	fixture_init(&x);
	rs_reg s = rs_ir_slot_address(x.f, rs_ir_slot_new(x.f, 32)),
	       v = rs_ir_map_value(x.f, 3, 16);
	rs_reg p = rs_ir_binary_imm(x.f, RS_IR_ADD, rs_ir_param(x.f, 0), 8);

	p = rs_ir_load(x.f, rs_ir_binary_imm(x.f, RS_IR_ADD, p, 16), 4, 4, false);
	rs_ir_store(x.f, rs_ir_binary_imm(x.f, RS_IR_ADD, s, 8), 4, 4, p);
	rs_ir_store(x.f, rs_ir_binary_imm(x.f, RS_IR_ADD, v, 8), 0, 8, p);
	rs_ir_call_of(x.f, 6, rs_ir_binary_imm(x.f, RS_IR_ADD, s, 8), rs_ir_const(x.f, 8));
	rs_ir_return_imm(x.f, 0);
	assert_string_equal(optimized(&x), "p(%1): b1\n"
					   "b1:\n"
					   "\t%6 = u32[%1+28]\n"
					   "\t%7 = frame-24\n"
					   "\tu32[%7+4] = %6\n"
					   "\t%8 = map value 3+24\n"
					   "\tu64[%8+0] = %6\n"
					   "\t%10 = 8\n"
					   "\tcall 6(%7, %10)\n"
					   "\treturn 0\n");
	fixture_done(&x);
}

/* A branch on the outcome of a comparison is the comparison; masks are tested. */
static void test_fused(void **state)
{
	struct fixture x;

	(void)state;
	fixture_init(&x);
	rs_reg a = rs_ir_load(x.f, rs_ir_param(x.f, 0), 0, 8, false);
	rs_label one = rs_ir_block_new(x.f), two = rs_ir_block_new(x.f), out = rs_ir_block_new(x.f);
	rs_reg c = rs_ir_compare_imm(x.f, RS_IR_EQ, rs_ir_compare_imm(x.f, RS_IR_SLT, a, 10), 0);

	rs_ir_branch_imm(x.f, RS_IR_NE, c, 0, one, out);
	rs_ir_block_start(x.f, one);
	rs_ir_branch_imm(x.f, RS_IR_EQ, rs_ir_binary_imm(x.f, RS_IR_AND, a, 6), 0, out, two);
	rs_ir_block_start(x.f, two);
	rs_ir_return_imm(x.f, 1);
	rs_ir_block_start(x.f, out);
	rs_ir_return_imm(x.f, 0);
	assert_string_equal(optimized(&x), "p(%1): b1\n"
					   "b1:\n"
					   "\t%2 = u64[%1+0]\n"
					   "\tif %2 s>= 10 goto b2 else b4\n"
					   "b2:\n"
					   "\tif %2 has 6 goto b3 else b4\n"
					   "b3:\n"
					   "\treturn 1\n"
					   "b4:\n"
					   "\treturn 0\n");
	fixture_done(&x);
}

/* A condition that was stored in a register and is looked at at once needs no register. */
static void test_threaded(void **state)
{
	struct fixture x;

	(void)state;
	fixture_init(&x);
	struct rs_ir_func *f = x.f;
	rs_label right = rs_ir_block_new(f), no = rs_ir_block_new(f), after = rs_ir_block_new(f);
	rs_label body = rs_ir_block_new(f), out = rs_ir_block_new(f);
	rs_reg a = rs_ir_load(f, rs_ir_param(f, 0), 0, 8, false);
	rs_reg b = rs_ir_load(f, rs_ir_param(f, 0), 8, 8, false), both = rs_ir_reg_new(f);

	rs_ir_branch_imm(f, RS_IR_NE, rs_ir_compare_imm(f, RS_IR_GT, a, 5), 0, right, no);
	rs_ir_block_start(f, right);
	rs_ir_assign(f, both,
		     rs_ir_compare_imm(f, RS_IR_NE, rs_ir_compare_imm(f, RS_IR_EQ, b, 7), 0));
	rs_ir_jump(f, after);
	rs_ir_block_start(f, no);
	rs_ir_assign_const(f, both, 0);
	rs_ir_block_start(f, after);
	rs_ir_branch_imm(f, RS_IR_NE, both, 0, body, out);
	rs_ir_block_start(f, body);
	rs_ir_call_of(f, 6, a);
	rs_ir_block_start(f, out);
	rs_ir_return_imm(f, 0);
	assert_string_equal(optimized(&x), "p(%1): b1\n"
					   "b1:\n"
					   "\t%2 = u64[%1+0]\n"
					   "\t%3 = u64[%1+8]\n"
					   "\tif %2 > 5 goto b2 else b6\n"
					   "b2:\n"
					   "\tif %3 == 7 goto b5 else b6\n"
					   "b5:\n"
					   "\tcall 6(%2)\n"
					   "\treturn 0\n"
					   "b6:\n"
					   "\treturn 0\n");
	fixture_done(&x);
}

/* What a branch compared is what is used behind it: no copy, and no sum, takes its place. */
static void test_bounds(void **state)
{
	struct fixture x;

	(void)state;
	fixture_init(&x);
	struct rs_ir_func *f = x.f;
	rs_label in = rs_ir_block_new(f), out = rs_ir_block_new(f);
	rs_reg a = rs_ir_load(f, rs_ir_param(f, 0), 0, 8, false);
	rs_reg i = rs_ir_binary_imm(f, RS_IR_ADD, a, 1), j = rs_ir_copy(f, i);

	rs_ir_branch_imm(f, RS_IR_LT, i, 10, in, out);
	rs_ir_block_start(f, in);
	i = rs_ir_binary_imm(f, RS_IR_ADD, j, 2);
	rs_ir_store_imm(f, rs_ir_binary(f, RS_IR_ADD, rs_ir_map_value(f, 1, 0), i), 0, 1, 1);
	rs_ir_block_start(f, out);
	rs_ir_return_imm(f, 0);
	assert_string_equal(optimized(&x), "p(%1): b1\n"
					   "b1:\n"
					   "\t%2 = u64[%1+0]\n"
					   "\t%3 = %2 + 1\n"
					   "\tif %3 < 10 goto b2 else b3\n"
					   "b2:\n"
					   "\t%5 = %3 + 2\n"
					   "\t%6 = map value 1+0\n"
					   "\t%7 = %6 + %5\n"
					   "\tu8[%7+0] = 1\n"
					   "\treturn 0\n"
					   "b3:\n"
					   "\treturn 0\n");
	fixture_done(&x);
}

/* Stores that nobody can see are not made. */
static void test_stores(void **state)
{
	struct fixture x;

	(void)state;
	fixture_init(&x);
	rs_reg s = rs_ir_slot_address(x.f, rs_ir_slot_new(x.f, 16));

	rs_ir_zero(x.f, s, 0, 16);
	rs_ir_store(x.f, s, 0, 8, rs_ir_param(x.f, 0));
	rs_ir_store_imm(x.f, s, 8, 4, 1);
	rs_ir_call_of(x.f, 6, s);
	rs_ir_store_imm(x.f, s, 0, 8, 0);
	rs_ir_return_imm(x.f, 0);
	assert_string_equal(optimized(&x), "p(%1): b1\n"
					   "b1:\n"
					   "\t%2 = frame-16\n"
					   "\tu64[%2+8] = 0\n"
					   "\tu64[%2+0] = %1\n"
					   "\tu32[%2+8] = 1\n"
					   "\tcall 6(%2)\n"
					   "\treturn 0\n");
	fixture_done(&x);
}

/* Variables that may have no value yet begin as zero. */
static void test_undefined(void **state)
{
	struct fixture x;

	(void)state;
	fixture_init(&x);
	rs_label yes = rs_ir_block_new(x.f), out = rs_ir_block_new(x.f);
	rs_reg v = rs_ir_reg_new(x.f);

	rs_ir_branch_imm(x.f, RS_IR_NE, rs_ir_load(x.f, rs_ir_param(x.f, 0), 0, 8, false), 0, yes,
			 out);
	rs_ir_block_start(x.f, yes);
	rs_ir_assign(x.f, v, rs_ir_call(x.f, 5, 0, 0, NULL));
	rs_ir_block_start(x.f, out);
	rs_ir_return(x.f, v);
	assert_string_equal(optimized(&x), "p(%1): b4\n"
					   "b1:\n"
					   "\t%3 = u64[%1+0]\n"
					   "\tif %3 != 0 goto b2 else b3\n"
					   "b2:\n"
					   "\t%4 = call 5()\n"
					   "\t%2 = %4\n"
					   "\treturn %2\n"
					   "b3:\n"
					   "\treturn 0\n"
					   "b4:\n"
					   "\tgoto b1\n");
	fixture_done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_constants), cmocka_unit_test(test_strength),
		cmocka_unit_test(test_widths),    cmocka_unit_test(test_common),
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_fused),
		cmocka_unit_test(test_threaded),  cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_stores),    cmocka_unit_test(test_undefined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
