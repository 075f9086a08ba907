/* SPDX-License-Identifier: Apache-2.0 */
/* profile: on each CPU, as long as it works; interval: on one. Both by perf's clock. */
#include "kern/perfcall.h"
#include "probe/kind.h"
#include "probe/match.h"

#define SECOND   1000000000ull
#define HZ_MAX   1000000000ull
#define SPAN_MAX (1ull << 62) /* nanoseconds */

static const struct {
	const char *name;
	uint64_t ns; /* 0: a frequency */
} units[] = {
	{ "hz", 0 }, { "s", SECOND }, { "ms", 1000000 }, { "us", 1000 }, { "ns", 1 },
};

static int find_unit(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcmp(units[i].name, name))
			return (int)i;
	return -1;
}

static int expand(struct rs_probes *probes, const struct rs_attach_point *point,
		  struct rs_emit *emit, struct rs_error *err)
{
	const struct rs_place place = { .point = *point };
	int unit = find_unit(point->target);

	(void)probes;
	if (unit < 0) {
		rs_point_refuse(point, -EINVAL, "there is no such unit of time", err);
		rs_error_hint(err, "the units are hz, s, ms, us and ns");
		return -EINVAL;
	}
	if (!point->value)
		return rs_point_refuse(point, -EINVAL, "0 is no length of time", err);
	if (units[unit].ns ? point->value > SPAN_MAX / units[unit].ns : point->value > HZ_MAX)
		return rs_point_refuse(point, -EINVAL,
				       "this is more than the kernel's clock can do", err);
	return rs_emit_place(emit, &place);
}

static int open_clock(const struct rs_attach_point *point, int cpu)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.config = PERF_COUNT_SW_CPU_CLOCK };
	int unit = find_unit(point->target);

	if (unit < 0)
		return -EINVAL;
	if (units[unit].ns) {
		attr.sample_period = point->value * units[unit].ns;
	} else {
		attr.freq = 1;
		attr.sample_freq = point->value;
	}
	return rs_perf_open(&attr, -1, cpu);
}

static int explain(const struct rs_attach_point *point, int r, struct rs_error *err)
{
	rs_error_set_errno(err, r, "opening a perf event of the clock");
	if (r == -EINVAL && !strcmp(point->target, "hz"))
		rs_error_hint(err,
			      "frequencies above kernel.perf_event_max_sample_rate are refused");
	return r;
}

static int attach_cpu(struct rs_attach *attach, unsigned place, int cpu, struct rs_error *err)
{
	const struct rs_attach_point *point = &attach->probe->places[place].point;
	int fd = open_clock(point, cpu);

	if (fd < 0)
		return explain(point, fd, err);
	return rs_attach_event(attach, fd, place, false, err);
}

static int attach_profile(struct rs_attach *attach, unsigned place, struct rs_error *err)
{
	int r = 0;

	for (unsigned i = 0; i < attach->options->n_cpus && r >= 0; i++)
		r = attach_cpu(attach, place, attach->options->cpus[i], err);
	return r;
}

static int attach_interval(struct rs_attach *attach, unsigned place, struct rs_error *err)
{
	return attach_cpu(attach, place, attach->options->n_cpus ? attach->options->cpus[0] : 0,
			  err);
}

static int list(struct rs_probes *probes, const struct rs_attach_point *point,
		int (*fn)(const char *text, void *data), void *data, struct rs_error *err)
{
	int r = 0;

	(void)probes;
	(void)err;
	for (unsigned i = 0; i < ARRAY_SIZE(units) && r >= 0; i++) {
		char text[32];

		snprintf(text, sizeof(text), "%s:%s:", rs_provider_table[point->provider].name,
			 units[i].name);
		if (rs_match(point->target[0] ? point->target : "*", units[i].name))
			r = fn(text, data);
	}
	return r;
}

const struct rs_probe_kind rs_kind_profile = {
	.expand = expand,
	.attach = attach_profile,
	.list = list,
};

const struct rs_probe_kind rs_kind_interval = {
	.expand = expand,
	.attach = attach_interval,
	.list = list,
};
