/* SPDX-License-Identifier: Apache-2.0 */
/* docs/language.md tells of everything that there is: functions, builtins, probes, settings. */
#include "lang/fn.h"
#include "lang/testing-golden.h"

static struct rs_str page, examples;

static int read_page(void **state)
{
	const char *root = getenv("RS_SOURCE_ROOT");
	struct rs_error err = RS_ERROR_INIT;
	_cleanup_(rs_str_done) struct rs_str path = { 0 };
	bool inside = false;

	(void)state;
	rs_str_appendf(&path, "%s/docs/language.md", root ? root : ".");
	if (rs_fd_read_file(rs_str_cstr(&path), 1 << 20, &page, &err) < 0)
		fail_msg("%s", err.msg);
	for (const char *line = rs_str_cstr(&page); *line; line += strcspn(line, "\n") + 1) {
		if (!strncmp(line, "```", 3))
			inside = !strncmp(line, "```bt ", 6);
		else if (inside)
			rs_str_append(&examples, line, strcspn(line, "\n") + 1);
	}
	return 0;
}

static int done(void **state)
{
	(void)state;
	rs_str_done(&page);
	rs_str_done(&examples);
	return 0;
}

static void expect(const char *text, const char *what, const char *name)
{
	char quoted[256];

	snprintf(quoted, sizeof(quoted), "`%s`", text);
	if (!strstr(rs_str_cstr(&page), quoted))
		fail_msg("docs/language.md has no %s: %s", quoted, what);
	if (name && !strstr(rs_str_cstr(&examples), name))
		fail_msg("docs/language.md has no example with %s", name);
}

static void test_functions(void **state)
{
	/* Not there yet: the row says so, and the page. */
	static const char *const none[] = { "tseries", "skboutput", "percpu_kaddr" };
	const struct rs_func_row *row;
	bool has;

	(void)state;
	for (unsigned i = 0; (row = rs_func_at(i)); i++) {
		has = true;
		for (size_t n = 0; n < ARRAY_SIZE(none); n++)
			has = has && strcmp(row->name, none[n]) != 0;
		expect(row->usage, "the usage of a function", has ? row->name : NULL);
	}
}

static void test_builtins(void **state)
{
	const struct rs_builtin_row *row;

	(void)state;
	for (unsigned i = 0; (row = rs_builtin_at(i)); i++)
		expect(row->name, "a builtin", row->name);
}

static void test_probes(void **state)
{
	(void)state;
	for (int i = RS_PROVIDER_TRACEPOINT; i < RS_PROVIDER_COUNT; i++) {
		const struct rs_provider_row *row = &rs_provider_table[i];
		char prefix[64];

		snprintf(prefix, sizeof(prefix), "| `%s:", row->name);
		if (!strstr(rs_str_cstr(&page), prefix))
			fail_msg("docs/language.md has no %s", prefix);
		for (unsigned n = 0; n < ARRAY_SIZE(row->aliases) && row->aliases[n]; n++)
			expect(row->aliases[n], "another name of a kind of probe", NULL);
	}
}

static void test_settings(void **state)
{
	const char *name;

	(void)state;
	for (unsigned i = 0; (name = rs_lang_config_name(i)); i++)
		if (strncmp(name, "unstable_", strlen("unstable_")) != 0)
			expect(name, "a setting", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_builtins),
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests(tests, read_page, done);
}
