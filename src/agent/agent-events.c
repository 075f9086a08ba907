/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to an agent while it runs: new filters, signals, timers, its command's end. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "agent/agent-internal.h"
#include "base/clock.h"
#include "base/units.h"

void rs_agent_note(const struct rs_agent *agent, const char *text)
{
	if (agent->hooks.note)
		agent->hooks.note(agent->hooks.data, text);
}

static int finish_run(struct rs_agent *agent, enum rs_agent_end end)
{
	agent->end = end;
	rs_loop_stop(agent->loop, 0);
	return 0;
}

/* --- filter --- */

/* Kinds can be taken away while we run; to add one, its hooks would have to be loaded. */
static int check_kinds(const struct rs_agent *agent, uint64_t kinds, struct rs_error *err)
{
	uint64_t late = kinds & ~rs_agent_options_kinds(agent->options);
	_cleanup_(rs_str_done) struct rs_str names = RS_STR_INIT(1024);

	if (!late)
		return 0;
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
		if (late & (1ull << kind))
			rs_str_appendf(&names, " %s", rs_kind_to_str(kind));
	}
	return rs_error_set(err, -EBUSY, "the agent has to be started again to watch%s",
			    rs_str_cstr(&names));
}

static bool same_list(const struct rs_opt_list *a, const struct rs_opt_list *b)
{
	for (size_t i = 0; i < a->len && a->len == b->len; i++) {
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	}
	return a->len == b->len;
}

/* The filter of @options, narrowed to what this kernel has and to our own command. */
static int make_filter(struct rs_agent *agent, const struct rs_agent_options *options,
		       struct rs_agent_filter *ret_filter, struct rs_error *err)
{
	uint64_t there = rs_sensors_kinds(agent->sensors);
	int r;

	r = check_kinds(agent, rs_agent_options_kinds(options), err);
	if (!r)
		r = rs_agent_filter_init(options, ret_filter, err);
	if (r < 0)
		return r;
	if (agent->command) {
		ret_filter->filter.pids = &agent->command_pid;
		ret_filter->filter.n_pids = 1;
	}
	/* Another condition can be changed after a process that was asked for has died. */
	ret_filter->filter.pids_kept =
		agent->started && same_list(&options->pids, &rs_agent_options_now(agent)->pids);
	if (ret_filter->filter.kinds & there)
		ret_filter->filter.kinds &= there;
	return 0;
}

int rs_agent_apply_filter(struct rs_agent *agent, const struct rs_agent_options *options,
			  struct rs_error *err)
{
	_cleanup_(rs_agent_filter_done) struct rs_agent_filter old = { 0 };
	_cleanup_(rs_agent_filter_done) struct rs_agent_filter new = { 0 };
	int r;

	r = make_filter(agent, options, &new, err);
	if (!r)
		r = rs_filter_apply(agent->sensors, &new.filter, err);
	if (r < 0)
		return r;
	old = agent->filter;
	agent->filter = new;
	new = (struct rs_agent_filter){ 0 };
	rs_pump_set_filter(agent->pump, &agent->filter);
	return 0;
}

int rs_agent_select(struct rs_agent *agent, struct rs_agent_options *options, struct rs_error *err)
{
	int r;

	r = rs_agent_apply_filter(agent, options, err);
	if (r < 0)
		return r;
	if (agent->has_selected)
		rs_agent_options_done(&agent->selected);
	agent->selected = *options;
	agent->has_selected = true;
	rs_agent_options_init(options);
	return 0;
}

const struct rs_agent_options *rs_agent_options_now(const struct rs_agent *agent)
{
	return agent->has_selected ? &agent->selected : agent->options;
}

/* --- signals and timers --- */

bool rs_agent_has_terminal(void)
{
	_cleanup_(rs_cleanup_close) int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);

	return fd >= 0;
}

static void reload(struct rs_agent *agent)
{
	struct rs_agent_options options;
	struct rs_error err = RS_ERROR_INIT;
	int r;

	rs_agent_options_init(&options);
	r = agent->hooks.reload(agent->hooks.data, &options, &err);
	if (!r)
		r = rs_agent_select(agent, &options, &err);
	if (agent->hooks.reloaded)
		agent->hooks.reloaded(agent->hooks.data, r < 0 ? &err : NULL);
	rs_agent_options_done(&options);
}

