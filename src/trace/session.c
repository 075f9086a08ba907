/* SPDX-License-Identifier: Apache-2.0 */
/* The order of things in a run. */
#include "trace/session.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/term.h"
#include "trace/options.h"

#define NOTIFY "__BPFTRACE_NOTIFY_PROBES_ATTACHED" /* what tests of the language wait for */

static void session_done(struct rs_trace_session *session)
{
	const struct rs_program *program = session->script.program;

	rs_probe_links_close(&session->links, false);
	rs_trace_losses_free(&session->losses);
	rs_trace_reader_free(&session->reader);
	rs_trace_output_done(&session->output);
	rs_str_done(&session->actions.text);
	rs_show_done(&session->show);
	rs_trace_names_free(&session->names);
	for (unsigned i = 0; session->loaded && i < program->n_probes; i++)
		rs_cleanup_close(&session->loaded[i].fd);
	free(session->loaded);
	rs_trace_maps_done(&session->maps);
	rs_trace_script_done(&session->script);
	rs_trace_source_free(&session->source);
	rs_command_free(&session->command);
	rs_loop_remove(&session->signals);
	rs_loop_free(&session->loop);
	rs_cleanup_close(&session->pidfd);
}

/* Before Linux 5.11 maps count as locked memory. Where we may not, what needs it says so. */
static void raise_limits(void)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_MEMLOCK, &all);
	rs_limits_raise_files(); /* many probes take many descriptors */
}

/* --- before it runs --- */

static int on_record(void *data, const struct rs_action *action, const uint8_t *record, size_t size)
{
	struct rs_trace_session *session = data;

	return rs_trace_action(&session->actions, action, record, size);
}

static int make_output(struct rs_trace_session *session, struct rs_error *err)
{
	const struct rs_trace_options *options = session->options;
	struct rs_program *program = session->script.program;
	int r;

	r = rs_trace_output_open(options->output, options->buffering, &session->output, err);
	if (!r)
		r = rs_trace_names_new(&session->maps, &session->names, err);
	if (r < 0)
		return r;
	r = rs_show_init(&session->show, program, rs_trace_names_table(session->names),
			 program->arena);
	if (r < 0)
		return rs_error_set_errno(err, r, "reading the formats of the script");
	session->show.terminal = rs_term_is_tty(session->output.fd);
	session->actions = (struct rs_trace_actions){ .program = program,
						      .options = options,
						      .maps = &session->maps,
						      .show = &session->show,
						      .output = &session->output };
	r = rs_trace_reader_new(&session->maps, on_record, session, &session->reader, err);
	return r < 0 ? r
		     : rs_trace_losses_new(&session->actions, session->reader, &session->losses,
					   err);
}

static uint64_t clock_now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void fill_state(struct rs_trace_session *session)
{
	struct rs_trace_maps *maps = &session->maps;
	struct stat ns;

	if (!maps->state)
		return;
	if (session->command)
		rs_trace_maps_set_state(maps, RS_STATE_CPID,
					(uint64_t)rs_command_pid(session->command));
	if (stat("/proc/self/ns/pid", &ns) == 0) {
		rs_trace_maps_set_state(maps, RS_STATE_PIDNS_DEV, ns.st_dev);
		rs_trace_maps_set_state(maps, RS_STATE_PIDNS_INO, ns.st_ino);
	}
	rs_trace_maps_set_state(maps, RS_STATE_TAI_OFFSET,
				clock_now(CLOCK_TAI) - clock_now(CLOCK_BOOTTIME));
	rs_trace_maps_set_state(maps, RS_STATE_START, rs_clock_boot());
}

/* Before anything that takes time: it may end meanwhile, and another get its number. */
static int hold_process(struct rs_trace_session *session, struct rs_error *err)
{
	uint64_t pid = session->options->pid;

	session->pidfd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	if (session->pidfd >= 0)
		return 0;
	if (errno != ESRCH)
		return rs_error_set_errno(err, -errno, "following process %" PRIu64, pid);
	return rs_error_set(err, -ESRCH, "there is no process %" PRIu64, pid);
}

