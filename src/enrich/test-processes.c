/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/test-processes.h"

/* --- what records say --- */

static void test_life(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	struct rs_event event;

	(void)state;
	exec_of(p, 10, "/bin/shell");
	fork_of(p, 10, 11);
	event = ask(p, 11, 10, "forked");
	assert_string_equal(event.executable, "/bin/shell");
	assert_string_equal(event.parent_executable, "/bin/shell");
	assert_string_equal(event.parent_name, "shell");
	exec_of(p, 11, "/usr/bin/tool");
	fork_of(p, 11, 12);
	event = ask(p, 12, 11, "forked");
	assert_string_equal(event.executable, "/usr/bin/tool");
	assert_string_equal(event.parent_name, "tool");
	event = ask(p, 11, 10, "tool");
	assert_string_equal(event.executable, "/usr/bin/tool");
	assert_string_equal(event.parent_executable, "/bin/shell");
	exec_of(p, 11, "/bin/shell");
	assert_exe(p, 11, "/bin/shell");
	assert_exe(p, 12, "/usr/bin/tool"); /* what it was when it was forked */
	assert_int_equal(rs_processes_stats(p).reads, 0);
}

static void test_arguments(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	struct rs_process_info info;
	struct rs_event event;

	(void)state;
	exec_with(p, 10, 0, 1, "/bin/sh", ARGS("sh\0-c\0\0a\tb\n\0last"));
	event = ask(p, 10, 1, "sh");
	assert_string_equal(event.command_line, "sh -c  a\tb\n last");
	assert_ptr_equal(ask(p, 10, 1, "sh").command_line, event.command_line); /* made once */
	event.hdr = &asked.hdr;
	asked.hdr.kind = RS_KIND_EXEC; /* has its own */
	rs_processes_enrich(p, &event);
	assert_null(event.command_line);
	fork_of(p, 10, 11);
	assert_string_equal(ask(p, 11, 10, "x").command_line, "sh -c  a\tb\n last");
	assert_true(rs_processes_find(p, 11, START(11), &info));
	assert_int_equal(info.args_len, 17);
	assert_memory_equal(info.args, "sh\0-c\0\0a\tb\n\0last", 17);
	assert_string_equal(info.cwd, "/work");
	exec_with(p, 11, 0, 10, "/bin/one", ARGS("one"));
	assert_string_equal(ask(p, 11, 10, "one").command_line, "one");
	exec_with(p, 11, 0, 10, "/bin/one", NULL, 0);
	assert_null(ask(p, 11, 10, "one").command_line);
}

static void test_long_arguments(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	static char args[4096];
	struct rs_process_info info;

	(void)state;
	memset(args, 'x', sizeof(args));
	exec_with(p, 10, 0, 0, "/bin/x", args, sizeof(args));
	assert_true(rs_processes_find(p, 10, START(10), &info));
	assert_int_equal(info.args_len, 1024);
	assert_int_equal(strlen(info.args), 1023);
	assert_int_equal(strlen(ask(p, 10, 0, "x").command_line), 1023);
	exec_with(p, 10, 0, 0, "/bin/x", args, 5); /* cut by the kernel side */
	assert_string_equal(ask(p, 10, 0, "x").command_line, "xxxxx");
	args[1] = '\0';
	exec_with(p, 10, 0, 0, "/bin/x", args, sizeof(args));
	assert_int_equal(strlen(ask(p, 10, 0, "x").command_line), 1023);
}

static void test_find(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	struct rs_process_info info;
	struct rs_event event;
	struct record r;

	(void)state;
	event = event_of(&r, RS_KIND_FORK, 11, "x");
	parent_of(&r, 10);
	r.hdr.uid = 1000;
	r.hdr.cgroup = 77;
	rs_processes_feed(p, &event);
	assert_false(rs_processes_find(p, 11, START(12), &info));
	assert_false(rs_processes_find(p, 12, START(11), &info));
	assert_true(rs_processes_find(p, 11, START(11), &info));
	assert_int_equal(info.pid, 11);
	assert_int_equal(info.start, START(11));
	assert_int_equal(info.ppid, 10);
	assert_int_equal(info.pstart, START(10));
	assert_int_equal(info.uid, 1000);
	assert_int_equal(info.cgroup, 77);
	assert_int_equal(info.ended, 0);
	assert_string_equal(info.name, "x");
	assert_null(info.executable);
	assert_null(info.args);
	assert_null(info.cwd);
	exit_of(p, 11, 10, 5 * RS_NSEC_PER_SEC);
	assert_true(rs_processes_find(p, 11, START(11), &info));
	assert_true(info.ended > r.hdr.time);
}

