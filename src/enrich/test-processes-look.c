/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <sys/wait.h>

#include "enrich/test-processes.h"

/* --- at the start --- */

static void test_seed(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	struct rs_event event;

	(void)state;
	put_process(10, "kworker/0:1-events", START(10), NULL);
	put_process(11, "od) S (d", 11 * RS_NSEC_PER_SEC + 9999999, "/bin/odd");
	put_process(12, "late", 12 * RS_NSEC_PER_SEC - 1, "/bin/late");
	put_process(13, "old", 13 * RS_NSEC_PER_SEC, "relative");
	mkdir("self", 0755);
	mkdir("4294967296", 0755);
	mkdir("14", 0755);
	rs_processes_seed(p, NULL, 0);
	rs_processes_seed(p, NULL, 0); /* once more changes nothing */
	assert_int_equal(rs_processes_stats(p).processes, 4);
	event = ask(p, 11, 10, "x");
	assert_string_equal(event.executable, "/bin/odd");
	assert_null(event.parent_executable);
	assert_string_equal(event.parent_name, "kworker/0:1-eve");
	fork_of(p, 11, 20);
	assert_string_equal(ask(p, 20, 11, "x").executable, "/bin/odd");
	assert_int_equal(rs_processes_stats(p).reads, 0);
	assert_exe(p, 12, NULL); /* began within another tick: a process that had the pid before */
	assert_exe(p, 13, NULL);
	exec_of(p, 13, "/bin/new");
	assert_exe(p, 13, "/bin/new");
}

static void put_tree(void)
{
	static const char args[] = "/bin/worker\0--title\0\0\0\0",
			  status[] = "Name:\tx\nUid:\t7\t8\t8\t8\n";

	/* The second one has a higher pid than its child. */
	put_child(1, 0, "init", START(1), "/sbin/init");
	put_child(300, 1, "manager", START(2), "/bin/manager");
	put_child(20, 300, "worker", START(20), "/bin/worker");
	put_file(20, "cmdline", args, sizeof(args));
	put_file(20, "status", status, sizeof(status) - 1);
	put_child(30, 20, "one", START(30), "/bin/one");
	put_file(30, "cmdline", "one", 3); /* a title without a NUL */
	put_file(1, "cmdline", "\0\0", 2);
}

static void test_seed_tree(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	struct rs_process_info info;
	struct rs_event event;

	(void)state;
	put_tree();
	rs_processes_seed(p, NULL, 0);
	event = ask(p, 30, 20, "one");
	assert_string_equal(event.command_line, "one");
	assert_string_equal(chain_of(&event), "20 300 1");
	assert_int_equal(event.ancestors[0].start, START(20));           /* the event tells it */
	assert_int_equal(event.ancestors[1].start, 2 * RS_NSEC_PER_SEC); /* in ticks */
	assert_string_equal(event.ancestors[1].name, "manager");
	assert_string_equal(event.ancestors[2].executable, "/sbin/init");
	assert_true(rs_processes_find(p, 20, START(20), &info));
	assert_int_equal(info.uid, getuid() ? getuid() : 7); /* its directory is ours */
	assert_int_equal(info.ppid, 300);
	assert_int_equal(info.args_len, 20);
	assert_memory_equal(info.args, "/bin/worker\0--title", 20);
	assert_null(info.cwd);
	assert_true(rs_processes_find(p, 1, START(1), &info));
	assert_null(info.args);
	assert_int_equal(info.uid, getuid() ? getuid() : UINT32_MAX);
	assert_chain(p, 20, 1, "1"); /* it has got another parent since */
	assert_chain(p, 30, 20, "20 1");
	assert_int_equal(rs_processes_stats(p).reads, 0);
}

/* What begins, runs another thing and ends while /proc is being read: records come afterwards and tell
 * it in order. */
