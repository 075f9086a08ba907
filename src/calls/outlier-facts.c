/* SPDX-License-Identifier: Apache-2.0 */
/* What the record of a slow one says. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/units.h"
#include "calls/outlier-internal.h"
#include "kern/device.h"
#include "profile/waits.h"

/* --- stacks --- */

void rs_outlier_stack_done(struct rs_outlier_stack *stack)
{
	rs_profile_free(&stack->profile);
	stack->n = 0;
}

const struct rs_frame *rs_outlier_frame(const struct rs_outlier_stack *stack, size_t i)
{
	return rs_profile_frame_at(stack->profile, stack->frames[i]);
}

/* What lies between the place that waits and the program that looks. */
static bool is_machinery(const char *function)
{
	static const char *const beginnings[] = { "bpf_",   "__bpf_",     "__traceiter_", "perf_",
						  "trace_", "__schedule", "___bpf_" };

	for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++)
		if (!strncmp(function, beginnings[i], strlen(beginnings[i])))
			return true;
	return !strcmp(function, "schedule") || !strcmp(function, "preempt_schedule_common");
}

static int add_kernel(struct rs_outliers *outliers, const __u64 *ips, size_t n,
		      struct rs_outlier_stack *stack)
{
	struct rs_frame frames[RS_SYMBOLS_FRAMES_MAX];
	int r = 0;

	for (size_t i = 0; i < n && !r; i++) {
		size_t k = rs_symbols_kernel(outliers->symbols, ips[i], i > 0, frames,
					     ARRAY_SIZE(frames));

		for (size_t f = 0; f < k && !r && stack->n < RS_OUTLIER_FRAMES; f++) {
			if (!stack->n && is_machinery(frames[f].function))
				continue;
			r = rs_profile_frame(stack->profile, &frames[f], &stack->frames[stack->n]);
			stack->n += !r;
		}
	}
	return r;
}

void rs_outlier_stack(struct rs_outliers *outliers, uint32_t pid, const __u64 *ips, size_t n,
		      uint64_t key, struct rs_outlier_stack *ret_stack)
{
	const struct rs_profile_options options = { .types = { { "wait", "nanoseconds" } },
						    .n_types = 1 };
	const struct rs_stack_pair pair = { .user = key };

	*ret_stack = (struct rs_outlier_stack){ .profile = NULL };
	if ((!n && !key) || rs_profile_new(&options, &ret_stack->profile) < 0)
		return;
	if (n)
		add_kernel(outliers, ips, MIN(n, (size_t)RS_WAIT_DEPTH), ret_stack);
	else if (rs_stacks_frames(outliers->stacks, ret_stack->profile, pid, &pair,
				  ret_stack->frames, RS_OUTLIER_FRAMES, &ret_stack->n) < 0)
		ret_stack->n = 0;
}

static bool has_function(const struct rs_outlier_stack *stack, const char *const *parts)
{
	for (size_t i = 0; i < stack->n; i++)
		for (const char *const *part = parts; *part; part++)
			if (strstr(rs_outlier_frame(stack, i)->function, *part))
				return true;
	return false;
}

enum rs_outlier_waker rs_outlier_waker(const struct rs_wait_one *wait,
				       const struct rs_outlier_stack *waker)
{
	static const char *const timers[] = { "hrtimer_wakeup",    "process_timeout",
					      "schedule_timeout_", "poll_schedule_timeout",
					      "it_real_fn",        NULL };
	static const char *const interrupts[] = { "interrupt", "softirq",   "sysvec_",
						  "irq_exit",  "irq_enter", "gic_handle_irq",
						  "el1_irq",   NULL };

	if (has_function(waker, timers))
		return RS_OUTLIER_TIMER;
	if (has_function(waker, interrupts) || (wait->waker_comm[0] && !wait->waker_tid))
		return RS_OUTLIER_INTERRUPT;
	return wait->waker_tid ? RS_OUTLIER_THREAD : RS_OUTLIER_NOBODY;
}

const char *rs_outlier_reason(const struct rs_wait_one *wait, const struct rs_outlier_stack *where)
{
	const char *functions[RS_OUTLIER_FRAMES];
	uint32_t state = wait->how == RS_WAIT_PREEMPTED ? RS_OFFCPU_PREEMPTED
			 : wait->how == RS_WAIT_SOFT    ? RS_OFFCPU_SLEEP
							: RS_OFFCPU_DISK;

	for (size_t i = 0; i < where->n; i++)
		functions[i] = rs_outlier_frame(where, i)->function;
	return rs_waits_reason(state, functions, where->n);
}

/* --- times --- */

uint64_t rs_outlier_ran(const struct rs_latency_outlier *o)
{
	uint64_t off = 0;

	for (size_t i = 0; i < RS_WAIT_COUNT; i++)
		off += o->sums[i];
	return off < o->ns ? o->ns - off : 0;
}

uint64_t rs_outlier_time(const struct rs_latency_outlier *o)
{
	return rs_clock_real() - (rs_clock_mono() - o->end) - o->ns;
}

/* --- what it was --- */

