/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/units.h"

/* Long enough for the slowest machine; only a failing test waits that long. */
#define DEADLINE_NS (20 * RS_NSEC_PER_SEC)

struct fixture {
	struct rs_loop *loop;
	struct rs_loop_source *a, *b;
	int pipe[2];
	unsigned calls;
	uint64_t ticks;
	int order[8];
};

static int on_deadline(struct rs_loop *loop, uint64_t expirations, void *data)
{
	(void)loop;
	(void)expirations;
	(void)data;
	return -ETIME;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	if (rs_loop_new(&f->loop, NULL) < 0 || pipe2(f->pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	return rs_loop_add_timer(f->loop, DEADLINE_NS, 0, on_deadline, NULL, NULL, NULL);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	rs_loop_free(&f->loop);
	rs_loop_free(&f->loop);
	close(f->pipe[0]);
	close(f->pipe[1]);
	free(f);
	return 0;
}

static int on_readable(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	struct fixture *f = data;
	char c;

	assert_true(events & EPOLLIN);
	assert_int_equal(read(fd, &c, 1), 1);
	f->calls++;
	if (c == 'q')
		rs_loop_stop(loop, 0);
	return c == 'e' ? -EPROTO : 0;
}

static void test_fd(void **state)
{
	struct fixture *f = *state;
	struct rs_error err = RS_ERROR_INIT;

	assert_int_equal(rs_loop_add_fd(f->loop, f->pipe[0], EPOLLIN, on_readable, f, &f->a, &err),
			 0);
	assert_int_equal(rs_loop_iterate(f->loop, 0), 0);
	assert_int_equal(write(f->pipe[1], "xyq", 3), 3);
	assert_int_equal(rs_loop_run(f->loop), 0);
	assert_int_equal(f->calls, 3);
	assert_int_equal(write(f->pipe[1], "ee", 2), 2);
	assert_int_equal(rs_loop_run(f->loop), -EPROTO);
	assert_int_equal(rs_loop_iterate(f->loop, 0), -EPROTO);
	/* paused: nothing comes */
	assert_int_equal(write(f->pipe[1], "x", 1), 1);
	assert_int_equal(rs_loop_set_events(f->a, 0), 0);
	f->calls = 0;
	rs_loop_remove(&f->a);
	assert_null(f->a);
	rs_loop_remove(&f->a);
	assert_int_equal(rs_loop_add_fd(f->loop, -1, EPOLLIN, on_readable, f, NULL, &err), -EBADF);
	assert_int_equal(f->calls, 0);
}

static void test_regular_file(void **state)
{
	struct fixture *f = *state;
	_cleanup_(rs_cleanup_close) int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_int_equal(rs_loop_add_fd(f->loop, fd, EPOLLIN, on_readable, f, &f->a, NULL), -EPERM);
	assert_null(f->a);
}

static void test_stop_before_run(void **state)
{
	struct fixture *f = *state;

	rs_loop_stop(f->loop, -EINTR);
	assert_int_equal(rs_loop_run(f->loop), -EINTR);
}

static int on_tick(struct rs_loop *loop, uint64_t expirations, void *data)
{
	struct fixture *f = data;

	f->calls++;
	f->ticks += expirations;
	if (f->ticks >= 3)
		rs_loop_stop(loop, 0);
	return 0;
}

static void test_periodic(void **state)
{
	struct fixture *f = *state;
	uint64_t start = rs_clock_mono();

	assert_int_equal(
		rs_loop_add_timer(f->loop, 1000, 2 * RS_NSEC_PER_MSEC, on_tick, f, &f->a, NULL), 0);
	assert_int_equal(rs_loop_run(f->loop), 0);
	assert_true(f->ticks >= 3);
	assert_true(rs_clock_mono() - start >= 4 * RS_NSEC_PER_MSEC);
	assert_int_equal(rs_loop_set_timer(f->a, 0, 0), 0);
	f->calls = 0;
	assert_int_equal(rs_loop_iterate(f->loop, 5), 0);
	assert_int_equal(f->calls, 0);
}

static int on_once(struct rs_loop *loop, uint64_t expirations, void *data)
{
	struct fixture *f = data;

	assert_int_equal(expirations, 1);
	f->calls++;
	rs_loop_remove(&f->a); /* from its own callback */
	rs_loop_stop(loop, 0);
	return 0;
}

static void test_one_shot(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(rs_loop_add_timer(f->loop, 0, 0, on_once, f, &f->a, NULL), 0);
	assert_int_equal(rs_loop_iterate(f->loop, 1), 0);
	assert_int_equal(rs_loop_set_timer(f->a, 1, 0), 0);
	assert_int_equal(rs_loop_run(f->loop), 0);
	assert_int_equal(f->calls, 1);
	assert_null(f->a);
}

/* Two sources ready in one round; the first to run removes the other. */
static int on_rival(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	struct fixture *f = data;

	(void)loop;
	(void)fd;
	(void)events;
	f->calls++;
	rs_loop_remove(&f->a);
	rs_loop_remove(&f->b);
	return 0;
}

static void test_remove_other(void **state)
{
	struct fixture *f = *state;
	_cleanup_(rs_cleanup_close) int copy = dup(f->pipe[1]);

	assert_int_equal(rs_loop_add_fd(f->loop, f->pipe[1], EPOLLOUT, on_rival, f, &f->a, NULL),
			 0);
	assert_int_equal(rs_loop_add_fd(f->loop, copy, EPOLLOUT, on_rival, f, &f->b, NULL), 0);
	assert_int_equal(rs_loop_iterate(f->loop, -1), 1);
	assert_int_equal(f->calls, 1);
	assert_int_equal(rs_loop_iterate(f->loop, 0), 0);
}

static int on_signal(struct rs_loop *loop, const struct signalfd_siginfo *info, void *data)
{
	struct fixture *f = data;

	f->order[f->calls++] = (int)info->ssi_signo;
	if (f->calls == 2)
		rs_loop_stop(loop, 0);
	return 0;
}

static void test_signals(void **state)
{
	static const int signals[] = { SIGUSR1, SIGUSR2 };
	struct fixture *f = *state;
	sigset_t mask;

	assert_int_equal(rs_loop_add_signals(f->loop, signals, ARRAY_SIZE(signals), on_signal, f,
					     &f->a, NULL),
			 0);
	raise(SIGUSR1);
	raise(SIGUSR2);
	assert_int_equal(rs_loop_run(f->loop), 0);
	assert_int_equal(f->order[0], SIGUSR1);
	assert_int_equal(f->order[1], SIGUSR2);
	rs_loop_remove(&f->a);
	sigprocmask(SIG_BLOCK, NULL, &mask);
	assert_int_equal(sigismember(&mask, SIGUSR1), 0);
}

/* Signals that were blocked before stay so. */
static void test_signals_blocked_before(void **state)
{
	static const int signals[] = { SIGUSR1 };
	struct fixture *f = *state;
	sigset_t mask, before;

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigprocmask(SIG_BLOCK, &mask, &before);
	assert_int_equal(rs_loop_add_signals(f->loop, signals, 1, on_signal, f, &f->a, NULL), 0);
	rs_loop_remove(&f->a);
	sigprocmask(SIG_BLOCK, NULL, &mask);
	assert_int_equal(sigismember(&mask, SIGUSR1), 1);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static int on_defer(struct rs_loop *loop, void *data)
{
	struct fixture *f = data;

	if (++f->calls == 3)
		rs_loop_stop(loop, 0);
	return 0;
}

static void test_defer(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(rs_loop_add_defer(f->loop, RS_LOOP_DEFER_ONCE, on_defer, f, &f->a, NULL),
			 0);
	assert_int_equal(rs_loop_iterate(f->loop, -1), 1); /* does not sleep */
	assert_int_equal(rs_loop_iterate(f->loop, 0), 0);
	rs_loop_set_defer(f->a, RS_LOOP_DEFER_BEFORE);
	assert_int_equal(rs_loop_iterate(f->loop, 1), 1);
	rs_loop_set_defer(f->a, RS_LOOP_DEFER_OFF);
	assert_int_equal(rs_loop_iterate(f->loop, 0), 0);
	f->calls = 0;
	rs_loop_set_defer(f->a, RS_LOOP_DEFER_BUSY);
	assert_int_equal(rs_loop_run(f->loop), 0);
	assert_int_equal(f->calls, 3);
	rs_loop_remove(&f->a);
	assert_int_equal(rs_loop_iterate(f->loop, 0), 0);
}

static int on_add(struct rs_loop *loop, void *data)
{
	struct fixture *f = data;

	f->calls++;
	rs_loop_remove(&f->a);
	return rs_loop_add_defer(loop, RS_LOOP_DEFER_ONCE, on_defer, f, &f->b, NULL);
}

static void test_add_while_running(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(rs_loop_add_defer(f->loop, RS_LOOP_DEFER_ONCE, on_add, f, &f->a, NULL), 0);
	assert_int_equal(rs_loop_iterate(f->loop, 0), 1);
	assert_int_equal(rs_loop_iterate(f->loop, -1), 1);
	assert_int_equal(f->calls, 2);
}

#define loop_test(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		loop_test(test_fd),
		loop_test(test_regular_file),
		loop_test(test_stop_before_run),
		loop_test(test_periodic),
		loop_test(test_one_shot),
		loop_test(test_remove_other),
		loop_test(test_signals),
		loop_test(test_signals_blocked_before),
		loop_test(test_defer),
		loop_test(test_add_while_running),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
