/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/live.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/term.h"
#include "cmd/screen.h"

struct rs_live {
	struct rs_live_options options;
	struct rs_loop *loop;
	struct rs_loop_source *signals;
	struct rs_str text;
	struct rs_error err; /* of a callback that ended the run */
	enum rs_live_end end;
	int signal;
	int code; /* the command's; -1: it has not ended */
	bool in_place;
	bool had_terminal;
	bool paused;
	bool drawn;
	uint64_t ticked; /* monotonic ns */
};

static int finish(struct rs_live *live, enum rs_live_end end)
{
	live->end = end;
	rs_loop_stop(live->loop, 0);
	return 0;
}

static int failed(struct rs_live *live, int r, const char *doing)
{
	if (!live->err.code)
		rs_error_set_errno(&live->err, r, "%s", doing);
	return r;
}

/* --- pages --- */

static int write_text(struct rs_live *live, bool last, unsigned height)
{
	const struct rs_str *text = &live->text;
	int r;

	if (text->error)
		return failed(live, text->error, "drawing");
	if (!text->len)
		return 0;
	r = live->in_place && !last ? rs_screen_show(live->options.out, text, height)
				    : rs_fd_write_all(live->options.out, text->data, text->len);
	if (r == -EPIPE)
		return finish(live, RS_LIVE_END_READER);
	return r < 0 ? failed(live, r, "writing the output") : 0;
}

static void cut_lines(struct rs_str *text, unsigned max)
{
	size_t at = 0;

	for (; at < text->len && max; at++)
		max -= text->data[at] == '\n';
	rs_str_truncate(text, at);
}

static int draw(struct rs_live *live, bool last)
{
	const struct rs_live_options *o = &live->options;
	struct rs_live_page page = { .width = RS_TERM_WIDTH_MAX,
				     .color = !o->no_color &&
					      rs_term_use_color(o->out, RS_TERM_COLOR_AUTO),
				     .terminal = live->in_place && !last,
				     .last = last };
	int r;

	if (rs_term_is_tty(o->out))
		rs_screen_size(o->out, &page.width, &page.height);
	if (!page.terminal)
		page.height = 0;
	if (page.height > 1 && live->paused)
		page.height--; /* for the line that says so */
	rs_str_reset(&live->text);
	r = o->draw(o->data, &page, &live->text);
	if (r < 0)
		return failed(live, r, "drawing");
	if (live->paused && page.terminal) {
		cut_lines(&live->text, page.height);
		rs_str_appendf(&live->text, "%sheld still: p goes on, q ends%s",
			       rs_term_style(page.color, RS_TERM_BOLD),
			       rs_term_style(page.color, RS_TERM_RESET));
	}
	return write_text(live, last, page.height + live->paused);
}

static int tick(struct rs_live *live)
{
	uint64_t now = rs_clock_mono(), elapsed = now - live->ticked;
	int r;

	live->ticked = now;
	r = live->options.tick(live->options.data, elapsed, &live->err);
	return r < 0 ? failed(live, r, "taking the numbers") : 0;
}

static int on_interval(struct rs_loop *loop, uint64_t expirations, void *data)
{
	struct rs_live *live = data;
	int r = tick(live);

	(void)loop;
	(void)expirations;
	live->drawn = true;
	return r < 0 || live->paused ? r : draw(live, false);
}

/* --- what ends it, and keys --- */

static int on_duration(struct rs_loop *loop, uint64_t expirations, void *data)
{
	(void)loop;
	(void)expirations;
	return finish(data, RS_LIVE_END_DURATION);
}

static int on_command(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	struct rs_live *live = data;

	(void)loop;
	(void)fd;
	(void)events;
	live->code = rs_command_code(live->options.command);
	return finish(live, RS_LIVE_END_COMMAND);
}

/* The other end of a pipe was closed, or the terminal hung up. */
static int on_reader_gone(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	(void)loop;
	(void)fd;
	return events & (EPOLLERR | EPOLLHUP) ? finish(data, RS_LIVE_END_READER) : 0;
}

/* Ctrl-Z: the terminal is the shell's until we go on. */
static int suspend(struct rs_live *live)
{
	rs_screen_leave();
	raise(SIGSTOP);
	if (rs_screen_enter(live->options.out, true) < 0)
		return finish(live, RS_LIVE_END_TERMINAL);
	return live->drawn ? draw(live, false) : 0;
}

static int on_signal(struct rs_loop *loop, const struct signalfd_siginfo *info, void *data)
{
	struct rs_live *live = data;
	int signal = (int)info->ssi_signo;

	(void)loop;
	if (signal == SIGWINCH)
		return live->in_place && live->drawn ? draw(live, false) : 0;
	if (signal == SIGTSTP)
		return suspend(live);
	/* The terminal sends ^C to our command as well; a kill(1) reaches only us. */
	if (live->options.command && info->ssi_code != SI_KERNEL)
		rs_command_signal(live->options.command, signal);
	live->signal = signal;
	return finish(live, signal == SIGHUP ? RS_LIVE_END_TERMINAL : RS_LIVE_END_SIGNAL);
}

