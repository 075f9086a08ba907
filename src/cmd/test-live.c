/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/live.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

#define MS       1000000ull
#define PAGES    3
#define PATIENCE 60000 /* ms, for what always comes */

struct view {
	struct rs_live *live;
	unsigned ticks, pages;
	unsigned stop_after; /* pages */
	int fail;
	bool crash;
	char key;
};

static int on_tick(void *data, uint64_t elapsed, struct rs_error *err)
{
	struct view *view = data;

	(void)elapsed;
	view->ticks++;
	return view->fail ? rs_error_set(err, view->fail, "the numbers are gone") : 0;
}

static int on_draw(void *data, const struct rs_live_page *page, struct rs_str *out)
{
	struct view *view = data;

	if (page->last)
		return rs_str_appendf(out, "summary\n");
	if (view->crash)
		abort();
	if (++view->pages == view->stop_after)
		rs_live_stop(view->live);
	rs_str_appendf(out, "page %u %u key %c\n", page->height, page->terminal,
		       view->key ? view->key : '-');
	return rs_str_appendf(out, "second line\nthird line\n");
}

static bool on_key(void *data, char key)
{
	((struct view *)data)->key = key;
	return true;
}

static int run(struct view *view, int out, struct rs_command *command, enum rs_live_end *ret_end,
	       struct rs_error *err)
{
	struct rs_live_options options = { .interval = MS,
					   .out = out,
					   .command = command,
					   .tick = on_tick,
					   .draw = on_draw,
					   .key = on_key,
					   .data = view };
	int r = rs_live_new(&options, &view->live, err);

	if (!r)
		r = rs_live_run(view->live, ret_end, err);
	if (!r)
		r = rs_live_code(view->live, *ret_end);
	rs_live_free(&view->live);
	return r;
}

static size_t count(const char *text, const char *word)
{
	size_t n = 0;

	for (; (text = strstr(text, word)); text++)
		n++;
	return n;
}

static void test_pipe_gets_blocks(void **state)
{
	struct view view = { .stop_after = PAGES };
	enum rs_live_end end;
	char text[4096] = "";
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(run(&view, fds[1], NULL, &end, NULL), 0);
	assert_int_equal(end, RS_LIVE_END_STOPPED);
	assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
	/* What was left of the interval is a page, and there is a summary. */
	assert_int_equal(count(text, "page 0 0"), PAGES + 1);
	assert_int_equal(view.ticks, PAGES + 1);
	assert_int_equal(count(text, "summary"), 1);
	assert_null(strchr(text, '\033'));
	close(fds[0]);
	close(fds[1]);
}

static void test_reader_goes_away(void **state)
{
	struct view view = { 0 };
	enum rs_live_end end;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	assert_int_equal(run(&view, fds[1], NULL, &end, NULL), 0);
	assert_int_equal(end, RS_LIVE_END_READER);
	close(fds[1]);
}

static void test_failure_is_told(void **state)
{
	struct view view = { .fail = -EIO };
	struct rs_error err = RS_ERROR_INIT;
	enum rs_live_end end;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(run(&view, fds[1], NULL, &end, &err), -EIO);
	assert_string_equal(err.msg, "the numbers are gone");
	close(fds[0]);
	close(fds[1]);
}

static void test_command_ends_it(void **state)
{
	_cleanup_(rs_command_free) struct rs_command *command = NULL;
	struct view view = { 0 };
	enum rs_live_end end;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(rs_command_start("exit 7;", &command, NULL), 0);
	assert_int_equal(run(&view, fds[1], command, &end, NULL), 7);
	assert_int_equal(end, RS_LIVE_END_COMMAND);
	close(fds[0]);
	close(fds[1]);
}

static void test_signal_ends_it(void **state)
{
	struct view view = { 0 };
	struct rs_live_options options = { .tick = on_tick, .draw = on_draw, .data = &view };
	enum rs_live_end end;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	options.out = fds[1];
	assert_int_equal(rs_live_new(&options, &view.live, NULL), 0);
	raise(SIGINT); /* blocked, and waits to be fetched */
	assert_int_equal(rs_live_run(view.live, &end, NULL), 0);
	assert_int_equal(end, RS_LIVE_END_SIGNAL);
	assert_int_equal(rs_live_code(view.live, end), 0);
	rs_live_free(&view.live);
	assert_int_equal(view.pages, 0); /* no interval: only the last page */
	close(fds[0]);
	close(fds[1]);
}

/* --- on a terminal: a child that has one of its own --- */

struct terminal {
	int master;
	pid_t child;
	char text[1 << 16];
	size_t len;
};

