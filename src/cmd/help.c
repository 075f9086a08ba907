/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside help`, and the texts of --help, from the tables. */
#include <errno.h>
#include <string.h>

#include "base/term.h"
#include "cmd/cmd.h"

void rs_cmd_wrap(const char *text, unsigned indent, unsigned width, struct rs_str *out)
{
	unsigned column = 0;

	width = MAX(width, indent + 20);
	while (*text) {
		size_t n = strcspn(text, " \n");

		if (n) {
			unsigned columns = (unsigned)rs_term_columns(text, n);

			if (column && column + 1 + columns > width) {
				rs_str_append_char(out, '\n');
				column = 0;
			}
			rs_str_append_fill(out, ' ', column ? 1 : indent);
			rs_str_append(out, text, n);
			column += columns + (column ? 1 : indent);
			text += n;
		}
		if (!strncmp(text, "\n\n", 2)) {
			rs_str_append_cstr(out, column ? "\n\n" : "\n");
			column = 0;
		}
		text += strspn(text, " \n");
	}
	if (column)
		rs_str_append_char(out, '\n');
}

static void append_heading(const char *heading, bool color, struct rs_str *out)
{
	rs_str_appendf(out, "\n%s%s%s\n", rs_term_style(color, RS_TERM_BOLD), heading,
		       rs_term_style(color, RS_TERM_RESET));
}

static void append_row(const struct rs_cmd *cmd, unsigned name_width, unsigned width,
		       struct rs_str *out)
{
	rs_str_appendf(out, "  %-*s  ", (int)name_width, cmd->name);
	rs_term_append_fit(out, cmd->summary, strlen(cmd->summary), width - name_width - 4,
			   RS_TERM_NOPAD);
	rs_str_append_char(out, '\n');
}

int rs_cmd_help_list(unsigned width, bool color, struct rs_str *out)
{
	const char *group = "";
	unsigned name_width = 0;

	for (const struct rs_cmd *const *cmd = rs_cmd_table; *cmd; cmd++)
		name_width = MAX(name_width, (unsigned)strlen((*cmd)->name));
	rs_str_append_cstr(out, "ringside: see what the processes of this machine do\n\n"
				"Usage: ringside COMMAND [OPTION...]\n");
	for (const struct rs_cmd *const *cmd = rs_cmd_table; *cmd; cmd++) {
		if (strcmp(group, (*cmd)->group) != 0)
			append_heading((*cmd)->group, color, out);
		group = (*cmd)->group;
		append_row(*cmd, name_width, MAX(width, 40U), out);
	}
	return rs_str_append_cstr(out, "\n`ringside help COMMAND` tells more about each;"
				       " `ringside --version` tells the version.\n");
}

static void append_examples(const struct rs_cmd *cmd, unsigned width, bool color,
			    struct rs_str *out)
{
	append_heading("Examples", color, out);
	for (const struct rs_cmd_example *example = cmd->examples; example->command; example++) {
		rs_str_appendf(out, "  %s\n", example->command);
		rs_cmd_wrap(example->text, 6, width, out);
	}
}

int rs_cmd_help_one(const struct rs_cmd *cmd, unsigned width, bool color, struct rs_str *out)
{
	width = MIN(width, 100U); /* longer lines are tiring to read */
	rs_str_appendf(out, "%sringside %s%s: %s\n\nUsage: ringside %s%s%s\n",
		       rs_term_style(color, RS_TERM_BOLD), cmd->name,
		       rs_term_style(color, RS_TERM_RESET), cmd->summary, cmd->name,
		       *cmd->synopsis ? " " : "", cmd->synopsis);
	if (cmd->text) {
		rs_str_append_char(out, '\n');
		rs_cmd_wrap(cmd->text, 0, width, out);
	}
	rs_str_append_char(out, '\n');
	rs_opt_help(cmd->opts, width, out);
	append_examples(cmd, width, color, out);
	return out->error;
}

/* --- the command --- */

struct settings {
	bool man;
};

static const struct rs_opt help_opts[] = {
	{ .long_name = "man",
	  .type = RS_OPT_FLAG,
	  .offset = offsetof(struct settings, man),
	  .help = "print the manual page (roff)",
	  .flags = RS_OPT_HIDDEN },
	RS_OPT_END,
};

static int append_wanted(const struct settings *settings, const struct rs_opt_args *args,
			 struct rs_str *out, struct rs_error *err)
{
	unsigned width = rs_term_width(STDOUT_FILENO);
	bool color = rs_term_use_color(STDOUT_FILENO, RS_TERM_COLOR_AUTO);
	const struct rs_cmd *cmd;
	const char *near;
	int r;

	if (settings->man)
		return rs_cmd_help_man(out);
	if (!args->len)
		return rs_cmd_help_list(width, color, out);
	cmd = rs_cmd_find(args->items[0]);
	if (cmd)
		return rs_cmd_help_one(cmd, width, color, out);
	r = rs_error_set(err, -EINVAL, "there is no command \"%s\"", args->items[0]);
	near = rs_cmd_nearest(args->items[0]);
	if (near)
		rs_error_hint(err, "did you mean \"%s\"?", near);
	return r;
}

static int run_help(const struct rs_cmd *cmd, int argc, char **argv)
{
	_cleanup_(rs_opt_args_done) struct rs_opt_args args = { 0 };
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	struct rs_error err = RS_ERROR_INIT;
	struct settings settings = { 0 };
	int r;

	r = rs_cmd_parse(cmd, argc, argv, &settings, &args);
	if (r != RS_CMD_GO)
		return r;
	r = append_wanted(&settings, &args, &out, &err);
	if (r == -EINVAL)
		return rs_cmd_misuse(cmd, &err);
	return rs_cmd_print(&out);
}

static const struct rs_cmd_example help_examples[] = {
	{ "ringside help run", "the options of `ringside run`, with examples" },
	{ NULL, NULL },
};

const struct rs_cmd rs_cmd_help = {
	.name = "help",
	.group = "About",
	.synopsis = "[COMMAND]",
	.summary = "list the commands, or tell how one is used",
	.examples = help_examples,
	.opts = help_opts,
	.run = run_help,
};
