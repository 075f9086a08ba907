/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's store: whether there is one, where, and what it has to tell. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "agent/agent-internal.h"
#include "base/log.h"

#define NONE "none"

/* From the writer's thread. */
static void on_note(void *data, const char *text)
{
	(void)data;
	rs_log_warn("%s", text);
}

/* Only the agent that holds the place keeps events without being asked to. */
static int locate(const struct rs_agent_options *options, bool exclusive, struct rs_str *dir)
{
	if (options->store)
		return strcmp(options->store, NONE) == 0 ? 0
							 : rs_str_append_cstr(dir, options->store);
	return exclusive ? rs_agent_options_locate(options, RS_STORE_DIR, dir) : 0;
}

int rs_agent_open_store(struct rs_agent *agent, bool exclusive, struct rs_error *err)
{
	const struct rs_agent_options *options = agent->options;
	_cleanup_(rs_str_done) struct rs_str dir = RS_STR_INIT(PATH_MAX);
	struct rs_store_options wanted = {
		.max_age = options->store_age,
		.max_bytes = options->store_size,
		.note = on_note,
	};
	struct rs_error why = RS_ERROR_INIT;
	int r;

	r = locate(options, exclusive, &dir);
	if (r < 0)
		return rs_error_set_errno(err, r, "finding the store");
	if (!dir.len && options->profile && options->store)
		return rs_error_set(err, -EINVAL,
				    "--profile keeps profiles in the store, and --store is none");
	if (!dir.len)
		return 0;
	wanted.dir = rs_str_cstr(&dir);
	r = rs_store_open(&wanted, &agent->host, &agent->store, &why);
	/* Events that nobody asked to be kept are no reason not to watch. */
	if (r < 0 && !options->store && r != -ENOMEM) {
		_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(2048);

		rs_str_appendf(&text, "events are not kept: %s", why.msg);
		rs_agent_note(agent, rs_str_cstr(&text));
		return 0;
	}
	if (r >= 0)
		r = rs_agent_open_profile(agent, wanted.dir, &why);
	if (r < 0 && err)
		*err = why;
	return r;
}
