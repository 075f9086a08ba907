/* SPDX-License-Identifier: Apache-2.0 */
#include "base/loop.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>

#include "base/units.h"

/* Events fetched per round; more stay in the kernel for the next. */
#define BATCH 32

enum source_kind {
	SOURCE_FD,
	SOURCE_TIMER,
	SOURCE_SIGNAL,
	SOURCE_DEFER,
};

/*
 * A removed source stays in its list, marked dead, until no event that was fetched can point to
 * it: that is after the round, or at once outside of one.
 */
struct rs_loop_source {
	struct rs_loop *loop;
	struct rs_loop_source *next; /* in loop->sources */
	enum source_kind kind;
	bool dead;
	int fd; /* ours for timers and signals, the caller's for fds, -1 for deferred work */
	enum rs_loop_defer_mode mode;
	sigset_t blocked; /* signals: those that were not blocked before */
	void *data;
	union {
		rs_loop_fd_fn on_fd;
		rs_loop_timer_fn on_timer;
		rs_loop_signal_fn on_signal;
		rs_loop_defer_fn on_defer;
	};
};

struct rs_loop {
	int epoll_fd;
	bool stopped;
	int code;
	unsigned depth; /* rounds running */
	bool have_dead;
	struct rs_loop_source *sources;
};

int rs_loop_new(struct rs_loop **ret_loop, struct rs_error *err)
{
	struct rs_loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return rs_error_set_errno(err, -ENOMEM, "creating the event loop");
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0) {
		int code = -errno;

		free(loop);
		return rs_error_set_errno(err, code, "creating the event loop");
	}
	*ret_loop = loop;
	return 0;
}

/* Detaches the source from the kernel; its memory stays. */
static void source_close(struct rs_loop_source *source)
{
	if (source->fd >= 0)
		epoll_ctl(source->loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	if (source->kind == SOURCE_TIMER || source->kind == SOURCE_SIGNAL)
		rs_cleanup_close(&source->fd);
	if (source->kind == SOURCE_SIGNAL)
		pthread_sigmask(SIG_UNBLOCK, &source->blocked, NULL);
}

static void sweep(struct rs_loop *loop)
{
	struct rs_loop_source **at = &loop->sources;

	while (*at) {
		struct rs_loop_source *source = *at;

		if (source->dead) {
			*at = source->next;
			free(source);
		} else {
			at = &source->next;
		}
	}
	loop->have_dead = false;
}

void rs_loop_remove(struct rs_loop_source **ref)
{
	struct rs_loop_source *source = *ref;

	if (!source)
		return;
	*ref = NULL;
	source_close(source);
	source->dead = true;
	source->loop->have_dead = true;
	if (!source->loop->depth)
		sweep(source->loop);
}

void rs_loop_free(struct rs_loop **ref)
{
	struct rs_loop *loop = *ref;

	if (!loop)
		return;
	for (struct rs_loop_source *source = loop->sources; source; source = source->next) {
		if (!source->dead)
			source_close(source);
		source->dead = true;
	}
	sweep(loop);
	close(loop->epoll_fd);
	free(loop);
	*ref = NULL;
}

/* A source in the list; fd becomes the source's to close where the kind says so, also on failure.
 */
static int source_new(struct rs_loop *loop, enum source_kind kind, int fd, uint32_t events,
		      void *data, struct rs_loop_source **ret_source)
{
	struct rs_loop_source *source = calloc(1, sizeof(*source));
	struct epoll_event event = { .events = events, .data.ptr = source };

	if (!source)
		return -ENOMEM;
	source->loop = loop;
	source->kind = kind;
	source->fd = fd;
	source->data = data;
	sigemptyset(&source->blocked);
	if (fd >= 0 && epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		int code = -errno;

		free(source);
		return code;
	}
	source->next = loop->sources;
	loop->sources = source;
	*ret_source = source;
	return 0;
}

int rs_loop_add_fd(struct rs_loop *loop, int fd, uint32_t events, rs_loop_fd_fn fn, void *data,
		   struct rs_loop_source **ret_source, struct rs_error *err)
{
	struct rs_loop_source *source = NULL;
	int r;

	if (fd < 0)
		return rs_error_set_errno(err, -EBADF, "watching descriptor %d", fd);
	r = source_new(loop, SOURCE_FD, fd, events, data, &source);
	if (r < 0)
		return rs_error_set_errno(err, r, "watching descriptor %d", fd);
	source->on_fd = fn;
	if (ret_source)
		*ret_source = source;
	return 0;
}

int rs_loop_set_events(struct rs_loop_source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	if (epoll_ctl(source->loop->epoll_fd, EPOLL_CTL_MOD, source->fd, &event) < 0)
		return -errno;
	return 0;
}

int rs_loop_set_timer(struct rs_loop_source *source, uint64_t first_ns, uint64_t period_ns)
{
	struct itimerspec spec = {
		.it_value = {
			.tv_sec = (time_t)(first_ns / RS_NSEC_PER_SEC),
			.tv_nsec = (long)(first_ns % RS_NSEC_PER_SEC),
		},
		.it_interval = {
			.tv_sec = (time_t)(period_ns / RS_NSEC_PER_SEC),
			.tv_nsec = (long)(period_ns % RS_NSEC_PER_SEC),
		},
	};

	return timerfd_settime(source->fd, 0, &spec, NULL) < 0 ? -errno : 0;
}

int rs_loop_add_timer(struct rs_loop *loop, uint64_t first_ns, uint64_t period_ns,
		      rs_loop_timer_fn fn, void *data, struct rs_loop_source **ret_source,
		      struct rs_error *err)
{
	_cleanup_(rs_cleanup_close) int fd = -1;
	struct rs_loop_source *source = NULL;
	int r;

	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd < 0)
		return rs_error_set_errno(err, -errno, "creating a timer");
	r = source_new(loop, SOURCE_TIMER, fd, EPOLLIN, data, &source);
	if (r < 0)
		return rs_error_set_errno(err, r, "creating a timer");
	TAKE_FD(fd);
	source->on_timer = fn;
	r = rs_loop_set_timer(source, first_ns, period_ns);
	if (r < 0) {
		rs_loop_remove(&source);
		return rs_error_set_errno(err, r, "starting a timer");
	}
	if (ret_source)
		*ret_source = source;
	return 0;
}

