/* SPDX-License-Identifier: Apache-2.0 */
/* Trials of what perf_event_open(2) offers. */
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"
#include "kern/probes.h"

#define CLOCK_PERIOD_NS   500000ull
#define CLOCK_DEADLINE_NS 500000000ll

static int open_event(struct perf_event_attr *attr, int pid, int cpu)
{
	long fd;

	attr->size = sizeof(*attr);
	fd = syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : (int)fd;
}

/* The program is called on all CPUs, whatever CPU and process the event is opened for. */
int rs_probe_open_tracepoint(unsigned id)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT,
					.config = id,
					.sample_period = 1 };

	return open_event(&attr, -1, 0);
}

int rs_probe_open_pmu(const char *pmu, const char *name, uint64_t offset)
{
	struct perf_event_attr attr = { .sample_period = 1 };
	char path[64], text[16];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/type", pmu);
	n = rs_fd_read_buf_at(AT_FDCWD, path, text, sizeof(text));
	if (n < 0)
		return (int)n;
	attr.type = (uint32_t)strtoul(text, NULL, 10);
	attr.config1 = (uint64_t)(uintptr_t)name;
	attr.config2 = offset;
	return open_event(&attr, -1, 0);
}

int rs_probe_perf_attach(int event_fd, int prog_fd)
{
	if (ioctl(event_fd, PERF_EVENT_IOC_SET_BPF, prog_fd) < 0)
		return -errno;
	return ioctl(event_fd, PERF_EVENT_IOC_ENABLE, 0) < 0 ? -errno : 0;
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

/* BPF_LINK_CREATE's arguments for it, which linux/bpf.h has since 6.6. */
struct uprobe_multi_attr {
	uint32_t prog_fd, target_fd, attach_type, flags;
	uint64_t path, offsets, ref_ctr_offsets, cookies;
	uint32_t count, multi_flags, pid, pad;
};

int rs_probe_uprobe_multi(struct rs_probe *probe)
{
	const struct rs_bpf_program program = { .type = BPF_PROG_TYPE_KPROBE,
						.attach_type = RS_BPF_TRACE_UPROBE_MULTI };
	_cleanup_(rs_counter_done) struct rs_counter counter = RS_COUNTER_INIT;
	_cleanup_(rs_cleanup_close) int link = -1;
	unsigned long offset = target_offset();
	struct uprobe_multi_attr multi = { .attach_type = RS_BPF_TRACE_UPROBE_MULTI, .count = 1 };
	union bpf_attr attr;
	int r = rs_counter_load(probe, &program, 0, &counter);

	if (r < 0)
		return r;
	multi.prog_fd = (uint32_t)counter.prog_fd;
	multi.path = (uint64_t)(uintptr_t) "/proc/self/exe";
	multi.offsets = (uint64_t)(uintptr_t)&offset;
	memset(&attr, 0, sizeof(attr));
	memcpy(&attr, &multi, sizeof(multi));
	link = rs_bpf_call(BPF_LINK_CREATE, &attr, sizeof(attr));
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
	fd = open_event(&attr, 0, -1);
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
	_cleanup_(rs_cleanup_close) int fd = open_event(&attr, 0, -1);

	if (fd < 0)
		return rs_probe_say(probe, fd, "this machine shows no cycle counter");
	return 0;
}
