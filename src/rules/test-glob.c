/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/testing.h"

static const struct {
	const char *glob, *text;
	bool matches;
} rows[] = {
	{ "", "", true },
	{ "", "a", false },
	{ "a", "a", true },
	{ "a", "", false },
	{ "*", "", true },
	{ "*", "abc", true },
	{ "*", "a/b", false },
	{ "**", "a/b/c", true },
	{ "?", "a", true },
	{ "?", "/", false },
	{ "?", "\xc3\xa9", true },
	{ "??", "\xc3\xa9", false },
	{ "/etc/*", "/etc/passwd", true },
	{ "/etc/*", "/etc/ssl/key", false },
	{ "/etc/**", "/etc/ssl/key", true },
	{ "/etc/**", "/etc", false },
	{ "/**/key", "/etc/ssl/key", true },
	{ "/**/key", "/key", false },
	{ "**/*.conf", "/etc/a/b.conf", true },
	{ "**/*.conf", "/etc/a/b.confx", false },
	{ "/a/*/c/*/e", "/a/b/c/d/e", true },
	{ "/a/*/c/*/e", "/a/b/x/d/e", false },
	{ "/a*b*c", "/aXbYbZc", true },
	{ "[a-c]", "b", true },
	{ "[a-c]", "d", false },
	{ "[!a-c]", "d", true },
	{ "[!a-c]", "a", false },
	{ "[!a]", "/", false },
	{ "[]]", "]", true },
	{ "[!]]", "]", false },
	{ "[a-]", "-", true },
	{ "[\\]x]", "]", true },
	{ "[\xc3\xa0-\xc3\xaf]", "\xc3\xa9", true },
	{ "[a", "[a", true },
	{ "\\*", "*", true },
	{ "\\*", "a", false },
	{ "a\\", "a\\", true },
	{ "x***y", "x/1/y", true },
	{ "web-[0-9]*", "web-12", true },
	{ "web-[0-9]*", "web-x", false },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rs_glob_match(rows[i].glob, strlen(rows[i].glob), rows[i].text,
				  strlen(rows[i].text)) != rows[i].matches)
			fail_msg("\"%s\" on \"%s\"", rows[i].glob, rows[i].text);
}

/* The plain way, by trying everything; for globs of letters, "/", "?" and stars. */
static bool slow_match(const char *g, const char *t)
{
	if (!*g)
		return !*t;
	if (g[0] == '*') {
		bool any = g[1] == '*';

		g += any ? 2 : 1;
		for (;; t++) {
			if (slow_match(g, t))
				return true;
			if (!*t || (!any && *t == '/'))
				return false;
		}
	}
	return *t && (*g == *t || (*g == '?' && *t != '/')) && slow_match(g + 1, t + 1);
}

/* Every glob of five signs against every text of six. */
static void test_like_the_plain_way(void **state)
{
	static const char signs[] = "ab/?*", letters[] = "ab/";

	(void)state;
	for (unsigned g = 0; g < 3125 * 5; g++) {
		char glob[8] = "", text[8] = "";

		for (unsigned i = 0, v = g; i < 6; i++, v /= 5)
			glob[i] = signs[v % 5];
		for (unsigned t = 0; t < 729; t++) {
			for (unsigned i = 0, v = t; i < 6; i++, v /= 3)
				text[i] = letters[v % 3];
			if (rs_glob_match(glob, 6, text, 6) != slow_match(glob, text))
				fail_msg("\"%s\" on \"%s\"", glob, text);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_like_the_plain_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