static int prepare(struct rs_trace_session *session, struct rs_error *err)
{
	const struct rs_trace_options *options = session->options;
	int r = 0;

	raise_limits();
	if (options->pid)
		r = hold_process(session, err);
	if (!r && options->command)
		r = rs_command_start(options->command, &session->command, err);
	if (!r)
		r = rs_loop_new(&session->loop, err);
	if (!r)
		r = rs_trace_source_new(options, &session->source, err);
	if (!r)
		r = rs_trace_compile(options, session->source, &session->script, err);
	if (r < 0 || options->dump)
		return r;
	session->told = rs_trace_wants_help(options, session->script.program);
	if (session->told)
		return rs_trace_tell_options(options, session->script.program);
	if (!session->script.program->n_probes)
		return rs_error_set(err, -ENOENT, "\"%s\": none of the script's probes is there",
				    options->name);
	r = rs_trace_maps_new(session->script.program, &session->maps, err);
	if (!r)
		r = make_output(session, err);
	return r < 0 ? r : rs_trace_load_all(session, err);
}

/* --- while it runs --- */

static unsigned count_once(const struct rs_program *program)
{
	unsigned n = 0;

	for (unsigned i = 0; i < program->n_probes; i++)
		n += program->probes[i]->type == RS_PROGRAM_ONCE;
	return n;
}

/* In front of what BEGIN has sent, which is not written yet. */
static void say_attached(struct rs_trace_session *session)
{
	_cleanup_(rs_str_done) struct rs_str line = RS_STR_INIT(0);
	bool json = session->options->format == RS_TRACE_JSON;
	unsigned n = session->n_attached;

	if (json)
		rs_str_appendf(&line,
			       "{\"type\": \"attached_probes\", \"count\": %u, "
			       "\"data\": {\"probes\": %u}}\n",
			       n, n);
	else
		rs_str_appendf(&line, "Attached %u probe%s\n", n, n == 1 ? "" : "s");
	if (json || !session->options->quiet)
		rs_fd_write_all(json ? session->output.fd : STDERR_FILENO, line.data, line.len);
	if (getenv(NOTIFY))
		rs_fd_write_all(STDOUT_FILENO, NOTIFY "\n", strlen(NOTIFY "\n"));
}

static bool has_iterators(const struct rs_program *program)
{
	for (unsigned i = 0; i < program->n_probes; i++) {
		if (program->probes[i]->type == RS_PROGRAM_ITER)
			return true;
	}
	return false;
}

/* What BEGIN has sent is kept until all is attached, so that it stands behind that message. */
static int begin(struct rs_trace_session *session, struct rs_error *err)
{
	int r = 0;

	fill_state(session);
	session->n_attached = count_once(session->script.program);
	if (!session->options->dry_run)
		r = rs_trace_run_once(session, RS_PROVIDER_BEGIN, NULL, err);
	if (r < 0)
		return r;
	r = rs_trace_take(session);
	if (r < 0 || session->actions.exiting)
		return r;
	r = rs_trace_attach_all(session, err);
	if (r < 0)
		return r;
	if (!session->n_attached)
		return rs_error_set(err, -ENOENT, "\"%s\": nothing could be attached",
				    session->options->name);
	return session->command && !session->options->dry_run
		       ? rs_command_release(session->command, err)
		       : 0;
}

static int run(struct rs_trace_session *session, struct rs_error *err)
{
	const struct rs_program *program = session->script.program;
	int r;

	r = begin(session, err);
	if (r < 0)
		return r;
	say_attached(session);
	r = rs_trace_output_batch(&session->output);
	if (r < 0 || session->actions.exiting || session->options->dry_run)
		return r;
	if (program->auto_exit && !session->command)
		return 0;
	if (has_iterators(program))
		return rs_trace_read_iterators(session, err);
	return rs_trace_follow(session, err);
}

/* --- the end --- */

/* The script's map whose name comes next in the alphabet; NULL: the last was the last. */
static struct rs_map *map_behind(const struct rs_program *program, const struct rs_map *last)
{
	struct rs_map *next = NULL;

