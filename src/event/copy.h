/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Copies of events that outlive the record and whoever enriched it. */

#include "event/event.h"

/* Zero-initialise; may be set again and again, memory is kept. */
struct rs_event_copy {
	struct rs_event event; /* valid once set; points into data only */
	void *data;
	size_t cap;
	bool set;
};

/* Copies the record and all that others set, but for the end. -ENOMEM: the copy is as before. */
int rs_event_copy_set(struct rs_event_copy *copy, const struct rs_event *event);

/* Nothing is in it any more; keeps its memory up to @keep bytes. */
void rs_event_copy_clear(struct rs_event_copy *copy, size_t keep);
