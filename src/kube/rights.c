/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* Capability numbers there may be: the sets have 64 bits. */
#define CAPS 64

/* A standard descriptor that is closed would be given to the first file or connection we open. */
static int keep_standard_fds(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return -errno;
	}
	return 0;
}

static void close_others(void)
{
	struct rlimit limit = { 0 };

	if (syscall(SYS_close_range, 3u, ~0u, 0u) == 0)
		return;
	getrlimit(RLIMIT_NOFILE, &limit); /* before 5.9 */
	for (int fd = 3; fd < (int)MIN(limit.rlim_cur, 1u << 20); fd++)
		close(fd);
}

static int drop_caps(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	/* Refused to those who have no CAP_SETPCAP: then no_new_privs alone closes the way back. */
	for (unsigned long cap = 0; cap < CAPS; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

/* No core: a limit of 1 byte is too small for a file, and, unlike 0, also keeps the kernel from piping it
 * to a program (core(5)). */
static void limit_resources(void)
{
	static const struct rlimit core = { 1, 1 }, files = { 64, 64 };

	setrlimit(RLIMIT_CORE, &core);
	setrlimit(RLIMIT_NOFILE, &files);
}

int rs_rights_drop(struct rs_error *err)
{
	sigset_t none;
	int r;

	if (prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0, 0, 0) < 0)
		return rs_error_set_errno(err, -errno, "asking to die with the parent");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1ul, 0, 0, 0) < 0)
		return rs_error_set_errno(err, -errno, "giving up new privileges");
	r = keep_standard_fds();
	if (r < 0)
		return rs_error_set_errno(err, r, "opening \"/dev/null\"");
	close_others();
	r = drop_caps();
	if (r < 0)
		return rs_error_set_errno(err, r, "giving up capabilities");
	limit_resources();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_IGN); /* shows as -EPIPE where we write */
	return 0;
}
