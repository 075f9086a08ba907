/* SPDX-License-Identifier: Apache-2.0 */
/* Options of strace(1) that `ringside strace` has not: each says why, or what to do instead. */
#include <string.h>

#include "base/util.h"
#include "tests/kernel/lib/agent.h"
#include "tests/kernel/lib/tap.h"

static void test_refused(void)
{
	static const struct {
		const char *args[6];
		const char *want;
	} refused[] = {
		{ { "strace", "-D", "true" }, "-p PID" },
		{ { "strace", "--daemonize=session", "true" }, "-p PID" },
		{ { "strace", "-b", "execve", "true" }, "without -f" },
		{ { "strace", "-I", "4", "true" }, "Ctrl-C" },
		{ { "strace", "-i", "true" }, "-k shows" },
		{ { "strace", "-O", "3", "true" }, "nothing has to be taken off" },
		{ { "strace", "-d", "true" }, "ringside doctor" },
		{ { "strace", "-V" }, "ringside --version" },
		{ { "strace", "--kill-on-exit", "true" }, "never changed" },
		{ { "strace", "--pidns-translation", "true" }, "first pid namespace" },
		{ { "strace", "--secontext", "true" }, "ls -Z" },
		{ { "strace", "--argv0=x", "true" }, "exec -a" },
		{ { "strace", "--inject=open:error=EIO", "true" }, "never changed" },
		{ { "strace", "-e", "fault=open", "true" }, "never changed" },
		{ { "strace", "-e", "kvm=vcpu", "true" }, "virtual CPUs" },
		{ { "strace", "-e", "read=3", "true" }, "-s 7680" },
		{ { "strace", "--write=1", "true" }, "-s 7680" },
		{ { "strace", "-e", "status=detached", "true" }, "cannot be chosen" },
		{ { "strace", "-e", "quiet=nonsense", "true" }, "no message \"nonsense\"" },
		{ { "strace", "--decode-fds=colour", "true" }, "no word \"colour\"" },
		{ { "strace", "-U", "calls,min-time", "true" }, "shortest" },
		{ { "strace", "-U", "calls,calls", "true" }, "twice" },
		{ { "strace", "-U", "price", "true" }, "no column \"price\"" },
		{ { "strace", "-X", "loud", "true" }, "loud" },
		{ { "strace", "--syscall-times=weeks", "true" }, "no precision \"weeks\"" },
		{ { "strace", "--timestamps=format:moon", "true" }, "no format \"moon\"" },
		{ { "strace", "-ff", "-c", "true" }, "not with -ff" },
		{ { "strace", "-ffo", "|cat", "true" }, "not with -ff" },
		{ { "strace", "-A", "true" }, "-o FILE" },
		{ { "strace", "-u", "root", "-p", "1" }, "for a command" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct outcome outcome;

		agent_run(&outcome, refused[i].args, NULL, NULL);
		if (!tap_ok(outcome.code == 2 && strstr(outcome.err, refused[i].want) &&
				    !strstr(outcome.err, "unknown option"),
			    "refused with a reason: %s", refused[i].args[1]))
			tap_diag("ended with %d: %s", outcome.code, outcome.err);
		outcome_done(&outcome);
	}
}

int main(void)
{
	test_refused();
	return tap_done();
}
