/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/box.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kernel/lib/agent.h"
#include "tests/kernel/lib/tap.h"

/* Each line is a command; what it answers is one byte. */
#define SCRIPT "echo -n +; while read -r line; do eval $line; echo -n +; done"

/* For the acting child: it starts where we call it. */
static struct bundle wanted;
static int in[2], out[2];

static void act_run(struct scene *scene)
{
	int status;

	close(in[1]);
	close(out[0]);
	runc_path(scene);
	bundle_make(scene, &wanted);
	must(chmod(in_dir(scene, "bundle/rootfs/tmp"), 0777));
	alarm(0); /* it lives for as long as its input is open */
	status = bundle_run_with(scene, &wanted, NULL, in[0], out[1]);
	bundle_remove_groups(&wanted);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		scene_fail(scene, "runc ended with status %#x", status);
}

static bool wait_answer(struct box *box)
{
	struct pollfd fd = { box->answers, POLLIN, 0 };
	char answer;

	return poll(&fd, 1, agent_patience()) > 0 && read(box->answers, &answer, 1) == 1;
}

static void give_up(struct box *box, const char *what)
{
	close(box->orders);
	close(box->answers);
	if (scene_end(box->scene, box->end) == SCENE_SKIPPED)
		tap_skip(what, box->scene->note);
	else
		tap_ok(false, "%s: a container: %s", what, box->scene->note);
	scene_free(&box->scene);
}

bool box_start(struct box *box, const struct bundle *bundle, const char *what)
{
	wanted = *bundle;
	wanted.script = SCRIPT;
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		tap_bail("pipe: %m");
	box->scene = scene_new();
	box->end = scene_begin(box->scene, act_run);
	close(in[0]);
	close(out[1]);
	box->orders = in[1];
	box->answers = out[0];
	if (wait_answer(box))
		return true;
	give_up(box, what);
	*box = (struct box){ 0 };
	return false;
}

bool box_do(struct box *box, const char *command)
{
	if (dprintf(box->orders, "%s\n", command) > 0 && wait_answer(box))
		return true;
	tap_diag("the container does not do \"%s\"", command);
	return false;
}

bool box_mkdir(struct box *box, const char *name)
{
	char command[256];

	snprintf(command, sizeof(command), "busybox mkdir /tmp/%s", name);
	return box_do(box, command);
}

void box_end(struct box *box)
{
	if (!box->scene)
		return;
	dprintf(box->orders, "exit 0\n"); /* others may hold that end of the pipe, too */
	close(box->orders);
	if (scene_end(box->scene, box->end) != SCENE_DONE)
		tap_diag("a container ended badly: %s", box->scene->note);
	close(box->answers);
	scene_free(&box->scene);
	*box = (struct box){ 0 };
}
