/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/test-scratch.h"
#include "base/units.h"
#include "enrich/processes.h"

#define MOMENT RS_NSEC_PER_MSEC

static struct rs_processes *open_processes(size_t max, size_t bytes)
{
	struct rs_processes_options options = { .proc = ".", .max = max, .bytes = bytes };
	struct rs_processes *processes = NULL;

	assert_int_equal(rs_processes_new(&options, &processes, NULL), 0);
	return processes;
}

/* --- /proc --- */

static void put_process(uint32_t pid, const char *comm, uint64_t start, const char *exe)
{
	char dir[32], path[48], stat[256];

	snprintf(dir, sizeof(dir), "%u", pid);
	mkdir(dir, 0755);
	snprintf(path, sizeof(path), "%s/exe", dir);
	unlink(path);
	if (exe)
		assert_int_equal(symlink(exe, path), 0);
	snprintf(path, sizeof(path), "%s/stat", dir);
	snprintf(stat, sizeof(stat),
		 "%u (%s) S 1 1 1 0 -1 4194560 9 9 9 9 9 9 9 9 20 0 1 0 %llu 9 9\n", pid, comm,
		 (unsigned long long)(start / (RS_NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK))));
	assert_int_equal(rs_fd_replace_file(path, stat, strlen(stat), 0644, NULL), 0);
}

/* --- records --- */

struct record {
	union {
		struct rs_hdr hdr;
		struct rs_exec exec;
		struct rs_file file;
	};
};

/* Of a process that began at that moment, its pid in seconds after the boot unless told else. */
static struct rs_event event_of(struct record *r, enum rs_kind kind, uint32_t pid, const char *comm)
{
	*r = (struct record){ .hdr = { .kind = (uint16_t)kind,
				       .pid = pid,
				       .tid = pid,
				       .start = pid * RS_NSEC_PER_SEC + 1234567,
				       .time = rs_clock_boot() } };
	memcpy(r->hdr.comm, comm, strnlen(comm, sizeof(r->hdr.comm)));
	return (struct rs_event){ .hdr = &r->hdr };
}

static void parent_of(struct record *r, uint32_t ppid)
{
	r->hdr.ppid = ppid;
	r->hdr.pstart = ppid * RS_NSEC_PER_SEC + 1234567;
}

static void exec_at(struct rs_processes *p, uint32_t pid, uint64_t start, const char *exe)
{
	const char *slash = strrchr(exe, '/');
	struct record r;
	struct rs_event event = event_of(&r, RS_KIND_EXEC, pid, slash ? slash + 1 : exe);

	if (start)
		r.hdr.start = start;
	event.field[RS_TAG_EXE] = (struct rs_text){ exe, (uint32_t)strlen(exe), 0 };
	rs_processes_feed(p, &event);
}

static void exec_of(struct rs_processes *p, uint32_t pid, const char *exe)
{
	exec_at(p, pid, 0, exe);
}

static void fork_of(struct rs_processes *p, uint32_t ppid, uint32_t pid)
{
	struct record r;
	struct rs_event event = event_of(&r, RS_KIND_FORK, pid, "forked");

	parent_of(&r, ppid);
	rs_processes_feed(p, &event);
}

static void exit_of(struct rs_processes *p, uint32_t pid, uint64_t later)
{
	struct record r;
	struct rs_event event = event_of(&r, RS_KIND_EXIT, pid, "gone");

	r.hdr.time += later;
	rs_processes_feed(p, &event);
}

/* What an event of a process says. */
static struct record asked;

static struct rs_event ask(struct rs_processes *p, uint32_t pid, uint32_t ppid, const char *comm)
{
	struct rs_event event = event_of(&asked, RS_KIND_CREATE, pid, comm);

	if (ppid)
		parent_of(&asked, ppid);
	rs_processes_enrich(p, &event);
	return event;
}

