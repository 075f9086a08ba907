/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The pump moves records: ring buffer -> decode in place -> last checks -> names, executables -> view -> output,
 * and decides when to look. Idle it is armed: the next record wakes it. Then it looks at every tick
 * until a tick brings nothing. While the output is blocked it does not look at all.
 */

#include "agent/output.h"
#include "agent/view.h"
#include "base/loop.h"
#include "enrich/processes.h"
#include "enrich/users.h"
#include "kern/sensors.h"

struct rs_pump;

struct rs_pump_counts {
	uint64_t delivered[RS_KIND_MAX];
	uint64_t filtered[RS_KIND_MAX];
	uint64_t undecoded[RS_KIND_MAX];
	uint64_t unwritten[RS_KIND_MAX];
	uint64_t unknown;
	uint64_t wakeups;
};

/* All borrowed, and outlive the pump. */
struct rs_pump_parts {
	struct rs_loop *loop;
	struct rs_sensors *sensors;
	struct rs_users *users;
	struct rs_processes *processes;
	struct rs_view *view;
	struct rs_output *output;
};

int rs_pump_new(const struct rs_pump_parts *parts, struct rs_pump **ret_pump, struct rs_error *err);
void rs_pump_free(struct rs_pump **pump);

/* The path filter; borrowed until the next call. NULL or empty: none. */
void rs_pump_set_paths(struct rs_pump *pump, const struct rs_opt_list *paths);

/* Registers with the loop. The loop then ends with -EPIPE when the reader of the output is gone,
 * with another code when the output failed: rs_pump_error() tells more. */
int rs_pump_start(struct rs_pump *pump, struct rs_error *err);
const struct rs_error *rs_pump_error(const struct rs_pump *pump);

/*
 * The last act, outside the loop, once the sensors make no more events: hands out all that is left,
 * for at most @timeout_ns where the reader is slow, and no longer than until @cancel_fd (-1: none)
 * is readable. What cannot be written is counted.
 */
void rs_pump_finish(struct rs_pump *pump, uint64_t timeout_ns, int cancel_fd);

void rs_pump_counts(const struct rs_pump *pump, struct rs_pump_counts *ret_counts);
