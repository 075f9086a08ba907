/* SPDX-License-Identifier: Apache-2.0 */
#include "kern/cgroup.h"

#include <errno.h>
#include <linux/magic.h>

#include "kern/mounts.h"

int rs_cgroup2_mount(char *buf, size_t size, struct rs_error *err)
{
	int r = rs_mounts_find("cgroup2", CGROUP2_SUPER_MAGIC, buf, size);

	if (r == -ENOENT) {
		r = rs_error_set(err, r, "cgroup v2 is not mounted");
		rs_error_hint(err, "mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified");
	} else if (r < 0) {
		r = rs_error_set_errno(err, r, "looking for the mount of cgroup v2");
	}
	return r;
}