static void assert_exe(struct rs_processes *p, uint32_t pid, const char *exe)
{
	struct rs_event event = ask(p, pid, 0, "any");

	if (exe)
		assert_string_equal(event.executable, exe);
	else
		assert_null(event.executable);
	assert_null(event.parent_executable);
	assert_null(event.parent_name);
}

/* --- tests --- */

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
	assert_int_equal(rs_processes_stats(p).executables, 2);
	assert_int_equal(rs_processes_stats(p).reads, 0);
}

static void test_end(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);

	(void)state;
	exec_of(p, 10, "/bin/one");
	exec_of(p, 11, "/bin/two");
	exit_of(p, 10, 0);
	exit_of(p, 10, 0);
	exit_of(p, 99, 0);
	assert_exe(p, 10, "/bin/one"); /* late events */
	exit_of(p, 11, RS_PROCESSES_KEEP_NS + RS_NSEC_PER_SEC);
	assert_int_equal(rs_processes_stats(p).processes, 1);
	assert_exe(p, 10, NULL);
	assert_exe(p, 11, "/bin/two");
	assert_int_equal(rs_processes_stats(p).evicted, 0);
}

static void test_name(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);

	(void)state;
	exec_of(p, 10, "/bin/one");
	ask(p, 10, 0, "worker"); /* prctl(PR_SET_NAME) */
	assert_string_equal(ask(p, 11, 10, "x").parent_name, "worker");
}

