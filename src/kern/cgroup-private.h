/* SPDX-License-Identifier: Apache-2.0 */
/* What cgroup-choose.c gives its test besides cgroup.h. */
#pragma once

#include "kern/cgroup.h"

/* Whether what is seen at @point is the file system that the mount's line names. */
typedef bool rs_cgroup_usable_fn(const char *point, bool v2);

/* As rs_cgroup_choose(), but for cgroup_v1, which stays 0. */
int rs_cgroup_choose_from(const char *proc, rs_cgroup_usable_fn *usable,
			  struct rs_cgroup_tree *ret_tree, struct rs_error *err);

/* 1 + enum cgroup_subsys_id of the running kernel, from its BTF. -ENOENT: it has no such controller. */
int rs_cgroup_subsys(const char *controller, uint32_t *ret_v1, struct rs_error *err);
