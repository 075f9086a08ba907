/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The agent under test, as users have it: a process, its standard output and standard error. Events
 * that it wrote are kept, parsed, until they are forgotten.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"

struct agent {
	pid_t pid; /* 0: not running */
	int out;   /* its standard output, -1 once it was closed */
	int err;
	int status;             /* as waitpid(2) has it, once it ended */
	bool raw;               /* set after the start: its output is no JSON, and kept in `line` */
	struct rs_str line;     /* what came after the last newline */
	struct rs_str err_text; /* all of standard error */
	json_t **events;
	size_t n_events;
	size_t room;
	uint64_t seen;                               /* events ever read */
	unsigned bad_lines;                          /* lines of output that are not JSON objects */
	void (*on_event)(void *data, json_t *event); /* NULL: keep them */
	void *data;
};

#define AGENT_INIT                                                                                 \
	{                                                                                          \
		.out = -1, .err = -1                                                               \
	}

/* Path of the binary: $RINGSIDE, or ../ringside as seen from the test program. */
const char *agent_binary(void);

/* Makes agent_binary() one that users without rights can execute: a copy where it lies in a folder that they may not
 * enter. Call it before anything is started. */
void agent_publish(void);

/* A private --root with /etc in it, so that tests do not meet an agent that serves this machine. */
const char *agent_root(void);

/* How long to wait for what must come, ms. Nobody waits that long unless it does not come. */
int agent_patience(void);

/*
 * The same for what comes behind many events: while events come, the end moves on, up to some limit. Begin, then loop
 * while agent_wait_on().
 */
struct agent_wait {
	uint64_t end, last; /* ms */
	uint64_t seen;
};
void agent_wait_begin(struct agent_wait *wait, const struct agent *agent);
bool agent_wait_on(struct agent_wait *wait,
		   const struct agent *agent); /* false: its output is closed, too */

/* What the child does between fork and exec: file descriptors, identity; may be NULL. */
typedef void agent_setup(void *data);

/* Starts `ringside ARGS...`; both outputs are read by us. Bails out where it cannot fork. */
void agent_spawn(struct agent *agent, const char *const args[], agent_setup *setup, void *data);

/* The same for `ringside run -o json --root ROOT ARGS...`, then waits until it says that it watches.
 * Bails out, with what it said, where it does not come up. */
void agent_start(struct agent *agent, const char *const args[]);

/* Our number as text: --pid for what we and our children do. Where others open thousands of files meanwhile, nobody need
 * read of that. Static memory. */
const char *pid_of_test(void);

/* Waits up to ms for output of any sort and takes it in; false when none came. */
bool agent_pump(struct agent *agent, int ms);

/* The same, but returns at once when other_fd has something (or its end); < 0: none. */
bool agent_pump_or(struct agent *agent, int other_fd, int ms);

/* Waits until standard error has the text. */
bool agent_wait_err(struct agent *agent, const char *text);

/* Waits until it has ended, taking in what it writes. False when it does not end: it is killed. */
bool agent_wait_end(struct agent *agent);

/* Sends the signal and waits; the exit code, 128 + signal where it was killed, -1 where it had to
 * be. */
int agent_stop(struct agent *agent, int signal);
int agent_code(const struct agent *agent);

void agent_forget(struct agent *agent); /* the events so far */
void agent_done(struct agent *agent);   /* kills it where it runs, frees all */

/* Whether one that is done has said that the kernel left out runs of its programs; forgets that. */
bool agent_said_skipped(void);
void agent_note_skipped(struct rs_str *err_text); /* looks for that in what another has said */

/* Runs `ringside ARGS...` to its end; the output is not parsed but kept as text. */
struct outcome {
	int code;  /* exit code, 128 + signal */
	char *out; /* NUL-terminated, freed by outcome_done() */
	char *err;
};
void agent_run(struct outcome *ret_outcome, const char *const args[], agent_setup *setup,
	       void *data);
void outcome_done(struct outcome *outcome);

uint64_t now_ms(void);
