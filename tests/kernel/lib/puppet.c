/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/puppet.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kernel/lib/agent.h"
#include "tests/kernel/lib/tap.h"

void puppet_start(struct puppet *puppet, puppet_fn *fn, void *data)
{
	int orders[2], answers[2];

	if (pipe2(orders, O_CLOEXEC) || pipe2(answers, O_CLOEXEC))
		tap_bail("pipe: %m");
	puppet->pid = fork();
	if (puppet->pid < 0)
		tap_bail("fork: %m");
	if (!puppet->pid) {
		char order;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(orders[1]);
		close(answers[0]);
		while (read(orders[0], &order, 1) == 1) {
			fn(order, data);
			if (write(answers[1], "+", 1) != 1)
				break;
		}
		_exit(0);
	}
	close(orders[0]);
	close(answers[1]);
	puppet->orders = orders[1];
	puppet->answers = answers[0];
}

void puppet_tell(const struct puppet *puppet, char order)
{
	if (write(puppet->orders, &order, 1) != 1)
		tap_bail("ordering: %m");
}

bool puppet_wait(const struct puppet *puppet)
{
	struct pollfd fd = { puppet->answers, POLLIN, 0 };
	char answer;

	return poll(&fd, 1, agent_patience()) > 0 && read(puppet->answers, &answer, 1) == 1;
}

bool puppet_do(const struct puppet *puppet, char order)
{
	puppet_tell(puppet, order);
	return puppet_wait(puppet);
}

void puppet_end(struct puppet *puppet)
{
	close(puppet->orders);
	close(puppet->answers);
	kill(puppet->pid, SIGKILL);
	waitpid(puppet->pid, NULL, 0);
}

const char *puppet_pid(const struct puppet *puppet)
{
	static char text[16];

	snprintf(text, sizeof(text), "%d", puppet->pid);
	return text;
}
