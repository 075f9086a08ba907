/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/oncpu.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/units.h"
#include "base/util.h"
#include "base/vec.h"
#include "kern/cpus.h"
#include "kern/perfcall.h"
#include "profile/collect.h"
#include "rs_tool_profile.skel.h"

#define RATE_FILE "/proc/sys/kernel/perf_event_max_sample_rate"

/* The event of one CPU. The kernel puts it to sleep with its CPU. */
struct event {
	int cpu;
	int fd;
	bool online;
};

struct rs_oncpu {
	struct rs_oncpu_options options;
	struct rs_tool_profile *tool;
	RS_VEC(struct event) events;
	int *wanted; /* numbers of CPUs; NULL: all */
	unsigned n_wanted;
	bool cycles; /* which clock it came to be */
};

static int prepare(void *tool, void *data, struct rs_error *err)
{
	struct rs_tool_profile *t = tool;
	const struct rs_oncpu_options *o = &((struct rs_oncpu *)data)->options;

	(void)err;
	rs_target_prepare(o->target, tool, &t->rodata->rs_target);
	t->rodata->rs_sample_config = o->samples;
	t->rodata->rs_profile_period = RS_NSEC_PER_SEC / o->frequency;
	rs_collect_prepare(t->obj, o->max_samples);
	return 0;
}

/* 0: nobody knows. */
static uint64_t kernel_limit(void)
{
	char text[32];
	ssize_t n = rs_fd_read_buf_at(AT_FDCWD, RATE_FILE, text, sizeof(text));

	return n > 0 ? strtoull(text, NULL, 10) : 0;
}

static int check_frequency(uint32_t frequency, struct rs_error *err)
{
	uint64_t limit = kernel_limit();

	if (!frequency || frequency > RS_ONCPU_FREQUENCY_MAX)
		return rs_error_set(err, -EINVAL, "a frequency of %u Hz: it must be 1 to %u",
				    frequency, RS_ONCPU_FREQUENCY_MAX);
	if (!limit || frequency <= limit)
		return 0;
	rs_error_set(err, -EINVAL, "a frequency of %u Hz: the kernel allows %" PRIu64 " now",
		     frequency, limit);
	rs_error_hint(err, "sysctl kernel.perf_event_max_sample_rate=%u raises that", frequency);
	return -EINVAL;
}

static int choose_cpus(struct rs_oncpu *oncpu, struct rs_error *err)
{
	const char *text = oncpu->options.cpus;
	unsigned n = text ? rs_cpus_parse(text, NULL, 0) : 0, possible = rs_cpus_possible();

	oncpu->options.cpus = NULL; /* the caller's */
	if (!text)
		return 0;
	if (!n || n > RS_CPUS_MAX)
		return rs_error_set(err, -EINVAL, "CPUs \"%s\": numbers like \"0,2-3\" are wanted",
				    text);
	oncpu->wanted = calloc(n, sizeof(*oncpu->wanted));
	if (!oncpu->wanted)
		return rs_error_set(err, -ENOMEM, "out of memory");
	oncpu->n_wanted = rs_cpus_parse(text, oncpu->wanted, n);
	for (unsigned i = 0; i < n; i++)
		if ((unsigned)oncpu->wanted[i] >= possible)
			return rs_error_set(err, -EINVAL, "there is no CPU %d: they are 0 to %u",
					    oncpu->wanted[i], possible - 1);
	return 0;
}

int rs_oncpu_new(const struct rs_oncpu_options *options, struct rs_oncpu **ret_oncpu,
		 struct rs_error *err)
{
	_cleanup_(rs_oncpu_free) struct rs_oncpu *oncpu = calloc(1, sizeof(*oncpu));
	const struct rs_tool_options load = { .prepare = prepare, .data = oncpu };
	int r = check_frequency(options->frequency, err);

	if (r < 0)
		return r;
	if (!oncpu)
		return rs_error_set(err, -ENOMEM, "out of memory");
	oncpu->options = *options;
	r = choose_cpus(oncpu, err);
	if (r < 0)
		return r;
	r = rs_tool_load(&rs_tool_profile_type, &load, (void **)&oncpu->tool, err);
	if (!r)
		r = rs_target_fill(options->target, oncpu->tool, err);
	if (r < 0)
		return r;
	*ret_oncpu = TAKE_PTR(oncpu);
	return 0;
}

void rs_oncpu_free(struct rs_oncpu **oncpu)
{
	struct rs_oncpu *o = TAKE_PTR(*oncpu);

	if (!o)
		return;
	if (o->tool)
		rs_oncpu_detach(o);
	rs_tool_close((void **)&o->tool);
	free(o->wanted);
	free(o);
}

void *rs_oncpu_tool(struct rs_oncpu *oncpu)
{
	return oncpu->tool;
}

/* --- events --- */

