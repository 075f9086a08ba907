/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups, version 2: cgroups(7). */
#pragma once

#include <stddef.h>

#include "base/error.h"

/*
 * The mount point of cgroup v2, also where version 1 holds the controllers (hybrid mode, mostly
 * /sys/fs/cgroup/unified). Goes into @buf with its NUL. -ENOENT when it is not mounted,
 * -ENAMETOOLONG.
 */
int rs_cgroup2_mount(char *buf, size_t size, struct rs_error *err);
