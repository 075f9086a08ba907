/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/waits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

#define REASON(state, ...)                                                                         \
	rs_waits_reason(state, (const char *const[]){ __VA_ARGS__ },                               \
			ARRAY_SIZE(((const char *const[]){ __VA_ARGS__ })))

static void test_classes(void **state)
{
	(void)state;
	assert_string_equal(REASON(RS_OFFCPU_SLEEP, "__schedule", "schedule", "futex_wait_queue"),
			    "futex");
	assert_string_equal(REASON(RS_OFFCPU_SLEEP, "schedule", "do_epoll_wait"), "poll");
	assert_string_equal(REASON(RS_OFFCPU_SLEEP, "schedule", "pipe_read", "vfs_read"), "pipe");
	assert_string_equal(REASON(RS_OFFCPU_SLEEP, "schedule", "do_nanosleep"), "sleep");
	assert_string_equal(REASON(RS_OFFCPU_SLEEP, "schedule_timeout", "sk_wait_data"), "socket");
	assert_string_equal(REASON(RS_OFFCPU_DISK, "schedule", "io_schedule"), "disk");
	assert_string_equal(REASON(RS_OFFCPU_DISK, "schedule", "rwsem_down_write_slowpath"),
			    "kernel lock");
}

/* What a wait is for counts more than how it is done. */
static void test_order(void **state)
{
	(void)state;
	assert_string_equal(REASON(RS_OFFCPU_DISK, "io_schedule", "folio_wait_bit_common",
				   "filemap_fault", "handle_mm_fault", "exc_page_fault"),
			    "page fault");
	assert_string_equal(REASON(RS_OFFCPU_SLEEP, "mutex_lock", "pipe_write"), "kernel lock");
	assert_string_equal(REASON(RS_OFFCPU_DISK, "schedule", "kernel_clone"), "vfork");
	assert_string_equal(REASON(RS_OFFCPU_DISK, "down_read", "kernel_clone"), "kernel lock");
}

static void test_states(void **state)
{
	(void)state;
	assert_string_equal(REASON(RS_OFFCPU_SLEEP, "schedule", "something_new"), "waiting");
	assert_string_equal(rs_waits_reason(RS_OFFCPU_DISK, NULL, 0), "uninterruptible");
	assert_string_equal(REASON(RS_OFFCPU_STOPPED, "do_epoll_wait"), "stopped");
	assert_string_equal(REASON(RS_OFFCPU_IDLE, "worker_thread"), "idle");
	assert_string_equal(REASON(RS_OFFCPU_RUNQ, "do_epoll_wait"), "run queue");
	assert_string_equal(REASON(RS_OFFCPU_PREEMPTED, "schedule"), "preempted");
	assert_string_equal(REASON(RS_OFFCPU_PREEMPTED, "schedule", "do_sched_yield"), "yield");
	assert_string_equal(rs_waits_reason(RS_OFFCPU_REASON_COUNT, NULL, 0), "unknown");
}

static void test_names(void **state)
{
	(void)state;
	/* A pattern with a star takes what is longer, others do not. */
	assert_string_equal(REASON(RS_OFFCPU_SLEEP, "futex_wait_multiple"), "futex");
	assert_string_equal(REASON(RS_OFFCPU_SLEEP, "pipe_reader"), "waiting");
	assert_string_equal(REASON(RS_OFFCPU_SLEEP, ""), "waiting");
}

static void test_idle(void **state)
{
	(void)state;
	assert_true(rs_waits_is_idle("poll"));
	assert_true(rs_waits_is_idle("futex"));
	assert_true(rs_waits_is_idle("waiting"));
	assert_false(rs_waits_is_idle("disk"));
	assert_false(rs_waits_is_idle("page fault"));
	assert_false(rs_waits_is_idle("run queue"));
	assert_false(rs_waits_is_idle("uninterruptible"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes), cmocka_unit_test(test_order),
		cmocka_unit_test(test_states),  cmocka_unit_test(test_names),
		cmocka_unit_test(test_idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
