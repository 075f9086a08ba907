/* SPDX-License-Identifier: Apache-2.0 */
/* Call frame information made by hand, of this very program, and broken. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kern/elf.h"
#include "profile/unwind-cfi.h"

#define AT 0x10000 /* where the section is */
#define PC 0x20000 /* where the functions are */

/* A section that grows. */
static struct {
	uint8_t bytes[4096];
	size_t n;
	size_t cie;
} made;

static void put(const void *bytes, size_t n)
{
	assert_true(made.n + n <= sizeof(made.bytes));
	memcpy(made.bytes + made.n, bytes, n);
	made.n += n;
}

static void put32(uint32_t value)
{
	put(&value, sizeof(value));
}

static void begin(void)
{
	memset(&made, 0, sizeof(made));
}

/* rsp + 8 is the CFA, the return address just below: how all functions of x86-64 begin. */
static const uint8_t start[] = { 0x0c, 7, 8, 0x80 | 16, 1 };

static void put_cie(const char *letters, const uint8_t *data, uint8_t n_data,
		    const uint8_t *instructions, size_t n)
{
	static const uint8_t alignment[] = { 1, 0x78, 16 };

	made.cie = made.n;
	put32((uint32_t)(4 + 1 + strlen(letters) + 1 + 3 + 1 + n_data + n));
	put32(0);
	put("\1", 1);
	put(letters, strlen(letters) + 1);
	put(alignment, sizeof(alignment));
	put(&n_data, 1);
	put(data, n_data);
	put(instructions, n);
}

/* Addresses of four bytes, relative to where they stand: as compilers write them. */
static void put_usual_cie(void)
{
	static const uint8_t encoding = 0x1b;

	put_cie("zR", &encoding, 1, start, sizeof(start));
}

static void put_function(uint32_t pc, uint32_t size, const uint8_t *instructions, size_t n)
{
	put32((uint32_t)(4 + 8 + 1 + n));
	put32((uint32_t)(made.n - made.cie));
	put32(pc - (uint32_t)(AT + made.n));
	put32(size);
	put("\0", 1);
	put(instructions, n);
}

#define FUNCTION(pc, size, ...)                                                                    \
	do {                                                                                       \
		static const uint8_t bytes_[] = { __VA_ARGS__ };                                   \
		put_function(pc, size, bytes_, sizeof(bytes_));                                    \
	} while (0)

static int parse(struct rs_unwind_table *table)
{
	struct rs_unwind_section section = { .size = made.n, .address = AT };
	uint8_t *copy = malloc(made.n ? made.n : 1); /* so that a byte too far is seen */
	int r;

	memcpy(copy, made.bytes, made.n);
	section.data = copy;
	r = rs_unwind_table_parse(&section, table);
	free(copy);
	return r;
}

static int parse_functions(struct rs_unwind_functions *functions)
{
	struct rs_unwind_section section = { .size = made.n, .address = AT };
	uint8_t *copy = malloc(made.n ? made.n : 1);
	int r;

	memcpy(copy, made.bytes, made.n);
	section.data = copy;
	r = rs_unwind_functions_parse(&section, functions);
	free(copy);
	return r;
}

#define AT_CFA(words)   RS_UNWIND_BP_AT_CFA, words
#define SAME            RS_UNWIND_BP_SAME, 0
#define SP(words, ...)  MAKE(RS_UNWIND_SP, __VA_ARGS__, words)
#define BP(words, ...)  MAKE(RS_UNWIND_BP, __VA_ARGS__, words)
#define MAKE(...)       RS_UNWIND_RULE(__VA_ARGS__) /* takes SAME apart */
#define RULE(table, at) rs_unwind_table_rule(table, at)

static uint64_t function_at(const struct rs_unwind_functions *functions, uint64_t address)
{
	uint64_t pc = 0;

	return rs_unwind_functions_find(functions, address, &pc) ? pc : 0;
}

