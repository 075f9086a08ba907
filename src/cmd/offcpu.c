/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside offcpu`: where threads wait, for how long, and who wakes them. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/units.h"
#include "cmd/stackcmd.h"
#include "profile/offcpu.h"
#include "profile/waits.h"

#define BIT(reason)  (1ull << (reason))
#define STATES_USUAL (BIT(RS_OFFCPU_SLEEP) | BIT(RS_OFFCPU_DISK) | BIT(RS_OFFCPU_STOPPED))

struct settings {
	struct rs_stackcmd_options common;
	uint64_t states; /* bits by enum rs_offcpu_reason */
	uint64_t min, max;
	bool wakers, runq, finished;
};

static const struct rs_opt_name states[] = {
	{ "sleep", BIT(RS_OFFCPU_SLEEP),
	  "waits that a signal ends: locks, sockets, pipes, timers" },
	{ "disk", BIT(RS_OFFCPU_DISK), "uninterruptible: files, page faults, kernel locks" },
	{ "stopped", BIT(RS_OFFCPU_STOPPED), "by a signal or a debugger" },
	{ "idle", BIT(RS_OFFCPU_IDLE), "threads of the kernel that have nothing to do" },
	{ "preempted", BIT(RS_OFFCPU_PREEMPTED), "could run, but another did" },
	{ 0 },
};

#define AT(field) offsetof(struct settings, field)

static const struct rs_opt opts[] = {
	RS_OPT_ROW(0, "state", "STATE,...", RS_OPT_BITSET, AT(states), "what counts as waiting",
		   .names = states, .default_text = "sleep,disk,stopped", .group = "Waits"),
	RS_OPT_ROW(0, "min", "TIME", RS_OPT_DURATION, AT(min), "only waits at least that long",
		   .default_text = "1us"),
	RS_OPT_ROW(0, "max", "TIME", RS_OPT_DURATION, AT(max), "only waits at most that long"),
	RS_OPT_ROW(0, "wakers", NULL, RS_OPT_FLAG, AT(wakers),
		   "who ended the wait: the waker's stack stands upside down on the waiter's"),
	RS_OPT_ROW(0, "runq", NULL, RS_OPT_FLAG, AT(runq),
		   "waiting for a CPU apart: after being woken (run queue), and preempted"),
	RS_OPT_ROW(
		0, "finished", NULL, RS_OPT_FLAG, AT(finished),
		"only waits that are over; else those that still last count as long as they did"),
	RS_OPT_INCLUDE_TABLE(rs_stackcmd_opts, AT(common)),
	RS_OPT_END,
};

struct offcpu {
	struct settings settings;
	struct rs_offcpu *waits;
};

static int load(void *data, const struct rs_stackcmd_plan *plan, void **ret_tool,
		struct rs_error *err)
{
	struct offcpu *offcpu = data;
	const struct settings *s = &offcpu->settings;
	const uint64_t runq = BIT(RS_OFFCPU_RUNQ) | BIT(RS_OFFCPU_PREEMPTED);
	const struct rs_offcpu_options options = {
		.target = plan->target,
		.samples = plan->samples,
		.waits = { .min = s->min,
			   .max = s->max,
			   .reasons = (uint32_t)(s->states | (s->runq ? runq : 0)),
			   .wakers = s->wakers },
		.max_stacks = plan->max_stacks,
	};
	int r;

	if (s->max && s->max < s->min)
		return rs_error_set(err, -EINVAL, "--max is less than --min: nothing would count");
	r = rs_offcpu_new(&options, &offcpu->waits, err);
	if (!r)
		*ret_tool = rs_offcpu_tool(offcpu->waits);
	return r;
}

static int attach(void *data, struct rs_error *err)
{
	return rs_offcpu_attach(((struct offcpu *)data)->waits, err);
}

static void detach(void *data)
{
	rs_offcpu_detach(((struct offcpu *)data)->waits);
}

/* --- what is said below --- */

static const char *label(const struct rs_profile_sample *sample, const char *key)
{
	for (size_t i = 0; i < sample->n_labels; i++)
		if (!strcmp(sample->labels[i].key, key))
			return sample->labels[i].text;
	return NULL;
}

/* Of a whole machine most is threads that wait for work. That is no fault, and hides what is. */
static int note_idle(struct rs_profile *profile)
{
	int64_t total = rs_profile_total(profile, 0), idle = 0;
	struct rs_profile_sample sample;
	char text[256];

	for (size_t i = 0; i < rs_profile_samples(profile); i++) {
		const char *reason;

		rs_profile_sample_at(profile, i, &sample);
		reason = label(&sample, "reason");
		if (reason && rs_waits_is_idle(reason))
			idle += sample.values[0];
	}
	if (total <= 0 || idle < total / 100 * 80)
		return 0;
	snprintf(text, sizeof(text),
		 "%.0f%% is what threads without work do, too (poll, futex, sleep, read ...): "
		 "--state disk or --max 100ms show other waits",
		 100.0 * (double)idle / (double)total);
	return rs_profile_note(profile, text);
}

static int finish(void *data, struct rs_collect *collect, struct rs_profile *profile,
		  struct rs_error *err)
{
	struct offcpu *offcpu = data;
	uint64_t waiting = 0;
	char text[128];
	int r = 0;

	if (!offcpu->settings.finished)
		r = rs_offcpu_read_waiting(offcpu->waits, collect, profile, &waiting, err);
	if (r < 0)
		return r;
	if (waiting) {
		snprintf(text, sizeof(text),
			 "%" PRIu64 " waits still last, and count as long as they did", waiting);
		r = rs_profile_note(profile, text);
	}
	if (!r)
		r = note_idle(profile);
	return r < 0 ? rs_error_set_errno(err, r, "putting the profile together") : 0;
}

static void describe(void *data, const char *who, bool done, struct rs_str *out)
{
	(void)data;
	rs_str_appendf(out, "%s %s", done ? "time off CPU of" : "timing the waits of", who);
}

static int run(const struct rs_cmd *cmd, int argc, char **argv)
{
	struct offcpu offcpu = { .settings = { .min = RS_NSEC_PER_USEC, .states = STATES_USUAL } };
	struct rs_stackcmd command = {
		.cmd = cmd,
		.options = &offcpu.settings.common,
		.profile = { .types = { { "offcpu", "nanoseconds" }, { "waits", "count" } },
			     .n_types = 2 },
		.sums = true,
		.waits = true,
		.by = "process,reason",
		.reason = rs_waits_reason,
		.counted = "waits",
		.load = load,
		.attach = attach,
		.detach = detach,
		.finish = finish,
		.describe = describe,
		.data = &offcpu,
	};
	int r = rs_cmd_parse(cmd, argc, argv, &offcpu.settings, NULL);

	if (r == RS_CMD_GO)
		r = rs_stackcmd_run(&command);
	rs_offcpu_free(&offcpu.waits);
	rs_opt_done(opts, &offcpu.settings);
	return r;
}

static const struct rs_cmd_example examples[] = {
	{ "ringside offcpu -p 4711 --duration 10s", "where a process waits" },
	{ "ringside offcpu --comm mysqld -w waits.html", "as a flame graph" },
	{ "ringside offcpu --state disk --min 1ms", "who waits for disks and pages, and where" },
	{ "ringside offcpu -p 4711 --wakers -w chain.html", "and who ended the waits" },
	{ "ringside offcpu --runq --by container,reason,process",
	  "who waits for a CPU, by container" },
	{ NULL, NULL },
};

#define TEXT                                                                                        \
	"Takes the kernel's and the process's stack whenever a thread stops running, and adds the " \
	"time until it runs again to that stack. Below the process stands why it waited, by the "   \
	"kernel's functions that it waited in: [futex], [poll], [socket], [pipe], [disk], [page "   \
	"fault], [sleep], ...\n\n"                                                                  \
	"Threads that were taken off the CPU while they could run do not wait for anything: they "  \
	"are left out, unless --runq or --state preempted asks for them. So are threads of the "    \
	"kernel that wait for work (--state idle). A thread that stopped running before we began "  \
	"is seen when it stops again.\n\n"                                                          \
	"The times of several threads are added up, and may be more than the time that passed."

const struct rs_cmd rs_cmd_offcpu = {
	.name = "offcpu",
	.group = "Time and memory",
	.synopsis = "[OPTION...]",
	.summary = "where threads wait, how long, and who wakes them",
	.text = TEXT,
	.examples = examples,
	.opts = opts,
	.run = run,
};
