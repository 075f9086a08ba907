/* SPDX-License-Identifier: Apache-2.0 */
/* docs/conditions.md: what stands there is so. */
#include "rules/testing.h"
#include "rules/tree.h"

static void read_page(struct rs_str *out)
{
	_cleanup_(rs_str_done) struct rs_str path = { 0 };
	const char *root = getenv("RS_SOURCE_ROOT");
	struct rs_error err = RS_ERROR_INIT;

	rs_str_appendf(&path, "%s/docs/conditions.md", root ? root : ".");
	if (rs_fd_read_file(rs_str_cstr(&path), 1 << 20, out, &err) < 0)
		fail_msg("%s", err.msg);
}

/* Every line of a block without a language is a condition. */
static void test_examples(void **state)
{
	_cleanup_(rs_str_done) struct rs_str page = { 0 };
	bool block = false, examples = false;
	unsigned n = 0;
	char *save = NULL;

	(void)state;
	read_page(&page);
	for (char *line = strtok_r((char *)rs_str_cstr(&page), "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);

		if (strncmp(line, "```", 3) == 0) {
			block = !block;
			examples = block && !line[3];
		} else if (examples) {
			parse(&arena, line);
			n++;
		}
	}
	assert_true(n > 10);
}

/* "| `pid` | `process.pid` |": the short name stands for these fields. */
static unsigned check_short(const char *row)
{
	char word[64] = "", first[64] = "";
	struct rs_expr_name name, ids;

	if (sscanf(row, " `%63[^`]` | `%63[^`]`", word, first) != 2)
		return 0;
	if (rs_expr_name_find(word, strlen(word), &name, &ids) == RS_FIND_UNKNOWN)
		fail_msg("there is no short name %s", word);
	assert_string_equal(name.column[0]->name, first);
	for (size_t i = 1; i < name.n; i++)
		if (!strstr(row, name.column[i]->name))
			fail_msg("%s stands for %s, too", word, name.column[i]->name);
	return 1;
}

static void test_short_names(void **state)
{
	_cleanup_(rs_str_done) struct rs_str page = { 0 };
	unsigned n = 0;
	char *save = NULL;

	(void)state;
	read_page(&page);
	for (char *line = strtok_r((char *)rs_str_cstr(&page), "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *second;

		if (strncmp(line, "| `", 3) != 0)
			continue;
		second = strstr(line + 3, " | `");
		second = second ? strstr(second + 4, " | `") : NULL;
		if (!second)
			continue;
		n += check_short(line + 1) + check_short(second + 2);
	}
	assert_int_equal(n, 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_short_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
