/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What `ringside latency -o json` says, looked through. */

#include "tests/kernel/lib/agent.h"

/* Runs it, until it measures. */
bool latency_start(struct agent *agent, const char *const args[]);
#define LATENCY(...) ((const char *const[]){ "latency", __VA_ARGS__, NULL })

/* Time passes, and what is written is read. */
void latency_hold(struct agent *agent, uint64_t ms);

/* Ends it: a result. */
bool latency_finish(struct agent *agent, const char *name);

const char *text_at(const json_t *object, const char *key); /* "" */
json_int_t number_at(const json_t *object, const char *key);
/* The last one of that type; NULL. */
const json_t *find_type(const struct agent *agent, const char *type);
size_t count_type(const struct agent *agent, const char *type);

/* The row of the summary whose @key contains the text; NULL. */
const json_t *find_row(const struct agent *agent, const char *key, const char *text);
json_int_t sum_rows(const struct agent *agent);
/* A slow one of that name that took at least so long; NULL. */
const json_t *find_slow(const struct agent *agent, const char *what, uint64_t ns);

/* Did the kernel skip our programs, and did we say so? */
bool latency_skipped(const struct agent *agent);
/* Exactly that many, but for events for which the kernel skipped our programs, which it then says. */
bool is_count(const struct agent *agent, json_int_t count, json_int_t wanted);
/* Buckets are as narrow as promised and hold as many as the row says, percentiles rise. */
bool is_sound(const json_t *row);
bool has_function(const json_t *frames, const char *part);

void latency_show(const struct agent *agent); /* for whoever reads a failure */
