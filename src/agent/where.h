/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the agent judges itself: containers, pods, conditions. The kernel knows none of them. */

#include "agent/options.h"

/*
 * One condition of the options' lists and of their own condition; NULL where there is nothing to judge.
 * It lives in the arena. -EINVAL: the condition has a
 * mistake; -ENOMEM.
 */
int rs_where_make(const struct rs_agent_options *options, struct rs_arena *arena,
		  const struct rs_expr **ret_where, struct rs_error *err);
