/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What `ringside run` and the views have in common: one watch from its start to its summary. */

#include "agent/agent.h"

struct rs_watch {
	const struct rs_agent_options *options;
	bool exclusive; /* takes the place, serves the control socket */
	/* As in struct rs_agent_hooks; NULL where there is no configuration to read again. */
	int (*reload)(void *data, struct rs_agent_options *ret_options, struct rs_error *err);
	void *data;
};

/* Watches until the end; prints errors, the ready line and the summary on standard error. Returns
 * what the program ends with. */
int rs_watch_run(const struct rs_watch *watch);

/* Appends "exec, exit", "all but open", "file, network"; nothing where no short form says it. */
void rs_watch_describe_kinds(uint64_t kinds, struct rs_str *out);
