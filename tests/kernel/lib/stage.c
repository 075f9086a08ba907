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

/* From that event on, which is the first that was not looked at afterwards. */
static bool seen_from(const struct agent *agent, const char *name, size_t *from)
{
	const char *path = at(name);

	for (; *from < agent->n_events; ++*from)
		if (strcmp(event_str(agent->events[*from], "file.path"), path) == 0)
			return true;
	return false;
}

bool seen(const struct agent *agent, const char *name)
{
	return seen_from(agent, name, &(size_t){ 0 });
}

bool wait_seen(struct agent *agent, const char *name)
{
	struct agent_wait wait;
	size_t from = 0;

	agent_wait_begin(&wait, agent);
	while (!seen_from(agent, name, &from) && agent_wait_on(&wait, agent))
		agent_pump(agent, 100);
	return seen_from(agent, name, &from);
}
