/* SPDX-License-Identifier: Apache-2.0 */
/* Watchpoints: the processor's own, on an address of a process or of the kernel. */
#include <linux/hw_breakpoint.h>

#include "kern/perfcall.h"
#include "probe/kind.h"

/* "rwx" in any order, each once: what the kernel calls it. 0: it is not that. */
static unsigned mode_of(const char *mode)
{
	static const struct {
		char letter;
		unsigned bit;
	} letters[] = { { 'r', HW_BREAKPOINT_R },
			{ 'w', HW_BREAKPOINT_W },
			{ 'x', HW_BREAKPOINT_X } };
	unsigned bits = 0;

	for (; *mode; mode++) {
		unsigned bit = 0;

		for (unsigned i = 0; i < ARRAY_SIZE(letters); i++)
			bit |= letters[i].letter == *mode ? letters[i].bit : 0;
		if (!bit || (bits & bit))
			return 0;
		bits |= bit;
	}
	return bits;
}

static int expand(struct rs_probes *probes, const struct rs_attach_point *point,
		  struct rs_emit *emit, struct rs_error *err)
{
	const struct rs_place place = { .point = *point };
	unsigned mode = mode_of(point->name);

	(void)probes;
	if (!mode || (mode & HW_BREAKPOINT_X && mode != HW_BREAKPOINT_X)) {
		rs_point_refuse(point, -EINVAL, "this is no way of touching memory", err);
		rs_error_hint(err, "the last part is w, rw, r or x");
		return -EINVAL;
	}
	if (point->value != 1 && point->value != 2 && point->value != 4 && point->value != 8)
		return rs_point_refuse(point, -EINVAL, "1, 2, 4 or 8 bytes can be watched", err);
	if (mode == HW_BREAKPOINT_X && point->value != sizeof(long))
		return rs_point_refuse(point, -EINVAL, "watching execution needs a length of 8",
				       err);
	if (mode != HW_BREAKPOINT_X && point->address % point->value)
		return rs_point_refuse(point, -EINVAL,
				       "the address must be a multiple of the length", err);
	return rs_emit_place(emit, &place);
}

static int explain(const struct rs_attach_point *point, int r, struct rs_error *err)
{
	rs_error_set_errno(err, r, "opening a breakpoint");
	if (r == -ENOSPC)
		rs_error_hint(err,
			      "all of the processor's breakpoints are in use (it has four or so)");
	else if (r == -EINVAL && !strcmp(point->name, "r"))
		rs_error_hint(err, "this processor cannot watch reads alone: use rw");
	else if (r == -ENODEV || r == -EOPNOTSUPP)
		rs_error_hint(err, "this machine shows no hardware breakpoints");
	return r;
}

static int attach_cpu(struct rs_attach *attach, unsigned place, int cpu, struct rs_error *err)
{
	const struct rs_attach_point *point = &attach->probe->places[place].point;
	pid_t pid = attach->probes->options.pid ? (pid_t)attach->probes->options.pid : -1;
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.bp_type = mode_of(point->name),
		.bp_addr = point->address,
		.bp_len = point->value,
		.sample_period = 1,
	};
	int fd = rs_perf_open(&attr, pid, cpu);

	return fd < 0 ? explain(point, fd, err) : rs_attach_event(attach, fd, place, false, err);
}

/* Of a process on whatever CPU it is, of all on each CPU. */
static int attach(struct rs_attach *attach, unsigned place, struct rs_error *err)
{
	int r = 0;

	if (attach->probes->options.pid)
		return attach_cpu(attach, place, -1, err);
	for (unsigned i = 0; i < attach->options->n_cpus && r >= 0; i++)
		r = attach_cpu(attach, place, attach->options->cpus[i], err);
	return r;
}

const struct rs_probe_kind rs_kind_watchpoint = {
	.expand = expand,
	.attach = attach,
};