static void test_seed_meanwhile(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	struct rs_event event;
	struct record r;

	(void)state;
	put_child(10, 0, "later", START(10), "/bin/later"); /* was a shell when it forked */
	put_child(11, 10, "shell", START(11), "/bin/shell");
	put_child(12, 10, "tool", START(12), "/bin/tool");
	rs_processes_seed(p, NULL, 0);
	event = event_of(&r, RS_KIND_FORK, 11, "shell");
	parent_of(&r, 10);
	r.hdr.time -= RS_NSEC_PER_SEC;
	rs_processes_feed(p, &event);
	assert_string_equal(ask(p, 11, 10, "shell").executable, "/bin/shell");
	event = event_of(&r, RS_KIND_CREATE, 10, "shell"); /* before it ran the later one */
	r.hdr.time -= RS_NSEC_PER_SEC;
	rs_processes_enrich(p, &event);
	assert_null(event.executable);
	assert_string_equal(ask(p, 10, 0, "later").executable, "/bin/later");
	event = event_of(&r, RS_KIND_FORK, 12, "later");
	parent_of(&r, 10);
	r.hdr.time -= RS_NSEC_PER_SEC;
	rs_processes_feed(p, &event);
	assert_string_equal(ask(p, 12, 10, "later").executable, "/bin/later");
	exec_with(p, 12, 0, 10, "/bin/tool", NULL, 0);
	assert_string_equal(ask(p, 12, 10, "tool").executable, "/bin/tool");
	fork_of(p, 12, 13); /* not there when /proc was read */
	exit_of(p, 12, 10, 0);
	event = ask(p, 13, 12, "tool");
	assert_string_equal(event.executable, "/bin/tool");
	assert_string_equal(chain_of(&event), "12 10");
	assert_int_equal(rs_processes_stats(p).reads, 0);
}

/* --- later --- */

/* A process that no record told of. */
static void test_look(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	uint64_t seconds, begin = rs_clock_boot() / RS_NSEC_PER_SEC;

	(void)state;
	put_process(10, "any", START(10), "/bin/x (deleted)");
	put_process(11, "any", 12 * RS_NSEC_PER_SEC, "/bin/x");
	assert_exe(p, 10, "/bin/x (deleted)"); /* the name of a file that is there */
	assert_exe(p, 11, NULL);
	assert_exe(p, 12, NULL);
	assert_int_equal(rs_processes_stats(p).reads, 3);
	put_process(12, "any", START(12), "/bin/x");
	assert_exe(p, 10, "/bin/x (deleted)");
	assert_exe(p, 11, NULL);
	assert_exe(p, 12, NULL); /* remembered */
	assert_int_equal(rs_processes_stats(p).reads, 3);
	put_process(13, "else", START(13), "/bin/else");
	assert_exe(p, 13, NULL); /* by that name it may have run something else */
	assert_string_equal(ask(p, 13, 0, "else").executable, "/bin/else");
	for (uint32_t pid = 100; pid < 100 + 3 * RS_PROCESSES_READS; pid++)
		assert_exe(p, pid, NULL);
	seconds = rs_clock_boot() / RS_NSEC_PER_SEC - begin + 1;
	assert_true(rs_processes_stats(p).reads >= RS_PROCESSES_READS);
	assert_true(rs_processes_stats(p).reads <= RS_PROCESSES_READS * seconds);
}

/* Its parents, too, as far as they are not known. */
static void test_look_tree(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	struct rs_event event;

	(void)state;
	put_tree();
	event = ask(p, 30, 20, "one");
	assert_string_equal(event.command_line, "one");
	assert_string_equal(event.parent_executable, "/bin/worker");
	assert_string_equal(chain_of(&event), "20 300 1");
	assert_int_equal(rs_processes_stats(p).reads, 4);
	assert_chain(p, 30, 20, "20 300 1");
	put_child(40, 300, "forked", START(40), "/bin/other");
	fork_of(p, 40, 41);
	assert_string_equal(ask(p, 41, 40, "x").executable, "/bin/other");
	assert_chain(p, 41, 40, "40 300 1");
	assert_int_equal(rs_processes_stats(p).reads, 5);
}

/* A parent that /proc names is not one that began later: its pid is another's now. */
static void test_look_younger(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);

	(void)state;
	put_child(30, 20, "one", START(30), "/bin/one");
	put_child(20, 10, "worker", START(20), "/bin/worker");
	put_child(10, 0, "young", START(25), "/bin/young");
	assert_chain(p, 30, 20, "20");
	assert_chain(p, 30, 20, "20");
}

/* Records do not tell of all processes. */
static void test_incomplete(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	const uint64_t start = START(10);
	struct rs_event event;

	(void)state;
	rs_processes_set_complete(p, false);
	put_process(10, "shell", start, "/bin/shell");
	assert_string_equal(ask(p, 10, 0, "shell").executable, "/bin/shell");
	assert_string_equal(ask(p, 10, 0, "shell").executable, "/bin/shell");
	assert_int_equal(rs_processes_stats(p).reads, 1);
	put_process(10, "tool", start, "/bin/tool");
	assert_string_equal(ask(p, 10, 0, "tool").executable, "/bin/tool");
	assert_int_equal(rs_processes_stats(p).reads, 2);
	event = event_of(&asked, RS_KIND_CREATE, 10, "shell");
	asked.hdr.time -= RS_NSEC_PER_SEC; /* an event from before: nobody knows any more */
	rs_processes_enrich(p, &event);
	assert_null(event.executable);
	assert_int_equal(rs_processes_stats(p).reads, 2);
	put_process(10, "tool", start, "/bin/other"); /* of the same name: seen after a while */
	event = event_of(&asked, RS_KIND_CREATE, 10, "tool");
	asked.hdr.time += RS_PROCESSES_TRUST_NS + MOMENT;
	rs_processes_enrich(p, &event);
	assert_string_equal(event.executable, "/bin/other");
	put_process(10, "else", start + RS_NSEC_PER_SEC, "/bin/else"); /* it is gone */
	asked.hdr.time += RS_PROCESSES_TRUST_NS + RS_NSEC_PER_SEC;
	rs_processes_enrich(p, &event);
	assert_string_equal(event.executable, "/bin/other");
}

