/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which processes run, as the kernel's own list of tasks has them: with start times in ns, where
 * /proc has them in ticks of its clock, so that they are named as records name them.
 *
 * A program among the sensors walks the list, run by us (BPF_PROG_TEST_RUN of raw tracepoints, Linux
 * 5.10). A task iterator (5.8) would tell the same, but is a tracing program, and policies that forbid
 * those leave this one alone.
 */

#include "base/error.h"
#include "bpf/abi/tasks.h"

struct rs_sensors;

/*
 * All processes, kernel threads and those that nobody has waited for yet among them; *ret_tasks is the
 * caller's to free. Some are missing where more came up since the sensors were opened than there was
 * room for, and those that begin meanwhile may be. Can be called once: the program goes after it.
 * -EOPNOTSUPP: not here, or no identity was asked for (rs_sensors_options); -EAGAIN: the list changed
 * under each of a few walks.
 */
int rs_tasks_read(struct rs_sensors *sensors, struct rs_task **ret_tasks, size_t *ret_n,
		  struct rs_error *err);

/* Rows that the map needs for what runs now. */
uint32_t rs_tasks_room(void);
