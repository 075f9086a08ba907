/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket over real sockets: the server runs in a loop that the test turns by hand, or,
 * for the blocking client, in a process of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "agent/control-wire.h"
#include "agent/control.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/test-scratch.h"
#include "base/units.h"

#define PATIENCE_NS (20 * RS_NSEC_PER_SEC) /* for what must happen */
#define SOCKET      "run/control.sock"

/* --- the commands that are served --- */

static int run_echo(void *data, const struct rs_json_value *request, struct rs_json *result,
		    struct rs_error *err)
{
	(void)data;
	(void)err;
	rs_json_u64(result, rs_json_get_u64(request, "n", 0));
	return 0;
}

static int run_fail(void *data, const struct rs_json_value *request, struct rs_json *result,
		    struct rs_error *err)
{
	(void)data;
	(void)request;
	rs_json_cstr(result, "half a result");
	rs_error_set(err, -ENOENT, "no such \"thing\"");
	rs_error_hint(err, "look elsewhere");
	return -ENOENT;
}

/* A string of "size" bytes. */
static int run_large(void *data, const struct rs_json_value *request, struct rs_json *result,
		     struct rs_error *err)
{
	size_t n = rs_json_get_u64(request, "size", 0);
	_cleanup_(rs_cleanup_free) char *text = calloc(1, n + 1);

	(void)data;
	(void)err;
	memset(text, 'x', n);
	rs_json_string(result, text, n);
	return 0;
}

static const struct rs_control_command commands[] = {
	{ "echo", run_echo },
	{ "fail", run_fail },
	{ "large", run_large },
	{ NULL, NULL },
};

/* --- a server and its clients --- */

static struct rs_loop *loop;
static struct rs_control *control;

static void serve(uint64_t deadline_ns)
{
	struct rs_control_options options = {
		.path = SOCKET,
		.commands = commands,
		.deadline_ns = deadline_ns,
	};
	struct rs_error err = RS_ERROR_INIT;

	assert_int_equal(rs_loop_new(&loop, NULL), 0);
	if (rs_control_open(loop, &options, &control, &err) < 0)
		fail_msg("%s", err.msg);
}

static struct rs_control_counts counts(void)
{
	struct rs_control_counts c;

	rs_control_counts(control, &c);
	return c;
}

