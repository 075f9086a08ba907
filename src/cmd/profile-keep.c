/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every slice of time the samples are taken out of the kernel, get their names, and are kept as pprof, gzipped. Sampling
 * rests while they are taken, so that none is counted twice or lost; the slice's duration says so.
 */
#include "cmd/profile-keep.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/units.h"
#include "base/util.h"
#include "cmd/ask.h"
#include "kern/caps.h"
#include "profile/collect.h"
#include "profile/oncpu.h"
#include "profile/profile-write.h"
#include "store/slices.h"

#define TICK_NS       (250 * RS_NSEC_PER_MSEC)
#define MAX_SAMPLES   8192
#define MAX_PROCESSES 512
#define MAX_FILES     256

struct keeper {
	const struct rs_profile_keep *keep;
	struct rs_loop *loop;
	struct rs_loop_source *signals;
	struct rs_oncpu *oncpu;
	struct rs_symbols *symbols;
	struct rs_stacks *stacks;
	struct rs_collect *collect;
	struct rs_slices *slices;
	uint64_t began, began_real; /* the slice */
	uint64_t not_kept;          /* samples */
	uint64_t taken, lost;       /* by the programs, when the last slice ended */
	bool failing;
};

static void name_group(void *data, uint64_t cgroup, struct rs_collect_group *ret)
{
	struct keeper *keeper = data;
	const struct rs_event_cgroup *group = rs_select_group(keeper->keep->select, cgroup);
	const struct rs_event_container *container = group ? group->container : NULL;

	if (!group)
		return;
	ret->path = group->unit ? group->unit : group->path;
	if (!container)
		return;
	ret->container = container->name ? container->name : container->id;
	ret->pod = container->pod_name;
	ret->namespace = container->namespace;
}

static int new_profile(const struct keeper *keeper, struct rs_profile **ret_profile)
{
	uint32_t frequency = keeper->keep->frequency;
	const struct rs_profile_options options = {
		.types = { { "cpu", "nanoseconds" }, { "samples", "count" } },
		.n_types = 2,
		.time = keeper->began_real,
		.duration = rs_clock_mono() - keeper->began,
		.period = (int64_t)(RS_NSEC_PER_SEC / frequency),
		.period_type = { "cpu", "nanoseconds" },
	};

	return rs_profile_new(&options, ret_profile);
}

/* What the programs lost since the last slice: the sums since the start are no news. */
static int note_losses(struct keeper *keeper, struct rs_profile *profile)
{
	uint64_t lost = rs_collect_count(keeper->collect, RS_SAMPLE_LOST_FULL);
	char text[128];

	if (lost == keeper->lost)
		return 0;
	snprintf(text, sizeof(text), "%" PRIu64 " samples lost for want of room in a slice",
		 lost - keeper->lost);
	keeper->lost = lost;
	return rs_profile_note(profile, text);
}

static int write_slice(struct keeper *keeper, struct rs_profile *profile, struct rs_error *err)
{
	static const struct rs_profile_write how = { .format = RS_PROFILE_PPROF };
	_cleanup_(rs_str_done) struct rs_str bytes = RS_STR_INIT(RS_SLICE_MAX);
	const struct rs_profile_options *options = rs_profile_options_of(profile);
	int r = rs_profile_write(profile, &how, &bytes, err);

	if (r < 0)
		return r;
	return rs_slices_add(keeper->slices, options->time, options->duration, bytes.data,
			     bytes.len, err);
}

static void tell(struct keeper *keeper, int r, const struct rs_error *err, int64_t samples)
{
	if (r < 0) {
		keeper->not_kept += (uint64_t)samples;
		if (!keeper->failing)
			rs_log_warn("profiles are not kept: %s", err->msg);
	} else if (keeper->failing) {
		rs_log_warn("profiles are kept again; %" PRIu64 " samples were not",
			    keeper->not_kept);
	}
	keeper->failing = r < 0;
}

/* Takes what was counted. Only what makes going on senseless is an error. */
static int end_slice(struct keeper *keeper, struct rs_error *err)
{
	_cleanup_(rs_profile_free) struct rs_profile *profile = NULL;
	struct rs_error why = RS_ERROR_INIT;
	int64_t samples;
	int r;

	rs_oncpu_pause(keeper->oncpu, true);
	r = new_profile(keeper, &profile);
	if (!r)
		r = rs_collect_read(keeper->collect, profile, err);
	rs_collect_clear(keeper->collect);
	keeper->began = rs_clock_mono();
	keeper->began_real = rs_clock_real();
	rs_oncpu_pause(keeper->oncpu, false);
	rs_symbols_forget_ended(keeper->symbols);
	if (!r)
		r = note_losses(keeper, profile);
	if (r < 0)
		return rs_error_set_errno(err, r, "taking a slice");
	samples = rs_profile_total(profile, 1);
	if (samples)
		tell(keeper, write_slice(keeper, profile, &why), &why, samples);
	return 0;
}

/* --- the loop --- */

static int on_notes(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	struct keeper *keeper = data;

	(void)loop;
	(void)fd;
	(void)events;
	rs_collect_tick(keeper->collect);
	return 0;
}

static int on_tables(struct rs_loop *loop, int fd, uint32_t events, void *data)
{
	struct keeper *keeper = data;

	(void)loop;
	(void)fd;
	(void)events;
	rs_stacks_tick(keeper->stacks);
	return 0;
}

static int on_slice(struct rs_loop *loop, uint64_t expirations, void *data)
{
	struct keeper *keeper = data;
	struct rs_error err = RS_ERROR_INIT;
	int r;

	(void)loop;
	(void)expirations;
	rs_oncpu_refresh(keeper->oncpu);
	rs_select_refresh(keeper->keep->select, rs_oncpu_tool(keeper->oncpu));
	r = end_slice(keeper, &err);
	if (r < 0)
		rs_log_warn("%s", err.msg);
	return r;
}