static int on_key(struct rs_live *live, char key)
{
	const struct rs_live_options *o = &live->options;
	bool again = false;

	if (key == 'q' || key == 'Q')
		return finish(live, RS_LIVE_END_KEY);
	if (key == 'p' || key == 'P' || key == ' ') {
		live->paused = !live->paused;
		again = true;
	} else if (o->key) {
		again = o->key(o->data, key);
	}
	return again && live->drawn ? draw(live, false) : 0;
}

static int on_keys(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	struct rs_live *live = data;
	char keys[64];
	ssize_t n = read(fd, keys, sizeof(keys));
	int r = 0;

	(void)loop;
	(void)events;
	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN)
			       ? 0
			       : finish(live, RS_LIVE_END_TERMINAL);
	/* Arrows and the like come as sequences, which mean nothing here. */
	for (ssize_t i = 0; i < n && keys[i] != '\033' && !r; i++)
		r = on_key(live, keys[i]);
	return r;
}

/* --- making and running --- */

static bool is_ignored(int signal)
{
	struct sigaction action;

	return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static int take_signals(struct rs_live *live, struct rs_error *err)
{
	int signals[5] = { SIGINT, SIGTERM, SIGWINCH };
	size_t n = 3;

	/* Blocked signals arrive even where they are ignored, as nohup(1) has it. */
	if (!is_ignored(SIGHUP))
		signals[n++] = SIGHUP;
	if (live->in_place)
		signals[n++] = SIGTSTP;
	return rs_loop_add_signals(live->loop, signals, n, on_signal, live, &live->signals, err);
}

/* What can not be waited for (files) is never closed by a reader. */
static void watch_reader(struct rs_live *live)
{
	rs_loop_add_fd(live->loop, live->options.out, 0, on_reader_gone, live, NULL, NULL);
}

int rs_live_new(const struct rs_live_options *options, struct rs_live **ret_live,
		struct rs_error *err)
{
	_cleanup_(rs_live_free) struct rs_live *live = calloc(1, sizeof(*live));
	int r;

	if (!live)
		return rs_error_set_errno(err, -ENOMEM, "drawing");
	live->options = *options;
	live->code = -1;
	/* A command of ours draws on the terminal itself. */
	live->in_place = !options->plain && options->interval && !options->command &&
			 rs_screen_is_there(options->out);
	r = rs_loop_new(&live->loop, err);
	if (!r)
		r = take_signals(live, err);
	if (r < 0)
		return r;
	*ret_live = TAKE_PTR(live);
	return 0;
}

void rs_live_free(struct rs_live **live)
{
	struct rs_live *l = TAKE_PTR(*live);

	if (!l)
		return;
	rs_screen_leave();
	rs_loop_free(&l->loop);
	rs_str_done(&l->text);
	free(l);
}

struct rs_loop *rs_live_loop(struct rs_live *live)
{
	return live->loop;
}

void rs_live_stop(struct rs_live *live)
{
	finish(live, RS_LIVE_END_STOPPED);
}

bool rs_live_in_place(const struct rs_live *live)
{
	return live->in_place;
}

static int add_sources(struct rs_live *live, struct rs_error *err)
{
	const struct rs_live_options *o = &live->options;
	int r = 0;

	if (o->interval)
		r = rs_loop_add_timer(live->loop, o->interval, o->interval, on_interval, live, NULL,
				      err);
	if (!r && o->duration)
		r = rs_loop_add_timer(live->loop, o->duration, 0, on_duration, live, NULL, err);
	if (!r && o->command)
		r = rs_loop_add_fd(live->loop, rs_command_fd(o->command), EPOLLIN, on_command, live,
				   NULL, err);
	if (!r && live->in_place && rs_term_is_tty(STDIN_FILENO))
		r = rs_loop_add_fd(live->loop, STDIN_FILENO, EPOLLIN, on_keys, live, NULL, err);
	if (!r)
		watch_reader(live);
	return r;
}

/* From the end of the run on: the screen is given back first, so that whatever happens then is seen. */
static int wind_up(struct rs_live *live)
{
	int r;

	rs_screen_leave();
	rs_loop_remove(&live->signals); /* a second Ctrl-C ends us at once */
	if (live->end == RS_LIVE_END_READER || live->end == RS_LIVE_END_TERMINAL)
		return 0;
	r = tick(live);
	if (!r && !live->in_place && live->options.interval)
		r = draw(live, false);
	return r ? r : draw(live, true);
}

int rs_live_run(struct rs_live *live, enum rs_live_end *ret_end, struct rs_error *err)
{
	const struct rs_live_options *o = &live->options;
	int r;

	r = add_sources(live, err);
	if (!r && o->command)
		r = rs_command_release(o->command, err);
	if (r < 0)
		return r;
	if (live->in_place && rs_screen_enter(o->out, true) < 0)
		live->in_place = false;
	live->ticked = rs_clock_mono();
	r = rs_loop_run(live->loop);
	if (!r)
		r = wind_up(live);
	rs_screen_leave();
	if (r < 0) {
		if (live->err.code && err)
			*err = live->err;
		return r;
	}
	*ret_end = live->end;
	return 0;
}

int rs_live_code(const struct rs_live *live, enum rs_live_end end)
{
	if (!live->options.command)
		return 0;
	if (end == RS_LIVE_END_COMMAND)
		return live->code < 0 ? 0 : live->code;
	return end == RS_LIVE_END_SIGNAL || end == RS_LIVE_END_TERMINAL ? 128 + live->signal : 0;
}
