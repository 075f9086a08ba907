/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside events` and `report` on a store made by the test. */
#include "base/test-scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "cmd/cmd.h"
#include "store/store.h"

#define EVENTS 40

static struct rs_event_host host;
static uint64_t start;     /* of the first event: boot ns */
static struct rs_str live; /* what the agent would have printed */

static void make_event(unsigned i, char *record, struct rs_event *ret_event)
{
	size_t n = rs_event_sample(i % 2 ? RS_KIND_UNLINK : RS_KIND_EXEC, record);
	struct rs_hdr *hdr = (struct rs_hdr *)(void *)record;

	hdr->pid = 100 + i / 10;
	if (!i)
		start = hdr->time;
	hdr->time = start + i * 1000000ull;
	assert_int_equal(rs_event_decode(record, n, ret_event), 0);
	rs_event_sample_origin(ret_event);
	ret_event->user = "ann";
}

static void fill_store(void)
{
	struct rs_store_options options = { .dir = "store" };
	struct rs_event_json *json = NULL;
	struct rs_store *store = NULL;
	struct rs_error err = RS_ERROR_INIT;

	rs_event_sample_host(&host);
	rs_str_reset(&live);
	assert_int_equal(rs_event_json_new(&host, NULL, &json), 0);
	if (rs_store_open(&options, &host, &store, &err) < 0 || rs_store_start(store, &err) < 0)
		fail_msg("%s", err.msg);
	for (unsigned i = 0; i < EVENTS; i++) {
		static _Alignas(8) char record[RS_RECORD_MAX];
		struct rs_event event;

		make_event(i, record, &event);
		rs_store_add(store, &event, host.boot_offset);
		assert_int_equal(rs_event_json_write(json, &event, &live), 0);
	}
	rs_store_close(&store);
	rs_event_json_free(&json);
}

static void redirect(int fd, const char *path, int *ret_saved)
{
	_cleanup_(rs_cleanup_close) int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_true(file >= 0);
	*ret_saved = dup(fd);
	assert_true(*ret_saved >= 0 && dup2(file, fd) == fd);
}

static void restore(int fd, int saved)
{
	dup2(saved, fd);
	close(saved);
}

/* Runs a command line; its output and messages are then in the files out and err. */
static int ask(const struct rs_cmd *cmd, const char *const *words)
{
	char *argv[16] = { (char *)cmd->name, (char *)"--store", (char *)"store" };
	int argc = 3, out, err, code;

	for (; *words; words++)
		argv[argc++] = (char *)*words;
	redirect(STDOUT_FILENO, "out", &out);
	redirect(STDERR_FILENO, "err", &err);
	code = cmd->run(cmd, argc, argv);
	restore(STDOUT_FILENO, out);
	restore(STDERR_FILENO, err);
	return code;
}

#define ASK(cmd, ...) ask(&(cmd), (const char *const[]){ __VA_ARGS__, NULL })

static void expect(const char *path, const char *text)
{
	_cleanup_(rs_str_done) struct rs_str found = { 0 };

	assert_int_equal(rs_fd_read_file(path, 1 << 20, &found, NULL), 0);
	assert_string_equal(rs_str_cstr(&found), text);
}

static void expect_in(const char *path, const char *text)
{
	_cleanup_(rs_str_done) struct rs_str found = { 0 };

	assert_int_equal(rs_fd_read_file(path, 1 << 20, &found, NULL), 0);
	if (!strstr(rs_str_cstr(&found), text))
		fail_msg("\"%s\" is not in: %s", text, rs_str_cstr(&found));
}

static unsigned lines(const char *path)
{
	_cleanup_(rs_str_done) struct rs_str found = { 0 };
	unsigned n = 0;

	assert_int_equal(rs_fd_read_file(path, 1 << 20, &found, NULL), 0);
	for (const char *p = rs_str_cstr(&found); (p = strchr(p, '\n')); p++)
		n++;
	return n;
}

static void test_json_is_that_of_the_agent(void **state)
{
	(void)state;
	fill_store();
	assert_int_equal(ASK(rs_cmd_events, "-o", "json"), RS_CMD_OK);
	expect("out", rs_str_cstr(&live));
	expect("err", "");
}

static void test_selecting(void **state)
{
	(void)state;
	fill_store();
	assert_int_equal(ASK(rs_cmd_events, "-o", "json", "--pid", "101"), RS_CMD_OK);
	assert_int_equal(lines("out"), 10);
	assert_int_equal(ASK(rs_cmd_events, "-o", "json", "-p", "101,102", "--kind", "unlink"),
			 RS_CMD_OK);
	assert_int_equal(lines("out"), 10);
	assert_int_equal(ASK(rs_cmd_events, "-o", "json", "--where", "pid == 101 or pid == 103",
			     "--user", "ann"),
			 RS_CMD_OK);
	assert_int_equal(lines("out"), 20);
	assert_int_equal(ASK(rs_cmd_events, "-o", "json", "--user", "0"), RS_CMD_OK);
	assert_int_equal(lines("out"), 0);
	expect_in("err", "no event was found; stored are those from ");
	assert_int_equal(ASK(rs_cmd_events, "-q", "--user", "0"), RS_CMD_OK);
	expect("err", "");
}

static void test_limits(void **state)
{
	(void)state;
	fill_store();
	assert_int_equal(ASK(rs_cmd_events, "-o", "csv", "--columns", "pid", "-n", "1"), RS_CMD_OK);
	expect("out", "process.pid\r\n103\r\n");
	assert_int_equal(
		ASK(rs_cmd_events, "-o", "csv", "--columns", "pid,kind", "-n", "1", "--oldest"),
		RS_CMD_OK);
	expect("out", "process.pid,ringside.kind\r\n100,exec\r\n");
}

static void test_times(void **state)
{
	(void)state;
	fill_store();
	/* The samples are of 2026-07-01, 12:00 UTC. */
	assert_int_equal(ASK(rs_cmd_events, "-o", "json", "--since", "2026-07-02T00:00:00Z"),
			 RS_CMD_OK);
	assert_int_equal(lines("out"), 0);
	assert_int_equal(ASK(rs_cmd_events, "-o", "json", "--since", "2026-07-01T00:00:00Z",
			     "--until", "2026-07-02T00:00:00Z"),
			 RS_CMD_OK);
	assert_int_equal(lines("out"), EVENTS);
}

static void test_table(void **state)
{
	(void)state;
	fill_store();
	assert_int_equal(ASK(rs_cmd_events, "-k", "unlink"), RS_CMD_OK);
	/* A header, the day, and the events. */
	assert_int_equal(lines("out"), EVENTS / 2 + 2);
	expect_in("out", "WHAT HAPPENED\n2026-07-0");
	assert_int_equal(ASK(rs_cmd_events, "--count-by", "pid,kind"), RS_CMD_OK);
	assert_int_equal(lines("out"), 9);
	expect_in("out", "\n    5  103          unlink\n");
}

static void test_misuse(void **state)
{
	(void)state;
	fill_store();
	assert_int_equal(ASK(rs_cmd_events, "--where", "pid = 1"), RS_CMD_USAGE);
	expect("err", "ringside: --where: there is no operator =\n  pid = 1\n      ^\n"
		      "  hint: write ==\n");
	assert_int_equal(ASK(rs_cmd_events, "--columns", "pid"), RS_CMD_USAGE);
	assert_int_equal(ASK(rs_cmd_events, "--follow", "--count-by", "pid"), RS_CMD_USAGE);
	assert_int_equal(ASK(rs_cmd_events, "--oldest"), RS_CMD_USAGE);
	assert_int_equal(ASK(rs_cmd_events, "--limit", "0"), RS_CMD_USAGE);
	assert_int_equal(ASK(rs_cmd_events, "--pid", "x"), RS_CMD_USAGE);
	assert_int_equal(ASK(rs_cmd_report, "--top", "0"), RS_CMD_USAGE);
}

static void test_no_store(void **state)
{
	(void)state;
	assert_int_equal(ASK(rs_cmd_events, "-o", "json"), RS_CMD_FAILED);
	expect_in("err", "there are no stored events in \"store\"");
	expect_in("err", "hint: ");
	assert_int_equal(mkdir("store", 0700), 0);
	assert_int_equal(ASK(rs_cmd_events, "-o", "json"), RS_CMD_OK);
	expect_in("err", "nothing is stored in \"store\" yet");
}

/* With --limit, following ends by itself. */
static void test_follow(void **state)
{
	(void)state;
	fill_store();
	assert_int_equal(ASK(rs_cmd_events, "-f", "-n", "3", "--since", "2026-07-01", "-o", "json"),
			 RS_CMD_OK);
	assert_int_equal(lines("out"), 3);
}

/* The first file of the store: its name. */
static void find_file(char *buf, size_t size)
{
	DIR *dir = opendir("store");
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)) && !strstr(entry->d_name, ".db"))
		;
	assert_non_null(entry);
	snprintf(buf, size, "store/%s", entry->d_name);
	closedir(dir);
}

/* Damage is told whether or not anyone wants to hear that nothing was found. */
static void test_damage(void **state)
{
	static const char garbage[] = "no database";
	char first[300], second[300];

	(void)state;
	fill_store();
	find_file(first, sizeof(first));
	snprintf(second, sizeof(second), "%s", first);
	strstr(second, ".db")[-1] ^= 1;
	assert_int_equal(rs_fd_replace_file(second, garbage, sizeof(garbage), 0600, NULL), 0);
	assert_int_equal(ASK(rs_cmd_events, "-q", "-o", "json"), RS_CMD_OK);
	assert_int_equal(lines("out"), EVENTS);
	expect_in("err", "could not be read");
	assert_int_equal(ASK(rs_cmd_events, "-f", "-n", "1", "--since", "2026-07-01"), RS_CMD_OK);
	expect_in("err", "could not be read");
	assert_int_equal(ASK(rs_cmd_tree, "--since", "2026-07-01"), RS_CMD_OK);
	expect_in("err", "could not be read");
	/* Nothing else is there. */
	assert_int_equal(unlink(first), 0);
	assert_int_equal(ASK(rs_cmd_events, "-q"), RS_CMD_FAILED);
	expect_in("err", "could not be read");
	assert_int_equal(ASK(rs_cmd_report, "--since", "2026-07-01"), RS_CMD_FAILED);
	assert_int_equal(ASK(rs_cmd_tree, "--since", "2026-07-01"), RS_CMD_FAILED);
}

/* Follows into a pipe of one page; bytes are in it when this returns. */
static pid_t follow_into(int pipe_fds[2])
{
	static const char *const words[] = { "-f", "--since", "2026-07-01", "-o", "json", NULL };
	char *argv[16] = { (char *)"events", (char *)"--store", (char *)"store" };
	int argc = 3, n = 0;
	pid_t pid;

	assert_int_equal(pipe(pipe_fds), 0);
	assert_true(fcntl(pipe_fds[1], F_SETPIPE_SZ, 4096) > 0);
	for (unsigned i = 0; words[i]; i++)
		argv[argc++] = (char *)words[i];
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		signal(SIGINT, SIG_DFL); /* whoever runs us in the background has it ignored */
		signal(SIGTERM, SIG_DFL);
		dup2(pipe_fds[1], STDOUT_FILENO);
		close(pipe_fds[0]);
		close(pipe_fds[1]);
		_exit(rs_cmd_events.run(&rs_cmd_events, argc, argv));
	}
	close(pipe_fds[1]);
	while (!n && poll(&(struct pollfd){ .fd = pipe_fds[0], .events = POLLIN }, 1, 60000) > 0)
		assert_int_equal(ioctl(pipe_fds[0], FIONREAD, &n), 0);
	assert_true(n > 0);
	return pid;
}

/* The first signal ends what is printed of the past, in order. */
static void test_follow_is_stopped(void **state)
{
	uint64_t read_bytes = 0;
	char buf[4096];
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	(void)state;
	fill_store();
	pid = follow_into(fds);
	assert_int_equal(kill(pid, SIGTERM), 0);
	while ((n = read(fds[0], buf, sizeof(buf))) > 0)
		read_bytes += (uint64_t)n;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == RS_CMD_OK);
	assert_true(read_bytes < live.len);
	close(fds[0]);
}

/* Nobody reads: what the first signal cannot end, the second one does. */
static void test_second_signal_kills(void **state)
{
	int fds[2], status = 0;
	pid_t pid, done = 0;

	(void)state;
	fill_store();
	pid = follow_into(fds);
	for (unsigned i = 0; i < 6000 && !done; i++) {
		kill(pid, SIGINT);
		poll(NULL, 0, 10);
		done = waitpid(pid, &status, WNOHANG);
	}
	if (!done)
		kill(pid, SIGKILL);
	assert_int_equal(done, pid);
	/* The first one is enough where it finds nothing under way that waits for the reader. */
	if (WIFEXITED(status) ? WEXITSTATUS(status) != RS_CMD_OK : WTERMSIG(status) != SIGINT)
		fail_msg("it ended with status %#x", status);
	close(fds[0]);
}

static void test_newest_are_bounded(void **state)
{
	(void)state;
	fill_store();
	assert_int_equal(ASK(rs_cmd_events, "-n", "1000000"), RS_CMD_OK);
	assert_int_equal(ASK(rs_cmd_events, "-n", "1000001"), RS_CMD_USAGE);
	expect_in("err", "use --oldest, or --since without --limit");
	assert_int_equal(ASK(rs_cmd_events, "-n", "1000001", "--oldest"), RS_CMD_OK);
}

/* 0 would be no limit. */
static void test_the_first_of_times(void **state)
{
	(void)state;
	fill_store();
	assert_int_equal(ASK(rs_cmd_events, "-o", "json", "--until", "1970-01-01T00:00:00Z"),
			 RS_CMD_OK);
	assert_int_equal(lines("out"), 0);
	assert_int_equal(ASK(rs_cmd_report, "--until", "1970-01-01T00:00:01Z"), RS_CMD_OK);
	expect_in("err", "no event was found");
}

static void test_tree(void **state)
{
	(void)state;
	fill_store();
	/* Long ago, without --since: the ten minutes before. */
	assert_int_equal(ASK(rs_cmd_tree, "--until", "2026-07-01T00:00:00Z"), RS_CMD_OK);
	assert_int_equal(lines("out"), 1);
	assert_int_equal(
		ASK(rs_cmd_tree, "-o", "json", "--since", "2026-07-01", "--where", "pid == 101"),
		RS_CMD_OK);
	expect_in("out", "{\"process\":{\"pid\":101,");
	expect("err", "");
	{
		_cleanup_(rs_str_done) struct rs_str out = { 0 };

		assert_int_equal(rs_fd_read_file("out", 1 << 20, &out, NULL), 0);
		assert_null(strstr(rs_str_cstr(&out), "{\"process\":{\"pid\":102,"));
	}
	assert_int_equal(ASK(rs_cmd_tree, "--since", "2026-07-01", "--user", "nobody-here"),
			 RS_CMD_OK);
	assert_int_equal(lines("out"), 1);
	expect_in("err", "no event was found");
}

/* What runs is to be seen without rights to what was kept, unless that was asked for. */
static void test_tree_without_rights(void **state)
{
	bool root = !geteuid();

	(void)state;
	fill_store();
	assert_int_equal(chmod("store", root ? 0700 : 0), 0);
	assert_int_equal(chmod(".", 0777), 0);
	if (root)
		assert_int_equal(seteuid(65534), 0);
	assert_int_equal(ASK(rs_cmd_tree, NULL), RS_CMD_OK);
	assert_true(lines("out") > 1);
	expect_in("err", "may not be read");
	assert_int_equal(ASK(rs_cmd_tree, "--since", "1h"), RS_CMD_DENIED);
	assert_int_equal(ASK(rs_cmd_tree, "--user", "ann"), RS_CMD_DENIED);
	if (root) /* the change had made us undumpable, which leak checks do not like */
		assert_true(seteuid(0) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0);
	assert_int_equal(chmod("store", 0700), 0);
}

static void test_report(void **state)
{
	(void)state;
	fill_store();
	assert_int_equal(ASK(rs_cmd_report, "--since", "2026-07-01"), RS_CMD_OK);
	expect_in("out", "40 events of web-3, 2026-07-0");
	expect_in("out", "20 exec, 20 unlink\n");
	expect_in("out", "\nPrograms that were started\n");
	assert_int_equal(ASK(rs_cmd_report, "--since", "2026-07-01", "--pid", "100", "-o", "json"),
			 RS_CMD_OK);
	expect_in("out", "\"kinds\":{\"exec\":5,\"unlink\":5}");
}

static int done(void **state)
{
	(void)state;
	rs_str_done(&live);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_json_is_that_of_the_agent),
		scratch_test(test_selecting),
		scratch_test(test_limits),
		scratch_test(test_times),
		scratch_test(test_table),
		scratch_test(test_misuse),
		scratch_test(test_no_store),
		scratch_test(test_follow),
		scratch_test(test_damage),
		scratch_test(test_follow_is_stopped),
		scratch_test(test_second_signal_kills),
		scratch_test(test_newest_are_bounded),
		scratch_test(test_the_first_of_times),
		scratch_test(test_tree),
		scratch_test(test_tree_without_rights),
		scratch_test(test_report),
	};

	return cmocka_run_group_tests(tests, NULL, done);
}
