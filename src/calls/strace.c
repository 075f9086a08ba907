/* SPDX-License-Identifier: Apache-2.0 */
#include "calls/strace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/clock.h"
#include "base/util.h"
#include "bpf/abi/control.h"
#include "calls/resume.h"
#include "kern/tool.h"
#include "rs_tool_strace.skel.h"

#define BUFFER_DEFAULT ((size_t)8 << 20)

struct rs_strace {
	struct rs_strace_options options;
	struct rs_tool_strace *tool;
	struct rs_ring *ring;
	struct rs_call_record record; /* the one that is handed out */
	struct rs_strace_thread place;
	uint64_t bad;
	/* of rs_strace_consume() */
	rs_strace_fn *fn;
	void *data;
};

static size_t buffer_of(const struct rs_strace_options *options)
{
	return options->buffer ? options->buffer : BUFFER_DEFAULT;
}

static uint32_t number_of(const char *name)
{
	const struct rs_call *call = rs_call_find(name);

	return call ? rs_call_number(call) : RS_CALLS_MAX;
}

static uint32_t flags_of(const struct rs_strace_options *o)
{
	return (o->calls ? RS_STRACE_SOME : 0) | (o->failed ? RS_STRACE_FAILED : 0) |
	       (o->successful ? RS_STRACE_SUCCESSFUL : 0) | (o->fds ? RS_STRACE_FDS : 0) |
	       (o->n_paths ? RS_STRACE_PATHS : 0) | (o->user_stack ? RS_STRACE_USER_STACK : 0) |
	       (o->kernel_stack ? RS_STRACE_KERNEL_STACK : 0) | (o->raw ? RS_STRACE_NO_MEMORY : 0);
}

static int prepare(void *data_tool, void *data, struct rs_error *err)
{
	struct rs_strace *strace = data;
	const struct rs_strace_options *o = &strace->options;
	struct rs_tool_strace *tool = data_tool;
	volatile struct rs_strace_config *config = &tool->rodata->rs_strace_config;

	rs_target_prepare(o->target, tool, &tool->rodata->rs_target);
	config->flags = flags_of(o);
	config->string_max = (uint32_t)MIN(o->string_max, (size_t)RS_STRACE_PIECE);
	config->slower = o->slower;
	config->signals = o->signals;
	config->verbose = o->verbose;
	config->execve = number_of("execve");
	config->execveat = number_of("execveat");
	for (size_t i = 0; o->calls && i < ARRAY_SIZE(config->wanted); i++)
		config->wanted[i] = o->calls->bits[i];
	tool->bss->rs_strace_held = o->held;
	if (!o->signals) {
		bpf_program__set_autoload(tool->progs.rs_strace_deliver, false);
		bpf_program__set_autoload(tool->progs.rs_strace_generate, false);
	}
	if (!o->user_stack && !o->kernel_stack)
		bpf_map__set_max_entries(tool->maps.rs_stacks, 1);
	if (bpf_map__set_max_entries(tool->maps.rs_strace_ring, (uint32_t)buffer_of(o)))
		return rs_error_set_errno(err, -errno, "sizing the buffer");
	return 0;
}

/* --- what the programs know of each call --- */

static void row_of(const struct rs_call *call, struct rs_strace_row *row)
{
	rs_call_capture_of(call, &row->capture);
	for (unsigned i = 0; i < 6; i++) {
		const struct rs_capture *c = &row->capture.args[i];

		if (c->how == RS_CAPTURE_NONE)
			continue;
		if (c->when & RS_CAPTURE_ENTRY)
			row->entry |= (uint8_t)(1u << i);
		if (c->when & RS_CAPTURE_EXIT)
			row->exit |= (uint8_t)(1u << i);
	}
	row->fds = (uint8_t)rs_call_fd_args(call);
	if (rs_call_returns_fd(call))
		row->fds |= 1u << RS_STRACE_RESULT;
	for (unsigned i = 0; i < 6; i++)
		if (row->capture.args[i].how == RS_CAPTURE_STRING &&
		    !(row->capture.args[i].when & RS_CAPTURE_DATA) && row->entry & 1u << i)
			row->paths |= (uint8_t)(1u << i);
	row->known = 1;
}

static int fill_rows(struct rs_strace *strace, struct rs_error *err)
{
	int fd = bpf_map__fd(strace->tool->maps.rs_strace_rows);

	for (uint32_t nr = 0; nr < RS_CALLS_MAX; nr++) {
		const struct rs_call *call = rs_call_of(nr);
		struct rs_strace_row row = { 0 };

		if (!call)
			continue;
		row_of(call, &row);
		if (strace->options.raw)
			row.entry = row.exit = 0;
		if (bpf_map_update_elem(fd, &nr, &row, BPF_ANY))
			return rs_error_set_errno(err, -errno, "telling the programs of calls");
	}
	return 0;
}

static int fill_path(int fd, const char *path, struct rs_error *err)
{
	struct rs_strace_path key = { 0 };
	uint32_t one = 1;

	if (strlen(path) >= sizeof(key.path))
		return rs_error_set(err, -EINVAL,
				    "--trace-path %s: longer than the %zu bytes that the "
				    "programs compare",
				    path, sizeof(key.path) - 1);
	memcpy(key.path, path, strlen(path));
	if (bpf_map_update_elem(fd, &key, &one, BPF_ANY))
		return rs_error_set(err, -E2BIG, "more than %u paths to look for",
				    RS_STRACE_PATHS_MAX);
	return 0;
}