int rs_loop_add_signals(struct rs_loop *loop, const int *signals, size_t count,
			rs_loop_signal_fn fn, void *data, struct rs_loop_source **ret_source,
			struct rs_error *err)
{
	_cleanup_(rs_cleanup_close) int fd = -1;
	struct rs_loop_source *source = NULL;
	sigset_t wanted, before;
	int r;

	sigemptyset(&wanted);
	for (size_t i = 0; i < count; i++)
		sigaddset(&wanted, signals[i]);
	fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return rs_error_set_errno(err, -errno, "watching signals");
	r = source_new(loop, SOURCE_SIGNAL, fd, EPOLLIN, data, &source);
	if (r < 0)
		return rs_error_set_errno(err, r, "watching signals");
	TAKE_FD(fd);
	source->on_signal = fn;
	pthread_sigmask(SIG_BLOCK, &wanted, &before);
	for (size_t i = 0; i < count; i++)
		if (sigismember(&before, signals[i]) == 0)
			sigaddset(&source->blocked, signals[i]);
	if (ret_source)
		*ret_source = source;
	return 0;
}

int rs_loop_add_defer(struct rs_loop *loop, enum rs_loop_defer_mode mode, rs_loop_defer_fn fn,
		      void *data, struct rs_loop_source **ret_source, struct rs_error *err)
{
	struct rs_loop_source *source = NULL;
	int r = source_new(loop, SOURCE_DEFER, -1, 0, data, &source);

	if (r < 0)
		return rs_error_set_errno(err, r, "deferring work");
	source->on_defer = fn;
	source->mode = mode;
	if (ret_source)
		*ret_source = source;
	return 0;
}

void rs_loop_set_defer(struct rs_loop_source *source, enum rs_loop_defer_mode mode)
{
	source->mode = mode;
}

