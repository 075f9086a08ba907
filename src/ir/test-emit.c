/* SPDX-License-Identifier: Apache-2.0 */
/* The BPF instructions that small functions become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ir/testing-text.h"

/* Counting by a key: no move too many, the insertion out of the way. */
static void test_count(void **state)
{
	struct fixture x;

	(void)state;
	fixture_init(&x);
	struct rs_ir_func *f = x.f;
	rs_label hit = rs_ir_block_new(f), miss = rs_ir_block_new(f), done = rs_ir_block_new(f);
	rs_reg key = rs_ir_slot_address(f, rs_ir_slot_new(f, 16)), v, one;

	rs_ir_call_of(f, 16, key, rs_ir_const(f, 16));
	v = rs_ir_call_of(f, 1, rs_ir_map(f, 7), key);
	rs_ir_branch_imm(f, RS_IR_NE, v, 0, hit, miss);
	rs_ir_block_start(f, miss);
	rs_ir_block_cold(f);
	one = rs_ir_slot_address(f, rs_ir_slot_new(f, 8));
	rs_ir_store_imm(f, one, 0, 8, 1);
	rs_ir_call_of(f, 2, rs_ir_map(f, 7), key, one, rs_ir_const(f, 0));
	rs_ir_jump(f, done);
	rs_ir_block_start(f, hit);
	rs_ir_store(f, v, 0, 8, rs_ir_binary_imm(f, RS_IR_ADD, rs_ir_load(f, v, 0, 8, false), 1));
	rs_ir_block_start(f, done);
	rs_ir_return_imm(f, 0);
	assert_string_equal(compiled(&x), "p: stack 24\n"
					  "   0: r1 = r10\n"
					  "   1: r1 += -16\n"
					  "   2: r2 = 16\n"
					  "   3: call 16\n"
					  "   4: r1 = map 7 ll\n"
					  "   6: r2 = r10\n"
					  "   7: r2 += -16\n"
					  "   8: call 1\n"
					  "   9: if r0 == 0 goto 15\n"
					  "  10: r5 = u64[r0+0]\n"
					  "  11: r5 += 1\n"
					  "  12: u64[r0+0] = r5\n"
					  "  13: r0 = 0\n"
					  "  14: exit\n"
					  "  15: u64[r10-24] = 1\n"
					  "  16: r1 = map 7 ll\n"
					  "  18: r2 = r10\n"
					  "  19: r2 += -16\n"
					  "  20: r3 = r10\n"
					  "  21: r3 += -24\n"
					  "  22: r4 = 0\n"
					  "  23: call 2\n"
					  "  24: r0 = 0\n"
					  "  25: exit\n");
	fixture_done(&x);
}

/* The value may come from a second look-up: both give it in r0. */
static void test_insert(void **state)
{
	struct fixture x;

	(void)state;
	fixture_init(&x);
	struct rs_ir_func *f = x.f;
	rs_label hit = rs_ir_block_new(f), miss = rs_ir_block_new(f), out = rs_ir_block_new(f);
	rs_reg key = rs_ir_slot_address(f, rs_ir_slot_new(f, 8)), v = rs_ir_reg_new(f);

	rs_ir_store(f, key, 0, 8, rs_ir_load(f, rs_ir_param(f, 0), 8, 8, false));
	rs_ir_assign(f, v, rs_ir_call_of(f, 1, rs_ir_map(f, 7), key));
	rs_ir_branch_imm(f, RS_IR_NE, v, 0, hit, miss);
	rs_ir_block_start(f, miss);
	rs_ir_block_cold(f);
	rs_ir_call_of(f, 2, rs_ir_map(f, 7), key, key, rs_ir_const(f, 1));
	rs_ir_assign(f, v, rs_ir_call_of(f, 1, rs_ir_map(f, 7), key));
	rs_ir_branch_imm(f, RS_IR_NE, v, 0, hit, out);
	rs_ir_block_start(f, hit);
	rs_ir_atomic_add(f, v, 0, 8, rs_ir_load(f, rs_ir_param(f, 0), 16, 8, false));
	rs_ir_block_start(f, out);
	rs_ir_return_imm(f, 0);
	assert_string_equal(compiled(&x), "p: stack 8\n"
					  "   0: r6 = r1\n"
					  "   1: r5 = u64[r6+8]\n"
					  "   2: u64[r10-8] = r5\n"
					  "   3: r1 = map 7 ll\n"
					  "   5: r2 = r10\n"
					  "   6: r2 += -8\n"
					  "   7: call 1\n"
					  "   8: if r0 == 0 goto 13\n"
					  "   9: r5 = u64[r6+16]\n"
					  "  10: lock u64[r0+0] += r5\n"
					  "  11: r0 = 0\n"
					  "  12: exit\n"
					  "  13: r1 = map 7 ll\n"
					  "  15: r2 = r10\n"
					  "  16: r2 += -8\n"
					  "  17: r3 = r10\n"
					  "  18: r3 += -8\n"
					  "  19: r4 = 1\n"
					  "  20: call 2\n"
					  "  21: r1 = map 7 ll\n"
					  "  23: r2 = r10\n"
					  "  24: r2 += -8\n"
					  "  25: call 1\n"
					  "  26: if r0 != 0 goto 9\n"
					  "  27: r0 = 0\n"
					  "  28: exit\n");
	fixture_done(&x);
}

