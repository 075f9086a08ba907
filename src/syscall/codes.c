/* SPDX-License-Identifier: Apache-2.0 */
/* Names of errors and signals. */
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "syscall/syscall.h"

/* include/linux/errno.h: what the kernel keeps to itself, but for those who look. */
static const struct {
	int error;
	const char *name;
	const char *text;
} inner[] = {
	{ 512, "ERESTARTSYS", "To be restarted if SA_RESTART is set" },
	{ 513, "ERESTARTNOINTR", "To be restarted" },
	{ 514, "ERESTARTNOHAND", "To be restarted if no handler" },
	{ 515, "ENOIOCTLCMD", "No ioctl command" },
	{ 516, "ERESTART_RESTARTBLOCK", "Interrupted by signal" },
	{ 517, "EPROBE_DEFER", "Driver requests probe retry" },
	{ 524, "ENOTSUPP", "Operation is not supported" },
};

const char *rs_errno_name(int error)
{
	if (error == EOPNOTSUPP) /* the C library has another name for it */
		return "EOPNOTSUPP";
	for (size_t i = 0; i < ARRAY_SIZE(inner); i++)
		if (inner[i].error == error)
			return inner[i].name;
	return error > 0 ? strerrorname_np(error) : NULL;
}

const char *rs_errno_text(int error)
{
	for (size_t i = 0; i < ARRAY_SIZE(inner); i++)
		if (inner[i].error == error)
			return inner[i].text;
	return error > 0 ? strerrordesc_np(error) : NULL;
}

/* A first one for each number; 29 is both SIGIO and SIGPOLL. */
static const char *const signals[] = {
	NULL,       "SIGHUP",  "SIGINT",    "SIGQUIT", "SIGILL",   "SIGTRAP",   "SIGABRT",
	"SIGBUS",   "SIGFPE",  "SIGKILL",   "SIGUSR1", "SIGSEGV",  "SIGUSR2",   "SIGPIPE",
	"SIGALRM",  "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT",  "SIGSTOP",   "SIGTSTP",
	"SIGTTIN",  "SIGTTOU", "SIGURG",    "SIGXCPU", "SIGXFSZ",  "SIGVTALRM", "SIGPROF",
	"SIGWINCH", "SIGIO",   "SIGPWR",    "SIGSYS",  "SIGRTMIN",
};

const char *rs_signal_name(int signal)
{
	static _Thread_local char buf[16];

	if (signal > 0 && signal < (int)ARRAY_SIZE(signals))
		return signals[signal];
	if (signal < 0 || signal > 64 || !signal)
		return NULL;
	snprintf(buf, sizeof(buf), "SIGRT_%d", signal - 32);
	return buf;
}
