/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of the agent share: agent.c (life), agent-events.c (what happens to it while it
 * runs), agent-stats.c (what it counted), agent-control.c (what others ask of it). Nobody else
 * includes this. */

#include "agent/agent.h"
#include "agent/control.h"
#include "agent/pump.h"
#include "base/command.h"

struct rs_agent {
	const struct rs_agent_options *options;
	struct rs_agent_options selected; /* after a reload: what selects events */
	bool has_selected;
	struct rs_agent_hooks hooks;
	struct rs_event_host host;

	struct rs_loop *loop;
	struct rs_sensors *sensors;
	struct rs_command *command;
	struct rs_identity *identity;
	struct rs_store *store;      /* NULL: nothing is kept */
	struct rs_command *profiler; /* NULL: no profiles are kept */
	struct rs_output *output;
	struct rs_view *view;
	struct rs_pump *pump;
	struct rs_control *control;    /* NULL: no socket */
	struct rs_agent_filter filter; /* in force */
	uint32_t command_pid;
	int place; /* the lock, -1: none */

	struct rs_loop_source *stop_signals, *other_signals, *duration, *measure, *command_source,
		*profiler_source;
	bool had_terminal;   /* a controlling terminal, at start */
	bool hangup_ignored; /* at start: nohup(1) */
	enum rs_agent_end end;
	int end_signal;                     /* for RS_AGENT_END_SIGNAL */
	uint64_t created, started, stopped; /* monotonic ns, 0: not yet */
	uint64_t start_real;
	uint64_t start_user_ns, start_sys_ns;          /* CPU used until started */
	uint64_t measured_ns;                          /* once measuring has stopped */
	struct rs_program measured[RS_AGENT_PROGRAMS]; /* what it had brought by then */
	size_t n_measured;
};

/* Opens the store where one is wanted; agent->store stays NULL otherwise. agent->host is there. */
int rs_agent_open_store(struct rs_agent *agent, bool exclusive, struct rs_error *err);

/* The process that keeps profiles beside the events in @dir, where one is wanted: made while we have our rights, let
 * go when the agent starts, and ended, with its last slice written, before the agent is gone. */
int rs_agent_open_profile(struct rs_agent *agent, const char *dir, struct rs_error *err);
int rs_agent_start_profile(struct rs_agent *agent, struct rs_error *err);
void rs_agent_end_profile(struct rs_agent *agent);

/* A command of the control socket, see struct rs_control_command. */
int rs_agent_run_containers(void *data, const struct rs_json_value *request, struct rs_json *result,
			    struct rs_error *err);

/* Tells the command that runs the agent. */
void rs_agent_note(const struct rs_agent *agent, const char *text);

/* Puts what @options select in force, narrowed to what this kernel has and to our own command. */
int rs_agent_apply_filter(struct rs_agent *agent, const struct rs_agent_options *options,
			  struct rs_error *err);

/* Signals, timers and the command, as the options want them. */
int rs_agent_add_sources(struct rs_agent *agent, struct rs_error *err);

/* The control socket: as the options say, and by default for an agent that takes the place. */
int rs_agent_open_control(struct rs_agent *agent, bool exclusive, struct rs_error *err);

/* Whether this process has a controlling terminal. */
bool rs_agent_has_terminal(void);

/* CPU of this process so far. */
void rs_agent_usage(uint64_t *ret_user_ns, uint64_t *ret_sys_ns, uint64_t *ret_rss_peak);

void rs_agent_stop_measuring(struct rs_agent *agent);