/* A record in the ring buffer: what lives across calls is in r6 to r9. */
static void test_record(void **state)
{
	struct fixture x;

	(void)state;
	fixture_init(&x);
	struct rs_ir_func *f = x.f;
	rs_label have = rs_ir_block_new(f), lost = rs_ir_block_new(f), out = rs_ir_block_new(f);
	rs_reg r = rs_ir_call_of(f, 131, rs_ir_map(f, 1), rs_ir_const(f, 40), rs_ir_const(f, 0)),
	       id;

	rs_ir_branch_imm(f, RS_IR_NE, r, 0, have, lost);
	rs_ir_block_start(f, lost);
	rs_ir_block_cold(f);
	rs_ir_atomic_add(f, rs_ir_map_value(f, 3, 16), 0, 8, rs_ir_const(f, 1));
	rs_ir_jump(f, out);
	rs_ir_block_start(f, have);
	rs_ir_store_imm(f, r, 0, 8, 3);
	id = rs_ir_call(f, 14, RS_IR_CALL_PURE, 0, NULL);
	rs_ir_store(f, r, 8, 4, rs_ir_binary_imm(f, RS_IR_SHR, id, 32));
	rs_ir_store(f, r, 12, 4, rs_ir_extend(f, id, 4, false));
	rs_ir_store(f, r, 16, 8, rs_ir_load(f, rs_ir_param(f, 0), 24, 8, false));
	rs_ir_call_of(f, 16, rs_ir_binary_imm(f, RS_IR_ADD, r, 24), rs_ir_const(f, 16));
	rs_ir_call_of(f, 132, r, rs_ir_const(f, 0));
	rs_ir_block_start(f, out);
	rs_ir_return_imm(f, 0);
	assert_string_equal(compiled(&x), "p: stack 0\n"
					  "   0: r7 = r1\n"
					  "   1: r1 = map 1 ll\n"
					  "   3: r2 = 40\n"
					  "   4: r3 = 0\n"
					  "   5: call 131\n"
					  "   6: r6 = r0\n"
					  "   7: if r6 == 0 goto 25\n"
					  "   8: u64[r6+0] = 3\n"
					  "   9: call 14\n"
					  "  10: r5 = r0\n"
					  "  11: r5 >>= 32\n"
					  "  12: u32[r6+8] = r5\n"
					  "  13: u32[r6+12] = r0\n"
					  "  14: r5 = u64[r7+24]\n"
					  "  15: u64[r6+16] = r5\n"
					  "  16: r1 = r6\n"
					  "  17: r1 += 24\n"
					  "  18: r2 = 16\n"
					  "  19: call 16\n"
					  "  20: r1 = r6\n"
					  "  21: r2 = 0\n"
					  "  22: call 132\n"
					  "  23: r0 = 0\n"
					  "  24: exit\n"
					  "  25: r4 = 1\n"
					  "  26: r5 = map value 3 + 16 ll\n"
					  "  28: lock u64[r5+0] += r4\n"
					  "  29: r0 = 0\n"
					  "  30: exit\n");
	fixture_done(&x);
}

/* A loop has its condition at its end. */
static void test_loop(void **state)
{
	struct fixture x;

	(void)state;
	fixture_init(&x);
	struct rs_ir_func *f = x.f;
	rs_label head = rs_ir_block_new(f), body = rs_ir_block_new(f), end = rs_ir_block_new(f);
	rs_reg i = rs_ir_reg_new(f), sum = rs_ir_reg_new(f);

	rs_ir_assign(f, i, rs_ir_load(f, rs_ir_param(f, 0), 0, 1, false));
	rs_ir_assign_const(f, sum, 0);
	rs_ir_block_start(f, head);
	rs_ir_branch_imm(f, RS_IR_LT, i, 10, body, end);
	rs_ir_block_start(f, body);
	rs_ir_assign(f, sum, rs_ir_binary(f, RS_IR_ADD, sum, rs_ir_binary_imm(f, RS_IR_MUL, i, 3)));
	rs_ir_assign(f, i, rs_ir_binary_imm(f, RS_IR_ADD, i, 1));
	rs_ir_jump(f, head);
	rs_ir_block_start(f, end);
	rs_ir_return(f, sum);
	assert_string_equal(compiled(&x), "p: stack 0\n"
					  "   0: r4 = u8[r1+0]\n"
					  "   1: r0 = 0\n"
					  "   2: if r4 >= 10 goto 8\n"
					  "   3: r5 = r4\n"
					  "   4: r5 *= 3\n"
					  "   5: r0 += r5\n"
					  "   6: r4 += 1\n"
					  "   7: if r4 < 10 goto 3\n"
					  "   8: exit\n");
	fixture_done(&x);
}

