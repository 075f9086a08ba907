/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The parts of `ringside filter` that need no agent. */

#include "agent/options.h"
#include "base/json.h"

/* Appends the request that puts these options in force: lists that have elements, and kinds that
 * were chosen. Relative paths are made absolute, for the agent has another working directory. */
int rs_filter_request(const struct rs_agent_options *options, bool clear, struct rs_str *out,
		      struct rs_error *err);

/* Appends the agent's answer for people, in at most width columns. */
int rs_filter_describe(const struct rs_json_value *filter, unsigned width, struct rs_str *out);