static void test_end(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);

	(void)state;
	exec_of(p, 10, "/bin/one");
	exec_of(p, 11, "/bin/two");
	exit_of(p, 10, 0, 0);
	exit_of(p, 10, 0, 0);
	assert_exe(p, 10, "/bin/one"); /* late events */
	exit_of(p, 11, 0, RS_PROCESSES_KEEP_NS + RS_NSEC_PER_SEC);
	assert_int_equal(rs_processes_stats(p).processes, 1);
	assert_exe(p, 10, NULL);
	assert_exe(p, 11, "/bin/two");
	assert_int_equal(rs_processes_stats(p).evicted, 0);
}

/* An exit alone tells of a process that nobody told of before. */
static void test_end_only(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);

	(void)state;
	exec_of(p, 10, "/bin/parent");
	exit_of(p, 11, 10, 0);
	assert_chain(p, 11, 10, "10");
	assert_null(ask(p, 11, 10, "x").executable);
	assert_int_equal(rs_processes_stats(p).reads, 0);
}

static void test_name(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	struct rs_event event;

	(void)state;
	exec_of(p, 10, "/bin/one");
	ask(p, 10, 0, "worker"); /* prctl(PR_SET_NAME) */
	assert_string_equal(ask(p, 11, 10, "x").parent_name, "worker");
	event = event_of(&asked, RS_KIND_OPEN, 10, "thread");
	asked.hdr.tid = 99; /* has a name of its own */
	rs_processes_enrich(p, &event);
	assert_string_equal(event.executable, "/bin/one");
	assert_string_equal(ask(p, 11, 10, "x").parent_name, "worker");
}

static void test_pid_used_again(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	struct rs_event event;

	(void)state;
	exec_of(p, 10, "/bin/first");
	exit_of(p, 10, 0, 0);
	exec_at(p, 10, 77 * RS_NSEC_PER_SEC, "/bin/second");
	assert_exe(p, 10, "/bin/first");
	event = event_of(&asked, RS_KIND_OPEN, 10, "second");
	asked.hdr.start = 77 * RS_NSEC_PER_SEC;
	rs_processes_enrich(p, &event);
	assert_string_equal(event.executable, "/bin/second");
	asked.hdr.start = 78 * RS_NSEC_PER_SEC;
	rs_processes_enrich(p, &event);
	assert_null(event.executable);
}

/* The end of a process got lost: another one of its pid tells of it. */
static void test_lost_exit(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	const uint64_t now = rs_clock_boot();
	struct rs_process_info info;

	(void)state;
	exec_of(p, 10, "/bin/first");
	exec_at(p, 10, now, "/bin/second");
	assert_true(rs_processes_find(p, 10, START(10), &info));
	assert_int_equal(info.ended, now);
	assert_true(rs_processes_find(p, 10, now, &info));
	assert_int_equal(info.ended, 0);
	exec_at(p, 10, now - MOMENT, "/bin/older"); /* out of order */
	assert_true(rs_processes_find(p, 10, now - MOMENT, &info));
	assert_int_equal(info.ended, now);
	assert_int_equal(rs_processes_stats(p).processes, 3);
}

/* --- parents --- */

/* 1 <- 5 <- 10 <- 11 <- 12 */
static void make_chain(struct rs_processes *p)
{
	exec_of(p, 1, "/sbin/init");
	fork_of(p, 1, 5);
	exec_with(p, 5, 0, 1, "/bin/manager", NULL, 0);
	fork_of(p, 5, 10);
	exec_with(p, 10, 0, 5, "/bin/shell", NULL, 0);
	fork_of(p, 10, 11);
	fork_of(p, 11, 12);
}