static void test_pid_used_again(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	struct rs_event event;

	(void)state;
	exec_of(p, 10, "/bin/first");
	exit_of(p, 10, 0);
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

static void test_cap(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(8, 0);
	char path[32];

	(void)state;
	for (uint32_t pid = 1; pid <= 8; pid++) {
		snprintf(path, sizeof(path), "/bin/%u", pid);
		exec_of(p, pid, path);
	}
	exit_of(p, 5, 0);
	exit_of(p, 3, 0);
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
	assert_true(rs_processes_stats(p).executables <= 10);
}

/* What was handed out stays until the next call, whatever is thrown out for the parent. */
static void test_smallest(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(1, 0);
	struct rs_event event;

	(void)state;
	put_process(20, "parent", 20 * RS_NSEC_PER_SEC + 1234567, "/bin/parent");
	exec_of(p, 10, "/bin/child");
	event = ask(p, 10, 20, "child");
	assert_string_equal(event.executable, "/bin/child");
	assert_string_equal(event.parent_executable, "/bin/parent");
	fork_of(p, 20, 21);
	assert_exe(p, 21, "/bin/parent");
	assert_int_equal(rs_processes_stats(p).processes, 1);
}

static void test_bytes(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 1000);
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
	assert_int_equal(rs_processes_stats(p).bytes, 800);
	assert_exe(p, 12, NULL);
	path[1] = 'a';
	exec_of(p, 13, path); /* known already */
	assert_exe(p, 13, path);
	exit_of(p, 11, 0);
	path[1] = 'd';
	exec_of(p, 14, path);
	assert_exe(p, 14, path);
	assert_int_equal(rs_processes_stats(p).evicted, 2); /* 12, that is not there, and 11 */
	exec_of(p, 10, "/e");                               /* another one has the same path */
	assert_int_equal(rs_processes_stats(p).bytes, 802);
	exec_of(p, 13, "/e");
	assert_int_equal(rs_processes_stats(p).bytes, 402);
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

static void test_seed(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	struct rs_event event;

	(void)state;
	put_process(10, "od) S (d", 10 * RS_NSEC_PER_SEC + 9999999, "/bin/odd");
	put_process(11, "kworker/0:1-events", 11 * RS_NSEC_PER_SEC + 1234567, NULL);
	put_process(12, "late", 12 * RS_NSEC_PER_SEC - 1, "/bin/late");
	put_process(13, "old", 13 * RS_NSEC_PER_SEC, "relative");
	mkdir("self", 0755);
	mkdir("4294967296", 0755);
	mkdir("14", 0755);
	rs_processes_seed(p);
	assert_int_equal(rs_processes_stats(p).processes, 4);
	event = ask(p, 10, 11, "x");
	assert_string_equal(event.executable, "/bin/odd");
	assert_null(event.parent_executable);
	assert_string_equal(event.parent_name, "kworker/0:1-eve");
	fork_of(p, 10, 20);
	assert_exe(p, 20, "/bin/odd");
	assert_int_equal(rs_processes_stats(p).reads, 0);
	assert_exe(p, 12, NULL); /* began within another tick: a process that had the pid before */
	assert_exe(p, 13, NULL);
	exec_of(p, 13, "/bin/new");
	assert_exe(p, 13, "/bin/new");
}

/* A process that no record told of. */
static void test_look(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	uint64_t seconds, begin = rs_clock_boot() / RS_NSEC_PER_SEC;

	(void)state;
	put_process(10, "x", 10 * RS_NSEC_PER_SEC + 1234567, "/bin/x (deleted)");
	put_process(11, "x", 12 * RS_NSEC_PER_SEC, "/bin/x");
	assert_exe(p, 10, "/bin/x (deleted)"); /* the name of a file that is there */
	assert_exe(p, 11, NULL);
	assert_exe(p, 12, NULL);
	assert_int_equal(rs_processes_stats(p).reads, 3);
	put_process(12, "x", 12 * RS_NSEC_PER_SEC + 1234567, "/bin/x");
	assert_exe(p, 10, "/bin/x (deleted)");
	assert_exe(p, 11, NULL);
	assert_exe(p, 12, NULL); /* remembered */
	assert_int_equal(rs_processes_stats(p).reads, 3);
	for (uint32_t pid = 100; pid < 100 + 3 * RS_PROCESSES_READS; pid++)
		assert_exe(p, pid, NULL);
	seconds = rs_clock_boot() / RS_NSEC_PER_SEC - begin + 1;
	assert_true(rs_processes_stats(p).reads >= RS_PROCESSES_READS);
	assert_true(rs_processes_stats(p).reads <= RS_PROCESSES_READS * seconds);
}

/* Records do not tell of all processes. */
static void test_incomplete(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	const uint64_t start = 10 * RS_NSEC_PER_SEC + 1234567;
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
	put_process(10, "meanwhile", 10 * RS_NSEC_PER_SEC + 1234567, "/bin/meanwhile");
	rs_processes_set_complete(p, false);
	rs_processes_set_complete(p, true);
	event = event_of(&asked, RS_KIND_CREATE, 10, "meanwhile");
	rs_processes_enrich(p, &event);
	assert_string_equal(event.executable, "/bin/meanwhile");
	exec_of(p, 11, "/bin/after");
	assert_exe(p, 11, "/bin/after");
	assert_int_equal(rs_processes_stats(p).reads, 1);
}

/* Ourselves, in the real /proc. */
static void test_real(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = NULL;
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	(void)state;
	if (n < 0)
		skip();
	self[n] = '\0';
	assert_int_equal(rs_processes_new(NULL, &p, NULL), 0);
	rs_processes_seed(p);
	assert_true(rs_processes_stats(p).processes > 0);
	assert_true(rs_processes_stats(p).bytes >= (size_t)n);
}

static void test_no_proc(void **state)
{
	struct rs_processes_options options = { .proc = "./nothing" };
	_cleanup_(rs_processes_free) struct rs_processes *p = NULL;

	(void)state;
	assert_int_equal(rs_processes_new(&options, &p, NULL), 0);
	rs_processes_seed(p);
	assert_exe(p, 10, NULL);
	exec_of(p, 10, "/bin/x");
	assert_exe(p, 10, "/bin/x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_life),       scratch_test(test_end),
		scratch_test(test_name),       scratch_test(test_pid_used_again),
		scratch_test(test_cap),        scratch_test(test_smallest),
		scratch_test(test_bytes),      scratch_test(test_hostile),
		scratch_test(test_seed),       scratch_test(test_look),
		scratch_test(test_incomplete), scratch_test(test_complete_again),
		scratch_test(test_real),       scratch_test(test_no_proc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
