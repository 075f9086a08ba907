/* SPDX-License-Identifier: Apache-2.0 */
#include "calls/outlier.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/term.h"
#include "base/units.h"
#include "calls/outlier-internal.h"
#include "kern/device.h"

#define FRAMES_SHOWN 24
#define INDENT       "      "

int rs_outliers_new(struct rs_latency *latency, struct rs_outliers **ret_outliers,
		    struct rs_error *err)
{
	_cleanup_(rs_outliers_free) struct rs_outliers *outliers = calloc(1, sizeof(*outliers));
	const struct rs_symbols_options symbols = { .no_inlines = true, .no_lines = true };
	struct rs_stacks_options stacks = { 0 };
	int r;

	if (!outliers)
		return rs_error_set(err, -ENOMEM, "out of memory");
	outliers->latency = latency;
	r = rs_symbols_new(&symbols, &outliers->symbols, err);
	if (r < 0)
		return r;
	stacks.symbols = outliers->symbols;
	r = rs_stacks_new(latency->tool->obj, &stacks, &outliers->stacks, err);
	if (r < 0)
		return r;
	*ret_outliers = TAKE_PTR(outliers);
	return 0;
}

void rs_outliers_free(struct rs_outliers **outliers)
{
	struct rs_outliers *o = TAKE_PTR(*outliers);

	if (!o)
		return;
	rs_stacks_free(&o->stacks);
	rs_symbols_free(&o->symbols);
	rs_str_done(&o->scratch);
	free(o);
}

void rs_outliers_prepare(struct rs_outliers *outliers, uint32_t pid)
{
	rs_stacks_prepare(outliers->stacks, pid);
}

int rs_outliers_fd(const struct rs_outliers *outliers)
{
	return rs_stacks_fd(outliers->stacks);
}

void rs_outliers_tick(struct rs_outliers *outliers)
{
	rs_stacks_tick(outliers->stacks);
}

/* --- pieces of lines --- */

static void append_ns(struct rs_str *out, uint64_t ns)
{
	char text[RS_UNITS_BUF];

	rs_str_append_cstr(out, rs_units_format_duration(text, ns));
}

static void append_comm(struct rs_str *out, const char comm[16])
{
	rs_str_append_escaped(out, comm, strnlen(comm, 16));
}

static void append_who(struct rs_outliers *outliers, const struct rs_latency_outlier *o,
		       struct rs_str *out)
{
	const struct rs_latency_options *options = &outliers->latency->options;

	if (!o->pid) {
		rs_str_append_cstr(out, "nobody known");
		return;
	}
	append_comm(out, o->comm);
	if (o->tid && o->tid != o->pid)
		rs_str_appendf(out, " (%" PRIu32 ", thread %" PRIu32 ")", o->pid, o->tid);
	else
		rs_str_appendf(out, " (%" PRIu32 ")", o->pid);
	if (!options->name_group || !o->cgroup)
		return;
	rs_str_reset(&outliers->scratch);
	options->name_group(options->data, o->cgroup, &outliers->scratch);
	if (rs_str_equal(&outliers->scratch, "/"))
		return; /* in no group of its own */
	rs_str_append_cstr(out, " in ");
	rs_str_append_escaped(out, outliers->scratch.data, outliers->scratch.len);
}

void rs_outlier_line(struct rs_outliers *outliers, const struct rs_latency_outlier *o, bool color,
		     struct rs_str *out)
{
	char time[RS_CLOCK_LOCAL_LEN];

	rs_clock_format_local(&outliers->clock, rs_outlier_time(o), time);
	rs_str_append(out, time, sizeof(time));
	rs_str_appendf(out, "  %s", rs_term_style(color, RS_TERM_BOLD));
	append_ns(out, o->ns);
	rs_str_appendf(out, "%s  ", rs_term_style(color, RS_TERM_RESET));
	rs_str_reset(&outliers->scratch);
	rs_outlier_what(o, &outliers->scratch);
	rs_str_append_escaped(out, outliers->scratch.data, outliers->scratch.len);
	rs_str_append_cstr(out, "  by ");
	append_who(outliers, o, out);
}

/* --- lines --- */

