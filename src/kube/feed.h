/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the agent reads from us: a line of JSON each.
 *
 *	{"op":"begin"}               the list comes
 *	{"op":"pod",...}             a pod, new or changed; see pod.h
 *	{"op":"gone","uid":".."}     it is no more
 *	{"op":"end"}                 the list is whole: what was not named since begin is gone
 *	{"op":"state","ok":true,"text":"12 pods"}   how we fare; written when it changes
 */

#include "base/json.h"

struct rs_feed {
	int fd;
	struct rs_str line;
	bool told, ok; /* the last state told, and its text */
	char text[512];
};

void rs_feed_init(struct rs_feed *feed, int fd);
void rs_feed_done(struct rs_feed *feed);

/* All: 0, -EPIPE when nobody reads any more, or another negative code of write(2). */
int rs_feed_begin(struct rs_feed *feed);
int rs_feed_end(struct rs_feed *feed);
int rs_feed_gone(struct rs_feed *feed, const char *uid);
int rs_feed_state(struct rs_feed *feed, bool ok, const char *fmt, ...) _printf_(3, 4);

/* Also -EBADMSG and -ENOBUFS: no such pod, or one too large; nothing was written then. */
int rs_feed_pod(struct rs_feed *feed, const struct rs_json_value *pod, struct rs_error *err);
