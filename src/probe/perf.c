/* SPDX-License-Identifier: Apache-2.0 */
/* software and hardware: counters of perf; the program runs each time that one has counted so far. */
#include "base/suggest.h"
#include "kern/perfcall.h"
#include "probe/kind.h"
#include "probe/match.h"

struct counter {
	const char *name, *alias;
	uint64_t config;
	uint64_t period; /* where the script has none */
};

static const struct counter software[] = {
	{ "alignment-faults", NULL, PERF_COUNT_SW_ALIGNMENT_FAULTS, 1 },
	{ "bpf-output", NULL, PERF_COUNT_SW_BPF_OUTPUT, 1 },
	{ "context-switches", "cs", PERF_COUNT_SW_CONTEXT_SWITCHES, 1000 },
	{ "cpu-clock", "cpu", PERF_COUNT_SW_CPU_CLOCK, 1000000 },
	{ "cpu-migrations", NULL, PERF_COUNT_SW_CPU_MIGRATIONS, 1 },
	{ "dummy", NULL, PERF_COUNT_SW_DUMMY, 1 },
	{ "emulation-faults", NULL, PERF_COUNT_SW_EMULATION_FAULTS, 1 },
	{ "major-faults", NULL, PERF_COUNT_SW_PAGE_FAULTS_MAJ, 1 },
	{ "minor-faults", NULL, PERF_COUNT_SW_PAGE_FAULTS_MIN, 100 },
	{ "page-faults", "faults", PERF_COUNT_SW_PAGE_FAULTS, 100 },
	{ "task-clock", NULL, PERF_COUNT_SW_TASK_CLOCK, 1000000 },
};

static const struct counter hardware[] = {
	{ "backend-stalls", NULL, PERF_COUNT_HW_STALLED_CYCLES_BACKEND, 1000000 },
	{ "branch-instructions", "branches", PERF_COUNT_HW_BRANCH_INSTRUCTIONS, 100000 },
	{ "branch-misses", NULL, PERF_COUNT_HW_BRANCH_MISSES, 100000 },
	{ "bus-cycles", NULL, PERF_COUNT_HW_BUS_CYCLES, 100000 },
	{ "cache-misses", NULL, PERF_COUNT_HW_CACHE_MISSES, 1000000 },
	{ "cache-references", NULL, PERF_COUNT_HW_CACHE_REFERENCES, 1000000 },
	{ "cpu-cycles", "cycles", PERF_COUNT_HW_CPU_CYCLES, 1000000 },
	{ "frontend-stalls", NULL, PERF_COUNT_HW_STALLED_CYCLES_FRONTEND, 1000000 },
	{ "instructions", NULL, PERF_COUNT_HW_INSTRUCTIONS, 1000000 },
	{ "ref-cycles", NULL, PERF_COUNT_HW_REF_CPU_CYCLES, 1000000 },
};

static const struct counter *table_of(enum rs_provider provider, size_t *ret_n)
{
	*ret_n = provider == RS_PROVIDER_SOFTWARE ? ARRAY_SIZE(software) : ARRAY_SIZE(hardware);
	return provider == RS_PROVIDER_SOFTWARE ? software : hardware;
}

static bool has_name(const struct counter *counter, const char *pattern)
{
	return rs_match(pattern, counter->name) ||
	       (counter->alias && rs_match(pattern, counter->alias));
}

static int missing(const struct rs_attach_point *point, struct rs_error *err)
{
	struct rs_suggest suggest;
	size_t n;
	const struct counter *table = table_of(point->provider, &n);

	rs_suggest_init(&suggest, point->name);
	for (size_t i = 0; i < n; i++) {
		rs_suggest_offer(&suggest, table[i].name);
		if (table[i].alias)
			rs_suggest_offer(&suggest, table[i].alias);
	}
	return rs_point_missing(point, rs_suggest_best(&suggest), err);
}

/* The name stays as it was written: aliases are printed as such. */
static int expand(struct rs_probes *probes, const struct rs_attach_point *point,
		  struct rs_emit *emit, struct rs_error *err)
{
	size_t n;
	const struct counter *table = table_of(point->provider, &n);
	struct rs_place place = { .point = *point };
	int r = 0;

	(void)probes;
	for (size_t i = 0; i < n && r >= 0; i++) {
		if (!has_name(&table[i], point->name))
			continue;
		if (point->has_wildcard)
			place.point.name = table[i].name;
		r = rs_emit_place(emit, &place);
	}
	return r >= 0 && !emit->n ? missing(point, err) : r;
}

static const struct counter *find(const struct rs_attach_point *point)
{
	size_t n;
	const struct counter *table = table_of(point->provider, &n);

	for (size_t i = 0; i < n; i++)
		if (has_name(&table[i], point->name))
			return &table[i];
	return NULL;
}

static int explain(const struct rs_attach_point *point, int r, struct rs_error *err)
{
	rs_error_set_errno(err, r, "opening a perf event for it");
	if (point->provider == RS_PROVIDER_HARDWARE && (r == -ENOENT || r == -EOPNOTSUPP))
		rs_error_hint(
			err,
			"this machine does not show this counter (virtual machines often have none)");
	else if (r == -EPERM || r == -EACCES)
		rs_error_hint(err, "run it as root, or with CAP_BPF and CAP_PERFMON");
	return r;
}

static int attach(struct rs_attach *attach, unsigned place, struct rs_error *err)
{
	const struct rs_attach_point *point = &attach->probe->places[place].point;
	const struct counter *counter = find(point);
	int r = 0;

	if (!counter)
		return rs_point_missing(point, NULL, err);
	for (unsigned i = 0; i < attach->options->n_cpus && r >= 0; i++) {
		struct perf_event_attr attr = {
			.type = point->provider == RS_PROVIDER_SOFTWARE ? PERF_TYPE_SOFTWARE
									: PERF_TYPE_HARDWARE,
			.config = counter->config,
			.sample_period = point->value ? point->value : counter->period,
		};

		r = rs_perf_open(&attr, -1, attach->options->cpus[i]);
		r = r < 0 ? explain(point, r, err) : rs_attach_event(attach, r, place, false, err);
	}
	return r;
}

static int list_one(const struct rs_attach_point *point, const char *name,
		    int (*fn)(const char *text, void *data), void *data)
{
	char text[64];

	if (!name || !rs_match(point->name, name))
		return 0;
	snprintf(text, sizeof(text), "%s:%s:", rs_provider_table[point->provider].name, name);
	return fn(text, data);
}

static int list(struct rs_probes *probes, const struct rs_attach_point *point,
		int (*fn)(const char *text, void *data), void *data, struct rs_error *err)
{
	size_t n;
	const struct counter *table = table_of(point->provider, &n);
	int r = 0;

	(void)probes;
	(void)err;
	for (size_t i = 0; i < n && r >= 0; i++) {
		r = list_one(point, table[i].name, fn, data);
		if (r >= 0)
			r = list_one(point, table[i].alias, fn, data);
	}
	return r;
}

const struct rs_probe_kind rs_kind_software = {
	.expand = expand,
	.attach = attach,
	.list = list,
	.kernel = true,
};

const struct rs_probe_kind rs_kind_hardware = {
	.expand = expand,
	.attach = attach,
	.list = list,
	.kernel = true,
};
