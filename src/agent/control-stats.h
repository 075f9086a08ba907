/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What an agent counted, as it travels over the control socket: docs/control.md has the names. */

#include "agent/agent.h"
#include "agent/control.h"

struct rs_control_stats {
	struct rs_agent_stats stats;
	struct rs_control_counts control;
	uint64_t time; /* real ns, when it was looked at */
	uint64_t pid;
	char version[32];
};

/* One JSON object. Kinds that are neither watched nor counted, and failures that did not happen, are
 * left out. 0 or the string's error. */
int rs_control_stats_write(struct rs_json *w, const struct rs_control_stats *stats);

/* Reads it back; what this build has no name for is skipped, what is missing is 0. Times are taken
 * from their numbers. -EPROTO when it is not such an object. */
int rs_control_stats_read(const struct rs_json_value *object, struct rs_control_stats *ret_stats,
			  struct rs_error *err);
