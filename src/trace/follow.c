/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/bpf.h>
#include <signal.h>

#include "base/clock.h"
#include "trace/session.h"

#define SECOND    1000000000ull
#define LOOK_NS   2000000ull /* between two looks at the ring buffer under load */
#define WINDOW_NS 8000000ull
#define MANY      16 /* records within a window: load */
#define FEW       2  /* in one look: none any more */

/* exit() was called: its record has been sent, or has found no room. All that was sent until now is read first, which
 * may be stuck behind one that is still being written. */
static int take_to_exit(struct rs_trace_session *session, uint64_t noted)
{
	int r;

	if (!session->exit_behind)
		session->exit_behind = rs_trace_reader_sent(session->reader);
	r = rs_trace_reader_drain(session->reader);
	if (r < 0 || session->actions.exiting ||
	    rs_trace_reader_read(session->reader) < session->exit_behind)
		return r;
	session->actions.exiting = true;
	session->actions.exit_code = noted & 0xff;
	return r;
}

int rs_trace_take(struct rs_trace_session *session)
{
	int r = rs_trace_reader_drain(session->reader);
	uint64_t noted;

	if (r < 0 || session->actions.exiting)
		return r;
	noted = rs_trace_maps_get_state(&session->maps, RS_STATE_EXIT);
	return noted ? take_to_exit(session, noted) : r;
}

int rs_trace_drain(struct rs_trace_session *session)
{
	int r = rs_trace_take(session);

	return r < 0 ? r : rs_trace_output_batch(&session->output);
}

static int drain_or_stop(struct rs_trace_session *session, struct rs_loop *loop)
{
	int r = rs_trace_drain(session);

	if (session->actions.exiting)
		rs_loop_stop(loop, 0);
	return r;
}

/*
 * Waking us costs the traced process a microsecond or two for each record. So where many come they are told not to,
 * and we look every two milliseconds; where few come they wake us again.
 */
static void let_wake(struct rs_trace_session *session, bool wake)
{
	rs_trace_maps_set_state(&session->maps, RS_STATE_RING_FLAGS, wake ? 0 : BPF_RB_NO_WAKEUP);
	rs_loop_set_events(session->records, wake ? EPOLLIN : 0);
	/* One look more when they wake us again: a program that was running had yet the old flags. */
	rs_loop_set_timer(session->look, LOOK_NS, wake ? 0 : LOOK_NS);
}

/* Whether records have come fast enough for that. */
static bool under_load(struct rs_trace_session *session)
{
	uint64_t now = rs_clock_mono(), count = rs_trace_reader_count(session->reader);

	if (count - session->window_count >= MANY)
		return true;
	if (now - session->window_start >= WINDOW_NS) {
		session->window_start = now;
		session->window_count = count;
	}
	return false;
}

static int on_records(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	struct rs_trace_session *session = data;
	int r = drain_or_stop(session, loop);

	(void)fd;
	(void)events;
	if (session->look && under_load(session)) {
		session->looking = true;
		let_wake(session, false);
	}
	return r;
}

static int on_look(struct rs_loop *loop, uint64_t expirations, void *data)
{
	struct rs_trace_session *session = data;
	uint64_t before = rs_trace_reader_count(session->reader);
	int r = drain_or_stop(session, loop);

	(void)expirations;
	if (session->looking && rs_trace_reader_count(session->reader) - before < FEW) {
		session->looking = false;
		session->window_start = rs_clock_mono();
		session->window_count = rs_trace_reader_count(session->reader);
		let_wake(session, true);
	}
	return r;
}

static int watch_records(struct rs_trace_session *session, struct rs_error *err)
{
	int fd = rs_trace_reader_fd(session->reader), r;

	if (fd < 0)
		return 0;
	r = rs_loop_add_fd(session->loop, fd, EPOLLIN, on_records, session, &session->records, err);
	if (!r && rs_trace_reader_is_ring(session->reader) &&
	    rs_trace_maps_has_state(&session->maps))
		r = rs_loop_add_timer(session->loop, 0, 0, on_look, session, &session->look, err);
	return r;
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
	if (r < 0 || session->pidfd < 0)
		return r;
	return rs_loop_add_fd(session->loop, session->pidfd, EPOLLIN, on_end, session, NULL, err);
}

int rs_trace_follow(struct rs_trace_session *session, struct rs_error *err)
{
	int r;

	r = watch_processes(session, err);
	if (!r)
		r = watch_records(session, err);
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
