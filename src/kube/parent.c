/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/parent.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"

/* Our standard input may be shared with others, so its mode is left alone: read only what is there. */
static void take_input(struct rs_parent *parent)
{
	char buf[256];
	ssize_t n = read(parent->in, buf, sizeof(buf));

	if (n > 0)
		parent->asked = parent->asked || memchr(buf, '\n', (size_t)n);
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		parent->in = -1;
}

static int poll_once(struct rs_parent *parent, int timeout_ms)
{
	struct pollfd fds[2] = { { .fd = parent->out }, { .fd = parent->in, .events = POLLIN } };
	int n = poll(fds, 2, timeout_ms);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[0].revents & (POLLERR | POLLHUP | POLLNVAL))
		return -EPIPE;
	if (fds[1].revents)
		take_input(parent);
	return 0;
}

int rs_parent_look(struct rs_parent *parent)
{
	return poll_once(parent, 0);
}

int rs_parent_wait(struct rs_parent *parent, uint64_t ns, bool wake)
{
	uint64_t now = rs_clock_mono(), until = now + ns;
	int r = 0;

	while (!r && now < until && !(wake && parent->asked)) {
		uint64_t ms = (until - now + RS_NSEC_PER_MSEC - 1) / RS_NSEC_PER_MSEC;

		r = poll_once(parent, (int)MIN(ms, 60000));
		now = rs_clock_mono();
	}
	return r;
}
