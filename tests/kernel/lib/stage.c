/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel/lib/stage.h"

#include <string.h>
#include <sys/stat.h>

#include "tests/kernel/lib/check.h"

static char dir[64];

void stage_make(void)
{
	strcpy(dir, "/tmp/ringside-XXXXXX");
	if (!mkdtemp(dir) || chmod(dir, 0777))
		tap_bail("making %s: %m", dir);
}

void stage_remove(void)
{
	remove_tree(dir);
}

const char *at(const char *name)
{
	static char bufs[4][256];
	static unsigned turn;
	char *buf = bufs[turn++ % 4];

	snprintf(buf, sizeof(bufs[0]), "%s/%s", dir, name);
	return buf;
}

bool seen(const struct agent *agent, const char *name)
{
	for (size_t i = 0; i < agent->n_events; i++)
		if (strcmp(event_str(agent->events[i], "file.path"), at(name)) == 0)
			return true;
	return false;
}

bool wait_seen(struct agent *agent, const char *name)
{
	struct agent_wait wait;

	agent_wait_begin(&wait, agent);
	while (!seen(agent, name) && agent_wait_on(&wait, agent))
		agent_pump(agent, 100);
	return seen(agent, name);
}
