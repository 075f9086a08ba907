/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The agent: sensors in the kernel -> ring buffer -> decode in place -> who is who -> last checks ->
 * store, and table or JSON -> output. One loop; threads only where a disk may be slow (the store's
 * writer, the reader of container metadata). Memory is bounded.
 *
 *	rs_agent_new()    takes the place, loads the sensors, makes the output ready
 *	rs_agent_start()  applies the filter, attaches, drops capabilities: events flow
 *	rs_agent_run()    until a signal, the duration, the command's end or a failure
 *	rs_agent_stats()  at any time
 *	rs_agent_free()
 *
 * Wake-ups: idle, the agent sleeps until the next record. The first record wakes it; it then looks
 * every RS_AGENT_TICK_NS until one tick brings nothing, and sleeps again. In between, the kernel
 * wakes it only when the buffer fills.
 *
 * A reader of our output that does not keep up stops the reading of the ring buffer, never the
 * loop: what then does not fit is counted as lost in the kernel.
 */

#include "agent/options.h"
#include "base/loop.h"
#include "enrich/identity.h"
#include "kern/sensors.h"
#include "store/store.h"

#define RS_AGENT_TICK_NS  20000000ull
#define RS_AGENT_TURN     4096 /* records per turn of the loop: signals and the socket get their turn */
#define RS_AGENT_PROGRAMS 128 /* programs whose cost is shown */

struct rs_agent;

/* What the agent counted and measured, at one moment. */
struct rs_agent_stats {
	/* For each kind: generated = delivered + filtered + identity + undecoded + unwritten + lost, plus
	 * what is held and what waits in the ring buffer. */
	struct rs_counters kernel;       /* generated, lost, partial failures */
	uint64_t delivered[RS_KIND_MAX]; /* handed to the output */
	uint64_t filtered[RS_KIND_MAX];  /* rejected by the last checks: paths, once normalised */
	uint64_t undecoded[RS_KIND_MAX]; /* records that made no sense */
	uint64_t unwritten[RS_KIND_MAX]; /* made ready, but the output was gone */
	uint64_t identity[RS_KIND_MAX];  /* not asked for: they only told who is who */
	uint64_t held[RS_KIND_MAX];      /* go out with their process's end */
	uint64_t unknown;                /* records without a kind: of no kind's sum */
	uint64_t written;                /* bytes of output */
	uint64_t wakeups; /* turns of the loop that the ring buffer or the tick caused */

	uint64_t kinds;      /* bit per enum rs_kind that is watched now */
	uint64_t start_real; /* when watching began, ns since 1970 */
	uint64_t elapsed;    /* ns since then, stopped at the end */
	size_t ring_bytes;   /* size, and what waits */
	size_t ring_pending;

	uint64_t user_ns; /* CPU of the agent itself since watching began */
	uint64_t sys_ns;
	uint64_t rss; /* bytes now, and at most */
	uint64_t rss_peak;
	uint64_t startup_ns;     /* from rs_agent_new() to events flowing */
	uint64_t startup_cpu_ns; /* CPU used until then, most of it by the kernel's verifier */

	bool storing;
	struct rs_store_stats store;  /* zero without a store */
	struct rs_identity_stats who; /* what is known of processes and containers */

	uint64_t measured_ns; /* span of the programs' runs and run_ns, 0: not measured */
	bool measuring;       /* it goes on */
	struct rs_program programs[RS_AGENT_PROGRAMS];
	size_t n_programs;
};

/* What the agent asks of the command that runs it. All may be NULL. */
struct rs_agent_hooks {
	/* SIGHUP: fill new options (initialised by the agent, freed by it), of which those that
	 * select events are applied. */
	int (*reload)(void *data, struct rs_agent_options *ret_options, struct rs_error *err);
	/* SIGHUP without that hook: the agent goes on. */
	void (*nothing_to_reload)(void *data);
	/* The outcome of that: err is NULL when the new filter is in force. */
	void (*reloaded)(void *data, const struct rs_error *err);
	/* Something to tell, once: "the terminal went away", a kind that this kernel lacks. */
	void (*note)(void *data, const char *text);
	void *data;
};

/* How the run ended. */
enum rs_agent_end {
	RS_AGENT_END_SIGNAL,   /* SIGINT, SIGTERM: see rs_agent_end_signal() */
	RS_AGENT_END_DURATION, /* the options' command may go on */
	RS_AGENT_END_COMMAND,  /* see rs_agent_command_code() */
	RS_AGENT_END_READER,   /* the reader of the output went away (| head) */
	RS_AGENT_END_TERMINAL, /* the terminal went away */
	RS_AGENT_END_STOPPED,  /* rs_agent_stop() */
};

/*
 * @options are borrowed until rs_agent_free(); @hooks are copied, NULL for none. @exclusive: one
 * such agent per root directory. -EBUSY: another agent holds the place (the message says which).
 * Errors of rs_sensors_open() and the filter's are passed on.
 */
int rs_agent_new(const struct rs_agent_options *options, const struct rs_agent_hooks *hooks,
		 bool exclusive, struct rs_agent **ret_agent, struct rs_error *err);
int rs_agent_start(struct rs_agent *agent, struct rs_error *err);

/*
 * Runs to the end, then stops the sensors and hands out what they had made, waiting a short while
 * for a slow reader. 0 and how it ended; or a negative code: the output failed (-ENOSPC, ...).
 */
int rs_agent_run(struct rs_agent *agent, enum rs_agent_end *ret_end, struct rs_error *err);

/* Detaches in the background: the process may exit at once. Accepts NULL. */
void rs_agent_free(struct rs_agent **agent);

/* Ends rs_agent_run() from a callback of its loop. */
void rs_agent_stop(struct rs_agent *agent);

/* Exit code of the options' command, as a shell has it: 128 + signal for one that was killed; -1
 * while it runs, and where there is none. */
int rs_agent_command_code(const struct rs_agent *agent);
int rs_agent_end_signal(const struct rs_agent *agent);

/* For whoever serves requests within the agent's process: its loop, what it knows, its filter. */
struct rs_loop *rs_agent_loop(struct rs_agent *agent);
void rs_agent_stats(struct rs_agent *agent, struct rs_agent_stats *ret_stats);
const struct rs_agent_options *rs_agent_options_now(const struct rs_agent *agent);

/* Puts the part of @options that selects events in force; takes their contents on success. */
int rs_agent_select(struct rs_agent *agent, struct rs_agent_options *options, struct rs_error *err);
