/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/offcpu.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/util.h"
#include "rs_tool_offcpu.skel.h"

#define WAITS_LEAST   16384u
#define WAITS_AT_ONCE 65536u /* see rs_collect_prepare() */
#define WAITS_MOST    (1u << 20)

struct rs_offcpu {
	struct rs_offcpu_options options;
	struct rs_tool_offcpu *tool;
	uint64_t detached; /* monotonic ns */
};

/* Twice the threads that there are. "0.1 0.2 0.3 2/345 6789": 345. */
static uint32_t room_for_threads(void)
{
	char text[128];
	const char *slash;
	uint32_t room = WAITS_LEAST;
	unsigned long threads;

	if (rs_fd_read_buf_at(AT_FDCWD, "/proc/loadavg", text, sizeof(text)) < 0)
		return room;
	slash = strchr(text, '/');
	threads = slash ? strtoul(slash + 1, NULL, 10) : 0;
	while (room < WAITS_MOST && room < 2 * threads)
		room *= 2;
	return room;
}

static bool looks_at_wakers(const struct rs_offcpu_config *config)
{
	return config->wakers || !config->until_now;
}

static int prepare(void *tool, void *data, struct rs_error *err)
{
	struct rs_tool_offcpu *t = tool;
	const struct rs_offcpu_options *o = &((struct rs_offcpu *)data)->options;
	uint32_t room = room_for_threads();

	(void)err;
	rs_target_prepare(o->target, tool, &t->rodata->rs_target);
	t->rodata->rs_sample_config = o->samples;
	t->rodata->rs_offcpu_config = o->waits;
	rs_collect_prepare(t->obj, o->max_stacks);
	bpf_map__set_max_entries(t->maps.rs_offcpu_waits, room);
	if (room <= WAITS_AT_ONCE)
		bpf_map__set_map_flags(t->maps.rs_offcpu_waits, 0);
	bpf_program__set_autoload(t->progs.rs_offcpu_waking, looks_at_wakers(&o->waits));
	return 0;
}

int rs_offcpu_new(const struct rs_offcpu_options *options, struct rs_offcpu **ret_offcpu,
		  struct rs_error *err)
{
	_cleanup_(rs_offcpu_free) struct rs_offcpu *offcpu = calloc(1, sizeof(*offcpu));
	const struct rs_tool_options load = { .prepare = prepare, .data = offcpu };
	int r;

	if (!offcpu)
		return rs_error_set(err, -ENOMEM, "out of memory");
	offcpu->options = *options;
	offcpu->options.waits.until_now = !(options->waits.reasons & 1u << RS_OFFCPU_RUNQ);
	r = rs_tool_load(&rs_tool_offcpu_type, &load, (void **)&offcpu->tool, err);
	if (!r)
		r = rs_target_fill(options->target, offcpu->tool, err);
	if (r < 0)
		return r;
	*ret_offcpu = TAKE_PTR(offcpu);
	return 0;
}

void rs_offcpu_free(struct rs_offcpu **offcpu)
{
	struct rs_offcpu *o = TAKE_PTR(*offcpu);

	if (!o)
		return;
	rs_tool_close((void **)&o->tool);
	free(o);
}

void *rs_offcpu_tool(struct rs_offcpu *offcpu)
{
	return offcpu->tool;
}

int rs_offcpu_attach(struct rs_offcpu *offcpu, struct rs_error *err)
{
	int r = rs_tool_attach(offcpu->tool, NULL, err);

	if (!r)
		rs_target_rescan(offcpu->options.target, offcpu->tool);
	return r;
}

void rs_offcpu_detach(struct rs_offcpu *offcpu)
{
	rs_tool_detach(offcpu->tool);
	offcpu->detached = rs_clock_mono();
}

/* One that was woken waits for a CPU since: what it waited for before is over. */
static int add_waiting(const struct rs_offcpu *offcpu, struct rs_collect *collect,
		       struct rs_profile *profile, struct rs_offcpu_wait *wait, uint64_t *count)
{
	const struct rs_offcpu_config *config = &offcpu->options.waits;
	uint64_t end = wait->woken && !config->until_now ? wait->woken : offcpu->detached;
	struct rs_sample sample = { .count = 1 };

	if (end <= wait->since || !(config->reasons & (1u << (wait->key.reason & 31))))
		return 0;
	sample.sum = end - wait->since;
	if (sample.sum < config->min || (config->max && sample.sum > config->max))
		return 0;
	++*count;
	return rs_collect_add(collect, profile, &wait->key, &sample);
}

int rs_offcpu_read_waiting(struct rs_offcpu *offcpu, struct rs_collect *collect,
			   struct rs_profile *profile, uint64_t *ret_count, struct rs_error *err)
{
	int map = bpf_map__fd(offcpu->tool->maps.rs_offcpu_waits), r = 0;
	uint32_t tid, *before = NULL;
	struct rs_offcpu_wait wait;
	uint64_t count = 0;

	while (!r && !bpf_map_get_next_key(map, before, &tid)) {
		before = &tid;
		if (!bpf_map_lookup_elem(map, &tid, &wait))
			r = add_waiting(offcpu, collect, profile, &wait, &count);
	}
	if (r < 0)
		return rs_error_set_errno(err, r, "taking the stacks of those that wait");
	*ret_count = count;
	return 0;
}
