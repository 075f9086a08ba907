/* SPDX-License-Identifier: Apache-2.0 */

/* Processes and time: pid tid comm ppid pcomm nsecs signal override cgroupid cgroup_path path. */

#include <string.h>

#include "lang/fn-format.h"

/* ---- pid, tid ---- */

static const char *const namespaces[] = { "curr_ns", "init" };

static void check_pid(struct rs_sema *s, struct rs_node *call)
{
	struct rs_node *where = rs_fn_arg(call, 0);

	call->type = rs_type_int(4, false);
	if (!where || rs_fn_word_of(where, namespaces, ARRAY_SIZE(namespaces)) >= 0)
		return;
	rs_sema_error(s, where->span, "%s: the pid namespace is one of curr_ns and init",
		      rs_fn_name(call));
}

static rs_reg pid_tgid(struct rs_lower *l, struct rs_node *call)
{
	if (rs_fn_word_of(rs_fn_arg(call, 0), namespaces, ARRAY_SIZE(namespaces)) == 1)
		return rs_ir_call(l->f, RS_HELPER_get_current_pid_tgid, RS_IR_CALL_PURE, 0, NULL);
	return rs_lower_pid_tgid(l);
}

static struct rs_value lower_pid(struct rs_lower *l, struct rs_node *call)
{
	return rs_value_word(call->type, rs_ir_binary_imm(l->f, RS_IR_SHR, pid_tgid(l, call), 32));
}

static struct rs_value lower_tid(struct rs_lower *l, struct rs_node *call)
{
	return rs_value_word(call->type, rs_ir_extend(l->f, pid_tgid(l, call), 4, false));
}

/* ---- tasks ---- */

#define COMM_SIZE 16

static const char *const path_ppid[] = { "real_parent", "tgid", NULL };
static const char *const path_pcomm[] = { "group_leader", "comm", NULL };
static const char *const path_comm[] = { "comm", NULL };

/* The task that a function is about: its argument, or the current one. */
static const struct rs_type *task_type(struct rs_sema *s, struct rs_node *call)
{
	struct rs_node *task = rs_fn_arg(call, 0);

	if (!task)
		return rs_fn_task_type(s);
	return rs_fn_kind(task) == RS_TYPE_POINTER ? task->type : NULL;
}

/* False, and a message: there is no way along the path. */
static bool check_task_path(struct rs_sema *s, struct rs_node *call, const char *const *path)
{
	const struct rs_type *task = task_type(s, call);
	struct rs_node *arg = rs_fn_arg(call, 0);

	if (arg && rs_fn_kind(arg) == RS_TYPE_UNKNOWN)
		return false;
	if (task && rs_fn_path_type(s, task, path))
		return true;
	if (arg)
		rs_sema_error(s, arg->span, "%s: expects a struct task_struct *, not %s",
			      rs_fn_name(call), rs_sema_text(s, arg->type));
	else
		rs_sema_error(s, call->span,
			      "%s needs the kernel's types (BTF), which are not known here",
			      rs_fn_name(call));
	return false;
}

static struct rs_value task_field(struct rs_lower *l, struct rs_node *call, const char *const *path)
{
	const struct rs_type *type = task_type(l->sema, call);
	enum rs_space space;
	rs_reg task;

	if (rs_fn_arg(call, 0))
		task = rs_lower_word(l, rs_fn_arg(call, 0));
	else
		task = rs_lower_task(l, &space);
	return rs_fn_path(l, task, type->space, type, path);
}

static void check_ppid(struct rs_sema *s, struct rs_node *call)
{
	call->type = rs_type_int(4, false);
	check_task_path(s, call, path_ppid);
}

static struct rs_value lower_ppid(struct rs_lower *l, struct rs_node *call)
{
	struct rs_value value = task_field(l, call, path_ppid);

	return rs_value_word(call->type, value.reg);
}

static void check_pcomm(struct rs_sema *s, struct rs_node *call)
{
	call->type = rs_fn_string(s, COMM_SIZE);
	check_task_path(s, call, path_pcomm);
}

