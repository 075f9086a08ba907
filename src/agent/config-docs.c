/* SPDX-License-Identifier: Apache-2.0 */
/* docs/config.md and deploy/ringside.yaml, from the table of keys. */
#include <string.h>

#include "agent/config.h"

static const struct {
	const char *name, *text;
} sections[] = {
	{ "watch", "What is watched. Elements of a list are alternatives, different lists must all "
		   "agree, and an empty list lets everything pass." },
	{ "output", "What comes out, and where." },
	{ "store", "What is kept, for `ringside events`, `report` and `tree`." },
	{ "kubernetes",
	  "Where labels and owners of pods come from; see [kubernetes.md](kubernetes.md)." },
	{ "agent", "The agent itself." },
};

static const char intro[] =
	"<!-- Made from the table in src/agent/config-table.c: `RINGSIDE_UPDATE=1 make check` writes it"
	" anew. -->\n"
	"# The configuration file\n"
	"\n"
	"`ringside run` reads `/etc/ringside/ringside.yaml` where that exists, or the file that\n"
	"`--config` names; `--config none` reads none. What the command line says goes before what the\n"
	"file says, and that goes before the defaults; a list on the command line replaces the whole\n"
	"list of the file.\n"
	"\n"
	"```sh\n"
	"ringside run --config new.yaml --check    # look for mistakes, start nothing\n"
	"kill -HUP PID                             # a running agent reads its file again\n"
	"```\n"
	"\n"
	"Reading the file again changes what is watched, at once and without a gap, also while a mistake\n"
	"in the file keeps the old settings in force. Kinds of events whose hooks were not attached at\n"
	"the start, and everything under `output`, `store`, `kubernetes` and `agent`, take a restart.\n"
	"\n"
	"The file is YAML with two levels: sections and keys. Every key is a long option of\n"
	"`ringside run`, with the same meaning. Lists are written `[a, b]` or one element a line; a\n"
	"single element may stand alone. Durations take ns us ms s m h d, sizes K M G.\n"
	"\n"
	"Whatever is not understood is a mistake, and all mistakes are told at once (up to 20):\n"
	"\n"
	"```\n"
	"ringside: opening \"/etc/ringside/ringside.yaml\": line 12, column 3: unknown key \"comand\""
	" (did you mean \"command\"?)\n"
	"```\n"
	"\n"
	"Anchors, aliases and tags are refused, and so is a file that is larger than 256 KiB or that\n"
	"anybody may write to.\n";

/* --- documentation --- */

static void append_names(const struct rs_opt *opt, struct rs_str *out)
{
	const char *comma = "";

	for (const struct rs_opt_name *name = opt->names; name->name; name++) {
		rs_str_appendf(out, "%s`%s`", comma, name->name);
		if (name->help)
			rs_str_appendf(out, " (%s)", name->help);
		comma = ", ";
	}
}

static void append_type(const struct rs_config_key *key, const struct rs_opt *opt,
			struct rs_str *out)
{
	if (rs_config_key_is_list(key))
		rs_str_append_cstr(out, "list");
	else if (opt->type == RS_OPT_FLAG)
		rs_str_append_cstr(out, "`true` or `false`");
	else if (opt->type == RS_OPT_SIZE)
		rs_str_append_cstr(out, "size");
	else if (opt->type == RS_OPT_DURATION)
		rs_str_append_cstr(out, "duration");
	else if (opt->type == RS_OPT_U32)
		rs_str_append_cstr(out, "number");
	else if (opt->type == RS_OPT_ENUM)
		append_names(opt, out);
	else
		rs_str_append_cstr(out, "text");
}

static void append_meaning(const struct rs_config_key *key, const struct rs_opt *opt,
			   struct rs_str *out)
{
	rs_str_append_cstr(out, opt->help);
	if (key->more)
		rs_str_appendf(out, ". %s", key->more);
}

static void append_row(const struct rs_config_key *key, struct rs_str *out)
{
	const struct rs_opt *opt = rs_config_key_option(key);

	rs_str_appendf(out, "| `%s` | `--%s` | ", key->name, opt->long_name);
	append_type(key, opt, out);
	rs_str_appendf(out, " | %s | ", opt->default_text ? opt->default_text : "");
	append_meaning(key, opt, out);
	rs_str_appendf(out, " | `%s: %s` |\n", key->name, key->example);
}

int rs_config_write_docs(struct rs_str *out)
{
	rs_str_append_cstr(out, intro);
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		rs_str_appendf(out,
			       "\n## %s\n\n%s\n\n"
			       "| key | option | value | default | meaning | example |\n"
			       "|---|---|---|---|---|---|\n",
			       sections[i].name, sections[i].text);
		for (const struct rs_config_key *key = rs_config_keys; key->section; key++) {
			if (!strcmp(key->section, sections[i].name))
				append_row(key, out);
		}
	}
	return out->error;
}

/* --- example --- */

#define COLUMNS 92

/* A comment, broken into lines. */
static void append_comment(const char *indent, const char *text, struct rs_str *out)
{
	size_t column = 0;

	while (*text) {
		size_t n = strcspn(text, " ");

		if (column && column + 1 + n > COLUMNS) {
			rs_str_append_char(out, '\n');
			column = 0;
		}
		if (!column) {
			rs_str_appendf(out, "%s#", indent);
			column = strlen(indent) + 1;
		}
		rs_str_append_char(out, ' ');
		rs_str_append(out, text, n);
		column += n + 1;
		text += n + (text[n] == ' ');
	}
	rs_str_append_char(out, '\n');
}

static void append_key(const struct rs_config_key *key, struct rs_str *out)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	const struct rs_opt *opt = rs_config_key_option(key);

	append_meaning(key, opt, &text);
	if (opt->type == RS_OPT_ENUM) {
		rs_str_append_cstr(&text, ": ");
		append_names(opt, &text);
	}
	if (opt->default_text)
		rs_str_appendf(&text, " (default: %s)", opt->default_text);
	rs_str_append_char(out, '\n');
	append_comment("  ", rs_str_cstr(&text), out);
	rs_str_appendf(out, "  #%s: %s\n", key->name, key->example);
}

int rs_config_write_example(struct rs_str *out)
{
	rs_str_append_cstr(
		out,
		"# Settings of `ringside run`: all there are, at their defaults. docs/config.md tells more.\n"
		"# Take the # in front of a key away to set it; look for mistakes with\n"
		"#   ringside run --config FILE --check\n");
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		rs_str_append_char(out, '\n');
		append_comment("", sections[i].text, out);
		rs_str_appendf(out, "%s:\n", sections[i].name);
		for (const struct rs_config_key *key = rs_config_keys; key->section; key++) {
			if (!strcmp(key->section, sections[i].name))
				append_key(key, out);
		}
	}
	return out->error;
}
