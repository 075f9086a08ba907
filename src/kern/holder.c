/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/util.h"

#define LAST_FD 4096 /* where close_range(2) is refused */

static int by_number(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void close_span(unsigned first, unsigned last)
{
	if (first > last || close_range(first, last, 0) == 0)
		return;
	for (unsigned fd = first; fd <= last && fd < LAST_FD; fd++)
		close((int)fd);
}

/* @keep is sorted; what is below 0 is none. */
static void close_all_but(const int *keep, size_t n)
{
	unsigned next = 0;

	for (size_t i = 0; i < n; i++) {
		if (keep[i] < 0)
			continue;
		if ((unsigned)keep[i] > next)
			close_span(next, (unsigned)keep[i] - 1);
		next = (unsigned)keep[i] + 1;
	}
	close_span(next, ~0u);
}

_noreturn_ static void hold(int alive)
{
	struct pollfd owner = { .fd = alive };

	setsid();
	prctl(PR_SET_NAME, "ringside-detach");
	while (poll(&owner, 1, -1) < 0 && errno == EINTR)
		;
	_exit(0);
}

int rs_holder_start(const int *fds, size_t n)
{
	_cleanup_(rs_cleanup_free) int *keep = calloc(n + 1, sizeof(*keep));
	sigset_t all, before;
	int alive[2], r;
	pid_t pid;

	if (!keep)
		return -ENOMEM;
	if (pipe2(alive, O_CLOEXEC) < 0)
		return -errno;
	if (n)
		memcpy(keep, fds, n * sizeof(*keep));
	keep[n] = alive[0];
	qsort(keep, n + 1, sizeof(*keep), by_number);
	/* They stay blocked in the child: nothing but SIGKILL ends it early. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pid = fork();
	r = pid < 0 ? -errno : 0;
	if (pid == 0) {
		close_all_but(keep, n + 1);
		hold(alive[0]);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(alive[0]);
	if (r < 0) {
		close(alive[1]);
		return r;
	}
	return alive[1];
}
