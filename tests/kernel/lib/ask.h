/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Asking: `ringside events`, `stats` and others, of the agent and the store below our root. */

#include "tests/kernel/lib/agent.h"

/*
 * Runs `ringside ARGS...`; with `-o json` among them its lines become events. False, and told, where it
 * does not end with 0. Free with agent_done().
 */
bool ask(struct agent *ret_answer, const char *const args[]);

/* The same; how many lines of JSON came. */
size_t ask_count(const char *const args[]);

/* Its standard output as it is, NUL-terminated, to free(3); "" where it failed. */
char *ask_text(const char *const args[]);

/* A number of `ringside stats -o json`, such as "store.stored"; -1: the agent does not answer. */
json_int_t ask_stat(const char *path);

/* Waits until it is at least that much, taking in what the agent writes. */
bool ask_wait_stat(struct agent *agent, const char *path, json_int_t least);

/* Waits until the events of an agent that makes no more are stored. */
bool ask_wait_stored(struct agent *agent);

/* Waits for an event of this kind that has this text at the path; NULL where none comes. */
const json_t *wait_event(struct agent *agent, const char *kind, const char *path, const char *text);
const json_t *find_event(const struct agent *agent, const char *kind, const char *path,
			 const char *text);
