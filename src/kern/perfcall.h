/* SPDX-License-Identifier: Apache-2.0 */
/*
 * perf_event_open(2) itself, and programs on its events. Everything returns 0 or a descriptor
 * (close-on-exec, the caller's), or -errno.
 */
#pragma once

#include <linux/perf_event.h>
#include <sys/types.h>

/* Opens the event, without a group; fills in the size. @pid -1: all processes; @cpu -1: all CPUs. */
int rs_perf_open(struct perf_event_attr *attr, pid_t pid, int cpu);

/* The event of a tracepoint by its number. On one CPU is enough: a program is called on all of
 * them, whatever CPU and process the event is opened for. */
int rs_perf_open_tracepoint(unsigned id);

/* The number of a source of events by its name in /sys/bus/event_source: "kprobe". -ENOENT. */
int rs_perf_pmu_type(const char *pmu);

/* The bit of config that makes a probe of the PMUs "kprobe" and "uprobe" one at the return. */
int rs_perf_pmu_return_bit(const char *pmu);

/* Has the program run at each event. */
int rs_perf_set_program(int event_fd, int prog_fd);
int rs_perf_enable(int event_fd);
int rs_perf_disable(int event_fd);
