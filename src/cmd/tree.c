/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside tree`: processes as they are, and as they were. */
#include "cmd/tree.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/term.h"
#include "base/units.h"
#include "cmd/ask.h"
#include "cmd/client.h"
#include "enrich/users.h"

#define SINCE_DEFAULT (600 * RS_NSEC_PER_SEC)
#define LATE_NS       (2 * RS_NSEC_PER_SEC) /* an end so close to now counts as now */

struct settings {
	struct rs_ask ask;
	uint32_t pid;
	bool all;
	enum rs_client_output output;
	const char *host_root;
};

static const struct rs_opt_name output_names[] = {
	{ "table", RS_CLIENT_TABLE, "for people" },
	{ "json", RS_CLIENT_JSON, "one JSON object a process" },
	{ NULL, 0, NULL },
};

static const struct rs_opt tree_opts[] = {
	{ .short_name = 'p',
	  .long_name = "pid",
	  .metavar = "PID",
	  .type = RS_OPT_U32,
	  .offset = offsetof(struct settings, pid),
	  .group = "Which processes",
	  .help = "only this one, those above it and those below" },
	{ .short_name = 'a',
	  .long_name = "all",
	  .type = RS_OPT_FLAG,
	  .offset = offsetof(struct settings, all),
	  .help = "threads of the kernel too, and every process by itself: without this, ended "
		  "processes of one name and parent are one line" },
	RS_OPT_INCLUDE_TABLE(rs_ask_opts_whose, offsetof(struct settings, ask)),
	RS_OPT_INCLUDE_TABLE(rs_ask_opts_where, offsetof(struct settings, ask)),
	RS_OPT_INCLUDE_TABLE(rs_ask_opts_time, offsetof(struct settings, ask)),
	{ .short_name = 'o',
	  .long_name = "output",
	  .metavar = "FORMAT",
	  .type = RS_OPT_ENUM,
	  .offset = offsetof(struct settings, output),
	  .names = output_names,
	  .default_text = "table",
	  .group = "How",
	  .help = "form of the answer" },
	RS_OPT_INCLUDE_TABLE(rs_ask_opts_store, offsetof(struct settings, ask)),
	{ .long_name = "host-root",
	  .metavar = "DIR",
	  .type = RS_OPT_STRING,
	  .offset = offsetof(struct settings, host_root),
	  .help = "in a container: where the host's files are mounted, /proc among them" },
	RS_OPT_END,
};

static int on_event(void *data, const struct rs_event *event, const struct rs_event_host *host)
{
	return rs_tree_add_event(data, event, host);
}

static bool is_selecting(const struct rs_ask *ask)
{
	return ask->comms.len || ask->exes.len || ask->users.len || ask->containers.len ||
	       ask->pods.len || ask->namespaces.len || ask->wheres.len;
}

/* What was. Without a store, or the right to read it, there is still what is; but not for a question
 * that only events can answer. */
static int add_events(const struct settings *settings, struct rs_asked *asked, struct rs_tree *tree,
		      struct rs_error *err)
{
	int r = rs_ask_run(asked, on_event, tree, err);
	bool none;

	if ((r != -ENOENT && r != -EACCES) || settings->ask.since || settings->ask.until ||
	    is_selecting(&settings->ask))
		return r;
	none = r == -ENOENT;
	rs_error_reset(err);
	rs_ask_note(
		none ? "no events are kept here: only processes that run now, without what they "
		       "did (`ringside run` keeps them)"
		     : "the events kept here may not be read: only processes that run now, without "
		       "what they did (ask as the agent's user, mostly root)");
	return 0;
}

/* What is, unless the question ends before now. */
static int add_proc(const struct settings *settings, struct rs_tree *tree, struct rs_error *err)
{
	_cleanup_(rs_users_free) struct rs_users *users = NULL;
	_cleanup_(rs_str_done) struct rs_str proc = RS_STR_INIT(4096);
	int r;

	if (settings->ask.until && settings->ask.until + LATE_NS < rs_clock_real())
		return 0;
	r = rs_users_new(settings->host_root, &users, err);
	if (r < 0)
		return r;
	rs_str_appendf(&proc, "%s/proc", settings->host_root ? settings->host_root : "");
	return rs_tree_add_proc(tree, rs_str_cstr(&proc), users, err);
}

static int show(const struct settings *settings, const struct rs_tree *tree, struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	struct rs_tree_view view = {
		.width = rs_term_is_tty(STDOUT_FILENO) ? rs_term_width(STDOUT_FILENO) : 0,
		.color = rs_term_use_color(STDOUT_FILENO, RS_TERM_COLOR_AUTO),
		.all = settings->all,
		.now = rs_clock_boot(),
		.boot_offset = rs_clock_boot_offset(),
	};
	int r = settings->output == RS_CLIENT_JSON ? rs_tree_json(tree, &view, &text)
						   : rs_tree_table(tree, &view, &text);

	if (r < 0)
		return rs_error_set_errno(err, r, "drawing the tree");
	if (rs_tree_left_out(tree))
		rs_log_warn("more than %u processes: %llu events of others are left out (--since "
			    "asks for less)",
			    RS_TREE_MAX, (unsigned long long)rs_tree_left_out(tree));
	return rs_client_print(&text, err);
}

static int draw(struct settings *settings, struct rs_asked *asked, struct rs_error *err)
{
	_cleanup_(rs_tree_free) struct rs_tree *tree = NULL;
	int r;

	r = rs_ask_prepare(&settings->ask, asked, err);
	if (!r && !asked->query.since)
		asked->query.since = rs_ask_earlier(
			settings->ask.until ? settings->ask.until : rs_clock_real(), SINCE_DEFAULT);
	if (r < 0)
		return r;
	r = rs_tree_new(&tree);
	if (r < 0)
		return rs_error_set_errno(err, r, "making the tree");
	r = add_events(settings, asked, tree, err);
	if (!r)
		r = add_proc(settings, tree, err);
	if (r < 0)
		return r;
	if (is_selecting(&settings->ask))
		rs_tree_only_of_events(tree);
	r = rs_tree_link(tree, settings->pid, settings->all);
	if (r < 0)
		return rs_error_set_errno(err, r, "making the tree");
	if (settings->pid && !rs_tree_has(tree, settings->pid))
		return rs_error_set(err, -ESRCH, "no process %u, now or then", settings->pid);
	return show(settings, tree, err);
}

static void settings_done(struct settings *settings)
{
	rs_opt_done(tree_opts, settings);
}

static int run(const struct rs_cmd *cmd, int argc, char **argv)
{
	_cleanup_(rs_asked_done) struct rs_asked asked = RS_ASKED_INIT;
	_cleanup_(settings_done) struct settings settings = { .output = RS_CLIENT_TABLE };
	struct rs_error err = RS_ERROR_INIT;
	int r;

	r = rs_cmd_parse(cmd, argc, argv, &settings, NULL);
	if (r != RS_CMD_GO)
		return r;
	r = draw(&settings, &asked, &err);
	if (r < 0 && r != -EPIPE)
		return rs_ask_fail(cmd, &asked, &err);
	return rs_ask_tell(&asked, !is_selecting(&settings.ask));
}

static const struct rs_cmd_example examples[] = {
	{ "ringside tree", "what runs, and what ended within ten minutes" },
	{ "ringside tree -p 1234 --since 1h", "a process, its parents, and all that it started" },
	{ "ringside tree --pod 'web-*' --since 1h", "what ran in some pods" },
	{ "ringside tree --since 10:00 --until 10:05 -o json", "what there was at that time" },
	{ NULL, NULL },
};

const struct rs_cmd rs_cmd_tree = {
	.name = "tree",
	.group = "Ask",
	.synopsis = "[OPTION...]",
	.summary = "processes and what they did, those that are gone included",
	.text = "Processes that run come from /proc, those that ended and what all of them did from the "
		"events that `ringside run` keeps: CPU time, how long they lived and how they ended, how "
		"many files they made, changed or opened, how many connections they had.\n\n"
		"With --comm, --exe, --user, --container, --pod, --namespace or --where only events "
		"that meet them count, and only processes are shown that have some, with those above "
		"them.",
	.examples = examples,
	.opts = tree_opts,
	.run = run,
};