void rs_loop_stop(struct rs_loop *loop, int code)
{
	loop->stopped = true;
	loop->code = code;
}

static int note(struct rs_loop *loop, int r)
{
	if (r < 0 && !loop->stopped)
		rs_loop_stop(loop, r);
	return 1;
}

static int dispatch_timer(struct rs_loop_source *source)
{
	uint64_t expirations;

	/* Another callback of this round may have restarted it: then nothing can be read. */
	if (read(source->fd, &expirations, sizeof(expirations)) != sizeof(expirations))
		return 0;
	return note(source->loop, source->on_timer(source->loop, expirations, source->data));
}

static int dispatch_signals(struct rs_loop_source *source)
{
	struct signalfd_siginfo info;
	int calls = 0;

	while (!source->dead && !source->loop->stopped &&
	       read(source->fd, &info, sizeof(info)) == sizeof(info))
		calls += note(source->loop, source->on_signal(source->loop, &info, source->data));
	return calls;
}

static int dispatch(const struct epoll_event *event)
{
	struct rs_loop_source *source = event->data.ptr;

	if (source->dead)
		return 0;
	if (source->kind == SOURCE_TIMER)
		return dispatch_timer(source);
	if (source->kind == SOURCE_SIGNAL)
		return dispatch_signals(source);
	return note(source->loop,
		    source->on_fd(source->loop, source->fd, event->events, source->data));
}

/* Sources added meanwhile stand before the one in hand, so they wait for the next round. */
static int run_deferred(struct rs_loop *loop, bool before_sleep)
{
	int calls = 0;

	for (struct rs_loop_source *s = loop->sources; s && !loop->stopped; s = s->next) {
		if (s->kind != SOURCE_DEFER || s->dead || s->mode == RS_LOOP_DEFER_OFF ||
		    before_sleep != (s->mode == RS_LOOP_DEFER_BEFORE))
			continue;
		if (s->mode == RS_LOOP_DEFER_ONCE)
			s->mode = RS_LOOP_DEFER_OFF;
		calls += note(loop, s->on_defer(loop, s->data));
	}
	return calls;
}

static bool has_pending(const struct rs_loop *loop)
{
	for (const struct rs_loop_source *s = loop->sources; s; s = s->next)
		if (s->kind == SOURCE_DEFER && !s->dead &&
		    (s->mode == RS_LOOP_DEFER_ONCE || s->mode == RS_LOOP_DEFER_BUSY))
			return true;
	return false;
}

/* One round, with depth held. */
static int run_round(struct rs_loop *loop, int timeout_ms)
{
	struct epoll_event events[BATCH];
	int calls, n;

	calls = run_deferred(loop, true);
	if (loop->stopped)
		return calls;
	n = epoll_wait(loop->epoll_fd, events, BATCH, has_pending(loop) ? 0 : timeout_ms);
	if (n < 0 && errno != EINTR)
		note(loop, -errno);
	for (int i = 0; i < n && !loop->stopped; i++)
		calls += dispatch(&events[i]);
	if (!loop->stopped)
		calls += run_deferred(loop, false);
	return calls;
}

int rs_loop_iterate(struct rs_loop *loop, int timeout_ms)
{
	int calls;

	loop->depth++;
	calls = run_round(loop, timeout_ms);
	loop->depth--;
	if (loop->have_dead && !loop->depth)
		sweep(loop);
	return loop->stopped && loop->code < 0 ? loop->code : calls;
}

int rs_loop_run(struct rs_loop *loop)
{
	int code;

	while (!loop->stopped)
		rs_loop_iterate(loop, -1);
	/* Ready to run again; a stop from before this call counted. */
	code = loop->code;
	loop->stopped = false;
	loop->code = 0;
	return code;
}

int rs_loop_end_by_signal(struct rs_loop *loop, const struct signalfd_siginfo *info, void *data)
{
	(void)info;
	(void)data;
	rs_loop_stop(loop, 0);
	return 0;
}

int rs_loop_end_by_timer(struct rs_loop *loop, uint64_t expirations, void *data)
{
	(void)expirations;
	(void)data;
	rs_loop_stop(loop, 0);
	return 0;
}
