/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/screen.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "base/fd.h"
#include "base/term.h"

/* Alternate screen, lines that do not wrap, no cursor; and back. */
#define ENTER "\033[?1049h\033[?7l\033[?25l"
#define LEAVE "\033[?25h\033[?7h\033[?1049l"

#define HEIGHT_DEFAULT 24

/* What a handler of signals needs has to be in static memory. */
static struct {
	volatile sig_atomic_t entered, has_modes;
	int out;
	struct termios modes; /* of standard input */
} screen;

static const int fatal[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGQUIT };
static struct sigaction before[ARRAY_SIZE(fatal)];

bool rs_screen_is_there(int out)
{
	const char *term = getenv("TERM");

	if (!rs_term_is_tty(out) || !term || !*term || !strcmp(term, "dumb"))
		return false;
	/* In the background, writing is allowed and changing the terminal stops us. */
	return tcgetpgrp(out) == getpgrp();
}

void rs_screen_size(int out, unsigned *ret_width, unsigned *ret_height)
{
	struct winsize size = { 0 };

	*ret_width = rs_term_width(out);
	*ret_height = ioctl(out, TIOCGWINSZ, &size) == 0 && size.ws_row ? size.ws_row
									: HEIGHT_DEFAULT;
}

/* May run in a handler of signals. */
static void restore(void)
{
	if (screen.entered) {
		screen.entered = 0;
		if (write(screen.out, LEAVE, strlen(LEAVE)) < 0)
			return; /* it went away, and nothing is to restore */
	}
	if (screen.has_modes) {
		screen.has_modes = 0;
		tcsetattr(STDIN_FILENO, TCSANOW, &screen.modes);
	}
}

static void on_fatal(int signal)
{
	restore();
	for (size_t i = 0; i < ARRAY_SIZE(fatal); i++)
		if (fatal[i] == signal)
			sigaction(signal, &before[i], NULL);
	raise(signal); /* arrives when we return, at whoever was there before */
}

static void catch_fatal(void)
{
	struct sigaction action = { .sa_handler = on_fatal };

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < ARRAY_SIZE(fatal); i++)
		sigaction(fatal[i], &action, &before[i]);
}

static void take_keys(void)
{
	struct termios modes;

	if (!rs_term_is_tty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &screen.modes) < 0)
		return;
	modes = screen.modes;
	modes.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	modes.c_cc[VMIN] = 1;
	modes.c_cc[VTIME] = 0;
	screen.has_modes = 1;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &modes) < 0)
		screen.has_modes = 0;
}

int rs_screen_enter(int out, bool keys)
{
	int r;

	if (screen.entered)
		return -EBUSY;
	screen.out = out;
	catch_fatal();
	if (keys)
		take_keys();
	screen.entered = 1;
	r = rs_fd_write_all(out, ENTER, strlen(ENTER));
	if (r < 0)
		rs_screen_leave();
	return r;
}

void rs_screen_leave(void)
{
	if (!screen.entered)
		return;
	restore();
	for (size_t i = 0; i < ARRAY_SIZE(fatal); i++)
		sigaction(fatal[i], &before[i], NULL);
}

int rs_screen_show(int out, const struct rs_str *text, unsigned height)
{
	_cleanup_(rs_str_done) struct rs_str page = RS_STR_INIT(0);
	const char *at = text->data, *end = at + text->len;
	unsigned line = 0;

	rs_str_append_cstr(&page, "\033[H");
	for (; at && at < end && line < height; line++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((stop ? stop : end) - at);

		if (line)
			rs_str_append_cstr(&page, "\r\n");
		/* First, for behind a line as wide as the terminal it would be its last column that is erased. */
		rs_str_append_cstr(&page, "\033[0m\033[K");
		rs_str_append(&page, at, n);
		at += n + 1;
	}
	rs_str_append_cstr(&page, line ? "\033[0m" : "\033[J");
	if (line && line < height)
		rs_str_append_cstr(&page, "\r\n\033[J");
	return page.error ? page.error : rs_fd_write_all(out, page.data, page.len);
}
