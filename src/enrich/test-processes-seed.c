/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel's own list of processes adds to /proc. */
#include "enrich/test-processes.h"

static struct rs_task task_of(uint32_t pid, uint32_t ppid, const char *comm)
{
	struct rs_task task = {
		.start = START(pid),
		.pstart = ppid ? START(ppid) : 0,
		.cgroup = pid + 1000,
		.pid = pid,
		.ppid = ppid,
		.uid = pid + 100,
	};

	memcpy(task.comm, comm, strlen(comm));
	return task;
}

static void put_tree(void)
{
	put_child(1, 0, "init", START(1), "/sbin/init");
	put_child(300, 1, "manager", START(300), "/bin/manager");
	put_child(400, 300, "worker", START(400), "/bin/worker");
	put_child(500, 400, "one", START(500), "/bin/one");
}

/* Those of whom no record has come yet have the start that theirs will have, and are there once. */
static void test_exact(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	const struct rs_task tasks[] = {
		task_of(500, 400, "one"),
		task_of(1, 0, "init"),
		task_of(300, 1, "manager"),
		task_of(400, 300, "worker"),
	};
	struct rs_process_info info;
	struct rs_event event;

	(void)state;
	put_tree();
	rs_processes_seed(p, tasks, ARRAY_SIZE(tasks));
	assert_int_equal(rs_processes_stats(p).processes, 4);
	event = ask(p, 500, 400, "one");
	assert_string_equal(chain_of(&event), "400 300 1");
	for (size_t i = 0; i < event.n_ancestors; i++)
		assert_int_equal(event.ancestors[i].start, START(event.ancestors[i].pid));
	assert_string_equal(event.executable, "/bin/one");
	assert_string_equal(event.ancestors[1].executable, "/bin/manager");
	assert_true(rs_processes_find(p, 300, START(300), &info));
	assert_int_equal(info.start, START(300));
	assert_int_equal(info.pstart, START(1));
	assert_int_equal(info.cgroup, 1300);
	assert_int_equal(info.uid, 400);
	ask(p, 300, 1, "manager");
	rs_processes_seed(p, tasks, ARRAY_SIZE(tasks)); /* once more changes nothing */
	assert_int_equal(rs_processes_stats(p).processes, 4);
	assert_int_equal(rs_processes_stats(p).reads, 0);
}

/* A pid that was used again within the same tick: two processes, and the start tells which. */
static void test_same_tick(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	struct rs_task task = task_of(500, 0, "one");
	struct rs_process_info info;

	(void)state;
	put_child(500, 0, "one", START(500), "/bin/one");
	rs_processes_seed(p, &task, 1);
	assert_true(rs_processes_find(p, 500, START(500), &info));
	assert_false(rs_processes_find(p, 500, START(500) + 1, &info));
}

/* What is missing in the list, /proc tells, with a start that a record makes exact. */
static void test_missing(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	const struct rs_task tasks[] = { task_of(1, 0, "init"), task_of(500, 400, "one") };
	struct rs_event event;

	(void)state;
	put_tree();
	rs_processes_seed(p, tasks, ARRAY_SIZE(tasks));
	assert_int_equal(rs_processes_stats(p).processes, 4);
	event = ask(p, 500, 400, "one");
	assert_string_equal(chain_of(&event), "400 300 1");
	assert_int_equal(event.ancestors[0].start, START(400));
	assert_int_equal(event.ancestors[1].start, 300 * RS_NSEC_PER_SEC);
	assert_int_equal(event.ancestors[2].start, START(1));
	ask(p, 300, 1, "manager");
	assert_int_equal(ask(p, 500, 400, "one").ancestors[1].start, START(300));
	assert_int_equal(rs_processes_stats(p).processes, 4);
}

/* It ended and another one has its pid, or /proc is of another pid namespace. */
static void test_another(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	const struct rs_task tasks[] = { task_of(20, 0, "first"), task_of(30, 20, "child"),
					 task_of(40, 20, "gone") };
	struct rs_process_info info;
	struct rs_event event;

	(void)state;
	put_child(20, 0, "second", START(20) + RS_NSEC_PER_SEC, "/bin/second");
	put_child(30, 7, "child", START(30), "/bin/child");
	rs_processes_seed(p, tasks, ARRAY_SIZE(tasks));
	assert_true(rs_processes_find(p, 20, START(20), &info));
	assert_string_equal(info.name, "first");
	assert_null(info.executable);
	assert_true(rs_processes_find(p, 40, START(40), &info));
	assert_string_equal(info.name, "gone");
	event = ask(p, 30, 20, "child");
	assert_string_equal(chain_of(&event), "20");
	assert_string_equal(event.parent_name, "first");
	assert_true(rs_processes_find(p, 30, START(30), &info));
	assert_int_equal(info.ppid, 20);
}

/* Of a kernel thread nothing is read: it runs nothing. */
static void test_kernel_thread(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(0, 0);
	struct rs_task tasks[] = { task_of(2, 0, "kthreadd"), task_of(9, 2, "kworker") };
	struct rs_event event;

	(void)state;
	tasks[0].flags = tasks[1].flags = RS_TASK_KTHREAD;
	put_child(2, 0, "not this", START(2), "/bin/not");
	rs_processes_seed(p, tasks, ARRAY_SIZE(tasks));
	event = ask(p, 9, 2, "kworker");
	assert_null(event.executable);
	assert_string_equal(event.parent_name, "kthreadd");
	assert_null(event.parent_executable);
	assert_int_equal(rs_processes_stats(p).reads, 0);
}

/* More than there is room for, pids twice, parents that are younger: whatever comes, in the end. */
static void test_odd(void **state)
{
	_cleanup_(rs_processes_free) struct rs_processes *p = open_processes(16, 0);
	struct rs_task tasks[64];

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(tasks); i++)
		tasks[i] = task_of(1 + i % 20, 1 + (i * 7) % 20, "odd");
	tasks[3].start = UINT64_MAX;
	tasks[4].start = tasks[5].pid = 0;
	rs_processes_seed(p, tasks, ARRAY_SIZE(tasks));
	assert_true(rs_processes_stats(p).processes <= 16);
	assert_int_equal(rs_processes_stats(p).evicted, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_exact),         scratch_test(test_same_tick),
		scratch_test(test_missing),       scratch_test(test_another),
		scratch_test(test_kernel_thread), scratch_test(test_odd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