static void test_chain(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	struct rs_event event;

	(void)state;
	make_chain(p);
	event = ask(p, 12, 11, "tool");
	assert_string_equal(chain_of(&event), "11 10 5 1");
	assert_string_equal(event.ancestors[0].name, "forked");
	assert_string_equal(event.ancestors[0].executable, "/bin/shell");
	assert_string_equal(event.ancestors[2].name, "manager");
	assert_string_equal(event.ancestors[2].executable, "/bin/manager");
	assert_int_equal(event.ancestors[2].start, START(5));
	assert_string_equal(event.ancestors[3].executable, "/sbin/init");
	assert_chain(p, 1, 0, "");
	assert_int_equal(rs_processes_stats(p).reads, 0);
}

/* A process whose parent is gone has got another one, as its next event says. */
static void test_reparented(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	struct rs_process_info info;

	(void)state;
	make_chain(p);
	exit_of(p, 10, 5, 0);
	assert_chain(p, 12, 11, "11 10 5 1"); /* 11 did nothing since */
	assert_chain(p, 11, 5, "5 1");        /* 5 is the subreaper */
	assert_chain(p, 12, 11, "11 5 1");
	exit_of(p, 11, 5, 0);
	assert_chain(p, 12, 1, "1");
	assert_true(rs_processes_find(p, 12, START(12), &info));
	assert_int_equal(info.ppid, 1);
	assert_int_equal(info.pstart, START(1));
	assert_chain(p, 11, 5, "5 1"); /* a late event */
}

/* Parents that have ended stay for the sake of their children, and go with them. */
static void test_chain_of_ended(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	const uint64_t later = RS_PROCESSES_KEEP_NS + RS_NSEC_PER_SEC;

	(void)state;
	make_chain(p);
	exit_of(p, 10, 5, 0);
	exit_of(p, 11, 10, 0);
	for (unsigned i = 0; i < 4; i++)
		exit_of(p, 99, 0, later); /* time passes */
	assert_chain(p, 12, 11, "11 10 5 1");
	exit_of(p, 12, 11, later);
	exit_of(p, 99, 0, 3 * later);
	exit_of(p, 98, 0, 5 * later);
	exit_of(p, 97, 0, 7 * later);
	assert_int_equal(rs_processes_stats(p).processes, 3); /* init, the manager, and 97 */
	assert_int_equal(rs_processes_stats(p).evicted, 0);
}

/* The parent is the maker's parent; what the child runs is the maker's. */
static void test_clone_parent(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	struct rs_event event;

	(void)state;
	exec_of(p, 1, "/sbin/init");
	exec_with(p, 10, 0, 1, "/bin/parent", NULL, 0);
	exec_with(p, 11, 0, 10, "/bin/maker", ARGS("maker\0-x"));
	fork_by(p, 11, 10, 12);
	event = ask(p, 12, 10, "forked");
	assert_string_equal(event.executable, "/bin/maker");
	assert_string_equal(event.command_line, "maker -x");
	assert_string_equal(event.parent_executable, "/bin/parent");
	assert_string_equal(chain_of(&event), "10 1");
}

/* Forks twice, and the one in the middle ends: what daemons do. */
static void test_daemon(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	struct rs_event event;

	(void)state;
	exec_of(p, 1, "/sbin/init");
	exec_with(p, 10, 0, 1, "/bin/daemon", ARGS("daemon\0-d"));
	fork_of(p, 10, 11);
	fork_of(p, 11, 12);
	exit_of(p, 11, 10, 0);
	exit_of(p, 10, 1, 0);
	event = ask(p, 12, 1, "daemon");
	assert_string_equal(chain_of(&event), "1");
	assert_string_equal(event.executable, "/bin/daemon");
	assert_string_equal(event.command_line, "daemon -d");
	assert_string_equal(event.parent_executable, "/sbin/init");
}

/* The child of a vfork ends, or runs something else, while its parent waits. */
static void test_vfork(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);

	(void)state;
	make_chain(p);
	fork_of(p, 10, 20);
	exec_with(p, 20, 0, 10, "/bin/tool", ARGS("tool\0x"));
	assert_string_equal(ask(p, 20, 10, "tool").command_line, "tool x");
	assert_string_equal(ask(p, 10, 5, "shell").executable, "/bin/shell");
	exit_of(p, 20, 10, 0);
	fork_of(p, 10, 21);
	exit_of(p, 21, 10, 0);
	assert_string_equal(ask(p, 21, 10, "shell").executable, "/bin/shell");
	assert_chain(p, 21, 10, "10 5 1");
}