static int open_event(const struct rs_oncpu *oncpu, int cpu)
{
	struct perf_event_attr attr = {
		.type = oncpu->cycles ? PERF_TYPE_HARDWARE : PERF_TYPE_SOFTWARE,
		.config = oncpu->cycles ? (__u64)PERF_COUNT_HW_CPU_CYCLES
					: (__u64)PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1,
		.sample_freq = oncpu->options.frequency,
		.disabled = 1,
	};
	_cleanup_(rs_cleanup_close) int fd = rs_perf_open(&attr, -1, cpu);
	int r;

	if (fd < 0)
		return fd;
	r = rs_perf_set_program(fd, bpf_program__fd(oncpu->tool->progs.rs_profile_sample));
	if (!r)
		r = rs_perf_enable(fd);
	return r < 0 ? r : TAKE_FD(fd);
}

static struct event *find_event(struct rs_oncpu *oncpu, int cpu)
{
	rs_vec_foreach(&oncpu->events, event)
	{
		if (event->cpu == cpu)
			return event;
	}
	return NULL;
}

/* One that slept with its CPU is made anew: whether it would wake up with it depends on the kernel. */
static int take_cpu(struct rs_oncpu *oncpu, int cpu)
{
	struct event *event = find_event(oncpu, cpu);
	int fd;

	if (event && event->online)
		return 0;
	if (event)
		rs_cleanup_close(&event->fd);
	fd = open_event(oncpu, cpu);
	if (fd < 0)
		return fd == -ENODEV || fd == -ENXIO ? 0 : fd; /* it went away meanwhile */
	if (event) {
		*event = (struct event){ cpu, fd, true };
		return 0;
	}
	if (!rs_vec_push(&oncpu->events, (struct event){ cpu, fd, true }))
		return 0;
	close(fd);
	return -ENOMEM;
}

static bool contains(const int *cpus, unsigned n, int cpu)
{
	for (unsigned i = 0; i < n; i++)
		if (cpus[i] == cpu)
			return true;
	return false;
}

static int take_cpus(struct rs_oncpu *oncpu)
{
	_cleanup_(rs_cleanup_free) int *cpus = calloc(RS_CPUS_MAX, sizeof(*cpus));
	unsigned n = cpus ? rs_cpus_online(cpus, RS_CPUS_MAX) : 0;
	int r = cpus ? 0 : -ENOMEM;

	rs_vec_foreach(&oncpu->events, event)
	{
		event->online = event->online && contains(cpus, n, event->cpu);
	}
	for (unsigned i = 0; i < n && !r; i++)
		if (!oncpu->wanted || contains(oncpu->wanted, oncpu->n_wanted, cpus[i]))
			r = take_cpu(oncpu, cpus[i]);
	return r;
}

static int explain(const struct rs_oncpu *oncpu, int r, struct rs_error *err)
{
	rs_error_set_errno(err, r, "opening a perf event on each CPU");
	if (oncpu->cycles && (r == -ENOENT || r == -EOPNOTSUPP || r == -ENODEV)) {
		rs_error_set(err, -EOPNOTSUPP, "this machine does not count cycles");
		rs_error_hint(err, "virtual machines often do not: --clock timer");
		return -EOPNOTSUPP;
	}
	if (r == -EPERM || r == -EACCES) {
		if (err)
			err->code = -EPERM;
		rs_error_hint(err, "run it as root, or with CAP_BPF and CAP_PERFMON");
		return -EPERM;
	}
	if (r == -EMFILE)
		rs_error_hint(err, "one for each CPU is needed: raise `ulimit -n`");
	return r;
}

int rs_oncpu_attach(struct rs_oncpu *oncpu, struct rs_error *err)
{
	int r = rs_tool_attach(oncpu->tool, NULL, err);

	if (r < 0)
		return r;
	oncpu->cycles = oncpu->options.clock != RS_ONCPU_TIMER;
	r = take_cpus(oncpu);
	if (r < 0 && oncpu->options.clock == RS_ONCPU_AUTO) {
		rs_oncpu_detach(oncpu);
		oncpu->cycles = false;
		r = rs_tool_attach(oncpu->tool, NULL, err);
		if (!r)
			r = take_cpus(oncpu);
	}
	if (r < 0)
		return explain(oncpu, r, err);
	rs_target_rescan(oncpu->options.target, oncpu->tool);
	return 0;
}

void rs_oncpu_refresh(struct rs_oncpu *oncpu)
{
	take_cpus(oncpu);
}

void rs_oncpu_pause(struct rs_oncpu *oncpu, bool rest)
{
	rs_vec_foreach(&oncpu->events, event)
	{
		if (rest)
			rs_perf_disable(event->fd);
		else
			rs_perf_enable(event->fd);
	}
}

void rs_oncpu_detach(struct rs_oncpu *oncpu)
{
	rs_vec_foreach(&oncpu->events, event) rs_cleanup_close(&event->fd);
	rs_vec_done(&oncpu->events);
	rs_tool_detach(oncpu->tool);
}
