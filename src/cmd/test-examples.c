/* SPDX-License-Identifier: Apache-2.0 */
/* The command lines of the help texts, README.md and docs/: their commands, options and values are there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <glob.h>
#include <string.h>

#include "base/fd.h"
#include "base/opt-internal.h"
#include "cmd/cmd.h"

#define WORDS    64
#define TEXT_MAX 1024

struct line {
	const char *where;
	unsigned number; /* 0: a whole text */
	bool mention;    /* of an option, whose value may be left out */
	char text[TEXT_MAX];
	char *words[WORDS + 1];
	size_t len;
};

#define fail_line(line, ...)                                                                       \
	do {                                                                                       \
		print_error("%s:%u: ", (line)->where, (line)->number);                             \
		fail_msg(__VA_ARGS__);                                                             \
	} while (0)

/* --- words --- */

/* Up to what a shell takes for itself, a comment, or the blanks before an explanation. */
static void split(struct line *line, const char *text, size_t n)
{
	const char *end = text + n;
	char *to = line->text;

	line->len = 0;
	if (n >= sizeof(line->text))
		fail_line(line, "the line is too long for this test");
	while (text < end && line->len < WORDS && !strchr("#|<>&;\n", *text)) {
		char quote = '\0';

		line->words[line->len++] = to;
		for (; text < end && (quote || !isspace((unsigned char)*text)); text++) {
			if (*text == quote)
				quote = '\0';
			else if (!quote && (*text == '\'' || *text == '"'))
				quote = *text;
			else
				*to++ = *text;
		}
		*to++ = '\0';
		if (quote)
			fail_line(line, "a quote has no end: %s", line->words[line->len - 1]);
		if (text < end)
			text++;
		if (text < end && isspace((unsigned char)*text))
			break;
	}
	line->words[line->len] = NULL;
}

/* --- options --- */

struct search {
	const char *name; /* n bytes, or NULL: by its letter */
	size_t n;
	char letter;
	const struct rs_opt *found;
};

static int match(const struct rs_opt *opt, const char *group, void *data)
{
	struct search *search = data;

	(void)group;
	if (search->name ? opt->long_name && strlen(opt->long_name) == search->n &&
				   !memcmp(opt->long_name, search->name, search->n)
			 : opt->short_name == search->letter)
		search->found = opt;
	return search->found != NULL;
}

static const struct rs_opt *find_long(const struct rs_opt *opts, const char *name, size_t n)
{
	struct search search = { .name = name, .n = n };

	rs_opt_walk(opts, match, &search);
	if (!search.found && n > 3 && !memcmp(name, "no-", 3)) {
		search.name += 3;
		search.n -= 3;
		rs_opt_walk(opts, match, &search);
		if (search.found && !(search.found->flags & RS_OPT_NEGATABLE))
			return NULL;
	}
	return search.found;
}

