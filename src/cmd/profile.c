/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside profile`: who uses the CPUs, and where. */
#include <errno.h>

#include "base/units.h"
#include "cmd/profile-keep.h"
#include "cmd/stackcmd.h"
#include "profile/oncpu.h"

#define FREQUENCY 99 /* not in step with what happens a hundred times a second */

struct settings {
	struct rs_stackcmd_options common;
	uint32_t frequency;
	uint32_t clock; /* enum rs_oncpu_clock */
	const char *cpus;
	struct rs_profile_kept kept;
};

static const struct rs_opt_name clocks[] = {
	{ "auto", RS_ONCPU_AUTO, "cycles where the machine counts them, else timer" },
	{ "cycles", RS_ONCPU_CYCLES, "sees the kernel with interrupts off, too" },
	{ "timer", RS_ONCPU_TIMER, "the kernel's cpu-clock" },
	{ 0 },
};

static const struct rs_opt opts[] = {
	RS_OPT_ROW('F', "frequency", "HZ", RS_OPT_U32, offsetof(struct settings, frequency),
		   "samples a second on each CPU that is busy, 1 to 10000", .default_text = "99",
		   .group = "Sampling"),
	RS_OPT_ROW(0, "clock", "CLOCK", RS_OPT_ENUM, offsetof(struct settings, clock),
		   "what gives the beat", .names = clocks, .default_text = "auto"),
	RS_OPT_ROW(0, "cpu", "LIST", RS_OPT_STRING, offsetof(struct settings, cpus),
		   "only these CPUs (0,2-3)"),
	RS_OPT_INCLUDE_TABLE(rs_stackcmd_opts, offsetof(struct settings, common)),
	RS_OPT_INCLUDE_TABLE(rs_profile_kept_opts, offsetof(struct settings, kept)),
	RS_OPT_END,
};

struct profile {
	struct settings settings;
	struct rs_oncpu *oncpu;
};

static int load(void *data, const struct rs_stackcmd_plan *plan, void **ret_tool,
		struct rs_error *err)
{
	struct profile *profile = data;
	const struct rs_oncpu_options options = {
		.target = plan->target,
		.samples = plan->samples,
		.frequency = profile->settings.frequency,
		.clock = (enum rs_oncpu_clock)profile->settings.clock,
		.cpus = profile->settings.cpus,
		.max_samples = plan->max_stacks,
	};
	int r = rs_oncpu_new(&options, &profile->oncpu, err);

	if (!r)
		*ret_tool = rs_oncpu_tool(profile->oncpu);
	return r;
}

static int attach(void *data, struct rs_error *err)
{
	return rs_oncpu_attach(((struct profile *)data)->oncpu, err);
}

static void second(void *data)
{
	rs_oncpu_refresh(((struct profile *)data)->oncpu);
}

static void detach(void *data)
{
	rs_oncpu_detach(((struct profile *)data)->oncpu);
}

static void describe(void *data, const char *who, bool done, struct rs_str *out)
{
	const struct profile *profile = data;

	rs_str_appendf(out, "%s %s, %u times a second", done ? "CPU time of" : "sampling", who,
		       profile->settings.frequency);
	if (profile->settings.cpus)
		rs_str_appendf(out, " on CPU %s", profile->settings.cpus);
}

static int run_kept(const struct rs_cmd *cmd, struct settings *settings)
{
	struct rs_stackcmd_options *common = &settings->common;
	struct rs_error err = RS_ERROR_INIT;

	if (settings->cpus) {
		rs_error_set(&err, -EINVAL, "--cpu: profiles that are kept are of all CPUs");
		return rs_cmd_misuse(cmd, &err);
	}
	common->out.usual = RS_PROFILE_TABLE;
	return rs_profile_kept_run(cmd, &settings->kept, &common->select, &common->out,
				   settings->frequency, common->duration);
}

static int run(const struct rs_cmd *cmd, int argc, char **argv)
{
	struct profile profile = { .settings.frequency = FREQUENCY };
	struct rs_stackcmd command = {
		.cmd = cmd,
		.options = &profile.settings.common,
		.profile = { .types = { { "cpu", "nanoseconds" }, { "samples", "count" } },
			     .n_types = 2,
			     .period_type = { "cpu", "nanoseconds" } },
		.sums = true,
		.by = "process",
		.counted = "samples",
		.load = load,
		.attach = attach,
		.second = second,
		.detach = detach,
		.describe = describe,
		.data = &profile,
	};
	int r = rs_cmd_parse(cmd, argc, argv, &profile.settings, NULL);

	if (r == RS_CMD_GO && rs_profile_kept_wanted(&profile.settings.kept)) {
		r = run_kept(cmd, &profile.settings);
	} else if (r == RS_CMD_GO) {
		if (profile.settings.frequency)
			command.profile.period = (int64_t)(RS_NSEC_PER_SEC /
							   profile.settings.frequency);
		r = rs_stackcmd_run(&command);
	}
	rs_oncpu_free(&profile.oncpu);
	rs_opt_done(opts, &profile.settings);
	return r;
}

static const struct rs_cmd_example examples[] = {
	{ "ringside profile --duration 10s", "the busiest stacks of the whole machine" },
	{ "ringside profile -p 4711 -w web.html", "a flame graph of one process, until Ctrl-C" },
	{ "ringside profile -c 'make -j4' --by none -w build.pb.gz",
	  "a build, for `go tool pprof`" },
	{ "ringside profile --pod 'shop-*' --by pod,process --duration 1m -w shop.html",
	  "pods, side by side" },
	{ "ringside profile --since -1h --pod 'shop-*' -w shop.html",
	  "what the agent has kept of the last hour (ringside run --profile 11)" },
	{ "ringside profile --comm nginx --diff before.json -w after.html",
	  "what has become slower since before.json (-o json)" },
	{ NULL, NULL },
};

#define TEXT                                                                                         \
	"Looks at each CPU so many times a second, and notes what runs there: the process, and the " \
	"functions that were on their way, in the kernel and in the process, until Ctrl-C, the end " \
	"of the command (-c) or of the processes (-p). CPUs without work are left out.\n\n"          \
	"Stacks are added up in the kernel, so a long run costs no more than a short one. Binaries " \
	"need no frame pointers. Names come from symbol tables, separate debug files, DWARF "        \
	"(inlined functions) and the perf-PID.map files of just-in-time compilers, as the process "  \
	"itself sees them.\n\n"                                                                      \
	"Without -o and -w a table of the top functions and stacks is shown. The frames begin with " \
	"the process's name; --by says with what else."

const struct rs_cmd rs_cmd_profile = {
	.name = "profile",
	.group = "Time and memory",
	.synopsis = "[OPTION...]",
	.summary = "where CPU time goes: flame graphs and tables of stacks",
	.text = TEXT,
	.examples = examples,
	.opts = opts,
	.run = run,
};
