/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/actor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kernel/lib/tap.h"

enum verb { MKDIR, CREATE, SYMLINK, RENAME, CHDIR, NAME, FORK };

struct order {
	enum verb verb;
	char a[512], b[512];
};

static int obey(const struct order *order)
{
	switch (order->verb) {
	case MKDIR:
		return mkdir(order->a, 0755);
	case CREATE:
		return creat(order->a, 0644) < 0 ? -1 : 0;
	case SYMLINK:
		return symlink("x", order->a);
	case RENAME:
		return rename(order->a, order->b);
	case CHDIR:
		return chdir(order->a);
	case NAME:
		return prctl(PR_SET_NAME, order->a);
	case FORK:
		break;
	}
	return -1;
}

/* A child speaks through named pipes that the test has made: descriptors cannot be passed later. */
static void become_child(const struct order *order, int *orders, int *answers)
{
	close(*orders);
	close(*answers);
	*orders = open(order->a, O_RDONLY | O_CLOEXEC);
	*answers = open(order->b, O_WRONLY | O_CLOEXEC);
	if (*orders < 0 || *answers < 0)
		_exit(1);
}

static void obey_all(int orders, int answers)
{
	struct order order;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	while (read(orders, &order, sizeof(order)) == (ssize_t)sizeof(order)) {
		int result = order.verb == FORK ? fork() : obey(&order);

		if (order.verb == FORK && !result) {
			become_child(&order, &orders, &answers);
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			continue;
		}
		if (write(answers, &result, sizeof(result)) < 0)
			break;
	}
	_exit(0);
}

void actor_start(struct actor *actor, actor_setup *setup, void *data)
{
	int orders[2], answers[2];

	if (pipe2(orders, O_CLOEXEC) || pipe2(answers, O_CLOEXEC))
		tap_bail("pipe: %m");
	fflush(stdout);
	actor->pid = fork();
	if (actor->pid < 0)
		tap_bail("fork: %m");
	if (!actor->pid) {
		close(orders[1]);
		close(answers[0]);
		if (setup)
			setup(data);
		obey_all(orders[0], answers[1]);
	}
	close(orders[0]);
	close(answers[1]);
	actor->orders = orders[1];
	actor->answers = answers[0];
}

static int tell(struct actor *actor, enum verb verb, const char *a, const char *b)
{
	struct order order = { .verb = verb };
	int result = -1;

	snprintf(order.a, sizeof(order.a), "%s", a);
	snprintf(order.b, sizeof(order.b), "%s", b);
	if (write(actor->orders, &order, sizeof(order)) != (ssize_t)sizeof(order) ||
	    read(actor->answers, &result, sizeof(result)) != (ssize_t)sizeof(result))
		tap_bail("an actor is gone");
	return result;
}

void actor_fork(struct actor *parent, struct actor *ret_child)
{
	char orders[64], answers[64];
	static unsigned number;

	number++;
	snprintf(orders, sizeof(orders), "/tmp/ringside-actor-%d-%u-to", getpid(), number);
	snprintf(answers, sizeof(answers), "/tmp/ringside-actor-%d-%u-from", getpid(), number);
	if (mkfifo(orders, 0600) || mkfifo(answers, 0600))
		tap_bail("mkfifo: %m");
	ret_child->pid = tell(parent, FORK, orders, answers);
	if (ret_child->pid <= 0)
		tap_bail("an actor cannot fork");
	ret_child->orders = open(orders, O_WRONLY | O_CLOEXEC);
	ret_child->answers = open(answers, O_RDONLY | O_CLOEXEC);
	unlink(orders);
	unlink(answers);
}

bool actor_mkdir(struct actor *actor, const char *path)
{
	return tell(actor, MKDIR, path, "") == 0;
}

bool actor_create(struct actor *actor, const char *path)
{
	return tell(actor, CREATE, path, "") == 0;
}

bool actor_symlink(struct actor *actor, const char *path)
{
	return tell(actor, SYMLINK, path, "") == 0;
}

bool actor_rename(struct actor *actor, const char *from, const char *to)
{
	return tell(actor, RENAME, from, to) == 0;
}

bool actor_chdir(struct actor *actor, const char *path)
{
	return tell(actor, CHDIR, path, "") == 0;
}

bool actor_name(struct actor *actor, const char *comm)
{
	return tell(actor, NAME, comm, "") == 0;
}

void actor_end(struct actor *actor)
{
	close(actor->orders);
	close(actor->answers);
	kill(actor->pid, SIGKILL);
	waitpid(actor->pid, NULL, 0);
	actor->pid = 0;
}
