/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside stacks`: by which ways a function or tracepoint is reached. */
#include <errno.h>
#include <string.h>

#include "base/units.h"
#include "cmd/stackcmd.h"
#include "cmd/stacks-place.h"
#include "profile/hits.h"

struct settings {
	struct rs_stackcmd_options common;
	const char *sum;
	uint32_t unit; /* index in units; 0: by the name */
};

static const struct rs_opt_name units[] = {
	{ "bytes", 1, NULL },
	{ "nanoseconds", 2, NULL },
	{ "count", 3, NULL },
	{ 0 },
};

#define AT(field) offsetof(struct settings, field)

static const struct rs_opt opts[] = {
	RS_OPT_ROW(0, "sum", "ARGUMENT", RS_OPT_STRING, AT(sum),
		   "add up this argument: a field of the tracepoint, arg0 of a function, retval",
		   .group = "What to count", .default_text = "hits are counted"),
	RS_OPT_ROW(0, "unit", "UNIT", RS_OPT_ENUM, AT(unit), "of the sum", .names = units,
		   .default_text = "by its name"),
	RS_OPT_INCLUDE_TABLE(rs_stackcmd_opts, AT(common)),
	RS_OPT_END,
};

struct stacks {
	struct settings settings;
	struct rs_stackcmd command;
	const char *function;
	struct rs_stacks_place *place;
	struct rs_stacks_config argument;
	struct rs_hits *hits;
};

/* --- loading --- */

static enum rs_hits_kind kind_of(const struct rs_probe *probe)
{
	switch (probe->type) {
	case RS_PROGRAM_TRACEPOINT:
		return RS_HITS_TRACEPOINT;
	case RS_PROGRAM_RAW_TRACEPOINT:
		return RS_HITS_RAW;
	case RS_PROGRAM_FENTRY:
		return RS_HITS_FENTRY;
	case RS_PROGRAM_FEXIT:
		return RS_HITS_FEXIT;
	case RS_PROGRAM_PERF_EVENT:
		return RS_HITS_EVENT;
	default:
		return RS_HITS_PROBE;
	}
}

static int load_hits(struct stacks *stacks, const struct rs_stackcmd_plan *plan,
		     struct rs_error *err)
{
	const struct rs_probe *probe = rs_stacks_place_probe(stacks->place);
	const uint32_t both = RS_SAMPLE_KERNEL | RS_SAMPLE_USER;
	struct rs_hits_options options = {
		.target = plan->target,
		.samples = plan->samples,
		.argument = stacks->argument,
		.kind = kind_of(probe),
		.function = probe->places[0].point.name,
		.attach_type = rs_stacks_place_plan(stacks->place)->attach_type,
		.max_samples = plan->max_stacks,
	};

	/* Of a function of the process's own the kernel's frames are those of the probe itself. */
	if (rs_stacks_place_is_user(stacks->place) && (plan->samples.flags & both) == both)
		options.samples.flags &= ~(uint32_t)RS_SAMPLE_KERNEL;
	return rs_hits_new(&options, &stacks->hits, err);
}

static int take_sum(struct stacks *stacks, struct rs_error *err)
{
	const struct settings *s = &stacks->settings;
	struct rs_profile_options *profile = &stacks->command.profile;
	int r;

	if (!s->sum)
		return s->unit ? rs_error_set(err, -EINVAL, "--unit is for --sum") : 0;
	r = rs_stacks_place_argument(stacks->place, s->sum, &stacks->argument, err);
	if (r < 0)
		return r;
	profile->types[1] = profile->types[0];
	profile->types[0] = (struct rs_profile_type){ s->sum, s->unit ? units[s->unit - 1].name
								      : rs_stacks_unit_of(s->sum) };
	profile->n_types = 2;
	stacks->command.sums = true;
	return 0;
}

/* Files are looked for as the one process sees them; its children may run others. */
static uint32_t only_pid(const struct rs_stackcmd_plan *plan)
{
	return plan->target->n_pids == 1 && !plan->target->follow ? plan->target->pids[0] : 0;
}

static int load(void *data, const struct rs_stackcmd_plan *plan, void **ret_tool,
		struct rs_error *err)
{
	struct stacks *stacks = data;
	int r = rs_stacks_place_new(stacks->function, only_pid(plan), &stacks->place, err);

	if (!r)
		r = take_sum(stacks, err);
	if (!r)
		r = load_hits(stacks, plan, err);
	if (!r)
		*ret_tool = rs_hits_tool(stacks->hits);
	return r;
}

static int attach(void *data, struct rs_error *err)
{
	struct stacks *stacks = data;
	int r = rs_hits_attach(stacks->hits, err);

	return r ? r : rs_stacks_place_attach(stacks->place, rs_hits_program(stacks->hits), err);
}

static void detach(void *data)
{
	struct stacks *stacks = data;

	rs_stacks_place_detach(stacks->place);
	rs_hits_detach(stacks->hits);
}

static void describe(void *data, const char *who, bool done, struct rs_str *out)
{
	const struct stacks *stacks = data;
	unsigned n = rs_stacks_place_count(stacks->place);

	rs_str_append_cstr(out, done ? "stacks of " : "counting stacks that reach ");
	if (n > 1)
		rs_str_appendf(out, "%s (%u places)", stacks->function, n);
	else
		rs_str_append_cstr(out, rs_stacks_place_name(stacks->place));
	rs_str_appendf(out, ", %s", who);
}

static void done(struct stacks *stacks)
{
	rs_stacks_place_free(&stacks->place);
	rs_hits_free(&stacks->hits);
	rs_opt_done(opts, &stacks->settings);
}

static int run(const struct rs_cmd *cmd, int argc, char **argv)
{
	_cleanup_(rs_opt_args_done) struct rs_opt_args args = { 0 };
	_cleanup_(done) struct stacks stacks = { 0 };
	struct rs_error err = RS_ERROR_INIT;
	int r = rs_cmd_parse(cmd, argc, argv, &stacks.settings, &args);

	if (r != RS_CMD_GO)
		return r;
	if (args.len != 1) {
		rs_error_set(&err, -EINVAL,
			     args.len ? "one function or tracepoint at a time"
				      : "which function or tracepoint?");
		return rs_cmd_misuse(cmd, &err);
	}
	stacks.function = args.items[0];
	stacks.command = (struct rs_stackcmd){
		.cmd = cmd,
		.options = &stacks.settings.common,
		.profile = { .types = { { "calls", "count" } }, .n_types = 1 },
		.by = "process",
		.counted = "calls",
		.load = load,
		.attach = attach,
		.detach = detach,
		.describe = describe,
		.data = &stacks,
	};
	return rs_stackcmd_run(&stacks.command);
}

static const struct rs_cmd_example examples[] = {
	{ "ringside stacks tracepoint:kmem:kmalloc --sum bytes_alloc",
	  "who has the kernel allocate memory, in bytes" },
	{ "ringside stacks libc:malloc --sum arg0 -p 4711 -w malloc.html",
	  "what a process asks of malloc, as a flame graph" },
	{ "ringside stacks vfs_fsync_range --comm mysqld", "who calls a function of the kernel" },
	{ "ringside stacks t:syscalls:sys_enter_openat -c 'make'", "a system call of a command" },
	{ "ringside stacks software:page-faults:1 -c ./service", "where memory is touched first" },
	{ NULL, NULL },
};

#define TEXT                                                                                          \
	"Notes the stack each time that a function or tracepoint is reached, and counts equal ones "  \
	"in the kernel; with --sum an argument is added up instead.\n\n"                              \
	"A bare name is a function of the kernel, NAME:FUNCTION one of a program or library. All "    \
	"kinds of probes that scripts know can be named: tracepoint, rawtracepoint, kprobe, "         \
	"kretprobe, fentry, fexit, uprobe, uretprobe, usdt, software, hardware; with patterns "       \
	"(\"kprobe:vfs_*\"). Functions of the kernel need kprobes or fentry, which not every kernel " \
	"allows: `ringside doctor` tells."

const struct rs_cmd rs_cmd_stacks = {
	.name = "stacks",
	.group = "Time and memory",
	.synopsis = "[OPTION...] FUNC",
	.summary = "which stacks reach a function or tracepoint, and how often",
	.text = TEXT,
	.examples = examples,
	.opts = opts,
	.run = run,
};
