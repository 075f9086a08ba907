/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/kube-child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/limits.h"

/* From here to execve() only calls that are safe after fork() in a process with threads. */

static void reset_signals(void)
{
	/* The kernel's struct sigaction, all zero: the default. libc's own call leaves out two signals that it
	 * keeps for itself, and that may be ignored since before we were started. */
	static const uint64_t action[8];
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		syscall(SYS_rt_sigaction, i, action, NULL, (size_t)NSIG / 8);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Executing a program as root would give it all capabilities again, were it not for no_new_privs. */
static int drop_rights(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	if (prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0, 0, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1ul, 0, 0, 0) < 0)
		return -errno;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

static int arrange_fds(int fd)
{
	int null, high = fcntl(fd, F_DUPFD, 3); /* out of the way of 0, 1 and 2 */

	if (high < 0 || dup2(high, STDIN_FILENO) < 0 || dup2(high, STDOUT_FILENO) < 0)
		return -errno;
	null = open("/dev/null", O_WRONLY);
	if (null < 0 || (null != STDERR_FILENO && dup2(null, STDERR_FILENO) < 0))
		return -errno;
	if (syscall(SYS_close_range, 3u, ~0u, 0u) == 0)
		return 0;
	/* Before 5.9. What the agent opens is closed by execve() anyhow; this is for what it got. */
	for (int i = 3; i < 65536; i++)
		close(i);
	return 0;
}

_noreturn_ static void be_child(int fd, char *const *argv, char *const *envp)
{
	reset_signals();
	if (drop_rights() == 0 && arrange_fds(fd) == 0) {
		rs_limits_restore_files();
		execve(argv[0], argv, envp);
	}
	_exit(127);
}

int rs_kube_child_start(char *const *argv, char *const *envp, pid_t *ret_pid, int *ret_fd,
			struct rs_error *err)
{
	_cleanup_(rs_cleanup_close) int ours = -1, theirs = -1;
	int pair[2], flags;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return rs_error_set_errno(err, -errno, "starting \"%s\"", argv[0]);
	ours = pair[0];
	theirs = pair[1];
	flags = fcntl(ours, F_GETFL);
	if (flags < 0 || fcntl(ours, F_SETFL, flags | O_NONBLOCK) < 0)
		return rs_error_set_errno(err, -errno, "starting \"%s\"", argv[0]);
	pid = fork();
	if (pid < 0)
		return rs_error_set_errno(err, -errno, "starting \"%s\"", argv[0]);
	if (pid == 0)
		be_child(theirs, argv, envp);
	*ret_pid = pid;
	*ret_fd = TAKE_FD(ours);
	return 0;
}

/* It has nothing to tidy up and may be anything by now, so it is not asked. SIGKILL is not waited for
 * long by a process that only talks to a network. */
void rs_kube_child_end(pid_t pid, char *buf, size_t size)
{
	int status = 0;
	pid_t r = waitpid(pid, &status, WNOHANG);

	if (!r) {
		kill(pid, SIGKILL);
		do
			r = waitpid(pid, &status, 0);
		while (r < 0 && errno == EINTR);
	}
	if (r != pid)
		snprintf(buf, size, "it is gone");
	else if (WIFSIGNALED(status))
		snprintf(buf, size, "signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) == 127)
		snprintf(buf, size, "exit code 127, perhaps it cannot be executed");
	else
		snprintf(buf, size, "exit code %d", WEXITSTATUS(status));
}
