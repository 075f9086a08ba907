/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The form in which events go out: rows of a table, lines of JSON, or nothing at all. */

#include "agent/options.h"
#include "event/event.h"

struct rs_view;

/* What the view must know about where its text goes. */
struct rs_view_target {
	int fd;
	bool terminal;
};

/* @options' output AUTO means a table on a terminal, JSON otherwise. The options' list of
 * environment variables is borrowed. -ENOMEM. */
int rs_view_new(const struct rs_agent_options *options, const struct rs_view_target *target,
		const struct rs_event_host *host, struct rs_view **ret_view, struct rs_error *err);
void rs_view_free(struct rs_view **view);

enum rs_agent_output rs_view_output(const struct rs_view *view);

/* Appends one event; before it, now and then, the header of the table. 0 or out's error. */
int rs_view_append(struct rs_view *view, const struct rs_event *event, struct rs_str *out);

/* The terminal has changed its size: asks for it, and shows the header again. */
void rs_view_resize(struct rs_view *view);

/* The clock may have been set. Changes below 10 ms are left for later. Returns what is in use: others are to
 * tell the same times. */
int64_t rs_view_set_boot_offset(struct rs_view *view, int64_t boot_offset);