static _noreturn_ void be_child(const char *name, bool crash)
{
	struct view view = { .crash = crash };
	enum rs_live_end end = 0;
	int fd;

	setsid();
	setenv("TERM", "xterm", 1);
	setenv("NO_COLOR", "1", 1);
	fd = open(name, O_RDWR); /* becomes ours */
	if (fd < 0 || dup2(fd, 0) < 0 || dup2(fd, 1) < 0)
		_exit(100);
	alarm(60);
	if (run(&view, 1, NULL, &end, NULL) < 0)
		_exit(101);
	_exit((int)end);
}

static void start(struct terminal *terminal, bool crash)
{
	struct winsize size = { .ws_col = 60, .ws_row = 3 };

	memset(terminal, 0, sizeof(*terminal));
	terminal->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(terminal->master >= 0);
	assert_int_equal(grantpt(terminal->master), 0);
	assert_int_equal(unlockpt(terminal->master), 0);
	assert_int_equal(ioctl(terminal->master, TIOCSWINSZ, &size), 0);
	terminal->child = fork();
	if (!terminal->child)
		be_child(ptsname(terminal->master), crash);
	assert_true(terminal->child > 0);
}

static void wait_for(struct terminal *terminal, const char *text)
{
	struct pollfd fd = { .fd = terminal->master, .events = POLLIN };

	while (!strstr(terminal->text, text)) {
		ssize_t n;

		assert_int_equal(poll(&fd, 1, PATIENCE), 1);
		if (terminal->len > sizeof(terminal->text) / 2)
			terminal->len = 0; /* only what comes now counts */
		n = read(terminal->master, terminal->text + terminal->len,
			 sizeof(terminal->text) / 2 - 1);
		assert_true(n > 0);
		terminal->len += (size_t)n;
		terminal->text[terminal->len] = '\0';
	}
}

static void type(struct terminal *terminal, const char *keys)
{
	terminal->len = 0;
	terminal->text[0] = '\0';
	assert_int_equal(write(terminal->master, keys, strlen(keys)), strlen(keys));
}

static int end_of(struct terminal *terminal)
{
	int status;

	assert_int_equal(waitpid(terminal->child, &status, 0), terminal->child);
	close(terminal->master);
	return status;
}

static void test_terminal_is_given_back(void **state)
{
	static struct terminal terminal;
	struct termios modes;

	(void)state;
	start(&terminal, false);
	wait_for(&terminal, "\033[?1049h");
	wait_for(&terminal, "page 3 1");
	assert_int_equal(tcgetattr(terminal.master, &modes), 0);
	assert_false(modes.c_lflag & ICANON);
	type(&terminal, "x");
	wait_for(&terminal, "key x");
	type(&terminal, "p");
	wait_for(&terminal, "page 2 1");
	wait_for(&terminal, "held still");
	type(&terminal, "p");
	wait_for(&terminal, "page 3 1");
	type(&terminal, "q");
	wait_for(&terminal, "\033[?1049l");
	wait_for(&terminal, "summary");
	assert_int_equal(tcgetattr(terminal.master, &modes), 0);
	assert_true(modes.c_lflag & ICANON);
	assert_int_equal(end_of(&terminal), RS_LIVE_END_KEY << 8);
}

static void test_terminal_size_changes(void **state)
{
	static struct terminal terminal;
	struct winsize size = { .ws_col = 60, .ws_row = 7 };

	(void)state;
	start(&terminal, false);
	wait_for(&terminal, "page 3 1");
	assert_int_equal(ioctl(terminal.master, TIOCSWINSZ, &size), 0);
	wait_for(&terminal, "page 7 1");
	type(&terminal, "\003"); /* Ctrl-C */
	wait_for(&terminal, "summary");
	assert_int_equal(end_of(&terminal), RS_LIVE_END_SIGNAL << 8);
}

static void test_terminal_after_a_crash(void **state)
{
	static struct terminal terminal;
	struct termios modes;
	int status;

	(void)state;
	start(&terminal, true);
	wait_for(&terminal, "\033[?1049l");
	assert_int_equal(waitpid(terminal.child, &status, 0), terminal.child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_int_equal(tcgetattr(terminal.master, &modes), 0);
	assert_true(modes.c_lflag & ICANON);
	close(terminal.master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipe_gets_blocks),
		cmocka_unit_test(test_reader_goes_away),
		cmocka_unit_test(test_failure_is_told),
		cmocka_unit_test(test_command_ends_it),
		cmocka_unit_test(test_signal_ends_it),
		cmocka_unit_test(test_terminal_is_given_back),
		cmocka_unit_test(test_terminal_size_changes),
		cmocka_unit_test(test_terminal_after_a_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
