/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "calls/outlier-internal.h"
#include "calls/who-json.h"
#include "kern/device.h"
#include "profile/frames-json.h"

static void write_scratch(struct rs_outliers *outliers, struct rs_json *w)
{
	rs_json_string(w, outliers->scratch.data, outliers->scratch.len);
}

static void write_comm(struct rs_json *w, const char comm[16])
{
	rs_json_string(w, comm, strnlen(comm, 16));
}

static void write_device(struct rs_outliers *outliers, uint32_t dev, uint32_t pid,
			 struct rs_json *w)
{
	rs_str_reset(&outliers->scratch);
	rs_device_format(dev, pid, &outliers->scratch);
	write_scratch(outliers, w);
}

static void write_io(struct rs_outliers *outliers, const struct rs_wait_io *io, uint32_t pid,
		     struct rs_json *w)
{
	rs_json_begin_object(w);
	rs_json_key_lit(w, "operation");
	rs_json_cstr(w, rs_outlier_io_op(io->op));
	rs_json_key_lit(w, "device");
	write_device(outliers, io->dev, pid, w);
	rs_json_key_lit(w, "sector");
	rs_json_u64(w, io->sector);
	rs_json_key_lit(w, "bytes");
	rs_json_u64(w, io->bytes);
	if (io->ns) {
		rs_json_key_lit(w, "ns");
		rs_json_u64(w, io->ns);
	}
	rs_json_end_object(w);
}

static void write_stack(const struct rs_outlier_stack *stack, struct rs_json *w)
{
	rs_frames_json(w, stack->profile, stack->frames, stack->n);
}

static void write_waker(struct rs_outliers *outliers, const struct rs_latency_outlier *o,
			struct rs_json *w)
{
	static const char *const kinds[] = { "nobody", "thread", "interrupt", "timer" };
	const struct rs_wait_one *wait = &o->wait;
	_cleanup_(rs_outlier_stack_done) struct rs_outlier_stack kernel, user;

	rs_outlier_stack(outliers, 0, wait->waker_ips, wait->n_waker_ips, 0, &kernel);
	rs_outlier_stack(outliers, wait->waker_pid, NULL, 0, wait->waker_user, &user);
	rs_json_begin_object(w);
	rs_json_key_lit(w, "kind");
	rs_json_cstr(w, kinds[rs_outlier_waker(wait, &kernel)]);
	rs_calls_who_json(w, wait->waker_pid, wait->waker_tid, wait->waker_comm);
	rs_json_key_lit(w, "kernel_stack");
	write_stack(&kernel, w);
	rs_json_key_lit(w, "user_stack");
	write_stack(&user, w);
	rs_json_end_object(w);
}

static void write_wait(struct rs_outliers *outliers, const struct rs_latency_outlier *o,
		       struct rs_json *w)
{
	_cleanup_(rs_outlier_stack_done) struct rs_outlier_stack where;

	rs_outlier_stack(outliers, 0, o->wait.ips, o->wait.n_ips, 0, &where);
	rs_json_begin_object(w);
	rs_json_key_lit(w, "ns");
	rs_json_u64(w, o->wait.ns);
	rs_json_key_lit(w, "reason");
	rs_json_cstr(w, rs_outlier_reason(&o->wait, &where));
	rs_json_key_lit(w, "kernel_stack");
	write_stack(&where, w);
	if (o->wait.io.dev) {
		rs_json_key_lit(w, "io");
		write_io(outliers, &o->wait.io, o->pid, w);
	}
	if (rs_outlier_is_lock(o)) {
		rs_json_key_lit(w, "lock");
		rs_json_hex(w, o->args[0]);
	}
	rs_json_key_lit(w, "waker");
	write_waker(outliers, o, w);
	rs_json_end_object(w);
}

static void write_times(const struct rs_latency_outlier *o, struct rs_json *w)
{
	rs_json_begin_object(w);
	rs_json_key_lit(w, "running_ns");
	rs_json_u64(w, rs_outlier_ran(o));
	rs_json_key_lit(w, "io_ns");
	rs_json_u64(w, o->sums[RS_WAIT_IO]);
	rs_json_key_lit(w, "kernel_ns");
	rs_json_u64(w, o->sums[RS_WAIT_HARD]);
	rs_json_key_lit(w, "waiting_ns");
	rs_json_u64(w, o->sums[RS_WAIT_SOFT]);
	rs_json_key_lit(w, "woken_ns");
	rs_json_u64(w, o->sums[RS_WAIT_WOKEN]);
	rs_json_key_lit(w, "preempted_ns");
	rs_json_u64(w, o->sums[RS_WAIT_PREEMPTED]);
	rs_json_key_lit(w, "switches");
	rs_json_u64(w, o->switches);
	rs_json_end_object(w);
}