/* Where functions begin: in any order in the section, some cut off, some beyond the end of the address space. */
static void test_starts(void **state)
{
	struct rs_unwind_functions functions = { 0 };

	(void)state;
	begin();
	assert_int_equal(parse_functions(&functions), -ENODATA);
	put_usual_cie();
	assert_int_equal(parse_functions(&functions), -ENODATA);
	FUNCTION(PC + 64, 32, 0x41);
	FUNCTION(PC, 48, 0xff, 0xff); /* what it does with its frame is not looked at */
	FUNCTION(PC + 96, 16, 0);
	assert_int_equal(parse_functions(&functions), 0);
	assert_int_equal(functions.list.len, 3);
	assert_int_equal(functions.skipped, 0);
	assert_int_equal(function_at(&functions, 0), 0);
	assert_int_equal(function_at(&functions, PC - 1), 0);
	assert_int_equal(function_at(&functions, PC), PC);
	assert_int_equal(function_at(&functions, PC + 47), PC);
	assert_int_equal(function_at(&functions, PC + 48), 0);
	assert_int_equal(function_at(&functions, PC + 95), PC + 64);
	assert_int_equal(function_at(&functions, PC + 96), PC + 96);
	assert_int_equal(function_at(&functions, PC + 112), 0);
	assert_int_equal(function_at(&functions, UINT64_MAX), 0);
	rs_unwind_functions_done(&functions);
	assert_int_equal(function_at(&functions, PC), 0);
	for (size_t n = made.n; n; n--) {
		made.n = n - 1;
		if (parse_functions(&functions) == 0)
			assert_true(functions.list.len < 3);
		rs_unwind_functions_done(&functions);
	}
}

static void test_function(void **state)
{
	struct rs_unwind_table table = { 0 };

	(void)state;
	begin();
	put_usual_cie();
	/* push rbp; mov rsp, rbp; ... leave; ret */
	FUNCTION(PC, 64, 0x41, 0x0e, 16, 0x80 | 6, 2, 0x43, 0x0d, 6, 0x40 | 50, 0x0c, 7, 8,
		 0xc0 | 6);
	assert_int_equal(parse(&table), 0);
	assert_int_equal(table.skipped, 0);
	assert_int_equal(table.base, PC);
	assert_int_equal(RULE(&table, PC - 1), RS_UNWIND_NONE);
	assert_int_equal(RULE(&table, PC), SP(1, SAME));
	assert_int_equal(RULE(&table, PC + 1), SP(2, AT_CFA(-2)));
	assert_int_equal(RULE(&table, PC + 3), SP(2, AT_CFA(-2)));
	assert_int_equal(RULE(&table, PC + 4), BP(2, AT_CFA(-2)));
	assert_int_equal(RULE(&table, PC + 53), BP(2, AT_CFA(-2)));
	assert_int_equal(RULE(&table, PC + 54), SP(1, SAME));
	assert_int_equal(RULE(&table, PC + 63), SP(1, SAME));
	assert_int_equal(RULE(&table, PC + 64), RS_UNWIND_NONE);
	assert_int_equal(table.rows.len, 5);
	rs_unwind_table_done(&table);
}

/* Functions in any order; small holes between them belong to what is before; equal rows are one. */
static void test_functions(void **state)
{
	struct rs_unwind_table table = { 0 };

	(void)state;
	begin();
	put_usual_cie();
	FUNCTION(PC + 0x200, 0x10, 0);
	FUNCTION(PC, 0x18, 0x44, 0x0e, 0x80, 1, 0x44, 0x0e, 8);
	FUNCTION(PC + 0x20, 0x10, 0);
	assert_int_equal(parse(&table), 0);
	assert_int_equal(RULE(&table, PC + 4), SP(16, SAME));
	assert_int_equal(RULE(&table, PC + 0x18), SP(1, SAME));
	assert_int_equal(RULE(&table, PC + 0x2f), SP(1, SAME));
	assert_int_equal(RULE(&table, PC + 0x30), RS_UNWIND_NONE);
	assert_int_equal(RULE(&table, PC + 0x1ff), RS_UNWIND_NONE);
	assert_int_equal(RULE(&table, PC + 0x200), SP(1, SAME));
	assert_int_equal(RULE(&table, PC + 0x210), RS_UNWIND_NONE);
	assert_int_equal(table.rows.len, 6);
	rs_unwind_table_done(&table);
}

static void test_remember(void **state)
{
	struct rs_unwind_table table = { 0 };

	(void)state;
	begin();
	put_usual_cie();
	FUNCTION(PC, 64, 0x44, 0x0e, 32, 0x44, 0x0a, 0x0e, 8, 0x44, 0x0b);
	/* more is given back than was kept */
	FUNCTION(PC + 64, 64, 0x44, 0x0b);
	assert_int_equal(parse(&table), 0);
	assert_int_equal(RULE(&table, PC + 4), SP(4, SAME));
	assert_int_equal(RULE(&table, PC + 8), SP(1, SAME));
	assert_int_equal(RULE(&table, PC + 12), SP(4, SAME));
	assert_int_equal(RULE(&table, PC + 70), RS_UNWIND_NONE);
	assert_int_equal(table.skipped, 1);
	rs_unwind_table_done(&table);
}

