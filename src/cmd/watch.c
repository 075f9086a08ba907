/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/watch.h"

#include <errno.h>
#include <signal.h>

#include "agent/summary.h"
#include "base/fd.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "event/event.h"

#define NAMES_MAX  6 /* kinds that are told by name */
#define EXCEPT_MAX 4

static void append_names(uint64_t kinds, struct rs_str *out)
{
	const char *separator = "";

	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
		if (!(kinds & (1ull << kind)))
			continue;
		rs_str_appendf(out, "%s%s", separator, rs_kind_to_str(kind));
		separator = ", ";
	}
}

/* The sensors of which all kinds are in @kinds; nothing when they are not all there is. */
static void append_sensors(uint64_t kinds, struct rs_str *out)
{
	const char *separator = "";
	size_t before = out->len;

	for (unsigned sensor = 0; sensor < RS_SENSOR_COUNT; sensor++) {
		uint64_t all = rs_sensor_kinds(sensor);

		if ((kinds & all) != all)
			continue;
		rs_str_appendf(out, "%s%s", separator, rs_sensor_to_str(sensor));
		separator = ", ";
		kinds &= ~all;
	}
	if (kinds)
		rs_str_truncate(out, before);
}

void rs_watch_describe_kinds(uint64_t kinds, struct rs_str *out)
{
	uint64_t missing = RS_KINDS_ALL & ~kinds;

	if (!missing) {
		rs_str_append_cstr(out, "all");
	} else if (__builtin_popcountll(kinds) <= NAMES_MAX) {
		append_names(kinds, out);
	} else if (__builtin_popcountll(missing) <= EXCEPT_MAX) {
		rs_str_append_cstr(out, "all but ");
		append_names(missing, out);
	} else {
		append_sensors(kinds, out);
	}
}

/* The line that tells people, and scripts, that events flow from here on. */
static void print_ready(struct rs_agent *agent, const struct rs_agent_options *options)
{
	_cleanup_(rs_str_done) struct rs_str line = RS_STR_INIT(0);
	_cleanup_(rs_str_done) struct rs_str kinds = RS_STR_INIT(0);
	static struct rs_agent_stats stats;
	int count;

	if (options->quiet)
		return;
	rs_agent_stats(agent, &stats);
	count = __builtin_popcountll(stats.kinds);
	rs_watch_describe_kinds(stats.kinds, &kinds);
	rs_str_appendf(&line,
		       "ringside: watching %d kind%s of events%s%s%s; ^C ends with a summary\n",
		       count, count == 1 ? "" : "s", kinds.len ? " (" : "", rs_str_cstr(&kinds),
		       kinds.len ? ")" : "");
	rs_fd_write_all(STDERR_FILENO, line.data, line.len);
}

static void print_summary(struct rs_agent *agent, const struct rs_agent_options *options)
{
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);
	static struct rs_agent_stats stats;
	struct rs_summary_style style = {
		.color = rs_term_use_color(STDERR_FILENO, options->color),
		.verbose = options->verbose > 0,
	};

	if (options->quiet)
		return;
	rs_agent_stats(agent, &stats);
	/* The terminal shows ^C at the start of this line. */
	if (rs_term_is_tty(STDERR_FILENO))
		rs_str_append_char(&text, '\n');
	if (!rs_summary_format(&stats, &style, &text))
		rs_fd_write_all(STDERR_FILENO, text.data, text.len);
}

static void on_note(void *data, const char *text)
{
	(void)data;
	rs_log_warn("%s", text);
}

static void on_reloaded(void *data, const struct rs_error *err)
{
	(void)data;
	if (err)
		rs_error_print(err, "keeping the old configuration");
	else
		rs_log_write(RS_LOG_INFO, "the configuration was read again and is in force");
}

static void on_nothing_to_reload(void *data)
{
	(void)data;
	rs_log_info("SIGHUP: there is no configuration file to read again");
}

/* With a command of our own, as a shell has it: whoever called us wants to know whether the code is
 * the command's, and what ended us before that. */
static int exit_code(const struct rs_agent *agent, const struct rs_agent_options *options,
		     enum rs_agent_end end)
{
	if (!options->command)
		return RS_CMD_OK;
	switch (end) {
	case RS_AGENT_END_COMMAND:
		return rs_agent_command_code(agent);
	case RS_AGENT_END_SIGNAL:
		return 128 + rs_agent_end_signal(agent);
	case RS_AGENT_END_TERMINAL:
		return 128 + SIGHUP;
	case RS_AGENT_END_DURATION:
	case RS_AGENT_END_READER:
	case RS_AGENT_END_STOPPED:
		break;
	}
	return RS_CMD_OK;
}

static int finish(struct rs_agent *agent, const struct rs_agent_options *options,
		  enum rs_agent_end end)
{
	if (end != RS_AGENT_END_READER && end != RS_AGENT_END_TERMINAL)
		print_summary(agent, options);
	if (end == RS_AGENT_END_DURATION && options->command && rs_agent_command_code(agent) < 0)
		rs_log_warn("the command goes on: %s", options->command);
	return exit_code(agent, options, end);
}

int rs_watch_run(const struct rs_watch *watch)
{
	_cleanup_(rs_agent_free) struct rs_agent *agent = NULL;
	struct rs_agent_hooks hooks = {
		.reload = watch->reload,
		.reloaded = on_reloaded,
		.nothing_to_reload = on_nothing_to_reload,
		.note = on_note,
		.data = watch->data,
	};
	struct rs_error err = RS_ERROR_INIT;
	enum rs_agent_end end;
	int r;

	r = rs_agent_new(watch->options, &hooks, watch->exclusive, &agent, &err);
	if (!r)
		r = rs_agent_start(agent, &err);
	if (r < 0)
		return rs_cmd_fail(&err);
	print_ready(agent, watch->options);
	r = rs_agent_run(agent, &end, &err);
	if (r < 0) {
		print_summary(agent, watch->options);
		return rs_cmd_fail(&err);
	}
	return finish(agent, watch->options, end);
}
