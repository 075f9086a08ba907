/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/opt-internal.h"

/* The widest left column that still shares its line with the explanation. */
#define LEFT_MAX 28
#define TEXT_MIN 24

struct help {
	struct rs_str *out;
	size_t width;
	size_t left; /* columns before the explanation */
	const char *group;
	bool any;
	bool has_help;  /* the table has its own -h or --help */
	bool has_short; /* -h is taken by something else */
};

/* "-p, --pid PID" without indentation. */
static void append_names(const struct rs_opt *opt, struct rs_str *out)
{
	const char *negated = opt->flags & RS_OPT_NEGATABLE ? "[no-]" : "";

	if (opt->short_name)
		rs_str_appendf(out, "-%c%s", opt->short_name, opt->long_name ? ", " : "");
	else
		rs_str_append_cstr(out, "    ");
	if (opt->long_name)
		rs_str_appendf(out, "--%s%s", negated, opt->long_name);
	if (opt->metavar && rs_opt_takes_value(opt))
		rs_str_appendf(out, " %s", opt->metavar);
	else if (opt->metavar && opt->flags & RS_OPT_MAYBE_VALUE)
		rs_str_appendf(out, "[=%s]", opt->metavar);
}

/* The explanation: the sentence, the words it takes, the default. */
static void append_text(const struct rs_opt *opt, struct rs_str *out)
{
	rs_str_append_cstr(out, opt->help ? opt->help : "");
	/* A metavar such as table|json says the words already. */
	if (opt->names && !(opt->metavar && strchr(opt->metavar, '|'))) {
		rs_str_append_cstr(out, opt->type == RS_OPT_ENUM ? "; one of " : "; any of ");
		for (const struct rs_opt_name *name = opt->names; name->name; name++)
			rs_str_appendf(out, "%s%s", name == opt->names ? "" : ", ", name->name);
	}
	if (opt->default_text)
		rs_str_appendf(out, " (default: %s)", opt->default_text);
}

/* Appends text broken at spaces into lines of width, each after the first indented. */
static void append_wrapped(struct rs_str *out, const char *text, size_t indent, size_t width)
{
	size_t column = 0;

	while (*text) {
		size_t word = strcspn(text, " ");

		if (column && column + 1 + word > width) {
			rs_str_append_char(out, '\n');
			rs_str_append_fill(out, ' ', indent);
			column = 0;
		} else if (column) {
			rs_str_append_char(out, ' ');
			column++;
		}
		rs_str_append(out, text, word);
		column += word;
		text += word + strspn(text + word, " ");
	}
	rs_str_append_char(out, '\n');
}

static int measure_row(const struct rs_opt *opt, const char *group, void *data)
{
	_cleanup_(rs_str_done) struct rs_str names = RS_STR_INIT(256);
	struct help *help = data;

	(void)group;
	if (opt->long_name && strcmp(opt->long_name, "help") == 0)
		help->has_help = true;
	if (opt->short_name == 'h')
		help->has_short = true;
	if (opt->flags & RS_OPT_HIDDEN)
		return 0;
	append_names(opt, &names);
	if (names.len + 4 <= LEFT_MAX)
		help->left = MAX(help->left, names.len + 4);
	return names.error;
}

static void append_heading(struct help *help, const char *group)
{
	if (help->any && strcmp(help->group, group) == 0)
		return;
	if (help->any)
		rs_str_append_char(help->out, '\n');
	rs_str_appendf(help->out, "%s:\n", *group ? group : "Options");
	help->group = group;
	help->any = true;
}

static int append_row(const struct rs_opt *opt, const char *group, void *data)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	struct help *help = data;
	size_t start, used;

	if (opt->flags & RS_OPT_HIDDEN)
		return 0;
	append_heading(help, group);
	start = help->out->len;
	rs_str_append_cstr(help->out, "  ");
	append_names(opt, help->out);
	used = help->out->len - start;
	if (used + 2 > help->left) {
		rs_str_append_char(help->out, '\n');
		used = 0;
	}
	rs_str_append_fill(help->out, ' ', help->left - used);
	append_text(opt, &text);
	append_wrapped(help->out, rs_str_cstr(&text), help->left,
		       MAX(help->width, help->left + TEXT_MIN) - help->left);
	return help->out->error;
}

int rs_opt_help(const struct rs_opt *opts, unsigned width, struct rs_str *out)
{
	static const struct rs_opt help_row = {
		.short_name = 'h',
		.long_name = "help",
		.type = RS_OPT_FLAG,
		.help = "show this help",
	};
	struct help help = { .out = out, .width = width, .left = 16, .group = "" };
	struct rs_opt last = help_row;
	int r = rs_opt_walk(opts, measure_row, &help);

	if (r == 0)
		r = rs_opt_walk(opts, append_row, &help);
	if (r < 0 || help.has_help)
		return r;
	if (help.has_short)
		last.short_name = 0;
	return append_row(&last, help.group, &help);
}
