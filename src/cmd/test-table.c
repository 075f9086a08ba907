/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <string.h>

#include "base/fd.h"
#include "base/term.h"
#include "cmd/cmd.h"

static int check_option(const struct rs_opt *opt, const char *group, void *data)
{
	const struct rs_cmd *cmd = data;
	const char *name = opt->long_name ? opt->long_name : "";

	(void)group;
	if (!opt->long_name)
		fail_msg("%s: an option without a long name", cmd->name);
	if (!opt->help || !*opt->help || opt->help[strlen(opt->help) - 1] == '.')
		fail_msg("%s --%s: help is missing, or ends in a full stop", cmd->name, name);
	if (!opt->metavar != (opt->type == RS_OPT_FLAG || opt->flags & RS_OPT_NO_VALUE))
		fail_msg("%s --%s: a value has a name, a flag has none", cmd->name, name);
	return 0;
}

static void test_rows_are_complete(void **state)
{
	(void)state;
	for (const struct rs_cmd *const *row = rs_cmd_table; *row; row++) {
		const struct rs_cmd *cmd = *row;

		assert_non_null(cmd->name);
		if (!cmd->run || !cmd->opts || !cmd->group || !cmd->synopsis)
			fail_msg("%s: the row is not complete", cmd->name);
		if (!cmd->summary || !islower((unsigned char)*cmd->summary) ||
		    cmd->summary[strlen(cmd->summary) - 1] == '.' || strlen(cmd->summary) > 66)
			fail_msg("%s: the summary is one short line in lower case", cmd->name);
		if (!cmd->examples || !cmd->examples->command)
			fail_msg("%s: there is no example", cmd->name);
		for (const struct rs_cmd_example *e = cmd->examples; e->command; e++) {
			const char *pipe = strstr(e->command, " | ");
			const char *ours = strncmp(e->command, "ringside", 8) && pipe ? pipe + 3
										      : e->command;
			char start[64];

			snprintf(start, sizeof(start), "ringside %s", cmd->name);
			if (strncmp(ours, start, strlen(start)) != 0 || !e->text)
				fail_msg("%s: the example is of another command", e->command);
		}
		rs_opt_walk(cmd->opts, check_option, (void *)cmd);
	}
}

static void test_names_are_unique(void **state)
{
	(void)state;
	for (const struct rs_cmd *const *row = rs_cmd_table; *row; row++)
		assert_ptr_equal(rs_cmd_find((*row)->name), *row);
	assert_null(rs_cmd_find("no-such-command"));
	assert_null(rs_cmd_find(""));
}

/* A group that comes twice would be shown under two headings. */
static void test_groups_stand_together(void **state)
{
	(void)state;
	for (const struct rs_cmd *const *row = rs_cmd_table; *row; row++) {
		for (const struct rs_cmd *const *later = row + 1; *later; later++) {
			if (!strcmp((*row)->group, (*later)->group) &&
			    strcmp((*row)->group, later[-1]->group) != 0)
				fail_msg("group \"%s\" is torn apart", (*row)->group);
		}
	}
}

struct letters {
	const char *command;
	const char *seen[256];
};

static int check_letter(const struct rs_opt *opt, const char *group, void *data)
{
	struct letters *letters = data;
	unsigned char c = (unsigned char)opt->short_name;

	(void)group;
	if (c && letters->seen[c])
		fail_msg("%s: -%c is both --%s and --%s", letters->command, c, letters->seen[c],
			 opt->long_name);
	letters->seen[c] = opt->long_name;
	return 0;
}

static void test_letters_are_unique(void **state)
{
	(void)state;
	for (const struct rs_cmd *const *row = rs_cmd_table; *row; row++) {
		struct letters letters = { .command = (*row)->name };

		rs_opt_walk((*row)->opts, check_letter, &letters);
	}
}

static void test_nearest(void **state)
{
	(void)state;
	assert_string_equal(rs_cmd_nearest("exce"), "exec");
	assert_string_equal(rs_cmd_nearest("file"), "files");
	assert_null(rs_cmd_nearest("zzzzzzzz"));
}

