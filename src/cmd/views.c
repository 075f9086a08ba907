/* SPDX-License-Identifier: Apache-2.0 */
/* Views: `ringside exec`, `files`, `net`, `deletes`. Each is a row: kinds of events, and what its
 * positional arguments mean. They run beside the agent. */
#include <errno.h>
#include <string.h>

#include "agent/config.h"
#include "base/log.h"
#include "base/vec.h"
#include "cmd/cmd.h"
#include "cmd/watch.h"

#define BIT(kind) (1ull << RS_KIND_##kind)

struct view {
	uint64_t kinds;
	bool takes_paths; /* positional arguments are paths */
	bool needs_path;
};

static const struct rs_opt view_opts[] = {
	RS_OPT_INCLUDE_TABLE(rs_agent_opts_select, 0),
	RS_OPT_INCLUDE_TABLE(rs_agent_opts_output, 0),
	RS_OPT_INCLUDE_TABLE(rs_agent_opts_agent, 0),
	RS_OPT_END,
};

static int take_paths(const struct view *view, const struct rs_opt_args *args,
		      struct rs_agent_options *options, struct rs_error *err)
{
	int r = 0;

	if (args->len && !view->takes_paths)
		return rs_error_set(err, -EINVAL, "unexpected argument \"%s\"", args->items[0]);
	for (size_t i = 0; i < args->len && !r; i++)
		r = rs_opt_list_add(&options->paths, args->items[i], strlen(args->items[i]));
	if (r < 0)
		return rs_error_set_errno(err, r, "reading the paths");
	if (view->needs_path && !options->paths.len)
		return rs_error_set(err, -EINVAL, "which directory is to be watched?");
	return 0;
}

static int run(const struct rs_cmd *cmd, int argc, char **argv)
{
	_cleanup_(rs_agent_options_done) struct rs_agent_options options = { 0 };
	_cleanup_(rs_opt_args_done) struct rs_opt_args args = { 0 };
	const struct view *view = cmd->data;
	struct rs_watch watch = { .options = &options };
	struct rs_error err = RS_ERROR_INIT;
	int r;

	rs_agent_options_init(&options);
	r = rs_cmd_parse(cmd, argc, argv, &options, &args);
	if (r != RS_CMD_GO)
		return r;
	r = take_paths(view, &args, &options, &err);
	if (!r)
		r = rs_config_check_line(&args, &options, &err);
	if (r < 0)
		return rs_cmd_misuse(cmd, &err);
	options.kinds = view->kinds;
	if (options.verbose)
		rs_log_set_level(options.verbose > 1 ? RS_LOG_DEBUG : RS_LOG_INFO);
	return rs_watch_run(&watch);
}

static const struct view exec_view = { .kinds = BIT(EXEC) | BIT(EXIT) };
static const struct rs_cmd_example exec_examples[] = {
	{ "ringside exec", "every program that starts, and what it cost when it ends" },
	{ "ringside exec -c 'sh -c \"make -j4\"'", "what a build starts" },
	{ NULL, NULL },
};
const struct rs_cmd rs_cmd_exec = {
	.name = "exec",
	.group = "Watch",
	.synopsis = "[OPTION...]",
	.summary = "programs that start and end, however short they live",
	.examples = exec_examples,
	.opts = view_opts,
	.run = run,
	.data = &exec_view,
};

static const struct view files_view = {
	.kinds = BIT(OPEN) | BIT(CREATE) | BIT(UNLINK) | BIT(RMDIR) | BIT(RENAME) | BIT(LINK) |
		 BIT(SYMLINK) | BIT(MKDIR) | BIT(CHMOD) | BIT(CHOWN) | BIT(TRUNCATE) |
		 BIT(SETXATTR) | BIT(MOUNT) | BIT(UMOUNT),
	.takes_paths = true,
};
static const struct rs_cmd_example files_examples[] = {
	{ "ringside files", "files that are opened, made, changed and removed" },
	{ "ringside files /etc /usr/bin", "the same, below these directories" },
	{ "ringside files -p 1234", "what a process and its children do to files" },
	{ NULL, NULL },
};
const struct rs_cmd rs_cmd_files = {
	.name = "files",
	.group = "Watch",
	.synopsis = "[OPTION...] [PATH...]",
	.summary = "files that are opened, made, changed and removed",
	.examples = files_examples,
	.opts = view_opts,
	.run = run,
	.data = &files_view,
};

static const struct view net_view = {
	.kinds = BIT(CONNECT) | BIT(ACCEPT) | BIT(LISTEN) | BIT(BIND) | BIT(CLOSE) | BIT(UDP),
};
static const struct rs_cmd_example net_examples[] = {
	{ "ringside net", "connections: who, where to, how many bytes, for how long" },
	{ "ringside net --comm curl,wget", "the same of these programs" },
	{ NULL, NULL },
};
const struct rs_cmd rs_cmd_net = {
	.name = "net",
	.group = "Watch",
	.synopsis = "[OPTION...]",
	.summary = "connections that are made, taken and closed",
	.examples = net_examples,
	.opts = view_opts,
	.run = run,
	.data = &net_view,
};

static const struct view deletes_view = {
	.kinds = BIT(UNLINK) | BIT(RMDIR) | BIT(RENAME),
	.takes_paths = true,
	.needs_path = true,
};
static const struct rs_cmd_example deletes_examples[] = {
	{ "ringside deletes /var/log", "who removes files here, or moves them away" },
	{ "ringside deletes . --uid root", "the same in this directory, by root only" },
	{ NULL, NULL },
};
const struct rs_cmd rs_cmd_deletes = {
	.name = "deletes",
	.group = "Watch",
	.synopsis = "[OPTION...] DIR...",
	.summary = "who removes files in a directory and below, or moves them away",
	.examples = deletes_examples,
	.opts = view_opts,
	.run = run,
	.data = &deletes_view,
};