/* A thread that is not the first runs something else: it takes over pid and start of the first one. */
static void test_thread_exec(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	struct rs_event event;
	struct record r;

	(void)state;
	make_chain(p);
	event = event_of(&r, RS_KIND_FORK, 20, "worker"); /* forked by a thread: its name */
	parent_of(&r, 10);
	r.fork.maker = 10;
	r.fork.maker_start = START(10);
	rs_processes_feed(p, &event);
	assert_string_equal(ask(p, 20, 10, "worker").executable, "/bin/shell");
	event = event_of(&r, RS_KIND_OPEN, 10, "worker");
	parent_of(&r, 5);
	r.hdr.tid = 15;
	rs_processes_enrich(p, &event);
	assert_string_equal(event.executable, "/bin/shell");
	exec_with(p, 10, 0, 5, "/bin/new", ARGS("new"));
	event = ask(p, 10, 5, "new");
	assert_string_equal(event.executable, "/bin/new");
	assert_string_equal(chain_of(&event), "5 1");
	event = ask(p, 11, 10, "forked");
	assert_string_equal(event.executable, "/bin/shell");
	assert_string_equal(event.parent_executable, "/bin/new");
	assert_int_equal(rs_processes_stats(p).reads, 0);
}

static void test_kernel_threads(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	struct rs_event event;
	struct record r;

	(void)state;
	event = event_of(&r, RS_KIND_FORK, 30, "kworker/0:1");
	parent_of(&r, 2);
	r.hdr.flags = RS_HDR_KTHREAD;
	rs_processes_feed(p, &event);
	event = event_of(&r, RS_KIND_OPEN, 2, "kthreadd");
	r.hdr.flags = RS_HDR_KTHREAD;
	rs_processes_enrich(p, &event);
	event = event_of(&r, RS_KIND_OPEN, 30, "kworker/0:1");
	parent_of(&r, 2);
	r.hdr.flags = RS_HDR_KTHREAD;
	rs_processes_enrich(p, &event);
	assert_null(event.executable);
	assert_null(event.command_line);
	assert_string_equal(event.parent_name, "kthreadd");
	assert_string_equal(chain_of(&event), "2");
	assert_int_equal(rs_processes_stats(p).reads, 1); /* for the parent, before it was there */
}

static void test_long_chain(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	struct rs_event event;

	(void)state;
	exec_of(p, 1, "/sbin/init");
	for (uint32_t pid = 2; pid <= 100; pid++)
		fork_of(p, pid - 1, pid);
	event = ask(p, 100, 99, "x");
	assert_int_equal(event.n_ancestors, RS_EVENT_ANCESTORS_MAX);
	assert_int_equal(event.ancestors[RS_EVENT_ANCESTORS_MAX - 1].pid, 68);
	assert_int_equal(ask(p, 20, 19, "x").n_ancestors, 19);
}

/* Records that make two processes each other's parents, and one its own. */
static void test_loops(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);

	(void)state;
	exec_of(p, 10, "/bin/one");
	exec_of(p, 11, "/bin/two");
	fork_of(p, 11, 10);
	fork_of(p, 10, 11);
	assert_chain(p, 11, 10, "10");
	assert_chain(p, 10, 11, "");
	assert_chain(p, 10, 10, "");
	assert_chain(p, 11, 10, "10");
}

/* A parent that nothing is known of: the chain ends. */
static void test_unknown_parent(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);

	(void)state;
	exec_with(p, 10, 0, 9, "/bin/x", NULL, 0);
	assert_chain(p, 10, 9, "");
	assert_chain(p, 10, 9, "");
	assert_int_equal(rs_processes_stats(p).reads, 1);
	exec_of(p, 9, "/bin/parent"); /* it was only late */
	assert_chain(p, 10, 9, "9");
}

/* --- caps --- */

