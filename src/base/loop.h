/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The event loop: descriptors, timers, signals and deferred work over one epoll(7), for one
 * thread. Nothing is allocated while dispatching.
 *
 * A callback returns 0 to go on; a negative errno stops the loop and becomes the result of
 * rs_loop_run(). A callback may add and remove sources, its own too. A removed source is never
 * called again, even when its event was already fetched.
 */

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "base/error.h"

struct rs_loop;
struct rs_loop_source;

typedef int (*rs_loop_fd_fn)(struct rs_loop *loop, int fd, uint32_t events, void *data);
typedef int (*rs_loop_timer_fn)(struct rs_loop *loop, uint64_t expirations, void *data);
typedef int (*rs_loop_signal_fn)(struct rs_loop *loop, const struct signalfd_siginfo *info,
				 void *data);
typedef int (*rs_loop_defer_fn)(struct rs_loop *loop, void *data);

enum rs_loop_defer_mode {
	RS_LOOP_DEFER_OFF,
	RS_LOOP_DEFER_ONCE, /* in this round, after all descriptors, then off; does not sleep before */
	RS_LOOP_DEFER_BUSY, /* in every round, and the loop never sleeps */
	RS_LOOP_DEFER_BEFORE, /* in every round just before the loop may sleep; does not keep it awake */
};

int rs_loop_new(struct rs_loop **ret_loop, struct rs_error *err);

/* Frees the loop and every source left. Not from inside a callback. Accepts NULL; fits _cleanup_. */
void rs_loop_free(struct rs_loop **loop);

/*
 * Every add stores the source in *ret_source; NULL ret_source leaves it to live as long as the
 * loop. The descriptor stays the caller's and must outlive the source. events: EPOLLIN, EPOLLOUT,
 * EPOLLET, ... Regular files are refused with -EPERM, as epoll does.
 */
int rs_loop_add_fd(struct rs_loop *loop, int fd, uint32_t events, rs_loop_fd_fn fn, void *data,
		   struct rs_loop_source **ret_source, struct rs_error *err);

/* Changes what a descriptor's source waits for; 0 pauses it. 0 or -errno. */
int rs_loop_set_events(struct rs_loop_source *source, uint32_t events);

/* Monotonic timer: first after first_ns, then every period_ns (0 = one shot). first_ns 0 makes it
 * with the timer off. Expirations that were missed arrive as one call with their number. */
int rs_loop_add_timer(struct rs_loop *loop, uint64_t first_ns, uint64_t period_ns,
		      rs_loop_timer_fn fn, void *data, struct rs_loop_source **ret_source,
		      struct rs_error *err);

/* Restarts the timer; first_ns 0 turns it off. 0 or -errno. */
int rs_loop_set_timer(struct rs_loop_source *source, uint64_t first_ns, uint64_t period_ns);

/* Blocks the signals in the calling thread (so call it before making threads) and delivers them
 * to fn. Removing the source unblocks those it blocked. */
int rs_loop_add_signals(struct rs_loop *loop, const int *signals, size_t count,
			rs_loop_signal_fn fn, void *data, struct rs_loop_source **ret_source,
			struct rs_error *err);

/* Work without a descriptor; starts in the given mode. */
int rs_loop_add_defer(struct rs_loop *loop, enum rs_loop_defer_mode mode, rs_loop_defer_fn fn,
		      void *data, struct rs_loop_source **ret_source, struct rs_error *err);
void rs_loop_set_defer(struct rs_loop_source *source, enum rs_loop_defer_mode mode);

/* Takes a source out and frees it (after the current dispatch). Accepts NULL; fits _cleanup_. */
void rs_loop_remove(struct rs_loop_source **source);

/* Runs until rs_loop_stop() or a callback's error. Returns the code given there. */
int rs_loop_run(struct rs_loop *loop);

/* One round: waits at most timeout_ms (-1 = for ever), dispatches. Number of callbacks called, or
 * the negative code that stopped the loop. */
int rs_loop_iterate(struct rs_loop *loop, int timeout_ms);

/* Makes rs_loop_run() return code (0 or negative) after the current callback. */
void rs_loop_stop(struct rs_loop *loop, int code);

/* Callbacks for loops that a signal or the end of a time ends, with code 0 and no more to do. */
int rs_loop_end_by_signal(struct rs_loop *loop, const struct signalfd_siginfo *info, void *data);
int rs_loop_end_by_timer(struct rs_loop *loop, uint64_t expirations, void *data);