/* A task's name, from where it stands: bytes behind the NUL may be anything, so it is read as a string. */
static void read_comm(struct rs_lower *l, const struct rs_value *comm,
		      const struct rs_place_in_memory *to)
{
	struct rs_fn_bytes from = { .space = RS_SPACE_KERNEL };

	from.address = rs_ir_binary_imm(l->f, RS_IR_ADD, comm->reg, comm->offset);
	rs_fn_pad(l, to);
	rs_fn_read_string(l, &from, to, 0, COMM_SIZE);
}

static void pcomm_into(struct rs_lower *l, struct rs_node *call,
		       const struct rs_place_in_memory *to)
{
	struct rs_value comm = task_field(l, call, path_pcomm);

	read_comm(l, &comm, to);
}

/* comm, comm(pid) */
static void check_comm(struct rs_sema *s, struct rs_node *call)
{
	call->type = rs_fn_string(s, COMM_SIZE);
	if (!call->list.n || !rs_sema_arg_integer(s, call, 0))
		return;
	if (s->final && !rs_lang_has(s->source, task_from_pid))
		rs_sema_error(s, call->span,
			      "comm(pid) needs a kernel that finds tasks by number: 6.2");
	else if (!rs_fn_task_type(s))
		rs_sema_error(s, call->span,
			      "comm(pid) needs the kernel's types (BTF), which are not known here");
}

static void comm_of_pid(struct rs_lower *l, struct rs_node *call,
			const struct rs_place_in_memory *to)
{
	const struct rs_type *type = rs_fn_task_type(l->sema);
	rs_label found = rs_ir_block_new(l->f);
	rs_label done = rs_ir_block_new(l->f);
	rs_reg pid = rs_ir_extend(l->f, rs_lower_word(l, rs_fn_arg(call, 0)), 4, true);
	rs_reg task;
	struct rs_value comm;

	rs_place_zero(l, to);
	task = rs_ir_call_kernel(l->f, "bpf_task_from_pid", 1, &pid);
	rs_ir_branch_imm(l->f, RS_IR_NE, task, 0, found, done);
	rs_ir_block_start(l->f, found);
	comm = rs_fn_path(l, task, RS_SPACE_BTF, type, path_comm);
	read_comm(l, &comm, to);
	rs_ir_call_kernel(l->f, "bpf_task_release", 1, &task);
	rs_ir_block_start(l->f, done);
}

static void comm_into(struct rs_lower *l, struct rs_node *call, const struct rs_place_in_memory *to)
{
	if (rs_fn_arg(call, 0)) {
		comm_of_pid(l, call, to);
		return;
	}
	/* The helper of Linux 5.19 to 6.5 leaves what is behind the name's end as it was. */
	rs_place_zero(l, to);
	rs_ir_call_of(l->f, RS_HELPER_get_current_comm, rs_place_address(l, to),
		      rs_ir_const(l->f, COMM_SIZE));
}

/* ---- time ---- */

/* By enum rs_clock. */
static const char *const clocks[] = { "boot", "monotonic", "tai", "sw_tai" };

static void check_nsecs(struct rs_sema *s, struct rs_node *call)
{
	struct rs_node *word = rs_fn_arg(call, 0);
	int clock = word ? rs_fn_word_of(word, clocks, ARRAY_SIZE(clocks)) : RS_CLOCK_BOOT;
	struct rs_type *type;

	call->type = rs_type_uint64;
	if (clock < 0)
		rs_sema_error(s, word->span,
			      "nsecs: the clock is one of boot, monotonic, tai and sw_tai");
	if (clock == RS_CLOCK_TAI && s->final && !rs_lang_has(s->source, ktime_tai)) {
		rs_sema_error(s, word->span, "nsecs(tai) needs a kernel with that clock: 6.1");
		rs_sema_hint(s, "nsecs(sw_tai) is nearly the same and works everywhere");
	}
	type = clock > 0 ? rs_type_copy(s->types, rs_type_uint64) : NULL;
	if (!type)
		return;
	type->mode = (uint8_t)clock;
	call->type = type;
}

static uint32_t clock_helper(enum rs_clock clock)
{
	if (clock == RS_CLOCK_TAI)
		return RS_HELPER_ktime_get_tai_ns;
	if (clock == RS_CLOCK_MONOTONIC)
		return RS_HELPER_ktime_get_ns;
	return RS_HELPER_ktime_get_boot_ns;
}