static int add_sources(struct keeper *keeper, struct rs_error *err)
{
	static const int stop[] = { SIGINT, SIGTERM };
	const struct rs_profile_keep *keep = keeper->keep;
	uint64_t slice = keep->slice ? keep->slice : RS_PROFILE_SLICE_NS;
	int r = rs_loop_add_signals(keeper->loop, stop, ARRAY_SIZE(stop), rs_loop_end_by_signal,
				    keeper, &keeper->signals, err);

	if (!r && rs_collect_fd(keeper->collect) >= 0)
		r = rs_loop_add_fd(keeper->loop, rs_collect_fd(keeper->collect), EPOLLIN, on_notes,
				   keeper, NULL, err);
	if (!r && rs_stacks_fd(keeper->stacks) >= 0)
		r = rs_loop_add_fd(keeper->loop, rs_stacks_fd(keeper->stacks), EPOLLIN, on_tables,
				   keeper, NULL, err);
	if (!r)
		r = rs_loop_add_timer(keeper->loop, slice, slice, on_slice, keeper, NULL, err);
	if (!r && keep->duration)
		r = rs_loop_add_timer(keeper->loop, keep->duration, 0, rs_loop_end_by_timer, keeper,
				      NULL, err);
	return r;
}

/* --- its life --- */

static int open_parts(struct keeper *keeper, struct rs_error *err)
{
	const struct rs_profile_keep *keep = keeper->keep;
	const struct rs_symbols_options symbols = {
		.no_inlines =
			true, /* debug information takes more than a profiler beside others should */
		.no_lines = true,
		.max_processes = MAX_PROCESSES,
		.max_files = MAX_FILES,
	};
	static const enum rs_collect_by by[] = { RS_COLLECT_PROCESS };
	struct rs_oncpu_options oncpu = { .frequency = keep->frequency,
					  .max_samples = MAX_SAMPLES };
	struct rs_stacks_options stacks = { 0 };
	struct rs_collect_options collect = {
		.by = by,
		.n_by = ARRAY_SIZE(by),
		.sums = true,
		.labels = true,
		.group = name_group,
		.data = keeper,
	};
	int r;

	rs_select_number_groups(keep->select);
	oncpu.target = rs_select_target(keep->select);
	oncpu.samples.flags = RS_SAMPLE_KERNEL | RS_SAMPLE_USER;
	oncpu.samples.cgroup_v1 = oncpu.target->cgroup_v1;
	r = rs_slices_create(keep->file, keep->age, 0, &keeper->slices, err);
	if (!r)
		r = rs_loop_new(&keeper->loop, err);
	if (!r)
		r = rs_oncpu_new(&oncpu, &keeper->oncpu, err);
	if (!r)
		r = rs_symbols_new(&symbols, &keeper->symbols, err);
	stacks.symbols = keeper->symbols;
	if (!r)
		r = rs_stacks_new(((struct rs_tool *)rs_oncpu_tool(keeper->oncpu))->obj, &stacks,
				  &keeper->stacks, err);
	collect.stacks = keeper->stacks;
	if (!r)
		r = rs_collect_new(rs_oncpu_tool(keeper->oncpu), &collect, &keeper->collect, err);
	return r;
}

/* Maps are read and perf events made for CPUs that come; other users' processes and files looked at. */
static int drop_rights(struct rs_error *err)
{
	uint64_t keep = RS_CAP_BIT(RS_CAP_BPF) | RS_CAP_BIT(RS_CAP_PERFMON) |
			RS_CAP_BIT(CAP_SYS_PTRACE) | RS_CAP_BIT(CAP_DAC_READ_SEARCH) |
			RS_CAP_BIT(CAP_SYSLOG); /* addresses in /proc/kallsyms */

	if (!rs_caps_have(RS_CAP_BPF))
		keep |= RS_CAP_BIT(CAP_SYS_ADMIN);
	return rs_caps_keep(keep, err);
}

static int run(struct keeper *keeper, struct rs_error *err)
{
	int r = open_parts(keeper, err);

	if (!r)
		r = add_sources(keeper, err);
	if (!r)
		r = rs_oncpu_attach(keeper->oncpu, err);
	if (!r)
		r = drop_rights(err);
	if (r < 0)
		return r;
	keeper->began = rs_clock_mono();
	keeper->began_real = rs_clock_real();
	if (!keeper->keep->for_agent)
		rs_ask_note("keeping profiles; ^C ends");
	r = rs_loop_run(keeper->loop);
	rs_loop_remove(&keeper->signals); /* a second one ends us at once */
	return r < 0 ? rs_error_set_errno(err, r, "keeping profiles") : end_slice(keeper, err);
}

int rs_profile_keep(const struct rs_profile_keep *keep, struct rs_error *err)
{
	struct keeper keeper = { .keep = keep };
	pid_t parent = getppid();
	int r = 0;

	if (keep->for_agent && prctl(PR_SET_PDEATHSIG, (unsigned long)SIGTERM, 0, 0, 0) < 0)
		return rs_error_set_errno(err, -errno, "following the agent's life");
	/* It may be gone already. */
	if (!keep->for_agent || (parent != 1 && getppid() == parent))
		r = run(&keeper, err);
	rs_collect_free(&keeper.collect);
	rs_stacks_free(&keeper.stacks);
	rs_symbols_free(&keeper.symbols);
	rs_oncpu_free(&keeper.oncpu);
	rs_loop_free(&keeper.loop);
	rs_slices_close(&keeper.slices);
	return r;
}
