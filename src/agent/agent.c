/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include "agent/agent-internal.h"
#include "agent/host.h"
#include "agent/place.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/units.h"
#include "kern/caps.h"

#define PRIORITY  (-5)                  /* nice(2) of the agent that holds the place */
#define FINISH_NS (1 * RS_NSEC_PER_SEC) /* how long a slow reader may take at the end */

/*
 * Loading fails in many words. Callers are to tell apart two of them: -EPERM, the rights are
 * missing; -EOPNOTSUPP, this kernel cannot do it.
 */
static int refusal(struct rs_error *err, int r)
{
	if (r == -ENOMEM || r == -EMFILE || r == -ENFILE || r == -EINTR)
		return r;
	r = r == -EPERM || r == -EACCES ? -EPERM : -EOPNOTSUPP;
	if (!err)
		return r;
	err->code = r;
	if (!err->hint[0])
		rs_error_hint(err, "`ringside doctor` tells what works here");
	return r;
}

/* Asked first, so that this is what a user without rights is told, and nothing else. */
static int check_rights(struct rs_error *err)
{
	int r;

	if (rs_caps_have(CAP_SYS_ADMIN) ||
	    (rs_caps_have(RS_CAP_BPF) && rs_caps_have(RS_CAP_PERFMON)))
		return 0;
	r = rs_error_set(err, -EPERM,
			 "loading programs into the kernel needs root, or the "
			 "capabilities CAP_BPF and CAP_PERFMON");
	rs_error_hint(err, "try sudo; `ringside doctor` tells what works here");
	return r;
}

static int open_sensors(struct rs_agent *agent, struct rs_error *err)
{
	const struct rs_agent_options *options = agent->options;
	struct rs_sensors_options wanted = {
		.kinds = rs_agent_options_kinds(options),
		.identity = RS_IDENTITY_KINDS,
		.ring_bytes = rs_agent_options_ring_bytes(options),
		.measure = options->measure != RS_AGENT_MEASURE_OFF,
	};
	int r;

	r = rs_sensors_open(&wanted, &agent->sensors, err);
	if (r < 0)
		return refusal(err, r);
	rs_sensors_config(agent->sensors)->cgroup_v1 = rs_identity_cgroup_v1(agent->identity);
	if (options->env.len)
		__atomic_store_n(&rs_sensors_config(agent->sensors)->env, 1, __ATOMIC_RELAXED);
	return 0;
}

static int open_output(struct rs_agent *agent, struct rs_error *err)
{
	struct rs_view_target target;
	int r;

	r = rs_output_open(agent->options->file, &agent->output, err);
	if (r < 0)
		return r;
	target.fd = rs_output_fd(agent->output);
	target.terminal = rs_output_is_terminal(agent->output);
	rs_host_read(agent->options->root, &agent->host);
	return rs_view_new(agent->options, &target, &agent->host, &agent->view, err);
}

/* A table is for people, who see one line for a process that comes and goes. */
static bool is_folded(const struct rs_agent *agent)
{
	const struct rs_agent_options *options = agent->options;

	return options->aggregate ||
	       (!options->single && rs_view_output(agent->view) == RS_AGENT_OUTPUT_TABLE);
}

static int open_pump(struct rs_agent *agent, struct rs_error *err)
{
	struct rs_pump_parts parts = {
		.loop = agent->loop,
		.sensors = agent->sensors,
		.identity = agent->identity,
		.store = agent->store,
		.view = agent->view,
		.output = agent->output,
		.host = &agent->host,
		.fold = is_folded(agent),
	};

	return rs_pump_new(&parts, &agent->pump, err);
}

static void on_identity_note(void *data, const char *text)
{
	rs_agent_note(data, text);
}

static int open_identity(struct rs_agent *agent, struct rs_error *err)
{
	const struct rs_agent_options *options = agent->options;
	_cleanup_(rs_str_done) struct rs_str proc = RS_STR_INIT(PATH_MAX);
	struct rs_identity_options wanted = {
		.root = options->root,
		.host_root = options->host_root,
		.kube = {
			.source = options->kube,
			.url = options->kube_url,
			.token = options->kube_token,
			.ca = options->kube_ca,
			.node = options->kube_node,
			.insecure = options->kube_insecure,
		},
		.note = on_identity_note,
		.data = agent,
	};

	if (options->host_root) {
		rs_str_appendf(&proc, "%s/proc", options->host_root);
		wanted.proc = rs_str_cstr(&proc);
	}
	return rs_identity_new(&wanted, &agent->identity, err);
}

