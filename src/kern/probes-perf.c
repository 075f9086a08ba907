/* SPDX-License-Identifier: Apache-2.0 */
/* Trials of what perf_event_open(2) offers. */
#include <errno.h>
#include <link.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"
#include "kern/perfcall.h"
#include "kern/probes.h"

#define CLOCK_PERIOD_NS   500000ull
#define CLOCK_DEADLINE_NS 500000000ll

int rs_probe_open_pmu(const char *pmu, const char *name, uint64_t offset)
{
	struct perf_event_attr attr = { .sample_period = 1 };
	int type = rs_perf_pmu_type(pmu);

	if (type < 0)
		return type;
	attr.type = (uint32_t)type;
	attr.config1 = (uint64_t)(uintptr_t)name;
	attr.config2 = offset;
	return rs_perf_open(&attr, -1, 0);
}

int rs_probe_perf_attach(int event_fd, int prog_fd)
{
	int r = rs_perf_set_program(event_fd, prog_fd);

	return r < 0 ? r : rs_perf_enable(event_fd);
}

/* What uprobes are set on. */
static __attribute__((noinline)) void target(void)
{
	__asm__ volatile("" ::: "memory");
}

struct place {
	uintptr_t address;
	uint64_t offset; /* in the executable; 0 until found */
};

/* The first object is the executable itself. */
static int find_offset(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct place *place = arg;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + segment->p_vaddr;

		if (segment->p_type == PT_LOAD && place->address >= start &&
		    place->address < start + segment->p_memsz)
			place->offset = place->address - start + segment->p_offset;
	}
	return 1;
}

static uint64_t target_offset(void)
{
	struct place place = { .address = (uintptr_t)target };

	dl_iterate_phdr(find_offset, &place);
	return place.offset;
}

int rs_probe_uprobe(struct rs_probe *probe)
{
	const struct rs_bpf_program program = { .type = BPF_PROG_TYPE_KPROBE };
	_cleanup_(rs_counter_done) struct rs_counter counter = RS_COUNTER_INIT;
	_cleanup_(rs_cleanup_close) int fd = -1;
	int r = rs_counter_load(probe, &program, 0, &counter);

	if (r < 0)
		return r;
	fd = rs_probe_open_pmu("uprobe", "/proc/self/exe", target_offset());
	if (fd < 0)
		return rs_probe_fail(probe, fd, "opening the perf event");
	r = rs_probe_perf_attach(fd, counter.prog_fd);
	if (r < 0)
		return rs_probe_fail(probe, r, "attaching a program");
	target();
	return rs_counter_check(probe, &counter);
}

int rs_probe_uprobe_multi(struct rs_probe *probe)
{
	const struct rs_bpf_program program = { .type = BPF_PROG_TYPE_KPROBE,
						.attach_type = probe->number };
	_cleanup_(rs_counter_done) struct rs_counter counter = RS_COUNTER_INIT;
	_cleanup_(rs_cleanup_close) int link = -1;
	uint64_t offset = target_offset();
	const struct rs_bpf_uprobes uprobes = { .path = "/proc/self/exe",
						.offsets = &offset,
						.count = 1,
						.session = probe->number ==
							   RS_BPF_TRACE_UPROBE_SESSION };
	int r = rs_counter_load(probe, &program, 0, &counter);

	if (r < 0)
		return r;
	link = rs_bpf_link_uprobes(counter.prog_fd, &uprobes);
	if (link < 0)
		return rs_probe_link_fail(probe, link);
	target();
	return rs_counter_check(probe, &counter);
}

static int64_t cpu_time(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* Needs to run for it: a sample each half millisecond of this thread's CPU time. */
int rs_probe_perf_clock(struct rs_probe *probe)
{
	const struct rs_bpf_program program = { .type = BPF_PROG_TYPE_PERF_EVENT };
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.config = PERF_COUNT_SW_CPU_CLOCK,
					.sample_period = CLOCK_PERIOD_NS };
	_cleanup_(rs_counter_done) struct rs_counter counter = RS_COUNTER_INIT;
	_cleanup_(rs_cleanup_close) int fd = -1;
	int64_t end = cpu_time() + CLOCK_DEADLINE_NS;
	int r = rs_counter_load(probe, &program, 0, &counter);

	if (r < 0)
		return r;
	fd = rs_perf_open(&attr, 0, -1);
	if (fd < 0)
		return rs_probe_fail(probe, fd, "opening the perf event");
	r = rs_probe_perf_attach(fd, counter.prog_fd);
	if (r < 0)
		return rs_probe_fail(probe, r, "attaching a program");
	do
		r = rs_counter_check(probe, &counter);
	while (r == -ETIME && cpu_time() < end);
	if (r == 0)
		probe->detail[0] = '\0';
	return r;
}

int rs_probe_pmu(struct rs_probe *probe)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_HARDWARE,
					.config = PERF_COUNT_HW_CPU_CYCLES,
					.sample_period = 10000000 };
	_cleanup_(rs_cleanup_close) int fd = rs_perf_open(&attr, 0, -1);

	if (fd < 0)
		return rs_probe_say(probe, fd, "this machine shows no cycle counter");
	return 0;
}