static void write_call(struct rs_outliers *outliers, const struct rs_latency_outlier *o,
		       struct rs_json *w)
{
	const struct rs_call *call = rs_call_of(o->what);

	rs_json_key_lit(w, "call");
	rs_str_reset(&outliers->scratch);
	rs_outlier_call(o, &outliers->scratch);
	write_scratch(outliers, w);
	rs_json_key_lit(w, "result");
	rs_json_i64(w, o->result);
	rs_json_key_lit(w, "arguments");
	rs_json_begin_array(w);
	for (unsigned i = 0; i < (call ? MIN(rs_call_args(call), 6u) : 6u); i++)
		rs_json_hex(w, o->args[i]);
	rs_json_end_array(w);
	rs_str_reset(&outliers->scratch);
	rs_outlier_path(o, &outliers->scratch);
	if (outliers->scratch.len) {
		rs_json_key_lit(w, "file");
		write_scratch(outliers, w);
	}
	rs_json_key_lit(w, "time");
	write_times(o, w);
	if (o->n_io) {
		rs_json_key_lit(w, "issued");
		write_io(outliers, &o->io, o->pid, w);
		rs_json_key_lit(w, "issued_count");
		rs_json_u64(w, o->n_io);
	}
	if (!o->wait.ns)
		return;
	rs_json_key_lit(w, "longest");
	write_wait(outliers, o, w);
}

static void write_plain(struct rs_outliers *outliers, const struct rs_latency_outlier *o,
			struct rs_json *w)
{
	switch (o->source) {
	case RS_LATENCY_BLOCK:
		rs_json_key_lit(w, "io");
		write_io(outliers, &o->io, o->pid, w);
		rs_json_key_lit(w, "device_ns");
		rs_json_u64(w, o->device_ns);
		break;
	case RS_LATENCY_RUNQ:
		rs_json_key_lit(w, "behind");
		rs_json_begin_object(w);
		rs_json_key_lit(w, "pid");
		rs_json_u64(w, o->rival_pid);
		rs_json_key_lit(w, "comm");
		write_comm(w, o->rival_comm);
		rs_json_end_object(w);
		break;
	case RS_LATENCY_DNS:
		rs_json_key_lit(w, "question");
		rs_str_reset(&outliers->scratch);
		rs_outlier_question(o, &outliers->scratch);
		write_scratch(outliers, w);
		break;
	case RS_LATENCY_FAULT:
		rs_json_key_lit(w, "address");
		rs_json_hex(w, o->address);
		break;
	}
}

static void write_who(struct rs_outliers *outliers, const struct rs_latency_outlier *o,
		      struct rs_json *w)
{
	const struct rs_latency_options *options = &outliers->latency->options;

	rs_calls_who_json(w, o->pid, o->tid, o->comm);
	if (!options->name_group || !o->cgroup)
		return;
	rs_json_key_lit(w, "container");
	rs_str_reset(&outliers->scratch);
	options->name_group(options->data, o->cgroup, &outliers->scratch);
	write_scratch(outliers, w);
}

void rs_outlier_json(struct rs_outliers *outliers, const struct rs_latency_outlier *o,
		     struct rs_json *w)
{
	_cleanup_(rs_outlier_stack_done) struct rs_outlier_stack user;

	rs_json_begin_object(w);
	rs_json_key_lit(w, "type");
	rs_json_cstr(w, "outlier");
	rs_json_key_lit(w, "began");
	rs_json_time(w, rs_outlier_time(o));
	rs_json_key_lit(w, "source");
	rs_json_cstr(w, rs_latency_source_name(o->source));
	rs_json_key_lit(w, "what");
	rs_json_cstr(w, rs_latency_what(o->source, o->what));
	rs_json_key_lit(w, "ns");
	rs_json_u64(w, o->ns);
	write_who(outliers, o, w);
	if (o->dev) {
		rs_json_key_lit(w, "device");
		write_device(outliers, o->dev, o->pid, w);
	}
	if (o->peer.family) {
		rs_json_key_lit(w, "peer");
		rs_str_reset(&outliers->scratch);
		rs_latency_peer_format(&o->peer, &outliers->scratch);
		write_scratch(outliers, w);
	}
	if (o->source == RS_LATENCY_SYSCALL)
		write_call(outliers, o, w);
	else
		write_plain(outliers, o, w);
	rs_outlier_stack(outliers, o->pid, NULL, 0, o->user, &user);
	rs_json_key_lit(w, "user_stack");
	write_stack(&user, w);
	rs_json_end_object(w);
}