/* As it is spelt, for arguments, and as the kernel calls it, for descriptors. */
static int fill_paths(struct rs_strace *strace, struct rs_error *err)
{
	int fd = bpf_map__fd(strace->tool->maps.rs_strace_paths), r = 0;

	for (size_t i = 0; i < strace->options.n_paths && !r; i++) {
		const char *path = strace->options.paths[i];
		_cleanup_(rs_cleanup_free) char *real = realpath(path, NULL);

		r = fill_path(fd, path, err);
		if (!r && real && strcmp(real, path) != 0)
			r = fill_path(fd, real, err);
	}
	return r;
}

/* --- life --- */

int rs_strace_new(const struct rs_strace_options *options, struct rs_strace **ret_strace,
		  struct rs_error *err)
{
	_cleanup_(rs_strace_free) struct rs_strace *strace = calloc(1, sizeof(*strace));
	struct rs_tool_options load = { .prepare = prepare, .data = strace };
	int r;

	if (!strace)
		return rs_error_set_errno(err, -ENOMEM, "watching calls");
	strace->options = *options;
	r = rs_tool_load(&rs_tool_strace_type, &load, (void **)&strace->tool, err);
	if (!r)
		r = fill_rows(strace, err);
	if (!r)
		r = fill_paths(strace, err);
	if (!r)
		r = rs_target_fill(options->target, strace->tool, err);
	if (!r)
		r = rs_ring_open(bpf_map__fd(strace->tool->maps.rs_strace_ring), buffer_of(options),
				 &strace->tool->bss->rs_strace_wake, &strace->ring, err);
	if (r)
		return r;
	/* whose code the addresses of a stack are has to be looked up while it is there: each record wakes us */
	strace->tool->bss->rs_strace_wake.threshold = options->user_stack
							      ? 0
							      : (uint32_t)(buffer_of(options) / 8);
	*ret_strace = TAKE_PTR(strace);
	return 0;
}

int rs_strace_attach(struct rs_strace *strace, struct rs_error *err)
{
	const struct rs_target *target = strace->options.target;
	int r = rs_tool_attach(strace->tool, NULL, err);

	if (r)
		return r;
	rs_target_rescan(target, strace->tool);
	for (size_t i = 0; i < target->n_pids; i++)
		rs_calls_resume(bpf_map__fd(strace->tool->maps.rs_strace_threads), target->pids[i],
				strace->options.calls);
	return 0;
}

void rs_strace_detach(struct rs_strace *strace)
{
	rs_tool_detach(strace->tool);
}

void rs_strace_free(struct rs_strace **strace)
{
	struct rs_strace *s = TAKE_PTR(*strace);

	if (!s)
		return;
	rs_ring_close(&s->ring);
	rs_tool_close((void **)&s->tool);
	free(s);
}

struct bpf_object *rs_strace_object(struct rs_strace *strace)
{
	return strace->tool->obj;
}

void *rs_strace_tool(struct rs_strace *strace)
{
	return strace->tool;
}

/* --- records --- */

int rs_strace_fd(const struct rs_strace *strace)
{
	return rs_ring_fd(strace->ring);
}

bool rs_strace_arm(struct rs_strace *strace)
{
	return rs_ring_arm(strace->ring);
}

static int on_record(void *arg, const void *record, size_t size)
{
	struct rs_strace *strace = arg;

	if (rs_call_record_parse(record, size, &strace->record) < 0) {
		strace->bad++;
		return 0;
	}
	return strace->fn(strace->data, &strace->record);
}

int rs_strace_consume(struct rs_strace *strace, rs_strace_fn *fn, void *data, size_t max,
		      size_t *ret_count)
{
	strace->fn = fn;
	strace->data = data;
	return rs_ring_consume(strace->ring, on_record, strace, max, ret_count);
}

int rs_strace_waiting(struct rs_strace *strace, uint64_t ns, rs_strace_fn *fn, void *data)
{
	int fd = bpf_map__fd(strace->tool->maps.rs_strace_threads), r = 0;
	uint64_t now = rs_clock_boot();
	uint32_t tid, *before = NULL, last;

	for (unsigned i = 0; i < RS_STRACE_THREADS && !r; i++) {
		if (bpf_map_get_next_key(fd, before, &tid))
			break;
		last = tid;
		before = &last;
		if (bpf_map_lookup_elem(fd, &tid, &strace->place) ||
		    strace->place.call.began + ns > now ||
		    rs_call_record_under_way(&strace->place, &strace->record) < 0)
			continue;
		r = fn(data, &strace->record);
	}
	return r;
}

void rs_strace_losses(struct rs_strace *strace, struct rs_strace_losses *ret_losses)
{
	struct bpf_map *lost = strace->tool->maps.rs_strace_lost;

	*ret_losses = (struct rs_strace_losses){
		.ring = rs_tool_sum(lost, RS_STRACE_LOST_RING),
		.threads = rs_tool_sum(lost, RS_STRACE_LOST_THREADS),
		.fds = rs_tool_sum(lost, RS_STRACE_LOST_FDS),
		.bad = strace->bad,
		.targets = rs_target_lost(strace->tool),
		.skipped = rs_tool_skipped(strace->tool),
	};
}
