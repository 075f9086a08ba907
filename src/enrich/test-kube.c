/* SPDX-License-Identifier: Apache-2.0 */

/* The agent's end of ringside-kube, with shell scripts in its place. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/test-scratch.h"
#include "base/units.h"
#include "enrich/kube.h"

#define DEADLINE_NS (30 * RS_NSEC_PER_SEC)

#define BEGIN "echo '{\"op\":\"begin\"}'\n"
#define END   "echo '{\"op\":\"end\"}'\n"
#define POD(uid)                                                                                   \
	"echo '{\"op\":\"pod\",\"uid\":\"" uid "\",\"name\":\"pod-" uid                            \
	"\",\"namespace\":\"s\",\"containers\":[{\"id\":\"c-" uid "\"}]}'\n"
#define STAY "while read -r line; do :; done\n" /* until the agent goes */

struct fixture {
	struct rs_loop *loop;
	struct rs_kube *kube;
	unsigned news;
};

static int on_news(void *data)
{
	struct fixture *f = data;

	f->news++;
	return 0;
}

static void fixture_done(struct fixture *f)
{
	rs_kube_free(&f->kube);
	rs_loop_free(&f->loop);
}

static void put_script(const char *body)
{
	char text[4096];

	snprintf(text, sizeof(text), "#!/bin/sh\n%s", body);
	assert_int_equal(rs_fd_replace_file("program", text, strlen(text), 0755, NULL), 0);
}

static void start(struct fixture *f, const char *body, const struct rs_kube_options *more)
{
	struct rs_kube_options options = { .source = RS_KUBE_KUBELET };

	if (more)
		options = *more;
	options.program = "./program";
	put_script(body);
	assert_int_equal(rs_loop_new(&f->loop, NULL), 0);
	assert_int_equal(rs_kube_new(&options, f->loop, &f->kube, NULL), 0);
	rs_kube_set_news(f->kube, on_news, f);
}

static struct rs_kube_stats stats_of(const struct fixture *f)
{
	struct rs_kube_stats stats;

	rs_kube_stats(f->kube, &stats);
	return stats;
}

/* Runs the loop until it holds, or fails. */
#define wait_until(f, condition)                                                                   \
	do {                                                                                       \
		uint64_t until_ = rs_clock_mono() + DEADLINE_NS;                                   \
		while (!(condition)) {                                                             \
			assert_true(rs_clock_mono() < until_);                                     \
			assert_true(rs_loop_iterate((f)->loop, 100) >= 0);                         \
		}                                                                                  \
	} while (0)

static void test_list(void **state)
{
	_cleanup_(fixture_done) struct fixture f = { 0 };

	(void)state;
	start(&f, BEGIN POD("a") POD("b") END STAY, NULL);
	wait_until(&f, stats_of(&f).synced);
	assert_int_equal(stats_of(&f).pods, 2);
	assert_string_equal(rs_kube_find(f.kube, "a")->pod.pod_name, "pod-a");
	assert_ptr_equal(rs_kube_find_container(f.kube, "c-b"), rs_kube_find(f.kube, "b"));
	assert_null(rs_kube_find(f.kube, "c"));
	assert_true(f.news > 0);
	assert_int_equal(rs_kube_version(f.kube), 2);
	assert_string_equal(stats_of(&f).problem, "");
	assert_int_equal(stats_of(&f).restarts, 0);
}

/* Each question is answered with one pod fewer; asked as often as one likes, it is passed on once a
 * second. */
static void test_ask(void **state)
{
	_cleanup_(fixture_done) struct fixture f = { 0 };
	uint64_t began;

	(void)state;
	start(&f,
	      BEGIN POD("a") POD("b") END "read -r line\n" BEGIN POD("a") END
	      "read -r line\n" BEGIN END "echo \"$line\" >asked\n" STAY,
	      NULL);
	wait_until(&f, stats_of(&f).synced);
	began = rs_clock_mono();
	for (int i = 0; i < 100; i++)
		rs_kube_ask(f.kube);
	wait_until(&f, stats_of(&f).pods == 1);
	assert_null(rs_kube_find(f.kube, "b"));
	assert_null(rs_kube_find_container(f.kube, "c-b"));
	rs_kube_ask(f.kube);
	wait_until(&f, stats_of(&f).pods == 0);
	assert_true(rs_clock_mono() - began >= RS_KUBE_ASK_NS);
	wait_until(&f, access("asked", F_OK) == 0);
}

