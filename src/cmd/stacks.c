/* SPDX-License-Identifier: Apache-2.0 */
/* `ringside stacks`: by which ways a function or tracepoint is reached. */
#include <errno.h>
#include <string.h>

#include "base/units.h"
#include "cmd/stackcmd.h"
#include "cmd/stacks-place.h"
#include "rs_tool_stacks.skel.h"

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
	const struct rs_stackcmd_plan *plan; /* while loading */
	struct rs_stacks_config argument;
	struct rs_tool_stacks *tool;
};

/* --- loading --- */

static struct bpf_program *program_of(const struct stacks *stacks, struct rs_tool_stacks *tool)
{
	switch (rs_stacks_place_probe(stacks->place)->type) {
	case RS_PROGRAM_TRACEPOINT:
		return tool->progs.rs_stacks_tracepoint;
	case RS_PROGRAM_RAW_TRACEPOINT:
		return tool->progs.rs_stacks_raw;
	case RS_PROGRAM_FENTRY:
		return tool->progs.rs_stacks_fentry;
	case RS_PROGRAM_FEXIT:
		return tool->progs.rs_stacks_fexit;
	case RS_PROGRAM_PERF_EVENT:
		return tool->progs.rs_stacks_event;
	default:
		return tool->progs.rs_stacks_probe;
	}
}

/* One of the programs is loaded, as is asked of it where it will be. */
static int choose_program(const struct stacks *stacks, struct rs_tool_stacks *tool,
			  struct rs_error *err)
{
	const struct rs_probe *probe = rs_stacks_place_probe(stacks->place);
	const struct rs_probe_plan *plan = rs_stacks_place_plan(stacks->place);
	struct bpf_program *chosen = program_of(stacks, tool);
	struct bpf_program *const all[] = {
		tool->progs.rs_stacks_tracepoint, tool->progs.rs_stacks_raw,
		tool->progs.rs_stacks_probe,      tool->progs.rs_stacks_fentry,
		tool->progs.rs_stacks_fexit,      tool->progs.rs_stacks_event,
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		bpf_program__set_autoload(all[i], all[i] == chosen);
	if (probe->type == RS_PROGRAM_FENTRY || probe->type == RS_PROGRAM_FEXIT)
		r = bpf_program__set_attach_target(chosen, 0, probe->places[0].point.name);
	else if (plan->attach_type)
		r = bpf_program__set_expected_attach_type(chosen,
							  (enum bpf_attach_type)plan->attach_type);
	return r < 0 ? rs_error_set_errno(err, r, "choosing the program for \"%s\"", probe->name)
		     : 0;
}

static int prepare(void *tool, void *data, struct rs_error *err)
{
	struct rs_tool_stacks *t = tool;
	const struct stacks *stacks = data;
	const struct rs_stackcmd_plan *plan = stacks->plan;
	uint32_t both = RS_SAMPLE_KERNEL | RS_SAMPLE_USER;

	rs_target_prepare(plan->target, tool, &t->rodata->rs_target);
	t->rodata->rs_sample_config = plan->samples;
	/* Of a function of the process's own the kernel's frames are those of the probe itself. */
	if (rs_stacks_place_is_user(stacks->place) && (plan->samples.flags & both) == both)
		t->rodata->rs_sample_config.flags &= ~(uint32_t)RS_SAMPLE_KERNEL;
	t->rodata->rs_stacks_config = stacks->argument;
	rs_collect_prepare(t->obj, plan->max_stacks);
	return choose_program(stacks, t, err);
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
	const struct rs_tool_options options = { .prepare = prepare, .data = stacks };
	int r = rs_stacks_place_new(stacks->function, only_pid(plan), &stacks->place, err);

	stacks->plan = plan;
	if (!r)
		r = take_sum(stacks, err);
	if (!r)
		r = rs_tool_load(&rs_tool_stacks_type, &options, (void **)&stacks->tool, err);
	if (!r)
		r = rs_target_fill(plan->target, stacks->tool, err);
	if (!r)
		*ret_tool = stacks->tool;
	return r;
}

static int attach(void *data, struct rs_error *err)
{
	struct stacks *stacks = data;
	int r = rs_tool_attach(stacks->tool, NULL, err);

	if (!r)
		r = rs_stacks_place_attach(stacks->place,
					   bpf_program__fd(program_of(stacks, stacks->tool)), err);
	return r;
}

static void detach(void *data)
{
	struct stacks *stacks = data;

	rs_stacks_place_detach(stacks->place);
	rs_tool_detach(stacks->tool);
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
	rs_tool_close((void **)&stacks->tool);
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
	.summary = "which stacks reach a function or tracepoint, how often, with how much",
	.text = TEXT,
	.examples = examples,
	.opts = opts,
	.run = run,
};
