/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where tests of filters play: one directory, and which paths in it the agent told of. */

#include "tests/kernel/lib/agent.h"

void stage_make(void); /* a new directory below /tmp, mode 0777 */
void stage_remove(void);

/* The path of a name in it; static memory, four at a time. */
const char *at(const char *name);

/* Whether an event with this file.path came; the second waits for it. */
bool seen(const struct agent *agent, const char *name);
bool wait_seen(struct agent *agent, const char *name);
