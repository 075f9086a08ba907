/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside strace` at work: programs loaded, the command let go, records written as lines, the end and its sums. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/units.h"
#include "base/vec.h"
#include "calls/counts.h"
#include "cmd/cmd.h"
#include "cmd/strace-out.h"
#include "cmd/strace-stacks.h"
#include "cmd/strace.h"
#include "kern/scope.h"

#define TICK    (5 * RS_NSEC_PER_MSEC)   /* how long records may wait in a busy time */
#define LOOK    (200 * RS_NSEC_PER_MSEC) /* how often we look who waits, and who is gone */
#define REFRESH 5                        /* looks between two at which containers there are */
#define BATCH   4096                     /* records between two looks at everything else */

struct session {
	struct rs_strace_settings *settings;
	struct rs_select *select;
	struct rs_strace *strace; /* NULL with -c */
	struct rs_counts *counts; /* NULL without -c, -C */
	struct rs_calls_printer *printer;
	struct rs_strace_stacks *stacks;
	struct rs_loop *loop;
	struct rs_loop_source *tick;
	struct rs_strace_out *out;
	struct rs_error *err; /* says what could not be written */
	bool quiet_so_far;    /* nothing has come since the last look */
	bool stopping;        /* the user asked once */
	bool broken;          /* nobody reads what we write */
	unsigned looks;
	int signal;
};

static void say(const struct session *s, const char *what, uint32_t pid)
{
	_cleanup_(rs_str_done) struct rs_str line = RS_STR_INIT(256);

	if (s->settings->quiet & RS_STRACE_QUIET_ATTACH || s->settings->json)
		return;
	rs_str_appendf(&line, "strace: Process %" PRIu32 " %s\n", pid, what);
	(void)!write(STDERR_FILENO, line.data, line.len);
}

/* --- output --- */

static int flush(struct session *s)
{
	int r = rs_strace_out_flush(s->out, s->err);

	if (r != -EPIPE)
		return r;
	s->broken = true;
	if (s->loop)
		rs_loop_stop(s->loop, 0);
	return 0;
}

/* Lines and messages stand in the order in which things came, where both go to the same place. */
static void meet_new(struct session *s, const struct rs_call_record *record)
{
	if (rs_strace_out_is_shared(s->out) && !s->broken)
		flush(s);
	rs_calls_printer_knows(s->printer, record->head.pid, record->head.tid);
	say(s, "attached", record->head.tid);
}

static int on_record(void *data, const struct rs_call_record *record)
{
	struct session *s = data;
	uint32_t tid = record->head.tid;

	if (s->broken)
		return 0;
	if (record->head.kind == RS_STRACE_NEW)
		meet_new(s, record);
	if (s->stacks)
		rs_strace_stacks_seen(s->stacks, record);
	rs_calls_print(s->printer, record, rs_strace_out_of(s->out, tid));
	if (rs_calls_is_last(record))
		rs_strace_out_end(s->out, tid);
	return rs_strace_out_full(s->out) ? flush(s) : 0;
}

static int on_waiting(void *data, const struct rs_call_record *record)
{
	struct session *s = data;

	rs_calls_print_waiting(s->printer, record, rs_strace_out_of(s->out, record->head.tid));
	return 0;
}

static int take_records(struct session *s, size_t *ret_count)
{
	int r = rs_strace_consume(s->strace, on_record, s, BATCH, ret_count);

	return r < 0 ? r : flush(s);
}

static int take_all(struct session *s)
{
	size_t n = 1;
	int r = 0;

	while (s->strace && n && !r)
		r = take_records(s, &n);
	return r;
}

/* --- events --- */

static bool is_over(struct session *s)
{
	struct rs_command *command = rs_select_command(s->select);
	void *tool = s->strace ? rs_strace_tool(s->strace) : rs_counts_tool(s->counts);

	if (command && rs_command_code(command) < 0)
		return false;
	if (command && !s->settings->follow)
		return true;
	return rs_target_gone(tool);
}

/* While records come they are taken at each tick; when none have come for one, the next is to wake us. */
static int on_tick(struct rs_loop *loop, uint64_t expirations, void *data)
{
	struct session *s = data;
	size_t n;
	int r = take_records(s, &n);

	(void)expirations;
	if (r < 0)
		return r;
	if (n)
		s->quiet_so_far = false;
	else if (is_over(s))
		rs_loop_stop(loop, 0);
	else if (!rs_strace_arm(s->strace))
		return 0;
	return rs_loop_set_timer(s->tick, n == BATCH ? 1 : TICK, 0);
}

static int on_ring(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	(void)fd;
	(void)events;
	return on_tick(loop, 0, data);
}

/* Now and then: who has been in a call for long, and is anybody left. */
static int on_look(struct rs_loop *loop, uint64_t expirations, void *data)
{
	struct session *s = data;
	int r = 0;

	(void)expirations;
	if (s->strace && s->quiet_so_far && s->printer && !s->settings->slower &&
	    !s->settings->failed && !s->settings->successful) {
		r = rs_strace_waiting(s->strace, LOOK, on_waiting, s);
		if (!r)
			r = flush(s);
	}
	s->quiet_so_far = true;
	if (++s->looks % REFRESH == 0)
		rs_select_refresh(s->select, s->strace ? rs_strace_tool(s->strace)
						       : rs_counts_tool(s->counts));
	if (r >= 0 && is_over(s))
		rs_loop_stop(loop, 0);
	return r;
}

static int on_command(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	(void)fd;
	(void)events;
	if (is_over(data))
		rs_loop_stop(loop, 0);
	/* readable for ever: from here on the looks see to it */
	return 0;
}

/* Ctrl-C goes to the command, too, which then ends, and we with it; the second one ends us at once. */
static int on_signal(struct rs_loop *loop, const struct signalfd_siginfo *info, void *data)
{
	struct session *s = data;
	struct rs_command *command = rs_select_command(s->select);
	bool lives = command && rs_command_code(command) < 0;

	if (lives && !s->stopping && info->ssi_signo == SIGINT) {
		s->stopping = true;
		return 0;
	}
	s->signal = (int)info->ssi_signo;
	if (lives && info->ssi_signo != SIGINT)
		rs_command_signal(command, s->signal);
	rs_loop_stop(loop, 0);
	return 0;
}

static int on_stacks(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	(void)loop;
	(void)fd;
	(void)events;
	rs_strace_stacks_tick(((struct session *)data)->stacks);
	return 0;
}

static int add_sources(struct session *s, struct rs_error *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	int r;

	r = rs_loop_new(&s->loop, err);
	if (!r)
		r = rs_loop_add_signals(s->loop, signals, ARRAY_SIZE(signals), on_signal, s, NULL,
					err);
	if (!r)
		r = rs_loop_add_timer(s->loop, LOOK, LOOK, on_look, s, NULL, err);
	if (!r && s->settings->duration)
		r = rs_loop_add_timer(s->loop, s->settings->duration, 0, rs_loop_end_by_timer, s,
				      NULL, err);
	if (!r && s->strace)
		r = rs_loop_add_fd(s->loop, rs_strace_fd(s->strace), EPOLLIN | EPOLLET, on_ring, s,
				   NULL, err);
	if (!r && s->strace)
		r = rs_loop_add_timer(s->loop, 1, 0, on_tick, s, &s->tick, err);
	if (!r && s->stacks && rs_strace_stacks_fd(s->stacks) >= 0)
		r = rs_loop_add_fd(s->loop, rs_strace_stacks_fd(s->stacks), EPOLLIN, on_stacks, s,
				   NULL, err);
	if (!r && rs_select_command(s->select))
		r = rs_loop_add_fd(s->loop, rs_command_fd(rs_select_command(s->select)),
				   EPOLLIN | EPOLLET, on_command, s, NULL, err);
	return r;
}

/* --- setting up --- */

static void apply_env(const struct rs_opt_list *env)
{
	for (size_t i = 0; i < env->len; i++) {
		char *equals = strchr(env->items[i], '=');

		if (!equals) {
			unsetenv(env->items[i]);
			continue;
		}
		*equals = '\0';
		setenv(env->items[i], equals + 1, 1);
		*equals = '=';
	}
}

static uint32_t held(struct session *s)
{
	struct rs_command *command = rs_select_command(s->select);

	return command ? (uint32_t)rs_command_pid(command) : 0;
}

static int load_counts(struct session *s, struct rs_error *err)
{
	const struct rs_counts_options options = {
		.target = rs_select_target(s->select),
		.by = RS_COUNTS_ALL,
		.calls = s->settings->some ? &s->settings->calls : NULL,
		.held = held(s),
	};

	return rs_counts_new(&options, &s->counts, err);
}

static int load_strace(struct session *s, struct rs_error *err)
{
	struct rs_strace_settings *o = s->settings;
	const struct rs_strace_options options = {
		.target = rs_select_target(s->select),
		.calls = o->some ? &o->calls : NULL,
		.slower = o->slower,
		.signals = o->signals,
		.failed = o->failed,
		.successful = o->successful,
		.paths = o->paths.len ? (const char *const *)o->paths.items : NULL,
		.n_paths = o->paths.len,
		.string_max = o->string_max,
		.verbose = o->verbose,
		.raw = o->raw,
		.fds = o->fds,
		.user_stack = o->stacks > 0,
		.kernel_stack = o->stacks > 1,
		.buffer = o->buffer,
		.held = held(s),
	};
	int r = rs_strace_new(&options, &s->strace, err);

	return !r && o->stacks ? rs_strace_stacks_new(rs_strace_object(s->strace), &s->stacks, err)
			       : r;
}

static bool have_calls(const struct rs_call_set *set)
{
	for (unsigned nr = 0; nr < RS_CALLS_MAX; nr++)
		if (rs_call_set_has(set, nr))
			return true;
	return false;
}

/* What stands in front of lines, such that one knows whose they are. */
static enum rs_calls_who who_of(struct session *s)
{
	const struct rs_strace_settings *o = s->settings;
	const struct rs_target *target = rs_select_target(s->select);

	if (o->output && o->separate)
		return RS_CALLS_WHO_NOBODY;
	if (!target->n_pids)
		return RS_CALLS_WHO_ALWAYS;
	return o->output && (o->follow || target->n_pids > 1) ? RS_CALLS_WHO_FILE
							      : RS_CALLS_WHO_AUTO;
}

static int make_printer(struct session *s, struct rs_error *err)
{
	const struct rs_strace_settings *o = s->settings;
	const struct rs_calls_print_options options = {
		.time = o->times,
		.time_digits = o->time_digits,
		.relative_digits = o->relative_digits,
		.spent_digits = o->spent_digits,
		.who = who_of(s),
		.separate = o->separate && o->output,
		.relative = o->relative,
		.spent = o->spent,
		.fds = o->fds > 0,
		.sockets = o->fds > 1,
		.number = o->number,
		.comm = o->comm,
		.quiet_ends = o->quiet & RS_STRACE_QUIET_EXIT,
		.json = o->json,
		.column = o->column,
		.print = { .string_max = MIN(o->string_max, (uint32_t)RS_STRACE_PIECE),
			   .verbose = o->verbose && !have_calls(&o->exceptions.whole),
			   .raw = o->raw,
			   .strings = o->strings,
			   .style = o->style },
		.exceptions = o->exceptions,
		.below = s->stacks ? rs_strace_stacks_text : NULL,
		.below_json = s->stacks ? rs_strace_stacks_json : NULL,
		.data = s->stacks,
	};

	return rs_calls_printer_new(&options, &s->printer, err);
}

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* The threads that are there already. */
static void meet(struct session *s, uint32_t pid, bool told)
{
	_cleanup_(closedirp) DIR *dir = NULL;
	struct dirent *entry;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/task", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		unsigned long tid = strtoul(entry->d_name, NULL, 10);

		if (!tid)
			continue;
		rs_calls_printer_knows(s->printer, pid, (uint32_t)tid);
		if (!told)
			say(s, "attached", (uint32_t)tid);
		if (s->stacks)
			rs_strace_stacks_prepare(s->stacks, pid);
	}
}

static void meet_all(struct session *s)
{
	const struct rs_target *target = rs_select_target(s->select);

	for (size_t i = 0; i < target->n_pids; i++)
		meet(s, target->pids[i], target->pids[i] == held(s));
}

/* Who asks for them would wait for ever. */
static int check_pids(const struct rs_target *target, struct rs_error *err)
{
	for (size_t i = 0; i < target->n_pids; i++) {
		if (target->pids[i] == (uint32_t)getpid())
			return rs_error_set(err, -ESRCH,
					    "pid %" PRIu32 ": this is ringside, which does not "
					    "watch itself",
					    target->pids[i]);
		if (rs_scope_is_kernel(target->pids[i]))
			return rs_error_set(err, -ESRCH,
					    "pid %" PRIu32
					    ": this is a thread of the kernel's, and "
					    "makes no system calls",
					    target->pids[i]);
	}
	return 0;
}

static int set_up(struct session *s, struct rs_error *err)
{
	const struct rs_strace_settings *o = s->settings;
	int r;

	apply_env(&o->env);
	r = rs_select_new(&o->select, o->follow, &s->select, err);
	if (!r)
		r = check_pids(rs_select_target(s->select), err);
	if (!r)
		r = rs_strace_out_new(o, &s->out, err);
	if (!r && (o->summary || o->summary_only))
		r = load_counts(s, err);
	if (!r && !o->summary_only)
		r = load_strace(s, err);
	if (!r && s->strace)
		r = make_printer(s, err);
	if (!r)
		r = add_sources(s, err);
	if (!r && s->strace)
		meet_all(s);
	if (!r && s->counts)
		r = rs_counts_attach(s->counts, err);
	if (!r && s->strace)
		r = rs_strace_attach(s->strace, err);
	return r;
}

/* --- the end --- */

typedef RS_VEC(struct rs_summary_row) row_list;

static int add_row(void *data, const struct rs_counts_row *row)
{
	row_list *rows = data;
	char *name = strdup(rs_counts_call(row->nr));
	struct rs_summary_row sum = { .name = name, .count = row->count };

	if (!name || rs_vec_push(rows, sum)) {
		free(name);
		return -ENOMEM;
	}
	return 0;
}

static void put_summary(struct session *s)
{
	row_list rows = { 0 };

	rs_counts_read(s->counts, add_row, &rows, NULL);
	rs_summary_print(rows.items, rows.len, &s->settings->layout, rs_strace_out_of(s->out, 0));
	rs_vec_foreach(&rows, row) free((char *)row->name);
	rs_vec_done(&rows);
}

static void tell(uint64_t n, const char *what)
{
	if (n)
		rs_log_warn("%" PRIu64 " %s", n, what);
}

static void tell_losses(struct session *s)
{
	if (s->strace) {
		struct rs_strace_losses l;

		rs_strace_losses(s->strace, &l);
		tell(l.ring,
		     "calls and events are not shown: the buffer was full (--buffer makes it larger, "
		     "-e trace= and the like have less to go through it)");
		tell(l.threads, "calls are not shown: no room for one more thread");
		tell(l.fds, "descriptors are not told: programs interrupted each other");
		tell(l.bad, "records could not be understood");
		tell(l.targets, "processes or control groups are not watched: too many");
		tell(l.skipped,
		     "times the kernel ran none of our programs, for one was running on that CPU");
	}
	if (s->counts) {
		struct rs_counts_losses l;

		rs_counts_losses(s->counts, &l);
		tell(l.rows + l.threads, "calls are not counted: no room");
		tell(l.compat,
		     "calls of 32-bit programs are not counted: -e means those of 64 bits");
		if (!s->strace)
			tell(l.targets, "processes or control groups are not watched: too many");
		tell(l.skipped, "calls are not counted: a program was running on that CPU");
	}
	tell(rs_strace_out_refused(s->out), "lines are in no file: too many threads at once");
	if (s->stacks)
		rs_strace_stacks_losses(s->stacks);
}

static void say_detached(struct session *s)
{
	const struct rs_target *target = rs_select_target(s->select);

	for (size_t i = 0; i < target->n_pids; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/%" PRIu32, target->pids[i]);
		if (target->pids[i] != held(s) && !access(path, F_OK))
			say(s, "detached", target->pids[i]);
	}
}

static void end_lines(struct session *s)
{
	size_t pos = 0;
	uint32_t tid;

	if (!s->printer)
		return;
	rs_calls_print_end(s->printer, rs_strace_out_of(s->out, 0));
	while (s->settings->separate && rs_calls_printer_next(s->printer, &pos, &tid))
		rs_calls_print_end_of(s->printer, tid, rs_strace_out_of(s->out, tid));
}

static int finish(struct session *s, struct rs_error *err)
{
	int r;

	if (s->strace)
		rs_strace_detach(s->strace);
	if (s->counts)
		rs_counts_detach(s->counts);
	r = take_all(s);
	end_lines(s);
	if (!r)
		r = flush(s);
	say_detached(s);
	if (s->counts)
		put_summary(s);
	if (!r && !s->broken)
		r = rs_strace_out_close(s->out, err);
	tell_losses(s);
	return r == -EPIPE ? 0 : r;
}

static int code_of(struct session *s)
{
	struct rs_command *command = rs_select_command(s->select);
	int code = command ? rs_command_code(command) : -1;

	if (code >= 0)
		return code;
	return s->signal && command ? 128 + s->signal : RS_CMD_OK;
}

static int work(struct session *s, struct rs_error *err)
{
	struct rs_command *command;
	int r = set_up(s, err);

	if (r)
		return r;
	command = rs_select_command(s->select);
	if (command)
		r = rs_command_release(command, err);
	if (!r)
		r = rs_loop_run(s->loop);
	if (r < 0)
		return err->code ? r : rs_error_set_errno(err, r, "watching calls");
	return finish(s, err);
}

int rs_strace_run(struct rs_strace_settings *settings)
{
	struct rs_error err = RS_ERROR_INIT;
	struct session s = { .settings = settings, .err = &err };
	int r = work(&s, &err), code = r < 0 ? rs_cmd_fail(&err) : code_of(&s);

	rs_calls_printer_free(&s.printer);
	rs_strace_stacks_free(&s.stacks);
	rs_strace_free(&s.strace);
	rs_counts_free(&s.counts);
	rs_loop_free(&s.loop);
	rs_select_free(&s.select);
	rs_strace_out_free(&s.out);
	return code;
}