/*
 * SIGHUP means two things: "read your configuration again", and "the terminal is gone". Who was
 * started with it ignored, as nohup(1) does, is not to end by it: and signalfd(2) hands out what is
 * blocked even where it is ignored.
 */
static int on_hangup(struct rs_agent *agent)
{
	if (agent->had_terminal && !agent->hangup_ignored && !rs_agent_has_terminal()) {
		rs_agent_note(agent, "the terminal went away");
		return finish_run(agent, RS_AGENT_END_TERMINAL);
	}
	if (agent->hooks.reload)
		reload(agent);
	else if (agent->hooks.nothing_to_reload)
		agent->hooks.nothing_to_reload(agent->hooks.data);
	return 0;
}

static int on_stop_signal(struct rs_loop *loop, const struct signalfd_siginfo *info, void *data)
{
	struct rs_agent *agent = data;

	(void)loop;
	/* The terminal sends ^C to our command as well; a kill(1) reaches only us. */
	if (agent->command && info->ssi_code != SI_KERNEL)
		rs_command_signal(agent->command, (int)info->ssi_signo);
	agent->end_signal = (int)info->ssi_signo;
	return finish_run(agent, RS_AGENT_END_SIGNAL);
}

static int on_other_signal(struct rs_loop *loop, const struct signalfd_siginfo *info, void *data)
{
	struct rs_agent *agent = data;

	(void)loop;
	if (info->ssi_signo == SIGHUP)
		return on_hangup(agent);
	rs_view_resize(agent->view);
	return 0;
}

static int on_duration(struct rs_loop *loop, uint64_t expirations, void *data)
{
	(void)loop;
	(void)expirations;
	return finish_run(data, RS_AGENT_END_DURATION);
}

void rs_agent_stop_measuring(struct rs_agent *agent)
{
	if (agent->measured_ns || !agent->started ||
	    agent->options->measure == RS_AGENT_MEASURE_OFF)
		return;
	agent->measured_ns = rs_clock_mono() - agent->started;
	agent->n_measured = MIN(
		rs_sensors_programs(agent->sensors, agent->measured, RS_AGENT_PROGRAMS),
		(size_t)RS_AGENT_PROGRAMS);
	rs_sensors_stop_measuring(agent->sensors);
}

static int on_measured(struct rs_loop *loop, uint64_t expirations, void *data)
{
	(void)loop;
	(void)expirations;
	rs_agent_stop_measuring(data);
	return 0;
}

static int on_command(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	struct rs_agent *agent = data;

	(void)loop;
	(void)fd;
	(void)events;
	rs_command_code(agent->command); /* reaps it */
	return finish_run(agent, RS_AGENT_END_COMMAND);
}

int rs_agent_add_sources(struct rs_agent *agent, struct rs_error *err)
{
	static const int stop[] = { SIGINT, SIGTERM }, other[] = { SIGHUP, SIGWINCH };
	const struct rs_agent_options *options = agent->options;
	int r;

	r = rs_loop_add_signals(agent->loop, stop, ARRAY_SIZE(stop), on_stop_signal, agent,
				&agent->stop_signals, err);
	if (!r)
		r = rs_loop_add_signals(agent->loop, other, ARRAY_SIZE(other), on_other_signal,
					agent, &agent->other_signals, err);
	if (!r && options->duration)
		r = rs_loop_add_timer(agent->loop, options->duration, 0, on_duration, agent,
				      &agent->duration, err);
	if (!r && options->measure == RS_AGENT_MEASURE_START)
		r = rs_loop_add_timer(agent->loop, RS_AGENT_MEASURE_NS, 0, on_measured, agent,
				      &agent->measure, err);
	if (!r && agent->command)
		r = rs_loop_add_fd(agent->loop, rs_command_fd(agent->command), EPOLLIN, on_command,
				   agent, &agent->command_source, err);
	return r;
}

void rs_agent_stop(struct rs_agent *agent)
{
	finish_run(agent, RS_AGENT_END_STOPPED);
}