static struct rs_value lower_nsecs(struct rs_lower *l, struct rs_node *call)
{
	enum rs_clock clock = call->type->mode;
	rs_reg now = rs_ir_call(l->f, clock_helper(clock), 0, 0, NULL);

	if (clock == RS_CLOCK_SW_TAI)
		now = rs_ir_binary(l->f, RS_IR_ADD, now,
				   rs_lower_state_word(l, RS_STATE_TAI_OFFSET));
	return rs_value_word(call->type, now);
}

/* ---- control groups ---- */

static void check_cgroupid(struct rs_sema *s, struct rs_node *call)
{
	const char *path;
	uint32_t len;
	uint64_t id = 0;

	rs_fn_set_number(call, rs_type_uint64, 0);
	if (!rs_sema_arg_text(s, call, 0, &path, &len))
		return;
	if (s->source->cgroup_id && s->source->cgroup_id(s->source->ctx, path, &id)) {
		call->number = id;
		return;
	}
	rs_sema_error(s, rs_fn_arg(call, 0)->span, "cgroupid: there is no control group \"%s\"",
		      path);
	rs_sema_hint(
		s, "the path is that of a folder below the mount of cgroup2, often /sys/fs/cgroup");
}

static struct rs_value lower_number(struct rs_lower *l, struct rs_node *call)
{
	return rs_value_word(call->type, rs_ir_const(l->f, (int64_t)call->number));
}

static void check_cgroup_path(struct rs_sema *s, struct rs_node *call)
{
	const char *pattern;
	uint32_t len;

	call->type = rs_fn_simple(s, RS_TYPE_CGROUP_PATH);
	rs_sema_arg_integer(s, call, 0);
	if (call->list.n > 1)
		rs_sema_arg_text(s, call, 1, &pattern, &len);
}

static void cgroup_path_into(struct rs_lower *l, struct rs_node *call,
			     const struct rs_place_in_memory *to)
{
	const struct rs_node *pattern = rs_fn_arg(call, 1);
	rs_reg id = rs_lower_word(l, rs_fn_arg(call, 0));
	uint32_t number = rs_fn_format_number(l, call, RS_ACTION_CGROUP_PATTERN,
					      pattern ? pattern->text : "",
					      pattern ? pattern->text_len : 0);

	rs_ir_store(l->f, to->reg, to->offset, 8, id);
	rs_ir_store_imm(l->f, to->reg, to->offset + 8, 8, number);
}

/* ---- doing something to the process ---- */

#define MAY_SIGNAL                                                                                 \
	(RS_PROVIDER_MASK(KPROBE) | RS_PROVIDER_MASK(KRETPROBE) | RS_PROVIDER_MASK(UPROBE) |       \
	 RS_PROVIDER_MASK(URETPROBE) | RS_PROVIDER_MASK(USDT) | RS_PROVIDER_MASK(TRACEPOINT) |     \
	 RS_PROVIDER_MASK(PROFILE) | RS_PROVIDER_MASK(FENTRY) | RS_PROVIDER_MASK(FEXIT) |          \
	 RS_PROVIDER_MASK(RAWTRACEPOINT))

static const struct {
	const char *name;
	int number;
} signals[] = {
	{ "HUP", 1 },   { "INT", 2 },     { "QUIT", 3 },  { "ILL", 4 },    { "TRAP", 5 },
	{ "ABRT", 6 },  { "IOT", 6 },     { "BUS", 7 },   { "FPE", 8 },    { "KILL", 9 },
	{ "USR1", 10 }, { "SEGV", 11 },   { "USR2", 12 }, { "PIPE", 13 },  { "ALRM", 14 },
	{ "TERM", 15 }, { "STKFLT", 16 }, { "CHLD", 17 }, { "CONT", 18 },  { "STOP", 19 },
	{ "TSTP", 20 }, { "TTIN", 21 },   { "TTOU", 22 }, { "URG", 23 },   { "XCPU", 24 },
	{ "XFSZ", 25 }, { "VTALRM", 26 }, { "PROF", 27 }, { "WINCH", 28 }, { "IO", 29 },
	{ "POLL", 29 }, { "PWR", 30 },    { "SYS", 31 },
};