static void test_expressions(void **state)
{
	struct rs_unwind_table table = { 0 };

	(void)state;
	begin();
	put_usual_cie();
	/* rsp + 8 + ((rip & 15) >= 11) * 8 */
	FUNCTION(PC, 64, 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22);
	/* *(rbp - 8), rbp at rbp + 0 */
	FUNCTION(PC + 64, 64, 0x0f, 3, 0x76, 0x78, 0x06, 0x10, 6, 2, 0x76, 0);
	/* *(rsp + 64) + 8 */
	FUNCTION(PC + 128, 64, 0x0f, 6, 0x77, 0xc0, 0, 0x06, 0x23, 8);
	/* r10; and something else; and rbp again */
	FUNCTION(PC + 192, 64, 0x0c, 10, 0, 0x44, 0x0f, 2, 0x50, 0x06, 0x44, 0x0c, 6, 16);
	assert_int_equal(parse(&table), 0);
	assert_int_equal(RULE(&table, PC), MAKE(RS_UNWIND_PLT, SAME, 11));
	assert_int_equal(RULE(&table, PC + 64),
			 RS_UNWIND_RULE(RS_UNWIND_BP_DEREF, RS_UNWIND_BP_AT_BP, 0, -16));
	assert_int_equal(RULE(&table, PC + 128), MAKE(RS_UNWIND_SP_DEREF, SAME, 8 << 4 | 1));
	assert_int_equal(RULE(&table, PC + 192), RS_UNWIND_UNSUPPORTED);
	assert_int_equal(RULE(&table, PC + 196), RS_UNWIND_UNSUPPORTED);
	assert_int_equal(RULE(&table, PC + 200), BP(2, SAME));
	assert_int_equal(RS_UNWIND_RULE_OFFSET(RULE(&table, PC + 64)), -16);
	assert_int_equal(table.skipped, 0);
	rs_unwind_table_done(&table);
}

static void test_ends(void **state)
{
	static const uint8_t encoding = 0x1b;
	struct rs_unwind_table table = { 0 };

	(void)state;
	begin();
	put_usual_cie();
	FUNCTION(PC, 64, 0x07, 16);                                  /* no return address: _start */
	FUNCTION(PC + 64, 64, 0x0e, 12);                             /* not a whole word */
	FUNCTION(PC + 128, 64, 0x80 | 16, 2);                        /* return address elsewhere */
	FUNCTION(PC + 192, 64, 0x0e, 0x80, 0x80, 64);                /* a large frame */
	FUNCTION(PC + 512, 64, 0x0e, 0, 0x09, 16, 5, 0x44, 0x0e, 8); /* in rdi, for a while */
	FUNCTION(PC + 576, 64, 0x0e, 0, 0x09, 16, 2);                /* in another register */
	put_cie("zRS", &encoding, 1, start, sizeof(start));
	FUNCTION(PC + 256, 64, 0);
	assert_int_equal(parse(&table), 0);
	assert_int_equal(RULE(&table, PC), RS_UNWIND_END);
	assert_int_equal(RULE(&table, PC + 64), RS_UNWIND_UNSUPPORTED);
	assert_int_equal(RULE(&table, PC + 128), RS_UNWIND_UNSUPPORTED);
	assert_int_equal(RULE(&table, PC + 192), SP(1 << 17, SAME));
	assert_int_equal(RULE(&table, PC + 256), RS_UNWIND_SIGNAL);
	assert_int_equal(RULE(&table, PC + 512), RS_UNWIND_IN_RDI);
	assert_int_equal(RULE(&table, PC + 516), RS_UNWIND_UNSUPPORTED);
	assert_int_equal(RULE(&table, PC + 576), RS_UNWIND_UNSUPPORTED);
	rs_unwind_table_done(&table);
}

/* Each of them costs its own function only. */
static void test_broken_functions(void **state)
{
	static const uint8_t encoding = 0x1b, unknown = 0x2b;
	struct rs_unwind_table table = { 0 };

	(void)state;
	begin();
	put_usual_cie();
	FUNCTION(PC, 64, 0x3f);             /* no such instruction */
	FUNCTION(PC + 64, 64, 0x44, 0x0e);  /* cut */
	FUNCTION(PC + 128, 64, 0x0f, 0x7f); /* an expression that is longer than all */
	FUNCTION(PC + 192, 64, 0x44, 0x0e, 16);
	FUNCTION(PC + 200, 64, 0); /* lies in the one before */
	put_cie("zR", &unknown, 1, start, sizeof(start));
	FUNCTION(PC + 320, 64, 0);
	put_cie("eh", &encoding, 1, start, sizeof(start));
	FUNCTION(PC + 384, 64, 0);
	assert_int_equal(parse(&table), 0);
	assert_int_equal(table.skipped, 6);
	assert_int_equal(RULE(&table, PC), RS_UNWIND_NONE);
	assert_int_equal(RULE(&table, PC + 100), RS_UNWIND_NONE);
	assert_int_equal(RULE(&table, PC + 130), RS_UNWIND_NONE);
	assert_int_equal(RULE(&table, PC + 210), SP(2, SAME));
	assert_int_equal(RULE(&table, PC + 330), RS_UNWIND_NONE);
	rs_unwind_table_done(&table);
}

