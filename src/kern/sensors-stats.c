/* SPDX-License-Identifier: Apache-2.0 */
/* What the sensors count, and what the kernel counts of them. */
#include <stdio.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/util.h"
#include "kern/hooks.h"
#include "kern/sensors-impl.h"

void rs_sensors_counters(const struct rs_sensors *sensors, struct rs_counters *ret_counters)
{
	const volatile struct rs_lane *lanes = sensors->lanes;
	struct rs_counters sum = { 0 };

	for (size_t i = 0; i < (size_t)RS_LANE_SLOTS * sensors->cpus; i++) {
		const volatile struct rs_lane *lane = &lanes[i];

		sum.bytes += lane->bytes;
		for (size_t kind = 0; kind < RS_KIND_COUNT; kind++) {
			sum.generated[kind] += lane->generated[kind];
			for (size_t loss = 0; loss < RS_LOSS_COUNT; loss++)
				sum.lost[loss][kind] += lane->lost[loss][kind];
		}
	}
	for (size_t i = 0; i < RS_FAIL_COUNT; i++)
		sum.fails[i] = ((const volatile uint64_t *)sensors->fails)[i];
	*ret_counters = sum;
}

/* "sys_exit_unlinkat +3": the first hook and how many more. */
static void describe_hooks(const struct rs_sensors *sensors, const struct bpf_program *program,
			   struct rs_program *out)
{
	const char *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < sensors->n_links; i++) {
		if (sensors->link_program[i] != program)
			continue;
		if (!first)
			first = sensors->link_hook[i];
		n++;
	}
	out->attached = n > 0;
	if (n > 1)
		snprintf(out->hook, sizeof(out->hook), "%s +%zu", first, n - 1);
	else
		snprintf(out->hook, sizeof(out->hook), "%s", first ? first : "");
}

size_t rs_sensors_programs(const struct rs_sensors *sensors, struct rs_program *programs,
			   size_t max)
{
	struct bpf_program *program;
	size_t n = 0;

	bpf_object__for_each_program(program, sensors->bpf->obj)
	{
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof(info);
		struct rs_program *out = &programs[n];
		int fd = bpf_program__fd(program);

		if (fd < 0 || n == max || bpf_obj_get_info_by_fd(fd, &info, &size))
			continue;
		memset(out, 0, sizeof(*out));
		snprintf(out->name, sizeof(out->name), "%s", bpf_program__name(program));
		describe_hooks(sensors, program, out);
		out->runs = info.run_cnt;
		out->run_ns = info.run_time_ns;
		out->missed = rs_is_resolver(out->name) ? 0 : info.recursion_misses;
		out->insns = bpf_program__insn_cnt(program);
		out->verified = info.verified_insns;
		n++;
	}
	return n;
}
