/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Containers of this machine without an agent: the tree of control groups and the runtimes' files, as they are now. */

#include "enrich/containers.h"

struct rs_snapshot;

/* @host_root: where the host's files are mounted; NULL: "/". Waits until every name has come, two seconds at most. */
int rs_snapshot_new(const char *host_root, struct rs_snapshot **ret_snapshot, struct rs_error *err);
void rs_snapshot_free(struct rs_snapshot **snapshot);

const struct rs_cgroup_tree *rs_snapshot_tree(const struct rs_snapshot *snapshot);
struct rs_containers *rs_snapshot_containers(struct rs_snapshot *snapshot);

/* The group of this id, and its container; NULL: unknown. One that is new is looked up, and its name waited for shortly.
 * Borrowed until the next call. */
const struct rs_event_cgroup *rs_snapshot_find(struct rs_snapshot *snapshot, uint64_t cgroup);

/* Looks at the tree again. */
void rs_snapshot_refresh(struct rs_snapshot *snapshot);
