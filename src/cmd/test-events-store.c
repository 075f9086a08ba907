/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside events` and `report` on a store made by the test. */
#include "base/test-scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

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
		scratch_test(test_report),
	};

	return cmocka_run_group_tests(tests, NULL, done);
}
