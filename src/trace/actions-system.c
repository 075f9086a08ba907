/* SPDX-License-Identifier: Apache-2.0 */
/* system(): a command whose output becomes part of ours. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/limits.h"
#include "trace/actions.h"

#define OUTPUT_MOST ((size_t)16 << 20)

/* In the child: signals as a program expects them, for ours are blocked or ignored by now. */
static _noreturn_ void run(const char *command, int out)
{
	char *words[] = { (char *)"sh", (char *)"-c", (char *)command, NULL };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	rs_limits_restore_files();
	if (dup2(out, STDOUT_FILENO) >= 0)
		execv("/bin/sh", words);
	_exit(127);
}

int rs_trace_system(const char *command, struct rs_str *out)
{
	_cleanup_(rs_cleanup_close) int reader = -1, writer = -1;
	int ends[2], status = 0, r;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	reader = ends[0];
	writer = ends[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		run(command, writer);
	rs_cleanup_close(&writer);
	r = rs_fd_read_all(reader, OUTPUT_MOST, out);
	rs_cleanup_close(&reader); /* who writes more than we keep, ends by that */
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return r < 0 && r != -EFBIG ? r : status;
}
