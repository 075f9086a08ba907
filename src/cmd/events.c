/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside events`: asks what was stored, while the agent runs or after it is gone. */
#include "cmd/events.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include "base/fd.h"
#include "base/term.h"
#include "base/units.h"

#define FLUSH_BYTES ((size_t)64 << 10)
#define DAY_LEN     10 /* "2026-11-21" */

struct settings {
	struct rs_ask ask;
	enum rs_events_output output;
	struct rs_opt_list columns, count_by;
	uint64_t limit;
	bool oldest;
	bool follow;
	bool quiet;
	uint32_t color; /* enum rs_term_color_mode */
};

static volatile sig_atomic_t stopped; /* by Ctrl-C, of --follow */

/* What is being written. */
struct view {
	const struct settings *settings;
	struct rs_error *err;
	struct rs_str out, value; /* value: scratch */
	struct rs_event_host host;
	bool has_host;
	bool gone; /* the reader */
	/* One of these is in use. */
	struct rs_event_table table;
	struct rs_event_json *json;
	struct rs_event_values *values;
	struct rs_events_columns columns;
	struct rs_events_count *count;
	/* Table */
	unsigned page, rows; /* rows between headers, 0: one header; rows since the last one */
	uint64_t day;        /* that was shown last: real time of some moment of it, seconds */
	char day_text[RS_ASK_TIME_LEN];
};

/* --- options --- */

static const struct rs_opt_name output_names[] = {
	{ "table", RS_EVENTS_TABLE, "aligned columns, for people" },
	{ "json", RS_EVENTS_JSON, "one JSON object a line (Elastic Common Schema)" },
	{ "csv", RS_EVENTS_CSV, "RFC 4180" },
	{ NULL, 0, NULL },
};

static const struct rs_opt_name color_names[] = {
	{ "auto", RS_TERM_COLOR_AUTO, "on a terminal, unless NO_COLOR is set" },
	{ "always", RS_TERM_COLOR_ALWAYS, NULL },
	{ "never", RS_TERM_COLOR_NEVER, NULL },
	{ NULL, 0, NULL },
};

static int parse_limit(const struct rs_opt *opt, const char *value, void *field,
		       struct rs_error *err)
{
	int r = rs_units_parse_count(value, field, err);

	(void)opt;
	return r < 0 || *(uint64_t *)field ? r : rs_error_set(err, -EINVAL, "at least 1");
}

static const struct rs_opt events_opts[] = {
	RS_OPT_INCLUDE_TABLE(rs_ask_opts_time, offsetof(struct settings, ask)),
	RS_OPT_INCLUDE_TABLE(rs_ask_opts_kinds, offsetof(struct settings, ask)),
	RS_OPT_INCLUDE_TABLE(rs_ask_opts_select, offsetof(struct settings, ask)),
	{ .short_name = 'o',
	  .long_name = "output",
	  .metavar = "FORMAT",
	  .type = RS_OPT_ENUM,
	  .offset = offsetof(struct settings, output),
	  .names = output_names,
	  .default_text = "table",
	  .group = "What comes out",
	  .help = "form of the events" },
	{ .short_name = 'f',
	  .long_name = "follow",
	  .type = RS_OPT_FLAG,
	  .offset = offsetof(struct settings, follow),
	  .help = "go on with what is stored from now on (or from --since on), until Ctrl-C" },
	{ .short_name = 'n',
	  .long_name = "limit",
	  .metavar = "N",
	  .type = RS_OPT_CALLBACK,
	  .offset = offsetof(struct settings, limit),
	  .parse = parse_limit,
	  .help = "only the last N events (at most 1000000); with --count-by the first N rows; "
		  "with --follow end after N" },
	{ .long_name = "oldest",
	  .type = RS_OPT_FLAG,
	  .offset = offsetof(struct settings, oldest),
	  .help = "with --limit: the first N events instead of the last" },
	{ .long_name = "columns",
	  .metavar = "FIELD,...",
	  .type = RS_OPT_LIST,
	  .offset = offsetof(struct settings, columns),
	  .help = "fields of CSV, see docs/events.md" },
	{ .long_name = "count-by",
	  .metavar = "FIELD,...",
	  .type = RS_OPT_LIST,
	  .offset = offsetof(struct settings, count_by),
	  .help = "count events that are alike in these fields, most first" },
	{ .long_name = "color",
	  .metavar = "WHEN",
	  .type = RS_OPT_ENUM,
	  .offset = offsetof(struct settings, color),
	  .names = color_names,
	  .default_text = "auto",
	  .help = "colour the table" },
	{ .short_name = 'q',
	  .long_name = "quiet",
	  .type = RS_OPT_FLAG,
	  .offset = offsetof(struct settings, quiet),
	  .help = "do not tell when nothing was found; what could not be read is told still" },
	RS_OPT_INCLUDE_TABLE(rs_ask_opts_store, offsetof(struct settings, ask)),
	RS_OPT_END,
};

static const char *const default_columns[] = {
	"@timestamp",          "ringside.kind",  "event.outcome",      "process.pid",
	"process.name",        "user.name",      "process.executable", "process.command_line",
	"file.path",           "source.ip",      "source.port",        "destination.ip",
	"destination.port",    "ringside.errno", "container.name",     "kubernetes.namespace",
	"kubernetes.pod.name",
};

static int check(const struct settings *settings, struct rs_error *err)
{
	if (settings->columns.len && settings->output != RS_EVENTS_CSV)
		return rs_error_set(err, -EINVAL, "--columns needs --output csv");
	if (settings->columns.len && settings->count_by.len)
		return rs_error_set(err, -EINVAL, "--columns and --count-by exclude each other");
	if (settings->follow && settings->count_by.len)
		return rs_error_set(err, -EINVAL, "--follow and --count-by exclude each other");
	if (settings->follow && settings->ask.until)
		return rs_error_set(err, -EINVAL, "--follow and --until exclude each other");
	if (settings->follow && settings->oldest)
		return rs_error_set(err, -EINVAL, "--follow and --oldest exclude each other");
	if (settings->oldest && !settings->limit)
		return rs_error_set(err, -EINVAL, "--oldest needs --limit");
	if (settings->count_by.len >= RS_EVENTS_COLUMNS_MAX / 2)
		return rs_error_set(err, -EINVAL, "--count-by: more than %u fields",
				    RS_EVENTS_COLUMNS_MAX / 2 - 1);
	return 0;
}

/* --- writing --- */

static int flush(struct view *view)
{
	int r = view->out.error;

	if (!r)
		r = rs_fd_write_all(STDOUT_FILENO, view->out.data, view->out.len);
	view->gone |= r == -EPIPE;
	if (r < 0 && !view->gone)
		rs_error_set_errno(view->err, r, "writing to standard output");
	rs_str_reset(&view->out);
	return r;
}

/* Rows tell the time of day only: a line says when they are of another day. */
static void show_day(struct view *view, uint64_t real)
{
	char text[RS_ASK_TIME_LEN];
	uint64_t second = real / 1000000000;

	/* The calendar is asked once a minute, in which no day begins. */
	if (second / 60 == view->day)
		return;
	view->day = second / 60;
	rs_ask_format_time(text, real);
	text[DAY_LEN] = '\0';
	if (!strcmp(text, view->day_text))
		return;
	memcpy(view->day_text, text, DAY_LEN + 1);
	rs_str_appendf(&view->out, "%s%s%s\n", rs_term_style(view->table.color, RS_TERM_BOLD), text,
		       rs_term_style(view->table.color, RS_TERM_RESET));
}

static int add_row(struct view *view, const struct rs_event *event)
{
	if (!view->rows)
		rs_event_table_header(&view->table, &view->out);
	show_day(view, event->hdr->time + (uint64_t)view->table.boot_offset);
	view->rows = view->page && view->rows >= view->page ? 0 : view->rows + 1;
	return rs_event_table_row(&view->table, event, &view->out);
}

static int add_json(struct view *view, const struct rs_event *event)
{
	return rs_event_json_write(view->json, event, &view->out);
}

static int add_csv(struct view *view, const struct rs_event *event)
{
	for (size_t i = 0; i < view->columns.n; i++) {
		struct rs_value value;

		rs_str_reset(&view->value);
		rs_events_column_value(&view->columns, i, view->values, event, &value);
		rs_events_append_value(&value, true, &view->value);
		if (i)
			rs_str_append_char(&view->out, ',');
		rs_events_append_csv(view->value.data, view->value.len, &view->out);
	}
	rs_str_append_cstr(&view->out, "\r\n");
	return view->value.error ? view->value.error : view->out.error;
}

static int add_event(struct view *view, const struct rs_event *event)
{
	if (view->count)
		return rs_events_count_add(view->count, view->values, event);
	switch (view->settings->output) {
	case RS_EVENTS_TABLE:
		return add_row(view, event);
	case RS_EVENTS_JSON:
		return add_json(view, event);
	case RS_EVENTS_CSV:
		break;
	}
	return add_csv(view, event);
}

/* --- hosts: several boots may be stored, and the clock may have been set --- */

static bool same_host(const struct rs_event_host *a, const struct rs_event_host *b)
{
	return !strcmp(a->boot_id, b->boot_id) && !strcmp(a->name, b->name) &&
	       !strcmp(a->id, b->id) && !strcmp(a->kernel, b->kernel) && !strcmp(a->arch, b->arch);
}

static int set_host(struct view *view, const struct rs_event_host *host)
{
	bool same = view->has_host && same_host(&view->host, host);
	int r = 0;

	if (same && view->host.boot_offset == host->boot_offset)
		return 0;
	view->table.boot_offset = host->boot_offset;
	if (view->values)
		rs_event_values_set_host(view->values, host);
	if (view->json && same) {
		rs_event_json_set_boot_offset(view->json, host->boot_offset);
	} else if (view->settings->output == RS_EVENTS_JSON && !view->count) {
		rs_event_json_free(&view->json);
		r = rs_event_json_new(host, NULL, &view->json);
	}
	view->host = *host;
	view->has_host = !r;
	return r;
}

static int on_event(void *data, const struct rs_event *event, const struct rs_event_host *host)
{
	struct view *view = data;
	int r;

	if (stopped)
		return 1;
	r = set_host(view, host);

	if (!r)
		r = add_event(view, event);
	if (r < 0)
		return rs_error_set_errno(view->err, r, "writing events");
	if (view->out.len >= FLUSH_BYTES || view->settings->follow)
		r = flush(view);
	return r;
}

/* --- begin and end --- */

static unsigned page_rows(void)
{
	struct winsize size;

	if (!rs_term_is_tty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 ||
	    size.ws_row < 4)
		return 0;
	return size.ws_row - 2u;
}

static int find_columns(struct view *view, struct rs_error *err)
{
	const struct settings *settings = view->settings;
	_cleanup_(rs_opt_list_done) struct rs_opt_list names = { 0 };
	int r = 0;

	if (settings->count_by.len || settings->columns.len) {
		r = rs_events_columns_find(settings->count_by.len ? &settings->count_by
								  : &settings->columns,
					   &view->columns, err);
		return r < 0 ? rs_error_wrap(err,
					     settings->count_by.len ? "--count-by" : "--columns")
			     : 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(default_columns) && !r; i++)
		r = rs_opt_list_add(&names, default_columns[i], strlen(default_columns[i]));
	if (r < 0)
		return rs_error_set_errno(err, r, "choosing columns");
	return rs_events_columns_find(&names, &view->columns, err);
}

static void begin_csv(struct view *view)
{
	for (size_t i = 0; i < view->columns.n; i++) {
		if (i)
			rs_str_append_char(&view->out, ',');
		rs_events_append_csv(view->columns.name[i], strlen(view->columns.name[i]),
				     &view->out);
	}
	rs_str_append_cstr(&view->out, "\r\n");
}

static int view_begin(struct view *view, struct rs_error *err)
{
	const struct settings *settings = view->settings;
	bool tty = rs_term_is_tty(STDOUT_FILENO);
	int r = find_columns(view, err);

	if (r < 0)
		return r;
	view->table.width = tty ? rs_term_width(STDOUT_FILENO) : 0;
	view->table.color = rs_term_use_color(STDOUT_FILENO, settings->color);
	view->page = page_rows();
	rs_ask_format_time(view->day_text, rs_clock_real());
	view->day_text[DAY_LEN] = '\0';
	if (settings->count_by.len)
		r = rs_events_count_new(&view->columns, &view->count);
	if (!r && (settings->count_by.len || settings->output == RS_EVENTS_CSV))
		r = rs_event_values_new(&view->host, &view->values);
	if (!settings->count_by.len && settings->output == RS_EVENTS_CSV)
		begin_csv(view);
	return r < 0 ? rs_error_set_errno(err, r, "getting ready") : 0;
}

static void view_done(struct view *view)
{
	rs_str_done(&view->out);
	rs_str_done(&view->value);
	rs_event_table_done(&view->table);
	rs_event_json_free(&view->json);
	rs_event_values_free(&view->values);
	rs_events_count_free(&view->count);
}

static int view_end(struct view *view)
{
	int r = 0;

	if (view->count)
		r = rs_events_count_write(view->count, view->settings->output,
					  view->settings->limit, view->table.width,
					  view->table.color, &view->out);
	if (r < 0)
		return rs_error_set_errno(view->err, r, "writing events");
	return flush(view);
}

/* --- the command --- */

static int stop_fd = -1;

/* The second one kills, whatever we are doing. */
static void on_signal(int number)
{
	int saved = errno;

	(void)number;
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	stopped = 1;
	if (eventfd_write(stop_fd, 1) < 0)
		_exit(RS_CMD_FAILED); /* nobody would hear of it */
	errno = saved;
}

static int catch_signal(int number)
{
	struct sigaction action = { .sa_handler = on_signal }, before;

	if (sigaction(number, NULL, &before) < 0)
		return -errno;
	if (before.sa_handler == SIG_IGN) /* nohup, or a script's background */
		return 0;
	return sigaction(number, &action, NULL) < 0 ? -errno : 0;
}

/* Ctrl-C makes a descriptor readable, so that --follow ends in order. */
static int catch_signals(struct rs_error *err)
{
	int r = 0;

	stopped = 0;
	stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (stop_fd < 0)
		return rs_error_set_errno(err, -errno, "waiting for signals");
	r = catch_signal(SIGINT);
	if (!r)
		r = catch_signal(SIGTERM);
	return r < 0 ? rs_error_set_errno(err, r, "waiting for signals") : 0;
}

static void leave_signals(void)
{
	if (stop_fd < 0)
		return;
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	rs_cleanup_close(&stop_fd);
}

/* A header that waits for the first event looks as if we had not begun. */
static int begin_following(struct view *view)
{
	if (view->settings->output == RS_EVENTS_TABLE) {
		rs_event_table_header(&view->table, &view->out);
		view->rows = 1;
	}
	return flush(view);
}

static int ask(const struct settings *settings, struct rs_asked *asked, struct view *view,
	       struct rs_error *err)
{
	int r = rs_ask_prepare(&settings->ask, asked, err);

	if (!r)
		r = view_begin(view, err);
	if (!r && settings->follow)
		r = catch_signals(err);
	if (r < 0)
		return r;
	asked->query.limit = settings->count_by.len ? 0 : settings->limit;
	asked->query.newest = !settings->oldest && !settings->follow;
	asked->query.follow = settings->follow;
	asked->query.cancel_fd = stop_fd;
	if (settings->follow && !asked->query.since)
		asked->query.since = rs_clock_real();
	if (settings->follow)
		r = begin_following(view);
	if (!r)
		r = rs_ask_run(asked, on_event, view, err);
	return r < 0 && !stopped ? r : view_end(view);
}

static void settings_done(struct settings *settings)
{
	rs_opt_done(events_opts, settings);
}

static int run(const struct rs_cmd *cmd, int argc, char **argv)
{
	_cleanup_(settings_done) struct settings settings = { .output = RS_EVENTS_TABLE };
	_cleanup_(rs_asked_done) struct rs_asked asked = RS_ASKED_INIT;
	struct rs_error err = RS_ERROR_INIT;
	_cleanup_(view_done) struct view view = { .settings = &settings, .err = &err };
	int r;

	r = rs_cmd_parse(cmd, argc, argv, &settings, NULL);
	if (r != RS_CMD_GO)
		return r;
	r = check(&settings, &err);
	if (!r)
		r = ask(&settings, &asked, &view, &err);
	leave_signals();
	if (view.gone) { /* | head */
		rs_ask_tell(&asked, true);
		return RS_CMD_OK;
	}
	if (r < 0)
		return rs_ask_fail(cmd, &asked, &err);
	return rs_ask_tell(&asked, settings.quiet || settings.follow);
}

static const struct rs_cmd_example examples[] = {
	{ "ringside events --since 10m", "what happened in the last ten minutes" },
	{ "ringside events --pod 'web-*' --kind exec,connect",
	  "what pods started and where they connected to, also those that are gone" },
	{ "ringside events --path /etc --since today --where 'uid != 0'",
	  "who else touched files below /etc today" },
	{ "ringside events --where 'ringside.ancestors.pid == 4711' -n 50",
	  "the last 50 events of all descendants of a process" },
	{ "ringside events -k unlink --count-by comm,file.directory",
	  "who removes files where, most first" },
	{ "ringside events --follow -o json --where 'errno == EACCES'",
	  "each refusal as it is stored, for programs" },
	{ NULL, NULL },
};

const struct rs_cmd rs_cmd_events = {
	.name = "events",
	.group = "Ask",
	.synopsis = "[OPTION...]",
	.summary = "what happened: asks the events that the agent stored",
	.text = "Reads the files that `ringside run` keeps, while it runs or after it is gone. All "
		"options that select must hold; of a list, one element must.\n\n"
		"Tables show local times; in JSON each event is the line that the agent "
		"would have printed. --where takes a condition over the fields of events.",
	.examples = examples,
	.opts = events_opts,
	.run = run,
};
