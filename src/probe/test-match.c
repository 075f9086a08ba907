/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* keep order: cmocka needs those above */
#include <cmocka.h>

static void test_match(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} cases[] = {
		{ "open", "open", true },
		{ "open", "opens", false },
		{ "open", "ope", false },
		{ "", "", true },
		{ "", "x", false },
		{ "*", "", true },
		{ "*", "anything", true },
		{ "vfs_*", "vfs_read", true },
		{ "vfs_*", "vfs", false },
		{ "*read", "vfs_read", true },
		{ "*read", "vfs_reads", false },
		{ "*s*r*", "sys_enter", true },
		{ "a*b*c", "aXbYbZc", true },
		{ "a*b*c", "aXbYbZ", false },
		{ "sys_?nter", "sys_enter", true },
		{ "sys_?nter", "sys_nter", false },
		{ "[a-c]x", "bx", true },
		{ "[a-c]x", "dx", false },
		{ "[!a-c]x", "dx", true },
		{ "[!a-c]x", "ax", false },
		{ "[xyz]*", "yes", true },
		{ "[]x", "[]x", true }, /* no class: nothing closes it */
		{ "a[b", "a[b", true },
		{ "f(int)", "f(int)", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (rs_match(cases[i].pattern, cases[i].text) != cases[i].matches)
			fail_msg("\"%s\" and \"%s\"", cases[i].pattern, cases[i].text);
}

/* Many stars: no more than the product of both lengths. */
static void test_stars(void **state)
{
	char text[2001], pattern[201];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	for (unsigned i = 0; i < 200; i += 2) {
		pattern[i] = '*';
		pattern[i + 1] = 'a';
	}
	pattern[199] = 'b';
	pattern[200] = '\0';
	assert_false(rs_match(pattern, text));
}

static void test_wildcards(void **state)
{
	(void)state;
	assert_true(rs_match_has_wildcard("a*"));
	assert_true(rs_match_has_wildcard("a?"));
	assert_true(rs_match_has_wildcard("[ab]"));
	assert_false(rs_match_has_wildcard("plain_name.isra.0"));
	assert_false(rs_match_has_wildcard(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_stars),
		cmocka_unit_test(test_wildcards),
	};

	return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
