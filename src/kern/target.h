/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a tool watches: filled in by the command (cmd/select.h), put into the maps of bpf/lib/target.h.
 *
 *	in prepare():        rs_target_prepare(target, tool, &tool->rodata->rs_target)
 *	after rs_tool_load:  rs_target_fill(target, tool, err)
 *	after rs_tool_attach: rs_target_rescan(target, tool)
 */
#pragma once

#include "bpf/abi/target.h"
#include "kern/tool.h"

/* Lists are alternatives; different lists must all agree; an empty list lets all pass. All is borrowed. */
struct rs_target {
	const uint32_t *pids; /* processes, as the first pid namespace counts */
	size_t n_pids;
	bool follow;              /* children that they make, and all that these made so far */
	const char *const *comms; /* whole names, at most 15 bytes */
	size_t n_comms;
	const uint32_t *uids;
	size_t n_uids;
	const uint64_t *cgroups; /* ids of groups; groups below them must be there too */
	size_t n_cgroups;
	bool by_cgroup;     /* cgroups hold even when there is none yet */
	uint32_t cgroup_v1; /* as rs_config.cgroup_v1 */
};

/* Sets the constants, and leaves out the programs that keep maps which are not used. */
void rs_target_prepare(const struct rs_target *target, void *tool,
		       volatile struct rs_target_config *ret_config);

/* Puts the entries into the maps, and makes ourselves known. -ESRCH: a pid that does not live. */
int rs_target_fill(const struct rs_target *target, void *tool, struct rs_error *err);

/* With `follow`: those that were forked between the first look and the attaching. */
void rs_target_rescan(const struct rs_target *target, void *tool);

/* Adds to what is watched while it runs. 0 or -errno. */
int rs_target_add_pid(void *tool, uint32_t pid);
int rs_target_add_cgroup(void *tool, uint64_t id);

/* Have all processes that were asked for by pid ended, and with `follow` those that they made? False where none was. */
bool rs_target_gone(void *tool);

/* Processes and groups that did not fit: not watched. Every tool should say so when it ends. */
uint64_t rs_target_lost(void *tool);
