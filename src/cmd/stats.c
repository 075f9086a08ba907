/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside stats`: what a running agent counts and costs, asked over its control socket. */
#include "cmd/stats.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/loop.h"
#include "base/term.h"
#include "cmd/client.h"
#include "cmd/cmd.h"

#define REPLY_MAX    ((size_t)8 << 20) /* a parsed reply */
#define ROWS_DEFAULT 24

struct settings {
	struct rs_client client;
	uint64_t interval; /* ns; 0: look once */
	uint64_t duration; /* ns; 0: until stopped */
};

struct watch {
	const struct settings *settings;
	struct rs_loop *loop;
	struct rs_control_stats *now, *before; /* owned */
	struct rs_str text;
	unsigned looks;
	bool redraw;
	struct rs_error err;
};

static const struct rs_opt stats_opts[] = {
	{ .short_name = 'i',
	  .long_name = "interval",
	  .metavar = "TIME",
	  .type = RS_OPT_DURATION,
	  .offset = offsetof(struct settings, interval),
	  .group = "How",
	  .help = "look again and again, and show rates over this time" },
	{ .short_name = 'd',
	  .long_name = "duration",
	  .metavar = "TIME",
	  .type = RS_OPT_DURATION,
	  .offset = offsetof(struct settings, duration),
	  .default_text = "until Ctrl-C",
	  .help = "with --interval: stop after this time" },
	RS_OPT_INCLUDE_TABLE(rs_client_opts, offsetof(struct settings, client)),
	RS_OPT_END,
};

static unsigned terminal_rows(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row < 2)
		return ROWS_DEFAULT;
	return size.ws_row;
}

/* Over what was there: no flicker, no scrolling, and long lines do not wrap. */
static void append_redraw(const struct watch *watch, const struct rs_str *table, struct rs_str *out)
{
	rs_str_append_cstr(out, watch->looks ? "\033[?7l\033[H" : "\033[?7l\033[H\033[2J");
	for (const char *p = table->data, *end = p + table->len; p < end;) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((newline ? newline : end) - p);

		rs_str_append(out, p, n);
		rs_str_append_cstr(out, "\033[K\n");
		p += n + 1;
	}
	rs_str_append_cstr(out, "\033[J\033[?7h");
}

static void append_table(struct watch *watch)
{
	_cleanup_(rs_str_done) struct rs_str table = RS_STR_INIT(0);
	bool same = watch->looks && watch->before->pid == watch->now->pid &&
		    watch->before->stats.start_real == watch->now->stats.start_real;
	struct rs_stats_view view = {
		.now = watch->now,
		.before = same ? watch->before : NULL,
		.rows = watch->redraw ? terminal_rows() - 1 : 0,
		.color = rs_term_use_color(STDOUT_FILENO, RS_TERM_COLOR_AUTO),
	};

	rs_stats_table(&view, &table);
	if (watch->redraw) {
		append_redraw(watch, &table, &watch->text);
		return;
	}
	if (watch->looks)
		rs_str_append_char(&watch->text, '\n');
	rs_str_append(&watch->text, table.data, table.len);
}

/* Asks once, and prints. */
static int look(struct watch *watch)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(REPLY_MAX);
	const struct settings *settings = watch->settings;
	const struct rs_json_value *result = NULL;
	struct rs_control_stats *older = watch->before;
	int r;

	r = rs_client_call(&settings->client, "{\"command\":\"stats\"}", &arena, &result,
			   &watch->err);
	if (r < 0)
		return r;
	watch->before = watch->now;
	watch->now = older;
	r = rs_control_stats_read(result, watch->now, &watch->err);
	if (r < 0)
		return r;
	rs_str_reset(&watch->text);
	if (settings->client.output == RS_CLIENT_JSON)
		rs_client_write_json(result, &watch->text);
	else
		append_table(watch);
	watch->looks++;
	return rs_client_print(&watch->text, &watch->err);
}

static int on_interval(struct rs_loop *loop, uint64_t expirations, void *data)
{
	(void)loop;
	(void)expirations;
	return look(data);
}

static int look_again_and_again(struct watch *watch)
{
	static const int signals[] = { SIGINT, SIGTERM };
	const struct settings *settings = watch->settings;
	struct rs_error *err = &watch->err;
	int r;

	r = rs_loop_new(&watch->loop, err);
	if (!r)
		r = rs_loop_add_timer(watch->loop, settings->interval, settings->interval,
				      on_interval, watch, NULL, err);
	if (!r && settings->duration)
		r = rs_loop_add_timer(watch->loop, settings->duration, 0, rs_loop_end_by_timer,
				      watch, NULL, err);
	if (!r)
		r = rs_loop_add_signals(watch->loop, signals, ARRAY_SIZE(signals),
					rs_loop_end_by_signal, watch, NULL, err);
	if (!r)
		r = rs_loop_run(watch->loop);
	return r;
}

static void watch_done(struct watch *watch)
{
	rs_loop_free(&watch->loop);
	rs_str_done(&watch->text);
	free(watch->now);
	free(watch->before);
}

static int run(const struct rs_cmd *cmd, int argc, char **argv)
{
	_cleanup_(watch_done) struct watch watch = { 0 };
	struct settings settings = { 0 };
	int r;

	r = rs_cmd_parse(cmd, argc, argv, &settings, NULL);
	if (r != RS_CMD_GO)
		return r;
	if (settings.duration && !settings.interval) {
		rs_error_set(&watch.err, -EINVAL, "--duration needs --interval");
		return rs_cmd_misuse(cmd, &watch.err);
	}
	watch.settings = &settings;
	watch.now = calloc(1, sizeof(*watch.now));
	watch.before = calloc(1, sizeof(*watch.before));
	if (!watch.now || !watch.before)
		r = rs_error_set_errno(&watch.err, -ENOMEM, "asking the agent");
	else
		r = 0;
	watch.redraw = settings.interval && settings.client.output == RS_CLIENT_TABLE &&
		       rs_term_is_tty(STDOUT_FILENO);
	if (!r)
		r = look(&watch);
	if (!r && settings.interval)
		r = look_again_and_again(&watch);
	if (r == -EPIPE && !watch.err.code) /* | head */
		return RS_CMD_OK;
	return r < 0 ? rs_cmd_fail(&watch.err) : RS_CMD_OK;
}

static const struct rs_cmd_example examples[] = {
	{ "ringside stats", "what the running agent counted since its start, and what it costs" },
	{ "ringside stats --interval 1s", "the same, live" },
	{ "ringside stats -o json | jq .kinds.exec", "for programs" },
	{ NULL, NULL },
};

const struct rs_cmd rs_cmd_stats = {
	.name = "stats",
	.group = "A running agent",
	.synopsis = "[OPTION...]",
	.summary = "rates, losses and costs of the running agent",
	.text = "Asks the agent over its control socket: events of each kind, how many were "
		"delivered, filtered and lost and why, how full the buffer is, and what the agent "
		"and each of its programs in the kernel cost. Generated = delivered + filtered + lost, "
		"but for what is on its way in the buffer.",
	.examples = examples,
	.opts = stats_opts,
	.run = run,
};
