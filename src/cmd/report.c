/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside report`: what happened in a time span, for reading. */
#include "cmd/report.h"

#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/term.h"
#include "base/units.h"
#include "cmd/ask.h"
#include "cmd/client.h"

#define SINCE_DEFAULT (3600 * RS_NSEC_PER_SEC)
#define TOP_DEFAULT   10

struct settings {
	struct rs_ask ask;
	uint32_t output; /* enum rs_client_output */
	uint32_t top;
	uint32_t color; /* enum rs_term_color_mode */
};

static const struct rs_opt_name output_names[] = {
	{ "table", RS_CLIENT_TABLE, "for people" },
	{ "json", RS_CLIENT_JSON, "one JSON object" },
	{ NULL, 0, NULL },
};

static const struct rs_opt_name color_names[] = {
	{ "auto", RS_TERM_COLOR_AUTO, "on a terminal, unless NO_COLOR is set" },
	{ "always", RS_TERM_COLOR_ALWAYS, NULL },
	{ "never", RS_TERM_COLOR_NEVER, NULL },
	{ NULL, 0, NULL },
};

static const struct rs_opt report_opts[] = {
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
	  .help = "form of the report" },
	{ .long_name = "top",
	  .metavar = "N",
	  .type = RS_OPT_U32,
	  .offset = offsetof(struct settings, top),
	  .default_text = "10",
	  .help = "rows of each table" },
	{ .long_name = "color",
	  .metavar = "WHEN",
	  .type = RS_OPT_ENUM,
	  .offset = offsetof(struct settings, color),
	  .names = color_names,
	  .default_text = "auto",
	  .help = "colour the tables" },
	RS_OPT_INCLUDE_TABLE(rs_ask_opts_store, offsetof(struct settings, ask)),
	RS_OPT_END,
};

static int on_event(void *data, const struct rs_event *event, const struct rs_event_host *host)
{
	return rs_report_add(data, event, host);
}

static int print(struct rs_report *report, const struct settings *settings, struct rs_error *err)
{
	_cleanup_(rs_str_done) struct rs_str out = RS_STR_INIT(0);
	unsigned width = rs_term_is_tty(STDOUT_FILENO) ? rs_term_width(STDOUT_FILENO) : 0;
	bool color = rs_term_use_color(STDOUT_FILENO, settings->color);
	int r;

	if (settings->output == RS_CLIENT_JSON)
		r = rs_report_json(report, settings->top, &out);
	else
		r = rs_report_table(report, settings->top, width, color, &out);
	if (r < 0)
		return rs_error_set_errno(err, r, "writing the report");
	return rs_client_print(&out, err);
}

static int report_on(const struct settings *settings, struct rs_asked *asked, struct rs_error *err)
{
	_cleanup_(rs_report_done) struct rs_report report = { .since = settings->ask.since,
							      .until = settings->ask.until };
	int r = rs_ask_prepare(&settings->ask, asked, err);

	if (r < 0)
		return r;
	r = rs_report_init(&report);
	if (r < 0)
		return rs_error_set_errno(err, r, "getting ready");
	r = rs_ask_run(asked, on_event, &report, err);
	if (r == -ENOMEM && !err->code)
		rs_error_set_errno(err, r, "making the report");
	return r < 0 ? r : print(&report, settings, err);
}

static void settings_done(struct settings *settings)
{
	rs_opt_done(report_opts, settings);
}

static int run(const struct rs_cmd *cmd, int argc, char **argv)
{
	_cleanup_(settings_done) struct settings settings = { .top = TOP_DEFAULT };
	_cleanup_(rs_asked_done) struct rs_asked asked = RS_ASKED_INIT;
	struct rs_error err = RS_ERROR_INIT;
	int r;

	r = rs_cmd_parse(cmd, argc, argv, &settings, NULL);
	if (r != RS_CMD_GO)
		return r;
	if (!settings.top) {
		rs_error_set(&err, -EINVAL, "--top: at least 1");
		return rs_cmd_misuse(cmd, &err);
	}
	if (!settings.ask.since)
		settings.ask.since = rs_ask_earlier(
			settings.ask.until ? settings.ask.until : rs_clock_real(), SINCE_DEFAULT);
	r = report_on(&settings, &asked, &err);
	if (r == -EPIPE && !err.code) /* | head */
		return RS_CMD_OK;
	if (r < 0)
		return rs_ask_fail(cmd, &asked, &err);
	return rs_ask_tell(&asked, false);
}

static const struct rs_cmd_example examples[] = {
	{ "ringside report", "what happened in the last hour" },
	{ "ringside report --since yesterday --until today --top 20", "yesterday, in more detail" },
	{ "ringside report --since 1d --namespace shop", "what the pods of a namespace did today" },
	{ "ringside report -o json | jq '.peers.rows[].address'",
	  "for programs: whom processes connected to" },
	{ NULL, NULL },
};

const struct rs_cmd rs_cmd_report = {
	.name = "report",
	.group = "Ask",
	.synopsis = "[OPTION...]",
	.summary = "what happened in a time span: a summary of stored events",
	.text = "Reads stored events once and tells which programs used the CPU (those that lived "
		"for a moment included), what was started, deleted and refused, who listens and "
		"who connects where, and which container did how much. The span is the last hour "
		"unless --since says otherwise.",
	.examples = examples,
	.opts = report_opts,
	.run = run,
};
