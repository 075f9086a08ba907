/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/perfcall.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <limits.h>
#include <string.h>

#include "base/fd.h"

int rs_perf_open(struct perf_event_attr *attr, pid_t pid, int cpu)
{
	long fd;

	attr->size = sizeof(*attr);
	fd = syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : (int)fd;
}

int rs_perf_open_tracepoint(unsigned id)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.config = id,
		.sample_period = 1,
		.wakeup_events = 1,
	};

	return rs_perf_open(&attr, -1, 0);
}

/* The number that the file holds after the prefix: "8", "config:0". */
static int read_number(const char *pmu, const char *file, const char *prefix)
{
	char path[128], text[32], *end;
	size_t skip = strlen(prefix);
	unsigned long number;
	ssize_t n;

	if ((size_t)snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/%s", pmu,
			     file) >= sizeof(path))
		return -ENAMETOOLONG;
	n = rs_fd_read_buf_at(AT_FDCWD, path, text, sizeof(text));
	if (n < 0)
		return (int)n;
	if (strncmp(text, prefix, skip) != 0)
		return -EBADMSG;
	number = strtoul(text + skip, &end, 10);
	return end == text + skip || number > INT32_MAX ? -EBADMSG : (int)number;
}

int rs_perf_pmu_type(const char *pmu)
{
	return read_number(pmu, "type", "");
}

int rs_perf_pmu_return_bit(const char *pmu)
{
	int bit = read_number(pmu, "format/retprobe", "config:");

	return bit > 63 ? -EBADMSG : bit;
}

int rs_perf_set_program(int event_fd, int prog_fd)
{
	return ioctl(event_fd, PERF_EVENT_IOC_SET_BPF, prog_fd) < 0 ? -errno : 0;
}

int rs_perf_enable(int event_fd)
{
	return ioctl(event_fd, PERF_EVENT_IOC_ENABLE, 0) < 0 ? -errno : 0;
}

int rs_perf_disable(int event_fd)
{
	return ioctl(event_fd, PERF_EVENT_IOC_DISABLE, 0) < 0 ? -errno : 0;
}