static void label(struct rs_str *out, const char *text)
{
	rs_str_appendf(out, INDENT "%-8s", text);
}

static void append_stack(const struct rs_outlier_stack *stack, bool color, struct rs_str *out)
{
	for (size_t i = 0; i < stack->n && i < FRAMES_SHOWN; i++) {
		const struct rs_frame *frame = rs_outlier_frame(stack, i);
		const char *module = frame->module ? strrchr(frame->module, '/') : NULL;

		rs_str_append_cstr(out, INDENT "            ");
		rs_str_append_escaped(out, frame->function, strlen(frame->function));
		if (frame->module && strcmp(frame->module, "[kernel]") != 0) {
			rs_str_append_cstr(out, rs_term_style(color, RS_TERM_DIM));
			rs_str_append_cstr(out, "  ");
			module = module ? module + 1 : frame->module;
			rs_str_append_escaped(out, module, strlen(module));
			rs_str_append_cstr(out, rs_term_style(color, RS_TERM_RESET));
		}
		rs_str_append_char(out, '\n');
	}
	if (stack->n > FRAMES_SHOWN)
		rs_str_appendf(out, INDENT "            ... %zu more\n", stack->n - FRAMES_SHOWN);
}

static void object_lines(struct rs_outliers *outliers, const struct rs_latency_outlier *o,
			 struct rs_str *out)
{
	struct rs_str *path = &outliers->scratch;
	char type[32];

	rs_str_reset(path);
	if (o->source == RS_LATENCY_SYSCALL)
		rs_outlier_path(o, path);
	if (path->len) {
		label(out, "file");
		rs_str_append_escaped(out, path->data, path->len);
		rs_str_append_char(out, '\n');
	}
	if (o->source == RS_LATENCY_SYSCALL && o->dev && path->len) {
		label(out, "device");
		rs_str_reset(path);
		rs_device_format(o->dev, o->pid, path);
		if (o->dev >> 20 && rs_device_filesystem(o->dev, o->pid, type, sizeof(type)))
			rs_str_appendf(path, ", %s", type);
		rs_str_append_escaped(out, path->data, path->len);
		rs_str_append_char(out, '\n');
	}
	if (o->peer.family) {
		label(out, "peer");
		rs_latency_peer_format(&o->peer, out);
		rs_str_append_char(out, '\n');
	}
}

static void time_line(const struct rs_latency_outlier *o, struct rs_str *out)
{
	static const char *const names[RS_WAIT_COUNT] = {
		[RS_WAIT_IO] = "blocked by I/O",   [RS_WAIT_HARD] = "blocked in the kernel",
		[RS_WAIT_SOFT] = "waiting",        [RS_WAIT_WOKEN] = "woken and waiting for a CPU",
		[RS_WAIT_PREEMPTED] = "preempted",
	};

	label(out, "time");
	append_ns(out, rs_outlier_ran(o));
	rs_str_append_cstr(out, " running");
	for (size_t i = 0; i < RS_WAIT_COUNT; i++) {
		if (!o->sums[i])
			continue;
		rs_str_append_cstr(out, ", ");
		append_ns(out, o->sums[i]);
		rs_str_appendf(out, " %s", names[i]);
	}
	rs_str_appendf(out, "; left the CPU %" PRIu32 " time%s\n", o->switches,
		       o->switches == 1 ? "" : "s");
}

static void io_line(struct rs_outliers *outliers, const char *what, const struct rs_wait_io *io,
		    uint32_t pid, struct rs_str *out)
{
	rs_str_reset(&outliers->scratch);
	rs_outlier_io(io, pid, &outliers->scratch);
	label(out, "");
	rs_str_append_cstr(out, what);
	rs_str_append_escaped(out, outliers->scratch.data, outliers->scratch.len);
	if (io->ns) {
		rs_str_append_cstr(out, ", which took ");
		append_ns(out, io->ns);
	}
	rs_str_append_char(out, '\n');
}