/* Every line of every text fits, and each command is in the list. */
static void check_width(const char *text, size_t width)
{
	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n");

		if (rs_term_columns(line, n) > width && !memmem(line, n, "ringside ", 9))
			fail_msg("wider than %zu: %.*s", width, (int)n, line);
		line += n + (line[n] == '\n');
	}
}

static void test_help(void **state)
{
	_cleanup_(rs_str_done) struct rs_str list = { 0 };

	(void)state;
	assert_int_equal(rs_cmd_help_list(80, false, &list), 0);
	check_width(rs_str_cstr(&list), 80);
	for (const struct rs_cmd *const *row = rs_cmd_table; *row; row++) {
		_cleanup_(rs_str_done) struct rs_str one = { 0 };
		char line[64];

		snprintf(line, sizeof(line), "\n  %s ", (*row)->name);
		assert_non_null(strstr(rs_str_cstr(&list), line));
		assert_int_equal(rs_cmd_help_one(*row, 80, false, &one), 0);
		check_width(rs_str_cstr(&one), 80);
		assert_non_null(strstr(rs_str_cstr(&one), (*row)->examples->command));
		assert_null(strchr(rs_str_cstr(&one), '\033'));
	}
}

static void test_wrap(void **state)
{
	_cleanup_(rs_str_done) struct rs_str out = { 0 };

	(void)state;
	rs_cmd_wrap("one two three four five six\n\nseven", 2, 22, &out);
	assert_string_equal(rs_str_cstr(&out), "  one two three four\n  five six\n\n  seven\n");
	rs_str_reset(&out);
	rs_cmd_wrap("averyveryverylongwordthatdoesnotfit x", 0, 20, &out);
	assert_string_equal(rs_str_cstr(&out), "averyveryverylongwordthatdoesnotfit\nx\n");
	rs_str_reset(&out);
	rs_cmd_wrap("", 4, 20, &out);
	assert_string_equal(rs_str_cstr(&out), "");
}

/* Lines that begin with a dot are requests; there are no others than ours, and no stray escapes. */
static void test_man(void **state)
{
	static const char *const requests[] = { ".\\\"", ".TH ", ".SH ", ".SS ", ".TP\n", ".PP\n",
						".B ",   ".BR ", ".I ",  ".RI ", ".br\n" };
	_cleanup_(rs_str_done) struct rs_str page = { 0 };

	(void)state;
	assert_int_equal(rs_cmd_help_man(&page), 0);
	for (const char *line = rs_str_cstr(&page); line; line = strchr(line, '\n')) {
		bool known = false;

		line += *line == '\n';
		if (*line != '.' && *line != '\'')
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
			known |= !strncmp(line, requests[i], strlen(requests[i]));
		if (!known)
			fail_msg("no request of ours: %.40s", line);
	}
	for (const struct rs_cmd *const *row = rs_cmd_table; *row; row++) {
		char heading[64];

		snprintf(heading, sizeof(heading), ".SS ringside %s", (*row)->name);
		assert_non_null(strstr(rs_str_cstr(&page), heading));
	}
}

/* The committed page is what the tables say now. */
static void test_man_page_is_current(void **state)
{
	_cleanup_(rs_str_done) struct rs_str page = { 0 };
	_cleanup_(rs_str_done) struct rs_str file = { 0 };
	const char *root = getenv("RS_SOURCE_ROOT");
	char path[4096];

	(void)state;
	if (!root)
		skip();
	snprintf(path, sizeof(path), "%s/docs/man/ringside.8", root);
	assert_int_equal(rs_cmd_help_man(&page), 0);
	assert_int_equal(rs_fd_read_file(path, 1 << 20, &file, NULL), 0);
	if (!rs_str_equal(&page, rs_str_cstr(&file)))
		fail_msg("docs/man/ringside.8 is old: `ringside help --man >docs/man/ringside.8`");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_are_complete),
		cmocka_unit_test(test_names_are_unique),
		cmocka_unit_test(test_groups_stand_together),
		cmocka_unit_test(test_letters_are_unique),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_man),
		cmocka_unit_test(test_man_page_is_current),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