static void test_complete_again(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	struct rs_event event;

	(void)state;
	exec_of(p, 10, "/bin/before");
	exec_of(p, 11, "/bin/before");
	put_process(10, "meanwhile", START(10), "/bin/meanwhile");
	rs_processes_set_complete(p, false);
	rs_processes_set_complete(p, true);
	event = event_of(&asked, RS_KIND_CREATE, 10, "meanwhile");
	rs_processes_enrich(p, &event);
	assert_string_equal(event.executable, "/bin/meanwhile");
	exec_of(p, 11, "/bin/after");
	assert_exe(p, 11, "/bin/after");
	assert_int_equal(rs_processes_stats(p).reads, 1);
}

/* --- the real one --- */

/* A number of /proc/PID/stat. */
static uint64_t real_field(pid_t pid, unsigned wanted)
{
	char path[64], text[1024];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	assert_true(rs_fd_read_buf_at(-1, path, text, sizeof(text)) > 0);
	at = strrchr(text, ')');
	for (unsigned field = 2; at && field < wanted; field++)
		at = strchr(at + 1, ' ');
	assert_non_null(at);
	return strtoull(at, NULL, 10);
}

/* The start of a process in ticks, as ns. */
static uint64_t real_start(pid_t pid)
{
	return real_field(pid, 22) * (RS_NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* Who has no parent here: the first process, or what somebody outside of a container has put into it. */
static bool is_topmost(pid_t pid)
{
	return pid == 1 || real_field(pid, 4) == 0;
}

/* Ourselves, and a child that waits. */
static void test_real(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = NULL;
	_cleanup_(rs_cleanup_free) char *self = realpath("/proc/self/exe", NULL);
	struct rs_process_info info;
	struct rs_event event;
	pid_t child;

	(void)state;
	if (!self)
		skip();
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		pause();
		_exit(0);
	}
	assert_int_equal(rs_processes_new(NULL, &p, NULL), 0);
	rs_processes_seed(p, NULL, 0);
	event = event_of(&asked, RS_KIND_CREATE, (uint32_t)child, "test");
	asked.hdr.tid = 0;
	asked.hdr.start = real_start(child) + 1;
	asked.hdr.ppid = (uint32_t)getpid();
	asked.hdr.pstart = real_start(getpid()) + 1;
	rs_processes_enrich(p, &event);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_string_equal(event.executable, self);
	assert_string_equal(event.parent_executable, self);
	assert_true(event.n_ancestors >= 1);
	assert_int_equal(event.ancestors[0].pid, getpid());
	assert_true(event.n_ancestors == RS_EVENT_ANCESTORS_MAX ||
		    is_topmost((pid_t)event.ancestors[event.n_ancestors - 1].pid));
	assert_non_null(strstr(event.command_line, name_of(self)));
	assert_int_equal(rs_processes_stats(p).reads, 0);
	assert_true(rs_processes_find(p, (uint32_t)child, asked.hdr.start, &info));
	assert_int_equal(info.ppid, getpid());
	assert_int_equal(info.ended, 0);
}

static void test_no_proc(void **state)
{
	struct rs_processes_options options = { .proc = "./nothing" };
	_cleanup_(rs_processes_free) struct rs_processes *p = NULL;

	(void)state;
	assert_int_equal(rs_processes_new(&options, &p, NULL), 0);
	rs_processes_seed(p, NULL, 0);
	assert_exe(p, 10, NULL);
	exec_of(p, 10, "/bin/x");
	assert_exe(p, 10, "/bin/x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_seed),           scratch_test(test_seed_tree),
		scratch_test(test_seed_meanwhile), scratch_test(test_look),
		scratch_test(test_look_tree),      scratch_test(test_look_younger),
		scratch_test(test_incomplete),     scratch_test(test_complete_again),
		scratch_test(test_real),           scratch_test(test_no_proc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