/* Functions: called, pointed to, and left out when nobody needs them. */
static void test_callback(void **state)
{
	struct fixture x;

	(void)state;
	fixture_init(&x);
	struct rs_ir_func *f = x.f, *unused = rs_ir_func_new(x.m, "unused", 0);
	struct rs_ir_func *each = rs_ir_func_new(x.m, "each", 4),
			  *sub = rs_ir_func_new(x.m, "sub", 2);
	rs_reg s = rs_ir_slot_address(f, rs_ir_slot_new(f, 16)), n;

	rs_ir_return_imm(unused, 0);
	rs_ir_store_imm(f, s, 0, 8, 0);
	rs_ir_call_of(f, 164, rs_ir_map(f, 1), rs_ir_func_pointer(f, each), s, rs_ir_const(f, 0));
	rs_ir_return(f, rs_ir_load(f, s, 0, 8, false));
	n = rs_ir_load(each, rs_ir_param(each, 3), 0, 8, false);
	n = rs_ir_call_local(each, sub, 2, (rs_reg[]){ rs_ir_param(each, 2), n });
	rs_ir_store(each, rs_ir_param(each, 3), 0, 8, n);
	rs_ir_return_imm(each, 0);
	n = rs_ir_load(sub, rs_ir_param(sub, 0), 0, 8, false);
	rs_ir_return(sub, rs_ir_binary(sub, RS_IR_SUB, rs_ir_param(sub, 1), n));
	assert_string_equal(compiled(&x), "p: stack 16\n"
					  "   0: u64[r10-16] = 0\n"
					  "   1: r1 = map 1 ll\n"
					  "   3: r2 = function each ll\n"
					  "   5: r3 = r10\n"
					  "   6: r3 += -16\n"
					  "   7: r4 = 0\n"
					  "   8: call 164\n"
					  "   9: r0 = u64[r10-16]\n"
					  "  10: exit\n"
					  "each: stack 0\n"
					  "  11: r6 = r4\n"
					  "  12: r2 = u64[r6+0]\n"
					  "  13: r1 = r3\n"
					  "  14: call sub\n"
					  "  15: u64[r6+0] = r0\n"
					  "  16: r0 = 0\n"
					  "  17: exit\n"
					  "sub: stack 0\n"
					  "  18: r0 = r2\n"
					  "  19: r5 = u64[r1+0]\n"
					  "  20: r0 -= r5\n"
					  "  21: exit\n");
	fixture_done(&x);
}

/* Arguments that are in each other's places change them. */
static void test_moves(void **state)
{
	struct fixture x;

	(void)state;
	fixture_init(&x);
	struct rs_ir_func *f = x.f, *g = rs_ir_func_new(x.m, "g", 4);
	const rs_reg args[] = { rs_ir_param(g, 1), rs_ir_param(g, 0), rs_ir_param(g, 3),
				rs_ir_param(g, 2) };
	rs_reg c = rs_ir_param(f, 0);

	rs_ir_return(f, rs_ir_call_local(f, g, 4, (rs_reg[]){ c, c, c, c }));
	rs_ir_return(g, rs_ir_call(g, 99, 0, 4, args));
	assert_string_equal(compiled(&x), "p: stack 0\n"
					  "   0: r2 = r1\n"
					  "   1: r4 = r1\n"
					  "   2: r3 = r1\n"
					  "   3: call g\n"
					  "   4: exit\n"
					  "g: stack 0\n"
					  "   5: r0 = r2\n"
					  "   6: r2 = r1\n"
					  "   7: r1 = r0\n"
					  "   8: r0 = r4\n"
					  "   9: r4 = r3\n"
					  "  10: r3 = r0\n"
					  "  11: call 99\n"
					  "  12: exit\n");
	fixture_done(&x);
}

