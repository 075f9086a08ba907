/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside trace`: scripts in the tracing language; the same program under the name bpftrace. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "base/fd.h"
#include "base/suggest.h"
#include "base/term.h"
#include "base/vec.h"
#include "cmd/cmd.h"
#include "trace/list.h"
#include "trace/trace.h"

#define SCRIPT_MOST ((size_t)1 << 20)
#define LANGUAGE    "0.27.0" /* the release of the language that scripts may expect */
#define PREFIX      "BPFTRACE_"

struct settings {
	struct rs_trace_options options;
	struct rs_lang_config config;
	const char *program; /* -e */
	bool list, info, version;
	bool no_warnings;
	struct rs_opt_list include_dirs, includes, ignored;
	bool ignored_flag;
};

/* --- the command line --- */

static int count(const struct rs_opt *opt, const char *value, void *field, struct rs_error *err)
{
	(void)opt;
	(void)value;
	(void)err;
	++*(unsigned *)field;
	return 0;
}

static const char *const stages[] = { "ast", "sema", "ir", "ir-opt", "insn", "all" };

static bool is_stage(const char *word, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(stages); i++)
		if (strlen(stages[i]) == len && memcmp(stages[i], word, len) == 0)
			return true;
	return false;
}

/* The list stays text; but a stage that there is not would run nothing and print nothing. */
static int take_stages(const struct rs_opt *opt, const char *value, void *field,
		       struct rs_error *err)
{
	const char *word = value;

	(void)opt;
	for (;;) {
		size_t len = strcspn(word, ",");

		if (!is_stage(word, len))
			return rs_error_set(
				err, -EINVAL,
				"\"%.*s\" is not one of ast, sema, ir, ir-opt, insn, all",
				len > 64 ? 64 : (int)len, word);
		if (!word[len])
			break;
		word += len + 1;
	}
	*(const char **)field = value;
	return 0;
}

static const struct rs_opt_name formats[] = {
	{ "text", RS_TRACE_TEXT, "for people" },
	{ "json", RS_TRACE_JSON, "one JSON object a line" },
	{ 0 },
};

static const struct rs_opt_name bufferings[] = {
	{ "line", RS_TRACE_BUFFER_LINE, "whole lines, as soon as they are there" },
	{ "full", RS_TRACE_BUFFER_FULL, "much at once" },
	{ "none", RS_TRACE_BUFFER_NONE, "at once" },
	{ 0 },
};

#define AT(member) offsetof(struct settings, member)
#define OF(member) offsetof(struct settings, options.member)
#define COUNT(...) .parse = count, .flags = RS_OPT_NO_VALUE, __VA_ARGS__
#define IGNORED    .flags = RS_OPT_HIDDEN

static const struct rs_opt opts[] = {
	RS_OPT_ROW('e', "execute", "PROGRAM", RS_OPT_STRING, AT(program), "the script itself",
		   .group = "What to run"),
	RS_OPT_ROW('c', "cmd", "COMMAND", RS_OPT_STRING, OF(command),
		   "run a command and end with it; cpid is its pid"),
	RS_OPT_ROW('p', "pid", "PID", RS_OPT_U64, OF(pid), "only this process; end with it"),
	RS_OPT_ROW('I', "include-dir", "DIR", RS_OPT_LIST, AT(include_dirs),
		   "look for included files there, too", .flags = RS_OPT_NO_SPLIT),
	RS_OPT_ROW(0, "include", "FILE", RS_OPT_LIST, AT(includes),
		   "include this file before the script", .flags = RS_OPT_NO_SPLIT),
	RS_OPT_ROW(0, "unsafe", NULL, RS_OPT_FLAG, OF(unsafe),
		   "allow what changes the system: system(), signal(), override()"),
	RS_OPT_ROW(
		'l', "list", NULL, RS_OPT_FLAG, AT(list),
		"list probes that match a pattern, the script's, or types (\"struct *sock\"); -v: with arguments",
		.group = "What there is"),
	RS_OPT_ROW(0, "info", NULL, RS_OPT_FLAG, AT(info), "tell what this kernel has for scripts"),
	RS_OPT_ROW('V', "version", NULL, RS_OPT_FLAG, AT(version), "tell the version"),
	RS_OPT_ROW('o', "output", "FILE", RS_OPT_STRING, OF(output), "write to this file",
		   .group = "Output"),
	RS_OPT_ROW('f', "format", "FORMAT", RS_OPT_ENUM, OF(format), "how to write",
		   .names = formats, .default_text = "text"),
	RS_OPT_ROW('B', "buffering", "MODE", RS_OPT_ENUM, OF(buffering), "when to write",
		   .names = bufferings, .default_text = "line"),
	RS_OPT_ROW('q', "quiet", NULL, RS_OPT_FLAG, OF(quiet), "do not tell when all is attached"),
	RS_OPT_ROW('v', "verbose", NULL, RS_OPT_CALLBACK, OF(verbose),
		   "tell more: what the kernel says of a program", COUNT()),
	RS_OPT_ROW('k', "warnings", NULL, RS_OPT_CALLBACK, OF(helper_errors),
		   "tell when helpers in the kernel fail: reading memory, deleting keys", COUNT()),
	RS_OPT_ROW(0, "no-warnings", NULL, RS_OPT_FLAG, AT(no_warnings), "tell only of mistakes"),
	RS_OPT_ROW(0, "dry-run", NULL, RS_OPT_FLAG, OF(dry_run), "attach everything, then end",
		   .group = "Looking inside"),
	RS_OPT_ROW(
		'd', "debug", "STAGE", RS_OPT_CALLBACK, OF(dump),
		"print what a stage of the compiler made, run nothing: ast, sema, ir, ir-opt, insn, all",
		.parse = take_stages),
	/* What bpftrace has and nothing here needs. */
	RS_OPT_ROW(0, "usdt-file-activation", NULL, RS_OPT_FLAG, AT(ignored_flag),
		   "accepted, and not needed", IGNORED),
	RS_OPT_ROW('b', "btf", NULL, RS_OPT_FLAG, AT(ignored_flag), "accepted, and not needed",
		   IGNORED),
	RS_OPT_ROW(0, "no-feature", "NAMES", RS_OPT_LIST, AT(ignored), "accepted, and not needed",
		   IGNORED),
	RS_OPT_ROW(0, "debuginfo", "DIRS", RS_OPT_LIST, AT(ignored), "accepted, and not needed",
		   IGNORED),
	RS_OPT_ROW(0, "traceable-functions", "FILE", RS_OPT_LIST, AT(ignored),
		   "accepted, and not needed", IGNORED),
	RS_OPT_END,
};

/* --- the environment --- */

static const char *const other_variables[] = {
	"btf",   "kernel_source",   "kernel_build", "vmlinux",
	"color", "no_user_symbols", "dummy_ts_map", "no_cpp_demangle",
};

static void warn_unknown(const char *name, const char *lower)
{
	struct rs_error err = RS_ERROR_INIT;
	struct rs_suggest suggest;
	const char *option;

	rs_suggest_init(&suggest, lower);
	for (unsigned i = 0; (option = rs_lang_config_name(i)); i++)
		rs_suggest_offer(&suggest, option);
	rs_error_set(&err, -EINVAL, "ignoring the variable \"%s\": there is no such setting", name);
	if (rs_suggest_best(&suggest))
		rs_error_hint(&err, "did you mean a variable for \"%s\"?",
			      rs_suggest_best(&suggest));
	rs_error_print(&err, NULL);
}

/* BPFTRACE_MAX_STRLEN=64 */
static int take_variable(const char *variable, bool warnings, struct rs_lang_config *config,
			 struct rs_error *err)
{
	const char *value = strchr(variable, '=');
	size_t n = value ? (size_t)(value - variable) : 0, prefix = strlen(PREFIX);
	char name[64], lower[64];
	int r;

	if (n <= prefix || n >= sizeof(name) || strncmp(variable, PREFIX, prefix) != 0)
		return 0;
	memcpy(name, variable, n);
	name[n] = '\0';
	for (size_t i = prefix; i <= n; i++)
		lower[i - prefix] = (char)tolower((unsigned char)name[i]);
	for (size_t i = 0; i < ARRAY_SIZE(other_variables); i++) {
		if (!strcmp(lower, other_variables[i]))
			return 0;
	}
	r = rs_lang_config_set(config, lower, value + 1, err);
	if (r == -ENOENT) {
		if (warnings)
			warn_unknown(name, lower);
		rs_error_reset(err);
		return 0;
	}
	return r < 0 ? rs_error_wrap(err, "the variable \"%s\"", name) : 0;
}

static int take_environment(bool warnings, struct rs_lang_config *config, struct rs_error *err)
{
	int r = 0;

	rs_lang_config_init(config);
	for (char **variable = environ; !r && variable && *variable; variable++)
		r = take_variable(*variable, warnings, config, err);
	return r;
}

static bool use_colour(void)
{
	const char *mode = getenv(PREFIX "COLOR");
	enum rs_term_color_mode wanted = RS_TERM_COLOR_AUTO;

	if (mode)
		rs_term_color_parse(mode, &wanted);
	return rs_term_use_color(STDERR_FILENO, wanted);
}

/* --- the script --- */

static int read_script(const char *path, struct rs_str *text, struct rs_error *err)
{
	int r;

	if (strcmp(path, "-") != 0)
		return rs_fd_read_file(path, SCRIPT_MOST, text, err);
	r = rs_fd_read_all(STDIN_FILENO, SCRIPT_MOST, text);
	return r < 0 ? rs_error_set_errno(err, r, "reading the script from standard input") : 0;
}

/* -e, or the file that is the first argument; the others are the script's. */
static int take_script(struct settings *settings, const struct rs_opt_args *args,
		       struct rs_str *text, size_t *ret_first, struct rs_error *err)
{
	struct rs_trace_options *options = &settings->options;
	int r;

	*ret_first = 0;
	options->name = "stdin";
	options->text = settings->program;
	if (settings->program)
		return 0;
	if (!args->len)
		return rs_error_set(err, -EINVAL, "which script? A file, - or -e 'PROGRAM'");
	r = read_script(args->items[0], text, err);
	if (r < 0)
		return r == -EINVAL ? -EIO : r;
	if (text->len && memchr(text->data, '\0', text->len))
		return rs_error_set(err, -EBADMSG, "\"%s\" is no script: it has zero bytes",
				    args->items[0]);
	if (strcmp(args->items[0], "-") != 0)
		options->name = args->items[0];
	options->text = rs_str_cstr(text);
	*ret_first = 1;
	return 0;
}

typedef RS_VEC(const char *) word_list;

/* What begins with "--" can only come from behind a "--": it is for getopt() in the script, the others are $1 ... */
static int split_args(const struct rs_opt_args *args, size_t first, word_list *params,
		      word_list *named)
{
	int r = 0;

	for (size_t i = first; i < args->len && !r; i++) {
		const char *word = args->items[i];

		r = !strncmp(word, "--", 2) ? rs_vec_push(named, word) : rs_vec_push(params, word);
	}
	return r;
}

/* --- running --- */

static int print_version(bool by_name)
{
	static const char ours[] = "ringside " RS_VERSION " (tracing language " LANGUAGE ")\n";
	static const char theirs[] = "bpftrace v" LANGUAGE " (ringside " RS_VERSION ")\n";
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);

	rs_str_append_cstr(&text, by_name ? theirs : ours);
	return rs_cmd_print(&text);
}

/* A mistake in a script is no wrong use of ours. */
static int code_of(int r, const struct rs_error *err)
{
	if (r >= 0)
		return r;
	if (err->code)
		rs_error_print(err, NULL);
	return r == -EPERM || r == -EACCES ? RS_CMD_DENIED : RS_CMD_FAILED;
}

static int list(struct settings *settings, const struct rs_opt_args *args, struct rs_str *text,
		struct rs_error *err)
{
	struct rs_trace_options *options = &settings->options;
	const char *pattern = args->len ? args->items[0] : "*";
	size_t first;
	int r = 0;

	options->name = "stdin";
	if (settings->program || (args->len && access(pattern, R_OK) == 0))
		r = take_script(settings, args, text, &first, err);
	return code_of(r < 0 ? r : rs_trace_list(options, pattern, err), err);
}

static int run_script(const struct rs_cmd *cmd, struct settings *settings,
		      const struct rs_opt_args *args, struct rs_str *text, struct rs_error *err)
{
	struct rs_trace_options *options = &settings->options;
	word_list params = { 0 }, named = { 0 };
	size_t first;
	int r;

	r = take_script(settings, args, text, &first, err);
	if (r == -EINVAL)
		return rs_cmd_misuse(cmd, err);
	if (!r)
		r = take_environment(options->warnings, &settings->config, err);
	if (!r)
		r = split_args(args, first, &params, &named);
	options->config = &settings->config;
	options->params = params.items;
	options->n_params = (unsigned)params.len;
	options->script_args = named.items;
	options->n_script_args = (unsigned)named.len;
	if (!r)
		r = rs_trace_run(options, err);
	rs_vec_done(&params);
	rs_vec_done(&named);
	return code_of(r, err);
}

static int dispatch(const struct rs_cmd *cmd, struct settings *settings,
		    const struct rs_opt_args *args, struct rs_str *text)
{
	struct rs_trace_options *options = &settings->options;
	struct rs_error err = RS_ERROR_INIT;

	options->warnings = !settings->no_warnings;
	options->colour = use_colour();
	options->include_dirs = (const char *const *)settings->include_dirs.items;
	options->n_include_dirs = (unsigned)settings->include_dirs.len;
	options->includes = (const char *const *)settings->includes.items;
	options->n_includes = (unsigned)settings->includes.len;
	options->ignore_command_code = cmd->data != NULL;
	if (settings->version)
		return print_version(cmd->data != NULL);
	if (settings->info)
		return code_of(rs_trace_info(&err), &err);
	if (options->command && options->pid) {
		rs_error_set(&err, -EINVAL, "-c and -p can not be used together");
		return rs_cmd_misuse(cmd, &err);
	}
	if (rs_opt_was_set(args, "pid") && (!options->pid || options->pid > INT_MAX)) {
		rs_error_set(&err, -EINVAL, "--pid %" PRIu64 ": no process has this number",
			     options->pid);
		return rs_cmd_misuse(cmd, &err);
	}
	if (settings->list)
		return list(settings, args, text, &err);
	return run_script(cmd, settings, args, text, &err);
}

static int run(const struct rs_cmd *cmd, int argc, char **argv)
{
	_cleanup_(rs_opt_args_done) struct rs_opt_args args = { 0 };
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(SCRIPT_MOST);
	struct settings settings = { 0 };
	int r;

	r = rs_cmd_parse(cmd, argc, argv, &settings, &args);
	if (r == RS_CMD_GO)
		r = dispatch(cmd, &settings, &args, &text);
	rs_opt_done(opts, &settings);
	return r;
}

/* As bpftrace: whatever went wrong is 1. */
static int run_by_name(const struct rs_cmd *cmd, int argc, char **argv)
{
	int r = run(cmd, argc, argv);

	return r == RS_CMD_USAGE || r == RS_CMD_DENIED ? RS_CMD_FAILED : r;
}

static const struct rs_cmd_example examples[] = {
	{ "ringside trace -e 't:syscalls:sys_enter_unlink* { print((comm, pid)); }'",
	  "who deletes files" },
	{ "ringside trace -e 'tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }'",
	  "system calls by program, until Ctrl-C" },
	{ "ringside trace -e 'profile:hz:99 { @[kstack] = count(); }' -c 'make test'",
	  "where the kernel spends time while a command runs" },
	{ "ringside trace -p 4711 -e 'u:libc:malloc { @bytes = hist(arg0); }'",
	  "what a process asks of malloc" },
	{ "ringside trace opensnoop.bt 5 -- --all",
	  "a script from a file; 5 is its $1, what is behind -- its options" },
	{ "ringside trace -l 'tracepoint:*open*' -v", "tracepoints and their fields" },
	{ NULL, NULL },
};

#define TEXT                                                                                                            \
	"Compiles a script of the bpftrace language, attaches its probes and prints what it prints, until it calls "    \
	"exit(), its command (-c) or process (-p) ends, or Ctrl-C. Then END runs and all maps are printed.\n\n"         \
	"The program's own output goes to standard output, everything about it to standard error. Settings come from "  \
	"the environment (BPFTRACE_MAX_MAP_KEYS=10000) and from config = { ... } in the script.\n\n"                    \
	"Ends with the code of exit(N), of the command, or 0; 1 when the script has mistakes or cannot be run, 3 when " \
	"the kernel or our rights do not allow it. Called by the name bpftrace, the program is this command.\n\n"       \
	"The language, with examples of everything in it: docs/language.md."

const struct rs_cmd rs_cmd_trace = {
	.name = "trace",
	.group = "Scripts",
	.synopsis = "[OPTION...] FILE|-|-e PROGRAM [ARGUMENT...]",
	.summary = "run a script of the tracing language (bpftrace's)",
	.text = TEXT,
	.examples = examples,
	.opts = opts,
	.run = run,
};

const struct rs_cmd rs_cmd_bpftrace = {
	.name = "trace",
	.group = "Scripts",
	.synopsis = "[OPTION...] FILE|-|-e PROGRAM [ARGUMENT...]",
	.summary = "run a script of the tracing language (bpftrace's)",
	.text = TEXT,
	.examples = examples,
	.opts = opts,
	.run = run_by_name,
	.data = "bpftrace",
};
