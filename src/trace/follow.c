/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>

#include "trace/session.h"

#define SECOND 1000000000ull

int rs_trace_drain(struct rs_trace_session *session)
{
	int r = rs_trace_reader_drain(session->reader);

	return r < 0 ? r : rs_trace_output_batch(&session->output);
}

static int drain_or_stop(struct rs_trace_session *session, struct rs_loop *loop)
{
	int r = rs_trace_drain(session);

	if (session->actions.exiting)
		rs_loop_stop(loop, 0);
	return r;
}

static int on_records(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	(void)fd;
	(void)events;
	return drain_or_stop(data, loop);
}

/* The process of -c or -p has ended. */
static int on_end(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	(void)fd;
	(void)events;
	(void)data;
	rs_loop_stop(loop, 0);
	return 0;
}

/* SIGUSR1: the script's own probes for it, or all maps where it has none. */
static int on_user_signal(struct rs_trace_session *session, struct rs_loop *loop)
{
	const struct rs_program *program = session->script.program;
	int r = rs_trace_run_once(session, RS_PROVIDER_SELF, "SIGUSR1", NULL);

	for (unsigned i = 0; !r && i < program->n_maps; i++) {
		if (program->maps[i]->role == RS_MAP_SCRIPT)
			rs_trace_print_map(&session->actions, program->maps[i], 0, 0);
	}
	rs_trace_output_commit(&session->output);
	return drain_or_stop(session, loop);
}

static int on_signal(struct rs_loop *loop, const struct signalfd_siginfo *info, void *data)
{
	struct rs_trace_session *session = data;

	if (info->ssi_signo == SIGUSR1)
		return on_user_signal(session, loop);
	rs_loop_stop(loop, 0);
	return 0;
}

static int on_second(struct rs_loop *loop, uint64_t expirations, void *data)
{
	struct rs_trace_session *session = data;

	(void)loop;
	(void)expirations;
	rs_trace_losses_tell(session->losses);
	return rs_trace_output_batch(&session->output);
}

static int watch_processes(struct rs_trace_session *session, struct rs_error *err)
{
	int r = 0;

	if (session->command)
		r = rs_loop_add_fd(session->loop, rs_command_fd(session->command), EPOLLIN, on_end,
				   session, NULL, err);
	if (r < 0 || !session->options->pid)
		return r;
	session->pidfd = (int)syscall(SYS_pidfd_open, (pid_t)session->options->pid, 0);
	if (session->pidfd < 0)
		return rs_error_set_errno(err, -errno, "following process %llu",
					  (unsigned long long)session->options->pid);
	return rs_loop_add_fd(session->loop, session->pidfd, EPOLLIN, on_end, session, NULL, err);
}

int rs_trace_follow(struct rs_trace_session *session, struct rs_error *err)
{
	int fd = rs_trace_reader_fd(session->reader), r;

	r = watch_processes(session, err);
	if (!r && fd >= 0)
		r = rs_loop_add_fd(session->loop, fd, EPOLLIN, on_records, session, NULL, err);
	if (!r && rs_trace_losses_counts(session->losses))
		r = rs_loop_add_timer(session->loop, SECOND, SECOND, on_second, session, NULL, err);
	if (r < 0)
		return r;
	/* What came before we waited wakes nobody. */
	r = rs_trace_drain(session);
	if (r < 0 || session->actions.exiting)
		return r;
	return rs_loop_run(session->loop);
}

/* Before anything runs, so that no signal ends us in between. */
int rs_trace_take_signals(struct rs_trace_session *session, struct rs_error *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGUSR1 };

	return rs_loop_add_signals(session->loop, signals, ARRAY_SIZE(signals), on_signal, session,
				   &session->signals, err);
}
