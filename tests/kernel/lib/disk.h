/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Block devices of a scene: loop devices over files in its directory. */

#include "tests/kernel/lib/scene.h"

struct disk {
	char path[32]; /* /dev/loopN */
	int fd;        /* as opened; the device goes away with the last descriptor */
};

/* Opens a new one with these flags of open(2); skips the scene where there are no loop devices. */
void disk_make(struct scene *scene, struct disk *ret_disk, size_t bytes, int flags);

/* Reads and writes a few blocks around the page cache. */
void disk_use(struct scene *scene);

/* Writes through the page cache, then has the kernel write that back. */
void disk_sync(struct scene *scene);

/* Has pages of a process, the fact "swapped", go to swap on a new disk, and come back. */
void disk_swap(struct scene *scene);