static void test_cap(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(8, 0);
	char path[32];

	(void)state;
	for (uint32_t pid = 1; pid <= 8; pid++) {
		snprintf(path, sizeof(path), "/bin/%u", pid);
		exec_of(p, pid, path);
	}
	exit_of(p, 5, 0, 0);
	exit_of(p, 3, 0, 0);
	exec_of(p, 21, "/bin/21");
	exec_of(p, 22, "/bin/22");
	assert_int_equal(rs_processes_stats(p).evicted, 2); /* those that have ended */
	for (uint32_t pid = 1; pid <= 8; pid++) {
		snprintf(path, sizeof(path), "/bin/%u", pid);
		if (pid != 3 && pid != 5)
			assert_exe(p, pid, path);
	}
	for (uint32_t pid = 100; pid < 10100; pid++) {
		snprintf(path, sizeof(path), "/bin/%u", pid);
		exec_of(p, pid, path);
		assert_exe(p, pid, path);
		fork_of(p, pid, pid + 20000);
	}
	assert_int_equal(rs_processes_stats(p).processes, 8);
	assert_true(rs_processes_stats(p).evicted > 19990);
	assert_true(rs_processes_stats(p).texts <= 8 + 1); /* and the working directory */
}

/* What was handed out stays until the next call, whatever is thrown out for the parent. */
static void test_smallest(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(2, 0);
	_cleanup_(rs_processes_free) struct rs_processes *one = open_processes(1, 0);
	struct rs_event event;

	(void)state;
	put_process(2, "parent", START(2), "/bin/parent");
	exec_of(p, 10, "/bin/child");
	event = ask(p, 10, 2, "child");
	assert_string_equal(event.executable, "/bin/child");
	assert_string_equal(event.parent_executable, "/bin/parent");
	for (uint32_t pid = 11; pid < 20; pid++) {
		fork_of(p, 2, pid);
		assert_string_equal(ask(p, pid, 2, "x").executable, "/bin/parent");
	}
	assert_int_equal(rs_processes_stats(p).processes, 2);
	exec_of(one, 10, "/bin/child");
	event = ask(one, 10, 2, "child");
	assert_string_equal(event.executable, "/bin/child");
	assert_int_equal(rs_processes_stats(one).processes, 1);
}

static void test_bytes(void **state)
{
	/* Each with what it takes to keep it, and the working directory. */
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 1100);
	char path[402];

	(void)state;
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[400] = '\0';
	exec_of(p, 10, path);
	path[1] = 'b';
	exec_of(p, 11, path);
	path[1] = 'c';
	exec_of(p, 12, path);
	assert_int_equal(rs_processes_stats(p).refused, 1);
	assert_exe(p, 12, NULL);
	path[1] = 'a';
	exec_of(p, 13, path); /* known already */
	assert_exe(p, 13, path);
	exit_of(p, 11, 0, 0);
	path[1] = 'd';
	exec_of(p, 14, path);
	assert_exe(p, 14, path);
	assert_int_equal(rs_processes_stats(p).evicted, 2); /* 12, that is not there, and 11 */
	assert_true(rs_processes_stats(p).bytes > 800 + 5);
	assert_true(rs_processes_stats(p).bytes <= 1100);
	exec_of(p, 14, "/e");
	exec_of(p, 10, "/e"); /* another one has the same path */
	path[1] = 'a';
	assert_exe(p, 13, path);
	exec_of(p, 13, "/e");
	assert_true(rs_processes_stats(p).bytes < 200);
}

static void feed_exe(struct rs_processes *p, const char *exe, size_t n, uint8_t flags)
{
	struct record r;
	struct rs_event event = event_of(&r, RS_KIND_EXEC, 10, "sixteen bytes!!!");

	event.field[RS_TAG_EXE] = (struct rs_text){ exe, (uint32_t)n, flags };
	rs_processes_feed(p, &event);
}