static int signal_number(const char *name)
{
	if (!strncmp(name, "SIG", 3))
		name += 3;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (!strcmp(name, signals[i].name))
			return signals[i].number;
	return 0;
}

static void check_signal(struct rs_sema *s, struct rs_node *call)
{
	struct rs_node *which = rs_fn_arg(call, 0);

	call->type = &rs_type_none;
	rs_sema_need_provider(s, call, MAY_SIGNAL);
	if (which->text_constant && !which->constant) {
		if (!signal_number(which->text))
			rs_sema_error(s, which->span, "%s: there is no signal \"%s\"",
				      rs_fn_name(call), which->text);
		return;
	}
	if (!rs_sema_arg_integer(s, call, 0))
		return;
	if (which->constant && (which->number < 1 || which->number > 64))
		rs_sema_error(s, which->span, "%s: signals have numbers from 1 to 64",
			      rs_fn_name(call));
}

static struct rs_value send_signal(struct rs_lower *l, struct rs_node *call, uint32_t helper,
				   const char *name)
{
	struct rs_node *which = rs_fn_arg(call, 0);
	uint32_t site = rs_program_site(l->program, RS_SITE_SIGNAL, call->span, name, NULL);
	rs_reg number;

	if (which->text_constant && !which->constant)
		number = rs_ir_const(l->f, signal_number(which->text));
	else
		number = rs_lower_word(l, which);
	rs_lower_check_failure(l, site, rs_ir_call_of(l->f, helper, number));
	return rs_value_none();
}

static struct rs_value lower_signal(struct rs_lower *l, struct rs_node *call)
{
	return send_signal(l, call, RS_HELPER_send_signal, "send_signal");
}

static struct rs_value lower_signal_thread(struct rs_lower *l, struct rs_node *call)
{
	return send_signal(l, call, RS_HELPER_send_signal_thread, "send_signal_thread");
}

static void check_override(struct rs_sema *s, struct rs_node *call)
{
	call->type = &rs_type_none;
	rs_sema_arg_integer(s, call, 0);
	if (rs_sema_need_provider(s, call, RS_PROVIDER_MASK(KPROBE)) && s->final &&
	    !rs_lang_has(s->source, override_return))
		rs_sema_error(s, call->span,
			      "override: this kernel was built without CONFIG_BPF_KPROBE_OVERRIDE");
}

static struct rs_value lower_override(struct rs_lower *l, struct rs_node *call)
{
	rs_ir_call_of(l->f, RS_HELPER_override_return, l->ctx,
		      rs_lower_word(l, rs_fn_arg(call, 0)));
	return rs_value_none();
}

/* ---- path ---- */

static void check_path(struct rs_sema *s, struct rs_node *call)
{
	const struct rs_node *path = rs_fn_arg(call, 0);
	const struct rs_type *type = path->type;
	uint64_t max = s->program->config.max_strlen, size = max;

	if (call->list.n > 1 && rs_sema_arg_constant(s, call, 1, &size) && (!size || size > max))
		rs_sema_error(s, call->span, "path: the size is 1 to %llu (max_strlen)",
			      (unsigned long long)max);
	call->type = rs_fn_string(s, size && size <= max ? size : max);
	rs_sema_need_provider(s, call,
			      RS_PROVIDER_MASK(FENTRY) | RS_PROVIDER_MASK(FEXIT) |
				      RS_PROVIDER_MASK(ITER));
	if (rs_fn_kind(path) == RS_TYPE_UNKNOWN)
		return;
	if (type->kind == RS_TYPE_POINTER)
		type = type->element;
	if (!type || type->kind != RS_TYPE_STRUCT || !type->name ||
	    strcmp(type->name, "struct path") != 0)
		rs_sema_error(s, path->span, "path: expects a struct path, not %s",
			      rs_sema_text(s, path->type));
	else if (s->final && !rs_lang_has(s->source, dpath))
		rs_sema_error(s, call->span,
			      "path: this kernel has no bpf_d_path() for probes: 5.10");
}

