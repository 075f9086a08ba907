/* SPDX-License-Identifier: Apache-2.0 */
/* The manual page, from the same tables as --help: man(7) macros, as man-db and mandoc read them. */
#include <string.h>

#include "cmd/cmd.h"
#include "event/event.h"

/* Text in which nothing is markup: backslashes and hyphens are escaped, and a line cannot begin
 * with a control character. */
static void append_text(const char *text, struct rs_str *out)
{
	if (*text == '.' || *text == '\'')
		rs_str_append_cstr(out, "\\&");
	for (; *text; text++) {
		switch (*text) {
		case '\\':
			rs_str_append_cstr(out, "\\e");
			break;
		case '-':
			rs_str_append_cstr(out, "\\-");
			break;
		default:
			rs_str_append_char(out, *text);
		}
	}
}

/* Paragraphs: an empty line becomes .PP, other line ends a space. */
static void append_paragraphs(const char *text, struct rs_str *out)
{
	while (*text) {
		const char *end = strstr(text, "\n\n");
		size_t n = end ? (size_t)(end - text) : strlen(text);
		_cleanup_(rs_cleanup_free) char *one = strndup(text, n);

		if (!one)
			return;
		for (char *p = one; *p; p++)
			*p = *p == '\n' ? ' ' : *p;
		rs_str_append_cstr(out, ".PP\n");
		append_text(one, out);
		rs_str_append_char(out, '\n');
		text += n + (end ? 2 : 0);
	}
}

static void append_bold(const char *text, struct rs_str *out)
{
	rs_str_append_cstr(out, "\\fB");
	append_text(text, out);
	rs_str_append_cstr(out, "\\fR");
}

static int append_option(const struct rs_opt *opt, const char *group, void *data)
{
	struct rs_str *out = data;
	char letter[3] = { '-', opt->short_name, '\0' };

	(void)group;
	if (opt->flags & RS_OPT_HIDDEN)
		return 0;
	rs_str_append_cstr(out, ".TP\n");
	if (opt->short_name)
		append_bold(letter, out);
	if (opt->short_name && opt->long_name)
		rs_str_append_cstr(out, ", ");
	if (opt->long_name) {
		rs_str_append_cstr(out, "\\fB\\-\\-");
		append_text(opt->flags & RS_OPT_NEGATABLE ? "[no-]" : "", out);
		append_text(opt->long_name, out);
		rs_str_append_cstr(out, "\\fR");
	}
	if (opt->metavar) {
		bool maybe = opt->flags & RS_OPT_MAYBE_VALUE;

		rs_str_append_cstr(out, maybe ? "[=\\fI" : " \\fI");
		append_text(opt->metavar, out);
		rs_str_append_cstr(out, maybe ? "\\fR]" : "\\fR");
	}
	rs_str_append_char(out, '\n');
	append_text(opt->help, out);
	if (opt->default_text) {
		rs_str_append_cstr(out, " (default: ");
		append_text(opt->default_text, out);
		rs_str_append_char(out, ')');
	}
	rs_str_append_char(out, '\n');
	for (const struct rs_opt_name *name = opt->names; name && name->name; name++) {
		rs_str_append_cstr(out, ".br\n");
		append_bold(name->name, out);
		if (name->help)
			rs_str_append_cstr(out, ": ");
		append_text(name->help ? name->help : "", out);
		rs_str_append_char(out, '\n');
	}
	return 0;
}

static void append_command(const struct rs_cmd *cmd, struct rs_str *out)
{
	rs_str_append_cstr(out, ".SS ringside ");
	append_text(cmd->name, out);
	if (*cmd->synopsis) {
		rs_str_append_char(out, ' ');
		append_text(cmd->synopsis, out);
	}
	rs_str_append_cstr(out, "\n");
	append_text(cmd->summary, out);
	rs_str_append_cstr(out, ".\n");
	if (cmd->text)
		append_paragraphs(cmd->text, out);
	rs_opt_walk(cmd->opts, append_option, out);
	rs_str_append_cstr(out, ".PP\nExamples:\n");
	for (const struct rs_cmd_example *example = cmd->examples; example->command; example++) {
		rs_str_append_cstr(out, ".TP\n");
		append_bold(example->command, out);
		rs_str_append_char(out, '\n');
		append_text(example->text, out);
		rs_str_append_char(out, '\n');
	}
}

