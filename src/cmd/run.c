/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside run`: the agent in the foreground. */
#include <errno.h>

#include "agent/config.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/watch.h"

/* The command line is kept: it is put over the configuration file each time that is read. */
struct settings {
	const struct rs_cmd *cmd;
	int argc;
	char **argv;
	const char *path; /* of the configuration file; NULL: none */
};

/* A list given on the command line replaces that of the configuration file, and so do the kinds;
 * without this they would add up. */
static void forget_overridden(const struct rs_opt_args *args, struct rs_agent_options *options)
{
	for (size_t i = 0; i < args->seen_len; i++) {
		const struct rs_opt *opt = args->seen[i];
		void *field = (char *)options + opt->offset;

		if (opt->type == RS_OPT_LIST)
			rs_opt_list_done(field);
		else if (opt->offset == offsetof(struct rs_agent_options, kinds))
			options->kinds = 0;
		else if (opt->offset == offsetof(struct rs_agent_options, verbose))
			options->verbose = 0;
	}
}

/* Several mistakes are told one by one; err then sums them up. */
static void print_mistakes(const char *path, const struct rs_config_mistakes *mistakes)
{
	struct rs_error err = RS_ERROR_INIT;

	for (size_t i = 0; mistakes->len > 1 && i < mistakes->len; i++) {
		const struct rs_config_mistake *mistake = &mistakes->items[i];

		rs_error_set(&err, -EINVAL, "line %u, column %u: %s", mistake->line,
			     mistake->column, mistake->text);
		rs_error_print(&err, "opening \"%s\"", path);
	}
}

/* The configuration file, under the command line. */
static int load(const struct settings *settings, const char *path, struct rs_agent_options *options,
		struct rs_error *err)
{
	_cleanup_(rs_opt_args_done) struct rs_opt_args args = { 0 };
	_cleanup_(rs_cleanup_free) struct rs_config_mistakes *mistakes = malloc(sizeof(*mistakes));
	struct rs_agent_options scratch;
	int r;

	if (!mistakes)
		return rs_error_set_errno(err, -ENOMEM, "reading \"%s\"", path);
	rs_agent_options_init(&scratch);
	r = rs_opt_parse(settings->cmd->opts, settings->argc, settings->argv, &scratch, &args, err);
	rs_agent_options_done(&scratch);
	if (r < 0)
		return r;
	r = rs_config_load(path, options, mistakes, err);
	print_mistakes(path, mistakes);
	if (r < 0)
		return r;
	forget_overridden(&args, options);
	return rs_opt_parse(settings->cmd->opts, settings->argc, settings->argv, options, NULL,
			    err);
}

/* The socket that the file names is that of the agent that takes the place; who runs beside it has
 * one only if the command line says so. */
static void forget_control(const struct rs_agent_options *line, struct rs_agent_options *options)
{
	if (!options->command || line->control)
		return;
	free(options->control);
	options->control = NULL;
}

/* The file was there at start; a default file that has gone since is told like any other. */
static int reload(void *data, struct rs_agent_options *ret_options, struct rs_error *err)
{
	struct settings *settings = data;
	int r;

	r = load(settings, settings->path, ret_options, err);
	if (!r)
		r = rs_agent_options_check(ret_options, err);
	return r;
}

static void set_log_level(const struct rs_agent_options *options)
{
	if (options->verbose)
		rs_log_set_level(options->verbose > 1 ? RS_LOG_DEBUG : RS_LOG_INFO);
}

static int watch(struct settings *settings, struct rs_agent_options *options)
{
	struct rs_watch watch = {
		.options = options,
		.exclusive = !options->command,
		.reload = settings->path ? reload : NULL,
		.data = settings,
	};

	set_log_level(options);
	return rs_watch_run(&watch);
}

/* --check: everything that can be told without starting. */
static int check(const struct settings *settings, const struct rs_agent_options *options)
{
	_cleanup_(rs_agent_filter_done) struct rs_agent_filter filter = { 0 };
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	struct rs_error err = RS_ERROR_INIT;
	int r;

	r = rs_agent_options_check(options, &err);
	if (!r)
		r = rs_agent_filter_init(options, &filter, &err);
	if (r < 0)
		return rs_cmd_fail(&err);
	if (settings->path)
		rs_str_appendf(&text, "\"%s\": no mistakes\n", settings->path);
	else
		rs_str_append_cstr(&text,
				   "no configuration file; the command line has no mistakes\n");
	return rs_cmd_print(&text);
}

static int run(const struct rs_cmd *cmd, int argc, char **argv)
{
	_cleanup_(rs_agent_options_done) struct rs_agent_options line = { 0 };
	_cleanup_(rs_agent_options_done) struct rs_agent_options merged = { 0 };
	_cleanup_(rs_opt_args_done) struct rs_opt_args args = { 0 };
	_cleanup_(rs_cleanup_free) char *path = NULL;
	struct settings settings = { cmd, argc, argv, NULL };
	struct rs_agent_options *options = &line;
	struct rs_error err = RS_ERROR_INIT;
	int r;

	rs_agent_options_init(&line);
	rs_agent_options_init(&merged);
	r = rs_cmd_parse(cmd, argc, argv, &line, &args);
	if (r != RS_CMD_GO)
		return r;
	if (args.len)
		r = rs_error_set(&err, -EINVAL, "unexpected argument \"%s\"", args.items[0]);
	else
		r = rs_config_check_line(&args, &line, &err);
	if (r < 0)
		return rs_cmd_misuse(cmd, &err);
	r = rs_config_find(&line, &path, &err);
	if (!r && path) {
		settings.path = path;
		options = &merged;
		r = load(&settings, path, options, &err);
		forget_control(&line, options);
	}
	if (r < 0)
		return rs_cmd_fail(&err);
	return line.check ? check(&settings, options) : watch(&settings, options);
}

static const struct rs_cmd_example examples[] = {
	{ "ringside run", "everything but opened files, as a table; Ctrl-C ends with a summary" },
	{ "ringside run --kinds exec,exit --uid www-data",
	  "programs that the web server starts, and what they cost" },
	{ "ringside run --kinds file --path /etc", "who touches what below /etc" },
	{ "ringside run --kinds all -c 'make test'",
	  "everything that a command and its children do" },
	{ "ringside run -o json -w events.json --duration 1m",
	  "a minute of events, one JSON object a line" },
	{ "ringside run | jq -r 'select(.event.action == \"exec\") | .process.executable'",
	  "through a pipe, JSON is the default" },
	{ "ringside run --config new.yaml --check", "look for mistakes in a file, start nothing" },
	{ NULL, NULL },
};

const struct rs_cmd rs_cmd_run = {
	.name = "run",
	.group = "Watch",
	.synopsis = "[OPTION...]",
	.summary = "show what the processes of this machine do, live",
	.text = "The agent: its sensors in the kernel report processes, files, the network and "
		"privileges; events come out as a table on a terminal and as JSON (Elastic Common "
		"Schema) otherwise. Lists are alternatives, and different options must all agree; what "
		"is not wanted is not collected in the first place.\n\n"
		"The summary at the end counts what was lost, by kind and reason, and tells what the "
		"agent cost. One agent runs at a time, unless it watches a command of its own (-c).\n\n"
		"Settings come from the command line, then from the configuration file (--config, or "
		"/etc/ringside/ringside.yaml where that exists), then from the defaults.",
	.examples = examples,
	.opts = rs_agent_opts,
	.run = run,
};