static bool is_call(const struct rs_latency_outlier *o, const char *const *names)
{
	const struct rs_call *call = o->source == RS_LATENCY_SYSCALL ? rs_call_of(o->what) : NULL;

	for (; call && *names; names++)
		if (!strcmp(rs_call_name(call), *names))
			return true;
	return false;
}

bool rs_outlier_is_lock(const struct rs_latency_outlier *o)
{
	static const char *const locks[] = { "futex", "futex_wait", "futex_waitv", NULL };

	return is_call(o, locks);
}

void rs_outlier_path(const struct rs_latency_outlier *o, struct rs_str *out)
{
	if (o->path_len && o->path_len <= RS_LATENCY_PATH)
		rs_str_append(out, o->path, o->path_len);
	else if (S_ISSOCK(o->mode))
		rs_str_appendf(out, "socket:[%" PRIu64 "]", (uint64_t)o->ino);
	else if (S_ISFIFO(o->mode))
		rs_str_appendf(out, "pipe:[%" PRIu64 "]", (uint64_t)o->ino);
}

static void format_fd(void *data, int fd, struct rs_str *out)
{
	const struct rs_latency_outlier *o = data;
	const struct rs_call *call = rs_call_of(o->what);
	unsigned fds = call ? rs_call_fd_args(call) : 0;
	size_t before = out->len;

	if (!fds || (int)o->args[__builtin_ctz(fds)] != fd || rs_call_path_arg(call) >= 0)
		return;
	rs_str_append_char(out, '<');
	rs_outlier_path(o, out);
	if (out->len == before + 1)
		rs_str_truncate(out, before);
	else
		rs_str_append_char(out, '>');
}

static void set_memory(const struct rs_latency_outlier *o, const struct rs_call_capture *capture,
		       struct rs_call_event *event)
{
	for (unsigned i = 0; i < 6; i++) {
		const struct rs_latency_memory *from = &o->memory[i];
		struct rs_call_memory memory = {
			.data = from->flags ? from->data : NULL,
			.len = MIN(from->len, RS_LATENCY_ARG_BYTES),
			.fault = from->flags & RS_LATENCY_MEMORY_FAULT,
			.cut = from->flags & RS_LATENCY_MEMORY_CUT,
		};

		if (capture->args[i].when & RS_CAPTURE_ENTRY)
			event->in[i] = memory;
		if (capture->args[i].when & RS_CAPTURE_EXIT)
			event->out[i] = memory;
	}
}

void rs_outlier_call(const struct rs_latency_outlier *o, struct rs_str *out)
{
	struct rs_call_event event = {
		.call = rs_call_of(o->what), .nr = o->what, .done = true, .result = o->result
	};
	const struct rs_call_print print = { .string_max = 32, .fd = format_fd, .data = (void *)o };
	struct rs_call_capture capture;
	unsigned next = 0;

	memcpy(event.args, o->args, sizeof(event.args));
	if (event.call) {
		rs_call_capture_of(event.call, &capture);
		set_memory(o, &capture, &event);
	}
	rs_call_format_entry(&event, &print, out, &next);
	rs_call_format_rest(&event, &print, next, out);
	rs_str_append_cstr(out, " = ");
	rs_call_format_result(&event, &print, out);
}

void rs_outlier_question(const struct rs_latency_outlier *o, struct rs_str *out)
{
	rs_latency_question_format(o->path, MIN(o->path_len, RS_LATENCY_PATH), out);
}

void rs_outlier_what(const struct rs_latency_outlier *o, struct rs_str *out)
{
	char address[32];

	switch (o->source) {
	case RS_LATENCY_SYSCALL:
		rs_outlier_call(o, out);
		return;
	case RS_LATENCY_BLOCK:
		rs_outlier_io(&o->io, o->pid, out);
		return;
	case RS_LATENCY_RUNQ:
		rs_str_append_cstr(out, "waited for a CPU after ");
		break;
	case RS_LATENCY_DNS:
		rs_str_append_cstr(out, "DNS ");
		rs_outlier_question(o, out);
		return;
	}
	rs_str_append_cstr(out, rs_latency_what(o->source, o->what));
	if (o->source == RS_LATENCY_FAULT) {
		snprintf(address, sizeof(address), " page fault at 0x%" PRIx64,
			 (uint64_t)o->address);
		rs_str_append_cstr(out, address);
	}
}

/* --- block I/O --- */

const char *rs_outlier_io_op(uint32_t op)
{
	return rs_latency_what(RS_LATENCY_BLOCK, (op & RS_BLOCK_OP_MASK) | 3u << 8);
}

void rs_outlier_io(const struct rs_wait_io *io, uint32_t pid, struct rs_str *out)
{
	char text[RS_UNITS_BUF];

	rs_str_append_cstr(out, rs_outlier_io_op(io->op));
	if (io->bytes)
		rs_str_appendf(out, " of %s", rs_units_format_bytes(text, io->bytes));
	if (io->bytes || io->sector)
		rs_str_appendf(out, " at sector %" PRIu64, (uint64_t)io->sector);
	rs_str_append_cstr(out, " of ");
	rs_device_format(io->dev, pid, out);
}
