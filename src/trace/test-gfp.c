/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "trace/gfp.h"

/* As kernels write it: older ones with numbers, newer ones with bits. */
static const char older[] =
	"print fmt: \"gfp_flags=%s\", (REC->gfp_flags) ? __print_flags(REC->gfp_flags, \"|\", "
	"{(unsigned long)(((( gfp_t)(0x400u|0x800u)) | (( gfp_t)0x40u)) | (( gfp_t)0x80u)), \"GFP_KERNEL\"}, "
	"{(unsigned long)(( gfp_t)0x02u), \"__GFP_HIGHMEM\"}, {(unsigned long)(( gfp_t)0x100u), \"__GFP_ZERO\"} "
	") : \"none\"";
static const char newer[] =
	"__print_flags(REC->gfp_flags, \"|\", "
	"{( unsigned long)((((( gfp_t)(((((1UL))) << (10))|((((1UL))) << (11)))) | (( gfp_t)((((1UL))) << (6)))) "
	"& ~(( gfp_t)((((1UL))) << (10))))), \"ODD\"},{( unsigned long)(( gfp_t)((((1UL))) << (8))), \"ZERO\"}, { 0, ((void *)0) } )";

static void check(const char *format, uint64_t flags, const char *want)
{
	struct rs_str out = { 0 };
	struct rs_gfp gfp;

	assert_int_equal(rs_gfp_parse(format, strlen(format), &gfp), 0);
	rs_gfp_format(&gfp, flags, &out);
	assert_string_equal(rs_str_cstr(&out), want);
	rs_str_done(&out);
}

static void test_names(void **state)
{
	(void)state;
	check(older, 0xcc0, "GFP_KERNEL");
	check(older, 0xdc2, "GFP_KERNEL|__GFP_HIGHMEM|__GFP_ZERO");
	check(older, 0xcc0 | 0x8000, "GFP_KERNEL|0x8000");
	check(older, 0x8000, "0x8000");
	check(older, 0, "none");
	check(newer, 0x840, "ODD");
	check(newer, 0x940, "ODD|ZERO");
}

static void test_mistakes(void **state)
{
	static const char *const wrong[] = {
		"__print_flags(REC->gfp_flags, \"|\")",
		"__print_flags(REC->gfp_flags, \"|\", {1, \"A\"}",
		"__print_flags(REC->gfp_flags, \"|\", {1 \"A\"})",
		"__print_flags(REC->gfp_flags, \"|\", {((1, \"A\"})",
		"__print_flags(REC->gfp_flags, \"|\", {GFP, \"A\"})",
		"__print_flags(REC->gfp_flags, \"|\", {1, \"\"})",
		"__print_flags(REC->gfp_flags, \"|\", {(x",
		"__print_flags(REC->gfp_flags, \"|\", {~",
	};
	struct rs_gfp gfp;
	char deep[400];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(rs_gfp_parse(wrong[i], strlen(wrong[i]), &gfp), -EBADMSG);
	assert_int_equal(rs_gfp_parse("no flags", 8, &gfp), -ENOENT);
	memset(deep, '(', sizeof(deep));
	memcpy(deep, "__print_flags(REC->gfp_flags,\"|\",{", 34);
	assert_int_equal(rs_gfp_parse(deep, sizeof(deep), &gfp), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
