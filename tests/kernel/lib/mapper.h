/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A disk that is slow: the device mapper's "delay" over a loop device. */

#include "tests/kernel/lib/scene.h"

struct mapper {
	char name[32];
	char path[32]; /* /dev/dm-N */
	int control;
};

/* All reads and writes take at least so many milliseconds longer. Skips the scene where there is no such thing. */
void mapper_delay(struct scene *scene, const char *disk, unsigned long long bytes, unsigned ms,
		  struct mapper *ret_mapper);
void mapper_remove(struct mapper *mapper);
