/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/waits.h"

#include <string.h>

#include "base/util.h"

#define FUNCTIONS_MAX 16

/* What a thread waits for, by functions that are in its stack then; a star stands for any end. The first row that has
 * one counts: what is done on behalf of something else (a page fault that reads a disk) stands above it. */
static const struct wait_class {
	const char *name;
	bool idle; /* threads without work wait so */
	const char *functions[FUNCTIONS_MAX];
} classes[] = {
	{ "frozen", false, { "do_freezer_trap", "__refrigerator", "cgroup_enter_frozen" } },
	{ "page fault",
	  false,
	  { "handle_mm_fault", "exc_page_fault", "asm_exc_page_fault", "do_user_addr_fault",
	    "do_page_fault", "do_mem_abort" } },
	{ "fuse",
	  false,
	  { "request_wait_answer", "fuse_simple_request", "__fuse_simple_request" } },
	{ "disk",
	  false,
	  { "io_schedule", "io_schedule_timeout", "submit_bio_wait", "blk_mq_get_tag",
	    "folio_wait_bit*", "wait_on_page_bit*", "bit_wait_io", "__wait_on_buffer", "jbd2_log_*",
	    "xfs_log_*", "xlog_*", "blkdev_issue_flush", "wait_transaction_locked",
	    "btrfs_wait_*" } },
	{ "file lock",
	  false,
	  { "flock_lock_inode_wait", "posix_lock_inode_wait", "locks_lock_inode_wait",
	    "fcntl_setlk", "do_lock_file_wait" } },
	{ "kernel lock",
	  false,
	  { "__mutex_lock*", "mutex_lock*", "rwsem_down_*", "down_read*", "down_write*", "__down*",
	    "percpu_rwsem_wait", "rt_mutex_*", "__rt_mutex_*", "rtlock_slowlock*" } },
	{ "vfork", false, { "wait_for_vfork_done", "kernel_clone" } },
	{ "io_uring", true, { "io_cqring_wait*", "io_wq_worker", "io_sq_thread" } },
	{ "futex",
	  true,
	  { "futex_wait*", "__futex_wait*", "do_futex", "futex_lock_pi*", "futex_wait_queue*" } },
	{ "poll",
	  true,
	  { "ep_poll", "do_epoll_wait", "do_epoll_pwait*", "do_sys_poll", "do_poll*", "do_select",
	    "core_sys_select", "poll_schedule_timeout*" } },
	{ "pipe",
	  true,
	  { "pipe_read", "pipe_write", "anon_pipe_read", "anon_pipe_write", "pipe_wait*",
	    "fifo_open", "wait_for_partner", "splice_from_pipe*" } },
	{ "terminal", true, { "n_tty_read", "n_tty_write", "tty_wait_until_sent*" } },
	{ "event",
	  true,
	  { "eventfd_read", "timerfd_read*", "signalfd_read*", "inotify_read", "fanotify_read",
	    "read_events", "do_io_getevents" } },
	{ "socket",
	  true,
	  { "inet_csk_accept", "sk_wait_data", "sk_stream_wait_*", "wait_woken",
	    "unix_stream_read_generic", "unix_wait_for_peer", "unix_accept", "skb_wait_for_*",
	    "__skb_wait_for_*", "inet_wait_for_connect", "sock_recvmsg", "__sys_accept4",
	    "sock_alloc_send_pskb", "__inet_stream_connect" } },
	{ "child", true, { "do_wait", "kernel_wait4", "__do_wait", "kernel_waitid" } },
	{ "signal",
	  true,
	  { "do_sigtimedwait", "sigsuspend", "__x64_sys_pause", "__arm64_sys_pause",
	    "__do_sys_pause" } },
	{ "sleep",
	  true,
	  { "do_nanosleep", "hrtimer_nanosleep", "common_nsleep*", "alarm_timer_nsleep*", "msleep*",
	    "usleep_range*" } },
	{ "message queue", true, { "do_msgrcv", "do_msgsnd", "wq_sleep", "do_semtimedop*" } },
	{ "kernel thread", true, { "kthread", "worker_thread", "kthreadd" } },
};

static const char *const states[] = {
	[RS_OFFCPU_SLEEP] = "waiting",       [RS_OFFCPU_DISK] = "uninterruptible",
	[RS_OFFCPU_IDLE] = "idle",           [RS_OFFCPU_STOPPED] = "stopped",
	[RS_OFFCPU_PREEMPTED] = "preempted", [RS_OFFCPU_RUNQ] = "run queue",
};
_Static_assert(ARRAY_SIZE(states) == RS_OFFCPU_REASON_COUNT, "states");

static bool is_function(const char *pattern, const char *function)
{
	size_t n = strlen(pattern);

	if (pattern[n - 1] == '*')
		return !strncmp(pattern, function, n - 1);
	return !strcmp(pattern, function);
}

static bool has_one(const struct wait_class *class, const char *function)
{
	for (size_t i = 0; i < FUNCTIONS_MAX && class->functions[i]; i++)
		if (is_function(class->functions[i], function))
			return true;
	return false;
}

static const struct wait_class *find_class(const char *const *functions, size_t n)
{
	for (size_t c = 0; c < ARRAY_SIZE(classes); c++)
		for (size_t i = 0; i < n; i++)
			if (has_one(&classes[c], functions[i]))
				return &classes[c];
	return NULL;
}

static bool yields(const char *const *functions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(functions[i], "do_sched_yield") || !strcmp(functions[i], "yield"))
			return true;
	return false;
}

const char *rs_waits_reason(uint32_t reason, const char *const *functions, size_t n)
{
	const struct wait_class *class;

	if (reason >= RS_OFFCPU_REASON_COUNT)
		return "unknown";
	if (reason == RS_OFFCPU_PREEMPTED && yields(functions, n))
		return "yield";
	if (reason != RS_OFFCPU_SLEEP && reason != RS_OFFCPU_DISK)
		return states[reason];
	class = find_class(functions, n);
	return class ? class->name : states[reason];
}

bool rs_waits_is_idle(const char *reason)
{
	for (size_t c = 0; c < ARRAY_SIZE(classes); c++)
		if (!strcmp(reason, classes[c].name))
			return classes[c].idle;
	return !strcmp(reason, states[RS_OFFCPU_IDLE]) || !strcmp(reason, states[RS_OFFCPU_SLEEP]);
}