/* Everything that can be refused without rights comes first. */
static int open_parts(struct rs_agent *agent, bool exclusive, struct rs_error *err)
{
	const struct rs_agent_options *options = agent->options;
	struct rs_agent_filter probe = { 0 };
	int r;

	r = rs_agent_options_check(options, err);
	if (!r)
		r = rs_agent_filter_init(options, &probe, err);
	rs_agent_filter_done(&probe);
	if (!r)
		r = check_rights(err);
	if (!r && exclusive)
		r = rs_place_take(options->root, &agent->place, NULL, err);
	if (!r && options->command) /* before there is anything of ours to inherit */
		r = rs_command_start(options->command, &agent->command, err);
	if (!r)
		r = rs_loop_new(&agent->loop, err);
	if (!r)
		r = rs_agent_open_control(agent, exclusive, err);
	if (!r)
		r = open_identity(agent, err);
	if (!r)
		r = open_output(agent, err);
	if (!r)
		r = rs_agent_open_store(agent, exclusive, err);
	if (!r)
		r = open_sensors(agent, err);
	if (!r)
		r = open_pump(agent, err);
	return r;
}

static bool is_ignored(int signal)
{
	struct sigaction action;

	return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int rs_agent_new(const struct rs_agent_options *options, const struct rs_agent_hooks *hooks,
		 bool exclusive, struct rs_agent **ret_agent, struct rs_error *err)
{
	_cleanup_(rs_agent_free) struct rs_agent *agent = NULL;
	int r;

	agent = calloc(1, sizeof(*agent));
	if (!agent)
		return rs_error_set_errno(err, -ENOMEM, "making the agent ready");
	agent->options = options;
	if (hooks)
		agent->hooks = *hooks;
	agent->place = -1;
	agent->created = rs_clock_mono();
	agent->had_terminal = rs_agent_has_terminal();
	agent->hangup_ignored = is_ignored(SIGHUP);
	r = open_parts(agent, exclusive, err);
	if (r < 0)
		return r;
	if (agent->command)
		agent->command_pid = (uint32_t)rs_command_pid(agent->command);
	*ret_agent = TAKE_PTR(agent);
	return 0;
}

void rs_agent_free(struct rs_agent **agent)
{
	struct rs_agent *a = *agent;

	if (!a)
		return;
	rs_agent_end_profile(a);
	rs_command_free(&a->command);
	rs_control_close(&a->control);
	rs_pump_free(&a->pump);
	rs_view_free(&a->view);
	rs_output_close(&a->output);
	rs_store_close(&a->store);
	rs_identity_free(&a->identity);
	rs_loop_free(&a->loop);
	rs_agent_filter_done(&a->filter);
	if (a->has_selected)
		rs_agent_options_done(&a->selected);
	rs_cleanup_close(&a->place); /* before the child of the next line could inherit it */
	rs_sensors_close_in_background(&a->sensors);
	free(a);
	*agent = NULL;
}

/*
 * What is needed from here on: reading counters and changing filters (CAP_BPF; CAP_SYS_ADMIN where
 * that is all we were given), and looking at other users' processes and at files of containers.
 */
static int drop_rights(struct rs_error *err)
{
	uint64_t keep = RS_CAP_BIT(RS_CAP_BPF) | RS_CAP_BIT(RS_CAP_PERFMON);

	if (!rs_caps_have(RS_CAP_BPF))
		keep |= RS_CAP_BIT(CAP_SYS_ADMIN);
	/* Files of containers, processes of others: to know who is who; and to find them for a filter. */
	keep |= RS_CAP_BIT(CAP_SYS_PTRACE) | RS_CAP_BIT(CAP_DAC_READ_SEARCH);
	return rs_caps_keep(keep, err);
}

/* Who uses little and must keep up goes first where all CPUs are taken: or a busy node loses the very events
 * that tell what it is busy with. Without the right to it, it does not. */
static void raise_priority(const struct rs_agent *agent)
{
	if (agent->place >= 0 && setpriority(PRIO_PROCESS, 0, PRIORITY) < 0)
		rs_log_debug("raising the priority: %m");
}

static void note_missing_kinds(const struct rs_agent *agent)
{
	uint64_t missing = rs_agent_options_kinds(agent->options) &
			   ~rs_sensors_kinds(agent->sensors);
	_cleanup_(rs_str_done) struct rs_str text = RS_STR_INIT(4096);

	if (!missing)
		return;
	rs_str_append_cstr(&text, "this kernel has no hook for");
	for (unsigned kind = 0; kind < RS_KIND_COUNT; kind++) {
		if (missing & (1ull << kind))
			rs_str_appendf(&text, " %s", rs_kind_to_str(kind));
	}
	if (agent->options->kinds && agent->options->kinds != RS_KINDS_ALL)
		rs_agent_note(agent, rs_str_cstr(&text));
	else /* nobody asked for just these: the list of what is watched says enough */
		rs_log_debug("%s", rs_str_cstr(&text));
}

int rs_agent_start(struct rs_agent *agent, struct rs_error *err)
{
	uint64_t peak;
	int r;

	r = rs_agent_apply_filter(agent, agent->options, err);
	if (!r)
		r = rs_agent_add_sources(agent, err);
	if (!r)
		r = rs_pump_start(agent->pump, err);
	if (r < 0)
		return r;
	r = rs_sensors_attach(agent->sensors, err);
	if (r < 0)
		return refusal(err, r);
	r = rs_filter_rescan(agent->sensors, &agent->filter.filter, err);
	if (r < 0)
		return r;
	r = rs_identity_seed(agent->identity, agent->sensors, err);
	if (r < 0)
		return r;
	agent->started = rs_clock_mono();
	agent->start_real = rs_clock_real();
	rs_agent_usage(&agent->start_user_ns, &agent->start_sys_ns, &peak);
	note_missing_kinds(agent);
	agent->filter.filter.kinds &= rs_sensors_kinds(agent->sensors);
	raise_priority(agent);
	r = drop_rights(err);
	if (!r)
		r = rs_identity_start(agent->identity, agent->loop, rs_pump_news, agent->pump, err);
	if (!r && agent->store)
		r = rs_store_start(agent->store, err);
	if (!r)
		r = rs_agent_start_profile(agent, err);
	if (!r && agent->command)
		r = rs_command_release(agent->command, err);
	return r;
}

/* Why the loop ended: a failure of the output may be a proper end. */
static int judge(struct rs_agent *agent, int r, struct rs_error *err)
{
	if (r == -EPIPE) {
		agent->end = RS_AGENT_END_READER;
		return 0;
	}
	if (r == -EIO && rs_output_is_terminal(agent->output)) {
		agent->end = RS_AGENT_END_TERMINAL;
		return 0;
	}
	if (r < 0 && err)
		*err = *rs_pump_error(agent->pump);
	return r;
}

/* Hands out what is left. The signals that end us are still blocked: a second one ends the waiting,
 * and not the process, whose death would have to wait for the kernel to detach the programs. */
static void drain(struct rs_agent *agent)
{
	_cleanup_(rs_cleanup_close) int cancel = -1;
	struct signalfd_siginfo info;
	sigset_t signals;

	signal(SIGHUP, SIG_IGN); /* a terminal that goes away sends it more than once */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	cancel = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	rs_pump_finish(agent->pump, FINISH_NS, cancel);
	while (read(cancel, &info, sizeof(info)) > 0)
		; /* it has done what it was meant for, and is not to kill us now */
}

int rs_agent_run(struct rs_agent *agent, enum rs_agent_end *ret_end, struct rs_error *err)
{
	int r;

	r = judge(agent, rs_loop_run(agent->loop), err);
	__atomic_store_n(&rs_sensors_config(agent->sensors)->kinds, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&rs_sensors_config(agent->sensors)->identity, 0, __ATOMIC_RELAXED);
	agent->stopped = rs_clock_mono();
	rs_agent_stop_measuring(agent);
	drain(agent);
	rs_loop_remove(&agent->stop_signals);
	rs_store_finish(agent->store); /* so that the summary tells what became of the last ones */
	if (!r)
		r = judge(agent, rs_pump_error(agent->pump)->code, err);
	*ret_end = agent->end;
	return r;
}

int rs_agent_command_code(const struct rs_agent *agent)
{
	return agent->command ? rs_command_code(agent->command) : -1;
}

int rs_agent_end_signal(const struct rs_agent *agent)
{
	return agent->end_signal;
}

struct rs_loop *rs_agent_loop(struct rs_agent *agent)
{
	return agent->loop;
}