/* The helper leaves rests of its work behind the text: made elsewhere and copied. */
static void path_into(struct rs_lower *l, struct rs_node *call, const struct rs_place_in_memory *to)
{
	struct rs_place_in_memory room = rs_lower_room(l, rs_type_slot(call->type));
	uint32_t site = rs_program_site(l->program, RS_SITE_OTHER, call->span, "d_path", NULL);
	struct rs_fn_bytes path = rs_fn_bytes(l, rs_fn_arg(call, 0));
	struct rs_fn_bytes from = { .space = RS_SPACE_BPF };
	rs_reg r;

	rs_ir_store_imm(l->f, room.reg, room.offset, 8, 0);
	r = rs_ir_call_of(l->f, RS_HELPER_d_path, path.address, rs_place_address(l, &room),
			  rs_ir_const(l->f, call->type->size));
	rs_lower_check_failure(l, site, r);
	rs_fn_pad(l, to);
	from.address = rs_place_address(l, &room);
	rs_fn_read_string(l, &from, to, 0, call->type->size);
}

/* ---- rows ---- */

const struct rs_func_row rs_func_process[] = {
	{ .name = "pid",
	  .max_args = 1,
	  .flags = RS_FUNC_BARE | RS_FUNC_TYPED_BY_CHECK,
	  .usage = "pid([curr_ns|init])",
	  .check = check_pid,
	  .lower = lower_pid },
	{ .name = "tid",
	  .max_args = 1,
	  .flags = RS_FUNC_BARE | RS_FUNC_TYPED_BY_CHECK,
	  .usage = "tid([curr_ns|init])",
	  .check = check_pid,
	  .lower = lower_tid },
	{ .name = "comm",
	  .max_args = 1,
	  .flags = RS_FUNC_BARE,
	  .usage = "comm([pid])",
	  .check = check_comm,
	  .into = comm_into },
	{ .name = "ppid",
	  .max_args = 1,
	  .flags = RS_FUNC_BARE,
	  .usage = "ppid([task])",
	  .check = check_ppid,
	  .lower = lower_ppid },
	{ .name = "pcomm",
	  .max_args = 1,
	  .flags = RS_FUNC_BARE,
	  .usage = "pcomm([task])",
	  .check = check_pcomm,
	  .into = pcomm_into },
	{ .name = "nsecs",
	  .max_args = 1,
	  .flags = RS_FUNC_BARE | RS_FUNC_TYPED_BY_CHECK,
	  .usage = "nsecs([boot|monotonic|tai|sw_tai])",
	  .check = check_nsecs,
	  .lower = lower_nsecs },
	{ .name = "cgroupid",
	  .min_args = 1,
	  .max_args = 1,
	  .flags = RS_FUNC_CONSTANT,
	  .usage = "cgroupid(\"path\")",
	  .check = check_cgroupid,
	  .lower = lower_number },
	{ .name = "cgroup_path",
	  .min_args = 1,
	  .max_args = 2,
	  .usage = "cgroup_path(id[, \"hierarchies\"])",
	  .check = check_cgroup_path,
	  .into = cgroup_path_into },
	{ .name = "signal",
	  .min_args = 1,
	  .max_args = 1,
	  .flags = RS_FUNC_STATEMENT | RS_FUNC_UNSAFE,
	  .usage = "signal(\"NAME\" or number)",
	  .check = check_signal,
	  .lower = lower_signal },
	{ .name = "signal_thread",
	  .min_args = 1,
	  .max_args = 1,
	  .flags = RS_FUNC_STATEMENT | RS_FUNC_UNSAFE,
	  .usage = "signal_thread(\"NAME\" or number)",
	  .check = check_signal,
	  .lower = lower_signal_thread },
	{ .name = "override",
	  .min_args = 1,
	  .max_args = 1,
	  .flags = RS_FUNC_STATEMENT | RS_FUNC_UNSAFE,
	  .usage = "override(value)",
	  .check = check_override,
	  .lower = lower_override },
	{ .name = "path",
	  .min_args = 1,
	  .max_args = 2,
	  .usage = "path(struct path[, size])",
	  .check = check_path,
	  .into = path_into },
	{ 0 },
};