	for (unsigned i = 0; i < program->n_maps; i++) {
		struct rs_map *map = program->maps[i];

		if (map->role != RS_MAP_SCRIPT || (last && strcmp(map->name, last->name) <= 0))
			continue;
		if (!next || strcmp(map->name, next->name) < 0)
			next = map;
	}
	return next;
}

static void print_maps(struct rs_trace_session *session)
{
	const struct rs_program *program = session->script.program;
	struct rs_map *map = NULL;

	if (session->options->format == RS_TRACE_TEXT)
		rs_str_append_cstr(rs_trace_output_text(&session->output), "\n\n");
	if (!program->config.print_maps_on_exit)
		return;
	while ((map = map_behind(program, map))) {
		rs_trace_print_map(&session->actions, map, 0, 0);
		if (rs_trace_output_commit(&session->output) < 0)
			return;
	}
}

/* Nothing is lost between: programs stop, what they sent is printed, and only then END runs. */
static int finish(struct rs_trace_session *session, struct rs_error *err)
{
	int r, drained;

	rs_trace_maps_set_state(&session->maps, RS_STATE_STOPPED, 1);
	rs_loop_remove(&session->signals); /* a second Ctrl-C ends us at once */
	if (session->options->dry_run) {   /* what ran meanwhile is not printed */
		rs_probe_links_close(&session->links, false);
		return rs_trace_output_flush(&session->output);
	}
	drained = rs_trace_drain(session);
	rs_probe_links_close(&session->links, false);
	if (drained >= 0) /* what is behind exit() is left out, also what came meanwhile */
		drained = rs_trace_drain(session);
	session->actions.exiting = false;
	rs_trace_maps_set_state(&session->maps, RS_STATE_EXIT, 0);
	r = rs_trace_run_once(session, RS_PROVIDER_END, NULL, err);
	if (r < 0)
		return r;
	if (drained >= 0)
		drained = rs_trace_drain(session);
	print_maps(session);
	rs_trace_losses_tell(session->losses);
	rs_trace_tell_skipped(session);
	r = rs_trace_output_flush(&session->output);
	return r < 0 ? r : drained;
}

/* A reader that went away is no failure. */
static int judge(struct rs_trace_session *session, int r, struct rs_error *err)
{
	if (r == -EPIPE || session->output.error == -EPIPE) {
		rs_error_reset(err);
		return 0;
	}
	if (session->output.error && !(err && err->code))
		return rs_error_set_errno(err, session->output.error, "writing \"%s\"",
					  session->options->output ? session->options->output
								   : "standard output");
	if (r < 0 && !(err && err->code) && r != -EINVAL && r != -EPERM)
		rs_error_set_errno(err, r, "running \"%s\"", session->options->name);
	return r;
}

/* The script's own code first; else the command's. One that still runs is asked to end. */
static int exit_code(struct rs_trace_session *session)
{
	int code = session->command ? rs_command_code(session->command) : -1;

	/* What it ends with because of us is not its own. */
	if (session->command && code < 0)
		rs_command_signal(session->command, SIGTERM);
	if (session->actions.exit_code || !session->command ||
	    session->options->ignore_command_code)
		return (int)(session->actions.exit_code & 0xff);
	return code < 0 ? 0 : code;
}

int rs_trace_run(const struct rs_trace_options *options, struct rs_error *err)
{
	_cleanup_(session_done) struct rs_trace_session session = { .options = options,
								    .pidfd = -1 };
	struct rs_error own = RS_ERROR_INIT;
	int r;

	session.maps.state_fd = session.maps.ring_fd = session.output.fd = -1;
	if (!err)
		err = &own;
	r = prepare(&session, err);
	if (r < 0 || options->dump || session.told)
		return r;
	r = rs_trace_take_signals(&session, err);
	if (r < 0)
		return r;
	r = run(&session, err);
	if (r >= 0)
		r = finish(&session, err);
	r = judge(&session, r, err);
	return r < 0 ? r : exit_code(&session);
}
