/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Views that are drawn again at every interval, like top(1): on a terminal in place, elsewhere one block below the other.
 *
 *	rs_live_new(&options, &live, err);        takes the signals
 *	... load, attach, add own sources to rs_live_loop(live) ...
 *	r = rs_live_run(live, &end, err);         lets the command go, draws until something ends it
 *	code = rs_live_code(live, end);
 *	rs_live_free(&live);
 *
 * Keys on a terminal: q ends, p or space holds the picture still; others go to the caller.
 */

#include "base/command.h"
#include "base/error.h"
#include "base/loop.h"
#include "base/str.h"

struct rs_live;

/* What is drawn on. */
struct rs_live_page {
	unsigned
		width; /* columns; without a terminal as many as anybody wants: do not fill lines up to it */
	unsigned height; /* lines; 0: no limit */
	bool color;
	bool terminal; /* drawn in place of the page before */
	bool last;     /* the run is over: this is what remains, a summary */
};

enum rs_live_end {
	RS_LIVE_END_DURATION, /* the time asked for has passed */
	RS_LIVE_END_SIGNAL,
	RS_LIVE_END_KEY,
	RS_LIVE_END_COMMAND,  /* the watched command ended */
	RS_LIVE_END_READER,   /* nobody reads what we write any more */
	RS_LIVE_END_TERMINAL, /* the terminal went away */
	RS_LIVE_END_STOPPED,  /* rs_live_stop() */
};

struct rs_live_options {
	uint64_t interval;          /* ns; 0: only the last page */
	uint64_t duration;          /* ns; 0: for ever */
	struct rs_command *command; /* borrowed, held back until rs_live_run(); NULL: none */
	int out;                    /* usually STDOUT_FILENO */
	bool plain;                 /* never in place: JSON, or because the user says so */
	bool no_color;

	/* An interval is over, @elapsed ns after the one before: take the numbers. Called for what is left of one at
	 * the end, too. 0 or -errno, which ends the run. */
	int (*tick)(void *data, uint64_t elapsed, struct rs_error *err);
	/* Appends what was taken at the last tick; nothing: nothing is written. */
	int (*draw)(void *data, const struct rs_live_page *page, struct rs_str *out);
	/* A key that is not ours. Whether to draw again. NULL: none are wanted. */
	bool (*key)(void *data, char key);
	void *data;
};

/* Copies the options. Blocks SIGINT, SIGTERM, SIGHUP and SIGWINCH: call it before threads are made. */
int rs_live_new(const struct rs_live_options *options, struct rs_live **ret_live,
		struct rs_error *err);
void rs_live_free(struct rs_live **live); /* the terminal is as it was */

struct rs_loop *rs_live_loop(struct rs_live *live);
void rs_live_stop(struct rs_live *live);
/* Whether pages will be drawn in place. */
bool rs_live_in_place(const struct rs_live *live);

/* Draws the pages, and the last one. A second Ctrl-C while that happens ends the program. */
int rs_live_run(struct rs_live *live, enum rs_live_end *ret_end, struct rs_error *err);

/* What the program ends with: the command's own code where one was watched, 128 + signal where we were ended before
 * it, else 0. */
int rs_live_code(const struct rs_live *live, enum rs_live_end end);