static void test_gone(void **state)
{
	_cleanup_(fixture_done) struct fixture f = { 0 };

	(void)state;
	start(&f,
	      BEGIN POD("a")
		      END POD("b") "echo '{\"op\":\"gone\",\"uid\":\"a\"}'\n"
				   "echo '{\"op\":\"state\",\"ok\":false,\"text\":\"no\"}'\n" STAY,
	      NULL);
	wait_until(&f, *stats_of(&f).problem);
	assert_string_equal(stats_of(&f).problem, "no");
	assert_null(rs_kube_find(f.kube, "a"));
	assert_non_null(rs_kube_find(f.kube, "b"));
}

static void test_rubbish(void **state)
{
	_cleanup_(fixture_done) struct fixture f = { 0 };

	(void)state;
	start(&f,
	      "echo hello\n"
	      "echo '{\"op\":\"pod\"}'\n"
	      "echo\n"
	      "head -c 1000000 /dev/zero | tr '\\0' x\n" /* ends with the line after it */
	      "echo\n" BEGIN POD("a") "head -c 300000 /dev/zero\n"
				      "echo\n" END STAY,
	      NULL);
	wait_until(&f, stats_of(&f).synced);
	assert_int_equal(stats_of(&f).refused, 5);
	assert_int_equal(stats_of(&f).pods, 1);
}

/* Lines in pieces, and the last without an end, which is none. */
static void test_pieces(void **state)
{
	_cleanup_(fixture_done) struct fixture f = { 0 };

	(void)state;
	start(&f,
	      "[ -e again ] && exec cat\n"
	      ": >again\n" BEGIN "printf '{\"op\":\"pod\",\"uid\":\"a\",'\n"
	      "printf '\"name\":\"n\",\"namespace\":\"s\"}\\n{\"op\":\"end\"}\\n{\"op\":\"gone\"'\n",
	      NULL);
	wait_until(&f, stats_of(&f).restarts == 1);
	assert_int_equal(stats_of(&f).pods, 1);
	assert_int_equal(stats_of(&f).refused, 0);
}

static void test_restart(void **state)
{
	_cleanup_(fixture_done) struct fixture f = { 0 };

	(void)state;
	start(&f,
	      "if [ -e again ]; then\n" BEGIN POD("b") END STAY "fi\n"
								": >again\n" BEGIN POD("a") END
	      "read -r line\nexit 3\n",
	      NULL);
	wait_until(&f, stats_of(&f).synced);
	rs_kube_ask(f.kube);
	wait_until(&f, !stats_of(&f).synced);
	assert_string_equal(stats_of(&f).problem, "ringside-kube ended: exit code 3");
	assert_non_null(rs_kube_find(f.kube, "a")); /* better old than nothing */
	rs_kube_ask(f.kube);                        /* nobody there, no harm */
	wait_until(&f, stats_of(&f).synced);
	assert_int_equal(stats_of(&f).restarts, 1);
	assert_null(rs_kube_find(f.kube, "a"));
	assert_non_null(rs_kube_find(f.kube, "b"));
}

