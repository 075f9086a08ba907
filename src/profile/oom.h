/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Waits for the kernel to kill for want of memory, and collects what it tells of one such kill (bpf/tools/oom.bpf.c). */

#include "base/error.h"
#include "base/vec.h"
#include "bpf/abi/oom.h"

/* A kill with all that belongs to it. Borrowed during the call. */
struct rs_oom_event {
	struct rs_oom_kill kill;
	struct rs_oom_groups groups; /* n 0: unknown */
	RS_VEC(struct rs_oom_task) tasks;
	struct rs_oom_end end;
	uint32_t dropped; /* of the tasks, for want of our own memory */
};

/* The victim among the tasks; NULL: it is not there. */
const struct rs_oom_task *rs_oom_victim(const struct rs_oom_event *event);

/* Pages that a process holds, or has in swap. */
uint64_t rs_oom_pages(const struct rs_oom_task *task);

/*
 * The group whose limit was reached; NULL: none, the machine's memory is at its end. Where the kernel does not say why,
 * the first that is within a few pages of its limit.
 */
const struct rs_oom_group *rs_oom_limit(const struct rs_oom_event *event);

/* Takes the largest first. */
void rs_oom_sort(struct rs_oom_event *event);

struct rs_oom;
struct rs_oom_options {
	uint32_t cgroup_v1; /* as rs_oom_config.cgroup_v1 */
	int (*fn)(void *data, struct rs_oom_event *event);
	void *data;
};

/* Loads and attaches. */
int rs_oom_new(const struct rs_oom_options *options, struct rs_oom **ret_oom, struct rs_error *err);
void rs_oom_free(struct rs_oom **oom);
void *rs_oom_tool(struct rs_oom *oom);

int rs_oom_fd(const struct rs_oom *oom);
/* Calls back for each kill that is complete. What the callback returned, where not 0. */
int rs_oom_pump(struct rs_oom *oom);
/* Kills of which nothing, or only a part, was told. */
uint64_t rs_oom_lost(const struct rs_oom *oom);
/* Does the kernel say why, and what was asked for? */
bool rs_oom_has_reasons(const struct rs_oom *oom);

/* One record, hostile. 0, or what the callback returned. */
int rs_oom_feed(struct rs_oom *oom, const void *record, size_t size);
/* Without a kernel. -ENOMEM. */
int rs_oom_new_detached(const struct rs_oom_options *options, struct rs_oom **ret_oom);