/* FILE, PID,..., [PATTERN]: what the reader puts there. */
static bool is_placeholder(const char *value)
{
	return !value[strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_.,[]|")];
}

static void check_value(const struct line *line, const struct rs_opt *opt, const char *value)
{
	struct rs_error err = RS_ERROR_INIT;
	struct rs_opt alone = *opt;
	uint64_t field = 0;

	if (!value && !line->mention)
		fail_line(line, "--%s needs a value", opt->long_name);
	if (!value)
		return;
	switch (opt->type) {
	case RS_OPT_U32:
	case RS_OPT_U64:
	case RS_OPT_I64:
	case RS_OPT_DURATION:
	case RS_OPT_SIZE:
	case RS_OPT_ENUM:
	case RS_OPT_BITSET:
		alone.offset = 0;
		if (!is_placeholder(value) && rs_opt_set_row(&alone, value, &field, &err) < 0)
			fail_line(line, "--%s %s: %s", opt->long_name, value, err.msg);
		break;
	default:
		break;
	}
}

/* The word behind *at is a long option, with its value in it or behind it. */
static void check_long(const struct line *line, const struct rs_cmd *cmd, size_t *at)
{
	const char *name = line->words[*at] + 2;
	size_t n = strcspn(name, "=");
	const struct rs_opt *opt = find_long(cmd->opts, name, n);

	if (!opt && strcmp(name, "help") != 0)
		fail_line(line, "ringside %s has no --%s", cmd->name, name);
	if (opt && rs_opt_takes_value(opt))
		check_value(line, opt, name[n] ? name + n + 1 : line->words[++*at]);
}

static void check_letters(const struct line *line, const struct rs_cmd *cmd, size_t *at)
{
	for (const char *p = line->words[*at] + 1; *p; p++) {
		struct search search = { .letter = *p };

		rs_opt_walk(cmd->opts, match, &search);
		if (!search.found && *p != 'h')
			fail_line(line, "ringside %s has no -%c", cmd->name, *p);
		if (search.found && rs_opt_takes_value(search.found)) {
			check_value(line, search.found, p[1] ? p + 1 : line->words[++*at]);
			return;
		}
	}
}

/* text begins with "ringside ". */
static void check_command(struct line *line, const char *text, size_t n)
{
	const struct rs_cmd *cmd;
	bool takes_command;

	split(line, text, n);
	if (line->len < 2 || is_placeholder(line->words[1]) || line->words[1][0] == '-')
		return;
	cmd = rs_cmd_find(line->words[1]);
	if (!cmd)
		fail_line(line, "there is no command \"%s\"", line->words[1]);
	takes_command = strstr(cmd->synopsis, "CMD") != NULL;
	for (size_t i = 2; i < line->len; i++) {
		const char *word = line->words[i];

		if (!strcmp(word, "--"))
			return;
		if (word[0] == '-' && word[1] == '-')
			check_long(line, cmd, &i);
		else if (word[0] == '-' && word[1])
			check_letters(line, cmd, &i);
		else if (takes_command)
			return;
	}
}

/* --- the texts --- */

static void test_help(void **state)
{
	(void)state;
	for (const struct rs_cmd *const *cmd = rs_cmd_table; *cmd; cmd++) {
		for (const struct rs_cmd_example *e = (*cmd)->examples; e->command; e++) {
			struct line line = { .where = e->command };
			const char *at = strstr(e->command, "ringside ");

			assert_non_null(at);
			check_command(&line, at, strlen(at));
		}
	}
}

/* `--name` in a text must be an option of some command. */
static void check_mention(const struct line *line, const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (n == strlen("help") && !memcmp(name, "help", n))
		return;
	if (strstr(line->where, "language.md")) /* has the options of scripts */
		return;
	for (const struct rs_cmd *const *cmd = rs_cmd_table; *cmd; cmd++)
		if (find_long((*cmd)->opts, name, n))
			return;
	fail_line(line, "no command has --%.*s", (int)n, name);
}

/* `text in such quotes` */
static void check_quoted(struct line *line, const char *text, size_t n)
{
	const char *end = text + n, *open, *close;

	line->mention = true;
	for (; (open = memchr(text, '`', (size_t)(end - text))); text = close + 1) {
		open++;
		close = memchr(open, '`', (size_t)(end - open));
		if (!close)
			return;
		if (!strncmp(open, "ringside ", 9))
			check_command(line, open, (size_t)(close - open));
		else if (!strncmp(open, "--", 2) && islower((unsigned char)open[2]))
			check_mention(line, open + 2);
	}
}

/* What was typed: behind a prompt, or at the beginning. */
static void check_typed(struct line *line, const char *text, size_t n)
{
	size_t skip = strspn(text, " \t");

	line->mention = false;
	if (skip < n && strchr("#$", text[skip]) && text[skip + 1] == ' ')
		skip += 2;
	if (skip < n && !strncmp(text + skip, "ringside ", 9))
		check_command(line, text + skip, n - skip);
}

static void check_page(const char *path)
{
	_cleanup_(rs_str_done) struct rs_str page = { 0 };
	struct rs_error err = RS_ERROR_INIT;
	struct line line = { .where = path };
	bool code = false;

	if (rs_fd_read_file(path, 1 << 20, &page, &err) < 0)
		fail_msg("%s", err.msg);
	for (const char *at = rs_str_cstr(&page); *at;) {
		size_t n = strcspn(at, "\n");

		line.number++;
		if (!strncmp(at, "```", 3))
			code = !code;
		else if (code || !strncmp(at, "    ", 4))
			check_typed(&line, at, n);
		else
			check_quoted(&line, at, n);
		at += n + (at[n] == '\n');
	}
}

static void test_pages(void **state)
{
	static const char *const patterns[] = { "README.md", "CONTRIBUTING.md", "docs/*.md" };
	const char *root = getenv("RS_SOURCE_ROOT");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		_cleanup_(rs_str_done) struct rs_str pattern = { 0 };
		glob_t found;

		rs_str_appendf(&pattern, "%s/%s", root ? root : ".", patterns[i]);
		assert_int_equal(glob(rs_str_cstr(&pattern), 0, NULL, &found), 0);
		for (size_t p = 0; p < found.gl_pathc; p++)
			check_page(found.gl_pathv[p]);
		globfree(&found);
	}
}

/* README.md lists them all. */
static void test_readme_list(void **state)
{
	_cleanup_(rs_str_done) struct rs_str path = { 0 };
	_cleanup_(rs_str_done) struct rs_str page = { 0 };
	const char *root = getenv("RS_SOURCE_ROOT");

	(void)state;
	rs_str_appendf(&path, "%s/README.md", root ? root : ".");
	assert_int_equal(rs_fd_read_file(rs_str_cstr(&path), 1 << 20, &page, NULL), 0);
	for (const struct rs_cmd *const *cmd = rs_cmd_table; *cmd; cmd++) {
		char entry[64];

		snprintf(entry, sizeof(entry), "\nringside %s ", (*cmd)->name);
		if (*cmd != &rs_cmd_help && !strstr(rs_str_cstr(&page), entry))
			fail_msg("README.md does not list %s", (*cmd)->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_readme_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
