/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "lang/sema.h"

/* The argument as one line: "kind size value reg/bytes index*scale". */
static const char *text_of(struct rs_arena *arena, const char *args, unsigned i)
{
	static const char *const kinds[] = { "const", "reg", "memory" };
	struct rs_usdt_arg arg;
	int r = rs_usdt_arg_parse(arena, args, i, &arg);

	if (r == -ENOENT)
		return "none";
	if (r < 0)
		return "refused";
	return rs_arena_printf(arena, "%s %s%u %lld %s/%u %s*%u", kinds[arg.kind],
			       arg.is_signed ? "s" : "u", arg.size, (long long)arg.value,
			       arg.reg ? arg.reg : "-", arg.reg_size, arg.index ? arg.index : "-",
			       arg.scale);
}

static void test_operands(void **state)
{
	static const struct {
		const char *args, *expected;
	} cases[] = {
		/* x86-64 */
		{ "8@%rax", "reg u8 0 rax/8 -*0" },
		{ "-4@%edi", "reg s4 0 rdi/4 -*0" },
		{ "2@%ax", "reg u2 0 rax/2 -*0" },
		{ "1@%al", "reg u1 0 rax/1 -*0" },
		{ "1@%sil", "reg u1 0 rsi/1 -*0" },
		{ "-1@%bpl", "reg s1 0 rbp/1 -*0" },
		{ "1@%ah", "refused" },
		{ "8@%r8", "reg u8 0 r8/8 -*0" },
		{ "4@%r10d", "reg u4 0 r10/4 -*0" },
		{ "2@%r15w", "reg u2 0 r15/2 -*0" },
		{ "1@%r9b", "reg u1 0 r9/1 -*0" },
		{ "4@$5", "const u4 5 -/0 -*0" },
		{ "-4@$-1", "const s4 -1 -/0 -*0" },
		{ "8@$0x10", "const u8 16 -/0 -*0" },
		{ "-8@-8(%rbp)", "memory s8 -8 rbp/8 -*1" },
		{ "8@(%rax)", "memory u8 0 rax/8 -*1" },
		{ "8@16(%rsp)", "memory u8 16 rsp/8 -*1" },
		{ "8@(%rax,%rbx,4)", "memory u8 0 rax/8 rbx*4" },
		{ "4@-4(%rax,%rcx)", "memory u4 -4 rax/8 rcx*1" },
		{ "8@8(,%rbx,8)", "memory u8 8 -/0 rbx*8" },
		{ "8@(%rax,%rbx,3)", "refused" },
		{ "8@counter(%rip)", "refused" },
		{ "8@16(%rip)", "memory u8 16 rip/8 -*1" },
		{ "8@counter+8(%rip)", "refused" },
		{ "4@%xmm0", "refused" },
		/* arm64 */
		{ "-4@w0", "reg s4 0 x0/4 -*0" },
		{ "8@x19", "reg u8 0 x19/8 -*0" },
		{ "8@5", "const u8 5 -/0 -*0" },
		{ "8@[sp]", "memory u8 0 sp/8 -*1" },
		{ "8@[sp, 16]", "memory u8 16 sp/8 -*1" },
		{ "-4@[x29, -20]", "memory s4 -20 x29/8 -*1" },
		{ "8@[x19,x20]", "memory u8 0 x19/8 x20*1" },
		{ "8@[sp", "refused" },
		/* neither */
		{ "3@%eax", "refused" },
		{ "8@", "refused" },
		{ "@%rax", "refused" },
		{ "8@%rax)", "refused" },
		{ "99999999999999999999@%rax", "refused" },
		{ "8@(%rax,", "refused" },
		{ "8@(", "refused" },
		{ "", "none" },
		{ "   ", "none" },
	};
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(1 << 20);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *text = text_of(&arena, cases[i].args, 0);

		if (strcmp(text, cases[i].expected) != 0)
			fail_msg("\"%s\" is \"%s\", not \"%s\"", cases[i].args, text,
				 cases[i].expected);
	}
}

static void test_several(void **state)
{
	static const char args[] = " -4@%edi 8@[sp, 16]\t8@-8(%rbp) 8@x(%rip) 4@$7 ";
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(1 << 20);

	(void)state;
	assert_int_equal(rs_usdt_arg_count(args), 5);
	assert_int_equal(rs_usdt_arg_count(""), 0);
	assert_string_equal(text_of(&arena, args, 0), "reg s4 0 rdi/4 -*0");
	assert_string_equal(text_of(&arena, args, 1), "memory u8 16 sp/8 -*1");
	assert_string_equal(text_of(&arena, args, 2), "memory u8 -8 rbp/8 -*1");
	assert_string_equal(text_of(&arena, args, 3), "refused");
	assert_string_equal(text_of(&arena, args, 4), "const u4 7 -/0 -*0");
	assert_string_equal(text_of(&arena, args, 5), "none");
}

static void test_registers(void **state)
{
	(void)state;
	assert_int_equal(rs_regs_offset("nothing"), -1);
	assert_int_equal(rs_regs_offset(""), -1);
	assert_int_equal(rs_regs_offset("pc"), rs_regs_ip());
	assert_int_equal(rs_regs_offset("ip"), rs_regs_ip());
	assert_int_equal(rs_regs_argument(64), -1);
#if defined(__x86_64__)
	assert_int_equal(rs_regs_offset("rdi"), 112);
	assert_int_equal(rs_regs_offset("di"), 112);
	assert_int_equal(rs_regs_argument(0), 112);
	assert_int_equal(rs_regs_argument(3), 88);
	assert_int_equal(rs_regs_argument(6), -1);
	assert_int_equal(rs_regs_result(), 80);
	assert_int_equal(rs_regs_ip(), 128);
	assert_int_equal(rs_regs_sp(), 152);
#elif defined(__aarch64__)
	assert_int_equal(rs_regs_offset("x19"), 152);
	assert_int_equal(rs_regs_argument(7), 56);
	assert_int_equal(rs_regs_argument(8), -1);
	assert_int_equal(rs_regs_result(), 0);
	assert_int_equal(rs_regs_ip(), 256);
	assert_int_equal(rs_regs_sp(), 248);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_operands),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_registers),
	};

	return cmocka_run_group_tests_name("lang/usdt-args", tests, NULL, NULL);
}
