/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/allocators.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* keep order: cmocka wants the above */
#include <cmocka.h>

#include "base/util.h"
#include "bpf/abi/poisson.h"
#include "profile/leaks.h"

static void parses_names(void **state)
{
	static const struct {
		const char *text, *name;
		bool gives;
		enum rs_alloc_program program;
	} good[] = {
		{ "give", "give", true, RS_ALLOC_SIZE0 },
		{ "give:1", "give", true, RS_ALLOC_SIZE0 },
		{ "give:6", "give", true, RS_ALLOC_SIZE5 },
		{ "give:0", "give", true, RS_ALLOC_OBJECT },
		{ "take", "take", false, RS_ALLOC_FREE0 },
		{ "take:2", "take", false, RS_ALLOC_FREE1 },
		{ "ns::give", "ns::give", true, RS_ALLOC_SIZE0 },
	};
	static const struct {
		const char *text;
		bool gives;
	} bad[] = { { "", true },    { ":1", true },      { "f:7", true },  { "f:", true },
		    { "f:x", true }, { "take:0", false }, { "f:-1", false } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct rs_alloc_named named;

		assert_int_equal(rs_alloc_parse(good[i].text, good[i].gives, &named, NULL), 0);
		assert_string_equal(named.name, good[i].name);
		assert_int_equal(named.program, good[i].program);
		free(named.name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct rs_alloc_named named;

		assert_int_equal(rs_alloc_parse(bad[i].text, bad[i].gives, &named, NULL), -EINVAL);
	}
}

#if defined(__x86_64__)
#define CODE(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

static void moves_probes(void **state)
{
	(void)state;
	/* push %rbp; push %r12 */
	assert_int_equal(rs_alloc_cheaper(CODE(0x55), true), 0);
	assert_int_equal(rs_alloc_cheaper(CODE(0x41, 0x54, 0x55), true), 0);
	/* endbr64; push %rbp, then sub $8,%rsp */
	assert_int_equal(rs_alloc_cheaper(CODE(0xf3, 0x0f, 0x1e, 0xfa, 0x55), true), 4);
	assert_int_equal(rs_alloc_cheaper(CODE(0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x83), true), 0);
	/* test %rdi,%rdi; je: where nothing is awaited at the return */
	assert_int_equal(rs_alloc_cheaper(CODE(0x48, 0x85, 0xff, 0x74, 0x10), false), 3);
	assert_int_equal(rs_alloc_cheaper(CODE(0x48, 0x85, 0xff, 0x0f, 0x84), false), 3);
	assert_int_equal(
		rs_alloc_cheaper(CODE(0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x85, 0xff, 0x75), false), 7);
	assert_int_equal(rs_alloc_cheaper(CODE(0x48, 0x85, 0xff, 0x74, 0x10), true), 0);
	assert_int_equal(rs_alloc_cheaper(CODE(0x48, 0x85, 0xff, 0x90), false), 0);
	/* the end of what could be read */
	assert_int_equal(rs_alloc_cheaper(CODE(0x48, 0x85, 0xff), false), 0);
	assert_int_equal(rs_alloc_cheaper(CODE(0xf3, 0x0f, 0x1e, 0xfa), true), 0);
	assert_int_equal(rs_alloc_cheaper(NULL, 0, true), 0);
}
#endif

static void logarithm_is_close(void **state)
{
	uint32_t v = 1;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		double want = log2(v), have = rs_poisson_log2_of(v) / 65536.0;

		assert_true(fabs(have - want) < 1e-4);
		v = v * 1664525u + 1013904223u;
		v += !v;
	}
	assert_int_equal(rs_poisson_log2_of(1), 0);
	assert_int_equal(rs_poisson_log2_of(1u << 31), 31u << 16);
}

/* The mean of all quantiles, and how much of them lies above the mean: 1 / e. */
static void distances_are_exponential(void **state)
{
	const uint64_t mean = 1000000;
	const uint32_t n = 1u << 16;
	double sum = 0, above = 0;

	(void)state;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t d = rs_poisson_distance((i << 16) + (1u << 15), mean);

		sum += (double)d;
		above += d > mean;
	}
	assert_true(fabs(sum / n / (double)mean - 1) < 0.001);
	assert_true(fabs(above / n - exp(-1)) < 0.001);
	assert_true(rs_poisson_distance(0, mean) <= 23 * mean);
	assert_true(rs_poisson_distance(0, 1ull << 40) > 1ull << 40); /* does not overflow */
}

static void weights_undo_the_sampling(void **state)
{
	(void)state;
	assert_true(rs_leaks_weight(100, 0) == 1);
	assert_true(rs_leaks_weight(0, 1000) == 1);
	assert_true(fabs(rs_leaks_weight(1000, 1000) - 1 / (1 - exp(-1))) < 1e-9);
	/* small ones stand for their share of the distance */
	assert_true(fabs(rs_leaks_weight(1, 1 << 20) - ((1 << 20) + 0.5)) < 0.01);
	assert_true(fabs(rs_leaks_weight(1ull << 40, 1) - 1) < 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_names),
#if defined(__x86_64__)
		cmocka_unit_test(moves_probes),
#endif
		cmocka_unit_test(logarithm_is_close),
		cmocka_unit_test(distances_are_exponential),
		cmocka_unit_test(weights_undo_the_sampling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