static void test_hostile(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	static char path[60000];
	struct rs_event event;
	struct record r;

	(void)state;
	feed_exe(p, "/a\0b", 4, 0);
	event = ask(p, 11, 10, "x");
	assert_string_equal(event.parent_executable, "/a");
	assert_string_equal(event.parent_name, "sixteen bytes!!");
	feed_exe(p, "\0", 1, 0);
	assert_exe(p, 10, NULL);
	feed_exe(p, NULL, 0, 0); /* no field: what was known is not so any more */
	assert_exe(p, 10, NULL);
	memset(path, 'a', sizeof(path));
	feed_exe(p, path, sizeof(path), 0);
	event = ask(p, 10, 0, "x");
	assert_memory_equal(event.executable, ".../aaa", 7);
	assert_int_equal(strlen(event.executable), RS_PATH_MAX + 4);
	feed_exe(p, "b", 1, RS_FIELD_CUT | RS_FIELD_DELETED | RS_FIELD_FAULT);
	assert_exe(p, 10, ".../b");

	event = event_of(&r, RS_KIND_FORK, 0, "");
	r.hdr.start = 0;
	parent_of(&r, 10);
	rs_processes_feed(p, &event);
	rs_processes_enrich(p, &event);
	assert_null(event.executable);
	assert_string_equal(event.parent_executable, ".../b");
	r.hdr.start = UINT64_MAX;
	r.hdr.pid = UINT32_MAX;
	r.hdr.time = UINT64_MAX;
	rs_processes_feed(p, &event);
	rs_processes_enrich(p, &event);
	assert_string_equal(event.executable, ".../b");
	r.hdr.kind = RS_KIND_EXIT;
	rs_processes_feed(p, &event);
	r.hdr.time = 1;
	rs_processes_feed(p, &event);
	rs_processes_enrich(p, &event);
}

/* Records that contradict each other, in a table that is too small: what is handed out is there. */
static void test_random(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(16, 3000);
	unsigned seed = 7;
	size_t seen = 0;

	(void)state;
	for (uint32_t pid = 1; pid < 40; pid += 3)
		put_child(pid, pid * 7 % 40, "any", START(pid) + pid % 2 * MOMENT, "/bin/any");
	rs_processes_seed(p, NULL, 0);
	for (unsigned i = 0; i < 100000; i++) {
		struct record r;
		enum rs_kind kind = (enum rs_kind)((unsigned)rand_r(&seed) % (RS_KIND_OPEN + 1));
		struct rs_event event = event_of(&r, kind, (uint32_t)rand_r(&seed) % 40, "any");
		char path[] = "/x/?/y\0and\0more";

		r.hdr.start += (uint32_t)rand_r(&seed) % 3 * MOMENT;
		r.hdr.time += (uint32_t)rand_r(&seed) % 3 * RS_PROCESSES_KEEP_NS / 2;
		parent_of(&r, (uint32_t)rand_r(&seed) % 40);
		if (kind == RS_KIND_FORK) {
			r.fork.maker = (uint32_t)rand_r(&seed) % 40;
			r.fork.maker_start = START(r.fork.maker);
		}
		path[3] = (char)rand_r(&seed);
		event.field[RS_TAG_EXE] = (struct rs_text){ path, 6, 0 };
		event.field[RS_TAG_ARGS] = (struct rs_text){ path, sizeof(path), 0 };
		if (i % 1000 == 0)
			rs_processes_set_complete(p, i % 2000 == 0);
		rs_processes_feed(p, &event);
		rs_processes_enrich(p, &event);
		for (size_t k = 0; k < event.n_ancestors; k++)
			seen += strlen(event.ancestors[k].name) +
				(event.ancestors[k].executable
					 ? strlen(event.ancestors[k].executable)
					 : 0);
		seen += event.command_line ? strlen(event.command_line) : 0;
		seen += event.executable ? strlen(event.executable) : 0;
		assert_true(rs_processes_stats(p).processes <= 16);
		assert_true(rs_processes_stats(p).bytes <= 3000);
	}
	assert_true(seen > 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_life),
		scratch_test(test_arguments),
		scratch_test(test_long_arguments),
		scratch_test(test_find),
		scratch_test(test_end),
		scratch_test(test_end_only),
		scratch_test(test_name),
		scratch_test(test_pid_used_again),
		scratch_test(test_lost_exit),
		scratch_test(test_chain),
		scratch_test(test_reparented),
		scratch_test(test_chain_of_ended),
		scratch_test(test_clone_parent),
		scratch_test(test_daemon),
		scratch_test(test_vfork),
		scratch_test(test_thread_exec),
		scratch_test(test_kernel_threads),
		scratch_test(test_long_chain),
		scratch_test(test_loops),
		scratch_test(test_unknown_parent),
		scratch_test(test_cap),
		scratch_test(test_smallest),
		scratch_test(test_bytes),
		scratch_test(test_hostile),
		scratch_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
