/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside syscalls`: who makes how many system calls, counted in the kernel; like top(1). */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/units.h"
#include "cmd/cmd.h"
#include "cmd/live.h"
#include "cmd/select.h"
#include "cmd/syscalls-view.h"

enum format { FORMAT_TABLE, FORMAT_JSON };

struct settings {
	struct rs_select_options select;
	uint64_t by; /* enum rs_syscalls_by */
	enum rs_syscalls_sort sort;
	enum format format;
	uint64_t interval, duration;
	uint32_t top;
	bool untimed;
	bool plain;
	bool some;
	bool follow;
	struct rs_call_set calls;
};

struct session {
	struct settings *settings;
	struct rs_select *select;
	struct rs_counts *counts;
	struct rs_rates *rates;
	struct rs_live *live;
	uint64_t start, elapsed;
};

static int take_calls(const struct rs_opt *opt, const char *value, void *field,
		      struct rs_error *err)
{
	struct settings *settings = field;

	(void)opt;
	settings->some = true;
	return rs_call_set_parse(value, &settings->calls, err);
}

static const struct rs_opt_name bys[] = {
	{ "process", RS_SYSCALLS_PROCESS, "one line for each process" },
	{ "thread", RS_SYSCALLS_THREAD, "for each thread" },
	{ "container", RS_SYSCALLS_CONTAINER, "for each container, or control group" },
	{ "pod", RS_SYSCALLS_POD, "for each pod" },
	{ "syscall", RS_SYSCALLS_CALL, "for each call, of those above where one is given" },
	{ 0 },
};

static const struct rs_opt_name sorts[] = {
	{ "calls", RS_SYSCALLS_SORT_CALLS, NULL }, { "errors", RS_SYSCALLS_SORT_ERRORS, NULL },
	{ "time", RS_SYSCALLS_SORT_TIME, NULL },   { "average", RS_SYSCALLS_SORT_AVERAGE, NULL },
	{ "name", RS_SYSCALLS_SORT_NAME, NULL },   { 0 },
};

static const struct rs_opt_name formats[] = {
	{ "table", FORMAT_TABLE, "for people" },
	{ "json", FORMAT_JSON, "one JSON object for each interval, and one for all of it" },
	{ 0 },
};

#define AT(member) offsetof(struct settings, member)
static const struct rs_opt opts[] = {
	RS_OPT_INCLUDE_TABLE(rs_select_opts, AT(select)),
	RS_OPT_INCLUDE_TABLE(rs_select_opts_command, AT(select)),
	RS_OPT_ROW('f', "follow", NULL, RS_OPT_FLAG, AT(follow),
		   "with --pid: the processes that they make, too"),
	RS_OPT_ROW('e', "syscall", "SET", RS_OPT_CALLBACK, 0,
		   "only these calls, such as read,write %net !futex", .parse = take_calls,
		   .group = "What to count"),
	RS_OPT_ROW(0, "by", "WHAT,...", RS_OPT_BITSET, AT(by), "what a line is of", .names = bys,
		   .default_text = "process"),
	RS_OPT_ROW(0, "no-time", NULL, RS_OPT_FLAG, AT(untimed),
		   "do not take times: half of what counting costs"),
	RS_OPT_ROW('i', "interval", "TIME", RS_OPT_DURATION, AT(interval),
		   "how often; 0: only at the end", .default_text = "1s", .group = "How"),
	RS_OPT_ROW('d', "duration", "TIME", RS_OPT_DURATION, AT(duration), "stop after this time",
		   .default_text = "until Ctrl-C"),
	RS_OPT_ROW(0, "sort", "BY", RS_OPT_ENUM, AT(sort), "order of the lines", .names = sorts,
		   .default_text = "calls"),
	RS_OPT_ROW('n', "top", "N", RS_OPT_U32, AT(top), "at most so many lines",
		   .default_text = "as many as fit"),
	RS_OPT_ROW('o', "output", "FORMAT", RS_OPT_ENUM, AT(format), "how to write",
		   .names = formats, .default_text = "table"),
	RS_OPT_ROW(0, "plain", NULL, RS_OPT_FLAG, AT(plain),
		   "one table below the other, also on a terminal"),
	RS_OPT_END,
};

/* --- names --- */

static void append_process(struct session *s, uint64_t who, struct rs_str *out)
{
	struct rs_count_name name;

	if (rs_counts_name(s->counts, who, &name))
		rs_str_append_cstr(out, name.comm);
	else
		rs_str_append_char(out, '?');
	rs_str_appendf(out, " (%" PRIu64 ")", who);
}

static void append_pod(struct session *s, uint64_t who, struct rs_str *out)
{
	const struct rs_event_cgroup *group = rs_select_group(s->select, who);
	const struct rs_event_container *c = group ? group->container : NULL;

	if (c && c->pod_name)
		rs_str_appendf(out, "%s/%s", c->namespace ? c->namespace : "?", c->pod_name);
	else
		rs_str_append_cstr(out, "(no pod)");
}

static void append_name(void *data, uint64_t who, struct rs_str *out)
{
	struct session *s = data;

	if (who == RS_RATES_OTHERS)
		rs_str_append_cstr(out, "(others)");
	else if (s->settings->by & (RS_SYSCALLS_PROCESS | RS_SYSCALLS_THREAD))
		append_process(s, who, out);
	else if (s->settings->by & RS_SYSCALLS_POD)
		append_pod(s, who, out);
	else
		rs_select_name_group(s->select, who, out);
}

static enum rs_counts_by by_of(uint64_t by)
{
	if (by & RS_SYSCALLS_PROCESS)
		return RS_COUNTS_PROCESS;
	if (by & RS_SYSCALLS_THREAD)
		return RS_COUNTS_THREAD;
	return by & (RS_SYSCALLS_CONTAINER | RS_SYSCALLS_POD) ? RS_COUNTS_GROUP : RS_COUNTS_ALL;
}

/* --- intervals --- */

static int on_row(void *data, const struct rs_counts_row *row)
{
	int r = rs_rates_feed(data, row);

	return r == -ENOSPC ? 0 : r;
}

static bool take_row(void *data, uint64_t who, uint32_t nr, struct rs_count *ret_count)
{
	return rs_counts_take(data, who, nr, ret_count);
}

static void on_gone(void *data, uint64_t who)
{
	rs_counts_forget(data, who);
}

static int tick(void *data, uint64_t elapsed, struct rs_error *err)
{
	struct session *s = data;
	const struct rs_rates_source source = { .take = take_row,
						.gone = on_gone,
						.data = s->counts };
	int r;

	s->elapsed = elapsed;
	rs_rates_begin(s->rates);
	rs_select_refresh(s->select, rs_counts_tool(s->counts));
	r = rs_counts_read(s->counts, on_row, s->rates, err);
	if (!r)
		r = rs_rates_make_room(s->rates, &source);
	if (!r && !rs_select_command(s->select) && rs_target_gone(rs_counts_tool(s->counts)))
		rs_live_stop(s->live);
	return r;
}

static int draw(void *data, const struct rs_live_page *page, struct rs_str *out)
{
	_cleanup_(rs_str_done) struct rs_str title = RS_STR_INIT(0);
	struct session *s = data;
	struct rs_syscalls_view view = {
		.by = s->settings->by,
		.sort = s->settings->sort,
		.top = s->settings->top,
		.untimed = s->settings->untimed,
		.elapsed = page->last ? rs_clock_mono() - s->start : s->elapsed,
		.total = page->last,
		.name = append_name,
		.data = s,
	};

	if (s->settings->format == FORMAT_JSON)
		return rs_syscalls_json(&view, s->rates, out);
	rs_str_append_cstr(out, page->last ? "System calls of " : "System calls a second of ");
	rs_select_describe(s->select, &title);
	rs_str_append_escaped(out, title.data, title.len);
	rs_str_append_char(out, '\n');
	return rs_syscalls_table(&view, s->rates, page, out) ?: rs_str_append_char(out, '\n');
}

static bool on_key(void *data, char key)
{
	static const struct {
		char key;
		enum rs_syscalls_sort sort;
	} keys[] = {
		{ 'c', RS_SYSCALLS_SORT_CALLS }, { 'e', RS_SYSCALLS_SORT_ERRORS },
		{ 't', RS_SYSCALLS_SORT_TIME },  { 'a', RS_SYSCALLS_SORT_AVERAGE },
		{ 'n', RS_SYSCALLS_SORT_NAME },
	};
	struct session *s = data;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].key == key) {
			s->settings->sort = keys[i].sort;
			return true;
		}
	return false;
}

/* --- the run --- */

static int set_up(struct session *s, struct rs_error *err)
{
	struct settings *o = s->settings;
	struct rs_counts_options counts = { .by = by_of(o->by), .untimed = o->untimed };
	struct rs_command *command;
	int r = rs_select_new(&o->select, o->follow || o->select.command, &s->select, err);

	if (r)
		return r;
	if (o->by & (RS_SYSCALLS_CONTAINER | RS_SYSCALLS_POD))
		rs_select_number_groups(s->select);
	command = rs_select_command(s->select);
	counts.target = rs_select_target(s->select);
	counts.calls = o->some ? &o->calls : NULL;
	counts.held = command ? (uint32_t)rs_command_pid(command) : 0;
	r = rs_rates_new(RS_COUNTS_ROWS, &s->rates, err);
	if (!r)
		r = rs_counts_new(&counts, &s->counts, err);
	if (!r)
		r = rs_live_new(
			&(struct rs_live_options){ .interval = o->interval,
						   .duration = o->duration,
						   .command = command,
						   .out = STDOUT_FILENO,
						   .plain = o->plain || o->format == FORMAT_JSON,
						   .tick = tick,
						   .draw = draw,
						   .key = on_key,
						   .data = s },
			&s->live, err);
	if (!r)
		r = rs_counts_attach(s->counts, err);
	s->start = rs_clock_mono();
	return r;
}

static void tell_losses(struct session *s)
{
	struct rs_counts_losses l;

	rs_counts_losses(s->counts, &l);
	if (l.rows + l.threads)
		rs_log_warn("%" PRIu64 " calls are not counted: no room in the kernel's tables",
			    l.rows + l.threads);
	if (l.compat)
		rs_log_warn("%" PRIu64
			    " calls of 32-bit programs are not counted: -e means those of 64 bits",
			    l.compat);
	if (l.names)
		rs_log_warn("%" PRIu64 " names found no room: numbers stand for them", l.names);
	if (rs_rates_refused(s->rates))
		rs_log_warn("%" PRIu64 " sums are not shown: more than %d lines",
			    rs_rates_refused(s->rates), RS_COUNTS_ROWS);
	if (l.targets)
		rs_log_warn("%" PRIu64 " processes or control groups are not watched: too many",
			    l.targets);
	if (l.skipped)
		rs_log_warn("%" PRIu64 " calls are not counted: a program was running on that CPU",
			    l.skipped);
}

static int run_session(struct settings *settings)
{
	struct session s = { .settings = settings };
	struct rs_error err = RS_ERROR_INIT;
	enum rs_live_end end = RS_LIVE_END_STOPPED;
	int r = set_up(&s, &err), code;

	if (!r)
		r = rs_live_run(s.live, &end, &err);
	if (r >= 0) {
		rs_counts_detach(s.counts);
		tell_losses(&s);
	}
	code = r < 0 ? rs_cmd_fail(&err) : rs_live_code(s.live, end);
	rs_live_free(&s.live);
	rs_counts_free(&s.counts);
	rs_rates_free(&s.rates);
	rs_select_free(&s.select);
	return code;
}

static int check(const struct settings *s, struct rs_error *err)
{
	uint64_t who = s->by & ~(uint64_t)RS_SYSCALLS_CALL;

	if (!s->by || who & (who - 1))
		return rs_error_set(err, -EINVAL,
				    "--by: one of process, thread, container and pod, and syscall");
	if (s->untimed && (s->sort == RS_SYSCALLS_SORT_TIME || s->sort == RS_SYSCALLS_SORT_AVERAGE))
		return rs_error_set(err, -EINVAL, "--no-time leaves no times to sort by");
	return 0;
}

static int run(const struct rs_cmd *cmd, int argc, char **argv)
{
	struct settings settings = { .by = RS_SYSCALLS_PROCESS, .interval = RS_NSEC_PER_SEC };
	struct rs_error err = RS_ERROR_INIT;
	int r = rs_cmd_parse(cmd, argc, argv, &settings, NULL);

	if (r == RS_CMD_GO)
		r = check(&settings, &err) < 0 ? rs_cmd_misuse(cmd, &err) : run_session(&settings);
	rs_opt_done(opts, &settings);
	return r;
}

static const struct rs_cmd_example examples[] = {
	{ "ringside syscalls", "which processes call most, every second" },
	{ "ringside syscalls --by container --sort errors", "in which containers most calls fail" },
	{ "ringside syscalls -p 4711 --by syscall", "the calls of one process" },
	{ "ringside syscalls --by process,syscall -e %file -i 5s -o json", "for other programs" },
	{ "ringside syscalls -c 'make -j4' -i 0 --by syscall",
	  "of a command and what it starts, at its end" },
	{ NULL, NULL },
};

#define TEXT                                                                                                           \
	"Counts system calls in the kernel: calls and errors a second, and the time that threads were inside of them " \
	"(INSIDE: how many threads were, on average), by process, thread, container or pod. Nothing but the sums "     \
	"leaves the kernel. A call counts when it ends. At the end come the sums of the whole run, with the longest "  \
	"call.\n\n"                                                                                                    \
	"Keys on a terminal: c e t a n sort by calls, errors, time, average, name; space holds still; q ends."

const struct rs_cmd rs_cmd_syscalls = {
	.name = "syscalls",
	.group = "System calls and latency",
	.synopsis = "[OPTION...]",
	.summary = "system calls counted: who makes how many, errors, time inside",
	.text = TEXT,
	.examples = examples,
	.opts = opts,
	.run = run,
};