/* More values across a call than r6 to r9 can hold: those used least are on the stack. */
static void test_spilled(void **state)
{
	struct fixture x;

	(void)state;
	fixture_init(&x);
	struct rs_ir_func *f = x.f;
	rs_reg v[6], sum;

	for (int i = 0; i < 6; i++)
		v[i] = rs_ir_load(f, rs_ir_param(f, 0), 8 * i, 8, false);
	sum = rs_ir_call(f, 5, 0, 0, NULL);
	for (int i = 0; i < 6; i++)
		sum = rs_ir_binary(f, RS_IR_XOR, sum, v[i]);
	rs_ir_return(f, sum);
	assert_string_equal(compiled(&x), "p: stack 16\n"
					  "   0: r6 = u64[r1+0]\n"
					  "   1: r7 = u64[r1+8]\n"
					  "   2: r8 = u64[r1+16]\n"
					  "   3: r9 = u64[r1+24]\n"
					  "   4: r5 = u64[r1+32]\n"
					  "   5: u64[r10-8] = r5\n"
					  "   6: r5 = u64[r1+40]\n"
					  "   7: u64[r10-16] = r5\n"
					  "   8: call 5\n"
					  "   9: r0 ^= r6\n"
					  "  10: r0 ^= r7\n"
					  "  11: r0 ^= r8\n"
					  "  12: r0 ^= r9\n"
					  "  13: r5 = u64[r10-8]\n"
					  "  14: r0 ^= r5\n"
					  "  15: r5 = u64[r10-16]\n"
					  "  16: r0 ^= r5\n"
					  "  17: exit\n");
	fixture_done(&x);
}

/* Comparisons of 32 bits, byte orders, signs, large constants. */
static void test_small(void **state)
{
	struct fixture x;

	(void)state;
	fixture_init(&x);
	struct rs_ir_func *f = x.f;
	rs_label yes = rs_ir_block_new(f), no = rs_ir_block_new(f);
	rs_reg a = rs_ir_load(f, rs_ir_param(f, 0), 8, 8, false);
	rs_reg b = rs_ir_load(f, rs_ir_param(f, 0), 16, 2, true);

	rs_ir_branch_imm(f, RS_IR_EQ, rs_ir_extend(f, a, 4, false), 0xfffffff5, yes, no);
	rs_ir_block_start(f, yes);
	rs_ir_return(f, rs_ir_binary_imm(f, RS_IR_XOR, a, 0x123456789abcdef));
	rs_ir_block_start(f, no);
	b = rs_ir_negate(f, rs_ir_swap_bytes(f, b, 4));
	rs_ir_return(f, rs_ir_binary_imm(f, RS_IR_OR, b, 0xffffffff));
	assert_string_equal(compiled(&x), "p: stack 0\n"
					  "   0: r4 = u64[r1+8]\n"
					  "   1: r0 = u16[r1+16]\n"
					  "   2: r0 <<= 48\n"
					  "   3: r0 s>>= 48\n"
					  "   4: if w4 != -11 goto 10\n"
					  "   5: r5 = 0x123456789abcdef ll\n"
					  "   7: r4 ^= r5\n"
					  "   8: r0 = r4\n"
					  "   9: exit\n"
					  "  10: r0 = swap32 r0\n"
					  "  11: r0 = -r0\n"
					  "  12: w5 = -1\n"
					  "  13: r0 |= r5\n"
					  "  14: exit\n");
	fixture_done(&x);
}

/* Functions of the kernel, outcomes as numbers. */
static void test_kernel(void **state)
{
	struct fixture x;

	(void)state;
	fixture_init(&x);
	rs_reg a = rs_ir_call_kernel(x.f, "bpf_rcu_read_lock", 0, NULL);
	rs_reg b = rs_ir_load(x.f, rs_ir_param(x.f, 0), 0, 8, false);

	rs_ir_return(x.f, rs_ir_binary_imm(x.f, RS_IR_SHL, rs_ir_compare(x.f, RS_IR_LT, a, b), 4));
	assert_string_equal(compiled(&x), "p: stack 0\n"
					  "   0: r6 = r1\n"
					  "   1: call bpf_rcu_read_lock\n"
					  "   2: r5 = r0\n"
					  "   3: r4 = u64[r6+0]\n"
					  "   4: r0 = 16\n"
					  "   5: if r5 < r4 goto 7\n"
					  "   6: r0 = 0\n"
					  "   7: exit\n");
	fixture_done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_count),    cmocka_unit_test(test_insert),
		cmocka_unit_test(test_record),   cmocka_unit_test(test_loop),
		cmocka_unit_test(test_callback), cmocka_unit_test(test_moves),
		cmocka_unit_test(test_spilled),  cmocka_unit_test(test_small),
		cmocka_unit_test(test_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