/* Cut anywhere, and with any byte changed: what comes out is in order. */
static void test_broken_sections(void **state)
{
	(void)state;
	begin();
	put_usual_cie();
	FUNCTION(PC, 64, 0x41, 0x0e, 16, 0x80 | 6, 2, 0x43, 0x0d, 6, 0x0a, 0x44, 0x0b, 0x0f, 3,
		 0x76, 0x78, 0x06);
	FUNCTION(PC + 64, 64, 0x10, 6, 2, 0x76, 0, 0x02, 7, 0x03, 1, 0, 0x2e, 16, 0x11, 6, 0x7e);
	for (size_t i = 0, whole = made.n; i < whole * 257; i++) {
		size_t at = i / 257, change = i % 257;
		uint8_t was = made.bytes[at];
		struct rs_unwind_table table = { 0 };
		int r;

		made.n = change == 256 ? at : whole;
		if (change < 256)
			made.bytes[at] = (uint8_t)change;
		r = parse(&table);
		assert_true(r == 0 || r == -ENODATA);
		for (size_t k = 1; k < table.rows.len; k++) {
			assert_true(table.rows.items[k - 1].pc < table.rows.items[k].pc);
			assert_true(table.rows.items[k - 1].rule != table.rows.items[k].rule);
		}
		made.bytes[at] = was;
		rs_unwind_table_done(&table);
	}
}

static void test_empty(void **state)
{
	struct rs_unwind_table table = { 0 };

	(void)state;
	begin();
	assert_int_equal(parse(&table), -ENODATA);
	put_usual_cie();
	assert_int_equal(parse(&table), -ENODATA);
	put32(0);
	assert_int_equal(parse(&table), -ENODATA);
	rs_unwind_table_done(&table);
}

/* .debug_frame: absolute addresses, other numbers for what an entry is. */
static void test_debug_frame(void **state)
{
	static const uint8_t cie[] = { 16, 0,    0,  0,    0xff, 0xff, 0xff,      0xff, 3, 0,
				       1,  0x78, 16, 0x0c, 7,    8,    0x80 | 16, 1,    0, 0 };
	static const uint8_t function[] = {
		24, 0, 0,    0, 0, 0, 0, 0, 0, 0x10, 0,    0,    0,  0,
		0,  0, 0x20, 0, 0, 0, 0, 0, 0, 0,    0x41, 0x0e, 16, 0
	};
	uint8_t bytes[sizeof(cie) + sizeof(function)];
	const struct rs_unwind_section section = { bytes, sizeof(bytes), 0, true };
	struct rs_unwind_table table = { 0 };

	(void)state;
	memcpy(bytes, cie, sizeof(cie));
	memcpy(bytes + sizeof(cie), function, sizeof(function));
	assert_int_equal(rs_unwind_table_parse(&section, &table), 0);
	assert_int_equal(RULE(&table, 0x1000), SP(1, SAME));
	assert_int_equal(RULE(&table, 0x1001), SP(2, SAME));
	assert_int_equal(RULE(&table, 0x1020), RS_UNWIND_NONE);
	rs_unwind_table_done(&table);
}

static void test_self(void **state)
{
#ifdef __x86_64__
	struct rs_unwind_table table = { 0 };
	struct rs_elf_symbol symbol;
	struct rs_elf *elf = NULL;

	(void)state;
	assert_int_equal(rs_elf_open("/proc/self/exe", "", &elf, NULL), 0);
	assert_int_equal(rs_unwind_table_read(elf, &table), 0);
	assert_true(rs_elf_find(elf, "_start", true, &symbol));
	assert_int_equal(RULE(&table, symbol.address + 8), RS_UNWIND_END);
	assert_true(rs_elf_find(elf, "rs_unwind_table_parse", true, &symbol));
	assert_int_equal(RULE(&table, symbol.address), SP(1, SAME));
	assert_int_not_equal(RULE(&table, symbol.address + symbol.size / 2), SP(1, SAME));
	assert_int_equal(RS_UNWIND_RULE_BP(RULE(&table, symbol.address + symbol.size / 2)),
			 RS_UNWIND_BP_AT_CFA);
	rs_unwind_table_done(&table);
	rs_elf_close(&elf);
#else
	(void)state;
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_starts),
		cmocka_unit_test(test_function),
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_remember),
		cmocka_unit_test(test_expressions),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_broken_functions),
		cmocka_unit_test(test_broken_sections),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_debug_frame),
		cmocka_unit_test(test_self),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