static void append_row(const char *what, const char *text, struct rs_str *out)
{
	rs_str_append_cstr(out, ".TP\n");
	append_bold(what, out);
	rs_str_append_char(out, '\n');
	append_text(text, out);
	rs_str_append_char(out, '\n');
}

/* Every kind of event, by sensor: the words of --kinds. */
static void append_kinds(struct rs_str *out)
{
	rs_str_append_cstr(out, ".SH KINDS OF EVENTS\n");
	for (unsigned sensor = 0; sensor < RS_SENSOR_COUNT; sensor++) {
		const char *separator = "";

		rs_str_append_cstr(out, ".TP\n");
		append_bold(rs_sensor_to_str(sensor), out);
		rs_str_append_char(out, '\n');
		for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
			if (!(rs_sensor_kinds(sensor) & (1ull << kind)))
				continue;
			rs_str_append_cstr(out, separator);
			append_text(rs_kind_to_str(kind), out);
			separator = ", ";
		}
		rs_str_append_char(out, '\n');
	}
}

static const char page_head[] =
	".\\\" Made by `ringside help --man`: change the tables in src/cmd, not this file.\n"
	".TH RINGSIDE 8 \"\" \"ringside " RS_VERSION "\" \"System administration\"\n"
	".SH NAME\nringside \\- see what the processes of this machine do\n"
	".SH SYNOPSIS\n.B ringside\n.I COMMAND\n.RI [ OPTION .\\|.\\|.]\n"
	".SH DESCRIPTION\n"
	".B ringside\nwatches processes, files, the network and privileges from inside the kernel\n"
	"(eBPF), with little cost and with every loss counted: an event is delivered, or it is\n"
	"counted as lost. It keeps what it saw, runs scripts of the bpftrace language, and shows where\n"
	"time and memory go.\n"
	".PP\nDurations are written as 250ms, 10s or 1m30s, sizes as 64K, 8M or 1G. Lists are\n"
	"separated by commas, and options that take one may be repeated.\n"
	".SH COMMANDS\n";

static const struct {
	const char *what, *text;
} exit_codes[] = {
	{ "0", "done" },
	{ "1", "failed" },
	{ "2", "wrong use: of the command line or of the configuration file" },
	{ "3", "the kernel, or our rights, do not allow it: see `ringside doctor`" },
}, signals[] = {
	{ "SIGINT, SIGTERM", "end, with a summary; a second one ends at once" },
	{ "SIGHUP", "read the configuration file again, where there is one, and put its selection in "
		    "force; end, where the terminal is gone and this is not run by nohup(1)" },
}, files[] = {
	{ "/etc/ringside/ringside.yaml",
	  "configuration of `ringside run`, where --config names no other" },
	{ "/run/ringside/agent.lock", "held by the running agent: its pid, and since when it runs" },
	{ "/run/ringside/control.sock",
	  "where `ringside stats`, filter and containers ask the running agent" },
	{ "/var/lib/ringside/events", "events that the agent keeps, and profiles (profiles.db)" },
}, environment[] = {
	{ "NO_COLOR", "not empty: no colours, unless --color always" },
	{ "COLUMNS", "width of tables and help where the terminal does not tell" },
	{ "BPFTRACE_NAME", "setting of `ringside trace`, such as BPFTRACE_MAX_MAP_KEYS" },
};

#define APPEND_ROWS(heading, rows, out)                                                            \
	do {                                                                                       \
		rs_str_append_cstr((out), ".SH " heading "\n");                                    \
		for (size_t i_ = 0; i_ < ARRAY_SIZE(rows); i_++)                                   \
			append_row((rows)[i_].what, (rows)[i_].text, (out));                       \
	} while (0)

int rs_cmd_help_man(struct rs_str *out)
{
	rs_str_append_cstr(out, page_head);
	for (const struct rs_cmd *const *cmd = rs_cmd_table; *cmd; cmd++)
		append_command(*cmd, out);
	append_kinds(out);
	APPEND_ROWS("EXIT STATUS", exit_codes, out);
	rs_str_append_cstr(out, ".PP\nWith --command, the command's own code is passed on; 128 and"
				" the signal's number when it was killed, or when we were ended"
				" before it.\n");
	APPEND_ROWS("SIGNALS", signals, out);
	APPEND_ROWS("FILES", files, out);
	APPEND_ROWS("ENVIRONMENT", environment, out);
	return rs_str_append_cstr(out, ".SH SEE ALSO\n.BR bpf (2),\n.BR capabilities (7)\n");
}
