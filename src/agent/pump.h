/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The pump moves records: ring buffer -> decode in place -> who is who -> last checks -> store, view ->
 * output, and decides when to look. Idle it is armed: the next record wakes it. Then it looks at every tick
 * until a tick brings nothing. While the output is blocked it does not look at all.
 *
 * A record whose container has no name yet stays in the ring buffer, and those behind it, for
 * RS_CONTAINERS_WAIT_NS at most, and only while most of the buffer is free.
 */

#include "agent/options.h"
#include "agent/output.h"
#include "agent/view.h"
#include "base/loop.h"
#include "enrich/identity.h"
#include "kern/sensors.h"
#include "store/store.h"

struct rs_pump;

struct rs_pump_counts {
	uint64_t delivered[RS_KIND_MAX];
	uint64_t filtered[RS_KIND_MAX];
	uint64_t undecoded[RS_KIND_MAX];
	uint64_t unwritten[RS_KIND_MAX];
	uint64_t identity[RS_KIND_MAX]; /* not asked for: only told who is who */
	uint64_t held[RS_KIND_MAX];     /* on their way, to go out with the process's end */
	uint64_t unknown;
	uint64_t wakeups;
};

/* All borrowed, and outlive the pump. */
struct rs_pump_parts {
	struct rs_loop *loop;
	struct rs_sensors *sensors;
	struct rs_identity *identity;
	struct rs_store *store; /* NULL: nothing is kept */
	struct rs_view *view;
	struct rs_output *output;
	const struct rs_event_host *host;
	bool fold; /* short-lived processes are one event */
};

int rs_pump_new(const struct rs_pump_parts *parts, struct rs_pump **ret_pump, struct rs_error *err);
void rs_pump_free(struct rs_pump **pump);

/* What is judged here; borrowed until the next call. */
void rs_pump_set_filter(struct rs_pump *pump, const struct rs_agent_filter *filter);

/* Something that records wait for may be there: looks at once. For rs_identity_start(). */
int rs_pump_news(void *pump);

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