static int connect_client(const char *path)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address;

	assert_int_equal(rs_control_address(path, &address, NULL), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* What the client gets, up to @lines newlines or the server's end; the loop turns meanwhile. */
static const char *receive(int fd, size_t lines)
{
	static struct rs_str got;
	uint64_t deadline = rs_clock_mono() + PATIENCE_NS;
	size_t scanned = 0;

	rs_str_reset(&got);
	while (lines && rs_clock_mono() < deadline) {
		ssize_t n;

		rs_loop_iterate(loop, 1);
		assert_int_equal(rs_str_reserve(&got, 65536), 0);
		n = recv(fd, got.data + got.len, 65536, 0);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			return rs_str_cstr(&got);
		got.len += n > 0 ? (size_t)n : 0;
		for (; scanned < got.len; scanned++)
			lines -= got.data[scanned] == '\n' && lines;
	}
	assert_int_equal(lines, 0);
	return rs_str_cstr(&got);
}

static void send_text(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static const char *ask(int fd, const char *request)
{
	send_text(fd, request);
	return receive(fd, 1);
}

/* Turns the loop until nobody is connected. */
static void wait_for_nobody(void)
{
	uint64_t deadline = rs_clock_mono() + PATIENCE_NS;

	while (counts().clients && rs_clock_mono() < deadline)
		rs_loop_iterate(loop, 10);
	assert_int_equal(counts().clients, 0);
}

static int leave(void **state)
{
	rs_control_close(&control);
	rs_loop_free(&loop);
	return scratch_leave(state);
}

#define control_test(fn) cmocka_unit_test_setup_teardown(fn, scratch_enter, leave)

/* --- the name --- */

static void test_name(void **state)
{
	mode_t mask = umask(0);
	struct stat st;

	(void)state;
	serve(0);
	umask(mask);
	assert_int_equal(stat("run", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(SOCKET, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
	rs_control_close(&control);
	assert_int_equal(stat(SOCKET, &st), -1);
}

static void expect_refusal(const char *path, int code, const char *part)
{
	struct rs_control_options options = { .path = path, .commands = commands };
	struct rs_control *other = NULL;
	struct rs_error err = RS_ERROR_INIT;

	assert_int_equal(rs_control_open(loop, &options, &other, &err), code);
	assert_null(other);
	if (!strstr(err.msg, part))
		fail_msg("no \"%s\" in \"%s\"", part, err.msg);
}

static void test_name_taken(void **state)
{
	char longer[200];
	struct stat st;

	(void)state;
	serve(0);
	expect_refusal(SOCKET, -EADDRINUSE,
		       "opening the control socket: another agent serves \"" SOCKET "\"");
	assert_int_equal(stat(SOCKET, &st), 0);
	assert_int_equal(rs_fd_replace_file("file", "x", 1, 0600, NULL), 0);
	expect_refusal("file", -ENOTSOCK, "\"file\" is in the way: it is not a socket");
	assert_int_equal(stat("file", &st), 0);
	assert_int_equal(symlink("file", "link"), 0);
	expect_refusal("link", -ENOTSOCK, "\"link\" is in the way");
	expect_refusal("file/x", -ENOTDIR, "file");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	expect_refusal(longer, -ENAMETOOLONG, "199 bytes, and 107 are the most");
}

/* An agent that was killed leaves its socket. */
static void test_stale(void **state)
{
	_cleanup_(rs_cleanup_close) int dead = -1;
	_cleanup_(rs_cleanup_close) int fd = -1;
	struct sockaddr_un address;

	(void)state;
	assert_int_equal(mkdir("run", 0700), 0);
	rs_control_address(SOCKET, &address, NULL);
	dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(dead, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(dead, 1), 0);
	rs_cleanup_close(&dead);
	serve(0);
	fd = connect_client(SOCKET);
	assert_string_equal(ask(fd, "{\"command\":\"echo\",\"n\":1}\n"),
			    "{\"ok\":true,\"result\":1}\n");
}

/* Somebody else has put another file there meanwhile: it is not ours to remove. */
static void test_name_replaced(void **state)
{
	struct stat st;

	(void)state;
	serve(0);
	assert_int_equal(unlink(SOCKET), 0);
	assert_int_equal(rs_fd_replace_file(SOCKET, "x", 1, 0600, NULL), 0);
	rs_control_close(&control);
	assert_int_equal(stat(SOCKET, &st), 0);
}

/* --- talking --- */

static void test_requests(void **state)
{
	_cleanup_(rs_cleanup_close) int fd = -1;
	static const char split[] = "{\"command\":\"echo\",\"n\":18446744073709551615}\n";

	(void)state;
	serve(0);
	fd = connect_client(SOCKET);
	assert_string_equal(ask(fd, "{\"command\":\"echo\",\"n\":7}\n"),
			    "{\"ok\":true,\"result\":7}\n");
	for (size_t i = 0; i < sizeof(split) - 2; i++) {
		assert_int_equal(send(fd, split + i, 1, 0), 1);
		rs_loop_iterate(loop, 0);
	}
	assert_string_equal(ask(fd, "\n"), "{\"ok\":true,\"result\":18446744073709551615}\n");
	assert_int_equal(counts().requests, 2);
	assert_int_equal(counts().failed, 0);
	assert_int_equal(counts().accepted, 1);
}

/* Far more in one piece than one turn answers: all, and in order. */
static void test_many_at_once(void **state)
{
	_cleanup_(rs_cleanup_close) int fd = -1;
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0), want = RS_STR_INIT(0);

	(void)state;
	serve(0);
	fd = connect_client(SOCKET);
	for (unsigned i = 0; i < 500; i++) {
		rs_str_appendf(&text, "{\"command\":\"echo\",\"n\":%u}\n", i);
		rs_str_appendf(&want, "{\"ok\":true,\"result\":%u}\n", i);
	}
	send_text(fd, rs_str_cstr(&text));
	assert_string_equal(receive(fd, 500), rs_str_cstr(&want));
}

static void test_hostile_requests(void **state)
{
	static const char *const pairs[][2] = {
		{ "", "\"code\":\"EINVAL\"" },
		{ "x", "line 1, column 1" },
		{ "{\"command\":", "\"code\":\"EINVAL\"" },
		{ "{\"command\":\"echo\"}}", "\"code\":\"EINVAL\"" },
		{ "[]", "a request is a JSON object" },
		{ "\"echo\"", "a request is a JSON object" },
		{ "{}", "the request names no \\\"command\\\"" },
		{ "{\"command\":1}", "the request names no \\\"command\\\"" },
		{ "{\"command\":\"eco\"}",
		  "unknown command \\\"eco\\\" (did you mean \\\"echo\\\"?)" },
		{ "{\"command\":\"\\u0000echo\"}", "unknown command \\\"\\\"" },
		{ "{\"command\":\"\\u001b[2J\"}", "unknown command \\\"\\u001b[2J\\\"" },
		{ "\xff\xfe", "\"ok\":false" },
		{ "{\"command\":\"fail\"}",
		  "{\"ok\":false,\"error\":{\"code\":\"ENOENT\",\"message\":\"no such "
		  "\\\"thing\\\"\",\"hint\":\"look elsewhere\"}}\n" },
		{ "{\"command\":\"large\",\"size\":2000000}", "\"code\":\"ENOBUFS\"" },
	};
	_cleanup_(rs_cleanup_close) int fd = -1;

	(void)state;
	serve(0);
	fd = connect_client(SOCKET);
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		const char *reply;

		send_text(fd, pairs[i][0]);
		reply = ask(fd, "\n");
		if (!strstr(reply, pairs[i][1]) || !strstr(reply, "\"ok\":false"))
			fail_msg("%s\n%s", pairs[i][0], reply);
	}
	assert_int_equal(counts().failed, ARRAY_SIZE(pairs));
	/* All this did no harm. */
	assert_string_equal(ask(fd, "{\"command\":\"echo\"}\n"), "{\"ok\":true,\"result\":0}\n");
}

static void test_deep_request(void **state)
{
	_cleanup_(rs_cleanup_close) int fd = -1;
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);

	(void)state;
	serve(0);
	fd = connect_client(SOCKET);
	rs_str_append_fill(&text, '[', 60000);
	rs_str_append_char(&text, '\n');
	send_text(fd, rs_str_cstr(&text));
	assert_non_null(strstr(receive(fd, 1), "\"code\":\"E2BIG\""));
}

/* Sends as much as the server takes; the loop turns meanwhile. */
static void send_turning(int fd, const char *text, size_t n)
{
	uint64_t deadline = rs_clock_mono() + PATIENCE_NS;

	while (n && rs_clock_mono() < deadline) {
		ssize_t k = send(fd, text, n, MSG_NOSIGNAL);

		if (k < 0 && errno != EAGAIN)
			return;
		text += k > 0 ? k : 0;
		n -= k > 0 ? (size_t)k : 0;
		rs_loop_iterate(loop, 1);
	}
}

static void test_request_size(void **state)
{
	static const char request[] = "{\"command\":\"echo\"}";
	_cleanup_(rs_cleanup_close) int fd = -1;
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(0);

	(void)state;
	serve(0);
	fd = connect_client(SOCKET);
	rs_str_append_cstr(&text, request);
	rs_str_append_fill(&text, ' ', RS_CONTROL_REQUEST_MAX - strlen(request));
	rs_str_append_char(&text, '\n');
	send_turning(fd, text.data, text.len);
	assert_string_equal(receive(fd, 1), "{\"ok\":true,\"result\":0}\n");
	/* One more byte is one too many, with or without its newline. */
	text.data[text.len - 1] = ' ';
	rs_str_append_fill(&text, ' ', 100000);
	send_turning(fd, text.data, text.len);
	assert_non_null(strstr(receive(fd, 2), "the request is longer than 65536 bytes"));
	wait_for_nobody();
	assert_int_equal(counts().dropped_size, 1);
}

/* --- clients that are no good --- */

static void test_slow_writer(void **state)
{
	_cleanup_(rs_cleanup_close) int fd = -1, idle = -1;

	(void)state;
	serve(RS_NSEC_PER_SEC); /* which a busy machine does not take for the lines below */
	fd = connect_client(SOCKET);
	idle = connect_client(SOCKET);
	send_text(fd, "{\"command\":");
	rs_loop_iterate(loop, 1000);
	rs_loop_iterate(loop, 0);
	assert_int_equal(counts().clients, 2);
	wait_for_nobody();
	assert_int_equal(counts().dropped_slow, 2);
	assert_string_equal(receive(fd, 1), "");
}

/* Asks for much and reads nothing. The server does not collect replies for it. */
static void test_no_reader(void **state)
{
	_cleanup_(rs_cleanup_close) int fd = -1, good = -1;

	(void)state;
	serve(2 * RS_NSEC_PER_SEC); /* long enough for who is good, on a busy machine too */
	fd = connect_client(SOCKET);
	for (unsigned i = 0; i < 20; i++)
		send_text(fd, "{\"command\":\"large\",\"size\":1000000}\n");
	for (unsigned i = 0; i < 50; i++)
		rs_loop_iterate(loop, 0);
	assert_true(counts().requests < 4);
	good = connect_client(SOCKET); /* is served all the same */
	assert_string_equal(ask(good, "{\"command\":\"echo\"}\n"), "{\"ok\":true,\"result\":0}\n");
	rs_cleanup_close(&good);
	wait_for_nobody();
	assert_int_equal(counts().dropped_slow, 1);
}

static void test_too_many(void **state)
{
	int fds[RS_CONTROL_CLIENTS_MAX + 1];
	size_t last = RS_CONTROL_CLIENTS_MAX;

	(void)state;
	serve(0);
	for (size_t i = 0; i < last; i++) {
		fds[i] = connect_client(SOCKET);
		ask(fds[i], "{\"command\":\"echo\"}\n");
	}
	fds[last] = connect_client(SOCKET);
	assert_string_equal(receive(fds[last], 2),
			    "{\"ok\":false,\"error\":{\"code\":\"EBUSY\",\"message\":\"the agent "
			    "is busy with other clients\"}}\n");
	assert_int_equal(counts().refused_full, 1);
	close(fds[last]);
	/* A place becomes free, and is used again. */
	close(fds[3]);
	while (counts().clients == RS_CONTROL_CLIENTS_MAX)
		rs_loop_iterate(loop, 1000);
	fds[3] = connect_client(SOCKET);
	assert_string_equal(ask(fds[3], "{\"command\":\"echo\",\"n\":3}\n"),
			    "{\"ok\":true,\"result\":3}\n");
	for (size_t i = 0; i < last; i++)
		close(fds[i]);
	wait_for_nobody();
	assert_int_equal(counts().accepted, 9);
	assert_int_equal(counts().dropped_slow, 0);
}

static void test_half_closed(void **state)
{
	_cleanup_(rs_cleanup_close) int fd = -1;

	(void)state;
	serve(0);
	fd = connect_client(SOCKET);
	send_text(fd, "{\"command\":\"echo\"}\n{\"command\":\"echo\",\"n\":2}\n{\"comm");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_string_equal(receive(fd, 3),
			    "{\"ok\":true,\"result\":0}\n{\"ok\":true,\"result\":2}\n");
	assert_int_equal(counts().clients, 0);
}

/* Gone without waiting: what was asked is done, nobody is told. */
static void test_gone(void **state)
{
	int fd;

	(void)state;
	serve(0);
	fd = connect_client(SOCKET);
	send_text(fd, "{\"command\":\"echo\"}\n");
	close(fd);
	while (!counts().accepted)
		rs_loop_iterate(loop, 1000);
	wait_for_nobody();
	assert_int_equal(counts().requests, 1);
}

/* The mode keeps others out; were it changed, the kernel still tells us who asks. */
static void test_other_user(void **state)
{
	_cleanup_(rs_cleanup_close) int fd = -1;
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0) {
		print_message("[  SKIP    ] becoming another user takes root\n");
		skip();
	}
	serve(0);
	assert_int_equal(chmod(".", 0755) | chmod("run", 0755) | chmod(SOCKET, 0666), 0);
	pid = fork();
	if (!pid) {
		char reply[256] = "";

		if (setuid(65534) < 0)
			_exit(2);
		fd = connect_client(SOCKET);
		fcntl(fd, F_SETFL, 0);
		send(fd, "{\"command\":\"echo\"}\n", 19, MSG_NOSIGNAL);
		if (recv(fd, reply, sizeof(reply) - 1, 0) <= 0)
			_exit(3);
		_exit(strstr(reply, "only root and the agent's own user") ? 0 : 4);
	}
	while (!counts().refused_user)
		rs_loop_iterate(loop, 1000);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(counts().requests, 0);
}

/* --- the client --- */

static void expect_call(const char *request, uint64_t timeout, int code, const char *message)
{
	_cleanup_(rs_arena_done) struct rs_arena arena = RS_ARENA_INIT(0);
	const struct rs_json_value *result = NULL;
	struct rs_error err = RS_ERROR_INIT;

	assert_int_equal(rs_control_call(SOCKET, request, timeout, &arena, &result, &err), code);
	assert_string_equal(err.msg, message);
	if (!code)
		assert_int_equal(rs_json_get_u64(result, "", 0), 42);
}

static void test_call(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	serve(0);
	pid = fork();
	if (!pid) {
		rs_loop_run(loop);
		_exit(0);
	}
	expect_call("{\"command\":\"echo\",\"n\":42}", PATIENCE_NS, 0, "");
	expect_call("{\"command\":\"fail\"}", PATIENCE_NS, -ENOENT, "no such \"thing\"");
	expect_call("nonsense", PATIENCE_NS, -EINVAL, "line 1, column 1: a value was expected");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	/* The socket is there, and full of nobody: this process has it too, and does not look. */
	expect_call("{\"command\":\"echo\"}", 50 * RS_NSEC_PER_MSEC, -ETIMEDOUT,
		    "the agent at \"" SOCKET "\" does not answer");
	rs_control_close(&control);
	expect_call("{\"command\":\"echo\"}", PATIENCE_NS, -ENOENT,
		    "no agent is running: nobody serves \"" SOCKET "\"");
}

/* Something else answers there: @reply, and hangs up. */
static void answer_once(int listener, const char *reply)
{
	char buf[256];
	int fd = accept(listener, NULL, NULL);

	if (recv(fd, buf, sizeof(buf), 0) > 0)
		(void)!write(fd, reply, strlen(reply));
	close(fd);
	_exit(0);
}

static void test_call_strangers(void **state)
{
	static const struct {
		const char *reply, *message;
		int code;
	} rows[] = {
		{ "", "asking the agent at \"" SOCKET "\": Connection reset by peer", -ECONNRESET },
		{ "{\"ok\"", "asking the agent at \"" SOCKET "\": Connection reset by peer",
		  -ECONNRESET },
		{ "hello\n", "reading the agent's reply: line 1, column 1: a value was expected",
		  -EINVAL },
		{ "[]\n", "the agent refused", -EIO },
		{ "{\"ok\":true}\n", "the agent's reply has no result", -EPROTO },
		{ "{\"ok\":false,\"error\":{\"code\":\"EWHAT\",\"message\":\"m\"}}\n", "m", -EIO },
	};
	_cleanup_(rs_cleanup_close) int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;

	(void)state;
	assert_int_equal(mkdir("run", 0700), 0);
	rs_control_address(SOCKET, &address, NULL);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		pid_t pid = fork();
		int status;

		if (!pid)
			answer_once(listener, rows[i].reply);
		expect_call("{}", PATIENCE_NS, rows[i].code, rows[i].message);
		assert_int_equal(waitpid(pid, &status, 0), pid);
	}
}

static void test_locate(void **state)
{
	static const struct {
		const char *root, *control, *path;
	} rows[] = {
		{ NULL, NULL, "/run/ringside/control.sock" },
		{ "/x/", NULL, "/x/run/ringside/control.sock" },
		{ "/x", "/y/z", "/y/z" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(rs_str_done) struct rs_str path = RS_STR_INIT(0);

		assert_int_equal(rs_control_locate(rows[i].root, rows[i].control, &path), 0);
		assert_string_equal(rs_str_cstr(&path), rows[i].path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		control_test(test_name),
		control_test(test_name_taken),
		control_test(test_stale),
		control_test(test_name_replaced),
		control_test(test_requests),
		control_test(test_many_at_once),
		control_test(test_hostile_requests),
		control_test(test_deep_request),
		control_test(test_request_size),
		control_test(test_slow_writer),
		control_test(test_no_reader),
		control_test(test_too_many),
		control_test(test_half_closed),
		control_test(test_gone),
		control_test(test_other_user),
		control_test(test_call),
		control_test(test_call_strangers),
		cmocka_unit_test(test_locate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