static void test_cannot_execute(void **state)
{
	_cleanup_(fixture_done) struct fixture f = { 0 };
	struct rs_kube_options options = { .source = RS_KUBE_API, .program = "./program" };
	struct rs_error err = RS_ERROR_INIT;

	(void)state;
	assert_int_equal(rs_loop_new(&f.loop, NULL), 0);
	assert_int_equal(rs_kube_new(&options, f.loop, &f.kube, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "./program"));
	assert_null(f.kube);
	assert_int_equal(rs_fd_replace_file("program", "#!/not/there\n", 13, 0755, NULL), 0);
	assert_int_equal(rs_kube_new(&options, f.loop, &f.kube, &err), 0);
	wait_until(&f, *stats_of(&f).problem);
	assert_non_null(strstr(stats_of(&f).problem, "127"));
	options.source = RS_KUBE_NONE;
	rs_kube_free(&f.kube);
	assert_int_equal(rs_kube_new(&options, f.loop, &f.kube, &err), -EINVAL);
}

/* What the program is given: its arguments, little of the environment, no descriptors, no rights. */
static void test_surroundings(void **state)
{
	_cleanup_(fixture_done) struct fixture f = { 0 };
	const struct rs_kube_options options = { .source = RS_KUBE_API,
						 .url = "https://x",
						 .token = "t",
						 .ca = "c",
						 .node = "n",
						 .insecure = true };
	_cleanup_(rs_str_done) struct rs_str seen = { 0 };
	int fd = open("/dev/null", O_RDONLY); /* not closed by execve() */

	(void)state;
	assert_true(fd > 2);
	setenv("NODE_NAME", "node-1", 1);
	setenv("KUBERNETES_SERVICE_PORT", "6443", 1);
	setenv("SECRET", "x", 1);
	start(&f,
	      "exec >seen\n"
	      "echo \"$*\"\n"
	      "echo \"$NODE_NAME/$KUBERNETES_SERVICE_PORT/$SECRET/$ASAN_OPTIONS\"\n"
	      "for fd in 3 4 5 6 7 8 9 20; do [ -e /proc/self/fd/$fd ] && readlink /proc/$$/fd/$fd; done\n"
	      "while read -r key value; do\n"
	      "	case $key in CapInh:|CapPrm:|CapEff:|CapAmb:|NoNewPrivs:|SigIgn:|SigBlk:) echo $value;;\n"
	      "	esac\n"
	      "done </proc/$$/status\n",
	      &options);
	close(fd);
	wait_until(&f, *stats_of(&f).problem);
	unsetenv("SECRET");
	assert_int_equal(rs_fd_read_file("seen", 4096, &seen, NULL), 0);
	assert_string_equal(
		rs_str_cstr(&seen),
		"--source api --url https://x --token t --ca c --node n --insecure\n"
		"node-1/6443//\n"
		"0000000000000000\n0000000000000000\n" /* signals blocked, ignored */
		"0000000000000000\n0000000000000000\n0000000000000000\n0000000000000000\n"
		"1\n");
}

static void test_free_ends_it(void **state)
{
	_cleanup_(fixture_done) struct fixture f = { 0 };
	_cleanup_(rs_str_done) struct rs_str text = { 0 };
	pid_t pid;

	(void)state;
	start(&f,
	      "trap '' TERM HUP INT\necho $$ >pid\n" BEGIN END "while :; do read -r line; done\n",
	      NULL);
	wait_until(&f, stats_of(&f).synced);
	assert_int_equal(rs_fd_read_file("pid", 64, &text, NULL), 0);
	pid = (pid_t)atoi(rs_str_cstr(&text));
	assert_int_equal(kill(pid, 0), 0);
	rs_kube_free(&f.kube);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	rs_kube_free(&f.kube);
}

/* A program that writes without end leaves the loop to others. */
static void test_flood(void **state)
{
	_cleanup_(fixture_done) struct fixture f = { 0 };

	(void)state;
	start(&f, "while :; do echo; done\n", NULL);
	wait_until(&f, stats_of(&f).refused > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_list),           scratch_test(test_ask),
		scratch_test(test_gone),           scratch_test(test_rubbish),
		scratch_test(test_pieces),         scratch_test(test_restart),
		scratch_test(test_cannot_execute), scratch_test(test_surroundings),
		scratch_test(test_free_ends_it),   scratch_test(test_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