static void waker_lines(struct rs_outliers *outliers, const struct rs_latency_outlier *o,
			bool color, struct rs_str *out)
{
	const struct rs_wait_one *wait = &o->wait;
	_cleanup_(rs_outlier_stack_done) struct rs_outlier_stack kernel, user;
	enum rs_outlier_waker waker;

	rs_outlier_stack(outliers, 0, wait->waker_ips, wait->n_waker_ips, 0, &kernel);
	rs_outlier_stack(outliers, wait->waker_pid, NULL, 0, wait->waker_user, &user);
	waker = rs_outlier_waker(wait, &kernel);
	if (waker == RS_OUTLIER_NOBODY)
		return;
	label(out, "woken");
	if (waker == RS_OUTLIER_TIMER) {
		rs_str_append_cstr(out, "by a timer: its time was over\n");
		return;
	}
	rs_str_append_cstr(out, waker == RS_OUTLIER_INTERRUPT ? "by an interrupt, during " : "by ");
	append_comm(out, wait->waker_comm);
	rs_str_appendf(out, " (%" PRIu32 ")", wait->waker_pid);
	if (rs_outlier_is_lock(o))
		rs_str_appendf(out, ", which held the lock at 0x%" PRIx64, (uint64_t)o->args[0]);
	rs_str_append_char(out, '\n');
	append_stack(&kernel, color, out);
	append_stack(&user, color, out);
}

static void wait_lines(struct rs_outliers *outliers, const struct rs_latency_outlier *o, bool color,
		       struct rs_str *out)
{
	_cleanup_(rs_outlier_stack_done) struct rs_outlier_stack where;

	if (!o->wait.ns)
		return;
	rs_outlier_stack(outliers, 0, o->wait.ips, o->wait.n_ips, 0, &where);
	label(out, "longest");
	append_ns(out, o->wait.ns);
	rs_str_appendf(out, ": %s, at\n", rs_outlier_reason(&o->wait, &where));
	append_stack(&where, color, out);
	if (o->wait.io.dev)
		io_line(outliers, "until the end of a ", &o->wait.io, o->pid, out);
	waker_lines(outliers, o, color, out);
}

static void call_lines(struct rs_outliers *outliers, const struct rs_latency_outlier *o, bool color,
		       struct rs_str *out)
{
	_cleanup_(rs_outlier_stack_done) struct rs_outlier_stack user;

	time_line(o, out);
	if (o->n_io) {
		io_line(outliers, "issued a ", &o->io, o->pid, out);
		if (o->n_io > 1)
			rs_str_appendf(out, INDENT "        and %" PRIu32 " other block I/O\n",
				       o->n_io - 1);
	}
	wait_lines(outliers, o, color, out);
	rs_outlier_stack(outliers, o->pid, NULL, 0, o->user, &user);
	if (!user.n)
		return;
	rs_str_append_cstr(out, INDENT "called at\n");
	append_stack(&user, color, out);
}

/* What the other sources know. */
static void plain_lines(struct rs_outliers *outliers, const struct rs_latency_outlier *o,
			bool color, struct rs_str *out)
{
	_cleanup_(rs_outlier_stack_done) struct rs_outlier_stack user;

	if (o->source == RS_LATENCY_BLOCK && o->device_ns) {
		label(out, "time");
		append_ns(out, o->ns - MIN(o->device_ns, o->ns));
		rs_str_append_cstr(out, " in the queue, ");
		append_ns(out, o->device_ns);
		rs_str_append_cstr(out, " in the device\n");
	}
	if (o->source == RS_LATENCY_RUNQ) {
		label(out, "behind");
		append_comm(out, o->rival_comm);
		rs_str_appendf(out, " (%" PRIu32 "), which ran last\n", o->rival_pid);
	}
	rs_outlier_stack(outliers, o->pid, NULL, 0, o->user, &user);
	append_stack(&user, color, out);
}

void rs_outlier_text(struct rs_outliers *outliers, const struct rs_latency_outlier *o, bool color,
		     struct rs_str *out)
{
	rs_outlier_line(outliers, o, color, out);
	rs_str_append_char(out, '\n');
	object_lines(outliers, o, out);
	if (o->source == RS_LATENCY_SYSCALL)
		call_lines(outliers, o, color, out);
	else
		plain_lines(outliers, o, color, out);
}
