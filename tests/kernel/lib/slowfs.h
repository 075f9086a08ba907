/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A FUSE file system of our own with one file, "file", whose fsync(2) is answered when we say so. Served by a process of its
 * own called "slowfs".
 */

#include <stdbool.h>
#include <sys/types.h>

struct slowfs {
	char dir[64];  /* where it is mounted */
	char path[80]; /* of the file */
	char why[128]; /* it could not be made */
	pid_t pid;
	int orders, answers;
};

/* False: this machine has no FUSE for us; `why` says so. */
bool slowfs_start(struct slowfs *fs);

/* The next fsync waits. */
void slowfs_hold(struct slowfs *fs);
/* Waits until it is there; false: it does not come. */
bool slowfs_wait_held(struct slowfs *fs);
void slowfs_release(struct slowfs *fs);

void slowfs_end(struct slowfs *fs);
